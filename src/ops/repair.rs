//! Taking over what is good of an earlier dataset folder, and fetching again what is not.

mod restamp;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::context::Context;
use crate::fs::{self, Access, FoundKind, FsError, FsErrorKind};
use crate::layout::check::{self, CheckMode};
use crate::layout::inventory::{self, InventoryReader};
use crate::layout::receipt::{PartialMark, Selection as Part};
use crate::layout::{
    DatasetDir, FileRecord, Finished, FinishedKind, LayoutError, Means, Proof, Receipt, Records, Workspace,
};
use crate::providers::AnyProvider;
use crate::remedy;
use crate::values::{Choice, Digest, Printable, RelPath};

use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{self, FetchOptions, KeepArchives};
use super::gate;
use super::target::Target;
use super::verify::Verified;
use super::wanted;

/// What becomes of archives that lie packed in a dataset folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archives {
    /// They stay as they are.
    StayPacked,
    /// They are unpacked, and had again for that.
    Unpacked,
}

/// What there is of a dataset folder before files are had.
#[derive(Debug)]
pub enum Earlier {
    /// Nothing.
    Absent,
    /// A dataset of which these files cannot be relied on.
    Here {
        /// By their places.
        damaged: HashSet<RelPath>,
        /// Files of the release that are to be had anew, whatever is here of them.
        given_up: HashSet<RelPath>,
    },
    /// A dataset whose records cannot be read.
    Unreadable {
        /// What is wrong with which record.
        fault: String,
    },
}

impl Earlier {
    /// By size and time of the files.
    pub fn of(dir: &DatasetDir) -> Result<Self, LayoutError> {
        match Records::of(dir)? {
            Records::Absent => Ok(Self::Absent),
            Records::Broken { error, .. } => Ok(Self::Unreadable { fault: remedy::chain(&error) }),
            Records::Good(receipt) => match Self::damaged(dir, &receipt) {
                Ok(damaged) => Ok(Self::Here { damaged, given_up: HashSet::new() }),
                Err(error) if error.is_of_records() => Ok(Self::Unreadable { fault: remedy::chain(&error) }),
                Err(error) => Err(error),
            },
        }
    }

    /// The files that cannot be relied on, where the lists are those that were written. The
    /// manifest is made anew from them.
    fn damaged(dir: &DatasetDir, receipt: &Receipt) -> Result<HashSet<RelPath>, LayoutError> {
        receipt.listed.check(dir)?;
        let damage = check::check(dir, CheckMode::Quick, &|_, _| ())?;
        match damage.tree {
            Some(found) if found != receipt.tree => {
                Err(LayoutError::Altered { path: dir.inventory_path(), expected: receipt.tree, found })
            }
            _ => Ok(damage.into_damaged()),
        }
    }

    /// What is wrong, where nothing can be added to what is there: only all of it anew helps.
    pub fn fault(&self) -> Option<&str> {
        match self {
            Self::Unreadable { fault } => Some(fault),
            Self::Absent | Self::Here { .. } => None,
        }
    }

    /// Takes nothing over that came from these files of the release.
    pub fn give_up(&mut self, dir: &DatasetDir, files: &HashSet<RelPath>) -> Result<(), LayoutError> {
        let Self::Here { damaged, given_up } = self else { return Ok(()) };
        if files.is_empty() {
            return Ok(());
        }
        for record in InventoryReader::open(&dir.inventory_path())? {
            let record = record?;
            if files.contains(&record.origin.file) {
                damaged.insert(record.path);
            }
        }
        given_up.extend(files.iter().cloned());
        Ok(())
    }
}

