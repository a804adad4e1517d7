//! The lock on disk: `medsets.lock`, and beside it `medsets.lock.d` with the catalogue entries
//! and the long listings that it pins.
//!
//! What the folder holds is named by its own SHA-256 and never changed, so that a merge of two
//! branches has nothing to decide there. The lock is written last; what it does not name any
//! more is removed after that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::dataset::REFERENCE;
use crate::catalog::{Dataset, Selection};
use crate::context::Context;
use crate::fs::{self, Access};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::project::lock::{self, LOCK_FILE, LOCK_FOLDER, LockError, LockedFiles, conflict, listing, v1};
use crate::project::{Lock, Locked, LockedFile};
use crate::remedy;
use crate::values::Digest;

/// The lock of the project in one folder.
#[derive(Debug, Clone)]
pub struct LockFolder {
    root: PathBuf,
}

/// What is to be kept beside a lock, by the digest that names it.
#[derive(Debug, Default)]
pub struct Beside {
    /// Texts of catalogue entries.
    pub entries: BTreeMap<Digest, String>,
    /// Long listings, uncompressed.
    pub listings: BTreeMap<Digest, Vec<u8>>,
}

impl LockFolder {
    /// The lock beside the project file in this folder.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// Where the lock is.
    pub fn path(&self) -> PathBuf {
        self.root.join(LOCK_FILE)
    }

    /// The lock; `None` where there is none.
    ///
    /// # Errors
    /// With exit 12: it breaks its form, is of a newer version, or holds an unfinished merge.
    pub fn read(&self) -> Result<Option<Lock>, Failure> {
        let Some(text) = fs::read_text_if_present(&self.path())? else { return Ok(None) };
        lock::read(LOCK_FILE, &text).map(Some).map_err(|error| refused(&error))
    }

    /// What a new lock goes on with: the lock as it is, or, after a merge that nobody finished,
    /// what both sides say, where this branch's word counts for a dataset that both have.
    pub fn read_merged(&self) -> Result<Option<Lock>, Failure> {
        let Some(text) = fs::read_text_if_present(&self.path())? else { return Ok(None) };
        match lock::read(LOCK_FILE, &text) {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Conflict { .. }) => Ok(Some(merged(&text)?)),
            Err(error) => Err(refused(&error)),
        }
    }

    /// The files of a dataset of the lock.
    ///
    /// # Errors
    /// With exit 12: the listing that lies beside the lock is not there, or is not the pinned one.
    pub fn files(&self, locked: &Locked) -> Result<Vec<LockedFile>, Failure> {
        let pin = match &locked.files {
            LockedFiles::Within(files) => return Ok(files.clone()),
            LockedFiles::Beside(pin) => pin,
        };
        let path = self.listing(&pin.sha256);
        if fs::metadata(&path)?.is_none() {
            return Err(absent(&path, locked));
        }
        let other = |reason: String| {
            let message = format!("`{}` is not the listing that the lock pins: {reason}", path.display());
            Failure::new(Exit::LOCK, message).of(&locked.id).help(restore(locked))
        };
        let reader = zstd::Decoder::new(fs::open(&path)?).map_err(|error| other(error.to_string()))?;
        let mut bytes = Vec::new();
        reader.take(listing::LARGEST + 1).read_to_end(&mut bytes).map_err(|error| other(error.to_string()))?;
        let found = Digest::sha256(&bytes);
        if found != pin.sha256 {
            return Err(other(format!("expected {}, found {found}", pin.sha256)));
        }
        listing::read(bytes.as_slice()).map_err(|error| other(error.to_string()))
    }

    /// The dataset as the lock means it: by the entry of the catalogue where its text is the
    /// same, else by the text beside the lock.
    ///
    /// # Errors
    /// With exit 12: the text is neither in this catalogue nor beside the lock, or cannot be
    /// read any more.
    pub fn selection(&self, context: &Context, locked: &Locked) -> Result<Selection, Failure> {
        let dataset = match context.catalog()?.get(&locked.id) {
            Some(dataset) if dataset.digest == locked.entry => dataset.clone(),
            _ => Arc::new(self.dataset(locked)?),
        };
        Selection::of(dataset, Some(&locked.version), locked.variant.as_deref())
            .map_err(|error| Failure::from_error(Exit::LOCK, &error).of(&locked.id).help(restore(locked)))
    }

    fn dataset(&self, locked: &Locked) -> Result<Dataset, Failure> {
        let path = self.entry(&locked.entry);
        let Some(text) = fs::read_text_if_present(&path)? else { return Err(absent(&path, locked)) };
        let wrong = |reason: String| {
            let message = format!("`{}` is not the entry that the lock pins: {reason}", path.display());
            Failure::new(Exit::LOCK, message).of(&locked.id).help(restore(locked))
        };
        let found = Digest::sha256(text.as_bytes());
        if found != locked.entry {
            return Err(wrong(format!("expected {}, found {found}", locked.entry)));
        }
        let origin = if locked.reference.is_some() { REFERENCE } else { LOCK_FILE };
        let name = format!("{}.toml", locked.id);
        Dataset::read(&name, &text, origin).map_err(|broken| wrong(remedy::chain(&broken)))
    }

    /// Writes a lock and what lies beside it; says whether anything of it is new. What the
    /// folder holds and the lock does not name is removed.
    pub fn write(&self, lock: &Lock, beside: &Beside) -> Result<bool, Failure> {
        let mut is_new = false;
        for (digest, text) in &beside.entries {
            is_new |= put(&self.entry(digest), text.as_bytes())?;
        }
        for (digest, bytes) in &beside.listings {
            let path = self.listing(digest);
            if fs::metadata(&path)?.is_none() {
                let packed =
                    listing::compress(bytes).map_err(|error| Failure::new(Exit::INTERNAL, error.to_string()))?;
                is_new |= put(&path, &packed)?;
            }
        }
        let text = lock::write(lock);
        if fs::read_text_if_present(&self.path()).ok().flatten().as_deref() != Some(&text) {
            fs::atomic_write(&self.path(), text.as_bytes(), Access::Shared)?;
            is_new = true;
        }
        self.sweep(lock)?;
        Ok(is_new)
    }

    /// Removes entries and listings that the lock does not name; other files stay.
    fn sweep(&self, lock: &Lock) -> Result<(), Failure> {
        let mut named: BTreeSet<PathBuf> = BTreeSet::new();
        for locked in &lock.datasets {
            named.insert(self.entry(&locked.entry));
            if let LockedFiles::Beside(pin) = &locked.files {
                named.insert(self.listing(&pin.sha256));
            }
        }
        for path in fs::list_dir(&self.root.join(LOCK_FOLDER))? {
            if is_ours(&path) && !named.contains(&path) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    fn entry(&self, digest: &Digest) -> PathBuf {
        self.root.join(LOCK_FOLDER).join(format!("{}.toml", digest.hex()))
    }

    fn listing(&self, digest: &Digest) -> PathBuf {
        self.root.join(LOCK_FOLDER).join(format!("{}.jsonl.zst", digest.hex()))
    }
}

/// Puts a file in its place, unless it is there.
fn put(path: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    if fs::read(path, bytes.len() as u64 + 1).is_ok_and(|found| found == bytes) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder, Access::Shared)?;
    }
    fs::atomic_write(path, bytes, Access::Shared)?;
    Ok(true)
}

