//! Which objects a dataset is made of.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::layout::inventory::InventoryReader;
use crate::layout::manifest::{self, ManifestReader};
use crate::layout::receipt::Selection;
use crate::layout::{DatasetDir, FileRecord, LayoutError, RecordKind};
use crate::mirror::{Outgoing, names};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::values::{ByteSize, Digest, RelPath};

/// Why records cannot be used.
#[derive(Debug)]
pub enum Disagree {
    /// One of them cannot be read.
    Unreadable(LayoutError),
    /// They say different things.
    Differ {
        /// Of which file.
        path: RelPath,
        /// What each says.
        how: String,
    },
}

impl From<LayoutError> for Disagree {
    fn from(error: LayoutError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<Disagree> for Failure {
    fn from(disagree: Disagree) -> Self {
        match disagree {
            Disagree::Unreadable(error) => error.into(),
            Disagree::Differ { path, how } => {
                Self::new(Exit::MISMATCH, format!("the records of `{path}` do not agree: {how}")).in_file(&path)
            }
        }
    }
}

/// Reads an inventory beside its manifest: every file is in both, in the same order and with the
/// same digest, below `data/` or `docs/`. So the name of the tree vouches for the inventory's
/// files.
///
/// # Errors
/// The first place where they differ.
pub fn records(manifest: &Path, inventory: &Path) -> Result<Vec<FileRecord>, Disagree> {
    let differ = |path: &RelPath, how: &str| Disagree::Differ { path: path.clone(), how: how.to_owned() };
    let mut lines = ManifestReader::open(manifest).map_err(LayoutError::from)?;
    let mut records = Vec::new();
    for record in InventoryReader::open(inventory).map_err(LayoutError::from)? {
        let record = record?;
        if !matches!(record.path.names().next(), Some("data" | "docs")) {
            return Err(differ(&record.path, "it is neither below `data/` nor below `docs/`"));
        }
        if record.kind == RecordKind::File {
            let Some((digest, path)) = lines.next().transpose()? else {
                return Err(differ(&record.path, "the inventory names it, the manifest does not"));
            };
            if path != record.path || digest != record.sha256 {
                let stands = manifest::line(&digest, &path);
                let found = manifest::line(&record.sha256, &record.path);
                let how = format!("the manifest has `{stands}`, the inventory `{found}`");
                return Err(differ(&record.path, &how));
            }
        }
        records.push(record);
    }
    match lines.next().transpose()? {
        None => Ok(records),
        Some((_, path)) => Err(differ(&path, "the manifest names it, the inventory does not")),
    }
}

/// The files of a dataset folder as objects, each digest once.
pub fn outgoing(dir: &DatasetDir, records: &[FileRecord], archives: &[Kept]) -> Vec<Outgoing> {
    let mut seen: HashSet<Digest> = HashSet::new();
    let files = records.iter().filter(|record| record.kind == RecordKind::File);
    let files = files.map(|record| (record.path.under(dir.root()), record.size, record.sha256));
    let archives = archives.iter().map(|kept| (kept.place.under(dir.root()), kept.size, kept.sha256));
    files
        .chain(archives)
        .filter(|(_, _, sha256)| seen.insert(*sha256))
        .map(|(path, size, sha256): (PathBuf, ByteSize, Digest)| Outgoing {
            path,
            size,
            sha256,
            name: names::object(&sha256),
        })
        .collect()
}

/// A file of the release that lies packed beside `data/`.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its place below the dataset folder.
    pub place: RelPath,
    /// Its size.
    pub size: ByteSize,
    /// Its digest.
    pub sha256: Digest,
}

/// The files of a release that are neither in the inventory nor unpacked, where they were asked
/// for packed. Elsewhere they are parts of split archives, of which nothing is left.
pub fn packed(
    listed: impl Iterator<Item = Result<crate::layout::ListedMark, LayoutError>>,
    records: &[FileRecord],
    selection: &Selection,
) -> Result<Vec<Kept>, Failure> {
    if !selection.packed {
        return Ok(Vec::new());
    }
    let from: HashSet<&RelPath> = records.iter().map(|record| &record.origin.file).collect();
    let archives = RelPath::parse("archives").expect("it is a name");
    let mut kept = Vec::new();
    for mark in listed {
        let mark = mark?;
        if mark.unpacked || from.contains(&mark.path) {
            continue;
        }
        let place = mark
            .path
            .below(&archives)
            .map_err(|error| Failure::new(Exit::UNSAFE, format!("`{}` cannot be laid out: {error}", mark.path)))?;
        kept.push(Kept { place, size: mark.size, sha256: mark.sha256 });
    }
    Ok(kept)
}
