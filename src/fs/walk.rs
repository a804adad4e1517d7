//! All that is below a folder.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::{Doing, FsError};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundKind {
    /// A regular file.
    File,
    /// A link; never followed.
    Link,
    /// A socket, device or pipe.
    Special,
}

/// One thing found below a folder; folders themselves are not reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Names below the folder, `/`-separated; lossy where a name is not UTF-8.
    pub path: String,
    /// What it is.
    pub kind: FoundKind,
    /// Size in bytes.
    pub size: u64,
    /// Last change of the bytes.
    pub modified: Option<SystemTime>,
    /// How many names it has.
    pub names: u64,
    /// Which file it is, whatever its name: file system and number.
    pub identity: (u64, u64),
}

/// Calls `visit` for everything below `root` that is not a folder, in the order of names.
/// Links are reported, not followed. A missing root has nothing below it.
pub fn walk(root: &Path, visit: &mut dyn FnMut(Found)) -> Result<(), FsError> {
    walk_on(root, visit, &mut Err)
}

/// The names alone, as paths below `root`, of all that is no folder: no file is looked at.
pub fn walk_names(root: &Path, visit: &mut dyn FnMut(String)) -> Result<(), FsError> {
    let mut pending: Vec<(PathBuf, String)> = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        let mut entries =
            std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).doing("list", &folder)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        let mut folders = Vec::new();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let shown = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if entry.file_type().doing("look at", &entry.path())?.is_dir() {
                folders.push((entry.path(), shown));
            } else {
                visit(shown);
            }
        }
        pending.extend(folders.into_iter().rev());
    }
    Ok(())
}

/// The same as [`walk`] where folders may not be readable: each failure goes to `failed`, and the walk goes
/// on with the rest unless that gives it back.
pub fn walk_on(
    root: &Path,
    visit: &mut dyn FnMut(Found),
    failed: &mut dyn FnMut(FsError) -> Result<(), FsError>,
) -> Result<(), FsError> {
    let mut pending: Vec<(PathBuf, String)> = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        let mut folders = Vec::new();
        let names = match super::list_dir(&folder) {
            Ok(names) => names,
            Err(error) => {
                failed(error)?;
                continue;
            }
        };
        for path in names {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let shown = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let metadata = match std::fs::symlink_metadata(&path).doing("look at", &path) {
                Ok(metadata) => metadata,
                Err(error) => {
                    failed(error)?;
                    continue;
                }
            };
            if metadata.is_dir() {
                folders.push((path, shown));
                continue;
            }
            let kind = match metadata.file_type() {
                kind if kind.is_file() => FoundKind::File,
                kind if kind.is_symlink() => FoundKind::Link,
                _ => FoundKind::Special,
            };
            visit(Found {
                path: shown,
                kind,
                size: metadata.len(),
                modified: metadata.modified().ok(),
                names: metadata.nlink(),
                identity: (metadata.dev(), metadata.ino()),
            });
        }
        pending.extend(folders.into_iter().rev());
    }
    Ok(())
}
