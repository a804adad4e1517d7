//! A removal that has begun: `<store>/tmp/<name>.json` beside the folder on its way out.
//!
//! A dataset folder leaves its place by a rename and is then entered in the ledger as deleted. A
//! kill between the two must not leave a dataset that is gone and was never deleted, so what is to
//! be entered is written down first. Whoever next works on the dataset, removes something, or
//! prunes the store makes the entry, for the person whose ledger it is.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::agreements::Record;
use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::{DatasetDir, Store, commit};

use crate::ops::failure::Failure;

/// What is to be entered once the folder has left its place.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begun {
    /// The ledger.
    ledger: PathBuf,
    /// Where the folder goes.
    away: PathBuf,
    /// The entry.
    record: Record,
    #[serde(skip)]
    path: PathBuf,
}

impl Begun {
    /// Notes it, on the way to `away`. The folder is still in its place.
    pub fn note(context: &Context, store: &Store, away: &Path, record: Record) -> Result<Self, Failure> {
        let name = away.file_name().unwrap_or_default().to_string_lossy();
        let path = store.tmp().join(format!("{name}.json"));
        let begun = Self { ledger: context.ledger()?.path(), away: away.to_path_buf(), record, path };
        let text = serde_json::to_vec(&begun).map_err(|error| fs::FsError::new("write", &begun.path, error.into()))?;
        fs::atomic_write(&begun.path, &text, Access::Private)?;
        Ok(begun)
    }

    /// Makes the entry. It is not begun any more then.
    pub fn enter(self, context: &Context) -> Result<(), Failure> {
        context.ledger()?.append(self.record)?;
        // One that stays is found to be entered already.
        let _ = fs::remove_file(&self.path);
        Ok(())
    }

    /// The folder stays in its place.
    pub fn give_up(self) {
        // One that stays names a folder that is not there: the next removal takes it away.
        let _ = fs::remove_file(&self.path);
    }
}

/// Enters the removals of a dataset that were killed in between, and those of all datasets without
/// one. For whoever holds the leases of what is meant. What another person began stays as it is.
pub(in crate::ops) fn recover(context: &Context, store: &Store, of: Option<&DatasetDir>) -> Result<(), Failure> {
    fs::sweep(&store.tmp(), fs::FRESH);
    for path in fs::list_dir(&store.tmp())? {
        let is_meant = of.is_none_or(|dir| commit::is_of(&path, dir));
        if !is_meant || path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Ok(text) = fs::read_regular_text(&path) else { continue };
        let Ok(begun) = serde_json::from_str::<Begun>(&text) else { continue };
        let begun = Begun { path, ..begun };
        let ledger = context.ledger()?;
        if begun.ledger != ledger.path() {
            continue;
        }
        let away = begun.away.clone();
        let is_entered = |record: &Record| {
            // Entries are of whole seconds.
            record.time.as_second() == begun.record.time.as_second()
                && *record == Record { time: record.time, ..begun.record.clone() }
        };
        if fs::metadata(&away)?.is_none() || ledger.read_all()?.entries.iter().any(|entry| is_entered(&entry.record)) {
            begun.give_up();
        } else {
            begun.enter(context)?;
        }
        // What cannot be deleted waits for `prune`, which says why.
        let _ = fs::remove_dir_all(&away);
    }
    Ok(())
}
