//! The main job: from a name to verified data on disk.

mod changed;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::access::Purpose;
use crate::catalog::Selection;
use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, Access};
use crate::layout::check;
use crate::layout::receipt::Selection as ReceiptSelection;
use crate::layout::{Finished, FinishedKind, Means, MembersOf, Proof, Receipt, Records, Workspace};
use crate::plan::steps::Have;
use crate::plan::{FetchPlan, Handling, preflight};
use crate::providers::{AnyProvider, Hosts};
use crate::remedy;
use crate::reports;
use crate::values::{ByteSize, Digest, RelPath};

use super::assemble::{Assembled, assemble, enter_in_ledger};
use super::download::{Tally, Wanted, download};
use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::members::{Reader, refuse_idle};
use super::particulars::{particulars, roles};
use super::repair::{Earlier, cannot_add, carry_over};
use super::report::{FailedFile, FetchReport, Fetched};
use super::stored_listing;
use super::target::Target;
use super::wanted::{archive_password, hosts, listing, wanted};

/// What to fetch and how.
#[derive(Debug, Clone, Default)]
pub struct FetchOptions {
    /// Names as people write them.
    pub datasets: Vec<String>,
    /// Only these parts of the release, by the names that the entry gives them.
    pub subsets: Vec<String>,
    /// Only these files of the release, by path or group; beside those of the subsets.
    pub include: Vec<String>,
    /// Only these members of archives, which stay where they are.
    pub members: Vec<MembersOf>,
    /// Not these.
    pub exclude: Vec<String>,
    /// Only files under one of these licences; all when empty.
    pub licenses: Vec<String>,
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
    let mut selections = Vec::new();
    for name in &options.datasets {
        for selection in context.catalog()?.resolve(name)? {
            // A collection and a name may mean the same.
            if !selections.iter().any(|one: &Selection| one.to_string() == selection.to_string()) {
                selections.push(selection);
            }
        }
    }
    changed::refuse_unknown(&selections, options)?;
    let mut report = FetchReport::default();
    for selection in &selections {
        if context.cancel.is_set() {
            break;
        }
        match fetch_one(context, selection, &selections, options, &mut report.warnings).await {
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
async fn fetch_one(
    context: &Context,
    selection: &Selection,
    among: &[Selection],
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    // A misspelt name needs no host to be told of.
    for name in &options.subsets {
        selection.subset(name)?;
    }
    // A dataset without a source still has a gate that says why.
    if selection.source(options.source.as_deref()).is_none() || selection.dataset().entry.distribution.is_some() {
        pass_gate(context, selection, options.source.as_deref(), warnings).await?;
    }
    let target = Target::of(context, selection, options.source.as_deref(), options.to.as_deref())?;
    if let Some(receipt) = whole_here(&target, options)? {
        if options.dry_run || !is_left_untidy(&target, &receipt)? {
            return Ok((already_whole(&target, &receipt)?, Vec::new()));
        }
        return Ok((tidied(context, &target, options)?, Vec::new()));
    }
    target.check_place()?;
    if let Records::Broken { error, .. } = Records::of(&target.dir)? {
        warnings.push(anew(&target, options, &remedy::chain(&error))?);
    }
    pass_gate(context, selection, Some(&target.source.channel), warnings).await?;
    let provider = Arc::new(AnyProvider::of(target.source, selection));
    let hosts = Arc::new(hosts(context, &provider, &target)?.asked_for(&options.include));
    context.report.report(Event::Phase { dataset: selection.id().clone(), phase: "listing" });
    let listed = listing(context, &target, options, &provider, &hosts).await?;
    warnings.extend(hosts.take_warnings());
    changed::refuse_unlisted(selection, among, options, &listed.listing)?;
    let ends = provider.ends(&hosts);
    if options.dry_run {
        let wanted = wanted(context, &target, options, listed.listing, Means::Fetch, warnings)?;
        warnings.extend(ends.and_then(|ends| hurry(context, &target, &wanted, ends)));
        return Ok((dry_run(context, &target, options, wanted, provider, hosts).await?, Vec::new()));
    }
    let workspace = target.workspace(context)?;
    // Another run may have finished it while this one waited.
    if let Some(receipt) = whole_here(&target, options)? {
        return Ok((already_whole(&target, &receipt)?, Vec::new()));
    }
    if listed.is_new {
        stored_listing::write(&target, workspace.root(), &listed.listing, &options.include)?;
    }
    let wanted = match wanted(context, &target, options, listed.listing, Means::Fetch, warnings) {
        Ok(wanted) => wanted,
        Err(failure) => {
            workspace.discard_if_idle()?;
            return Err(failure);
        }
    };
    warnings.extend(ends.and_then(|ends| hurry(context, &target, &wanted, ends)));
    // What lies in the dataset folder undamaged is taken over instead of being fetched again.
    let earlier = Earlier::of(&target.dir)?;
    if let Some(fault) = earlier.fault() {
        anew(&target, options, fault)?;
    }
    let (fetched, failures) =
        fetch_into(context, &target, options, workspace, wanted, provider, hosts, earlier).await?;
    warnings.extend(fetched.warnings.iter().cloned());
    Ok((fetched, failures))
}

/// A dataset whose records are damaged is fetched anew. What part of it is here is not known, so
/// a part that is asked for cannot be added to it.
fn anew(target: &Target<'_>, options: &FetchOptions, fault: &str) -> Result<String, Failure> {
    if !receipt_selection(options).whole || !options.unpack {
        return Err(cannot_add(target.selection, fault));
    }
    Ok(format!("the records of `{}` are damaged ({fault}): all of it is fetched anew", target.selection))
}

pub(super) async fn pass_gate(
    context: &Context,
    selection: &Selection,
    channel: Option<&str>,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let gate = gate::gate(context, selection, channel, Purpose::Fetch, Compare::Pages).await?;
    warnings.extend(gate.warnings().map(str::to_owned));
    if gate.is_open() { Ok(()) } else { Err(gate::refusal(context, selection, gate).await) }
}

/// A dataset that is here as it is asked for, by its receipt and by what lies beside it.
/// Changes nothing and uses no network.
fn whole_here(target: &Target<'_>, options: &FetchOptions) -> Result<Option<Receipt>, Failure> {
    let Records::Good(receipt) = Records::of(&target.dir)? else { return Ok(None) };
    let receipt = *receipt;
    let asked = receipt_selection(options);
    if asked.packed && !receipt.selection.packed {
        let failure = Failure::new(Exit::USAGE, format!("`{}` is here already, unpacked", target.selection));
        return Err(failure.help("put the packed files elsewhere with `--to DIR`, or `medsets remove` it first"));
    }
    let enough = receipt.selection.covers(&asked);
    let other_source = options.source.as_ref().is_some_and(|source| *source != receipt.source.channel);
    let whole = enough && !other_source && check::looks_whole(&target.dir, receipt.files)?;
    Ok(whole.then_some(receipt))
}

/// What a killed run left to be done after its commit: the entry in the ledger, or the
/// removal of its workspace.
fn is_left_untidy(target: &Target<'_>, receipt: &Receipt) -> Result<bool, Failure> {
    let workspace = target.store.parts().join(target.workspace_name());
    let spent = fs::metadata(&workspace)?.is_some() && fs::metadata(&workspace.join("stage"))?.is_none();
    Ok(receipt.ledger.is_none() || spent)
}

/// Finishes what a killed run left after its commit, holding the dataset so that no other run
/// does the same.
fn tidied(context: &Context, target: &Target<'_>, options: &FetchOptions) -> Result<Fetched, Failure> {
    let workspace = target.workspace(context)?;
    let receipt = whole_here(target, options)?;
    let Some(receipt) = receipt else {
        return Err(Failure::new(Exit::HELD, format!("another run has changed `{}`", target.selection))
            .help("run the same command again"));
    };
    let receipt = match receipt.ledger {
        Some(_) => receipt,
        None => enter_in_ledger(context, &target.dir, receipt, target.access)?.receipt,
    };
    let fetched = already_whole(target, &receipt)?;
    workspace.discard_if_idle()?;
    Ok(fetched)
}

fn already_whole(target: &Target<'_>, receipt: &Receipt) -> Result<Fetched, Failure> {
    let digest = fs::read(&target.dir.receipt_path(), 64 << 20).map(|bytes| Digest::sha256(&bytes))?;
    Ok(summary(target, receipt, Some(digest), &Tally::default()))
}

/// What part of a dataset the options ask for.
pub(super) fn receipt_selection(options: &FetchOptions) -> ReceiptSelection {
    ReceiptSelection {
        whole: options.members.is_empty()
            && [&options.subsets, &options.include, &options.exclude, &options.licenses]
                .iter()
                .all(|choices| choices.is_empty()),
        subsets: options.subsets.clone(),
        include: options.include.clone(),
        members: options.members.clone(),
        exclude: options.exclude.clone(),
        licenses: options.licenses.clone(),
        packed: !options.unpack,
    }
}

/// What is here after a fetch: an earlier part stays and is named beside the new one.
fn with_earlier(asked: ReceiptSelection, earlier: Option<Receipt>) -> ReceiptSelection {
    match earlier {
        Some(receipt) => asked.beside(receipt.selection),
        None => asked,
    }
}

async fn dry_run(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    wanted: Vec<Wanted>,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
) -> Result<Fetched, Failure> {
    let (members, mut wanted) = apart(wanted);
    if !members.is_empty() {
        let scratch = Scratch::make(context)?;
        let reader = reader(context, target, scratch.dir.clone(), provider, hosts)?;
        let looked = reader.look_at_all(members, None).await?;
        refuse_idle(&looked, options, target)?;
        wanted.extend(looked.into_iter().map(|one| one.wanted));
    }
    let plan = plan(context, target, wanted.iter());
    let empty = Tally::default();
    Ok(Fetched { plan: Some(plan), ..blank(target, &empty) })
}

/// A folder of the system for what is read only to be looked at; removed when dropped.
struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    fn make(context: &Context) -> Result<Self, Failure> {
        let below = context.environment.variable("TMPDIR").unwrap_or("/tmp");
        let name = format!("medsets-{}-{:016x}", std::process::id(), crate::net::retry::chance().to_bits());
        let dir = PathBuf::from(below).join(name);
        fs::create_dir_all(&dir, Access::Private)?;
        Ok(Self { dir })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is the system's to sweep.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Archives of which only some members are wanted, and everything else.
fn apart(wanted: Vec<Wanted>) -> (Vec<Wanted>, Vec<Wanted>) {
    let is_partial = |one: &Wanted| matches!(one.manner.handling, Handling::Members { .. });
    // Most have none, and there may be a million.
    if wanted.iter().any(is_partial) { wanted.into_iter().partition(is_partial) } else { (Vec::new(), wanted) }
}

fn reader<'a>(
    context: &'a Context,
    target: &Target<'_>,
    parts: PathBuf,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
) -> Result<Reader<'a>, Failure> {
    let password = archive_password(context, target)?;
    let dataset = target.selection.id().clone();
    Ok(Reader { context, provider, hosts, dataset, password, parts, access: target.access })
}

/// Whether what the person was given may end before the download does: within a day, or
/// sooner than [`USUAL_RATE`] brings what is wanted.
fn hurry(context: &Context, target: &Target<'_>, wanted: &[Wanted], ends: Timestamp) -> Option<String> {
    let left = ends.duration_since(context.now()).as_secs().max(1).unsigned_abs();
    let bytes: ByteSize = wanted.iter().filter_map(|one| one.item().likely_size()).sum();
    let rate = ByteSize(bytes.0 / left);
    (left < 24 * 60 * 60 || rate > USUAL_RATE).then(|| {
        format!(
            "the link for `{}` ends at {ends:.0}: {bytes} by then are {rate} in a second; with a fresh link a fetch \
             goes on where it was",
            target.selection
        )
    })
}

/// Bytes in a second that many connections bring.
const USUAL_RATE: ByteSize = ByteSize(10_000_000);

fn plan<'w>(context: &Context, target: &Target<'_>, wanted: impl Iterator<Item = &'w Wanted> + Clone) -> FetchPlan {
    let jobs = context.settings.number("jobs").unwrap_or(8);
    FetchPlan::of(wanted.map(Wanted::item), jobs, target.selection.unpacked_about())
}

/// Plans, checks the disk, downloads, unpacks and commits. What is good of an earlier dataset
/// folder is taken over.
#[expect(clippy::too_many_arguments, reason = "everything a fetch needs, gathered by two callers")]
pub(super) async fn fetch_into(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    mut workspace: Workspace,
    mut wanted: Vec<Wanted>,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
    earlier: Earlier,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    let here = carry_over(&mut workspace, &target.dir, &earlier)?;
    only_meant(&mut workspace, &wanted, &here)?;
    look_for(&workspace, &mut wanted);
    make_room(&mut workspace, &wanted)?;
    let (mut members, wanted) = apart(wanted);
    members.retain(|one| one.have == Have::Nothing);
    let reader = reader(context, target, workspace.stretches(), provider.clone(), hosts.clone())?;
    let members = reader.look_at_all(members, Some(&workspace)).await?;
    if let Err(failure) = refuse_idle(&members, options, target) {
        workspace.discard_if_idle()?;
        return Err(failure);
    }
    let plan = plan(context, target, wanted.iter().chain(members.iter().map(|one| &one.wanted)));
    if !options.ignore_space {
        let space = fs::space(target.store.root())?;
        preflight(&plan, target.store.root(), space.bytes, space.inodes)?;
    }
    let doubted = wanted.iter().filter(|one| one.manner.doubt.is_some());
    let doubted: Vec<RelPath> = doubted.map(|one| one.listed.path.clone()).collect();
    let reused = kept(&workspace);
    tell_started(context, target, &plan, reused);
    let (of_files, password) = (roles(target.selection), archive_password(context, target)?);
    let (workspace, mut tally) =
        download(context, workspace, wanted, provider, hosts, of_files, password, target.selection.id()).await?;
    let workspace = reader.take_all(members, workspace, roles(target.selection), &mut tally).await?;
    if !tally.failures.is_empty() || context.cancel.is_set() {
        return Ok(unfinished(target, tally, reused));
    }
    let before = match earlier {
        Earlier::Here { .. } => Receipt::read(&target.dir)?,
        Earlier::Absent | Earlier::Unreadable { .. } => None,
    };
    let selection = with_earlier(receipt_selection(options), before);
    let particulars = particulars(context, target, Means::Fetch, selection, options.reason.clone())?;
    let finished = doubted.iter().filter_map(|path| workspace.finished().get(path));
    let warnings = finished.flat_map(|finished| finished.warnings.iter().cloned()).collect();
    let Assembled { receipt, receipt_sha256 } = assemble(context, workspace, &target.dir, &target.store, particulars)?;
    let mut fetched = summary(target, &receipt, Some(receipt_sha256), &tally);
    fetched.reused = reused;
    fetched.warnings = warnings;
    Ok((fetched, Vec::new()))
}

/// Keeps what an earlier run finished and nobody asks for now out of the dataset: neither is it
/// wanted, nor was it `here` before. Of the rest it is noted what is said of it today.
fn only_meant(workspace: &mut Workspace, wanted: &[Wanted], here: &HashSet<RelPath>) -> Result<(), Failure> {
    if workspace.finished().is_empty() {
        return Ok(());
    }
    let asked: HashSet<&RelPath> = wanted.iter().map(|one| &one.listed.path).collect();
    workspace.set_aside(|path| asked.contains(path) || here.contains(path))?;
    for one in wanted {
        workspace.describe(&one.listed.path, one.manner.license.as_deref(), one.manner.notice.as_deref())?;
    }
    Ok(())
}

/// Notes what the workspace has of each file. The parts of a split archive that was unpacked
/// are dropped like the archive itself, and not wanted again.
pub(super) fn look_for(workspace: &Workspace, wanted: &mut [Wanted]) {
    let mut spent = HashSet::new();
    for one in wanted.iter_mut() {
        one.have = have(workspace, one);
        if let (Have::Finished, Some(rules)) = (one.have, &one.manner.unpack) {
            spent.extend(rules.table.parts.iter().cloned());
        }
    }
    let is_spent = |path: &RelPath| spent.contains(path.as_str()) || spent.contains(path.file_name());
    wanted.iter_mut().filter(|one| is_spent(&one.listed.path)).for_each(|one| one.have = Have::Finished);
}

/// Takes single members out of the stage where all of their archive is to come.
pub(super) fn make_room(workspace: &mut Workspace, wanted: &[Wanted]) -> Result<(), Failure> {
    for one in wanted {
        if matches!(one.manner.handling, Handling::Unpack { .. }) && one.have == Have::Nothing {
            workspace.forget_members(&one.listed.path)?;
        }
    }
    Ok(())
}

/// What the workspace has of a file.
fn have(workspace: &Workspace, wanted: &Wanted) -> Have {
    match (workspace.finished().get(&wanted.listed.path).map(|finished| &finished.kind), wanted.place()) {
        (Some(FinishedKind::Placed { at }), Some(to)) if *at == to => Have::Finished,
        (Some(FinishedKind::Unpacked { .. }), None) => Have::Finished,
        (Some(FinishedKind::Fetched), None) if wanted.manner.members.is_empty() => Have::Fetched,
        _ => Have::Nothing,
    }
}

fn tell_started(context: &Context, target: &Target<'_>, plan: &FetchPlan, kept: ByteSize) {
    context.report.report(Event::Started {
        dataset: target.selection.id().clone(),
        files: plan.steps.len() as u64,
        bytes: plan.download + kept,
        kept,
        unknown_sizes: plan.unknown_sizes,
    });
}

/// Bytes of release files that are finished. Of archives that stay at the host none are here.
fn kept(workspace: &Workspace) -> ByteSize {
    let is_whole = |finished: &&Finished| !matches!(finished.kind, FinishedKind::Members { .. });
    workspace.finished().values().filter(is_whole).map(|finished| finished.size).sum()
}

/// Some files could not be had: everything else is kept for the next run.
fn unfinished(target: &Target<'_>, tally: Tally, reused: ByteSize) -> (Fetched, Vec<Failure>) {
    let failed =
        tally.failures.iter().map(|(path, failure)| FailedFile { path: path.clone(), error: failure.message.clone() });
    let fetched = Fetched { failed: failed.collect(), reused, ..blank(target, &tally) };
    let failures = tally.failures.into_iter().map(|(_, failure)| failure.of(target.selection.id())).collect();
    (fetched, failures)
}

/// A report with nothing in it but names.
fn blank(target: &Target<'_>, tally: &Tally) -> Fetched {
    Fetched {
        id: target.selection.id().clone(),
        version: target.selection.release().version.clone(),
        variant: target.selection.variant_name().map(str::to_owned),
        path: target.dir.root().to_path_buf(),
        source: target.source.channel.clone(),
        files: 0,
        bytes: ByteSize::ZERO,
        downloaded: tally.downloaded,
        reused: ByteSize::ZERO,
        verified: 0,
        unpacked: tally.unpacked,
        pinned_on_first_use: 0,
        members_pinned_on_first_use: 0,
        accepted_changes: 0,
        receipt_sha256: None,
        failed: Vec::new(),
        plan: None,
        warnings: Vec::new(),
        outside: target.outside.clone(),
        cite: None,
    }
}

/// What became of a dataset that is whole.
pub(super) fn summary(
    target: &Target<'_>,
    receipt: &Receipt,
    receipt_sha256: Option<Digest>,
    tally: &Tally,
) -> Fetched {
    let verified = receipt.listed.proven(Proof::is_known_beforehand);
    let accepted_changes = receipt.listed.proven(|proof| proof == Proof::AcceptedChange);
    let work = target.selection.dataset().entry.citation.as_ref();
    Fetched {
        source: receipt.source.channel.clone(),
        files: receipt.files,
        bytes: receipt.bytes,
        verified,
        pinned_on_first_use: receipt.listed.files() - verified - accepted_changes,
        members_pinned_on_first_use: receipt.partial.iter().map(|partial| partial.files).sum(),
        accepted_changes,
        receipt_sha256,
        cite: work.map(|work| reports::one_line(&work.work)),
        ..blank(target, tally)
    }
}
