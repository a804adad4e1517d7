//! Files that appear whole or not at all.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::error::{Doing, FsError, not_a_file};
use super::stop::Outlet;
use super::unfinished::{FRESH, OUTPUT, make_held_file};

/// Who may read what we create, whatever the umask says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// 0644 and 0755, less the umask.
    #[default]
    Shared,
    /// 0640 and 2750: the owner writes, the group reads, and what is made in a folder belongs to
    /// the folder's group.
    Group,
    /// 0600 and 0700: the owner alone.
    Private,
    /// 0666 and 0777, less the umask: for a folder that others write into too.
    Team,
}

impl Access {
    /// The access that a file has now.
    pub fn of(path: &Path) -> Result<Self, FsError> {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).doing("look at", path)?.permissions().mode();
        Ok(match mode & 0o066 {
            0 => Self::Private,
            bits if bits & 0o006 == 0 => Self::Group,
            bits if bits & 0o022 == 0o022 => Self::Team,
            _ => Self::Shared,
        })
    }

    /// Mode of a new file.
    pub fn file_mode(self) -> u32 {
        match self {
            Self::Shared => 0o644,
            Self::Group => 0o640,
            Self::Private => 0o600,
            Self::Team => 0o666,
        }
    }

    /// Mode of a new folder.
    pub fn dir_mode(self) -> u32 {
        match self {
            Self::Shared => 0o755,
            Self::Group => 0o2750,
            Self::Private => 0o700,
            Self::Team => 0o777,
        }
    }
}

impl Access {
    /// Gives what was just made the mode of its kind where making it could not: the umask takes
    /// the group's bits, and `mkdir` takes no setgid bit. `mode` is the file's or the folder's.
    ///
    /// A file system or group that does not allow the setgid bit leaves it out.
    pub(super) fn settle(self, made: &File, mode: u32, path: &Path) -> Result<(), FsError> {
        use std::os::unix::fs::PermissionsExt as _;
        match self {
            Self::Group => made.set_permissions(std::fs::Permissions::from_mode(mode)).doing("set the mode of", path),
            Self::Shared | Self::Private | Self::Team => Ok(()),
        }
    }
}

/// Creates a file that must not exist yet; a link there counts as existing.
pub fn create_new(path: &Path, access: Access) -> Result<File, FsError> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(access.file_mode()).open(path).doing("create", path)?;
    access.settle(&file, access.file_mode(), path)?;
    Ok(file)
}

/// Replaces a file in one step: a reader sees the old bytes or the new ones.
///
/// Written beside the target under a name of its own, synced, renamed, the folder synced.
/// After a failure the old file is as it was and nothing of the new one is left. A folder, a
/// device, a FIFO or a socket is never replaced, not even by way of a link.
pub fn atomic_write(path: &Path, bytes: &[u8], access: Access) -> Result<(), FsError> {
    atomic_write_by(path, access, |out| out.write_all(bytes))
}

/// The same for what is written piece by piece.
pub fn atomic_write_by(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), FsError> {
    in_one_step(path, access, FRESH, write)
}

fn in_one_step(
    path: &Path,
    access: Access,
    prefix: &str,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), FsError> {
    use std::os::unix::fs::PermissionsExt as _;
    if let Ok(found) = std::fs::metadata(path)
        && !found.is_file()
    {
        return Err(FsError::new("replace", path, not_a_file(found.file_type())));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let permissions = std::fs::Permissions::from_mode(access.file_mode());
    let file = make_held_file(folder, prefix, &permissions)?;
    access.settle(file.as_file(), access.file_mode(), path)?;
    let mut out = std::io::BufWriter::with_capacity(1 << 16, file.as_file());
    write(&mut out).and_then(|()| out.flush()).doing("write", path)?;
    drop(out);
    file.as_file().sync_all().doing("sync", path)?;
    file.persist(path).map_err(|error| FsError::new("replace", path, error.error))?;
    super::sync_dir(folder)
}

/// Opens, empty, what a person named for output.
///
/// A regular file is removed and made anew, so that a program that has it open keeps what it
/// reads. A device, a FIFO or a link is never replaced: what is written goes through it. Opening
/// a FIFO waits for its reader; a folder or a socket is refused.
pub fn open_output(path: &Path, access: Access) -> Result<File, FsError> {
    match super::metadata(path)? {
        Some(found) if !found.is_file() => through(path, &found, access),
        _ => {
            super::remove_file(path)?;
            create_new(path, access)
        }
    }
}

/// Writes all of what a person named for output: a regular file in one step like
/// [`atomic_write`], anything else as [`open_output`] does. What a killed run leaves has a name that
/// begins like [`OUTPUT`], for [`sweep`](super::sweep).
pub fn write_output(path: &Path, bytes: &[u8], access: Access) -> Result<(), FsError> {
    write_output_by(path, access, |out| out.write_all(bytes))
}

/// The same for what is written piece by piece.
pub fn write_output_by(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), FsError> {
    match super::metadata(path)? {
        Some(found) if !found.is_file() => {
            let mut out = std::io::BufWriter::new(Outlet::new(through(path, &found, access)?));
            write(&mut out).and_then(|()| out.flush()).doing("write", path)
        }
        _ => in_one_step(path, access, OUTPUT, write),
    }
}

/// Opens what is there. A link that leads nowhere yet makes the file it names.
fn through(path: &Path, found: &std::fs::Metadata, access: Access) -> Result<File, FsError> {
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).truncate(true).create(found.is_symlink()).mode(access.file_mode());
    made.open(path).doing("write to", path)
}

