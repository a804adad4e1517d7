//! A workspace inside another one, for files that somebody else vouches for.
//!
//! What a mirror brings lies in `<workspace>/mirror/`, a workspace of its own with a stage of its
//! own. Whoever opens the outer workspace, whatever it does and however the run before ended, sees
//! none of it; it becomes the dataset folder when all of it is proven, or nothing does. What a
//! killed run left in the inner stage is no stage any more but a heap of files to look through.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::fs;

use super::aside::has_rest;
use super::{LayoutError, Workspace};

/// The workspace around an inner one.
#[derive(Debug)]
pub(super) struct Outer {
    root: PathBuf,
    /// Whether nothing that an earlier run finished waits in it.
    is_idle: bool,
}

/// Where the inner workspace lies.
pub(super) fn inner(root: &Path) -> PathBuf {
    root.join("mirror")
}

impl Workspace {
    /// The workspace inside this one for what a mirror brings, empty, held by the same lease.
    pub fn for_mirror(self) -> Result<Self, LayoutError> {
        let (root, outer) = (inner(&self.root), self.root);
        let (stage, left) = (root.join("stage"), root.join("left"));
        // Without a stage it would tell that the stage was committed.
        fs::remove_file(&root.join("done.jsonl"))?;
        match fs::metadata(&left)? {
            // A run that was killed while it looked through it had put nothing into a stage.
            Some(_) => fs::remove_dir_all(&stage)?,
            None if fs::metadata(&stage)?.is_some() => fs::rename(&stage, &left)?,
            None => {}
        }
        fs::remove_dir_all(&root.join("members"))?;
        for dir in ["parts", "members", "stage"] {
            fs::create_dir_all(&root.join(dir), self.access)?;
        }
        let journal = fs::open_append(&root.join("done.jsonl"), self.access)?;
        let is_idle = self.finished.is_empty() && !has_rest(&outer)?;
        let (access, lease, finished) = (self.access, self.lease, BTreeMap::new());
        Ok(Self { root, access, finished, journal, lease, outer: Some(Outer { root: outer, is_idle }) })
    }

    /// What earlier runs left of this inner workspace's stage: bytes of any worth, under any names.
    pub fn left(&self) -> PathBuf {
        self.root.join("left")
    }

    /// The stage of the workspace around this one.
    pub fn outer_stage(&self) -> Option<PathBuf> {
        self.outer.as_ref().map(|outer| outer.root.join("stage"))
    }

    /// What goes when nothing of a workspace is to stay.
    pub(super) fn all_of_it(&self) -> &Path {
        self.outer.as_ref().filter(|outer| outer.is_idle).map_or(&self.root, |outer| &outer.root)
    }

    /// The same after all of the dataset was committed: then nothing waits for another run.
    pub(super) fn outermost(&self) -> &Path {
        self.outer.as_ref().map_or(&self.root, |outer| &outer.root)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fs::{Access, Patience};
    use crate::layout::dirs::Store;
    use crate::layout::receipt::Selection;
    use crate::values::Digest;

    fn open(store: &Store) -> Workspace {
        let patience = Patience { at_most: Duration::ZERO, is_enough: &|| false };
        Workspace::open(store, "demo@1", Digest::sha256(b"entry"), "a", Access::Shared, patience, || ()).unwrap()
    }

    #[test]
    fn nothing_of_it_is_seen_from_outside_and_its_stage_is_looked_through() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        let inner = open(&store).for_mirror().unwrap();
        std::fs::write(inner.stage().join("a"), b"bytes").unwrap();
        drop(inner);
        for _ in 0..2 {
            let outer = open(&store);
            assert!(outer.finished().is_empty() && fs::list_dir(&outer.stage()).unwrap().is_empty());
            let again = outer.for_mirror().unwrap();
            assert_eq!(std::fs::read(again.left().join("a")).unwrap(), b"bytes");
            assert!(fs::list_dir(&again.stage()).unwrap().is_empty());
        }
    }

    #[test]
    fn what_waits_around_it_stays_unless_all_is_committed() {
        for (whole, waits) in [(true, true), (false, true), (false, false)] {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::of(folder.path());
            let outer = open(&store);
            let root = outer.root().to_path_buf();
            if waits {
                std::fs::write(root.join("parts/1-a.part"), b"par").unwrap();
            }
            let inner = outer.for_mirror().unwrap();
            inner.settle(&Selection { whole, ..Selection::default() }).unwrap();
            assert!(!root.join("mirror").exists());
            assert_eq!(root.exists(), waits && !whole, "{whole} {waits}");
        }
    }
}
