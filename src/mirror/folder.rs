//! A mirror that is a folder, reached like any other files.
//!
//! Others write into it too. Only regular files are opened, so that nothing hangs on a FIFO, and
//! a name that is no folder of ours is passed over. What is written lies under a name of its own
//! in `uploads/` until it is whole; what a killed run left there is swept by the next push of the
//! same machine, where the kernel's lock tells that nobody writes it, and by any push after an hour.

use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;

use crate::fs::{self, Access, FsError, FsErrorKind};
use crate::values::ByteSize;

use super::address::MirrorUrl;
use super::error::MirrorError;
use super::outgoing::Leftovers;

/// A folder as a place of objects.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
    url: MirrorUrl,
}

/// A file on its way into a folder; gone when it is dropped before [`Folder::end`].
pub(super) struct Incoming {
    file: File,
    path: PathBuf,
    is_ended: bool,
}

impl Folder {
    pub(super) fn new(root: &Path, url: &MirrorUrl) -> Self {
        Self { root: root.to_path_buf(), url: url.clone() }
    }

    /// Where an object is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(name.split('/').filter(|part| !part.is_empty()));
        path
    }

    /// The size of an object; `None` where no file has the name.
    pub(super) fn size_of(&self, name: &str) -> Result<Option<ByteSize>, MirrorError> {
        let size = fs::regular_size(&self.path(name)).map_err(|error| self.unread(name, error))?;
        Ok(size.map(ByteSize))
    }

    /// All bytes of an object that is not larger than `limit`.
    pub(super) fn read(&self, name: &str, limit: ByteSize) -> Result<Bytes, MirrorError> {
        let size = self.size_of(name)?.ok_or_else(|| self.lacks(name))?;
        if size > limit {
            let reason = format!("it is larger than {limit}");
            return Err(MirrorError::Record { mirror: self.url.clone(), name: name.to_owned(), reason });
        }
        let bytes = fs::read_regular(&self.path(name), limit.0).map_err(|error| self.unread(name, error))?;
        Ok(bytes.into())
    }

    /// Some bytes of an object.
    pub(super) fn read_range(&self, name: &str, range: &Range<u64>) -> Result<Bytes, MirrorError> {
        let path = self.path(name);
        let file = fs::open_regular(&path).map_err(|error| self.unread(name, error))?;
        let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or(usize::MAX)];
        let read = file.read_exact_at(&mut bytes, range.start);
        read.map_err(|error| self.unread(name, FsError::new("read", &path, error)))?;
        Ok(bytes.into())
    }

    /// Names of folders that are directly below a prefix, but for those that nobody can write.
    pub(super) fn below(&self, prefix: &str) -> Result<Vec<String>, MirrorError> {
        let found = fs::list_dir(&self.path(prefix)).map_err(|error| self.unread(prefix, error))?;
        let name = |path: PathBuf| {
            let name = path.file_name()?.to_str()?.to_owned();
            (!name.chars().any(char::is_control) && fs::is_dir(&path)).then_some(name)
        };
        Ok(found.into_iter().filter_map(name).collect())
    }

    /// Where the bytes of an object are, for whoever copies them. What cannot be opened is told
    /// now, as a fault of the mirror.
    pub(super) fn locate(&self, name: &str) -> Result<PathBuf, MirrorError> {
        if self.size_of(name)?.is_none() {
            return Err(self.lacks(name));
        }
        let path = self.path(name);
        fs::open_regular(&path).map_err(|error| self.unread(name, error))?;
        Ok(path)
    }

    /// Begins a file under a name of its own.
    pub(super) fn begin(&self) -> Result<Incoming, FsError> {
        let folder = self.uploads();
        fs::create_dir_all(&folder, Access::Team)?;
        let (path, file) = fs::make_held_new(&folder, &from_here(), Access::Team)?;
        Ok(Incoming { file, path, is_ended: false })
    }

    /// Gives what has come its name, in the place of a file that has it.
    pub(super) fn end(&self, incoming: Incoming, name: &str) -> Result<(), MirrorError> {
        let to = self.path(name);
        if fs::is_dir(&to) {
            return Err(MirrorError::Occupied { mirror: self.url.clone(), name: name.to_owned() });
        }
        Ok(incoming.end(&to)?)
    }

    /// Writes a whole object; what is there is replaced.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), MirrorError> {
        let mut incoming = self.begin()?;
        incoming.add(bytes)?;
        self.end(incoming, name)
    }

    /// What uploads left that nobody has written to since then, removed where it is to be swept;
    /// then what killed runs of this machine left goes too.
    pub(super) fn leftovers(&self, since: Timestamp, sweep: bool) -> Result<Leftovers, FsError> {
        if sweep {
            fs::sweep(&self.uploads(), &from_here());
        }
        let mut left = Leftovers::default();
        for path in fs::list_dir(&self.uploads())? {
            let Some(found) = fs::metadata(&path)?.filter(|found| found.is_file()) else { continue };
            let written = found.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
            if written.is_none_or(|written| written >= since) {
                continue;
            }
            left.files += 1;
            left.bytes = left.bytes.saturating_add(ByteSize(found.len()));
            if sweep {
                fs::remove_file(&path)?;
            }
        }
        Ok(left)
    }

    fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    fn lacks(&self, name: &str) -> MirrorError {
        MirrorError::Lacks { mirror: self.url.clone(), name: name.to_owned() }
    }

    /// What an object that cannot be read means.
    fn unread(&self, name: &str, error: FsError) -> MirrorError {
        let (mirror, name) = (self.url.clone(), name.to_owned());
        match error.kind() {
            FsErrorKind::NotFound => MirrorError::Lacks { mirror, name },
            FsErrorKind::Denied => MirrorError::NotPermitted { mirror, name, code: "permission denied".to_owned() },
            _ => MirrorError::Answer { mirror, name, reason: error.to_string() },
        }
    }
}

