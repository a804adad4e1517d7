//! Datasets of a lock whose files only a person can get.

use std::collections::HashMap;

use crate::catalog::Selection;
use crate::context::Context;
use crate::layout::{DatasetDir, Proof, Records};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::lock::{self, Resolved};
use crate::project::lock::AcceptedFile;
use crate::project::{Locked, LockedFile};
use crate::values::Digest;

use super::{SyncOptions, accept, accepted_of};

/// Whether a person alone can get the files.
pub(super) fn is_by_hand(selection: &Selection, locked: &Locked) -> bool {
    selection.source(Some(&locked.channel)).is_some_and(|source| !source.host.is_for_programs())
}

/// Pins other bytes that a person takes where they have imported them by their word: nobody can be asked
/// for these. Gives what was pinned before, where all that they take is here.
pub(super) fn pin_imported(
    context: &Context,
    options: &SyncOptions,
    resolved: &mut Resolved,
) -> Result<Option<Pinned>, Failure> {
    let selection = resolved.selection.clone();
    let taken = accepted_of(resolved, &options.accept_changed);
    if taken.is_empty() || !is_by_hand(&selection, &resolved.locked) {
        return Ok(None);
    }
    let dir = DatasetDir::new(&context.data_dir()?, selection.id(), &selection.slug());
    let Records::Good(receipt) = Records::of(&dir)? else { return Ok(None) };
    let mut here: HashMap<String, Digest> = HashMap::new();
    for mark in receipt.listed.read(&dir)? {
        let mark = mark?;
        here.extend((mark.verified == Proof::AcceptedChange).then(|| (mark.path.to_string(), mark.sha256)));
    }
    let is_pinned = |files: &[LockedFile], name: &String| {
        let file = files.iter().find(|file| file.path.as_str() == name);
        file.and_then(LockedFile::sha256).as_ref() == here.get(name)
    };
    if !taken.iter().all(|name| here.contains_key(name)) {
        return Ok(None);
    }
    let others: Vec<String> = taken.iter().filter(|name| !is_pinned(&resolved.files, name)).cloned().collect();
    let before = (resolved.locked.clone(), resolved.files.clone());
    accept(resolved, &others);
    lock::pin(context, &selection, resolved)?;
    if !taken.iter().all(|name| is_pinned(&resolved.files, name)) {
        // Records that cannot be relied on.
        (resolved.locked, resolved.files) = before;
        return Ok(None);
    }
    // What they say now is why the lock has them.
    let accepted = &mut resolved.locked.accepted;
    let is_taken = |one: &&mut AcceptedFile| taken.iter().any(|name| name == one.path.as_str());
    for one in accepted.iter_mut().filter(is_taken) {
        one.reason = options.reason.clone().unwrap_or_default();
    }
    Ok(Some(before))
}

/// What a lock says of a dataset, and of its files.
type Pinned = (Locked, Vec<LockedFile>);

/// With what the lock pins of the files, where only a person can get them.
pub(super) fn which(failure: Failure, resolved: &Resolved) -> Failure {
    const SHOWN: usize = 20;
    if failure.exit != Exit::MANUAL || !is_by_hand(&resolved.selection, &resolved.locked) {
        return failure;
    }
    let pinned: Vec<String> = resolved
        .files
        .iter()
        .filter_map(|file| {
            let size = file.size.map_or(String::new(), |size| format!("{size}, "));
            Some(format!("`{}` ({size}{})", file.path, file.digests.first()?))
        })
        .collect();
    if pinned.is_empty() {
        return failure;
    }
    let more = pinned.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    failure.help(format!("the lock pins {}{more}", pinned[..pinned.len().min(SHOWN)].join(", ")))
}
