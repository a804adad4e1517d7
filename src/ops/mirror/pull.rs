//! `medsets mirror pull`: a dataset from a mirror, through the person's own gate.

use jiff::Timestamp;
use serde::Serialize;

use crate::access::Purpose;
use crate::catalog::Selection;
use crate::context::Context;
use crate::layout::receipt::Selection as Part;
use crate::layout::{Receipt, Records, check};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{FetchOptions, Pins, ProjectLock, already_whole, receipt_selection};
use crate::ops::gate;
use crate::ops::held;
use crate::ops::report::{FetchReport, Fetched};
use crate::ops::settle::settle_whole;
use crate::ops::target::Target;
use crate::remedy;
use crate::values::{ByteSize, DatasetId, Digest, Printable};

use super::find::{Asked, find};
use super::lay_out::{self, NotTaken, Taking};
use super::{named_for, none_named, open};
use crate::ops::stop::unless_stopped;

/// What to take, and how.
#[derive(Debug, Clone, Default)]
pub struct PullOptions {
    /// Names as people write them.
    pub datasets: Vec<String>,
    /// The mirror; those of the project and settings in turn when absent.
    pub mirror: Option<String>,
    /// Another data folder.
    pub to: Option<std::path::PathBuf>,
    /// Which source of the entry it must have come from.
    pub source: Option<String>,
    /// Which tree; the newest when absent.
    pub tree: Option<Digest>,
    /// Only say what would be taken.
    pub dry_run: bool,
    /// Start even if the disk seems too small.
    pub ignore_space: bool,
}

/// What became of what was to be taken.
#[derive(Debug, Default)]
pub struct Pulled {
    /// As after a fetch.
    pub report: FetchReport,
    /// What would be taken, for a dry run.
    pub plans: Vec<PullPlan>,
}

/// What would be taken.
#[derive(Debug, Serialize)]
pub struct PullPlan {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// From which mirror; absent where it is here and came from a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
    /// Which tree.
    pub tree: Digest,
    /// Files under `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// Whether it is here already, so that nothing would be done.
    pub is_here: bool,
}

/// Takes datasets from mirrors. One that fails does not stop the others.
///
/// After a failure the dataset's folder is as it was, and what came waits for the next run.
pub async fn pull(context: &Context, options: &PullOptions) -> Result<Pulled, Failure> {
    let mut pulled = Pulled::default();
    // Another data folder is no place of the project.
    let lock = match options.to {
        None => ProjectLock::find(context, &mut pulled.report.warnings),
        Some(_) => None,
    };
    for name in &options.datasets {
        for (selection, pinned) in meant(context, lock.as_ref(), name)? {
            if context.cancel.is_set() {
                break;
            }
            if let Err(failure) = pull_one(context, &selection, options, pinned.as_ref(), &mut pulled).await {
                pulled.report.failures.push(failure.of(selection.id()));
            }
        }
    }
    if let Some(code) = context.cancel.code() {
        let stopped = Failure::new(Exit(code), "the run was stopped; what was finished is kept");
        pulled.report.failures.insert(0, stopped.help("run the same command again to go on"));
    }
    Ok(pulled)
}

/// A dataset, and what the lock of the project says of it.
type Meant = (Selection, Option<FetchOptions>);

/// What a name means: what the lock of the project has of it, else the catalogue.
fn meant(context: &Context, lock: Option<&ProjectLock>, name: &str) -> Result<Vec<Meant>, Failure> {
    let pinned = |found: Option<&Selection>| match lock {
        Some(lock) => lock.meant(context, name, found),
        None => Ok(Vec::new()),
    };
    let found = match context.catalog()?.resolve(name) {
        Ok(found) => found,
        // The catalogue may not have it any more.
        Err(error) => {
            let pinned = pinned(None)?;
            if pinned.is_empty() {
                return Err(error.into());
            }
            return Ok(pinned.into_iter().map(|(selection, options)| (selection, Some(options))).collect());
        }
    };
    let mut all: Vec<Meant> = Vec::new();
    for selection in found {
        let pinned = pinned(Some(&selection))?;
        if pinned.is_empty() {
            all.push((selection, None));
        }
        all.extend(pinned.into_iter().map(|(selection, options)| (selection, Some(options))));
    }
    Ok(all)
}

