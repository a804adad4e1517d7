//! Archives that lie beside the data. No manifest names them: the list of the release's files says
//! which bytes they have.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::fs;
use crate::layout::adopted::Adopted;
use crate::layout::dirs::DatasetDir;
use crate::layout::error::LayoutError;
use crate::layout::inventory::InventoryReader;
use crate::layout::receipt::Receipt;
use crate::values::{ByteSize, RelPath};

use super::{BATCH, CheckMode, Damage, Expected, State, look};

/// Compares what lies in `archives/` with the list of the release's files. Of a dataset that stays
/// packed all of it must be there; archives that were kept beside their members may have been removed.
///
/// # Errors
/// The list or the inventory cannot be read, or a file cannot be (other than not being there).
pub fn check_archives(
    dir: &DatasetDir,
    receipt: &Receipt,
    mode: CheckMode,
    progress: &(dyn Fn(&RelPath, ByteSize) + Sync),
) -> Result<Damage, LayoutError> {
    let mut damage = Damage::default();
    let is_packed = receipt.selection.packed;
    if !is_packed && !fs::is_dir(&dir.archives()) {
        return Ok(damage);
    }
    // A person's own archives are there as links that the records name.
    let links = Adopted::read(dir)?.map(|adopted| adopted.links).unwrap_or_default();
    let laid_out = if is_packed { laid_out(dir)? } else { HashSet::new() };
    let archives = RelPath::parse("archives").expect("it is a name");
    let mut marks = receipt.listed.read(dir)?;
    loop {
        let batch: Vec<_> = marks.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            return Ok(damage);
        }
        let mut expected = Vec::new();
        for mark in batch.into_iter().filter(|mark| !laid_out.contains(&mark.path)) {
            let Ok(path) = mark.path.below(&archives) else { continue };
            if is_packed || fs::metadata(&path.under(dir.root()))?.is_some() {
                expected.push(Expected { path, sha256: mark.sha256, size: Some(mark.size), mtime: None, target: None });
            }
        }
        let states = expected.par_iter().map(|one| look(dir.root(), one, &links, mode, progress));
        let states: Vec<State> = states.collect::<Result<_, _>>()?;
        for (one, state) in expected.into_iter().zip(states) {
            damage.checked += 1;
            match state {
                State::Good | State::Touched(_) => damage.good += 1,
                State::Missing => damage.missing.push(one.path),
                State::Changed => damage.changed.push(one.path),
            }
        }
    }
}

/// The files of the release that lie under `data/` or `docs/`, themselves or their members.
fn laid_out(dir: &DatasetDir) -> Result<HashSet<RelPath>, LayoutError> {
    InventoryReader::open(&dir.inventory_path())?.map(|record| Ok(record?.origin.file)).collect()
}
