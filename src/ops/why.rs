//! `medsets why PATH`: from any file on disk back to where it came from and under which terms.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::agreements::EntryKind;
use crate::context::Context;
use crate::fs;
use crate::layout::inventory::InventoryReader;
use crate::layout::{Adopted, DatasetDir, FileRecord, Receipt};
use crate::values::{ByteSize, DatasetName, Digest, RelPath, SafeUrl};

use super::exit::Exit;
use super::failure::Failure;
use super::here;

/// What is known of a file.
#[derive(Debug, Serialize)]
pub struct Why {
    /// The file, absolute.
    pub path: PathBuf,
    /// Its dataset, by its full name.
    pub dataset: String,
    /// The publisher's name of it.
    pub title: String,
    /// The reference that it came by, where it is not in the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Below the dataset's folder.
    pub file: RelPath,
    /// Size in bytes when it was laid down.
    pub size: ByteSize,
    /// SHA-256 when it was laid down.
    pub sha256: Digest,
    /// Whether size and time are still those; the bytes are not read.
    pub state: FileState,
    /// What it is to the dataset.
    pub role: String,
    /// The channel it came by.
    pub channel: String,
    /// The kind of host.
    pub provider: String,
    /// The file of the release: itself, or the archive it was in.
    pub from: RelPath,
    /// Its name in the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Where that was asked for, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
    /// What proved the file of the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
    /// When the dataset was whole.
    pub completed: Timestamp,
    /// Who had it.
    pub by: String,
    /// Licence expression of this file.
    pub license: String,
    /// Whether these are the file's own terms, and not those of the whole.
    pub license_of_its_own: bool,
    /// What the host says of it that a person must know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// The acceptances it rests on.
    pub grants: Vec<GrantMark>,
}

/// Whether a file is as it was laid down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// Size and time are the recorded ones.
    Unchanged,
    /// One of them is another.
    Changed,
}

/// An acceptance.
#[derive(Debug, Serialize)]
pub struct GrantMark {
    /// The agreement.
    pub license: String,
    /// Digest of the text.
    pub text_sha256: Digest,
    /// Number of the ledger entry.
    pub sequence: u64,
    /// When and by whom, where this ledger has the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Timestamp>,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Finds a file in the records of the dataset folder around it.
///
/// # Errors
/// There is no such file, no folder above has records of medsets, or they do not name the file.
pub fn why(context: &Context, path: &Path) -> Result<Why, Failure> {
    let path = context.environment.absolute(path)?;
    let mut metadata = named(&path)?;
    // The folder may be reached by a link; the file itself is taken as it is named.
    let folder = path.parent().map(fs::canonical).transpose()?.unwrap_or_else(|| path.clone());
    let mut path = folder.join(path.file_name().unwrap_or_default());
    let around = match dataset_of(context, &path) {
        // A link from elsewhere, such as from a project's folder, is asked about what it leads to.
        Err(_) if metadata.is_symlink() => {
            path = fs::canonical(&path)?;
            metadata = named(&path)?;
            dataset_of(context, &path)
        }
        around => around,
    };
    let (dir, receipt, below) = around?;
    let record = record_of(&dir, &below)?.ok_or_else(|| not_recorded(&path, &dir, &receipt))?;
    let (size, modified) = (metadata.len(), metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok()));
    let is_same = metadata.is_file() && size == record.size.0 && modified == Some(record.mtime);
    let (version, variant) = (receipt.version.as_str(), receipt.variant.as_deref());
    let verified = match record.origin.verified {
        Some(proof) => Some(proof),
        None => listed(&dir, &receipt, &record.origin.file)?,
    };
    Ok(Why {
        path,
        dataset: DatasetName::of(&receipt.dataset, version, variant).to_string(),
        title: receipt.title.clone(),
        reference: receipt.reference.clone(),
        size: record.size,
        sha256: record.sha256,
        state: if is_same { FileState::Unchanged } else { FileState::Changed },
        role: word(&record.role),
        channel: receipt.source.channel.clone(),
        provider: receipt.source.provider.clone(),
        from: record.origin.file,
        member: record.origin.member,
        url: record.origin.url,
        verified: verified.as_ref().map(word),
        completed: receipt.completed,
        by: receipt.by.name.clone().unwrap_or_else(|| receipt.by.os_user.clone()),
        license_of_its_own: record.license.is_some(),
        license: record.license.unwrap_or_else(|| receipt.license.expression.clone()),
        notice: record.notice,
        grants: grants(context, &receipt)?,
        file: record.path,
    })
}

/// What a person named, which is no folder.
fn named(path: &Path) -> Result<std::fs::Metadata, Failure> {
    let Some(metadata) = fs::metadata(path)? else {
        return Err(Failure::new(Exit::USAGE, format!("`{}` does not exist", path.display())));
    };
    if metadata.is_dir() {
        let failure = Failure::new(Exit::USAGE, format!("`{}` is a folder", path.display()));
        return Err(failure.help("name a file in it; `medsets list` tells which datasets are where"));
    }
    Ok(metadata)
}

