//! Proven files into stages, and whole datasets into their places.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::inventory::InventoryReader;
use crate::layout::lines::LineWriter;
use crate::layout::receipt::{BroughtMark, Receipt};
use crate::layout::{DatasetDir, LayoutError, ListWriter, Listed, Means, RecordKind, Store, commit};
use crate::values::{Digest, RelPath};

use super::super::assemble;
use super::super::failure::Failure;
use super::super::particulars::particulars;
use super::super::placing::stamp;
use super::fault::Fault;
use super::judge::{OwnSide, judge, lowered, marks};
use super::prove::{Proven, Takes};
use super::{Plan, UnbundleOptions, UnbundleState, state_of};

/// Writes datasets into stages below the store's `tmp`. What is left there when this is dropped
/// goes.
pub(super) struct Taker<'a> {
    context: &'a Context,
    store: &'a Store,
    data_dir: &'a Path,
    plans: &'a [Plan],
    options: &'a UnbundleOptions,
    root: PathBuf,
    access: Vec<Access>,
    folder: Option<PathBuf>,
    /// Files that were taken with other bytes than the catalogue's.
    pub changed: Vec<RelPath>,
    whole: Vec<(usize, Receipt, Digest)>,
}

impl<'a> Taker<'a> {
    /// Makes an empty stage. Only for whoever holds the lease.
    pub fn new(
        context: &'a Context,
        store: &'a Store,
        data_dir: &'a Path,
        plans: &'a [Plan],
        options: &'a UnbundleOptions,
    ) -> Result<Self, Failure> {
        let root = store.tmp().join(fs::fresh_name(STAGE));
        fs::create_dir_all(&root, Access::Private)?;
        let access_of =
            |plan: &Plan| Ok(plan.target(context, data_dir)?.map_or(Access::Private, |target| target.access));
        let access = plans.iter().map(access_of).collect::<Result<_, Failure>>()?;
        Ok(Self {
            context,
            store,
            data_dir,
            plans,
            options,
            root,
            access,
            folder: None,
            changed: Vec::new(),
            whole: Vec::new(),
        })
    }

    fn stage(&self, dataset: usize) -> DatasetDir {
        DatasetDir::at(self.root.join(dataset.to_string()))
    }

    /// Puts every dataset in its place and enters it in the ledger. Gives their receipts by the
    /// numbers of the datasets; `None` for one that another run put there meanwhile.
    pub fn commit(mut self, index: Digest, extract: Option<Digest>) -> Result<Vec<(usize, Option<Digest>)>, Failure> {
        let mut done = Vec::new();
        for (dataset, receipt, receipt_sha256) in std::mem::take(&mut self.whole) {
            let plan = &self.plans[dataset];
            let Some(target) = plan.target(self.context, self.data_dir)? else { continue };
            let _lease = target.lease(self.context)?;
            if state_of(&plan.bundled, self.data_dir)? == UnbundleState::Already {
                done.push((dataset, None));
                continue;
            }
            let (stage, access) = (self.stage(dataset), target.access);
            let facts =
                particulars(self.context, &target, Means::Bundle, receipt.selection.clone(), receipt.reason.clone())?;
            for (name, text) in &facts.papers {
                fs::atomic_write(&stage.root().join(name), text.as_bytes(), access)?;
            }
            let entry = plan.entry_of_bundle(self.context)?;
            if let Some(entry) = entry {
                fs::atomic_write(&stage.entry_path(), entry.as_bytes(), access)?;
            }
            let brought = Some(BroughtMark {
                index,
                entry: entry.map(|text| Digest::sha256(text.as_bytes())),
                extract,
                receipt_sha256,
                by: receipt.by.clone(),
                means: receipt.means,
                completed: receipt.completed,
                ledger: receipt.ledger.clone(),
            });
            let reference = receipt.reference.clone();
            let own = assemble::receipt_own(self.context, facts, &receipt);
            let own = Receipt { brought, reference, ..own };
            own.write(&stage, access)?;
            commit::check_place(&target.dir, self.store)?;
            commit::commit(stage.root(), &target.dir, self.store, access)?;
            let assembled = assemble::enter_in_ledger(self.context, &target.dir, own, access)?;
            done.push((dataset, Some(assembled.receipt_sha256)));
        }
        Ok(done)
    }
}

/// How the names of stages begin.
const STAGE: &str = "unbundle-";

