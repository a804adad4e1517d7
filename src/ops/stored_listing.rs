//! What a host listed, kept until the fetch is finished: `<workspace>/listing.jsonl`, or where
//! the shards of a fetch agree on it, `<store>/parts/<id>-<slug>.shards/listing.jsonl`.
//!
//! A release may have hundreds of thousands of files, and listing them takes minutes and
//! hundreds of requests; an interrupted fetch goes on with the list it began with, so that it
//! also does not mix two of them. The first line says what the list belongs to. Addresses with
//! a query are never written: they may be signed.

use std::io::{self, BufRead as _, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::Locator;
use crate::fs::{self, FsError};
use crate::providers::{ListedFile, Listing, Stated};
use crate::values::{ByteSize, Digest, RelPath, SafeUrl};

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
    match read_in(target, &target.split_dir(), include)? {
        Some(listing) => Ok(Some(listing)),
        None => read_in(target, &target.store.parts().join(target.workspace_name()), include),
    }
}

fn read_in(target: &Target<'_>, folder: &Path, include: &[String]) -> Result<Option<Listing>, Failure> {
    let path = place(folder);
    if fs::metadata(&path)?.is_none() {
        return Ok(None);
    }
    let mut lines = BufReader::new(fs::open(&path)?).lines();
    let head = lines.next().transpose().map_err(|error| FsError::new("read", &path, error))?;
    if head.and_then(|line| serde_json::from_str::<Head>(&line).ok()) != Some(head_of(target, include)) {
        return Ok(None);
    }
    let mut files = Vec::new();
    for line in lines {
        let line = line.map_err(|error| FsError::new("read", &path, error))?;
        // A line that does not parse was not written by this version: list again.
        let Ok(line) = serde_json::from_str::<Line>(&line) else { return Ok(None) };
        files.push(line.into_listed(files.last()));
    }
    Ok(Some(Listing(files)))
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

/// Writes the list for all shards of a fetch, unless one of them did before. `false` where an
/// address cannot be kept.
pub(super) fn publish(target: &Target<'_>, listing: &Listing, include: &[String]) -> Result<bool, Failure> {
    let folder = target.split_dir();
    let fresh = folder.join(fs::fresh_name("listing.jsonl."));
    let is_kept = write_as(target, &fresh, listing, include)?;
    if is_kept {
        fs::publish(&fresh, &place(&folder))?;
    }
    Ok(is_kept)
}

/// `false`, and nothing is written, where an address cannot be kept.
fn write_as(target: &Target<'_>, path: &Path, listing: &Listing, include: &[String]) -> Result<bool, Failure> {
    if listing.0.iter().filter_map(|file| file.locator().url.as_ref()).any(|url| url.expose().query().is_some()) {
        return Ok(false);
    }
    let mut out = BufWriter::new(fs::create_new(path, target.access)?);
    let written = append(&mut out, &head_of(target, include))
        .and_then(|()| listing.0.iter().try_for_each(|file| append(&mut out, &Line::of(file))))
        .and_then(|()| out.flush());
    written.map_err(|error| FsError::new("write", path, error))?;
    Ok(true)
}

fn append(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn place(workspace: &Path) -> PathBuf {
    workspace.join("listing.jsonl")
}

fn head_of(target: &Target<'_>, include: &[String]) -> Head {
    let is_part = target.source.host.lists_only_what_is_asked();
    Head {
        schema: "medsets/listing/1".to_owned(),
        entry: target.selection.dataset().digest,
        channel: target.source.channel.clone(),
        asked: if is_part { include.to_vec() } else { Vec::new() },
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
