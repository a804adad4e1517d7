//! One header block of a tar, as it stands.

use crate::unpack::error::Fault;

/// Bytes in a block.
pub(super) const BLOCK: usize = 512;

/// A header whose checksum is right.
#[derive(Debug)]
pub(super) struct Header {
    /// Name with the prefix of POSIX, up to its NUL.
    pub(super) name: Vec<u8>,
    /// What a link leads to.
    pub(super) link: Vec<u8>,
    /// Size as the field says.
    pub(super) size: u64,
    /// Last change, where it can be read.
    pub(super) modified: i64,
    /// The letter that says what it is.
    pub(super) kind: u8,
}

impl Header {
    /// Reads a block. Fails on a wrong checksum and on a size that is no number.
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self, Fault> {
        if !checksum_holds(block) {
            return Err(Fault::damaged("a header's checksum is wrong"));
        }
        let name = text(&block[..100]);
        let whole_name = match prefix(block) {
            Some(prefix) => [prefix, b"/", name].concat(),
            None => name.to_vec(),
        };
        let size = number(&block[124..136]).and_then(|size| u64::try_from(size).ok());
        let Some(size) = size else {
            let shown = String::from_utf8_lossy(&whole_name).into_owned();
            return Err(Fault::damaged("its size is not a number").of(&shown));
        };
        Ok(Self {
            name: whole_name,
            link: text(&block[157..257]).to_vec(),
            size,
            modified: number(&block[136..148]).unwrap_or(0),
            kind: block[156],
        })
    }

    /// The name for messages.
    pub(super) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

/// The front part of a long name in a POSIX header; GNU keeps other things there, and star
/// writes two times behind it.
fn prefix(block: &[u8; BLOCK]) -> Option<&[u8]> {
    if &block[257..263] != b"ustar\0" {
        return None;
    }
    let end = if &block[508..512] == b"tar\0" { 476 } else { 500 };
    let prefix = text(&block[345..end]);
    (!prefix.is_empty()).then_some(prefix)
}

/// Bytes up to the first NUL.
fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    &field[..end]
}

/// A number in octal digits, or in base 256 where the first bit is set (GNU, star).
fn number(field: &[u8]) -> Option<i64> {
    if field[0] & 0x80 != 0 {
        let first = i128::from(field[0] & 0x7f);
        let sign = if field[0] & 0x40 != 0 { -(1i128 << 7) } else { 0 };
        // Twelve bytes hold less than 96 bits.
        let value = field[1..].iter().fold(first + sign, |value, byte| (value << 8) | i128::from(*byte));
        return i64::try_from(value).ok();
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0i64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })
}

/// Whether the sum of all bytes is the one stated, its own field counted as spaces. Old
/// programs summed signed bytes.
fn checksum_holds(block: &[u8; BLOCK]) -> bool {
    let Some(stated) = number(&block[148..156]) else { return false };
    let outside = || block[..148].iter().chain(&block[156..]);
    let spaces = 8 * i64::from(b' ');
    let unsigned: i64 = outside().map(|byte| i64::from(*byte)).sum();
    let signed: i64 = outside().map(|byte| i64::from(*byte as i8)).sum();
    stated == unsigned + spaces || stated == signed + spaces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_base_256() {
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(b"        17 \0"), Some(15));
        assert_eq!(number(b"\0\0\0\0\0\0\0\0\0\0\0\0"), Some(0));
        assert_eq!(number(b"777777777777"), Some(0o777_777_777_777));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Some(2 << 32));
        assert_eq!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Some(-1));
        assert_eq!(number(b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(number(b"-0000000001\0"), None);
        assert_eq!(number(b"12x00000000\0"), None);
    }
}
