//! What a person's statement becomes: an entry of the ledger, with files kept as evidence.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::agreements::{Entry, EntryKind, Record};
use crate::catalog::Selection;
use crate::context::Context;
use crate::fs;
use crate::values::{DatasetId, Digest};

use super::failure::Failure;
use super::identity;

/// What was recorded.
#[derive(Debug, Serialize)]
pub struct Recorded {
    /// Which dataset.
    pub dataset: DatasetId,
    /// Release.
    pub version: String,
    /// Which step.
    pub step: String,
    /// Which licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Digest of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_digest: Option<Digest>,
    /// Until when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Sequence number of the ledger entry.
    pub sequence: u64,
    /// Its hash: note it elsewhere to find a cut ledger.
    pub hash: Digest,
}

impl Recorded {
    /// From the entry that was made.
    pub(super) fn of(selection: &Selection, step: &str, entry: Entry) -> Self {
        Self {
            dataset: selection.id().clone(),
            version: selection.release().version.clone(),
            step: step.to_owned(),
            license: entry.record.license,
            text_digest: entry.record.text_sha256,
            expires: entry.record.expires,
            sequence: entry.sequence,
            hash: entry.hash,
        }
    }
}

/// Keeps files as evidence beside the ledger. What was kept before a failure stays there.
pub(super) fn keep(context: &Context, files: &[PathBuf]) -> Result<Vec<Digest>, Failure> {
    let mut kept = Vec::new();
    for path in files {
        let bytes = fs::read(path, EVIDENCE_LIMIT)?;
        kept.push(context.evidence()?.store(&bytes)?);
    }
    Ok(kept)
}

/// The beginnings of an entry about a selection.
pub(super) fn about(context: &Context, kind: EntryKind, selection: &Selection) -> Record {
    Record {
        reference: selection.reference(),
        version: Some(selection.release().version.clone()),
        variant: selection.variant_name().map(str::to_owned),
        ..identity::record(context, kind, selection.id())
    }
}

/// Letters and certificates are smaller.
pub(super) const EVIDENCE_LIMIT: u64 = 64 << 20;
