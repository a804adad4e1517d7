//! `medsets verify` and `status`: what is here beside its records.

use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::events::Event;
use crate::layout::LayoutError;
use crate::layout::check::{self, CheckMode, Damage};
use crate::remedy;
use crate::values::{DatasetId, DatasetName, RelPath};

use super::exit::Exit;
use super::failure::Failure;
use super::hands_off::{self, HandsOff};
use super::here::{self, Here};
use super::outside::Outside;

/// What was found for each dataset.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// One per dataset on disk.
    pub datasets: Vec<Verified>,
}

/// What was found for one dataset.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Its folder.
    pub path: std::path::PathBuf,
    /// How many files the inventory names, and archives that lie beside them.
    pub checked: u64,
    /// How many are as they should be.
    pub ok: u64,
    /// Files that are not there.
    pub missing: Vec<RelPath>,
    /// Files with other bytes.
    pub changed: Vec<RelPath>,
    /// Files the inventory does not name.
    pub extra: Vec<String>,
    /// What is wrong with its records, and what could therefore not be checked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
    /// Whether the inventory and the list of the release's files are those that were written, so
    /// that what is good can be taken over.
    #[serde(skip)]
    pub carries: bool,
    /// Files that were read and are right, and have another time than their record says.
    #[serde(skip)]
    pub touched: Vec<(RelPath, Timestamp)>,
    /// Whether its folder is a link to where nothing is.
    #[serde(skip)]
    pub is_away: bool,
    /// What to do about damage where medsets has no place to put anything: its folder is such a link,
    /// or its files lie in a shared folder or where a person put them.
    #[serde(skip)]
    pub by_hand: Option<String>,
    /// How it was checked: `quick`, `full` or `sample`.
    pub mode: &'static str,
    /// The mark of what is not in the catalogue.
    #[serde(flatten)]
    pub outside: Option<Outside>,
}

/// Checks the named dataset, or all that are here. Reads only.
pub fn verify(context: &Context, name: Option<&str>, mode: CheckMode) -> Result<VerifyReport, Failure> {
    let found = here::named(context, name)?;
    let datasets = found.iter().map(|one| verify_one(context, one, mode)).collect::<Result<_, _>>()?;
    Ok(VerifyReport { datasets })
}

/// Checks one dataset, as far as its records allow.
pub fn verify_one(context: &Context, here: &Here, mode: CheckMode) -> Result<Verified, Failure> {
    if let (Some(receipt), true) = (&here.receipt, mode != CheckMode::Quick) {
        context.report.report(Event::Started {
            dataset: receipt.dataset.clone(),
            files: receipt.files,
            bytes: receipt.bytes,
            kept: crate::values::ByteSize::ZERO,
            unknown_sizes: 0,
        });
        context.report.report(Event::Phase { dataset: receipt.dataset.clone(), phase: "verify" });
    }
    let mut records: Vec<String> = here.fault.iter().cloned().collect();
    if here.away().is_some() {
        return Ok(Verified::away(here, mode, records));
    }
    let is_known = pinned(here, &mut records)?;
    let (mut found, inventory) = compare(context, here, mode, &mut records)?;
    if let (Some(receipt), true) = (&here.receipt, is_known && inventory == Inventory::Written) {
        let progress = |file: &RelPath, bytes| context.report.report(Event::Progress { file: file.clone(), bytes });
        found.extend(check::check_archives(&here.dir, receipt, mode, &progress)?);
    }
    let Damage { checked, good, touched, missing, changed, extra, .. } = found;
    Ok(Verified {
        id: here.id.clone(),
        version: here.version.clone(),
        variant: here.variant.clone(),
        path: here.dir.root().to_path_buf(),
        checked,
        ok: good,
        missing,
        changed,
        extra,
        carries: here.fault.is_none() && is_known && inventory == Inventory::Written,
        records,
        touched,
        is_away: false,
        by_hand: by_hand(context, here)?,
        outside: here.receipt.as_ref().and_then(Outside::by_receipt),
        mode: word(mode),
    })
}

/// How damage is mended where medsets writes nothing.
fn by_hand(context: &Context, here: &Here) -> Result<Option<String>, LayoutError> {
    let name = here.name();
    Ok(HandsOff::of(&here.dir)?.map(|one| one.advice(&name, hands_off::is_locked(context, &name))))
}

fn word(mode: CheckMode) -> &'static str {
    match mode {
        CheckMode::Quick => "quick",
        CheckMode::Full => "full",
        CheckMode::Sample(_) => "sample",
    }
}

