//! An open folder in which things are made by name, whatever happens to the path above it.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::error::FsError;
use super::write::Access;

/// A folder held open. Names are single names, never paths; links in their place are not
/// followed.
#[derive(Debug)]
pub struct Folder {
    handle: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Opens a folder.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|code| FsError::new("open the folder", path, code.into()))?;
        Ok(Self { handle, path: path.to_path_buf() })
    }

    /// Opens a folder in it, made with `access` where nothing has the name.
    pub fn make(&self, name: &str, access: Access) -> Result<Self, FsError> {
        let path = self.path.join(name);
        let mode = Mode::from_raw_mode(access.dir_mode() & 0o777);
        let made = match rustix::fs::mkdirat(&self.handle, name, mode) {
            Ok(()) => true,
            Err(rustix::io::Errno::EXIST) => false,
            Err(code) => return Err(FsError::new(super::error::CREATE_FOLDER, &path, code.into())),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = rustix::fs::openat(&self.handle, name, flags, Mode::empty())
            .map_err(|code| FsError::new("open the folder", &path, code.into()))?;
        let handle = File::from(handle);
        if made {
            access.settle(&handle, access.dir_mode(), &path)?;
        }
        Ok(Self { handle: handle.into(), path })
    }

    /// Creates a file in it, which must not exist yet; a link there counts as existing.
    pub fn create_new(&self, name: &str, access: Access) -> Result<File, FsError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = rustix::fs::openat(&self.handle, name, flags, Mode::from_raw_mode(access.file_mode()))
            .map_err(|code| FsError::new("create", &self.path.join(name), code.into()))?;
        let file = File::from(handle);
        access.settle(&file, access.file_mode(), &self.path.join(name))?;
        Ok(file)
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_things_in_place_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let root = Folder::open(folder.path()).unwrap();
        let inner = root.make("a", Access::Shared).unwrap();
        root.make("a", Access::Shared).unwrap();
        inner.create_new("x", Access::Private).unwrap();
        assert!(inner.create_new("x", Access::Private).is_err(), "it is there already");
        std::os::unix::fs::symlink("/tmp", folder.path().join("link")).unwrap();
        assert!(root.make("link", Access::Shared).is_err());
        assert!(root.create_new("link", Access::Shared).is_err());
    }
}
