//! The walk over the headers of a tar: one function computes where the next one is.

use crate::unpack::error::Fault;
use crate::unpack::members::Modified;
use crate::unpack::names::{Charset, Name};
use crate::unpack::stream::Inflow;

use super::header::{BLOCK, Header};
use super::pax::{Extensions, check_global};

/// Bytes that an extended header or a long name may have.
const EXTENSION: u64 = 1 << 20;

/// Largest size that the eleven octal digits of a header hold.
const OCTAL_SIZE: u64 = 0o77_777_777_777;

/// A member as all headers that speak of it say.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: Name,
    pub(super) kind: ItemKind,
    pub(super) size: u64,
    pub(super) modified: Modified,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ItemKind {
    File,
    Folder,
    Symlink(String),
    Hardlink(String),
    /// A label: nothing to unpack.
    Label,
}

/// Reads up to the next member; `None` at the end of the archive, when all that follows the
/// end blocks was read and found to be zeros.
pub(super) fn next(flow: &mut Inflow, charset: Charset) -> Result<Option<Item>, Fault> {
    let mut extensions = Extensions::default();
    loop {
        let Some(block) = read_block(flow)? else {
            return Err(Fault::truncated("its end blocks are missing"));
        };
        if block.iter().all(|byte| *byte == 0) {
            if extensions.are_pending() {
                return Err(Fault::refused("an extended header is followed by no member"));
            }
            only_zeros_follow(flow)?;
            return Ok(None);
        }
        let header = Header::parse(&block)?;
        match header.kind {
            b'x' if extensions.pax => {
                return Err(Fault::refused("an extended header is followed by another one"));
            }
            b'x' => extensions.take(&extension(flow, &header)?)?,
            b'g' if extensions.are_pending() => {
                return Err(Fault::refused("a global header stands between a member and its own header"));
            }
            b'g' => check_global(&extension(flow, &header)?)?,
            b'L' => long(&mut extensions.long_name, extension(flow, &header)?)?,
            b'K' => long(&mut extensions.long_link, extension(flow, &header)?)?,
            _ => {
                let shown = header.shown();
                return item(header, extensions, charset).map(Some).map_err(|fault| fault.of(&shown));
            }
        }
    }
}

/// Skips what fills the last block of a member.
pub(super) fn skip_padding(flow: &mut Inflow, size: u64) -> Result<(), Fault> {
    let mut padding = [0; BLOCK];
    let length = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    let read = flow.fill(&mut padding[..length as usize])?;
    if (read as u64) < length {
        return Err(Fault::truncated("the last member is cut"));
    }
    Ok(())
}

/// The next block; `None` where the stream ends.
fn read_block(flow: &mut Inflow) -> Result<Option<[u8; BLOCK]>, Fault> {
    let mut block = [0; BLOCK];
    match flow.fill(&mut block)? {
        0 => Ok(None),
        BLOCK => Ok(Some(block)),
        _ => Err(Fault::truncated("it ends within a block")),
    }
}

/// After a first block of zeros: zeros to the end. Data there is a second archive that some
/// readers see, and reading on is what makes the decoder check its last checksum.
fn only_zeros_follow(flow: &mut Inflow) -> Result<(), Fault> {
    loop {
        let some = flow.some(usize::MAX)?;
        if some.is_empty() {
            return Ok(());
        }
        if some.iter().any(|byte| *byte != 0) {
            return Err(Fault::refused("something other than zeros follows its end blocks"));
        }
    }
}

/// The content of an extended header or long name.
fn extension(flow: &mut Inflow, header: &Header) -> Result<Vec<u8>, Fault> {
    if header.size > EXTENSION {
        return Err(Fault::refused("an extended header or long name is larger than 1 MiB"));
    }
    let mut bytes = vec![0; header.size as usize];
    if flow.fill(&mut bytes)? < bytes.len() {
        return Err(Fault::truncated("an extended header is cut"));
    }
    skip_padding(flow, header.size)?;
    Ok(bytes)
}

/// A GNU long name: ends in a NUL and holds no other.
fn long(place: &mut Option<Vec<u8>>, mut bytes: Vec<u8>) -> Result<(), Fault> {
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(Fault::refused("a long name is empty or holds a NUL"));
    }
    if place.replace(bytes).is_some() {
        return Err(Fault::refused("a long name is followed by another one"));
    }
    Ok(())
}

/// Puts a header and what preceded it together.
fn item(header: Header, extensions: Extensions, charset: Charset) -> Result<Item, Fault> {
    let size = size(&header, &extensions)?;
    let declared = extensions.path.is_some() && !extensions.binary_names;
    let name = one_of(extensions.path, extensions.long_name)?.unwrap_or(header.name);
    let name = Name::decode(&name, declared, charset)?;
    let link = one_of(extensions.link, extensions.long_link)?.unwrap_or(header.link);
    let link = || Name::decode(&link, false, charset).map(|link| link.text);
    let kind = match header.kind {
        b'0' | 0 | b'7' if name.text.ends_with('/') => ItemKind::Folder,
        b'0' | 0 | b'7' => ItemKind::File,
        b'1' => ItemKind::Hardlink(link()?),
        b'2' => ItemKind::Symlink(link()?),
        b'5' => ItemKind::Folder,
        b'V' => ItemKind::Label,
        other => return Err(unwanted_kind(other)),
    };
    if size > 0 && kind != ItemKind::File {
        return Err(Fault::refused("it is a folder or a link, yet it has bytes of its own").of(&name.text));
    }
    let modified = Modified::from_seconds(extensions.modified.unwrap_or(header.modified));
    Ok(Item { name, kind, size, modified })
}

/// What other letters mean, none of which is made.
fn unwanted_kind(kind: u8) -> Fault {
    match kind {
        b'3' => Fault::refused("it is a character device"),
        b'4' => Fault::refused("it is a block device"),
        b'6' => Fault::refused("it is a named pipe"),
        b'S' => Fault::unsupported(None, "a sparse file in a tar"),
        b'M' => Fault::unsupported(None, "a tar in several volumes"),
        b'D' | b'N' | b'X' => Fault::unsupported(None, format!("the tar entry type `{}`", char::from(kind))),
        other => Fault::refused(format!("its type {other:#04x} is not known")),
    }
}

/// A name from one place, not from two that may differ.
fn one_of(pax: Option<Vec<u8>>, gnu: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Fault> {
    match (pax, gnu) {
        (Some(_), Some(_)) => Err(Fault::refused("it has a PAX name and a GNU long name")),
        (pax, gnu) => Ok(pax.or(gnu)),
    }
}

/// The size that all readers see: the two places may differ only where the header's own is
/// too small for it.
fn size(header: &Header, extensions: &Extensions) -> Result<u64, Fault> {
    match extensions.size {
        Some(size) if size != header.size && size <= OCTAL_SIZE => {
            Err(Fault::refused("its header and its extended header state different sizes"))
        }
        Some(size) => Ok(size),
        None => Ok(header.size),
    }
}
