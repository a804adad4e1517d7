//! Folders and files on disk, each member hashed as it is written.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::fs::{Access, Folder, FsError};

use super::error::Fault;
use super::members::Modified;

/// A place to write below, with the folders last used held open. One for each thread.
pub(super) struct Tree {
    root: Folder,
    access: Access,
    /// From the root down to the folder of the last member.
    open: Vec<(String, Folder)>,
}

impl Tree {
    /// Writes below `root`, which exists.
    pub(super) fn new(root: &std::path::Path, access: Access) -> Result<Self, Fault> {
        Ok(Self { root: Folder::open(root)?, access, open: Vec::new() })
    }

    /// Creates a file at a path below the root, and the folders above it. Nothing may be
    /// there yet.
    pub(super) fn create(&mut self, path: &str) -> Result<NewFile, Fault> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let access = self.access;
        let folder = self.descend(folder)?;
        let file = folder.create_new(name, access)?;
        Ok(NewFile { file, path: folder.path().join(name) })
    }

    /// Makes the folders of a path below the root.
    pub(super) fn make_folders(&mut self, folder: &str) -> Result<(), Fault> {
        self.descend(folder).map(|_| ())
    }

    /// Opens the folder, keeping what it shares with the last one.
    fn descend(&mut self, folder: &str) -> Result<&Folder, Fault> {
        let names = || folder.split('/').filter(|name| !name.is_empty());
        let shared = self.open.iter().zip(names()).take_while(|((open, _), name)| open == name).count();
        self.open.truncate(shared);
        for name in names().skip(shared) {
            let parent = self.open.last().map_or(&self.root, |(_, folder)| folder);
            let made = parent.make(name, self.access)?;
            self.open.push((name.to_owned(), made));
        }
        Ok(self.open.last().map_or(&self.root, |(_, folder)| folder))
    }

    /// Writes a small file in one go and answers its SHA-256.
    pub(super) fn write(&mut self, path: &str, bytes: &[u8], modified: Modified) -> Result<[u8; 32], Fault> {
        let mut file = self.create(path)?;
        file.write(bytes)?;
        file.close(modified);
        Ok(Sha256::digest(bytes).into())
    }
}

/// A file being written; it knows its path for errors.
pub(super) struct NewFile {
    file: File,
    path: PathBuf,
}

impl NewFile {
    /// Writes all bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        self.file.write_all(bytes).map_err(|error| FsError::new("write", &self.path, error))
    }

    /// Gives it the time of the archive. A file system that cannot take it keeps the file.
    fn close(self, modified: Modified) {
        if let Some(time) = modified.time() {
            let _ = self.file.set_modified(time);
        }
    }
}

/// A member on its way to disk, or to nowhere where only its digest is wanted.
pub(super) struct Outlet {
    file: Option<NewFile>,
    sha256: Sha256,
    crc32: Option<crc32fast::Hasher>,
    /// Bytes it may still take.
    left: u64,
}

impl Outlet {
    /// Takes exactly `size` bytes. `crc32`: whether to compute that too.
    pub(super) fn new(file: Option<NewFile>, size: u64, crc32: bool) -> Self {
        Self { file, sha256: Sha256::new(), crc32: crc32.then(crc32fast::Hasher::new), left: size }
    }

    /// Takes the next bytes; refuses what is more than was declared, before writing it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| Fault::refused("it holds more bytes than it declares"))?;
        if let Some(crc32) = &mut self.crc32 {
            crc32.update(bytes);
        }
        self.sha256.update(bytes);
        if let Some(file) = &mut self.file {
            file.write(bytes)?;
        }
        Ok(())
    }

    /// Ends the member: SHA-256, and CRC-32 where it was asked for.
    pub(super) fn finish(self, modified: Modified) -> Result<([u8; 32], u32), Fault> {
        if self.left > 0 {
            return Err(Fault::damaged(format!("it ends {} bytes before its declared size", self.left)));
        }
        if let Some(file) = self.file {
            file.close(modified);
        }
        Ok((self.sha256.finalize().into(), self.crc32.map_or(0, crc32fast::Hasher::finalize)))
    }
}

impl Outlet {
    /// Ends a member whose size was not declared: its SHA-256.
    pub(super) fn finish_early(self) -> [u8; 32] {
        self.sha256.finalize().into()
    }
}

/// Digests of members by their number, filled from many threads.
#[derive(Default)]
pub(super) struct Digests(Mutex<Vec<[u8; 32]>>);

impl Digests {
    /// Room for so many.
    pub(super) fn with_capacity(members: usize) -> Self {
        Self(Mutex::new(Vec::with_capacity(members)))
    }

    /// Notes digests of some members.
    pub(super) fn note(&self, found: &[(u32, [u8; 32])]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, digest) in found {
            let index = *id as usize;
            if all.len() <= index {
                all.resize(index + 1, [0; 32]);
            }
            all[index] = *digest;
        }
    }

    /// All of them, by number.
    pub(super) fn take_all(&self) -> Vec<[u8; 32]> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
