//! `medsets sync`: brings the disk to the lock.
//!
//! Each dataset is fetched as the lock pins it: by the entry and the listing of the lock, with
//! its digests, into its tree. What the catalogue says by now decides nothing about the bytes;
//! that it says something else is told. The gate is each person's own.

pub mod compare;

mod by_hand;
mod prune;

pub(in crate::ops) mod drift;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::catalog::Selection;
use crate::context::Context;
use crate::project::lock::PinnedBy;
use crate::project::{Lock, Locked, LockedFile};
use crate::values::{DatasetId, Digest, Printable, RelPath, ShellWord, counted};

use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{self, FetchOptions, Pins, Rest};
use super::gate;
use super::lock::{self, LockReport, LockedReport, Project, Resolution, Resolved, Writing, selection_options};
use super::report::FetchReport;
use super::selection::unserved;

pub use drift::Drift;
pub use prune::{Pruned, Reduced};

use by_hand::{is_by_hand, pin_imported, which};
use prune::{Surplus, prune, refuse_pruning};

/// How much a sync may decide for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// A lock that does not answer the project file is written anew, and what was fetched for
    /// the first time is pinned in it.
    #[default]
    Renewed,
    /// The lock must answer the project file and is not written.
    Locked,
    /// The same, and every file must have its SHA-256 in the lock. No host is asked what a dataset
    /// is.
    Frozen,
}

/// What to do.
#[derive(Debug, Default)]
pub struct SyncOptions {
    /// What may be decided.
    pub trust: Trust,
    /// Whether what the lock does not name is removed: datasets, and files of datasets.
    pub prunes: bool,
    /// Only plan.
    pub dry_run: bool,
    /// Files whose bytes may differ from the lock's.
    pub accept_changed: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// Start even if the disk seems too small.
    pub ignore_space: bool,
}

/// What became of a project.
#[derive(Debug, Default, Serialize)]
pub struct SyncReport {
    /// What became of each dataset.
    #[serde(flatten)]
    pub fetched: FetchReport,
    /// The lock, where it was written or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockReport>,
    /// In what the lock differs from what is known today.
    pub drift: Vec<Drift>,
    /// Datasets that were, or would be, removed.
    pub pruned: Vec<Pruned>,
    /// Datasets of which more was here than the lock asks for.
    pub reduced: Vec<Reduced>,
}

/// Brings the disk to the lock. A dataset that fails does not stop the others.
///
/// # Errors
/// The lock cannot be used, or may not be decided upon (12); nothing was fetched then.
pub async fn sync(context: &Context, project: &mut Project, options: &SyncOptions) -> Result<SyncReport, Failure> {
    let mut report = SyncReport::default();
    if options.prunes {
        refuse_pruning(context)?;
    }
    let mut resolution = match options.trust {
        Trust::Renewed => {
            let mut resolution = project.resolve(context, &mut report.fetched.warnings).await?;
            // Before anything is fetched: an interrupted sync goes on with the same bytes.
            if !options.dry_run {
                report.lock = Some(lock::settle(project, &mut resolution, Writing::First)?);
            }
            report.fetched.failures.append(&mut resolution.failures);
            resolution
        }
        Trust::Locked | Trust::Frozen => pinned(context, project, options.trust)?,
    };
    // A fetch may take a day.
    project.end_turn();
    let project = &*project;
    refuse_unclear(&resolution.resolved, &options.accept_changed)?;
    for one in &mut resolution.resolved {
        if context.cancel.is_set() {
            break;
        }
        let id = one.locked.id.clone();
        if let Err(failure) = sync_one(context, project, options, one, &mut report).await {
            report.fetched.failures.push(failure.of(&id));
        }
    }
    if options.trust == Trust::Renewed {
        match pin_what_came(context, project, &mut resolution, options, report.lock.as_ref()) {
            Ok(lock) => report.lock = Some(lock),
            Err(failure) => report.fetched.failures.push(failure),
        }
    }
    if let Some(code) = context.cancel.code() {
        let stopped = Failure::new(Exit(code), "the run was stopped; what was finished is kept");
        report.fetched.failures.insert(0, stopped.help("run the same command again to go on"));
    } else if options.prunes && report.fetched.failures.is_empty() {
        let names = names(project, &report);
        if let Err(failure) = prune(context, &names, options.dry_run, &mut report) {
            report.fetched.failures.push(failure);
        }
    }
    Ok(report)
}

