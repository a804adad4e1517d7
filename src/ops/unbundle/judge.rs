//! A proven dataset beside what this program's own catalogue says of the release: that its records
//! agree with each other says nothing of whether they speak of it.

use std::collections::HashSet;

use crate::layout::receipt::Selection as Part;
use crate::layout::{FileRecord, LayoutError, Listed, ListedMark, Means, Proof, Receipt};
use crate::values::{Choice, RelPath};

use super::super::failure::Failure;
use super::super::foreign::{Changes, Foreign, OwnWord};
use super::fault::Fault;
use super::prove::Proven;
use super::{Plan, name_of};

/// Refuses what is not the release that the catalogue means.
pub(super) fn judge(plan: &Plan, proven: &Proven) -> Result<(), Fault> {
    let one = &plan.bundled;
    let Some(selection) = &plan.selection else { return Ok(()) };
    let Some(source) = selection.source(Some(&one.channel)) else { return Ok(()) };
    let receipt = &proven.receipt;
    let by_word = by_word(plan, proven)?;
    // What a person adopted by their word alone is no part that the entry could name.
    let part = match by_word.is_empty() {
        true => receipt.selection.clone(),
        false => Part::asked(&Choice { exclude: vec!["**".to_owned()], ..Choice::default() }, false),
    };
    let foreign = Foreign {
        selection,
        source,
        part: &part,
        laid_out_by: receipt.catalog.entry,
        partial: &receipt.partial,
        changes: Changes::Told,
    };
    let marks = marks(proven)?.filter(|mark| mark.as_ref().map_or(true, |mark| !by_word.contains(&mark.path)));
    let records = proven.inventory.lines()?.into_items::<FileRecord>();
    let records =
        records.filter(|record| record.as_ref().map_or(true, |record| !by_word.contains(&record.origin.file)));
    match foreign.judge(marks, records)? {
        None => Ok(()),
        Some(disagreement) => {
            let failure = disagreement.failure(&format!("`{}` in it", name_of(one))).of(&one.id);
            Err(Fault::of_bundle(failure.help("nothing of it was kept; ask whoever made the bundle")))
        }
    }
}

/// Files of an adopted copy that nothing proved and the entry does not name: their records claim
/// nothing.
fn by_word(plan: &Plan, proven: &Proven) -> Result<HashSet<RelPath>, Failure> {
    if proven.receipt.means != Means::Adopt && !was_adopted(&proven.receipt) {
        return Ok(HashSet::new());
    }
    let channel = Some(plan.bundled.channel.as_str());
    let named: HashSet<&RelPath> =
        plan.selection.iter().flat_map(|selection| selection.files(channel)).map(|file| &file.path).collect();
    let mut found = HashSet::new();
    for mark in marks(proven)? {
        let mark = mark?;
        if mark.verified == Proof::FirstUse && !named.contains(&mark.path) {
            found.insert(mark.path);
        }
    }
    Ok(found)
}

fn was_adopted(receipt: &Receipt) -> bool {
    receipt.brought.as_ref().is_some_and(|brought| brought.means == Means::Adopt)
}

/// The list of the release's files.
pub(super) fn marks(
    proven: &Proven,
) -> Result<Box<dyn Iterator<Item = Result<ListedMark, LayoutError>> + '_>, Failure> {
    Ok(match (&proven.receipt.listed, &proven.listed) {
        (Listed::Within(marks), _) => Box::new(marks.iter().cloned().map(Ok)),
        (Listed::Beside(_), Some(listed)) => Box::new(listed.lines()?.into_items::<ListedMark>()),
        (Listed::Beside(_), None) => Box::new(std::iter::empty()),
    })
}

/// What the person's own program says of the files: nothing of a dataset that it does not know,
/// of which the other's records alone speak.
pub(super) struct OwnSide<'p>(Option<OwnWord<'p>>);

impl<'p> OwnSide<'p> {
    /// Of a dataset that the own catalogue knows, or does not.
    pub fn of(plan: &'p Plan, is_known: bool) -> Self {
        let selection = plan.selection.as_ref().filter(|_| is_known);
        Self(selection.map(|selection| OwnWord::of(selection, &plan.bundled.channel)))
    }

    /// A line of the list as the own receipt has it.
    pub fn mark(&self, mark: ListedMark) -> ListedMark {
        let verified = match &self.0 {
            Some(word) => word.proof(&mark),
            None => lowered(mark.verified),
        };
        ListedMark { verified, ..mark }
    }

    /// A record as the own inventory has it.
    pub fn record(&self, mut record: FileRecord) -> FileRecord {
        if let Some(word) = &self.0 {
            record.license = word.license(&record.origin.file, record.license);
        }
        record.origin.verified = record.origin.verified.map(lowered);
        record
    }
}

/// A digest that somebody else compared is the word of their records.
pub(super) fn lowered(proof: Proof) -> Proof {
    if proof.is_known_beforehand() { Proof::Records } else { proof }
}
