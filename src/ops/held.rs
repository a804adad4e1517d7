//! What is here beside the person's own ledger: whether it knows that they have it, and whether
//! they accepted what it rests on. A data folder may be filled by somebody else.

use jiff::Timestamp;
use serde::Serialize;

use crate::agreements::{Entry, EntryKind, Matter, Record, Standing, Standings};
use crate::context::Context;
use crate::layout::{DatasetDir, Receipt};
use crate::values::{DatasetId, DatasetName, Digest, Printable};

use super::exit::Exit;
use super::failure::Failure;
use super::here;
use super::identity;

/// An agreement that a copy rests on and that does not hold for the person who asks.
#[derive(Debug, Clone, Serialize)]
pub struct Unaccepted {
    /// The dataset's id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The licence or agreement.
    pub license: String,
    /// When the person took their acceptance back; absent where they never gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Timestamp>,
    /// When their acceptance ran out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lapsed: Option<Timestamp>,
}

/// Agreements of copies that are here and do not hold for this person, by the receipts.
///
/// # Errors
/// The data folder or the ledger cannot be read.
pub fn unaccepted(context: &Context, name: Option<&str>) -> Result<Vec<Unaccepted>, Failure> {
    let found = here::named(context, name)?;
    let receipts: Vec<&Receipt> = found.iter().filter_map(|here| here.receipt.as_ref()).collect();
    let own = Own::of(context, receipts.iter().copied())?;
    Ok(receipts.into_iter().flat_map(|receipt| own.unaccepted(receipt)).collect())
}

/// What the person's own ledger says of copies.
pub(super) struct Own {
    standings: Standings,
    now: Timestamp,
}

impl Own {
    /// Reads the ledger, where any of the copies rests on an agreement.
    pub fn of<'r>(context: &Context, mut receipts: impl Iterator<Item = &'r Receipt>) -> Result<Self, Failure> {
        let person = identity::person(context);
        let standings = match context.ledger() {
            Ok(ledger) if receipts.any(|receipt| !receipt.license.accepted.is_empty()) => {
                Standings::among(person, &ledger.reading()?.entries)
            }
            _ => Standings::of(person),
        };
        Ok(Self { standings, now: context.now() })
    }

    /// Agreements of a copy that do not hold for the person.
    pub fn unaccepted(&self, receipt: &Receipt) -> Vec<Unaccepted> {
        let of = |license: &String| {
            let (withdrawn, lapsed) = match self.standing(receipt, license) {
                Standing::Accepted(acceptance) => (None, Some(acceptance.expires.filter(|at| *at <= self.now)?)),
                Standing::Withdrawn { at, .. } => (Some(at), None),
                Standing::Nothing | Standing::Granted(_) => (None, None),
            };
            let (id, version, variant) = (receipt.dataset.clone(), receipt.version.clone(), receipt.variant.clone());
            Some(Unaccepted { id, version, variant, license: license.clone(), withdrawn, lapsed })
        };
        receipt.license.accepted.iter().filter_map(|mark| of(&mark.license)).collect()
    }

    /// When the person accepted the first agreement that a copy rests on.
    pub fn accepted(&self, receipt: &Receipt) -> Option<Timestamp> {
        match self.standing(receipt, &receipt.license.accepted.first()?.license) {
            Standing::Accepted(acceptance) => Some(acceptance.at),
            _ => None,
        }
    }

    fn standing(&self, receipt: &Receipt, license: &str) -> Standing {
        let (dataset, version) = (&receipt.dataset, receipt.version.as_str());
        self.standings.standing(&Matter { dataset, version, requirement: license, license: Some(license) })
    }
}

impl Unaccepted {
    /// The dataset's name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }

    /// As a sentence, without what to do.
    pub fn sentence(&self) -> String {
        let (name, license) = (self.name(), Printable::new(&self.license));
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        match (self.withdrawn, self.lapsed) {
            (Some(at), _) => {
                format!("`{name}` is here, and you withdrew your acceptance of `{license}` on {}", day(at))
            }
            (None, Some(at)) => {
                format!("`{name}` is here, and your acceptance of `{license}` ran out on {}", day(at))
            }
            (None, None) => format!("`{name}` is here, and you have not accepted `{license}`"),
        }
    }

    /// As a difference between what is here and what the ledger says.
    pub fn failure(&self) -> Failure {
        let name = self.name();
        Failure::new(Exit::DIFFERENT, self.sentence())
            .of(&self.id)
            .help(format!("read the text and accept it with `medsets access accept {name}`, or do not use the data"))
    }
}

/// Enters in the person's own ledger that they use a copy which somebody else brought, unless it
/// is there: the entry of the receipt itself, or one that was made here.
///
/// # Errors
/// The ledger cannot be read or takes no entry; the copy is as it was.
pub(super) fn enter(context: &Context, receipt: &Receipt, dir: &DatasetDir, note: &str) -> Result<(), Failure> {
    enter_as(context, receipt, Receipt::digest_of(dir)?, note)
}

/// The same of a receipt with this digest, which need not lie there yet.
pub(super) fn enter_as(
    context: &Context,
    receipt: &Receipt,
    receipt_sha256: Digest,
    note: &str,
) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    let reading = ledger.reading()?;
    if among(&reading.entries, receipt, receipt_sha256).is_some() {
        return Ok(());
    }
    let own = Own { standings: Standings::among(identity::person(context), &reading.entries), now: context.now() };
    let text_sha256 = receipt.license.accepted.first().and_then(|mark| match own.standing(receipt, &mark.license) {
        Standing::Accepted(acceptance) => acceptance.text_sha256,
        _ => None,
    });
    let record = Record {
        reference: receipt.reference.clone(),
        version: Some(receipt.version.clone()),
        variant: receipt.variant.clone(),
        license: Some(receipt.license.expression.clone()),
        text_sha256,
        channel: Some(receipt.source.channel.clone()),
        files: Some(receipt.files),
        bytes: Some(receipt.bytes),
        note: Some(note.to_owned()),
        receipt_sha256: Some(receipt_sha256),
        ..identity::record(context, EntryKind::Fetch, &receipt.dataset)
    };
    ledger.append(record)?;
    Ok(())
}

/// Whether the person's own ledger knows of a copy: by the entry of the receipt itself, or by one
/// that says they use it.
pub(super) fn is_entered(context: &Context, receipt: &Receipt, dir: &DatasetDir) -> Result<bool, Failure> {
    Ok(entry_of(context, receipt, dir)?.is_some())
}

/// The newest entry of the person's own ledger about a copy, as [`is_entered`] knows it.
pub(super) fn entry_of(context: &Context, receipt: &Receipt, dir: &DatasetDir) -> Result<Option<Entry>, Failure> {
    let reading = context.ledger()?.reading()?;
    Ok(among(&reading.entries, receipt, Receipt::digest_of(dir)?).cloned())
}

fn among<'e>(entries: &'e [Entry], receipt: &Receipt, receipt_sha256: Digest) -> Option<&'e Entry> {
    let is_this = |entry: &&Entry| {
        let record = &entry.record;
        let is_entered = record.kind == EntryKind::Fetch
            && record.dataset == receipt.dataset
            && record.receipt_sha256 == Some(receipt_sha256);
        is_entered || receipt.ledger.as_ref().is_some_and(|mark| mark.hash == entry.hash)
    };
    entries.iter().rev().find(is_this)
}