/// A name that only this module gives: 64 digits and one of two endings.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.strip_suffix(".toml").or(name.strip_suffix(".jsonl.zst"));
    stem.is_some_and(|stem| stem.len() == 64 && stem.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What both sides of a merge say. Each side alone is read without the digest over all of it,
/// which no merge keeps right.
fn merged(text: &str) -> Result<Lock, Failure> {
    let [ours, theirs] = conflict::sides(text);
    let mut datasets: Vec<Locked> = Vec::new();
    for side in [ours, theirs] {
        let side = v1::read_side(LOCK_FILE, &side).map_err(|broken| refused(&broken.into()))?;
        for locked in side {
            if !datasets.iter().any(|one| one.name() == locked.name()) {
                datasets.push(locked);
            }
        }
    }
    Ok(Lock::of(datasets))
}

/// A lock that cannot be used, as a failure.
fn refused(error: &LockError) -> Failure {
    let failure = Failure::new(Exit::LOCK, error.to_string());
    match error {
        LockError::Broken(broken) => {
            let failure = match &broken.first.help {
                Some(help) => failure.help(help),
                None => {
                    failure.help("take it from version control again, or let `medsets lock --upgrade` write it anew")
                }
            };
            failure.help(broken.shown.trim_end())
        }
        LockError::Newer { .. } => failure.help("a newer medsets wrote it: use that one"),
        LockError::Conflict { .. } => {
            failure.help("run `medsets lock`: it takes what both sides say and resolves the rest anew")
        }
    }
}

fn absent(path: &Path, locked: &Locked) -> Failure {
    let message = format!("`{}`, which the lock names for `{}`, is not there", path.display(), locked.name());
    Failure::new(Exit::LOCK, message).of(&locked.id).help(restore(locked))
}

fn restore(locked: &Locked) -> String {
    format!(
        "take `{LOCK_FOLDER}` from version control along with the lock, or let `medsets lock --upgrade={}` resolve it anew",
        locked.id
    )
}
