//! Reading a bundle in one pass, and believing nothing of it.

use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::fs::{self, FsError};
use crate::values::{Algorithm, ByteSize, Digest, Digester};

use super::block::{self, BLOCK, Said, padding};
use super::error::BundleError;
use super::format::{HEAD, Head, INDEX, IndexPin, SCHEMA};
use super::index::{Index, IndexBuilder, Line, Lines};

/// How much is somewhere in a bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Members.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
}

/// A bundle that is being read.
pub struct BundleReader {
    input: Box<dyn Read + Send>,
    path: PathBuf,
    pin: IndexPin,
    index: Index,
    lines: Lines,
    members: u64,
    bytes: ByteSize,
    at: Option<String>,
    buffer: Vec<u8>,
}

impl BundleReader {
    /// Reads the head and the index of a file.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        Self::of(fs::open_regular(path)?, path)
    }

    /// Reads the head and the index of bytes that come once; `name` stands for them in errors.
    pub fn of(mut input: impl Read + Send + 'static, name: &Path) -> Result<Self, BundleError> {
        let path = name;
        let mut magic = [0; 4];
        match input.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => {}
            Err(error) if fs::stop::is_stop(&error) => return Err(FsError::new("read", path, error).into()),
            _ => return Err(BundleError::NotABundle { reason: "it does not begin as zstd does" }),
        }
        let whole = BufReader::with_capacity(256 << 10, io::Cursor::new(magic).chain(input));
        let input =
            zstd::stream::read::Decoder::with_buffer(whole).map_err(|error| FsError::new("read", path, error))?;
        let empty = IndexBuilder::new()?.finish()?;
        let mut reader = Self {
            // A few packed bytes may be many.
            input: Box::new(fs::Stoppable(input)),
            path: path.to_path_buf(),
            pin: empty.pin(),
            lines: empty.lines()?,
            index: empty,
            members: 0,
            bytes: ByteSize::ZERO,
            at: None,
            buffer: vec![0; 256 << 10],
        };
        reader.pin = reader.read_head()?;
        reader.index = reader.read_index()?;
        reader.lines = reader.index.lines()?;
        Ok(reader)
    }

    /// What the head says of the index: its digest names every byte of the bundle.
    pub fn pin(&self) -> IndexPin {
        self.pin
    }

    /// How much lies below each of these paths, which are in the order of the index, by the index
    /// alone: what follows in the stream can be no more.
    pub fn amounts(&self, prefixes: &[String]) -> Result<Vec<Amount>, BundleError> {
        let mut amounts = vec![Amount::default(); prefixes.len()];
        let mut at = 0;
        for line in self.index.lines()? {
            let line = line?;
            let path = line.path.as_str();
            while prefixes.get(at).is_some_and(|prefix| !path.starts_with(prefix) && path > prefix.as_str()) {
                at += 1;
            }
            if prefixes.get(at).is_some_and(|prefix| path.starts_with(prefix)) {
                amounts[at].files += 1;
                amounts[at].bytes = amounts[at].bytes.saturating_add(line.size);
            }
        }
        Ok(amounts)
    }

    fn read_head(&mut self) -> Result<IndexPin, BundleError> {
        let size = match self.header() {
            Ok(Some((name, size))) if name == HEAD && size <= HEAD_LIMIT => size,
            Err(error @ (BundleError::Fs(_) | BundleError::Stream { .. } | BundleError::Truncated { .. })) => {
                return Err(error);
            }
            _ => return Err(BundleError::NotABundle { reason: "its first member is no `bundle.json`" }),
        };
        let mut text = Vec::new();
        self.copy(size, &mut text)?;
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) if other.starts_with("medsets/bundle/") => {
                return Err(BundleError::Newer { found: other.to_owned() });
            }
            _ => return Err(BundleError::NotABundle { reason: "its `bundle.json` names no format" }),
        }
        let head: Head = serde_json::from_value(value).map_err(|error| contradiction(HEAD, error.to_string()))?;
        Ok(head.index)
    }

    fn read_index(&mut self) -> Result<Index, BundleError> {
        let pinned = self.pin;
        match self.header()? {
            Some((name, size)) if name == INDEX && size == pinned.size.0 && size <= INDEX_LIMIT => {}
            Some((name, _)) if name == INDEX => {
                return Err(contradiction(INDEX, "its size is another than the head says".to_owned()));
            }
            _ => return Err(refused(INDEX, "the index must be the second member")),
        }
        let mut builder = IndexBuilder::new()?;
        let mut left = pinned.size.0;
        while left > 0 {
            let want = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let mut buffer = std::mem::take(&mut self.buffer);
            let outcome = self.fill(&mut buffer[..want]);
            let taken = outcome.and_then(|()| builder.take(&buffer[..want]));
            self.buffer = buffer;
            taken?;
            left -= want as u64;
        }
        self.skip_padding(pinned.size.0)?;
        let index = builder.finish()?;
        if index.pin().sha256 != pinned.sha256 {
            let (expected, found) = (pinned.sha256, index.pin().sha256);
            return Err(BundleError::Mismatch { path: INDEX.to_owned(), expected, found });
        }
        Ok(index)
    }

    /// The next member of the index, whose bytes follow in the stream; `None` behind the last.
    /// Its bytes must be taken with [`BundleReader::take`] before the next is asked for.
    pub fn next_member(&mut self) -> Result<Option<Line>, BundleError> {
        let header = self.header()?;
        let line = self.lines.next().transpose()?;
        match (header, line) {
            (Some((name, size)), Some(line)) if name == line.path.as_str() => {
                if size != line.size.0 {
                    return Err(contradiction(&name, format!("it has {} bytes, by the index {}", size, line.size.0)));
                }
                self.members += 1;
                self.bytes = self.bytes.saturating_add(line.size);
                if self.members > self.pin.members || self.bytes > self.pin.bytes {
                    return Err(contradiction(INDEX, "it names more than the head says".to_owned()));
                }
                Ok(Some(line))
            }
            (Some((name, _)), _) => Err(refused(&name, "the index does not name it here")),
            (None, Some(line)) => Err(BundleError::Truncated { at: Some(line.path.to_string()) }),
            (None, None) => self.end().map(|()| None),
        }
    }

    /// Hands the bytes of a member to `sink` as they are proven against the size; fails behind
    /// the last of them where their digest is not the index's.
    pub fn take(&mut self, line: &Line, sink: &mut dyn Write) -> Result<(), BundleError> {
        let found = self.copy(line.size.0, sink)?;
        if found == line.sha256 {
            return Ok(());
        }
        Err(BundleError::Mismatch { path: line.path.to_string(), expected: line.sha256, found })
    }

    fn copy(&mut self, size: u64, sink: &mut dyn Write) -> Result<Digest, BundleError> {
        let mut digester = Digester::new(Algorithm::Sha256, None);
        let mut left = size;
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = loop {
            if left == 0 {
                break Ok(());
            }
            let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if let Err(error) = self.fill(&mut buffer[..want]) {
                break Err(error);
            }
            digester.update(&buffer[..want]);
            if let Err(error) = sink.write_all(&buffer[..want]) {
                break Err(FsError::new("write", Path::new(self.at.as_deref().unwrap_or_default()), error).into());
            }
            left -= want as u64;
        };
        self.buffer = buffer;
        outcome?;
        self.skip_padding(size)?;
        Ok(digester.finish())
    }

    /// The name and size of the next member; `None` at the end.
    fn header(&mut self) -> Result<Option<(String, u64)>, BundleError> {
        let mut long = None;
        loop {
            let mut bytes = [0; BLOCK];
            self.fill(&mut bytes)?;
            let at = self.at.clone().unwrap_or_else(|| HEAD.to_owned());
            match block::read(&bytes).map_err(|rule| refused(&format!("what follows `{at}`"), rule))? {
                Said::End if long.is_none() => return Ok(None),
                Said::LongName(size) if long.is_none() => {
                    let mut name = vec![0; size as usize];
                    self.fill(&mut name)?;
                    self.skip_padding(size)?;
                    if name.pop() != Some(0) {
                        return Err(refused(&at, "the long name after it has no end"));
                    }
                    long = Some(name);
                }
                Said::File(short, size) => {
                    let name = match long {
                        Some(name) if name.starts_with(&short) => name,
                        Some(_) => return Err(refused(&at, "the two names of the member after it differ")),
                        None => short,
                    };
                    let name = String::from_utf8(name).map_err(|_| refused(&at, "the name after it is not UTF-8"))?;
                    self.at = Some(name.clone());
                    return Ok(Some((name, size)));
                }
                _ => return Err(refused(&at, "what follows it has no member")),
            }
        }
    }

    /// Behind the last member: zeros to the end, and all that the head promised.
    fn end(&mut self) -> Result<(), BundleError> {
        if (self.members, self.bytes) != (self.pin.members, self.pin.bytes) {
            return Err(contradiction(INDEX, "it names less than the head says".to_owned()));
        }
        let mut second = [0; BLOCK];
        self.fill(&mut second)?;
        let mut rest = second.to_vec();
        loop {
            if rest.iter().any(|byte| *byte != 0) {
                return Err(refused("the end", "nothing but zeros may follow the last member"));
            }
            rest.resize(BLOCK, 0);
            let read = self.input.read(&mut rest).map_err(|error| self.failed(error))?;
            rest.truncate(read);
            if read == 0 {
                return Ok(());
            }
        }
    }

    fn skip_padding(&mut self, size: u64) -> Result<(), BundleError> {
        let mut zeros = [0; BLOCK];
        let zeros = &mut zeros[..padding(size)];
        self.fill(zeros)?;
        match zeros.iter().all(|byte| *byte == 0) {
            true => Ok(()),
            false => Err(refused(self.at.as_deref().unwrap_or(HEAD), "what fills its last block is not zero")),
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), BundleError> {
        self.input.read_exact(buffer).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> BundleError {
        let at = self.at.clone();
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return BundleError::Truncated { at };
        }
        // What the system says has a number; all else are the decompressor's words.
        match error.raw_os_error() {
            Some(_) => FsError::new("read", &self.path, error).into(),
            None if fs::stop::is_stop(&error) => FsError::new("read", &self.path, error).into(),
            None if error.to_string().contains("incomplete frame") => BundleError::Truncated { at },
            None => BundleError::Stream { at, reason: error.to_string() },
        }
    }
}

fn contradiction(what: &str, reason: String) -> BundleError {
    BundleError::Contradiction { what: format!("`{}`", crate::values::Printable::new(what)), reason }
}

fn refused(member: &str, rule: &str) -> BundleError {
    BundleError::Refused { member: member.to_owned(), rule: rule.to_owned() }
}

/// How a zstd frame begins.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The largest head, in bytes.
const HEAD_LIMIT: u64 = 64 << 10;

/// The largest index, in bytes: 4 GiB, tens of millions of members.
const INDEX_LIMIT: u64 = 4 << 30;

#[cfg(test)]
mod tests;
