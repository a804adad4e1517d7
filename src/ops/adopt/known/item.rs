//! One file that is known of a release.

use crate::catalog::{FileEntry, Treatment};
use crate::layout::{FileRecord, Proof};
use crate::providers::ListedFile;
use crate::values::{ByteSize, Digest, RelPath};

/// One file that is known.
pub(in crate::ops::adopt) struct Item {
    /// Below the dataset folder; below `archives/` for what is to be unpacked.
    pub place: RelPath,
    /// Its size, where known.
    pub size: Option<ByteSize>,
    /// What proves it, the deciding one first.
    pub digests: Vec<Digest>,
    /// Whose word the digests are.
    pub proof: Proof,
    /// The file of the release.
    pub file: RelPath,
    /// What it holds, where it is a link.
    pub target: Option<String>,
    /// What the records say.
    pub record: Option<Box<FileRecord>>,
    /// Terms of its own.
    pub license: Option<String>,
    /// What its host says of it.
    pub notice: Option<String>,
}

impl Item {
    /// By a record of another copy.
    pub fn of_record(record: FileRecord) -> Self {
        Self {
            place: record.path.clone(),
            size: Some(record.size),
            digests: vec![record.sha256],
            proof: Proof::Records,
            file: record.origin.file.clone(),
            target: record.target.clone(),
            license: record.license.clone(),
            notice: record.notice.clone(),
            record: Some(Box::new(record)),
        }
    }

    /// By a line of a manifest.
    pub fn of_line(sha256: Digest, path: RelPath) -> Self {
        let (digests, proof, file) = (vec![sha256], Proof::Records, path.clone());
        Self { place: path, size: None, digests, proof, file, target: None, record: None, license: None, notice: None }
    }

    /// By the list of the release.
    pub fn of_listed(
        listed: ListedFile,
        entry: Option<&FileEntry>,
        treatment: &Treatment<'_>,
        is_part: bool,
        license: Option<String>,
    ) -> Option<Self> {
        let archives = RelPath::parse("archives").ok()?;
        let into = if treatment.unpack.is_some() || is_part { &archives } else { treatment.into };
        let is_of_entry = |digest: &Digest| entry.is_some_and(|entry| entry.digests.contains(digest));
        let proof = match listed.digests.first() {
            Some(digest) if is_of_entry(digest) => Proof::Catalog,
            Some(_) => Proof::Host,
            None if listed.size.is_some() => Proof::Size,
            None => Proof::FirstUse,
        };
        Some(Self {
            place: listed.path.below(into).ok()?,
            notice: listed.notice().map(str::to_owned),
            size: listed.size,
            digests: listed.digests,
            proof,
            file: listed.path,
            target: None,
            record: None,
            license,
        })
    }

    /// Its name below `data/`, `docs/` or `archives/`, and which of them.
    pub fn below_top(&self) -> (&str, &str) {
        self.place.as_str().split_once('/').unwrap_or((self.place.as_str(), ""))
    }

    /// Whether it is a file of the release that is not part of the tree.
    pub fn is_packed(&self) -> bool {
        self.below_top().0 == "archives"
    }
}
