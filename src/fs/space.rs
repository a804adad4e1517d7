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

/// Whether this user may make files in a folder, by its mode and mount.
pub fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}

/// What kind of file system a path is on, where it is one that a person knows by name.
#[cfg(target_os = "linux")]
pub fn file_system_kind(path: &Path) -> Option<&'static str> {
    // Magic numbers of the kernel (statfs(2)) and of the file systems' own headers, read 2026-11-28.
    const KINDS: &[(u32, &str)] = &[
        (0x6969, "NFS"),
        (0xef53, "ext4"),
        (0x5846_5342, "XFS"),
        (0x9123_683e, "Btrfs"),
        (0x2fc1_2fc1, "ZFS"),
        (0x0102_1994, "tmpfs"),
        (0x794c_7630, "overlayfs"),
        (0x0bd0_0bd0, "Lustre"),
        (0x1983_0326, "BeeGFS"),
        (0x4750_4653, "GPFS"),
        (0x00c3_6400, "CephFS"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB"),
        (0x6573_5546, "FUSE"),
    ];
    let magic = rustix::fs::statfs(path).ok()?.f_type as u32;
    KINDS.iter().find(|(one, _)| *one == magic).map(|(_, name)| *name)
}

/// What kind of file system a path is on; not asked on this system.
#[cfg(not(target_os = "linux"))]
pub fn file_system_kind(_: &Path) -> Option<&'static str> {
    None
}
