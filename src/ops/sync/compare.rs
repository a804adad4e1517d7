//! The disk beside the lock. Reads only, and asks nobody.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use crate::catalog::Selection;
use crate::context::Context;
use crate::layout::check::{self, CheckMode};
use crate::layout::places::refuse_in_the_way;
use crate::layout::{DatasetDir, LayoutError, Receipt, Records, commit};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{Pins, receipt_selection};
use crate::ops::hands_off::HandsOff;
use crate::ops::here;
use crate::ops::lock::files::LockFolder;
use crate::ops::lock::selection_options;
use crate::ops::renewal::Renewal;
use crate::ops::shared;
use crate::project::{Lock, Locked};
use crate::remedy::{self, Remedy as _};
use crate::values::{DatasetId, DatasetName, Digest};

/// How far a comparison goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The records of each dataset.
    Records,
    /// Size and time of every file too.
    Files,
}

/// One dataset of the lock beside what is here.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Its folder.
    pub path: PathBuf,
    /// How they compare.
    pub state: State,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it, where that is not what such a state usually asks for.
    #[serde(skip)]
    pub help: Option<String>,
    /// The tree that the lock pins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_tree: Option<Digest>,
    /// The tree that is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<Digest>,
    /// Files that are here as they should be, where they were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<u64>,
    /// Files that are missing, as far as shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Files that are changed, as far as shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// Files that medsets did not put there, as far as shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<String>,
}

impl Compared {
    /// A fault of what is here, with its own remedy.
    fn tell(&mut self, state: State, error: &LayoutError) {
        (self.state, self.detail, self.help) = (state, Some(remedy::chain(error)), error.remedy());
    }
}

/// How a dataset of the lock and what is here compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// What is here is what the lock means.
    Whole,
    /// It is not here.
    Missing,
    /// Other bytes are here.
    Other,
    /// Less of it is here than the lock asks for.
    Part,
    /// More of it is here than the lock asks for.
    More,
    /// Files or records of it are missing or changed.
    Damaged,
    /// All is here, and files that medsets did not put there.
    Extra,
    /// All is here, and its records name another licence than lock and catalogue do.
    Terms,
}

impl State {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Missing => "missing",
            Self::Other => "other bytes",
            Self::Part => "part",
            Self::More => "more than asked for",
            Self::Damaged => "damaged",
            Self::Extra => "extra files",
            Self::Terms => "other terms",
        }
    }
}

/// The lock of the project around the working folder, as `status` tells it.
#[derive(Debug, Serialize)]
pub struct LockState {
    /// `current`, `stale` where it does not answer the project file, `missing`, or `unusable`.
    pub state: &'static str,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What to do about it.
    #[serde(skip)]
    pub help: Option<String>,
    /// Its datasets beside what is here, by their records.
    pub datasets: Vec<Compared>,
}

impl LockState {
    /// Whether it answers the project file and is what is here.
    pub fn is_met(&self) -> bool {
        self.state == "current" && self.datasets.iter().all(|one| one.state == State::Whole)
    }
}

/// How the lock stands; `None` without a project.
pub fn lock_state(context: &Context) -> Result<Option<LockState>, Failure> {
    let Some(project) = context.project()? else { return Ok(None) };
    let (manifest, folder) = (&project.manifest, LockFolder::at(&project.folder));
    let nothing = |state, fault, help| Ok(Some(LockState { state, fault, help, datasets: Vec::new() }));
    let unusable = |failure: Failure| nothing("unusable", Some(failure.message), failure.help);
    let lock = match folder.read() {
        Ok(Some(lock)) => lock,
        Ok(None) => return nothing("missing", None, written()),
        Err(failure) if failure.exit == Exit::LOCK => return unusable(failure),
        Err(failure) => return Err(failure),
    };
    let state = if lock.input == manifest.input() { "current" } else { "stale" };
    match compare(context, &folder, &lock, Depth::Records) {
        Ok((datasets, _)) => Ok(Some(LockState { state, fault: None, help: written(), datasets })),
        Err(failure) if failure.exit == Exit::LOCK => unusable(failure),
        Err(failure) => Err(failure),
    }
}

fn written() -> Option<String> {
    Some("`medsets lock` writes it".to_owned())
}

