//! Copies that were made elsewhere, beside what the own catalogue says of the release.
//!
//! A copy in a shared folder, in a mirror, in a bundle or beside files that a person already had
//! comes with records that somebody else wrote. Their digests prove that the bytes are those of
//! the records. Whether the records speak of the release that is asked for, of all of it and of
//! nothing else, is judged here, by the entry that the person's own program has. What an entry
//! does not name (members of archives, files that only the host lists) stays the other's word.

use std::collections::{HashMap, HashSet};

use crate::catalog::{FileEntry, FileTerms, HostRules, Selection, Source, Treatment};
use crate::layout::receipt::{PartialMark, Selection as Part};
use crate::layout::{FileRecord, LayoutError, ListedMark, Means, Proof, Receipt, RecordKind};
use crate::values::{Algorithm, Choice, Digest, Printable, RelPath};

use super::choice::{Chooser, Meant};
use super::doubt::Doubts;
use super::exit::Exit;
use super::failure::Failure;

/// The records of a copy that somebody else made.
pub(super) struct Foreign<'a> {
    /// The release, by the own catalogue.
    pub selection: &'a Selection,
    /// By which of its sources the copy came.
    pub source: &'a Source,
    /// What part of the release the copy says it is.
    pub part: &'a Part,
    /// Digest of the entry by which it was laid out.
    pub laid_out_by: Digest,
    /// Archives of which it has some members.
    pub partial: &'a [PartialMark],
    /// The files, by path at the publisher, of which this person takes other bytes than the catalogue's.
    pub accepted: &'a [String],
}

/// In what a copy is not the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disagreement {
    /// The file of the release, or of the copy.
    pub path: RelPath,
    /// How, as it follows on the name of the file.
    pub how: String,
}

impl Disagreement {
    /// As a failure (40). `who` is the copy, such as "the mirror `URL`".
    pub fn failure(&self, who: &str) -> Failure {
        let message = format!("{who} is not what the catalogue means: `{}` {}", self.path, self.how);
        Failure::new(Exit::MISMATCH, message).in_file(&self.path)
    }
}

/// Files of a copy of which its owner took other bytes than the publisher named, in the order of its
/// list.
pub(super) fn accepted_changes(
    marks: impl Iterator<Item = Result<ListedMark, LayoutError>>,
) -> Result<Vec<RelPath>, LayoutError> {
    let is_one =
        |mark: &Result<ListedMark, _>| mark.as_ref().map_or(true, |mark| mark.verified == Proof::AcceptedChange);
    marks.filter(is_one).map(|mark| Ok(mark?.path)).collect()
}

/// Files of an adopted copy that nothing proved and the entry does not name, by path at the
/// publisher: their records are the word of the person alone and claim nothing.
pub(super) struct WordOfPerson(HashSet<RelPath>);

impl WordOfPerson {
    /// By the receipt of the copy and its list. Fails where that cannot be read.
    pub fn of(
        receipt: &Receipt,
        selection: &Selection,
        marks: impl Iterator<Item = Result<ListedMark, LayoutError>>,
    ) -> Result<Self, LayoutError> {
        let was_adopted = receipt.brought.as_ref().is_some_and(|brought| brought.means == Means::Adopt);
        if receipt.means != Means::Adopt && !was_adopted {
            return Ok(Self(HashSet::new()));
        }
        let channel = Some(receipt.source.channel.as_str());
        let named: HashSet<&RelPath> = selection.files(channel).map(|file| &file.path).collect();
        let mut found = HashSet::new();
        for mark in marks {
            let mark = mark?;
            if mark.verified == Proof::FirstUse && !named.contains(&mark.path) {
                found.insert(mark.path);
            }
        }
        Ok(Self(found))
    }

    /// What part of the release the copy is. With such files it is none that the entry could name.
    pub fn part(&self, receipt: &Receipt) -> Part {
        match self.0.is_empty() {
            true => receipt.selection.clone(),
            false => Part::asked(&Choice { exclude: vec!["**".to_owned()], ..Choice::default() }, false),
        }
    }

    /// The list without these files.
    pub fn other_marks<M>(&self, marks: M) -> impl Iterator<Item = Result<ListedMark, LayoutError>>
    where
        M: Iterator<Item = Result<ListedMark, LayoutError>>,
    {
        marks.filter(|mark| mark.as_ref().map_or(true, |mark| !self.0.contains(&mark.path)))
    }

    /// The inventory without these files.
    pub fn other_records<R>(&self, records: R) -> impl Iterator<Item = Result<FileRecord, LayoutError>>
    where
        R: Iterator<Item = Result<FileRecord, LayoutError>>,
    {
        records.filter(|record| record.as_ref().map_or(true, |record| !self.0.contains(&record.origin.file)))
    }
}

/// What the entry says of one file of the list.
struct Known<'a> {
    entry: Option<&'a FileEntry>,
    mark: ListedMark,
    is_archive: bool,
    into: RelPath,
    records: u64,
}

