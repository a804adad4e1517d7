//! What `adopt` tells.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::Serialize;

use crate::values::{ByteSize, DatasetId, DatasetName, Digest, RelPath};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::hash::Hashes;
use super::scan::Scan;

/// What was found in a folder and what became of it.
#[derive(Debug, Default, Serialize)]
pub struct AdoptReport {
    /// The folder.
    #[serde(serialize_with = "super::super::report::shown")]
    pub dir: PathBuf,
    /// Regular files in it.
    pub scanned: Amount,
    /// Those that were read.
    pub hashed: Amount,
    /// Those that need not be: nothing that is known has their size or name.
    pub not_needed: Amount,
    /// What was recognised.
    pub datasets: Vec<AdoptedDataset>,
    /// Files that are of no dataset that was adopted.
    pub unknown: Unknown,
    /// Links, devices, unreadable and changing files.
    pub passed_over: Vec<PassedOver>,
    /// Datasets of which so little is here that only a person can mean them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// What it looks like by names and numbers, where nothing is proven.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks_like: Vec<LooksLike>,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// What could not be adopted.
    #[serde(skip)]
    pub failures: Vec<Failure>,
}

/// Files and bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
}

/// A dataset that was recognised.
#[derive(Debug, Serialize)]
pub struct AdoptedDataset {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What became of it.
    pub state: AdoptState,
    /// Where the files lie.
    pub place: String,
    /// The dataset folder, with the records.
    pub path: PathBuf,
    /// Files of `data/` and `docs/` that are here.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// Archives and other files of the release that lie as they were downloaded.
    pub packed: u64,
    /// By what it was recognised.
    pub by: &'static str,
    /// Files that nothing published proves.
    pub unproven: u64,
    /// SHA-256 of the manifest.
    pub tree: Digest,
    /// Files of the release that are not there.
    pub missing: Vec<RelPath>,
    /// Further copies of its files in the same folder.
    pub duplicates: Vec<String>,
    /// SHA-256 of the receipt that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_sha256: Option<Digest>,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// What became of a dataset that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdoptState {
    /// Records were written.
    Adopted,
    /// They would be.
    WouldBeAdopted,
    /// It was adopted before, from this place.
    Already,
    /// The dataset is here as a folder of its own; this is a second copy.
    Copy,
}

/// Files that nobody knows.
#[derive(Debug, Default, Serialize)]
pub struct Unknown {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// All of them.
    pub paths: Vec<String>,
}

/// Something that is no file of data.
#[derive(Debug, Clone, Serialize)]
pub struct PassedOver {
    /// Below the folder.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Whether there may be data in it: it could not be read, or changed meanwhile.
    #[serde(skip)]
    pub is_unread: bool,
}

impl PassedOver {
    /// What could not be read, or changed meanwhile.
    pub(super) fn unread(path: String, reason: String) -> Self {
        Self { path, reason, is_unread: true }
    }
}

/// A dataset of which some files are here.
#[derive(Debug, Serialize)]
pub struct Part {
    /// Its name in full.
    pub dataset: String,
    /// How many files.
    pub files: u64,
}

/// What a folder looks like.
#[derive(Debug, Serialize)]
pub struct LooksLike {
    /// The dataset's name in full.
    pub dataset: String,
    /// Below which folder.
    pub root: String,
    /// Why.
    pub why: String,
}

impl AdoptReport {
    /// Of a folder of which nothing is known yet.
    pub(super) fn of(scan: &Scan) -> Self {
        let mut report = Self { dir: scan.root.clone(), passed_over: scan.passed_over.clone(), ..Self::default() };
        scan.files.iter().for_each(|own| report.scanned.add(own.size));
        report
    }

    /// Counts what was read, and names what is of nothing that was recognised.
    pub(super) fn count(&mut self, scan: &Scan, hashes: &Hashes<'_>, claimed: &HashSet<usize>) {
        hashes.read().for_each(|own| self.hashed.add(own.size));
        self.not_needed = Amount {
            files: self.scanned.files - self.hashed.files,
            bytes: self.scanned.bytes.saturating_sub(self.hashed.bytes),
        };
        self.passed_over.extend(hashes.passed_over.iter().cloned());
        self.passed_over.sort_by_key(|one| !one.is_unread);
        for own in scan.files.iter().filter(|own| !claimed.contains(&own.at)) {
            self.unknown.files += 1;
            self.unknown.bytes += own.size;
            self.unknown.paths.push(own.rel.clone());
        }
    }

    /// The most actionable of all failures.
    pub fn exit(&self) -> Exit {
        self.failures.iter().map(|failure| failure.exit).fold(Exit::DONE, Exit::most_actionable)
    }
}

impl Amount {
    fn add(&mut self, size: ByteSize) {
        self.files += 1;
        self.bytes += size;
    }
}

impl AdoptedDataset {
    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }
}
