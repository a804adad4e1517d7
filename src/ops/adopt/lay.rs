//! The records of what was recognised, in the place of the files or beside links to them.
//!
//! A folder of the standard layout gets the records itself, unless it has good ones or cannot be
//! written, and a link in the data folder leads to it. Of any other the dataset folder is made
//! with the records, and `data`, `docs` and kept archives in it are links. Nothing of the
//! person's is ever replaced.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::lines::LineWriter;
use crate::layout::{
    Adopted, DatasetDir, FileRecord, LinkKind, LinkMark, ListPin, ListWriter, ListedMark, Means, Receipt, RecordKind,
    Records, check, commit, manifest,
};
use crate::values::{ByteSize, Digest};

use super::super::assemble::{self, Particulars};
use super::super::failure::Failure;
use super::super::particulars::particulars;
use super::super::target::Target;
use super::place::{Place, standard_folder};
use super::report::{AdoptState, AdoptedDataset};
use super::scan::Scan;
use super::{Find, is_denied, place_of, text_of};

/// What was written into a folder of records.
struct Written {
    files: u64,
    bytes: ByteSize,
    tree: Digest,
    listed: ListPin,
}

/// Writes the records and enters them in the ledger; with `dry_run` only tells what would be.
pub(super) fn lay(
    context: &Context,
    target: &Target<'_>,
    scan: &Scan,
    found: Find,
    dry_run: bool,
) -> Result<AdoptedDataset, Failure> {
    let packed = found.packed.len() as u64;
    let mut report = AdoptedDataset {
        id: target.selection.id().clone(),
        version: target.selection.release().version.clone(),
        variant: target.selection.variant_name().map(str::to_owned),
        state: AdoptState::WouldBeAdopted,
        place: text_of(&scan.root)?,
        path: target.dir.root().to_path_buf(),
        files: 0,
        bytes: ByteSize::ZERO,
        packed,
        by: found.by,
        unproven: found.unproven,
        tree: tree_of(&found.records),
        missing: found.missing.clone(),
        duplicates: found.arranged.duplicates.iter().map(|own| scan.files[*own].rel.clone()).collect(),
        receipt_sha256: None,
        warnings: Vec::new(),
    };
    for record in found.records.iter().filter(|record| record.kind == RecordKind::File) {
        report.files += 1;
        report.bytes += record.size;
    }
    let standard = standard_folder(target, scan, &found);
    if dry_run {
        let state = already(target, standard.as_ref(), &mut report)?;
        Place::of(target, standard.as_ref())?;
        return Ok(AdoptedDataset { state: state.unwrap_or(report.state), ..report });
    }
    context.ledger()?.ready()?;
    let _lease = target.lease(context)?;
    // Decided under the lease: another run may have put the dataset there meanwhile.
    if let Some(state) = already(target, standard.as_ref(), &mut report)? {
        return Ok(AdoptedDataset { state, ..report });
    }
    let place = Place::of(target, standard.as_ref())?;
    let mut facts = particulars(context, target, Means::Adopt, found.part.clone(), None)?;
    facts.warnings.extend((found.unproven > 0).then(|| {
        let files = crate::values::counted(found.unproven, "file");
        format!("nothing published proves {files}: recorded as first seen when the folder was adopted")
    }));
    let within = standard.as_ref().map(|folder| within(target, folder, &found)).transpose();
    let (dir, written) = match within {
        Ok(Some(written)) => (standard.unwrap_or_else(|| target.dir.clone()), Some(written)),
        Ok(None) => (target.dir.clone(), None),
        // The folder with the files is the dataset's own: nothing can lie beside them.
        Err(Failed::Denied(error)) if place == Place::Itself => return Err(error.into()),
        Err(Failed::Denied(_)) => (target.dir.clone(), None),
        Err(Failed::Other(failure)) => return Err(failure),
    };
    let receipt = match written {
        Some(written) => finish_within(context, target, &dir, facts, written, place)?,
        None => {
            place.clear(target)?;
            beside(context, target, scan, &found, facts)?
        }
    };
    let assembled = assemble::enter_in_ledger(context, &dir, receipt, target.access)?;
    report.receipt_sha256 = Some(assembled.receipt_sha256);
    report.path = target.dir.root().to_path_buf();
    Ok(AdoptedDataset { state: AdoptState::Adopted, ..report })
}

