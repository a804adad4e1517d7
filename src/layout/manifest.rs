//! The manifest: what `sha256sum -c` reads.
//!
//! One line per file, `<sha256>  <path>`, sorted by path. Paths are relative to the dataset
//! folder and hold no backslash or line break (see [`RelPath`]), so coreutils' escaped form
//! never occurs.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::fs::{self, Access, FsError};
use crate::values::{Algorithm, Digest, Digester, RelPath};

use super::dirs::DatasetDir;
use super::error::LayoutError;
use super::inventory::InventoryReader;
use super::lines::LineWriter;

/// One line without its line break.
pub fn line(sha256: &Digest, path: &RelPath) -> String {
    format!("{}  {path}", sha256.hex())
}

/// Reads one line as we write it; `None` when it is not of that form.
pub fn parse_line(line: &str) -> Option<(Digest, RelPath)> {
    let (hex, path) = line.split_once("  ")?;
    Some((Digest::from_hex(Algorithm::Sha256, hex).ok()?, RelPath::parse(path).ok()?))
}

/// Reads a manifest line by line; ends after the first error.
pub struct ManifestReader {
    lines: BufReader<std::fs::File>,
    path: PathBuf,
    line: usize,
    failed: bool,
}

impl ManifestReader {
    /// Opens a manifest.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        Ok(Self { lines: BufReader::new(fs::open_regular(path)?), path: path.to_path_buf(), line: 0, failed: false })
    }

    fn read(&mut self) -> Result<Option<(Digest, RelPath)>, LayoutError> {
        let mut text = String::new();
        self.line += 1;
        let is_line = match fs::read_line(&mut self.lines, &mut text) {
            Err(error) if error.kind() != std::io::ErrorKind::InvalidData => {
                return Err(FsError::new("read", &self.path, error).into());
            }
            read => read.unwrap_or(true),
        };
        if !is_line {
            return Ok(None);
        }
        let broken = || LayoutError::Record {
            path: self.path.clone(),
            line: self.line,
            reason: "it is no digest and path".to_owned(),
        };
        text.strip_suffix('\n').and_then(parse_line).map(Some).ok_or_else(broken)
    }
}

impl Iterator for ManifestReader {
    type Item = Result<(Digest, RelPath), LayoutError>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let answer = self.read().transpose();
        self.failed = matches!(answer, Some(Err(_)));
        answer
    }
}

/// The name of the tree that the inventory of a dataset folder speaks of: SHA-256 of its manifest.
pub fn tree_by_inventory(dir: &DatasetDir) -> Result<Digest, LayoutError> {
    let mut tree = Digester::new(Algorithm::Sha256, None);
    by_inventory(dir, &mut |line| {
        tree.update(line.as_bytes());
        tree.update(b"\n");
        Ok(())
    })?;
    Ok(tree.finish())
}

/// Writes the manifest anew from the inventory, where that speaks of this tree; says whether it
/// does. Otherwise, and after a failure, what is there stays. Only for whoever holds the dataset's
/// lease.
pub fn renew(dir: &DatasetDir, tree: Digest) -> Result<bool, LayoutError> {
    let fresh = dir.records().join(fs::fresh_name(fs::RECORD));
    let write = || {
        let mut lines = LineWriter::create(&fresh, Access::of(&dir.receipt_path())?)?;
        by_inventory(dir, &mut |line| lines.write(line))?;
        let is_it = lines.finish()? == tree;
        if is_it {
            fs::rename(&fresh, &dir.manifest_path())?;
        }
        Ok(is_it)
    };
    let written = write();
    if !matches!(written, Ok(true)) {
        fs::remove_file(&fresh)?;
    }
    written
}

fn by_inventory(dir: &DatasetDir, take: &mut dyn FnMut(&str) -> Result<(), FsError>) -> Result<(), LayoutError> {
    for record in InventoryReader::open(&dir.inventory_path())? {
        let record = record?;
        if record.kind.is_file() {
            take(&line(&record.sha256, &record.path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_same_line() {
        let path = RelPath::parse("data/a b/ü.txt").unwrap();
        let digest = Digest::sha256(b"x");
        assert_eq!(parse_line(&line(&digest, &path)), Some((digest, path)));
        assert_eq!(parse_line("abc  data/x"), None);
        assert_eq!(parse_line(&format!("{}  ../x", digest.hex())), None);
    }
}
