//! A description as the text of an entry, in the format of the catalogue.
//!
//! The first alias is the reference in its pinned form, the others are the forms that were
//! asked for: by them the entry is found again without asking the host. The same description
//! gives the same text. Archives that are to be unpacked have a rule in it, so that everything
//! that reads the entry later knows of it.

use serde::Serialize;

use crate::catalog::{Dataset, FileEntry};
use crate::licenses::{Shelf, stated};

use super::{Archives, Description, Place, Reference};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Entry<'d> {
    id: String,
    title: &'d str,
    aliases: Vec<String>,
    summary: String,
    homepage: &'d str,
    maintainer: Maintainer<'d>,
    claim: Vec<Claim>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requires: Vec<Requirement>,
    release: [Release<'d>; 1],
    citation: Citation<'d>,
}

#[derive(Serialize)]
struct Maintainer<'d> {
    name: &'d str,
}

#[derive(Serialize)]
struct Claim {
    about: &'static str,
    value: String,
    source: String,
    read: toml::value::Datetime,
    confidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct Requirement {
    kind: &'static str,
    id: String,
    title: String,
    page: String,
    provider: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Release<'d> {
    version: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doi: Option<&'d str>,
    default: bool,
    license: String,
    note: String,
    source: [toml::Table; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    file: Vec<toml::Table>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rule: Vec<toml::Table>,
}

#[derive(Serialize)]
struct Citation<'d> {
    key: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    authors: &'d [String],
    title: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    publisher: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    doi: Option<&'d str>,
    url: &'d str,
}

impl Description {
    /// The entry's text. `asked` are the forms in which it was asked for, `day` is when.
    pub fn entry(&self, asked: &[&Reference], archives: Archives, shelf: &Shelf, day: jiff::civil::Date) -> String {
        let id = self.pinned.id().to_string();
        let host = self.pinned.place.host_name();
        let mut aliases = vec![self.pinned.to_string()];
        for form in asked.iter().map(|form| form.to_string()) {
            if !aliases.contains(&form) {
                aliases.push(form);
            }
        }
        let license = self.license.as_deref().and_then(|words| stated::certain(words, shelf));
        let words = self.license.as_deref().unwrap_or("not stated");
        let read = toml::value::Datetime { date: Some(date(day)), time: None, offset: None };
        let claim = |about, value: &str, note: Option<&str>| Claim {
            about,
            value: value.to_owned(),
            source: self.source.clone(),
            read,
            confidence: "high",
            note: note.map(str::to_owned),
        };
        let mut claims = vec![claim(LICENSE, words, Some(LICENSE_NOTE))];
        claims.extend(self.held_back.as_deref().map(|words| claim("access", words, None)));
        let (source, file) = self.source_and_file(archives);
        let rule = match archives {
            Archives::Unpacked if source.contains_key("listing") => self.unpacking_rules(),
            _ => Vec::new(),
        };
        let entry = Entry {
            title: &self.title,
            aliases,
            summary: format!("Not in the catalogue: fetched by reference, described by {host} itself."),
            homepage: &self.page,
            maintainer: Maintainer { name: if self.keeper.is_empty() { host } else { &self.keeper } },
            claim: claims,
            requires: self.held_back.iter().map(|words| self.account(words)).collect(),
            release: [Release {
                version: &self.release,
                date: self.date.as_deref(),
                doi: self.doi.as_deref(),
                default: true,
                license: license.unwrap_or_else(|| "NOASSERTION".to_owned()),
                note: format!("not in the catalogue; licence as {host} states it: {words}"),
                source: [source],
                file,
                rule,
            }],
            citation: Citation {
                key: id.replace('-', ""),
                kind: "dataset",
                authors: &self.authors,
                title: &self.title,
                year: self.date.as_deref().and_then(|date| date.get(..4)?.parse().ok()),
                publisher: host,
                doi: self.doi.as_deref(),
                url: &self.page,
            },
            id,
        };
        toml::to_string(&entry).expect("texts, numbers and tables of them are TOML")
    }