/// Writes the lock once more, with what was fetched for the first time.
fn pin_what_came(
    context: &Context,
    project: &Project,
    resolution: &mut Resolution,
    options: &SyncOptions,
    first: Option<&LockReport>,
) -> Result<LockReport, Failure> {
    let _turn = if options.dry_run { None } else { project.folder.turn(context)? };
    let settled = lock::settle(project, resolution, Writing::Nothing)?;
    let mut by_others = match first {
        Some(first) if !project.folder.says(&first.text) && !project.folder.says(&settled.text) => {
            // What another run has pinned meanwhile is no difference, as long as both agree.
            Some(project.with_more(context, resolution)?.ok_or_else(|| {
                let message = format!("`{}` was changed while this ran; it is left as it is", first.path.display());
                Failure::new(Exit::HELD, message).help("run `medsets sync` again: what was fetched is here")
            })?)
        }
        _ => None,
    };
    let writing = if options.dry_run { Writing::Nothing } else { Writing::Last };
    let settled = lock::settle(project, by_others.as_mut().unwrap_or(resolution), writing)?;
    let was_written = first.is_some_and(|first| first.written);
    Ok(LockReport { written: settled.written || was_written, ..settled })
}

/// The datasets of a lock that must not be changed.
fn pinned(context: &Context, project: &Project, trust: Trust) -> Result<Resolution, Failure> {
    let lock = usable(context, project)?;
    let mut all = Vec::with_capacity(lock.datasets.len());
    for locked in &lock.datasets {
        let (selection, files) = project.folder.pinned(context, locked)?;
        if trust == Trust::Frozen {
            refuse_unpinned(&selection, locked, &files)?;
        }
        project.folder.refuse_other_license(&selection, locked)?;
        all.push(Resolved { locked: locked.clone(), files, selection });
    }
    Ok(Resolution { resolved: all, ..Resolution::default() })
}

/// The lock, where it answers the project file.
///
/// # Errors
/// With exit 12: there is none, it cannot be used, or it is not what the project file asks for.
pub fn usable<'p>(context: &Context, project: &'p Project) -> Result<&'p Lock, Failure> {
    let Some(lock) = &project.lock else {
        let message = format!("there is no lock `{}`", project.folder.path().display());
        return Err(Failure::new(Exit::LOCK, message).help("`medsets lock` writes it; commit it beside `medsets.toml`"));
    };
    if let Some(failure) = &project.unmerged {
        return Err(failure.clone());
    }
    if project.is_answered() {
        for used in &project.manifest.datasets {
            if let Some(locked) = lock.of_input(used.input()) {
                lock::answers(context, used, locked, &project.folder.selection(context, locked)?)?;
            }
        }
        return Ok(lock);
    }
    let asked: BTreeSet<Digest> = project.manifest.datasets.iter().map(|used| used.input()).collect();
    let new = project.manifest.datasets.iter().filter(|used| lock.of_input(used.input()).is_none());
    let gone = lock.datasets.iter().filter(|locked| !asked.contains(&locked.input));
    let mut words: Vec<String> =
        new.map(|used| format!("`{}` in line {} is not in it as it is asked for", used.name, used.line)).collect();
    words.extend(gone.map(|locked| format!("`{}` is not asked for any more", locked.name())));
    let message = format!("the lock does not answer `{}`: {}", project.manifest.file, words.join("; "));
    Err(Failure::new(Exit::LOCK, message)
        .help("run `medsets lock` (or `medsets sync` without `--locked`) and commit the lock"))
}

