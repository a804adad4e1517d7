//! What several processes finished apart, brought into one workspace.
//!
//! A shard of a fetch works in a workspace of its own. When it is done it is sealed: everything
//! is made to last, so that another machine may believe its records. The process that finishes the
//! fetch takes each of these workspaces over by renaming file by file; on another file system
//! they are copied with their times.
//!
//! Killed at any moment it is done again with the same outcome: what the records of a workspace
//! name lies in its own stage or, moved already, in the stage that takes it.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fs::{self, Access, FileLock, FsError, FsErrorKind};
use crate::layout::check::sha256_of;
use crate::layout::dirs::Store;
use crate::layout::inventory::{FileRecord, InventoryReader};
use crate::layout::lines::JsonLines;
use crate::values::{ByteSize, Digest, RelPath};

use super::{Begun, Finished, FinishedKind, LayoutError, Trust, Workspace, broken, drop_unspent, still_there};

impl Workspace {
    /// Takes the lease of a workspace without opening it, waiting so long; `None` while a run
    /// holds it. A run of another machine that died is seen only by waiting.
    pub fn lease(
        store: &Store,
        name: &str,
        access: Access,
        patience: Duration,
    ) -> Result<Option<FileLock>, LayoutError> {
        fs::create_dir_all(&store.leases(), access)?;
        Ok(FileLock::wait(&store.lease(name), patience, || ())?)
    }

    /// Makes everything here last and notes that it does: what is finished now is believed after
    /// a restart and on other machines.
    pub fn seal(&self) -> Result<(), LayoutError> {
        fs::sync_all_below(&self.root)?;
        let length = fs::metadata(&self.root.join("done.jsonl"))?.map_or(0, |found| found.len());
        Ok(fs::atomic_write(&sealed_path(&self.root), length.to_string().as_bytes(), self.access)?)
    }

    /// The entry and channel with which the workspace at `root` was begun; `None` where it was not.
    pub fn begun_by(root: &Path) -> Result<Option<(Digest, String)>, LayoutError> {
        Ok(begun(root)?.map(|begun| (begun.entry, begun.channel)))
    }

    /// What is finished in the workspace at `root`, changing nothing and whoever holds it; nothing
    /// where it was begun with another entry or channel.
    pub fn look(root: &Path, entry: Digest, channel: &str) -> Result<BTreeMap<RelPath, Finished>, LayoutError> {
        match begun(root)? {
            Some(begun) if begun.entry == entry && begun.channel == channel => {}
            _ => return Ok(BTreeMap::new()),
        }
        let mut finished = records(root)?;
        let mut gone = Vec::new();
        for one in finished.values() {
            // A run that holds it may put it away this very moment.
            if !still_there(root, one, Trust::Records).unwrap_or(false) {
                gone.push(one.path.clone());
            }
        }
        gone.iter().for_each(|path| drop(finished.remove(path)));
        drop_unspent(&mut finished);
        Ok(finished)
    }

    /// Takes over what the workspace at `from` finished, and its unfinished downloads. Only for
    /// whoever holds the leases of both; `from` is good for nothing afterwards but to be removed.
    ///
    /// Gives the number of files of the release that were taken; `None` where that workspace was
    /// begun with another entry or channel and means other bytes.
    ///
    /// # Errors
    /// [`LayoutError::Conflict`] where a file has other bytes than one that is in its place.
    pub fn take_over(&mut self, from: &Path) -> Result<Option<u64>, LayoutError> {
        let (Some(ours), Some(theirs)) = (begun(&self.root)?, begun(from)?) else { return Ok(None) };
        if ours.entry != theirs.entry || ours.channel != theirs.channel {
            return Ok(None);
        }
        let is_same_boot = theirs.boot.is_some() && theirs.boot == fs::boot_id();
        let trust = if is_same_boot || is_sealed(from)? { Trust::Records } else { Trust::Bytes };
        let mut move_to = Mover { access: self.access, trust, made: HashSet::new() };
        let mut count = 0;
        for finished in records(from)?.into_values() {
            if self.finished.contains_key(&finished.path) || !self.take(from, &finished, &mut move_to)? {
                continue;
            }
            // At once: whoever works here after a kill knows of all but the last.
            let mut line = serde_json::to_vec(&finished).map_err(|error| broken(&self.root, "done.jsonl", &error))?;
            line.push(b'\n');
            let written = self.journal.write_all(&line);
            written.map_err(|error| FsError::new("write", &self.root.join("done.jsonl"), error))?;
            self.finished.insert(finished.path.clone(), finished);
            count += 1;
        }
        drop_unspent(&mut self.finished);
        self.take_parts(from, &mut move_to)?;
        Ok(Some(count))
    }

