//! What is known that could lie in a folder: the files that entries name, and the records of
//! datasets that are here, were here, or lie with the files.

mod gather;
mod item;

use std::collections::{BTreeMap, HashSet};

use crate::catalog::Selection;
use crate::fs;
use crate::layout::lines::JsonLines;
use crate::layout::receipt::Selection as Part;
use crate::layout::{
    DatasetDir, DigestSource, FileRecord, KnownDigest, LayoutError, ListedMark, Origin, Proof, Receipt, RecordKind,
    Role, check,
};
use crate::values::{ByteSize, Choice, Digest, RelPath};

use super::super::failure::Failure;
use super::super::particulars::roles;
use super::arrange::Arranged;
use super::hash::Hashes;
use super::scan::Scan;

pub(super) use gather::{gather, locked, refuse_other_name};
pub(super) use item::Item;

/// What is known of one release by one source of knowledge.
pub(super) struct Known {
    /// Which release.
    pub selection: Selection,
    /// By which source of the entry it came, or would.
    pub channel: String,
    /// Every file that is known of it.
    pub items: Vec<Item>,
    /// The records that say so; the entry where there are none.
    copy: Option<Copy>,
    /// Which part of the release all the items are; `None` where its host's list has more.
    of: Option<Part>,
    /// By what it is recognised.
    by: &'static str,
}

/// Records of a copy.
struct Copy {
    dir: DatasetDir,
    receipt: Option<Receipt>,
    /// Whether its files are not where they were.
    is_missed: bool,
}

impl Copy {
    /// Looks whether its files are there, once: it is asked for in every round.
    fn of(dir: DatasetDir, receipt: Option<Receipt>) -> Self {
        let is_whole = |receipt: &Receipt| check::looks_whole(&dir, receipt.files).unwrap_or(true);
        Self { is_missed: receipt.as_ref().is_some_and(|receipt| !is_whole(receipt)), dir, receipt }
    }
}

impl Known {
    /// The release's name in full.
    pub fn name(&self) -> String {
        self.selection.to_string()
    }

    /// Whether they are the records of a dataset whose files are not where they were.
    pub fn is_missed(&self) -> bool {
        self.copy.as_ref().is_some_and(|copy| copy.is_missed)
    }

    /// Whether they are the records of a part, which say nothing of the rest.
    pub fn is_part_by_records(&self) -> bool {
        self.is_of_records() && self.of.as_ref().is_some_and(|part| !part.whole)
    }