    fn account(&self, words: &str) -> Requirement {
        let provider = self.pinned.place.provider();
        Requirement {
            kind: "account",
            id: format!("{provider}-account"),
            title: format!("account at {}, which says: {words}", self.pinned.place.host_name()),
            page: self.page.clone(),
            provider,
        }
    }

    /// A rule for each kind of archive. Single compressed files, such as `.nii.gz`, are none. The
    /// archive that Kaggle makes of all files is no folder of its own.
    fn unpacking_rules(&self) -> Vec<toml::Table> {
        let rule = |pattern: String, unpack: toml::Table| {
            toml::Table::from_iter([("match".to_owned(), pattern.into()), ("unpack".to_owned(), unpack.into())])
        };
        let bundle = match &self.pinned.place {
            Place::KaggleDataset(dataset) => dataset.split_once('/').map(|(_, slug)| slug),
            Place::KaggleCompetition(name) => Some(name.as_str()),
            _ => None,
        };
        let bundle = bundle.map(|name| rule(format!("{name}.zip"), toml::Table::new()));
        let each = ARCHIVES.iter().map(|ending| rule(format!("**/*{ending}"), into_its_own_folder()));
        bundle.into_iter().chain(each).collect()
    }

    /// `[[release.source]]`, and `[[release.file]]` where the host does not list files.
    fn source_and_file(&self, archives: Archives) -> (toml::Table, Vec<toml::Table>) {
        let version = self.pinned.version.as_deref();
        let mut source = toml::Table::new();
        let mut set = |key: &str, value: toml::Value| source.insert(key.to_owned(), value);
        let provider = self.pinned.place.provider();
        set("channel", provider.into());
        set("provider", provider.into());
        set("title", self.pinned.to_string().into());
        let mut files = Vec::new();
        let number = |text: &str| text.parse::<i64>().unwrap_or_default().into();
        let lists = match &self.pinned.place {
            Place::Zenodo(record) => set("record", number(&record.to_string())).is_none(),
            Place::Figshare(article) => {
                set("article", number(&article.to_string()));
                version.is_none_or(|version| set("article-version", number(version)).is_none())
            }
            Place::Osf(node) => set("node", node.as_str().into()).is_none(),
            Place::HubDataset(repo) | Place::HubModel(repo) => {
                let kind = if matches!(self.pinned.place, Place::HubModel(_)) { "model" } else { "dataset" };
                set("repo", repo.as_str().into());
                set("repo-kind", kind.into());
                version.is_none_or(|version| set("revision", version.into()).is_none())
            }
            Place::KaggleDataset(dataset) => {
                set("dataset", dataset.as_str().into());
                version.is_none_or(|version| set("dataset-version", number(version)).is_none())
            }
            Place::KaggleCompetition(name) => set("competition", name.as_str().into()).is_none(),
            Place::Physionet(slug) => {
                set("slug", slug.as_str().into());
                set("open", self.held_back.is_none().into());
                version.is_none_or(|version| set("version", version.into()).is_none())
            }
            Place::Redivis(place) => {
                set("organization", place.owner.as_str().into());
                set("dataset", place.dataset_at(version).into());
                place.table.as_ref().is_none_or(|table| set("table", table.as_str().into()).is_none())
            }
            Place::S3 { bucket, prefix } => {
                set("bucket", bucket.as_str().into());
                prefix.is_empty() || set("prefix", prefix.as_str().into()).is_none()
            }
            Place::Github(repository) => {
                let (owner, repo) = repository.split_once('/').unwrap_or(("", repository));
                let commit = version.unwrap_or_default();
                set("owner", owner.into());
                set("repo", repo.into());
                set("commit", commit.into());
                self.tree.as_deref().map(|tree| set("tree", tree.into()));
                files.push(archive(repo, commit));
                false
            }
            Place::File(url) => {
                files.push(file(url.expose(), provider, archives));
                false
            }
            Place::Doi(_) => false,
        };
        if lists {
            source.insert("listing".to_owned(), "host".into());
        }
        (source, files)
    }
}

/// The generated archive of a commit, proven by its tree.
fn archive(repo: &str, commit: &str) -> toml::Table {
    let unpack = toml::Table::from_iter([
        ("format".to_owned(), "tar.gz".into()),
        ("strip".to_owned(), 1.into()),
        ("into".to_owned(), "data".into()),
    ]);
    toml::Table::from_iter([
        ("path".to_owned(), format!("{repo}-{commit}.tar.gz").into()),
        ("unpack".to_owned(), unpack.into()),
    ])
}

fn into_its_own_folder() -> toml::Table {
    let skip = ["__MACOSX/**", "**/.DS_Store"].map(toml::Value::from).to_vec();
    toml::Table::from_iter([
        ("strip".to_owned(), "auto".into()),
        ("into".to_owned(), "data/{stem}".into()),
        ("skip".to_owned(), skip.into()),
    ])
}

/// Whether a file is called like an archive.
fn is_archive(name: &str) -> bool {
    ARCHIVES.iter().any(|ending| name.ends_with(ending))
}

/// How the names of archives of several files end.
const ARCHIVES: [&str; 8] = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z"];

/// One file at an address of its own.
fn file(url: &url::Url, channel: &str, archives: Archives) -> toml::Table {
    let encoded = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
    let at = toml::Table::from_iter([("url".to_owned(), url.as_str().into())]);
    let at = toml::Table::from_iter([(channel.to_owned(), at.into())]);
    let unpacks = archives == Archives::Unpacked && is_archive(&name);
    let unpack = unpacks.then(|| ("unpack".to_owned(), into_its_own_folder().into()));
    let place = [("path".to_owned(), name.into_owned().into()), ("at".to_owned(), at.into())];
    place.into_iter().chain(unpack).collect()
}

fn date(day: jiff::civil::Date) -> toml::value::Date {
    toml::value::Date {
        year: day.year().unsigned_abs(),
        month: day.month().unsigned_abs(),
        day: day.day().unsigned_abs(),
    }
}

impl Dataset {
    /// Whether there may be archives in it that it does not say how to unpack.
    pub fn stays_packed(&self) -> bool {
        self.releases.iter().any(|release| {
            let unpacks = release.rules.iter().any(|rule| rule.unpack.is_some());
            let is_packed = |file: &FileEntry| file.unpack.is_none() && is_archive(file.path.as_str());
            let lists = release.sources.iter().any(|source| source.lists);
            (lists && !unpacks) || release.files.iter().any(is_packed)
        })
    }
}

impl Place {
    /// The provider that serves it, as in an entry.
    pub fn provider(&self) -> &'static str {
        match self {
            Self::Zenodo(_) => "zenodo",
            Self::Figshare(_) => "figshare",
            Self::Osf(_) => "osf",
            Self::HubDataset(_) | Self::HubModel(_) => "huggingface",
            Self::KaggleDataset(_) | Self::KaggleCompetition(_) => "kaggle",
            Self::Physionet(_) => "physionet",
            Self::Redivis(_) => "redivis",
            Self::Github(_) => "github",
            Self::S3 { .. } => "s3",
            Self::Doi(_) | Self::File(_) => "http",
        }
    }

