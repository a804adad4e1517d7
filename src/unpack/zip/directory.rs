//! The end of a zip: where the central directory is, and what the file says about it.
//!
//! A zip is read from its end, and programs differ in how they look for it. Only a file in
//! which there is one candidate, and all its figures agree, has one meaning.

use crate::unpack::error::Fault;
use crate::unpack::source::Source;

/// Fixed length of the end record, and longest comment behind it.
const END: usize = 22;
const LONGEST_TAIL: usize = END + 65_535;

const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
const ZIP64_END: &[u8] = b"PK\x06\x06";
const RECORD: &[u8] = b"PK\x01\x02";

/// Where the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directory {
    /// Its first byte, and the byte behind its last.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Records, as far as the count is to be trusted.
    pub(super) count: Count,
    /// To be added to every offset: bytes in front of the archive that it does not know of.
    pub(super) shift: u64,
}

/// How many records the file says there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// So many.
    Exact(u64),
    /// So many modulo 65,536: programs without zip64 let the count wrap.
    Wrapped(u16),
}

impl Count {
    /// Whether that many records were meant.
    pub(super) fn agrees(self, walked: u64) -> bool {
        match self {
            Self::Exact(count) => count == walked,
            Self::Wrapped(count) => u64::from(count) == walked % 65_536,
        }
    }
}

impl Directory {
    /// How many records there can be: what is stated, or what a wrapped count and the size
    /// in bytes allow.
    pub(super) fn most_records(&self) -> usize {
        let fitting = (self.end - self.start) / 46;
        let most = match self.count {
            Count::Exact(count) => count.min(fitting),
            Count::Wrapped(count) if fitting < 65_536 => u64::from(count).min(fitting),
            // The average record with a short name is about twice its least size.
            Count::Wrapped(count) => u64::from(count).max(fitting / 2).min(fitting),
        };
        usize::try_from(most).unwrap_or(0)
    }
}

/// Numbers of an end record, from either form of it.
struct EndRecord {
    disk: u32,
    directory_disk: u32,
    count_here: Count,
    count: Count,
    size: u64,
    offset: u64,
}

/// Whether the file ends as a zip does.
pub(in crate::unpack) fn has_directory(source: &Source) -> Result<bool, Fault> {
    let (tail, _) = tail(source)?;
    Ok(tail.windows(END_SIGNATURE.len()).any(|window| window == END_SIGNATURE))
}

/// Finds the one directory.
pub(super) fn find(source: &Source) -> Result<Directory, Fault> {
    let directory = locate(source)?;
    check_place(source, &directory)?;
    Ok(directory)
}

/// Where the directory is by the end of the file alone.
pub(super) fn locate(source: &Source) -> Result<Directory, Fault> {
    let (tail, tail_start) = tail(source)?;
    let place = end_place(&tail)?;
    let short = parse_end(&tail[place..]);
    let end_at = tail_start + place as u64;
    let (record, directory_end) = match zip64(source, end_at, &short)? {
        Some((record, at)) => (record, at),
        None => (short, end_at),
    };
    check_parts(source, &record)?;
    let part_start = source.part_start(record.directory_disk as usize);
    let stated = part_start.and_then(|start| start.checked_add(record.offset));
    let stated_end = stated.and_then(|start| start.checked_add(record.size));
    let (Some(stated), Some(stated_end)) = (stated, stated_end) else {
        return Err(Fault::refused("its directory lies beyond any file"));
    };
    let Some(shift) = directory_end.checked_sub(stated_end) else {
        return Err(Fault::refused("its directory would reach past its own end record"));
    };
    Ok(Directory { start: stated + shift, end: directory_end, count: record.count, shift })
}

/// Refuses a place where no directory is, and a second one where the file's own figures would
/// lead a reader that knows nothing of bytes in front.
fn check_place(source: &Source, directory: &Directory) -> Result<(), Fault> {
    let has_records = directory.end > directory.start;
    if has_records && !is_record(source, directory.start)? {
        return Err(Fault::refused("there is no directory where its end record says"));
    }
    let stated = directory.start - directory.shift;
    if directory.shift > 0 && (source.parts() > 1 || (has_records && is_record(source, stated)?)) {
        return Err(Fault::refused("two places could be its directory"));
    }
    Ok(())
}

/// The last bytes of the file, in which the end record must be, and where they begin.
fn tail(source: &Source) -> Result<(Vec<u8>, u64), Fault> {
    let start = source.length().saturating_sub(LONGEST_TAIL as u64);
    Ok((source.up_to(start, LONGEST_TAIL)?, start))
}

/// The place of the end record: the only signature whose comment reaches to the end of the
/// file, with no other behind it.
fn end_place(tail: &[u8]) -> Result<usize, Fault> {
    let comment_end = |place: usize| {
        let field = tail.get(place + 20..place + 22)?;
        Some(place + END + usize::from(u16_at(field, 0)))
    };
    let last_start = tail.len().saturating_sub(3);
    let places: Vec<usize> = (0..last_start).filter(|place| tail[*place..].starts_with(END_SIGNATURE)).collect();
    let fitting: Vec<usize> = places.iter().copied().filter(|place| comment_end(*place) == Some(tail.len())).collect();
    match (fitting.as_slice(), places.last()) {
        (_, None) => Err(Fault::truncated("the directory at its end is missing")),
        ([place], Some(last)) if place == last => Ok(*place),
        ([], Some(last)) if comment_end(*last).is_none_or(|end| end > tail.len()) => {
            Err(Fault::truncated("its end record is cut"))
        }
        ([], Some(_)) => Err(Fault::refused("other bytes follow its end")),
        _ => Err(Fault::refused("it has two end records, so two readers may see two archives")),
    }
}

