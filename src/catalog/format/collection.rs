//! `catalog/collections.toml`: sets usable wherever an id is.

use schemars::JsonSchema;
use serde::Deserialize;

/// Sets usable wherever an id is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionTable {
    /// What it is.
    pub title: String,
    /// Ids.
    pub datasets: Vec<String>,
}