    /// The host's name for people.
    pub fn host_name(&self) -> &str {
        match self {
            Self::Zenodo(_) => "Zenodo",
            Self::Figshare(_) => "figshare",
            Self::Osf(_) => "OSF",
            Self::HubDataset(_) | Self::HubModel(_) => "Hugging Face",
            Self::KaggleDataset(_) | Self::KaggleCompetition(_) => "Kaggle",
            Self::Physionet(_) => "PhysioNet",
            Self::Redivis(_) => "Redivis",
            Self::Github(_) => "GitHub",
            Self::S3 { bucket, .. } => bucket,
            Self::Doi(_) => "doi.org",
            Self::File(url) => url.host(),
        }
    }
}

/// What the claim about the licence is about.
pub(super) const LICENSE: &str = "license";

const LICENSE_NOTE: &str =
    "the host's own statement; nobody who keeps the catalogue has read it, and it is not taken as permission";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::dataset::REFERENCE;

    fn written(pinned: &str, license: Option<&str>) -> Dataset {
        written_with(pinned, license, Archives::AsTheyCome)
    }

    fn written_with(pinned: &str, license: Option<&str>, archives: Archives) -> Dataset {
        let pinned: Reference = pinned.parse().unwrap();
        let description = Description {
            license: license.map(str::to_owned),
            tree: Some("0".repeat(40)),
            source: "https://api.example.org/1".into(),
            date: Some("2026-01-05".into()),
            ..Description::new(pinned.clone(), "1.0", "A \"title\"\nof two lines", "https://example.org/page")
        };
        let asked = Reference::newest(pinned.place.clone());
        let text = description.entry(&[&asked], archives, &Shelf::embedded(), jiff::civil::date(2026, 11, 28));
        Dataset::read("reference.toml", &text, REFERENCE).unwrap_or_else(|broken| panic!("{}", broken.shown))
    }

    #[test]
    fn every_kind_is_an_entry_that_can_be_read() {
        for pinned in [
            "zenodo:42",
            "figshare:77/2",
            "osf:abcde",
            "hf:org/toy@0123456789abcdef0123456789abcdef01234567",
            "hf:models/org/toy@main",
            "kaggle:own/toy@3",
            "kaggle:competitions/toy",
            "physionet:toy-ecg@1.1.0",
            "redivis:own.toy:5fja.files:8abc@v1_0",
            "redivis:own.toy",
            "github:o/r@0123456789abcdef0123456789abcdef01234567",
            "s3://bucket/a/",
            "https://example.org/a%20b.csv",
        ] {
            let dataset = written(pinned, None);
            let reference: Reference = pinned.parse().unwrap();
            assert_eq!(dataset.id, reference.id());
            assert_eq!(dataset.reference().as_deref(), Some(pinned));
            let source = &dataset.releases[0].sources[0];
            assert!(reference.place.is_at(&source.host, &dataset.releases[0]), "{pinned}: {source:?}");
            assert_eq!(source.host.name(), reference.place.provider());
        }
    }

    #[test]
    fn archives_unpack_only_where_it_is_asked_for() {
        #[track_caller]
        fn check(pinned: &str, expected: usize) {
            let unpacking = |archives| {
                let release = written_with(pinned, None, archives).releases.remove(0);
                let files = release.files.iter().filter(|file| file.unpack.is_some());
                files.count() + release.rules.iter().filter(|rule| rule.unpack.is_some()).count()
            };
            assert_eq!(unpacking(Archives::AsTheyCome), 0, "{pinned}");
            assert_eq!(unpacking(Archives::Unpacked), expected, "{pinned}");
            assert_eq!(written_with(pinned, None, Archives::AsTheyCome).stays_packed(), expected > 0, "{pinned}");
            assert!(!written_with(pinned, None, Archives::Unpacked).stays_packed(), "{pinned}");
        }
        check("zenodo:42", ARCHIVES.len());
        check("s3://bucket/a/", ARCHIVES.len());
        check("https://example.org/set.tar.gz", 1);
        check("https://example.org/scan.nii.gz", 0);
    }

    #[test]
    fn a_licence_that_is_not_certain_stays_the_hosts_words() {
        #[track_caller]
        fn check(words: Option<&str>, expression: &str, claim: &str) {
            let dataset = written("zenodo:42", words);
            assert_eq!(dataset.releases[0].license.as_deref(), Some(expression));
            assert_eq!(dataset.host_license().as_deref(), Some(claim));
        }
        check(Some("cc-by-4.0"), "CC-BY-4.0", "cc-by-4.0");
        check(Some("other-open"), "NOASSERTION", "other-open");
        check(None, "NOASSERTION", "not stated");
    }
}
