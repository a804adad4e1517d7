//! References to data outside the catalogue: `zenodo:8333645`, `hf:org/name@rev`, an address.
//!
//! A reference names a place at a host and, where the host has them, a version. Reading one asks
//! nobody. What the host says of the place becomes a [`Description`], and that an entry like
//! those of the catalogue, marked as outside it ([`super::Dataset::reference`]).
//!
//! How places are written: docs/references.md. Addresses of the hosts' own pages mean the same
//! places. An address with a query or a password in it is refused: it may be signed, and a
//! reference is written into records.

mod description;
mod name;
mod page;
mod redivis;
mod same;
mod written;

use std::fmt;
use std::str::FromStr;

use crate::remedy::Remedy;
use crate::values::{Printable, SafeUrl};

pub use description::{Archives, Description};
pub use redivis::RedivisPlace;

/// A place at a host, and the version that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where.
    pub place: Place,
    /// Version, commit, branch or tag; the newest when absent. Hosts without versions, and
    /// those where a version has a place of its own, have none.
    pub version: Option<String>,
}

/// A place at a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A record of Zenodo.
    Zenodo(u64),
    /// An article of figshare.
    Figshare(u64),
    /// A project of OSF.
    Osf(String),
    /// A dataset at Hugging Face, `org/name` or `name`.
    HubDataset(String),
    /// A model there.
    HubModel(String),
    /// A dataset at Kaggle, `owner/slug`.
    KaggleDataset(String),
    /// A competition there.
    KaggleCompetition(String),
    /// A project of PhysioNet.
    Physionet(String),
    /// Files of a dataset at Redivis.
    Redivis(RedivisPlace),
    /// A repository at GitHub, `owner/repo`.
    Github(String),
    /// Objects of a bucket whose keys begin so.
    S3 {
        /// The bucket.
        bucket: String,
        /// The beginning of the keys; all when empty.
        prefix: String,
    },
    /// Wherever doi.org leads.
    Doi(String),
    /// One file.
    File(SafeUrl),
}

/// The text is written like a reference and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no reference: {reason}")]
pub struct NotAReference {
    text: String,
    reason: String,
    form: String,
}

impl Remedy for NotAReference {
    fn remedy(&self) -> Option<String> {
        Some(self.form.clone())
    }
}

/// What stands before the colon, and how a reference of the kind is written.
pub const FORMS: [(&str, &str); 11] = [
    ("zenodo", "zenodo:RECORD"),
    ("figshare", "figshare:ARTICLE[/VERSION]"),
    ("osf", "osf:PROJECT"),
    ("hf", "hf:ORG/NAME[@REVISION] or hf:models/ORG/NAME[@REVISION]"),
    ("kaggle", "kaggle:OWNER/NAME[@VERSION] or kaggle:competitions/NAME"),
    ("physionet", "physionet:NAME[@VERSION]"),
    ("redivis", "redivis:OWNER.DATASET[.TABLE][@VERSION]"),
    ("github", "github:OWNER/REPOSITORY[@COMMIT, BRANCH or TAG]"),
    ("s3", "s3://BUCKET[/PREFIX]"),
    ("doi", "doi:10.NUMBER/SUFFIX"),
    ("https", "https://HOST/PATH"),
];

impl Reference {
    /// A place in its newest version.
    pub fn newest(place: Place) -> Self {
        Self { place, version: None }
    }

    /// The same place in this version.
    #[must_use]
    pub fn at(&self, version: impl ToString) -> Self {
        Self { place: self.place.clone(), version: Some(version.to_string()) }
    }

    /// Reads what a person writes. `None` where it does not begin like a reference.
    ///
    /// # Errors
    /// What is wrong with it, and how a reference of the kind is written.
    pub fn parse(text: &str) -> Option<Result<Self, NotAReference>> {
        let (scheme, rest) = text.split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        let read = match scheme.as_str() {
            "zenodo" => number(rest).map(|record| Self::newest(Place::Zenodo(record))),
            "figshare" => figshare(rest),
            "osf" => letters(rest, &[]).map(|node| Self::newest(Place::Osf(node.to_ascii_lowercase()))),
            "hf" => hub(rest),
            "kaggle" => kaggle(rest),
            "physionet" => versioned(rest, |slug| Ok(Place::Physionet(letters(slug, &['-'])?.to_ascii_lowercase()))),
            "redivis" => RedivisPlace::read(rest),
            "github" => versioned(rest, |text| Ok(Place::Github(two_names(text)?))),
            "s3" => s3(rest),
            "doi" => doi(rest),
            "http" | "https" => page::address(text),
            _ => return None,
        };
        Some(read.map_err(|reason| {
            let form = FORMS.iter().find(|(one, _)| scheme.starts_with(one) || *one == "https");
            let form = form.map_or("", |(_, form)| *form);
            NotAReference { text: safe(text), reason, form: format!("write {form}") }
        }))
    }

