//! A licence file as it is written (see `docs/licences.md`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::terms::Term;

/// One file of `licenses/`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LicenseFile {
    /// The id; equals the file stem.
    pub id: String,
    /// The text's own name.
    pub name: String,
    /// Version of the text, `unversioned` where the publisher gives none.
    #[serde(default)]
    pub version: Option<String>,
    /// What kind of text it is.
    pub kind: super::LicenseKind,
    /// Canonical address of the text.
    #[serde(default)]
    pub url: Option<String>,
    /// How the text is had.
    pub text: super::TextSource,
    /// A second text that goes with it.
    #[serde(default)]
    pub companion: Option<String>,
    /// Licences an item may carry.
    #[serde(default)]
    pub items: Vec<String>,
    /// What it says, in our own words.
    pub summary: String,
    /// Traps.
    #[serde(default)]
    pub note: Option<String>,
    /// The terms by key.
    pub terms: BTreeMap<String, Term>,
    /// Facts of this text only.
    #[serde(default)]
    pub extra: BTreeMap<String, Term>,
    /// Codes of the Data Use Ontology.
    #[serde(default)]
    pub duo: Option<Duo>,
}

/// Codes of the GA4GH Data Use Ontology.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Duo {
    /// Such as `DUO:0000042`.
    pub codes: Vec<String>,
    /// `mapped` by us, or `declared` by the publisher.
    pub source: DuoSource,
}

/// Who says which codes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DuoSource {
    /// Our mapping, never the publisher's statement.
    Mapped,
    /// The publisher's own.
    Declared,
}
