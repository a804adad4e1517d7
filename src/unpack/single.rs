//! One compressed file, which becomes one file.
//!
//! The name that gzip may carry inside is not used: it is whatever the machine that packed it
//! called the file, or an attempt to get out.

use std::io::Read;

use crate::values::RelPath;

use super::Unpacked;
use super::error::Fault;
use super::job::Job;
use super::members::Modified;
use super::roster::{Candidate, EntryKind, Roster};
use super::rules::{Format, Packing};
use super::stream::{BUFFER, Inflow};
use super::tree::{Outlet, Tree};

/// Unpacks a file to the archive's name without its last extension.
pub(super) fn unpack(
    (input, _): (Box<dyn Read + Send + '_>, Option<u64>),
    packing: Packing,
    job: &Job<'_>,
) -> Result<Unpacked, Fault> {
    let name = plain_name(job.request.name, packing)?;
    let mut tree = Tree::new(job.request.into, job.request.access)?;
    let (size, sha256) = std::thread::scope(|scope| {
        let mut flow = Inflow::start(scope, input, packing, job);
        write_all(&mut flow, &mut tree, name.as_str(), job)
    })?;
    let mut roster = Roster::new(job.rules(), None);
    let candidate = Candidate { name, raw: None, kind: EntryKind::File, size, modified: Modified::default() };
    if roster.admit(candidate)?.is_none() {
        return Err(Fault::refused("the rules skip the only file in it"));
    }
    roster.place(0, 0)?;
    let (members, warnings) = roster.finish(vec![sha256])?;
    Ok(Unpacked { format: Format::Single(packing), members, links: Vec::new(), warnings })
}

/// Writes the stream to its end, which is known only there; the limit holds on the way.
fn write_all(flow: &mut Inflow, tree: &mut Tree, name: &str, job: &Job<'_>) -> Result<(u64, [u8; 32]), Fault> {
    let limits = &job.rules().limits;
    let limit = limits.expected_bytes.unwrap_or(limits.bytes).0;
    let mut outlet = Outlet::new(Some(tree.create(name)?), limit, false);
    let mut size = 0;
    loop {
        job.go_on()?;
        let some = flow.some(BUFFER)?;
        if some.is_empty() {
            break;
        }
        size += some.len() as u64;
        if size > limit {
            let limit = crate::values::ByteSize(limit);
            return Err(Fault::refused_member(name, format!("it would be larger than {limit}")));
        }
        outlet.take(some)?;
        job.progress.add(0, some.len() as u64);
    }
    job.progress.add(1, 0);
    Ok((size, outlet.finish_early()))
}

/// The last name of the archive without the extension of its packing.
fn plain_name(archive: &RelPath, packing: Packing) -> Result<RelPath, Fault> {
    let extensions: &[&str] = match packing {
        Packing::Plain => &[],
        Packing::Gzip => &[".gz", ".gzip", ".bgz"],
        Packing::Bzip2 => &[".bz2"],
        Packing::Xz => &[".xz"],
        Packing::Zstd => &[".zst", ".zstd"],
    };
    let name = archive.file_name();
    let lower = name.to_ascii_lowercase();
    let extension = extensions.iter().find(|extension| lower.ends_with(**extension) && lower.len() > extension.len());
    let plain = &name[..name.len() - extension.map_or(0, |extension| extension.len())];
    RelPath::parse(plain).map_err(|error| Fault::refused_member(plain, error.rule))
}
