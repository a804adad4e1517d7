//! The terms people ask for first, with how sure they are.

use crate::licenses::terms::{Confidence, Term};
use crate::licenses::{Expression, Shelf, Summary};

/// A term of a whole expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MainTerm {
    /// Its key in the vocabulary.
    pub key: String,
    /// The word it comes to; `unknown` where nobody read it.
    pub word: String,
    /// The licence's own statement that it rests on. `None` where no licence says it.
    pub term: Option<Term>,
}

/// What an expression comes to. An expression that cannot be read grants nothing we know of.
pub fn main_terms(expression: &str, shelf: &Shelf) -> Vec<MainTerm> {
    let Ok(expression) = Expression::parse(expression) else { return Vec::new() };
    let licenses: Vec<_> = expression.ids().into_iter().filter_map(|id| shelf.get(id)).collect();
    let summary = Summary::of(&expression, shelf);
    let main = summary.iter().map(|(key, word)| {
        let said = licenses.iter().filter_map(|license| license.terms.get(key)).filter(|term| term.value == word);
        // Permission is as sure as the least sure of those who give it; a limit is as sure as
        // the surest of those who set it.
        let term = match word {
            "allowed" => said.min_by_key(|term| sureness(term.confidence)),
            _ => said.max_by_key(|term| sureness(term.confidence)),
        };
        MainTerm { key: key.to_owned(), word: word.to_owned(), term: term.cloned() }
    });
    main.collect()
}

/// The larger the surer.
fn sureness(confidence: Confidence) -> u8 {
    match confidence {
        Confidence::High => 2,
        Confidence::Medium => 1,
        Confidence::Low => 0,
    }
}

/// As the catalogue writes it.
pub fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

impl MainTerm {
    /// Such as `commercial use: forbidden (high)`.
    pub fn line(&self) -> String {
        let sure = self.term.as_ref().map(|term| format!(" ({})", confidence_word(term.confidence)));
        format!("{}: {}{}", self.key.replace('_', " "), self.word, sure.unwrap_or_default())
    }
}
