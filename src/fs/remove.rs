//! Folders that are to go, with all in them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::error::{Doing, FsError, FsErrorKind};
use super::{list_dir, metadata, present, remove_file};

/// Removes a folder and all in it, not following links; nothing there is no error.
///
/// A folder below that its owner closed to writing is opened for it. After a failure, which
/// names what could not be removed, the rest may be there or gone.
pub fn remove_dir_all(path: &Path) -> Result<(), FsError> {
    match present(std::fs::remove_dir_all(path).doing("remove", path)) {
        Err(error) if error.kind() == FsErrorKind::Denied => remove_opened(path),
        outcome => outcome.map(|_| ()),
    }
}

fn remove_opened(folder: &Path) -> Result<(), FsError> {
    match metadata(folder)? {
        None => return Ok(()),
        Some(found) if !found.is_dir() => return remove_file(folder),
        Some(found) => {
            let mode = found.permissions().mode() & 0o7777 | 0o700;
            // Only its owner may; for others the removal tells.
            let _ = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode));
        }
    }
    for path in list_dir(folder)? {
        remove_opened(&path)?;
    }
    present(std::fs::remove_dir(folder).doing("remove", folder)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_its_owner_closed_goes_too_and_links_are_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let (folder, other) = (home.path().join("folder"), home.path().join("other"));
        std::fs::create_dir_all(folder.join("a/b")).unwrap();
        std::fs::create_dir(&other).unwrap();
        std::fs::write(folder.join("a/b/file"), "x").unwrap();
        std::fs::write(other.join("kept"), "x").unwrap();
        std::os::unix::fs::symlink(&other, folder.join("a/link")).unwrap();
        for closed in ["a/b", "a"] {
            std::fs::set_permissions(folder.join(closed), std::fs::Permissions::from_mode(0o555)).unwrap();
        }
        remove_opened(&folder).unwrap();
        assert!(!folder.exists() && other.join("kept").exists());
        remove_opened(&folder).unwrap();
    }
}
