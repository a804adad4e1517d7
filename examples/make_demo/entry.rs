//! The catalogue entries of the set, as far as the check reads them.
//!
//! Read with a parser of its own rather than with the library's, so that the check does not
//! depend on what it is there to check.

use std::error::Error;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// An entry of one release.
#[derive(Deserialize)]
pub struct Entry {
    pub release: Vec<Release>,
}

#[derive(Deserialize)]
pub struct Release {
    pub file: Vec<File>,
}

#[derive(Deserialize)]
pub struct File {
    pub path: String,
    pub size: u64,
    pub sha256: String,
    pub unpack: Option<Unpack>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Unpack {
    pub members: u64,
    pub unpacked_size: u64,
}

/// Reads `<catalog>/<id>.toml`.
pub fn read(catalog: &Path, id: &str) -> Result<Entry, Box<dyn Error>> {
    Ok(toml::from_str(&std::fs::read_to_string(catalog.join(id).with_extension("toml"))?)?)
}

/// The digest as entries write it.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
