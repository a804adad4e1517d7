//! `[[release.file]]` and `[[release.rule]]`: the files of a release, named or listed by the host.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use toml::value::Datetime;

use crate::licenses::terms::Confidence;

use super::names::Names;
use super::unpack::UnpackTable;

/// A file as it is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileTable {
    /// Which variants it belongs to.
    #[serde(default)]
    pub variant: Names,
    /// By which sources it comes.
    #[serde(default)]
    pub channel: Names,
    /// Its name at the publisher.
    pub path: String,
    /// A handle for selections.
    pub group: Option<String>,
    /// Exact bytes.
    pub size: Option<u64>,
    /// Rough size.
    pub size_about: Option<String>,
    /// SHA-256.
    pub sha256: Option<String>,
    /// SHA-1.
    pub sha1: Option<String>,
    /// MD5.
    pub md5: Option<String>,
    /// CRC-32C.
    pub crc32c: Option<String>,
    /// Git blob id.
    pub git_blob: Option<String>,
    /// Licence expression.
    pub license: Option<String>,
    /// Where it is, by channel.
    #[serde(default)]
    pub at: BTreeMap<String, LocatorTable>,
    /// Where it goes.
    pub into: Option<String>,
    /// How its members come out. Boxed: most files have none, and a dataset may name many.
    pub unpack: Option<Box<UnpackTable>>,
    /// What it is to the dataset.
    pub role: Option<RoleWord>,
    /// Whether no program can have it.
    #[serde(default)]
    pub manual: bool,
    /// More about it.
    pub note: Option<String>,
}

/// Where a file is at one source.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LocatorTable {
    /// A whole address.
    pub url: Option<String>,
    /// Other addresses of the same bytes.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// Below the source's base.
    pub path: Option<String>,
    /// Box's static link.
    #[serde(rename = "static")]
    pub static_link: Option<String>,
    /// The host's number of the file.
    pub file_id: Option<String>,
    /// Synapse entity.
    pub entity: Option<String>,
    /// Key in an object store.
    pub key: Option<String>,
}

/// What a file is to the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleWord {
    /// A picture or volume.
    Image,
    /// Running text.
    Text,
    /// Rows.
    Table,
    /// Masks, boxes, marks.
    Annotation,
    /// About the dataset.
    Doc,
}

/// Files whose checksums the host states wrongly.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HostErrorTable {
    /// Which variants they belong to.
    #[serde(default)]
    pub variant: Names,
    /// Which sources state them.
    #[serde(default)]
    pub channel: Names,
    /// The files, by their names at the publisher.
    pub path: Names,
    /// What is wrong, one sentence for a person.
    pub reason: String,
    /// What was read.
    pub source: String,
    /// When.
    #[schemars(with = "String")]
    pub read: Datetime,
    /// How sure.
    pub confidence: Confidence,
}

/// A rule for files that the host lists.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RuleTable {
    /// Which files.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Which variants they belong to.
    #[serde(default)]
    pub variant: Names,
    /// A handle for selections.
    pub group: Option<String>,
    /// Where they go.
    pub into: Option<String>,
    /// How their members come out.
    pub unpack: Option<UnpackTable>,
    /// Licence expression.
    pub license: Option<String>,
    /// What they are to the dataset.
    pub role: Option<RoleWord>,
    /// Whether they are left out.
    #[serde(default)]
    pub skip: bool,
}
