//! The terms of a licence, in the fixed vocabulary.

use serde::{Deserialize, Serialize};

/// A term's value with where it was read and how sure it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// A word of the vocabulary, free text where the key takes it, `not-stated` or `unknown`.
    pub value: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// What was read.
    pub source: String,
    /// When.
    #[schemars(with = "String")]
    pub read: toml::value::Datetime,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How sure a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Read in the primary text.
    High,
    /// A secondary source.
    Medium,
    /// From memory, or not traceable.
    Low,
}

impl Confidence {
    /// The word in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Words every key takes beside its own: the text was read and is silent, or nobody read it.
pub const ALWAYS: [&str; 2] = ["not-stated", "unknown"];

/// Keys with the words they take; free text where there are none.
pub const VOCABULARY: [(&str, &[&str]); 22] = [
    ("commercial_use", &["allowed", "forbidden", "per-item", "not-granted", "unclear"]),
    (
        "redistribution",
        &["allowed", "forbidden", "licensees-only", "team-only", "per-item", "ids-only", "not-granted", "unclear"],
    ),
    ("derivatives", &["allowed", "forbidden", "same-terms-same-host", "per-item", "not-granted", "unclear"]),
    ("share_derivative_models", &["allowed", "nc-only", "same-terms-same-host", "unclear", "not-granted"]),
    ("share_alike", &["none", "adaptations", "database", "per-item"]),
    ("attribution", &["required", "requested", "per-item", "none"]),
    ("publication_citation", &["required", "requested", "custom", "none"]),
    ("reidentification_forbidden", &["yes", "no"]),
    ("contact_of_subjects_forbidden", &["yes", "no"]),
    ("training_required", &[]),
    ("ethics_approval_required", &["yes", "no", "conditional"]),
    ("institution_signature_required", &["yes", "no", "conditional"]),
    ("individual_registration", &["yes", "no"]),
    (
        "purpose",
        &["any", "research", "research-education", "noncommercial", "competition+academic", "biomedical-systems"],
    ),
    ("geography", &[]),
    ("third_party_api", &["forbidden", "conditional"]),
    ("security_duty", &[]),
    ("report_incident", &[]),
    ("expiry", &[]),
    ("destroy_on_termination", &["yes", "on-demand", "no"]),
    ("share_code", &["required", "no"]),
    ("clinical_use", &["forbidden"]),
];

/// All terms of one text, by key in the order of [`VOCABULARY`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms(pub(super) Vec<(String, Term)>);

impl Terms {
    /// A term.
    pub fn get(&self, key: &str) -> Option<&Term> {
        self.0.iter().find(|(one, _)| one == key).map(|(_, term)| term)
    }

    /// A term's word; `unknown` where the file has none.
    pub fn word(&self, key: &str) -> &str {
        self.get(key).map_or("unknown", |term| term.value.as_str())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Term)> {
        self.0.iter().map(|(key, term)| (key.as_str(), term))
    }
}

/// Whether a key takes a word.
pub fn takes(key: &str, word: &str) -> bool {
    let words = VOCABULARY.iter().find(|(one, _)| *one == key).map(|(_, words)| *words);
    words.is_some_and(|words| words.is_empty() || words.contains(&word) || ALWAYS.contains(&word))
}
