//! Digests: what names a file, and what hosts offer to check one.
//!
//! SHA-256 is the name of a file everywhere in medsets. The others are checked where a host
//! offers nothing better, and SHA-256 is recorded beside them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// How a digest is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4), the name of a file.
    Sha256,
    /// SHA-1 (FIPS 180-4), weak.
    Sha1,
    /// MD5 (RFC 1321), weak, and the slowest of all.
    Md5,
    /// CRC-64/NVME, of objects in S3; against accidents only, as all that follow.
    Crc64Nvme,
    /// CRC-32C (RFC 9260 appendix B).
    Crc32c,
    /// CRC-32 (ISO 3309), as in zip archives.
    Crc32,
    /// Git's blob id: SHA-1 over `blob <size>\0` and the bytes.
    GitBlob,
}

/// A digest with its algorithm; shown as `sha256:96b97d81...`.
///
/// Held in place: an inventory has one for each of a million files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    algorithm: Algorithm,
    /// As many as the algorithm has, zeros behind them.
    bytes: [u8; 32],
}

/// The text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADigest {
    /// The hexadecimal part has another length, or other letters.
    #[error("a {algorithm} digest is {expected} lower-case hexadecimal digits, not `{text}`")]
    Hex {
        /// The algorithm that was named.
        algorithm: Algorithm,
        /// Digits the algorithm has.
        expected: usize,
        /// What was given, escaped.
        text: String,
    },
    /// No known algorithm before the colon.
    #[error(
        "`{0}` names no known digest: expected `sha256:`, `sha1:`, `md5:`, `crc64nvme:`, `crc32c:`, `crc32:` or `git-blob:` and hexadecimal digits"
    )]
    Label(String),
}

impl Algorithm {
    /// All of them, strongest first.
    pub const ALL: [Self; 7] =
        [Self::Sha256, Self::GitBlob, Self::Sha1, Self::Md5, Self::Crc64Nvme, Self::Crc32c, Self::Crc32];

    /// The name before the colon, and the key in a catalogue entry, where it can be one.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
            Self::Md5 => "md5",
            Self::Crc64Nvme => "crc64nvme",
            Self::Crc32c => "crc32c",
            Self::Crc32 => "crc32",
            Self::GitBlob => "git-blob",
        }
    }

    /// Length of the digest in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha1 | Self::GitBlob => 20,
            Self::Md5 => 16,
            Self::Crc64Nvme => 8,
            Self::Crc32c | Self::Crc32 => 4,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.label())
    }
}

