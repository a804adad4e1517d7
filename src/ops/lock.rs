//! `medsets lock`: from what a project asks for to exact files and digests.
//!
//! What the lock says of a dataset stays until its table in the project file changes or an
//! upgrade is asked for; only what was not known before is added: SHA-256 and tree of what was
//! fetched, texts of agreements.

pub mod files;

mod resolve;
mod secrets;
mod spelling;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::catalog::{Archives, Reference, Selection};
use crate::context::Context;
use crate::project::lock::{Difference, LockedFiles, compare, write};
use crate::project::{self, Lock, Locked, LockedFile, Manifest};
use crate::values::{ByteSize, DatasetId, DatasetName, Digest, Printable};

use super::exit::Exit;
use super::failure::Failure;
use super::reference::{self, Reach};

use files::{Beside, LockFolder};
use resolve::Trees;

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
    upgrade: Upgrade,
}

/// What `lock` tells.
#[derive(Debug, Serialize)]
pub struct LockReport {
    /// Where the lock is.
    pub path: PathBuf,
    /// Whether it, or what lies beside it, was written.
    pub written: bool,
    /// Whether it differs from the lock that was found.
    pub changed: bool,
    /// Every dataset of it.
    pub datasets: Vec<LockedReport>,
    /// What changed, dataset by dataset.
    pub differences: Vec<Difference>,
    /// The lock as it is written, or would be.
    #[serde(skip)]
    pub text: String,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// One dataset of a lock in short.
#[derive(Debug, Serialize)]
pub struct LockedReport {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The channel it comes by.
    pub source: String,
    /// Files of the release.
    pub files: u64,
    /// How many of them have no SHA-256 yet.
    pub unpinned: u64,
    /// Their bytes, as far as known.
    pub bytes: ByteSize,
    /// The tree that they make, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<Digest>,
}

impl LockedReport {
    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }
}

/// A dataset as it goes into a lock, with what lies beside it.
#[derive(Debug)]
pub struct Resolved {
    /// What the lock says.
    pub locked: Locked,
    /// Its files.
    pub files: Vec<LockedFile>,
    /// The text of its entry.
    pub entry: String,
}

impl Project {
    /// Finds the project around the working folder and makes its references known. Only those
    /// that the lock cannot answer are asked of their hosts, and none of them with
    /// [`Reach::Disk`].
    ///
    /// # Errors
    /// There is no project (10); its file or its lock cannot be used (10, 12); a host cannot be
    /// asked what a reference is.
    pub async fn open(context: &mut Context, upgrade: Upgrade) -> Result<Self, Failure> {
        let found = context.project()?.ok_or_else(no_project)?;
        let (manifest, text, folder) = (found.manifest.clone(), found.text.clone(), LockFolder::at(&found.folder));
        let mut warnings = Vec::new();
        let files::Found { lock, unmerged } = match folder.read_merged() {
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
        if let Upgrade::These(ids) = &upgrade {
            refuse_unknown(ids, &manifest)?;
        }
        let mut project = Self { manifest, text, folder, lock, unmerged, warnings, names: BTreeMap::new(), upgrade };
        project.introduce(context).await?;
        Ok(project)
    }

    async fn introduce(&mut self, context: &mut Context) -> Result<(), Failure> {
        let mut asked: Vec<(Digest, String)> = Vec::new();
        for used in &self.manifest.datasets {
            let is_reference =
                context.catalog()?.resolve(&used.name).is_err() && Reference::parse(&used.name).is_some();
            if is_reference && self.earlier(used).is_none() {
                asked.push((used.input(), used.name.clone()));
            }
        }
        let names = asked.iter_mut().map(|(_, name)| name).collect();
        reference::introduce(context, names, Reach::Hosts(Archives::AsTheyCome), None).await?;
        self.names = asked.into_iter().collect();
        Ok(())
    }

    /// What the lock says of a table, unless it is to be resolved anew.
    fn earlier(&self, used: &project::Used) -> Option<&Locked> {
        let is_upgraded = match &self.upgrade {
            Upgrade::Nothing => false,
            Upgrade::All => true,
            Upgrade::These(ids) => ids.iter().any(|id| names(used, id)),
        };
        self.lock.as_ref()?.of_input(used.input()).filter(|_| !is_upgraded)
    }

    /// Whether the lock answers the project file.
    pub fn is_answered(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.input == self.manifest.input())
    }

