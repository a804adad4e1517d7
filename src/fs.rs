//! The only door to the file system.
//!
//! Every call carries its path into the error, and errors say what class of thing went wrong
//! ([`FsErrorKind`]) so that callers can answer a full disk otherwise than a missing file.
//! What is private is created private: modes are set at creation, never afterwards by
//! trusting the umask.

#![allow(clippy::disallowed_methods, reason = "this module is the door that the rule leads to")]

pub mod edit;
pub mod error;
pub mod folder;
pub mod lock;
mod name;
pub mod part;
mod remove;
pub mod share;
pub mod space;
pub mod stop;
pub mod unfinished;
pub mod walk;
pub mod write;

use std::fs::{File, Metadata};
use std::io::{BufRead, ErrorKind, Read};
use std::path::{Path, PathBuf};

pub use edit::Edit;
pub use error::{FsError, FsErrorKind};
pub use folder::Folder;
pub use lock::{FileLock, FolderLock, Patience};
pub use name::fresh_name;
pub use part::PositionalFile;
pub use remove::remove_dir_all;
pub use share::{clone_new, own_mode_of_new, set_mode, set_modified};
pub use space::{Space, file_system_kind, is_writable, space};
pub use stop::{Awaited, Outlet, Stoppable};
pub use unfinished::{FRESH, OUTPUT, RECORD, make_held_folder, make_held_new, sweep};
pub use walk::{Found, FoundKind, walk, walk_names, walk_on};
pub use write::{
    Access, append_line, atomic_write, create_new, open_output, replace_unsynced, write_output, write_output_by,
    write_unsynced,
};

use error::{Doing, not_a_file};

/// Opens a file for reading.
pub fn open(path: &Path) -> Result<File, FsError> {
    File::open(path).doing("open", path)
}

/// Reads a whole file. For files of ours and small ones; `limit` bytes at most, more is an error.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    bytes(open(path)?, path, limit)
}

fn bytes(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).doing("read", path)?;
    if bytes.len() as u64 > limit {
        let reason = format!("it is larger than {}", crate::values::ByteSize(limit));
        return Err(FsError::new("read", path, std::io::Error::new(std::io::ErrorKind::InvalidData, reason)));
    }
    Ok(bytes)
}

/// Opens a regular file for reading, links followed. What is no file (a FIFO would wait for a
/// writer) is an error and is not read from.
pub fn open_regular(path: &Path) -> Result<File, FsError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // The flag has no meaning for files, and lets the open of a FIFO return.
    let at_once = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(at_once).open(path).doing("open", path)?;
    let found = file.metadata().doing("look at", path)?;
    if found.is_file() { Ok(file) } else { Err(FsError::new("read", path, not_a_file(found.file_type()))) }
}

/// As [`read`], of a regular file only: for what is found in a folder, where nobody said that
/// it is to be read.
pub fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    bytes(open_regular(path)?, path, limit)
}

/// As [`read_regular`], of a text of at most 64 MiB that must be UTF-8.
pub fn read_regular_text(path: &Path) -> Result<String, FsError> {
    text(path, read_regular(path, TEXT_LIMIT)?)
}

/// As [`read_regular_text`], with `None` where no such file is.
pub fn read_regular_text_if_present(path: &Path) -> Result<Option<String>, FsError> {
    present(read_regular_text(path))
}

/// The size of a regular file, links followed; `None` where nothing is, or what is no file.
pub fn regular_size(path: &Path) -> Result<Option<u64>, FsError> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.is_file().then_some(found.len())),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(None),
        Err(error) => present(Err(FsError::new("look at", path, error))),
    }
}

/// Reads what a person named, which may be a pipe. One that nobody writes to is empty, and is
/// not waited for.
pub fn read_named(path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let at_once = rustix::fs::OFlags::NONBLOCK;
    let flags = at_once.bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path).doing("open", path)?;
    // Whoever writes to it may take their time.
    let held = rustix::fs::fcntl_getfl(&file).map_err(std::io::Error::from).doing("open", path)?;
    rustix::fs::fcntl_setfl(&file, held.difference(at_once)).map_err(std::io::Error::from).doing("open", path)?;
    bytes(file, path, limit)
}

