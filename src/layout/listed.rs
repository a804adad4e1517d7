//! The release's own files as they came: `.medsets/listed.jsonl`, one line a file.
//!
//! There may be a million, so the list lies beside the receipt, which pins it by its SHA-256
//! and says in numbers what proved them. Receipts of schema 1 hold the list themselves; they
//! are read, and written again as they were.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::fs::{Access, FsError};
use crate::values::{ByteSize, Digest, RelPath, SafeUrl};

use super::dirs::DatasetDir;
use super::error::LayoutError;
use super::lines::{JsonLines, LineWriter};
use super::proof::{KnownDigest, Proof};

/// One of the release's own files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedMark {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Size in bytes.
    pub size: ByteSize,
    /// SHA-256 as received.
    pub sha256: Digest,
    /// What proved it.
    pub verified: Proof,
    /// The digests it was compared with, where they are more than `sha256` by the source that
    /// `verified` names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownDigest>,
    /// Where it was asked for, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
    /// Whether its members were unpacked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpacked: bool,
}

/// What a receipt says of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Listed {
    /// It is beside the receipt.
    Beside(ListPin),
    /// It is all of it (schema 1).
    Within(Vec<ListedMark>),
}

/// Which list lies beside a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPin {
    /// How many files it names.
    pub files: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// What proved how many of them.
    pub verified: BTreeMap<Proof, u64>,
}

/// Writes a list, in the order of paths.
pub struct ListWriter {
    lines: LineWriter,
    files: u64,
    verified: BTreeMap<Proof, u64>,
}

impl ListWriter {
    /// Begins the list of a dataset folder, which must not have one.
    pub fn create(path: &Path, access: Access) -> Result<Self, FsError> {
        Ok(Self { lines: LineWriter::create(path, access)?, files: 0, verified: BTreeMap::new() })
    }

    /// Adds a file.
    pub fn write(&mut self, mark: &ListedMark) -> Result<(), FsError> {
        self.lines.write_json(mark)?;
        self.files += 1;
        *self.verified.entry(mark.verified).or_default() += 1;
        Ok(())
    }

    /// Ends the list and makes it last.
    pub fn finish(self) -> Result<ListPin, FsError> {
        Ok(ListPin { files: self.files, sha256: self.lines.finish()?, verified: self.verified })
    }
}

impl Listed {
    /// How many files the list names.
    pub fn files(&self) -> u64 {
        match self {
            Self::Beside(pin) => pin.files,
            Self::Within(marks) => marks.len() as u64,
        }
    }

    /// How many of them were proven in such a way.
    pub fn proven(&self, is_meant: impl Fn(Proof) -> bool) -> u64 {
        match self {
            Self::Beside(pin) => {
                pin.verified.iter().filter(|(proof, _)| is_meant(**proof)).map(|(_, count)| count).sum()
            }
            Self::Within(marks) => marks.iter().filter(|mark| is_meant(mark.verified)).count() as u64,
        }
    }

    /// The files, one by one. Whether the list is the pinned one is for [`Listed::check`].
    pub fn read(
        &self,
        dir: &DatasetDir,
    ) -> Result<Box<dyn Iterator<Item = Result<ListedMark, LayoutError>> + '_>, LayoutError> {
        Ok(match self {
            Self::Beside(_) => Box::new(JsonLines::open(&dir.listed_path())?),
            Self::Within(marks) => Box::new(marks.iter().cloned().map(Ok)),
        })
    }

    /// Whether the list that lies there is the pinned one.
    ///
    /// # Errors
    /// [`LayoutError::Altered`] where it is another, and all that stands in the way of reading it.
    pub fn check(&self, dir: &DatasetDir) -> Result<(), LayoutError> {
        match self {
            Self::Beside(pin) => super::check::check_record(&dir.listed_path(), pin.sha256),
            Self::Within(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(path: &str, verified: Proof) -> ListedMark {
        ListedMark {
            path: RelPath::parse(path).unwrap(),
            size: ByteSize(3),
            sha256: Digest::sha256(b"abc"),
            verified,
            known: Vec::new(),
            url: None,
            unpacked: false,
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written_and_known_by_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DatasetDir::at(folder.path().to_path_buf());
        std::fs::create_dir_all(dir.records()).unwrap();
        let marks = [mark("a.zip", Proof::Catalog), mark("b.csv", Proof::Host), mark("c.csv", Proof::Host)];
        let mut writer = ListWriter::create(&dir.listed_path(), Access::Shared).unwrap();
        marks.iter().for_each(|mark| writer.write(mark).unwrap());
        let listed = Listed::Beside(writer.finish().unwrap());
        assert_eq!((listed.files(), listed.proven(|proof| proof == Proof::Host)), (3, 2));
        let read: Vec<ListedMark> = listed.read(&dir).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(read, marks);
        listed.check(&dir).unwrap();
        let text = std::fs::read_to_string(dir.listed_path()).unwrap();
        assert!(text.starts_with(r#"{"path":"a.zip","size":3,"sha256":"sha256:"#), "{text}");
        std::fs::write(dir.listed_path(), text.replace("b.csv", "d.csv")).unwrap();
        assert!(matches!(listed.check(&dir), Err(LayoutError::Altered { .. })));
        std::fs::remove_file(dir.listed_path()).unwrap();
        assert!(listed.check(&dir).is_err_and(|error| error.is_of_records()));
    }

    #[test]
    fn a_receipt_of_schema_1_holds_the_list_itself() {
        let text = serde_json::json!([{ "path": "a.zip", "size": 3, "sha256": Digest::sha256(b"abc").to_string(),
            "verified": "catalog", "unpacked": true }]);
        let listed: Listed = serde_json::from_value(text.clone()).unwrap();
        assert_eq!((listed.files(), listed.proven(Proof::is_known_beforehand)), (1, 1));
        assert_eq!(serde_json::to_value(&listed).unwrap(), text, "it is written again as it was");
        let dir = DatasetDir::at("/nowhere".into());
        listed.check(&dir).unwrap();
        assert!(listed.read(&dir).unwrap().next().unwrap().unwrap().unpacked);
    }
}
