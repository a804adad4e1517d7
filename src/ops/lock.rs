//! `medsets lock`: from what a project asks for to exact files and digests.
//!
//! What the lock says of a dataset stays until its table in the project file changes or an
//! upgrade is asked for; only what was not known before is added: SHA-256 and tree of what was
//! fetched, texts of agreements.

pub mod files;

mod by_entry;
mod form;
mod pinned;
mod report;
mod resolution;
mod resolve;
mod secrets;
mod spelling;

use std::collections::BTreeMap;

use crate::catalog::{Archives, Reference, Selection};
use crate::context::Context;
use crate::fs::FolderLock;
use crate::project::lock::{Difference, LockedFiles, compare, write};
use crate::project::{self, Lock, Locked, LockedFile, Manifest};
use crate::values::{Digest, Printable};

use super::exit::Exit;
use super::failure::Failure;
use super::reference::{self, Reach};
use super::selection::unserved;

use files::{Beside, LockFolder};
use resolve::Trees;

pub use report::{LockReport, LockedReport};
pub use resolution::Resolution;
pub(super) use resolve::{pin, selection_options};

/// Which datasets are resolved anew.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Upgrade {
    /// None that the lock has.
    #[default]
    Nothing,
    /// All.
    All,
    /// These, by id.
    These(Vec<String>),
}

/// What is done with the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is written.
    Written,
    /// It is only told.
    Told,
}

/// A project with its lock, and what its references mean.
#[derive(Debug)]
pub struct Project {
    /// The project file.
    pub manifest: Manifest,
    /// Its text.
    pub text: String,
    /// Its lock on disk.
    pub folder: LockFolder,
    /// The lock as it was found.
    pub lock: Option<Lock>,
    /// Why it may not be relied on as it is: a merge that nobody finished.
    pub unmerged: Option<Failure>,
    /// What a person should know of that.
    pub warnings: Vec<String>,
    /// Names of the catalogue in place of those that the project file gives, by its table.
    names: BTreeMap<Digest, String>,
    /// References of which nobody could be asked what they are, by table.
    unreached: BTreeMap<Digest, Failure>,
    upgrade: Upgrade,
    purpose: Purpose,
    /// Held while what was read is what will be written.
    turn: Option<FolderLock>,
}

/// What a lock is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be written: other runs that write it are waited for, and wait.
    Write,
    /// To tell what would be written.
    Look,
    /// To tell whether it is what the project file asks for, on any machine alike: what the disk and
    /// the ledger would add counts for nothing.
    Check,
    /// To be followed as it is. No host is asked what it does not say.
    Follow,
}

/// A dataset as it goes into a lock, with what lies beside it.
#[derive(Debug)]
pub struct Resolved {
    /// What the lock says.
    pub locked: Locked,
    /// Its files.
    pub files: Vec<LockedFile>,
    /// The dataset by the entry that the lock pins.
    pub selection: Selection,
}

impl Project {
    /// Finds the project around the working folder and makes its references known. Only those
    /// that the lock cannot answer are asked of their hosts; that one cannot be asked is told by
    /// [`resolve`](Self::resolve).
    ///
    /// # Errors
    /// There is no project (10); its file or its lock cannot be used (10, 12); what a reference is
    /// makes no dataset; another run writes the lock and does not end (53).
    pub async fn open(context: &mut Context, upgrade: Upgrade, purpose: Purpose) -> Result<Self, Failure> {
        let found = context.project()?.ok_or_else(no_project)?;
        let (manifest, text, folder) = (found.manifest.clone(), found.text.clone(), LockFolder::at(&found.folder));
        let turn = if purpose == Purpose::Write { folder.turn(context)? } else { None };
        let mut warnings = Vec::new();
        let files::Found { lock, unmerged, warnings: differing } = match folder.read_merged() {
            // It is written anew from nothing, but never over a newer program's.
            Err(failure) if failure.exit == Exit::LOCK && upgrade == Upgrade::All && !folder.is_newer() => {
                warnings.push(format!(
                    "{}: everything is resolved anew, and what was pinned on first use or accepted is forgotten",
                    failure.message
                ));
                files::Found::default()
            }
            found => found?,
        };
        warnings.extend(differing);
        if let Upgrade::These(ids) = &upgrade {
            refuse_unknown(ids, &manifest)?;
        }
        let (names, unreached) = (BTreeMap::new(), BTreeMap::new());
        let mut project =
            Self { manifest, text, folder, lock, unmerged, warnings, names, unreached, upgrade, purpose, turn };
        project.introduce(context).await?;
        Ok(project)
    }

