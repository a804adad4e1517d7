//! What a host listed, kept until the fetch is finished: `<workspace>/listing.jsonl`.
//!
//! A release may have hundreds of thousands of files, and listing them takes minutes and
//! hundreds of requests; an interrupted fetch goes on with the list it began with, so that it
//! also does not mix two of them. The first line says what the list belongs to. Addresses with
//! a query are never written: they may be signed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::Locator;
use crate::fs;
use crate::providers::{ListedFile, Listing};
use crate::values::{ByteSize, Digest, RelPath, SafeUrl};

use super::failure::Failure;
use super::target::Target;

/// What a list belongs to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    schema: String,
    entry: Digest,
    channel: String,
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

/// The list of an unfinished fetch of the same entry and source; `None` when there is none or
/// it cannot be used.
pub(super) fn read(target: &Target<'_>) -> Result<Option<Listing>, Failure> {
    let path = place(&target.store.parts().join(target.workspace_name()));
    let Some(text) = fs::read_text_if_present(&path)? else { return Ok(None) };
    let mut lines = text.lines();
    let head = lines.next().and_then(|line| serde_json::from_str::<Head>(line).ok());
    if head != Some(head_of(target)) {
        return Ok(None);
    }
    // A line that does not parse was not written by this version: list again.
    Ok(lines
        .map(|line| serde_json::from_str::<Line>(line).ok().map(Line::into_listed))
        .collect::<Option<_>>()
        .map(Listing))
}

/// Writes the list into the workspace. Nothing is written where an address cannot be kept.
/// What was there is replaced as a whole.
pub(super) fn write(target: &Target<'_>, workspace: &Path, listing: &Listing) -> Result<(), Failure> {
    if listing.0.iter().filter_map(|file| file.locator().url.as_ref()).any(|url| url.expose().query().is_some()) {
        return Ok(());
    }
    let mut bytes = Vec::new();
    append(&mut bytes, &head_of(target));
    for file in &listing.0 {
        append(&mut bytes, &Line::of(file));
    }
    fs::replace_unsynced(&place(workspace), &bytes, target.access)?;
    Ok(())
}

fn append(bytes: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(&mut *bytes, value).expect("text and numbers always become JSON");
    bytes.push(b'\n');
}

fn place(workspace: &Path) -> PathBuf {
    workspace.join("listing.jsonl")
}

fn head_of(target: &Target<'_>) -> Head {
    Head {
        schema: "medsets/listing/1".to_owned(),
        entry: target.selection.dataset().digest,
        channel: target.source.channel.clone(),
    }
}

impl Line {
    fn of(file: &ListedFile) -> Self {
        let at = file.locator().clone();
        Self {
            path: file.path.clone(),
            size: file.size,
            digests: file.digests.clone(),
            license: file.license.as_deref().map(str::to_owned),
            url: at.url,
            at: at.path,
            file_id: at.file_id,
            entity: at.entity,
            key: at.key,
        }
    }

    fn into_listed(self) -> ListedFile {
        let at = Locator {
            url: self.url,
            path: self.at,
            file_id: self.file_id,
            entity: self.entity,
            key: self.key,
            ..Locator::default()
        };
        ListedFile {
            path: self.path,
            size: self.size,
            digests: self.digests,
            at: (at != Locator::default()).then(|| Box::new(at)),
            license: self.license.map(Arc::from),
        }
    }
}
