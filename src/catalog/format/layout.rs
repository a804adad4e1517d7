//! `[layout]`: roles of what lies under `data/`.

use schemars::JsonSchema;
use serde::Deserialize;

/// Globs below `data/`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Pictures and volumes.
    #[serde(default)]
    pub image: Vec<String>,
    /// Running text.
    #[serde(default)]
    pub text: Vec<String>,
    /// Rows.
    #[serde(default)]
    pub table: Vec<String>,
    /// Masks, boxes, marks.
    #[serde(default)]
    pub annotation: Vec<String>,
    /// About the dataset.
    #[serde(default)]
    pub doc: Vec<String>,
}
