//! The records of a mirrored dataset, judged wholly before anything is laid out by them.
//!
//! They must agree with each other, with the mark, and with what the own catalogue knows, and
//! must name a tree that any disk can hold. After this nothing that a mirror says is left to be
//! found wrong in the middle of the work.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use crate::layout::lines::JsonLines;
use crate::layout::receipt::PartialMark;
use crate::layout::{FileRecord, LayoutError, ListedMark, Proof, RecordKind};
use crate::mirror::{Mark, MirrorError, names};
use crate::ops::assemble::fold;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::Pins;
use crate::ops::foreign::OwnWord;
use crate::ops::target::Target;
use crate::values::{ByteSize, Digest, RelPath, counted};

use super::find::Found;
use super::objects::{self, Disagree};
use super::trust::{refuse_links_unlike_entry, refuse_stray_links, refuse_unlike_entry, refuse_unlike_lock};

/// A dataset as a mirror's records tell it.
#[derive(Debug)]
pub struct Judged {
    /// The release's own files, each with what became of it.
    pub listed: Vec<(ListedMark, Became)>,
    /// Archives of which only some members are there, with the records of these.
    pub partial: Vec<(PartialMark, Vec<FileRecord>)>,
}

/// What became of a file of the release.
#[derive(Debug)]
pub enum Became {
    /// It lies at its place as it came.
    Placed(Box<FileRecord>),
    /// It lies packed beside the dataset, at this place.
    Packed(RelPath),
    /// It is an archive; these are its members.
    Unpacked(Vec<FileRecord>),
    /// It was a part of a split archive that is unpacked.
    Spent,
}

impl Judged {
    /// Reads the records that lie in `folder` and judges them.
    ///
    /// # Errors
    /// The first thing that is wrong with them, as a fault of the mirror.
    pub fn read(target: &Target<'_>, found: &Found, folder: &Path, pins: Option<&Pins>) -> Result<Self, Failure> {
        let unreadable = |name: &str, error: LayoutError| of_record(found, name, error);
        let (inventory_name, listed_name) = (found.mark.inventory_name(), found.mark.listed_name());
        let (manifest, inventory) = (folder.join(names::MANIFEST), folder.join(names::INVENTORY));
        let records = objects::records(&manifest, &inventory).map_err(|error| match error {
            Disagree::Unreadable(error) if is_of(&error, &manifest) => unreadable(names::MANIFEST, error),
            Disagree::Unreadable(error) => unreadable(&inventory_name, error),
            differ @ Disagree::Differ { .. } => differ.into(),
        })?;
        let marks = JsonLines::open(&folder.join(names::LISTED)).map_err(LayoutError::from);
        let marks = marks.and_then(Iterator::collect::<Result<Vec<ListedMark>, _>>);
        let marks = marks.map_err(|error| unreadable(&listed_name, error))?;
        let by_lock = refuse_unlike_entry(target, found, pins, &marks, &records)?;
        refuse_unlike_lock(found, pins, &marks)?;
        agrees_with_mark(&found.mark, &marks, &records)?;
        refuse_stray_links(&records)?;
        refuse_links_unlike_entry(target, &records)?;
        let own = OwnWord::of(target.selection, &target.source.channel);
        let proof = |mark: &ListedMark| match by_lock.contains(&mark.path) {
            true => Proof::AcceptedChange,
            false => own.proof(mark),
        };
        let marks = marks.into_iter().map(|mark| ListedMark { verified: proof(&mark), ..mark }).collect();
        let of_own = |record: FileRecord| {
            let license = own.license(&record.origin.file, record.license.clone());
            FileRecord { license, ..record }
        };
        let records = records.into_iter().map(of_own).collect();
        let kind = Kind { packed: found.mark.selection.packed, partial: found.mark.partial.clone() };
        let judged = Self::of(marks, kind, records)?;
        refuse_collisions(judged.records().map(|record| &record.path).chain(judged.packed().map(|(path, _)| path)))?;
        Ok(judged)
    }

