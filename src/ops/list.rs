//! `medsets list` and `path`: what is here, and where.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::layout::DatasetDir;
use crate::values::{ByteSize, DatasetId, DatasetName};

use super::exit::Exit;
use super::failure::Failure;
use super::held::{Own, Unaccepted};
use super::here::{self, Here};
use super::outside::Outside;
use super::selection::one_selection;
use super::shared;

/// What is here.
#[derive(Debug, Serialize)]
pub struct ListReport {
    /// One per dataset on disk.
    pub datasets: Vec<Listed>,
    /// About records that are damaged.
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
    /// Files below `data/` and `docs/`; not known where the receipt cannot be read, like all
    /// that it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Their bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ByteSize>,
    /// `whole`, `part` when only some of the release's files are here, `damaged` when its
    /// records are, or `missing` when its files, or all of it, are not where they lay.
    pub state: &'static str,
    /// What is wrong with its records, or where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Licence expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// When this person accepted the first agreement that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Timestamp>,
    /// Agreements that it rests on and that do not hold for this person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unaccepted: Vec<Unaccepted>,
    /// When it was fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed: Option<Timestamp>,
    /// Its folder.
    pub path: PathBuf,
    /// The copy of somebody else that the folder is a link to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<PathBuf>,
    /// The mark of what is not in the catalogue.
    #[serde(flatten)]
    pub outside: Option<Outside>,
}

impl Listed {
    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }
}

/// Lists what is here. Reads receipts only; of files that a person put there it looks whether their
/// folder is there.
pub fn list(context: &Context) -> Result<ListReport, Failure> {
    let found = here::all(context)?;
    let warnings = here::warnings(&found);
    let own = Own::of(context, found.iter().filter_map(|here| here.receipt.as_ref()))?;
    let listed = |here: Here| {
        let absence = here.absence();
        let receipt = here.receipt;
        Listed {
            state: match &receipt {
                _ if absence.is_some() => "missing",
                _ if here.fault.is_some() => "damaged",
                Some(receipt) if receipt.selection.whole => "whole",
                _ => "part",
            },
            accepted: receipt.as_ref().and_then(|receipt| own.accepted(receipt)),
            unaccepted: receipt.as_ref().map(|receipt| own.unaccepted(receipt)).unwrap_or_default(),
            shared: shared::leads_to(&here.dir),
            outside: receipt.as_ref().and_then(Outside::by_receipt),
            id: here.id,
            version: here.version,
            variant: here.variant,
            fault: absence.or(here.fault),
            files: receipt.as_ref().map(|receipt| receipt.files),
            bytes: receipt.as_ref().map(|receipt| receipt.bytes),
            completed: receipt.as_ref().map(|receipt| receipt.completed),
            license: receipt.map(|receipt| receipt.license.expression),
            path: here.dir.root().to_path_buf(),
        }
    };
    Ok(ListReport { datasets: found.into_iter().map(listed).collect(), warnings })
}

/// Whether a dataset must be here for its folder to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// Where it is not, the folder is told that a fetch would make.
    Optional,
}

/// The folder of a dataset: the one that is here, else where a fetch would put it.
pub fn path(context: &Context, name: &str, presence: Presence) -> Result<PathBuf, Failure> {
    match here::one(context, name) {
        Ok(here) if presence == Presence::Required && here.absence().is_some() => {
            let message = format!("`{}` is not to be had: {}", here.name(), here.absence().unwrap_or_default());
            Err(Failure::new(Exit::DIFFERENT, message).of(&here.id).help(here.way_back()))
        }
        Ok(here) => Ok(here.dir.root().to_path_buf()),
        Err(failure) if presence == Presence::Required || failure.exit == Exit::USAGE => Err(failure),
        Err(_) => {
            let selection = one_selection(context, name)?;
            Ok(DatasetDir::new(&context.data_dir()?, selection.id(), &selection.slug()).root().to_path_buf())
        }
    }
}
