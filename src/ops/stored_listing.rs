//! What a host listed, kept until the fetch is finished: `<workspace>/listing.jsonl`, or where
//! the shards of a fetch agree on it, `<store>/parts/<id>@<slug>+shards/listing.jsonl`.
//!
//! A release may have hundreds of thousands of files, and listing them takes minutes and
//! hundreds of requests; an interrupted fetch goes on with the list it began with, so that it
//! also does not mix two of them. The first line says what the list belongs to, how many files it
//! has and what the digest of their lines is: a list that ends early is no list. Addresses with a
//! query are never written: they may be signed.

use std::io::{self, BufRead as _, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::Locator;
use crate::fs::{self, FsError};
use crate::providers::{ListedFile, Listing, Stated};
use crate::values::{Algorithm, ByteSize, Digest, Digester, RelPath, SafeUrl};

use super::failure::Failure;
use super::target::Target;

/// What a list belongs to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    schema: String,
    entry: Digest,
    channel: String,
    /// The globs that the list was made for, where it holds nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    asked: Vec<String>,
    /// How many files it has, and the digest of the lines about them.
    whole: Whole,
}

/// What tells a list from the beginning of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Whole {
    files: u64,
    sha256: Digest,
}

/// What there is of a kept list.
enum Kept {
    Absent,
    /// Of another entry, source or part.
    Other,
    /// It ends early, or is none.
    Broken,
    Good(Listing),
}

