//! Taking over what is good of an earlier dataset folder, and fetching again what is not.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::context::Context;
use crate::fs::{self, Access, FoundKind, FsError, FsErrorKind};
use crate::layout::inventory::{self, InventoryReader};
use crate::layout::{DatasetDir, FileRecord, Finished, FinishedKind, LayoutError, Receipt, Workspace};
use crate::providers::AnyProvider;
use crate::values::{Digest, Printable, RelPath};

use super::failure::Failure;
use super::fetch::{self, FetchOptions};
use super::target::Target;
use super::verify::Verified;
use super::wanted;

/// Links every file of a dataset folder that is as it should be into the workspace's stage, so
/// that only the rest is fetched: a placed file by itself, an archive's members when none of
/// them is damaged. Files that a person put into the folder go along.
pub fn carry_over(workspace: &mut Workspace, dir: &DatasetDir, damaged: &HashSet<RelPath>) -> Result<(), Failure> {
    let Some(receipt) = Receipt::read(dir)? else { return Ok(()) };
    let mut broken = HashSet::new();
    let mut known = HashSet::new();
    for record in InventoryReader::open(&dir.inventory_path())? {
        let record = record?;
        if damaged.contains(&record.path) {
            broken.insert(record.origin.file.clone());
        }
        known.insert(record.path);
    }
    let mut members: BTreeMap<RelPath, Vec<FileRecord>> = BTreeMap::new();
    for record in InventoryReader::open(&dir.inventory_path())? {
        let record = record?;
        let origin = &record.origin.file;
        if broken.contains(origin) || workspace.finished().contains_key(origin) {
            continue;
        }
        link(&record.path.under(dir.root()), &record.path.under(&workspace.stage()), workspace.access())?;
        members.entry(origin.clone()).or_default().push(record);
    }
    for listed in &receipt.listed {
        if workspace.finished().contains_key(&listed.path) {
            continue;
        }
        let kept = listed.path.under(&dir.archives());
        let has_kept = fs::metadata(&kept)?.is_some_and(|metadata| metadata.len() == listed.size.0);
        let kind = match members.remove(&listed.path) {
            Some(records) if listed.unpacked => {
                Some(FinishedKind::Unpacked { members: write(workspace, &listed.path, records)? })
            }
            Some(records) => records.into_iter().next().map(|record| FinishedKind::Placed { at: record.path }),
            None if has_kept && listed.unpacked => Some(FinishedKind::Fetched),
            None => None,
        };
        if has_kept && kind.is_some() {
            link(&kept, &workspace.archive(&listed.path), workspace.access())?;
        }
        if let Some(kind) = kind {
            workspace.finish(Finished {
                path: listed.path.clone(),
                size: listed.size,
                sha256: listed.sha256,
                verified: listed.verified.clone(),
                url: listed.url.clone(),
                kind,
                warnings: Vec::new(),
            })?;
        }
    }
    Ok(keep_foreign(workspace, dir, &known)?)
}

fn write(workspace: &Workspace, origin: &RelPath, records: Vec<FileRecord>) -> Result<String, LayoutError> {
    let name = format!("{}.jsonl", &Digest::sha256(origin.as_str().as_bytes()).hex()[..16]);
    let path = workspace.members(&name);
    fs::remove_file(&path)?;
    inventory::write_sorted(&path, records, workspace.access())?;
    Ok(name)
}

/// A second name for a file, or a copy where the file system gives none. What is there stays.
fn link(from: &Path, to: &Path, access: Access) -> Result<(), FsError> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent, access)?;
    }
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == FsErrorKind::AlreadyExists => Ok(()),
        Err(_) => fs::copy_new(from, to, access).map(|_| ()),
        Ok(()) => Ok(()),
    }
}

/// Files that medsets did not put there are a person's own. A link in the place of a folder of
/// the dataset does not go along: files would be written through it to wherever it leads.
fn keep_foreign(workspace: &Workspace, dir: &DatasetDir, known: &HashSet<RelPath>) -> Result<(), FsError> {
    let mut foreign = Vec::new();
    fs::walk(dir.root(), &mut |found| {
        let ours = found.path.starts_with(".medsets/")
            || found.path.starts_with("archives/")
            || matches!(found.path.as_str(), "README.md" | "TERMS.md" | "CITATION.cff");
        if let (false, Ok(path)) = (ours, RelPath::parse(&found.path))
            && !known.contains(&path)
            && !(found.kind == FoundKind::Link && known.iter().any(|one| is_below(one, &path)))
        {
            foreign.push(path);
        }
    })?;
    for path in foreign {
        link(&path.under(dir.root()), &path.under(&workspace.stage()), workspace.access())?;
    }
    Ok(())
}

fn is_below(path: &RelPath, folder: &RelPath) -> bool {
    path.as_str().strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
}

/// Fetches what is missing or changed, and only that. Gives what a person should know.
pub async fn repair(context: &Context, found: &Verified) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    let damaged: HashSet<RelPath> = found.missing.iter().chain(&found.changed).cloned().collect();
    if damaged.is_empty() {
        return Ok(warnings);
    }
    let variant = found.variant.as_ref().map_or(String::new(), |variant| format!(":{variant}"));
    let name = format!("{}@{}{variant}", found.id, found.version);
    let selection = super::accept::one_selection(context, &name)?;
    let dir = DatasetDir::at(found.path.clone());
    let receipt = Receipt::read(&dir)?;
    let asked = receipt.as_ref().map(|receipt| receipt.selection.clone()).unwrap_or_default();
    let channel = receipt.map(|receipt| receipt.source.channel);
    let mut target = Target::of(context, &selection, channel.as_deref(), None)?;
    target.dir = dir;
    fetch::pass_gate(context, &selection, Some(&target.source.channel), &mut warnings).await?;
    let provider = Arc::new(AnyProvider::of(target.source, &selection));
    let hosts = Arc::new(wanted::hosts(context, &provider, target.source)?);
    let options = FetchOptions {
        datasets: vec![name],
        include: asked.include,
        exclude: asked.exclude,
        unpack: !asked.packed,
        ..FetchOptions::default()
    };
    let wanted = wanted::wanted(context, &target, &options, &provider, &hosts, &mut warnings).await?;
    let workspace = target.workspace(context)?;
    let (_, failures) =
        fetch::fetch_into(context, &target, &options, workspace, wanted, provider, hosts, Some(damaged)).await?;
    match failures.into_iter().next() {
        Some(failure) => Err(failure.help(format!("`{}` was not mended", Printable::new(&options.datasets[0])))),
        None => Ok(warnings),
    }
}