    /// By what it is recognised.
    pub fn by(&self) -> &'static str {
        self.by
    }

    /// Whether records say it.
    pub fn is_of_records(&self) -> bool {
        self.copy.is_some()
    }

    /// The inventory and the list of the release's files as they lie there.
    pub fn records(
        &self,
        scan: &Scan,
        hashes: &Hashes<'_>,
        arranged: &Arranged,
    ) -> Result<(Vec<FileRecord>, Vec<ListedMark>), Failure> {
        let roles = roles(&self.selection);
        let here: HashSet<usize> =
            arranged.placed.iter().map(|(item, _)| *item).chain(arranged.links.iter().copied()).collect();
        let mut whole: BTreeMap<&RelPath, bool> = BTreeMap::new();
        for (at, item) in self.items.iter().enumerate() {
            *whole.entry(&item.file).or_insert(true) &= here.contains(&at);
        }
        let marks = self.marks(scan, hashes, arranged, &whole)?;
        let listed: HashSet<&RelPath> = marks.iter().map(|mark| &mark.path).collect();
        let mut records = Vec::new();
        for (item, own) in &arranged.placed {
            let (item, own) = (&self.items[*item], &scan.files[*own]);
            let Some(sha256) = hashes.sha256(own).filter(|_| !item.is_packed()) else { continue };
            let (mtime, size) = (own.mtime(), own.size);
            let origin = item.record.as_ref().map(|record| &record.origin);
            records.push(FileRecord {
                path: item.place.clone(),
                kind: RecordKind::File,
                target: None,
                size,
                mtime,
                sha256,
                origin: Origin {
                    file: item.file.clone(),
                    member: origin.and_then(|origin| origin.member.clone()),
                    raw_name: origin.and_then(|origin| origin.raw_name.clone()),
                    url: None,
                    // Where the list speaks of the whole file, it tells.
                    verified: (!listed.contains(&item.file)).then_some(item.proof),
                },
                role: item.record.as_ref().map_or_else(|| roles.role_of(&item.place), |record| record.role),
                license: item.license.clone(),
                notice: item.notice.clone(),
            });
        }
        for item in arranged.links.iter().map(|item| &self.items[*item]) {
            records.extend(item.record.as_deref().cloned());
        }
        records.sort_by(|one, other| one.path.cmp(&other.path));
        Ok((records, marks))
    }

    /// The files of the release of which everything is there.
    fn marks(
        &self,
        scan: &Scan,
        hashes: &Hashes<'_>,
        arranged: &Arranged,
        whole: &BTreeMap<&RelPath, bool>,
    ) -> Result<Vec<ListedMark>, Failure> {
        let is_whole = |path: &RelPath| whole.get(path).copied().unwrap_or(false);
        if let Some(copy) = &self.copy {
            let mut marks = Vec::new();
            let read: Box<dyn Iterator<Item = Result<ListedMark, LayoutError>>> = match &copy.receipt {
                Some(receipt) if receipt.listed.check(&copy.dir).is_ok() => Box::new(receipt.listed.read(&copy.dir)?),
                None if fs::metadata(&copy.dir.listed_path())?.is_some() => {
                    Box::new(JsonLines::open(&copy.dir.listed_path())?)
                }
                _ => Box::new(std::iter::empty()),
            };
            for mark in read {
                let mark = mark?;
                // What nothing but the first sight proved is proven no better by being there still.
                let verified = if mark.verified.is_known_beforehand() { Proof::Records } else { mark.verified };
                if is_whole(&mark.path) {
                    marks.push(ListedMark { verified, known: Vec::new(), url: None, ..mark });
                }
            }
            return Ok(marks);
        }
        let mut marks: Vec<ListedMark> = Vec::new();
        for (item, own) in &arranged.placed {
            let (item, own) = (&self.items[*item], &scan.files[*own]);
            let Some(sha256) = hashes.sha256(own) else { continue };
            let from = if item.proof == Proof::Host { DigestSource::Host } else { DigestSource::Catalog };
            let known = item.digests.iter().filter(|one| **one != sha256).map(|one| KnownDigest { digest: *one, from });
            marks.push(ListedMark {
                path: item.file.clone(),
                size: own.size,
                sha256,
                verified: item.proof,
                known: known.collect(),
                url: None,
                unpacked: false,
            });
        }
        marks.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(marks)
    }

    /// What part of the release is there.
    pub fn part(&self, arranged: &Arranged, marks: &[ListedMark]) -> Part {
        let packed = arranged.placed.iter().any(|(item, _)| self.items[*item].is_packed());
        match &self.of {
            // A choice may mean members of what is packed here.
            Some(part) if arranged.missing.is_empty() && (part.whole || !packed) => {
                Part { packed: part.packed || packed, ..part.clone() }
            }
            _ => {
                let include = marks.iter().map(|mark| escaped(&mark.path)).collect();
                Part { whole: false, choice: Choice { include, ..Choice::default() }, packed }
            }
        }
    }
}

fn escaped(path: &RelPath) -> String {
    globset::escape(path.as_str())
}

/// A file that lies below `data/` or `docs/` as the person says.
pub(super) fn by_word(
    place: RelPath,
    size: ByteSize,
    sha256: Digest,
    mtime: jiff::Timestamp,
    verified: Proof,
) -> FileRecord {
    let file = place.as_str().split_once('/').and_then(|(_, rest)| RelPath::parse(rest).ok()).unwrap_or(place.clone());
    FileRecord {
        path: place,
        kind: RecordKind::File,
        target: None,
        size,
        mtime,
        sha256,
        origin: Origin { file, member: None, raw_name: None, url: None, verified: Some(verified) },
        role: Role::Other,
        license: None,
        notice: None,
    }
}
