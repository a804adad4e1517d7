//! Citations as BibTeX, CFF, RIS and CSL-JSON, and a paragraph for a methods section.

pub(super) mod bibtex;
mod cff;
mod csl;
mod ris;

use crate::catalog::Citation;
use crate::values::{Printable, counted};

/// Form of a citation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CitationFormat {
    /// BibTeX.
    Bibtex,
    /// Citation File Format 1.2.0.
    Cff,
    /// RIS, the tagged format of reference managers.
    Ris,
    /// CSL-JSON, the citation data of the Citation Style Language.
    CslJson,
}

/// A dataset to cite and what is known of the copy in use.
#[derive(Debug, Clone)]
pub struct Cited<'a> {
    /// Its title.
    pub title: &'a str,
    /// Its release.
    pub version: Option<&'a str>,
    /// DOI of the data.
    pub doi: Option<&'a str>,
    /// Its page.
    pub homepage: Option<&'a str>,
    /// The works to cite, the dataset's own first.
    pub works: Vec<&'a Citation>,
    /// What the terms require to be said, in our words.
    pub acknowledgement: Option<&'a str>,
    /// Licence expression.
    pub license: Option<&'a str>,
    /// Files and bytes of the copy, and the day it was had.
    pub copy: Option<Copy>,
}

/// The copy in use.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Files.
    pub files: u64,
    /// Size, as shown.
    pub size: String,
    /// Day, `2026-11-24`.
    pub day: String,
    /// SHA-256 of its manifest.
    pub tree: String,
}

/// All works of all datasets in one document. A work that several datasets share comes once.
pub fn cite(datasets: &[Cited<'_>], format: CitationFormat) -> String {
    let mut works: Vec<&Citation> = Vec::new();
    for work in datasets.iter().flat_map(|dataset| &dataset.works) {
        if !works.iter().any(|one| one.key == work.key) {
            works.push(work);
        }
    }
    match format {
        CitationFormat::Bibtex => works.iter().map(|work| bibtex::entry(work)).collect::<Vec<_>>().join("\n"),
        CitationFormat::Ris => works.iter().map(|work| ris::record(work)).collect(),
        CitationFormat::CslJson => csl::document(&works),
        CitationFormat::Cff => cff::document(datasets, &works),
    }
}

/// A work in one line: authors, year, title, where.
pub fn one_line(work: &Citation) -> String {
    let authors = match work.authors.as_slice() {
        [] => String::new(),
        [one] => format!("{one}. "),
        [first, ..] => format!("{first} et al. "),
    };
    let year = work.year.map_or(String::new(), |year| format!("({year}) "));
    let place = work.doi.as_ref().map(|doi| format!(" https://doi.org/{doi}"));
    let place = place.or_else(|| work.url.as_ref().map(|url| format!(" {url}"))).unwrap_or_default();
    Printable::cut(&format!("{authors}{year}{}.{place}", work.title), 500).to_string()
}

/// A paragraph for a methods section: what was used, which version, how much, since when,
/// under which terms, and what must be acknowledged.
pub fn methods(datasets: &[Cited<'_>]) -> String {
    let sentence = |dataset: &Cited<'_>| format!("{}\n", Printable::cut(&methods_of(dataset), METHODS_LIMIT));
    datasets.iter().map(sentence).collect()
}

/// Characters that the sentences about one dataset have at most.
const METHODS_LIMIT: usize = 4000;

fn methods_of(dataset: &Cited<'_>) -> String {
    let version = dataset.version.map_or(String::new(), |version| format!(" version {version}"));
    let place = dataset.doi.map(|doi| format!("https://doi.org/{doi}")).or(dataset.homepage.map(str::to_owned));
    let place = place.map_or(String::new(), |place| format!(" ({place})"));
    let mut text = format!("We used {}{version}{place}", Printable::new(dataset.title));
    if let Some(copy) = &dataset.copy {
        text.push_str(&format!(
            ", obtained on {} ({}, {}; manifest SHA-256 {})",
            copy.day,
            counted(copy.files, "file"),
            copy.size,
            copy.tree
        ));
    }
    if let Some(license) = dataset.license {
        text.push_str(&format!(", under {license}"));
    }
    let keys: Vec<&str> = dataset.works.iter().map(|work| work.key.as_str()).collect();
    if !keys.is_empty() {
        text.push_str(&format!(" [{}]", keys.join(", ")));
    }
    text.push('.');
    if let Some(sentence) = dataset.acknowledgement {
        text.push_str(&format!(" {}", Printable::cut(sentence, 1000)));
    }
    text
}

/// A name as `Family, Given`, parted; a name without a comma stays whole.
pub(super) fn parted(name: &str) -> (&str, Option<&str>) {
    match name.split_once(", ") {
        Some((family, given)) => (family, Some(given)),
        None => (name, None),
    }
}

/// Words that stand for people who are not named.
pub(super) fn is_others(name: &str) -> bool {
    matches!(name, "others" | "et al." | "et al")
}

#[cfg(test)]
pub(crate) fn example() -> Citation {
    Citation {
        key: "irvin2019chexpert".into(),
        kind: "inproceedings".into(),
        authors: vec!["Irvin, Jeremy".into(), "Müller & Sons".into(), "others".into()],
        title: "CheXpert: 100% {of} chest_radiographs".into(),
        year: Some(2019),
        booktitle: Some("AAAI".into()),
        doi: Some("10.1609/aaai.v33i01.3301590".into()),
        ..Citation::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_work_comes_once() {
        let work = example();
        let cited = Cited {
            title: "A",
            version: Some("1"),
            doi: None,
            homepage: None,
            works: vec![&work],
            acknowledgement: None,
            license: None,
            copy: None,
        };
        let text = cite(&[cited.clone(), cited], CitationFormat::Bibtex);
        assert_eq!(text.matches("@inproceedings").count(), 1, "{text}");
    }

    #[test]
    fn the_methods_paragraph_names_version_copy_terms_and_duties() {
        let work = example();
        let copy = Copy { files: 3, size: "1.0 KiB".into(), day: "2026-11-24".into(), tree: "ab".into() };
        let cited = Cited {
            title: "CheXpert",
            version: Some("1.0"),
            doi: None,
            homepage: Some("https://example.org/"),
            works: vec![&work],
            acknowledgement: Some("Thank the donors."),
            license: Some("CC0-1.0"),
            copy: Some(copy),
        };
        assert_eq!(
            methods(&[cited]),
            "We used CheXpert version 1.0 (https://example.org/), obtained on 2026-11-24 (3 files, 1.0 KiB; manifest \
             SHA-256 ab), under CC0-1.0 [irvin2019chexpert]. Thank the donors.\n"
        );
    }
}
