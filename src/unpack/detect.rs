//! Which format an archive has: its bytes beat its name.

use std::io::{BufReader, Cursor, Read};

use super::Archive;
use super::error::Fault;
use super::rules::{Format, Packing, Rules};
use super::sniff::{Kind, SNIFF_LENGTH, describe, sniff};
use super::source::Source;
use super::{stream, zip};

/// Bytes of an archive, by position or in order.
pub(super) enum Bytes<'a> {
    /// Files.
    Whole(Source),
    /// A stream, from its beginning.
    Stream(Box<dyn Read + Send + 'a>),
}

impl<'a> Bytes<'a> {
    /// The bytes in order, and how many they are where that is known.
    pub(super) fn into_reader(self) -> (Box<dyn Read + Send + 'a>, Option<u64>) {
        match self {
            Self::Whole(source) => {
                let length = source.length();
                (Box::new(source.into_reader()), Some(length))
            }
            Self::Stream(stream) => (stream, None),
        }
    }
}

/// Opens an archive and says what it is. What the rules say and the bytes are must agree.
pub(super) fn open<'a>(archive: Archive<'a>, rules: &Rules) -> Result<(Format, Bytes<'a>), Fault> {
    let (head, bytes) = match archive {
        Archive::File(path) => whole(Source::open(&[path])?, rules)?,
        Archive::Parts(paths) => whole(Source::open(paths)?, rules)?,
        Archive::Stream(mut stream) => {
            let mut head = Vec::new();
            let mut read_to = |head: &mut Vec<u8>, limit: usize| {
                stream.by_ref().take((limit - head.len()) as u64).read_to_end(head).map_err(Fault::Source)
            };
            read_to(&mut head, SNIFF_LENGTH)?;
            let limit = head_length(&head, rules);
            read_to(&mut head, limit)?;
            let again = Cursor::new(head.clone()).chain(stream);
            (head, Bytes::Stream(Box::new(again)))
        }
    };
    let format = format_of(&head, &bytes, rules)?;
    Ok((format, bytes))
}

/// Files with their first bytes.
fn whole<'a>(source: Source, rules: &Rules) -> Result<(Vec<u8>, Bytes<'a>), Fault> {
    let head = source.up_to(0, SNIFF_LENGTH)?;
    let head = source.up_to(0, head_length(&head, rules))?;
    Ok((head, Bytes::Whole(source)))
}

/// How many bytes are needed to tell a packed tar from a packed file: a whole block of
/// bzip2, where nobody says which it is.
fn head_length(head: &[u8], rules: &Rules) -> usize {
    let unsure = matches!(sniff(head), Kind::Gzip | Kind::Bzip2 | Kind::Xz | Kind::Zstd) && rules.format.is_none();
    if unsure { 1 << 20 } else { SNIFF_LENGTH }
}

/// The format of these bytes, or what they are instead.
fn format_of(head: &[u8], bytes: &Bytes<'_>, rules: &Rules) -> Result<Format, Fault> {
    let wanted = rules.format;
    let instead = || Err(Fault::NotAnArchive(describe(head)));
    let packing = match sniff(head) {
        Kind::Zip => return agree(Format::Zip, wanted, head),
        Kind::SevenZ => return agree(Format::SevenZ, wanted, head),
        Kind::Rar => return Err(Fault::unsupported(None, "RAR")),
        Kind::Tar => return agree(Format::Tar(Packing::Plain), wanted, head),
        Kind::Gzip => Packing::Gzip,
        Kind::Bzip2 => Packing::Bzip2,
        Kind::Xz => Packing::Xz,
        Kind::Zstd => Packing::Zstd,
        // A program in front of a zip, or a damaged beginning: the end decides.
        Kind::Unknown => match bytes {
            Bytes::Whole(source) if zip::has_directory(source)? => return agree(Format::Zip, wanted, head),
            _ => return instead(),
        },
        // An empty tar is zeros and nothing else.
        Kind::Zeros if wanted == Some(Format::Tar(Packing::Plain)) => return Ok(Format::Tar(Packing::Plain)),
        _ => return instead(),
    };
    match wanted {
        Some(format @ (Format::Tar(stated) | Format::Single(stated))) if stated == packing => Ok(format),
        Some(_) => instead(),
        None if holds_tar(head, packing) => Ok(Format::Tar(packing)),
        None => Ok(Format::Single(packing)),
    }
}

/// The format found, if it is the one that was stated.
fn agree(found: Format, wanted: Option<Format>, head: &[u8]) -> Result<Format, Fault> {
    match wanted {
        Some(wanted) if wanted != found => Err(Fault::NotAnArchive(describe(head))),
        _ => Ok(found),
    }
}

/// Whether the first bytes unpack to the header of a tar.
fn holds_tar(head: &[u8], packing: Packing) -> bool {
    let Ok(decoder) = stream::decoder(packing, BufReader::new(head)) else { return false };
    let mut first = Vec::new();
    // The head ends in the middle of the stream; what came out before counts.
    let _ = decoder.take(SNIFF_LENGTH as u64).read_to_end(&mut first);
    sniff(&first) == Kind::Tar
}
