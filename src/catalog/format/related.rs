//! `[related]`: other datasets.

use schemars::JsonSchema;
use serde::Deserialize;

/// Other datasets.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RelatedLists {
    /// What it is made from.
    #[serde(default)]
    pub derived_from: Vec<Related>,
    /// What shares data with it.
    #[serde(default)]
    pub overlaps: Vec<Related>,
    /// What else to look at.
    #[serde(default)]
    pub see_also: Vec<Related>,
}

/// Another dataset.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Related {
    /// Its id.
    Id(String),
    /// Its id and how it is related.
    Noted {
        /// Its id.
        id: String,
        /// How.
        note: Option<String>,
    },
}

impl Related {
    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Noted { id, .. } => id,
        }
    }

    /// How it is related.
    pub fn note(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Noted { note, .. } => note.as_deref(),
        }
    }
}