    /// What was probably meant where only the beginning is misspelt, and how it is written.
    pub fn near_miss(text: &str) -> Option<NotAReference> {
        let (scheme, rest) = text.split_once(':')?;
        let lower = scheme.to_ascii_lowercase();
        let meant = match lower.as_str() {
            "huggingface" => Some("hf"),
            "gh" => Some("github"),
            _ => FORMS.iter().map(|(one, _)| *one).filter(|one| one.len() > 2).find(|one| is_near(one, &lower)),
        }?;
        let reason = format!("no kind of reference begins with `{}:`", Printable::cut(scheme, 40));
        let text = safe(text);
        let form = format!("did you mean `{meant}:{}`?", safe(rest));
        Some(NotAReference { text, reason, form })
    }

    /// The same for every kind, a line for people who ask what there is.
    pub fn forms() -> String {
        FORMS.iter().map(|(_, form)| *form).collect::<Vec<_>>().join(", ")
    }

    /// The place that a page of a host shows; `None` where it is no page of a known one.
    pub fn of_page(url: &SafeUrl) -> Option<Self> {
        page::of_page(url)
    }
}

impl FromStr for Reference {
    type Err = NotAReference;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).unwrap_or_else(|| {
            let reason = "it begins like none".to_owned();
            Err(NotAReference { text: safe(text), reason, form: format!("write one of {}", Self::forms()) })
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Zenodo(record) => write!(out, "zenodo:{record}"),
            Place::Figshare(article) => write!(out, "figshare:{article}"),
            Place::Osf(node) => write!(out, "osf:{node}"),
            Place::HubDataset(repo) => write!(out, "hf:{repo}"),
            Place::HubModel(repo) => write!(out, "hf:models/{repo}"),
            Place::KaggleDataset(dataset) => write!(out, "kaggle:{dataset}"),
            Place::KaggleCompetition(name) => write!(out, "kaggle:competitions/{name}"),
            Place::Physionet(slug) => write!(out, "physionet:{slug}"),
            Place::Redivis(place) => write!(out, "redivis:{place}"),
            Place::Github(repo) => write!(out, "github:{repo}"),
            Place::S3 { bucket, prefix } => write!(out, "s3://{bucket}/{prefix}"),
            Place::Doi(doi) => write!(out, "doi:{doi}"),
            Place::File(url) => write!(out, "{url}"),
        }?;
        match (&self.version, &self.place) {
            (Some(version), Place::Figshare(_)) => write!(out, "/{version}"),
            (Some(version), _) => write!(out, "@{version}"),
            (None, _) => Ok(()),
        }
    }
}

/// A text that may hold a signature or a password, as far as it can be shown.
fn safe(text: &str) -> String {
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    let bare = match bare.split_once("://") {
        Some((scheme, rest)) if rest.contains('@') && scheme.starts_with("http") => {
            format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default())
        }
        _ => bare.to_owned(),
    };
    Printable::cut(&bare, 200).to_string()
}

fn is_near(scheme: &str, written: &str) -> bool {
    scheme != written && strsim::damerau_levenshtein(scheme, written) <= 1 + scheme.len() / 7
}

/// What is wrong, in words.
type Read<T> = Result<T, String>;

fn number(text: &str) -> Read<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| format!("`{}` is no number", Printable::cut(text, 40)))
}

/// A name of letters, digits and these marks.
fn letters<'t>(text: &'t str, marks: &[char]) -> Read<&'t str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || marks.contains(&letter);
    if text.is_empty() {
        return Err("a name is missing".to_owned());
    }
    // `..` and the like would name another place in an address.
    if !text.chars().all(fits) || !text.contains(|letter: char| letter.is_ascii_alphanumeric()) {
        return Err(format!("`{}` is no name there", Printable::cut(text, 80)));
    }
    Ok(text)
}

