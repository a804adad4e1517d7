//! Taking over what is good of an earlier dataset folder.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::fs::{self, Access, FoundKind, FsError, FsErrorKind};
use crate::layout::check::{self, CheckMode};
use crate::layout::inventory::InventoryReader;
use crate::layout::receipt::PartialMark;
use crate::layout::{
    DatasetDir, FileRecord, Finished, FinishedKind, LayoutError, ListedMark, Proof, Receipt, Records, Workspace,
};
use crate::remedy;
use crate::values::RelPath;

use super::exit::Exit;
use super::failure::Failure;
use super::placing::write_members;

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
            keep_foreign(workspace, dir, &known, None)?;
            return Ok(HashSet::new());
        }
        Earlier::Here { damaged, given_up } => (damaged, given_up),
    };
    let Some(receipt) = Receipt::read(dir)? else { return Ok(HashSet::new()) };
    let (known, broken) = told(dir, damaged)?;
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
    let mut here: HashSet<RelPath> = receipt.partial.iter().map(|mark| mark.path.clone()).collect();
    for listed in receipt.listed.read(dir)? {
        let listed = listed?;
        here.insert(listed.path.clone());
        if workspace.finished().contains_key(&listed.path) || given_up.contains(&listed.path) {
            continue;
        }
        let kept = listed.path.under(&dir.archives());
        let is_kept = !broken.contains(&listed.path)
            && fs::metadata(&kept)?.is_some_and(|metadata| metadata.len() == listed.size.0);
        let own = members.remove(&listed.path);
        finish(workspace, &receipt, listed, own, is_kept.then_some(kept.as_path()), archives)?;
    }
    for mark in &receipt.partial {
        if workspace.finished().contains_key(&mark.path) || given_up.contains(&mark.path) {
            continue;
        }
        let inventory = write_members(workspace, &mark.path, members.remove(&mark.path).unwrap_or_default())?;
        workspace.finish(Finished::of_part(mark.clone(), inventory))?;
    }
    keep_foreign(workspace, dir, &known, Some(&here))?;
    Ok(here)
}

/// All places that the inventory names, and the files of the release that are to be had anew because
/// something of them is damaged.
fn told(dir: &DatasetDir, damaged: &HashSet<RelPath>) -> Result<(HashSet<RelPath>, HashSet<RelPath>), LayoutError> {
    let mut known = HashSet::new();
    // With a kept archive its members come again, and the archive stays.
    let archives = damaged.iter().filter_map(|path| RelPath::parse(path.as_str().strip_prefix("archives/")?).ok());
    let mut broken: HashSet<RelPath> = archives.collect();
    for record in InventoryReader::open(&dir.inventory_path())? {
        let record = record?;
        if damaged.contains(&record.path) {
            broken.insert(record.origin.file.clone());
        }
        known.insert(record.path);
    }
    Ok((known, broken))
}

/// Notes a file of the release as finished, where what was carried over of it or its kept archive is
/// all of it. The archive goes along.
fn finish(
    workspace: &mut Workspace,
    receipt: &Receipt,
    listed: ListedMark,
    carried: Option<Vec<FileRecord>>,
    kept: Option<&Path>,
    archives: Archives,
) -> Result<(), Failure> {
    let (mut license, mut notice) = (None, None);
    let kind = match carried {
        Some(records) if listed.unpacked => {
            Some(FinishedKind::Unpacked { members: write_members(workspace, &listed.path, records)?, kept: true })
        }
        Some(records) => records.into_iter().next().map(|record| {
            (license, notice) = (record.license, record.notice);
            FinishedKind::Placed { at: record.path }
        }),
        None if kept.is_some() && listed.unpacked => Some(FinishedKind::Fetched),
        None if kept.is_some() && receipt.selection.packed && archives == Archives::StayPacked => {
            let at = RelPath::parse(&format!("archives/{}", listed.path)).ok();
            at.map(|at| FinishedKind::Placed { at })
        }
        None => None,
    };
    let Some(kind) = kind else { return Ok(()) };
    if let Some(kept) = kept {
        let to = match &kind {
            FinishedKind::Placed { at } => at.under(&workspace.stage()),
            _ => workspace.archive(&listed.path),
        };
        link(kept, &to, workspace.access())?;
    }
    let reason = receipt.reason.clone().filter(|_| listed.verified == Proof::AcceptedChange);
    Ok(workspace.finish(Finished { license, notice, reason, ..Finished::of_list(listed, kind) })?)
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
/// the dataset does not go along: files would be written through it to wherever it leads. Of kept
/// archives those are the dataset's that its list has, all of them where that is not known.
fn keep_foreign(
    workspace: &Workspace,
    dir: &DatasetDir,
    known: &HashSet<RelPath>,
    listed: Option<&HashSet<RelPath>>,
) -> Result<(), FsError> {
    let is_archive = |path: &str| {
        let name = path.strip_prefix("archives/").map(RelPath::parse);
        name.is_some_and(|name| listed.is_none_or(|listed| name.is_ok_and(|name| listed.contains(&name))))
    };
    let mut foreign = Vec::new();
    fs::walk(dir.root(), &mut |found| {
        let ours = found.path.starts_with(".medsets/")
            || is_archive(&found.path)
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
