//! What lies in a stage and nobody recorded: a kill came between the two.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use crate::fs;
use crate::values::RelPath;

use super::{Finished, FinishedKind, InventoryReader, LayoutError, Workspace};

impl Workspace {
    /// Removes from the stage whatever no finished file has there, with the folders that become
    /// empty. Asked before a run puts anything into it: what other runs were about to record is
    /// had again, and files that a person put into the dataset folder lie there still.
    pub fn remove_strays(&self) -> Result<(), LayoutError> {
        let stage = self.stage();
        if fs::list_dir(&stage)?.is_empty() {
            return Ok(());
        }
        let known = places(&self.root, &self.finished)?;
        let mut found = Vec::new();
        fs::walk(&stage, &mut |one| {
            if !known.contains(&mark(&one.path)) {
                found.push(one.path);
            }
        })?;
        let mut left: BTreeSet<PathBuf> = BTreeSet::new();
        for path in found {
            let place = stage.join(&path);
            fs::remove_file(&place)?;
            left.extend(place.parent().map(Path::to_path_buf));
        }
        remove_empty(&stage, left);
        Ok(())
    }
}

/// Folders that nothing is in any more, and those above them; deeper ones come after those that
/// hold them.
fn remove_empty(stage: &Path, folders: BTreeSet<PathBuf>) {
    for folder in folders.into_iter().rev() {
        let mut folder = folder.as_path();
        while folder != stage && fs::remove_dir_if_empty(folder) {
            let Some(parent) = folder.parent() else { break };
            folder = parent;
        }
    }
}

/// Marks of the places of all that is finished, in place of the paths: there may be a million.
fn places(root: &Path, finished: &BTreeMap<RelPath, Finished>) -> Result<HashSet<u64>, LayoutError> {
    let mut places = HashSet::with_capacity(finished.len());
    for one in finished.values() {
        if let FinishedKind::Placed { at } = &one.kind {
            places.insert(mark(at.as_str()));
        }
        if let Some(name) = one.inventory() {
            for record in InventoryReader::open(&root.join("members").join(name))? {
                places.insert(mark(record?.path.as_str()));
            }
        }
    }
    Ok(places)
}

fn mark(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