impl Digest {
    /// A digest from its raw bytes; `None` when the length is not the algorithm's.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        (bytes.len() == algorithm.length()).then(|| Self::filled(algorithm, bytes))
    }

    /// A digest from lower-case hexadecimal digits.
    pub fn from_hex(algorithm: Algorithm, hex: &str) -> Result<Self, NotADigest> {
        let expected = algorithm.length() * 2;
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if hex.len() != expected || !hex.bytes().all(lower) {
            let text = super::Printable::new(hex).to_string();
            return Err(NotADigest::Hex { algorithm, expected, text });
        }
        let nibble = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { byte - b'a' + 10 };
        let bytes: Vec<u8> =
            hex.as_bytes().chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect();
        Ok(Self::filled(algorithm, &bytes))
    }

    /// The SHA-256 among several digests of the same bytes.
    pub fn sha256_in(digests: &[Self]) -> Option<&Self> {
        digests.iter().find(|digest| digest.algorithm == Algorithm::Sha256)
    }

    /// SHA-256 of bytes held in memory.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::filled(Algorithm::Sha256, &sha2::Sha256::digest(bytes))
    }

    /// Puts the bytes, of which there are never more than 32, in their place.
    fn filled(algorithm: Algorithm, given: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes[..given.len()].copy_from_slice(given);
        Self { algorithm, bytes }
    }

    /// Which algorithm it is of.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.length()]
    }

    /// The lower-case hexadecimal digits, without the algorithm.
    pub fn hex(&self) -> String {
        super::hex(self.bytes())
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    /// Reads the labelled form, `sha256:` and 64 digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || NotADigest::Label(super::Printable::new(text).to_string());
        let (label, hex) = text.split_once(':').ok_or_else(unknown)?;
        let algorithm = Algorithm::ALL.into_iter().find(|one| one.label() == label).ok_or_else(unknown)?;
        Self::from_hex(algorithm, hex)
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.algorithm, self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

/// Computes one digest over bytes that arrive in order.
pub enum Digester {
    /// For [`Algorithm::Sha256`].
    Sha256(sha2::Sha256),
    /// For [`Algorithm::Sha1`], and for [`Algorithm::GitBlob`] with the header already fed.
    Sha1(sha1::Sha1, Algorithm),
    /// For [`Algorithm::Md5`].
    Md5(md5::Md5),
    /// For [`Algorithm::Crc64Nvme`].
    Crc64Nvme(crc::Digest<'static, u64, crc::Table<16>>),
    /// For [`Algorithm::Crc32c`].
    Crc32c(u32),
    /// For [`Algorithm::Crc32`].
    Crc32(crc32fast::Hasher),
}

static NVME: crc::Crc<u64, crc::Table<16>> = crc::Crc::<u64, crc::Table<16>>::new(&crc::CRC_64_NVME);

impl Digester {
    /// Starts a digest. `size` is the size of the whole file, which only git blob ids need.
    ///
    /// # Panics
    /// Never; a git blob id without a size is computed for size zero and cannot match.
    pub fn new(algorithm: Algorithm, size: Option<super::ByteSize>) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
            Algorithm::Md5 => Self::Md5(md5::Md5::new()),
            Algorithm::Crc64Nvme => Self::Crc64Nvme(NVME.digest()),
            Algorithm::Crc32c => Self::Crc32c(0),
            Algorithm::Crc32 => Self::Crc32(crc32fast::Hasher::new()),
            Algorithm::Sha1 => Self::Sha1(sha1::Sha1::new(), algorithm),
            Algorithm::GitBlob => {
                let mut sha1 = sha1::Sha1::new();
                sha1.update(format!("blob {}\0", size.unwrap_or_default().0).as_bytes());
                Self::Sha1(sha1, algorithm)
            }
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha1(state, _) => state.update(bytes),
            Self::Md5(state) => state.update(bytes),
            Self::Crc64Nvme(state) => state.update(bytes),
            Self::Crc32c(state) => *state = crc32c::crc32c_append(*state, bytes),
            Self::Crc32(state) => state.update(bytes),
        }
    }

    /// The digest of all bytes taken.
    pub fn finish(self) -> Digest {
        match self {
            Self::Sha256(state) => Digest::filled(Algorithm::Sha256, &state.finalize()),
            Self::Sha1(state, algorithm) => Digest::filled(algorithm, &state.finalize()),
            Self::Md5(state) => Digest::filled(Algorithm::Md5, &state.finalize()),
            Self::Crc64Nvme(state) => Digest::filled(Algorithm::Crc64Nvme, &state.finalize().to_be_bytes()),
            Self::Crc32c(state) => Digest::filled(Algorithm::Crc32c, &state.to_be_bytes()),
            Self::Crc32(state) => Digest::filled(Algorithm::Crc32, &state.finalize().to_be_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ByteSize;

    /// Published test vectors: FIPS 180-4, RFC 1321, RFC 3720, `git hash-object`, the check
    /// values of the CRC catalogue (reveng.sourceforge.io) for `123456789`.
    #[test]
    fn agrees_with_published_vectors() {
        #[track_caller]
        fn check(algorithm: Algorithm, input: &[u8], hex: &str) {
            let mut digester = Digester::new(algorithm, Some(ByteSize(input.len() as u64)));
            let (first, second) = input.split_at(input.len() / 2);
            digester.update(first);
            digester.update(second);
            assert_eq!(digester.finish().hex(), hex, "{algorithm}");
        }
        check(Algorithm::Sha256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(Algorithm::Sha1, b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(Algorithm::Md5, b"abc", "900150983cd24fb0d6963f7d28e17f72");
        check(Algorithm::Crc32c, &[0; 32], "8a9136aa");
        check(Algorithm::Crc32c, b"123456789", "e3069283");
        check(Algorithm::Crc32, b"123456789", "cbf43926");
        check(Algorithm::Crc64Nvme, b"123456789", "ae8b14860a799888");
        check(Algorithm::GitBlob, b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn refuses_what_is_not_a_digest() {
        assert!("md5:900150983cd24fb0d6963f7d28e17f72".parse::<Digest>().is_ok());
        for bad in ["", "abc", "sha256:", "md5:ABC", "md5:900150983CD24FB0D6963F7D28E17F72", "sha9:00", "md5:zz"] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