    /// Resolves every dataset of the project file.
    pub async fn resolve(&self, context: &Context, warnings: &mut Vec<String>) -> Result<Vec<Resolved>, Failure> {
        let mut all: Vec<Resolved> = Vec::new();
        for (place, used) in self.manifest.datasets.iter().enumerate() {
            let resolved = match self.earlier(used) {
                Some(locked) => self.kept(context, used, locked)?,
                None => {
                    let name = self.names.get(&used.input()).unwrap_or(&used.name);
                    spelling::check(context, self, place, name)?;
                    let before = self.lock.iter().flat_map(|lock| &lock.datasets);
                    let before = before.filter(|locked| names(used, locked.id.as_str()));
                    resolve::afresh(context, used, name, &self.folder, before, self.trees(), warnings)
                        .await
                        .map_err(|failure| of_table(failure, used))?
                }
            };
            if let Some(twin) = all.iter().find(|one| one.locked.name() == resolved.locked.name()) {
                let message = format!("`{}` is asked for twice by `{}`", twin.locked.name(), self.manifest.file);
                return Err(Failure::new(Exit::CONFIG, message)
                    .help(format!("put both selections into one table; the second is in line {}", used.line)));
            }
            all.push(resolved);
        }
        Ok(all)
    }

    /// A dataset that is upgraded by name is made anew; with all of them, trees stay that nothing
    /// contradicts.
    fn trees(&self) -> Trees {
        if matches!(self.upgrade, Upgrade::These(_)) { Trees::Forgotten } else { Trees::Kept }
    }

    /// What the lock says, with what is known by now and was not then. What follows from the
    /// entry and the project file is taken from there.
    fn kept(&self, context: &Context, used: &project::Used, locked: &Locked) -> Result<Resolved, Failure> {
        let selection = self.folder.selection(context, locked)?;
        answers(context, used, locked, &selection)?;
        let mut resolved = Resolved {
            files: self.folder.files(locked)?,
            entry: selection.dataset().text.clone(),
            locked: Locked {
                license: selection.license(Some(&locked.channel)).to_owned(),
                choice: used.choice.in_order(),
                ..locked.clone()
            },
        };
        resolve::pin(context, &selection, &mut resolved)?;
        Ok(resolved)
    }
}

/// Resolves the project and writes or tells the lock. That a lock is missing, or is not what would
/// be written, is no error: [`LockReport::changed`] says so.
///
/// # Errors
/// A dataset cannot be resolved, or the lock cannot be used or written.
pub async fn lock(context: &Context, project: &Project, outcome: Outcome) -> Result<LockReport, Failure> {
    let mut warnings = Vec::new();
    let resolved = project.resolve(context, &mut warnings).await?;
    let mut report = settle(project, &resolved, outcome == Outcome::Written)?;
    report.warnings.extend(warnings);
    Ok(report)
}

/// Makes a lock of what was resolved, compares it with the one that was found, and writes it.
pub(super) fn settle(project: &Project, resolved: &[Resolved], is_written: bool) -> Result<LockReport, Failure> {
    let mut beside = Beside::default();
    let mut files = BTreeMap::new();
    let mut datasets = Vec::with_capacity(resolved.len());
    for one in resolved {
        let mut locked = one.locked.clone();
        if let (Some(bytes), LockedFiles::Beside(pin)) = (locked.set_files(&one.files), &locked.files) {
            beside.listings.insert(pin.sha256, bytes);
        }
        beside.entries.insert(locked.entry, one.entry.clone());
        files.insert(locked.name(), one.files.as_slice());
        datasets.push(locked);
    }
    let lock = Lock::of(datasets);
    let differences = differences(project, &lock, &files)?;
    let changed = !project.folder.has(&lock, &beside);
    let written = is_written && project.folder.write(&lock, &beside)?;
    let of_dataset = |locked: &Locked| LockedReport {
        id: locked.id.clone(),
        version: locked.version.clone(),
        variant: locked.variant.clone(),
        source: locked.channel.clone(),
        files: locked.count(),
        unpinned: locked.unpinned(),
        bytes: locked.bytes,
        tree: locked.tree,
    };
    Ok(LockReport {
        path: project.folder.path(),
        written,
        changed,
        datasets: lock.datasets.iter().map(of_dataset).collect(),
        differences,
        text: write(&lock),
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
        let is_needed = same.is_some_and(|same| same.files != locked.files);
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

/// With the line of the project file that asked for it.
fn of_table(failure: Failure, used: &project::Used) -> Failure {
    if failure.exit != Exit::CATALOG && failure.exit != Exit::USAGE {
        return failure;
    }
    failure.help(format!("asked for in line {} of `{}`", used.line, project::FILE))
}
