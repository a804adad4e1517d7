//! `heads.jsonl`: where the ledger stood after each append.
//!
//! A cut tail of the ledger is found by the heads noted here, unless both files were cut. A
//! head is a help, not a record: a line of this file that cannot be read is left out.

use std::path::{Path, PathBuf};

use crate::fs::{self, Access, FsError};

use super::Head;
use super::lines;

/// The file of noted heads.
pub(super) struct Heads {
    path: PathBuf,
}

impl Heads {
    /// The file in a state folder.
    pub(super) fn of(state_dir: &Path) -> Self {
        Self { path: state_dir.join("heads.jsonl") }
    }

    /// Notes a head. The ledger's lock must be held.
    pub(super) fn note(&self, head: &Head) -> Result<(), FsError> {
        let line = serde_json::to_string(head).unwrap_or_default();
        // An interrupted earlier note has no line break; this one starts on a line of its own.
        let start = if lines::window(&self.path, 1)?.is_torn() { "\n" } else { "" };
        fs::append_line(&self.path, &format!("{start}{line}"), Access::Private)
    }

    /// The head noted last.
    pub(super) fn last(&self) -> Result<Option<Head>, FsError> {
        let window = lines::window(&self.path, 4)?;
        Ok(window.lines().filter_map(head).last())
    }

    /// All noted heads.
    pub(super) fn all(&self) -> Result<Vec<Head>, FsError> {
        let mut heads = Vec::new();
        lines::each(&self.path, u64::MAX, &mut |line| heads.extend(head(line)))?;
        Ok(heads)
    }
}

fn head(line: &[u8]) -> Option<Head> {
    serde_json::from_slice(line).ok()
}
