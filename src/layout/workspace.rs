//! One unfinished dataset: `<store>/parts/<id>@<slug>/`.
//!
//! ```text
//! source.json      which entry and channel this was begun with
//! entry.toml       the entry, for a dataset that is not in the catalogue
//! done.jsonl       one line per file of the release that is finished here
//! parts/           part files with their journals
//! stretches/       what was read of archives of which only some members are wanted
//! archives/        finished archives, until they are unpacked
//! stage/           what will be the dataset folder
//! members/         sorted inventories of unpacked archives
//! unpack/          an archive being unpacked; removed when a run begins
//! mirror/          objects that come from a mirror, until all of them are finished
//! aside/           what an earlier run finished and this one does not ask for
//! aside.jsonl      the lines of done.jsonl about it
//! mirror/          a workspace of its own for what a mirror brings (`within`)
//! sealed           how long done.jsonl was when all it names was made to last
//! ```
//!
//! Everything is written under names of its own and renamed, so a run that was killed
//! anywhere leaves a workspace that the next run continues. Nothing is synced file by file:
//! a kill loses no written byte, and after a restart of the machine (told by its boot id)
//! finished files are hashed again before they are believed. What a killed run put into the stage
//! without recording it goes before the next one fills it, so that no file is committed that nobody named.

mod aside;
mod finished;
mod renamed;
mod strays;
mod take;
mod within;

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs::{self, Access, FileLock, FsError, Patience};
use crate::values::{ByteSize, Digest, RelPath};

use super::check::sha256_of;
use super::dirs::{DatasetDir, Store};
use super::error::LayoutError;
use super::inventory::InventoryReader;
use super::receipt::Receipt;

pub use finished::{Finished, FinishedKind};

/// An unfinished dataset, held by this run until dropped.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    access: Access,
    finished: BTreeMap<RelPath, Finished>,
    journal: std::fs::File,
    lease: FileLock,
    outer: Option<within::Outer>,
}

/// With what a workspace was begun. Another entry or channel may mean other bytes under the
/// same names, so it begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    entry: Digest,
    channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boot: Option<String>,
}

impl Workspace {
    /// Opens or begins the workspace of a dataset, waiting with `patience` for another run.
    ///
    /// Finished files of an earlier run are kept when it followed the same entry (`entry` is
    /// the digest of its text) and channel, and discarded otherwise. Fails with
    /// [`LayoutError::Held`] when the other run is still at it.
    pub fn open(
        store: &Store,
        name: &str,
        entry: Digest,
        channel: &str,
        access: Access,
        patience: Patience<'_>,
        waiting: impl FnOnce(),
    ) -> Result<Self, LayoutError> {
        fs::create_dir_all(&store.leases(), access)?;
        let root = store.parts().join(name);
        let lease = FileLock::wait_patiently(&store.lease(name), patience, waiting)?
            .ok_or_else(|| LayoutError::Held { path: root.clone() })?;
        let begun = Begun { entry, channel: channel.to_owned(), boot: fs::boot_id() };
        Self::rename_earlier(store, name, (entry, channel), access)?;
        let begun_path = root.join("source.json");
        let earlier = fs::read_text_if_present(&begun_path)?.and_then(|text| serde_json::from_str::<Begun>(&text).ok());
        let same = |earlier: &Begun| earlier.entry == begun.entry && earlier.channel == begun.channel;
        let is_usable = earlier.as_ref().is_some_and(same) && aside::recover(&root, access, is_done(&root)?)?;
        if !is_usable {
            fs::remove_dir_all(&root)?;
        }
        for dir in ["parts", "stretches", "archives", "members", "stage"] {
            fs::create_dir_all(&root.join(dir), access)?;
        }
        fs::remove_dir_all(&root.join("unpack"))?;
        let trust = match earlier {
            Some(earlier) if earlier.boot.is_some() && earlier.boot == begun.boot => Trust::Records,
            Some(_) if take::is_sealed(&root)? => Trust::Records,
            _ => Trust::Bytes,
        };
        let finished = read_finished(&root, access, trust)?;
        let text = serde_json::to_string(&begun).map_err(|error| broken(&root, "source.json", &error))?;
        fs::atomic_write(&begun_path, text.as_bytes(), access)?;
        let journal = fs::open_append(&root.join("done.jsonl"), access)?;
        Ok(Self { root, access, finished, journal, lease, outer: None })
    }

    /// Whether what a workspace of the store was for is in its place, so that nothing in it is of use
    /// any more: a kill left it.
    pub fn is_spent(store: &Store, name: &str) -> Result<bool, LayoutError> {
        let root = store.parts().join(name);
        if aside::has_rest(&root)? {
            return Ok(false);
        }
        let is_idle = fs::metadata(&root.join("done.jsonl"))?.is_some_and(|journal| journal.len() == 0);
        Ok(is_done(&root)? || is_idle && is_done(&within::inner(&root))?)
    }

