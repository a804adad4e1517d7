//! One shard of a fetch, by one of several processes. It ends before the commit.

use std::collections::HashSet;

use crate::layout::inventory::InventoryReader;
use crate::layout::{FinishedKind, Receipt, Workspace};
use crate::ops::carry::Earlier;
use crate::ops::download::{Tally, Wanted};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::report::{Fetched, ShardReport};
use crate::ops::target::Target;
use crate::plan::steps::Have;
use crate::plan::{Shard, shard_numbers};
use crate::values::{ByteSize, RelPath};

use super::super::dry_run::dry_run;
use super::super::offline;
use super::super::outcome::blank;
use super::super::whole::{already_whole, whole_here};
use super::super::work::{Gathered, Work, forget_others, from_nearby, gather, kept, unfinished};
use super::super::{hurry, is_not_as_listed};
use super::agreed;

/// Fetches what falls to a shard into a workspace of its own. Nothing of it is visible in the
/// dataset folder, and nothing is entered in the ledger.
///
/// Run again it goes on where it was, or says that it is done. After a failure what is finished
/// waits for that, or for `--finish`.
pub(in crate::ops::fetch) async fn fetch(
    work: Work<'_>,
    shard: Shard,
    warnings: &mut Vec<String>,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    let (context, target, options) = (work.context, work.target, work.options);
    let wanted = work.wanted(warnings).await?;
    if !options.dry_run {
        agreed::agree(context, target, options, &wanted, shard)?;
    }
    let of_files = wanted.len() as u64;
    let mut own = own(wanted, shard);
    let had = had(target)?;
    own.iter_mut().filter(|one| had.contains(&one.listed.path)).for_each(|one| one.have = Have::Here);
    if options.dry_run {
        let mut fetched = dry_run(context, target, options, own, work.provider, work.hosts).await?;
        let files = fetched.plan.as_ref().map_or(0, |plan| plan.steps.len() as u64);
        fetched.shard = Some(ShardReport { of_files, files, ..ShardReport::of(shard) });
        return Ok((fetched, Vec::new()));
    }
    warnings.extend(work.provider.ends(&work.hosts).and_then(|ends| hurry(context, target, &own, ends)));
    let mut report = ShardReport { of_files, files: own.len() as u64, ..ShardReport::of(shard) };
    own.retain(|one| one.have != Have::Here);
    if own.is_empty() {
        return Ok((Fetched { shard: Some(report), ..blank(target, &Tally::default()) }, Vec::new()));
    }
    let mut workspace = target.workspace_of(context, shard)?;
    // Another process may have finished the dataset while this one waited.
    if let Some(receipt) = whole_here(target, options, None)? {
        workspace.discard_if_idle()?;
        return Ok((already_whole(target, &receipt)?, Vec::new()));
    }
    let paths: Vec<RelPath> = own.iter().map(|one| one.listed.path.clone()).collect();
    // What a shared folder has to say of itself is told by whichever finishes the dataset.
    forget_others(&mut workspace, &own)?;
    from_nearby(context, target, &mut workspace, &mut own, &mut Vec::new())?;
    if let Some((fetched, failures)) = offline::missing(context, target, &workspace, &own, kept(&workspace)) {
        (report.left, report.bytes) = (fetched.failed.len() as u64, fetched.reused);
        workspace.discard_if_idle()?;
        return Ok((Fetched { shard: Some(report), ..fetched }, failures));
    }
    let gathered = gather(context, target, options, workspace, own, work.provider, work.hosts).await?;
    let Gathered { workspace, tally, reused, .. } = gathered;
    let done = paths.iter().filter_map(|path| workspace.finished().get(path));
    report.bytes = done.clone().map(|one| one.size).sum();
    // The parts of a split archive are no files any more once it is unpacked.
    let is_left = |path: &&RelPath| tally.failures.iter().any(|(failed, _)| failed == *path);
    report.left = match context.cancel.is_set() {
        true => (paths.len() - done.count()) as u64,
        false => paths.iter().filter(is_left).count() as u64,
    };
    if report.left > 0 || context.cancel.is_set() || !tally.failures.is_empty() {
        let (fetched, mut failures) = unfinished(target, tally, reused);
        if let Some(failure) = failures.iter_mut().find(|failure| is_not_as_listed(failure))
            && let Some(advice) = agreed::about_kept_list(target, options)?
        {
            *failure = failure.clone().help(advice);
        }
        return Ok((Fetched { shard: Some(report), ..fetched }, failures));
    }
    if waits(&workspace) {
        return Err(Failure::new(Exit::INTERNAL, format!("an archive of `{}` was not unpacked", target.selection)));
    }
    workspace.seal()?;
    Ok((Fetched { shard: Some(report), reused, ..blank(target, &tally) }, Vec::new()))
}

/// Of the files that are wanted those of the shard.
fn own(wanted: Vec<Wanted>, shard: Shard) -> Vec<Wanted> {
    let numbers = shard_numbers(&agreed::pieces(&wanted), shard.of());
    let numbered = wanted.into_iter().zip(numbers);
    numbered.filter(|(_, number)| *number == shard.number()).map(|(one, _)| one).collect()
}

/// Files of the release that no shard has to fetch: they lie undamaged in the dataset folder, of
/// which another part was fetched before, or wait in the workspace where the fetch is finished.
pub(in crate::ops::fetch) fn had(target: &Target<'_>) -> Result<HashSet<RelPath>, Failure> {
    let mut had = HashSet::new();
    if let Earlier::Here { damaged, .. } = Earlier::of(&target.dir)?
        && let Some(receipt) = Receipt::read(&target.dir)?
    {
        let mut broken = HashSet::new();
        for record in InventoryReader::open(&target.dir.inventory_path())? {
            let record = record?;
            if damaged.contains(&record.path) {
                broken.insert(record.origin.file);
            } else {
                had.insert(record.origin.file);
            }
        }
        had.retain(|path| !broken.contains(path));
        let mut listed = HashSet::new();
        for mark in receipt.listed.read(&target.dir)? {
            listed.insert(mark?.path);
        }
        // Of others single members are here.
        had.retain(|path| listed.contains(path));
    }
    let main = target.store.parts().join(target.workspace_name());
    let (entry, channel) = (target.begun_with(), target.source.channel.as_str());
    let whole = Workspace::look(&main, entry, channel)?.into_values();
    let whole = whole.filter(|one| !matches!(one.kind, FinishedKind::Members { .. }));
    had.extend(whole.map(|one| one.path));
    Ok(had)
}

/// Whether an archive is still to be unpacked.
fn waits(workspace: &Workspace) -> bool {
    workspace.finished().values().any(|one| one.kind == FinishedKind::Fetched)
}

impl ShardReport {
    fn of(shard: Shard) -> Self {
        Self { number: shard.number(), of: shard.of(), files: 0, bytes: ByteSize::ZERO, left: 0, of_files: 0 }
    }
}