    async fn introduce(&mut self, context: &mut Context) -> Result<(), Failure> {
        let reach = Reach::Hosts(Archives::AsTheyCome);
        reference::introduce(context, Vec::new(), reach, None).await?;
        for used in &self.manifest.datasets {
            let is_reference =
                context.catalog()?.resolve(&used.name).is_err() && Reference::parse(&used.name).is_some();
            if !is_reference || self.earlier(used).is_some() || self.purpose == Purpose::Follow {
                continue;
            }
            let mut name = used.name.clone();
            match reference::introduce(context, vec![&mut name], reach, None).await {
                Ok(()) => drop(self.names.insert(used.input(), name)),
                Err(failure) if resolution::is_of_host(&failure) && !context.cancel.is_set() => {
                    self.unreached.insert(used.input(), failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Lets other runs write the lock.
    pub(super) fn end_turn(&mut self) {
        self.turn = None;
    }

    /// What the lock says of a table, unless it is to be resolved anew.
    fn earlier(&self, used: &project::Used) -> Option<&Locked> {
        self.lock.as_ref()?.of_input(used.input()).filter(|_| !self.upgrades(used))
    }

    /// Whether what a table asks for is to be resolved anew.
    fn upgrades(&self, used: &project::Used) -> bool {
        match &self.upgrade {
            Upgrade::Nothing => false,
            Upgrade::All => true,
            Upgrade::These(ids) => ids.iter().any(|id| names(used, id)),
        }
    }

    /// Whether the lock answers the project file.
    pub fn is_answered(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.input == self.manifest.input())
    }

    /// A dataset that is upgraded by name is made anew; with all of them, trees stay that nothing
    /// contradicts, and so does every tree where a disk without the dataset must make no difference.
    fn trees(&self) -> Trees {
        let is_by_name = matches!(self.upgrade, Upgrade::These(_));
        if is_by_name && self.purpose != Purpose::Check { Trees::Forgotten } else { Trees::Kept }
    }

    /// What the lock says, with what is known by now and was not then. What follows from the
    /// entry and the project file is taken from there.
    fn kept(&self, context: &Context, used: &project::Used, locked: &Locked) -> Result<Resolved, Failure> {
        answers(context, used, locked, &self.folder.selection(context, locked)?)?;
        let (selection, files) = self.folder.pinned(context, locked)?;
        let mut resolved = Resolved {
            files,
            selection: selection.clone(),
            locked: Locked {
                license: selection.license(Some(&locked.channel)).to_owned(),
                choice: used.choice.in_order(),
                ..locked.clone()
            },
        };
        self.pin(context, &mut resolved)?;
        Ok(resolved)
    }
}

impl Project {
    /// Adds what disk and ledger tell, where that counts.
    fn pin(&self, context: &Context, resolved: &mut Resolved) -> Result<(), Failure> {
        let selection = resolved.selection.clone();
        if self.purpose == Purpose::Check { Ok(()) } else { resolve::pin(context, &selection, resolved) }
    }
}

/// Resolves the project and writes or tells the lock. That a lock is missing, or is not what would
/// be written, is no error: [`LockReport::changed`] says so. Nor is a dataset that nobody could be
/// asked about: [`LockReport::failures`].
///
/// # Errors
/// A dataset cannot be resolved, or the lock cannot be used or written.
pub async fn lock(context: &Context, project: &Project, outcome: Outcome) -> Result<LockReport, Failure> {
    let mut warnings = Vec::new();
    let mut resolution = project.resolve(context, &mut warnings).await?;
    let writing = if outcome == Outcome::Written { Writing::Last } else { Writing::Nothing };
    let mut report = settle(project, &mut resolution, writing)?;
    report.warnings.extend(warnings);
    report.warnings.extend(resolution.of_lock().filter_map(|one| unserved(&one.selection)));
    report.failures = resolution.failures;
    Ok(report)
}

/// What becomes of a lock that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// It is told.
    Nothing,
    /// It is written, and another one soon: what the lock before it names stays beside it, since
    /// that one is compared with it too.
    First,
    /// It is written.
    Last,
}

/// Makes a lock of what was resolved, compares it with the one that was found, and writes it.
/// What was resolved says after it where its files stand.
pub(super) fn settle(project: &Project, resolution: &mut Resolution, writing: Writing) -> Result<LockReport, Failure> {
    let mut beside = Beside::default();
    let mut files = BTreeMap::new();
    let mut datasets = Vec::new();
    for one in resolution.resolved.iter_mut().chain(&mut resolution.left) {
        if let (Some(bytes), LockedFiles::Beside(pin)) = (one.locked.set_files(&one.files), &one.locked.files) {
            beside.listings.insert(pin.sha256, bytes);
        }
        beside.entries.insert(one.locked.entry, one.selection.dataset().text.clone());
        files.insert(one.locked.name(), one.files.as_slice());
        datasets.push(one.locked.clone());
    }
    let lock = Lock::of(datasets);
    let differences = differences(project, &lock, &files)?;
    let unlike = project.folder.unlike(&lock, &beside);
    let changed = !unlike.is_empty();
    // What changed in words says it better.
    let form = if differences.is_empty() && project.lock.is_some() { unlike } else { Vec::new() };
    let before = project.lock.as_ref().filter(|_| writing == Writing::First);
    let written = writing != Writing::Nothing && project.folder.write(&lock, &beside, before)?;
    let of_dataset = |locked: &Locked| LockedReport::of(locked, files[&locked.name()]);
    Ok(LockReport {
        path: project.folder.path(),
        written,
        changed,
        datasets: lock.datasets.iter().map(of_dataset).collect(),
        differences,
        form,
        text: write(&lock),
        failures: Vec::new(),
        warnings: Vec::new(),
    })
}

/// What changed since the lock that was found.
fn differences(
    project: &Project,
    lock: &Lock,
    files: &BTreeMap<String, &[LockedFile]>,
) -> Result<Vec<Difference>, Failure> {
    let mut earlier = Vec::new();
    for locked in project.lock.iter().flat_map(|lock| &lock.datasets) {
        let same = lock.datasets.iter().find(|one| one.name() == locked.name());
        let is_needed = same.is_none_or(|same| same.files != locked.files);
        // A listing that is gone cannot be compared, and is written anew.
        let own = if is_needed { project.folder.files(locked).unwrap_or_default() } else { Vec::new() };
        earlier.push((locked, own));
    }
    let was: Vec<compare::WithFiles<'_>> = earlier.iter().map(|(locked, own)| (*locked, own.as_slice())).collect();
    let now: Vec<compare::WithFiles<'_>> =
        lock.datasets.iter().map(|one| (one, files.get(&one.name()).copied().unwrap_or_default())).collect();
    Ok(compare::differences(&was, &now))
}

/// Fails where a dataset of the lock is not the one that its table asks for, although its digest
/// says so: the lock was edited by hand.
pub(super) fn answers(
    context: &Context,
    used: &project::Used,
    locked: &Locked,
    selection: &Selection,
) -> Result<(), Failure> {
    let (name, rest) = match used.name.find(['@', ':']) {
        Some(end) => used.name.split_at(end),
        None => (used.name.as_str(), ""),
    };
    let of_catalogue = context.catalog()?.resolve(&used.name).ok().and_then(|mut found| found.pop());
    let has_id = match (&locked.reference, &of_catalogue) {
        (Some(_), _) => selection.dataset().entry.aliases.contains(&used.name),
        (None, Some(today)) => *today.id() == locked.id,
        // The catalogue has the release or the dataset no more.
        (None, None) => name == locked.id.as_str(),
    };
    let (version, variant) = match (rest.strip_prefix('@'), rest.strip_prefix(':')) {
        (Some(rest), _) => {
            rest.split_once(':').map_or((Some(rest), None), |(version, variant)| (Some(version), Some(variant)))
        }
        (None, variant) => (None, variant),
    };
    let same = |asked: Option<&str>, has: Option<&str>| {
        asked.is_none_or(|asked| has.is_some_and(|has| has.eq_ignore_ascii_case(asked)))
    };
    let is_release = locked.reference.is_some()
        || (same(version, Some(&locked.version)) && same(variant, locked.variant.as_deref()));
    let is_answer =
        has_id && is_release && same(used.channel.as_deref(), Some(&locked.channel)) && used.choice == locked.choice;
    if is_answer {
        return Ok(());
    }
    let message = format!(
        "the lock's `{}` by `{}` is not what line {} of `{}` asks for",
        locked.name(),
        Printable::new(&locked.channel),
        used.line,
        project::FILE
    );
    Err(Failure::new(Exit::LOCK, message).of(&locked.id).help(format!(
        "the lock was edited by hand: take it from version control again, or run `medsets lock --upgrade={}`",
        used.id()
    )))
}

/// Whether a table asks for a dataset of this id, name or reference.
fn names(used: &project::Used, id: &str) -> bool {
    used.id().eq_ignore_ascii_case(id) || used.name.eq_ignore_ascii_case(id) || {
        Reference::parse(&used.name).and_then(Result::ok).is_some_and(|reference| reference.id().as_str() == id)
    }
}

fn refuse_unknown(ids: &[String], manifest: &Manifest) -> Result<(), Failure> {
    let unknown = ids.iter().find(|id| !manifest.datasets.iter().any(|used| names(used, id)));
    let Some(id) = unknown else { return Ok(()) };
    let known: Vec<String> = manifest.datasets.iter().map(|used| format!("`{}`", used.id())).collect();
    Err(Failure::new(Exit::USAGE, format!("`{}` is no dataset of `{}`", Printable::new(id), manifest.file))
        .help(format!("there is {}", known.join(", "))))
}

pub(super) fn no_project() -> Failure {
    Failure::new(Exit::CONFIG, format!("there is no `{}` here or in a folder above", project::FILE))
        .help("begin a project with `medsets init`, then `medsets add ID`")
}
