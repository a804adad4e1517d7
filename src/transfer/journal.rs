//! What a part holds, written beside it.
//!
//! Written every half second and when a run stops. A kill loses no byte that was written to
//! the part, so nothing is synced; after a restart of the machine (told by its boot id) a
//! journal counts only where a digest known beforehand will find out what was lost.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs::{self, Access, FsError};
use crate::net::Validator;
use crate::values::{ByteSize, Digest, SafeUrl};

use super::extents::Extents;

/// The state of a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// Format.
    pub v: u32,
    /// Where it was asked for, without secrets: for a person who looks at it.
    #[serde(skip_deserializing, default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
    /// The host that it came from: a validator tells versions of one host apart, and not two hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Proof of the version, where the host gives a strong one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validator: Option<Validator>,
    /// Digests of the whole file that the host has stated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<Digest>,
    /// Size of the whole file.
    pub total: Option<ByteSize>,
    /// What is held.
    pub held: Extents,
    /// The time since the machine was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
}

/// The format written now.
pub const FORMAT: u32 = 1;

/// Where the journal of a part is.
pub fn path_of(part: &Path) -> PathBuf {
    let mut name = part.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

impl Journal {
    /// Reads the journal of a part; `None` when there is none that makes sense: the part is
    /// then worth nothing.
    pub fn read(part: &Path) -> Option<Self> {
        let text = fs::read_text_if_present(&path_of(part)).ok()??;
        let journal: Self = serde_json::from_str(&text).ok()?;
        let length = fs::metadata(part).ok()??.len();
        let sound = journal.v == FORMAT && journal.held.is_sound() && journal.held.end() <= length;
        let fits = journal.total.is_none_or(|total| journal.held.end() <= total.0);
        (sound && fits).then_some(journal)
    }

    /// Whether it can be continued. `proven` says that a digest known beforehand will check
    /// the whole file in the end.
    pub fn is_usable(&self, proven: bool) -> bool {
        let same_boot = self.boot.is_some() && self.boot == fs::boot_id();
        proven || (same_boot && self.validator.is_some())
    }

    /// Writes it beside the part.
    pub fn write(&self, part: &Path, access: Access) -> Result<(), FsError> {
        let text = serde_json::to_vec(self).map_err(|error| FsError::new("write", part, error.into()))?;
        fs::replace_unsynced(&path_of(part), &text, access)
    }
}

/// Removes a part and its journal.
pub fn discard(part: &Path) -> Result<(), FsError> {
    fs::remove_file(&path_of(part))?;
    fs::remove_file(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(held: &[(u64, u64)]) -> Journal {
        let mut extents = Extents::default();
        held.iter().for_each(|(from, until)| extents.add(*from, *until));
        let validator = Some(Validator::Etag("\"x\"".into()));
        let stated = vec![Digest::sha256(b"x")];
        let (total, boot) = (Some(ByteSize(10)), fs::boot_id());
        Journal { v: FORMAT, url: None, host: None, validator, stated, total, held: extents, boot }
    }

    #[test]
    fn a_journal_that_claims_more_than_the_part_has_is_worth_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("x.part");
        std::fs::write(&part, b"12345").unwrap();
        journal(&[(0, 5)]).write(&part, Access::Private).unwrap();
        assert_eq!(Journal::read(&part).unwrap(), journal(&[(0, 5)]));
        journal(&[(0, 6)]).write(&part, Access::Private).unwrap();
        assert!(Journal::read(&part).is_none());
        std::fs::write(path_of(&part), b"{\"v\":1,\"total\":10,\"held\":[[0,").unwrap();
        assert!(Journal::read(&part).is_none(), "torn");
    }

    #[test]
    fn without_proof_only_the_same_version_in_the_same_boot_goes_on() {
        let whole = journal(&[(0, 5)]);
        assert!(whole.is_usable(false) && whole.is_usable(true));
        let unknown = Journal { validator: None, ..whole.clone() };
        assert!(!unknown.is_usable(false) && unknown.is_usable(true));
        let rebooted = Journal { boot: Some("other".into()), ..whole };
        assert!(!rebooted.is_usable(false) && rebooted.is_usable(true));
    }
}
