//! The index: every member with its size and digest, in the order of their paths' bytes.
//!
//! A bundle may have a million members, so the index is kept compressed: about 50 bytes each.

use std::io::{BufReader, Cursor, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fs;
use crate::values::{Algorithm, ByteSize, Digest, Digester, RelPath};

use super::error::BundleError;
use super::format::IndexPin;

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its path in the bundle.
    pub path: RelPath,
    /// Its size.
    pub size: ByteSize,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// An index that is being made, or read.
pub struct IndexBuilder {
    packed: zstd::stream::write::Encoder<'static, Vec<u8>>,
    digester: Digester,
    size: u64,
    members: u64,
    bytes: ByteSize,
}

/// A whole index.
#[derive(Clone)]
pub struct Index {
    packed: Arc<[u8]>,
    pin: IndexPin,
}

impl IndexBuilder {
    /// Without a member yet.
    pub fn new() -> Result<Self, BundleError> {
        Ok(Self {
            packed: zstd::stream::write::Encoder::new(Vec::new(), 1).map_err(in_memory)?,
            digester: Digester::new(Algorithm::Sha256, None),
            size: 0,
            members: 0,
            bytes: ByteSize::ZERO,
        })
    }

    /// Adds a member, which must come after the one before.
    pub fn push(&mut self, line: &Line) -> Result<(), BundleError> {
        let mut text = serde_json::to_vec(line).map_err(|error| in_memory(error.into()))?;
        text.push(b'\n');
        self.members += 1;
        self.bytes = self.bytes.saturating_add(line.size);
        self.take(&text)
    }

    /// Adds bytes of an index that somebody wrote.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        self.digester.update(bytes);
        self.size += bytes.len() as u64;
        self.packed.write_all(bytes).map_err(in_memory)
    }

    /// The index as far as it was made.
    pub fn finish(self) -> Result<Index, BundleError> {
        let pin = IndexPin {
            sha256: self.digester.finish(),
            size: ByteSize(self.size),
            members: self.members,
            bytes: self.bytes,
        };
        Ok(Index { packed: self.packed.finish().map_err(in_memory)?.into(), pin })
    }
}

impl Index {
    /// What the head says of it. Of an index that was read, members and bytes are not counted.
    pub fn pin(&self) -> IndexPin {
        self.pin
    }

    /// Its bytes.
    pub(super) fn open(&self) -> Result<impl std::io::Read + '_, BundleError> {
        zstd::stream::read::Decoder::new(Cursor::new(&self.packed)).map_err(in_memory)
    }

    /// Its members, one by one; ends after the first error.
    pub fn lines(&self) -> Result<Lines, BundleError> {
        let decoder = zstd::stream::read::Decoder::new(Cursor::new(self.packed.clone())).map_err(in_memory)?;
        Ok(Lines { text: BufReader::new(decoder), last: None, number: 0 })
    }
}

/// Text that is kept compressed in memory, read line by line.
pub type PackedText = BufReader<zstd::stream::read::Decoder<'static, BufReader<Cursor<Arc<[u8]>>>>>;

/// The members of an index.
pub struct Lines {
    text: PackedText,
    last: Option<RelPath>,
    number: u64,
}

impl Lines {
    fn read(&mut self) -> Result<Option<Line>, BundleError> {
        let mut text = String::new();
        self.number += 1;
        let broken =
            |reason: String| BundleError::Contradiction { what: format!("line {} of the index", self.number), reason };
        if !fs::read_line(&mut self.text, &mut text).map_err(|error| broken(error.to_string()))? {
            return Ok(None);
        }
        let line: Line = serde_json::from_str(&text).map_err(|error| match error.classify() {
            // A name that is not safe is what the rule of paths refuses.
            serde_json::error::Category::Data => {
                BundleError::Refused { member: text.trim_end().to_owned(), rule: error.to_string() }
            }
            _ => broken(error.to_string()),
        })?;
        // The order makes every name the only one of its kind.
        if self.last.as_ref().is_some_and(|last| *last >= line.path) {
            let rule = "the members of a bundle are in the order of their names, each once".to_owned();
            return Err(BundleError::Refused { member: line.path.to_string(), rule });
        }
        self.last = Some(line.path.clone());
        Ok(Some(line))
    }
}

impl Iterator for Lines {
    type Item = Result<Line, BundleError>;
    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Compressing in memory fails for want of memory alone.
fn in_memory(error: std::io::Error) -> BundleError {
    BundleError::Fs(fs::FsError::new("pack the index of", std::path::Path::new("the bundle"), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> Line {
        Line { path: RelPath::parse(path).unwrap(), size: ByteSize(3), sha256: Digest::sha256(b"abc") }
    }

    #[test]
    fn members_come_out_as_they_went_in() {
        let mut builder = IndexBuilder::new().unwrap();
        let lines = [line("about/contents.json"), line("datasets/a/1/data/a-b"), line("datasets/a/1/data/a/x")];
        lines.iter().for_each(|line| builder.push(line).unwrap());
        let index = builder.finish().unwrap();
        assert_eq!((index.pin().members, index.pin().bytes), (3, ByteSize(9)));
        let read: Vec<Line> = index.lines().unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(read, lines);
    }

    #[test]
    fn a_name_comes_once_and_in_order() {
        for second in ["a/b", "a/a"] {
            let mut builder = IndexBuilder::new().unwrap();
            builder.push(&line("a/b")).unwrap();
            builder.push(&line(second)).unwrap();
            let mut lines = builder.finish().unwrap().lines().unwrap();
            assert!(lines.next().unwrap().is_ok());
            assert!(matches!(lines.next().unwrap(), Err(BundleError::Refused { .. })), "{second}");
        }
    }

    #[test]
    fn an_unsafe_name_is_refused() {
        let mut builder = IndexBuilder::new().unwrap();
        let text = serde_json::to_string(&line("a/b")).unwrap().replace("a/b", "a/../../b");
        builder.take(format!("{text}\n").as_bytes()).unwrap();
        let answer = builder.finish().unwrap().lines().unwrap().next().unwrap();
        assert!(matches!(answer, Err(BundleError::Refused { .. })), "{answer:?}");
    }
}
