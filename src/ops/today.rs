//! A copy beside what the catalogue means by now: who is given it has that beside it, too.

use crate::catalog::{Selection, Source};
use crate::context::Context;
use crate::layout::inventory::InventoryReader;
use crate::layout::{DatasetDir, Receipt};
use crate::values::Printable;

use super::failure::Failure;
use super::foreign::{Foreign, WordOfPerson, accepted_changes};
use super::here::Here;
use super::selection::one_selection;

/// That nobody whose catalogue is this one can take a copy by `taken_by`, such as `unbundle`, and why.
pub(super) fn unlike_today(context: &Context, here: &Here, taken_by: &str) -> Result<Option<String>, Failure> {
    let Some(receipt) = &here.receipt else { return Ok(None) };
    let name = here.name();
    let Ok(selection) = one_selection(context, &name) else { return Ok(None) };
    let channel = receipt.source.channel.as_str();
    let how = match selection.source(Some(channel)) {
        Some(source) => disagreement(&here.dir, receipt, &selection, source)?,
        None => Some(format!("it has no source `{}` any more", Printable::new(channel))),
    };
    Ok(how.map(|how| {
        format!(
            "`{name}` is not what the catalogue means today ({how}), and with this catalogue `{taken_by}` refuses it: \
             `medsets remove {name}`, then `medsets fetch {name}`, brings today's; or carry the catalogue along that it came by"
        )
    }))
}

/// How the files of a copy are not those that an entry means.
pub(super) fn disagreement(
    dir: &DatasetDir,
    receipt: &Receipt,
    selection: &Selection,
    source: &Source,
) -> Result<Option<String>, Failure> {
    let word = WordOfPerson::of(receipt, selection, receipt.listed.read(dir)?)?;
    let part = word.part(receipt);
    let accepted = accepted_changes(receipt.listed.read(dir)?)?;
    let accepted: Vec<String> = accepted.iter().map(ToString::to_string).collect();
    let foreign = Foreign {
        selection,
        source,
        part: &part,
        laid_out_by: receipt.catalog.entry,
        partial: &receipt.partial,
        accepted: &accepted,
    };
    let marks = word.other_marks(receipt.listed.read(dir)?);
    let records = word.other_records(InventoryReader::open(&dir.inventory_path())?);
    let found = foreign.judge(marks, records)?;
    Ok(found.map(|one| format!("`{}` {}", one.path, one.how)))
}
