//! Local headers: each must say what the directory says of its member.
//!
//! Some readers follow the one, some the other (bsdtar the local name, most the directory's).
//! The figures may also stand behind the data, in a data descriptor.

use std::hash::{BuildHasher as _, RandomState};

use crate::unpack::error::Fault;
use crate::unpack::source::Source;

use super::Entry;
use super::directory::{u16_at, u32_at, u64_at};
use super::record::{DESCRIPTOR, ENCRYPTED, Zip64};

/// Fixed length of a local header.
pub(super) const FIXED: usize = 30;

/// Longest data descriptor: signature, CRC, two long sizes.
pub(super) const DESCRIPTOR_LENGTH: usize = 24;

const SIGNATURE: &[u8] = b"PK\x03\x04";

/// Checks the local header at the beginning of `bytes`; answers its length. `bytes` holds
/// the whole header.
pub(super) fn check(bytes: &[u8], entry: &Entry, hasher: &RandomState) -> Result<usize, Fault> {
    if bytes.len() < FIXED || !bytes.starts_with(SIGNATURE) {
        return Err(Fault::refused("there is no local header where the directory says"));
    }
    let length = length(bytes);
    let name_end = FIXED + usize::from(u16_at(bytes, 26));
    let (Some(name), Some(extra)) = (bytes.get(FIXED..name_end), bytes.get(name_end..length)) else {
        return Err(Fault::truncated("a local header is cut"));
    };
    if hasher.hash_one(name) != entry.name_hash {
        return Err(Fault::refused("its local header gives it another name"));
    }
    let flags = u16_at(bytes, 6);
    let method = u16_at(bytes, 8);
    if (flags ^ entry.flags) & ENCRYPTED != 0 || method != entry.stated_method() {
        return Err(Fault::refused("its local header states another method"));
    }
    let zip64 = Zip64::read(extra)?;
    let (size, packed) = (u32_at(bytes, 22), u32_at(bytes, 18));
    let (size, packed) = match &zip64 {
        Some(zip64) => zip64.sizes(size, packed)?,
        None => (size.into(), packed.into()),
    };
    let crc32 = u32_at(bytes, 14);
    let same = size == entry.size && packed == entry.packed && crc32 == entry.crc32;
    // Some programs leave only the CRC and the packed size to the descriptor.
    let left_open = flags & DESCRIPTOR != 0
        && (size == 0 || size == entry.size)
        && (packed == 0 || packed == entry.packed)
        && (crc32 == 0 || crc32 == entry.crc32);
    if !same && !left_open {
        return Err(Fault::refused("its local header states other sizes or another CRC"));
    }
    Ok(length)
}

/// The length that a local header says it has.
pub(super) fn length(bytes: &[u8]) -> usize {
    FIXED + usize::from(u16_at(bytes, 26)) + usize::from(u16_at(bytes, 28))
}

/// Checks the first bytes behind the data: a descriptor where one is announced. Answers its
/// length.
pub(super) fn check_descriptor(header: &[u8], entry: &Entry, after: &[u8]) -> Result<usize, Fault> {
    if u16_at(header, 6) & DESCRIPTOR == 0 {
        return Ok(0);
    }
    let stated = u32_at(header, 14) == entry.crc32 && u32_at(header, 18) != 0;
    match descriptor(after, entry) {
        Some(length) => Ok(length),
        // Some programs announce one and state everything in front.
        None if stated || entry.packed == 0 => Ok(0),
        None => Err(Fault::refused("its data descriptor contradicts the directory")),
    }
}

/// The length of the descriptor that says what the directory says, in one of its four forms.
fn descriptor(bytes: &[u8], entry: &Entry) -> Option<usize> {
    let signed = bytes.starts_with(b"PK\x07\x08");
    let forms = [(signed, true), (signed, false), (false, true), (false, false)];
    forms.into_iter().find_map(|(signature, wide)| {
        let start = if signature { 4 } else { 0 };
        let length = start + if wide { 20 } else { 12 };
        let fields = bytes.get(start..length)?;
        let (packed, size) = if wide {
            (u64_at(fields, 4), u64_at(fields, 12))
        } else {
            (u64::from(u32_at(fields, 4)), u64::from(u32_at(fields, 8)))
        };
        let same = u32_at(fields, 0) == entry.crc32 && packed == entry.packed && size == entry.size;
        same.then_some(length)
    })
}

/// Refuses a local header in bytes that belong to no member: readers that go from front to
/// back would find a file there.
pub(super) fn check_gap(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.windows(SIGNATURE.len()).any(|window| window == SIGNATURE) {
        return Err(Fault::refused("a member that the directory does not name follows it"));
    }
    Ok(())
}

/// The same for a gap still on disk.
pub(super) fn check_gap_at(source: &Source, start: u64, end: u64) -> Result<(), Fault> {
    const CHUNK: usize = 64 << 10;
    let mut at = start;
    while at < end {
        let room = usize::try_from(end - at).unwrap_or(usize::MAX).min(CHUNK);
        check_gap(&source.up_to(at, room)?)?;
        // A signature may lie across two chunks.
        at += if room < CHUNK { room } else { CHUNK - (SIGNATURE.len() - 1) } as u64;
    }
    Ok(())
}
