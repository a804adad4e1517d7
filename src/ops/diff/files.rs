//! Two lists of files, compared by path, digest and size. Pure.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Serialize;

use crate::values::{Algorithm, ByteSize, Digest, RelPath};

/// A file as one side knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownFile {
    pub size: Option<ByteSize>,
    pub digests: Vec<Digest>,
}

/// The files of one side, by path.
pub(super) type Files = BTreeMap<RelPath, KnownFile>;

/// What differs between two lists.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileChanges {
    /// Files that only the later list has.
    pub added: Vec<FileAt>,
    /// Files that only the earlier list has.
    pub removed: Vec<FileAt>,
    /// Files of one path with other bytes.
    pub changed: Vec<FileChange>,
    /// Files of the same bytes under another path.
    pub renamed: Vec<Rename>,
    /// How many files are the same.
    pub same: u64,
    /// Their bytes, as far as known.
    pub same_bytes: ByteSize,
    /// How many files of one path nothing known decides.
    pub undecided: u64,
    /// How many files stand in one list alone while the other is not whole.
    pub not_told: u64,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileAt {
    /// Its path.
    pub path: RelPath,
    /// Its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ByteSize>,
}

/// A file with other bytes.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct FileChange {
    /// Its path.
    pub path: RelPath,
    /// Size before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_before: Option<ByteSize>,
    /// Size after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_after: Option<ByteSize>,
    /// Digest before, where one of the same kind is known of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_before: Option<Digest>,
    /// Digest after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_after: Option<Digest>,
}

/// A file under another path.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Rename {
    /// Path before.
    pub from: RelPath,
    /// Path after.
    pub to: RelPath,
    /// Its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ByteSize>,
}

impl FileChanges {
    /// Whether anything differs for sure.
    pub fn is_different(&self) -> bool {
        !(self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty() && self.renamed.is_empty())
    }
}

/// Compares two lists. What only one has is added or removed where the other list is whole.
pub(super) fn compare(before: Files, before_whole: bool, mut after: Files, after_whole: bool) -> FileChanges {
    let mut changes = FileChanges::default();
    let mut gone = Vec::new();
    for (path, old) in before {
        match after.remove(&path) {
            None => gone.push((path, old)),
            Some(new) => match is_same(&old, &new) {
                Same::Yes => {
                    changes.same += 1;
                    changes.same_bytes += new.size.or(old.size).unwrap_or_default();
                }
                Same::No(digests) => changes.changed.push(FileChange {
                    path,
                    bytes_before: old.size,
                    bytes_after: new.size,
                    digest_before: digests.map(|(before, _)| before),
                    digest_after: digests.map(|(_, after)| after),
                }),
                Same::Untold => changes.undecided += 1,
            },
        }
    }
    let mut by_digest: HashMap<Digest, VecDeque<RelPath>> = HashMap::new();
    for (path, new) in &after {
        for digest in new.digests.iter().filter(|digest| names_bytes(digest)) {
            by_digest.entry(*digest).or_default().push_back(path.clone());
        }
    }
    for (path, old) in gone {
        match renamed(&old, &mut by_digest, &after) {
            Some(to) => {
                after.remove(&to);
                changes.renamed.push(Rename { from: path, to, bytes: old.size });
            }
            None if after_whole => changes.removed.push(FileAt { path, bytes: old.size }),
            None => changes.not_told += 1,
        }
    }
    for (path, new) in after {
        match before_whole {
            true => changes.added.push(FileAt { path, bytes: new.size }),
            false => changes.not_told += 1,
        }
    }
    changes
}

/// Whether two files are one.
enum Same {
    Yes,
    /// With the digests that differ, where it was told by these.
    No(Option<(Digest, Digest)>),
    Untold,
}