/// Reads a whole text file of at most 64 MiB that must be UTF-8.
pub fn read_text(path: &Path) -> Result<String, FsError> {
    text(path, read(path, TEXT_LIMIT)?)
}

const TEXT_LIMIT: u64 = 64 << 20;

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, FsError> {
    String::from_utf8(bytes)
        .map_err(|error| FsError::new("read", path, std::io::Error::new(std::io::ErrorKind::InvalidData, error)))
}

/// As [`read_text`], with `None` where no such file is.
pub fn read_text_if_present(path: &Path) -> Result<Option<String>, FsError> {
    present(read_text(path))
}

/// Appends the next line to `text`, with its line break; `false` at the end. A line of 1 MiB or
/// more is an error of the kind [`ErrorKind::InvalidData`], as one that is no UTF-8, and is not
/// held: records that came from elsewhere take no more memory than that.
pub fn read_line(lines: &mut impl BufRead, text: &mut String) -> std::io::Result<bool> {
    let read = lines.by_ref().take(LONGEST_LINE).read_line(text)?;
    if read as u64 == LONGEST_LINE {
        let reason = format!("it is longer than {}", crate::values::ByteSize(LONGEST_LINE));
        return Err(std::io::Error::new(ErrorKind::InvalidData, reason));
    }
    Ok(read > 0)
}

/// No record of ours is longer, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// Opens a file for adding to its end, creating it where nothing is.
pub fn open_append(path: &Path, access: Access) -> Result<File, FsError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let file = options.append(true).create(true).mode(access.file_mode()).open(path).doing("open", path)?;
    access.settle(&file, access.file_mode(), path)?;
    Ok(file)
}

/// A name for the time since the machine was started; `None` where the system gives none.
pub fn boot_id() -> Option<String> {
    let text = read_text(Path::new("/proc/sys/kernel/random/boot_id")).ok()?;
    Some(text.trim().to_owned())
}

/// A small text file (1 MiB at most, UTF-8) with its permission bits, both of the same open
/// file; `None` where no such file is. A link is followed: the bits are those of its target.
pub fn read_text_with_mode(path: &Path) -> Result<Option<(String, u32)>, FsError> {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(file) = present(open(path))? else { return Ok(None) };
    let mode = file.metadata().doing("look at", path)?.permissions().mode() & 0o7777;
    let mut text = String::new();
    file.take(1 << 20).read_to_string(&mut text).doing("read", path)?;
    Ok(Some((text, mode)))
}

/// What the path itself is, not following a link; `None` where nothing is.
pub fn metadata(path: &Path) -> Result<Option<Metadata>, FsError> {
    present(std::fs::symlink_metadata(path).doing("look at", path))
}

/// Which file system a path is on, links followed; that of the nearest thing that exists.
pub fn file_system(path: &Path) -> Result<u64, FsError> {
    use std::os::unix::fs::MetadataExt as _;
    // Asked once of each: another run may remove it at this moment.
    match path.ancestors().find_map(|one| std::fs::metadata(one).ok()) {
        Some(existing) => Ok(existing.dev()),
        None => Ok(std::fs::metadata("/").doing("look at", Path::new("/"))?.dev()),
    }
}

/// Whether two paths lead to the same file or folder that is there.
pub fn is_same(one: &Path, other: &Path) -> bool {
    matches!((canonical(one), canonical(other)), (Ok(one), Ok(other)) if one == other)
}

/// Whether a folder is there (a link to one counts).
pub fn is_dir(path: &Path) -> bool {
    path.is_dir()
}

/// Makes a folder and its parents. New ones get `access`.
pub fn create_dir_all(path: &Path, access: Access) -> Result<(), FsError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made: Vec<&Path> = match access {
        Access::Group => path.ancestors().take_while(|one| !one.as_os_str().is_empty() && !one.exists()).collect(),
        Access::Shared | Access::Private | Access::Team => Vec::new(),
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(access.dir_mode() & 0o777);
    let mut made_anew = 0;
    loop {
        match builder.create(path) {
            // An empty folder on the way was replaced by another ([`rename_to_empty`]) meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound && made_anew < 8 => made_anew += 1,
            created => break created.doing(error::CREATE_FOLDER, path)?,
        }
    }
    for folder in made.into_iter().rev() {
        access.settle(&open(folder)?, access.dir_mode(), folder)?;
    }
    Ok(())
}

