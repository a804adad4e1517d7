//! A proven dataset beside what this program's own catalogue says of the release: that its records
//! agree with each other says nothing of whether they speak of it.

use crate::bundle::Bundled;
use crate::layout::{FileRecord, LayoutError, Listed, ListedMark, Proof};
use crate::values::{Printable, RelPath, ShellWord, counted};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::foreign::{Foreign, OwnWord, WordOfPerson, accepted_changes};
use super::fault::Fault;
use super::prove::Proven;
use super::{Plan, UnbundleState, name_of};

/// Refuses what is not the release that the catalogue means, but for the files of `accepted`. Gives
/// those of them that are others than the catalogue's.
pub(super) fn judge(plan: &Plan, proven: &Proven, accepted: &[String]) -> Result<Vec<RelPath>, Fault> {
    let one = &plan.bundled;
    let Some(selection) = plan.selection.as_ref().filter(|_| plan.state == UnbundleState::WouldBeUnbundled) else {
        return Ok(Vec::new());
    };
    let Some(source) = selection.source(Some(&one.channel)) else { return Ok(Vec::new()) };
    let changes = accepted_changes(marks(proven)?)?;
    let refused: Vec<&RelPath> =
        changes.iter().filter(|path| !accepted.iter().any(|name| *name == path.as_str())).collect();
    if !refused.is_empty() {
        return Err(not_accepted(one, &refused, proven));
    }
    let receipt = &proven.receipt;
    let word = WordOfPerson::of(receipt, selection, marks(proven)?)?;
    let part = word.part(receipt);
    let foreign = Foreign {
        selection,
        source,
        part: &part,
        laid_out_by: receipt.catalog.entry,
        partial: &receipt.partial,
        accepted,
    };
    let others = foreign.other_bytes(marks(proven)?)?;
    let marks = word.other_marks(marks(proven)?);
    let records = word.other_records(proven.inventory.lines()?.into_items::<FileRecord>());
    match foreign.judge(marks, records)? {
        None => {
            let is_new = |path: &RelPath| !changes.contains(path) && accepted.iter().any(|name| *name == path.as_str());
            let by_catalogue: Vec<RelPath> = others.into_iter().filter(is_new).collect();
            Ok([changes, by_catalogue].concat())
        }
        Some(disagreement) => {
            let failure = disagreement.failure(&format!("`{}` in it", name_of(one))).of(&one.id);
            let failure = failure.help("nothing of it was kept; ask whoever made the bundle");
            Err(Fault::of_bundle(match others.contains(&disagreement.path) {
                true => failure.help(format!(
                    "to take it by your own decision, add `--accept-changed {} --reason TEXT`",
                    ShellWord(disagreement.path.as_str())
                )),
                false => failure,
            }))
        }
    }
}

/// Nobody's decision but the person's own lets other bytes in.
fn not_accepted(one: &Bundled, changes: &[&RelPath], proven: &Proven) -> Fault {
    let reason = proven.receipt.reason.as_deref().unwrap_or("no reason is given");
    let message = format!(
        "the bytes of {} of `{}` in it are other than the catalogue's, by the decision of whoever made it ({}): `{}`",
        counted(changes.len() as u64, "file"),
        name_of(one),
        Printable::new(reason),
        changes[0]
    );
    let words: Vec<String> =
        changes.iter().take(MOST_NAMED).map(|path| format!("--accept-changed {}", ShellWord(path.as_str()))).collect();
    let more = if changes.len() > MOST_NAMED { " ..." } else { "" };
    let failure = Failure::new(Exit::MISMATCH, message).of(&one.id).in_file(changes[0]);
    Fault::of_bundle(failure.help(format!(
        "nothing of it was kept; to take them by your own decision, add `{}{more} --reason TEXT`",
        words.join(" ")
    )))
}

/// Files that are named in one line of advice.
const MOST_NAMED: usize = 5;

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
pub(super) struct OwnSide<'p> {
    word: Option<OwnWord<'p>>,
    /// Files that the person takes with other bytes than the catalogue's.
    changed: Vec<RelPath>,
}

impl<'p> OwnSide<'p> {
    /// Of a dataset that the own catalogue knows, or does not, with the files that [`judge`] gave.
    pub fn of(plan: &'p Plan, is_known: bool, changed: Vec<RelPath>) -> Self {
        let selection = plan.selection.as_ref().filter(|_| is_known);
        Self { word: selection.map(|selection| OwnWord::of(selection, &plan.bundled.channel)), changed }
    }

    /// A line of the list as the own receipt has it.
    pub fn mark(&self, mark: ListedMark) -> ListedMark {
        let verified = match &self.word {
            Some(word) => word.proof(&mark),
            None => lowered(mark.verified),
        };
        let is_by_word = verified != Proof::Catalog && self.changed.contains(&mark.path);
        let verified = if is_by_word { Proof::AcceptedChange } else { verified };
        ListedMark { verified, ..mark }
    }

    /// A record as the own inventory has it.
    pub fn record(&self, mut record: FileRecord) -> FileRecord {
        if let Some(word) = &self.word {
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
