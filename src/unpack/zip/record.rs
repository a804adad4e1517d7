//! Records of the central directory, and the extra fields that both kinds of header carry.

use std::io::{BufReader, Read};

use crate::unpack::error::Fault;
use crate::unpack::members::Modified;
use crate::unpack::names::{Charset, Name};
use crate::unpack::source::Source;

use super::directory::{Directory, u16_at, u32_at, u64_at};

/// Bits of the general purpose flag.
pub(super) const ENCRYPTED: u16 = 1;
pub(super) const LZMA_END_MARK: u16 = 1 << 1;
pub(super) const DESCRIPTOR: u16 = 1 << 3;
const PATCH: u16 = 1 << 5;
const STRONG: u16 = 1 << 6;
const UTF8: u16 = 1 << 11;
const MASKED: u16 = 1 << 13;

/// One record, its name still raw.
pub(super) struct Record {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u16,
    pub(super) crc32: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Place of the local header, with part and shift counted in.
    pub(super) offset: u64,
    pub(super) raw_name: Vec<u8>,
    pub(super) name: Name,
    pub(super) kind: RecordKind,
    pub(super) modified: Modified,
    pub(super) aes: Option<Aes>,
}

/// What a record is about, from its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKind {
    File,
    Folder,
    Symlink,
}

/// How a member is encrypted with AES (WinZip).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aes {
    /// AE-1 keeps the CRC, AE-2 does not.
    pub(super) version: u8,
    /// 1, 2, 3 for 128, 192, 256 bits.
    pub(super) strength: u8,
    /// The method below the encryption.
    pub(super) method: u16,
}

/// Calls `visit` for every record between the directory's ends, and compares their number.
pub(super) fn walk(
    source: &Source,
    directory: &Directory,
    charset: Charset,
    visit: &mut dyn FnMut(Record) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut input = BufReader::with_capacity(256 << 10, source.reader(directory.start, directory.end));
    let mut left = directory.end - directory.start;
    let mut walked = 0;
    while left > 0 {
        let mut fixed = [0; 46];
        let mut take = |buffer: &mut [u8]| {
            left = left.checked_sub(buffer.len() as u64).ok_or_else(|| Fault::refused(RAGGED))?;
            input.read_exact(buffer).map_err(|_| Fault::truncated("its directory cannot be read to the end"))
        };
        take(&mut fixed)?;
        if !fixed.starts_with(b"PK\x01\x02") {
            return Err(Fault::refused(RAGGED));
        }
        let mut name = vec![0; usize::from(u16_at(&fixed, 28))];
        take(&mut name)?;
        let mut rest = vec![0; usize::from(u16_at(&fixed, 30)) + usize::from(u16_at(&fixed, 32))];
        take(&mut rest)?;
        let extra = &rest[..usize::from(u16_at(&fixed, 30))];
        let shown = String::from_utf8_lossy(&name).into_owned();
        let record = parse(&fixed, name, extra, source, directory, charset).map_err(|fault| fault.of(&shown))?;
        visit(record)?;
        walked += 1;
    }
    if !directory.count.agrees(walked) {
        return Err(Fault::refused(format!("its end record counts other than the {walked} members of its directory")));
    }
    Ok(())
}

const RAGGED: &str = "its directory does not consist of whole records";