/// The end record without zip64.
fn parse_end(bytes: &[u8]) -> EndRecord {
    EndRecord {
        disk: u32::from(u16_at(bytes, 4)),
        directory_disk: u32::from(u16_at(bytes, 6)),
        count_here: Count::Wrapped(u16_at(bytes, 8)),
        count: Count::Wrapped(u16_at(bytes, 10)),
        size: u64::from(u32_at(bytes, 12)),
        offset: u64::from(u32_at(bytes, 16)),
    }
}

/// The end record of zip64 and its place, where there is one. What the short record states
/// and does not leave to it must be the same.
fn zip64(source: &Source, end_at: u64, short: &EndRecord) -> Result<Option<(EndRecord, u64)>, Fault> {
    let mut locator = [0; 20];
    let found = match end_at.checked_sub(20) {
        Some(at) => {
            source.read_exact_at(&mut locator, at)?;
            locator.starts_with(ZIP64_LOCATOR)
        }
        None => false,
    };
    if !found {
        if short.size == u64::from(u32::MAX) || short.offset == u64::from(u32::MAX) {
            return Err(Fault::refused("its end record leaves its figures to a zip64 record that is not there"));
        }
        return Ok(None);
    }
    let locator_at = end_at - 20;
    let (disk, offset) = (u32_at(&locator, 4), u64_at(&locator, 8));
    let stated = source.part_start(disk as usize).and_then(|start| start.checked_add(offset));
    let missing = || Fault::refused("its zip64 end record is not where its locator says");
    let mut fixed = [0; 56];
    let mut at = stated.filter(|at| at.checked_add(56).is_some_and(|end| end <= locator_at));
    if let Some(place) = at {
        source.read_exact_at(&mut fixed, place)?;
        at = at.filter(|_| fixed.starts_with(ZIP64_END));
    }
    // Bytes in front of the archive move it.
    let place = at.or_else(|| locator_at.checked_sub(56)).ok_or_else(missing)?;
    source.read_exact_at(&mut fixed, place)?;
    let length = u64_at(&fixed, 4).checked_add(12);
    if !fixed.starts_with(ZIP64_END) || length.and_then(|length| length.checked_add(place)) != Some(locator_at) {
        return Err(missing());
    }
    let long = EndRecord {
        disk: u32_at(&fixed, 16),
        directory_disk: u32_at(&fixed, 20),
        count_here: Count::Exact(u64_at(&fixed, 24)),
        count: Count::Exact(u64_at(&fixed, 32)),
        size: u64_at(&fixed, 40),
        offset: u64_at(&fixed, 48),
    };
    if !agree(short, &long) {
        return Err(Fault::refused("its two end records state different figures"));
    }
    Ok(Some((long, place)))
}

/// Whether the short record states what the long one does, or leaves it open.
fn agree(short: &EndRecord, long: &EndRecord) -> bool {
    let open = |short: u64, limit: u64, long: u64| short == limit || short == long;
    let count = |short: Count, long: Count| match (short, long) {
        (Count::Wrapped(u16::MAX), _) => true,
        (Count::Wrapped(short), Count::Exact(long)) => u64::from(short) == long,
        _ => false,
    };
    open(short.size, u32::MAX.into(), long.size)
        && open(short.offset, u32::MAX.into(), long.offset)
        && open(short.disk.into(), u16::MAX.into(), long.disk.into())
        && open(short.directory_disk.into(), u16::MAX.into(), long.directory_disk.into())
        && count(short.count, long.count)
        && count(short.count_here, long.count_here)
}

/// Whether all parts of a split archive are there. An archive cut into pieces afterwards
/// (`.001`) does not know of its parts.
fn check_parts(source: &Source, record: &EndRecord) -> Result<(), Fault> {
    let stated = record.disk as usize + 1;
    if record.disk == 0 && record.directory_disk == 0 {
        if record.count_here != record.count {
            return Err(Fault::refused("its end record states two counts"));
        }
        return Ok(());
    }
    if stated > source.parts() {
        let path = source.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let part = if source.parts() == 1 {
            format!("`{}.z01` or another of its {stated} parts", crate::values::Printable::new(&stem))
        } else {
            format!("one of its {stated} parts")
        };
        return Err(Fault::MissingPart(part));
    }
    if stated != source.parts() || record.directory_disk > record.disk {
        return Err(Fault::refused("its end record does not fit the number of its parts"));
    }
    Ok(())
}

/// Whether a directory record begins there.
fn is_record(source: &Source, at: u64) -> Result<bool, Fault> {
    Ok(source.up_to(at, RECORD.len())? == RECORD)
}

/// A number of two bytes.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// A number of four bytes.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

/// A number of eight bytes.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
