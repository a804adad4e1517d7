//! Some members of a zip of which only a few stretches are here.
//!
//! The directory is judged as for the whole archive, so that a member goes where it would go
//! with all others, and an archive that would be refused is refused here too. Local headers
//! are compared with the directory for the chosen members alone: the others are not here.

use crate::unpack::Unpacked;
use crate::unpack::error::Fault;
use crate::unpack::job::Job;
use crate::unpack::roster::{EntryKind, ratio_within};
use crate::unpack::rules::Globs;
use crate::unpack::source::Source;
use crate::values::ByteSize;

use super::local::{DESCRIPTOR_LENGTH, FIXED};
use super::{Entry, Judged, UNWANTED, Which, check_unpackable, directory, extract_members, judge};

/// Longest local header, name and extra fields included.
const LONGEST_HEADER: u64 = FIXED as u64 + 2 * 65_535;

/// A directory that is larger is not read: that of five million members is smaller.
const LARGEST_DIRECTORY: u64 = 1 << 30;

/// What the directory says of the chosen members.
pub(in crate::unpack) struct Survey {
    /// They, in the order of the archive.
    pub(in crate::unpack) members: Vec<Found>,
    /// How many files the archive has, skipped ones not counted.
    pub(in crate::unpack) files: u64,
    /// Where the directory is.
    pub(in crate::unpack) directory: (u64, u64),
}

/// A chosen member.
pub(in crate::unpack) struct Found {
    pub(in crate::unpack) id: u32,
    pub(in crate::unpack) name: String,
    pub(in crate::unpack) path: String,
    pub(in crate::unpack) size: u64,
    pub(in crate::unpack) crc32: Option<u32>,
    /// All its bytes, header included.
    pub(in crate::unpack) range: (u64, u64),
}

/// Finds the members that the globs mean. [`Fault::NotHeld`] names what must be here first.
pub(in crate::unpack) fn survey(source: &Source, globs: &Globs, job: &Job<'_>) -> Result<Survey, Fault> {
    let place = directory::locate(source)?;
    if place.end - place.start > LARGEST_DIRECTORY {
        let size = ByteSize(place.end - place.start);
        return Err(Fault::refused(format!("its directory would be {size}, more than any archive needs")));
    }
    source.check_held(place.start, place.end)?;
    let Judged { entries, roster, directory, .. } = judge(source, job, Which::Some)?;
    let kinds = roster.entries().iter().map(|entry| entry.kind);
    let files = kinds.filter(|kind| matches!(kind, EntryKind::File | EntryKind::Twin(_))).count() as u64;
    let mut wanted: Vec<bool> = (0..roster.entries().len())
        .map(|id| {
            let kind = roster.entry(id as u32).kind;
            kind != EntryKind::Folder && job.rules().speak_of(globs, roster.name(id as u32))
        })
        .collect();
    // Files of the same place are compared with each other, so that one never comes alone.
    for id in 0..wanted.len() {
        if let EntryKind::Twin(first) = roster.entry(id as u32).kind {
            let either = wanted[id] || wanted[first as usize];
            (wanted[id], wanted[first as usize]) = (either, either);
        }
    }
    let (mut packed, mut size) = (0_u64, 0_u64);
    let mut members = Vec::new();
    for entry in entries.iter().filter(|entry| entry.id != UNWANTED && wanted[entry.id as usize]) {
        let name = roster.name(entry.id);
        check_chosen(entry, roster.entry(entry.id).kind, job).map_err(|fault| fault.of(name))?;
        packed = packed.saturating_add(entry.packed);
        size = size.saturating_add(entry.size);
        members.push(Found {
            id: entry.id,
            name: name.to_owned(),
            path: roster.path(entry.id).to_owned(),
            size: entry.size,
            crc32: entry.has_crc().then_some(entry.crc32),
            range: (entry.offset, own_end(entry)),
        });
    }
    // The whole archive may be large enough to hide a bomb among its members.
    ratio_within(&job.rules().limits, packed, size)?;
    Ok(Survey { members, files, directory: (directory.start, directory.end) })
}

fn check_chosen(entry: &Entry, kind: EntryKind, job: &Job<'_>) -> Result<(), Fault> {
    if kind == EntryKind::Link {
        return Err(Fault::unsupported(None, "a link without what it leads to"));
    }
    check_unpackable(entry.method, entry.flags, (entry.packed, entry.size), job)
}

/// Where the bytes of a member end at the latest. Behind them there may be a gap that nobody
/// needs.
fn own_end(entry: &Entry) -> u64 {
    let most = LONGEST_HEADER + DESCRIPTOR_LENGTH as u64;
    entry.end.min(entry.offset.saturating_add(most).saturating_add(entry.packed))
}

/// Unpacks the members of these numbers, as a survey of the same directory gave them.
pub(in crate::unpack) fn unpack_some(source: &Source, ids: &[u32], job: &Job<'_>) -> Result<Unpacked, Fault> {
    let mut judged = judge(source, job, Which::Some)?;
    let mut wanted = vec![false; judged.roster.entries().len()];
    for id in ids {
        wanted[*id as usize] = true;
    }
    judged.entries.retain(|entry| entry.id != UNWANTED && wanted[entry.id as usize]);
    for entry in &mut judged.entries {
        entry.end = own_end(entry);
    }
    judged.roster.leave_out(|id| !wanted[id as usize]);
    extract_members(source, judged, job)
}