/// What members of an archive are is in the tree alone.
fn refuse_unpinned(selection: &Selection, locked: &Locked, files: &[LockedFile]) -> Result<(), Failure> {
    let count = locked.unpinned();
    let parts = files.iter().filter(|file| file.part.is_some()).count() as u64;
    let message = if count > 0 && parts == 0 {
        let verb = if count == 1 { "has" } else { "have" };
        format!("{} of `{}` {verb} no SHA-256 in the lock", counted(count, "file"), locked.name())
    } else if count > 0 || (parts > 0 && locked.tree.is_none()) {
        format!("the members of {} of `{}` are not pinned in the lock", counted(parts, "archive"), locked.name())
    } else {
        return Ok(());
    };
    let failure = Failure::new(Exit::LOCK, message).of(&locked.id);
    if is_by_hand(selection, locked) {
        let name = gate::name_for_command(selection);
        return Err(failure.help(format!(
            "once you have the files: `medsets import {name} PATH...`, then `medsets lock` pins them; commit the lock"
        )));
    }
    Err(failure
        .help("run `medsets sync` once without `--frozen` where they can be fetched: it pins what comes; then commit the lock"))
}

async fn sync_one(
    context: &Context,
    project: &Project,
    options: &SyncOptions,
    resolved: &mut Resolved,
    report: &mut SyncReport,
) -> Result<(), Failure> {
    let selection = resolved.selection.clone();
    let warnings = &mut report.fetched.warnings;
    let drift = drift::of(context, &resolved.locked, &selection)?;
    warnings.extend(drift.iter().map(ToString::to_string));
    // What the catalogue says by now is told as drift.
    warnings.extend(unserved(&selection).filter(|_| !drift.iter().any(|one| one.what == drift::DriftKind::Withdrawn)));
    if let Some(failure) = drift::refused(&drift, options.trust) {
        report.drift.extend(drift);
        return Err(failure);
    }
    report.drift.extend(drift);
    warnings.extend(by_word(resolved, &accepted_of(resolved, &options.accept_changed)));
    let surplus = match options.prunes {
        true => Surplus::of(context, resolved, warnings)?,
        false => None,
    };
    let rest = if surplus.is_some() { Rest::Goes } else { Rest::Stays };
    let imported = pin_imported(context, options, resolved)?;
    let taken = if imported.is_some() { &[][..] } else { &options.accept_changed };
    let fetch_options = FetchOptions { rest, ..fetch_options(options, &selection, resolved, taken) };
    let among = [selection.clone()];
    let outcome = fetch::fetch_selection(context, &selection, &among, &fetch_options, warnings)
        .await
        .map_err(|failure| explained(which(failure, resolved), selection.id()));
    let is_whole = outcome.as_ref().is_ok_and(|(_, failures)| failures.is_empty());
    if let Some(before) = imported.filter(|_| !is_whole) {
        (resolved.locked, resolved.files) = before;
    }
    let (fetched, failures) = outcome?;
    if is_whole && !options.dry_run && !options.prunes {
        warnings.extend(compare::more_than_asked(context, &project.folder, &resolved.locked)?);
    }
    if let Some(surplus) = surplus.filter(|_| is_whole) {
        report.reduced.extend(surplus.gone(&resolved.files, options.dry_run)?);
    }
    report.fetched.datasets.push(fetched);
    report.fetched.failures.extend(failures.into_iter().map(|failure| explained(failure, selection.id())));
    if is_whole && !options.dry_run && options.trust == Trust::Renewed {
        accept(resolved, taken);
        lock::pin(context, &selection, resolved)?;
    }
    Ok(())
}

/// Other bytes than the lock's, or fewer: what a person can do about it.
fn explained(failure: Failure, id: &DatasetId) -> Failure {
    if failure.by_mirror || (failure.exit != Exit::MISMATCH && failure.exit != Exit::TRUNCATED) {
        return failure;
    }
    let Some(file) = failure.file.clone() else { return failure };
    Failure { help: None, ..failure }
        .help("the bytes are not those of the lock: the publisher may have replaced the file, or the connection altered it; nothing of it was kept")
        .help(format!(
            "`medsets sync --accept-changed {} --reason TEXT` takes the new bytes and notes why",
            ShellWord(&format!("{id}:{file}"))
        ))
}

