//! What is told of a dataset after a fetch.

use crate::layout::{Proof, Receipt};
use crate::ops::download::Tally;
use crate::ops::report::Fetched;
use crate::ops::target::Target;
use crate::reports;
use crate::values::{ByteSize, Digest};

/// A report with nothing in it but names.
pub(super) fn blank(target: &Target<'_>, tally: &Tally) -> Fetched {
    Fetched {
        id: target.selection.id().clone(),
        version: target.selection.release().version.clone(),
        variant: target.selection.variant_name().map(str::to_owned),
        path: target.dir.root().to_path_buf(),
        shared: None,
        source: target.source.channel.clone(),
        mirror: None,
        files: 0,
        bytes: ByteSize::ZERO,
        downloaded: tally.downloaded,
        reused: ByteSize::ZERO,
        verified: 0,
        unpacked: tally.unpacked,
        pinned_on_first_use: 0,
        members_pinned_on_first_use: 0,
        accepted_changes: 0,
        receipt_sha256: None,
        failed: Vec::new(),
        shard: None,
        is_part: false,
        plan: None,
        warnings: Vec::new(),
        outside: target.outside.clone(),
        cite: None,
    }
}

/// What became of a dataset that is whole.
pub(in crate::ops) fn summary(
    target: &Target<'_>,
    receipt: &Receipt,
    receipt_sha256: Option<Digest>,
    tally: &Tally,
) -> Fetched {
    let verified = receipt.listed.proven(Proof::is_known_beforehand);
    let accepted_changes = receipt.listed.proven(|proof| proof == Proof::AcceptedChange);
    let work = target.selection.dataset().entry.citation.as_ref();
    Fetched {
        source: receipt.source.channel.clone(),
        mirror: receipt.source.mirror.clone(),
        files: receipt.files,
        bytes: receipt.bytes,
        verified,
        pinned_on_first_use: receipt.listed.files() - verified - accepted_changes,
        members_pinned_on_first_use: receipt.partial.iter().map(|partial| partial.files).sum(),
        accepted_changes,
        receipt_sha256,
        is_part: !receipt.selection.whole,
        cite: work.map(|work| reports::one_line(&work.work)),
        ..blank(target, tally)
    }
}
