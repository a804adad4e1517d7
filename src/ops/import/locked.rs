//! What somebody brings into a project whose lock pins it: the very files of the lock, as `sync` would
//! fetch them where a program can. The lock may mean a part of the release; what is brought beyond it is
//! taken as the entry knows it.

use std::collections::BTreeSet;

use crate::access::Purpose;
use crate::catalog::Selection;
use crate::context::Context;
use crate::layout::{Finished, Workspace};
use crate::providers::{ListedFile, Listing};
use crate::values::{Digest, Printable, RelPath, ShellWord};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::fetch::{FetchOptions, Pins, ProjectLock};
use super::super::gate;
use super::super::matching::{Candidate, Match, recognise};
use super::super::selection::one_selection;
use super::super::target::Target;
use super::{ImportOptions, known};

/// The dataset that a name means, as the lock of the project has it where the files go into the
/// project's folder; the catalogue need not have it any more. Else that of the catalogue.
///
/// # Errors
/// Neither has it, or the lock has several of the name.
pub(super) fn meant(
    context: &Context,
    options: &ImportOptions,
    warnings: &mut Vec<String>,
) -> Result<(Selection, FetchOptions), Failure> {
    let found = one_selection(context, &options.dataset);
    let lock = if options.to.is_none() { ProjectLock::find(context, warnings) } else { None };
    let mut meant = match &lock {
        Some(lock) => lock.meant(context, &options.dataset, found.as_ref().ok())?,
        None => Vec::new(),
    };
    meant.retain(|(_, how)| options.source.is_none() || how.source == options.source);
    if meant.len() > 1 {
        let names: Vec<String> = meant.iter().map(|(selection, _)| format!("`{selection}`")).collect();
        let message = format!("the lock has several of `{}`", Printable::new(&options.dataset));
        return Err(Failure::new(Exit::USAGE, message).help(format!("name one of {}", names.join(", "))));
    }
    let (selection, how) = match meant.pop() {
        Some(locked) => locked,
        None => (found?, FetchOptions { unpack: true, source: options.source.clone(), ..FetchOptions::default() }),
    };
    let (accept_changed, reason) = (options.accept_changed.clone(), options.reason.clone());
    Ok((selection, FetchOptions { to: options.to.clone(), accept_changed, reason, ..how }))
}

/// The gate of an import; beside a lock, what the catalogue asks for today too.
///
/// # Errors
/// It is closed: with the whole checklist.
pub(super) async fn pass_gate(
    context: &Context,
    selection: &Selection,
    how: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    // A dataset without a source still has a gate that says why.
    let channel = selection.source(how.source.as_deref()).map(|source| source.channel.as_str());
    gate::pass(context, selection, channel, Purpose::Import, warnings).await?;
    match how.pins {
        Some(_) => gate::pass_of_today(context, selection, channel, Purpose::Import, warnings).await,
        None => Ok(()),
    }
}

/// The files that a lock pins, and what is known of the rest of the release where it pins a part; of those
/// that may differ by the person's word the names alone.
pub(super) async fn files(
    context: &Context,
    target: &Target<'_>,
    (pins, options): (&Pins, &ImportOptions),
    candidates: &[Candidate],
    warnings: &mut Vec<String>,
) -> Result<Listing, Failure> {
    let mut listing = pins.listing.clone();
    for file in &mut listing.0 {
        if options.accept_changed.iter().any(|name| name == file.path.as_str()) {
            (file.size, file.digests) = (None, Vec::new());
        }
    }
    if !pins.is_whole {
        let pinned = pins.paths();
        let all = known::known(context, target, candidates, warnings).await?;
        listing.0.extend(all.0.into_iter().filter(|file| !pinned.contains(&file.path)));
    }
    Ok(listing)
}

/// Takes files of another size too for those that the lock pins, by their names: that their bytes are
/// others is to be told, and not that they are missing.
pub(super) fn recognise_by_name(
    pins: &Pins,
    candidates: &[Candidate],
    matched: &mut Vec<Match>,
) -> Result<(), Failure> {
    let is_matched = |path: &RelPath| matched.iter().any(|one| one.path == *path);
    let left = pins.listing.0.iter().filter(|file| !is_matched(&file.path));
    let names: Vec<ListedFile> = left.map(|file| ListedFile::named(file.path.clone())).collect();
    let is_free = |one: &&Candidate| !matched.iter().any(|other| other.found == one.path);
    let free: Vec<Candidate> = candidates.iter().filter(is_free).cloned().collect();
    matched.extend(recognise(&names, &free)?);
    matched.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(())
}

/// Whether these bytes of a file are those that the lock pins.
pub(super) fn has(how: &FetchOptions, path: &RelPath, sha256: &Digest) -> bool {
    pinned(how, path).is_some_and(|file| Digest::sha256_in(&file.digests) == Some(sha256))
}

/// Whether just the files that the lock pins are here, whole.
pub(super) fn are_all(how: &FetchOptions, here: &BTreeSet<&RelPath>) -> bool {
    let Some(pins) = &how.pins else { return false };
    let files = &pins.listing.0;
    pins.parts.is_empty() && files.len() == here.len() && files.iter().all(|file| here.contains(&file.path))
}

/// Whether this names every file of the release. A lock of a part says nothing of the others, and the host
/// that lists them may not have been asked.
pub(super) fn is_all_known(target: &Target<'_>, how: &FetchOptions, known: &Listing) -> bool {
    let Some(pins) = how.pins.as_ref().filter(|pins| !pins.is_whole) else { return true };
    !target.source.lists || known.0.len() > pins.listing.0.len()
}

/// Leaves of these files those that the lock pins, where there is one.
pub(super) fn keep_pinned(how: &FetchOptions, paths: &mut Vec<RelPath>) {
    if let Some(pins) = &how.pins {
        let pinned = pins.paths();
        paths.retain(|path| pinned.contains(path));
    }
}

fn pinned<'h>(how: &'h FetchOptions, path: &RelPath) -> Option<&'h ListedFile> {
    how.pins.as_ref()?.listing.0.iter().find(|file| file.path == *path)
}

/// With what a person can do about bytes that are not those of the lock.
pub(super) fn explained(failure: Failure, target: &Target<'_>, how: &FetchOptions) -> Failure {
    let failure = failure.of(target.selection.id());
    let Some(file) = failure.file.clone().filter(|file| pinned(how, file).is_some()) else { return failure };
    if failure.exit != Exit::MISMATCH && failure.exit != Exit::TRUNCATED {
        return failure;
    }
    let word = ShellWord(file.as_str()).to_string();
    Failure { help: None, ..failure }
        .help("the lock of this project pins other bytes: get the file that it means; nothing was laid out")
        .help(format!(
            "or take yours: add `--accept-changed {word} --reason TEXT`, then {}",
            to_be_pinned(target, &file)
        ))
}

/// That the lock of the project pins other bytes than those that were taken by the person's word.
pub(super) fn not_yet_pinned(target: &Target<'_>, how: &FetchOptions, workspace: &Workspace) -> Option<String> {
    let is_other = |one: &&Finished| {
        how.accepts(&one.path) && pinned(how, &one.path).is_some() && !has(how, &one.path, &one.sha256)
    };
    let first = &workspace.finished().values().find(is_other)?.path;
    Some(format!("the lock of this project pins other bytes of `{first}`: {}", to_be_pinned(target, first)))
}

fn to_be_pinned(target: &Target<'_>, file: &RelPath) -> String {
    let name = format!("{}:{file}", target.selection.id());
    format!("`medsets sync --accept-changed {} --reason TEXT` has the lock pin yours", ShellWord(&name))
}
