//! An entry as it is written: the shapes of `docs/catalogue.md`, key by key.
//!
//! Descriptive tables are used as they are; releases are converted into
//! [`dataset`](super::dataset) types, where paths, digests and hosts are checked. This file has
//! the keys at the top of an entry, the files below it one table or a few that go together.

mod about;
mod citation;
mod collection;
mod file;
mod layout;
mod names;
mod related;
mod release;
mod requires;
mod unpack;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use about::{Claim, Correction, Distribution, DistributionKind, Ethics, Figure, Holds, ListedAs, Maintainer};
pub use citation::{Citation, MainCitation};
pub use collection::CollectionTable;
pub use file::{FileTable, HostErrorTable, LocatorTable, RoleWord, RuleTable};
pub use layout::Layout;
pub use names::Names;
pub use related::{Related, RelatedLists};
pub use release::{ReleaseEntry, SubsetEntry, VariantEntry};
pub use requires::{Requirement, RequirementKind};
pub use unpack::{FromUser, StripWord, UnderTable, UnpackTable};

/// A dataset's entry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// The name users type; equals the file stem.
    pub id: String,
    /// SHA-256 of this file without this line, where its author sealed it.
    pub entry_sha256: Option<String>,
    /// The publisher's own name.
    pub title: String,
    /// Other names people search for.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it is, one sentence.
    pub summary: String,
    /// The publisher's page.
    pub homepage: Option<String>,
    /// Who keeps it.
    pub maintainer: Maintainer,
    /// More words for search.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Kind of data.
    #[serde(default)]
    pub modality: Vec<String>,
    /// Part of the body.
    #[serde(default)]
    pub anatomy: Vec<String>,
    /// What it is for.
    #[serde(default)]
    pub task: Vec<String>,
    /// File formats.
    #[serde(default)]
    pub format: Vec<String>,
    /// How common lists name it.
    pub listed_as: Option<ListedAs>,
    /// How it is handed out, where a program may not fetch it.
    pub distribution: Option<Distribution>,
    /// How many of what.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// Statements that can go stale.
    #[serde(default)]
    pub claim: Vec<Claim>,
    /// What common lists get wrong.
    #[serde(default)]
    pub correction: Vec<Correction>,
    /// What a person must do, in order.
    #[serde(default)]
    pub requires: Vec<Requirement>,
    /// Releases, newest first.
    pub release: Vec<ReleaseEntry>,
    /// Roles of what lies under `data/`.
    #[serde(default)]
    pub layout: Layout,
    /// How to cite it.
    pub citation: Option<MainCitation>,
    /// De-identification, bias, faults.
    #[serde(default)]
    pub ethics: Ethics,
    /// Other datasets.
    #[serde(default)]
    pub related: RelatedLists,
}