    /// Moves what one record names. `false` where it is not what the record says.
    fn take(&self, from: &Path, finished: &Finished, move_to: &mut Mover) -> Result<bool, LayoutError> {
        let bytes = (finished.size, finished.sha256);
        let names = |file: &Path| self.names(file);
        match &finished.kind {
            FinishedKind::Spent { .. } => Ok(true),
            FinishedKind::Placed { at } => {
                move_to.file(&at.under(&from.join("stage")), &at.under(&self.stage()), bytes, &names)
            }
            FinishedKind::Fetched => {
                let waiting = finished.path.under(&from.join("archives"));
                move_to.file(&waiting, &self.archive(&finished.path), bytes, &names)
            }
            FinishedKind::Unpacked { members, .. } | FinishedKind::Members { members, .. } => {
                let (theirs, ours) = (from.join("members").join(members), self.members(members));
                // It is moved last, so ours is all of it.
                let inventory = if fs::metadata(&theirs)?.is_some() { &theirs } else { &ours };
                if fs::metadata(inventory)?.is_none() {
                    return Ok(false);
                }
                for record in InventoryReader::open(inventory)? {
                    let Ok(record) = record else { return Ok(false) };
                    if !move_to.member(&record, &from.join("stage"), &self.stage(), &names)? {
                        return Ok(false);
                    }
                }
                // The archive itself, where archives are kept.
                let kept = finished.path.under(&from.join("archives"));
                if fs::metadata(&kept)?.is_some()
                    && !move_to.file(&kept, &self.archive(&finished.path), bytes, &names)?
                {
                    return Ok(false);
                }
                if inventory == &theirs {
                    move_to.rename(&theirs, &ours)?;
                }
                Ok(true)
            }
        }
    }

