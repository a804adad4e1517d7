//! Records of a dataset that is here, brought to the terms that the catalogue names by now.
//!
//! The licence of a release may be corrected, or changed by its publisher, after it was fetched. The
//! bytes are the same, so nothing is fetched: receipt and papers are written anew, and the ledger gets
//! an entry with both licences. Which entry laid the files out, and when and by whom they were had, stays.

use crate::catalog::Selection;
use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::{DatasetDir, Receipt, Records};
use crate::values::Printable;

use super::assemble;
use super::failure::Failure;
use super::held;
use super::identity;
use super::particulars::{Terms, terms};
use super::settle::lease_of;
use super::shared;
use super::target::Target;

/// The licence of a dataset's records, and the one that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renewal {
    name: String,
    was: String,
    now: String,
}

impl Renewal {
    /// What a person's own records of a dataset say otherwise than its entry. Only what the catalogue
    /// at hand says as well is new: a lock may pin an entry that is older than the records.
    pub fn due(
        context: &Context,
        selection: &Selection,
        dir: &DatasetDir,
        receipt: &Receipt,
    ) -> Result<Option<Self>, Failure> {
        let channel = Some(receipt.source.channel.as_str());
        let (was, now) = (&receipt.license.expression, selection.license(channel));
        let is_own = receipt.by.os_user == identity::on_receipt(context).os_user && receipt.reference.is_none();
        if was == now || !is_own || shared::leads_to(dir).is_some() {
            return Ok(None);
        }
        let name = receipt.name().to_string();
        let today = context.catalog()?.resolve(&name).ok().and_then(|mut found| found.pop());
        let is_new = today.is_some_and(|today| today.source(channel).is_some() && today.license(channel) == now);
        Ok(is_new.then(|| Self { name, was: was.clone(), now: now.to_owned() }))
    }

    /// In what the two differ, as a sentence.
    pub fn sentence(&self) -> String {
        let (was, now) = (Printable::new(&self.was), Printable::new(&self.now));
        format!("the records of `{}` say `{was}`, and its terms are `{now}` by now", self.name)
    }
}

/// Brings the records of a dataset that is whole here to its terms, and tells of it. Where that
/// cannot be done the dataset is whole all the same: the warning says why.
pub(super) fn renew(
    context: &Context,
    target: &Target<'_>,
    receipt: Receipt,
    warnings: &mut Vec<String>,
) -> Result<Receipt, Failure> {
    let Some(due) = Renewal::due(context, target.selection, &target.dir, &receipt)? else { return Ok(receipt) };
    match written(context, target, &due) {
        Ok(renewed) => {
            warnings.push(format!("{}: they were brought up to date, and no byte was fetched", due.sentence()));
            Ok(renewed.unwrap_or(receipt))
        }
        Err(failure) => {
            warnings.push(format!("{}: they could not be brought up to date: {}", due.sentence(), failure.message));
            Ok(receipt)
        }
    }
}

/// Papers first and the receipt last: a run that is killed before leaves what is due to the next one,
/// and the entry that a run owes after it is made as for every receipt.
fn written(context: &Context, target: &Target<'_>, due: &Renewal) -> Result<Option<Receipt>, Failure> {
    let dir = &target.dir;
    let access = Access::of(&dir.receipt_path())?;
    context.ledger()?.ready()?;
    let _lease = lease_of(context, &target.store, dir, &due.name, access)?;
    // Another run may have done it, or taken the dataset away.
    let Records::Good(receipt) = Records::of(dir)? else { return Ok(None) };
    if receipt.license.expression != due.was {
        return Ok(Some(*receipt));
    }
    let Terms { license, papers } = terms(context, target.selection, &receipt.source.channel, receipt.completed)?;
    for (name, text) in papers {
        fs::atomic_write(&dir.root().join(name), text.as_bytes(), access)?;
    }
    let receipt = Receipt { license, ledger: None, ..*receipt };
    receipt.write(dir, access)?;
    held::enter(context, &receipt, dir, &format!("terms renewed: {} -> {}", due.was, due.now))?;
    Ok(Some(assemble::enter_once(context, dir, receipt, access)?.receipt))
}
