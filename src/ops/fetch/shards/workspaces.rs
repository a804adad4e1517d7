//! The workspaces of shards: which there are, who is at work in them, and their end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, FileLock, Patience};
use crate::layout::Workspace;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::target::Target;
use crate::plan::Shard;
use crate::values::counted;

use super::super::FetchOptions;
use super::agreed;

/// The workspaces of shards that are in the store, with their names.
pub(super) fn all(target: &Target<'_>) -> Result<Vec<(Shard, String)>, Failure> {
    named(&target.store.parts(), &prefix(target))
}

/// Gives what shards of an earlier version left its names of today.
pub(super) fn rename_earlier(target: &Target<'_>) -> Result<(), Failure> {
    let begun_with = (target.begun_with(), target.source.channel.as_str());
    for (shard, _) in named(&target.store.parts(), &Workspace::earlier_name(&prefix(target)))? {
        let name = target.shard_name(shard);
        if let Some(_lease) = Workspace::lease(&target.store, &name, target.access, Duration::ZERO)? {
            Workspace::rename_earlier(&target.store, &name, begun_with, target.access)?;
        }
    }
    let agreed = target.agreed_dir();
    let name = agreed.file_name().unwrap_or_default().to_string_lossy();
    let earlier = agreed.with_file_name(Workspace::earlier_name(&name));
    if fs::metadata(&earlier)?.is_some() && fs::metadata(&agreed)?.is_none() {
        fs::rename(&earlier, &agreed)?;
    }
    Ok(())
}

fn prefix(target: &Target<'_>) -> String {
    format!("{}+shard-", target.workspace_name())
}

/// The names of shards in a folder of the store, less what follows them.
fn named(folder: &Path, prefix: &str) -> Result<Vec<(Shard, String)>, Failure> {
    let mut found = Vec::new();
    for path in fs::list_dir(folder)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = name.strip_suffix(".lock").or(name.strip_suffix(".claim")).unwrap_or(name);
        let shard = name.strip_prefix(prefix).and_then(|rest| rest.split_once("-of-"));
        if let Some(shard) = shard.and_then(|(one, of)| Shard::new(one.parse().ok()?, of.parse().ok()?)) {
            found.push((shard, name.to_owned()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Takes the leases of all shards, so that none begins. Those that are held are waited for a
/// while, or until the run is stopped: a node that died counts as at work for half a minute.
///
/// # Errors
/// Some are at work: all of them are named.
pub(super) fn hold(
    context: &Context,
    target: &Target<'_>,
    shards: &[(Shard, String)],
) -> Result<Vec<FileLock>, Failure> {
    fs::create_dir_all(&target.store.leases(), target.access)?;
    let paths: Vec<PathBuf> = shards.iter().map(|(_, name)| target.store.lease(name)).collect();
    let at_once = Patience { at_most: Duration::ZERO, is_enough: &|| true };
    let mut leases = FileLock::wait_for_all(&paths, at_once)?;
    let held = leases.iter().filter(|lease| lease.is_none()).count();
    let patience = context.settings.time("lock-wait").unwrap_or(SIGN_OF_LIFE).min(SIGN_OF_LIFE);
    if held > 0 && !patience.is_zero() {
        let reason = format!("{} of `{}` may be at work", counted(held as u64, "shard"), target.selection);
        context.report.report(Event::Waiting { reason });
        let missing = || leases.iter().enumerate().filter(|(_, lease)| lease.is_none()).map(|(at, _)| at);
        let (places, paths): (Vec<usize>, Vec<PathBuf>) = missing().map(|at| (at, paths[at].clone())).unzip();
        let patience = Patience { at_most: patience, is_enough: &|| context.cancel.is_set() };
        for (at, lease) in places.into_iter().zip(FileLock::wait_for_all(&paths, patience)?) {
            leases[at] = lease;
        }
    }
    let at_work = shards.iter().zip(&leases).filter(|(_, lease)| lease.is_none());
    let at_work: Vec<String> = at_work.map(|((shard, _), _)| shard.to_string()).collect();
    if at_work.is_empty() {
        return Ok(leases.into_iter().flatten().collect());
    }
    let count = at_work.len() as u64;
    let named = at_work.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = if at_work.len() > MOST_NAMED { " and more" } else { "" };
    let verb = if count == 1 { "is" } else { "are" };
    let message = format!("{} of `{}` {verb} still at work: {named}{more}", counted(count, "shard"), target.selection);
    let failure = Failure::new(Exit::HELD, message).help("run `--finish` again when they have ended");
    Err(Failure { retryable: true, ..failure })
}

/// Removes what the shards of a dataset that is whole have left. What another run holds stays, and
/// so does what was fetched to be another part of it or by another entry; that is a warning.
pub(in crate::ops::fetch) fn end(target: &Target<'_>, options: &FetchOptions) -> Option<String> {
    let (parts, name) = (target.store.parts(), target.workspace_name());
    let others = |failure: &Failure| {
        format!("what shards of `{}` have left in `{}` stays: {}", target.selection, parts.display(), failure.message)
    };
    let of_others =
        agreed::read(target).and_then(|agreed| agreed.map_or(Ok(()), |agreed| agreed.refuse_other(target, options)));
    let removed = of_others.and_then(|()| {
        let shards = all(target)?;
        refuse_other_work(target, &shards)?;
        let shards = shards.into_iter().chain(named(&target.store.leases(), &prefix(target))?);
        for name in shards.map(|(_, name)| name).collect::<BTreeSet<_>>() {
            if let Some(lease) = Workspace::lease(&target.store, &name, target.access, Duration::ZERO)? {
                fs::remove_dir_all(&parts.join(&name))?;
                fs::remove_file(lease.path())?;
            }
        }
        for left in [target.agreed_dir(), target.store.leases().join(format!("{name}+shards.lock"))] {
            match fs::metadata(&left)? {
                Some(found) if found.is_dir() => fs::remove_dir_all(&left)?,
                Some(_) => fs::remove_file(&left)?,
                None => {}
            }
        }
        Ok(())
    });
    removed.err().as_ref().map(others)
}

/// Refuses work of a shard that was done by another entry or for another source, before anything
/// is moved: nothing of it would be taken.
pub(super) fn refuse_other_work(target: &Target<'_>, shards: &[(Shard, String)]) -> Result<(), Failure> {
    let (entry, channel) = (target.begun_with(), target.source.channel.as_str());
    for (shard, name) in shards {
        let root = target.store.parts().join(name);
        let Some((theirs, from)) = Workspace::begun_by(&root)? else { continue };
        if (theirs, from.as_str()) != (entry, channel) {
            let message = format!(
                "shard {shard} of `{}` worked by another entry or lock, or for another source: {theirs} from `{from}` \
                 then, {entry} from `{channel}` now",
                target.selection
            );
            return Err(Failure::new(Exit::DIFFERENT, message).of(target.selection.id()).help(format!(
                "use the catalogue, the project and `--source` of then; to have its files fetched anew, delete `{}`",
                root.display()
            )));
        }
    }
    Ok(())
}

/// Time in which a machine that is at work shows it, with some to spare.
const SIGN_OF_LIFE: Duration = Duration::from_secs(45);
/// Shards that are named in one message.
const MOST_NAMED: usize = 20;