/// Every dataset of a lock beside what is here, and the names of datasets that are here and not
/// in the lock.
pub fn compare(
    context: &Context,
    folder: &LockFolder,
    lock: &Lock,
    depth: Depth,
) -> Result<(Vec<Compared>, Vec<String>), Failure> {
    let mut all = Vec::with_capacity(lock.datasets.len());
    for locked in &lock.datasets {
        all.push(compare_one(context, folder, locked, depth).map_err(|failure| failure.of(&locked.id))?);
    }
    let named: BTreeSet<String> = lock.datasets.iter().map(Locked::name).collect();
    let others = here::all(context)?.iter().map(here::Here::name).filter(|name| !named.contains(name)).collect();
    Ok((all, others))
}

fn compare_one(context: &Context, folder: &LockFolder, locked: &Locked, depth: Depth) -> Result<Compared, Failure> {
    let selection = folder.selection(context, locked)?;
    folder.refuse_other_license(&selection, locked)?;
    let dir = DatasetDir::new(&context.data_dir()?, selection.id(), &selection.slug());
    let (proved, compared) =
        rayon::join(|| folder.prove(&selection, locked), || with_disk(folder, &selection, locked, &dir, depth));
    proved?;
    let (mut compared, receipt) = compared?;
    if let (State::Whole, Some(receipt)) = (compared.state, receipt)
        && let Some(due) = Renewal::due(context, &selection, &dir, &receipt)?
    {
        (compared.state, compared.detail, compared.help) = (State::Terms, Some(due.sentence()), due.help());
    }
    // Neither a repair nor `sync` writes there.
    if matches!(compared.state, State::Other | State::Part | State::More | State::Damaged)
        && let Some(one) = HandsOff::of(&dir)?
    {
        compared.help = Some(one.advice(&locked.name(), true));
    }
    Ok(compared)
}

fn with_disk(
    folder: &LockFolder,
    selection: &Selection,
    locked: &Locked,
    dir: &DatasetDir,
    depth: Depth,
) -> Result<(Compared, Option<Box<Receipt>>), Failure> {
    let mut compared = Compared {
        id: locked.id.clone(),
        version: locked.version.clone(),
        variant: locked.variant.clone(),
        path: dir.root().to_path_buf(),
        state: State::Missing,
        detail: None,
        help: None,
        locked_tree: locked.tree,
        tree: None,
        good: None,
        missing: Vec::new(),
        changed: Vec::new(),
        extra: Vec::new(),
    };
    match refuse_in_the_way(dir.root()) {
        // A look at the records alone goes on to those of other datasets.
        Err(error) if depth == Depth::Records => {
            compared.tell(State::Missing, &error);
            return Ok((compared, None));
        }
        looked => looked?,
    }
    match Records::of(dir)? {
        Records::Absent => match commit::check_ours(dir) {
            Err(error @ LayoutError::Foreign { .. }) => compared.tell(State::Missing, &error),
            looked => looked?,
        },
        Records::Broken { error, .. } => {
            (compared.state, compared.detail) = (State::Damaged, Some(remedy::chain(&error)));
        }
        Records::Good(receipt) => {
            compared.tree = Some(receipt.tree);
            (compared.state, compared.detail) = by_records(folder, selection, locked, dir, &receipt)?;
            if depth == Depth::Files && compared.state == State::Whole {
                by_files(dir, &receipt, &mut compared)?;
            }
            return Ok((compared, Some(receipt)));
        }
    }
    Ok((compared, None))
}

fn by_records(
    folder: &LockFolder,
    selection: &Selection,
    locked: &Locked,
    dir: &DatasetDir,
    receipt: &Receipt,
) -> Result<(State, Option<String>), Failure> {
    if receipt.name() != DatasetName::of(&locked.id, &locked.version, locked.variant.as_deref()) {
        return Ok((State::Other, Some(format!("by its records it is `{}`", receipt.name()))));
    }
    if receipt.source.channel != locked.channel {
        let detail = format!("it came by `{}`, the lock says `{}`", receipt.source.channel, locked.channel);
        return Ok((State::Other, Some(detail)));
    }
    let asked = receipt_selection(&selection_options(Some(&locked.channel), &locked.choice));
    let is_as_asked = receipt.selection == asked;
    if is_as_asked && locked.tree == Some(receipt.tree) {
        return Ok((State::Whole, None));
    }
    let pins = Pins::of(selection, locked, &folder.files(locked)?);
    let more = (State::More, Some("more files of it are here than the lock asks for".to_owned()));
    if !receipt.selection.covers(&asked) {
        // Files that a person brought one by one may be all that the lock means, in other words.
        let is_all = receipt.selection.packed == asked.packed && pins.other_bytes(dir, receipt)?.is_empty();
        let here = receipt.listed.files() + receipt.partial.len() as u64;
        return Ok(match here.cmp(&locked.count()) {
            Ordering::Equal if is_all => (State::Whole, None),
            Ordering::Greater if is_all => more,
            _ => (State::Part, Some("the lock asks for more of it than is here".to_owned())),
        });
    }
    if pins.are_those_of(dir, receipt, &asked)? {
        return Ok(if is_as_asked { (State::Whole, None) } else { more });
    }
    let others = pins.other_bytes(dir, receipt)?;
    let detail = match (locked.tree.filter(|_| is_as_asked), others.iter().min()) {
        (Some(tree), _) => format!("the lock pins tree {tree}, here is {}", receipt.tree),
        (None, Some(first)) => {
            let verb = if others.len() == 1 { "is" } else { "are" };
            let count = crate::values::counted(others.len() as u64, "file");
            format!("{count} of the release {verb} not as in the lock, such as `{first}`")
        }
        (None, None) => "it was laid out by another entry than the lock's".to_owned(),
    };
    Ok((State::Other, Some(detail)))
}

