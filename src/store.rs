//! Bytes kept once: `<data_dir>/.medsets-store/objects/sha256/<ab>/<hex>`.
//!
//! An object is a file named by the SHA-256 of its bytes. Datasets that have the same file share
//! it with the object, by a reflink where the file system can and by a hard link elsewhere. A
//! hard link is one file under several names, so it is made read-only, and only files of the
//! same owner, group and readers become one. Where neither works there is no object: nothing is
//! kept twice for the sake of being kept once.
//!
//! Nothing rests on an object. One that is lost costs a download; one whose bytes are not those
//! of its name is found when it is to be used, since it is hashed then, and set aside.

mod sweep;

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::fs::{self, Access, FsError, FsErrorKind};
use crate::layout::Store;
use crate::layout::check::digests_of;
use crate::values::{Algorithm, ByteSize, Digest};

pub use sweep::{Object, objects, shares_extents};

/// The objects of a data folder.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Store,
    link_mode: LinkMode,
    access: Access,
    /// Who may enter the folders of objects, in which those of other datasets lie too.
    common: Access,
    clones: OnceLock<bool>,
}

/// How a file comes to share its bytes with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkMode {
    /// By a reflink where the file system can, else by a hard link.
    Auto,
    /// By a reflink or not at all.
    Reflink,
    /// By a hard link or not at all.
    HardLink,
    /// Not: each has bytes of its own.
    Copy,
}

/// What became of a file of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is its object now.
    Joined,
    /// It shares its bytes with an object that was there.
    Cloned,
    /// An object was made of it.
    Made,
    /// It stays by itself.
    Left,
}

impl Objects {
    /// The objects of a store. What is made there can be read by whom `access` says; the folders of
    /// objects can be entered by whom `common` says.
    pub fn of(store: &Store, link_mode: LinkMode, access: Access, common: Access) -> Self {
        Self { store: store.clone(), link_mode, access, common, clones: OnceLock::new() }
    }

    /// Where the object of these bytes is, or would be.
    pub fn place(&self, sha256: &Digest) -> PathBuf {
        let hex = sha256.hex();
        self.store.objects().join(&hex[..2]).join(hex)
    }

    /// Whether there is an object of this name and size. Its bytes are not read.
    pub fn has(&self, sha256: &Digest, size: Option<ByteSize>) -> Result<bool, FsError> {
        let found = fs::metadata(&self.place(sha256))?;
        Ok(found.is_some_and(|found| found.is_file() && size.is_none_or(|size| size.0 == found.len())))
    }

    /// Has a finished file share its bytes with the object of its digest, which is made of it
    /// where there is none. The file is never away for a moment, and after a failure it is as it
    /// was. Its time of last change may be another afterwards.
    pub fn share(&self, file: &Path, sha256: &Digest) -> Result<Outcome, FsError> {
        let Some(own) = fs::metadata(file)?.filter(Metadata::is_file) else { return Ok(Outcome::Left) };
        let object = self.place(sha256);
        match fs::metadata(&object)? {
            Some(found) if is_same_file(&found, &own) => return Ok(Outcome::Joined),
            // A file with a further name is somebody's own, such as one that was imported by a
            // link, or was taken over from an earlier folder.
            _ if own.nlink() > 1 => return Ok(Outcome::Left),
            // By a reflink it is the same bytes already.
            Some(found) if found.nlink() == 1 && has_same_time(&found, &own) && self.clones() => {
                return Ok(Outcome::Left);
            }
            Some(found) if found.is_file() && found.len() == own.len() => {
                if let Some(outcome) = self.join(file, &own, &object, &found, sha256)? {
                    return Ok(outcome);
                }
            }
            Some(_) => self.set_aside(&object)?,
            None => {}
        }
        self.make(file, &own, &object)
    }

    /// Puts the bytes of an object into a file that takes the place of what is there. `None` where
    /// there is no object of this size whose bytes have all of the digests.
    ///
    /// The bytes are read once, whatever way they come. Where no link can be had they are copied.
    pub fn hand_out(&self, digests: &[Digest], size: Option<ByteSize>, to: &Path) -> Result<Option<ByteSize>, FsError> {
        let Some(sha256) = Digest::sha256_in(digests) else { return Ok(None) };
        if !self.has(sha256, size)? {
            return Ok(None);
        }
        let object = self.place(sha256);
        let Some(found) = fs::metadata(&object)? else { return Ok(None) };
        let fresh = self.fresh()?;
        let outcome = self.second(&object, &found, &fresh).and_then(|()| Proven::of(&fresh, digests));
        match outcome {
            Ok(Proven::All) => {
                self.put(&fresh, to, self.access)?;
                Ok(Some(ByteSize(found.len())))
            }
            other => {
                fs::remove_file(&fresh)?;
                if other? == Proven::NotItsName {
                    self.set_aside(&object)?;
                }
                Ok(None)
            }
        }
    }

