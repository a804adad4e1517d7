//! zip: judged from its directory, every local header compared, members unpacked in parallel.

mod chosen;
mod crypt;
mod decode;
mod directory;
mod extract;
mod local;
mod record;

use std::hash::{BuildHasher as _, RandomState};

use super::Unpacked;
use super::error::Fault;
use super::job::Job;
use super::links;
use super::names::Place;
use super::roster::{Candidate, EntryKind, Roster};
use super::rules::Format;
use super::sniff::{SNIFF_LENGTH, sniff};
use super::source::Source;
use super::tree::Digests;

pub(super) use chosen::{survey, unpack_some};
use directory::Directory;
pub(super) use directory::has_directory;
use record::{Aes, ENCRYPTED, Record, RecordKind};

/// What the directory says of a member that the local header must say too, and what is
/// needed to unpack it. There may be hundreds of thousands.
#[derive(Clone, Copy)]
struct Entry {
    offset: u64,
    /// Where the next member begins, or the directory: everything up to there may be its own.
    end: u64,
    packed: u64,
    size: u64,
    /// Keyed hash of the raw name.
    name_hash: u64,
    crc32: u32,
    /// Its number in the roster, or [`UNWANTED`].
    id: u32,
    flags: u16,
    method: u16,
    time: u16,
    /// Version and strength of AES in one byte; zero where there is none.
    aes: u8,
}

/// The number of a record that nobody wants.
const UNWANTED: u32 = u32::MAX;

impl Entry {
    fn new(record: &Record, id: u32, hasher: &RandomState) -> Self {
        Self {
            offset: record.offset,
            end: 0,
            packed: record.packed,
            size: record.size,
            name_hash: hasher.hash_one(record.raw_name.as_slice()),
            crc32: record.crc32,
            id,
            flags: record.flags,
            method: record.method,
            time: record.time,
            aes: record.aes.map_or(0, |aes| aes.version << 4 | aes.strength),
        }
    }

    /// How it is encrypted, where that is with AES.
    fn aes(&self) -> Option<Aes> {
        (self.aes != 0).then_some(Aes { version: self.aes >> 4, strength: self.aes & 15, method: self.method })
    }

    /// The method that its header states.
    fn stated_method(&self) -> u16 {
        if self.aes == 0 { self.method } else { 99 }
    }

    /// Whether its CRC says something about its bytes.
    fn has_crc(&self) -> bool {
        self.aes >> 4 != 2
    }
}

/// Unpacks a zip.
pub(super) fn unpack(source: &Source, job: &Job<'_>) -> Result<Unpacked, Fault> {
    extract_members(source, judge(source, job, Which::All)?, job)
}

/// Which members are to be unpacked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// All that the rules take.
    All,
    /// Some of them, chosen later: nothing but their names is asked of the others.
    Some,
}

/// A zip whose directory keeps all rules.
struct Judged<'a> {
    entries: Vec<Entry>,
    roster: Roster<'a>,
    hasher: RandomState,
    directory: Directory,
}

/// Judges a zip from its directory.
fn judge<'a>(source: &Source, job: &Job<'a>, which: Which) -> Result<Judged<'a>, Fault> {
    let directory = directory::find(source)?;
    let hasher = RandomState::new();
    let mut roster = Roster::new(job.rules(), Some(source.length()));
    // A record takes 46 bytes at least, so the directory's size bounds their number.
    let most = directory.most_records();
    roster.reserve(most);
    let mut entries = Vec::with_capacity(most);
    record::walk(source, &directory, job.charset, &mut |record| {
        job.go_on()?;
        let id = enter(&record, &mut roster, job, which).map_err(|fault| fault.of(&record.name.text))?;
        entries.push(Entry::new(&record, id.unwrap_or(UNWANTED), &hasher));
        Ok(())
    })?;
    roster.settle()?;
    entries.sort_unstable_by_key(|entry| entry.offset);
    let mut end = directory.start;
    for entry in entries.iter_mut().rev() {
        entry.end = std::mem::replace(&mut end, entry.offset);
    }
    check_ranges(&entries, &roster)?;
    check_front(source, end)?;
    Ok(Judged { entries, roster, hasher, directory })
}

