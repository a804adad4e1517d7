//! Several files, or several names, for the same bytes.

use std::fs::{Metadata, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::SystemTime;

use super::error::{Doing, FsError};
use super::write::{Access, create_new};

/// Makes a new file that shares its bytes on the disk with another until one of them is written
/// (a reflink). `false` where the file system cannot; then nothing is there.
pub fn clone_new(from: &Path, to: &Path, access: Access) -> Result<bool, FsError> {
    let source = super::open(from)?;
    let target = create_new(to, access)?;
    if share_extents(&source, &target) {
        return Ok(true);
    }
    drop(target);
    super::remove_file(to)?;
    Ok(false)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn share_extents(source: &std::fs::File, target: &std::fs::File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn share_extents(_: &std::fs::File, _: &std::fs::File) -> bool {
    false
}

/// Gives a file this mode.
pub fn set_mode(path: &Path, mode: u32) -> Result<(), FsError> {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).doing("set the mode of", path)
}

/// Gives a file this time of last change.
pub fn set_modified(path: &Path, time: SystemTime) -> Result<(), FsError> {
    super::open(path)?.set_modified(time).doing("set the time of", path)
}

/// Owner, group and mode that a new file gets in a folder: by a look at one that is made for it.
pub fn own_mode_of_new(probe: &Path, access: Access) -> Result<Metadata, FsError> {
    let made = create_new(probe, access)?.metadata().doing("look at", probe);
    super::remove_file(probe)?;
    made
}
