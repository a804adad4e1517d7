//! What a lock says of a dataset's files beside the entry that it pins: the two must agree, or one
//! of them was edited.

use std::collections::HashMap;

use crate::catalog::{FileEntry, Selection};
use crate::project::lock::PinnedBy;
use crate::project::{Locked, LockedFile};
use crate::values::{Digest, RelPath};

/// What an entry says of the files that a lock may name.
pub(super) struct ByEntry<'s> {
    entries: HashMap<&'s RelPath, &'s FileEntry>,
    is_listed: bool,
}

impl<'s> ByEntry<'s> {
    /// The entry that a dataset of the lock pins.
    pub(super) fn of(selection: &'s Selection, locked: &'s Locked) -> Self {
        let channel = Some(locked.channel.as_str());
        let entries = selection.files(channel).map(|file| (&file.path, file)).collect();
        Self { entries, is_listed: selection.source(channel).is_some_and(|source| source.lists) }
    }

    /// In what a file of the lock contradicts the entry. Of files that only a host lists, and of
    /// those that a person took in other bytes, the entry says nothing.
    pub(super) fn contradiction(&self, file: &LockedFile) -> Option<String> {
        if file.from == PinnedBy::Accepted {
            return None;
        }
        match self.entries.get(&file.path) {
            Some(entry) => in_file(entry, file),
            None if self.is_listed => None,
            None => Some("the entry that the lock pins names no such file".to_owned()),
        }
    }
}

fn in_file(entry: &FileEntry, file: &LockedFile) -> Option<String> {
    let of_entry = Digest::sha256_in(&entry.digests);
    if let (Some(entry), Some(lock)) = (of_entry, file.sha256())
        && *entry != lock
    {
        return Some(format!("the entry that the lock pins has {entry}, the lock {lock}"));
    }
    match (entry.size, file.size) {
        (Some(entry), Some(lock)) if entry != lock && file.from == PinnedBy::Catalog => {
            Some(format!("the entry that the lock pins has {} bytes, the lock {}", entry.0, lock.0))
        }
        _ => None,
    }
}
