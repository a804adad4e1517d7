//! A dataset folder beside its inventory: what is missing, changed or too much.

mod archives;
mod digests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::ControlFlow;
use std::path::Path;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::Deserialize;

use crate::fs::{self, FsError, FsErrorKind};
use crate::values::{Algorithm, ByteSize, Digest, Digester, RelPath};

use super::adopted::Adopted;
use super::dirs::DatasetDir;
use super::error::LayoutError;
use super::inventory::{FileRecord, InventoryReader};
use super::lines::JsonLines;
use super::manifest::{self, ManifestReader};

pub use archives::check_archives;
pub use digests::{check_record, digests_of, sha256_of};

/// How closely a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CheckMode {
    /// Size and time of last change.
    Quick,
    /// Every byte.
    Full,
    /// Every byte of this share of the files (0 to 100 percent), size and time of all.
    Sample(f64),
}

/// What is wrong with a dataset folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    /// How many files the inventory names.
    pub checked: u64,
    /// How many of them are as they should be.
    pub good: u64,
    /// Those of them that were read and found right, and have another time than their record says,
    /// with the time that they had before they were read.
    pub touched: Vec<(RelPath, Timestamp)>,
    /// Files that are not there.
    pub missing: Vec<RelPath>,
    /// Files with other bytes (or, for the quick check, another size or time).
    pub changed: Vec<RelPath>,
    /// Files below `data/` and `docs/` that the inventory does not name.
    pub extra: Vec<String>,
    /// The name of the tree that the list speaks of: SHA-256 of the manifest that it makes.
    pub tree: Option<Digest>,
}

impl Damage {
    /// The files whose bytes cannot be relied on.
    pub fn into_damaged(self) -> HashSet<RelPath> {
        self.missing.into_iter().chain(self.changed).collect()
    }

    /// Adds what was found of other files of the same folder.
    pub fn extend(&mut self, other: Self) {
        self.checked += other.checked;
        self.good += other.good;
        self.missing.extend(other.missing);
        self.changed.extend(other.changed);
    }

    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty() && self.extra.is_empty()
    }
}

/// State of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Touched(Timestamp),
    Missing,
    Changed,
}

/// What a list says of one place. As a line of an inventory it is read without the time, and without
/// all that only a record holds, which takes a third of the time.
#[derive(Deserialize)]
struct Expected {
    path: RelPath,
    sha256: Digest,
    size: Option<ByteSize>,
    #[serde(skip)]
    mtime: Option<Timestamp>,
    /// What it holds, where it is a link.
    target: Option<String>,
}

/// Compares the folder with its inventory. Reads only; `progress` hears bytes as they are read.
///
/// What lies below a link is not in the folder: it is missing there, and the link is too much.
/// Only the links of an adopted dataset ([`Adopted`]) are followed; what else lies in a person's
/// folder behind them is not too much.
/// Fails when the inventory cannot be read or a file cannot be (other than not being there).
pub fn check(
    dir: &DatasetDir,
    mode: CheckMode,
    progress: &(dyn Fn(&RelPath, ByteSize) + Sync),
) -> Result<Damage, LayoutError> {
    let holds = |path: &Path| Ok::<_, FsError>(fs::metadata(path)?.is_some_and(|found| found.len() > 0));
    if !holds(&dir.inventory_path())? && holds(&dir.manifest_path())? {
        return Err(LayoutError::NoRecord { path: dir.inventory_path() });
    }
    let records = InventoryReader::open(&dir.inventory_path())?;
    compare(dir, records.map(|record| record.map(Expected::from)), mode, progress)
}

/// The same by the manifest, for a folder whose inventory is lost. It knows no sizes, times or
/// links: files that are not read are only looked for, and links are too much.
pub fn check_by_manifest(
    dir: &DatasetDir,
    mode: CheckMode,
    progress: &(dyn Fn(&RelPath, ByteSize) + Sync),
) -> Result<Damage, LayoutError> {
    let lines = ManifestReader::open(&dir.manifest_path())?;
    let expected = |(sha256, path)| Expected { path, sha256, size: None, mtime: None, target: None };
    compare(dir, lines.map(|line| line.map(expected)), mode, progress)
}