/// Unpacks what was judged.
fn extract_members(source: &Source, judged: Judged<'_>, job: &Job<'_>) -> Result<Unpacked, Fault> {
    let Judged { entries, mut roster, hasher, .. } = judged;
    let digests = Digests::with_capacity(roster.entries().len());
    let wanted = extract::all(source, &entries, &hasher, &roster, &digests, job)?;
    drop(entries);
    let mut digests = digests.take_all();
    let links = links::make(&wanted, &mut roster, &mut digests, job)?;
    let (members, warnings) = roster.finish(digests)?;
    Ok(Unpacked { format: Format::Zip, members, links, warnings })
}

/// Enters a record, if it is wanted and can be unpacked.
fn enter(record: &Record, roster: &mut Roster<'_>, job: &Job<'_>, which: Which) -> Result<Option<u32>, Fault> {
    let kind = match record.kind {
        RecordKind::File => EntryKind::File,
        RecordKind::Folder => EntryKind::Folder,
        RecordKind::Symlink => EntryKind::Link,
    };
    let name = match Place::of(&record.name.text)? {
        Place::At(path, _) => path,
        Place::Root if kind == EntryKind::Folder => return Ok(None),
        Place::Root => return Err(Fault::refused("it has no name")),
    };
    let candidate =
        Candidate { name, raw: record.name.raw.clone(), kind, size: record.size, modified: record.modified };
    let id = roster.admit(candidate)?;
    if id.is_some() && kind != EntryKind::Folder && which == Which::All {
        check_unpackable(record.method, record.flags, (record.packed, record.size), job)?;
        if kind == EntryKind::Link {
            links::check_allowed(job.rules(), record.size)?;
        }
    }
    Ok(id)
}

/// Refuses a member that cannot be unpacked, before anything of it is read.
fn check_unpackable(method: u16, flags: u16, (packed, size): (u64, u64), job: &Job<'_>) -> Result<(), Fault> {
    decode::check_method(method)?;
    let is_encrypted = flags & ENCRYPTED != 0;
    if is_encrypted && job.request.password.is_none() {
        return Err(Fault::PasswordNeeded(String::new()));
    }
    if method == decode::STORED && !is_encrypted && packed != size {
        return Err(Fault::refused("it is stored as it is, yet its two sizes differ"));
    }
    Ok(())
}

/// Refuses members that share bytes: the bomb that unpacks one stream under many names. The
/// exact ends are compared again when the local headers are read.
fn check_ranges(entries: &[Entry], roster: &Roster<'_>) -> Result<(), Fault> {
    for entry in entries {
        let least = entry.offset.checked_add(local::FIXED as u64).and_then(|at| at.checked_add(entry.packed));
        if least.is_none_or(|least| least > entry.end) {
            let fault = Fault::refused("it overlaps the member or the directory after it");
            return Err(if entry.id == UNWANTED { fault } else { fault.of(roster.name(entry.id)) });
        }
    }
    Ok(())
}

/// Refuses a front part that is an archive of its own: other readers would take that one. A
/// program that unpacks itself may stand there, and the mark of a split archive.
fn check_front(source: &Source, first: u64) -> Result<(), Fault> {
    if first == 0 {
        return Ok(());
    }
    let front = source.up_to(0, usize::try_from(first).unwrap_or(SNIFF_LENGTH).min(SNIFF_LENGTH))?;
    let mark = front == b"PK\x07\x08" || front == b"PK00";
    if !mark && sniff(&front).is_packed() {
        return Err(Fault::refused(format!("it begins as {} and ends as a zip", sniff(&front))));
    }
    Ok(())
}
