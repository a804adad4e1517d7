//! What a link in the place of a dataset folder is: `<data_dir>/<id>/.<folder>.link.json` beside it.
//!
//! A dataset of somebody else that is used where it lies, and data that a person adopted where
//! they lie, are both a link, and what may be done with them differs. Links that were made before
//! there was this file have none.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::fs::{self, Access, FsError};

use super::dirs::DatasetDir;

/// A link that medsets made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkMark {
    /// `medsets/link/1`.
    pub schema: String,
    /// What it leads to.
    pub kind: LinkKind,
    /// What it holds: an absolute path.
    pub origin: String,
}

/// What a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// A dataset in the data folder of somebody else (`shared-dirs`).
    Shared,
    /// A person's own files, which medsets knows and did not lay down.
    Adopted,
}

impl LinkMark {
    /// The schema's name.
    pub const SCHEMA: &'static str = "medsets/link/1";

    /// For a link that holds this.
    pub fn of(kind: LinkKind, origin: &str) -> Self {
        Self { schema: Self::SCHEMA.to_owned(), kind, origin: origin.to_owned() }
    }

    /// Where it is for a dataset folder.
    pub fn place(dir: &DatasetDir) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(dir.root().file_name().unwrap_or_default());
        name.push(".link.json");
        dir.root().with_file_name(name)
    }

    /// What is known of the link in this place; `None` where nothing is, or nothing that this
    /// program understands.
    pub fn read(dir: &DatasetDir) -> Option<Self> {
        let text = fs::read_regular_text_if_present(&Self::place(dir)).ok()??;
        serde_json::from_str(&text).ok().filter(|mark: &Self| mark.schema == Self::SCHEMA)
    }

    /// The same of the link that is there now: a link that a person put there since is none of ours.
    pub fn of_link(dir: &DatasetDir) -> Option<Self> {
        let held = fs::link_target(dir.root()).ok()??;
        Self::read(dir).filter(|mark| mark.origin == held)
    }

    /// Writes it; its folder is there.
    pub fn write(&self, dir: &DatasetDir, access: Access) -> Result<(), FsError> {
        let mut text = serde_json::to_string_pretty(self).expect("every part is a text");
        text.push('\n');
        fs::atomic_write(&Self::place(dir), text.as_bytes(), access)
    }

    /// Removes it along with its link.
    pub fn remove(dir: &DatasetDir) -> Result<(), FsError> {
        fs::remove_file(&Self::place(dir))
    }
}