/// Refuses what contradicts the lock in so many words.
fn refuse_other_than_locked(options: &PullOptions, pinned: &FetchOptions) -> Result<(), Failure> {
    let channel = options.source.as_ref().filter(|source| Some(*source) != pinned.source.as_ref());
    let locked_tree = pinned.pins.as_ref().and_then(|pins| pins.tree);
    let tree = options.tree.zip(locked_tree).filter(|(asked, locked)| asked != locked);
    let message = match (channel, tree) {
        (Some(channel), _) => {
            let locked = pinned.source.as_deref().unwrap_or_default();
            format!("the lock pins the source `{}`, not `{}`", Printable::new(locked), Printable::new(channel))
        }
        (None, Some((asked, locked))) => format!("the lock pins the tree {locked}, not {asked}"),
        (None, None) => return Ok(()),
    };
    Err(Failure::new(Exit::LOCK, message)
        .help("leave that flag out to pull what the lock pins, or put another copy elsewhere with `--to DIR`"))
}

async fn pull_one(
    context: &Context,
    selection: &Selection,
    options: &PullOptions,
    pinned: Option<&FetchOptions>,
    pulled: &mut Pulled,
) -> Result<(), Failure> {
    if let Some(pinned) = pinned {
        refuse_other_than_locked(options, pinned)?;
    }
    let source = pinned.and_then(|pinned| pinned.source.as_deref()).or(options.source.as_deref());
    let mut target = Target::of(context, selection, source, options.to.as_deref())?;
    let pins = pinned.and_then(|pinned| pinned.pins.as_deref());
    target.pins = pins.map(|pins| pins.digest);
    let part = pinned.map_or(Part { whole: true, ..Part::default() }, receipt_selection);
    let tree = pins.and_then(|pins| pins.tree).or(options.tree);
    let asked = Asked { selection, channel: &target.source.channel, part: &part, tree };
    let taking = Taking { part: &part, pins, ignore_space: options.ignore_space };
    if let Some(receipt) = here(&target, &asked, pins)? {
        // Somebody else may have brought it: as `fetch` does for what is whole here.
        gate::pass_agreements(context, selection, &receipt.source.channel).await?;
        if options.dry_run {
            let mirror = receipt.source.mirror.clone();
            pulled.plans.push(plan(&target, mirror, receipt.tree, receipt.files, receipt.bytes, true));
        } else {
            let is_settled = settle_whole(context, &target.store, &target.dir)?;
            // It says more now, or another run was about to enter it.
            let is_older = is_settled || receipt.ledger.is_none();
            let now = if is_older { Receipt::read(&target.dir)? } else { None };
            let receipt = now.unwrap_or(receipt);
            pulled.report.datasets.push(found_in_place(context, &target, &receipt)?);
        }
        return Ok(());
    }
    target.check_place()?;
    gate::pass(context, selection, Some(&target.source.channel), Purpose::Fetch, &mut pulled.report.warnings).await?;
    if pins.is_some() {
        let channel = Some(target.source.channel.as_str());
        gate::pass_of_today(context, selection, channel, Purpose::Fetch, &mut pulled.report.warnings).await?;
    }
    let all = named_for(context, selection.id(), options.mirror.as_deref())?;
    if all.is_empty() {
        return Err(none_named(Some(selection.id())));
    }
    let (mut passed_over, mut others) = (Vec::new(), Vec::new());
    for named in &all {
        match from_one(context, &target, &asked, taking, named, options.dry_run, pulled).await {
            Ok(Tried::Taken) => {
                let told = |failure: Failure| format!("`{selection}`: {}", failure.message);
                pulled.report.warnings.extend(passed_over.into_iter().map(told));
                return Ok(());
            }
            Ok(Tried::Lacks(reasons)) => others.extend(reasons),
            Err(NotTaken::Mirror(failure)) => passed_over.push(failure),
            Err(NotTaken::Here(failure)) => return Err(failure),
        }
    }
    // That one cannot be asked says more than that another does not have it; the last is told.
    Err(passed_over.pop().unwrap_or_else(|| lacking(&asked, &all, &others)))
}

/// The answer where it is whole here, with an entry in the person's own ledger.
fn found_in_place(context: &Context, target: &Target<'_>, receipt: &Receipt) -> Result<Fetched, Failure> {
    held::enter(context, receipt, &target.dir, "found in place")?;
    already_whole(target, receipt)
}

/// The receipt of a dataset that is here as it is asked for.
///
/// # Errors
/// Something else is here, or it is damaged.
fn here(target: &Target<'_>, asked: &Asked<'_>, pins: Option<&Pins>) -> Result<Option<Receipt>, Failure> {
    let receipt = match target.records()? {
        Records::Absent => return Ok(None),
        Records::Good(receipt) => *receipt,
        Records::Broken { error, .. } => return Err(is_in_the_way(target, &remedy::chain(&error))),
    };
    if !receipt.selection.covers(asked.part) {
        return Err(is_in_the_way(target, "only a part of it is here"));
    }
    let is_it = match pins {
        Some(pins) => pins.are_those_of(&target.dir, &receipt, asked.part)?,
        None => asked.tree.is_none_or(|tree| tree == receipt.tree),
    };
    if !is_it {
        return Err(is_in_the_way(target, &format!("its tree is {}", receipt.tree)));
    }
    if !check::is_untouched(&target.dir)? {
        return Err(is_in_the_way(target, "files of it are missing or changed"));
    }
    Ok(Some(receipt))
}

