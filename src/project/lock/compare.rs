//! How two locks differ, as data: in words, files and bytes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::values::{ByteSize, Digest, RelPath, is_zero};

use super::{Locked, LockedFile, Weight, texts_by_license};

/// What became of one dataset of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The dataset's name in full; where the release changed, that of now.
    pub dataset: String,
    /// What changed, the weightiest first.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Change {
    /// It was not there.
    Added {
        /// Files of the release.
        files: u64,
        /// Their bytes, as far as known.
        bytes: ByteSize,
        /// How many of them have bytes that are not among these.
        #[serde(skip_serializing_if = "is_zero")]
        of_unknown_size: u64,
    },
    /// It is not there any more.
    Removed {
        /// Files of the release.
        files: u64,
        /// Their bytes, as far as known.
        bytes: ByteSize,
        /// How many of them have bytes that are not among these.
        #[serde(skip_serializing_if = "is_zero")]
        of_unknown_size: u64,
    },
    /// Another licence expression.
    License {
        /// Before.
        was: String,
        /// Now.
        now: String,
    },
    /// Another text of an agreement, or one that was not known before.
    Text {
        /// The licence or agreement.
        license: String,
        /// Digest before, where it was known.
        #[serde(skip_serializing_if = "Option::is_none")]
        was: Option<Digest>,
        /// Digest now, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        now: Option<Digest>,
    },
    /// Another channel.
    Source {
        /// Before.
        was: String,
        /// Now.
        now: String,
    },
    /// Another choice of files.
    Choice {
        /// Before, in words.
        was: String,
        /// Now.
        now: String,
    },
    /// Files that were not in it.
    FilesAdded(FilesOf),
    /// Files that are not in it any more.
    FilesRemoved(FilesOf),
    /// A file with other bytes.
    File {
        /// Its path at the publisher.
        path: RelPath,
        /// Size or digest before.
        was: String,
        /// Size or digest now.
        now: String,
    },
    /// Files whose SHA-256, or that of their directory, is known now and was not before.
    Pinned {
        /// How many.
        files: u64,
    },
    /// Files of which that was known and is not any more.
    Unpinned {
        /// How many.
        files: u64,
    },
    /// Files of which something else is said: a size that was not known, where they are, who named
    /// their digest.
    Details {
        /// How many.
        files: u64,
    },
    /// Another tree under `data/` and `docs/`, or one that was not known before.
    Tree {
        /// Its digest before, where it was known.
        #[serde(skip_serializing_if = "Option::is_none")]
        was: Option<Digest>,
        /// Its digest now, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        now: Option<Digest>,
    },
    /// Another text of the catalogue entry.
    Entry {
        /// Its digest before.
        was: Digest,
        /// Its digest now.
        now: Digest,
    },
}

impl Change {
    /// Whether only something is known that was not.
    pub fn is_more(&self) -> bool {
        matches!(
            self,
            Self::Pinned { .. } | Self::Tree { was: None, now: Some(_) } | Self::Text { was: None, now: Some(_), .. }
        )
    }
}

/// Several files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilesOf {
    /// Their paths at the publisher.
    pub paths: Vec<RelPath>,
    /// Bytes of those that are wanted whole, as far as known.
    pub bytes: ByteSize,
    /// How many of them have bytes that are not among these.
    #[serde(skip_serializing_if = "is_zero")]
    pub of_unknown_size: u64,
}

/// How many files have bytes that nobody knows beforehand: those without a size, and archives of
/// which only members are wanted.
fn of_unknown_size<'f>(files: impl IntoIterator<Item = &'f LockedFile>) -> u64 {
    files.into_iter().filter(|file| file.size.is_none() || file.part.is_some()).count() as u64
}

/// The same of a dataset, where a file that is not listed any more is one of them.
fn all_of_unknown_size((locked, files): WithFiles<'_>) -> u64 {
    of_unknown_size(files) + locked.count().saturating_sub(files.len() as u64)
}

/// A dataset with its files.
pub type WithFiles<'l> = (&'l Locked, &'l [LockedFile]);

/// What changed from one lock to another. The files of each dataset are given along with it,
/// in the order of the lock. A dataset whose release or variant changed is one removed and one
/// added.
pub fn differences(was: &[WithFiles<'_>], now: &[WithFiles<'_>]) -> Vec<Difference> {
    let before: BTreeMap<String, WithFiles<'_>> = was.iter().map(|one| (one.0.name(), *one)).collect();
    let after: BTreeMap<String, WithFiles<'_>> = now.iter().map(|one| (one.0.name(), *one)).collect();
    let mut differences = Vec::new();
    for (name, one) in &before {
        let changes = match after.get(name) {
            Some(other) => between(*one, *other),
            None => vec![Change::Removed {
                files: one.0.count(),
                bytes: one.0.bytes,
                of_unknown_size: all_of_unknown_size(*one),
            }],
        };
        differences.push(Difference { dataset: name.clone(), changes });
    }
    for (name, one) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let (files, bytes) = (one.0.count(), one.0.bytes);
        let changes = vec![Change::Added { files, bytes, of_unknown_size: all_of_unknown_size(*one) }];
        differences.push(Difference { dataset: name.clone(), changes });
    }
    differences.retain(|one| !one.changes.is_empty());
    differences.sort_by(|one, other| one.dataset.cmp(&other.dataset));
    differences
}

