//! From the objects of a mirror to a dataset folder.
//!
//! Objects come into the workspace under their digests, each once; what a stopped run brought is
//! hashed again and kept. When all are here they get their places, and the dataset is
//! committed like a fetched one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, Access};
use crate::layout::check::sha256_of;
use crate::layout::lines::JsonLines;
use crate::layout::{FileRecord, Finished, FinishedKind, ListedMark, Means, RecordKind, Workspace, inventory};
use crate::mirror::{Mirror, MirrorError, names};
use crate::ops::assemble::{Assembled, assemble};
use crate::ops::download::{Tally, settings};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{Pins, summary};
use crate::ops::foreign::OwnWord;
use crate::ops::particulars::particulars;
use crate::ops::placing::stamp;
use crate::ops::report::Fetched;
use crate::ops::target::Target;
use crate::plan::{Location, Shortage};
use crate::remedy::Remedy as _;
use crate::transfer::{Expected, Job, Locate, LocateError};
use crate::values::{ByteSize, Digest, RelPath};

use super::find::Found;
use super::objects::{self, Kept};
use super::trust::{refuse_stray_links, refuse_unlike_entry, refuse_unlike_lock};

/// Takes a dataset from a mirror into a workspace that is held, and commits it. What a lock pins
/// of it must be what the mirror has.
///
/// After a failure the dataset folder is absent as before, and what came waits in the workspace
/// for the next run.
pub async fn take(
    context: &Context,
    target: &Target<'_>,
    found: &Found,
    mut workspace: Workspace,
    pins: Option<&Pins>,
) -> Result<Fetched, Failure> {
    let mut tally = Tally::default();
    workspace.remove_strays()?;
    let folder = workspace.root().join("mirror");
    let records = fetch_records(context, found, &workspace, &folder, &mut tally).await?;
    let marks: Vec<ListedMark> = JsonLines::open(&folder.join(names::LISTED))?.collect::<Result<_, _>>()?;
    let kept = objects::packed(marks.iter().cloned().map(Ok), &records)?;
    refuse_unlike_entry(target, found, &marks, &records)?;
    refuse_unlike_lock(found, pins, &marks)?;
    refuse_stray_links(&records)?;
    let wanted = wanted(&records, &kept);
    let reused = sift(&wanted, &folder, &workspace)?;
    refuse_lack_of_space(target, &reused.missing)?;
    tell_started(context, target, &wanted, &reused.missing);
    fetch_objects(context, found, &workspace, &folder, &reused.missing, &mut tally).await?;
    place_all(&workspace, &folder, &records, &kept)?;
    let own = OwnWord::of(target.selection, &target.source.channel);
    let marks = marks.into_iter().map(|mark| ListedMark { verified: own.proof(&mark), ..mark }).collect();
    let of_own = |record: FileRecord| {
        let license = own.license(&record.origin.file, record.license.clone());
        FileRecord { license, ..record }
    };
    note(&mut workspace, found, marks, records.into_iter().map(of_own).collect())?;
    fs::remove_dir_all(&folder)?;
    let mut particulars = particulars(context, target, Means::Fetch, found.mark.selection.clone(), None)?;
    particulars.tree = Some(found.mark.tree);
    particulars.source.mirror = Some(found.mirror.store.url().to_string());
    particulars.warnings.extend(found.mark.warnings.iter().cloned());
    let Assembled { receipt, receipt_sha256 } = assemble(context, workspace, &target.dir, &target.store, particulars)?;
    let fetched = summary(target, &receipt, Some(receipt_sha256), &tally);
    Ok(Fetched { reused: reused.bytes, mirror: Some(found.mirror.store.url().to_string()), ..fetched })
}

