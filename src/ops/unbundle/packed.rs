//! What a bundle brings and is looked at later, compressed in memory: what it claims to be large
//! costs no more than the bundle itself.

use std::io::{BufReader, Cursor, Read as _, Write};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::bundle::{BundleError, BundleReader, Line, PackedText};
use crate::fs;
use crate::layout::LayoutError;
use crate::values::{ByteSize, Printable};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::fault::Fault;

/// The bytes of a member.
pub(super) struct Packed {
    name: String,
    size: ByteSize,
    bytes: Arc<[u8]>,
}

impl Packed {
    /// Reads a member of at most `limit` bytes, and shows its bytes on the way.
    pub fn read(
        reader: &mut BundleReader,
        line: &Line,
        limit: u64,
        seen: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<Self, Fault> {
        refuse_larger(line, limit)?;
        let packer = zstd::stream::write::Encoder::new(Vec::new(), 1).map_err(|error| memory(&error))?;
        let mut sink = Both { packer, seen };
        reader.take(line, &mut sink)?;
        let bytes = sink.packer.finish().map_err(|error| memory(&error))?;
        Ok(Self { name: line.path.to_string(), size: line.size, bytes: bytes.into() })
    }

    /// All of it.
    pub fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size.0).unwrap_or_default());
        self.decoder()?.read_to_end(&mut bytes).map_err(|error| memory(&error))?;
        Ok(bytes)
    }

    /// Its lines as values, one by one.
    pub fn lines(&self) -> Result<PackedLines, Failure> {
        let decoder = zstd::stream::read::Decoder::new(Cursor::new(self.bytes.clone()));
        let decoder = decoder.map_err(|error| memory(&error))?;
        Ok(PackedLines { text: BufReader::new(decoder), name: self.name.clone() })
    }

    fn decoder(&self) -> Result<impl std::io::Read + '_, Failure> {
        zstd::stream::read::Decoder::new(Cursor::new(&self.bytes)).map_err(|error| memory(&error))
    }
}

/// Refuses a member that is larger than any of its kind.
pub(super) fn refuse_larger(line: &Line, limit: u64) -> Result<(), BundleError> {
    if line.size.0 <= limit {
        return Ok(());
    }
    let rule = format!("it is larger than {}", ByteSize(limit));
    Err(BundleError::Refused { member: line.path.to_string(), rule })
}

/// The lines of a member.
pub(super) struct PackedLines {
    text: PackedText,
    name: String,
}

impl PackedLines {
    /// The next one; `None` at the end.
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, BundleError> {
        let mut text = String::new();
        let read = fs::read_line(&mut self.text, &mut text).map_err(|error| contradiction(&self.name, error))?;
        if !read {
            return Ok(None);
        }
        serde_json::from_str(&text).map(Some).map_err(|error| contradiction(&self.name, error))
    }

    /// All that are left, for those who read the records of a folder in the same way.
    pub fn into_items<T: DeserializeOwned>(mut self) -> impl Iterator<Item = Result<T, LayoutError>> {
        std::iter::from_fn(move || self.next::<T>().transpose()).enumerate().map(|(at, item)| {
            let wrong = |error: BundleError| LayoutError::Record {
                path: "the list in the bundle".into(),
                line: at + 1,
                reason: error.to_string(),
            };
            item.map_err(wrong)
        })
    }
}

struct Both<'a> {
    packer: zstd::stream::write::Encoder<'static, Vec<u8>>,
    seen: &'a mut dyn FnMut(&[u8]) -> std::io::Result<()>,
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.packer.write_all(bytes)?;
        (self.seen)(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn memory(error: &std::io::Error) -> Failure {
    Failure::new(Exit::INTERNAL, format!("a list cannot be held: {error}"))
}

/// A member says something else than another.
pub(super) fn contradiction(what: &str, reason: impl std::fmt::Display) -> BundleError {
    BundleError::Contradiction { what: format!("`{}`", Printable::new(what)), reason: reason.to_string() }
}

/// A member that no bundle of medsets has.
pub(super) fn refused(member: &str, rule: impl Into<String>) -> BundleError {
    BundleError::Refused { member: member.to_owned(), rule: rule.into() }
}