/// Whether every file that the inventory names is there with its size and time. Reads no bytes; records
/// that cannot be read count as touched.
pub fn is_untouched(dir: &DatasetDir) -> Result<bool, LayoutError> {
    match check(dir, CheckMode::Quick, &|_, _| ()) {
        Ok(damage) => Ok(damage.missing.is_empty() && damage.changed.is_empty()),
        Err(error) if error.is_of_records() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Every path that the inventory names; where it cannot be read, every path of the manifest.
pub fn known_paths(dir: &DatasetDir) -> Result<HashSet<RelPath>, LayoutError> {
    let inventory = || -> Result<HashSet<RelPath>, LayoutError> {
        InventoryReader::open(&dir.inventory_path())?.map(|record| Ok(record?.path)).collect()
    };
    match inventory() {
        Ok(paths) if !paths.is_empty() => Ok(paths),
        _ => ManifestReader::open(&dir.manifest_path())?.map(|line| Ok(line?.1)).collect(),
    }
}

fn compare(
    dir: &DatasetDir,
    records: impl Iterator<Item = Result<Expected, LayoutError>> + Send,
    mode: CheckMode,
    progress: &(dyn Fn(&RelPath, ByteSize) + Sync),
) -> Result<Damage, LayoutError> {
    let mut damage = Damage::default();
    let mut known = HashSet::new();
    let mut tree = Digester::new(Algorithm::Sha256, None);
    let links = Adopted::read(dir)?.map(|adopted| adopted.links).unwrap_or_default();
    look_at_each(dir, records, &links, mode, progress, &mut |record, state| {
        known.insert(mark(record.path.as_str()));
        if record.target.is_none() {
            tree.update(manifest::line(&record.sha256, &record.path).as_bytes());
            tree.update(b"\n");
        }
        damage.checked += 1;
        match state {
            State::Good => damage.good += 1,
            State::Touched(modified) => {
                damage.good += 1;
                damage.touched.push((record.path, modified));
            }
            State::Missing => damage.missing.push(record.path),
            State::Changed => damage.changed.push(record.path),
        }
        ControlFlow::Continue(())
    })?;
    damage.tree = Some(tree.finish());
    for top in ["data", "docs"] {
        let place = dir.root().join(top);
        match fs::metadata(&place)? {
            Some(found) if found.is_dir() => fs::walk_names(&place, &mut |found| {
                let path = format!("{top}/{found}");
                if !known.contains(&mark(&path)) {
                    damage.extra.push(path);
                }
            })?,
            Some(_) if is_allowed(dir.root(), top, &links)? => {}
            Some(_) => damage.extra.push(top.to_owned()),
            None => {}
        }
    }
    Ok(damage)
}

/// Looks at what each record names, many at once, and hands it over in the order of the records, until
/// `take` has enough.
fn look_at_each(
    dir: &DatasetDir,
    mut records: impl Iterator<Item = Result<Expected, LayoutError>> + Send,
    links: &BTreeMap<String, String>,
    mode: CheckMode,
    progress: &(dyn Fn(&RelPath, ByteSize) + Sync),
    take: &mut dyn FnMut(Expected, State) -> ControlFlow<()>,
) -> Result<(), LayoutError> {
    let mut folders = Folders { root: dir.root(), links, real: HashMap::new() };
    let mut next_batch = || records.by_ref().take(BATCH).collect::<Result<Vec<Expected>, LayoutError>>();
    let mut batch = next_batch()?;
    while !batch.is_empty() {
        let real: Vec<bool> = batch.iter().map(|record| folders.hold(&record.path)).collect::<Result<_, _>>()?;
        let look_at = |(record, real): (&Expected, &bool)| {
            if *real { look(dir.root(), record, links, mode, progress) } else { Ok(State::Missing) }
        };
        // The records are read while the files are looked at.
        let (states, following) = rayon::join(
            || batch.par_iter().zip(&real).map(look_at).collect::<Result<Vec<State>, _>>(),
            &mut next_batch,
        );
        for (record, state) in batch.into_iter().zip(states?) {
            if take(record, state).is_break() {
                return Ok(());
            }
        }
        batch = following?;
    }
    Ok(())
}

/// Whether the folder still has its manifest, and every file that its inventory names with its size:
/// so many files. Reads none of them, and holds no more than a batch of records. Whether each byte is
/// right is what [`check`] finds.
pub fn looks_whole(dir: &DatasetDir, files: u64) -> Result<bool, LayoutError> {
    Ok(fs::metadata(&dir.manifest_path())?.is_some() && has_files(dir, files)?)
}

/// The same without a look at the manifest.
pub fn has_files(dir: &DatasetDir, files: u64) -> Result<bool, LayoutError> {
    let (mut seen, mut is_whole) = (0, true);
    let mut look = || {
        let links = Adopted::read(dir)?.map(|adopted| adopted.links).unwrap_or_default();
        let records = JsonLines::<Expected>::open(&dir.inventory_path())?;
        look_at_each(dir, records, &links, CheckMode::Quick, &|_, _| (), &mut |record, state| {
            seen += u64::from(record.target.is_none());
            is_whole = state == State::Good;
            if is_whole { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    };
    match look() {
        Ok(()) => Ok(is_whole && seen == files),
        Err(error) if error.is_of_records() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Which folders of a dataset are folders, and neither links nor files.
struct Folders<'a> {
    root: &'a Path,
    links: &'a BTreeMap<String, String>,
    real: HashMap<String, bool>,
}

impl Folders<'_> {
    /// Whether everything above a path is a folder.
    fn hold(&mut self, path: &RelPath) -> Result<bool, FsError> {
        path.as_str().rsplit_once('/').map_or(Ok(true), |(folder, _)| self.is_real(folder))
    }

    fn is_real(&mut self, folder: &str) -> Result<bool, FsError> {
        if let Some(real) = self.real.get(folder) {
            return Ok(*real);
        }
        let above = folder.rsplit_once('/').map_or(Ok(true), |(above, _)| self.is_real(above))?;
        let place = self.root.join(folder);
        let is_folder = || fs::metadata(&place).map(|found| found.is_some_and(|found| found.is_dir()));
        let is_link = || Ok::<_, FsError>(is_allowed(self.root, folder, self.links)? && fs::is_dir(&place));
        let real = above && (is_folder()? || is_link()?);
        self.real.insert(folder.to_owned(), real);
        Ok(real)
    }
}

impl From<FileRecord> for Expected {
    fn from(record: FileRecord) -> Self {
        let FileRecord { path, sha256, size, mtime, target, .. } = record;
        Self { path, sha256, size: Some(size), mtime: Some(mtime), target }
    }
}

/// Whether a link is there that the records of an adopted dataset name, and holds what they say.
fn is_allowed(root: &Path, at: &str, links: &BTreeMap<String, String>) -> Result<bool, FsError> {
    let Some(target) = links.get(at) else { return Ok(false) };
    Ok(fs::link_target(&root.join(at))?.is_some_and(|held| held == *target))
}

fn look(
    root: &Path,
    record: &Expected,
    links: &BTreeMap<String, String>,
    mode: CheckMode,
    progress: &(dyn Fn(&RelPath, ByteSize) + Sync),
) -> Result<State, FsError> {
    let mut path = record.path.under(root);
    if is_allowed(root, record.path.as_str(), links)? {
        path = match fs::canonical(&path) {
            Err(error) if error.kind() == FsErrorKind::NotFound => return Ok(State::Missing),
            real => real?,
        };
    }
    let Some(metadata) = fs::metadata(&path)? else { return Ok(State::Missing) };
    let state = |same| if same { State::Good } else { State::Changed };
    if let Some(target) = &record.target {
        return Ok(state(fs::link_target(&path)?.is_some_and(|held| held == *target)));
    }
    if !metadata.is_file() || record.size.is_some_and(|size| size.0 != metadata.len()) {
        return Ok(State::Changed);
    }
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    if !is_read(&record.path, mode) {
        return Ok(state(record.mtime.is_none() || modified == record.mtime));
    }
    match sha256_of(&path, &|bytes| progress(&record.path, bytes)) {
        Ok(sha256) if sha256 != record.sha256 => Ok(State::Changed),
        Ok(_) => Ok(match modified {
            Some(modified) if record.mtime.is_some_and(|recorded| recorded != modified) => State::Touched(modified),
            _ => State::Good,
        }),
        Err(error) if error.kind() == FsErrorKind::NotFound => Ok(State::Missing),
        Err(error) => Err(error),
    }
}

/// Whether the mode reads this file's bytes. A sample depends on the path alone, so that the
/// same share is the same files each time.
fn is_read(path: &RelPath, mode: CheckMode) -> bool {
    match mode {
        CheckMode::Quick => false,
        CheckMode::Full => true,
        CheckMode::Sample(percent) => (mark(path.as_str()) % 10_000) as f64 / 100.0 < percent,
    }
}

/// A short mark of a path; with a million files two share one with a chance of one in ten million.
fn mark(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Records in work at once.
const BATCH: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::inventory::{example, write_sorted};

    fn dataset(folder: &Path) -> DatasetDir {
        let dir = DatasetDir::at(folder.to_path_buf());
        std::fs::create_dir_all(folder.join("data/sub")).unwrap();
        std::fs::create_dir_all(dir.records()).unwrap();
        let mut records = Vec::new();
        for name in ["data/a", "data/b", "data/sub/c"] {
            std::fs::write(folder.join(name), name).unwrap();
            let modified = std::fs::metadata(folder.join(name)).unwrap().modified().unwrap();
            let mut record = example(name, name.as_bytes());
            record.mtime = modified.try_into().unwrap();
            records.push(record);
        }
        write_sorted(&dir.inventory_path(), records, fs::Access::Shared).unwrap();
        dir
    }

    fn damage(dir: &DatasetDir, mode: CheckMode) -> Damage {
        check(dir, mode, &|_, _| ()).unwrap()
    }

    #[test]
    fn a_whole_folder_passes_each_mode() {
        let folder = tempfile::tempdir().unwrap();
        let dir = dataset(folder.path());
        for mode in [CheckMode::Quick, CheckMode::Full, CheckMode::Sample(50.0)] {
            let found = damage(&dir, mode);
            assert!(found.is_whole() && found.checked == 3 && found.good == 3, "{mode:?}: {found:?}");
        }
    }

    #[test]
    fn finds_each_kind_of_damage() {
        let folder = tempfile::tempdir().unwrap();
        let dir = dataset(folder.path());
        std::fs::remove_file(folder.path().join("data/a")).unwrap();
        std::fs::write(folder.path().join("data/b"), "other").unwrap();
        std::fs::write(folder.path().join("data/sub/new"), "x").unwrap();
        let found = damage(&dir, CheckMode::Full);
        assert_eq!(found.missing, [RelPath::parse("data/a").unwrap()]);
        assert_eq!(found.changed, [RelPath::parse("data/b").unwrap()]);
        assert_eq!(found.extra, ["data/sub/new"]);
        assert_eq!((found.checked, found.good), (3, 1));
    }

    #[test]
    fn a_change_that_keeps_size_and_time_is_found_by_the_full_check_alone() {
        let folder = tempfile::tempdir().unwrap();
        let dir = dataset(folder.path());
        let path = folder.path().join("data/b");
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::write(&path, "DATA/B").unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert!(damage(&dir, CheckMode::Quick).is_whole());
        assert_eq!(damage(&dir, CheckMode::Full).changed.len(), 1);
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let dir = dataset(folder.path());
        std::fs::rename(folder.path().join("data/a"), folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", folder.path().join("data/a")).unwrap();
        assert_eq!(damage(&dir, CheckMode::Full).changed.len(), 1);
    }
}
