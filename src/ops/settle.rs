//! What killed runs left of one dataset, put right by the next run that holds its lease.
//!
//! A run may be killed between putting a dataset into its place and entering it in the ledger,
//! between taking one out and entering that, and while it writes a record. Whoever works on the
//! dataset next makes the entries, for the person whose they are, and takes away what was half
//! written.

use crate::catalog::selection::slug;
use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::{DatasetDir, Receipt, Records, Store, Workspace, commit};

use super::assemble;
use super::failure::Failure;
use super::lease::lease;
use super::remove;
use super::shared;

/// How the name of a record begins that is being written.
pub(super) const UNFINISHED: &str = ".medsets-";

/// Makes the entry that a killed run owes the ledger of a dataset that is whole, and takes away the
/// workspace in which it was made; says whether anything was owed. No lease is taken where not.
pub(super) fn settle_whole(
    context: &Context,
    store: &Store,
    dir: &DatasetDir,
    access: Access,
) -> Result<bool, Failure> {
    let Records::Good(receipt) = Records::of(dir)? else { return Ok(false) };
    let is_owed = || Ok::<_, Failure>(receipt.ledger.is_none() || Workspace::is_spent(store, &dir.name())?);
    if shared::leads_to(dir).is_some() || !is_owed()? {
        return Ok(false);
    }
    context.ledger()?.ready()?;
    let held = format!("another medsets run works on `{}`", receipt.name());
    let _lease = lease(context, &store.lease(&dir.name()), access, &held)?;
    settle(context, store, dir, access)?;
    Workspace::remove_spent(store, &dir.name())?;
    Ok(true)
}

/// Puts right what killed runs left of a dataset. Only for whoever holds its lease. Records in a
/// shared folder, and those of another dataset or of a later medsets, are left as they are.
///
/// # Errors
/// The ledger takes no entry, or a receipt cannot be written: the next run tries again.
pub(super) fn settle(context: &Context, store: &Store, dir: &DatasetDir, access: Access) -> Result<(), Failure> {
    remove::recover(context, store, Some(dir))?;
    commit::sweep(store, dir)?;
    if let Some(beside) = dir.root().parent() {
        fs::sweep(beside, fs::FRESH);
    }
    if shared::leads_to(dir).is_some() || fs::metadata(&dir.records())?.is_none_or(|found| !found.is_dir()) {
        return Ok(());
    }
    fs::sweep(&dir.records(), UNFINISHED);
    if let Ok(Records::Good(receipt)) = Records::of(dir)
        && receipt.ledger.is_none()
        && is_of(dir, &receipt)
    {
        assemble::enter_once(context, dir, *receipt, access)?;
    }
    Ok(())
}

/// Whether a receipt is that of the folder it lies in.
fn is_of(dir: &DatasetDir, receipt: &Receipt) -> bool {
    dir.name() == format!("{}@{}", receipt.dataset, slug(&receipt.version, receipt.variant.as_deref()))
}
