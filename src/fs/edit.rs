//! Files that people keep and the program edits: read whole, replaced whole, by one at a time.

use std::fs::{File, Permissions, TryLockError};
use std::io::{Error, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::{Doing, FsError, not_a_file};
use super::unfinished::{FRESH, make_held_file};

/// A file that is open for an edit. Other runs wait until it is dropped.
///
/// The lock is a courtesy between runs of this program; other programs do not look at it.
#[derive(Debug)]
pub struct Edit {
    /// The file itself, links followed.
    place: PathBuf,
    permissions: Permissions,
    _locked: File,
}

impl Edit {
    /// Opens a regular file, links followed, and reads it. Waits for another run that edits it;
    /// `None` when that is not done in time. Fails where the person may not write it.
    pub fn open(path: &Path, limit: u64) -> Result<Option<(Self, Vec<u8>)>, FsError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let place = super::canonical(path)?;
            let file = open(&place)?;
            let found = file.metadata().doing("look at", &place)?;
            if !found.is_file() {
                return Err(FsError::new("edit", path, not_a_file(found.file_type())));
            }
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                // Where there are no locks nobody else is seen.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // The run that was waited for has put another file in its place.
            let is_same =
                std::fs::metadata(&place).is_ok_and(|now| (now.dev(), now.ino()) == (found.dev(), found.ino()));
            if !is_same && Instant::now() < deadline {
                continue;
            }
            let mut bytes = Vec::new();
            (&file).take(limit + 1).read_to_end(&mut bytes).doing("read", path)?;
            if bytes.len() as u64 > limit {
                let reason = format!("it is larger than {}", crate::values::ByteSize(limit));
                return Err(FsError::new("edit", path, Error::new(ErrorKind::FileTooLarge, reason)));
            }
            return Ok(Some((Self { place, permissions: found.permissions(), _locked: file }, bytes)));
        }
    }

    /// Puts these bytes in place of the file's in one step, its permission bits kept. After a
    /// failure the file is as it was.
    pub fn replace(self, bytes: &[u8]) -> Result<(), FsError> {
        let folder = self.place.parent().unwrap_or(Path::new("/"));
        let mut fresh = make_held_file(folder, FRESH, &self.permissions)?;
        // The umask may have taken bits away.
        fresh.as_file().set_permissions(self.permissions.clone()).doing("set the mode of", &self.place)?;
        fresh.write_all(bytes).doing("write", &self.place)?;
        fresh.as_file().sync_all().doing("sync", &self.place)?;
        fresh.persist(&self.place).map_err(|error| FsError::new("replace", &self.place, error.error))?;
        super::sync_dir(folder)
    }
}

/// For writing too, so that a file that may not be written is told before it is read.
fn open(place: &Path) -> Result<File, FsError> {
    // The flag has no meaning for files, and lets the open of a FIFO return.
    let at_once = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    std::fs::OpenOptions::new().read(true).write(true).custom_flags(at_once).open(place).doing("edit", place)
}

/// An edit takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn an_edit_keeps_the_mode_and_goes_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "one").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        let (edit, bytes) = Edit::open(&link, 100).unwrap().unwrap();
        assert_eq!(bytes, b"one");
        edit.replace(b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o664);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
        assert!(Edit::open(folder.path(), 100).is_err());
        assert!(Edit::open(&file, 2).unwrap_err().to_string().contains("larger"));
    }

    #[test]
    fn edits_at_once_all_count() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let (edit, mut bytes) = Edit::open(&file, 100).unwrap().unwrap();
                        bytes.push(b'x');
                        edit.replace(&bytes).unwrap();
                    }
                });
            }
        });
        assert_eq!(std::fs::read(&file).unwrap().len(), 40);
    }
}
