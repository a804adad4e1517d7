//! A removal that has begun: `<store>/tmp/<name>.json` beside the folder on its way out.
//!
//! A dataset folder leaves its place by a rename, is entered in the ledger as deleted, and is then
//! deleted. A kill on the way must not leave a dataset that is gone and was never entered, nor bytes
//! that are entered as deleted and are still there, so what is to be done is written down first, and
//! the note goes last. Whoever next works on the dataset, removes it again, or prunes the store does
//! the rest, for the person whose ledger it is.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::agreements::Record;
use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::{DatasetDir, Store, commit};

use crate::ops::failure::Failure;

/// What is to be done once the folder has left its place.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begun {
    /// The ledger.
    ledger: PathBuf,
    /// Where the folder goes.
    away: PathBuf,
    /// The entry.
    pub record: Record,
    /// The name of the dataset's lease; absent in notes of earlier versions, whose own names tell.
    #[serde(default)]
    of: Option<String>,
    #[serde(skip)]
    path: PathBuf,
}

impl Begun {
    /// Notes it, on the way to `away`. The folder is still in its place.
    pub fn note(
        context: &Context,
        store: &Store,
        dir: &DatasetDir,
        away: &Path,
        record: Record,
    ) -> Result<Self, Failure> {
        let name = away.file_name().unwrap_or_default().to_string_lossy();
        let path = store.tmp().join(format!("{name}.json"));
        let ledger = context.ledger()?.path();
        let begun = Self { ledger, away: away.to_path_buf(), record, of: Some(dir.name()), path };
        let text = serde_json::to_vec(&begun).map_err(|error| fs::FsError::new("write", &begun.path, error.into()))?;
        fs::atomic_write(&begun.path, &text, Access::Private)?;
        Ok(begun)
    }

    /// The removals in a store that this person began and that were not ended.
    pub fn all(context: &Context, store: &Store) -> Result<Vec<Self>, Failure> {
        let (mut all, own) = (Vec::new(), context.ledger()?.path());
        for path in fs::list_dir(&store.tmp())? {
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let Ok(text) = fs::read_regular_text(&path) else { continue };
            let Ok(begun) = serde_json::from_str::<Self>(&text) else { continue };
            if begun.ledger == own {
                all.push(Self { path, ..begun });
            }
        }
        Ok(all)
    }

    /// Whether it is about the dataset of this folder.
    pub fn is_of(&self, dir: &DatasetDir) -> bool {
        self.of.as_ref().map_or_else(|| commit::is_of(&self.path, dir), |name| *name == dir.name())
    }

    /// The dataset's folder, which it has left.
    pub fn place(&self, data_dir: &Path) -> Option<DatasetDir> {
        let own_name = || self.path.file_name()?.to_str()?.split('~').next();
        let (id, slug) = self.of.as_deref().or_else(own_name)?.split_once('@')?;
        Some(DatasetDir::new(data_dir, &id.parse().ok()?, slug))
    }

    /// Makes the entry. The folder is still to be deleted.
    pub fn enter(&self, context: &Context) -> Result<(), Failure> {
        context.ledger()?.append(self.record.clone())?;
        Ok(())
    }

    /// Deletes the folder, and then the note.
    pub fn end(self) -> Result<(), Failure> {
        fs::remove_dir_all(&self.away)?;
        Ok(fs::remove_file(&self.path)?)
    }

    /// The folder stays in its place.
    pub fn give_up(self) {
        // One that stays names a folder that is not there: the next removal takes it away.
        let _ = fs::remove_file(&self.path);
    }

    /// Whether it still stands: nobody has ended it meanwhile.
    pub fn stands(&self) -> Result<bool, Failure> {
        Ok(fs::metadata(&self.path)?.is_some())
    }

    fn is_entered(&self, context: &Context) -> Result<bool, Failure> {
        let is_it = |record: &Record| {
            // Entries are of whole seconds.
            record.time.as_second() == self.record.time.as_second()
                && *record == Record { time: record.time, ..self.record.clone() }
        };
        Ok(context.ledger()?.read_all()?.entries.iter().any(|entry| is_it(&entry.record)))
    }
}

/// Ends the removals of a dataset that were killed on the way, and those of all datasets without
/// one. For whoever holds the leases of what is meant. What another person began stays as it is.
pub(in crate::ops) fn recover(context: &Context, store: &Store, of: Option<&DatasetDir>) -> Result<(), Failure> {
    fs::sweep(&store.tmp(), fs::FRESH);
    for begun in Begun::all(context, store)? {
        if of.is_some_and(|dir| !begun.is_of(dir)) {
            continue;
        }
        // It was never taken out, or all of it is deleted.
        if fs::metadata(&begun.away)?.is_none() {
            begun.give_up();
            continue;
        }
        if !begun.is_entered(context)? {
            begun.enter(context)?;
        }
        // What cannot be deleted waits for `prune`, which says why.
        let _ = begun.end();
    }
    Ok(())
}
