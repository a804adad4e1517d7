//! Records as lines of text: written one by one and hashed on the way, read one by one.
//!
//! A dataset may have a million files; no list of them is ever held as a text.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fs::{self, Access, FsError};
use crate::values::{Algorithm, Digest, Digester};

use super::error::LayoutError;

/// Writes lines to a new file.
pub struct LineWriter {
    out: BufWriter<File>,
    digester: Digester,
    path: PathBuf,
}

impl LineWriter {
    /// Begins a file, which must not exist.
    pub fn create(path: &Path, access: Access) -> Result<Self, FsError> {
        let digester = Digester::new(Algorithm::Sha256, None);
        Ok(Self { out: BufWriter::new(fs::create_new(path, access)?), digester, path: path.to_path_buf() })
    }

    /// Adds a line, which has no line break.
    pub fn write(&mut self, line: &str) -> Result<(), FsError> {
        self.digester.update(line.as_bytes());
        self.digester.update(b"\n");
        writeln!(self.out, "{line}").map_err(|error| self.failed(error))
    }

    /// Adds a value as a line of JSON.
    pub fn write_json(&mut self, value: &impl Serialize) -> Result<(), FsError> {
        let line = serde_json::to_string(value).map_err(|error| self.failed(error.into()))?;
        self.write(&line)
    }

    /// Ends the file and makes it last. Gives the SHA-256 of its bytes.
    pub fn finish(mut self) -> Result<Digest, FsError> {
        self.out.flush().and_then(|()| self.out.get_ref().sync_all()).map_err(|error| self.failed(error))?;
        Ok(self.digester.finish())
    }

    fn failed(&self, error: std::io::Error) -> FsError {
        FsError::new("write", &self.path, error)
    }
}

/// Reads values that are lines of JSON; ends after the first error.
pub struct JsonLines<T> {
    lines: BufReader<File>,
    path: PathBuf,
    line: usize,
    failed: bool,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> JsonLines<T> {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        let (lines, path) = (BufReader::new(fs::open_regular(path)?), path.to_path_buf());
        Ok(Self { lines, path, line: 0, failed: false, of: PhantomData })
    }

    fn read(&mut self) -> Result<Option<T>, LayoutError> {
        let mut text = String::new();
        self.line += 1;
        match fs::read_line(&mut self.lines, &mut text) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(LayoutError::Record {
                    path: self.path.clone(),
                    line: self.line,
                    reason: error.to_string(),
                });
            }
            Err(error) => return Err(FsError::new("read", &self.path, error).into()),
        }
        serde_json::from_str(&text).map(Some).map_err(|error| LayoutError::Record {
            path: self.path.clone(),
            line: self.line,
            reason: error.to_string(),
        })
    }
}

impl<T: DeserializeOwned> Iterator for JsonLines<T> {
    type Item = Result<T, LayoutError>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let answer = self.read().transpose();
        self.failed = matches!(answer, Some(Err(_)));
        answer
    }
}
