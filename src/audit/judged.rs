//! Terms that were judged already.
//!
//! A store may hold ten thousand datasets under three licences. Each expression is judged once,
//! and all datasets under it share the words, reasons and clauses.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::licenses::terms::VOCABULARY;
use crate::licenses::{Expression, Shelf, Term};
use crate::policy::rules::LICENSE;
use crate::policy::{Act, Clause, Judgement, Reason, Word, judge, judge_together};
use crate::values::Printable;

use super::subject::{Part, Use, read};

/// Expressions with what they come to.
#[derive(Debug)]
pub struct Judged<'s> {
    shelf: &'s Shelf,
    /// Acts that are planned for the same project.
    planned: Vec<Act>,
    /// By the expression of the whole, and those of counted items.
    wholes: HashMap<(String, Vec<String>), Arc<Whole>>,
    words: HashMap<String, Arc<BTreeMap<Act, Word>>>,
    clauses: HashMap<(String, String), Arc<Clause>>,
}

/// What the terms of a whole come to.
#[derive(Debug)]
pub struct Whole {
    /// One per act.
    pub uses: BTreeMap<Act, Use>,
    /// Every term of every licence.
    pub terms: Arc<Vec<Arc<Clause>>>,
    /// Codes of the Data Use Ontology.
    pub duo: Arc<Vec<String>>,
}

impl<'s> Judged<'s> {
    /// Nothing judged yet. Planned acts are judged together.
    pub fn new(shelf: &'s Shelf, planned: &[Act]) -> Self {
        Self {
            shelf,
            planned: planned.to_vec(),
            wholes: HashMap::new(),
            words: HashMap::new(),
            clauses: HashMap::new(),
        }
    }

    /// The licences it judges by.
    pub fn shelf(&self) -> &'s Shelf {
        self.shelf
    }

    /// What the terms of a whole with these parts come to.
    pub fn whole(&mut self, license: &str, parts: &[Part]) -> Arc<Whole> {
        let items = parts.iter().filter(|part| part.name.is_none()).map(|part| part.license.clone());
        let key = (license.to_owned(), items.collect::<Vec<_>>());
        if let Some(whole) = self.wholes.get(&key) {
            return Arc::clone(whole);
        }
        let expression = read(license);
        let uses = self.judgements(license).into_iter().map(|(act, judgement)| {
            let judgement = self.of_items(judgement, &key.1, act);
            (act, Use { word: judgement.word, reasons: Arc::new(judgement.reasons) })
        });
        let whole = Arc::new(Whole {
            uses: uses.collect(),
            terms: Arc::new(self.terms(&expression)),
            duo: Arc::new(duo(&expression, self.shelf)),
        });
        self.wholes.insert(key, Arc::clone(&whole));
        whole
    }

    /// The words of an expression alone.
    pub fn words(&mut self, license: &str) -> Arc<BTreeMap<Act, Word>> {
        if let Some(words) = self.words.get(license) {
            return Arc::clone(words);
        }
        let judgements = self.judgements(license);
        let words = Arc::new(judgements.into_iter().map(|(act, judgement)| (act, judgement.word)).collect());
        self.words.insert(license.to_owned(), Arc::clone(&words));
        words
    }

    /// A term of a licence with where it was read; `None` where the licence has no such term.
    pub fn clause(&mut self, license: &str, term: &str) -> Option<Arc<Clause>> {
        let key = (license.to_owned(), term.to_owned());
        if let Some(clause) = self.clauses.get(&key) {
            return Some(Arc::clone(clause));
        }
        let found = self.shelf.get(license)?;
        let own = || found.extra.iter().find(|(key, _)| key == term).map(|(_, term)| term);
        let clause = Arc::new(clause(license, term, found.terms.get(term).or_else(own)?, self.shelf));
        self.clauses.insert(key, Arc::clone(&clause));
        Some(clause)
    }

    /// What an expression says about each act: about the planned ones together.
    /// Of what is no expression nobody can tell anything.
    fn judgements(&self, license: &str) -> BTreeMap<Act, Judgement> {
        let expression = match Expression::parse(license) {
            Ok(expression) => expression,
            Err(_) => return Act::ALL.map(|act| (act, unreadable(license))).into(),
        };
        let mut all: BTreeMap<Act, Judgement> = Act::ALL.map(|act| (act, judge(&expression, self.shelf, act))).into();
        all.extend(self.planned.iter().copied().zip(judge_together(&expression, self.shelf, &self.planned)));
        all
    }

    /// Where items carry their own licences and were counted, those stand in place of "each its
    /// own".
    fn of_items(&self, whole: Judgement, items: &[String], act: Act) -> Judgement {
        let is_per_item = whole.reasons.iter().any(|reason| reason.word == Word::PerItem);
        if !is_per_item || items.is_empty() {
            return whole;
        }
        let rest = whole.reasons.into_iter().filter(|reason| reason.word != Word::PerItem);
        let items = items.iter().filter_map(|license| self.judgements(license).remove(&act));
        Judgement::of(rest.chain(items.flat_map(|judgement| judgement.reasons)).collect::<Vec<_>>())
    }

    /// Every term of every licence of an expression, each licence once.
    fn terms(&mut self, expression: &Expression) -> Vec<Arc<Clause>> {
        let mut all = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for id in expression.ids() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let own =
                self.shelf.get(id).into_iter().flat_map(|license| license.extra.iter().map(|(key, _)| key.as_str()));
            for key in VOCABULARY.iter().map(|(key, _)| *key).chain(own).collect::<Vec<_>>() {
                all.extend(self.clause(id, key));
            }
        }
        all
    }
}

/// What is said of a licence that cannot be read.
pub const UNREADABLE: &str = "it is no licence expression";

fn unreadable(license: &str) -> Judgement {
    let license = Printable::cut(license, 100).to_string();
    Judgement::of([Reason { license, term: LICENSE.to_owned(), value: UNREADABLE.to_owned(), word: Word::Unclear }])
}

fn clause(license: &str, key: &str, term: &Term, shelf: &Shelf) -> Clause {
    Clause {
        license: license.to_owned(),
        term: key.to_owned(),
        value: term.value.clone(),
        url: shelf.get(license).and_then(|license| license.url.as_ref()).map(ToString::to_string),
        source: term.source.clone(),
        read: term.read.to_string(),
        confidence: term.confidence,
        note: term.note.clone(),
    }
}

fn duo(expression: &Expression, shelf: &Shelf) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for license in expression.ids().into_iter().filter_map(|id| shelf.get(id)) {
        codes.extend(license.duo.iter().flat_map(|duo| duo.codes.iter().cloned()));
    }
    codes.sort();
    codes.dedup();
    // "No restriction" beside any restriction says nothing.
    if codes.len() > 1 {
        codes.retain(|code| code != "DUO:0000004");
    }
    codes
}
