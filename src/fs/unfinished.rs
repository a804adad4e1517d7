//! What is written under another name beside its place, and what killed runs left of it.
//!
//! The beginning of the name tells whose it is. The kernel's lock, which goes with a process, tells
//! whether somebody still writes it. Where the file system has no locks nothing is swept, and where
//! its locks do nothing only what nobody wrote to for an hour.

use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::Doing as _;
use super::{
    Access, FsError, create_dir_all, create_new, fresh_name, list_dir, metadata, remove_dir_all, remove_file, walk,
};

/// How the names begin of what is written beside a file to replace it.
pub const FRESH: &str = ".medsets-new-";

/// How the names begin of what is written into a folder of records, by earlier versions too.
pub const RECORD: &str = ".medsets-";

/// How the names begin of large files that a person named for output.
pub const OUTPUT: &str = ".medsets-out-";

/// Marks what was just made as being written until the handle goes; `false` where a sweep has taken
/// it away in that moment.
fn hold(made: &File) -> bool {
    // Without locks there is no sweep either. Held by somebody else, it is about to be swept.
    !matches!(made.try_lock(), Err(TryLockError::WouldBlock)) && made.metadata().is_ok_and(|found| found.nlink() > 0)
}

/// Makes a file of a new name that begins so. It is being written until the handle goes, and then
/// removed where it has not got its name. Where it replaces a file, what killed runs were writing
/// beside it goes: a folder that a person named for output is theirs.
pub(super) fn make_held_file(
    folder: &Path,
    prefix: &str,
    permissions: &Permissions,
) -> Result<tempfile::NamedTempFile, FsError> {
    if prefix == FRESH {
        sweep(folder, FRESH);
    }
    loop {
        let mut made = tempfile::Builder::new();
        let made = made.prefix(prefix).permissions(permissions.clone()).tempfile_in(folder);
        let made = made.doing("create a file in", folder)?;
        if hold(made.as_file()) {
            return Ok(made);
        }
    }
}

/// The same for a file that whoever makes it renames or removes.
pub fn make_held_new(folder: &Path, prefix: &str, access: Access) -> Result<(PathBuf, File), FsError> {
    loop {
        let path = folder.join(fresh_name(prefix));
        let made = create_new(&path, access)?;
        if hold(&made) {
            return Ok((path, made));
        }
    }
}

/// Holds a folder; `None` where it was taken away.
fn hold_folder(path: &Path) -> Option<File> {
    File::open(path).ok().filter(hold)
}

/// Makes a folder of a new name that begins so. It is being written until the handle goes.
pub fn make_held_folder(parent: &Path, prefix: &str, access: Access) -> Result<(PathBuf, File), FsError> {
    loop {
        let path = parent.join(fresh_name(prefix));
        create_dir_all(&path, access)?;
        if let Some(held) = hold_folder(&path) {
            return Ok((path, held));
        }
    }
}

/// Whether locks keep others out here: the same file, opened twice, must not be locked twice.
fn locks_hold(locked: &Path) -> bool {
    File::open(locked).is_ok_and(|again| again.try_lock().is_err())
}

/// Whether somebody may be writing it by its times.
fn is_fresh(path: &Path) -> bool {
    let Ok(Some(found)) = metadata(path) else { return true };
    let mut latest = found.modified().ok();
    if found.is_dir() && walk(path, &mut |found| latest = latest.max(found.modified)).is_err() {
        return true;
    }
    let age = latest.and_then(|latest| SystemTime::now().duration_since(latest).ok());
    age.is_none_or(|age| age < HOUR)
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Removes the files and folders in `folder` whose names begin so and that nobody writes any more.
/// What cannot be looked at or removed stays.
pub fn sweep(folder: &Path, prefix: &str) {
    for path in list_dir(folder).unwrap_or_default() {
        let is_named = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
        let Ok(Some(found)) = (if is_named { metadata(&path) } else { Ok(None) }) else { continue };
        // Opening a FIFO would wait.
        if !(found.is_file() || found.is_dir()) {
            continue;
        }
        let Ok(left) = File::open(&path) else { continue };
        if left.try_lock().is_err() || (!locks_hold(&path) && is_fresh(&path)) {
            continue;
        }
        let removed = if found.is_dir() { remove_dir_all(&path) } else { remove_file(&path) };
        if let Err(error) = removed {
            tracing::debug!(%error, "what a killed run left stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_writes_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["x-file", "x-held", "other"] {
            std::fs::write(at(name), name).unwrap();
        }
        for name in ["x-dir", "x-held-dir"] {
            std::fs::create_dir_all(at(name).join("below")).unwrap();
        }
        let held = File::open(at("x-held")).unwrap();
        assert!(hold(&held));
        let held_dir = hold_folder(&at("x-held-dir")).unwrap();
        sweep(folder.path(), "x-");
        let left = || {
            let mut names: Vec<_> =
                std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(left(), ["other", "x-held", "x-held-dir"]);
        drop((held, held_dir));
        sweep(folder.path(), "x-");
        assert_eq!(left(), ["other"]);
        assert!(hold_folder(&at("x-held-dir")).is_none(), "it is gone");
        std::fs::write(at("x-new"), "").unwrap();
        let sweeps = File::open(at("x-new")).unwrap();
        sweeps.try_lock().unwrap();
        assert!(!hold(&File::open(at("x-new")).unwrap()), "it is being swept");
    }
}
