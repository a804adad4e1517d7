//! One text or a list of them: which variants or sources a table is about.

use schemars::JsonSchema;
use serde::Deserialize;

/// One text or a list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// Nothing said: all.
    #[default]
    #[serde(skip)]
    All,
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Names {
    /// Whether `name` is meant. Nothing said means all.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }

    /// The names that are said.
    pub fn said(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}
