//! `mirror.json`: what is said of a mirrored dataset.
//!
//! It is what a receipt says without the person, the machine and the places on it: a mirror is
//! read by others.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::layout::receipt::{CatalogMark, PartialMark, Selection, SourceMark, Tool};
use crate::layout::{ListPin, Means};
use crate::values::{ByteSize, DatasetId, Digest};

use super::names;

/// A mirrored dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// `medsets/mirrored/2`, or 1 where an earlier medsets wrote it.
    pub schema: String,
    /// Which dataset.
    pub dataset: DatasetId,
    /// The reference that it came by, where it is not in the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Its title.
    pub title: String,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What of it is there.
    pub selection: Selection,
    /// How it came to whoever sent it.
    pub means: Means,
    /// By which catalogue entry.
    pub catalog: CatalogMark,
    /// From which host.
    pub source: SourceMark,
    /// Licence expression for that source.
    pub license: String,
    /// Files under `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// SHA-256 of its manifest: the name of the tree.
    pub tree: Digest,
    /// Its inventory.
    pub inventory: Record,
    /// The list of the release's files.
    pub listed: ListPin,
    /// Size of that list.
    pub listed_size: ByteSize,
    /// Size of the manifest.
    pub manifest_size: ByteSize,
    /// Archives of which only some members are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partial: Vec<PartialMark>,
    /// What a person should know of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// When it was put there.
    pub pushed: Timestamp,
    /// With which program.
    pub tool: Tool,
}

/// One record of a mirrored dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Size in bytes.
    pub size: ByteSize,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

impl Mark {
    /// The schema that is written.
    pub const SCHEMA: &str = "medsets/mirrored/2";

    /// The one before, whose records have the same names in every state of a tree.
    const BEFORE: &str = "medsets/mirrored/1";

    /// Reads one. Fails with what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mark: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        match mark.schema.as_str() {
            Self::SCHEMA | Self::BEFORE => Ok(mark),
            other => Err(format!("its schema is `{}`; this program reads `{}`", other.escape_debug(), Self::SCHEMA)),
        }
    }

    /// The records that it names, with their sizes and digests: manifest, inventory, list.
    pub fn records(&self) -> [(String, Record); 3] {
        let manifest = Record { size: self.manifest_size, sha256: self.tree };
        let listed = Record { size: self.listed_size, sha256: self.listed.sha256 };
        [(names::MANIFEST.to_owned(), manifest), (self.inventory_name(), self.inventory), (self.listed_name(), listed)]
    }

    /// What its inventory is called beside it.
    pub fn inventory_name(&self) -> String {
        self.name(names::INVENTORY, &self.inventory.sha256)
    }

    /// What its list of the release's files is called beside it.
    pub fn listed_name(&self) -> String {
        self.name(names::LISTED, &self.listed.sha256)
    }

    fn name(&self, kind: &str, sha256: &Digest) -> String {
        if self.schema == Self::BEFORE { kind.to_owned() } else { names::of_state(kind, sha256) }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// None that is known: every part can be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
