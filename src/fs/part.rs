//! A file written and read at positions, from several threads at once.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::{Doing, FsError};
use super::write::Access;

/// An open file that remembers its path for errors. All access is by position (`pread`,
/// `pwrite`), so threads share it without a lock.
#[derive(Debug)]
pub struct PositionalFile {
    file: File,
    path: PathBuf,
}

impl PositionalFile {
    /// Opens for reading and writing, creating it empty where nothing is. Existing bytes stay.
    pub fn open_or_create(path: &Path, access: Access) -> Result<Self, FsError> {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(access.file_mode())
            .open(path)
            .doing("open", path)?;
        access.settle(&file, access.file_mode(), path)?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Opens for reading only. What is no regular file is refused.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        Ok(Self { file: super::open_regular(path)?, path: path.to_path_buf() })
    }

    /// Writes all of `bytes` at `offset`.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), FsError> {
        self.file.write_all_at(bytes, offset).doing("write", &self.path)
    }

    /// Reads up to the buffer's length at `offset`; zero at the end.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, FsError> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => return other.doing("read", &self.path),
            }
        }
    }

    /// The present length in bytes.
    pub fn len(&self) -> Result<u64, FsError> {
        Ok(self.file.metadata().doing("look at", &self.path)?.len())
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> Result<bool, FsError> {
        Ok(self.len()? == 0)
    }

    /// Cuts or extends it to `length` bytes. Extending makes a hole, no bytes are written.
    pub fn set_len(&self, length: u64) -> Result<(), FsError> {
        self.file.set_len(length).doing("resize", &self.path)
    }

    /// Makes written bytes last through a power cut. A failure must not be repeated and then
    /// believed: the bytes are lost, and the file is to be written again.
    pub fn sync_data(&self) -> Result<(), FsError> {
        self.file.sync_data().doing("sync", &self.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