fn is_same(old: &KnownFile, new: &KnownFile) -> Same {
    if let (Some(one), Some(other)) = (old.size, new.size)
        && one != other
    {
        return Same::No(pair(old, new));
    }
    match pair(old, new) {
        Some((one, other)) if one == other => Same::Yes,
        Some(digests) => Same::No(Some(digests)),
        None => Same::Untold,
    }
}

/// The strongest digests of one kind that both have.
fn pair(old: &KnownFile, new: &KnownFile) -> Option<(Digest, Digest)> {
    let of = |file: &KnownFile, algorithm| file.digests.iter().find(|one| one.algorithm() == algorithm).copied();
    Algorithm::ALL.into_iter().find_map(|algorithm| Some((of(old, algorithm)?, of(new, algorithm)?)))
}

/// The path under which the bytes are now. Each is taken once.
fn renamed(old: &KnownFile, by_digest: &mut HashMap<Digest, VecDeque<RelPath>>, after: &Files) -> Option<RelPath> {
    // Empty files are all alike.
    if old.size == Some(ByteSize::ZERO) {
        return None;
    }
    for digest in old.digests.iter().filter(|digest| names_bytes(digest)) {
        let Some(paths) = by_digest.get_mut(digest) else { continue };
        while let Some(path) = paths.pop_front() {
            // It may be taken already, by another of its digests.
            if after.contains_key(&path) {
                return Some(path);
            }
        }
    }
    None
}

/// Whether equal digests mean equal bytes.
fn names_bytes(digest: &Digest) -> bool {
    matches!(digest.algorithm(), Algorithm::Sha256 | Algorithm::GitBlob | Algorithm::Sha1 | Algorithm::Md5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, u64, &str)]) -> Files {
        let file = |(path, size, text): &(&str, u64, &str)| {
            let digests = if text.is_empty() { Vec::new() } else { vec![Digest::sha256(text.as_bytes())] };
            (RelPath::parse(path).unwrap(), KnownFile { size: Some(ByteSize(*size)), digests })
        };
        all.iter().map(file).collect()
    }

    fn paths(files: &[FileAt]) -> Vec<&str> {
        files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn files_are_told_apart_by_path_digest_and_size() {
        let before = files(&[("a", 1, "a"), ("b", 1, "b"), ("c", 1, "c"), ("d", 9, ""), ("e", 9, ""), ("f", 1, "f")]);
        let after = files(&[("a", 1, "a"), ("b", 1, "x"), ("n", 1, "c"), ("d", 8, ""), ("e", 9, ""), ("g", 1, "g")]);
        let changes = compare(before, true, after, true);
        assert_eq!((changes.same, changes.same_bytes, changes.undecided), (1, ByteSize(1), 1));
        let changed: Vec<&str> = changes.changed.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(changed, ["b", "d"]);
        assert!(changes.changed[0].digest_before.is_some() && changes.changed[1].digest_before.is_none());
        assert_eq!((changes.renamed[0].from.as_str(), changes.renamed[0].to.as_str()), ("c", "n"));
        assert_eq!((paths(&changes.removed), paths(&changes.added)), (vec!["f"], vec!["g"]));
    }

    #[test]
    fn a_list_that_is_not_whole_tells_nothing_of_what_it_lacks() {
        let changes = compare(files(&[("a", 1, "a")]), true, files(&[("b", 1, "b")]), false);
        assert_eq!((changes.removed.len(), paths(&changes.added), changes.not_told), (0, vec!["b"], 1));
        let changes = compare(files(&[]), false, files(&[("b", 1, "b")]), true);
        assert!(!changes.is_different() && changes.not_told == 1);
    }

    #[test]
    fn each_file_is_renamed_once_and_empty_ones_never() {
        let before = files(&[("a", 1, "x"), ("b", 1, "x"), ("z", 0, "")]);
        let after = files(&[("c", 1, "x"), ("y", 0, "")]);
        let changes = compare(before, true, after, true);
        assert_eq!((changes.renamed.len(), paths(&changes.removed)), (1, vec!["b", "z"]));
    }
}
