//! Extended headers of POSIX `pax`: records of the form `17 path=some/name\n`.
//!
//! Read strictly, for a record that one reader skips and another obeys moves every name after
//! it (CVE-2025-62518 and its kin).

use crate::unpack::error::Fault;

/// What precedes a member and speaks of it: PAX records and GNU long names.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    /// A PAX header was seen, whatever it held.
    pub(super) pax: bool,
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<i64>,
    /// Names are bytes, not UTF-8 (`hdrcharset=BINARY`).
    pub(super) binary_names: bool,
    /// GNU long name and long link.
    pub(super) long_name: Option<Vec<u8>>,
    pub(super) long_link: Option<Vec<u8>>,
}

impl Extensions {
    /// Whether something waits for its member.
    pub(super) fn are_pending(&self) -> bool {
        self.pax || self.long_name.is_some() || self.long_link.is_some()
    }

    /// Takes the records of an extended header. A record that repeats one with another value
    /// is refused: readers take the first or the last.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        for record in Records(bytes) {
            let (key, value) = record?;
            match key {
                b"path" => put(&mut self.path, nonempty(value)?)?,
                b"linkpath" => put(&mut self.link, nonempty(value)?)?,
                b"size" => put(&mut self.size, decimal(value)?)?,
                b"mtime" => self.modified = seconds(value),
                b"hdrcharset" => self.binary_names = value == b"BINARY",
                _ => sparse(key)?,
            }
        }
        self.pax = true;
        Ok(())
    }
}

/// Checks the records of a global header: what it says of all members may not be what tells
/// them apart.
pub(super) fn check_global(bytes: &[u8]) -> Result<(), Fault> {
    for record in Records(bytes) {
        let (key, _) = record?;
        if matches!(key, b"path" | b"linkpath" | b"size") {
            return Err(Fault::refused("a global header gives all members the same name or size"));
        }
        sparse(key)?;
    }
    Ok(())
}

/// Refuses records that make a file with holes out of fewer bytes.
fn sparse(key: &[u8]) -> Result<(), Fault> {
    if key.starts_with(b"GNU.sparse.") || key == b"SCHILY.realsize" {
        return Err(Fault::unsupported(None, "a sparse file in a tar"));
    }
    Ok(())
}

/// Puts a value where none is, or the same.
fn put<T: PartialEq>(place: &mut Option<T>, value: T) -> Result<(), Fault> {
    match place {
        Some(earlier) if *earlier != value => Err(Fault::refused("an extended header states one thing twice")),
        _ => {
            *place = Some(value);
            Ok(())
        }
    }
}

fn nonempty(value: &[u8]) -> Result<Vec<u8>, Fault> {
    if value.is_empty() || value.contains(&0) {
        return Err(Fault::refused("an extended header holds an empty name or a NUL"));
    }
    Ok(value.to_vec())
}

/// Digits and nothing else.
fn decimal(value: &[u8]) -> Result<u64, Fault> {
    let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(|| Fault::refused("an extended header states no size"))
}

/// Whole seconds of a time with a fraction.
fn seconds(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.split('.').next()?.parse().ok()
}

/// Records one after the other.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let record = split(self.0).ok_or_else(|| Fault::refused("an extended header is malformed"));
        Some(record.map(|(key, value, rest)| {
            self.0 = rest;
            (key, value)
        }))
    }
}

/// Key, value and what follows, if the record is as POSIX says.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let digits = &bytes[..space];
    if !digits.iter().all(u8::is_ascii_digit) || digits.first() == Some(&b'0') {
        return None;
    }
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    (equals > 0).then(|| (&record[..equals], &record[equals + 1..], &bytes[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_to_the_letter() {
        let mut extensions = Extensions::default();
        extensions.take(b"12 path=abc\n11 size=17\n20 mtime=1700000.25\n13 comment=x\n").unwrap();
        assert_eq!(extensions.path.as_deref(), Some(&b"abc"[..]));
        assert_eq!(extensions.size, Some(17));
        assert_eq!(extensions.modified, Some(1_700_000));
        for bad in [
            &b"13 path=abc\n"[..],
            b"11 path=abc\n",
            b"012 path=abc\n",
            b" 12 path=abc\n",
            b"12 path abc\n",
            b"6 =ab\n",
            b"99999999999999999999999 path=a\n",
            b"12 path=abc\n\0\0\0",
            b"12 path=abc\n12 path=abd\n",
            b"8 path=\n",
            b"10 size=x\n",
            b"11 size=-1\n",
            b"25 GNU.sparse.name=hidden\n",
        ] {
            assert!(Extensions::default().take(bad).is_err(), "{:?}", String::from_utf8_lossy(bad));
        }
        assert!(check_global(b"13 comment=x\n").is_ok());
        assert!(check_global(b"12 path=abc\n").is_err());
    }
}