/// The nearest folder above with records of medsets, else the dataset that was adopted from
/// where the file lies; its receipt, and the file's path in it.
fn dataset_of(context: &Context, path: &Path) -> Result<(DatasetDir, Receipt, String), Failure> {
    for folder in path.ancestors().skip(1) {
        let dir = DatasetDir::at(folder.to_path_buf());
        if let Some(receipt) = Receipt::read(&dir)? {
            let data = context.data_dir().ok().and_then(|data| fs::canonical(&data).ok());
            // Elsewhere the records may be somebody else's, beside which the person adopted the files.
            if !data.is_some_and(|data| folder.starts_with(data))
                && let Some(own) = adopted_from(context, path)?
            {
                return Ok(own);
            }
            let below = path.strip_prefix(folder).ok().and_then(Path::to_str).unwrap_or_default().to_owned();
            return Ok((dir, receipt, below));
        }
    }
    if let Some(own) = adopted_from(context, path)? {
        return Ok(own);
    }
    let failure = Failure::new(Exit::CATALOG, format!("`{}` is in no folder that medsets made", path.display()));
    Err(failure.help("`medsets import ID PATH` takes it in, verified against the catalogue; `medsets adopt DIR` recognises a whole folder where it lies"))
}

/// The dataset of the data folder that was adopted from where a file lies: one whose file it is, before
/// one whose files lay there once.
fn adopted_from(context: &Context, path: &Path) -> Result<Option<(DatasetDir, Receipt, String)>, Failure> {
    let mut any = None;
    // Without a data folder nothing was adopted.
    for here in here::everything(context).unwrap_or_default() {
        let Some(adopted) = Adopted::read(&here.dir)? else { continue };
        let is_there = here.absence().is_none();
        if let (Some(below), Some(receipt)) = (adopted.path_of(path), here.receipt) {
            let is_its = is_there && record_of(&here.dir, &below)?.is_some();
            let found = (here.dir, receipt, below);
            if is_its {
                return Ok(Some(found));
            }
            any.get_or_insert(found);
        }
    }
    Ok(any)
}

fn record_of(dir: &DatasetDir, below: &str) -> Result<Option<FileRecord>, Failure> {
    for record in InventoryReader::open(&dir.inventory_path())? {
        let record = record?;
        if record.path.as_str() == below {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

fn not_recorded(path: &Path, dir: &DatasetDir, receipt: &Receipt) -> Failure {
    let is_ours = |below: &Path| below.starts_with(".medsets") || OURS.iter().any(|name| below == Path::new(name));
    if path.strip_prefix(dir.root()).is_ok_and(is_ours) {
        let message = format!("`{}` is what medsets itself wrote about `{}`", path.display(), receipt.dataset);
        let failure = Failure::new(Exit::USAGE, message).of(&receipt.dataset);
        return failure.help("name a file of the dataset, below `data/` or `docs/`");
    }
    let message =
        format!("`{}` lies in the folder of `{}`, and medsets did not put it there", path.display(), receipt.dataset);
    Failure::new(Exit::DIFFERENT, message)
        .of(&receipt.dataset)
        .help("`medsets verify` names everything that is not in the records")
}

/// What medsets writes beside the data for people.
const OURS: [&str; 3] = ["README.md", "TERMS.md", "CITATION.cff"];

fn listed(dir: &DatasetDir, receipt: &Receipt, file: &RelPath) -> Result<Option<crate::layout::Proof>, Failure> {
    for mark in receipt.listed.read(dir)? {
        let mark = mark?;
        if mark.path == *file {
            return Ok(Some(mark.verified));
        }
    }
    Ok(None)
}

/// The acceptances of a receipt, with who and when as this ledger knows it.
fn grants(context: &Context, receipt: &Receipt) -> Result<Vec<GrantMark>, Failure> {
    if receipt.license.accepted.is_empty() {
        return Ok(Vec::new());
    }
    let entries = match context.ledger() {
        Ok(ledger) => ledger.read_all()?.entries,
        Err(_) => Vec::new(),
    };
    let marks = receipt.license.accepted.iter().map(|mark| {
        let entry = entries.iter().find(|entry| {
            entry.sequence == mark.sequence
                && entry.record.kind == EntryKind::Accept
                && entry.record.text_sha256 == Some(mark.text_sha256)
        });
        let who = entry.map(|entry| &entry.record.who);
        GrantMark {
            license: mark.license.clone(),
            text_sha256: mark.text_sha256,
            sequence: mark.sequence,
            accepted: entry.map(|entry| entry.record.time),
            by: who.map(|who| who.name.clone().unwrap_or_else(|| who.os_user.clone())),
        }
    });
    Ok(marks.collect())
}

/// The word that a value has in records.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
