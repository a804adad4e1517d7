//! What a lock pins of a dataset: the entry of the catalogue, and the files. Both are proved by
//! their digests, and a long listing is read without holding it.

use std::io::{self, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use crate::catalog::dataset::REFERENCE;
use crate::catalog::{Dataset, Selection};
use crate::context::Context;
use crate::fs;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::project::lock::{self, LFS_POINTER, LOCK_FILE, ListingPin, LockedFiles, Weight, listing};
use crate::project::{Locked, LockedFile};
use crate::remedy;
use crate::values::{Digest, HashingReader, Printable, RelPath, counted};

use super::by_entry::ByEntry;
use super::files::{LockFolder, PULLED, read, restore};
use super::form::as_pinned;

impl LockFolder {
    /// A dataset of the lock with its files, which must be what its entry says of them.
    ///
    /// # Errors
    /// With exit 12: as [`selection`](Self::selection) and [`files`](Self::files); or a file of
    /// the lock contradicts the entry beside it (with its line).
    pub fn pinned(&self, context: &Context, locked: &Locked) -> Result<(Selection, Vec<LockedFile>), Failure> {
        let selection = self.selection(context, locked)?;
        let files = self.files(locked)?;
        let of_entry = ByEntry::of(&selection, locked);
        match files.iter().find_map(|file| Some((&file.path, of_entry.contradiction(file)?))) {
            Some((path, fault)) => Err(self.contradicted(locked, path, &fault)),
            None => Ok((selection, files)),
        }
    }

    /// Proves the files of a dataset as [`pinned`](Self::pinned) does, in little memory however
    /// many they are.
    pub fn prove(&self, selection: &Selection, locked: &Locked) -> Result<(), Failure> {
        let of_entry = ByEntry::of(selection, locked);
        let mut first = None;
        self.each_file(locked, &mut |file| {
            if first.is_none() {
                first = of_entry.contradiction(&file).map(|fault| (file.path, fault));
            }
        })?;
        first.map_or(Ok(()), |(path, fault)| Err(self.contradicted(locked, &path, &fault)))
    }

    fn contradicted(&self, locked: &Locked, path: &RelPath, fault: &str) -> Failure {
        let place = self.place_of(locked, path);
        let message = format!("{place}: `{path}` of `{}`: {fault}", locked.name());
        Failure::new(Exit::LOCK, message).of(&locked.id).in_file(path).help(edited())
    }

    /// Fails where the lock names another licence than the entry that it pins (12).
    pub fn refuse_other_license(&self, selection: &Selection, locked: &Locked) -> Result<(), Failure> {
        let license = selection.license(Some(&locked.channel));
        if license == locked.license {
            return Ok(());
        }
        let message = format!(
            "`{LOCK_FILE}` names `{}` as the licence of `{}`, and the entry that it pins names `{license}`",
            Printable::new(&locked.license),
            locked.name()
        );
        Err(Failure::new(Exit::LOCK, message).of(&locked.id).help(edited()))
    }

    /// Where a file of a dataset stands: the lock and the line, or the listing beside it.
    fn place_of(&self, locked: &Locked, path: &RelPath) -> String {
        if let LockedFiles::Beside(pin) = &locked.files {
            return format!("`{}`", self.listing(&pin.sha256).display());
        }
        let text = read(&self.path()).ok().flatten().unwrap_or_default();
        match lock::line_of(&text, locked, path) {
            Some(line) => format!("`{LOCK_FILE}` line {line}"),
            None => format!("`{LOCK_FILE}`"),
        }
    }

    /// The files of a dataset of the lock.
    ///
    /// # Errors
    /// With exit 12: the listing that lies beside the lock is not there, or is not the pinned one.
    pub fn files(&self, locked: &Locked) -> Result<Vec<LockedFile>, Failure> {
        let mut files = Vec::with_capacity(match &locked.files {
            LockedFiles::Within(files) => files.len(),
            // A lock may say any number.
            LockedFiles::Beside(pin) => usize::try_from(pin.files).unwrap_or_default().min(1 << 20),
        });
        self.each_file(locked, &mut |file| files.push(file))?;
        Ok(files)
    }

    /// Hands each file of a dataset to `take`, in the order of paths. What was handed over counts
    /// only where this ends well: a listing is proved at its end. Errors as [`files`](Self::files).
    fn each_file(&self, locked: &Locked, take: &mut dyn FnMut(LockedFile)) -> Result<(), Failure> {
        match &locked.files {
            LockedFiles::Within(files) => files.iter().cloned().for_each(take),
            LockedFiles::Beside(pin) => self.each_beside(locked, pin, take)?,
        }
        Ok(())
    }

    fn each_beside(&self, locked: &Locked, pin: &ListingPin, take: &mut dyn FnMut(LockedFile)) -> Result<(), Failure> {
        let path = self.listing(&pin.sha256);
        if fs::metadata(&path)?.is_none() {
            return Err(absent(&path, locked));
        }
        let other = |reason: String| unlike(&path, "listing", locked, &reason);
        let unreadable = |error: io::Error| other(error.to_string());
        let packed = fs::open_regular(&path).map_err(|error| other(error.to_string()))?;
        let most = listing::most_bytes(pin.files);
        let text = zstd::Decoder::new(packed).map_err(unreadable)?.take(most + 1);
        let mut text = BufReader::with_capacity(BUFFER, HashingReader::sha256(text));
        let (mut weight, mut count, mut unpinned) = (Weight::default(), 0, 0);
        let lines = listing::lines(&mut text).try_for_each(|file| {
            let file = file?;
            weight.add(&file);
            (count, unpinned) = (count + 1, unpinned + u64::from(!file.is_pinned()));
            take(file);
            Ok(())
        });
        // A broken line tells less than the digest of the whole.
        io::copy(&mut text, &mut io::sink()).map_err(unreadable)?;
        let found = text.into_inner().finish();
        if found != pin.sha256 {
            return Err(other(format!("expected {}, found {found}", pin.sha256)));
        }
        lines.map_err(unreadable)?;
        if !weight.is_said_as(locked.bytes) {
            return Err(other(format!("its files have {} bytes, the lock says {}", weight.whole.0, locked.bytes.0)));
        }
        if (count, unpinned) != (pin.files, pin.unpinned) {
            return Err(other(format!("it has {}, {unpinned} of them without SHA-256", counted(count, "file"))));
        }
        Ok(())
    }

    /// The dataset as the lock means it: by the entry of the catalogue where its text is the
    /// same, else by the text beside the lock.
    ///
    /// # Errors
    /// With exit 12: the text is neither in this catalogue nor beside the lock, or cannot be
    /// read any more.
    pub fn selection(&self, context: &Context, locked: &Locked) -> Result<Selection, Failure> {
        let wrong = |message: String| Failure::new(Exit::LOCK, message).of(&locked.id).help(restore());
        let known = context.catalog()?.get(&locked.id);
        if let (Some(reference), Some(_)) = (&locked.reference, known) {
            let reference = Printable::new(reference);
            return Err(wrong(format!(
                "the lock calls `{}` outside the catalogue ({reference}), which has it",
                locked.id
            )));
        }
        let dataset = match known {
            Some(dataset) if dataset.digest == locked.entry => dataset.clone(),
            _ => Arc::new(self.dataset(locked)?),
        };
        if dataset.id != locked.id {
            return Err(wrong(format!("the lock pins the entry of `{}` for `{}`", dataset.id, locked.id)));
        }
        let selection = Selection::of(dataset, Some(&locked.version), locked.variant.as_deref())
            .map_err(|error| Failure::from_error(Exit::LOCK, &error).of(&locked.id).help(restore()))?;
        if selection.source(Some(&locked.channel)).is_none() {
            let channel = Printable::new(&locked.channel);
            return Err(wrong(format!("the entry that the lock pins for `{}` has no source `{channel}`", locked.id)));
        }
        if selection.reference() != locked.reference {
            return Err(wrong(format!("the lock names another reference for `{}` than its entry", locked.id)));
        }
        Ok(selection)
    }

    fn dataset(&self, locked: &Locked) -> Result<Dataset, Failure> {
        let path = self.entry(&locked.entry);
        let Some(text) = read(&path)? else { return Err(absent(&path, locked)) };
        let text = as_pinned(text, &locked.entry);
        let wrong = |reason: String| unlike(&path, "entry", locked, &reason);
        let found = Digest::sha256(text.as_bytes());
        if found != locked.entry {
            return Err(wrong(format!("expected {}, found {found}", locked.entry)));
        }
        let origin = if locked.reference.is_some() { REFERENCE } else { LOCK_FILE };
        let name = format!("{}.toml", locked.id);
        Dataset::read(&name, &text, origin).map_err(|broken| wrong(remedy::chain(&broken)))
    }
}

/// Bytes of a listing that are read at once.
const BUFFER: usize = 128 << 10;

fn absent(path: &Path, locked: &Locked) -> Failure {
    let message = format!("`{}`, which the lock names for `{}`, is not there", path.display(), locked.name());
    Failure::new(Exit::LOCK, message).of(&locked.id).help(restore())
}

/// A file beside the lock is another than the pinned one, or what Git LFS leaves in its place.
fn unlike(path: &Path, what: &str, locked: &Locked, reason: &str) -> Failure {
    let is_pointer = fs::read_regular(path, 1 << 10).is_ok_and(|bytes| bytes.starts_with(LFS_POINTER.as_bytes()));
    let (reason, help) = match is_pointer {
        true => ("it is a pointer of Git LFS", PULLED.to_owned()),
        false => (reason, restore()),
    };
    let message = format!("`{}` is not the {what} that the lock pins: {reason}", path.display());
    Failure::new(Exit::LOCK, message).of(&locked.id).help(help)
}

fn edited() -> String {
    format!("the lock was edited by hand: {}", restore())
}
