//! Single members of a zip that is elsewhere: what to read of it, and unpacking what was read.
//!
//! Whoever fetches asks [`look`] again and again, with what it asked for last added to the
//! stretches that are here: first the end of the archive, then its directory, sometimes its
//! first bytes. Then it knows the members and where their bytes are, and once these are here
//! too, [`unpack_members`] does the rest under the policy of all archives.

use std::path::PathBuf;

use crate::fs;
use crate::layout::check::digests_of;
use crate::values::{Algorithm, ByteSize, Digest, Digester, RelPath};

use super::error::{Fault, UnpackError};
use super::job::Job;
use super::rules::Globs;
use super::source::Source;
use super::{Request, Unpacked, emptied, nested, zip};

/// What is here of an archive that is elsewhere.
#[derive(Debug, Clone)]
pub struct Stretches {
    /// Bytes of the whole archive.
    pub length: u64,
    /// Files here, each with the ranges of the archive that lie in it one behind the other. No
    /// two ranges share bytes.
    pub held: Vec<(PathBuf, Vec<(u64, u64)>)>,
}

/// What a look at an archive came to.
#[derive(Debug)]
pub enum Look {
    /// This range of it must be here first.
    Needs((u64, u64)),
    /// The members that were asked for are known.
    Known(Contents),
}

/// What is known of an archive.
#[derive(Debug)]
pub struct Contents {
    /// The members that were asked for, in the order of the archive.
    pub members: Vec<Choice>,
    /// How many files it has in all; what its rules skip is not counted.
    pub files: u64,
    /// SHA-256 of its directory: names, sizes and CRC-32 of all members.
    pub directory: Digest,
}

/// A member that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its number, for [`unpack_members`].
    pub id: u32,
    /// Its name in the archive.
    pub name: String,
    /// Where it goes, below the folder that is unpacked into.
    pub path: RelPath,
    /// Its size.
    pub size: ByteSize,
    /// Its CRC-32, where the archive states one.
    pub crc32: Option<u32>,
    /// Where all its bytes are, header included.
    pub range: (u64, u64),
}

/// The end that is asked for first: the directory of a small archive is in it.
const TAIL: u64 = 128 << 10;

impl Stretches {
    /// The parts of a range that are not here.
    pub fn missing(&self, (from, until): (u64, u64)) -> Vec<(u64, u64)> {
        let mut held: Vec<(u64, u64)> = self.held.iter().flat_map(|(_, ranges)| ranges.iter().copied()).collect();
        held.sort_unstable();
        let mut missing = Vec::new();
        let mut at = from;
        for (start, end) in held.into_iter().filter(|(start, end)| *end > from && *start < until) {
            if start > at {
                missing.push((at, start));
            }
            at = at.max(end);
        }
        if at < until {
            missing.push((at, until));
        }
        missing
    }
}

/// Looks for the members that `globs` mean: by their names, with or without the folders that
/// are stripped.
///
/// # Errors
/// What is wrong with the archive, by its directory.
pub fn look(stretches: &Stretches, globs: &Globs, request: &Request<'_>) -> Result<Look, UnpackError> {
    let named = |fault: Fault| fault.in_archive(request.name);
    let job = Job::new(request).map_err(named)?;
    let source = Source::open_stretches(stretches.length, &stretches.held).map_err(named)?;
    let survey = match zip::survey(&source, globs, &job) {
        Err(Fault::NotHeld { until, .. }) if until == stretches.length => {
            return Ok(Look::Needs((stretches.length.saturating_sub(TAIL), until)));
        }
        Err(Fault::NotHeld { from, until }) => return Ok(Look::Needs((from, until))),
        other => other.map_err(named)?,
    };
    let members = survey.members.into_iter().map(|found| {
        let path = RelPath::parse(&found.path);
        Ok(Choice {
            path: path.map_err(|error| Fault::refused_member(&found.name, error.rule)).map_err(named)?,
            id: found.id,
            name: found.name,
            size: ByteSize(found.size),
            crc32: found.crc32,
            range: found.range,
        })
    });
    let members = members.collect::<Result<_, UnpackError>>()?;
    Ok(Look::Known(Contents {
        members,
        files: survey.files,
        directory: digest(&source, survey.directory).map_err(named)?,
    }))
}

fn digest(source: &Source, (from, until): (u64, u64)) -> Result<Digest, Fault> {
    let mut digester = Digester::new(Algorithm::Sha256, None);
    let mut at = from;
    while at < until {
        let bytes = source.up_to(at, usize::try_from(until - at).unwrap_or(usize::MAX).min(256 << 10))?;
        digester.update(&bytes);
        at += bytes.len() as u64;
    }
    Ok(digester.finish())
}

/// Unpacks members whose bytes are here into an empty folder.
///
/// # Errors
/// Any refusal or failure; the folder is then empty again, as far as the disk allows.
pub fn unpack_members(stretches: &Stretches, members: &[u32], request: &Request<'_>) -> Result<Unpacked, UnpackError> {
    emptied(request, |job| {
        let source = Source::open_stretches(stretches.length, &stretches.held)?;
        let mut unpacked = zip::unpack_some(&source, members, job)?;
        if !job.rules().nested.is_empty() {
            nested::unpack_inner(&mut unpacked, job)?;
        }
        Ok(unpacked)
    })
}

/// The CRC-32 of a file that was unpacked earlier.
pub fn crc32_of(path: &std::path::Path) -> Result<u32, fs::FsError> {
    let crc32 = digests_of(path, &[Algorithm::Crc32], &|_| ())?[0];
    Ok(crc32.bytes().iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}
