//! What is written under another name beside its place, and what killed runs left of it.
//!
//! The beginning of the name tells whose it is. The kernel's lock, which goes with a process, tells
//! whether somebody still writes it; where the file system has no locks nothing is swept.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{list_dir, metadata, remove_dir_all, remove_file};

/// How the names begin of large files that a person named for output.
pub const OUTPUT: &str = ".medsets-out-";

/// Marks what was just made as being written until the handle goes; `false` where a sweep has taken
/// it away in that moment.
pub(super) fn hold(made: &File) -> bool {
    // Without locks there is no sweep either.
    let _ = made.try_lock();
    made.metadata().is_ok_and(|found| found.nlink() > 0)
}

/// The same for a folder; `None` where it was taken away.
pub fn hold_folder(path: &Path) -> Option<File> {
    File::open(path).ok().filter(hold)
}

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
        if left.try_lock().is_err() {
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
    }
}
