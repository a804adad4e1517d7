//! `medsets remove`: the files go, the record stays.

mod begun;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::agreements::{Entry, EntryKind, Record};
use crate::context::Context;
use crate::fs::{self, Access, FileLock, FsError, FsErrorKind};
use crate::layout::places::another;
use crate::layout::{Adopted, DatasetDir, LinkMark, Store, commit};
use crate::values::{ByteSize, DatasetId};

use super::exit::Exit;
use super::failure::Failure;
use super::here::{self, Here};
use super::identity;
use super::lease::lease;
use super::settle::{lease_of, settle};
use super::shared;

use begun::Begun;

pub(super) use begun::recover;

/// What was, or would be, removed.
#[derive(Debug, Serialize)]
pub struct RemoveReport {
    /// Which dataset.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Its folder.
    pub path: PathBuf,
    /// Bytes.
    pub bytes: ByteSize,
    /// Files.
    pub files: u64,
    /// Where the files lie that stay, because a person put them there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stays: Option<String>,
    /// The copy of somebody else that the folder is a link to: it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<PathBuf>,
    /// What the folder is a link to that a person made: what lies there stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leads_to: Option<String>,
    /// Whether only kept archives are meant.
    pub archives_only: bool,
    /// Whether it was done.
    pub removed: bool,
}

/// What of a dataset is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Its folder.
    Whole,
    /// Only the archives that were kept in it.
    Archives,
}

/// What removing would remove. Changes nothing.
pub fn plan(context: &Context, name: &str, extent: Extent) -> Result<(Here, RemoveReport), Failure> {
    let here = here::one(context, name)?;
    refuse_other_data_folder(&here)?;
    let shared = shared::leads_to(&here.dir);
    if let (Some(at), Extent::Archives) = (&shared, extent) {
        let message =
            format!("`{}` is used from a shared folder, where nothing is removed: `{}`", here.name(), at.display());
        return Err(Failure::new(Exit::DENIED, message)
            .of(&here.id)
            .help(format!("`medsets remove {}` takes the link away; the shared copy stays", here.name())));
    }
    let root = match extent {
        Extent::Whole => here.dir.root().to_path_buf(),
        Extent::Archives => here.dir.archives(),
    };
    let is_away = here.away().is_some();
    if is_away && extent == Extent::Archives {
        let message = format!("`{}` is not to be had: {}", here.name(), here.fault.clone().unwrap_or_default());
        return Err(Failure::new(Exit::DENIED, message).of(&here.id).help(here.way_back()));
    }
    // A removal that was killed may have left the rest of the person's records.
    let is_there = |adopted: &Adopted| {
        !is_away || another(&here.dir).is_none() && fs::is_same(here.dir.root(), Path::new(&adopted.place))
    };
    let adopted = Adopted::read(&here.dir)?.filter(is_there);
    let is_persons = adopted.as_ref().is_some_and(|adopted| adopted.links.is_empty());
    let leads_to = match extent {
        Extent::Whole if shared.is_none() && !is_persons => fs::link_target(here.dir.root())?,
        Extent::Whole | Extent::Archives => None,
    };
    let (mut files, mut bytes) = (0, ByteSize::ZERO);
    let mut count = |found: fs::Found| {
        files += 1;
        bytes += ByteSize(found.size);
    };
    match &adopted {
        _ if shared.is_some() || leads_to.is_some() => {}
        // The records lie among a person's files.
        Some(adopted) if adopted.links.is_empty() && extent == Extent::Whole => {
            walk_what_stays(&here.dir.records(), &mut count)?;
        }
        Some(adopted) if adopted.links.is_empty() => return Err(persons(&here, adopted)),
        _ => walk_what_stays(&root, &mut count)?,
    }
    let report = RemoveReport {
        id: here.id.clone(),
        version: here.version.clone(),
        path: root,
        bytes,
        files,
        stays: adopted.filter(|_| shared.is_none()).map(|adopted| adopted.place),
        shared,
        leads_to,
        archives_only: extent == Extent::Archives,
        removed: false,
    };
    Ok((here, report))
}