const MARKS: [char; 3] = ['-', '_', '.'];

fn two_names(text: &str) -> Read<String> {
    let (owner, name) = text.split_once('/').ok_or_else(|| "it has an owner and a name".to_owned())?;
    Ok(format!("{}/{}", letters(owner, &MARKS)?, letters(name, &MARKS)?))
}

/// A place with `@VERSION` behind it.
fn versioned(text: &str, place: impl FnOnce(&str) -> Read<Place>) -> Read<Reference> {
    let (text, version) = match text.split_once('@') {
        Some((text, version)) => (text, Some(revision(version)?)),
        None => (text, None),
    };
    Ok(Reference { place: place(text)?, version })
}

/// A version, commit, branch or tag; the latter may have `/` in their names.
fn revision(text: &str) -> Read<String> {
    for part in text.split('/') {
        letters(part, &['-', '_', '.', '+'])?;
    }
    Ok(text.to_owned())
}

fn figshare(text: &str) -> Read<Reference> {
    let (article, version) = match text.split_once(['/', '@']) {
        Some((article, version)) => (article, Some(number(version)?.to_string())),
        None => (text, None),
    };
    Ok(Reference { place: Place::Figshare(number(article)?), version })
}

fn hub(text: &str) -> Read<Reference> {
    let repo = |text: &str| if text.contains('/') { two_names(text) } else { letters(text, &MARKS).map(str::to_owned) };
    match (text.strip_prefix("models/"), text.strip_prefix("datasets/")) {
        (Some(model), _) => versioned(model, |text| Ok(Place::HubModel(repo(text)?))),
        (None, dataset) => versioned(dataset.unwrap_or(text), |text| Ok(Place::HubDataset(repo(text)?))),
    }
}

fn kaggle(text: &str) -> Read<Reference> {
    if let Some(name) = text.strip_prefix("competitions/") {
        return Ok(Reference::newest(Place::KaggleCompetition(letters(name, &MARKS)?.to_owned())));
    }
    let read = versioned(text, |text| Ok(Place::KaggleDataset(two_names(text)?)))?;
    read.version.as_deref().map(number).transpose()?;
    Ok(read)
}

fn s3(text: &str) -> Read<Reference> {
    let rest = text.strip_prefix("//").ok_or_else(|| "two slashes are missing".to_owned())?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let bucket = letters(bucket, &['-', '.'])?.to_owned();
    if prefix.contains(|letter: char| letter.is_control() || "?#*".contains(letter)) {
        return Err("a prefix is no pattern and no query".to_owned());
    }
    // An address would lead to another place, even where the dots are written as `%2e`.
    let is_dots = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if prefix.split(['/', '\\']).any(is_dots) {
        return Err("a prefix has no parts `.` and `..`".to_owned());
    }
    Ok(Reference::newest(Place::S3 { bucket, prefix: prefix.to_owned() }))
}

