//! The main job: from a name to verified data on disk.

mod changed;
mod dry_run;
mod let_go;
mod locked;
mod of_project;
mod offline;
mod outcome;
mod pins;
mod shards;
mod whole;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use crate::access::Purpose;
use crate::catalog::Selection;
use crate::context::Context;
use crate::events::Event;
use crate::layout::receipt::Selection as ReceiptSelection;
use crate::layout::{Means, Records};
use crate::plan::Shard;
use crate::providers::AnyProvider;
use crate::remedy;
use crate::values::{Choice, RelPath};

use super::carry::Earlier;
use super::choice;
use super::download::Tally;
use super::exit::Exit;
use super::failure::Failure;
use super::gate;
use super::held;
use super::mirror;
use super::renewal::{Renewal, renew};
use super::repair::cannot_add;
use super::report::{FetchReport, Fetched};
use super::selection::withdrawn;
use super::settle::settle_whole;
use super::shared;
use super::stored_listing;
use super::target::Target;
use super::wanted::{hosts, listing, wanted};

use dry_run::dry_run;
use let_go::LetGo;
use of_project::wishes;
use outcome::blank;
use whole::{has_all, manifest_here, unless_removed, whole_here};
use work::{Work, hurry};

pub(super) use changed::refuse_unlisted;
pub use pins::Pins;
pub(super) use pins::{agrees, has_part};

pub(super) use locked::ProjectLock;
pub(super) use of_project::{Wish, of_project};
pub(super) use outcome::summary;
pub(super) use whole::already_whole;
pub(super) use work::{fetch_into, look_for, make_room};

/// What to fetch and how.
#[derive(Debug, Clone, Default)]
pub struct FetchOptions {
    /// Names as people write them.
    pub datasets: Vec<String>,
    /// Which of their files.
    pub choice: Choice,
    /// Another data folder.
    pub to: Option<PathBuf>,
    /// Which source of the entry.
    pub source: Option<String>,
    /// Whether archives stay; the setting decides when absent.
    pub keep_archives: Option<KeepArchives>,
    /// Whether archives are unpacked.
    pub unpack: bool,
    /// Only plan.
    pub dry_run: bool,
    /// Start even if the disk seems too small.
    pub ignore_space: bool,
    /// Files whose bytes may differ from the catalogue's.
    pub accept_changed: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// What a glob that matches nothing means.
    pub idle_globs: IdleGlobs,
    /// What a lock says the dataset is; only for one dataset.
    pub pins: Option<Arc<Pins>>,
    /// What of it this process does.
    pub process: Process,
    /// What becomes of the rest of the dataset that is here.
    pub rest: Rest,
}

impl FetchOptions {
    /// Whether other bytes of a file are taken than those that are known.
    pub(super) fn accepts(&self, path: &RelPath) -> bool {
        self.accept_changed.iter().any(|name| name == path.as_str())
    }
}

/// What of the work this process does, where a cluster's scheduler runs several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Process {
    /// All of it.
    #[default]
    Whole,
    /// The files of this shard, and nothing that others see.
    Shard(Shard),
    /// What the shards left to be done: whatever is missing, and making it the dataset folder.
    Finish,
}

/// What becomes of files of a dataset that are here and not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rest {
    /// They stay, and what is asked for comes beside them.
    #[default]
    Stays,
    /// They go: what is asked for is made of what is here and of what is missing of it.
    Goes,
}

/// What a glob that matches no file of the release means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdleGlobs {
    /// Nothing: it may be for another of several datasets, or a file is gone from the host.
    #[default]
    PassedOver,
    /// It is misspelt.
    Refused,
}

/// Whether archives stay after unpacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepArchives {
    /// They stay.
    Yes,
    /// They go.
    No,
}

