//! The words of all entries by field, and what an asked word is worth.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, Dataset};
use crate::values::DatasetId;

use super::words::{misspelt, nearness, split};

/// The catalogue's words.
pub(super) struct Index {
    entries: BTreeMap<DatasetId, Vec<Field>>,
    vocabulary: BTreeSet<String>,
    lengths: BTreeMap<&'static str, f64>,
}

/// A field of one entry.
struct Field {
    name: &'static str,
    weight: f64,
    length: f64,
    words: BTreeMap<String, f64>,
}

/// How an entry matches.
pub(super) struct Rank {
    /// Whether it holds every word.
    pub complete: bool,
    /// How well.
    pub score: f64,
    /// The fields that hold any.
    pub fields: Vec<String>,
}

impl Index {
    /// Splits every entry into words.
    pub(super) fn of(catalog: &Catalog) -> Self {
        let entries: BTreeMap<DatasetId, Vec<Field>> =
            catalog.datasets().map(|dataset| (dataset.id.clone(), fields(dataset))).collect();
        let all = || entries.values().flatten();
        let vocabulary = all().flat_map(|field| field.words.keys().cloned()).collect();
        let mut lengths = BTreeMap::new();
        for field in all() {
            *lengths.entry(field.name).or_insert(0.0) += field.length / entries.len() as f64;
        }
        Self { entries, vocabulary, lengths }
    }

    /// How an entry matches the words; `None` when it holds none of them.
    pub(super) fn rank(&self, dataset: &Dataset, asked: &[String]) -> Option<Rank> {
        let fields = self.entries.get(&dataset.id)?;
        let mut matched = BTreeSet::new();
        let mut found = 0;
        let mut score = 0.0;
        for word in asked {
            let spellings = self.spellings(word);
            let weight: f64 = fields
                .iter()
                .enumerate()
                .map(|(place, field)| {
                    let weight = self.weigh(field, &spellings);
                    if weight > 0.0 {
                        matched.insert(place);
                    }
                    weight
                })
                .sum();
            if weight > 0.0 {
                found += 1;
                score += self.rarity(&spellings) * weight / (SATURATION + weight);
            }
        }
        let fields = matched.into_iter().map(|place| fields[place].name.to_owned()).collect();
        (found > 0).then_some(Rank { complete: found == asked.len(), score, fields })
    }

    /// The words of the catalogue that an asked word may mean, with how near each is. A word
    /// that the catalogue holds is never taken for a misspelt one.
    fn spellings(&self, asked: &str) -> BTreeMap<&str, f64> {
        let by = |near: fn(&str, &str) -> Option<f64>| -> BTreeMap<&str, f64> {
            self.vocabulary.iter().filter_map(|held| Some((held.as_str(), near(asked, held)?))).collect()
        };
        let near = by(nearness);
        if near.is_empty() { by(misspelt) } else { near }
    }

    fn weigh(&self, field: &Field, spellings: &BTreeMap<&str, f64>) -> f64 {
        let times: f64 = spellings.iter().filter_map(|(word, near)| Some(field.words.get(*word)? * near)).sum();
        let usual = self.lengths.get(field.name).copied().unwrap_or(1.0).max(1.0);
        field.weight * times / (1.0 - LENGTH_SHARE + LENGTH_SHARE * field.length / usual)
    }

    /// More for a word that few entries hold.
    fn rarity(&self, spellings: &BTreeMap<&str, f64>) -> f64 {
        let holds = |fields: &&Vec<Field>| {
            fields.iter().any(|field| spellings.keys().any(|word| field.words.contains_key(*word)))
        };
        let holding = self.entries.values().filter(holds).count() as f64;
        (1.0 + (self.entries.len() as f64 - holding + 0.5) / (holding + 0.5)).ln()
    }
}

/// The fields of an entry, names first.
fn fields(dataset: &Dataset) -> Vec<Field> {
    let entry = &dataset.entry;
    let id = [dataset.id.to_string()];
    let title = [entry.title.clone()];
    let summary = [entry.summary.clone()];
    let maintainer = [entry.maintainer.name.clone()];
    let steps: Vec<String> = entry.requires.iter().filter_map(|step| step.title.clone()).collect();
    let fields = [
        ("id", NAME, &id[..]),
        ("aliases", NAME, &entry.aliases),
        ("title", NAME, &title),
        ("tags", FACET, &entry.tags),
        ("modality", FACET, &entry.modality),
        ("anatomy", FACET, &entry.anatomy),
        ("task", FACET, &entry.task),
        ("format", FACET, &entry.format),
        ("summary", SUMMARY, &summary),
        ("maintainer", REST, &maintainer),
        ("requires", REST, &steps),
        ("notes", REST, &notes(dataset)),
    ];
    fields.into_iter().map(|(name, weight, texts)| Field::of(name, weight, texts)).collect()
}

/// Remarks of a person who wrote the entry, and the titles of its parts.
fn notes(dataset: &Dataset) -> Vec<String> {
    let entry = &dataset.entry;
    let steps = entry.requires.iter().map(|step| &step.note);
    let claims = entry.claim.iter().map(|claim| &claim.note);
    let releases = dataset.releases.iter().flat_map(|release| {
        let variants = release.variants.iter().flat_map(|variant| [&variant.title, &variant.note]);
        let sources = release.sources.iter().flat_map(|source| [&source.title, &source.note]);
        std::iter::once(&release.note).chain(variants).chain(sources)
    });
    steps.chain(claims).chain(releases).flatten().cloned().collect()
}

impl Field {
    /// A name also counts as a whole: `mimiciii` finds `mimic-iii`.
    fn of(name: &'static str, weight: f64, texts: &[String]) -> Self {
        let mut words = BTreeMap::new();
        let mut length = 0.0;
        for text in texts {
            let parts: Vec<String> = split(text).collect();
            length += parts.len() as f64;
            let whole = (weight == NAME && parts.len() > 1).then(|| parts.concat());
            for word in parts.into_iter().chain(whole) {
                *words.entry(word).or_insert(0.0) += 1.0;
            }
        }
        Self { name, weight, length, words }
    }
}

const NAME: f64 = 8.0;
const FACET: f64 = 4.0;
const SUMMARY: f64 = 2.0;
const REST: f64 = 1.0;

/// How soon more of the same stops counting (k1 of BM25).
const SATURATION: f64 = 6.0;
/// How much a long field is marked down (b of BM25).
const LENGTH_SHARE: f64 = 0.5;