/// Walks a folder that another run may be removing: what is gone meanwhile counts for nothing, and
/// whether anything is left is asked again under the lease.
fn walk_what_stays(root: &Path, count: &mut dyn FnMut(fs::Found)) -> Result<(), FsError> {
    fs::walk_on(root, count, &mut |error| match error.kind() {
        FsErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// The removal of a dataset that this person began and a kill interrupted.
pub struct Interrupted {
    begun: Begun,
    here: Here,
}

/// Finds such a removal; `None` where there is none.
pub fn interrupted(context: &Context, name: &str) -> Result<Option<Interrupted>, Failure> {
    let meant = here::parse(name)?;
    Ok(all_interrupted(context)?.into_iter().find(|one| meant.fits(&one.here)))
}

/// Finishes all of them.
pub fn finish_all(context: &Context) -> Result<(), Failure> {
    all_interrupted(context)?.into_iter().try_for_each(|one| one.finish(context).map(drop))
}

/// Those of datasets that are not here again.
fn all_interrupted(context: &Context) -> Result<Vec<Interrupted>, Failure> {
    let (data_dir, mut all) = (context.data_dir()?, Vec::new());
    for begun in Begun::all(context, &Store::of(&data_dir))? {
        let here = begun.place(&data_dir).and_then(|dir| here::by_folder(context, dir, None));
        if let Some(here) = here
            && fs::metadata(here.dir.root())?.is_none()
        {
            all.push(Interrupted { begun, here });
        }
    }
    Ok(all)
}

impl Interrupted {
    /// What it removes, and what of it was done.
    pub fn report(&self, removed: bool) -> RemoveReport {
        let record = &self.begun.record;
        RemoveReport {
            id: self.here.id.clone(),
            version: self.here.version.clone(),
            path: self.here.dir.root().to_path_buf(),
            bytes: record.bytes.unwrap_or_default(),
            files: record.files.unwrap_or_default(),
            stays: None,
            shared: None,
            leads_to: None,
            archives_only: false,
            removed,
        }
    }

    /// Makes the entry that is owed and deletes the rest, once no other run works on the dataset;
    /// `None` where the run that removed it was at work still.
    pub fn finish(self, context: &Context) -> Result<Option<RemoveReport>, Failure> {
        let store = Store::of(&context.data_dir()?);
        let held = format!("another medsets run works on `{}`", self.here.name());
        let _lease = lease(context, &store.lease(&self.here.dir.name()), Access::Private, &held)?;
        if !self.begun.stands()? {
            return Ok(None);
        }
        settle(context, &store, &self.here.dir)?;
        let report = self.report(true);
        if self.begun.stands()? {
            // That was tried: it says why it cannot be.
            self.begun.end()?;
        }
        tidy(&self.here.dir)?;
        Ok(Some(report))
    }
}

/// Takes away what tells of a link that is gone, and the folder of the id where it is empty.
fn tidy(dir: &DatasetDir) -> Result<(), Failure> {
    if fs::metadata(dir.root())?.is_none() {
        LinkMark::remove(dir)?;
    }
    if let Some(parent) = dir.root().parent() {
        fs::remove_dir_if_empty(parent);
    }
    Ok(())
}

/// Nothing is removed where the folder of the id is a link into another data folder: other projects
/// may use what lies there.
fn refuse_other_data_folder(here: &Here) -> Result<(), Failure> {
    let Some(link) = id_link(&here.dir)?.filter(|link| link.has_store) else { return Ok(()) };
    let message = format!("{link} into another data folder");
    Err(Failure::new(Exit::DENIED, message).of(&here.id).help(link.advice(&here.name())))
}

/// A folder of an id that is a link out of the data folder.
pub(super) struct IdLink {
    link: PathBuf,
    /// The folder in which what it leads to lies.
    other: PathBuf,
    /// Whether that is a data folder.
    has_store: bool,
}

/// The link through which a dataset is here, where the folder of its id is one.
pub(super) fn id_link(dir: &DatasetDir) -> Result<Option<IdLink>, FsError> {
    let Some(folder) = dir.root().parent() else { return Ok(None) };
    if fs::link_target(folder)?.is_none() {
        return Ok(None);
    }
    let real = fs::canonical(folder)?;
    let other = real.parent().unwrap_or(&real).to_path_buf();
    let has_store = fs::is_dir(Store::of(&other).root());
    Ok(Some(IdLink { link: folder.to_path_buf(), other, has_store }))
}

impl IdLink {
    /// How the dataset is removed all the same.
    pub fn advice(&self, name: &str) -> String {
        match self.has_store {
            true => format!(
                "`medsets remove {name} --data-dir {}` removes it there; to be rid of it here, take the link away",
                self.other.display()
            ),
            false => format!("`medsets remove {name}` removes it"),
        }
    }
}

impl fmt::Display for IdLink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is a link out of this data folder (to `{}`)", self.link.display(), self.other.display())
    }
}

/// Removes the files. The folder leaves its place by one rename before anything is deleted,
/// so that a kill leaves no half dataset; the deletion is entered in the ledger.
///
/// Of a folder that is a link the link goes. No other run works on the dataset meanwhile: one that
/// does is waited for.
///
/// After a failure before the entry the folder is whole in its place; where it cannot be put
/// back it is whole in the store's `tmp`, or beside its place as `.medsets-away-<mark>`.
/// After a kill, or where not all could be deleted, the next run that works on the dataset or
/// prunes the store makes the entry and deletes the rest.
pub fn remove(context: &Context, here: &Here, mut report: RemoveReport) -> Result<RemoveReport, Failure> {
    if !report.archives_only {
        context.ledger()?.ready()?;
    }
    let store = Store::of(&context.data_dir()?);
    let _lease = hold(context, here, &store)?;
    let is_persons = || Ok::<_, Failure>(Adopted::read(&here.dir)?.is_some_and(|adopted| adopted.links.is_empty()));
    if !report.archives_only && report.shared.is_none() && report.leads_to.is_none() && is_persons()? {
        return remove_records(context, here, report);
    }
    // The end of a removal of records that was killed.
    if report.leads_to.is_some() && here.receipt.is_none() && is_entered(context, here)? {
        fs::remove_file(here.dir.root())?;
        tidy(&here.dir)?;
        report.removed = true;
        return Ok(report);
    }
    let mut out = commit::away(&store, here.dir.root());
    // A link above it may lead to another disk.
    let parent = report.path.parent().unwrap_or(&report.path);
    if fs::file_system(parent)? != fs::file_system(store.root())? {
        out = report.path.with_file_name(fs::fresh_name(".medsets-away-"));
    }
    if report.archives_only {
        match fs::rename(&report.path, &out) {
            Err(error) if error.kind() == FsErrorKind::NotFound => {}
            moved => moved?,
        }
        fs::remove_dir_all(&out)?;
    } else {
        take_out(context, here, &report, &store, &out)?.end()?;
        tidy(&here.dir)?;
    }
    report.removed = true;
    Ok(report)
}

/// Takes the dataset for this run alone. Fails where another one has removed it meanwhile.
fn hold(context: &Context, here: &Here, store: &Store) -> Result<FileLock, Failure> {
    let name = here.name();
    let lease = lease_of(context, store, &here.dir, &name, Access::Private)?;
    fs::create_dir_all(&store.tmp(), Access::Private)?;
    if fs::metadata(here.dir.root())?.is_none() {
        let failure = Failure::new(Exit::CATALOG, format!("`{name}` is not here: another run has removed it"));
        return Err(failure.of(&here.id));
    }
    Ok(lease)
}

/// Has a dataset folder, or a link in its place, leave it, and enters that in the ledger.
fn take_out(
    context: &Context,
    here: &Here,
    report: &RemoveReport,
    store: &Store,
    out: &std::path::Path,
) -> Result<Begun, Failure> {
    let begun = Begun::note(context, store, &here.dir, out, deletion(context, here, report))?;
    if let Err(error) = fs::rename(&report.path, out) {
        begun.give_up();
        return Err(error.into());
    }
    begun.enter(context).inspect_err(|_| {
        // The failure of the ledger is the one to tell.
        let _ = fs::rename(out, &report.path);
    })?;
    Ok(begun)
}

/// The entry about a deletion. Of a person's own files only the records go, and it says so.
fn deletion(context: &Context, here: &Here, report: &RemoveReport) -> Record {
    Record {
        reference: here.receipt.as_ref().and_then(|receipt| receipt.reference.clone()),
        version: Some(here.version.clone()),
        variant: here.variant.clone(),
        files: Some(report.files),
        bytes: Some(report.bytes),
        note: match (&report.shared, &report.stays, &report.leads_to) {
            (Some(_), ..) => Some("shared copy".to_owned()),
            (None, _, Some(_)) => Some("the link alone: the files stay where it leads".to_owned()),
            // An extract of the ledger is read by others: where they lie is nobody else's.
            (None, Some(_), None) => Some("the records alone: the files stay where they lie".to_owned()),
            (None, None, None) => None,
        },
        ..identity::record(context, EntryKind::Delete, &here.id)
    }
}

/// Removes records that lie among a person's files, and the link in the data folder that leads
/// there. The receipt, by which the dataset is known, goes first.
fn remove_records(context: &Context, here: &Here, mut report: RemoveReport) -> Result<RemoveReport, Failure> {
    if !is_entered(context, here)? {
        context.ledger()?.append(deletion(context, here, &report))?;
    }
    let real = DatasetDir::at(fs::canonical(here.dir.root())?);
    for path in [
        real.receipt_path(),
        real.inventory_path(),
        real.manifest_path(),
        real.listed_path(),
        real.entry_path(),
        real.adopted_path(),
    ] {
        fs::remove_file(&path)?;
    }
    fs::remove_dir_if_empty(&real.records());
    if fs::metadata(here.dir.root())?.is_some_and(|found| found.is_symlink()) {
        fs::remove_file(here.dir.root())?;
        tidy(&here.dir)?;
    }
    report.removed = true;
    Ok(report)
}

/// Whether the ledger has the removal of these very records already: a run was killed after it.
fn is_entered(context: &Context, here: &Here) -> Result<bool, Failure> {
    let reading = context.ledger()?.read_all()?;
    let is_of = |record: &Record| {
        record.dataset == here.id
            && record.version.as_ref() == Some(&here.version)
            && record.variant.as_ref() == here.variant.as_ref()
    };
    let about = || reading.entries.iter().filter(|entry| is_of(&entry.record));
    let is_removal = |entry: &Entry| entry.record.kind == EntryKind::Delete;
    Ok(match here.receipt.as_ref().and_then(|receipt| receipt.ledger.as_ref()) {
        Some(mark) => {
            about().any(|entry| entry.ledger == mark.id && entry.sequence > mark.sequence && is_removal(entry))
        }
        None => about().next_back().is_some_and(is_removal),
    })
}

fn persons(here: &Here, adopted: &Adopted) -> Failure {
    let message = format!("the archives of `{}` lie in `{}`, where a person put them", here.name(), adopted.place);
    Failure::new(Exit::DENIED, message).of(&here.id).help("remove them yourself if you want the room")
}
