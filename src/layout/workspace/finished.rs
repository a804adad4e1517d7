//! What is finished in a workspace: the lines of `done.jsonl`.

use serde::{Deserialize, Serialize};

use crate::values::{ByteSize, Digest, RelPath, SafeUrl};

use super::super::listed::ListedMark;
use super::super::proof::{KnownDigest, Proof};
use super::super::receipt::PartialMark;

/// A file of the release that is finished in the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Size in bytes.
    pub size: ByteSize,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// What proved it.
    pub verified: Proof,
    /// The digests it was compared with, where they are more than its own by the source that
    /// `verified` names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownDigest>,
    /// The terms where they differ from the dataset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// What the host says of it that a person must know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
    /// What became of it.
    pub kind: FinishedKind,
    /// Why other bytes than those that were known were taken, by the person's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a person should know of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What became of a finished file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "kebab-case")]
pub enum FinishedKind {
    /// It lies in the stage at this place below the dataset folder.
    Placed {
        /// The place.
        at: RelPath,
    },
    /// It is an archive that waits in `archives/`.
    Fetched,
    /// It was unpacked; its members are in this inventory below `members/`.
    Unpacked {
        /// Name of the inventory file.
        members: String,
        /// Whether the archive itself stays, where it lies in `archives/`.
        #[serde(default = "yes")]
        kept: bool,
    },
    /// It was a part of a split archive that is unpacked.
    Spent {
        /// The archive.
        of: RelPath,
    },
    /// It is an archive of which only some members were read; they are in this inventory. The
    /// size is that of the whole archive, the digest that of its directory.
    Members {
        /// Name of the inventory file.
        members: String,
        /// The globs that chose them.
        chosen: Vec<String>,
    },
}

/// What a line of an earlier version meant: an archive that was there was kept.
fn yes() -> bool {
    true
}

impl Finished {
    /// The inventory of its members, where it is an archive.
    pub fn inventory(&self) -> Option<&str> {
        match &self.kind {
            FinishedKind::Unpacked { members, .. } | FinishedKind::Members { members, .. } => Some(members),
            FinishedKind::Placed { .. } | FinishedKind::Fetched | FinishedKind::Spent { .. } => None,
        }
    }

    /// A file of a list, of which this became. Terms of its own are added where there are any.
    pub fn of_list(mark: ListedMark, kind: FinishedKind) -> Self {
        Self {
            path: mark.path,
            size: mark.size,
            sha256: mark.sha256,
            verified: mark.verified,
            known: mark.known,
            license: None,
            notice: None,
            url: mark.url,
            kind,
            reason: None,
            warnings: Vec::new(),
        }
    }

    /// An archive of which only some members are here, in this inventory.
    pub fn of_part(mark: PartialMark, members: String) -> Self {
        Self {
            path: mark.path,
            size: mark.size,
            sha256: mark.directory_sha256,
            verified: mark.verified,
            known: Vec::new(),
            license: None,
            notice: None,
            url: mark.url,
            kind: FinishedKind::Members { members, chosen: mark.members },
            reason: None,
            warnings: Vec::new(),
        }
    }
}

#[cfg(test)]
impl Finished {
    /// A file of these bytes that the catalogue proves.
    pub(super) fn example(path: &str, bytes: &[u8], kind: FinishedKind) -> Self {
        Self {
            path: RelPath::parse(path).expect("a test names a path"),
            size: ByteSize(bytes.len() as u64),
            sha256: Digest::sha256(bytes),
            verified: Proof::Catalog,
            known: Vec::new(),
            license: None,
            notice: None,
            url: None,
            kind,
            reason: None,
            warnings: Vec::new(),
        }
    }
}
