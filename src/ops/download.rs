//! Downloads what is wanted into a workspace and unpacks archives as they come.
//!
//! Three parts run at once: the transfer on the network's threads, a recorder that notes each
//! finished file, and an unpacker that takes one archive after the other.

mod proof;
mod unpacking;
mod ways;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalog::UnpackRules;
use crate::context::Context;
use crate::events::{Cancel, Event, Report};
use crate::fs;
use crate::layout::{Finished, FinishedKind, Proof, RoleRules, Workspace};
use crate::plan::steps::Have;
use crate::plan::{Handling, Item};
use crate::providers::{AnyProvider, Hosts, ListedFile};
use crate::remedy::{self, Held};
use crate::transfer::{Done, Expected, Job, Outcome, TransferSettings};
use crate::unpack::{UnpackError, git_tree};
use crate::values::{ByteSize, DatasetId, Digest, RelPath, Secret};

use super::doubt::Doubt;
use super::exit::Exit;
use super::failure::Failure;
use super::mirror::Sources;
use super::unwrap::{Unwrapping, unwrap};

use proof::known;
use unpacking::unpack_all;

pub(super) use proof::{known_beforehand, proof};
pub(super) use ways::ways;

/// A file of the release that is wanted. There may be a million of them.
#[derive(Clone)]
pub struct Wanted {
    /// What the host lists.
    pub listed: ListedFile,
    /// How many of its digests the entry names; they come first, and no more kinds are known.
    pub of_entry: u8,
    /// What becomes of it; files that are treated alike share it.
    pub manner: Arc<Manner>,
    /// What is here of it already.
    pub have: Have,
}

/// What becomes of files.
#[derive(Debug, Clone)]
pub struct Manner {
    /// What the plan says.
    pub handling: Handling,
    /// Rough size.
    pub about: Option<ByteSize>,
    /// How the members come out, where it is an archive.
    pub unpack: Option<UnpackRules>,
    /// The members that are wanted, where the archive is not wanted whole.
    pub members: Vec<String>,
    /// The terms where they differ from the dataset's.
    pub license: Option<String>,
    /// What the host says of it that a person must know.
    pub notice: Option<String>,
    /// Whether other bytes than the catalogue's are taken, by the person's word.
    pub changed_is_fine: bool,
    /// Why, for the record.
    pub reason: Option<String>,
    /// What the host states of it and the entry knows to be wrong.
    pub doubt: Option<Doubt>,
    /// Whether digests that the entry does not name are those of the project's lock.
    pub pinned: Pinned,
    /// What the lock says of the archive's directory, where only members of it are wanted.
    pub directory: Option<Digest>,
    /// The git tree that proves the contents of a generated archive.
    pub tree: Option<Digest>,
}

/// What a lock says of the digests of a file that the entry does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinned {
    /// Nothing: they are the host's.
    No,
    /// It has them of the host, or of somebody who answers for them.
    Published,
    /// It has that of the bytes which came first, on whatever machine: nothing published proves
    /// them here either.
    OnFirstUse,
    /// It has that of other bytes than the publisher named, which somebody took by their word.
    Accepted,
}

impl Wanted {
    /// What a plan needs to know.
    pub fn item(&self) -> Item<'_> {
        let size = match &self.manner.handling {
            Handling::Members { read, .. } => *read,
            Handling::Place { .. } | Handling::Unpack { .. } => self.listed.size,
        };
        Item {
            path: &self.listed.path,
            size,
            about: self.manner.about,
            handling: &self.manner.handling,
            have: self.have,
            license: self.manner.license.as_deref(),
        }
    }

    /// Where it goes below the dataset folder, if it is placed as it is.
    pub fn place(&self) -> Option<RelPath> {
        match &self.manner.handling {
            Handling::Place { into } => {
                Some(self.listed.path.below(into).expect("it was tried when the file was wanted"))
            }
            Handling::Unpack { .. } | Handling::Members { .. } => None,
        }
    }
}

