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

use super::error::{Doing, FsError, FsErrorKind, not_a_file};
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
        Ok(Self::attempt(path, &mut Watch::new(SILENCE))?.taken())
    }

    /// Takes what can be had of several locks; the answers are in their order. What a process of
    /// another machine or container claims is watched until it shows a sign of life, or nobody
    /// can be there any more; what is held by a process of here is not waited for. Calls
    /// `waiting` once when it watches, and stops when `is_enough`.
    pub fn try_take_all(
        paths: &[PathBuf],
        is_enough: &dyn Fn() -> bool,
        waiting: impl FnOnce(),
    ) -> Result<Vec<Option<Self>>, FsError> {
        Self::take_all_within(SILENCE, paths, is_enough, waiting)
    }

    fn take_all_within(
        silence: Duration,
        paths: &[PathBuf],
        is_enough: &dyn Fn() -> bool,
        waiting: impl FnOnce(),
    ) -> Result<Vec<Option<Self>>, FsError> {
        let mut watch = Watch::new(silence);
        let mut locks = Vec::new();
        let mut watched = Vec::new();
        for (at, path) in paths.iter().enumerate() {
            let attempt = Self::attempt(path, &mut watch)?;
            if let (Attempt::Claimed, Some(seen)) = (&attempt, claim::of_elsewhere(&claim_of(path))?) {
                watched.push((at, seen));
            }
            locks.push(attempt.taken());
        }
        if !watched.is_empty() {
            waiting();
        }
        let end = Instant::now() + silence * 2;
        while !watched.is_empty() && !is_enough() && Instant::now() < end {
            std::thread::sleep(silence / 60);
            let mut rest = Vec::new();
            for (at, seen) in watched {
                match Self::attempt(&paths[at], &mut watch)? {
                    Attempt::Taken(lock) => locks[at] = Some(lock),
                    Attempt::Claimed if claim::of_elsewhere(&claim_of(&paths[at]))?.as_ref() == Some(&seen) => {
                        rest.push((at, seen));
                    }
                    // It lives.
                    Attempt::Claimed | Attempt::Locked => {}
                }
            }
            watched = rest;
        }
        Ok(locks)
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
            if let Attempt::Taken(lock) = Self::attempt(path, &mut watch)? {
                return Ok(Some(lock));
            }
            if let Some(tell) = waiting.take() {
                tell();
            }
            let nap = pause.mul_f64(0.1 + 0.9 * chance());
            if Instant::now() + nap > deadline || (patience.is_enough)() || super::stop::heard().is_err() {
                return Ok(None);
            }
            std::thread::sleep(nap);
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// The same for several at once: those that can be had by then, in the order of the paths.
    pub fn wait_for_all(paths: &[PathBuf], patience: Patience<'_>) -> Result<Vec<Option<Self>>, FsError> {
        let deadline = Instant::now() + patience.at_most;
        let mut watches: Vec<Watch> = paths.iter().map(|_| Watch::new(SILENCE)).collect();
        let mut locks: Vec<Option<Self>> = paths.iter().map(|_| None).collect();
        let mut pause = Duration::from_millis(2);
        loop {
            for ((path, watch), lock) in paths.iter().zip(&mut watches).zip(&mut locks) {
                if lock.is_none() {
                    *lock = Self::attempt(path, watch)?.taken();
                }
            }
            let nap = pause.mul_f64(0.1 + 0.9 * chance());
            if locks.iter().all(Option::is_some) || Instant::now() + nap > deadline || (patience.is_enough)() {
                return Ok(locks);
            }
            std::thread::sleep(nap);
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    fn attempt(path: &Path, watch: &mut Watch) -> Result<Attempt, FsError> {
        let file = open_lock_file(path)?;
        let kernel = match file.try_lock() {
            Ok(()) => Kernel::Locked,
            Err(TryLockError::WouldBlock) => return Ok(Attempt::Locked),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => Kernel::HasNone,
            Err(TryLockError::Error(error)) => return Err(FsError::new("lock", path, error)),
        };
        let claim = match Claim::take(&claim_of(path), watch) {
            Ok(None) => return Ok(Attempt::Claimed),
            Ok(claim) => claim,
            Err(error) if kernel == Kernel::Locked && takes_no_file(error.kind()) => None,
            Err(error) => return Err(error),
        };
        Ok(Attempt::Taken(Self { claim, _file: file, path: path.to_path_buf() }))
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

    /// Removes what killed runs left beside it that were about to take it.
    pub fn sweep_beside(&self) {
        claim::sweep_private(&claim_of(&self.path));
    }

    /// Where the lock file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What became of trying to take a lock.
enum Attempt {
    Taken(FileLock),
    /// The kernel says that a process holds it.
    Locked,
    /// A claim stands that does not seem to be over.
    Claimed,
}

impl Attempt {
    fn taken(self) -> Option<FileLock> {
        match self {
            Self::Taken(lock) => Some(lock),
            Self::Locked | Self::Claimed => None,
        }
    }
}

fn claim_of(path: &Path) -> PathBuf {
    path.with_extension("claim")
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
    if let Ok(found) = std::fs::metadata(path)
        && !found.is_file()
    {
        return Err(FsError::new("open the lock", path, not_a_file(found.file_type())));
    }
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(Access::Private.file_mode())
        // Nobody waits for the reader of a FIFO that came there since.
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
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

    #[test]
    fn of_several_those_of_a_machine_that_is_gone_are_had_after_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let elsewhere = |beat: u32| format!("{{\"id\":\"x\",\"host\":\"h\",\"boot\":\"b\",\"pid\":1}}\n{beat:020}\n");
        let _held = FileLock::try_take(&at("held.lock")).unwrap().unwrap();
        std::fs::write(at("gone.claim"), elsewhere(0)).unwrap();
        std::fs::write(at("lives.claim"), elsewhere(0)).unwrap();
        let paths = ["free.lock", "held.lock", "gone.lock", "lives.lock"].map(at);
        let mut told = false;
        let beats = || std::fs::write(at("lives.claim"), elsewhere(1)).unwrap();
        let silence = Duration::from_millis(300);
        let locks = FileLock::take_all_within(silence, &paths, &|| false, || {
            told = true;
            beats();
        });
        let had: Vec<bool> = locks.unwrap().iter().map(Option::is_some).collect();
        assert_eq!(had, [true, false, true, false]);
        assert!(told);
    }

    #[test]
    fn what_is_no_file_is_no_lock_and_nobody_waits_for_it() {
        for name in ["made.lock", "made.claim"] {
            let folder = tempfile::tempdir().unwrap();
            let fifo = folder.path().join(name);
            assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
            let error = FileLock::try_take(&folder.path().join("made.lock")).unwrap_err().to_string();
            assert!(error.contains("FIFO") && error.contains(name), "{error}");
        }
    }
}
