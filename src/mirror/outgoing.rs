//! What is sent to a mirror, and what sending may leave there.

use std::path::PathBuf;

use crate::values::{ByteSize, Digest};

/// A file that is to be sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where it is.
    pub path: PathBuf,
    /// Its size by the records.
    pub size: ByteSize,
    /// Its SHA-256 by the records.
    pub sha256: Digest,
    /// What the object is called.
    pub name: String,
}

/// What killed uploads left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
}
