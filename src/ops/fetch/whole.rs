//! A dataset that is here as it is asked for, found without the network.

use crate::context::Context;
use crate::fs::{self, FsErrorKind};
use crate::layout::check::{self, CheckMode};
use crate::layout::{LayoutError, Receipt, Records, manifest};
use crate::ops::download::Tally;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::report::Fetched;
use crate::ops::target::Target;
use crate::remedy;

use super::changed::had_anew;
use super::outcome::summary;
use super::{FetchOptions, Rest, receipt_selection};

/// A dataset that is here as it is asked for, by its receipt and by what lies beside it.
/// Changes nothing and uses no network.
pub(super) fn whole_here(target: &Target<'_>, options: &FetchOptions) -> Result<Option<Receipt>, Failure> {
    let Records::Good(receipt) = target.records()? else { return Ok(None) };
    let receipt = *receipt;
    let asked = receipt_selection(options);
    if asked.packed && !receipt.selection.packed {
        let failure = Failure::new(Exit::USAGE, format!("`{}` is here already, unpacked", target.selection));
        return Err(failure.help("put the packed files elsewhere with `--to DIR`, or `medsets remove` it first"));
    }
    let enough = match options.rest {
        Rest::Stays => receipt.selection.covers(&asked),
        Rest::Goes => receipt.selection == asked,
    };
    let other_source = options.source.as_ref().is_some_and(|source| *source != receipt.source.channel);
    let is_pinned = match &options.pins {
        Some(pins) if enough => pins.are_those_of(&target.dir, &receipt, &asked)?,
        _ => true,
    };
    let is_enough = enough && !other_source && is_pinned && had_anew(target, options, &receipt)?.is_empty();
    let is_untouched = match is_enough {
        true => is_untouched(target, options, &receipt),
        false => Ok(false),
    };
    match is_untouched {
        // Another run removes it at this moment.
        Err(LayoutError::Fs(error)) if error.kind() == FsErrorKind::NotFound => Ok(None),
        is_untouched => Ok(is_untouched?.then_some(receipt)),
    }
}

/// Writes the manifest anew, with a warning, where it is lost or another one and the inventory is that
/// of the receipt. A dry run only says so. Through a link nothing is written.
pub(super) fn renew_manifest(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let dir = &target.dir;
    let Records::Good(receipt) = target.records()? else { return Ok(()) };
    let fault = match check::check_record(&dir.manifest_path(), receipt.tree) {
        Err(error) if error.is_of_records() && fs::link_target(dir.root())?.is_none() => remedy::chain(&error),
        Err(error) if !error.is_of_records() => return Err(error.into()),
        _ => return Ok(()),
    };
    if options.dry_run {
        if can_renew_manifest(target, &receipt) {
            warnings.push(format!("the manifest would be written anew from the inventory: {fault}"));
        }
        return Ok(());
    }
    let _lease = target.lease(context)?;
    match manifest::renew(dir, receipt.tree) {
        Ok(is_renewed) => {
            warnings.extend(is_renewed.then(|| format!("the manifest was written anew from the inventory: {fault}")));
            Ok(())
        }
        // Then it is no dataset that is whole.
        Err(error) if error.is_of_records() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn can_renew_manifest(target: &Target<'_>, receipt: &Receipt) -> bool {
    matches!(fs::link_target(target.dir.root()), Ok(None))
        && manifest::tree_by_inventory(&target.dir).is_ok_and(|tree| tree == receipt.tree)
}

/// Whether the manifest is that of the receipt; for a dry run, whether it can be made so.
fn has_manifest(target: &Target<'_>, options: &FetchOptions, receipt: &Receipt) -> Result<bool, LayoutError> {
    match check::check_record(&target.dir.manifest_path(), receipt.tree) {
        Err(error) if error.is_of_records() => Ok(options.dry_run && can_renew_manifest(target, receipt)),
        found => found.map(|()| true),
    }
}

/// Whether the files are there: each by size, and by time where a lock must be met.
fn is_untouched(target: &Target<'_>, options: &FetchOptions, receipt: &Receipt) -> Result<bool, LayoutError> {
    if !has_manifest(target, options, receipt)? {
        return Ok(false);
    }
    let Some(pins) = &options.pins else { return check::looks_whole(&target.dir, receipt.files) };
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