/// A file of the list.
#[derive(Serialize, Deserialize)]
struct Line {
    path: RelPath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<ByteSize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    digests: Vec<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    members: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<SafeUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<RelPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// The list of an unfinished fetch of the same entry and source, first that which its shards
/// agreed on; `None` when there is none or it cannot be used.
pub(super) fn read(target: &Target<'_>, include: &[String]) -> Result<Option<Listing>, Failure> {
    for folder in folders(target) {
        if let Kept::Good(listing) = read_in(target, &folder, include)? {
            return Ok(Some(listing));
        }
    }
    Ok(None)
}

/// Since when the list is kept that [`read`] gives.
pub(super) fn kept_since(target: &Target<'_>, include: &[String]) -> Result<Option<Timestamp>, Failure> {
    for folder in folders(target) {
        if let Kept::Good(_) = read_in(target, &folder, include)? {
            let modified = fs::metadata(&place(&folder))?.and_then(|found| found.modified().ok());
            return Ok(modified.and_then(|time| Timestamp::try_from(time).ok()));
        }
    }
    Ok(None)
}

/// Removes the list of a fetch by one process, so that the next run lists anew.
pub(super) fn forget(target: &Target<'_>) -> Result<(), Failure> {
    Ok(fs::remove_file(&place(&target.store.parts().join(target.workspace_name())))?)
}

/// Where a list may be kept.
fn folders(target: &Target<'_>) -> [PathBuf; 2] {
    [target.agreed_dir(), target.store.parts().join(target.workspace_name())]
}

fn read_in(target: &Target<'_>, folder: &Path, include: &[String]) -> Result<Kept, Failure> {
    let path = place(folder);
    if fs::metadata(&path)?.is_none() {
        return Ok(Kept::Absent);
    }
    let mut lines = BufReader::new(fs::open_regular(&path)?);
    let mut line = Vec::new();
    let mut next = |line: &mut Vec<u8>| {
        line.clear();
        let read = lines.read_until(b'\n', line).map_err(|error| FsError::new("read", &path, error))?;
        Ok::<bool, FsError>(read > 0)
    };
    next(&mut line)?;
    let Ok(head) = serde_json::from_slice::<Head>(&line) else { return Ok(Kept::Broken) };
    if head != head_of(target, include, head.whole) {
        return Ok(Kept::Other);
    }
    let mut files: Vec<ListedFile> = Vec::new();
    let mut digester = Digester::new(Algorithm::Sha256, None);
    while next(&mut line)? {
        digester.update(&line);
        // A line that does not parse was not written by this version: list again.
        let Ok(line) = serde_json::from_slice::<Line>(&line) else { return Ok(Kept::Broken) };
        files.push(line.into_listed(files.last()));
    }
    let found = Whole { files: files.len() as u64, sha256: digester.finish() };
    Ok(if found == head.whole { Kept::Good(Listing(files)) } else { Kept::Broken })
}

/// Writes the list into the workspace. Nothing is written where an address cannot be kept.
/// What was there is replaced as a whole.
pub(super) fn write(
    target: &Target<'_>,
    workspace: &Path,
    listing: &Listing,
    include: &[String],
) -> Result<(), Failure> {
    let fresh = workspace.join("listing.jsonl.new");
    fs::remove_file(&fresh)?;
    if write_as(target, &fresh, listing, include)? {
        fs::rename(&fresh, &place(workspace))?;
    }
    Ok(())
}

/// Writes the list for all shards of a fetch and makes it last, unless one of them did before.
/// One that is broken is replaced. `false` where an address cannot be kept.
///
/// Shards on machines without common locks may replace one at once: each then reads the one
/// that is there, and they compare what they read before they fetch anything.
pub(super) fn publish(target: &Target<'_>, listing: &Listing, include: &[String]) -> Result<bool, Failure> {
    let folder = target.agreed_dir();
    let fresh = folder.join(fs::fresh_name("listing.jsonl."));
    let is_kept = write_as(target, &fresh, listing, include)?;
    if is_kept {
        match read_in(target, &folder, include)? {
            Kept::Broken => fs::rename(&fresh, &place(&folder))?,
            Kept::Absent | Kept::Other | Kept::Good(_) => drop(fs::publish(&fresh, &place(&folder))?),
        }
        fs::sync_dir(&folder)?;
    }
    Ok(is_kept)
}

/// `false`, and nothing is written, where an address cannot be kept.
fn write_as(target: &Target<'_>, path: &Path, listing: &Listing, include: &[String]) -> Result<bool, Failure> {
    if listing.0.iter().filter_map(|file| file.locator().url.as_ref()).any(|url| url.expose().query().is_some()) {
        return Ok(false);
    }
    let failed = |error| FsError::new("write", path, error);
    // The lines are made twice and never held: there may be a million of them.
    let mut lines = Digesting(Digester::new(Algorithm::Sha256, None));
    listing.0.iter().try_for_each(|file| append(&mut lines, &Line::of(file))).map_err(failed)?;
    let whole = Whole { files: listing.0.len() as u64, sha256: lines.0.finish() };
    let mut out = BufWriter::new(fs::create_new(path, target.access)?);
    let written = append(&mut out, &head_of(target, include, whole))
        .and_then(|()| listing.0.iter().try_for_each(|file| append(&mut out, &Line::of(file))))
        .and_then(|()| out.flush())
        .and_then(|()| out.get_ref().sync_all());
    written.map_err(failed)?;
    Ok(true)
}

/// Takes the digest of what is written, and keeps nothing of it.
struct Digesting(Digester);

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn append(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn place(workspace: &Path) -> PathBuf {
    workspace.join("listing.jsonl")
}

fn head_of(target: &Target<'_>, include: &[String], whole: Whole) -> Head {
    let is_part = target.source.host.lists_only_what_is_asked();
    Head {
        schema: "medsets/listing/2".to_owned(),
        entry: target.selection.dataset().digest,
        channel: target.source.channel.clone(),
        asked: if is_part { include.to_vec() } else { Vec::new() },
        whole,
    }
}

impl Line {
    fn of(file: &ListedFile) -> Self {
        let at = file.locator().clone();
        Self {
            path: file.path.clone(),
            size: file.size,
            digests: file.digests.clone(),
            license: file.license().map(str::to_owned),
            notice: file.notice().map(str::to_owned),
            url: at.url,
            at: at.path,
            file_id: at.file_id,
            entity: at.entity,
            key: at.key,
            members: file.members,
        }
    }

    /// A file of the list; one at the same place as the file before shares it.
    fn into_listed(self, before: Option<&ListedFile>) -> ListedFile {
        let at = Locator {
            url: self.url,
            path: self.at,
            file_id: self.file_id,
            entity: self.entity,
            key: self.key,
            ..Locator::default()
        };
        let stated = Stated { license: self.license, notice: self.notice };
        ListedFile {
            path: self.path,
            size: self.size,
            digests: self.digests,
            at: (at != Locator::default()).then(|| match before.and_then(|file| file.at.as_ref()) {
                Some(same) if **same == at => same.clone(),
                _ => Arc::new(at),
            }),
            stated: (stated != Stated::default()).then(|| match before.and_then(|file| file.stated.as_ref()) {
                Some(same) if **same == stated => same.clone(),
                _ => Arc::new(stated),
            }),
            members: self.members,
        }
    }
}