/// Links every file of a dataset folder that is as it should be into the workspace's stage, so
/// that only the rest is fetched: a placed file by itself, an archive's members when none of
/// them is damaged. Files that a person put into the folder go along.
///
/// Without readable records nothing of the dataset is taken over, but a person's own files
/// still are: what they are is told by whichever list of the dataset's files can be read.
///
/// Gives the files of the release that the folder has.
pub fn carry_over(
    workspace: &mut Workspace,
    dir: &DatasetDir,
    earlier: &Earlier,
    archives: Archives,
) -> Result<HashSet<RelPath>, Failure> {
    let (damaged, given_up) = match earlier {
        Earlier::Absent => return Ok(HashSet::new()),
        Earlier::Unreadable { .. } => {
            let known = check::known_paths(dir).map_err(|error| nothing_tells(dir, &error))?;
            keep_foreign(workspace, dir, &known)?;
            return Ok(HashSet::new());
        }
        Earlier::Here { damaged, given_up } => (damaged, given_up),
    };
    let Some(receipt) = Receipt::read(dir)? else { return Ok(HashSet::new()) };
    let mut here: HashSet<RelPath> = receipt.partial.iter().map(|mark| mark.path.clone()).collect();
    let mut broken: HashSet<RelPath> = HashSet::new();
    let mut known = HashSet::new();
    // With a kept archive its members come again, and the archive stays.
    broken.extend(damaged.iter().filter_map(|path| RelPath::parse(path.as_str().strip_prefix("archives/")?).ok()));
    for record in InventoryReader::open(&dir.inventory_path())? {
        let record = record?;
        if damaged.contains(&record.path) {
            broken.insert(record.origin.file.clone());
        }
        known.insert(record.path);
    }
    // Members that were read one by one are had again one by one.
    let partial: HashMap<&RelPath, &PartialMark> = receipt.partial.iter().map(|mark| (&mark.path, mark)).collect();
    let mut members: BTreeMap<RelPath, Vec<FileRecord>> = BTreeMap::new();
    for record in InventoryReader::open(&dir.inventory_path())? {
        let record = record?;
        let origin = &record.origin.file;
        let is_good = if partial.contains_key(origin) {
            !damaged.contains(&record.path) && !given_up.contains(origin)
        } else {
            !broken.contains(origin)
        };
        if !is_good || workspace.finished().contains_key(origin) {
            continue;
        }
        carry(&record, dir, workspace)?;
        members.entry(origin.clone()).or_default().push(record);
    }
    for listed in receipt.listed.read(dir)? {
        let listed = listed?;
        here.insert(listed.path.clone());
        if workspace.finished().contains_key(&listed.path) || given_up.contains(&listed.path) {
            continue;
        }
        let kept = listed.path.under(&dir.archives());
        let has_kept = !broken.contains(&listed.path)
            && fs::metadata(&kept)?.is_some_and(|metadata| metadata.len() == listed.size.0);
        let (mut license, mut notice) = (None, None);
        let kind = match members.remove(&listed.path) {
            Some(records) if listed.unpacked => {
                Some(FinishedKind::Unpacked { members: write(workspace, &listed.path, records)? })
            }
            Some(records) => records.into_iter().next().map(|record| {
                (license, notice) = (record.license, record.notice);
                FinishedKind::Placed { at: record.path }
            }),
            None if has_kept && listed.unpacked => Some(FinishedKind::Fetched),
            None if has_kept && receipt.selection.packed && archives == Archives::StayPacked => {
                let at = RelPath::parse(&format!("archives/{}", listed.path)).ok();
                at.map(|at| FinishedKind::Placed { at })
            }
            None => None,
        };
        if let (true, Some(FinishedKind::Placed { at })) = (has_kept, &kind) {
            link(&kept, &at.under(&workspace.stage()), workspace.access())?;
        } else if has_kept && kind.is_some() {
            link(&kept, &workspace.archive(&listed.path), workspace.access())?;
        }
        if let Some(kind) = kind {
            workspace.finish(Finished {
                path: listed.path.clone(),
                size: listed.size,
                sha256: listed.sha256,
                verified: listed.verified,
                known: listed.known,
                license,
                notice,
                url: listed.url.clone(),
                kind,
                reason: receipt.reason.clone().filter(|_| listed.verified == Proof::AcceptedChange),
                warnings: Vec::new(),
            })?;
        }
    }
    for mark in &receipt.partial {
        if workspace.finished().contains_key(&mark.path) || given_up.contains(&mark.path) {
            continue;
        }
        let inventory = write(workspace, &mark.path, members.remove(&mark.path).unwrap_or_default())?;
        workspace.finish(Finished {
            path: mark.path.clone(),
            size: mark.size,
            sha256: mark.directory_sha256,
            verified: mark.verified,
            known: Vec::new(),
            license: None,
            notice: None,
            url: mark.url.clone(),
            kind: FinishedKind::Members { members: inventory, chosen: mark.members.clone() },
            reason: None,
            warnings: Vec::new(),
        })?;
    }
    keep_foreign(workspace, dir, &known)?;
    Ok(here)
}