    /// Sorts records by the files of the release that they came of.
    fn of(marks: Vec<ListedMark>, kind: Kind, records: Vec<FileRecord>) -> Result<Self, Failure> {
        let mut by_origin: BTreeMap<RelPath, Vec<FileRecord>> = BTreeMap::new();
        for record in records {
            by_origin.entry(record.origin.file.clone()).or_default().push(record);
        }
        let archives = RelPath::parse("archives").expect("it is a name");
        let mut seen = HashSet::new();
        let mut listed = Vec::with_capacity(marks.len());
        for mark in marks {
            if !seen.insert(mark.path.clone()) {
                return Err(differ(&mark.path, "the list names it twice"));
            }
            let became = match (mark.unpacked, by_origin.remove(&mark.path)) {
                (true, own) => Became::Unpacked(own.unwrap_or_default()),
                (false, Some(own)) => Became::Placed(Box::new(the_one(&mark, own)?)),
                (false, None) if !kind.packed => Became::Spent,
                (false, None) => {
                    let place = mark.path.below(&archives);
                    Became::Packed(place.map_err(|_| differ(&mark.path, "it has no place"))?)
                }
            };
            listed.push((mark, became));
        }
        let mut parts = Vec::with_capacity(kind.partial.len());
        for mark in kind.partial {
            if !seen.insert(mark.path.clone()) {
                return Err(differ(&mark.path, "it is named as a whole and as a part"));
            }
            let own = by_origin.remove(&mark.path).unwrap_or_default();
            parts.push((mark, own));
        }
        match by_origin.into_iter().next() {
            None => Ok(Self { listed, partial: parts }),
            Some((_, own)) => Err(differ(&own[0].path, "it came of a file that the list does not name")),
        }
    }

    /// Every file and link below `data/` and `docs/`.
    pub fn records(&self) -> impl Iterator<Item = &FileRecord> {
        let listed = self.listed.iter().flat_map(|(_, became)| match became {
            Became::Placed(record) => std::slice::from_ref(&**record),
            Became::Unpacked(records) => records.as_slice(),
            Became::Packed(_) | Became::Spent => &[],
        });
        listed.chain(self.partial.iter().flat_map(|(_, records)| records))
    }

    /// Every place of a file, with the object that goes there.
    pub fn places(&self) -> impl Iterator<Item = (&RelPath, Object)> {
        let files = self.records().filter(|record| record.kind == RecordKind::File);
        let files = files.map(|record| (&record.path, Object { sha256: record.sha256, size: record.size }));
        files.chain(self.packed())
    }

    /// Why other bytes than the catalogue's are taken, in the words of a lock; the reasons of several
    /// files in one line.
    pub fn reason(&self, pins: Option<&Pins>) -> Option<String> {
        let taken = self.listed.iter().filter(|(mark, _)| mark.verified == Proof::AcceptedChange);
        let all = &pins?.accepted;
        let reason = |path: &RelPath| all.get(path).and_then(|reason| reason.as_deref());
        let reasons: BTreeSet<&str> = taken.filter_map(|(mark, _)| reason(&mark.path)).collect();
        (!reasons.is_empty()).then(|| reasons.into_iter().collect::<Vec<_>>().join("; "))
    }

    fn packed(&self) -> impl Iterator<Item = (&RelPath, Object)> {
        self.listed.iter().filter_map(|(mark, became)| match became {
            Became::Packed(place) => Some((place, Object { sha256: mark.sha256, size: mark.size })),
            Became::Placed(_) | Became::Unpacked(_) | Became::Spent => None,
        })
    }
}

/// How a mirrored dataset was made.
struct Kind {
    /// Whether archives were left as they are.
    packed: bool,
    /// Archives of which only some members are there.
    partial: Vec<PartialMark>,
}

/// A file by its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    /// Their SHA-256.
    pub sha256: Digest,
    /// How many.
    pub size: ByteSize,
}

/// The one record of a file that lies as it came: the same bytes under one name.
fn the_one(mark: &ListedMark, own: Vec<FileRecord>) -> Result<FileRecord, Failure> {
    let count = own.len();
    match own.into_iter().next() {
        Some(record) if count > 1 => Err(differ(&record.path, "several files came of one that is not unpacked")),
        Some(record) if record.kind != RecordKind::File => Err(differ(&record.path, "a link in the place of a file")),
        Some(record) if (record.sha256, record.size) != (mark.sha256, mark.size) => {
            let (ours, size, theirs, of) = (record.sha256, record.size, mark.sha256, mark.size);
            let how = format!("the inventory has {ours} of {size}, the list of the release's files {theirs} of {of}");
            Err(differ(&record.path, &how))
        }
        Some(record) => Ok(record),
        None => Err(differ(&mark.path, "nothing came of it")),
    }
}

/// What the mark counts is what the records have.
fn agrees_with_mark(mark: &Mark, marks: &[ListedMark], records: &[FileRecord]) -> Result<(), Failure> {
    let files = records.iter().filter(|record| record.kind == RecordKind::File);
    let (count, bytes) =
        files.fold((0_u64, ByteSize::ZERO), |(count, bytes), record| (count + 1, bytes.saturating_add(record.size)));
    let found = (count, bytes, marks.len() as u64);
    if found == (mark.files, mark.bytes, mark.listed.files) {
        return Ok(());
    }
    let message = format!(
        "`mirror.json` speaks of {}, {}, of {} of the release; the records have {count}, {bytes}, of {}",
        counted(mark.files, "file"),
        mark.bytes,
        counted(mark.listed.files, "file"),
        found.2
    );
    Err(Failure::new(Exit::MISMATCH, message))
}