/// Fetches every dataset; one that fails does not stop the others.
///
/// After a failure the dataset's folder is as it was before, or absent. What is finished, and
/// parts that can be continued, wait in the store's workspace for the next run. Where only the
/// entry in the ledger failed the folder is whole and new, and the next run enters it.
pub async fn fetch(context: &Context, options: &FetchOptions) -> Result<FetchReport, Failure> {
    choice::refuse_empty(&options.choice)?;
    let mut report = FetchReport::default();
    let lock = ProjectLock::find(context, &mut report.warnings);
    let wishes = wishes(context, lock.as_ref(), options)?;
    let selections: Vec<Selection> = wishes.iter().map(|wish| wish.selection.clone()).collect();
    changed::refuse_unknown(&selections, options)?;
    for Wish { selection, options, origin } in &wishes {
        if context.cancel.is_set() {
            break;
        }
        report.warnings.extend(origin.clone());
        let pinned = lock.as_ref().map(|lock| lock.pinned(context, selection, options)).transpose();
        let fetched = match pinned.map(Option::flatten) {
            Ok(Some((selection, options))) => {
                fetch_selection(context, &selection, &selections, &options, &mut report.warnings).await
            }
            Ok(None) => fetch_selection(context, selection, &selections, options, &mut report.warnings).await,
            Err(failure) => Err(failure),
        };
        match fetched {
            Ok((fetched, failures)) => {
                report.datasets.push(fetched);
                report.failures.extend(failures);
            }
            Err(failure) => report.failures.push(failure.of(selection.id())),
        }
    }
    if let Some(code) = context.cancel.code() {
        let stopped = Failure::new(Exit(code), "the run was stopped; what was finished is kept");
        report.failures.insert(0, stopped.help("run the same command again to go on"));
    }
    Ok(report)
}

/// The datasets for which an acceptance is all that is missing.
pub fn only_acceptance_missing(report: &FetchReport) -> Vec<String> {
    report.failures.iter().filter_map(|failure| failure.acceptance.clone()).collect()
}

/// Fetches one dataset among those of the command.
pub(super) async fn fetch_selection(
    context: &Context,
    selection: &Selection,
    among: &[Selection],
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    // A misspelt name needs no host to be told of.
    for name in &options.choice.subsets {
        selection.subset(name)?;
    }
    let channel = options.source.as_deref();
    // A lock tells it as drift.
    warnings.extend(withdrawn(selection).filter(|_| options.pins.is_none()));
    if options.pins.is_some() {
        gate::pass_of_today(context, selection, channel, Purpose::Fetch, warnings).await?;
    }
    // A dataset without a source still has a gate that says why.
    if gate::is_of_nobody(selection, channel) {
        gate::pass(context, selection, channel, Purpose::Fetch, warnings).await?;
    }
    let mut target = Target::of(context, selection, channel, options.to.as_deref())?;
    target.pins = options.pins.as_ref().map(|pins| pins.digest);
    let _held = LetGo::of(context, &target, options, warnings)?;
    if let Some(fetched) = here_already(context, &target, options, warnings).await? {
        return Ok((fetched, Vec::new()));
    }
    match had(context, &target, among, options, warnings).await {
        // Another run may have made it a link to a shared copy meanwhile.
        Err(failure) if shared::leads_to(&target.dir).is_some() => {
            let here = here_already(context, &target, options, warnings).await?;
            here.map(|fetched| (fetched, Vec::new())).ok_or(failure)
        }
        had => had,
    }
}

/// Has a dataset that is not here as it is asked for: as a copy that somebody has, or from its host.
async fn had(
    context: &Context,
    target: &Target<'_>,
    among: &[Selection],
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    target.check_place()?;
    let selection = target.selection;
    if let Records::Broken { error, .. } = target.records()? {
        warnings.push(anew(target, options, &remedy::chain(&error))?);
    }
    let purpose = if has_all(target, options)? { Purpose::Import } else { Purpose::Fetch };
    gate::pass(context, selection, Some(&target.source.channel), purpose, warnings).await?;
    if let Some(fetched) = by_a_copy(context, target, options, warnings).await? {
        return Ok((fetched, Vec::new()));
    }
    let provider = Arc::new(AnyProvider::of(target.source, selection));
    let hosts = Arc::new(hosts(context, &provider, target)?.asked_for(&options.choice.include));
    context.report.report(Event::Phase { dataset: selection.id().clone(), phase: "listing" });
    let work = Work { context, target, among, options, provider, hosts };
    match options.process {
        Process::Shard(shard) => shards::fetch(work, shard, warnings).await,
        Process::Finish => shards::finish(work, warnings).await,
        Process::Whole => alone(work, warnings).await,
    }
}

