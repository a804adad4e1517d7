//! The bytes of an archive by position, whether it is one file or several parts.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::fs::PositionalFile;

use super::error::Fault;

/// One or several files seen as one; shared by threads, since every read names its place.
pub(super) struct Source {
    parts: Vec<Part>,
    length: u64,
}

/// A file and where it begins in the whole.
struct Part {
    file: PositionalFile,
    start: u64,
}

impl Source {
    /// Opens the files in order.
    pub(super) fn open<P: AsRef<Path>>(paths: &[P]) -> Result<Self, Fault> {
        let mut parts = Vec::with_capacity(paths.len());
        let mut length = 0;
        for path in paths {
            let file = PositionalFile::open(path.as_ref())?;
            let start = length;
            length += file.len()?;
            parts.push(Part { file, start });
        }
        Ok(Self { parts, length })
    }

    /// Bytes in all.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many files it is.
    pub(super) fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Where a part begins.
    pub(super) fn part_start(&self, part: usize) -> Option<u64> {
        self.parts.get(part).map(|part| part.start)
    }

    /// The path of the last part, which names the archive.
    pub(super) fn path(&self) -> PathBuf {
        self.parts.last().map(|part| part.file.path().to_path_buf()).unwrap_or_default()
    }

    /// Reads some bytes at a place; zero at the end.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Fault> {
        let after = self.parts.partition_point(|part| part.start <= offset);
        let Some(part) = self.parts[..after].last() else { return Ok(0) };
        Ok(part.file.read_at(buffer, offset - part.start)?)
    }

    /// Fills the whole buffer from a place.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), Fault> {
        let mut filled = 0;
        while filled < buffer.len() {
            let read = self.read_at(&mut buffer[filled..], offset + filled as u64)?;
            if read == 0 {
                return Err(Fault::truncated("the file ends before what its directory names"));
            }
            filled += read;
        }
        Ok(())
    }

    /// Some bytes at a place, as many as there are.
    pub(super) fn up_to(&self, offset: u64, limit: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; limit.min(usize::try_from(self.length.saturating_sub(offset)).unwrap_or(limit))];
        self.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// A reader over a range.
    pub(super) fn reader(&self, start: u64, end: u64) -> SourceReader<&Self> {
        SourceReader { source: self, at: start, end: end.min(self.length), start }
    }

    /// A reader over everything that owns the files.
    pub(super) fn into_reader(self) -> SourceReader<Self> {
        let end = self.length;
        SourceReader { source: self, at: 0, end, start: 0 }
    }
}

/// Reads a range of a [`Source`] in order.
pub(super) struct SourceReader<S> {
    source: S,
    start: u64,
    at: u64,
    end: u64,
}

impl<S: std::borrow::Borrow<Source>> Read for SourceReader<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = (self.end - self.at).min(buffer.len() as u64) as usize;
        if room == 0 {
            return Ok(0);
        }
        let read = self.source.borrow().read_at(&mut buffer[..room], self.at).map_err(|fault| match fault {
            Fault::Fs(error) => io::Error::other(error),
            _ => io::ErrorKind::UnexpectedEof.into(),
        })?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<S: std::borrow::Borrow<Source>> Seek for SourceReader<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = self.end - self.start;
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => length.checked_add_signed(by),
            SeekFrom::Current(by) => (self.at - self.start).checked_add_signed(by),
        };
        let place = place.ok_or(io::ErrorKind::InvalidInput)?;
        self.at = self.start + place.min(length);
        Ok(self.at - self.start)
    }
}
