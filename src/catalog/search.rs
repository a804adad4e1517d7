//! Ranked hits: words are weighed, facets and limits only let pass.
//!
//! Words are ranked after Okapi BM25 with weighted fields (Robertson and Zaragoza, "The
//! Probabilistic Relevance Framework: BM25 and Beyond", 2009): a word that few entries hold
//! counts more, and a name counts more than a note. Entries that hold every word stand above
//! those that hold only some.

mod filters;
mod index;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::licenses::Shelf;
use crate::values::ByteSize;

use super::dataset::{AccessClass, Dataset};
use super::index::Catalog;

use index::Index;

/// What a person is looking for. Nothing said lets everything pass.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Words to rank by.
    pub words: String,
    /// A modality the entry lists.
    pub modality: Option<String>,
    /// A task the entry lists.
    pub task: Option<String>,
    /// A part of the body the entry lists.
    pub anatomy: Option<String>,
    /// A licence id that any part of the entry names.
    pub license: Option<String>,
    /// Exactly this class.
    pub access: Option<AccessClass>,
    /// Only where commercial use of the default selection is granted for sure.
    pub commercial: bool,
    /// Only where the default selection is known to be no larger download.
    pub max_size: Option<ByteSize>,
}

/// A property whose values an entry lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// Kind of data.
    Modality,
    /// What it is for.
    Task,
    /// Part of the body.
    Anatomy,
    /// Licence ids that any part of an entry names.
    License,
}

impl Facet {
    /// Every value that some entry has.
    pub fn values(self, catalog: &Catalog) -> BTreeSet<String> {
        let of = |dataset: &Arc<Dataset>| match self {
            Self::Modality => dataset.entry.modality.clone(),
            Self::Task => dataset.entry.task.clone(),
            Self::Anatomy => dataset.entry.anatomy.clone(),
            Self::License => filters::licenses(dataset),
        };
        catalog.datasets().flat_map(of).collect()
    }
}

/// An entry that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The entry.
    pub dataset: Arc<Dataset>,
    /// How well it matches; comparable within one search only, 0 when no words were asked for.
    pub score: f64,
    /// The fields that hold what was asked for, such as `tags`.
    pub matched: Vec<String>,
}

/// Finds entries, the best first; without words, all that pass, by id.
pub fn search(catalog: &Catalog, shelf: &Shelf, query: &Query) -> Vec<Hit> {
    let passing = catalog.datasets().filter(|dataset| filters::pass(query, catalog, shelf, dataset));
    if query.words.trim().is_empty() {
        return passing.map(|dataset| Hit { dataset: dataset.clone(), score: 0.0, matched: Vec::new() }).collect();
    }
    // Weights come from the whole catalogue, so that a filter leaves the order as it is.
    let index = Index::of(catalog);
    let words = words::asked(&query.words);
    let mut ranked: Vec<(bool, Hit)> = passing
        .filter_map(|dataset| {
            let found = index.rank(dataset, &words)?;
            Some((found.complete, Hit { dataset: dataset.clone(), score: found.score, matched: found.fields }))
        })
        .collect();
    ranked.sort_by(|(complete, hit), (other_complete, other)| {
        let by_score = other_complete.cmp(complete).then(other.score.total_cmp(&hit.score));
        by_score.then_with(|| hit.dataset.id.cmp(&other.dataset.id))
    });
    ranked.into_iter().map(|(_, hit)| hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(query: &Query) -> Vec<String> {
        let hits = search(&Catalog::embedded(), &Shelf::embedded(), query);
        hits.into_iter().map(|hit| hit.dataset.id.to_string()).collect()
    }

    fn words(words: &str) -> Query {
        Query { words: words.to_owned(), ..Query::default() }
    }

    #[test]
    fn the_meant_entry_stands_first() {
        #[track_caller]
        fn check(text: &str, first: &str) {
            let found = ids(&words(text));
            assert_eq!(found.first().map(String::as_str), Some(first), "{text}: {found:?}");
        }
        check("chexpert", "chexpert");
        check("CheXpert", "chexpert");
        check("chexprt", "chexpert"); // a letter left out
        check("chexpret", "chexpert"); // two letters swapped
        check("chexp", "chexpert"); // the beginning of a name
        check("question answering medquad", "medquad");
        check("brain tumor", "brats");
        check("brain tumour segmentation", "brats");
        check("chest reports credentialed", "mimic-cxr");
        check("mimic-cxr", "mimic-cxr");
        check("mimiciii", "mimic-iii");
        check("lung nodule ct", "lidc-idri");
        check("skin melanoma", "isic");
    }

    #[test]
    fn entries_with_all_words_stand_above_the_others() {
        let (chest, reports) = (ids(&words("chest")), ids(&words("reports")));
        let both = |id: &String| chest.contains(id) && reports.contains(id);
        let found = ids(&words("chest reports"));
        assert!(found.is_sorted_by_key(|id| !both(id)), "{found:?}");
        assert!(both(&found[0]) && !both(&found[found.len() - 1]), "{found:?}");
    }

    #[test]
    fn the_fields_that_match_are_named() {
        let found = search(&Catalog::embedded(), &Shelf::embedded(), &words("medquad retrieval"));
        assert_eq!(found[0].matched, ["id", "aliases", "title", "task", "notes"]);
    }

    #[test]
    fn words_nobody_uses_find_nothing_and_no_words_find_all() {
        assert_eq!(ids(&words("qqqqqqqq")), Vec::<String>::new());
        assert_eq!(ids(&words("???")), Vec::<String>::new());
        let all = ids(&Query::default());
        assert_eq!(all.len(), Catalog::embedded().datasets().count());
        assert!(all.is_sorted());
    }

    #[test]
    fn facets_and_limits_let_pass_what_is_known() {
        #[track_caller]
        fn check(query: Query, with: &[&str], without: &[&str]) {
            let found = ids(&query);
            for id in with {
                assert!(found.iter().any(|one| one == id), "{id} is missing in {found:?}");
            }
            for id in without {
                assert!(!found.iter().any(|one| one == id), "{id} should not be in {found:?}");
            }
        }
        let open = || Query { modality: Some("XRay".into()), ..Query::default() };
        check(open(), &["chestxray14", "chexpert", "mura"], &["medquad"]);
        check(Query { commercial: true, ..open() }, &["chestxray14"], &["chexpert", "mura", "vqa-rad"]);
        check(Query { access: Some(AccessClass::Agreement), ..open() }, &["chexpert"], &["chestxray14", "mimic-cxr"]);
        check(Query { access: Some(AccessClass::Open), ..open() }, &["chestxray14"], &["chexpert"]);
        let license = |id: &str| Query { license: Some(id.into()), ..Query::default() };
        check(license("cc-by-3.0"), &["lidc-idri"], &["medquad"]); // one id of an AND
        let small = Query { max_size: Some(ByteSize(100 << 20)), ..Query::default() };
        check(small, &["healthsearchqa"], &["chexpert", "chestxray14"]);
        check(Query { anatomy: Some("brain".into()), ..words("challenge") }, &["brats"], &["n2c2"]);
    }
}
