//! The lines of a ledger's file: all of them one by one, or only the last ones.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use crate::fs::{self, FsError, FsErrorKind, PositionalFile};

use super::Entry;

/// No line of ours is longer. A longer one is handed on in pieces, which are no entries.
pub(super) const LONGEST: usize = 1 << 20;

/// The last lines of a file.
pub(super) struct Window {
    bytes: Vec<u8>,
    /// Whether these are all lines of the file.
    pub(super) from_start: bool,
    /// Length of the file.
    pub(super) end: u64,
}

impl Window {
    /// The lines, each with its line break.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.split_inclusive(|byte| *byte == b'\n')
    }

    /// Whether the last line has no line break.
    pub(super) fn is_torn(&self) -> bool {
        self.bytes.last().is_some_and(|byte| *byte != b'\n')
    }
}

/// The last `count` lines of a file (and what stands behind the last line break); none where
/// no file is. Reads from the end, so the size of the file does not matter.
pub(super) fn window(path: &Path, count: usize) -> Result<Window, FsError> {
    let Some(file) = if_present(PositionalFile::open(path))? else {
        return Ok(Window { bytes: Vec::new(), from_start: true, end: 0 });
    };
    let length = file.len()?;
    let mut size = 16 << 10;
    loop {
        let start = length.saturating_sub(size);
        let mut bytes = read_from(&file, start, length)?;
        let breaks: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'\n').collect();
        let enough = breaks.len() > count;
        if enough || start == 0 || size >= 2 * LONGEST as u64 {
            // Cut behind the line break that stands before the first line wanted.
            let from = if enough { breaks[breaks.len() - 1 - count] + 1 } else { 0 };
            bytes.drain(..from);
            return Ok(Window { bytes, from_start: start == 0 && from == 0, end: length });
        }
        size *= 2;
    }
}

/// Calls `visit` for each line before position `end`, with its line break. No file has no lines.
pub(super) fn each(path: &Path, end: u64, visit: &mut dyn FnMut(&[u8])) -> Result<(), FsError> {
    let Some(file) = if_present(fs::open_regular(path))? else { return Ok(()) };
    let mut reader = BufReader::with_capacity(256 << 10, file.take(end));
    let mut line = Vec::new();
    loop {
        line.clear();
        let failed = |error| FsError::new("read", path, error);
        if reader.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(());
        }
        visit(&line);
    }
}

/// All bytes from a position on.
pub(super) fn bytes_from(path: &Path, start: u64) -> Result<Vec<u8>, FsError> {
    let file = PositionalFile::open(path)?;
    read_from(&file, start, file.len()?)
}

/// A whole line as an entry, if it is one whose form is known here.
pub(super) fn entry(line: &[u8]) -> Option<(&str, Entry)> {
    let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    Some((text, serde_json::from_str(text).ok()?))
}

fn read_from(file: &PositionalFile, start: u64, end: u64) -> Result<Vec<u8>, FsError> {
    let mut bytes = vec![0; end.saturating_sub(start) as usize];
    let mut held = 0;
    while held < bytes.len() {
        match file.read_at(&mut bytes[held..], start + held as u64)? {
            0 => break,
            count => held += count,
        }
    }
    bytes.truncate(held);
    Ok(bytes)
}

fn if_present<T>(result: Result<T, FsError>) -> Result<Option<T>, FsError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == FsErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
