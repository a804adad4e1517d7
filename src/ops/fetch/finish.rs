//! The end of a fetch whose files several processes got: their work is brought together, what is
//! missing is had, and it becomes the dataset folder.

use std::collections::HashMap;

use crate::fs;
use crate::layout::{FinishedKind, Workspace};
use crate::ops::failure::Failure;
use crate::ops::gate::name_for_command;
use crate::ops::repair::Earlier;
use crate::ops::report::Fetched;
use crate::plan::Shard;
use crate::plan::steps::Have;
use crate::values::RelPath;

use super::anew;
use super::dry_run::dry_run;
use super::split::{self, Work};
use super::whole::{already_whole, whole_here};
use super::work::fetch_into;

/// Takes what all shards finished, fetches the rest, commits and enters it in the ledger.
///
/// Killed at any moment it is done again by the same command: work of a shard is removed only
/// when it is recorded here, and what the shards agreed on only when the dataset is whole.
///
/// # Errors
/// Shards are still at work (53), or were told to fetch another part; nothing has changed then.
pub(super) async fn finish(work: Work<'_>, warnings: &mut Vec<String>) -> Result<(Fetched, Vec<Failure>), Failure> {
    let (context, target, options) = (work.context, work.target, work.options);
    split::refuse_other_part(target, options)?;
    let shards = split::shards(target)?;
    if options.dry_run {
        let mut wanted = work.wanted(warnings).await?;
        let here = finished_by_shards(&work, &shards)?;
        for one in &mut wanted {
            one.have = here.get(&one.listed.path).copied().unwrap_or(one.have);
        }
        return Ok((dry_run(context, target, options, wanted, work.provider, work.hosts).await?, Vec::new()));
    }
    let leases = split::hold(context, target, &shards)?;
    if shards.is_empty() && split::read(target)?.is_none() {
        let name = name_for_command(target.selection);
        warnings.push(format!(
            "no shard of `{}` has left anything: all of it is fetched here (`medsets fetch {name} --shard I/N` is a shard)",
            target.selection
        ));
    }
    // Before anything is moved: the host may have to be asked.
    let wanted = work.wanted(warnings).await?;
    let mut workspace = target.workspace(context)?;
    if let Some(receipt) = whole_here(target, options)? {
        drop(leases);
        split::end(target)?;
        return Ok((already_whole(target, &receipt)?, Vec::new()));
    }
    for (shard, name) in &shards {
        take(&work, &mut workspace, *shard, name, warnings)?;
    }
    let mut earlier = Earlier::of(&target.dir)?;
    if let Some(pins) = &options.pins {
        pins.keep_only(&mut earlier, target)?;
    }
    if let Some(fault) = earlier.fault() {
        warnings.push(anew(target, options, fault)?);
    }
    let (fetched, failures) =
        fetch_into(context, target, options, workspace, wanted, work.provider.clone(), work.hosts.clone(), earlier)
            .await?;
    warnings.extend(fetched.warnings.iter().cloned());
    if fetched.receipt_sha256.is_some() {
        drop(leases);
        split::end(target)?;
    }
    Ok((fetched, failures))
}

/// Takes the work of one shard over and removes its workspace.
fn take(
    work: &Work<'_>,
    workspace: &mut Workspace,
    shard: Shard,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let root = work.target.store.parts().join(name);
    // A workspace that was emptied before a kill, or never begun.
    let is_begun = fs::metadata(&root.join("source.json"))?.is_some();
    if workspace.take_over(&root)?.is_none() && is_begun {
        warnings.push(format!(
            "shard {shard} of `{}` worked by another entry of the catalogue: what it has is fetched anew",
            work.target.selection
        ));
    }
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
