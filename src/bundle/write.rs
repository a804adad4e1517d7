//! Writing a bundle in one pass: what is read is hashed and written, and must be what the index
//! says.

use std::io::{self, Read, Write};
use std::path::Path;

use crate::fs::{self, FsError};
use crate::values::{Algorithm, Digest, Digester};

use super::block::{BLOCK, header, padding};
use super::error::BundleError;
use super::format::{HEAD, Head, INDEX, SCHEMA};
use super::index::{Index, Line};

/// A tar that is being written, before it is compressed.
pub struct BundleWriter<W> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> BundleWriter<W> {
    /// Begins with the head and the index.
    pub fn begin(out: W, index: &Index) -> Result<Self, BundleError> {
        let mut writer = Self { out, buffer: vec![0; 256 << 10] };
        let tool = format!("medsets {}", env!("CARGO_PKG_VERSION"));
        let head = Head { schema: SCHEMA.to_owned(), tool, index: index.pin() };
        let mut text = serde_json::to_vec_pretty(&head).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        writer.put(HEAD, text.len() as u64, &mut text.as_slice())?;
        writer.put(INDEX, index.pin().size.0, &mut index.open()?)?;
        Ok(writer)
    }

    /// Adds the next member of the index. Fails when it has other bytes than the index says.
    pub fn member(&mut self, line: &Line, from: &mut dyn Read) -> Result<(), BundleError> {
        let found = self.put(line.path.as_str(), line.size.0, from)?;
        match found {
            Some(found) if found == line.sha256 => Ok(()),
            Some(found) => Err(BundleError::Changed { path: line.path.clone(), expected: line.sha256, found }),
            None => Err(BundleError::Resized { path: line.path.clone() }),
        }
    }

    /// Writes a member; `None` when it has another size.
    fn put(&mut self, path: &str, size: u64, from: &mut dyn Read) -> Result<Option<Digest>, BundleError> {
        self.out.write_all(&header(path, size)).map_err(failed)?;
        let mut digester = Digester::new(Algorithm::Sha256, None);
        let mut left = size;
        let mut from = fs::Stoppable(from);
        loop {
            let read = match from.read(&mut self.buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(FsError::new("read", Path::new(path), error).into()),
            };
            if read as u64 > left {
                return Ok(None);
            }
            if read == 0 {
                break;
            }
            digester.update(&self.buffer[..read]);
            self.out.write_all(&self.buffer[..read]).map_err(failed)?;
            left -= read as u64;
        }
        self.out.write_all(&[0; BLOCK][..padding(size)]).map_err(failed)?;
        Ok((left == 0).then(|| digester.finish()))
    }

    /// Ends the tar.
    pub fn finish(mut self) -> Result<W, BundleError> {
        self.out.write_all(&[0; 2 * BLOCK]).and_then(|()| self.out.flush()).map_err(failed)?;
        Ok(self.out)
    }
}

fn failed(error: io::Error) -> BundleError {
    FsError::new("write", Path::new("the bundle"), error).into()
}