/// Replaces a file in one step like [`atomic_write`], without making it last: for what a
/// restart of the machine makes worthless anyway.
pub fn replace_unsynced(path: &Path, bytes: &[u8], access: Access) -> Result<(), FsError> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = std::path::PathBuf::from(fresh);
    write_unsynced(&fresh, bytes, access)?;
    super::rename(&fresh, path)
}

/// Writes a whole file, replacing what is there, without making it last. For files in private
/// folders: a reader may see it half written. Makes its folder when there is none.
pub fn write_unsynced(path: &Path, bytes: &[u8], access: Access) -> Result<(), FsError> {
    let open =
        || std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(access.file_mode()).open(path);
    let mut tries = 0;
    let mut file = loop {
        match (open(), path.parent()) {
            // The folder may be replaced by another in the very moment, when it was empty.
            (Err(error), Some(parent)) if error.kind() == std::io::ErrorKind::NotFound && tries < 3 => {
                tries += 1;
                super::create_dir_all(parent, access)?;
            }
            (outcome, _) => break outcome.doing("create", path)?,
        }
    };
    access.settle(&file, access.file_mode(), path)?;
    file.write_all(bytes).doing("write", path)
}

/// Adds one line to a file, creating it, and makes it last through a power cut.
///
/// The line and its line break go out in one write. After a failure a torn line may be left
/// at the end, never a damaged earlier one.
pub fn append_line(path: &Path, line: &str, access: Access) -> Result<(), FsError> {
    let created = super::metadata(path)?.is_none();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(access.file_mode())
        .open(path)
        .doing("open", path)?;
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    file.write_all(&bytes).doing("write", path)?;
    file.sync_data().doing("sync", path)?;
    if created { super::sync_dir(path.parent().unwrap_or(Path::new("."))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn private_files_are_private_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        atomic_write(&path, b"one", Access::Private).unwrap();
        atomic_write(&path, b"two", Access::Private).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_failed_replacement_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("folder");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("kept"), b"x").unwrap();
        let error = atomic_write(&path, b"new", Access::Shared).unwrap_err();
        assert!(error.to_string().contains("folder"), "{error}");
        assert!(path.join("kept").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// A FIFO in a folder.
    fn fifo(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    #[test]
    fn what_is_no_file_is_never_replaced() {
        use std::os::unix::fs::FileTypeExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (fifo, link) = (fifo(folder.path()), folder.path().join("link"));
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for (path, kind) in [(&fifo, "FIFO"), (&link, "device"), (&folder.path().to_path_buf(), "folder")] {
            let error = atomic_write(path, b"new", Access::Private).unwrap_err().to_string();
            assert!(error.contains(kind), "{error}");
        }
        assert!(std::fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
        assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("/dev/null"));
    }

    #[test]
    fn output_goes_through_what_is_no_file() {
        use std::os::unix::fs::FileTypeExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (fifo, link) = (fifo(folder.path()), folder.path().join("link"));
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || std::fs::read(fifo).unwrap()
        });
        write_output(&fifo, b"through", Access::Private).unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(std::fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
        // A device by way of a link, as `/dev/stderr` is one.
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        write_output(&link, b"x", Access::Private).unwrap();
        open_output(&link, Access::Private).unwrap().write_all(b"x").unwrap();
        assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("/dev/null"));
        assert!(write_output(folder.path(), b"x", Access::Private).is_err());
        assert!(open_output(folder.path(), Access::Private).is_err());
        // Files and new names.
        let path = folder.path().join("file");
        for _ in 0..2 {
            write_output(&path, b"one", Access::Private).unwrap();
            open_output(&path, Access::Private).unwrap().write_all(b"two").unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"two");
        }
    }
}
