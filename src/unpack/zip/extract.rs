//! Members of a zip by several threads: large ones first, each on its own; small ones in runs
//! that lie together, read at once and inflated in memory.

use std::hash::RandomState;
use std::io::BufReader;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use flate2::{Decompress, FlushDecompress, Status};

use crate::unpack::error::Fault;
use crate::unpack::job::Job;
use crate::unpack::links::Wanted;
use crate::unpack::roster::{EntryKind, Roster};
use crate::unpack::source::Source;
use crate::unpack::stream::BUFFER;
use crate::unpack::tree::{Digests, Outlet, Tree};

use super::record::ENCRYPTED;
use super::{Entry, UNWANTED, decode, local};

/// A run of small members spans at most so many bytes of the archive, and so many members.
/// A member that unpacks to more is large.
const RUN_BYTES: u64 = 1 << 20;
const RUN_MEMBERS: usize = 256;

/// Unpacks all wanted members; answers the links among them.
pub(super) fn all(
    source: &Source,
    entries: &[Entry],
    hasher: &RandomState,
    roster: &Roster<'_>,
    digests: &Digests,
    job: &Job<'_>,
) -> Result<Vec<Wanted>, Fault> {
    let units = units(entries);
    let shared = Shared {
        source,
        entries,
        hasher,
        roster,
        digests,
        job,
        next: AtomicUsize::new(0),
        failed: AtomicBool::new(false),
        failure: Mutex::new(None),
        links: Mutex::new(Vec::new()),
    };
    let threads = job.request.jobs.clamp(1, units.len().max(1));
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| shared.work(&units));
        }
        shared.work(&units);
    });
    match shared.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(fault) => Err(fault),
        None => Ok(shared.links.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// What is done in one go: members that follow each other in the archive.
fn units(entries: &[Entry]) -> Vec<Range<u32>> {
    let next = |index: usize| entries[index].end;
    let mut units: Vec<Range<u32>> = Vec::new();
    let mut run = 0;
    let is_large = |index: usize| entries[index].size > RUN_BYTES || next(index) - entries[index].offset > RUN_BYTES;
    for index in 0..entries.len() {
        let large = is_large(index);
        let full = index - run >= RUN_MEMBERS || next(index) - entries[run].offset > RUN_BYTES;
        // Of an archive that is elsewhere not every member is here.
        let apart = index > run && next(index - 1) != entries[index].offset;
        if index > run && (large || full || apart) {
            units.push(run as u32..index as u32);
            run = index;
        }
        if large {
            units.push(index as u32..index as u32 + 1);
            run = index + 1;
        }
    }
    if run < entries.len() {
        units.push(run as u32..entries.len() as u32);
    }
    units.sort_by_key(|unit| {
        let first = unit.start as usize;
        let large = unit.len() == 1 && is_large(first);
        (!large, std::cmp::Reverse(if large { entries[first].size } else { 0 }))
    });
    units
}

/// What all threads look at.
struct Shared<'a> {
    source: &'a Source,
    entries: &'a [Entry],
    hasher: &'a RandomState,
    roster: &'a Roster<'a>,
    digests: &'a Digests,
    job: &'a Job<'a>,
    next: AtomicUsize,
    failed: AtomicBool,
    failure: Mutex<Option<Fault>>,
    links: Mutex<Vec<Wanted>>,
}

impl Shared<'_> {
    /// Takes units until there are none, or something failed.
    fn work(&self, units: &[Range<u32>]) {
        let done = Worker::new(self).and_then(|mut worker| {
            while let Some(unit) = units.get(self.next.fetch_add(1, Ordering::Relaxed)) {
                if self.failed.load(Ordering::Relaxed) {
                    break;
                }
                worker.unit(unit.start as usize..unit.end as usize)?;
            }
            Ok(())
        });
        if let Err(fault) = done {
            self.failed.store(true, Ordering::Relaxed);
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        }
    }
}