    /// Removes such a workspace. Only for whoever holds its lease.
    pub fn remove_spent(store: &Store, name: &str) -> Result<(), LayoutError> {
        if Self::is_spent(store, name)? {
            aside::remove(&store.parts().join(name))?;
        }
        Ok(())
    }

    /// The entry of a dataset that is not in the catalogue, in the workspace at `root`: by it an
    /// unfinished fetch goes on with what was described when it began.
    pub fn entry_path(root: &Path) -> PathBuf {
        root.join("entry.toml")
    }

    /// What is finished here, by path at the publisher.
    pub fn finished(&self) -> &BTreeMap<RelPath, Finished> {
        &self.finished
    }

    /// Fails with [`LayoutError::Held`] when another run has taken the workspace over, because
    /// this one slept or its machine could not be heard of. Asked before the commit.
    pub fn confirm(&self) -> Result<(), LayoutError> {
        if self.lease.is_mine() { Ok(()) } else { Err(LayoutError::Held { path: self.root.clone() }) }
    }

    /// Records that a file is finished. Its bytes must be in their place already.
    pub fn finish(&mut self, finished: Finished) -> Result<(), LayoutError> {
        if !self.lease.seems_mine() {
            return Err(LayoutError::Held { path: self.root.clone() });
        }
        let mut line = serde_json::to_string(&finished).map_err(|error| broken(&self.root, "done.jsonl", &error))?;
        line.push('\n');
        let written = self.journal.write_all(line.as_bytes());
        written.map_err(|error| FsError::new("write", &self.root.join("done.jsonl"), error))?;
        self.finished.insert(finished.path.clone(), finished);
        Ok(())
    }

    /// Takes back what is here of an archive's single members: all of it is to be had.
    pub fn forget_members(&mut self, path: &RelPath) -> Result<(), LayoutError> {
        let Some(Finished { kind: FinishedKind::Members { members, .. }, .. }) = self.finished.get(path) else {
            return Ok(());
        };
        // Without its files the record in the journal counts for nothing.
        for record in InventoryReader::open(&self.members(members))? {
            fs::remove_file(&record?.path.under(&self.stage()))?;
        }
        self.finished.remove(path);
        Ok(())
    }

    /// Takes back what is finished of these files: other bytes are meant now. Their members go too.
    pub fn forget(&mut self, paths: &[RelPath]) -> Result<(), LayoutError> {
        let gone: Vec<Finished> = paths.iter().filter_map(|path| self.finished.remove(path)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let mut stays = HashSet::new();
        for one in self.finished.values() {
            stays.extend(self.places(one)?);
        }
        // Without its files a record in the journal counts for nothing.
        for one in &gone {
            for place in self.places(one)?.iter().filter(|place| !stays.contains(*place)) {
                fs::remove_file(&place.under(&self.stage()))?;
            }
            fs::remove_file(&self.archive(&one.path))?;
        }
        drop_unspent(&mut self.finished);
        Ok(())
    }

    /// What will be the dataset folder.
    pub fn stage(&self) -> PathBuf {
        self.root.join("stage")
    }

    /// Where an archive waits until it is unpacked.
    pub fn archive(&self, path: &RelPath) -> PathBuf {
        path.under(&self.root.join("archives"))
    }

    /// Where the unfinished bytes of a file grow. The name is made from the path, flat.
    pub fn part(&self, path: &RelPath) -> PathBuf {
        let mark = Digest::sha256(path.as_str().as_bytes()).hex();
        let name: String = path.file_name().chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        self.root.join("parts").join(format!("{}-{name}.part", &mark[..16]))
    }

    /// Where what was read of archives in places is kept until their members are out.
    pub fn stretches(&self) -> PathBuf {
        self.root.join("stretches")
    }

    /// An empty folder to unpack an archive into.
    pub fn unpack_dir(&self, path: &RelPath) -> Result<PathBuf, LayoutError> {
        let dir = self.root.join("unpack").join(&Digest::sha256(path.as_str().as_bytes()).hex()[..16]);
        fs::remove_dir_all(&dir)?;
        fs::create_dir_all(&dir, self.access)?;
        Ok(dir)
    }

    /// The inventory of an unpacked archive.
    pub fn members(&self, name: &str) -> PathBuf {
        self.root.join("members").join(name)
    }

    /// The workspace's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Who may read what is created here.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Notes what is said now of a file that is finished.
    pub fn describe(&mut self, path: &RelPath, license: Option<&str>, notice: Option<&str>) -> Result<(), LayoutError> {
        let Some(finished) = self.finished.get(path) else { return Ok(()) };
        if (finished.license.as_deref(), finished.notice.as_deref()) == (license, notice) {
            return Ok(());
        }
        let (license, notice) = (license.map(str::to_owned), notice.map(str::to_owned));
        self.finish(Finished { license, notice, ..finished.clone() })
    }

    /// Removes the workspace, and the one around it where nothing waits there.
    pub fn discard(self) -> Result<(), LayoutError> {
        Ok(aside::remove(self.all_of_it())?)
    }
}

/// Whether a kill left what belongs to a stage that is in its place.
fn is_done(root: &Path) -> Result<bool, LayoutError> {
    Ok(was_committed(root)? || was_replaced(root)?)
}

/// Whether a kill after the commit left the records of a stage that is now the dataset folder:
/// nothing they name is here any more.
fn was_committed(root: &Path) -> Result<bool, LayoutError> {
    Ok(fs::metadata(&root.join("done.jsonl"))?.is_some() && fs::metadata(&root.join("stage"))?.is_none())
}

/// Whether a kill in the middle of a commit left the replaced dataset folder where the stage
/// was: only a committed folder's receipt has a ledger mark.
fn was_replaced(root: &Path) -> Result<bool, LayoutError> {
    let stage = DatasetDir::at(root.join("stage"));
    if fs::metadata(&stage.receipt_path())?.is_none() {
        return Ok(false);
    }
    Ok(Receipt::read(&stage).ok().flatten().is_none_or(|receipt| receipt.ledger.is_some()))
}

/// What is believed of an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Its records: the machine has not restarted since.
    Records,
    /// Only bytes that are hashed again.
    Bytes,
}

