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
use crate::layout::{DatasetDir, FileRecord, LayoutError, Means, RecordKind, Store, commit};
use crate::values::{Digest, RelPath};

use super::super::assemble;
use super::super::failure::Failure;
use super::super::particulars::particulars;
use super::super::placing::stamp;
use super::prove::Takes;
use super::{Plan, UnbundleState};

/// Writes datasets into stages below the store's `tmp`. What is left there when this is dropped
/// goes.
pub(super) struct Taker<'a> {
    context: &'a Context,
    store: &'a Store,
    data_dir: &'a Path,
    plans: &'a [Plan],
    root: PathBuf,
    access: Vec<Access>,
    folder: Option<PathBuf>,
    whole: Vec<(usize, Receipt, Digest)>,
}

impl<'a> Taker<'a> {
    /// Makes an empty stage, and removes those of runs that were killed. Only for whoever holds
    /// the lease.
    pub fn new(context: &'a Context, store: &'a Store, data_dir: &'a Path, plans: &'a [Plan]) -> Result<Self, Failure> {
        for path in fs::list_dir(&store.tmp())? {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(STAGE)) {
                fs::remove_dir_all(&path)?;
            }
        }
        let root = store.tmp().join(format!("{STAGE}{}", std::process::id()));
        fs::create_dir_all(&root, Access::Private)?;
        let access =
            plans.iter().map(|plan| Ok(plan.target(context, data_dir)?.access)).collect::<Result<_, Failure>>()?;
        Ok(Self { context, store, data_dir, plans, root, access, folder: None, whole: Vec::new() })
    }

    fn stage(&self, dataset: usize) -> DatasetDir {
        DatasetDir::at(self.root.join(dataset.to_string()))
    }

    /// Puts every dataset in its place and enters it in the ledger. Gives their receipts by the
    /// numbers of the datasets.
    pub fn commit(mut self, index: Digest, extract: Option<Digest>) -> Result<Vec<(usize, Digest)>, Failure> {
        let mut done = Vec::new();
        for (dataset, receipt, receipt_sha256) in std::mem::take(&mut self.whole) {
            let plan = &self.plans[dataset];
            let target = plan.target(self.context, self.data_dir)?;
            let (stage, access) = (self.stage(dataset), target.access);
            let facts =
                particulars(self.context, &target, Means::Bundle, receipt.selection.clone(), receipt.reason.clone())?;
            for (name, text) in &facts.papers {
                fs::atomic_write(&stage.root().join(name), text.as_bytes(), access)?;
            }
            let brought = Some(BroughtMark {
                index,
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
            done.push((dataset, assembled.receipt_sha256));
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
    fn file(&mut self, dataset: usize, path: &RelPath) -> Result<Option<File>, Failure> {
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
        Ok(Some(fs::create_new(&place, access)?))
    }

    fn wrote(&mut self, file: File, path: &RelPath, modified: Option<Timestamp>) -> Result<(), Failure> {
        if let Some(modified) = modified {
            let since = Duration::try_from(modified.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default();
            let set = file.set_modified(SystemTime::UNIX_EPOCH + since);
            set.map_err(|error| fs::FsError::new("set the time of", Path::new(path.as_str()), error))?;
        }
        Ok(())
    }

    fn whole(
        &mut self,
        dataset: usize,
        receipt: Receipt,
        receipt_sha256: Digest,
        links: Vec<FileRecord>,
    ) -> Result<(), Failure> {
        if self.plans[dataset].state != UnbundleState::WouldBeUnbundled {
            return Ok(());
        }
        let (stage, access) = (self.stage(dataset), self.access[dataset]);
        for link in links {
            let place = link.path.under(stage.root());
            fs::create_dir_all(place.parent().unwrap_or(stage.root()), access)?;
            fs::symbolic_link(link.target.as_deref().unwrap_or_default(), &place)?;
        }
        restamp(&stage, access)?;
        self.whole.push((dataset, receipt, receipt_sha256));
        Ok(())
    }
}

/// The inventory with the times that the files have here: this file system may keep coarser ones.
fn restamp(stage: &DatasetDir, access: Access) -> Result<(), LayoutError> {
    let fresh = stage.records().join("files.new");
    let mut writer = LineWriter::create(&fresh, access)?;
    for record in InventoryReader::open(&stage.inventory_path())? {
        let mut record = record?;
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
