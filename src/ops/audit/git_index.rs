//! The paths that a git repository tracks.
//!
//! Read from the index file itself, so that no program of the repository's choosing is run (a
//! repository can name one in its settings). Versions 2, 3 and 4 with SHA-1 or SHA-256 names.
//! Split and sparse indexes are not read: their paths stand in other files. Source: git's own
//! documentation, gitformat-index, read 2026-11-28.

use crate::values::{Algorithm, Digest, Digester};

/// Why an index cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The bytes are no index, or end too early.
    #[error("it is no git index, or is cut short")]
    Broken,
    /// Its paths stand in other files.
    #[error("it is a {0} index, whose paths stand in other files")]
    Elsewhere(&'static str),
    /// A later version.
    #[error("its version {0} is not known")]
    Version(u32),
    /// A few bytes that stand for more paths than any repository has.
    #[error("its paths come to more than {}", crate::values::ByteSize(PATHS_LIMIT as u64))]
    TooLong,
}

/// The tracked paths, from the top folder, `/`-separated. Names that are not UTF-8 are shown
/// with what can be read of them. `name_length` is 20 for SHA-1 and 32 for SHA-256.
pub fn paths(bytes: &[u8], name_length: usize) -> Result<Vec<String>, IndexError> {
    paths_within(bytes, name_length, PATHS_LIMIT)
}

/// The same with at most so many bytes of paths.
fn paths_within(bytes: &[u8], name_length: usize, limit: usize) -> Result<Vec<String>, IndexError> {
    let mut rest = bytes.strip_prefix(b"DIRC").ok_or(IndexError::Broken)?;
    check_sum(bytes, name_length)?;
    let version = number(&mut rest)?;
    if !(2..=4).contains(&version) {
        return Err(IndexError::Version(version));
    }
    let count = number(&mut rest)?;
    let mut paths: Vec<String> = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    let mut held = 0;
    for _ in 0..count {
        last = entry(&mut rest, version, name_length, last)?;
        held += last.len();
        if held > limit {
            return Err(IndexError::TooLong);
        }
        paths.push(String::from_utf8_lossy(&last).into_owned());
    }
    // The checksum at the end has the length of a name.
    while rest.len() > name_length {
        let kind = take(&mut rest, 4)?;
        match kind {
            b"link" => return Err(IndexError::Elsewhere("split")),
            b"sdir" => return Err(IndexError::Elsewhere("sparse")),
            _ => {}
        }
        let length = number(&mut rest)?;
        take(&mut rest, length as usize)?;
    }
    if rest.len() == name_length { Ok(paths) } else { Err(IndexError::Broken) }
}

/// The most bytes of paths that are held. Version 4 writes what two paths share once, so that a
/// small file can stand for very much.
const PATHS_LIMIT: usize = 256 << 20;

/// The checksum at the end fits, or git was told to leave it out (`index.skipHash`).
fn check_sum(bytes: &[u8], name_length: usize) -> Result<(), IndexError> {
    let (content, sum) = bytes.split_at_checked(bytes.len().saturating_sub(name_length)).ok_or(IndexError::Broken)?;
    let algorithm = if name_length == 32 { Algorithm::Sha256 } else { Algorithm::Sha1 };
    let mut digester = Digester::new(algorithm, None);
    digester.update(content);
    let is_left_out = sum.iter().all(|byte| *byte == 0);
    let fits = Digest::from_bytes(algorithm, sum).is_some_and(|sum| sum == digester.finish());
    if fits || is_left_out { Ok(()) } else { Err(IndexError::Broken) }
}

