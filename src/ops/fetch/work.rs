//! The work of a fetch, from the files that are wanted to a dataset folder with its records.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::catalog::Selection;
use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, FileLock, Patience};
use crate::layout::receipt::Selection as ReceiptSelection;
use crate::layout::{Finished, FinishedKind, Means, Proof, Receipt, Workspace};
use crate::ops::assemble::{Assembled, Particulars, assemble};
use crate::ops::carry::{Archives, Earlier, carry_over};
use crate::ops::download::{Tally, Wanted, download};
use crate::ops::failure::Failure;
use crate::ops::members::{Reader, refuse_idle};
use crate::ops::nearby;
use crate::ops::particulars::{particulars, roles};
use crate::ops::report::{FailedFile, Fetched};
use crate::ops::stored_listing;
use crate::ops::target::Target;
use crate::ops::unpacked_before;
use crate::ops::wanted::{archive_password, listing, wanted};
use crate::plan::steps::Have;
use crate::plan::{FetchPlan, Handling, preflight};
use crate::providers::{AnyProvider, Hosts, Listing};
use crate::values::{ByteSize, Digest, RelPath};

use super::changed;
use super::offline;
use super::outcome::{blank, summary};
use super::{FetchOptions, Process, Rest, receipt_selection};

/// What a process works with.
#[derive(Clone)]
pub(super) struct Work<'w> {
    pub context: &'w Context,
    pub target: &'w Target<'w>,
    pub among: &'w [Selection],
    pub options: &'w FetchOptions,
    pub provider: Arc<AnyProvider>,
    pub hosts: Arc<Hosts>,
}

impl Work<'_> {
    /// The files that are wanted, of the list that all shards use: the first that needs it makes
    /// it, and nothing is written for a dry run.
    pub async fn wanted(&self, warnings: &mut Vec<String>) -> Result<Vec<Wanted>, Failure> {
        let listing = self.listing().await?;
        warnings.extend(self.hosts.take_warnings());
        changed::refuse_unlisted(self.target.selection, self.among, self.options, &listing)?;
        wanted(self.context, self.target, self.options, listing, Means::Fetch, warnings)
    }

    async fn listing(&self) -> Result<Listing, Failure> {
        let (target, include) = (self.target, self.options.choice.include.as_slice());
        let list = || listing(self.context, target, self.options, &self.provider, &self.hosts);
        if !target.source.lists || self.options.dry_run || stored_listing::read(target, include)?.is_some() {
            return Ok(list().await?.listing);
        }
        fs::create_dir_all(&target.agreed_dir(), target.access)?;
        let _first = self.wait_for_list()?;
        let listed = list().await?;
        if !listed.is_new || !stored_listing::publish(target, &listed.listing, include)? {
            return Ok(listed.listing);
        }
        // Another machine may have been first.
        Ok(list().await?.listing)
    }

    /// Waits for another shard that lists the files.
    fn wait_for_list(&self) -> Result<Option<FileLock>, Failure> {
        let leases = self.target.store.leases();
        fs::create_dir_all(&leases, self.target.access)?;
        let path = leases.join(format!("{}+shards.lock", self.target.workspace_name()));
        let at_most = self.context.settings.time("lock-wait").unwrap_or(Duration::from_secs(600));
        let waiting = || {
            let reason = format!("another shard lists the files of `{}`", self.target.selection);
            self.context.report.report(Event::Waiting { reason });
        };
        let patience = Patience { at_most, is_enough: &|| self.context.cancel.is_set() };
        Ok(FileLock::wait_patiently(&path, patience, waiting)?)
    }
}