/// The password of encrypted archives.
#[derive(Default)]
pub struct ArchivePassword {
    /// The password, where there is one.
    pub secret: Option<Secret>,
    /// The name under which it is kept; none where the entry knows of no encrypted archive.
    pub kept_as: Option<String>,
}

impl ArchivePassword {
    /// The failure, with where the password is looked for.
    pub(super) fn explain(&self, error: UnpackError) -> Failure {
        let locked = matches!(error, UnpackError::PasswordNeeded { .. } | UnpackError::WrongPassword { .. });
        let failure = Failure::from(error);
        match &self.kept_as {
            Some(name) if locked => failure.help(remedy::hand_over(name, Held::Token)),
            _ => failure,
        }
    }
}

/// What a download came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Bytes that came over the network.
    pub downloaded: ByteSize,
    /// Archives that were unpacked.
    pub unpacked: u64,
    /// Files that could not be had.
    pub failures: Vec<(RelPath, Failure)>,
}

/// What the parts share.
struct Shared {
    workspace: Mutex<Workspace>,
    wanted: Vec<Wanted>,
    roles: RoleRules,
    report: Report,
    cancel: Cancel,
    password: ArchivePassword,
    dataset: DatasetId,
}

/// A file that has arrived, or an archive that was here already.
struct Arrived {
    index: usize,
    result: Result<Option<Done>, Failure>,
}

/// Downloads and unpacks. `wanted` files that are finished already are passed over. The
/// workspace comes back with everything that was finished.
#[expect(clippy::too_many_arguments, reason = "everything a download needs, gathered by two callers")]
pub async fn download(
    context: &Context,
    workspace: Workspace,
    wanted: Vec<Wanted>,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
    roles: RoleRules,
    password: ArchivePassword,
    dataset: &DatasetId,
) -> Result<(Workspace, Tally), Failure> {
    let mut missing = Vec::new();
    let (arrivals, inbox) = channel();
    for (index, one) in wanted.iter().enumerate() {
        match one.have {
            Have::Nothing => missing.push(index),
            Have::Fetched => send(&arrivals, Arrived { index, result: Ok(None) }),
            Have::Finished | Have::Here => {}
        }
    }
    let shared = Arc::new(Shared {
        workspace: Mutex::new(workspace),
        wanted,
        roles,
        report: context.report.clone(),
        cancel: context.cancel.clone(),
        password,
        dataset: dataset.clone(),
    });
    let recorder = {
        let shared = shared.clone();
        std::thread::spawn(move || record(&shared, &inbox))
    };
    let settings = settings(context);
    if !missing.is_empty() {
        context.report.report(Event::Phase { dataset: dataset.clone(), phase: "download" });
    }
    let client = context.client()?;
    let places: HashMap<RelPath, usize> =
        shared.wanted.iter().enumerate().map(|(index, one)| (one.listed.path.clone(), index)).collect();
    // Jobs are made when their turn comes: a dataset may have a million of them.
    let mirrors = Sources::of(context, &provider, dataset)?;
    let job = |index| job(&shared.workspace(), &shared.wanted[index], &mirrors, &provider, &hosts, dataset);
    let jobs = missing.into_iter().map(job);
    crate::transfer::run(client, settings, jobs, &context.report, &context.cancel, |outcome| {
        send(&arrivals, arrived(&places, outcome));
    })
    .await;
    drop(arrivals);
    let joined = tokio::task::spawn_blocking(move || recorder.join()).await;
    let tally = match joined {
        Ok(Ok(tally)) => tally,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => return Err(Failure::new(Exit::INTERNAL, "the recorder was stopped")),
    };
    let shared = Arc::into_inner(shared).ok_or_else(|| Failure::new(Exit::INTERNAL, "a thread is still at work"))?;
    Ok((shared.workspace.into_inner().unwrap_or_else(PoisonError::into_inner), tally))
}

