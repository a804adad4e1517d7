//! `medsets list` and `path`: what is here, and where.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::layout::DatasetDir;
use crate::values::{ByteSize, DatasetId};

use super::accept::one_selection;
use super::exit::Exit;
use super::failure::Failure;
use super::here;

/// What is here.
#[derive(Debug, Serialize)]
pub struct ListReport {
    /// One per dataset on disk.
    pub datasets: Vec<Listed>,
    /// Receipts that could not be read.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// One dataset on disk.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Files below `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// `whole`, or `part` when only some of the release's files are here.
    pub state: &'static str,
    /// Licence expression.
    pub license: String,
    /// When the first agreement it rests on was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Timestamp>,
    /// When it was fetched.
    pub completed: Timestamp,
    /// Its folder.
    pub path: PathBuf,
}

impl Listed {
    /// Its name in full.
    pub fn name(&self) -> String {
        let variant = self.variant.as_ref().map_or(String::new(), |variant| format!(":{variant}"));
        format!("{}@{}{variant}", self.id, self.version)
    }
}

/// Lists what is here. Reads receipts only.
pub fn list(context: &Context) -> Result<ListReport, Failure> {
    let (found, warnings) = here::all(context)?;
    let entries = match found.iter().any(|here| !here.receipt.license.accepted.is_empty()) {
        true => context.ledger()?.read_all()?.entries,
        false => Vec::new(),
    };
    let accepted =
        |sequence: u64| entries.iter().find(|entry| entry.sequence == sequence).map(|entry| entry.record.time);
    let datasets = found.into_iter().map(|here| Listed {
        state: if here.receipt.selection.whole { "whole" } else { "part" },
        accepted: here.receipt.license.accepted.first().and_then(|mark| accepted(mark.sequence)),
        id: here.receipt.dataset,
        version: here.receipt.version,
        variant: here.receipt.variant,
        files: here.receipt.files,
        bytes: here.receipt.bytes,
        license: here.receipt.license.expression,
        completed: here.receipt.completed,
        path: here.dir.root().to_path_buf(),
    });
    Ok(ListReport { datasets: datasets.collect(), warnings })
}

/// The folder of a dataset: the one that is here, else where a fetch would put it.
pub fn path(context: &Context, name: &str, must_exist: bool) -> Result<PathBuf, Failure> {
    match here::one(context, name) {
        Ok(here) => Ok(here.dir.root().to_path_buf()),
        Err(failure) if must_exist || failure.exit == Exit::USAGE => Err(failure),
        Err(_) => {
            let selection = one_selection(context, name)?;
            Ok(DatasetDir::new(&context.data_dir()?, selection.id(), &selection.slug()).root().to_path_buf())
        }
    }
}
