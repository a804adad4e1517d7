//! The entry in the ledger about a dataset folder, and its mark in the receipt.

use crate::agreements::{Entry, EntryKind, Record};
use crate::context::Context;
use crate::fs::Access;
use crate::layout::receipt::LedgerMark;
use crate::layout::{DatasetDir, Means, Receipt};
use crate::values::Digest;

use super::super::failure::Failure;
use super::super::identity;
use super::Assembled;

/// Enters a receipt that a killed run left without its mark. That run may have made the entry.
pub fn enter_once(context: &Context, dir: &DatasetDir, receipt: Receipt, access: Access) -> Result<Assembled, Failure> {
    let sha256 = Some(Digest::sha256(&receipt.to_bytes()?));
    let reading = context.ledger()?.reading()?;
    let is_it = |entry: &&Entry| entry.record.receipt_sha256 == sha256 && entry.record.dataset == receipt.dataset;
    match reading.entries.iter().rev().find(is_it) {
        Some(entry) => note_entry(dir, receipt, entry, access),
        None => enter_in_ledger(context, dir, receipt, access),
    }
}

/// Enters a receipt that is not yet in the ledger and notes the ledger's head in it.
pub fn enter_in_ledger(
    context: &Context,
    dir: &DatasetDir,
    receipt: Receipt,
    access: Access,
) -> Result<Assembled, Failure> {
    let (kind, how) = match receipt.means {
        Means::Fetch => {
            (EntryKind::Fetch, receipt.source.mirror.as_ref().map(|mirror| format!("by the mirror {mirror}")))
        }
        Means::Import => (EntryKind::Import, None),
        Means::Adopt => (EntryKind::Import, Some("adopted".to_owned())),
        Means::Bundle => {
            (EntryKind::Import, receipt.brought.as_ref().map(|brought| format!("from the bundle {}", brought.index)))
        }
    };
    let note = match (how, &receipt.reason) {
        (Some(how), Some(reason)) => Some(format!("{how}: {reason}")),
        (how, reason) => how.or(reason.clone()),
    };
    let record = Record {
        reference: receipt.reference.clone(),
        version: Some(receipt.version.clone()),
        variant: receipt.variant.clone(),
        license: Some(receipt.license.expression.clone()),
        text_sha256: receipt.license.accepted.first().map(|accepted| accepted.text_sha256),
        channel: Some(receipt.source.channel.clone()),
        files: Some(receipt.files),
        bytes: Some(receipt.bytes),
        note,
        evidence: receipt.brought.iter().filter_map(|brought| brought.extract).collect(),
        receipt_sha256: Some(Digest::sha256(&receipt.to_bytes()?)),
        ..identity::record(context, kind, &receipt.dataset)
    };
    let entry = context.ledger()?.append(record)?;
    note_entry(dir, receipt, &entry, access)
}

fn note_entry(dir: &DatasetDir, mut receipt: Receipt, entry: &Entry, access: Access) -> Result<Assembled, Failure> {
    receipt.ledger = Some(LedgerMark { id: entry.ledger.clone(), sequence: entry.sequence, hash: entry.hash });
    let receipt_sha256 = receipt.write(dir, access)?;
    Ok(Assembled { receipt, receipt_sha256 })
}