fn fetch_options(options: &SyncOptions, selection: &Selection, resolved: &Resolved, taken: &[String]) -> FetchOptions {
    let locked = &resolved.locked;
    FetchOptions {
        dry_run: options.dry_run,
        ignore_space: options.ignore_space,
        accept_changed: accepted_of(resolved, taken),
        reason: options.reason.clone(),
        pins: Some(Arc::new(Pins::of(selection, locked, &resolved.files))),
        ..selection_options(Some(&locked.channel), &locked.choice)
    }
}

/// Files of the lock that are by somebody's word other ones than were known, but for
/// those that are `now` taken: whoever has the lock from others is told which, and why.
fn by_word(resolved: &Resolved, now: &[String]) -> Vec<String> {
    const SHOWN: usize = 20;
    let is_told =
        |file: &&LockedFile| file.from == PinnedBy::Accepted && !now.iter().any(|name| name == file.path.as_str());
    let Locked { id, accepted, channel, .. } = &resolved.locked;
    let is_listed = resolved.selection.source(Some(channel)).is_some_and(|source| source.lists);
    let file_of = |path: &RelPath| resolved.selection.files(Some(channel)).find(|file| file.path == *path);
    let told = resolved.files.iter().filter(is_told).take(SHOWN).map(|file| {
        let reason = accepted.iter().find(|one| one.path == file.path);
        let reason = reason.map_or("the lock does not say why".into(), |one| Printable::new(&one.reason).to_string());
        let others = match file_of(&file.path) {
            Some(entry) if !entry.digests.is_empty() => "the catalogue names",
            _ if is_listed => "its host or an earlier lock named",
            _ => "an earlier lock had, which nobody published a digest of",
        };
        format!("`{id}`: the lock has other bytes of `{}` than {others}, by somebody's word: {reason}", file.path)
    });
    told.collect()
}

/// The files of a dataset whose other bytes a person takes, `FILE` or `ID:FILE`.
fn accepted_of(resolved: &Resolved, accepted: &[String]) -> Vec<String> {
    let id = format!("{}:", resolved.locked.id);
    let names: BTreeSet<&str> = resolved.files.iter().map(|file| file.path.as_str()).collect();
    let path = |name: &String| {
        let own = name.strip_prefix(id.as_str()).filter(|path| names.contains(path));
        own.or_else(|| names.contains(name.as_str()).then_some(name.as_str())).map(str::to_owned)
    };
    accepted.iter().filter_map(path).collect()
}

/// Refuses a name that no file of the lock has, and one that files of several datasets have.
fn refuse_unclear(resolved: &[Resolved], accepted: &[String]) -> Result<(), Failure> {
    for name in accepted {
        let one = std::slice::from_ref(name);
        let of: Vec<&Resolved> = resolved.iter().filter(|resolved| !accepted_of(resolved, one).is_empty()).collect();
        let shown = Printable::new(name);
        match of.as_slice() {
            [_] => {}
            [] => {
                let failure = Failure::new(Exit::USAGE, format!("`{shown}` is no file of a dataset of the lock"));
                return Err(failure.help("the files are in `medsets.lock`; one of several datasets is `ID:FILE`"));
            }
            [first, ..] => {
                let message = format!("`{shown}` is a file of {} datasets of the lock", of.len());
                return Err(Failure::new(Exit::USAGE, message).help(format!(
                    "say which, such as `--accept-changed {}`",
                    ShellWord(&format!("{}:{shown}", first.locked.id))
                )));
            }
        }
    }
    Ok(())
}

/// Forgets what the lock said of files whose other bytes were taken; what came is pinned next.
fn accept(resolved: &mut Resolved, accepted: &[String]) {
    let accepted = accepted_of(resolved, accepted);
    for file in &mut resolved.files {
        if accepted.iter().any(|name| name == file.path.as_str()) {
            (file.size, file.digests, file.from) = (None, Vec::new(), PinnedBy::Unpinned);
            if let Some(part) = &mut file.part {
                part.directory = None;
            }
            resolved.locked.tree = None;
        }
    }
}

/// The datasets of the lock as it is, or would be, by now.
fn names(project: &Project, report: &SyncReport) -> BTreeSet<String> {
    match &report.lock {
        Some(lock) => lock.datasets.iter().map(LockedReport::name).collect(),
        None => project.lock.iter().flat_map(|lock| &lock.datasets).map(Locked::name).collect(),
    }
}