/// Renames a folder to a place where nothing is, or an empty folder, in one step. `false` where
/// something is there; then nothing has changed.
pub fn rename_to_empty(from: &Path, to: &Path) -> Result<bool, FsError> {
    match std::fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => Ok(false),
        Err(error) => Err(FsError::new("rename to", to, error)),
    }
}

/// Renames within one file system; replaces a file, never a folder that holds something.
pub fn rename(from: &Path, to: &Path) -> Result<(), FsError> {
    std::fs::rename(from, to).doing("rename to", to)
}

/// Exchanges two names in one step. Only Linux can, and not on every file system: elsewhere
/// this fails with [`FsErrorKind::Other`] and nothing has changed.
pub fn exchange(one: &Path, other: &Path) -> Result<(), FsError> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)
            .map_err(|code| FsError::new("exchange with", other, code.into()))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = one;
        Err(FsError::new("exchange with", other, std::io::ErrorKind::Unsupported.into()))
    }
}

/// Copies the bytes of a file to a new one, which must not exist. After a failure there is none.
pub fn copy_new(from: &Path, to: &Path, access: Access) -> Result<u64, FsError> {
    let mut source = open(from)?;
    let mut target = create_new(to, access)?;
    copy_all(&mut source, &mut target, to)
}

/// Copies to a new file, and removes it where that fails. Hears the wish to stop.
fn copy_all(source: &mut File, target: &mut File, to: &Path) -> Result<u64, FsError> {
    /// Copied between two looks at the wish.
    const STRETCH: u64 = 16 << 20;
    let mut copied = 0;
    loop {
        // The standard library lets the system copy between two files, also of a `Take`.
        let stretch = stop::heard().and_then(|()| std::io::copy(&mut source.by_ref().take(STRETCH), target));
        let stretch = stretch.doing("copy to", to).inspect_err(|_| {
            // The first error is the one to tell.
            let _ = remove_file(to);
        })?;
        copied += stretch;
        if stretch < STRETCH {
            return Ok(copied);
        }
    }
}

/// Copies a file with the time of its last change. It appears whole under its name, in the place
/// of a file that is there.
pub fn copy_with_time(from: &Path, to: &Path, access: Access) -> Result<(), FsError> {
    let mut fresh = to.as_os_str().to_owned();
    fresh.push(".copy");
    let fresh = PathBuf::from(fresh);
    remove_file(&fresh)?;
    let mut source = open(from)?;
    let mut target = create_new(&fresh, access)?;
    copy_all(&mut source, &mut target, &fresh)?;
    let modified = source.metadata().and_then(|found| found.modified()).doing("look at", from)?;
    target.set_modified(modified).doing("set the time of", &fresh)?;
    rename(&fresh, to)
}

/// Gives a finished file its name unless a file has it already, and removes it otherwise; says
/// whether it has it now. Of several processes one succeeds. Where the file system has no hard
/// links the last one does.
pub fn publish(fresh: &Path, path: &Path) -> Result<bool, FsError> {
    let is_ours = match hard_link(fresh, path) {
        Ok(()) => true,
        Err(error) if error.kind() == FsErrorKind::AlreadyExists => false,
        Err(_) => return rename(fresh, path).map(|()| true),
    };
    remove_file(fresh)?;
    Ok(is_ours)
}

/// Gives a file a second name. Fails across file systems.
pub fn hard_link(from: &Path, to: &Path) -> Result<(), FsError> {
    std::fs::hard_link(from, to).doing("link to", to)
}

/// Makes a symbolic link that holds `target` as it is. The path must not exist yet.
pub fn symbolic_link(target: &str, path: &Path) -> Result<(), FsError> {
    std::os::unix::fs::symlink(target, path).doing("create the link", path)
}

