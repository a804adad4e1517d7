//! The bytes of an archive by position, whether it is one file or several parts.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fs::PositionalFile;

use super::error::Fault;

/// One or several files seen as one, or a few stretches of a file that is elsewhere; shared by
/// threads, since every read names its place.
pub(super) struct Source {
    /// In the order of the whole.
    stretches: Vec<Stretch>,
    /// Where each file of a split archive begins.
    parts: Vec<u64>,
    length: u64,
}

/// Bytes that follow each other in the whole and in a file.
struct Stretch {
    file: Arc<PositionalFile>,
    /// Its place in the whole.
    start: u64,
    length: u64,
    /// Its place in the file.
    at: u64,
}

impl Source {
    /// Opens the files in order.
    pub(super) fn open<P: AsRef<Path>>(paths: &[P]) -> Result<Self, Fault> {
        let mut stretches = Vec::with_capacity(paths.len());
        let mut length = 0;
        for path in paths {
            let file = PositionalFile::open(path.as_ref())?;
            let stretch = Stretch { start: length, length: file.len()?, at: 0, file: Arc::new(file) };
            length += stretch.length;
            stretches.push(stretch);
        }
        let parts = stretches.iter().map(|stretch| stretch.start).collect();
        Ok(Self { stretches, parts, length })
    }

    /// Opens what is here of a file of `length` bytes: files, each with the ranges of the whole
    /// that lie in it one behind the other. No two ranges share bytes.
    pub(super) fn open_stretches(length: u64, held: &[(PathBuf, Vec<(u64, u64)>)]) -> Result<Self, Fault> {
        let mut stretches = Vec::new();
        for (path, ranges) in held.iter().filter(|(_, ranges)| !ranges.is_empty()) {
            let file = Arc::new(PositionalFile::open(path)?);
            let mut at = 0;
            for (from, until) in ranges {
                stretches.push(Stretch { file: file.clone(), start: *from, length: until - from, at });
                at += until - from;
            }
        }
        stretches.sort_by_key(|stretch| stretch.start);
        Ok(Self { stretches, parts: vec![0], length })
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
        self.parts.get(part).copied()
    }

    /// The path of the last part, which names the archive.
    pub(super) fn path(&self) -> PathBuf {
        self.stretches.last().map(|stretch| stretch.file.path().to_path_buf()).unwrap_or_default()
    }

    /// Refuses a range of which not all is here.
    pub(super) fn check_held(&self, from: u64, until: u64) -> Result<(), Fault> {
        let mut at = from;
        for stretch in &self.stretches {
            if stretch.start <= at && at < stretch.start + stretch.length {
                at = stretch.start + stretch.length;
            }
        }
        if at < until { Err(Fault::NotHeld { from, until }) } else { Ok(()) }
    }

    /// Reads some bytes at a place; zero at the end.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Fault> {
        let after = self.stretches.partition_point(|stretch| stretch.start <= offset);
        let held = self.stretches[..after].last().map(|stretch| (stretch, offset - stretch.start));
        match held.filter(|(stretch, inside)| *inside < stretch.length) {
            Some((stretch, inside)) => {
                let most = buffer.len().min(usize::try_from(stretch.length - inside).unwrap_or(usize::MAX));
                Ok(stretch.file.read_at(&mut buffer[..most], stretch.at + inside)?)
            }
            None if offset >= self.length => Ok(0),
            None => {
                Err(Fault::NotHeld { from: offset, until: self.length.min(offset.saturating_add(buffer.len() as u64)) })
            }
        }
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