/// How the names begin of what this machine writes: locks of others may not be seen here.
fn from_here() -> String {
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("file-{}-", fs::boot_id().unwrap_or_else(host))
}

impl Incoming {
    /// Adds bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        self.file.write_all(bytes).map_err(|error| FsError::new("write", &self.path, error))
    }

    fn end(mut self, to: &Path) -> Result<(), FsError> {
        self.file.sync_all().map_err(|error| FsError::new("sync", &self.path, error))?;
        let folder = to.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder, Access::Team)?;
        fs::rename(&self.path, to)?;
        self.is_ended = true;
        fs::sync_dir(folder)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_ended {
            // What cannot be taken back now is swept by a later push.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(dir: &tempfile::TempDir) -> Folder {
        let url = MirrorUrl::parse(&format!("file://{}", dir.path().display())).unwrap();
        Folder::new(dir.path(), &url)
    }

    #[test]
    fn only_files_are_objects() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(&dir);
        folder.write("objects/ab/c", b"bytes").unwrap();
        assert_eq!(folder.size_of("objects/ab/c").unwrap(), Some(ByteSize(5)));
        assert_eq!(folder.read_range("objects/ab/c", &(1..3)).unwrap(), "yt");
        assert_eq!(folder.below("objects").unwrap(), ["ab"]);
        let fifo = dir.path().join("objects/ab/fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", dir.path().join("objects/ab/zero")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("objects/gone")).unwrap();
        for name in ["objects/ab/fifo", "objects/ab/zero", "objects/gone", "objects/ab", "objects/ab/c/d"] {
            assert_eq!(folder.size_of(name).unwrap(), None, "{name}");
            let limit = ByteSize(9);
            assert!(matches!(folder.read(name, limit), Err(MirrorError::Lacks { .. })), "{name}");
            assert!(matches!(folder.locate(name), Err(MirrorError::Lacks { .. })), "{name}");
        }
        assert_eq!(folder.below("objects").unwrap(), ["ab"], "a stray link is passed over");
        assert!(matches!(folder.read("objects/ab/c", ByteSize(4)), Err(MirrorError::Record { .. })));
    }

    #[test]
    fn what_a_kill_left_is_swept_when_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(&dir);
        let mut incoming = folder.begin().unwrap();
        incoming.add(b"half").unwrap();
        std::mem::forget(incoming);
        drop(folder.begin().unwrap());
        let (long_ago, in_future) = ("2000-01-01T00:00:00Z".parse().unwrap(), "2999-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(folder.leftovers(long_ago, true).unwrap(), Leftovers::default(), "it may be at work");
        let left = Leftovers { files: 1, bytes: ByteSize(4) };
        assert_eq!(folder.leftovers(in_future, true).unwrap(), left);
        assert_eq!(folder.leftovers(in_future, true).unwrap(), Leftovers::default());
    }
}