/// What a symbolic link holds; `None` where there is none, or something else.
pub fn link_target(path: &Path) -> Result<Option<String>, FsError> {
    match metadata(path)? {
        Some(found) if found.is_symlink() => {
            let held = present(std::fs::read_link(path).doing("read the link", path))?;
            Ok(held.map(|held| held.to_string_lossy().into_owned()))
        }
        _ => Ok(None),
    }
}

/// Removes a file; nothing there is no error.
pub fn remove_file(path: &Path) -> Result<(), FsError> {
    present(std::fs::remove_file(path).doing("remove", path)).map(|_| ())
}

/// Removes a folder if it is empty; says whether it is gone.
pub fn remove_dir_if_empty(path: &Path) -> bool {
    std::fs::remove_dir(path).is_ok()
}

/// Names in a folder, sorted; none where there is no folder.
pub fn list_dir(path: &Path) -> Result<Vec<PathBuf>, FsError> {
    let Some(entries) = present(std::fs::read_dir(path).doing("list", path))? else { return Ok(Vec::new()) };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.doing("list", path)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Makes a rename or a new name in this folder last through a power cut.
pub fn sync_dir(path: &Path) -> Result<(), FsError> {
    open(path)?.sync_all().doing("sync", path)
}

/// Makes all that was written to the file system of `path` last: one barrier for many files.
pub fn sync_all_below(path: &Path) -> Result<(), FsError> {
    let folder = open(path)?;
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&folder).map_err(|code| FsError::new("sync", path, code.into()))?;
    #[cfg(not(target_os = "linux"))]
    {
        rustix::fs::sync();
        drop(folder);
    }
    Ok(())
}

/// The path without links and `..`; fails where nothing is.
pub fn canonical(path: &Path) -> Result<PathBuf, FsError> {
    std::fs::canonicalize(path).doing("resolve", path)
}

/// Turns "nothing there" into `None`.
fn present<T>(result: Result<T, FsError>) -> Result<Option<T>, FsError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == FsErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_publish_a_name_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("name");
        for (text, is_first) in [("one", true), ("two", false)] {
            let fresh = dir.path().join(text);
            std::fs::write(&fresh, text).unwrap();
            assert_eq!(publish(&fresh, &path).unwrap(), is_first);
            assert!(!fresh.exists());
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "one");
    }

    #[test]
    fn a_copy_has_the_time_of_its_original() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::write(&from, "bytes").unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::options().write(true).open(&from).unwrap().set_modified(time).unwrap();
        copy_with_time(&from, &to, Access::Shared).unwrap();
        assert_eq!(std::fs::metadata(&to).unwrap().modified().unwrap(), time);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_copy_of_many_stretches_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let bytes: Vec<u8> = (0..(40 << 20) + 7_u32).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
        for length in [0, 5, 16 << 20, bytes.len()] {
            std::fs::write(&from, &bytes[..length]).unwrap();
            assert_eq!(copy_new(&from, &to, Access::Private).unwrap(), length as u64);
            assert!(std::fs::read(&to).unwrap() == bytes[..length], "{length}");
            assert_eq!(copy_new(&from, &to, Access::Private).unwrap_err().kind(), FsErrorKind::AlreadyExists);
            assert!(std::fs::read(&to).unwrap() == bytes[..length], "what was there stays");
            std::fs::remove_file(&to).unwrap();
        }
    }

    #[test]
    fn a_folder_never_takes_the_place_of_one_that_holds_something() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let fill = |folder: &Path, name: &str| {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(folder.join(name), name).unwrap();
        };
        fill(&from, "a");
        fill(&to, "b");
        assert!(!rename_to_empty(&from, &to).unwrap());
        assert!(from.join("a").exists() && to.join("b").exists(), "nothing has changed");
        std::fs::remove_file(to.join("b")).unwrap();
        assert!(rename_to_empty(&from, &to).unwrap(), "an empty folder gives way");
        assert!(to.join("a").exists() && !from.exists());
        fill(&from, "c");
        assert!(rename_to_empty(&from, &dir.path().join("new")).unwrap());
    }
}
