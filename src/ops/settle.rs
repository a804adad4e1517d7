//! What killed runs left of one dataset, put right by the next run that holds its lease.
//!
//! A run may be killed between putting a dataset into its place and entering it in the ledger,
//! between taking one out and entering that, and while it writes a record. Whoever works on the
//! dataset next takes away what was half written, and makes the entries that are their own: what
//! another person began is that person's to enter.

use crate::context::Context;
use crate::fs::{self, Access, FileLock};
use crate::layout::places::another;
use crate::layout::{DatasetDir, LinkMark, Receipt, Records, Store, Workspace, commit};

use super::assemble;
use super::failure::Failure;
use super::identity;
use super::lease::lease;
use super::remove;
use super::shared;

/// Makes the entry that a killed run of this person owes the ledger of a dataset that is whole, and
/// takes away the workspace in which it was made; says whether anything was owed. No lease is taken
/// where not.
pub(super) fn settle_whole(context: &Context, store: &Store, dir: &DatasetDir) -> Result<bool, Failure> {
    let Records::Good(receipt) = Records::of(dir)? else { return Ok(false) };
    if shared::leads_to(dir).is_some() || !(is_owed(context, dir, &receipt) || Workspace::is_spent(store, &dir.name())?)
    {
        return Ok(false);
    }
    context.ledger()?.ready()?;
    let _lease = lease_of(context, store, dir, &receipt.name().to_string(), Access::of(&dir.receipt_path())?)?;
    Workspace::remove_spent(store, &dir.name())?;
    Ok(true)
}

/// Takes the lease of a dataset, for a run that works on it without a workspace, and settles what
/// killed runs left of it. `name` is for whoever waits.
pub(super) fn lease_of(
    context: &Context,
    store: &Store,
    dir: &DatasetDir,
    name: &str,
    access: Access,
) -> Result<FileLock, Failure> {
    let held = format!("another medsets run works on `{name}`");
    let lease = lease(context, &store.lease(&dir.name()), access, &held)?;
    settle(context, store, dir)?;
    Ok(lease)
}

/// Puts right what killed runs left of a dataset. Only for whoever holds its lease. Records in a
/// shared folder, and those of another dataset or of a later medsets, are left as they are.
///
/// # Errors
/// The ledger takes no entry, or a receipt cannot be written: the next run tries again.
pub(super) fn settle(context: &Context, store: &Store, dir: &DatasetDir) -> Result<(), Failure> {
    remove::recover(context, store, Some(dir))?;
    commit::sweep(store, dir)?;
    if let Some(beside) = dir.root().parent() {
        fs::sweep(beside, fs::FRESH);
    }
    if fs::metadata(dir.root())?.is_none() {
        LinkMark::remove(dir)?;
    }
    let is_elsewhere = shared::leads_to(dir).is_some() || another(dir).is_some();
    if is_elsewhere || fs::metadata(&dir.records())?.is_none_or(|found| !found.is_dir()) {
        return Ok(());
    }
    fs::sweep(&dir.records(), fs::RECORD);
    if let Ok(Records::Good(receipt)) = Records::of(dir)
        && is_owed(context, dir, &receipt)
    {
        assemble::enter_once(context, dir, *receipt, Access::of(&dir.receipt_path())?)?;
    }
    Ok(())
}

/// Whether this person owes the ledger the entry of a receipt, which is that of the folder it lies in.
fn is_owed(context: &Context, dir: &DatasetDir, receipt: &Receipt) -> bool {
    receipt.ledger.is_none() && receipt.by.os_user == identity::on_receipt(context).os_user && receipt.is_of(dir)
}
