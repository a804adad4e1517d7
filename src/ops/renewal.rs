//! Records of a dataset that is here, brought to the terms that the catalogue names by now.
//!
//! The licence of a release may be corrected, or changed by its publisher, after it was fetched. The
//! bytes are the same, so nothing is fetched: receipt and papers are written anew, and the ledger gets
//! an entry with both licences. Which entry laid the files out, and when and by whom they were had, stays.
//! Other files, and files with terms of their own, are not what the new licence was given to.

use crate::catalog::Selection;
use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::inventory::{FileRecord, InventoryReader};
use crate::layout::{Adopted, DatasetDir, Receipt, Records};
use crate::values::{Digest, Printable};

use super::assemble;
use super::failure::Failure;
use super::foreign::OwnWord;
use super::held;
use super::identity;
use super::particulars::{Terms, terms};
use super::settle::lease_of;
use super::shared;
use super::target::Target;
use super::today::disagreement;

/// The licence of a dataset's records, and the one that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renewal {
    name: String,
    was: String,
    now: String,
    /// Why the records stay as they are, as it follows on "because".
    obstacle: Option<String>,
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
        if was == now || receipt.reference.is_some() || shared::leads_to(dir).is_some() {
            return Ok(None);
        }
        if !is_own(context, receipt)? {
            return Ok(None);
        }
        let name = receipt.name().to_string();
        let today = context.catalog()?.resolve(&name).ok().and_then(|mut found| found.pop());
        let is_new = today.is_some_and(|today| today.source(channel).is_some() && today.license(channel) == now);
        if !is_new {
            return Ok(None);
        }
        let (was, now) = (was.clone(), now.to_owned());
        Ok(Some(Self { name, was, now, obstacle: obstacle(selection, dir, receipt)? }))
    }

    /// In what the two differ, as a sentence.
    pub fn sentence(&self) -> String {
        let (was, now) = (Printable::new(&self.was), Printable::new(&self.now));
        let why = self.obstacle.as_ref().map_or(String::new(), |why| format!("; they stay as they are, because {why}"));
        format!("the records of `{}` say `{was}`, and its terms are `{now}` by now{why}", self.name)
    }

    /// What brings the copy to its terms, where a run that finds it here does not.
    pub fn help(&self) -> Option<String> {
        let name = &self.name;
        self.obstacle.as_ref().map(|_| format!("`medsets remove {name}`, then fetch it anew"))
    }
}

/// Whether a copy was entered in this person's ledger by a run of theirs: an account of another machine or
/// container may have the same name.
fn is_own(context: &Context, receipt: &Receipt) -> Result<bool, Failure> {
    let Some(mark) = &receipt.ledger else { return Ok(false) };
    let head = context.ledger()?.head()?;
    let is_noted = head.is_some_and(|head| head.ledger == mark.id);
    Ok(is_noted && receipt.by.os_user == identity::on_receipt(context).os_user)
}

/// Why other terms of the whole do not say what the terms of these files are.
fn obstacle(selection: &Selection, dir: &DatasetDir, receipt: &Receipt) -> Result<Option<String>, Failure> {
    let channel = receipt.source.channel.as_str();
    let Some(source) = selection.source(Some(channel)) else { return Ok(None) };
    if let Some(how) = disagreement(dir, receipt, selection, source)? {
        return Ok(Some(how));
    }
    let word = OwnWord::of(selection, channel);
    for record in InventoryReader::open(&dir.inventory_path())? {
        let FileRecord { path, origin, license, .. } = record?;
        // What a host says of single files may rest on the terms of the whole.
        let now = word.license(&origin.file, license.as_ref().map(|_| "NOASSERTION".to_owned()));
        if now != license {
            return Ok(Some(format!("`{path}` has terms of its own")));
        }
    }
    Ok(None)
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
    if let Some(help) = due.help() {
        warnings.push(format!("{}: {help}", due.sentence()));
        return Ok(receipt);
    }
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

/// Papers and the entry first and the receipt last: a run that is killed before leaves what is due to
/// the next one, which finds the entry by the digest of the receipt.
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
    // Where a person has the files, so are the papers theirs.
    let papers = if Adopted::read(dir)?.is_some() { Vec::new() } else { papers };
    for (name, text) in papers {
        fs::atomic_write(&dir.root().join(name), text.as_bytes(), access)?;
    }
    let receipt = Receipt { license, ledger: None, ..*receipt };
    let receipt_sha256 = Digest::sha256(&receipt.to_bytes()?);
    held::enter_as(context, &receipt, receipt_sha256, &format!("terms renewed: {} -> {}", due.was, due.now))?;
    Ok(Some(assemble::enter_once(context, dir, receipt, access)?.receipt))
}