/// What was done about this tree before, where nothing is left to do.
fn already(
    target: &Target<'_>,
    standard: Option<&DatasetDir>,
    report: &mut AdoptedDataset,
) -> Result<Option<AdoptState>, Failure> {
    let Records::Good(receipt) = target.records()? else { return Ok(None) };
    if receipt.tree != report.tree {
        return Ok(None);
    }
    let is_here = standard.is_some_and(|dir| fs::is_same(dir.root(), target.dir.root()));
    // Files that were put back have other times than the records say.
    let is_noted = || check::is_untouched(&target.dir).unwrap_or(false);
    match Adopted::read(&target.dir)? {
        Some(adopted) if (adopted.place == report.place || is_here) && is_noted() => {
            report.path = target.dir.root().to_path_buf();
            Ok(Some(AdoptState::Already))
        }
        None if fs::is_same(&target.dir.data(), Path::new(&report.place).join("data").as_path()) => {
            Ok(Some(AdoptState::Already))
        }
        None if check::looks_whole(&target.dir, receipt.files)? => Ok(Some(AdoptState::Copy)),
        _ => Ok(None),
    }
}

/// Why the records do not go into the person's folder.
enum Failed {
    Denied(fs::FsError),
    Other(Failure),
}

impl From<fs::FsError> for Failed {
    fn from(error: fs::FsError) -> Self {
        if is_denied(&error) { Self::Denied(error) } else { Self::Other(error.into()) }
    }
}

impl From<crate::layout::LayoutError> for Failed {
    fn from(error: crate::layout::LayoutError) -> Self {
        match error {
            crate::layout::LayoutError::Fs(error) => error.into(),
            other => Self::Other(other.into()),
        }
    }
}

/// Puts the lists into the records folder of a person's dataset folder. The receipt, by which
/// they count, comes last.
fn within(target: &Target<'_>, folder: &DatasetDir, found: &Find) -> Result<Written, Failed> {
    // What killed runs left of their lists and, under this lease, of their receipt.
    fs::sweep(folder.root(), LISTS);
    fs::sweep(&folder.records(), fs::RECORD);
    let (root, _held) = fs::make_held_folder(folder.root(), LISTS, target.access)?;
    let fresh = DatasetDir::at(root);
    fs::create_dir_all(&fresh.records(), target.access)?;
    let outcome = put_within(target, folder, &fresh, found);
    fs::remove_dir_all(fresh.root())?;
    outcome
}

fn put_within(target: &Target<'_>, folder: &DatasetDir, fresh: &DatasetDir, found: &Find) -> Result<Written, Failed> {
    let written = write(fresh, &found.records, &found.marks, target.access)?;
    fs::create_dir_all(&folder.records(), target.access)?;
    Adopted::at(folder.root()).write(folder, target.access)?;
    for (from, to) in [
        (fresh.listed_path(), folder.listed_path()),
        (fresh.inventory_path(), folder.inventory_path()),
        (fresh.manifest_path(), folder.manifest_path()),
    ] {
        fs::rename(&from, &to)?;
    }
    Ok(written)
}

/// Makes the link that leads to a person's dataset folder, and writes the receipt there.
fn finish_within(
    context: &Context,
    target: &Target<'_>,
    dir: &DatasetDir,
    facts: Particulars,
    written: Written,
    place: Place,
) -> Result<Receipt, Failure> {
    if let Some((_, entry)) = &facts.outside {
        fs::atomic_write(&dir.entry_path(), entry.as_bytes(), target.access)?;
    }
    let receipt = receipt(context, facts, written);
    if place == Place::Remains {
        // Records that lost their files may be all that told what these are: they go last.
        receipt.write(dir, target.access)?;
        let stale = target.store.tmp().join(fs::fresh_name("adopt-stale-"));
        fs::create_dir_all(&target.store.tmp(), target.access)?;
        fs::rename(target.dir.root(), &stale)?;
        fs::remove_dir_all(&stale)?;
        lead(target, dir)?;
        return Ok(receipt);
    }
    place.clear(target)?;
    if place != Place::Itself {
        lead(target, dir)?;
    }
    // After the link, which tells whose adoption it is when a kill comes between.
    receipt.write(dir, target.access)?;
    Ok(receipt)
}

/// Makes the link in the data folder that leads to a person's dataset folder.
fn lead(target: &Target<'_>, dir: &DatasetDir) -> Result<(), Failure> {
    let parent = target.dir.root().parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent, target.access)?;
    let held = text_of(dir.root())?;
    LinkMark::of(LinkKind::Adopted, &held).write(&target.dir, target.access)?;
    Ok(fs::symbolic_link(&held, target.dir.root())?)
}

