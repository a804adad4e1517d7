//! The file inside a zip that a host put around it (Kaggle does so with large files).
//!
//! The zip is none of the publisher's and leaves no trace: what lies there afterwards is the
//! file that was listed, proven by what is known of it.

use std::path::Path;

use crate::events::Report;
use crate::fs::{self, Access};
use crate::layout::check::digests_of;
use crate::transfer::{Done, Verified};
use crate::unpack::{self, Archive, Format, Limits, Rules};
use crate::values::{Algorithm, ByteSize, Digest};

use super::download::Wanted;
use super::exit::Exit;
use super::failure::Failure;

/// Where an unwrapping works.
pub(super) struct Unwrapping<'a> {
    /// The zip, which the file replaces.
    pub at: &'a Path,
    /// An empty folder.
    pub into: &'a Path,
    /// Modes of what is written.
    pub access: Access,
    /// Told of progress.
    pub report: &'a Report,
    /// Ends the work.
    pub cancel: &'a std::sync::atomic::AtomicBool,
}

/// Puts the file in the place of the zip around it.
///
/// # Errors
/// A zip that holds anything else (42), one that is damaged, or a file that is not the one that
/// is known (40); nothing of it stays.
pub(super) fn unwrap(wanted: &Wanted, done: Done, work: &Unwrapping<'_>) -> Result<Done, Failure> {
    let outcome = taken_out(wanted, &done, work);
    // The first failure is the one to tell; the next run begins with an empty folder anyway.
    let _ = fs::remove_dir_all(work.into);
    if outcome.is_err() {
        let _ = fs::remove_file(work.at);
    }
    outcome.map_err(|failure| failure.in_file(&wanted.listed.path))
}

fn taken_out(wanted: &Wanted, done: &Done, work: &Unwrapping<'_>) -> Result<Done, Failure> {
    let path = &wanted.listed.path;
    let limits = Limits { members: 1, ..Limits::default() };
    let rules = Rules { format: Some(Format::Zip), limits, ..Rules::default() };
    let request = unpack::Request {
        name: path,
        rules: &rules,
        into: work.into,
        access: work.access,
        password: None,
        report: work.report,
        jobs: 1,
        cancel: work.cancel,
    };
    let unpacked = unpack::unpack(Archive::File(work.at), &request)?;
    let member = unpacked.members.iter().next().filter(|member| member.path.file_name() == path.file_name());
    let Some(member) = member else {
        let message = format!("`{path}` came inside a zip that does not hold it");
        return Err(Failure::new(Exit::WRONG_CONTENT, message));
    };
    let file = member.path.under(work.into);
    let size = fs::metadata(&file)?.map_or(0, |metadata| metadata.len());
    let verified = proven(wanted, done, &file, ByteSize(size), member.sha256)?;
    fs::rename(&file, work.at)?;
    // What came along with the zip speaks of the zip.
    let stated = Vec::new();
    Ok(Done { size: ByteSize(size), sha256: member.sha256, verified, stated, wrapped: false, ..done.clone() })
}

/// Compares the file with what is known of it. Of the zip the host said something itself.
fn proven(wanted: &Wanted, done: &Done, file: &Path, size: ByteSize, sha256: Digest) -> Result<Verified, Failure> {
    if wanted.manner.changed_is_fine {
        return Ok(done.verified);
    }
    let path = &wanted.listed.path;
    let differs = |expected: String, received: String| {
        let message = format!("checksum mismatch for `{path}`: expected {expected}, received {received}");
        let help = "nothing of it was kept; if the publisher has replaced the file, `--accept-changed FILE --reason TEXT` takes it";
        Err(Failure::new(Exit::MISMATCH, message).help(help))
    };
    // Whether a listing means the file or the zip is not documented.
    if let Some(known) = wanted.listed.size.filter(|known| *known != size && *known != done.size) {
        return differs(format!("{} bytes", known.0), format!("{} bytes", size.0));
    }
    let known = &wanted.listed.digests;
    let algorithms: Vec<Algorithm> = known.iter().map(Digest::algorithm).collect();
    let found = match algorithms.as_slice() {
        [] => Vec::new(),
        [Algorithm::Sha256] => vec![sha256],
        _ => digests_of(file, &algorithms, &|_| ())?,
    };
    if let Some((known, found)) = known.iter().zip(&found).find(|(known, found)| known != found) {
        return differs(known.to_string(), found.to_string());
    }
    Ok(match (known.is_empty(), done.verified, wanted.listed.size) {
        (false, _, _) => Verified::Known,
        (true, Verified::Nothing, Some(_)) => Verified::Size,
        (true, verified, _) => verified,
    })
}
