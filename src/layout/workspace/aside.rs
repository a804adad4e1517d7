//! Finished files of an earlier fetch that a run does not ask for.
//!
//! A fetch commits what it selects and nothing else. What an interrupted fetch of another part
//! finished leaves the stage for the time: it lies in `aside/`, with its records in
//! `aside.jsonl`. It goes back into a stage when the run has committed its own, or when the
//! next run opens the workspace after a kill at any moment.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::fs::{self, Access, FsError, FsErrorKind};
use crate::layout::receipt::Selection;
use crate::values::RelPath;

use super::{Finished, FinishedKind, InventoryReader, LayoutError, Workspace, broken, was_replaced};

impl Workspace {
    /// Keeps finished files that are not meant, by their paths at the publisher, out of what will
    /// be committed. They count as not here until the workspace is opened again.
    pub fn set_aside(&mut self, is_meant: impl Fn(&RelPath) -> bool) -> Result<(), LayoutError> {
        let rest: Vec<Finished> = self.finished.values().filter(|one| !is_meant(&one.path)).cloned().collect();
        if rest.is_empty() {
            return Ok(());
        }
        let mut lines = String::new();
        for one in &rest {
            let line = serde_json::to_string(one).map_err(|error| broken(&self.root, "aside.jsonl", &error))?;
            lines.extend([line.as_str(), "\n"]);
            self.finished.remove(&one.path);
        }
        fs::atomic_write(&records(&self.root), lines.as_bytes(), self.access)?;
        let mut stays = HashSet::new();
        for one in self.finished.values() {
            stays.extend(self.places(one)?);
        }
        let mut left = BTreeSet::new();
        for one in &rest {
            for place in self.places(one)? {
                self.take_out(&place, stays.contains(&place))?;
                left.extend(place.parent());
            }
        }
        // Deeper ones come after those that hold them.
        for folder in left.into_iter().rev() {
            let mut folder = Some(folder);
            while let Some(empty) = folder.filter(|folder| fs::remove_dir_if_empty(&folder.under(&self.stage()))) {
                folder = empty.parent();
            }
        }
        Ok(())
    }

    /// Ends the workspace after its stage was committed as this selection. What was set aside and
    /// the parts of other files wait for a run that asks for them; of a whole dataset nothing does.
    pub fn settle(self, committed: &Selection) -> Result<(), LayoutError> {
        if committed.whole {
            return Ok(remove(self.outermost())?);
        }
        if self.outer.is_some() || !has_rest(&self.root)? {
            return self.discard();
        }
        put_back(&self.root, self.access)
    }

    /// Removes the workspace where nothing in it was begun.
    pub fn discard_if_idle(self) -> Result<(), LayoutError> {
        if self.finished.is_empty() && !has_rest(&self.root)? { self.discard() } else { Ok(()) }
    }

    /// What a finished file has in the stage.
    pub(super) fn places(&self, finished: &Finished) -> Result<Vec<RelPath>, LayoutError> {
        match &finished.kind {
            FinishedKind::Placed { at } => Ok(vec![at.clone()]),
            FinishedKind::Fetched | FinishedKind::Spent { .. } => Ok(Vec::new()),
            FinishedKind::Unpacked { members, .. } | FinishedKind::Members { members, .. } => {
                InventoryReader::open(&self.members(members))?.map(|record| Ok(record?.path)).collect()
            }
        }
    }

    /// Moves a file or link out of the stage. One that stays there too gets a second name.
    fn take_out(&self, place: &RelPath, stays: bool) -> Result<(), FsError> {
        let (from, to) = (place.under(&self.stage()), place.under(&folder(&self.root)));
        fs::create_dir_all(to.parent().unwrap_or(&self.root), self.access)?;
        if !stays {
            return match fs::rename(&from, &to) {
                // Two archives may bring the same bytes to one place.
                Err(error) if error.kind() == FsErrorKind::NotFound && fs::metadata(&to)?.is_some() => Ok(()),
                moved => moved,
            };
        }
        match fs::link_target(&from)? {
            Some(target) => fs::symbolic_link(&target, &to),
            None if fs::hard_link(&from, &to).is_ok() => Ok(()),
            None => fs::copy_new(&from, &to, self.access).map(|_| ()),
        }
    }
}

/// Brings a workspace into order in which something was set aside, or whose stage is gone. `false`
/// where nothing in it is worth keeping.
pub(super) fn recover(root: &Path, access: Access, is_committed: bool) -> Result<bool, LayoutError> {
    if is_committed {
        if !has_rest(root)? {
            return Ok(false);
        }
        put_back(root, access)?;
    } else if fs::metadata(&folder(root))?.is_some() {
        let mut moved = Vec::new();
        fs::walk(&folder(root), &mut |found| moved.push(found.path))?;
        let stage = root.join("stage");
        for path in moved {
            let to = stage.join(&path);
            fs::create_dir_all(to.parent().unwrap_or(&stage), access)?;
            fs::rename(&folder(root).join(&path), &to)?;
        }
        fs::remove_dir_all(&folder(root))?;
    }
    fs::remove_file(&records(root))?;
    Ok(true)
}

/// Makes what was set aside the stage of a workspace whose own was committed.
fn put_back(root: &Path, access: Access) -> Result<(), LayoutError> {
    let stage = root.join("stage");
    if was_replaced(root)? {
        fs::remove_dir_all(&stage)?;
    }
    if fs::metadata(&records(root))?.is_none() {
        fs::remove_file(&root.join("done.jsonl"))?;
        return Ok(fs::create_dir_all(&stage, access)?);
    }
    // Nothing is set aside in the stage where only archives wait.
    match fs::metadata(&folder(root))? {
        Some(_) => fs::rename(&folder(root), &stage)?,
        None => fs::create_dir_all(&stage, access)?,
    }
    Ok(fs::rename(&records(root), &root.join("done.jsonl"))?)
}

/// Whether something waits beside what was committed.
pub(super) fn has_rest(root: &Path) -> Result<bool, FsError> {
    Ok(fs::metadata(&records(root))?.is_some() || !fs::list_dir(&root.join("parts"))?.is_empty())
}

/// Removes a workspace that is of no use any more. Its journal goes last: after a kill it tells that
/// the workspace is spent.
pub(super) fn remove(root: &Path) -> Result<(), FsError> {
    fs::remove_file(&records(root))?;
    fs::remove_dir_all(&root.join("parts"))?;
    fs::remove_dir_all(&root.join("stage"))?;
    for path in fs::list_dir(root)? {
        match fs::metadata(&path)? {
            Some(found) if found.is_dir() => fs::remove_dir_all(&path)?,
            Some(_) if path != root.join("done.jsonl") => fs::remove_file(&path)?,
            _ => {}
        }
    }
    fs::remove_dir_all(root)
}

fn folder(root: &Path) -> PathBuf {
    root.join("aside")
}

fn records(root: &Path) -> PathBuf {
    root.join("aside.jsonl")
}