/// Fetches manifest, inventory and list, and holds them against each other.
async fn fetch_records(
    context: &Context,
    found: &Found,
    workspace: &Workspace,
    folder: &Path,
    tally: &mut Tally,
) -> Result<Vec<FileRecord>, Failure> {
    fs::create_dir_all(folder, workspace.access())?;
    let mark = &found.mark;
    let records = [
        (names::MANIFEST, mark.manifest_size, mark.tree),
        (names::INVENTORY, mark.inventory.size, mark.inventory.sha256),
        (names::LISTED, mark.listed_size, mark.listed.sha256),
    ];
    let wanted: Vec<Wanted> = records
        .iter()
        .map(|(name, size, sha256)| Wanted {
            name: format!("{}/{name}", found.prefix),
            target: folder.join(name),
            size: *size,
            sha256: *sha256,
        })
        .collect();
    context.report.report(Event::Phase { dataset: mark.dataset.clone(), phase: "listing" });
    run(context, found, workspace, &wanted, tally).await?;
    objects::records(&folder.join(names::MANIFEST), &folder.join(names::INVENTORY))
}

/// An object that is to be had.
struct Wanted {
    name: String,
    target: PathBuf,
    size: ByteSize,
    sha256: Digest,
}

/// Every digest once, with its size.
fn wanted(records: &[FileRecord], kept: &[Kept]) -> BTreeMap<Digest, ByteSize> {
    let files = records.iter().filter(|record| record.kind == RecordKind::File);
    let files = files.map(|record| (record.sha256, record.size));
    files.chain(kept.iter().map(|one| (one.sha256, one.size))).collect()
}

/// What an earlier run brought.
struct Sifted {
    missing: BTreeMap<Digest, ByteSize>,
    bytes: ByteSize,
}

/// Looks for what is here already: under its digest, or finished by a fetch.
fn sift(wanted: &BTreeMap<Digest, ByteSize>, folder: &Path, workspace: &Workspace) -> Result<Sifted, Failure> {
    let mut sifted = Sifted { missing: BTreeMap::new(), bytes: ByteSize::ZERO };
    for one in workspace.finished().values().filter(|one| wanted.contains_key(&one.sha256)) {
        if let FinishedKind::Placed { at } = &one.kind {
            // Where there are no second names, or it is there, it comes from the mirror or is there.
            let _ = fs::hard_link(&at.under(&workspace.stage()), &folder.join(one.sha256.hex()));
        }
    }
    for (sha256, size) in wanted {
        let object = folder.join(sha256.hex());
        let is_candidate = fs::metadata(&object)?.is_some_and(|one| one.is_file() && one.len() == size.0);
        if is_candidate && sha256_of(&object, &|_| ())? == *sha256 {
            sifted.bytes += *size;
        } else {
            sifted.missing.insert(*sha256, *size);
        }
    }
    Ok(sifted)
}

fn places<'r>(records: &'r [FileRecord], kept: &'r [Kept]) -> impl Iterator<Item = (&'r RelPath, Digest)> {
    let files = records.iter().filter(|record| record.kind == RecordKind::File);
    files.map(|record| (&record.path, record.sha256)).chain(kept.iter().map(|one| (&one.place, one.sha256)))
}

fn refuse_lack_of_space(target: &Target<'_>, missing: &BTreeMap<Digest, ByteSize>) -> Result<(), Failure> {
    let needed: ByteSize = missing.values().copied().sum();
    let space = fs::space(target.store.root())?;
    if needed > space.bytes {
        let at = target.store.root().to_path_buf();
        return Err(Shortage::Bytes { at, free: space.bytes, needed }.into());
    }
    Ok(())
}

fn tell_started(
    context: &Context,
    target: &Target<'_>,
    wanted: &BTreeMap<Digest, ByteSize>,
    missing: &BTreeMap<Digest, ByteSize>,
) {
    let bytes: ByteSize = wanted.values().copied().sum();
    let kept = bytes.saturating_sub(missing.values().copied().sum());
    let (dataset, files) = (target.selection.id().clone(), wanted.len() as u64);
    context.report.report(Event::Phase { dataset: dataset.clone(), phase: "download" });
    context.report.report(Event::Started { dataset, files, bytes, kept, unknown_sizes: 0 });
}