/// `10.` and digits, a slash, and anything that is printed (DOI Handbook, 2.2).
fn doi(text: &str) -> Read<Reference> {
    let is_one = text.strip_prefix("10.").and_then(|rest| rest.split_once('/')).is_some_and(|(number, suffix)| {
        number.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
            && !suffix.is_empty()
            && suffix.chars().all(|letter| letter.is_ascii_graphic())
    });
    match is_one {
        // DOIs are the same in any case.
        true => Ok(Reference::newest(Place::Doi(text.to_ascii_lowercase()))),
        false => Err("a DOI begins with `10.`, a number and a slash".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let reference = Reference::parse(text).expect("it is one").unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(reference.to_string(), expected);
            assert_eq!(Reference::parse(expected).unwrap().unwrap(), reference, "its own form is read again");
        }
        check("zenodo:8333645", "zenodo:8333645");
        check("Zenodo:8333645", "zenodo:8333645");
        check("figshare:20043374", "figshare:20043374");
        check("figshare:20043374/2", "figshare:20043374/2");
        check("osf:89KPS", "osf:89kps");
        check("hf:org/name", "hf:org/name");
        check("hf:datasets/org/name@refs/pr/1", "hf:org/name@refs/pr/1");
        check("hf:squad", "hf:squad");
        check("hf:models/org/name@main", "hf:models/org/name@main");
        check("kaggle:owner/slug@3", "kaggle:owner/slug@3");
        check("kaggle:competitions/rsna-pneumonia", "kaggle:competitions/rsna-pneumonia");
        check("physionet:mimic-iv-demo@2.2", "physionet:mimic-iv-demo@2.2");
        check("redivis:Owner.a_set", "redivis:owner.a_set");
        check("redivis:owner.a_set:5fja:v1_0.files:8abc", "redivis:owner.a_set:5fja.files:8abc@v1_0");
        check("redivis:owner.a_set.files@v1.0", "redivis:owner.a_set.files@v1_0");
        check("redivis:owner.a_set:current", "redivis:owner.a_set");
        check("github:owner/repo.js@v1.0", "github:owner/repo.js@v1.0");
        check("s3://bucket/a/b", "s3://bucket/a/b");
        check("s3://bucket", "s3://bucket/");
        check("doi:10.5281/Zenodo.8333645", "doi:10.5281/zenodo.8333645");
        check("https://example.org/a/b.csv", "https://example.org/a/b.csv");
    }

    #[test]
    fn what_does_not_begin_like_one_is_none() {
        for text in ["chexpert", "chexpert:small", "@starter", "ftp://example.org/x", "mimic-cxr@2.0.0:jpg"] {
            assert!(Reference::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn bad_ones_say_how_it_is_written() {
        #[track_caller]
        fn check(text: &str, form: &str) {
            let error = Reference::parse(text).expect("it begins like one").unwrap_err();
            assert!(error.remedy().unwrap().contains(form), "{error}: {:?}", error.remedy());
        }
        check("zenodo:", "zenodo:RECORD");
        check("zenodo:../1", "zenodo:RECORD");
        check("zenodo:99999999999999999999999", "zenodo:RECORD");
        check("figshare:1/x", "figshare:ARTICLE");
        check("hf:a/b/c", "hf:ORG/NAME");
        check("hf:../..", "hf:ORG/NAME");
        check("hf:org/name@", "hf:ORG/NAME");
        check("kaggle:slug", "kaggle:OWNER/NAME");
        check("kaggle:owner/slug@new", "kaggle:OWNER/NAME");
        check("redivis:set", "redivis:OWNER");
        check("redivis:o.set.table.more", "redivis:OWNER");
        check("redivis:o.set@1", "redivis:OWNER");
        check("redivis:o.set:next", "redivis:OWNER");
        check("redivis:o.set:v1_0@v2_0", "redivis:OWNER");
        check("redivis:o..t", "redivis:OWNER");
        check("github:repo", "github:OWNER");
        check("github:o/r@a/../../b", "github:OWNER");
        check("s3:bucket", "s3://");
        check("s3://bucket/a/../b", "s3://");
        check("s3://bucket/a/.%2E/b", "s3://");
        check("s3://bucket/./b", "s3://");
        check("doi:zenodo.1", "doi:10.");
        check("http://example.org/x", "https://");
        check("https://jane:geheim@example.org/x", "https://");
        check("https://example.org/x?sig=geheim", "https://");
        check("https://example.org/", "https://");
    }

    #[test]
    fn what_is_wrong_shows_no_secret() {
        for text in ["https://jane:geheim@example.org/x", "https://example.org/x?sig=geheim", "http://u:geheim@h/x"] {
            let error = Reference::parse(text).unwrap().unwrap_err();
            assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
        }
    }

    #[test]
    fn near_misses_are_named() {
        #[track_caller]
        fn check(text: &str, meant: Option<&str>) {
            let found = Reference::near_miss(text).and_then(|error| error.remedy());
            assert_eq!(found, meant.map(|meant| format!("did you mean `{meant}`?")), "{text}");
        }
        check("zendo:8333645", Some("zenodo:8333645"));
        check("figshre:1", Some("figshare:1"));
        check("phsyionet:a@1", Some("physionet:a@1"));
        check("huggingface:org/name", Some("hf:org/name"));
        check("chexpert:small", None);
        check("demo:x", None);
    }
}