/// How much at once.
pub(super) fn settings(context: &Context) -> TransferSettings {
    TransferSettings {
        jobs: number(context, "jobs", 8),
        ranges: number(context, "ranges", 4),
        retries: u32::try_from(number(context, "retries", 5)).unwrap_or(5),
    }
}

fn number(context: &Context, key: &str, usual: usize) -> usize {
    context.settings.number(key).and_then(|number| usize::try_from(number).ok()).unwrap_or(usual)
}

/// The receiver lives until every sender is gone, so sending cannot fail.
fn send(arrivals: &Sender<Arrived>, arrived: Arrived) {
    let _ = arrivals.send(arrived);
}

fn job(
    workspace: &Workspace,
    wanted: &Wanted,
    mirrors: &Sources,
    provider: &Arc<AnyProvider>,
    hosts: &Arc<Hosts>,
    dataset: &DatasetId,
) -> Job {
    let mut all = mirrors.ways(wanted);
    all.extend(ways(wanted, provider, hosts));
    let expected = if wanted.manner.changed_is_fine {
        Expected { as_it_comes: true, ..Expected::default() }
    } else {
        Expected { size: wanted.listed.size, digests: wanted.listed.digests.clone(), as_it_comes: false }
    };
    Job {
        dataset: dataset.clone(),
        file: wanted.listed.path.clone(),
        target: target(workspace, wanted),
        part: workspace.part(&wanted.listed.path),
        access: workspace.access(),
        expected,
        ways: all,
    }
}

/// Where a download of it goes.
fn target(workspace: &Workspace, wanted: &Wanted) -> std::path::PathBuf {
    match wanted.place() {
        Some(at) => at.under(&workspace.stage()),
        None => workspace.archive(&wanted.listed.path),
    }
}

fn arrived(places: &HashMap<RelPath, usize>, outcome: Outcome) -> Arrived {
    let index = places.get(&outcome.file).copied();
    let result = outcome.result.map(Some).map_err(|error| Failure::from(error).in_file(&outcome.file));
    Arrived { index: index.unwrap_or(usize::MAX), result }
}

/// Notes finished files and hands archives on. Ends when all downloads have.
fn record(shared: &Arc<Shared>, inbox: &Receiver<Arrived>) -> Tally {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (archives, waiting) = channel::<usize>();
    let unpacker = {
        let (shared, tally) = (shared.clone(), tally.clone());
        std::thread::spawn(move || unpack_all(&shared, &waiting, &tally))
    };
    for Arrived { index, result } in inbox {
        let Some(wanted) = shared.wanted.get(index) else { continue };
        let noted = match result {
            Ok(done) => note(shared, wanted, done, &tally),
            Err(failure) => Err(failure),
        };
        match noted {
            Ok(true) => {
                // The unpacker lives until this sender is gone.
                let _ = archives.send(index);
            }
            Ok(false) => {}
            Err(failure) => {
                let failure = elsewhere(failure, wanted, &shared.dataset);
                lock(&tally).failures.push((wanted.listed.path.clone(), failure));
            }
        }
    }
    drop(archives);
    if let Err(panic) = unpacker.join() {
        std::panic::resume_unwind(panic);
    }
    std::mem::take(&mut *lock(&tally))
}

/// With where else a file may be had that its host has no more.
fn elsewhere(failure: Failure, wanted: &Wanted, dataset: &DatasetId) -> Failure {
    if failure.exit != Exit::GONE {
        return failure;
    }
    let failure = failure.help(format!("`medsets info {dataset} --sources` names other sources"));
    let Some(digest) = wanted.listed.digests.first() else { return failure };
    let size = wanted.listed.size.map_or(String::new(), |size| format!("{} bytes, ", size.0));
    failure.help(format!(
        "or look for a copy of `{}` elsewhere ({size}{digest}): `medsets import` takes it in",
        wanted.listed.path
    ))
}

