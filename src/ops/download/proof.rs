//! What proves a file, and the digests that it was compared with.

use crate::layout::{DigestSource, KnownDigest, Proof};
use crate::transfer::{Done, Verified};
use crate::values::Digest;

use super::{Pinned, Wanted};

/// Whose word proves a file.
pub(in crate::ops) fn proof(verified: Verified, wanted: &Wanted) -> Proof {
    match verified {
        _ if wanted.manner.changed_is_fine => Proof::AcceptedChange,
        Verified::Known if wanted.manner.pinned == Pinned::Accepted => Proof::AcceptedChange,
        Verified::Known if wanted.of_entry > 0 => Proof::Catalog,
        Verified::Known if wanted.manner.pinned == Pinned::OnFirstUse => Proof::FirstUse,
        Verified::Known if wanted.manner.pinned == Pinned::Published => Proof::Lock,
        Verified::Known => Proof::Host,
        Verified::Header => Proof::Header,
        Verified::Size => Proof::Size,
        Verified::Nothing => Proof::FirstUse,
    }
}

/// The digests that a file was compared with, and who named each. None where `verified` says it
/// all: the file's SHA-256 by that source and nothing else.
pub(super) fn known(wanted: &Wanted, done: &Done, verified: Proof) -> Vec<KnownDigest> {
    let stated = done.stated.iter().map(|digest| KnownDigest { digest: *digest, from: DigestSource::Header });
    let known: Vec<KnownDigest> = named(wanted).chain(stated).collect();
    match known.as_slice() {
        [one] if one.digest == done.sha256 && verified.is_known_beforehand() => Vec::new(),
        _ => known,
    }
}

/// The same for bytes that no answer brought, and that all digests were compared with.
pub(in crate::ops) fn known_beforehand(wanted: &Wanted, sha256: &Digest) -> Vec<KnownDigest> {
    let known: Vec<KnownDigest> = named(wanted).collect();
    if matches!(known.as_slice(), [one] if one.digest == *sha256) { Vec::new() } else { known }
}

/// The digests that entry and host name.
fn named(wanted: &Wanted) -> impl Iterator<Item = KnownDigest> {
    let beforehand: &[Digest] = if wanted.manner.changed_is_fine { &[] } else { &wanted.listed.digests };
    let other = if wanted.manner.pinned == Pinned::No { DigestSource::Host } else { DigestSource::Lock };
    let source = move |at| if at < usize::from(wanted.of_entry) { DigestSource::Catalog } else { other };
    beforehand.iter().enumerate().map(move |(at, digest)| KnownDigest { digest: *digest, from: source(at) })
}