/// One entry: fixed fields, flags, and the path, which version 4 writes as a difference to the
/// one before.
fn entry(rest: &mut &[u8], version: u32, name_length: usize, last: Vec<u8>) -> Result<Vec<u8>, IndexError> {
    let before = rest.len();
    // Two times of 8 bytes, then device, inode, mode, user, group and size.
    take(rest, 40 + name_length)?;
    let flags = u16::from_be_bytes(take(rest, 2)?.try_into().map_err(|_| IndexError::Broken)?);
    let is_extended = flags & 0x4000 != 0;
    if version >= 3 && is_extended {
        take(rest, 2)?;
    }
    let mut path = last;
    if version == 4 {
        let cut = offset(rest)?;
        let kept = path.len().checked_sub(cut).ok_or(IndexError::Broken)?;
        path.truncate(kept);
    } else {
        path.clear();
    }
    let end = rest.iter().position(|byte| *byte == 0).ok_or(IndexError::Broken)?;
    path.extend_from_slice(take(rest, end)?);
    if version == 4 {
        take(rest, 1)?;
    } else {
        // One to eight zeros, so that the entry's length is a multiple of eight.
        let length = before - rest.len();
        take(rest, 8 - length % 8)?;
    }
    Ok(path)
}

/// The variable-width number of pack files (gitformat-pack, offsets).
fn offset(rest: &mut &[u8]) -> Result<usize, IndexError> {
    let mut byte = take(rest, 1)?[0];
    let mut value = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = take(rest, 1)?[0];
        let next = value.checked_add(1).and_then(|value| value.checked_mul(128)).ok_or(IndexError::Broken)?;
        value = next | usize::from(byte & 0x7f);
    }
    Ok(value)
}

fn number(rest: &mut &[u8]) -> Result<u32, IndexError> {
    Ok(u32::from_be_bytes(take(rest, 4)?.try_into().map_err(|_| IndexError::Broken)?))
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Result<&'b [u8], IndexError> {
    let (taken, left) = rest.split_at_checked(count).ok_or(IndexError::Broken)?;
    *rest = left;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index as git lays it out, of version 2 or 4.
    fn index(version: u32, names: &[&str]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend((names.len() as u32).to_be_bytes());
        let mut last = "";
        for name in names {
            let start = bytes.len();
            bytes.extend([0; 60]);
            bytes.extend((name.len().min(0xfff) as u16).to_be_bytes());
            if version == 4 {
                let same = name.bytes().zip(last.bytes()).take_while(|(one, other)| one == other).count();
                bytes.push((last.len() - same) as u8);
                bytes.extend(name.as_bytes()[same..].iter().chain(&[0]));
            } else {
                bytes.extend(name.as_bytes());
                bytes.extend(vec![0; 8 - (bytes.len() - start) % 8]);
            }
            last = name;
        }
        sealed(&[&bytes[..], b"TREE\0\0\0\x02ab"].concat())
    }

    /// With the SHA-1 of the bytes behind them.
    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let mut digester = Digester::new(Algorithm::Sha1, None);
        digester.update(bytes);
        [bytes, digester.finish().bytes()].concat()
    }

    #[test]
    fn paths_of_all_versions_are_read() {
        let names = ["a", "data/chexpert/1.0/data/train.csv", "data/chexpert/1.0/data/valid.csv", "z/ü"];
        for version in [2, 3, 4] {
            assert_eq!(paths(&index(version, &names), 20).unwrap(), names, "version {version}");
        }
        assert_eq!(paths(&index(2, &[]), 20).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn paths_that_share_much_do_not_fill_the_memory() {
        let long = "a/".repeat(2_000);
        let names: Vec<String> = (0..10).map(|number| format!("{long}{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let bytes = index(4, &names);
        assert!(bytes.len() < 6_000, "{}", bytes.len());
        assert_eq!(paths_within(&bytes, 20, 40_010), paths(&bytes, 20));
        assert_eq!(paths_within(&bytes, 20, 40_009), Err(IndexError::TooLong));
    }

    #[test]
    fn what_is_cut_or_stands_elsewhere_is_refused() {
        let whole = index(2, &["a", "b"]);
        for length in 0..whole.len() {
            assert!(paths(&whole[..length], 20).is_err(), "{length} bytes");
        }
        assert_eq!(paths(&index(5, &[]), 20), Err(IndexError::Version(5)));
        let mut flipped = index(2, &["a"]);
        flipped[80] ^= 1;
        assert_eq!(paths(&flipped, 20), Err(IndexError::Broken));
        let plain = index(2, &["a"]);
        let split = sealed(&[&plain[..plain.len() - 30], b"link\0\0\0\0"].concat());
        assert_eq!(paths(&split, 20), Err(IndexError::Elsewhere("split")));
    }
}