/// Notes one arrival; says whether it is an archive to be unpacked.
fn note(shared: &Shared, wanted: &Wanted, done: Option<Done>, tally: &Mutex<Tally>) -> Result<bool, Failure> {
    let unpacks = wanted.manner.unpack.is_some();
    let Some(done) = done else { return Ok(unpacks) };
    let done = if done.wrapped { unwrapped(shared, wanted, done)? } else { done };
    let mut verified = proof(done.verified, wanted);
    let known = known(wanted, &done, verified);
    if let (Some(tree), true) = (wanted.manner.tree, unpacks) {
        prove_tree(shared, wanted, tree)?;
        verified = Proof::GitTree;
    }
    let mut warnings = Vec::new();
    if let Some(doubt) = &wanted.manner.doubt {
        let (proof, warning) = doubt.judge(&wanted.listed.path, &done.sha256, verified);
        verified = proof;
        warnings.extend(warning);
    }
    lock(tally).downloaded += done.downloaded;
    let kind = wanted.place().map_or(FinishedKind::Fetched, |at| FinishedKind::Placed { at });
    let finished = Finished {
        path: wanted.listed.path.clone(),
        size: done.size,
        sha256: done.sha256,
        verified,
        known,
        license: wanted.manner.license.clone(),
        notice: wanted.manner.notice.clone(),
        url: done.url,
        kind,
        reason: wanted.manner.reason.clone(),
        warnings,
    };
    shared.workspace().finish(finished).map_err(Failure::from)?;
    Ok(unpacks)
}

fn unwrapped(shared: &Shared, wanted: &Wanted, done: Done) -> Result<Done, Failure> {
    let (at, into, access) = {
        let workspace = shared.workspace();
        (target(&workspace, wanted), workspace.unpack_dir(&wanted.listed.path)?, workspace.access())
    };
    let (report, cancel) = (&shared.report, shared.cancel.flag());
    unwrap(wanted, done, &Unwrapping { at: &at, into: &into, access, report, cancel })
}

/// A generated archive is proven by the git tree of what it holds.
fn prove_tree(shared: &Shared, wanted: &Wanted, tree: Digest) -> Result<(), Failure> {
    let path = shared.workspace().archive(&wanted.listed.path);
    let found = git_tree::tree_id_of_tar_gz(fs::open(&path)?);
    let refused = |message: String| {
        // What is not proven must not be taken for finished by the next run.
        fs::remove_file(&path)?;
        Err(Failure::new(Exit::MISMATCH, message).in_file(&wanted.listed.path).help(
            "nothing of it was kept; run the same command again, or ask the publisher whether the commit was replaced",
        ))
    };
    match found {
        Ok(found) if found.hex() == tree.hex() => Ok(()),
        Ok(found) => refused(format!(
            "the contents of `{}` are not those of the pinned commit: expected git tree {}, found {}",
            wanted.listed.path,
            tree.hex(),
            found.hex()
        )),
        Err(error) => refused(format!("`{}` is no archive of a commit: {error}", wanted.listed.path)),
    }
}

impl Shared {
    /// Whether another copy of a broken archive may be whole: nothing proved this one, so the
    /// next run must not take it for finished.
    fn may_be_better_afresh(&self, path: &RelPath, error: &UnpackError) -> bool {
        let broken = is_broken(error);
        let proof = self.workspace().finished().get(path).map(|finished| finished.verified);
        broken && !proof.is_some_and(Proof::is_known_beforehand)
    }

    fn workspace(&self) -> MutexGuard<'_, Workspace> {
        lock(&self.workspace)
    }
}

/// Whether other bytes may make a whole archive.
pub(super) fn is_broken(error: &UnpackError) -> bool {
    matches!(
        error,
        UnpackError::Truncated { .. }
            | UnpackError::Damaged { .. }
            | UnpackError::NotAnArchive { .. }
            // Damage can look like malice: a size that is not the declared one.
            | UnpackError::Refused { .. }
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
