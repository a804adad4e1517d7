//! The inventory: one record per file of a dataset, as JSON Lines sorted by path.
//!
//! Inventories are streamed: a dataset of a million files is written, merged and checked
//! without holding them all in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fs::{Access, FsError};
use crate::values::{ByteSize, Digest, RelPath, SafeUrl};

use super::error::LayoutError;
use super::lines::{JsonLines, LineWriter};
use super::proof::Proof;
use super::roles::Role;

/// One file, or one link that the entry allows, below a dataset folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Below the dataset folder, so it begins with `data/` or `docs/`.
    pub path: RelPath,
    /// What it is; not written for files, which nearly all are.
    #[serde(default, skip_serializing_if = "RecordKind::is_file")]
    pub kind: RecordKind,
    /// What a link holds: a relative path to a file or folder of the same archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Size in bytes; of a link, of what it holds.
    pub size: ByteSize,
    /// Last change of the file as it was laid down; the quick check compares it.
    pub mtime: Timestamp,
    /// The file's name everywhere in medsets; of a link, the digest of what it holds.
    pub sha256: Digest,
    /// Where it came from.
    pub origin: Origin,
    /// What it is to the dataset.
    pub role: Role,
    /// The terms of this file where they differ from the dataset's, with those of the dataset's
    /// that hold on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// What the host says of it that a person must know, such as that it was retracted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// What a record speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// A regular file.
    #[default]
    File,
    /// A symbolic link. The manifest has no line for it: `sha256sum` would follow it.
    Link,
}

impl RecordKind {
    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        *self == Self::File
    }
}

/// Where a file came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The file of the release: the archive it was a member of, or the file itself.
    pub file: RelPath,
    /// The member's name in the archive, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The member's raw name in hexadecimal, where it was not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_name: Option<String>,
    /// The address the file was asked for, without secrets. Absent for imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
    /// What proved a member that was read out of an archive without the rest; of others the
    /// receipt tells it by the file of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Proof>,
}

/// Reads an inventory record by record; ends after the first error.
pub type InventoryReader = JsonLines<FileRecord>;

/// Writes records, in any order, as a sorted inventory.
pub fn write_sorted(path: &Path, mut records: Vec<FileRecord>, access: Access) -> Result<(), FsError> {
    records.sort_by(|one, other| one.path.cmp(&other.path));
    let mut writer = LineWriter::create(path, access)?;
    for record in &records {
        writer.write_json(record)?;
    }
    writer.finish().map(|_| ())
}

/// Merges sorted inventories into one order and hands each record to `take`.
///
/// The same place from two inventories passes once when the bytes are the same, and is
/// [`LayoutError::Conflict`] when they differ. Gives the number of such places and says of the
/// first where it came from.
pub fn merge(
    inventories: &[PathBuf],
    mut take: impl FnMut(FileRecord) -> Result<(), LayoutError>,
) -> Result<Twins, LayoutError> {
    let mut readers = Vec::with_capacity(inventories.len());
    for path in inventories {
        readers.push(InventoryReader::open(path)?);
    }
    let mut heap = BinaryHeap::new();
    for (index, reader) in readers.iter_mut().enumerate() {
        if let Some(record) = reader.next().transpose()? {
            heap.push(Reverse(Next { record, index }));
        }
    }
    let mut last: Option<FileRecord> = None;
    let mut twins = Twins::default();
    while let Some(Reverse(Next { record, index })) = heap.pop() {
        if let Some(following) = readers[index].next().transpose()? {
            heap.push(Reverse(Next { record: following, index }));
        }
        match &last {
            Some(earlier) if earlier.path == record.path => {
                same_bytes(earlier, &record)?;
                twins.count += 1;
                twins.first.get_or_insert_with(|| {
                    let (one, other) = (&earlier.origin.file, &record.origin.file);
                    format!("`{}` is in `{one}` and in `{other}`, with the same bytes", record.path)
                });
            }
            _ => {
                take(record.clone())?;
                last = Some(record);
            }
        }
    }
    Ok(twins)
}

/// Places that several inventories have, with the same bytes.
#[derive(Debug, Default)]
pub struct Twins {
    /// How many.
    pub count: u64,
    /// The first of them, as a sentence.
    pub first: Option<String>,
}