/// Puts one record together.
fn parse(
    fixed: &[u8; 46],
    raw_name: Vec<u8>,
    extra: &[u8],
    source: &Source,
    directory: &Directory,
    charset: Charset,
) -> Result<Record, Fault> {
    let flags = u16_at(fixed, 8);
    if flags & (PATCH | STRONG | MASKED) != 0 {
        return Err(Fault::unsupported(None, "strong encryption or patch data"));
    }
    let zip64 = Zip64::read(extra)?;
    let mut long = zip64.as_ref().map(Zip64::fields);
    let mut wide = |short: u32| -> Result<u64, Fault> {
        match &mut long {
            Some(long) if short == u32::MAX => {
                long.next().ok_or_else(|| Fault::refused("its zip64 field is too short"))
            }
            _ => Ok(short.into()),
        }
    };
    let size = wide(u32_at(fixed, 24))?;
    let packed = wide(u32_at(fixed, 20))?;
    let offset = wide(u32_at(fixed, 42))?;
    if let Some(zip64) = &zip64 {
        zip64.check(u32_at(fixed, 24), u32_at(fixed, 20))?;
    }
    let part = source.part_start(usize::from(u16_at(fixed, 34)));
    let offset = part.and_then(|start| start.checked_add(offset)?.checked_add(directory.shift));
    let offset = offset.ok_or_else(|| Fault::refused("it begins beyond any file"))?;
    let name = name(&raw_name, extra, flags, charset)?;
    let kind = kind(fixed, &name.text, size)?;
    let (method, aes) = method(fixed, flags, extra)?;
    let (time, date) = (u16_at(fixed, 12), u16_at(fixed, 14));
    let modified = unix_time(extra).unwrap_or_else(|| dos_time(date, time));
    let crc32 = u32_at(fixed, 16);
    Ok(Record { flags, method, time, crc32, packed, size, offset, raw_name, name, kind, modified, aes })
}

/// The name that all readers see. A second name for readers that know Unicode (0x7075) must
/// say the same, or what the bytes in an old code page can only have meant.
fn name(raw: &[u8], extra: &[u8], flags: u16, charset: Charset) -> Result<Name, Fault> {
    let mut name = Name::decode(raw, flags & UTF8 != 0, charset)?;
    for field in Extras(extra) {
        let (0x7075, field) = field? else { continue };
        let unicode = field.get(5..).and_then(|name| std::str::from_utf8(name).ok());
        let (Some(unicode), Some(1)) = (unicode, field.first()) else {
            return Err(Fault::refused("its second name (0x7075) is malformed"));
        };
        if unicode == name.text {
            continue;
        }
        let current = u32_at(field, 1) == crc32fast::hash(raw);
        if name.raw.is_none() || !current || !may_mean(&name.text, unicode) {
            return Err(Fault::refused("its two names (0x7075) differ"));
        }
        unicode.clone_into(&mut name.text);
    }
    Ok(name)
}

/// Whether a name in another code page may be this one: folder by folder, and what is plain
/// in both is the same.
fn may_mean(decoded: &str, unicode: &str) -> bool {
    let (mut one, mut other) = (decoded.split('/'), unicode.split('/'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other || !(one.is_ascii() || other.is_ascii()) => {}
            _ => return false,
        }
    }
}

/// What the attributes and the name say it is.
fn kind(fixed: &[u8; 46], name: &str, size: u64) -> Result<RecordKind, Fault> {
    const UNIX: [u8; 2] = [3, 19];
    let host = fixed[5];
    let attributes = u32_at(fixed, 38);
    let by_name = name.ends_with('/');
    let kind = match (attributes >> 28, UNIX.contains(&host)) {
        (0o12, _) => RecordKind::Symlink,
        (0o4, true) => RecordKind::Folder,
        (0 | 0o10, _) | (_, false) if attributes & 0x10 != 0 && !UNIX.contains(&host) => RecordKind::Folder,
        (0 | 0o10, _) | (_, false) if by_name => RecordKind::Folder,
        (0 | 0o10, _) | (_, false) => RecordKind::File,
        (0o1, true) => return Err(Fault::refused("it is a named pipe")),
        (0o2, true) => return Err(Fault::refused("it is a character device")),
        (0o6, true) => return Err(Fault::refused("it is a block device")),
        (0o14, true) => return Err(Fault::refused("it is a socket")),
        _ => return Err(Fault::refused("its kind is not known")),
    };
    match kind {
        RecordKind::Folder if size > 0 => Err(Fault::refused("it is a folder, yet it has bytes of its own")),
        RecordKind::Folder if !by_name => Err(Fault::refused("its attributes say folder and its name says file")),
        RecordKind::Symlink if by_name => Err(Fault::refused("its attributes say link and its name says folder")),
        kind => Ok(kind),
    }
}