async fn fetch_objects(
    context: &Context,
    found: &Found,
    workspace: &Workspace,
    folder: &Path,
    missing: &BTreeMap<Digest, ByteSize>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let wanted: Vec<Wanted> = missing
        .iter()
        .map(|(sha256, size)| Wanted {
            name: names::object(sha256),
            target: folder.join(sha256.hex()),
            size: *size,
            sha256: *sha256,
        })
        .collect();
    run(context, found, workspace, &wanted, tally).await
}

/// Downloads objects through the one downloader. Fails with the first that could not be had,
/// after all others are here.
async fn run(
    context: &Context,
    found: &Found,
    workspace: &Workspace,
    wanted: &[Wanted],
    tally: &mut Tally,
) -> Result<(), Failure> {
    let jobs = wanted.iter().map(|one| {
        let file = RelPath::parse(&one.name).expect("names of objects are safe");
        Job {
            target: one.target.clone(),
            part: workspace.part(&file),
            access: workspace.access(),
            expected: Expected { size: Some(one.size), digests: vec![one.sha256] },
            ways: vec![Arc::new(InMirror { mirror: found.mirror.clone(), name: one.name.clone() })],
            file,
        }
    });
    let mut failures: Vec<Failure> = Vec::new();
    crate::transfer::run(context.client()?, settings(context), jobs, &context.report, &context.cancel, |outcome| {
        match outcome.result {
            Ok(done) => tally.downloaded += done.downloaded,
            Err(error) => failures.push(Failure::from(error).in_file(&outcome.file)),
        }
    })
    .await;
    if let Some(code) = context.cancel.code() {
        return Err(Failure::new(Exit(code), "the run was stopped; what was finished is kept"));
    }
    failures.sort_by_key(|failure| (failure.exit.class(), failure.exit));
    match failures.into_iter().next() {
        None => Ok(()),
        Some(failure) => Err(of_mirror(found, failure)),
    }
}

fn of_mirror(found: &Found, failure: Failure) -> Failure {
    let url = found.mirror.store.url();
    let message = format!("the mirror `{url}`: {}", failure.message);
    let failure = Failure { message, ..failure };
    match failure.exit {
        Exit::MISMATCH => Failure { help: None, ..failure }.help(
            "nothing of it was kept; `medsets mirror push ID --verify` from a copy that is whole mends the mirror, `medsets fetch ID` asks the host",
        ),
        _ => failure,
    }
}

/// An object as the transfer asks for it.
pub(super) struct InMirror {
    pub mirror: Arc<Mirror>,
    pub name: String,
}

impl Locate for InMirror {
    fn locate(&self) -> BoxFuture<'_, Result<Location, LocateError>> {
        async { self.mirror.store.locate(&self.name).await.map_err(|error| told(&error)) }.boxed()
    }
}

/// A mirror's failure in the words of the transfer.
pub(super) fn told(error: &MirrorError) -> LocateError {
    LocateError { net: error.net().cloned(), exit: error.exit(), message: error.to_string(), help: error.remedy() }
}

/// Gives every object a second name in its place: it stays under its digest until all is noted,
/// so that a run that is stopped loses nothing. Where there are no second names it is moved, or
/// copied where it has several places.
fn place_all(workspace: &Workspace, folder: &Path, records: &[FileRecord], kept: &[Kept]) -> Result<(), Failure> {
    let mut left: HashMap<Digest, usize> = HashMap::new();
    for (_, sha256) in places(records, kept) {
        *left.entry(sha256).or_default() += 1;
    }
    let mut made = BTreeSet::new();
    for (path, sha256) in places(records, kept) {
        let to = path.under(&workspace.stage());
        if let Some(parent) = to.parent().filter(|parent| made.insert(parent.to_path_buf())) {
            fs::create_dir_all(parent, workspace.access())?;
        }
        let count = left.get_mut(&sha256).expect("it was counted");
        *count -= 1;
        put(&folder.join(sha256.hex()), &to, *count == 0, workspace.access())?;
    }
    for record in records.iter().filter(|record| record.kind == RecordKind::Link) {
        let (to, target) = (record.path.under(&workspace.stage()), record.target.as_deref().unwrap_or_default());
        fs::create_dir_all(to.parent().unwrap_or(&workspace.stage()), workspace.access())?;
        if fs::link_target(&to)?.as_deref() != Some(target) {
            fs::symbolic_link(target, &to)?;
        }
    }
    Ok(())
}

