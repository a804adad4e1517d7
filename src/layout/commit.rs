//! From a finished stage to a dataset folder, in one step.

use std::path::{Path, PathBuf};

use crate::fs::{self, Access, FsError, FsErrorKind};

use super::adopted::Adopted;
use super::dirs::{DatasetDir, Store};
use super::error::LayoutError;

/// Makes `stage` the dataset folder.
///
/// All bytes of the stage are synced first, then it is renamed. An earlier folder of the same
/// dataset is exchanged with it and then removed; a folder that has no receipt of ours is left
/// alone and the commit refused. After a kill at any moment the place holds the old folder or
/// the new one; where the file system cannot exchange two folders there is an instant between
/// two renames in which it holds none, and the old one is in the store's `tmp`.
pub fn commit(stage: &Path, target: &DatasetDir, store: &Store, access: Access) -> Result<(), LayoutError> {
    fs::sync_all_below(stage)?;
    let parent = target.root().parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent, access)?;
    match fs::metadata(target.root())? {
        None => fs::rename(stage, target.root())?,
        Some(_) => replace(stage, target, store, access)?,
    }
    Ok(fs::sync_dir(parent)?)
}

/// Refuses early a place that the rename of [`commit`] will not reach, would misplace or may
/// not take. For asking before long work that ends with a commit.
///
/// Fails with [`LayoutError::Elsewhere`] when the dataset's folder is a link, or the one above
/// it leads to another file system than the store; with [`LayoutError::Foreign`] when there is
/// something that is no dataset of ours; with [`LayoutError::Adopted`] when the files are a
/// person's own.
pub fn check_place(target: &DatasetDir, store: &Store) -> Result<(), LayoutError> {
    if let Some(adopted) = Adopted::read(target)? {
        return Err(LayoutError::Adopted { place: adopted.place });
    }
    let taken = fs::metadata(target.root())?;
    if taken.as_ref().is_some_and(|found| found.is_symlink()) {
        return Err(LayoutError::Elsewhere { path: target.root().to_path_buf() });
    }
    if taken.is_some() {
        check_ours(target)?;
    }
    let Some(parent) = target.root().parent() else { return Ok(()) };
    if fs::file_system(parent)? != fs::file_system(store.root())? {
        return Err(LayoutError::Elsewhere { path: parent.to_path_buf() });
    }
    Ok(())
}

/// Refuses a folder that holds something and no records of ours ([`LayoutError::Foreign`]).
pub fn check_ours(target: &DatasetDir) -> Result<(), LayoutError> {
    if target.has_records()? || fs::list_dir(target.root())?.is_empty() {
        return Ok(());
    }
    Err(LayoutError::Foreign { path: target.root().to_path_buf() })
}

fn replace(stage: &Path, target: &DatasetDir, store: &Store, access: Access) -> Result<(), LayoutError> {
    check_ours(target)?;
    // A kill after the exchange leaves this folder in the stage's place: told by its receipt.
    if fs::is_dir(&target.records()) && fs::metadata(&target.receipt_path())?.is_none() {
        fs::atomic_write(&target.receipt_path(), b"", access)?;
    }
    fs::create_dir_all(&store.tmp(), access)?;
    let out = away(store, target.root());
    match fs::exchange(stage, target.root()) {
        // What was the stage is now the old folder.
        Ok(()) => fs::rename(stage, &out)?,
        Err(error) if error.kind() == FsErrorKind::Other => {
            fs::rename(target.root(), &out)?;
            restore_on_failure(stage, target.root(), &out)?;
        }
        Err(error) => return Err(error.into()),
    }
    // The dataset is whole in its place, whatever keeps the old one from being deleted: it waits for
    // `prune`, which says why.
    if let Err(error) = fs::remove_dir_all(&out) {
        tracing::debug!(%error, "what was replaced is left");
    }
    Ok(())
}

fn restore_on_failure(stage: &Path, target: &Path, out: &Path) -> Result<(), FsError> {
    fs::rename(stage, target).inspect_err(|_| {
        // The first error is the one to tell; the old folder goes back if it can.
        let _ = fs::rename(out, target);
    })
}

/// A place in the store's `tmp` for a folder on its way out.
pub fn away(store: &Store, root: &Path) -> PathBuf {
    store.tmp().join(fs::fresh_name(&away_prefix(root)))
}

/// Whether something in the store's `tmp` is a folder of this dataset on its way out, or about one.
pub fn is_of(path: &Path, dir: &DatasetDir) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&away_prefix(dir.root())))
}

/// How the names of a dataset's folders on their way out begin.
fn away_prefix(root: &Path) -> String {
    // No id and no slug has this character: `a` is never taken for `a-b`.
    format!("{}~", DatasetDir::at(root.to_path_buf()).name())
}

/// Removes what killed runs left of a dataset in the store's `tmp`. Only for whoever holds the
/// dataset's lease. What a removal has begun with stays while it is not entered (`<name>.json`), and
/// what cannot be deleted waits for `prune`.
pub fn sweep(store: &Store, target: &DatasetDir) -> Result<(), LayoutError> {
    for path in fs::list_dir(&store.tmp())? {
        if !is_noted(&path)?
            && is_of(&path, target)
            && let Err(error) = fs::remove_dir_all(&path)
        {
            tracing::debug!(%error, "what a killed run left stays");
        }
    }
    Ok(())
}

/// Whether it is noted why something is on its way out, or it is such a note.
pub fn is_noted(away: &Path) -> Result<bool, FsError> {
    let name = away.file_name().unwrap_or_default().to_string_lossy();
    Ok(name.ends_with(".json") || fs::metadata(&away.with_file_name(format!("{name}.json")))?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(root: &Path, content: &str) {
        std::fs::create_dir_all(root.join(".medsets")).unwrap();
        std::fs::write(root.join(".medsets/receipt.json"), content).unwrap();
    }

    #[test]
    fn replaces_an_earlier_folder_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        let target = DatasetDir::new(folder.path(), &"demo".parse().unwrap(), "1.0");
        for round in ["one", "two"] {
            let stage = folder.path().join("stage");
            tree(&stage, round);
            commit(&stage, &target, &store, Access::Shared).unwrap();
            assert_eq!(std::fs::read_to_string(target.receipt_path()).unwrap(), round);
            assert!(!stage.exists());
        }
        assert!(fs::list_dir(&store.tmp()).unwrap().is_empty());
    }

    #[test]
    fn never_replaces_what_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let target = DatasetDir::new(folder.path(), &"demo".parse().unwrap(), "1.0");
        std::fs::create_dir_all(target.root()).unwrap();
        std::fs::write(target.root().join("thesis.tex"), "years of work").unwrap();
        let stage = folder.path().join("stage");
        tree(&stage, "new");
        let error = commit(&stage, &target, &Store::of(folder.path()), Access::Shared).unwrap_err();
        assert!(matches!(error, LayoutError::Foreign { .. }), "{error}");
        assert!(target.root().join("thesis.tex").exists() && stage.exists());
    }
}