fn write(workspace: &Workspace, origin: &RelPath, records: Vec<FileRecord>) -> Result<String, LayoutError> {
    let name = format!("{}.jsonl", &Digest::sha256(origin.as_str().as_bytes()).hex()[..16]);
    let path = workspace.members(&name);
    fs::remove_file(&path)?;
    inventory::write_sorted(&path, records, workspace.access())?;
    Ok(name)
}

fn carry(record: &FileRecord, dir: &DatasetDir, workspace: &Workspace) -> Result<(), FsError> {
    let to = record.path.under(&workspace.stage());
    let Some(target) = &record.target else {
        return link(&record.path.under(dir.root()), &to, workspace.access());
    };
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent, workspace.access())?;
    }
    match fs::symbolic_link(target, &to) {
        Err(error) if error.kind() != FsErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// A part is asked for of a dataset whose records are damaged.
pub fn cannot_add(selection: &crate::catalog::Selection, fault: &str) -> Failure {
    let message =
        format!("the records of `{selection}` are damaged ({fault}), so nothing can be added to what is there");
    let name = gate::name_for_command(selection);
    Failure::new(Exit::DIFFERENT, message).of(selection.id()).help(format!(
        "`medsets verify {name} --repair` fetches it anew where a program can, `medsets remove {name}` deletes what is there"
    ))
}

fn nothing_tells(dir: &DatasetDir, error: &LayoutError) -> Failure {
    let root = dir.root().display();
    let message = format!(
        "neither `{}` nor `{}` can be read ({error}), so your own files in `{root}` cannot be told from the dataset's",
        dir.inventory_path().display(),
        dir.manifest_path().display()
    );
    Failure::new(Exit::DIFFERENT, message)
        .help("move the folder away, or delete it with `medsets remove ID`, then run again")
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

/// Files whose other bytes a person takes while a dataset is mended.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// By path at the publisher.
    pub files: Vec<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Fetches what is missing or changed, and only that; all of it, where its records are damaged. Of
/// files that were read and are right it notes the time that they have.
/// Gives what a person should know.
///
/// # Errors
/// The bytes are not to be had, or are others by now and not `accepted`: the dataset is as it was.
pub async fn repair(context: &Context, found: &Verified, accepted: &Accepted) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    let name = found.name();
    let dir = DatasetDir::at(found.path.clone());
    if found.is_away {
        return Err(away(found));
    }
    if found.carries && !found.touched.is_empty() {
        restamp::restamp(context, &name, &dir, &found.touched)?;
    }
    if !found.is_damaged() {
        return Ok(warnings);
    }
    match mend(context, found, accepted, &name, &mut warnings).await {
        Ok(()) => Ok(warnings),
        Err(failure) => Err(explained(failure, &name).help(format!("`{}` was not mended", Printable::new(&name)))),
    }
}

/// Other bytes than the ones that were here: what a person can do about it with this command.
fn explained(failure: Failure, name: &str) -> Failure {
    let file = match (failure.exit, &failure.file) {
        (Exit::MISMATCH | Exit::TRUNCATED, Some(file)) => file.clone(),
        _ => return failure,
    };
    Failure { help: None, ..failure }
        .help("the publisher may have replaced the file, or the connection altered it; nothing of it was kept")
        .help(format!(
            "`medsets verify {name} --repair --accept-changed '{file}' --reason TEXT` takes the new bytes and notes why"
        ))
}

async fn mend(
    context: &Context,
    found: &Verified,
    accepted: &Accepted,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let dir = DatasetDir::at(found.path.clone());
    let receipt = match Records::of(&dir)? {
        Records::Good(receipt) | Records::Broken { receipt: Some(receipt), .. } => Some(receipt),
        Records::Absent | Records::Broken { .. } => None,
    };
    let (selection, options) = as_it_was(context, name, &dir, receipt.as_deref(), warnings)?;
    let has_archive = |path: &RelPath| path.as_str().starts_with("archives/");
    let keeps = found.missing.iter().chain(&found.changed).any(has_archive);
    let options = FetchOptions {
        accept_changed: accepted.files.clone(),
        reason: accepted.reason.clone(),
        keep_archives: keeps.then_some(KeepArchives::Yes),
        ..options
    };
    let channel = receipt.map(|receipt| receipt.source.channel);
    let mut target = Target::of(context, &selection, channel.as_deref(), None)?;
    target.dir = dir;
    target.pins = options.pins.as_ref().map(|pins| pins.digest);
    target.check_place()?;
    gate::pass(context, &selection, Some(&target.source.channel), warnings).await?;
    gate::pass_of_today(context, &selection, Some(&target.source.channel), warnings).await?;
    let provider = Arc::new(AnyProvider::of(target.source, &selection));
    let hosts = Arc::new(wanted::hosts(context, &provider, &target)?.asked_for(&options.choice.include));
    let listed = wanted::listing(context, &target, &options, &provider, &hosts).await?;
    fetch::refuse_unlisted(&selection, std::slice::from_ref(&selection), &options, &listed.listing)?;
    let wanted = wanted::wanted(context, &target, &options, listed.listing, Means::Fetch, warnings)?;
    let workspace = target.workspace(context)?;
    let earlier = match found.carries {
        true => Earlier::Here {
            damaged: found.missing.iter().chain(&found.changed).cloned().collect(),
            given_up: HashSet::new(),
        },
        false => Earlier::Unreadable { fault: found.records.join("; ") },
    };
    let (fetched, failures) =
        fetch::fetch_into(context, &target, &options, workspace, wanted, provider, hosts, earlier).await?;
    warnings.extend(fetched.warnings);
    match failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => {
            warnings.extend(options.pins.is_some().then(|| of_lock(&selection, accepted)).flatten());
            Ok(())
        }
    }
}

