//! Packs `catalog/` and `licenses/` into one compressed block that the program carries.
//!
//! The block holds, in the order of the names, `<length> <name> <length> <text>` with lengths
//! as 32-bit little-endian numbers. Its SHA-256 before compression is the catalogue digest,
//! so two builds from the same files carry the same digest on every machine.

#![allow(clippy::disallowed_methods, reason = "a build script reads files and its environment")]
#![allow(clippy::disallowed_macros, reason = "a build script speaks to cargo on stdout")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Folder and ending of the files that are packed.
const PACKED: [(&str, &str); 3] = [("catalog", "toml"), ("licenses", "toml"), ("licenses/texts", "txt")];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut files = Vec::new();
    for (folder, ending) in PACKED {
        println!("cargo::rerun-if-changed={folder}");
        files.extend(read_folder(&root, folder, ending)?);
    }
    files.sort();
    let block = pack(&files)?;
    let digest: String = Sha256::digest(&block).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(out.join("embedded.zst"), zstd::encode_all(block.as_slice(), 19)?)?;
    println!("cargo::rustc-env=MEDSETS_CATALOG_DIGEST={digest}");
    Ok(())
}

/// Name and text of each file with the ending; none when the folder does not exist.
fn read_folder(root: &Path, folder: &str, ending: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Ok(files) };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ending) {
            let name = path.file_name().and_then(|name| name.to_str()).ok_or("a file name is not UTF-8")?;
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.push((format!("{folder}/{name}"), text));
        }
    }
    Ok(files)
}

/// The block before compression.
fn pack(files: &[(String, String)]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut block = Vec::new();
    for (name, text) in files {
        for part in [name, text] {
            block.extend_from_slice(&u32::try_from(part.len())?.to_le_bytes());
            block.extend_from_slice(part.as_bytes());
        }
    }
    Ok(block)
}