/// The answer where a dataset is here as it is asked for, by its own files or as a shared copy.
/// What a killed run or shards have left of it goes.
///
/// Somebody else may have brought it: the agreements of the person who asks must hold, which uses
/// no network, and their ledger gets an entry. Where they do not hold it stays as it is.
async fn here_already(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<Option<Fetched>, Failure> {
    let manifest = manifest_here(context, target, options, warnings)?;
    let Some(receipt) = whole_here(target, options, manifest)? else { return Ok(None) };
    let shared = shared::leads_to(&target.dir);
    match &shared {
        Some(_) => {
            gate::pass(context, target.selection, Some(&receipt.source.channel), Purpose::Fetch, warnings).await?
        }
        None => gate::pass_agreements(context, target.selection, &receipt.source.channel).await?,
    }
    if options.process == Process::Finish && !options.dry_run {
        warnings.extend(shards::end(target, options));
    }
    if let Some(at) = shared {
        return shared::again(context, target, options, &receipt, &at).map(Some);
    }
    if options.dry_run || matches!(options.process, Process::Shard(_)) {
        let due = Renewal::due(context, target.selection, &target.dir, &receipt)?;
        warnings.extend(due.map(|due| {
            let then = due.help().unwrap_or_else(|| "a fetch brings them up to date".to_owned());
            format!("{}: {then}", due.sentence())
        }));
        return already_whole(target, &receipt).map(Some);
    }
    let is_settled = settle_whole(context, &target.store, &target.dir)?;
    // Its receipt says more now, or another run was about to enter it.
    let now =
        if is_settled || receipt.ledger.is_none() { whole_here(target, options, manifest)? } else { Some(receipt) };
    let Some(receipt) = now else { return Ok(None) };
    let receipt = renew(context, target, receipt, warnings)?;
    held::enter(context, &receipt, &target.dir, "found in place").map_err(|failure| unless_removed(target, failure))?;
    already_whole(target, &receipt).map(Some)
}

/// The whole of it from where somebody has it already: a shared folder, or a mirror of the team.
async fn by_a_copy(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<Option<Fetched>, Failure> {
    if let Some(copy) = shared::find(context, target, options, warnings).await? {
        return shared::take(context, target, options, &copy).map(Some);
    }
    if !can_come_by_mirror(context, options) {
        return Ok(None);
    }
    let (part, pins) = (receipt_selection(options), options.pins.as_deref());
    if options.dry_run {
        let tree = pins.and_then(|pins| pins.tree);
        let foreseen = mirror::foresee_whole(context, target, &part, tree).await?;
        let planned =
            |(from, plan)| Fetched { plan: Some(plan), mirror: Some(from), ..blank(target, &Tally::default()) };
        return Ok(foreseen.map(planned));
    }
    let taking = mirror::Taking { part: &part, pins, ignore_space: options.ignore_space };
    mirror::in_place_of_hosts(context, target, taking, warnings).await
}

/// All of the work by one process.
async fn alone(work: Work<'_>, warnings: &mut Vec<String>) -> Result<(Fetched, Vec<Failure>), Failure> {
    let Work { context, target, among, options, provider, hosts } = work;
    warnings.extend(shards::begun(target)?);
    let listed = listing(context, target, options, &provider, &hosts).await?;
    warnings.extend(hosts.take_warnings());
    changed::refuse_unlisted(target.selection, among, options, &listed.listing)?;
    let ends = provider.ends(&hosts);
    if options.dry_run {
        let mut wanted = wanted(context, target, options, listed.listing, Means::Fetch, warnings)?;
        if options.rest == Rest::Goes {
            dry_run::note_what_stays(target, options, &mut wanted)?;
        }
        warnings.extend(ends.and_then(|ends| hurry(context, target, &wanted, ends)));
        let planned = dry_run(context, target, options, wanted, provider, hosts).await?;
        tell_all(warnings, &planned);
        let failures = offline::planned(context, target, planned.plan.as_ref());
        return Ok((planned, failures));
    }
    let workspace = target.workspace(context)?;
    // Another run may have finished it while this one waited.
    if let Some(receipt) = whole_here(target, options, None)? {
        workspace.discard_if_idle()?;
        return Ok((already_whole(target, &receipt)?, Vec::new()));
    }
    if listed.is_new {
        stored_listing::write(target, workspace.root(), &listed.listing, &options.choice.include)?;
    }
    let wanted = match wanted(context, target, options, listed.listing, Means::Fetch, warnings) {
        Ok(wanted) => wanted,
        Err(failure) => {
            workspace.discard_if_idle()?;
            return Err(failure);
        }
    };
    warnings.extend(ends.and_then(|ends| hurry(context, target, &wanted, ends)));
    // What lies in the dataset folder undamaged is taken over instead of being fetched again.
    let mut earlier = Earlier::of(&target.dir)?;
    if let Some(pins) = &options.pins {
        pins.keep_only(&mut earlier, target, options.rest)?;
    }
    if let Records::Good(receipt) = target.records()? {
        earlier.give_up(&target.dir, &changed::had_anew(target, options, &receipt)?)?;
    }
    if let Some(fault) = earlier.fault() {
        anew(target, options, fault)?;
    }
    let (fetched, mut failures) =
        fetch_into(context, target, options, workspace, wanted, provider, hosts, earlier).await?;
    tell_all(warnings, &fetched);
    if !listed.is_new {
        let_go_of_list(target, options, &mut failures)?;
    }
    Ok((fetched, failures))
}

/// A file is gone or has other bytes than the list says that an earlier run has kept: the next
/// run lists anew, and takes over what is the same in the new list.
fn let_go_of_list(target: &Target<'_>, options: &FetchOptions, failures: &mut [Failure]) -> Result<(), Failure> {
    let Some(failure) = failures.iter_mut().find(|failure| is_not_as_listed(failure)) else { return Ok(()) };
    if shards::begun(target)?.is_some() {
        // It is the shards' list as well.
        let advice = shards::about_kept_list(target, options)?;
        advice.into_iter().for_each(|advice| *failure = failure.clone().help(advice));
        return Ok(());
    }
    if let Some(since) = stored_listing::kept_since(target, &options.choice.include)? {
        stored_listing::forget(target)?;
        *failure = failure.clone().help(format!(
            "the list of files was one that an earlier run kept at {since:.0}; it is dropped: run the same command again, \
             and the host lists its files anew"
        ));
    }
    Ok(())
}

/// Whether a file is not at the host as a list says.
fn is_not_as_listed(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::GONE | Exit::MISMATCH | Exit::TRUNCATED)
}

/// Adds a warning, once: what was said while looking for a shared copy may be said again while
/// looking for its files.
pub(super) fn tell(warnings: &mut Vec<String>, warning: String) {
    if !warnings.contains(&warning) {
        warnings.push(warning);
    }
}

/// Adds the warnings of a fetch, each once.
fn tell_all(warnings: &mut Vec<String>, fetched: &Fetched) {
    fetched.warnings.iter().for_each(|one| tell(warnings, one.clone()));
}

/// Whether what a mirror has can be what is asked for: no archives that are kept, no bytes but
/// those of the records. A lock without a tree must pin every file by a digest that the mirror can
/// be held to.
/// Where the rest of what is here goes, the bytes of what stays are here.
fn can_come_by_mirror(context: &Context, options: &FetchOptions) -> bool {
    let keeps = match options.keep_archives {
        Some(choice) => choice == KeepArchives::Yes,
        None => context.settings.text("keep-archives") == Some("yes"),
    };
    let is_pinned = options.pins.as_ref().is_none_or(|pins| pins.tree.is_some() || pins.names_all_bytes());
    let is_new = options.process == Process::Whole && options.rest == Rest::Stays;
    is_new && !keeps && is_pinned && options.accept_changed.is_empty()
}

/// A dataset whose records are damaged is fetched anew. What part of it is here is not known, so
/// a part that is asked for cannot be added to it.
fn anew(target: &Target<'_>, options: &FetchOptions, fault: &str) -> Result<String, Failure> {
    if !receipt_selection(options).whole || !options.unpack {
        return Err(cannot_add(target.selection, fault));
    }
    Ok(format!("the records of `{}` are damaged ({fault}): all of it is fetched anew", target.selection))
}

impl FetchOptions {
    /// What asks for this part of a dataset.
    pub(super) fn for_part(part: ReceiptSelection) -> Self {
        Self { choice: part.choice, unpack: !part.packed, ..Self::default() }
    }
}

/// What part of a dataset the options ask for.
pub(super) fn receipt_selection(options: &FetchOptions) -> ReceiptSelection {
    ReceiptSelection::asked(&options.choice, !options.unpack)
}
