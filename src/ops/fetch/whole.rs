//! A dataset that is here as it is asked for, found without the network.

use crate::context::Context;
use crate::fs::{self, FsErrorKind};
use crate::layout::check::{self, CheckMode};
use crate::layout::{LayoutError, Receipt, Records, manifest};
use crate::ops::download::Tally;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::gate;
use crate::ops::report::Fetched;
use crate::ops::shared;
use crate::ops::target::Target;
use crate::remedy;
use crate::values::Digest;

use super::changed::had_anew;
use super::outcome::summary;
use super::{FetchOptions, Rest, receipt_selection};

/// A dataset that is here as it is asked for, by its receipt and by what lies beside it. `manifest` is the
/// tree whose manifest it has, where that is known. Changes nothing and uses no network.
pub(super) fn whole_here(
    target: &Target<'_>,
    options: &FetchOptions,
    manifest: Option<Digest>,
) -> Result<Option<Receipt>, Failure> {
    let Records::Good(receipt) = target.records()? else { return Ok(None) };
    let receipt = *receipt;
    let asked = receipt_selection(options);
    if asked.packed && !receipt.selection.packed {
        let failure = Failure::new(Exit::USAGE, format!("`{}` is here already, unpacked", target.selection));
        return Err(failure.help("put the packed files elsewhere with `--to DIR`, or `medsets remove` it first"));
    }
    let enough = match (options.rest, &options.pins) {
        // What a person brought was chosen by them, file by file.
        (Rest::Stays, Some(pins)) if !target.source.host.is_for_programs() && !receipt.selection.packed => {
            receipt.selection.covers(&asked) || pins.other_bytes(&target.dir, &receipt)?.is_empty()
        }
        (Rest::Stays, _) => receipt.selection.covers(&asked),
        (Rest::Goes, _) => receipt.selection == asked,
    };
    let other_source = options.source.as_ref().is_some_and(|source| *source != receipt.source.channel);
    let is_pinned = match &options.pins {
        Some(pins) if enough => pins.are_those_of(&target.dir, &receipt, &asked)?,
        _ => true,
    };
    let is_enough = enough && !other_source && is_pinned && had_anew(target, options, &receipt)?.is_empty();
    let is_whole = || {
        let has_manifest = manifest == Some(receipt.tree) || has_manifest(target, &receipt)?;
        Ok(has_manifest && is_untouched(target, options, &receipt)?)
    };
    match if is_enough { is_whole() } else { Ok(false) } {
        // Another run removes it at this moment.
        Err(LayoutError::Fs(error)) if error.kind() == FsErrorKind::NotFound => Ok(None),
        is_whole => Ok(is_whole?.then_some(receipt)),
    }
}

/// Whether all that a lock means is here beside what is to go, so that nothing of it is had anew.
pub(super) fn has_all(target: &Target<'_>, options: &FetchOptions) -> Result<bool, Failure> {
    let (Rest::Goes, Some(pins)) = (options.rest, &options.pins) else { return Ok(false) };
    let Records::Good(receipt) = target.records()? else { return Ok(false) };
    let is_same_entry = receipt.catalog.entry == target.selection.dataset().digest;
    Ok(is_same_entry && pins.other_bytes(&target.dir, &receipt)?.is_empty() && check::is_untouched(&target.dir)?)
}

/// The tree whose manifest a dataset has. One that is lost or another one is written anew, with a warning,
/// where the inventory is that of the receipt. A dry run only says so. Where it cannot be written, and
/// where another keeps it, the dataset is whole all the same: the warning says why.
pub(super) fn manifest_here(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<Option<Digest>, Failure> {
    let dir = &target.dir;
    let Records::Good(receipt) = target.records()? else { return Ok(None) };
    let tree = receipt.tree;
    let fault = match check::check_record(&dir.manifest_path(), tree) {
        Ok(()) => return Ok(Some(tree)),
        Err(error) if error.is_of_records() => remedy::chain(&error),
        Err(error) => return Err(error.into()),
    };
    match manifest::tree_by_inventory(dir) {
        Ok(found) if found == tree => {}
        Err(error) if !error.is_of_records() => return Err(error.into()),
        // Then it is no dataset that is whole.
        _ => return Ok(None),
    }
    warnings.push(match shared::of_another(dir)? {
        Some(place) => {
            let name = gate::name_for_command(target.selection);
            format!(
                "{fault}: nothing is written into a folder of another; whoever keeps `{}` has it written anew by \
                 `medsets fetch {name}`",
                place.display()
            )
        }
        None if options.dry_run => format!("the manifest would be written anew from the inventory: {fault}"),
        None => match write_manifest(context, target, tree) {
            Ok(true) => format!("the manifest was written anew from the inventory: {fault}"),
            Ok(false) => return Ok(None),
            // Another run works on it, or this one is stopped.
            Err(failure) if failure.retryable || context.cancel.is_set() => return Err(failure),
            Err(failure) => format!("{fault}: the manifest could not be written anew: {}", failure.message),
        },
    });
    Ok(Some(tree))
}

fn write_manifest(context: &Context, target: &Target<'_>, tree: Digest) -> Result<bool, Failure> {
    let _lease = target.lease(context)?;
    match manifest::renew(&target.dir, tree) {
        Err(error) if error.is_of_records() => Ok(false),
        renewed => Ok(renewed?),
    }
}

/// Whether the manifest is that of the receipt.
fn has_manifest(target: &Target<'_>, receipt: &Receipt) -> Result<bool, LayoutError> {
    match check::check_record(&target.dir.manifest_path(), receipt.tree) {
        Err(error) if error.is_of_records() => Ok(false),
        found => found.map(|()| true),
    }
}

/// Whether the files are there: each by size, and by time where a lock must be met.
fn is_untouched(target: &Target<'_>, options: &FetchOptions, receipt: &Receipt) -> Result<bool, LayoutError> {
    let Some(pins) = &options.pins else { return check::has_files(&target.dir, receipt.files) };
    match check::check(&target.dir, CheckMode::Quick, &|_, _| ()) {
        Ok(damage) if damage.missing.is_empty() && damage.changed.is_empty() => Ok(true),
        // What is here beyond the lock is none of its business, but where it is to go.
        Ok(_) if options.rest == Rest::Goes || pins.is_whole => Ok(false),
        Ok(damage) => Ok(!pins.concern(&target.dir, &damage.into_damaged())?),
        Err(error) if error.is_of_records() => Ok(false),
        Err(error) => Err(error),
    }
}

pub(in crate::ops) fn already_whole(target: &Target<'_>, receipt: &Receipt) -> Result<Fetched, Failure> {
    let digest = match Receipt::digest_of(&target.dir) {
        Err(LayoutError::Fs(error)) if error.kind() == FsErrorKind::NotFound => return Err(removed_meanwhile(target)),
        digest => digest?,
    };
    Ok(summary(target, receipt, Some(digest), &Tally::default()))
}

/// Why something failed about a dataset that was here: it may not be any more.
pub(super) fn unless_removed(target: &Target<'_>, failure: Failure) -> Failure {
    match fs::metadata(&target.dir.receipt_path()) {
        Ok(None) => removed_meanwhile(target),
        _ => failure,
    }
}

fn removed_meanwhile(target: &Target<'_>) -> Failure {
    let message = format!("another run removed `{}` at this moment", target.selection);
    let failure = Failure::new(Exit::HELD, message).of(target.selection.id());
    Failure { retryable: true, ..failure.help("run the same command again to have it afresh") }
}