/// Files of one dataset must not change together: what has several places is copied but once.
fn put(object: &Path, to: &Path, is_last: bool, access: Access) -> Result<(), Failure> {
    // What another run put there is no reason to believe it.
    fs::remove_file(to)?;
    if !is_last {
        fs::copy_new(object, to, access)?;
    } else if fs::hard_link(object, to).is_err() {
        fs::rename(object, to)?;
    }
    Ok(())
}

/// Notes what is finished, as a fetch would have.
fn note(
    workspace: &mut Workspace,
    found: &Found,
    marks: Vec<ListedMark>,
    records: Vec<FileRecord>,
) -> Result<(), Failure> {
    let meant: HashSet<&RelPath> =
        marks.iter().map(|mark| &mark.path).chain(found.mark.partial.iter().map(|mark| &mark.path)).collect();
    workspace.set_aside(|path| meant.contains(path))?;
    let mut by_origin: BTreeMap<RelPath, Vec<FileRecord>> = BTreeMap::new();
    for mut record in records {
        if record.kind == RecordKind::File {
            // The quick check compares it with the file as it lies here.
            record.mtime = stamp(&record.path.under(&workspace.stage()))?.0;
        }
        by_origin.entry(record.origin.file.clone()).or_default().push(record);
    }
    let archives = RelPath::parse("archives").expect("it is a name");
    for mark in marks {
        let own = by_origin.remove(&mark.path);
        let first = own.as_ref().and_then(|records| records.first());
        let (license, notice) = first.map_or((None, None), |record| (record.license.clone(), record.notice.clone()));
        let kind = match (mark.unpacked, own) {
            (true, own) => FinishedKind::Unpacked { members: write(workspace, &mark.path, own.unwrap_or_default())? },
            (false, Some(records)) => {
                let [record] = records.as_slice() else { return Err(several(&mark.path)) };
                FinishedKind::Placed { at: record.path.clone() }
            }
            (false, None) => FinishedKind::Placed { at: mark.path.below(&archives).map_err(|_| several(&mark.path))? },
        };
        workspace.finish(Finished {
            path: mark.path,
            size: mark.size,
            sha256: mark.sha256,
            verified: mark.verified,
            known: mark.known,
            license,
            notice,
            url: mark.url,
            kind,
            reason: None,
            warnings: Vec::new(),
        })?;
    }
    for mark in &found.mark.partial {
        let members = write(workspace, &mark.path, by_origin.remove(&mark.path).unwrap_or_default())?;
        workspace.finish(Finished {
            path: mark.path.clone(),
            size: mark.size,
            sha256: mark.directory_sha256,
            verified: mark.verified,
            known: Vec::new(),
            license: None,
            notice: None,
            url: mark.url.clone(),
            kind: FinishedKind::Members { members, chosen: mark.members.clone() },
            reason: None,
            warnings: Vec::new(),
        })?;
    }
    match by_origin.into_keys().next() {
        None => Ok(()),
        Some(path) => Err(several(&path)),
    }
}

fn several(path: &RelPath) -> Failure {
    Failure::new(Exit::MISMATCH, format!("the records of the mirror do not agree about `{path}`")).in_file(path)
}

/// The inventory of an archive's members. Gives its name.
fn write(workspace: &Workspace, origin: &RelPath, records: Vec<FileRecord>) -> Result<String, Failure> {
    let name = format!("{}.jsonl", &Digest::sha256(origin.as_str().as_bytes()).hex()[..16]);
    let path = workspace.members(&name);
    fs::remove_file(&path)?;
    inventory::write_sorted(&path, records, workspace.access())?;
    Ok(name)
}