    /// As [`Objects::hand_out`] from a file of somebody else: never by a hard link.
    pub fn take_from(
        &self,
        file: &Path,
        digests: &[Digest],
        size: Option<ByteSize>,
        to: &Path,
    ) -> Result<Option<ByteSize>, FsError> {
        let is_meant = |found: &Metadata| found.is_file() && size.is_none_or(|size| size.0 == found.len());
        let Some(found) = fs::metadata(file)?.filter(is_meant) else { return Ok(None) };
        let fresh = self.fresh()?;
        let outcome = self.own_copy(file, &fresh).and_then(|()| Proven::of(&fresh, digests));
        if matches!(outcome, Ok(Proven::All)) {
            self.put(&fresh, to, self.access)?;
            return Ok(Some(ByteSize(found.len())));
        }
        fs::remove_file(&fresh)?;
        outcome.map(|_| None)
    }

    /// Lets a file share its bytes with an object that is there. `None` where the object is not
    /// what its name says: it is out of the way then.
    fn join(
        &self,
        file: &Path,
        own: &Metadata,
        object: &Path,
        found: &Metadata,
        sha256: &Digest,
    ) -> Result<Option<Outcome>, FsError> {
        let fresh = self.fresh()?;
        let outcome = if self.may(LinkMode::Reflink) && fs::clone_new(object, &fresh, self.access)? {
            Outcome::Cloned
        } else if self.may(LinkMode::HardLink) && has_same_readers(found, own) {
            fs::hard_link(object, &fresh)?;
            Outcome::Joined
        } else {
            return Ok(Some(Outcome::Left));
        };
        let proven = Proven::of(&fresh, &[*sha256]);
        if !matches!(proven, Ok(Proven::All)) {
            fs::remove_file(&fresh)?;
            proven?;
            self.set_aside(object)?;
            return Ok(None);
        }
        let ready = match outcome {
            Outcome::Cloned => like(&fresh, own.mode() & 0o777, found),
            _ => Ok(()),
        };
        ready.and_then(|()| fs::rename(&fresh, file)).inspect_err(|_| {
            // The first error is the one to tell.
            let _ = fs::remove_file(&fresh);
        })?;
        Ok(Some(outcome))
    }

    /// Makes the object of a file that has none.
    fn make(&self, file: &Path, own: &Metadata, object: &Path) -> Result<Outcome, FsError> {
        let fresh = self.fresh()?;
        let is_own = match self.link_mode {
            LinkMode::Copy if !self.has_room_for(own)? => return Ok(Outcome::Left),
            LinkMode::Copy => fs::copy_new(file, &fresh, self.access).map(|_| true),
            LinkMode::Auto | LinkMode::Reflink => fs::clone_new(file, &fresh, self.access),
            LinkMode::HardLink => Ok(false),
        };
        let is_own = is_own.and_then(|is_own| match is_own {
            true => like(&fresh, read_only(own), own).map(|()| true),
            false => Ok(false),
        });
        // Half a copy would take the room that the dataset needs.
        if is_own.inspect_err(|_| drop(fs::remove_file(&fresh)))? {
            self.put(&fresh, object, self.common)?;
            return Ok(Outcome::Made);
        }
        if !self.may(LinkMode::HardLink) {
            return Ok(Outcome::Left);
        }
        // A file with two names may be written by neither at any moment.
        fs::set_mode(file, read_only(own))?;
        match with_folder(object, self.common, || fs::hard_link(file, object)) {
            Ok(()) => Ok(Outcome::Made),
            Err(error) => {
                if error.kind() != FsErrorKind::AlreadyExists {
                    tracing::debug!(%error, "no object was made");
                }
                fs::set_mode(file, own.mode() & 0o7777)?;
                Ok(Outcome::Left)
            }
        }
    }

    /// Whether the disk takes a copy that nobody needs, and still what is to be written then.
    fn has_room_for(&self, own: &Metadata) -> Result<bool, FsError> {
        Ok(fs::space(self.store.root())?.bytes.0 >= own.len().saturating_add(ROOM_LEFT))
    }