impl Foreign<'_> {
    /// Holds the list of the release's files and the inventory against the entry. Gives the first
    /// disagreement.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn judge(
        &self,
        marks: impl Iterator<Item = Result<ListedMark, LayoutError>>,
        records: impl Iterator<Item = Result<FileRecord, LayoutError>>,
    ) -> Result<Option<Disagreement>, Failure> {
        let mut known = match self.files(marks)? {
            Ok(known) => known,
            Err(disagreement) => return Ok(Some(disagreement)),
        };
        let partial: HashSet<&RelPath> = self.partial.iter().map(|mark| &mark.path).collect();
        for record in records {
            let record = record?;
            let Some(file) = known.get_mut(&record.origin.file) else {
                if partial.contains(&record.origin.file) {
                    continue;
                }
                return Ok(unlike(&record.path, "belongs to no file that its list names"));
            };
            file.records += 1;
            if !file.mark.unpacked
                && let Some(how) = self.unlike_its_file(&record, file)
            {
                return Ok(unlike(&record.path, how));
            }
        }
        let lost = known.iter().find(|(_, file)| file.records == 0 && !file.mark.unpacked && !file.is_archive);
        if let Some((path, _)) = lost {
            return Ok(unlike(path, "is in its list and not among its files"));
        }
        self.missing(&known, &partial)
    }

    /// The files of the list whose bytes are not those that the entry names.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn other_bytes(
        &self,
        marks: impl Iterator<Item = Result<ListedMark, LayoutError>>,
    ) -> Result<Vec<RelPath>, Failure> {
        let channel = self.source.channel.as_str();
        let entries: HashMap<&RelPath, &FileEntry> =
            self.selection.files(Some(channel)).map(|file| (&file.path, file)).collect();
        let doubts = Doubts::of(self.selection, channel);
        let mut others = Vec::new();
        for mark in marks {
            let mark = mark?;
            let is_doubted = doubts.concern(&mark.path);
            if entries.get(&mark.path).is_some_and(|entry| unlike_entry(entry, &mark, is_doubted).is_some()) {
                others.push(mark.path);
            }
        }
        Ok(others)
    }

    /// The list beside the entry.
    #[allow(clippy::type_complexity, reason = "what fails, then what disagrees")]
    fn files(
        &self,
        marks: impl Iterator<Item = Result<ListedMark, LayoutError>>,
    ) -> Result<Result<HashMap<RelPath, Known<'_>>, Disagreement>, Failure> {
        let channel = self.source.channel.as_str();
        let entries: HashMap<&RelPath, &FileEntry> =
            self.selection.files(Some(channel)).map(|file| (&file.path, file)).collect();
        let named: HashSet<&RelPath> = self.selection.release().files.iter().map(|file| &file.path).collect();
        let rules = HostRules::of(self.selection, &self.source.host);
        let tables = self.selection.files(Some(channel)).filter_map(|file| file.unpack.as_ref());
        let parts: HashSet<&str> = tables.flat_map(|rules| rules.table.parts.iter().map(String::as_str)).collect();
        let doubts = Doubts::of(self.selection, channel);
        let mut known = HashMap::new();
        for mark in marks {
            let mark = mark?;
            let entry = entries.get(&mark.path).copied();
            let treatment = match entry {
                Some(entry) => Some(Treatment::from(entry)),
                None if self.source.lists => rules.treatment(&mark.path, named.contains(&mark.path)),
                None => None,
            };
            let is_part = parts.contains(mark.path.as_str()) || parts.contains(mark.path.file_name());
            let Some(treatment) = treatment else {
                return Ok(Err(Disagreement { path: mark.path, how: "is no file of this release and source".into() }));
            };
            let is_archive = treatment.unpack.is_some() || is_part;
            let is_doubted = doubts.concern(&mark.path);
            let how = match entry {
                _ if mark.unpacked && !is_archive => Some("is no archive, and is said to be unpacked".to_owned()),
                _ if self.accepted.iter().any(|name| *name == mark.path.as_str()) => None,
                _ if mark.verified == Proof::AcceptedChange => Some(
                    "was taken there with other bytes than the catalogue's, by somebody else's decision".to_owned(),
                ),
                Some(entry) => unlike_entry(entry, &mark, is_doubted),
                None => None,
            };
            if let Some(how) = how {
                return Ok(Err(Disagreement { path: mark.path, how }));
            }
            let into = treatment.into.clone();
            let path = mark.path.clone();
            if known.insert(path.clone(), Known { entry, mark, is_archive, into, records: 0 }).is_some() {
                return Ok(Err(Disagreement { path, how: "is in its list twice".into() }));
            }
        }
        Ok(Ok(known))
    }

    /// How the record of a file that lies as it came is not what the list says of it.
    fn unlike_its_file(&self, record: &FileRecord, file: &Known<'_>) -> Option<String> {
        let mark = &file.mark;
        if file.records > 1 {
            return Some(format!("is one of several files that `{}`, which is no archive, is said to be", mark.path));
        }
        if record.kind != RecordKind::File {
            return Some("is a link in the place of a file".to_owned());
        }
        if (record.sha256, record.size) != (mark.sha256, mark.size) {
            return Some(format!(
                "is {} ({}), and its list says {} ({})",
                record.sha256, record.size, mark.sha256, mark.size
            ));
        }
        // An entry of another day may have had another place for it.
        let is_same_entry = self.laid_out_by == self.selection.dataset().digest;
        let place = mark.path.below(&file.into).ok();
        (is_same_entry && !file.is_archive && file.entry.is_some() && place.as_ref() != Some(&record.path)).then(|| {
            let place = place.map_or(String::new(), |place| place.to_string());
            format!("is not where the entry puts `{}`: `{place}`", mark.path)
        })
    }

    /// A file that the part needs, by the entry, and the copy does not have.
    fn missing(
        &self,
        known: &HashMap<RelPath, Known<'_>>,
        partial: &HashSet<&RelPath>,
    ) -> Result<Option<Disagreement>, Failure> {
        let channel = Some(self.source.channel.as_str());
        let mut chooser = Chooser::of(&self.part.choice, self.selection)?;
        let terms = self.selection.file_terms(channel);
        for entry in self.selection.files(channel).filter(|entry| !entry.manual) {
            let treatment = Treatment::from(entry);
            let is_archive = treatment.unpack.is_some() || entry.path.file_name().to_lowercase().ends_with(".zip");
            let meant = chooser.meant(&entry.path, [treatment.group, None], &terms.treated(&treatment), is_archive);
            let is_here = match meant {
                Meant::Not => true,
                Meant::Whole => known.contains_key(&entry.path),
                // Where nothing of an archive was meant, it is not in the records.
                Meant::Members { named, .. } => {
                    !named || known.contains_key(&entry.path) || partial.contains(&entry.path)
                }
            };
            if !is_here {
                return Ok(unlike(&entry.path, "is a file of the release, and the copy says it is whole without it"));
            }
        }
        Ok(None)
    }
}

