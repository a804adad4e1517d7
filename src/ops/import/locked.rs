//! What somebody brings into a project whose lock pins it: the very files of the lock, as `sync` would
//! fetch them where a program can.

use crate::catalog::Selection;
use crate::context::Context;
use crate::providers::{ListedFile, Listing};
use crate::values::{RelPath, ShellWord};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::fetch::{FetchOptions, Pins, ProjectLock};
use super::super::matching::{Candidate, Match, recognise};
use super::super::target::Target;
use super::ImportOptions;

/// The dataset as the lock of the project pins it, where it pins all of it and the files go into the
/// project's folder; else as it is asked for.
pub(super) fn as_locked(
    context: &Context,
    selection: Selection,
    options: &ImportOptions,
    warnings: &mut Vec<String>,
) -> Result<(Selection, FetchOptions), Failure> {
    let how = FetchOptions {
        unpack: true,
        to: options.to.clone(),
        source: options.source.clone(),
        accept_changed: options.accept_changed.clone(),
        reason: options.reason.clone(),
        ..FetchOptions::default()
    };
    let pinned = match ProjectLock::find(context, warnings) {
        Some(lock) => lock.pinned(context, &selection, &how)?,
        None => None,
    };
    Ok(pinned.unwrap_or((selection, how)))
}

/// The files that a lock pins; of those that may differ by the person's word the names alone.
pub(super) fn files(pins: &Pins, options: &ImportOptions) -> Listing {
    let mut listing = pins.listing.clone();
    for file in &mut listing.0 {
        if options.accept_changed.iter().any(|name| name == file.path.as_str()) {
            (file.size, file.digests) = (None, Vec::new());
        }
    }
    listing
}

/// Takes files of another size too for those that the lock pins, by their names: that their bytes are
/// others is to be told, and not that they are missing.
pub(super) fn recognise_by_name(
    known: &Listing,
    candidates: &[Candidate],
    matched: &mut Vec<Match>,
) -> Result<(), Failure> {
    let is_matched = |path: &RelPath| matched.iter().any(|one| one.path == *path);
    let left = known.0.iter().filter(|file| !is_matched(&file.path));
    let names: Vec<ListedFile> = left.map(|file| ListedFile::named(file.path.clone())).collect();
    let is_free = |one: &&Candidate| !matched.iter().any(|other| other.found == one.path);
    let free: Vec<Candidate> = candidates.iter().filter(is_free).cloned().collect();
    matched.extend(recognise(&names, &free)?);
    matched.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(())
}

/// With what a person can do about bytes that are not those of the lock.
pub(super) fn explained(failure: Failure, target: &Target<'_>, how: &FetchOptions) -> Failure {
    let failure = failure.of(target.selection.id());
    let (Some(file), true) = (failure.file.clone(), how.pins.is_some()) else { return failure };
    if failure.exit != Exit::MISMATCH && failure.exit != Exit::TRUNCATED {
        return failure;
    }
    let name = target.selection.id();
    Failure { help: None, ..failure }
        .help("the lock of this project pins other bytes: get the file that it means; nothing was laid out")
        .help(format!(
            "or take yours with `--accept-changed {} --reason TEXT`; the lock pins it when it is made anew: \
             `medsets drop {name}`, `medsets lock`, `medsets add {name}`, `medsets lock`",
            ShellWord(file.as_str())
        ))
}