    /// A new file with the bytes of an object, by the cheapest way that is allowed.
    fn second(&self, object: &Path, found: &Metadata, fresh: &Path) -> Result<(), FsError> {
        if self.may(LinkMode::Reflink) && fs::clone_new(object, fresh, self.access)? {
            return found.modified().map_or(Ok(()), |time| fs::set_modified(fresh, time));
        }
        if self.may(LinkMode::HardLink) {
            let new = fs::own_mode_of_new(fresh, self.access)?;
            if has_same_readers(found, &new) && fs::hard_link(object, fresh).is_ok() {
                return Ok(());
            }
        }
        fs::copy_new(object, fresh, self.access).map(|_| ())
    }

    fn own_copy(&self, from: &Path, fresh: &Path) -> Result<(), FsError> {
        if self.may(LinkMode::Reflink) && fs::clone_new(from, fresh, self.access)? {
            return Ok(());
        }
        fs::copy_new(from, fresh, self.access).map(|_| ())
    }

    fn may(&self, how: LinkMode) -> bool {
        self.link_mode == how || self.link_mode == LinkMode::Auto
    }

    /// Whether files share their bytes by reflinks here: allowed, and the file system can. Tried
    /// once.
    fn clones(&self) -> bool {
        self.may(LinkMode::Reflink) && *self.clones.get_or_init(|| shares_extents(&self.store).unwrap_or(false))
    }

    /// A name in the store's `tmp` that nobody else uses.
    fn fresh(&self) -> Result<PathBuf, FsError> {
        fs::create_dir_all(&self.store.tmp(), self.access)?;
        Ok(self.store.tmp().join(fs::fresh_name("object-")))
    }

    fn put(&self, fresh: &Path, to: &Path, folders: Access) -> Result<(), FsError> {
        with_folder(to, folders, || fs::rename(fresh, to)).inspect_err(|_| {
            // The first error is the one to tell.
            let _ = fs::remove_file(fresh);
        })
    }

    /// Keeps an object that is not what its name says out of the way. The datasets that share
    /// its bytes are damaged like it, which `verify` finds.
    fn set_aside(&self, object: &Path) -> Result<(), FsError> {
        fs::create_dir_all(&self.store.quarantine(), self.access)?;
        let name = object.file_name().unwrap_or_default().to_string_lossy();
        let to = self.store.quarantine().join(fs::fresh_name(&format!("{name}-")));
        match fs::rename(object, &to) {
            // Another run has found it out too.
            Err(error) if error.kind() == FsErrorKind::NotFound => Ok(()),
            moved => moved,
        }
    }
}

/// Whether bytes are the expected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proven {
    All,
    /// They have not the SHA-256 that the object is named by.
    NotItsName,
    /// They have that, and not another digest that is known of the file.
    Contradicted,
}

impl Proven {
    fn of(file: &Path, digests: &[Digest]) -> Result<Self, FsError> {
        let algorithms: Vec<Algorithm> = digests.iter().map(Digest::algorithm).collect();
        let found = digests_of(file, &algorithms, &|_| ())?;
        let differing = digests.iter().zip(&found).find(|(expected, found)| expected != found);
        Ok(match differing.map(|(expected, _)| expected.algorithm()) {
            None => Self::All,
            Some(Algorithm::Sha256) => Self::NotItsName,
            Some(_) => Self::Contradicted,
        })
    }
}

/// Does something that ends in a folder, making the folder when it is not there.
fn with_folder(path: &Path, access: Access, act: impl Fn() -> Result<(), FsError>) -> Result<(), FsError> {
    match (act(), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == FsErrorKind::NotFound => {
            fs::create_dir_all(parent, access)?;
            act()
        }
        (outcome, _) => outcome,
    }
}

/// Gives a file this mode, and the time of another: what shares its bytes by a reflink is known
/// by that.
fn like(file: &Path, mode: u32, other: &Metadata) -> Result<(), FsError> {
    other.modified().map_or(Ok(()), |time| fs::set_modified(file, time))?;
    fs::set_mode(file, mode)
}

/// Whether size and time of last change are the same.
fn has_same_time(one: &Metadata, other: &Metadata) -> bool {
    one.len() == other.len() && one.modified().ok() == other.modified().ok()
}

fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether the same people may read both.
fn has_same_readers(one: &Metadata, other: &Metadata) -> bool {
    (one.uid(), one.gid(), read_only(one)) == (other.uid(), other.gid(), read_only(other))
}

fn read_only(file: &Metadata) -> u32 {
    file.mode() & 0o444
}

/// Bytes that a disk keeps free of copies that nobody needs: what is still to be written of a
/// dataset are its records.
const ROOM_LEFT: u64 = 64 << 20;

#[cfg(test)]
mod tests;