/// Two records of one place must be of the same bytes.
fn same_bytes(first: &FileRecord, second: &FileRecord) -> Result<(), LayoutError> {
    if first.sha256 == second.sha256 {
        return Ok(());
    }
    Err(LayoutError::Conflict {
        path: first.path.to_string(),
        first: first.sha256,
        first_origin: first.origin.file.to_string(),
        second: second.sha256,
        second_origin: second.origin.file.to_string(),
    })
}

/// The next record of one inventory, ordered by path, then by inventory.
struct Next {
    record: FileRecord,
    index: usize,
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Next {}
impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Next {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.record.path, self.index).cmp(&(&other.record.path, other.index))
    }
}

/// What an inventory tells of terms.
#[derive(Debug, Default)]
pub struct LicenseCounts {
    /// Of how many files, and of how many bytes, it states terms of their own, by expression.
    /// Beyond [`EXPRESSIONS`] different ones the rest counts as without any licence.
    pub by_expression: BTreeMap<String, (u64, u64)>,
    /// How many files it names.
    pub files: u64,
}

/// The most different expressions that are told apart in one dataset.
pub const EXPRESSIONS: usize = 1000;

/// Counts the terms of single files.
///
/// Reads few fields only, since an audit reads the inventories of thousands of datasets. Fails
/// at a line that cannot be read: what stands behind it is not known.
pub fn count_licenses(path: &Path) -> Result<LicenseCounts, LayoutError> {
    #[derive(Deserialize)]
    struct Line {
        size: ByteSize,
        #[serde(default)]
        kind: RecordKind,
        license: Option<String>,
    }
    let mut counts = LicenseCounts::default();
    for line in JsonLines::<Line>::open(path)? {
        let line = line?;
        counts.files += u64::from(line.kind.is_file());
        let Some(license) = line.license else { continue };
        let is_told_apart = counts.by_expression.len() < EXPRESSIONS || counts.by_expression.contains_key(&license);
        let license = if is_told_apart { license } else { "NOASSERTION".to_owned() };
        let count = counts.by_expression.entry(license).or_default();
        *count = (count.0 + 1, count.1.saturating_add(line.size.0));
    }
    Ok(counts)
}

#[cfg(test)]
pub(crate) fn example(path: &str, bytes: &[u8]) -> FileRecord {
    FileRecord {
        path: RelPath::parse(path).unwrap(),
        kind: RecordKind::File,
        target: None,
        size: ByteSize(bytes.len() as u64),
        mtime: "2026-11-24T00:00:00Z".parse().unwrap(),
        sha256: Digest::sha256(bytes),
        origin: Origin {
            file: RelPath::parse("a.zip").unwrap(),
            member: None,
            raw_name: None,
            url: None,
            verified: None,
        },
        role: Role::Other,
        license: None,
        notice: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, name: &str, records: Vec<FileRecord>) -> PathBuf {
        let path = folder.join(name);
        write_sorted(&path, records, Access::Shared).unwrap();
        path
    }

    #[test]
    fn merges_into_the_order_of_paths() {
        let folder = tempfile::tempdir().unwrap();
        let one = written(folder.path(), "1", vec![example("data/b", b"b"), example("data/a/x", b"x")]);
        let two = written(folder.path(), "2", vec![example("data/a-b", b"ab"), example("data/b", b"b")]);
        let mut paths = Vec::new();
        merge(&[one, two], |record| {
            paths.push(record.path.to_string());
            Ok(())
        })
        .unwrap();
        assert_eq!(paths, ["data/a-b", "data/a/x", "data/b"]);
    }

    #[test]
    fn refuses_one_place_with_two_contents() {
        let folder = tempfile::tempdir().unwrap();
        let one = written(folder.path(), "1", vec![example("data/b", b"one")]);
        let two = written(folder.path(), "2", vec![example("data/b", b"two")]);
        let error = merge(&[one, two], |_| Ok(())).unwrap_err();
        assert!(matches!(error, LayoutError::Conflict { .. }), "{error}");
    }

    #[test]
    fn a_damaged_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("files.jsonl");
        let good = serde_json::to_string(&example("data/a", b"a")).unwrap();
        crate::fs::atomic_write(&path, format!("{good}\n{{\"path\":\"../x\"\n").as_bytes(), Access::Shared).unwrap();
        let answers: Vec<_> = InventoryReader::open(&path).unwrap().collect();
        assert_eq!(answers.len(), 2);
        let error = answers[1].as_ref().unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