/// What came of trying one mirror.
enum Tried {
    Taken,
    /// It does not have it; why what it has does not fit.
    Lacks(Vec<String>),
}

async fn from_one(
    context: &Context,
    target: &Target<'_>,
    asked: &Asked<'_>,
    taking: Taking<'_>,
    named: &super::Named,
    dry_run: bool,
    pulled: &mut Pulled,
) -> Result<Tried, NotTaken> {
    let mirror = open(context, &named.url).map_err(|error| NotTaken::Mirror(error.into()))?;
    let search = unless_stopped(context, find(&mirror, asked)).await?;
    let search = search.map_err(|error| NotTaken::Mirror(error.into()))?;
    let Some(found) = &search.found else { return Ok(Tried::Lacks(search.others)) };
    if dry_run {
        let (mark, mirror) = (&found.mark, Some(found.mirror.bucket.url().to_string()));
        pulled.plans.push(plan(target, mirror, mark.tree, mark.files, mark.bytes, false));
        return Ok(Tried::Taken);
    }
    let workspace = target.workspace(context)?;
    // Another run may have finished it while this one waited.
    if let Some(receipt) = here(target, asked, taking.pins)? {
        workspace.discard_if_idle()?;
        pulled.report.datasets.push(found_in_place(context, target, &receipt)?);
        return Ok(Tried::Taken);
    }
    let fetched = lay_out::take(context, target, found, workspace, taking).await;
    let fetched = fetched.map_err(|error| or_an_older_one(error, target, &search.older))?;
    pulled.report.datasets.push(fetched);
    Ok(Tried::Taken)
}

/// Where the newest is refused for what it holds, the ones before it may be right.
fn or_an_older_one(error: NotTaken, target: &Target<'_>, older: &[(Timestamp, Digest)]) -> NotTaken {
    match (error, older.iter().max()) {
        (NotTaken::Mirror(failure), Some((_, tree))) if failure.exit == Exit::MISMATCH => {
            let name = crate::ops::gate::name_for_command(target.selection);
            NotTaken::Mirror(failure.help(format!(
                "`medsets mirror pull {name} --tree {}` takes a copy that was pushed before it",
                tree.hex()
            )))
        }
        (error, _) => error,
    }
}

fn lacking(asked: &Asked<'_>, all: &[super::Named], others: &[String]) -> Failure {
    let urls: Vec<String> = all.iter().map(|named| format!("`{}`", named.url)).collect();
    let (name, what) = (asked.selection.to_string(), if all.len() == 1 { "the mirror" } else { "none of the mirrors" });
    let message = match asked.tree {
        Some(tree) => format!("{what} {} has the tree {tree} of `{name}`", urls.join(", ")),
        None => format!("{what} {} has `{name}`", urls.join(", ")),
    };
    let message = if all.len() == 1 { message.replacen(" has ", " does not have ", 1) } else { message };
    let failure = Failure::new(Exit::GONE, message);
    let failure = others.iter().take(5).fold(failure, |failure, reason| failure.help(reason));
    failure.help(format!(
        "`medsets fetch {}` asks its host; whoever has it puts it there with `medsets mirror push {}`",
        asked.selection.id(),
        asked.selection.id()
    ))
}

fn plan(
    target: &Target<'_>,
    mirror: Option<String>,
    tree: Digest,
    files: u64,
    bytes: ByteSize,
    is_here: bool,
) -> PullPlan {
    let selection = target.selection;
    PullPlan {
        id: selection.id().clone(),
        version: selection.release().version.clone(),
        variant: selection.variant_name().map(str::to_owned),
        mirror,
        tree,
        files,
        bytes,
        is_here,
    }
}

fn is_in_the_way(target: &Target<'_>, fault: &str) -> Failure {
    let name = crate::ops::gate::name_for_command(target.selection);
    let message = format!("`{}` is here already and is not what is asked for: {fault}", target.selection);
    Failure::new(Exit::DIFFERENT, message).help(format!(
        "`medsets verify {name} --repair` mends it; `medsets remove {name}` makes room; `--to DIR` puts it beside"
    ))
}