/// Two names that some systems take for one, or a file in the place of a folder.
fn refuse_collisions<'p>(paths: impl Iterator<Item = &'p RelPath>) -> Result<(), Failure> {
    let mut folded: HashMap<String, &RelPath> = HashMap::new();
    for path in paths {
        if let Some(other) = folded.insert(fold(path), path) {
            let message = format!("`{other}` and `{path}` are one name on systems that fold case");
            return Err(Failure::new(Exit::UNSAFE, message).in_file(path));
        }
    }
    for path in folded.values() {
        let mut above = path.parent();
        while let Some(folder) = above {
            if let Some(file) = folded.get(&fold(&folder)) {
                let message = format!("`{file}` is a file, and the folder of `{path}`");
                return Err(Failure::new(Exit::UNSAFE, message).in_file(path));
            }
            above = folder.parent();
        }
    }
    Ok(())
}

fn differ(path: &RelPath, how: &str) -> Failure {
    Disagree::Differ { path: path.clone(), how: how.to_owned() }.into()
}

fn is_of(error: &LayoutError, file: &Path) -> bool {
    matches!(error, LayoutError::Record { path, .. } if path == file)
}

/// A record that cannot be read, by its name in the mirror. What this machine does not let be
/// read is no fault of the mirror.
fn of_record(found: &Found, name: &str, error: LayoutError) -> Failure {
    let reason = match error {
        LayoutError::Record { line, reason, .. } => format!("line {line}: {reason}"),
        other => return other.into(),
    };
    let (mirror, name) = (found.mirror.bucket.url().clone(), format!("{}/{name}", found.prefix));
    MirrorError::Record { mirror, name, reason }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::inventory::example;

    fn mark(path: &str, bytes: &[u8], unpacked: bool) -> ListedMark {
        let (sha256, size) = (Digest::sha256(bytes), ByteSize(bytes.len() as u64));
        let path = RelPath::parse(path).unwrap();
        ListedMark { path, size, sha256, verified: Proof::Catalog, known: Vec::new(), url: None, unpacked }
    }

    fn record(path: &str, bytes: &[u8], origin: &str) -> FileRecord {
        let mut record = example(path, bytes);
        record.origin.file = RelPath::parse(origin).unwrap();
        record
    }

    fn kind(packed: bool) -> Kind {
        Kind { packed, partial: Vec::new() }
    }

    #[track_caller]
    fn refused(marks: Vec<ListedMark>, records: Vec<FileRecord>, word: &str) {
        let error = Judged::of(marks, kind(false), records).unwrap_err();
        assert!(error.exit == Exit::MISMATCH && error.message.contains(word), "{error}");
    }

    #[test]
    fn records_that_do_not_agree_are_refused() {
        let table = || mark("t.csv", b"true", false);
        refused(vec![table()], vec![record("data/t.csv", b"evil", "t.csv")], "the inventory has");
        refused(vec![table()], vec![record("data/t.csv", b"truer", "t.csv")], "the inventory has");
        let twice = vec![record("data/a", b"true", "t.csv"), record("data/b", b"true", "t.csv")];
        refused(vec![table()], twice, "several files");
        refused(vec![table(), table()], vec![record("data/t.csv", b"true", "t.csv")], "twice");
        let extra = vec![record("data/t.csv", b"true", "t.csv"), record("data/x", b"x", "x")];
        refused(vec![table()], extra, "does not name");
        let good = vec![record("data/t.csv", b"true", "t.csv"), record("data/m", b"m", "a.zip")];
        let judged = Judged::of(vec![table(), mark("a.zip", b"zip", true)], kind(false), good).unwrap();
        assert_eq!((judged.places().count(), judged.records().count()), (2, 2));
        let archive = |packed| Judged::of(vec![mark("a.zip", b"zip", false)], kind(packed), Vec::new()).unwrap();
        assert_eq!(archive(true).places().next().unwrap().0.as_str(), "archives/a.zip");
        assert_eq!(archive(false).places().count(), 0, "a part of a split archive is spent");
    }

    #[test]
    fn names_that_no_disk_holds_beside_each_other_are_refused() {
        #[track_caller]
        fn check(names: &[&str], good: bool) {
            let paths: Vec<RelPath> = names.iter().map(|name| RelPath::parse(name).unwrap()).collect();
            assert_eq!(refuse_collisions(paths.iter()).is_ok(), good, "{names:?}");
        }
        check(&["data/a.txt", "data/b.txt", "data/a/b"], true);
        check(&["data/a.txt", "data/A.TXT"], false);
        check(&["data/a", "data/a/b"], false);
        check(&["data/A/b", "data/a"], false);
    }
}
