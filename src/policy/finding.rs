//! One thing that an audit found.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::Serialize;

use crate::licenses::terms::Confidence;

use super::act::Act;
use super::code::Code;

/// Something that a person should know of or act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which kind it is; stable.
    pub code: Code,
    /// How bad it is, after the policy had its say.
    pub severity: Severity,
    /// The dataset, by its full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The planned act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// What was found, with the values.
    pub message: String,
    /// The clause it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<Arc<Clause>>,
    /// Who is affected: people by name, or other datasets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub affected: Vec<String>,
    /// What to do about it.
    pub fix: String,
    /// Where in the project it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A term with where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// The licence.
    pub license: String,
    /// Key of the term.
    pub term: String,
    /// Its value.
    pub value: String,
    /// Page of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What was read.
    pub source: String,
    /// The day it was read.
    pub read: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A place in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The planned acts may not be done as things are.
    Error,
    /// It should be mended.
    Warning,
    /// Good to know.
    Note,
    /// The policy does not want to hear of it; such findings are dropped.
    Off,
}

impl Clause {
    /// The term in the spelling of policies and reports: `commercial-use`.
    pub fn term_as_written(&self) -> String {
        self.term.replace('_', "-")
    }
}

impl Finding {
    /// A finding with its code's usual severity; the rest is filled in by name.
    pub fn new(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            dataset: None,
            act: None,
            message: message.into(),
            clause: None,
            affected: Vec::new(),
            fix: fix.into(),
            place: None,
        }
    }

    /// The same about a dataset.
    #[must_use]
    pub fn about(self, dataset: &str) -> Self {
        Self { dataset: Some(dataset.to_owned()), ..self }
    }

    /// The order of reports: the worst first, then by code, dataset and act.
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |one: &Self| (one.severity, one.code, one.dataset.clone(), one.act);
        key(self).cmp(&key(other)).then_with(|| self.message.cmp(&other.message))
    }
}

impl Severity {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Off => "off",
        }
    }
}
