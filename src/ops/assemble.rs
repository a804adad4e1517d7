//! From a finished stage to a dataset folder with its records, and the entry in the ledger.

mod entry;

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use crate::context::Context;
use crate::events::Event;
use crate::fs;
use crate::layout::inventory::{self, InventoryReader};
use crate::layout::lines::LineWriter;
use crate::layout::receipt::{CatalogMark, LicenseMark, PartialMark, Selection, SourceMark, Tool};
use crate::layout::{
    DatasetDir, FileRecord, Finished, FinishedKind, LayoutError, ListPin, ListWriter, Listed, ListedMark, Means,
    Origin, Receipt, RecordKind, RoleRules, Store, Workspace, commit, manifest,
};
use crate::values::{ByteSize, DatasetId, Digest, RelPath};

use super::exit::Exit;
use super::failure::Failure;
use super::identity;
use super::placing::stamp;
use super::sharing::Sharing;

pub use entry::{enter_in_ledger, enter_once};

/// Everything a receipt says that the stage does not.
pub struct Particulars {
    /// Which dataset.
    pub id: DatasetId,
    /// The reference that it is made of and its entry's text, where it is not in the catalogue.
    pub outside: Option<(String, String)>,
    /// Its title.
    pub title: String,
    /// Release.
    pub version: String,
    /// Variant.
    pub variant: Option<String>,
    /// What part of it.
    pub selection: Selection,
    /// How it came.
    pub means: Means,
    /// By which entry.
    pub catalog: CatalogMark,
    /// From which host.
    pub source: SourceMark,
    /// Under which terms.
    pub license: LicenseMark,
    /// The text of README.md, TERMS.md and CITATION.cff.
    pub papers: Vec<(&'static str, String)>,
    /// The entry's globs.
    pub roles: RoleRules,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Why bytes other than the catalogue's were taken, where they were.
    pub reason: Option<String>,
    /// The tree that a lock pins: with another one nothing is committed.
    pub tree: Option<Digest>,
}

/// A committed dataset.
#[derive(Debug)]
pub struct Assembled {
    /// Its receipt, with the ledger's head.
    pub receipt: Receipt,
    /// Digest of the receipt's bytes.
    pub receipt_sha256: Digest,
}

/// Writes the records into the stage, makes it the dataset folder, and enters it in the ledger.
///
/// Before the commit nothing is visible; a failure leaves the workspace for the next run. A
/// kill between the commit and the ledger is mended by the next `fetch`, which finds a receipt
/// without a ledger mark (see [`enter_in_ledger`]).
pub fn assemble(
    context: &Context,
    workspace: Workspace,
    dir: &DatasetDir,
    store: &Store,
    particulars: Particulars,
) -> Result<Assembled, Failure> {
    context.report.report(Event::Phase { dataset: particulars.id.clone(), phase: "commit" });
    let access = workspace.access();
    let staged = DatasetDir::at(workspace.stage());
    fs::remove_dir_all(&staged.records())?;
    fs::create_dir_all(&staged.records(), access)?;
    let mut particulars = particulars;
    let placed = write_placed(&workspace, &particulars)?;
    let mut sharing = Sharing::of(context, store, access);
    let totals = write_records(&workspace, &staged, placed, &mut sharing, &mut particulars.warnings)?;
    if let Some(expected) = particulars.tree.filter(|expected| *expected != totals.tree) {
        return Err(other_tree(&particulars, expected, totals.tree));
    }
    for (name, text) in &particulars.papers {
        fs::atomic_write(&staged.root().join(name), text.as_bytes(), access)?;
    }
    if let Some((_, entry)) = &particulars.outside {
        fs::atomic_write(&staged.entry_path(), entry.as_bytes(), access)?;
    }
    keep_archives(&workspace, &staged, &mut sharing)?;
    let listed = write_listed(&workspace, &staged)?;
    let receipt = receipt(context, &workspace, particulars, totals, listed);
    receipt.write(&staged, access)?;
    workspace.confirm()?;
    commit::commit(staged.root(), dir, store, access)?;
    let assembled = enter_in_ledger(context, dir, receipt, access)?;
    workspace.settle(&assembled.receipt.selection)?;
    Ok(assembled)
}

/// The files are those of the lock, and what they make is not: the entry's rules or the program
/// unpack otherwise than when the lock was made.
fn other_tree(particulars: &Particulars, expected: Digest, found: Digest) -> Failure {
    let (id, version) = (&particulars.id, &particulars.version);
    if let Some(mirror) = &particulars.source.mirror {
        let message = format!("`{id}@{version}` came out as tree {found}, the mirror `{mirror}` calls it {expected}");
        let help = format!("nothing was put into the dataset's folder; `medsets fetch {id}` asks the host");
        return Failure::new(Exit::MISMATCH, message).of(id).help(help);
    }
    let message = format!("`{id}@{version}` came out as tree {found}, the lock pins {expected}");
    Failure::new(Exit::MISMATCH, message).of(id).help(format!(
        "nothing was put into the dataset's folder; `medsets lock --upgrade={id}` takes the new tree, \
         `medsets remove {id}` and `medsets sync` begin anew"
    ))
}

/// The inventory of files that were placed as they are.
fn write_placed(workspace: &Workspace, particulars: &Particulars) -> Result<PathBuf, LayoutError> {
    let mut placed: Vec<(&RelPath, &Finished)> = Vec::new();
    for finished in workspace.finished().values() {
        if let FinishedKind::Placed { at } = &finished.kind
            && is_inventoried(at)
        {
            placed.push((at, finished));
        }
    }
    placed.sort_unstable_by_key(|(at, _)| *at);
    let path = workspace.members("placed.jsonl");
    fs::remove_file(&path)?;
    // One by one: a dataset may have a million of them.
    let mut writer = LineWriter::create(&path, workspace.access())?;
    for (at, finished) in placed {
        writer.write_json(&placed_record(workspace, finished, at, particulars)?)?;
    }
    writer.finish()?;
    Ok(path)
}

/// Only `data/` and `docs/` are the dataset; archives are beside it.
fn is_inventoried(at: &RelPath) -> bool {
    matches!(at.names().next(), Some("data" | "docs"))
}

fn placed_record(
    workspace: &Workspace,
    finished: &Finished,
    at: &RelPath,
    particulars: &Particulars,
) -> Result<FileRecord, LayoutError> {
    let (mtime, size) = stamp(&at.under(&workspace.stage()))?;
    Ok(FileRecord {
        path: at.clone(),
        kind: RecordKind::File,
        target: None,
        size,
        mtime,
        sha256: finished.sha256,
        origin: Origin {
            file: finished.path.clone(),
            member: None,
            raw_name: None,
            url: finished.url.clone(),
            verified: None,
        },
        role: particulars.roles.role_of(at),
        license: finished.license.clone(),
        notice: finished.notice.clone(),
    })
}

/// What the records sum up to.
struct Totals {
    files: u64,
    bytes: ByteSize,
    tree: Digest,
    /// Files of each archive of which only some members were read.
    by_archive: BTreeMap<RelPath, u64>,
}

/// Merges all inventories into `files.jsonl` and writes the manifest beside it.
fn write_records(
    workspace: &Workspace,
    staged: &DatasetDir,
    placed: PathBuf,
    sharing: &mut Sharing<'_>,
    warnings: &mut Vec<String>,
) -> Result<Totals, LayoutError> {
    let mut inventories = vec![placed];
    for finished in workspace.finished().values() {
        if let Some(members) = finished.inventory() {
            inventories.push(workspace.members(members));
        }
        warnings.extend(finished.warnings.iter().cloned());
        // An article of many files was retracted once.
        if let Some(notice) = finished.notice.as_ref().filter(|notice| !warnings.contains(notice)) {
            warnings.push(notice.clone());
        }
    }
    let mut files = LineWriter::create(&staged.inventory_path(), workspace.access())?;
    let mut lines = LineWriter::create(&staged.manifest_path(), workspace.access())?;
    let (mut count, mut bytes) = (0, ByteSize::ZERO);
    let mut by_archive = BTreeMap::new();
    let mut folded = HashSet::new();
    let mut suspect = false;
    let twins = inventory::merge(&inventories, |mut record| {
        suspect |= !folded.insert(mark(&record.path));
        let place = record.path.under(staged.root());
        if fs::metadata(&place)?.is_none_or(|found| found.len() != record.size.0) {
            return Err(LayoutError::Lost { path: place });
        }
        if record.kind == RecordKind::File && sharing.share(&place, &record.sha256, record.size) {
            record.mtime = stamp(&place)?.0;
        }
        files.write_json(&record)?;
        if record.kind == RecordKind::Link {
            return Ok(());
        }
        count += 1;
        bytes += record.size;
        if record.origin.verified.is_some() {
            *by_archive.entry(record.origin.file.clone()).or_default() += 1;
        }
        Ok(lines.write(&manifest::line(&record.sha256, &record.path))?)
    })?;
    if let Some(first) = twins.first {
        let others = if twins.count > 1 { format!("; so are {} more", twins.count - 1) } else { String::new() };
        warnings.push(format!("{first}{others}"));
    }
    files.finish()?;
    if suspect {
        refuse_collisions(&staged.inventory_path())?;
    }
    Ok(Totals { files: count, bytes, tree: lines.finish()?, by_archive })
}

/// What a receipt says of an archive of which only some members are here.
fn partial_mark(finished: &Finished, files: &BTreeMap<RelPath, u64>) -> Option<PartialMark> {
    let FinishedKind::Members { chosen, .. } = &finished.kind else { return None };
    Some(PartialMark {
        path: finished.path.clone(),
        size: finished.size,
        directory_sha256: finished.sha256,
        members: chosen.clone(),
        files: files.get(&finished.path).copied().unwrap_or(0),
        verified: finished.verified,
        url: finished.url.clone(),
    })
}

/// A path as a system sees it that folds case and composes characters.
pub(super) fn fold(path: &RelPath) -> String {
    path.as_str().nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// A short mark of what [`fold`] makes of a path: two paths may have one by chance.
pub(super) fn mark(path: &RelPath) -> u64 {
    let mut hasher = DefaultHasher::new();
    fold(path).hash(&mut hasher);
    hasher.finish()
}

/// Two marks were the same: finds the two names, if it was not chance.
fn refuse_collisions(inventory: &Path) -> Result<(), LayoutError> {
    let mut names: Vec<(String, RelPath)> = Vec::new();
    for record in InventoryReader::open(inventory)? {
        let path = record?.path;
        names.push((fold(&path), path));
    }
    names.sort();
    match names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(LayoutError::Collision { first: pair[0].1.to_string(), second: pair[1].1.to_string() }),
        None => Ok(()),
    }
}

/// Archives that stay go along with the stage.
fn keep_archives(workspace: &Workspace, staged: &DatasetDir, sharing: &mut Sharing<'_>) -> Result<(), LayoutError> {
    for finished in workspace.finished().values() {
        if let FinishedKind::Placed { at } = &finished.kind
            && !is_inventoried(at)
        {
            sharing.share(&at.under(staged.root()), &finished.sha256, finished.size);
        }
        let kept = workspace.archive(&finished.path);
        if matches!(finished.kind, FinishedKind::Unpacked { kept: true, .. }) && fs::metadata(&kept)?.is_some() {
            let target = finished.path.under(&staged.archives());
            fs::create_dir_all(target.parent().unwrap_or(&staged.archives()), workspace.access())?;
            fs::rename(&kept, &target)?;
            sharing.share(&target, &finished.sha256, finished.size);
        }
    }
    Ok(())
}

/// The list of the release's own files that came whole, beside the receipt.
fn write_listed(workspace: &Workspace, staged: &DatasetDir) -> Result<ListPin, LayoutError> {
    let mut list = ListWriter::create(&staged.listed_path(), workspace.access())?;
    for finished in workspace.finished().values() {
        let unpacked = match finished.kind {
            FinishedKind::Members { .. } => continue,
            FinishedKind::Unpacked { .. } => true,
            FinishedKind::Placed { .. } | FinishedKind::Fetched | FinishedKind::Spent { .. } => false,
        };
        list.write(&ListedMark {
            path: finished.path.clone(),
            size: finished.size,
            sha256: finished.sha256,
            verified: finished.verified,
            known: finished.known.clone(),
            url: finished.url.clone(),
            unpacked,
        })?;
    }
    Ok(list.finish()?)
}

fn receipt(
    context: &Context,
    workspace: &Workspace,
    particulars: Particulars,
    totals: Totals,
    listed: ListPin,
) -> Receipt {
    let finished = workspace.finished().values();
    let partial = finished.filter_map(|finished| partial_mark(finished, &totals.by_archive)).collect();
    let particulars = Particulars { reason: reasons(workspace, particulars.reason.as_deref()), ..particulars };
    let Totals { files, bytes, tree, .. } = totals;
    Receipt { partial, ..receipt_of(context, particulars, (files, bytes, tree), listed) }
}

/// Why other bytes were taken: what this run was told, and what earlier runs and shards were
/// whose files these are.
fn reasons(workspace: &Workspace, told: Option<&str>) -> Option<String> {
    let of_files = workspace.finished().values().filter_map(|finished| finished.reason.as_deref());
    let mut reasons: Vec<&str> = Vec::new();
    // That of an earlier dataset folder may be several already.
    for reason in told.into_iter().chain(of_files).flat_map(|reason| reason.split("; ")) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// The receipt of files, bytes and the SHA-256 of the manifest, not yet in the ledger.
pub(super) fn receipt_of(
    context: &Context,
    particulars: Particulars,
    (files, bytes, tree): (u64, ByteSize, Digest),
    listed: ListPin,
) -> Receipt {
    Receipt {
        schema: Receipt::SCHEMA.to_owned(),
        dataset: particulars.id,
        reference: particulars.outside.map(|(reference, _)| reference),
        title: particulars.title,
        version: particulars.version,
        variant: particulars.variant,
        selection: particulars.selection,
        means: particulars.means,
        completed: context.now(),
        by: identity::on_receipt(context),
        tool: Tool { name: "medsets".into(), version: env!("CARGO_PKG_VERSION").into() },
        catalog: particulars.catalog,
        source: particulars.source,
        license: particulars.license,
        files,
        bytes,
        tree,
        listed: Listed::Beside(listed),
        partial: Vec::new(),
        warnings: particulars.warnings,
        reason: particulars.reason,
        brought: None,
        ledger: None,
    }
}

/// This person's receipt of a copy that another receipt speaks of: the same files, by these
/// particulars.
pub(super) fn receipt_own(context: &Context, particulars: Particulars, other: &Receipt) -> Receipt {
    let numbers = (other.files, other.bytes, other.tree);
    let nothing = ListPin { files: 0, sha256: other.tree, verified: BTreeMap::new() };
    Receipt {
        // Its list keeps its form.
        schema: other.schema.clone(),
        listed: other.listed.clone(),
        partial: other.partial.clone(),
        warnings: other.warnings.clone(),
        ..receipt_of(context, particulars, numbers, nothing)
    }
}