/// Plans, checks the disk, downloads, unpacks and commits. What is good of an earlier dataset
/// folder is taken over.
#[expect(clippy::too_many_arguments, reason = "everything a fetch needs, gathered by two callers")]
pub(in crate::ops) async fn fetch_into(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    mut workspace: Workspace,
    mut wanted: Vec<Wanted>,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
    earlier: Earlier,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    forget_others(&mut workspace, &wanted)?;
    workspace.remove_strays()?;
    let archives = if options.unpack { Archives::Unpacked } else { Archives::StayPacked };
    let here = carry_over(&mut workspace, &target.dir, &earlier, archives)?;
    match options.rest {
        Rest::Stays => only_meant(&mut workspace, &wanted, &here)?,
        Rest::Goes => {
            // What only a person can get is not wanted from a host, and pinned all the same.
            let pinned = options.pins.as_ref().map(|pins| pins.paths()).unwrap_or_default();
            let stays = here.into_iter().filter(|path| pinned.contains(path)).collect();
            only_meant(&mut workspace, &wanted, &stays)?;
            narrow(&mut workspace, &wanted)?;
        }
    }
    let mut warnings = Vec::new();
    from_nearby(context, target, &mut workspace, &mut wanted, &mut warnings)?;
    if let Some(answer) = offline::missing(context, target, &workspace, &wanted, kept(&workspace)) {
        workspace.discard_if_idle()?;
        return Ok(answer);
    }
    let Gathered { workspace, tally, reused, doubted } =
        gather(context, target, options, workspace, wanted, provider, hosts).await?;
    if !tally.failures.is_empty() || context.cancel.is_set() {
        let (fetched, failures) = unfinished(target, tally, reused);
        return Ok((Fetched { warnings, ..fetched }, failures));
    }
    let before = match earlier {
        Earlier::Here { .. } if options.rest == Rest::Stays => Receipt::read(&target.dir)?,
        _ => None,
    };
    let selection = with_earlier(receipt_selection(options), before);
    let pins = options.pins.as_ref().filter(|_| selection == receipt_selection(options));
    let tree = pins.and_then(|pins| pins.tree).filter(|_| options.accept_changed.is_empty());
    let particulars =
        Particulars { tree, ..particulars(context, target, Means::Fetch, selection, options.reason.clone())? };
    let finished = doubted.iter().filter_map(|path| workspace.finished().get(path));
    warnings.extend(finished.flat_map(|finished| finished.warnings.iter().cloned()));
    let Assembled { receipt, receipt_sha256 } = assemble(context, workspace, &target.dir, &target.store, particulars)?;
    let mut fetched = summary(target, &receipt, Some(receipt_sha256), &tally);
    fetched.reused = reused;
    fetched.warnings = warnings;
    Ok((fetched, Vec::new()))
}

/// Takes what needs no download into the workspace, and notes what it has of each file.
pub(super) fn from_nearby(
    context: &Context,
    target: &Target<'_>,
    workspace: &mut Workspace,
    wanted: &mut [Wanted],
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    look_for(workspace, wanted);
    if nearby::take(context, target, workspace, wanted, warnings)? > 0 {
        look_for(workspace, wanted);
    }
    if unpacked_before::take(context, target, workspace, wanted)? > 0 {
        look_for(workspace, wanted);
    }
    Ok(())
}

/// A workspace with all that could be had of what is wanted.
pub(super) struct Gathered {
    pub workspace: Workspace,
    pub tally: Tally,
    /// Bytes of release files that were here already.
    pub reused: ByteSize,
    /// Files of which the host states what is known to be wrong.
    doubted: Vec<RelPath>,
}

/// Plans, checks the disk, downloads and unpacks into the workspace. Nothing becomes visible.
pub(super) async fn gather(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    mut workspace: Workspace,
    mut wanted: Vec<Wanted>,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
) -> Result<Gathered, Failure> {
    look_for(&workspace, &mut wanted);
    make_room(&mut workspace, &wanted)?;
    let (mut members, wanted) = apart(wanted);
    members.retain(|one| one.have == Have::Nothing);
    let reader = reader(context, target, options.process, workspace.stretches(), provider.clone(), hosts.clone())?;
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
    tell_started(context, target, &plan, wanted.len() + members.len(), reused);
    let (of_files, password) = (roles(target.selection), archive_password(context, target)?);
    let (workspace, mut tally) =
        download(context, workspace, wanted, provider, hosts, of_files, password, target.selection.id()).await?;
    let workspace = reader.take_all(members, workspace, roles(target.selection), &mut tally).await?;
    Ok(Gathered { workspace, tally, reused, doubted })
}

