//! `[[release]]`, `[[release.variant]]` and `[[release.subset]]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::file::{FileTable, HostErrorTable, RuleTable};
use super::names::Names;

/// A release as it is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReleaseEntry {
    /// As the publisher writes it.
    pub version: String,
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: Option<String>,
    /// DOI of the data.
    pub doi: Option<String>,
    /// Whether it is meant when no release is named.
    #[serde(default)]
    pub default: bool,
    /// Licence expression.
    pub license: Option<String>,
    /// Terms of parts.
    #[serde(default)]
    pub license_parts: BTreeMap<String, String>,
    /// Rough size of the download.
    pub size_about: Option<String>,
    /// Rough size on disk.
    pub unpacked_about: Option<String>,
    /// No longer served.
    #[serde(default)]
    pub withdrawn: bool,
    /// More about it.
    pub note: Option<String>,
    /// Variants.
    #[serde(default)]
    pub variant: Vec<VariantEntry>,
    /// Where the bytes are; the first is the default.
    #[serde(default)]
    #[schemars(with = "Vec<crate::catalog::source::SourceSchema>")]
    pub source: Vec<toml::Table>,
    /// Files.
    #[serde(default)]
    pub file: Vec<FileTable>,
    /// Rules for files that the host lists.
    #[serde(default)]
    pub rule: Vec<RuleTable>,
    /// Parts that people ask for by name.
    #[serde(default)]
    pub subset: Vec<SubsetEntry>,
    /// Checksums that the host states wrongly.
    #[serde(default)]
    pub host_error: Vec<HostErrorTable>,
}

/// A part that people ask for by name, as it is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SubsetEntry {
    /// The name users type behind `--subset`.
    pub name: String,
    /// What it is called.
    pub title: Option<String>,
    /// Which variants have it.
    #[serde(default)]
    pub variant: Names,
    /// Its files: globs over paths and groups.
    pub include: Vec<String>,
    /// But not these.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Of its archives only these members: globs over their names.
    #[serde(default)]
    pub members: Vec<String>,
}

/// A variant as it is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VariantEntry {
    /// The name users type behind `:`.
    pub name: String,
    /// Whether it is meant when none is named.
    #[serde(default)]
    pub default: bool,
    /// What it is called.
    pub title: Option<String>,
    /// Licence expression.
    pub license: Option<String>,
    /// Rough size of the download.
    pub size_about: Option<String>,
    /// Rough size on disk.
    pub unpacked_about: Option<String>,
    /// How many of what.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// More about it.
    pub note: Option<String>,
}
