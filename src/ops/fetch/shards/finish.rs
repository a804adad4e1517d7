//! The end of a fetch whose files several processes got: their work is brought together, what is
//! missing is had, and it becomes the dataset folder.

use std::collections::HashMap;

use crate::fs;
use crate::layout::{Finished, FinishedKind, Workspace};
use crate::ops::carry::Earlier;
use crate::ops::download::{Tally, Wanted};
use crate::ops::failure::Failure;
use crate::ops::gate::name_for_command;
use crate::ops::members::has_all;
use crate::ops::report::Fetched;
use crate::plan::Shard;
use crate::plan::steps::Have;
use crate::values::RelPath;

use super::super::dry_run::dry_run;
use super::super::outcome::blank;
use super::super::whole::{already_whole, whole_here};
use super::super::work::{Work, fetch_into};
use super::super::{FetchOptions, anew, is_not_as_listed, tell_all};
use super::agreed::{self, Agreed};
use super::workspaces;

/// Takes what all shards finished, fetches the rest, commits and enters it in the ledger.
///
/// Killed at any moment it is done again by the same command: work of a shard is removed only
/// when it is recorded here, and what the shards agreed on only when the dataset is whole.
///
/// # Errors
/// Shards are still at work (53), or were told to fetch another part, from another source or by
/// another entry; nothing has changed then.
pub(in crate::ops::fetch) async fn finish(
    work: Work<'_>,
    warnings: &mut Vec<String>,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    let (context, target, options) = (work.context, work.target, work.options);
    let agreed = agreed::read(target)?;
    if let Some(agreed) = &agreed {
        agreed.refuse_other(target, options)?;
        warnings.extend(agreed.dropped_archives(context, options));
    }
    if !options.dry_run {
        workspaces::rename_earlier(target)?;
    }
    let shards = workspaces::all(target)?;
    workspaces::refuse_other_work(target, &shards)?;
    if options.dry_run {
        let mut wanted = wanted(&work, agreed.as_ref(), warnings).await?;
        let here = finished_by_shards(&work, &shards)?;
        for one in &mut wanted {
            one.have = here.get(&one.listed.path).map_or(one.have, |finished| have(finished, one));
        }
        return Ok((dry_run(context, target, options, wanted, work.provider, work.hosts).await?, Vec::new()));
    }
    let leases = match workspaces::hold(context, target, &shards) {
        // That the run was stopped is told once for all datasets.
        Err(_) if context.cancel.is_set() => return Ok((blank(target, &Tally::default()), Vec::new())),
        held => held?,
    };
    if shards.is_empty() && agreed.is_none() {
        let name = name_for_command(target.selection);
        warnings.push(format!(
            "no shard of `{}` has left anything: all of it is fetched here (`medsets fetch {name} --shard I/N` is a shard)",
            target.selection
        ));
    }
    // Before anything is moved: the host may have to be asked.
    let wanted = wanted(&work, agreed.as_ref(), warnings).await?;
    let mut workspace = target.workspace(context)?;
    if let Some(receipt) = whole_here(target, options, None)? {
        workspace.discard_if_idle()?;
        drop(leases);
        warnings.extend(workspaces::end(target, options));
        return Ok((already_whole(target, &receipt)?, Vec::new()));
    }
    for (_, name) in &shards {
        take(&work, &mut workspace, name)?;
    }
    let mut earlier = Earlier::of(&target.dir)?;
    if let Some(pins) = &options.pins {
        pins.keep_only(&mut earlier, target, options.rest)?;
    }
    if let Some(fault) = earlier.fault() {
        anew(target, options, fault)?;
    }
    let told = with_told(agreed.as_ref(), options);
    let (provider, hosts) = (work.provider.clone(), work.hosts.clone());
    let (fetched, mut failures) =
        fetch_into(context, target, &told, workspace, wanted, provider, hosts, earlier).await?;
    tell_all(warnings, &fetched);
    if let Some(failure) = failures.iter_mut().find(|failure| is_not_as_listed(failure))
        && let Some(advice) = agreed::about_kept_list(target, options)?
    {
        *failure = failure.clone().help(advice);
    }
    if fetched.receipt_sha256.is_some() {
        drop(leases);
        warnings.extend(workspaces::end(target, options));
    }
    Ok((fetched, failures))
}

/// The files that are wanted: those that the shards have agreed on, with the changes that they were
/// told to take, and those that this run is told of.
async fn wanted(work: &Work<'_>, agreed: Option<&Agreed>, warnings: &mut Vec<String>) -> Result<Vec<Wanted>, Failure> {
    let Some(agreed) = agreed else { return work.wanted(warnings).await };
    let told = agreed.told(work.options);
    let wanted = Work { options: &told, ..work.clone() }.wanted(warnings).await?;
    agreed.refuse_other_files(work.target, &wanted)?;
    let all = with_told(Some(agreed), work.options);
    if all.accept_changed == told.accept_changed {
        return Ok(wanted);
    }
    Work { options: &all, ..work.clone() }.wanted(&mut Vec::new()).await
}

/// The options with what the shards were told to take beside.
fn with_told(agreed: Option<&Agreed>, options: &FetchOptions) -> FetchOptions {
    let Some(agreed) = agreed else { return options.clone() };
    let mut told = agreed.told(options);
    for name in &options.accept_changed {
        if !told.accept_changed.contains(name) {
            told.accept_changed.push(name.clone());
        }
    }
    told
}

/// Takes the work of one shard over and removes its workspace, which was begun as this one or not
/// at all.
fn take(work: &Work<'_>, workspace: &mut Workspace, name: &str) -> Result<(), Failure> {
    let root = work.target.store.parts().join(name);
    workspace.take_over(&root)?;
    Ok(fs::remove_dir_all(&root)?)
}

/// What is finished of each file: in the workspaces of shards, or in that of the dataset.
fn finished_by_shards(work: &Work<'_>, shards: &[(Shard, String)]) -> Result<HashMap<RelPath, Finished>, Failure> {
    let target = work.target;
    let (entry, channel) = (target.begun_with(), target.source.channel.as_str());
    let mut here = HashMap::new();
    for name in shards.iter().map(|(_, name)| name).chain([&target.workspace_name()]) {
        here.extend(Workspace::look(&target.store.parts().join(name), entry, channel)?);
    }
    Ok(here)
}

/// What that is, for a plan.
fn have(finished: &Finished, wanted: &Wanted) -> Have {
    match &finished.kind {
        FinishedKind::Placed { .. } | FinishedKind::Unpacked { .. } | FinishedKind::Spent { .. } => Have::Finished,
        FinishedKind::Fetched => Have::Fetched,
        FinishedKind::Members { chosen, .. } if has_all(chosen, wanted) => Have::Finished,
        FinishedKind::Members { .. } => wanted.have,
    }
}
