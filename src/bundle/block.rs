//! The headers of the tar: regular files alone, long names in the way of GNU tar.

use tar::{EntryType, Header};

/// Bytes of a block.
pub(super) const BLOCK: usize = 512;

/// The longest name: as long as the system takes a path, and no bomb.
const LONGEST: u64 = 4096;

/// The blocks before a member's bytes.
pub(super) fn header(path: &str, size: u64) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(BLOCK);
    if path.len() > SHORT {
        let named = path.len() as u64 + 1;
        blocks.extend_from_slice(one("././@LongLink", named, EntryType::GNULongName).as_bytes());
        blocks.extend_from_slice(path.as_bytes());
        blocks.resize(blocks.len() + 1, 0);
        blocks.resize(blocks.len() + padding(named), 0);
    }
    blocks.extend_from_slice(one(path, size, EntryType::Regular).as_bytes());
    blocks
}

/// Names up to this length stand in the header.
const SHORT: usize = 100;

fn one(path: &str, size: u64, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    let name = &path.as_bytes()[..path.len().min(SHORT)];
    if let Some(gnu) = header.as_gnu_mut() {
        gnu.name[..name.len()].copy_from_slice(name);
    }
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

/// Zeros behind so many bytes, up to the next block.
pub(super) fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The name of the next member, of so many bytes.
    LongName(u64),
    /// A regular file: its name, cut to what a header holds, and its size.
    File(Vec<u8>, u64),
    /// The end.
    End,
}

/// Reads a header. The error is the rule that it breaks.
pub(super) fn read(block: &[u8; BLOCK]) -> Result<Said, &'static str> {
    if block.iter().all(|byte| *byte == 0) {
        return Ok(Said::End);
    }
    let header = Header::from_byte_slice(block);
    let sum: u32 =
        block.iter().enumerate().map(|(at, byte)| if SUM.contains(&at) { 32 } else { u32::from(*byte) }).sum();
    if header.cksum().ok() != Some(sum) {
        return Err("the checksum of its header is wrong");
    }
    let size = header.entry_size().map_err(|_| "its size is no number")?;
    match header.entry_type() {
        EntryType::Regular => Ok(Said::File(header.path_bytes().into_owned(), size)),
        EntryType::GNULongName if (2..=LONGEST).contains(&size) => Ok(Said::LongName(size)),
        EntryType::GNULongName => Err("its name is too long"),
        _ => Err("a bundle has regular files alone"),
    }
}

/// Where the checksum stands in a header.
const SUM: std::ops::Range<usize> = 148..156;

#[cfg(test)]
mod tests {
    use super::*;

    fn block(bytes: &[u8]) -> [u8; BLOCK] {
        bytes.try_into().unwrap()
    }

    #[test]
    fn names_and_sizes_come_back() {
        let short = header("about/contents.json", 7);
        assert_eq!(short.len(), BLOCK);
        assert_eq!(read(&block(&short)), Ok(Said::File(b"about/contents.json".to_vec(), 7)));
        let name = format!("datasets/{}", "x".repeat(200));
        let long = header(&name, 1 << 40);
        assert_eq!(read(&block(&long[..BLOCK])), Ok(Said::LongName(name.len() as u64 + 1)));
        assert_eq!(&long[BLOCK..BLOCK + name.len()], name.as_bytes());
        assert!(matches!(read(&block(&long[2 * BLOCK..])), Ok(Said::File(_, size)) if size == 1 << 40));
    }

    #[test]
    fn other_kinds_and_wrong_sums_are_refused() {
        let mut link = one("a", 0, EntryType::Symlink);
        assert!(read(&block(link.as_bytes())).is_err());
        link.set_entry_type(EntryType::Regular);
        assert!(read(&block(link.as_bytes())).is_err(), "the checksum is the old one");
        let long = one("././@LongLink", 1 << 30, EntryType::GNULongName);
        assert!(read(&block(long.as_bytes())).is_err());
        assert_eq!(read(&[0; BLOCK]), Ok(Said::End));
    }
}
