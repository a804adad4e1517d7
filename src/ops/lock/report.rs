//! What `lock` tells.

use std::path::PathBuf;

use serde::Serialize;

use crate::ops::failure::Failure;
use crate::project::lock::Difference;
use crate::project::{Locked, LockedFile};
use crate::values::{ByteSize, DatasetId, DatasetName, Digest, is_zero};

/// What `lock` tells.
#[derive(Debug, Serialize)]
pub struct LockReport {
    /// Where the lock is.
    pub path: PathBuf,
    /// Whether it, or what lies beside it, was written.
    pub written: bool,
    /// Whether it differs from the lock that was found.
    pub changed: bool,
    /// Every dataset of it.
    pub datasets: Vec<LockedReport>,
    /// What changed, dataset by dataset.
    pub differences: Vec<Difference>,
    /// Where nothing of that changed: in what the files were not as they are written, a sentence
    /// each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub form: Vec<String>,
    /// The lock as it is written, or would be.
    #[serde(skip)]
    pub text: String,
    /// Why some datasets are not in it, or as they were.
    #[serde(skip)]
    pub failures: Vec<Failure>,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// One dataset of a lock in short.
#[derive(Debug, Serialize)]
pub struct LockedReport {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The channel it comes by.
    pub source: String,
    /// Files of the release.
    pub files: u64,
    /// How many of them have no SHA-256 yet.
    pub unpinned: u64,
    /// Of how many of them, all archives, only members are meant.
    #[serde(skip_serializing_if = "is_zero")]
    pub of_members: u64,
    /// Bytes of the others, as far as known.
    pub bytes: ByteSize,
    /// How many of the others have bytes that are not among these.
    #[serde(skip_serializing_if = "is_zero")]
    pub of_unknown_size: u64,
    /// The tree that they make, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<Digest>,
}

impl LockedReport {
    /// A dataset of a lock with its files.
    pub(super) fn of(locked: &Locked, files: &[LockedFile]) -> Self {
        Self {
            id: locked.id.clone(),
            version: locked.version.clone(),
            variant: locked.variant.clone(),
            source: locked.channel.clone(),
            files: locked.count(),
            unpinned: locked.unpinned(),
            of_members: files.iter().filter(|file| file.part.is_some()).count() as u64,
            bytes: locked.bytes,
            of_unknown_size: files.iter().filter(|file| file.part.is_none() && file.size.is_none()).count() as u64,
            tree: locked.tree,
        }
    }

    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }
}
