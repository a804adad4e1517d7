//! `medsets prune`: what the store keeps and nothing uses.
//!
//! No dataset folder is touched. What a run that is at work may need is left: unfinished
//! datasets are removed under their own lease, short-lived files only when every lease can be
//! had.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::fs::{self, FileLock, FsError};
use crate::layout::inventory::InventoryReader;
use crate::layout::{DatasetDir, LayoutError, Receipt, Store};
use crate::store::{self, Object};
use crate::values::{ByteSize, Digest};

use super::failure::Failure;

/// What to remove.
#[derive(Debug, Clone)]
pub struct PruneOptions {
    /// Only say what would go.
    pub dry_run: bool,
    /// What is unfinished or kept for a while goes when nobody has touched it for so long.
    pub older: Duration,
    /// Unfinished datasets go too.
    pub parts: bool,
}

/// What went, or would go.
#[derive(Debug, Serialize)]
pub struct PruneReport {
    /// The store.
    pub path: PathBuf,
    /// In the order of kinds and names.
    pub items: Vec<Pruned>,
    /// Bytes of all of them.
    pub freed: ByteSize,
    /// Unfinished datasets that another run works on.
    pub busy: Vec<String>,
    /// Whether it was done.
    pub removed: bool,
}

/// One thing that nothing uses.
#[derive(Debug, Serialize)]
pub struct Pruned {
    /// What it is.
    pub kind: PrunedKind,
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: ByteSize,
    /// How many files it is.
    pub files: u64,
}

/// What something in the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrunedKind {
    /// Bytes that no dataset here has.
    Object,
    /// An object that was not what its name says.
    Damaged,
    /// An unfinished dataset.
    Part,
    /// A list of files of a host.
    Listing,
    /// What a killed run left.
    Leftover,
}

/// Removes from the store of the data folder what nothing uses. After a failure what was listed
/// before it is gone, and nothing else.
pub fn prune(context: &Context, options: &PruneOptions) -> Result<PruneReport, Failure> {
    let data_dir = context.data_dir()?;
    let store = Store::of(&data_dir);
    let mut sweep = Sweep {
        report: PruneReport {
            path: store.root().to_path_buf(),
            items: Vec::new(),
            freed: ByteSize::ZERO,
            busy: Vec::new(),
            removed: !options.dry_run,
        },
        now: context.now(),
        options,
    };
    // Looked at before any lease is taken: what comes later belongs to a run that comes later.
    let (leftovers, leases) = (leftovers(&store)?, fs::list_dir(&store.leases())?);
    for object in unused(&store, &data_dir)? {
        sweep.object(&object)?;
    }
    for path in fs::list_dir(&store.quarantine())? {
        sweep.remove(PrunedKind::Damaged, &path)?;
    }
    if options.parts {
        sweep.parts(&store)?;
    }
    for path in fs::list_dir(&store.listings())? {
        sweep.remove_if_older(PrunedKind::Listing, &path, options.older)?;
    }
    let is_lock = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "lock");
    let held: Vec<Option<FileLock>> =
        leases.iter().filter(is_lock).map(|path| FileLock::try_take(path)).collect::<Result<_, _>>()?;
    if held.iter().all(Option::is_some) {
        for path in &leftovers {
            sweep.remove_if_older(PrunedKind::Leftover, path, options.older.min(SHORT))?;
        }
    }
    Ok(sweep.report)
}

/// Objects that no dataset on disk uses. A hard link tells by the count of names; where files can
/// share bytes without one, the inventories tell.
fn unused(store: &Store, data_dir: &Path) -> Result<Vec<Object>, Failure> {
    let mut alone = store::objects(store)?;
    alone.retain(|object| !object.is_linked);
    // Where that cannot be tried nothing could be removed either.
    if alone.is_empty() || !store::shares_extents(store).unwrap_or(true) {
        return Ok(alone);
    }
    let mut named = HashSet::new();
    for dir in DatasetDir::find_all(data_dir)? {
        note_named(&dir, &mut named)?;
    }
    alone.retain(|object| !named.contains(&object.sha256));
    Ok(alone)
}