/// The method that packs the bytes, below an encryption with AES.
fn method(fixed: &[u8; 46], flags: u16, extra: &[u8]) -> Result<(u16, Option<Aes>), Fault> {
    const AES: u16 = 99;
    let method = u16_at(fixed, 10);
    if method != AES {
        return Ok((method, None));
    }
    for field in Extras(extra) {
        if let (0x9901, field) = field? {
            let known = field.len() == 7 && matches!(field[0], 1 | 2) && field[1] == 0 && field[2..4] == *b"AE";
            if known && (1..=3).contains(&field[4]) && flags & ENCRYPTED != 0 {
                let aes = Aes { version: field[0], strength: field[4], method: u16_at(field, 5) };
                return Ok((aes.method, Some(aes)));
            }
        }
    }
    Err(Fault::unsupported(None, "its kind of AES encryption"))
}

/// Seconds since 1970 from the extended timestamp (0x5455).
fn unix_time(extra: &[u8]) -> Option<Modified> {
    let mut fields = Extras(extra).filter_map(Result::ok);
    let (_, field) = fields.find(|(id, field)| *id == 0x5455 && field.len() >= 5 && field[0] & 1 != 0)?;
    Some(Modified::from_seconds(i64::from(u32_at(field, 1) as i32)))
}

/// A DOS time, which knows no zone and is taken as UTC.
fn dos_time(date: u16, time: u16) -> Modified {
    let (year, month, day) = (1980 + i16::from((date >> 9) as u8), (date >> 5) & 15, date & 31);
    let (hour, minute, second) = (time >> 11, (time >> 5) & 63, (time & 31) * 2);
    let when = jiff::civil::DateTime::new(year, month as i8, day as i8, hour as i8, minute as i8, second as i8, 0);
    let utc = when.ok().and_then(|when| jiff::tz::Offset::UTC.to_timestamp(when).ok());
    utc.map_or(Modified::default(), |time| Modified::from_seconds(time.as_second()))
}

/// Extra fields: number, length, bytes. Some programs fill up with zeros.
pub(super) struct Extras<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Extras<'a> {
    type Item = Result<(u16, &'a [u8]), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = std::mem::take(&mut self.0);
        if bytes.len() < 4 {
            let padding = bytes.iter().all(|byte| *byte == 0);
            return (!padding).then(|| Err(Fault::refused("its extra field is malformed")));
        }
        let end = 4 + usize::from(u16_at(bytes, 2));
        let Some(field) = bytes.get(4..end) else {
            return Some(Err(Fault::refused("its extra field is malformed")));
        };
        self.0 = &bytes[end..];
        Some(Ok((u16_at(bytes, 0), field)))
    }
}

/// The extra field with long numbers (0x0001).
pub(super) struct Zip64(Vec<u64>);

impl Zip64 {
    /// The field, if there is one; two are refused.
    pub(super) fn read(extra: &[u8]) -> Result<Option<Self>, Fault> {
        let mut found = None;
        for field in Extras(extra) {
            if let (1, field) = field? {
                let numbers = field.chunks_exact(8).map(|number| u64_at(number, 0)).collect();
                if found.replace(Self(numbers)).is_some() {
                    return Err(Fault::refused("it has two zip64 fields"));
                }
            }
        }
        Ok(found)
    }

    /// The numbers in the order in which short fields leave them open: size, packed size, offset.
    fn fields(&self) -> impl Iterator<Item = u64> {
        self.0.clone().into_iter()
    }

    /// Refuses sizes that contradict the short ones where those are all there.
    pub(super) fn check(&self, size: u32, packed: u32) -> Result<(), Fault> {
        let stated = size != u32::MAX && packed != u32::MAX;
        if stated && self.0.len() >= 2 && self.0[..2] != [u64::from(size), u64::from(packed)] {
            return Err(Fault::refused("its zip64 field contradicts its sizes"));
        }
        Ok(())
    }

    /// Both sizes of a local header, whose short fields leave them open.
    pub(super) fn sizes(&self, size: u32, packed: u32) -> Result<(u64, u64), Fault> {
        let mut fields = self.fields();
        let mut wide = |short: u32| match short {
            u32::MAX => fields.next().ok_or_else(|| Fault::refused("its zip64 field is too short")),
            short => Ok(short.into()),
        };
        Ok((wide(size)?, wide(packed)?))
    }
}
