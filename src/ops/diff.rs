//! `medsets diff`: what changed between two releases, or variants, of a dataset.
//!
//! A side is what the catalogue says of a release and, where they have it, the records of a copy
//! that is here and the project's lock. What a side does not know is told as such and never as no difference. No host is
//! asked.

mod facts;
mod files;
mod side;

use std::path::PathBuf;

use serde::Serialize;

use crate::context::Context;
use crate::values::{DatasetId, counted};

use super::failure::Failure;

pub use facts::{Fact, NameChange, UseChange};
pub use files::{FileAt, FileChange, FileChanges, Rename};

use side::{Base, Side};

/// What to compare.
#[derive(Debug, Default)]
pub struct DiffOptions {
    /// The dataset.
    pub dataset: String,
    /// The release or variant before.
    pub before: String,
    /// The release or variant after.
    pub after: String,
    /// By which source they come.
    pub source: Option<String>,
}

/// What changed.
#[derive(Debug, Serialize)]
pub struct DiffReport {
    /// The dataset.
    pub id: DatasetId,
    /// One side.
    pub before: SideMark,
    /// The other.
    pub after: SideMark,
    /// Whether anything that is known differs.
    pub different: bool,
    /// Single facts that differ: dates, licence, sizes, counts.
    pub facts: Vec<Fact>,
    /// What may be done with it, where that differs.
    pub uses: Vec<UseChange>,
    /// Steps that a person must take.
    pub steps: NameChange,
    /// Where the bytes are.
    pub sources: NameChange,
    /// Files, as far as both sides know theirs.
    pub files: Vec<Compared>,
    /// What could not be compared, and why.
    pub unknown: Vec<String>,
}

/// One side.
#[derive(Debug, Serialize)]
pub struct SideMark {
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// By which source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether the catalogue has it.
    pub in_catalog: bool,
    /// The copy that is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

/// Files that were compared.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Which files.
    pub of: Of,
    /// Where the list of the one side is from.
    pub before_from: Origin,
    /// Whether it names all of its files.
    pub before_whole: bool,
    /// Where that of the other is from.
    pub after_from: Origin,
    /// Whether it names all of its files.
    pub after_whole: bool,
    /// What differs.
    #[serde(flatten)]
    pub changes: FileChanges,
}

/// Which files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// Those below `data/` and `docs/`.
    Tree,
    /// Those of the publisher, archives whole.
    Release,
}

/// Where a list of files is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The records of a copy that is here.
    Disk,
    /// The catalogue.
    Catalog,
    /// The lock of the project around here.
    Lock,
}

/// Compares two releases or variants. Fails where a side is neither in the catalogue nor here.
pub fn diff(context: &Context, options: &DiffOptions) -> Result<DiffReport, Failure> {
    let base = Base::find(context, &options.dataset)?;
    let mut before = base.side(&options.before)?;
    let mut after = base.side(&options.after)?;
    side::choose_source(&mut before, &mut after, options.source.as_deref())?;
    let mut unknown = Vec::new();
    let files = [
        compared(Of::Tree, before.tree(), after.tree(), &mut unknown),
        compared(Of::Release, before.release(), after.release(), &mut unknown),
    ];
    let mut report = DiffReport {
        id: base.id.clone(),
        before: before.mark(),
        after: after.mark(),
        different: false,
        facts: facts::facts(&before, &after),
        uses: facts::uses(context.shelf()?, &before, &after),
        steps: facts::steps(&before, &after),
        sources: facts::sources(&before, &after),
        files: files.into_iter().flatten().collect(),
        unknown,
    };
    for side in [&before, &after] {
        if side.selection.is_none() {
            report.unknown.push(format!(
                "`{}` is not in the catalogue any more: its steps, sources and counts are not known",
                side.name()
            ));
        }
    }
    report.different = !report.facts.is_empty()
        || !report.uses.is_empty()
        || !report.steps.is_empty()
        || !report.sources.is_empty()
        || report.files.iter().any(|one| one.changes.is_different());
    Ok(report)
}

/// Compares two lists, or says why it cannot.
fn compared(of: Of, before: side::Known, after: side::Known, unknown: &mut Vec<String>) -> Option<Compared> {
    let (before, after) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        (before, after) => {
            // Trees are known of copies alone; that there is none needs no words.
            let reasons = [before.err(), after.err()].into_iter().flatten().flatten();
            unknown.extend(reasons);
            return None;
        }
    };
    let (before_whole, after_whole) = (before.whole, after.whole);
    let changes = files::compare(before.files, before_whole, after.files, after_whole);
    if changes.undecided > 0 {
        let files = counted(changes.undecided, "file");
        unknown
            .push(format!("whether {files} changed: the sides know no digest of one kind for it, and no other size"));
    }
    if changes.not_told > 0 {
        let files = counted(changes.not_told, "file");
        unknown.push(format!("{files} of one side alone: the list of the other is not whole, so they may be in it"));
    }
    Some(Compared { of, before_from: before.from, before_whole, after_from: after.from, after_whole, changes })
}

impl Side {
    fn mark(&self) -> SideMark {
        SideMark {
            version: self.version.clone(),
            variant: self.variant.clone(),
            source: self.channel.clone(),
            in_catalog: self.selection.is_some(),
            path: self.here.as_ref().map(|here| here.dir.root().to_path_buf()),
        }
    }
}
