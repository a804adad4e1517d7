//! `medsets verify` and `status`: what is here beside its records.

use serde::Serialize;

use crate::context::Context;
use crate::events::Event;
use crate::layout::check::{self, CheckMode, Damage};
use crate::values::{DatasetId, RelPath};

use super::exit::Exit;
use super::failure::Failure;
use super::here::{self, Here};

/// What was found for each dataset.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// One per dataset on disk.
    pub datasets: Vec<Verified>,
    /// Receipts that could not be read.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// How many datasets have records that cannot be read.
    #[serde(skip)]
    pub unread: usize,
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
    /// How it was checked: `quick`, `full` or `sample`.
    pub mode: &'static str,
}

/// Checks the named dataset, or all that are here. Reads only.
pub fn verify(context: &Context, name: Option<&str>, mode: CheckMode) -> Result<VerifyReport, Failure> {
    let (found, warnings) = here::named(context, name)?;
    let datasets = found.iter().map(|one| verify_one(context, one, mode)).collect::<Result<_, _>>()?;
    Ok(VerifyReport { datasets, unread: warnings.len(), warnings })
}

/// Checks one dataset.
pub fn verify_one(context: &Context, here: &Here, mode: CheckMode) -> Result<Verified, Failure> {
    let receipt = &here.receipt;
    if mode != CheckMode::Quick {
        context.report.report(Event::Started {
            dataset: receipt.dataset.clone(),
            files: receipt.files,
            bytes: receipt.bytes,
            kept: crate::values::ByteSize::ZERO,
            unknown_sizes: 0,
        });
        context.report.report(Event::Phase { dataset: receipt.dataset.clone(), phase: "verify" });
    }
    let progress = |file: &RelPath, bytes| context.report.report(Event::Progress { file: file.clone(), bytes });
    let Damage { checked, good, missing, changed, extra } = check::check(&here.dir, mode, &progress)?;
    Ok(Verified {
        id: receipt.dataset.clone(),
        version: receipt.version.clone(),
        variant: receipt.variant.clone(),
        path: here.dir.root().to_path_buf(),
        checked,
        ok: good,
        missing,
        changed,
        extra,
        mode: match mode {
            CheckMode::Quick => "quick",
            CheckMode::Full => "full",
            CheckMode::Sample(_) => "sample",
        },
    })
}

impl Verified {
    /// 40 when bytes are wrong, 62 when files are only missing or too many.
    pub fn exit(&self) -> Exit {
        if !self.changed.is_empty() {
            Exit::MISMATCH
        } else if self.missing.is_empty() && self.extra.is_empty() {
            Exit::DONE
        } else {
            Exit::DIFFERENT
        }
    }
}

impl VerifyReport {
    /// The worst of all datasets. One whose records cannot be read is not as it was.
    pub fn exit(&self) -> Exit {
        let unread = if self.unread == 0 { Exit::DONE } else { Exit::DIFFERENT };
        self.datasets.iter().map(Verified::exit).fold(unread, Exit::most_actionable)
    }
}
