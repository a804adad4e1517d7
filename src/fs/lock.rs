//! Locks between processes on one machine: a courtesy that saves work.
//!
//! Correctness never rests on them (on many cluster file systems `flock` does nothing); it
//! comes from private files and renames. The lock of a killed process is released by the kernel.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::{Doing, FsError};
use super::write::Access;

/// An exclusive lock, held until dropped. Its file stays, empty.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
    path: PathBuf,
}

impl FileLock {
    /// Takes the lock, or answers `None` when another process holds it.
    ///
    /// Where the file system has no locks (`ENOLCK`, `ENOSYS`, unsupported) it counts as taken:
    /// see the module's header. Any other error is told.
    pub fn try_take(path: &Path) -> Result<Option<Self>, FsError> {
        let file = open_lock_file(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file, path: path.to_path_buf() })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => {
                Ok(Some(Self { _file: file, path: path.to_path_buf() }))
            }
            Err(TryLockError::Error(error)) => Err(FsError::new("lock", path, error)),
        }
    }

    /// Waits for the lock up to `patience`; `None` when it is still held then. Calls `waiting`
    /// once, when the first attempt finds it held.
    pub fn wait(path: &Path, patience: Duration, waiting: impl FnOnce()) -> Result<Option<Self>, FsError> {
        let deadline = Instant::now() + patience;
        let mut waiting = Some(waiting);
        let mut pause = Duration::from_millis(2);
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(Some(lock));
            }
            if let Some(tell) = waiting.take() {
                tell();
            }
            let nap = pause.mul_f64(0.1 + 0.9 * chance());
            if Instant::now() + nap > deadline {
                return Ok(None);
            }
            std::thread::sleep(nap);
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// Where the lock file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A number from 0 to 1. Waiters that started together must not ask together for ever: one
/// would be served per round and all others sleep on.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

fn has_no_locks(error: &std::io::Error) -> bool {
    use rustix::io::Errno;
    let without = [Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSUP];
    error.raw_os_error().is_some_and(|code| without.iter().any(|errno| errno.raw_os_error() == code))
}

fn open_lock_file(path: &Path) -> Result<File, FsError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(Access::Private.file_mode())
        .open(path)
        .doing("open the lock", path)
}
