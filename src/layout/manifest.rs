//! The manifest: what `sha256sum -c` reads.
//!
//! One line per file, `<sha256>  <path>`, sorted by path. Paths are relative to the dataset
//! folder and hold no backslash or line break (see [`RelPath`]), so coreutils' escaped form
//! never occurs.

use crate::values::{Algorithm, Digest, RelPath};

/// One line without its line break.
pub fn line(sha256: &Digest, path: &RelPath) -> String {
    format!("{}  {path}", sha256.hex())
}

/// Reads one line as we write it; `None` when it is not of that form.
pub fn parse_line(line: &str) -> Option<(Digest, RelPath)> {
    let (hex, path) = line.split_once("  ")?;
    Some((Digest::from_hex(Algorithm::Sha256, hex).ok()?, RelPath::parse(path).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_same_line() {
        let path = RelPath::parse("data/a b/ü.txt").unwrap();
        let digest = Digest::sha256(b"x");
        assert_eq!(parse_line(&line(&digest, &path)), Some((digest, path)));
        assert_eq!(parse_line("abc  data/x"), None);
        assert_eq!(parse_line(&format!("{}  ../x", digest.hex())), None);
    }
}
