//! The lock on disk: `medsets.lock`, and beside it `medsets.lock.d` with the catalogue entries
//! and the long listings that it pins.
//!
//! What the folder holds is named by its own SHA-256 and never changed, so that a merge of two
//! branches has nothing to decide there. The lock is written last; what it does not name any
//! more is removed after that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::document::SIZE_LIMIT;
use crate::events::Event;
use crate::fs::{self, Access, FolderLock};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::project::lock::{self, LOCK_FILE, LOCK_FOLDER, LockError, LockedFiles, PinnedBy, listing};
use crate::project::{Lock, Locked};
use crate::values::{ByteSize, Digest, Printable, ShellWord};

use super::form::{as_pinned, first_difference, with_line_feeds};

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

/// A lock as it was found.
#[derive(Debug, Default)]
pub struct Found {
    /// What it says; `None` where there is none.
    pub lock: Option<Lock>,
    /// Why nothing but a new lock may be made of it: a merge that nobody finished.
    pub unmerged: Option<Failure>,
    /// What the sides of that merge say differently, in words.
    pub warnings: Vec<String>,
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
        let Some(text) = read(&self.path())? else { return Ok(None) };
        lock::read(LOCK_FILE, &text).map(Some).map_err(|error| refused(&error))
    }

    /// Waits until no other run writes the lock, and keeps others from it until dropped. `None`
    /// where the file system has no such locks; [`write`](Self::write) looks after itself then.
    ///
    /// # Errors
    /// The other run does not end (53).
    pub fn turn(&self, context: &Context) -> Result<Option<FolderLock>, Failure> {
        let deadline = Instant::now() + context.settings.time("lock-wait").unwrap_or(Duration::from_secs(600));
        let mut is_told = false;
        loop {
            match FolderLock::try_take(&self.root) {
                Ok(Some(turn)) => return Ok(Some(turn)),
                Ok(None) if Instant::now() < deadline && !context.cancel.is_set() => {}
                Ok(None) => return Err(self.is_held()),
                // Such a lock is a courtesy, and some file systems give none on a folder.
                Err(error) => {
                    tracing::debug!(%error, "no turn");
                    return Ok(None);
                }
            }
            if !std::mem::replace(&mut is_told, true) {
                let reason = format!("another medsets run writes `{}`", self.path().display());
                context.report.report(Event::Waiting { reason });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_held(&self) -> Failure {
        let message = format!("another run changes `{}` at the same time", self.path().display());
        let failure = Failure::new(Exit::HELD, message).help("run `medsets lock` again when it is done");
        Failure { retryable: true, ..failure }
    }

    /// Whether a newer program wrote it.
    pub fn is_newer(&self) -> bool {
        let text = read(&self.path()).ok().flatten();
        text.is_some_and(|text| matches!(lock::read(LOCK_FILE, &text), Err(LockError::Newer { .. })))
    }

    /// What a new lock goes on with: the lock as it is, or, after a merge that nobody finished,
    /// what both sides say. For a dataset that both have and that differs, this branch's word
    /// counts, and its tree is not known any more.
    pub fn read_merged(&self) -> Result<Found, Failure> {
        let Some(text) = read(&self.path())? else { return Ok(Found::default()) };
        match lock::read(LOCK_FILE, &text) {
            Ok(lock) => Ok(Found { lock: Some(lock), ..Found::default() }),
            Err(error @ LockError::Conflict { .. }) => {
                let (lock, warnings) = merged(&text)?;
                Ok(Found { lock: Some(lock), unmerged: Some(refused(&error)), warnings })
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// Writes a lock and what lies beside it; says whether anything of it is new. What the
    /// folder holds and neither the lock nor the one `before` it names is removed. Where runs cannot wait for their
    /// [`turn`](Self::turn), another may take away what this one put there: it is put there again.
    ///
    /// # Errors
    /// A file cannot be written: the lock is as it was. Or another run takes it away again and
    /// again (53).
    pub fn write(&self, lock: &Lock, beside: &Beside, before: Option<&Lock>) -> Result<bool, Failure> {
        let mut is_new = false;
        for _ in 0..TRIES {
            is_new |= self.put_beside(beside)?;
            let text = lock::write(lock);
            if !self.says(&text) {
                // A link stays one.
                let path = fs::canonical(&self.path()).unwrap_or_else(|_| self.path());
                fs::atomic_write(&path, text.as_bytes(), Access::Shared)?;
                is_new = true;
            }
            self.sweep(before.into_iter().chain([lock]))?;
            if self.unlike(lock, beside).is_empty() {
                return Ok(is_new);
            }
        }
        Err(self.is_held())
    }

    /// Puts entries and listings into the folder beside the lock; says whether one is new.
    fn put_beside(&self, beside: &Beside) -> Result<bool, Failure> {
        let mut is_new = false;
        for (digest, text) in &beside.entries {
            if !self.has_entry(digest) {
                is_new |= put(&self.entry(digest), text.as_bytes())?;
            }
        }
        for (digest, bytes) in &beside.listings {
            let path = self.listing(digest);
            if !holds(&path, bytes) {
                let packed =
                    listing::compress(bytes).map_err(|error| Failure::new(Exit::INTERNAL, error.to_string()))?;
                is_new |= put(&path, &packed)?;
            }
        }
        Ok(is_new)
    }

    /// In what the files are not those that [`write`](Self::write) would write, a sentence each;
    /// nothing where they are. How lines end makes no difference: a clone may change that.
    pub fn unlike(&self, lock: &Lock, beside: &Beside) -> Vec<String> {
        let entries = beside.entries.keys().filter(|digest| !self.has_entry(digest)).map(|digest| self.entry(digest));
        let listings = beside.listings.iter().filter(|(digest, bytes)| !holds(&self.listing(digest), bytes));
        let amiss = entries.chain(listings.map(|(digest, _)| self.listing(digest)));
        let mut unlike: Vec<String> = amiss
            .map(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                format!("`{LOCK_FOLDER}/{name}` is not there, or not what the lock pins")
            })
            .collect();
        let (text, found) = (lock::write(lock), read(&self.path()).ok().flatten().map(|text| with_line_feeds(&text)));
        match found {
            Some(found) if found == text => {}
            Some(found) => unlike.push(first_difference(&found, &text)),
            None => unlike.push(format!("`{LOCK_FILE}` is not there")),
        }
        unlike
    }

    /// Whether the lock on disk is this text, however its lines end.
    pub fn says(&self, text: &str) -> bool {
        read(&self.path()).ok().flatten().is_some_and(|found| with_line_feeds(&found) == text)
    }

    /// Whether the text of an entry lies beside the lock.
    fn has_entry(&self, digest: &Digest) -> bool {
        let text = read(&self.entry(digest)).ok().flatten();
        text.is_some_and(|text| Digest::sha256(as_pinned(text, digest).as_bytes()) == *digest)
    }

    /// Removes entries and listings that none of these locks names; other files stay, and so does
    /// everything where the folder is a link to somewhere else.
    fn sweep<'l>(&self, locks: impl Iterator<Item = &'l Lock>) -> Result<(), Failure> {
        if fs::metadata(&self.root.join(LOCK_FOLDER))?.is_none_or(|found| !found.is_dir()) {
            return Ok(());
        }
        let mut named: BTreeSet<PathBuf> = BTreeSet::new();
        for locked in locks.flat_map(|lock| &lock.datasets) {
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

    pub(super) fn entry(&self, digest: &Digest) -> PathBuf {
        self.root.join(LOCK_FOLDER).join(format!("{}.toml", digest.hex()))
    }

    pub(super) fn listing(&self, digest: &Digest) -> PathBuf {
        self.root.join(LOCK_FOLDER).join(format!("{}.jsonl.zst", digest.hex()))
    }
}

/// How often a lock is written while another run undoes it, where it cannot be kept from it.
const TRIES: usize = 5;

/// The text of a file of the lock; `None` where there is none. What is no regular file, no text
/// or too large is a lock that cannot be used, and never waited for.
pub(super) fn read(path: &Path) -> Result<Option<String>, Failure> {
    if fs::metadata(path)?.is_none() {
        return Ok(None);
    }
    let unusable = |reason: String| {
        let message = format!("`{}` cannot be used: {reason}", path.display());
        Failure::new(Exit::LOCK, message).help(restore())
    };
    let file = fs::open_regular(path).map_err(|error| unusable(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(|error| unusable(error.to_string()))?;
    if bytes.len() > SIZE_LIMIT {
        return Err(unusable(format!("it has more than {}", ByteSize(SIZE_LIMIT as u64))));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| unusable("it is not UTF-8 text".to_owned()))
}

/// Whether a compressed listing holds these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let Ok(Ok(reader)) = fs::open_regular(path).map(zstd::Decoder::new) else { return false };
    let mut found = Vec::new();
    reader.take(bytes.len() as u64 + 1).read_to_end(&mut found).is_ok() && found == bytes
}

/// Puts a file in its place, unless it is there. After a failure what was there is as it was.
fn put(path: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    if fs::read_regular(path, bytes.len() as u64 + 1).is_ok_and(|found| found == bytes) {
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

/// What the sides of a merge say, and in what they differ. Each side alone is read without the
/// digest over all of it, which no merge keeps right.
fn merged(text: &str) -> Result<(Lock, Vec<String>), Failure> {
    let sides = lock::read_sides(LOCK_FILE, text).map_err(|error| refused_merge(&error))?;
    let (mut datasets, mut warnings): (Vec<Locked>, Vec<String>) = Default::default();
    for side in sides {
        for locked in side {
            match datasets.iter_mut().find(|one| one.name() == locked.name()) {
                None => datasets.push(locked),
                // Neither side's tree is that of what the merge made of the files.
                Some(ours) if *ours != locked => {
                    warnings.extend(in_words(ours, &locked));
                    ours.tree = None;
                }
                Some(_) => {}
            }
        }
    }
    Ok((Lock::of(datasets), warnings))
}

/// In what the sides of a merge say other things of one dataset, and what to do where the second is
/// right; nothing where one only knows more.
fn in_words(ours: &Locked, theirs: &Locked) -> Option<String> {
    let (name, id) = (ours.name(), &ours.id);
    let mut said = Vec::new();
    if ours.license != theirs.license {
        said.push(format!("licence `{}` and `{}`", Printable::new(&ours.license), Printable::new(&theirs.license)));
    }
    if ours.entry != theirs.entry {
        said.push(format!("catalogue entry {} and {}", ours.entry, theirs.entry));
    }
    let upgrade = format!("`medsets lock --upgrade={id}` takes what the catalogue and the host say today");
    let of_catalogue = (!said.is_empty()).then(|| upgrade.clone());
    let of_files = match (&ours.files, &theirs.files) {
        (LockedFiles::Within(ours), LockedFiles::Within(theirs)) => {
            let mut pairs =
                ours.iter().filter_map(|one| Some((one, theirs.iter().find(|other| other.path == one.path)?)));
            pairs.find_map(|(one, other)| match (one.sha256(), other.sha256()) {
                (Some(first), Some(second)) if first != second => {
                    said.push(format!("`{}` {first} and {second}", one.path));
                    let is_published = matches!(one.from, PinnedBy::Catalog | PinnedBy::Host);
                    Some(if is_published { upgrade.clone() } else { taken(&format!("{id}:{}", one.path)) })
                }
                _ => None,
            })
        }
        (LockedFiles::Beside(ours), LockedFiles::Beside(theirs)) if ours != theirs => {
            said.push(format!("list of files {} and {}", ours.sha256, theirs.sha256));
            Some(format!("{upgrade}, and {}", taken(&format!("{id}:FILE"))))
        }
        _ => None,
    };
    let mut remedies: Vec<String> = of_catalogue.into_iter().chain(of_files).collect();
    remedies.dedup();
    (!said.is_empty()).then(|| {
        format!(
            "the two sides of the merge differ on `{name}`: {}; the first stands, and {}",
            said.join(", "),
            remedies.join(", and ")
        )
    })
}

/// What takes other bytes of a file that nothing published proves: an upgrade keeps what came first.
fn taken(file: &str) -> String {
    format!(
        "`medsets sync --accept-changed {} --reason TEXT` takes the bytes of today where nobody published a digest",
        ShellWord(file)
    )
}

/// A merge of which no lock can be made.
fn refused_merge(error: &LockError) -> Failure {
    let LockError::Broken(broken) = error else { return refused(error) };
    let message = format!("an unfinished merge has a side that is no lock: {error}");
    Failure::new(Exit::LOCK, message).help(ONE_SIDE).excerpt(Some(broken.excerpt()))
}

const ONE_SIDE: &str =
    "take one side whole with `git checkout --ours medsets.lock` or `--theirs`, then run `medsets lock`";

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
            failure.excerpt(Some(broken.excerpt()))
        }
        LockError::Pointer { .. } => failure.help(PULLED),
        LockError::Newer { .. } => failure.help("a newer medsets wrote it: use that one"),
        LockError::Conflict { .. } => {
            failure.help("run `medsets lock`: it takes what both sides say and resolves the rest anew")
        }
        LockError::Misfit { .. } => failure.help(ONE_SIDE),
    }
}

/// What brings a file in whose place Git LFS left a pointer.
pub(super) const PULLED: &str = "`git lfs pull` brings the file itself";

pub(super) fn restore() -> String {
    format!(
        "take `{LOCK_FILE}` and `{LOCK_FOLDER}` from version control again, or let `medsets lock --upgrade` resolve everything anew"
    )
}
