//! `medsets verify` and `status`: what is here beside its records.

use serde::Serialize;

use crate::context::Context;
use crate::events::Event;
use crate::layout::check::{self, CheckMode, Damage};
use crate::layout::{DatasetDir, LayoutError};
use crate::remedy;
use crate::values::{DatasetId, DatasetName, RelPath};

use super::exit::Exit;
use super::failure::Failure;
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
    /// How many files the inventory names.
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
    let Damage { checked, good, missing, changed, extra } = compare(context, &here.dir, mode, &mut records)?;
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
        records,
        outside: here.receipt.as_ref().and_then(Outside::by_receipt),
        mode: match mode {
            CheckMode::Quick => "quick",
            CheckMode::Full => "full",
            CheckMode::Sample(_) => "sample",
        },
    })
}

/// By the inventory; where that cannot be read by the manifest, which says less; where that
/// cannot be read either, not at all.
fn compare(
    context: &Context,
    dir: &DatasetDir,
    mode: CheckMode,
    records: &mut Vec<String>,
) -> Result<Damage, LayoutError> {
    let progress = |file: &RelPath, bytes| context.report.report(Event::Progress { file: file.clone(), bytes });
    let mut note = |error: LayoutError, consequence: &str| {
        let fault = remedy::chain(&error);
        match records.iter_mut().find(|one| fault.contains(path_in(one))) {
            Some(known) => known.push_str(consequence),
            None => records.push(format!("{fault}{consequence}")),
        }
    };
    match check::check(dir, mode, &progress) {
        Err(error) if error.is_of_records() => {
            note(error, ": sizes, times and links were not checked, files by the manifest alone");
        }
        found => return found,
    }
    match check::check_by_manifest(dir, mode, &progress) {
        Err(error) if error.is_of_records() => {
            note(error, ": no file was checked");
            Ok(Damage::default())
        }
        found => found,
    }
}

/// The path that a fault names first.
fn path_in(fault: &str) -> &str {
    fault.split('`').nth(1).unwrap_or(fault)
}

impl Verified {
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

    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }

    /// Whether `--repair` has anything to do.
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
