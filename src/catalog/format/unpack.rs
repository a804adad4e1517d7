//! `unpack = { ... }`: how an archive's members come out.

use schemars::JsonSchema;
use serde::Deserialize;

/// How an archive's members come out.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UnpackTable {
    /// Format; told by the name when absent.
    pub format: Option<String>,
    /// `none`, `auto`, or a number of levels.
    pub strip: Option<StripWord>,
    /// Where they go.
    pub into: Option<String>,
    /// What goes below another folder.
    #[serde(default)]
    pub under: Vec<UnderTable>,
    /// Junk.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Nothing else.
    #[serde(default)]
    pub only: Vec<String>,
    /// Archives inside.
    #[serde(default)]
    pub nested: Vec<String>,
    /// How many files come out.
    pub members: Option<u64>,
    /// A member that lists the MD5s of all others.
    pub checksums: Option<String>,
    /// How many bytes come out.
    pub unpacked_size: Option<u64>,
    /// Whether links that stay inside are allowed.
    #[serde(default)]
    pub links: bool,
    /// Reserved names it is known to hold.
    #[serde(default)]
    pub names: Vec<String>,
    /// Label of the Encoding Standard for names that are not UTF-8.
    pub encoding: Option<String>,
    /// `from-user`: members are encrypted.
    pub password: Option<FromUser>,
    /// Further parts of a split archive.
    #[serde(default)]
    pub parts: Vec<String>,
}

/// Something only the person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum FromUser {
    /// Asked for.
    #[serde(rename = "from-user")]
    FromUser,
}

/// How many folders in front of a name are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StripWord {
    /// That many.
    Levels(u8),
    /// `none` or `auto`.
    Word(String),
}

/// What goes below another folder.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnderTable {
    /// Which members.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The folder.
    pub to: String,
}