/// Whether the list of the release's files is the one that the receipt pins. Notes where that or
/// the manifest is not.
fn pinned(here: &Here, records: &mut Vec<String>) -> Result<bool, LayoutError> {
    let Some(receipt) = &here.receipt else { return Ok(false) };
    let manifest = check::check_record(&here.dir.manifest_path(), receipt.tree);
    note_record(records, manifest, "")?;
    note_record(records, receipt.listed.check(&here.dir), ": nothing of the dataset can be taken over in a repair")
}

/// Notes what is wrong with a record; whether it is as it should be.
fn note_record(
    records: &mut Vec<String>,
    outcome: Result<(), LayoutError>,
    consequence: &str,
) -> Result<bool, LayoutError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.is_of_records() => {
            note(records, &error, consequence);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Notes a fault, or what follows from one that is noted already.
fn note(records: &mut Vec<String>, error: &LayoutError, consequence: &str) {
    let fault = remedy::chain(error);
    match records.iter_mut().find(|one| fault.contains(path_in(one))) {
        Some(known) => known.push_str(consequence),
        None => records.push(format!("{fault}{consequence}")),
    }
}

/// What an inventory is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inventory {
    /// It is the one that was written, as far as the receipt tells.
    Written,
    /// It is another, or cannot be read.
    Unreliable,
}

/// By the inventory; where that is not the one that was written by the manifest, which says less,
/// if that is; where neither can be read, not at all.
fn compare(
    context: &Context,
    here: &Here,
    mode: CheckMode,
    records: &mut Vec<String>,
) -> Result<(Damage, Inventory), LayoutError> {
    let dir = &here.dir;
    let progress = |file: &RelPath, bytes| context.report.report(Event::Progress { file: file.clone(), bytes });
    let tree = here.receipt.as_ref().map(|receipt| receipt.tree);
    match check::check(dir, mode, &progress) {
        Ok(found) if tree.is_none_or(|tree| found.tree == Some(tree)) => return Ok((found, Inventory::Written)),
        Ok(found) => {
            records.push(format!(
                "`{}` does not name the files of the receipt: one of the two was changed",
                dir.inventory_path().display()
            ));
            let is_better = tree.is_some_and(|tree| check::check_record(&dir.manifest_path(), tree).is_ok());
            if !is_better {
                return Ok((found, Inventory::Unreliable));
            }
        }
        Err(error) if error.is_of_records() => {
            note(records, &error, ": sizes, times and links were not checked, files by the manifest alone");
        }
        Err(error) => return Err(error),
    }
    match check::check_by_manifest(dir, mode, &progress) {
        Err(error) if error.is_of_records() => {
            note(records, &error, ": no file was checked");
            Ok((Damage::default(), Inventory::Unreliable))
        }
        found => Ok((found?, Inventory::Unreliable)),
    }
}

/// The path that a fault names first.
fn path_in(fault: &str) -> &str {
    fault.split('`').nth(1).unwrap_or(fault)
}

impl Verified {
    /// Of what its link does not lead to any more nothing can be checked.
    fn away(here: &Here, mode: CheckMode, records: Vec<String>) -> Self {
        Self {
            id: here.id.clone(),
            version: here.version.clone(),
            variant: here.variant.clone(),
            path: here.dir.root().to_path_buf(),
            checked: 0,
            ok: 0,
            missing: Vec::new(),
            changed: Vec::new(),
            extra: Vec::new(),
            records,
            carries: false,
            touched: Vec::new(),
            is_away: true,
            by_hand: Some(here.way_back()),
            mode: word(mode),
            outside: None,
        }
    }

    /// 40 when bytes are wrong, 62 when files are only missing or too many, or the records are
    /// damaged.
    pub fn exit(&self) -> Exit {
        if !self.changed.is_empty() {
            Exit::MISMATCH
        } else if self.missing.is_empty() && self.extra.is_empty() && self.records.is_empty() {
            Exit::DONE
        } else {
            Exit::DIFFERENT
        }
    }

    /// That nothing can be told or mended where a link leads, and what to do.
    pub fn away_failure(&self) -> Failure {
        let message = format!("`{}` is not to be had: {}", self.name(), self.records.join("; "));
        let failure = Failure::new(Exit::DIFFERENT, message).of(&self.id);
        self.by_hand.iter().fold(failure, Failure::help)
    }

    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }

    /// Whether `--repair` changes what was found.
    pub fn wants_repair(&self) -> bool {
        self.is_damaged() || !self.touched.is_empty()
    }

    /// Whether anything is not to be had here as it should be.
    pub fn is_damaged(&self) -> bool {
        !self.missing.is_empty() || !self.changed.is_empty() || !self.records.is_empty()
    }
}

impl VerifyReport {
    /// The worst of all datasets.
    pub fn exit(&self) -> Exit {
        self.datasets.iter().map(Verified::exit).fold(Exit::DONE, Exit::most_actionable)
    }
}