/// The digests that a dataset's records name, as far as they can be read.
fn note_named(dir: &DatasetDir, named: &mut HashSet<Digest>) -> Result<(), LayoutError> {
    if fs::metadata(&dir.inventory_path())?.is_some() {
        let records = InventoryReader::open(&dir.inventory_path())?;
        named.extend(records.map_while(Result::ok).map(|record| record.sha256));
    }
    if let Ok(Some(receipt)) = Receipt::read(dir)
        && let Ok(marks) = receipt.listed.read(dir)
    {
        named.extend(marks.map_while(Result::ok).map(|mark| mark.sha256));
    }
    Ok(())
}

/// Folders and files on their way, and claims that never stood.
fn leftovers(store: &Store) -> Result<Vec<PathBuf>, FsError> {
    let mut found = fs::list_dir(&store.tmp())?;
    let is_private_claim =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension.to_string_lossy().starts_with("claim-"));
    found.extend(fs::list_dir(&store.leases())?.into_iter().filter(is_private_claim));
    Ok(found)
}

/// A prune under way.
struct Sweep<'a> {
    report: PruneReport,
    now: Timestamp,
    options: &'a PruneOptions,
}

impl Sweep<'_> {
    fn object(&mut self, object: &Object) -> Result<(), Failure> {
        // A fetch may have taken it since it was looked at.
        let is_taken = || -> Result<bool, FsError> {
            use std::os::unix::fs::MetadataExt as _;
            Ok(fs::metadata(&object.path)?.is_none_or(|found| found.nlink() > 1))
        };
        if is_taken()? { Ok(()) } else { self.remove(PrunedKind::Object, &object.path) }
    }

    fn parts(&mut self, store: &Store) -> Result<(), Failure> {
        for path in fs::list_dir(&store.parts())? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            fs::create_dir_all(&store.leases(), fs::Access::Private)?;
            match FileLock::try_take(&store.lease(&name))? {
                Some(_lease) => self.remove_if_older(PrunedKind::Part, &path, self.options.older)?,
                None => self.report.busy.push(name),
            }
        }
        Ok(())
    }

    fn remove_if_older(&mut self, kind: PrunedKind, path: &Path, older: Duration) -> Result<(), Failure> {
        let Some(touched) = touched(path)? else { return Ok(()) };
        let age = self.now.duration_since(touched);
        if age.is_negative() || age.unsigned_abs() < older { Ok(()) } else { self.remove(kind, path) }
    }

    fn remove(&mut self, kind: PrunedKind, path: &Path) -> Result<(), Failure> {
        let Some(found) = fs::metadata(path)? else { return Ok(()) };
        let (mut bytes, mut files) = (ByteSize::ZERO, 0);
        // What has another name elsewhere is not freed by losing this one.
        let mut count = |size: u64, names: u64| {
            files += 1;
            bytes += if names > 1 { ByteSize::ZERO } else { ByteSize(size) };
        };
        if found.is_dir() {
            fs::walk(path, &mut |found| count(found.size, found.names))?;
        } else {
            use std::os::unix::fs::MetadataExt as _;
            count(found.len(), found.nlink());
        }
        if !self.options.dry_run {
            if found.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
        self.report.freed += bytes;
        self.report.items.push(Pruned { kind, path: path.to_path_buf(), bytes, files });
        Ok(())
    }
}

/// When anything in it was last written, made or renamed.
fn touched(path: &Path) -> Result<Option<Timestamp>, FsError> {
    use std::os::unix::fs::MetadataExt as _;
    let Some(found) = fs::metadata(path)? else { return Ok(None) };
    let mut latest = Timestamp::from_second(found.ctime().max(found.mtime())).unwrap_or(Timestamp::UNIX_EPOCH);
    if found.is_dir() {
        fs::walk(path, &mut |found| {
            let modified = found.modified.and_then(|time| Timestamp::try_from(time).ok());
            latest = modified.map_or(latest, |modified| latest.max(modified));
        })?;
    }
    Ok(Some(latest))
}

/// How long a folder on its way out may be on it.
const SHORT: Duration = Duration::from_secs(60 * 60);