/// What is here after a fetch: an earlier part stays and is named beside the new one.
fn with_earlier(asked: ReceiptSelection, earlier: Option<Receipt>) -> ReceiptSelection {
    match earlier {
        Some(receipt) => asked.beside(receipt.selection),
        None => asked,
    }
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

/// Of an archive of which only members are wanted by now, what is here counts as members that were
/// read one by one: those that are meant stay, the others make room.
fn narrow(workspace: &mut Workspace, wanted: &[Wanted]) -> Result<(), Failure> {
    for one in wanted.iter().filter(|one| !one.manner.members.is_empty()) {
        let Some(finished) = workspace.finished().get(&one.listed.path).cloned() else { continue };
        let Some(members) = finished.inventory().map(str::to_owned) else { continue };
        let kind = FinishedKind::Members { members, chosen: one.manner.members.clone() };
        workspace.finish(Finished { kind, ..finished })?;
    }
    Ok(())
}

/// Forgets what an earlier run or a shard has of files whose size or digests are said to be others
/// now: the host's list was made anew, or its record was tampered with.
pub(super) fn forget_others(workspace: &mut Workspace, wanted: &[Wanted]) -> Result<(), Failure> {
    if workspace.finished().is_empty() {
        return Ok(());
    }
    let mut others = Vec::new();
    for one in wanted {
        if let Some(finished) = workspace.finished().get(&one.listed.path).filter(|finished| is_other(one, finished)) {
            others.push(one.listed.path.clone());
            if let FinishedKind::Spent { of } = &finished.kind {
                others.push(of.clone());
            }
        }
    }
    Ok(workspace.forget(&others)?)
}

/// Whether what is known of a file contradicts what is finished of it. What a person took by
/// their word is not compared, nor is the directory of an archive that stays at its host. What came
/// before their word is none of what they take.
fn is_other(wanted: &Wanted, finished: &Finished) -> bool {
    if finished.verified == Proof::AcceptedChange || matches!(finished.kind, FinishedKind::Members { .. }) {
        return false;
    }
    if wanted.manner.changed_is_fine {
        return true;
    }
    let contradicts = |digest: &Digest| {
        let known = finished.known.iter().map(|known| known.digest).chain([finished.sha256]);
        let mut same_kind = known.filter(|known| known.algorithm() == digest.algorithm()).peekable();
        same_kind.peek().is_some() && !same_kind.any(|known| known == *digest)
    };
    wanted.listed.size.is_some_and(|size| size != finished.size) || wanted.listed.digests.iter().any(contradicts)
}

/// Notes what the workspace has of each file. The parts of a split archive that was unpacked
/// are dropped like the archive itself, and not wanted again.
pub(in crate::ops) fn look_for(workspace: &Workspace, wanted: &mut [Wanted]) {
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
pub(in crate::ops) fn make_room(workspace: &mut Workspace, wanted: &[Wanted]) -> Result<(), Failure> {
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

fn tell_started(context: &Context, target: &Target<'_>, plan: &FetchPlan, files: usize, kept: ByteSize) {
    context.report.report(Event::Started {
        dataset: target.selection.id().clone(),
        files: files as u64,
        bytes: plan.download + kept,
        kept,
        unknown_sizes: plan.unknown_sizes,
    });
}

/// Bytes of release files that are finished. Of archives that stay at the host none are here.
pub(super) fn kept(workspace: &Workspace) -> ByteSize {
    let is_whole = |finished: &&Finished| !matches!(finished.kind, FinishedKind::Members { .. });
    workspace.finished().values().filter(is_whole).map(|finished| finished.size).sum()
}

/// Some files could not be had: everything else is kept for the next run.
pub(super) fn unfinished(target: &Target<'_>, tally: Tally, reused: ByteSize) -> (Fetched, Vec<Failure>) {
    let failed = tally.failures.iter().map(|(path, failure)| FailedFile {
        path: path.clone(),
        error: failure.message.clone(),
        size: None,
    });
    let fetched = Fetched { failed: failed.collect(), reused, ..blank(target, &tally) };
    let failures = tally.failures.into_iter().map(|(_, failure)| failure.of(target.selection.id())).collect();
    (fetched, failures)
}

/// Archives of which only some members are wanted, and everything else.
pub(super) fn apart(wanted: Vec<Wanted>) -> (Vec<Wanted>, Vec<Wanted>) {
    let is_partial = |one: &Wanted| matches!(one.manner.handling, Handling::Members { .. });
    // Most have none, and there may be a million.
    if wanted.iter().any(is_partial) { wanted.into_iter().partition(is_partial) } else { (Vec::new(), wanted) }
}

pub(super) fn reader<'a>(
    context: &'a Context,
    target: &Target<'_>,
    process: Process,
    parts: PathBuf,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
) -> Result<Reader<'a>, Failure> {
    let password = archive_password(context, target)?;
    let dataset = target.selection.id().clone();
    Ok(Reader { context, provider, hosts, dataset, password, process, parts, access: target.access })
}

/// What a fetch will need, without its steps.
pub(super) fn plan<'w>(
    context: &Context,
    target: &Target<'_>,
    wanted: impl Iterator<Item = &'w Wanted> + Clone,
) -> FetchPlan {
    let jobs = context.settings.number("jobs").unwrap_or(8);
    FetchPlan::summed(wanted.map(Wanted::item), jobs, target.selection.unpacked_about())
}

/// Whether what the person was given may end before the download does: within a day, or
/// sooner than [`USUAL_RATE`] brings what is wanted.
pub(super) fn hurry(context: &Context, target: &Target<'_>, wanted: &[Wanted], ends: Timestamp) -> Option<String> {
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