/// What a person's own program says of the files in the records of another copy: what proves
/// them, and their terms.
pub(super) struct OwnWord<'s> {
    entries: HashMap<&'s RelPath, &'s FileEntry>,
    terms: FileTerms<'s>,
}

impl<'s> OwnWord<'s> {
    /// By a source of the release.
    pub fn of(selection: &'s Selection, channel: &'s str) -> Self {
        let entries = selection.files(Some(channel)).map(|file| (&file.path, file)).collect();
        Self { entries, terms: selection.file_terms(Some(channel)) }
    }

    /// What proves a file of the release: the entry where that names its SHA-256, else the records
    /// that came with the copy.
    pub fn proof(&self, mark: &ListedMark) -> Proof {
        lowered(self.entries.get(&mark.path).copied(), mark)
    }

    /// The terms of what a file of the release holds, where they differ from the whole's: by the
    /// entry where it names the file, else as the records say.
    pub fn license(&self, file: &RelPath, recorded: Option<String>) -> Option<String> {
        let Some(entry) = self.entries.get(file) else { return recorded };
        let own = self.terms.file(entry);
        (own != self.terms.whole()).then(|| own.into_owned())
    }
}

fn lowered(entry: Option<&FileEntry>, mark: &ListedMark) -> Proof {
    let is_named = entry.is_some_and(|entry| entry.digests.contains(&mark.sha256));
    match mark.verified {
        // The archive itself is not here: its members are as somebody else unpacked them.
        _ if is_named && !mark.unpacked => Proof::Catalog,
        proof if proof.is_known_beforehand() => Proof::Records,
        proof => proof,
    }
}

/// How a file is not the one that the entry names.
fn unlike_entry(entry: &FileEntry, mark: &ListedMark, is_doubted: bool) -> Option<String> {
    let is_named = |algorithm| entry.digests.iter().find(|digest| digest.algorithm() == algorithm);
    match is_named(Algorithm::Sha256) {
        Some(sha256) if *sha256 == mark.sha256 => return None,
        Some(sha256) => return Some(format!("is {}, and the catalogue names {sha256}", mark.sha256)),
        None => {}
    }
    if entry.size.is_some_and(|size| size != mark.size) {
        let size = entry.size.map_or(String::new(), |size| size.to_string());
        return Some(format!("has {}, and the catalogue names {size}", mark.size));
    }
    let other = |named: &&Digest| {
        let of_kind = mark.known.iter().find(|known| known.digest.algorithm() == named.algorithm());
        of_kind.is_some_and(|known| known.digest != **named)
    };
    let other = entry.digests.iter().find(other).filter(|_| !is_doubted);
    other.map(|named| format!("was compared there with another digest than the catalogue's {named}"))
}

fn unlike(path: &RelPath, how: impl Into<String>) -> Option<Disagreement> {
    Some(Disagreement { path: path.clone(), how: Printable::new(&how.into()).to_string() })
}
