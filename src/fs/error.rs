//! What can go wrong with a file, by what a person can do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::remedy::Remedy;

/// A file operation failed. Carries the path always. The message holds the system's words, so
/// there is no further source to tell.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`: {}", path.display(), self.reason())]
pub struct FsError {
    action: &'static str,
    path: PathBuf,
    cause: io::Error,
    inodes: Inodes,
}

/// Whether the file system took more files when the operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inodes {
    Left,
    /// The system calls this "no space" as well, though bytes may be free.
    UsedUp,
}

/// The class of a failed file operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsErrorKind {
    /// Nothing is at the path.
    NotFound,
    /// Something is there that must not be.
    AlreadyExists,
    /// What is no folder lies where one belongs, or on the way.
    NoFolder,
    /// No bytes left on the file system.
    DiskFull,
    /// No more files fit on the file system; bytes may be free.
    NoInodes,
    /// A quota is used up; bytes may be free.
    Quota,
    /// A file would become larger than the file system, or a limit of the system, lets it be.
    FileTooLarge,
    /// No permission.
    Denied,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The two paths are on different file systems.
    OtherFileSystem,
    /// Whatever read the pipe has ended.
    NoReader,
    /// The person stopped the run.
    Stopped,
    /// The device answered with an error.
    Other,
}

impl FsError {
    /// Joins what was tried, where, and what the system answered.
    pub fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        // Asked at once: what is cleaned up after the failure gives inodes back.
        let used_up = source.kind() == io::ErrorKind::StorageFull
            && super::space(path).is_ok_and(|space| space.inodes == Some(0));
        let inodes = if used_up { Inodes::UsedUp } else { Inodes::Left };
        Self { action, path: path.to_path_buf(), cause: source, inodes }
    }

    /// The class of failure.
    pub fn kind(&self) -> FsErrorKind {
        match self.cause.kind() {
            _ if super::stop::is_stop(&self.cause) => FsErrorKind::Stopped,
            io::ErrorKind::NotFound => FsErrorKind::NotFound,
            io::ErrorKind::NotADirectory => FsErrorKind::NoFolder,
            io::ErrorKind::AlreadyExists if self.action == CREATE_FOLDER => FsErrorKind::NoFolder,
            io::ErrorKind::AlreadyExists => FsErrorKind::AlreadyExists,
            io::ErrorKind::StorageFull if self.inodes == Inodes::UsedUp => FsErrorKind::NoInodes,
            io::ErrorKind::StorageFull => FsErrorKind::DiskFull,
            io::ErrorKind::QuotaExceeded => FsErrorKind::Quota,
            io::ErrorKind::FileTooLarge => FsErrorKind::FileTooLarge,
            io::ErrorKind::PermissionDenied => FsErrorKind::Denied,
            io::ErrorKind::ReadOnlyFilesystem => FsErrorKind::ReadOnly,
            io::ErrorKind::CrossesDevices => FsErrorKind::OtherFileSystem,
            io::ErrorKind::BrokenPipe => FsErrorKind::NoReader,
            _ => FsErrorKind::Other,
        }
    }

    /// The exit code (command line contract, section 3).
    pub fn exit(&self) -> u8 {
        match self.kind() {
            FsErrorKind::DiskFull | FsErrorKind::FileTooLarge => 50,
            FsErrorKind::NoInodes | FsErrorKind::Quota => 51,
            FsErrorKind::Denied | FsErrorKind::ReadOnly | FsErrorKind::NoFolder => 52,
            FsErrorKind::Stopped => 130,
            FsErrorKind::NotFound
            | FsErrorKind::AlreadyExists
            | FsErrorKind::OtherFileSystem
            | FsErrorKind::NoReader
            | FsErrorKind::Other => 1,
        }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing was to be changed.
    fn is_of_reading(&self) -> bool {
        matches!(self.action, "look at" | "open" | "read" | "list" | "resolve" | "read the link" | "open the folder")
    }

    /// The system's words without Rust's `(os error 28)`.
    fn reason(&self) -> String {
        let text = self.cause.to_string();
        match text.find(" (os error") {
            _ if self.kind() == FsErrorKind::NoReader => "whoever read it ended before all was written".to_owned(),
            Some(_) if self.inodes == Inodes::UsedUp => "no inodes left for more files".to_owned(),
            Some(end) => text[..end].to_lowercase(),
            None => text,
        }
    }
}

impl Remedy for FsError {
    fn remedy(&self) -> Option<String> {
        Some(match self.kind() {
            FsErrorKind::DiskFull => {
                "free some space there and run the same command again; finished parts are kept".into()
            }
            FsErrorKind::NoInodes => {
                "the file system takes no more files: remove some there, or choose another folder, and run again".into()
            }
            FsErrorKind::Quota => {
                "the quota for bytes or files is used up; ask for more, or choose another folder".into()
            }
            FsErrorKind::FileTooLarge => {
                "files of this size do not fit there: choose a folder on another file system (FAT takes 4 GiB at most), \
                 or raise the limit that `ulimit -f` shows"
                    .into()
            }
            FsErrorKind::NoFolder => {
                "what lies there, or above, is no folder: move it away and run the same command again".into()
            }
            FsErrorKind::Denied if self.is_of_reading() => "ask its owner for leave to read it".into(),
            FsErrorKind::Denied => format!("choose a folder you may write to ({PLACES}), or ask its owner"),
            FsErrorKind::OtherFileSystem => {
                "keep the data folder on one file system; for another disk name a folder there with `--to` or `--data-dir`"
                    .into()
            }
            FsErrorKind::Stopped => "run the same command again; nothing was left half written".into(),
            FsErrorKind::NoReader => {
                "what was read is not whole: run the same command again, into a program that reads to the end".into()
            }
            FsErrorKind::ReadOnly => format!("choose a folder on a file system that can be written: {PLACES}"),
            _ => return None,
        })
    }
}

/// What is being done where a folder is made.
pub(super) const CREATE_FOLDER: &str = "create the folder";

/// What names the folders that medsets writes to.
const PLACES: &str = "`--data-dir DIR` for data, `MEDSETS_STATE_DIR` for the ledger";

/// The words for something that is there and should be a regular file.
pub(super) fn not_a_file(found: std::fs::FileType) -> io::Error {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = match found {
        _ if found.is_dir() => "a folder",
        _ if found.is_fifo() => "a FIFO",
        _ if found.is_socket() => "a socket",
        _ if found.is_char_device() || found.is_block_device() => "a device",
        _ => "something else",
    };
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is {kind}, not a file"))
}

/// Adds action and path to a result of the standard library.
pub(crate) trait Doing<T> {
    /// Says what was being done to which path.
    fn doing(self, action: &'static str, path: &Path) -> Result<T, FsError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, action: &'static str, path: &Path) -> Result<T, FsError> {
        self.map_err(|source| FsError::new(action, path, source))
    }
}