/// Reads `done.jsonl`, keeping what is still true on disk. A torn last line is dropped: the
/// file it would have named is looked for again.
fn read_finished(root: &Path, access: Access, trust: Trust) -> Result<BTreeMap<RelPath, Finished>, LayoutError> {
    let path = root.join("done.jsonl");
    if fs::metadata(&path)?.is_none() {
        return Ok(BTreeMap::new());
    }
    // Line by line: a dataset may have a million files.
    let mut lines = BufReader::new(fs::open(&path)?);
    let (mut recorded, mut line, mut whole) = (BTreeMap::new(), Vec::new(), 0);
    let is_torn = loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line).map_err(|error| FsError::new("read", &path, error))?;
        if !line.ends_with(b"\n") {
            break read > 0;
        }
        whole += read as u64;
        if let Ok(one) = serde_json::from_slice::<Finished>(&line) {
            recorded.insert(one.path.clone(), one);
        }
    };
    if is_torn {
        let journal = fs::open_append(&path, access)?;
        journal.set_len(whole).map_err(|error| FsError::new("write", &path, error))?;
    }
    let mut gone = Vec::new();
    for one in recorded.values() {
        if !still_there(root, one, trust)? {
            gone.push(one.path.clone());
        }
    }
    gone.iter().for_each(|path| drop(recorded.remove(path)));
    drop_unspent(&mut recorded);
    Ok(recorded)
}

/// A part is spent as long as its archive is unpacked.
fn drop_unspent(finished: &mut BTreeMap<RelPath, Finished>) {
    let is_unpacked = |of| matches!(finished.get(of).map(|one| &one.kind), Some(FinishedKind::Unpacked { .. }));
    let spent = finished.values().filter(|one| matches!(&one.kind, FinishedKind::Spent { of } if !is_unpacked(of)));
    let gone: Vec<RelPath> = spent.map(|one| one.path.clone()).collect();
    gone.iter().for_each(|path| drop(finished.remove(path)));
}

fn still_there(root: &Path, finished: &Finished, trust: Trust) -> Result<bool, LayoutError> {
    let stage = root.join("stage");
    match &finished.kind {
        FinishedKind::Spent { .. } => Ok(true),
        FinishedKind::Placed { at } => is_of(&at.under(&stage), finished.size, finished.sha256, trust),
        FinishedKind::Fetched => {
            is_of(&finished.path.under(&root.join("archives")), finished.size, finished.sha256, trust)
        }
        FinishedKind::Unpacked { members, .. } | FinishedKind::Members { members, .. } => {
            let members = root.join("members").join(members);
            if fs::metadata(&members)?.is_none() {
                return Ok(false);
            }
            for record in InventoryReader::open(&members)? {
                let Ok(record) = record else { return Ok(false) };
                let place = record.path.under(&stage);
                let there = match &record.target {
                    Some(target) => fs::link_target(&place)?.is_some_and(|held| held == *target),
                    None => is_of(&place, record.size, record.sha256, trust)?,
                };
                if !there {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

/// Whether a file is there with this size and, unless records are trusted, these bytes.
fn is_of(path: &Path, size: ByteSize, sha256: Digest, trust: Trust) -> Result<bool, LayoutError> {
    let there = fs::metadata(path)?.is_some_and(|metadata| metadata.is_file() && metadata.len() == size.0);
    Ok(there && (trust == Trust::Records || sha256_of(path, &|_| ())? == sha256))
}

fn broken(root: &Path, name: &str, error: &serde_json::Error) -> LayoutError {
    LayoutError::Record { path: root.join(name), line: error.line(), reason: error.to_string() }
}

#[cfg(test)]
mod tests;
