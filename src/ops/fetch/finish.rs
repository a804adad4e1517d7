//! The end of a fetch whose files several processes got: their work is brought together, what is
//! missing is had, and it becomes the dataset folder.

use std::collections::HashMap;

use crate::fs;
use crate::layout::{FinishedKind, Workspace};
use crate::ops::download::{Tally, Wanted};
use crate::ops::failure::Failure;
use crate::ops::gate::name_for_command;
use crate::ops::repair::Earlier;
use crate::ops::report::Fetched;
use crate::plan::Shard;
use crate::plan::steps::Have;
use crate::values::RelPath;

use super::dry_run::dry_run;
use super::outcome::blank;
use super::split::{self, Split};
use super::whole::{already_whole, whole_here};
use super::work::{Work, fetch_into};
use super::{FetchOptions, anew, is_not_as_listed, tell_all};

/// Takes what all shards finished, fetches the rest, commits and enters it in the ledger.
///
/// Killed at any moment it is done again by the same command: work of a shard is removed only
/// when it is recorded here, and what the shards agreed on only when the dataset is whole.
///
/// # Errors
/// Shards are still at work (53), or were told to fetch another part, from another source or by
/// another entry; nothing has changed then.
pub(super) async fn finish(work: Work<'_>, warnings: &mut Vec<String>) -> Result<(Fetched, Vec<Failure>), Failure> {
    let (context, target, options) = (work.context, work.target, work.options);
    let split = split::read(target)?;
    if let Some(split) = &split {
        split.refuse_other(target, options)?;
        warnings.extend(split.dropped_archives(context, options));
    }
    let shards = split::shards(target)?;
    split::refuse_other_work(target, &shards)?;
    if options.dry_run {
        let mut wanted = wanted(&work, split.as_ref(), warnings).await?;
        let here = finished_by_shards(&work, &shards)?;
        for one in &mut wanted {
            one.have = here.get(&one.listed.path).copied().unwrap_or(one.have);
        }
        return Ok((dry_run(context, target, options, wanted, work.provider, work.hosts).await?, Vec::new()));
    }
    let leases = match split::hold(context, target, &shards) {
        // That the run was stopped is told once for all datasets.
        Err(_) if context.cancel.is_set() => return Ok((blank(target, &Tally::default()), Vec::new())),
        held => held?,
    };
    if shards.is_empty() && split.is_none() {
        let name = name_for_command(target.selection);
        warnings.push(format!(
            "no shard of `{}` has left anything: all of it is fetched here (`medsets fetch {name} --shard I/N` is a shard)",
            target.selection
        ));
    }
    // Before anything is moved: the host may have to be asked.
    let wanted = wanted(&work, split.as_ref(), warnings).await?;
    let mut workspace = target.workspace(context)?;
    if let Some(receipt) = whole_here(target, options)? {
        workspace.discard_if_idle()?;
        drop(leases);
        warnings.extend(split::end(target, options));
        return Ok((already_whole(target, &receipt)?, Vec::new()));
    }
    for (_, name) in &shards {
        take(&work, &mut workspace, name)?;
    }
    let mut earlier = Earlier::of(&target.dir)?;
    if let Some(pins) = &options.pins {
        pins.keep_only(&mut earlier, target)?;
    }
    if let Some(fault) = earlier.fault() {
        anew(target, options, fault)?;
    }
    let told = with_told(split.as_ref(), options);
    let (provider, hosts) = (work.provider.clone(), work.hosts.clone());
    let (fetched, mut failures) =
        fetch_into(context, target, &told, workspace, wanted, provider, hosts, earlier).await?;
    tell_all(warnings, &fetched);
    if let Some(failure) = failures.iter_mut().find(|failure| is_not_as_listed(failure))
        && let Some(advice) = split::about_kept_list(target, options)?
    {
        *failure = failure.clone().help(advice);
    }
    if fetched.receipt_sha256.is_some() {
        drop(leases);
        warnings.extend(split::end(target, options));
    }
    Ok((fetched, failures))
}

/// The files that are wanted: those that the shards have split, with the changes that they were
/// told to take, and those that this run is told of.
async fn wanted(work: &Work<'_>, split: Option<&Split>, warnings: &mut Vec<String>) -> Result<Vec<Wanted>, Failure> {
    let Some(split) = split else { return work.wanted(warnings).await };
    let told = split.told(work.options);
    let wanted = Work { options: &told, ..work.clone() }.wanted(warnings).await?;
    split.refuse_other_files(work.target, &wanted)?;
    let all = with_told(Some(split), work.options);
    if all.accept_changed == told.accept_changed {
        return Ok(wanted);
    }
    Work { options: &all, ..work.clone() }.wanted(&mut Vec::new()).await
}

/// The options with what the shards were told to take beside.
fn with_told(split: Option<&Split>, options: &FetchOptions) -> FetchOptions {
    let Some(split) = split else { return options.clone() };
    let mut told = split.told(options);
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

/// What is here of each file, for a plan: in the workspaces of shards, or in that of the dataset.
fn finished_by_shards(work: &Work<'_>, shards: &[(Shard, String)]) -> Result<HashMap<RelPath, Have>, Failure> {
    let target = work.target;
    let (entry, channel) = (target.begun_with(), target.source.channel.as_str());
    let mut here = HashMap::new();
    for name in shards.iter().map(|(_, name)| name).chain([&target.workspace_name()]) {
        for finished in Workspace::look(&target.store.parts().join(name), entry, channel)?.into_values() {
            let have = match finished.kind {
                FinishedKind::Placed { .. } | FinishedKind::Unpacked { .. } | FinishedKind::Spent { .. } => {
                    Have::Finished
                }
                FinishedKind::Fetched => Have::Fetched,
                FinishedKind::Members { .. } => continue,
            };
            here.insert(finished.path, have);
        }
    }
    Ok(here)
}