/// Makes the dataset folder with the records and links to the person's files.
fn beside(
    context: &Context,
    target: &Target<'_>,
    scan: &Scan,
    found: &Find,
    facts: Particulars,
) -> Result<Receipt, Failure> {
    let mut adopted = Adopted::at(&scan.root);
    text_of(&scan.root)?;
    adopted.links = links(scan, found);
    fs::sweep(&target.store.tmp(), STAGE);
    let (root, _held) = fs::make_held_folder(&target.store.tmp(), STAGE, target.access)?;
    let stage = DatasetDir::at(root);
    fs::create_dir_all(&stage.records(), target.access)?;
    let made = || -> Result<Receipt, Failure> {
        for (at, held) in &adopted.links {
            let path = stage.root().join(at);
            fs::create_dir_all(path.parent().unwrap_or(stage.root()), target.access)?;
            fs::symbolic_link(held, &path)?;
        }
        adopted.write(&stage, target.access)?;
        let written = write(&stage, &found.records, &found.marks, target.access)?;
        for (name, text) in &facts.papers {
            fs::atomic_write(&stage.root().join(name), text.as_bytes(), target.access)?;
        }
        if let Some((_, entry)) = &facts.outside {
            fs::atomic_write(&stage.entry_path(), entry.as_bytes(), target.access)?;
        }
        let receipt = receipt(context, facts, written);
        receipt.write(&stage, target.access)?;
        commit::commit(stage.root(), &target.dir, &target.store, target.access)?;
        Ok(receipt)
    };
    made().inspect_err(|_| drop(fs::remove_dir_all(stage.root())))
}

/// How the name of a dataset folder begins that is being made, in the store's `tmp`.
const STAGE: &str = "adopt-";

/// How the name of a folder of lists begins that is being made in a person's folder.
pub(in crate::ops) const LISTS: &str = ".medsets-adopt-";

/// `data` and `docs` as links to folders where they can be, else to single files.
fn links(scan: &Scan, found: &Find) -> BTreeMap<String, String> {
    let text = |rel: &str| place_of(scan, rel).to_string_lossy().into_owned();
    let mut links = BTreeMap::new();
    let (data, docs) = (found.arranged.data.as_deref(), found.arranged.docs.as_deref());
    let has = |top: &str| found.records.iter().any(|record| record.path.as_str().starts_with(top));
    if let Some(data) = data.filter(|_| has("data/")) {
        links.insert("data".to_owned(), text(data));
    }
    let is_apart = docs.is_some_and(|docs| docs == "docs" || docs.ends_with("/docs"));
    if let Some(docs) = docs.filter(|_| has("docs/")) {
        if is_apart {
            links.insert("docs".to_owned(), text(docs));
        } else {
            for record in found.records.iter() {
                if let Some(name) = record.path.as_str().strip_prefix("docs/") {
                    links.insert(record.path.to_string(), text(&super::arrange::joined(docs, name)));
                }
            }
        }
    }
    for (at, own) in &found.packed {
        links.insert(at.clone(), text(own));
    }
    links
}

fn write(
    dir: &DatasetDir,
    records: &[FileRecord],
    marks: &[ListedMark],
    access: Access,
) -> Result<Written, fs::FsError> {
    let mut inventory = LineWriter::create(&dir.inventory_path(), access)?;
    let mut lines = LineWriter::create(&dir.manifest_path(), access)?;
    let (mut files, mut bytes) = (0, ByteSize::ZERO);
    for record in records {
        inventory.write_json(record)?;
        if record.kind == RecordKind::File {
            files += 1;
            bytes += record.size;
            lines.write(&manifest::line(&record.sha256, &record.path))?;
        }
    }
    inventory.finish()?;
    let tree = lines.finish()?;
    let mut list = ListWriter::create(&dir.listed_path(), access)?;
    for mark in marks {
        list.write(mark)?;
    }
    Ok(Written { files, bytes, tree, listed: list.finish()? })
}

fn receipt(context: &Context, facts: Particulars, written: Written) -> Receipt {
    assemble::receipt_of(context, facts, (written.files, written.bytes, written.tree), written.listed)
}

/// SHA-256 of the manifest that records make.
pub(super) fn tree_of(records: &[FileRecord]) -> Digest {
    let mut tree = crate::values::Digester::new(crate::values::Algorithm::Sha256, None);
    let mut seen = HashSet::new();
    for record in records.iter().filter(|record| record.kind == RecordKind::File && seen.insert(&record.path)) {
        tree.update(manifest::line(&record.sha256, &record.path).as_bytes());
        tree.update(b"\n");
    }
    tree.finish()
}
