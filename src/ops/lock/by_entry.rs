//! What a lock says of a dataset's files beside the entry that it pins: the two must agree, or one
//! of them was edited.

use std::collections::HashMap;

use crate::catalog::{FileEntry, Selection};
use crate::project::lock::PinnedBy;
use crate::project::{Locked, LockedFile};
use crate::values::{Algorithm, RelPath};

/// The first file that contradicts the entry, and in what. Of files that only a host lists, and of
/// those that a person took in other bytes, the entry says nothing.
pub(super) fn contradiction(selection: &Selection, locked: &Locked, files: &[LockedFile]) -> Option<(RelPath, String)> {
    let channel = Some(locked.channel.as_str());
    let entries: HashMap<&RelPath, &FileEntry> = selection.files(channel).map(|file| (&file.path, file)).collect();
    let is_listed = selection.source(channel).is_some_and(|source| source.lists);
    let checked = files.iter().filter(|file| file.from != PinnedBy::Accepted);
    for file in checked {
        let fault = match entries.get(&file.path) {
            Some(entry) => in_file(entry, file),
            None if is_listed => None,
            None => Some("the entry that the lock pins names no such file".to_owned()),
        };
        if let Some(fault) = fault {
            return Some((file.path.clone(), fault));
        }
    }
    None
}

fn in_file(entry: &FileEntry, file: &LockedFile) -> Option<String> {
    let of_entry = entry.digests.iter().find(|digest| digest.algorithm() == Algorithm::Sha256);
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