fn by_files(dir: &DatasetDir, receipt: &Receipt, compared: &mut Compared) -> Result<(), Failure> {
    let (damage, manifest) = rayon::join(
        || check::check(dir, CheckMode::Quick, &|_, _| ()),
        || check::check_record(&dir.manifest_path(), receipt.tree),
    );
    let damage = match damage {
        Ok(damage) => damage,
        Err(error) if error.is_of_records() => {
            (compared.state, compared.detail) = (State::Damaged, Some(remedy::chain(&error)));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    compared.good = Some(damage.good);
    match manifest {
        Err(error) if error.is_of_records() => {
            compared.tell(State::Damaged, &error);
            compared.help = Some(match shared::of_another(dir)? {
                Some(place) => {
                    format!("whoever keeps `{}` has it written anew by `medsets fetch`", place.display())
                }
                None => "`medsets sync` writes it anew from the inventory".to_owned(),
            });
        }
        looked => looked?,
    }
    if damage.tree.is_some_and(|tree| tree != receipt.tree) {
        let detail = "the inventory is not the one that was written".to_owned();
        (compared.state, compared.detail, compared.help) = (State::Damaged, Some(detail), None);
    }
    let counts =
        format!("{} missing, {} changed, {} extra", damage.missing.len(), damage.changed.len(), damage.extra.len());
    if !damage.missing.is_empty() || !damage.changed.is_empty() {
        (compared.state, compared.detail, compared.help) = (State::Damaged, Some(counts), None);
    } else if !damage.extra.is_empty() && compared.state == State::Whole {
        (compared.state, compared.detail) = (State::Extra, Some(counts));
    }
    compared.missing = damage.missing.iter().take(SHOWN).map(ToString::to_string).collect();
    compared.changed = damage.changed.iter().take(SHOWN).map(ToString::to_string).collect();
    compared.extra = damage.extra.into_iter().take(SHOWN).collect();
    Ok(())
}

/// Files of one kind that are named.
const SHOWN: usize = 50;

/// That more of a dataset is here than a lock asks for, and what to do: `sync` deletes nothing.
pub(super) fn more_than_asked(
    context: &Context,
    folder: &LockFolder,
    locked: &Locked,
) -> Result<Option<String>, Failure> {
    let compared = compare_one(context, folder, locked, Depth::Records)?;
    let name = locked.name();
    Ok((compared.state == State::More).then(|| {
        let pruning = "`medsets sync --prune` removes what the lock does not name";
        let help = compared.help.as_deref().unwrap_or(pruning);
        format!("more of `{name}` is here than the lock asks for, and stays: {help}")
    }))
}

/// A comparison that found a difference, as a failure with exit 62.
pub fn difference(compared: &Compared) -> Failure {
    let name = DatasetName::of(&compared.id, &compared.version, compared.variant.as_deref());
    let detail = compared.detail.as_ref().map_or(String::new(), |detail| format!(": {detail}"));
    let failure =
        Failure::new(Exit::DIFFERENT, format!("`{name}` is not as the lock says: {}{detail}", compared.state.as_str()));
    match compared.state {
        _ if compared.help.is_some() => compared.help.iter().fold(failure, Failure::help),
        State::Extra => failure.help("files that medsets did not put there stay until you remove them"),
        State::More => {
            failure.help("`medsets sync --prune` removes what the lock does not name, of this and of other datasets")
        }
        State::Damaged => {
            failure.help(format!("`medsets verify {name} --repair` fetches what is damaged, and only that"))
        }
        _ => failure.help("`medsets sync` brings it to the lock"),
    }
    .of(&compared.id)
}
