//! The catalogue and licence files that the program carries inside itself.
//!
//! `build.rs` packs `catalog/*.toml`, `licenses/*.toml` and `licenses/texts/*.txt` into one
//! compressed block. This module unpacks it, once, and knows nothing about what the files say.

use std::sync::OnceLock;

use crate::values::{Algorithm, Digest};

/// One carried file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path in the repository, such as `catalog/chexpert.toml`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// Every carried file, by name.
pub fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let block = zstd::decode_all(PACKED).expect("the block was compressed by build.rs");
        unpack(&block).expect("the block was packed by build.rs")
    })
}

/// The carried files directly inside `folder`, such as `catalog`.
pub fn folder(folder: &str) -> impl Iterator<Item = &'static File> {
    files().iter().filter(move |file| file.name.rsplit_once('/').is_some_and(|(parent, _)| parent == folder))
}

/// The catalogue digest: SHA-256 over the names and texts of all carried files.
pub fn digest() -> Digest {
    Digest::from_hex(Algorithm::Sha256, DIGEST).expect("build.rs wrote a SHA-256")
}

/// Name and text by turns, each behind its length; `None` when a length does not fit.
fn unpack(mut block: &[u8]) -> Option<Vec<File>> {
    let mut part = || {
        let (length, rest) = block.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        block = rest;
        String::from_utf8(text.to_vec()).ok()
    };
    let mut files = Vec::new();
    while let Some(name) = part() {
        files.push(File { name, text: part()? });
    }
    block.is_empty().then_some(files)
}

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/embedded.zst"));
const DIGEST: &str = env!("MEDSETS_CATALOG_DIGEST");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_covers_every_name_and_text() {
        let mut block = Vec::new();
        for file in files() {
            for part in [&file.name, &file.text] {
                block.extend_from_slice(&u32::try_from(part.len()).unwrap().to_le_bytes());
                block.extend_from_slice(part.as_bytes());
            }
        }
        assert_eq!(Digest::sha256(&block), digest());
        assert!(files().is_sorted_by(|left, right| left.name < right.name));
    }

    #[test]
    fn refuses_a_block_that_is_cut() {
        assert_eq!(unpack(b""), Some(Vec::new()));
        assert_eq!(unpack(b"\x01\0\0\0a"), None); // a name without a text
        assert_eq!(unpack(b"\x09\0\0\0a"), None);
        let whole = b"\x01\0\0\0a\x02\0\0\0xy";
        assert_eq!(unpack(whole), Some(vec![File { name: "a".into(), text: "xy".into() }]));
    }
}
