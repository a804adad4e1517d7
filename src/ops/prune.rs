//! `medsets prune`: what the store keeps and nothing uses.
//!
//! Of dataset folders nothing goes but what a killed run was writing there. What a run that is at work may need is left: unfinished
//! datasets are removed under their own lease, short-lived files only when every lease can be
//! had.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, FileLock, FsError, FsErrorKind};
use crate::layout::inventory::InventoryReader;
use crate::layout::{DatasetDir, LayoutError, Place, Receipt, Store, commit, places};
use crate::store::{self, Object};
use crate::values::{ByteSize, Digest};

use super::adopt::LISTS;
use super::failure::Failure;
use super::{remove, shared};

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
    /// Datasets that another run works on, where something of them or beside them was left for that.
    pub busy: Vec<String>,
    /// What could not be removed, and why.
    #[serde(skip)]
    pub failures: Vec<Failure>,
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

/// Removes from the store of the data folder what nothing uses. What cannot be removed is told of
/// and stays; after a failure what was listed before it is gone, and nothing else.
pub fn prune(context: &Context, options: &PruneOptions) -> Result<PruneReport, Failure> {
    let data_dir = context.data_dir()?;
    let store = Store::of(&data_dir);
    let mut sweep = Sweep {
        report: PruneReport {
            path: store.root().to_path_buf(),
            items: Vec::new(),
            freed: ByteSize::ZERO,
            busy: Vec::new(),
            failures: Vec::new(),
            removed: !options.dry_run,
        },
        now: context.now(),
        options,
    };
    // Looked at before any lease is taken: what comes later belongs to a run that comes later.
    let mut leftovers = leftovers(context, &store)?;
    leftovers.extend(beside(&data_dir)?);
    let parts = if options.parts { own_names(context, &store.parts())? } else { Vec::new() };
    let leases = match leftovers.is_empty() && parts.is_empty() {
        true => Leases::default(),
        false => Leases::take(context, &store, &parts, options.dry_run)?,
    };
    for object in unused(context, &store, &data_dir)? {
        sweep.object(&object)?;
    }
    for path in own_names(context, &store.quarantine())? {
        sweep.remove(PrunedKind::Damaged, &path)?;
    }
    sweep.parts(&parts, &leases)?;
    for path in own_names(context, &store.listings())? {
        sweep.remove_if_older(PrunedKind::Listing, &path, options.older)?;
    }
    if leases.taken.is_empty() {
        if !options.dry_run {
            remove::recover(context, &store, None)?;
        }
        for path in &leftovers {
            // Another person is still to enter a removal that was noted, and may be away for a while.
            let older = if commit::is_noted(path)? { options.older.max(LONG) } else { options.older.min(SHORT) };
            sweep.remove_if_older(PrunedKind::Leftover, path, older)?;
        }
    } else {
        sweep.report.busy.extend(leases.taken);
    }
    sweep.report.busy.sort();
    sweep.report.busy.dedup();
    Ok(sweep.report)
}

/// Who works in the store.
#[derive(Default)]
struct Leases {
    /// Names of what other runs hold.
    taken: Vec<String>,
    _held: Vec<FileLock>,
}

