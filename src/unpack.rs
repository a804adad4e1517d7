//! Archives to trees, safely.
//!
//! One policy for every format, over raw records that this module walks itself: what two
//! common readers would understand differently is refused, never repaired. No name leaves
//! the folder, no link or device is made unasked, no claim of an archive decides how much
//! memory or disk is used, and every checksum an archive carries is read and compared.
//!
//! ```text
//! sniff     what kind of bytes these are                     (pure)
//! rules     what the catalogue entry says about the archive  (pure)
//! names     raw names to text, text to paths                 (pure)
//! roster    who is in the archive: placement, collisions, limits
//! tree      folders and files on disk, each member hashed as it is written
//! zip/      directory and local records, codecs, members in parallel
//! tar/      headers, PAX and GNU extensions, the walk
//! stream    gzip, bzip2, xz, zstd as one stream on a thread of its own
//! crew      threads that write small members of a stream
//! sevenz    7z, behind the feature `sevenz`
//! single    one compressed file
//! links     links that stay inside, where the entry allows them
//! nested    archives inside the archive, where the entry names them
//! elsewhere single members of a zip of which only some stretches are here
//! ```
//!
//! A zip or 7z is judged from its directory before the first byte is written; a tar is a
//! stream, so its members go to the private folder while it is read. In both cases the
//! folder is emptied again when anything is wrong. Folders are made for files only: empty
//! ones are not kept. Modes, owners and extended attributes are not taken over; the time of
//! the last change is, where it lies between 1970 and 2100.
//!
//! Sources: APPNOTE.TXT 6.3.10 (zip), POSIX.1-2024 `pax`, GNU tar manual 1.35, RFC 1952,
//! read 2026-11-24; the attacks are those of `docs/reliability.md`.

pub mod elsewhere;
pub mod error;
pub mod git_tree;
pub mod rules;
pub mod sniff;

mod crew;
mod detect;
mod job;
mod links;
mod members;
mod names;
mod nested;
mod roster;
#[cfg_attr(not(feature = "sevenz"), path = "unpack/sevenz_absent.rs")]
mod sevenz;
mod single;
mod source;
mod stream;
mod tar;
mod tree;
mod zip;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests look at the disk themselves")]
mod tests;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::events::Report;
use crate::fs::{self, Access, FsError};
use crate::values::{RelPath, Secret};

pub use error::UnpackError;
pub use members::{Member, Members};
pub use names::folded;
pub use rules::{BadGlob, Format, Globs, Limits, Packing, Rules, Strip, Under};
pub use sniff::{Kind, sniff};

use error::Fault;
use job::Job;

/// Where the bytes of an archive are.
pub enum Archive<'a> {
    /// One file.
    File(&'a Path),
    /// The parts of a split archive in order: `.z01`, `.z02`, ..., the `.zip` last; or
    /// `.001`, `.002`, ...
    Parts(&'a [PathBuf]),
    /// Bytes in order, perhaps of a file still being downloaded. For tar and single
    /// compressed files; a zip or 7z needs its end first and is refused as a stream.
    Stream(Box<dyn Read + Send + 'a>),
}

/// What to unpack it by.
pub struct Request<'a> {
    /// The archive's name, for messages, and for what a single compressed file becomes.
    pub name: &'a RelPath,
    /// What the entry says.
    pub rules: &'a Rules,
    /// An empty folder that nobody else writes to. Emptied again after a failure.
    pub into: &'a Path,
    /// Modes of what is written.
    pub access: Access,
    /// For encrypted members.
    pub password: Option<&'a Secret>,
    /// Told how many members are done.
    pub report: &'a Report,
    /// Threads that write; one at least.
    pub jobs: usize,
    /// Looked at between members and buffers; when set, unpacking ends with
    /// [`UnpackError::Cancelled`].
    pub cancel: &'a AtomicBool,
}

/// What was unpacked.
#[derive(Debug)]
pub struct Unpacked {
    /// The format it turned out to be.
    pub format: Format,
    /// All files, in the order of the archive.
    pub members: Members,
    /// Symbolic links that were made, where the rules allow them.
    pub links: Vec<Link>,
    /// What a person should know that stops nothing.
    pub warnings: Vec<String>,
}

/// A symbolic link that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its name in the archive.
    pub name: String,
    /// Where it is.
    pub path: RelPath,
    /// What it holds: a relative path to another member or its folder.
    pub target: String,
}

/// Unpacks an archive into an empty folder.
///
/// # Errors
/// Any refusal or failure; the folder is then empty again, as far as the disk allows.
pub fn unpack(archive: Archive<'_>, request: &Request<'_>) -> Result<Unpacked, UnpackError> {
    emptied(request, |job| run(archive, job))
}

/// Works in the empty folder of a request, which is empty again when the work fails.
fn emptied(
    request: &Request<'_>,
    work: impl FnOnce(&Job<'_>) -> Result<Unpacked, Fault>,
) -> Result<Unpacked, UnpackError> {
    let named = |fault: Fault| fault.in_archive(request.name);
    let job = Job::new(request).map_err(named)?;
    if !fs::list_dir(request.into)?.is_empty() {
        let taken = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "the folder is not empty");
        return Err(FsError::new("unpack into", request.into, taken).into());
    }
    let outcome = work(&job);
    job.progress.flush();
    outcome.map_err(|fault| {
        for path in fs::list_dir(request.into).unwrap_or_default() {
            let folder = matches!(fs::metadata(&path), Ok(Some(found)) if found.is_dir());
            // The first failure is the one to tell; the caller removes the folder anyway.
            let _ = if folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
        named(fault)
    })
}

/// Finds out what it is and hands it to its format.
fn run(archive: Archive<'_>, job: &Job<'_>) -> Result<Unpacked, Fault> {
    let (format, bytes) = detect::open(archive, job.rules())?;
    let mut unpacked = match (format, bytes) {
        (Format::Zip, detect::Bytes::Whole(source)) => zip::unpack(&source, job)?,
        (Format::SevenZ, detect::Bytes::Whole(source)) => sevenz::unpack(&source, job)?,
        (Format::Tar(packing), bytes) => tar::unpack(bytes.into_reader(), packing, job)?,
        (Format::Single(packing), bytes) => single::unpack(bytes.into_reader(), packing, job)?,
        (Format::Zip | Format::SevenZ, detect::Bytes::Stream(_)) => {
            return Err(Fault::unsupported(None, format!("{format} as a stream")));
        }
    };
    if !job.rules().nested.is_empty() {
        nested::unpack_inner(&mut unpacked, job)?;
    }
    Ok(unpacked)
}
