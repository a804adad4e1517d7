//! What a person means by `ID[@VER][:VARIANT]`, `@collection` or an address of the usual lists.

use std::sync::Arc;

use crate::document::BrokenFile;
use crate::remedy::Remedy;
use crate::values::{DatasetId, Printable};

use super::dataset::{Dataset, Release};
use super::index::{BrokenEntry, Catalog};
use super::selection::Selection;

/// A name that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// No entry has this name.
    #[error("there is no dataset `{name}` in the catalogue")]
    Dataset {
        /// What was asked for, escaped.
        name: String,
        /// The nearest names there are.
        near: Vec<String>,
    },
    /// The dataset has no such release.
    #[error("`{id}` has no release `{version}`")]
    Release {
        /// The dataset.
        id: DatasetId,
        /// What was asked for, escaped.
        version: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The release has no such variant.
    #[error("`{id}` {version} has no variant `{variant}`")]
    Variant {
        /// The dataset.
        id: DatasetId,
        /// The release.
        version: String,
        /// What was asked for, escaped.
        variant: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The release has no part of this name.
    #[error("`{selection}` has no subset `{subset}`")]
    Subset {
        /// Dataset, release and variant.
        selection: String,
        /// What was asked for, escaped.
        subset: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Several entries have this name.
    #[error("`{name}` is a name of several datasets")]
    Ambiguous {
        /// What was asked for, escaped.
        name: String,
        /// Their ids.
        candidates: Vec<String>,
    },
    /// The overlay file that should hold it cannot be used.
    #[error("`{name}` cannot be used: {file}")]
    Broken {
        /// What was asked for, escaped.
        name: String,
        /// What is wrong with the file.
        file: Box<BrokenFile>,
    },
    /// No collection has this name.
    #[error("there is no collection `@{name}`")]
    Collection {
        /// What was asked for, escaped.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
}

impl Remedy for SelectError {
    fn remedy(&self) -> Option<String> {
        let list = |names: &[String], mark: &str| {
            names.iter().map(|name| format!("`{mark}{}`", Printable::new(name))).collect::<Vec<_>>().join(", ")
        };
        Some(match self {
            Self::Dataset { near, .. } if near.is_empty() => {
                "`medsets search WORD` finds datasets, `medsets list --available` names all".into()
            }
            Self::Dataset { near, .. } => format!("did you mean {}?", list(near, "")),
            Self::Release { known, .. } => format!("there is {}", list(known, "")),
            Self::Variant { known, .. } if known.is_empty() => "this release has no variants".into(),
            Self::Variant { known, .. } => format!("there is {}", list(known, "")),
            Self::Subset { known, .. } if known.is_empty() => {
                "it has none; `--include GLOB` chooses files, and `medsets info ID --files` lists them".into()
            }
            Self::Subset { known, .. } => format!("there is {}", list(known, "")),
            Self::Ambiguous { candidates, .. } => format!("name one of them by its id: {}", list(candidates, "")),
            Self::Broken { file, .. } => return file.remedy(),
            Self::Collection { known, .. } => format!("there is {}", list(known, "@")),
        })
    }
}

impl Catalog {
    /// What a person means. A collection gives several.
    pub fn resolve(&self, text: &str) -> Result<Vec<Selection>, SelectError> {
        if let Some(name) = text.strip_prefix('@') {
            return self.resolve_collection(name);
        }
        if text.contains("://") {
            return self.resolve_address(text).map(|one| vec![one]);
        }
        self.resolve_one(text).map(|one| vec![one])
    }

    /// The longest beginning that is a name wins: an alias may itself hold `:` and `@`, so the
    /// whole text is tried first.
    fn resolve_one(&self, text: &str) -> Result<Selection, SelectError> {
        let ends = text.char_indices().filter(|(_, letter)| matches!(letter, ':' | '@')).map(|(place, _)| place);
        let ends: Vec<usize> = ends.chain([text.len()]).collect();
        for end in ends.iter().rev() {
            let (name, rest) = text.split_at(*end);
            let Some((version, variant)) = version_and_variant(rest) else { continue };
            if let Some(dataset) = self.find(name)?.or_else(|| self.introduced(name, version)) {
                return Selection::of(dataset.clone(), version, variant);
            }
        }
        Err(self.unknown(&text[..ends[0]]))
    }

    /// A dataset outside the catalogue by its id: in this version, else the last one.
    fn introduced(&self, name: &str, version: Option<&str>) -> Option<&Arc<Dataset>> {
        let has_id = |one: &&Arc<Dataset>| one.id.as_str().eq_ignore_ascii_case(name);
        let has_version = |one: &&Arc<Dataset>| one.releases.iter().any(|release| version == Some(&*release.version));
        let of_version = self.references().iter().filter(has_id).find(has_version);
        of_version.or_else(|| self.references().iter().rfind(has_id))
    }

    /// By id, else by alias, in any case. Fails where several entries have the alias, and
    /// where the entry is one that cannot be used.
    fn find(&self, name: &str) -> Result<Option<&Arc<Dataset>>, SelectError> {
        let lower = name.to_lowercase();
        if let Some(dataset) = lower.parse::<DatasetId>().ok().and_then(|id| self.get(&id)) {
            return Ok(Some(dataset));
        }
        let by_id = self.broken().iter().find(|broken| broken.ids.contains(&lower));
        if let Some(broken) = by_id.or_else(|| self.broken().iter().find(|broken| broken.aliases.contains(&lower))) {
            return Err(unusable(name, broken));
        }
        let has_alias = |dataset: &Dataset| dataset.entry.aliases.iter().any(|alias| alias.to_lowercase() == lower);
        only(name, self.datasets().filter(|dataset| has_alias(dataset)))
    }

    fn resolve_collection(&self, name: &str) -> Result<Vec<Selection>, SelectError> {
        let Some(collection) = self.collections().get(name) else {
            if let Some(broken) = self.broken().iter().find(|broken| broken.is_collections) {
                return Err(unusable(&format!("@{name}"), broken));
            }
            let known = self.collections().keys().cloned().collect();
            return Err(SelectError::Collection { name: Printable::new(name).to_string(), known });
        };
        collection.datasets.iter().map(|id| self.resolve_one(id)).collect()
    }

    /// By homepage or by the address of the usual lists, whatever stands in front of the host
    /// or behind the path; a release that the address names is taken.
    fn resolve_address(&self, text: &str) -> Result<Selection, SelectError> {
        let wanted = bare(text);
        // An address that differs in its release only is a second choice.
        let same: fn(&str, &str) -> bool = |one, page| one == page;
        for fits in [same, same_but_version] {
            if let Some(broken) =
                self.broken().iter().find(|broken| broken.pages.iter().any(|page| fits(&wanted, &bare(page))))
            {
                return Err(unusable(text, broken));
            }
            let matching = self.datasets().filter(|dataset| dataset.pages().any(|page| fits(&wanted, &bare(page))));
            if let Some(dataset) = only(text, matching)? {
                let is_named = |release: &&Release| wanted.split('/').any(|part| part == release.version);
                let named = dataset.releases.iter().find(is_named);
                return Selection::of(dataset.clone(), named.map(|release| release.version.as_str()), None);
            }
        }
        Err(self.unknown(text))
    }

    fn unknown(&self, name: &str) -> SelectError {
        let lower = name.to_lowercase();
        let mut scored: Vec<(f64, String)> = Vec::new();
        for dataset in self.datasets() {
            let names = dataset.entry.aliases.iter().map(String::as_str).chain([dataset.id.as_str()]);
            let best = names.map(|one| strsim::jaro_winkler(&one.to_lowercase(), &lower)).fold(0.0, f64::max);
            scored.push((best, dataset.id.to_string()));
        }
        scored.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        let near = scored.into_iter().filter(|(score, _)| *score > 0.82).take(3).map(|(_, id)| id).collect();
        SelectError::Dataset { name: Printable::new(name).to_string(), near }
    }
}

/// The one of these there is, if any.
fn only<'c>(
    name: &str,
    found: impl Iterator<Item = &'c Arc<Dataset>>,
) -> Result<Option<&'c Arc<Dataset>>, SelectError> {
    let found: Vec<&Arc<Dataset>> = found.collect();
    if found.len() > 1 {
        let candidates = found.iter().map(|dataset| dataset.id.to_string()).collect();
        return Err(SelectError::Ambiguous { name: Printable::new(name).to_string(), candidates });
    }
    Ok(found.first().copied())
}

fn unusable(name: &str, broken: &BrokenEntry) -> SelectError {
    SelectError::Broken { name: Printable::new(name).to_string(), file: Box::new(broken.file.clone()) }
}

/// What stands behind a name: nothing, `:VARIANT`, `@VERSION` or `@VERSION:VARIANT`.
fn version_and_variant(rest: &str) -> Option<(Option<&str>, Option<&str>)> {
    match (rest.strip_prefix('@'), rest.strip_prefix(':')) {
        (Some(rest), _) => Some(match rest.rsplit_once(':') {
            Some((version, variant)) => (Some(version), Some(variant)),
            None => (Some(rest), None),
        }),
        (None, Some(variant)) => Some((None, Some(variant))),
        (None, None) => rest.is_empty().then_some((None, None)),
    }
}

/// Host and path of an address, without scheme, `www.`, query and final `/`.
fn bare(address: &str) -> String {
    let rest = address.split("://").last().unwrap_or(address);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    rest.trim_end_matches('/').trim_start_matches("www.").to_lowercase()
}

/// Whether two addresses differ in one part of the path only, and that looks like a release.
fn same_but_version(one: &str, other: &str) -> bool {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.split('/').collect(), other.split('/').collect());
    let is_version = |part: &str| part.starts_with(|letter: char| letter.is_ascii_digit()) && part.contains('.');
    one.len() == other.len()
        && one
            .iter()
            .zip(&other)
            .filter(|(left, right)| left != right)
            .all(|(left, right)| is_version(left) && is_version(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::OverlayFile;

    #[test]
    fn resolves_what_people_write() {
        let catalog = Catalog::embedded();
        #[track_caller]
        fn check(catalog: &Catalog, text: &str, expected: &str) {
            let found = catalog.resolve(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), expected, "{text}");
        }
        check(&catalog, "chexpert", "chexpert@1.0:full");
        check(&catalog, "CheXpert-v1.0", "chexpert@1.0:full");
        check(&catalog, "chexpert:small", "chexpert@1.0:small");
        check(&catalog, "mimic-cxr@2.0.0:jpg", "mimic-cxr@2.0.0:jpg");
        check(&catalog, "https://physionet.org/content/mimic-cxr/2.0.0/", "mimic-cxr@2.0.0:dicom");
        check(&catalog, "http://www.physionet.org/content/mimic-cxr/2.1.0", "mimic-cxr@2.1.0:dicom");
        assert_eq!(catalog.resolve("@starter").unwrap().len(), 5);
    }

    /// The catalogue with two entries made of `demo`.
    fn with_two(one: &str, other: &str) -> Catalog {
        let demo = Catalog::embedded().get(&"demo".parse().unwrap()).unwrap().text.clone();
        let file = |id: &str, aliases: &str| {
            let text: String =
                demo.lines().filter(|line| !line.starts_with("aliases")).map(|line| line.to_owned() + "\n").collect();
            let text = text.replacen("id = \"demo\"\n", &format!("id = \"{id}\"\naliases = [{aliases}]\n"), 1);
            OverlayFile { folder: 0, name: format!("{id}.toml"), path: format!("/x/{id}.toml"), text: Ok(text) }
        };
        Catalog::embedded().laid_over(&[file("one", one), file("other", other)])
    }

    #[test]
    fn an_alias_may_hold_the_marks_of_version_and_variant() {
        let catalog = with_two("\"Lungs: X-rays\", \"set@home\", \"medquad:old\"", "\"Other\"");
        #[track_caller]
        fn check(catalog: &Catalog, text: &str, expected: &str) {
            let found = catalog.resolve(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found[0].to_string(), expected, "{text}");
        }
        check(&catalog, "Lungs: X-rays", "one@1.0");
        check(&catalog, "lungs: x-rays@1.0", "one@1.0");
        check(&catalog, "set@home", "one@1.0");
        check(&catalog, "set@home@1.0", "one@1.0");
        check(&catalog, "medquad:old", "one@1.0"); // the longer name, not a variant of `medquad`
        check(&catalog, "medquad:old@1.0", "one@1.0");
        check(&catalog, "CheXpert: Chest X-rays", "chexpert@1.0:full");
        check(&catalog, "CheXpert: Chest X-rays:small", "chexpert@1.0:small");
        check(&catalog, "CheXpert: Chest X-rays@1.0:small", "chexpert@1.0:small");
    }

    #[test]
    fn a_name_of_several_entries_is_no_name_of_the_first() {
        let catalog = with_two("\"Shared Name\", \"medquad\"", "\"shared name\"");
        let error = catalog.resolve("shared name").unwrap_err();
        assert_eq!(error.remedy().unwrap(), "name one of them by its id: `one`, `other`");
        assert!(catalog.resolve("Shared Name@1.0").is_err());
        // An id stands above every alias.
        assert_eq!(catalog.resolve("medquad").unwrap()[0].id().as_str(), "medquad");
        let page = catalog.get(&"one".parse().unwrap()).unwrap().pages().next().map(str::to_owned);
        if let Some(page) = page {
            let error = catalog.resolve(&page).unwrap_err();
            assert!(error.remedy().unwrap().contains("`one`, `other`"), "{error}");
        }
    }

    #[test]
    fn every_built_in_alias_and_listed_address_means_one_entry() {
        let catalog = Catalog::embedded();
        for dataset in catalog.datasets() {
            let listed = dataset.entry.listed_as.as_ref().map(|listed| &listed.url);
            for name in dataset.entry.aliases.iter().chain(listed) {
                let found =
                    catalog.resolve(name).unwrap_or_else(|error| panic!("{name}: {error}: {:?}", error.remedy()));
                assert_eq!(found[0].id(), &dataset.id, "{name}");
            }
        }
    }

    #[test]
    fn near_misses_are_named() {
        let catalog = Catalog::embedded();
        let help = |text: &str| catalog.resolve(text).unwrap_err().remedy().unwrap();
        assert!(help("chexprt").contains("`chexpert`"), "{}", help("chexprt"));
        assert!(help("mimic-cxr@9").contains("`2.1.0`"));
        assert!(help("chexpert:ful").contains("`full`"));
        assert!(help("@startr").contains("`@starter`"));
        assert!(help("qqqqqqqq").contains("medsets search"));
    }
}
