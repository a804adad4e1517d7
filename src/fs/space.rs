//! Free bytes and inodes of a file system.

use std::path::Path;

use crate::values::ByteSize;

use super::error::FsError;

/// What a file system still takes from this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Free bytes.
    pub bytes: ByteSize,
    /// Free inodes; `None` where the file system has no fixed number.
    pub inodes: Option<u64>,
}

/// Asks the file system of `path`, or of its nearest existing parent.
pub fn space(path: &Path) -> Result<Space, FsError> {
    let existing = path.ancestors().find(|one| one.exists()).unwrap_or(Path::new("/"));
    let answer =
        rustix::fs::statvfs(existing).map_err(|code| FsError::new("ask for space on", existing, code.into()))?;
    let inodes = (answer.f_files > 0).then_some(answer.f_favail);
    Ok(Space { bytes: ByteSize(answer.f_bavail.saturating_mul(answer.f_frsize)), inodes })
}