/// What the lock of the project pins is not what was taken now.
fn of_lock(selection: &crate::catalog::Selection, accepted: &Accepted) -> Option<String> {
    let file = accepted.files.first()?;
    let id = selection.id();
    Some(format!(
        "the lock pins other bytes of `{id}`: `medsets sync --accept-changed '{id}:{file}' --reason TEXT` takes the new ones into it"
    ))
}

/// Nothing can be mended where a link leads, and what was there is not known.
fn away(found: &Verified) -> Failure {
    let name = found.name();
    Failure::new(Exit::DIFFERENT, format!("`{name}` is not to be had: {}", found.records.join("; ")))
        .of(&found.id)
        .help(format!(
            "bring it back, or `medsets fetch {name}` gets another copy; `medsets remove {name}` takes the link away"
        ))
}

/// The dataset and the part of it that is to be mended: by the lock of the project where it pins
/// the very tree that is here, else by the catalogue.
fn as_it_was(
    context: &Context,
    name: &str,
    dir: &DatasetDir,
    receipt: Option<&Receipt>,
    warnings: &mut Vec<String>,
) -> Result<(crate::catalog::Selection, FetchOptions), Failure> {
    let options = |asked: Part| FetchOptions { datasets: vec![name.to_owned()], ..FetchOptions::for_part(asked) };
    if let Some(receipt) = receipt
        && let Some(lock) = fetch::ProjectLock::find(context, warnings)
        && let Some(pinned) = lock.of_tree(context, name, receipt.tree, &options(receipt.selection.clone()))?
    {
        return Ok(pinned);
    }
    let selection = super::selection::one_selection(context, name)?;
    let asked = match receipt {
        Some(receipt) => receipt.selection.clone(),
        None => part_by_inventory(dir, &selection),
    };
    Ok((selection, options(asked)))
}

/// Without a receipt the inventory tells which files of the release are here, so that a small
/// part does not become the whole by being mended.
fn part_by_inventory(dir: &DatasetDir, selection: &crate::catalog::Selection) -> Part {
    let Ok(records) = InventoryReader::open(&dir.inventory_path()) else { return Part::default() };
    let here: BTreeSet<RelPath> = records.map_while(Result::ok).map(|record| record.origin.file).collect();
    let channel = selection.source(None).map(|source| source.channel.as_str());
    if here.is_empty() || selection.files(channel).all(|file| here.contains(&file.path)) {
        return Part::default();
    }
    let include = here.iter().map(|path| globset::escape(path.as_str())).collect();
    Part { choice: Choice { include, ..Choice::default() }, ..Part::default() }
}
