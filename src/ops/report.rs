//! What `fetch` and `import` tell when they are done.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::plan::FetchPlan;
use crate::values::{ByteSize, DatasetId, Digest, RelPath, is_zero};

use super::exit::Exit;
use super::failure::Failure;
use super::outside::Outside;

/// What became of each dataset that was asked for.
#[derive(Debug, Default, Serialize)]
pub struct FetchReport {
    /// One per dataset, in the order asked for. Datasets that failed whole are not here.
    pub datasets: Vec<Fetched>,
    /// What went wrong, in the order it did.
    #[serde(skip)]
    pub failures: Vec<Failure>,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// What became of one dataset.
#[derive(Debug, Serialize)]
pub struct Fetched {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Its folder.
    pub path: PathBuf,
    /// The copy of somebody else that it is a link to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<PathBuf>,
    /// The source (channel) it came by.
    pub source: String,
    /// The mirror that it came by in the place of that source's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
    /// Files below `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// Bytes that came over the network in this run.
    pub downloaded: ByteSize,
    /// Bytes of release files that were here already.
    pub reused: ByteSize,
    /// Release files that a digest known beforehand proved.
    pub verified: u64,
    /// Archives that were unpacked in this run.
    pub unpacked: u64,
    /// Release files that nothing could prove: their digest was recorded now.
    pub pinned_on_first_use: u64,
    /// Members of archives that were read without the rest: their CRC-32 is that of the
    /// archive's directory, which nothing published proves.
    #[serde(skip_serializing_if = "is_zero")]
    pub members_pinned_on_first_use: u64,
    /// Release files whose bytes are not the catalogue's: taken by the person's word.
    pub accepted_changes: u64,
    /// Digest of the receipt; absent for a dry run and when part failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_sha256: Option<Digest>,
    /// Release files that could not be had.
    pub failed: Vec<FailedFile>,
    /// What became of this shard, where the run is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardReport>,
    /// Whether what is here is only a part of the release.
    #[serde(skip)]
    pub is_part: bool,
    /// What would be done, for a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<FetchPlan>,
    /// Files that were taken without their host's checksum, and why; they stand in the receipt
    /// too.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// The mark of what is not in the catalogue.
    #[serde(flatten)]
    pub outside: Option<Outside>,
    /// How to cite it, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cite: Option<String>,
}

/// A shard of a fetch, and what became of it.
#[derive(Debug, Serialize)]
pub struct ShardReport {
    /// Which one, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
    /// Release files that fall to it.
    pub files: u64,
    /// Bytes of those that it has now.
    pub bytes: ByteSize,
    /// Files that it does not have yet.
    pub left: u64,
    /// Release files that are split.
    pub of_files: u64,
}

/// A release file that could not be had.
#[derive(Debug, Serialize)]
pub struct FailedFile {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Why.
    pub error: String,
    /// Its size, exact or rough, where it is missing because the network was not to be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<ByteSize>,
}

/// A person's file may have a name that is not UTF-8, which JSON cannot hold.
pub(super) fn shown<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// The same for several.
pub(super) fn all_shown<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

impl FetchReport {
    /// The most actionable of all failures. Where files failed for different reasons of one
    /// class, verification or network, no single one tells, and it is "part failed" (43): which
    /// file failed why is in the report.
    pub fn exit(&self) -> Exit {
        let first = self.failures.iter().map(|failure| failure.exit).fold(Exit::DONE, Exit::most_actionable);
        let is_alike = |failure: &&Failure| failure.exit.class() == first.class();
        let mut alike = self.failures.iter().filter(is_alike);
        let several = alike.clone().any(|failure| failure.exit != first);
        if matches!(first.0, 30..=49) && several && alike.all(|failure| failure.file.is_some()) {
            return Exit::PARTIAL;
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_reasons_of_one_class_are_part_failed() {
        #[track_caller]
        fn check(exits: &[Exit], expected: Exit) {
            let file = RelPath::parse("a").unwrap();
            let failures = exits.iter().map(|exit| Failure::new(*exit, "x").in_file(&file)).collect();
            assert_eq!(FetchReport { failures, ..FetchReport::default() }.exit(), expected, "{exits:?}");
        }
        check(&[Exit::MISMATCH, Exit::MISMATCH], Exit::MISMATCH);
        check(&[Exit::MISMATCH, Exit::WRONG_CONTENT], Exit::PARTIAL);
        check(&[Exit::GONE, Exit::SERVER], Exit::PARTIAL);
        check(&[Exit::MISMATCH, Exit::SERVER], Exit::MISMATCH); // the class decides first
        check(&[Exit::NO_SPACE, Exit::UNSAFE, Exit::MISMATCH], Exit::NO_SPACE);
        let whole = vec![Failure::new(Exit::GONE, "x"), Failure::new(Exit::CONNECT, "y")];
        assert_eq!(FetchReport { failures: whole, ..FetchReport::default() }.exit(), Exit::GONE, "no files");
    }
}