    /// Whether a record names this file of ours. Others were being written when a run was killed.
    fn names(&self, file: &Path) -> Result<bool, LayoutError> {
        for one in self.finished.values() {
            let is_it = match &one.kind {
                FinishedKind::Spent { .. } => false,
                FinishedKind::Placed { at } => at.under(&self.stage()) == file,
                FinishedKind::Fetched => self.archive(&one.path) == file,
                FinishedKind::Unpacked { members, .. } | FinishedKind::Members { members, .. } => {
                    let mut records = InventoryReader::open(&self.members(members))?;
                    let is_member = records.any(|one| one.is_ok_and(|one| one.path.under(&self.stage()) == file));
                    is_member || self.archive(&one.path) == file
                }
            };
            if is_it {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes over downloads that are not whole, where none of ours is under way.
    fn take_parts(&self, from: &Path, move_to: &mut Mover) -> Result<(), LayoutError> {
        for theirs in fs::list_dir(&from.join("parts"))? {
            let Some(name) = theirs.file_name().filter(|_| theirs.extension().is_some_and(|end| end == "part")) else {
                continue;
            };
            let ours = self.root.join("parts").join(name);
            if fs::metadata(&ours)?.is_some() {
                continue;
            }
            // A journal without its part is worth nothing, and the other way round: the part comes
            // last, so that both are looked for again after a kill.
            let journal = |part: &Path| {
                let mut name = part.as_os_str().to_owned();
                name.push(".json");
                PathBuf::from(name)
            };
            if fs::metadata(&journal(&theirs))?.is_some() {
                move_to.rename(&journal(&theirs), &journal(&ours))?;
            }
            move_to.rename(&theirs, &ours)?;
        }
        Ok(())
    }
}

/// Whether all that is finished in a workspace was made to last when it was noted.
pub(super) fn is_sealed(root: &Path) -> Result<bool, LayoutError> {
    let Some(text) = fs::read_text_if_present(&sealed_path(root))? else { return Ok(false) };
    let length = fs::metadata(&root.join("done.jsonl"))?.map_or(0, |found| found.len());
    Ok(text.trim().parse() == Ok(length))
}

fn sealed_path(root: &Path) -> PathBuf {
    root.join("sealed")
}

fn begun(root: &Path) -> Result<Option<Begun>, LayoutError> {
    let text = fs::read_text_if_present(&root.join("source.json"))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// The last record of each file; a torn line is none.
fn records(root: &Path) -> Result<BTreeMap<RelPath, Finished>, LayoutError> {
    let path = root.join("done.jsonl");
    if fs::metadata(&path)?.is_none() {
        return Ok(BTreeMap::new());
    }
    let records = JsonLines::<Finished>::open(&path)?;
    Ok(records.map_while(Result::ok).map(|one| (one.path.clone(), one)).collect())
}

/// Whether a record names a file of the workspace that takes over.
type Names<'a> = &'a dyn Fn(&Path) -> Result<bool, LayoutError>;

/// Moves files from one workspace to another.
struct Mover {
    access: Access,
    trust: Trust,
    /// Folders that are there.
    made: HashSet<PathBuf>,
}

impl Mover {
    /// Moves a member or link of an archive.
    fn member(&mut self, record: &FileRecord, from: &Path, to: &Path, names: Names<'_>) -> Result<bool, LayoutError> {
        let (from, to) = (record.path.under(from), record.path.under(to));
        let Some(target) = &record.target else {
            return self.file(&from, &to, (record.size, record.sha256), names);
        };
        if fs::link_target(&to)?.is_some_and(|held| held == *target) {
            return Ok(true);
        }
        if fs::link_target(&from)?.is_none_or(|held| held != *target) {
            return Ok(false);
        }
        self.folder_of(&to)?;
        match fs::symbolic_link(target, &to) {
            Ok(()) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves a file, unless it was moved before. `false` where it is neither here nor there. What no
    /// record of ours `names` gives way to it.
    fn file(
        &mut self,
        from: &Path,
        to: &Path,
        (size, sha256): (ByteSize, Digest),
        names: Names<'_>,
    ) -> Result<bool, LayoutError> {
        let is_whole = |path: &Path| -> Result<bool, LayoutError> {
            Ok(fs::metadata(path)?.is_some_and(|found| found.is_file() && found.len() == size.0))
        };
        let is_here = is_whole(from)? && (self.trust == Trust::Records || sha256_of(from, &|_| ())? == sha256);
        if fs::metadata(to)?.is_none() {
            return if is_here { self.rename(from, to).map(|()| true) } else { Ok(false) };
        }
        // Moved before a kill, or another file of the release brought the same place.
        let there = sha256_of(to, &|_| ())?;
        match (there == sha256, is_here) {
            (true, _) => Ok(true),
            (false, false) => Ok(false),
            (false, true) if !names(to)? => {
                fs::remove_file(to)?;
                self.rename(from, to).map(|()| true)
            }
            (false, true) => Err(LayoutError::Conflict {
                path: to.to_string_lossy().into_owned(),
                first: there,
                first_origin: "an earlier file of the release".into(),
                second: sha256,
                second_origin: from.to_string_lossy().into_owned(),
            }),
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<(), LayoutError> {
        self.folder_of(to)?;
        match fs::rename(from, to) {
            Err(error) if error.kind() == FsErrorKind::OtherFileSystem => {
                fs::copy_with_time(from, to, self.access)?;
                Ok(fs::remove_file(from)?)
            }
            moved => Ok(moved?),
        }
    }

    fn folder_of(&mut self, path: &Path) -> Result<(), LayoutError> {
        if let Some(folder) = path.parent()
            && !self.made.contains(folder)
        {
            fs::create_dir_all(folder, self.access)?;
            self.made.insert(folder.to_path_buf());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