impl Drop for Taker<'_> {
    fn drop(&mut self) {
        // What could not be removed is swept by the next run.
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Takes for Taker<'_> {
    fn file(&mut self, dataset: usize, path: &RelPath) -> Result<Option<(PathBuf, File)>, Failure> {
        if self.plans[dataset].state != UnbundleState::WouldBeUnbundled {
            return Ok(None);
        }
        let place = path.under(self.stage(dataset).root());
        let access = self.access[dataset];
        let folder = place.parent().unwrap_or(&self.root).to_path_buf();
        if self.folder.as_ref() != Some(&folder) {
            fs::create_dir_all(&folder, access)?;
            self.folder = Some(folder);
        }
        let file = fs::create_new(&place, access)?;
        Ok(Some((place, file)))
    }

    fn wrote(&mut self, file: File, path: &RelPath, modified: Option<Timestamp>) -> Result<(), Failure> {
        if let Some(modified) = modified {
            let since = Duration::try_from(modified.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default();
            let set = file.set_modified(SystemTime::UNIX_EPOCH + since);
            set.map_err(|error| fs::FsError::new("set the time of", Path::new(path.as_str()), error))?;
        }
        Ok(())
    }

    fn whole(&mut self, dataset: usize, mut proven: Proven) -> Result<(), Fault> {
        let plan = &self.plans[dataset];
        if plan.state != UnbundleState::WouldBeUnbundled {
            return Ok(());
        }
        let changed = judge(plan, &proven, &self.options.accept_changed)?;
        proven.receipt.reason = self.options.reason.clone().filter(|_| !changed.is_empty());
        self.changed.extend(changed.iter().cloned());
        let own = OwnSide::of(plan, self.context.catalog()?.get(&plan.bundled.id).is_some(), changed);
        let (stage, access) = (self.stage(dataset), self.access[dataset]);
        for link in &proven.links {
            let place = link.path.under(stage.root());
            fs::create_dir_all(place.parent().unwrap_or(stage.root()), access)?;
            fs::symbolic_link(link.target.as_deref().unwrap_or_default(), &place)?;
        }
        restamp(&stage, &own, access)?;
        let listed = relist(&stage, &own, &proven, access)?;
        proven.receipt.listed = listed;
        for partial in &mut proven.receipt.partial {
            partial.verified = lowered(partial.verified);
        }
        self.whole.push((dataset, proven.receipt, proven.receipt_sha256));
        Ok(())
    }
}

/// Removes the stages of runs that were killed. Only for whoever holds the lease.
pub(super) fn sweep(store: &Store) -> Result<(), Failure> {
    for stage in left(store)? {
        fs::remove_dir_all(&stage)?;
    }
    Ok(())
}

/// Stages that are there.
pub(super) fn left(store: &Store) -> Result<Vec<PathBuf>, Failure> {
    let is_stage = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(STAGE));
    Ok(fs::list_dir(&store.tmp())?.into_iter().filter(is_stage).collect())
}

/// Takes nothing, and says what would be refused.
pub(super) struct Judging<'a> {
    /// What would be done.
    pub plans: &'a [Plan],
    /// Files of which other bytes are taken.
    pub accepted: &'a [String],
    /// Those that are other bytes.
    pub changed: Vec<RelPath>,
}

impl Takes for Judging<'_> {
    fn file(&mut self, _: usize, _: &RelPath) -> Result<Option<(PathBuf, File)>, Failure> {
        Ok(None)
    }
    fn wrote(&mut self, _: File, _: &RelPath, _: Option<Timestamp>) -> Result<(), Failure> {
        Ok(())
    }
    fn whole(&mut self, dataset: usize, proven: Proven) -> Result<(), Fault> {
        self.changed.extend(judge(&self.plans[dataset], &proven, self.accepted)?);
        Ok(())
    }
}

/// The list as the own receipt has it: what only the other's records prove is proven by records.
fn relist(stage: &DatasetDir, own: &OwnSide<'_>, proven: &Proven, access: Access) -> Result<Listed, Failure> {
    if let Listed::Within(marks) = &proven.receipt.listed {
        return Ok(Listed::Within(marks.iter().cloned().map(|mark| own.mark(mark)).collect()));
    }
    let fresh = DatasetDir::at(stage.root().join("relisted"));
    fs::create_dir_all(&fresh.records(), access)?;
    let mut writer = ListWriter::create(&fresh.listed_path(), access)?;
    for mark in marks(proven)? {
        writer.write(&own.mark(mark?))?;
    }
    let pin = writer.finish()?;
    fs::rename(&fresh.listed_path(), &stage.listed_path())?;
    fs::remove_dir_all(fresh.root())?;
    Ok(Listed::Beside(pin))
}

/// The inventory as the own program has it, with the times that the files have here: this file
/// system may keep coarser ones.
fn restamp(stage: &DatasetDir, own: &OwnSide<'_>, access: Access) -> Result<(), LayoutError> {
    let fresh = stage.records().join("files.new");
    let mut writer = LineWriter::create(&fresh, access)?;
    for record in InventoryReader::open(&stage.inventory_path())? {
        let mut record = own.record(record?);
        let (mtime, size) = stamp(&record.path.under(stage.root()))?;
        record.mtime = mtime;
        if record.kind == RecordKind::File && size != record.size {
            return Err(LayoutError::Lost { path: record.path.under(stage.root()) });
        }
        writer.write_json(&record)?;
    }
    writer.finish()?;
    Ok(fs::rename(&fresh, &stage.inventory_path())?)
}