impl Leases {
    /// Takes all leases that can be had: those that were taken before, and those of these
    /// workspaces. A dry run makes no new ones.
    fn take(context: &Context, store: &Store, parts: &[PathBuf], dry_run: bool) -> Result<Self, Failure> {
        let mut paths = fs::list_dir(&store.leases())?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "lock"));
        if !dry_run {
            fs::create_dir_all(&store.leases(), fs::Access::Private)?;
            paths.extend(parts.iter().map(|path| store.lease(&name_of(path))));
            paths.sort();
            paths.dedup();
        }
        let waiting = || {
            let reason = "a run of another machine may be at work".to_owned();
            context.report.report(Event::Waiting { reason });
        };
        let locks = match FileLock::try_take_all(&paths, &|| context.cancel.is_set(), waiting) {
            // Nobody can be at work there.
            Err(error) if dry_run && error.kind() == FsErrorKind::ReadOnly => return Ok(Self::default()),
            locks => locks?,
        };
        let taken = paths.iter().zip(&locks).filter(|(_, lock)| lock.is_none());
        let taken = taken.map(|(path, _)| path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        Ok(Self { taken: taken.collect(), _held: locks.into_iter().flatten().collect() })
    }

    /// Whether another run works on this workspace. What the shards of a fetch agree on is in use
    /// while any of them is at work.
    fn is_taken(&self, name: &str) -> bool {
        let is_shards = |taken: &String| {
            let of = name.strip_suffix("+shards");
            of.is_some_and(|of| taken == of || taken.starts_with(&format!("{of}+shard")))
        };
        self.taken.iter().any(|taken| taken == name || is_shards(taken))
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Objects that no dataset on disk uses. A hard link tells by the count of names; where objects are
/// copies, or files can share bytes without a link, the inventories tell.
fn unused(context: &Context, store: &Store, data_dir: &Path) -> Result<Vec<Object>, Failure> {
    let mut alone = store::objects(store)?;
    alone.retain(|object| !object.is_linked);
    let are_copies = context.settings.text("link-mode") == Some("copy");
    // Where that cannot be tried nothing could be removed either.
    if alone.is_empty() || !(are_copies || store::shares_extents(store).unwrap_or(true)) {
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
fn leftovers(context: &Context, store: &Store) -> Result<Vec<PathBuf>, FsError> {
    let mut found = own_names(context, &store.tmp())?;
    let is_private_claim =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension.to_string_lossy().starts_with("claim-"));
    found.extend(own_names(context, &store.leases())?.into_iter().filter(is_private_claim));
    Ok(found)
}

/// What is in a folder of the store. Where a link leads, other things may lie too: they are left.
fn own_names(context: &Context, folder: &Path) -> Result<Vec<PathBuf>, FsError> {
    if fs::link_target(folder)?.is_none() {
        return fs::list_dir(folder);
    }
    let message = format!("`{}` is a link: what it leads to is left as it is", folder.display());
    context.report.report(Event::Warning { message });
    Ok(Vec::new())
}

/// What killed runs were writing beside its place: bundles in the data folder, and lists and records
/// in dataset folders and those of a person.
fn beside(data_dir: &Path) -> Result<Vec<PathBuf>, FsError> {
    let mut found = fs::list_dir(data_dir)?;
    found.retain(|path| name_of(path).starts_with(fs::OUTPUT));
    for place in places(data_dir)? {
        let Place::Dataset(dir) = place else { continue };
        // Nothing is ever removed in a shared folder; another person's may be closed.
        if shared::leads_to(&dir).is_some() {
            continue;
        }
        let above = dir.root().parent().unwrap_or(dir.root());
        for (folder, prefix) in [(dir.root(), LISTS), (&dir.records(), fs::RECORD), (above, fs::FRESH)] {
            let mut names = fs::list_dir(folder).unwrap_or_default();
            names.retain(|path| name_of(path).starts_with(prefix));
            found.extend(names);
        }
    }
    found.sort();
    found.dedup();
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

    fn parts(&mut self, parts: &[PathBuf], leases: &Leases) -> Result<(), Failure> {
        for path in parts {
            let name = name_of(path);
            match leases.is_taken(&name) {
                true => self.report.busy.push(name),
                false => self.remove_if_older(PrunedKind::Part, path, self.options.older)?,
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
            let removed = if found.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            if let Err(error) = removed {
                // One thing that stays keeps no other.
                self.report.failures.push(error.into());
                return Ok(());
            }
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

/// How long whoever began a removal may take to enter it.
const LONG: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a folder on its way out may be on it.
const SHORT: Duration = Duration::from_secs(60 * 60);
