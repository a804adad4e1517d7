//! Locks between processes, on one machine or several: a courtesy that saves work.
//!
//! A holder has two marks. The kernel's lock (`flock`) on the lock's file goes with a killed
//! process at once; on many cluster file systems it does nothing, or nothing between machines.
//! The claim (see the module `claim`) is a file beside the lock and holds there too.
//! Correctness never rests on either: it comes from private files and renames, and a holder who
//! slept long enough to lose its claim is told so before it commits ([`FileLock::is_mine`]).

mod claim;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::{Doing, FsError, FsErrorKind};
use super::write::Access;

use claim::{Claim, Watch};

/// An exclusive lock, held until dropped. Its file stays, empty; the claim goes.
#[derive(Debug)]
pub struct FileLock {
    // Given up before the kernel's lock: whoever gets that must not find the claim of a living process.
    claim: Option<Claim>,
    _file: File,
    path: PathBuf,
}

impl FileLock {
    /// Takes the lock, or answers `None` when another process holds it.
    ///
    /// Where the file system has no locks (`ENOLCK`, `ENOSYS`, unsupported) the claim alone
    /// counts, and where there is no room for a claim the kernel's lock alone. Any other error
    /// is told.
    pub fn try_take(path: &Path) -> Result<Option<Self>, FsError> {
        Self::attempt(path, &mut Watch::new(SILENCE))
    }

    /// Waits for the lock up to `patience`; `None` when it is still held then. Calls `waiting`
    /// once, when the first attempt finds it held.
    pub fn wait(path: &Path, patience: Duration, waiting: impl FnOnce()) -> Result<Option<Self>, FsError> {
        Self::wait_patiently(path, Patience { at_most: patience, is_enough: &|| false }, waiting)
    }

    /// The same, giving up early once the patience is at its end.
    ///
    /// A claim of another machine that nobody touches for half a minute of this waiter's own
    /// clock is taken over; one of a process of this machine that is gone is at once.
    pub fn wait_patiently(
        path: &Path,
        patience: Patience<'_>,
        waiting: impl FnOnce(),
    ) -> Result<Option<Self>, FsError> {
        let deadline = Instant::now() + patience.at_most;
        let mut watch = Watch::new(SILENCE);
        let mut waiting = Some(waiting);
        let mut pause = Duration::from_millis(2);
        loop {
            if let Some(lock) = Self::attempt(path, &mut watch)? {
                return Ok(Some(lock));
            }
            if let Some(tell) = waiting.take() {
                tell();
            }
            let nap = pause.mul_f64(0.1 + 0.9 * chance());
            if Instant::now() + nap > deadline || (patience.is_enough)() {
                return Ok(None);
            }
            std::thread::sleep(nap);
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    fn attempt(path: &Path, watch: &mut Watch) -> Result<Option<Self>, FsError> {
        let file = open_lock_file(path)?;
        let kernel = match file.try_lock() {
            Ok(()) => Kernel::Locked,
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => Kernel::HasNone,
            Err(TryLockError::Error(error)) => return Err(FsError::new("lock", path, error)),
        };
        let claim = match Claim::take(&path.with_extension("claim"), watch) {
            Ok(None) => return Ok(None),
            Ok(claim) => claim,
            Err(error) if kernel == Kernel::Locked && takes_no_file(error.kind()) => None,
            Err(error) => return Err(error),
        };
        Ok(Some(Self { claim, _file: file, path: path.to_path_buf() }))
    }

    /// Whether nobody has taken the lock over since: asked before a step that only its holder
    /// may take. Reads the claim.
    pub fn is_mine(&self) -> bool {
        self.claim.as_ref().is_none_or(Claim::is_mine)
    }

    /// The same by what was seen last, within a few seconds; costs nothing.
    pub fn seems_mine(&self) -> bool {
        self.claim.as_ref().is_none_or(Claim::seems_mine)
    }

    /// Where the lock file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// How long to wait.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    /// At most so long.
    pub at_most: Duration,
    /// Asked now and then: whether the person has enough of it.
    pub is_enough: &'a dyn Fn() -> bool,
}

/// What the kernel said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kernel {
    /// The lock is had, as far as that means anything here.
    Locked,
    /// There are no locks here.
    HasNone,
}

/// How long a claim of another machine may stay untouched: six times the usual interval.
const SILENCE: Duration = Duration::from_secs(30);

/// A lock on a folder itself, which leaves no file behind; held until dropped. Where the file
/// system has none it counts as taken.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock of a folder that is there, or answers `None` when another process holds it.
    pub fn try_take(path: &Path) -> Result<Option<Self>, FsError> {
        let file = File::open(path).doing("open", path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => Ok(Some(Self { _file: file })),
            Err(TryLockError::Error(error)) => Err(FsError::new("lock", path, error)),
        }
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

/// Whether no file can be made there: a full disk must not keep anybody from making room.
fn takes_no_file(kind: FsErrorKind) -> bool {
    use FsErrorKind::{Denied, DiskFull, FileTooLarge, NoInodes, Quota, ReadOnly};
    matches!(kind, DiskFull | NoInodes | Quota | FileTooLarge | Denied | ReadOnly)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_nothing_is_left_but_the_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.lock");
        let held = FileLock::try_take(&path).unwrap().unwrap();
        assert!(held.is_mine() && held.seems_mine());
        assert!(FileLock::try_take(&path).unwrap().is_none());
        assert!(folder.path().join("made.claim").exists());
        let mut told = false;
        assert!(FileLock::wait(&path, Duration::from_millis(20), || told = true).unwrap().is_none());
        assert!(told);
        drop(held);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(FileLock::try_take(&path).unwrap().is_some());
    }
}