/// What changed of one dataset.
fn between(was: WithFiles<'_>, now: WithFiles<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    if was.0.license != now.0.license {
        changes.push(Change::License { was: was.0.license.clone(), now: now.0.license.clone() });
    }
    texts(was.0, now.0, &mut changes);
    if was.0.channel != now.0.channel {
        changes.push(Change::Source { was: was.0.channel.clone(), now: now.0.channel.clone() });
    }
    if was.0.choice != now.0.choice {
        changes.push(Change::Choice { was: was.0.choice.to_string(), now: now.0.choice.to_string() });
    }
    if was.0.files != now.0.files {
        files(was.1, now.1, &mut changes);
    }
    if was.0.tree != now.0.tree {
        changes.push(Change::Tree { was: was.0.tree, now: now.0.tree });
    }
    if was.0.entry != now.0.entry {
        changes.push(Change::Entry { was: was.0.entry, now: now.0.entry });
    }
    changes
}

/// Texts of agreements that differ, or that only one of the two knows.
fn texts(was: &Locked, now: &Locked, changes: &mut Vec<Change>) {
    let (was, now) = (texts_by_license(&was.texts), texts_by_license(&now.texts));
    let licenses: std::collections::BTreeSet<&str> = was.keys().chain(now.keys()).copied().collect();
    for license in licenses {
        let (was, now) = (was.get(license).copied(), now.get(license).copied());
        if was != now {
            changes.push(Change::Text { license: license.to_owned(), was, now });
        }
    }
}

/// Both lists are in the order of paths.
fn files(was: &[LockedFile], now: &[LockedFile], changes: &mut Vec<Change>) {
    let (mut added, mut removed, mut pinned, mut unpinned, mut details) = (Vec::new(), Vec::new(), 0, 0, 0);
    let (mut left, mut right) = (was.iter().peekable(), now.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(one), Some(other)) => one.path.cmp(&other.path),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => break,
        };
        match order {
            std::cmp::Ordering::Less => removed.extend(left.next()),
            std::cmp::Ordering::Greater => added.extend(right.next()),
            std::cmp::Ordering::Equal => {
                let (Some(one), Some(other)) = (left.next(), right.next()) else { break };
                match file(one, other) {
                    Some((was, now)) => changes.push(Change::File { path: one.path.clone(), was, now }),
                    None => match (one.is_pinned(), other.is_pinned()) {
                        (false, true) => pinned += 1,
                        (true, false) => unpinned += 1,
                        _ => details += u64::from(one != other),
                    },
                }
            }
        }
    }
    let all = |files: Vec<&LockedFile>| FilesOf {
        bytes: Weight::of(files.iter().copied()).whole,
        of_unknown_size: of_unknown_size(files.iter().copied()),
        paths: files.into_iter().map(|file| file.path.clone()).collect(),
    };
    if !removed.is_empty() {
        changes.push(Change::FilesRemoved(all(removed)));
    }
    if !added.is_empty() {
        changes.push(Change::FilesAdded(all(added)));
    }
    if pinned > 0 {
        changes.push(Change::Pinned { files: pinned });
    }
    if unpinned > 0 {
        changes.push(Change::Unpinned { files: unpinned });
    }
    if details > 0 {
        changes.push(Change::Details { files: details });
    }
}

/// In what two states of a file contradict each other: what only one of them knows is none.
fn file(was: &LockedFile, now: &LockedFile) -> Option<(String, String)> {
    for digest in &was.digests {
        let same_kind = now.digests.iter().find(|other| other.algorithm() == digest.algorithm());
        if let Some(other) = same_kind.filter(|other| *other != digest) {
            return Some((digest.to_string(), other.to_string()));
        }
    }
    let directory = |file: &LockedFile| file.part.as_ref().and_then(|part| part.directory);
    match (directory(was), directory(now)) {
        (Some(one), Some(other)) if one != other => return Some((one.to_string(), other.to_string())),
        _ => {}
    }
    match (was.size, now.size) {
        (Some(one), Some(other)) if one != other => Some((format!("{} bytes", one.0), format!("{} bytes", other.0))),
        _ => None,
    }
}
