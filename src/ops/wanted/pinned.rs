//! The files of a dataset as a lock pins them, with where they are.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{FileEntry, Locator};
use crate::context::Context;
use crate::events::Event;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{FetchOptions, Pins};
use crate::ops::stop::unless_stopped;
use crate::ops::target::Target;
use crate::providers::{AnyProvider, Extent, Hosts, ListedFile, Listing};
use crate::values::{RelPath, counted};

use super::by_hand;

/// The list of a lock. Where the lock does not know where the files are, the host is asked for
/// its own list, and what it says of a file must agree with the lock.
///
/// # Errors
/// The host does not have a file any more, or with other bytes, or cannot be asked.
pub(super) async fn listing(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    pins: &Pins,
    provider: &AnyProvider,
    hosts: &Hosts,
) -> Result<Listing, Failure> {
    let channel = target.source.channel.as_str();
    let entries: HashMap<&RelPath, &FileEntry> =
        target.selection.files(Some(channel)).map(|file| (&file.path, file)).collect();
    let mut files = pins.listing.0.clone();
    for file in &mut files {
        if options.accepts(&file.path) {
            (file.size, file.digests) = (None, Vec::new());
        }
        let known = entries.get(&file.path).and_then(|entry| entry.at.get(channel));
        let listed = file.at.take().filter(|_| target.source.lists).map(|at| Locator::clone(&at)).unwrap_or_default();
        let at = listed.or(known.cloned().unwrap_or_default());
        file.at = (at != Locator::default()).then(|| Arc::new(at));
    }
    // A lock is somebody else's word: where a credential goes along, the host says where to.
    let is_led = hosts.secret.is_some() && pins.listing.0.iter().any(|file| file.locator().url.is_some());
    if (pins.is_located && !is_led) || !target.source.lists {
        return Ok(Listing(files));
    }
    let reason = format!("`{}` is asked where its files are", target.source.host.name());
    context.report.report(Event::Waiting { reason });
    let listed = unless_stopped(context, provider.list(hosts, Listing(files.clone()), Extent::All)).await?;
    let listed = listed.map_err(|error| by_hand(error, target))?.into_one_tree()?;
    located(files, listed, target)
}

/// The pinned files, each where the host has it now.
fn located(files: Vec<ListedFile>, listed: Listing, target: &Target<'_>) -> Result<Listing, Failure> {
    let mut there: HashMap<RelPath, ListedFile> = listed.0.into_iter().map(|file| (file.path.clone(), file)).collect();
    let (mut found, mut gone) = (Vec::with_capacity(files.len()), Vec::new());
    for file in files {
        match there.remove(&file.path) {
            Some(here) => found.push(Listing(vec![here]).completed_by(Listing(vec![file]))?),
            None => gone.push(file.path),
        }
    }
    match gone.first() {
        None => Ok(Listing(found.into_iter().flat_map(|one| one.0).collect())),
        Some(first) => Err(withdrawn(target, first, gone.len())),
    }
}

fn withdrawn(target: &Target<'_>, first: &RelPath, count: usize) -> Failure {
    let files = counted(count as u64, "file");
    let (selection, host) = (target.selection, target.source.host.name());
    let message = format!(
        "{files} of `{selection}` that the lock pins {} not at `{host}` any more, such as `{first}`",
        if count == 1 { "is" } else { "are" }
    );
    Failure::new(Exit::GONE, message)
        .in_file(first)
        .help("somebody who has the files can give them to you: `medsets import ID PATH...` takes them in")
        .help(format!("`medsets lock --upgrade={}` takes what the host has now", selection.id()))
}

/// A lock in which the members of an archive are not those that its own choice means.
pub(super) fn other_part(target: &Target<'_>, path: &RelPath) -> Failure {
    let selection = target.selection;
    let message = format!("the lock names other members of `{path}` than its choice of files of `{selection}` means");
    Failure::new(Exit::LOCK, message).of(selection.id()).in_file(path).help(format!(
        "the lock was edited by hand: take it from version control again, or run `medsets lock --upgrade={}`",
        selection.id()
    ))
}