/// One thread with what it uses again and again.
struct Worker<'a> {
    shared: &'a Shared<'a>,
    tree: Tree,
    inflater: Decompress,
    packed: Vec<u8>,
    plain: Vec<u8>,
    found: Vec<(u32, [u8; 32])>,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared<'a>) -> Result<Self, Fault> {
        let request = shared.job.request;
        Ok(Self {
            shared,
            tree: Tree::new(request.into, request.access)?,
            inflater: Decompress::new(false),
            packed: Vec::new(),
            plain: Vec::new(),
            found: Vec::new(),
        })
    }

    /// Does one unit and notes its digests.
    fn unit(&mut self, unit: Range<usize>) -> Result<(), Fault> {
        let first = self.shared.entries[unit.start];
        let span = self.shared.entries[unit.end - 1].end - first.offset;
        if span <= RUN_BYTES && first.size <= RUN_BYTES {
            self.run(unit, span as usize)?;
        } else {
            self.named(unit.start, |worker| worker.large(unit.start))?;
        }
        self.shared.digests.note(&self.found);
        self.found.clear();
        Ok(())
    }

    /// Does something with a member, and names it where that fails.
    fn named<T>(&mut self, index: usize, act: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let id = self.shared.entries[index].id;
        let roster = self.shared.roster;
        act(self).map_err(|fault| if id == UNWANTED { fault } else { fault.of(roster.name(id)) })
    }

    /// Small members that lie together.
    fn run(&mut self, unit: Range<usize>, span: usize) -> Result<(), Fault> {
        let start = self.shared.entries[unit.start].offset;
        let mut packed = std::mem::take(&mut self.packed);
        packed.resize(span, 0);
        self.shared.source.read_exact_at(&mut packed, start)?;
        let mut bytes = 0;
        let members = unit.len() as u64;
        for index in unit {
            self.shared.job.go_on()?;
            let from = (self.shared.entries[index].offset - start) as usize;
            let to = (self.shared.entries[index].end - start) as usize;
            self.named(index, |worker| worker.small(index, &packed[from..to]))?;
            bytes += self.shared.entries[index].size;
        }
        self.packed = packed;
        self.shared.job.progress.add(members, bytes);
        Ok(())
    }

    /// One small member, all of its bytes and those up to the next one in memory.
    fn small(&mut self, index: usize, bytes: &[u8]) -> Result<(), Fault> {
        let entry = self.shared.entries[index];
        let header = local::check(bytes, &entry, self.shared.hasher)?;
        let end = header + entry.packed as usize;
        if end > bytes.len() {
            return Err(Fault::refused("it overlaps the member after it"));
        }
        let descriptor = local::check_descriptor(bytes, &entry, &bytes[end..])?;
        local::check_gap(&bytes[end + descriptor..])?;
        if entry.id == UNWANTED {
            return Ok(());
        }
        let member = self.shared.roster.entry(entry.id);
        if member.kind == EntryKind::Folder {
            return Ok(());
        }
        let packed = &bytes[header..end];
        let simple = entry.flags & ENCRYPTED == 0;
        let mut plain = std::mem::take(&mut self.plain);
        let content = match entry.method {
            decode::STORED if simple => packed,
            decode::DEFLATED if simple => self.inflate(packed, entry.size as usize, &mut plain)?,
            _ => self.decode(packed, &entry, &mut plain)?,
        };
        if entry.has_crc() && crc32fast::hash(content) != entry.crc32 {
            return Err(wrong_crc(&entry));
        }
        match member.kind {
            EntryKind::File => {
                let sha256 = self.tree.write(self.shared.roster.path(entry.id), content, member.modified)?;
                self.found.push((entry.id, sha256));
            }
            EntryKind::Link => self.link(&entry, content)?,
            _ => {
                let mut outlet = Outlet::new(None, entry.size, false);
                outlet.take(content)?;
                self.found.push((entry.id, outlet.finish(member.modified)?.0));
            }
        }
        self.plain = plain;
        Ok(())
    }

    /// Inflates in one step into memory of the declared size.
    fn inflate<'p>(&mut self, packed: &[u8], size: usize, plain: &'p mut Vec<u8>) -> Result<&'p [u8], Fault> {
        // One byte more than declared shows whether there is more.
        if plain.len() <= size {
            plain.resize(size + 1, 0);
        }
        self.inflater.reset(false);
        let outcome = self.inflater.decompress(packed, &mut plain[..=size], FlushDecompress::Finish);
        let produced = self.inflater.total_out();
        match outcome {
            _ if produced > size as u64 => Err(Fault::refused("it holds more bytes than it declares")),
            Ok(Status::StreamEnd) if produced < size as u64 => {
                Err(Fault::damaged(format!("it ends {} bytes before its declared size", size as u64 - produced)))
            }
            Ok(Status::StreamEnd) if self.inflater.total_in() < packed.len() as u64 => {
                Err(Fault::damaged("its compressed bytes go on after their end"))
            }
            Ok(Status::StreamEnd) => Ok(&plain[..size]),
            Ok(_) | Err(_) => Err(Fault::damaged("the compressed stream is broken")),
        }
    }

    /// Unpacks by any method into memory.
    fn decode<'p>(&self, packed: &[u8], entry: &Entry, plain: &'p mut Vec<u8>) -> Result<&'p [u8], Fault> {
        plain.clear();
        let size = entry.size as usize;
        let mut input = packed;
        decode::run(&mut input, entry, self.shared.job.request.password, &mut |bytes| {
            if plain.len() + bytes.len() > size {
                return Err(Fault::refused("it holds more bytes than it declares"));
            }
            plain.extend_from_slice(bytes);
            Ok(())
        })?;
        if plain.len() < size {
            return Err(Fault::damaged(format!("it ends {} bytes before its declared size", size - plain.len())));
        }
        Ok(plain)
    }

    /// Keeps what a link leads to.
    fn link(&self, entry: &Entry, content: &[u8]) -> Result<(), Fault> {
        let name = self.shared.roster.name(entry.id);
        let target = String::from_utf8(content.to_vec()).map_err(|_| Fault::refused("its link is not UTF-8"))?;
        let wanted = Wanted::new(entry.id, name, target, false, self.shared.job.rules())?;
        self.shared.links.lock().unwrap_or_else(PoisonError::into_inner).push(wanted);
        Ok(())
    }

    /// One large member, piece by piece.
    fn large(&mut self, index: usize) -> Result<(), Fault> {
        let Shared { source, job, roster, hasher, .. } = *self.shared;
        let entry = self.shared.entries[index];
        let next = entry.end;
        let fixed = source.up_to(entry.offset, local::FIXED)?;
        if fixed.len() < local::FIXED {
            return Err(Fault::truncated("a local header is cut"));
        }
        let header = source.up_to(entry.offset, local::length(&fixed))?;
        let start = entry.offset + local::check(&header, &entry, hasher)? as u64;
        let end = start + entry.packed;
        if end > next {
            return Err(Fault::refused("it overlaps the member after it"));
        }
        let room = usize::try_from(next - end).unwrap_or(usize::MAX).min(local::DESCRIPTOR_LENGTH);
        let descriptor = local::check_descriptor(&header, &entry, &source.up_to(end, room)?)?;
        local::check_gap_at(source, end + descriptor as u64, next)?;
        if entry.id == UNWANTED || roster.entry(entry.id).kind == EntryKind::Folder {
            return Ok(());
        }
        let member = roster.entry(entry.id);
        let twin = member.kind != EntryKind::File;
        let file = if twin { None } else { Some(self.tree.create(roster.path(entry.id))?) };
        let mut outlet = Outlet::new(file, entry.size, true);
        let mut input = BufReader::with_capacity(BUFFER, source.reader(start, end));
        decode::run(&mut input, &entry, job.request.password, &mut |bytes| {
            job.go_on()?;
            job.progress.add(0, bytes.len() as u64);
            outlet.take(bytes)
        })?;
        let (sha256, crc32) = outlet.finish(member.modified)?;
        if entry.has_crc() && crc32 != entry.crc32 {
            return Err(wrong_crc(&entry));
        }
        self.found.push((entry.id, sha256));
        job.progress.add(1, 0);
        Ok(())
    }
}

/// Bytes that do not have the CRC the archive states. Under the old cipher that may be the
/// password.
fn wrong_crc(entry: &Entry) -> Fault {
    if entry.flags & ENCRYPTED != 0 && entry.aes == 0 {
        Fault::WrongPassword(String::new())
    } else {
        Fault::damaged("its bytes do not have the CRC that the archive states")
    }
}
