//! The main job: from a name to verified data on disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use globset::GlobSet;

use crate::access::Purpose;
use crate::agreements::Standing;
use crate::catalog::{FileEntry, Host, Selection, Source};
use crate::context::Context;
use crate::credentials::{CredentialSecret, Form, Wanted as WantedCredential};
use crate::events::Event;
use crate::fs::{self, Access};
use crate::layout::check::{self, CheckMode};
use crate::layout::receipt::{AcceptedMark, CatalogMark, LicenseMark, Selection as ReceiptSelection, SourceMark};
use crate::layout::{DatasetDir, FinishedKind, LayoutError, Receipt, Role, RoleRules, Store, Workspace, commit};
use crate::net::RequestCredential;
use crate::plan::steps::Have;
use crate::plan::{FetchPlan, Handling, Item, preflight};
use crate::providers::{AnyProvider, Hosts, Listing, Needs, ProviderError};
use crate::reports::{self, papers};
use crate::values::{Algorithm, ByteSize, Digest, Printable, RelPath};

use super::assemble::{Assembled, Means, Particulars, assemble, enter_in_ledger};
use super::download::{ArchivePassword, Tally, Wanted, download};
use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::identity;
use super::repair::carry_over;
use super::report::{FailedFile, FetchReport, Fetched};

/// What to fetch and how.
#[derive(Debug, Clone, Default)]
pub struct FetchOptions {
    /// Names as people write them.
    pub datasets: Vec<String>,
    /// Only these files of the release, by path or group.
    pub include: Vec<String>,
    /// Not these.
    pub exclude: Vec<String>,
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
    let mut report = FetchReport::default();
    for selection in selections {
        if context.cancel.is_set() {
            break;
        }
        match fetch_one(context, &selection, options, &mut report.warnings).await {
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

/// Everything about one dataset that the steps share.
pub(super) struct Target<'a> {
    pub selection: &'a Selection,
    pub source: &'a Source,
    pub dir: DatasetDir,
    pub store: Store,
    pub access: Access,
}

impl<'a> Target<'a> {
    /// Where a selection goes and what it comes from.
    pub fn of(
        context: &Context,
        selection: &'a Selection,
        source: Option<&str>,
        to: Option<&Path>,
    ) -> Result<Self, Failure> {
        let data_dir = match to {
            Some(to) => to.to_path_buf(),
            None => context.data_dir()?,
        };
        let found = selection.source(source).ok_or_else(|| no_source(selection, source))?;
        Ok(Self {
            dir: DatasetDir::new(&data_dir, selection.id(), &selection.slug()),
            store: Store::of(&data_dir),
            access: access(context, selection, found),
            selection,
            source: found,
        })
    }

    /// The name of its workspace.
    pub fn workspace_name(&self) -> String {
        format!("{}-{}", self.selection.id(), self.selection.slug())
    }

    /// Opens its workspace, waiting for another run as long as the settings say, or until the
    /// person has enough of it.
    pub fn workspace(&self, context: &Context) -> Result<Workspace, Failure> {
        let patience = context.settings.time("lock-wait").unwrap_or(Duration::from_secs(600));
        let (entry, channel) = (self.selection.dataset().digest, self.source.channel.as_str());
        let name = self.workspace_name();
        let deadline = Instant::now() + patience;
        let mut is_told = false;
        loop {
            let nap = deadline.saturating_duration_since(Instant::now()).min(Duration::from_millis(500));
            let waiting = || {
                if !std::mem::replace(&mut is_told, true) {
                    let reason = format!("another medsets run works on `{}`", self.selection);
                    context.report.report(Event::Waiting { reason });
                }
            };
            match Workspace::open(&self.store, &name, entry, channel, self.access, nap, waiting) {
                Err(LayoutError::Held { .. }) if Instant::now() < deadline && !context.cancel.is_set() => {}
                opened => {
                    let workspace = opened?;
                    commit::sweep(&self.store, &self.dir)?;
                    return Ok(workspace);
                }
            }
        }
    }
}

fn no_source(selection: &Selection, source: Option<&str>) -> Failure {
    let known: Vec<String> = selection.sources().map(|source| format!("`{}`", source.channel)).collect();
    match source {
        Some(source) => Failure::new(Exit::USAGE, format!("`{selection}` has no source `{}`", Printable::new(source)))
            .help(format!("there is {}", known.join(", "))),
        None => Failure::new(Exit::NOT_DISTRIBUTED, format!("the entry names no source for `{selection}`")),
    }
}

/// Private for data that ask for anything, as the umask says for open data.
fn access(context: &Context, selection: &Selection, source: &Source) -> Access {
    match context.settings.text("access") {
        Some("private") => Access::Private,
        Some("group") => Access::Group,
        Some("shared") => Access::Shared,
        _ if selection.requirements(Some(&source.channel)).next().is_some() => Access::Private,
        _ => Access::Shared,
    }
}

async fn fetch_one(
    context: &Context,
    selection: &Selection,
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    // A dataset without a source still has a gate that says why.
    if selection.source(options.source.as_deref()).is_none() || selection.dataset().entry.distribution.is_some() {
        pass_gate(context, selection, options.source.as_deref(), warnings).await?;
    }
    let target = Target::of(context, selection, options.source.as_deref(), options.to.as_deref())?;
    if let Some(whole) = already_whole(context, &target, options)? {
        return Ok((whole, Vec::new()));
    }
    pass_gate(context, selection, Some(&target.source.channel), warnings).await?;
    let provider = Arc::new(AnyProvider::of(target.source, selection));
    let hosts = Arc::new(hosts(context, &provider, target.source)?);
    let wanted = wanted(context, &target, options, &provider, &hosts, warnings).await?;
    if options.dry_run {
        return Ok((dry_run(context, &target, wanted), Vec::new()));
    }
    let workspace = target.workspace(context)?;
    // Another run may have finished it while this one waited.
    if let Some(whole) = already_whole(context, &target, options)? {
        return Ok((whole, Vec::new()));
    }
    // What lies in the dataset folder undamaged is taken over instead of being fetched again.
    let damaged = match Receipt::read(&target.dir)? {
        Some(_) => Some(check::check(&target.dir, CheckMode::Quick, &|_, _| ())?.into_damaged()),
        None => None,
    };
    fetch_into(context, &target, options, workspace, wanted, provider, hosts, damaged).await
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

/// A dataset that is here as it is asked for: nothing is done and no network used.
fn already_whole(context: &Context, target: &Target<'_>, options: &FetchOptions) -> Result<Option<Fetched>, Failure> {
    let Some(receipt) = Receipt::read(&target.dir)? else { return Ok(None) };
    let asked = receipt_selection(options);
    if asked.packed && !receipt.selection.packed {
        let failure = Failure::new(Exit::USAGE, format!("`{}` is here already, unpacked", target.selection));
        return Err(failure.help("put the packed files elsewhere with `--to DIR`, or `medsets remove` it first"));
    }
    let here = &receipt.selection;
    let same_form = here.packed == asked.packed;
    let within = here.exclude == asked.exclude
        && !asked.include.is_empty()
        && asked.include.iter().all(|glob| here.include.contains(glob));
    let enough = *here == asked || (same_form && (here.whole || within));
    let other_source = options.source.as_ref().is_some_and(|source| *source != receipt.source.channel);
    if !enough || other_source {
        return Ok(None);
    }
    let stale = target.store.parts().join(target.workspace_name());
    let receipt = match receipt.ledger {
        Some(_) => receipt,
        // An earlier run was killed between the commit and the ledger.
        None if options.dry_run => receipt,
        None => enter_in_ledger(context, &target.dir, receipt, target.access)?.receipt,
    };
    if fs::metadata(&stale)?.is_some() && fs::metadata(&stale.join("stage"))?.is_none() {
        fs::remove_dir_all(&stale)?;
    }
    let digest = fs::read(&target.dir.receipt_path(), 64 << 20).map(|bytes| Digest::sha256(&bytes))?;
    Ok(Some(summary(target, &receipt, Some(digest), &Tally::default())))
}

/// What part of a dataset the options ask for.
pub(super) fn receipt_selection(options: &FetchOptions) -> ReceiptSelection {
    ReceiptSelection {
        whole: options.include.is_empty() && options.exclude.is_empty(),
        include: options.include.clone(),
        exclude: options.exclude.clone(),
        packed: !options.unpack,
    }
}

/// What is here after a fetch: an earlier part stays and is named beside the new one.
fn with_earlier(asked: ReceiptSelection, earlier: Option<Receipt>) -> ReceiptSelection {
    let Some(earlier) = earlier.map(|receipt| receipt.selection) else { return asked };
    if asked.whole || earlier.packed != asked.packed || earlier.exclude != asked.exclude || asked.include.is_empty() {
        return asked;
    }
    let mut include = earlier.include;
    include.extend_from_slice(&asked.include);
    include.sort();
    include.dedup();
    ReceiptSelection { include, ..asked }
}

/// What the provider works with, with the credential it needs.
pub(super) fn hosts(context: &Context, provider: &AnyProvider, source: &Source) -> Result<Hosts, Failure> {
    let form = match provider.needs() {
        Needs::Nothing => None,
        Needs::Login => Some(Form::Login),
        Needs::Token => Some(Form::Token),
    };
    let credential = form.map(|form| credential(context, source, form)).transpose()?;
    Ok(Hosts { client: context.client()?.clone(), credential, embedded: tokio::sync::OnceCell::new() })
}

fn credential(context: &Context, source: &Source, form: Form) -> Result<RequestCredential, Failure> {
    let url = match &source.host {
        Host::Http { base, .. } => base.clone(),
        _ => None,
    };
    let provider = source.host.name();
    let found = context.credentials()?.find(&WantedCredential { provider, form, url: url.as_ref() })?;
    match found.credential.map(|credential| credential.secret) {
        Some(CredentialSecret::Token(token)) => Ok(RequestCredential::Bearer(token)),
        Some(CredentialSecret::Login { user, password }) => Ok(RequestCredential::Basic { user, password }),
        None => {
            let host = url.map_or(source.channel.clone(), |url| url.host().to_owned());
            Err(ProviderError::NoCredential { host, provider: provider.to_owned() }.into())
        }
    }
}

/// The files that are wanted, as the entry and the host list them.
pub(super) async fn wanted(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    provider: &AnyProvider,
    hosts: &Hosts,
    warnings: &mut Vec<String>,
) -> Result<Vec<Wanted>, Failure> {
    let channel = target.source.channel.as_str();
    let known = Listing::of_entry(target.selection.files(Some(channel)), channel);
    let listing = provider.list(hosts, known).await.map_err(|error| by_hand(error, target))?;
    let include = globs(&options.include)?;
    let exclude = globs(&options.exclude)?;
    let keep = keeps(context, options);
    let mut wanted = Vec::new();
    let mut by_hand = Vec::new();
    let entries: HashMap<&RelPath, &FileEntry> =
        target.selection.files(Some(channel)).map(|file| (&file.path, file)).collect();
    let parts = parts_of_split(target);
    for listed in listing.0 {
        let Some(entry) = entries.get(&listed.path).copied() else { continue };
        let names = [listed.path.as_str(), entry.group.as_deref().unwrap_or_default()];
        let meant = |set: &GlobSet| names.iter().any(|name| set.is_match(name));
        if (!options.include.is_empty() && !meant(&include)) || meant(&exclude) {
            continue;
        }
        if entry.manual {
            by_hand.push(listed.path.to_string());
            continue;
        }
        let is_part = parts.contains(listed.path.as_str()) || parts.contains(listed.path.file_name());
        wanted.push(want(target, options, entry, listed, keep, is_part)?);
    }
    if !by_hand.is_empty() {
        warnings.push(format!("`{}`: a person must get {} and import them", target.selection, by_hand.join(", ")));
    }
    if wanted.is_empty() {
        let failure = Failure::new(Exit::USAGE, format!("nothing of `{}` is left to fetch", target.selection));
        return Err(failure.help("`medsets info ID --files` lists the files; globs match paths and groups"));
    }
    Ok(wanted)
}

fn want(
    target: &Target<'_>,
    options: &FetchOptions,
    entry: &FileEntry,
    listed: crate::providers::ListedFile,
    keep: bool,
    is_part: bool,
) -> Result<Wanted, Failure> {
    let channel = target.source.channel.as_str();
    let handling = match &entry.unpack {
        Some(rules) if options.unpack => {
            Handling::Unpack { members: rules.table.members, bytes: rules.table.unpacked_size.map(ByteSize), keep }
        }
        None if is_part && options.unpack => Handling::Place(beside("archives", &listed.path)?),
        Some(_) => Handling::Place(beside("archives", &listed.path)?),
        None => Handling::Place(placed(entry, &listed.path)?),
    };
    let tree = match &target.source.host {
        Host::Github { tree: Some(tree), tag: None, .. } if listed.digests.is_empty() => Some(
            Digest::from_hex(Algorithm::Sha1, tree).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?,
        ),
        _ => None,
    };
    let whole = target.selection.license(Some(channel));
    let license = target.selection.license_for(entry, Some(channel));
    Ok(Wanted {
        item: Item {
            path: listed.path.clone(),
            size: listed.size,
            about: entry.size_about,
            handling,
            have: Have::Nothing,
        },
        license: (license != whole).then(|| license.to_owned()),
        changed_is_fine: options.accept_changed.iter().any(|name| name == listed.path.as_str()),
        tree,
        unpack: entry.unpack.clone(),
        listed,
    })
}

/// The names of further parts of split archives.
fn parts_of_split<'t>(target: &'t Target<'_>) -> HashSet<&'t str> {
    let channel = Some(target.source.channel.as_str());
    let rules = target.selection.files(channel).filter_map(|file| file.unpack.as_ref());
    rules.flat_map(|rules| rules.table.parts.iter().map(String::as_str)).collect()
}

fn beside(folder: &str, path: &RelPath) -> Result<RelPath, Failure> {
    RelPath::parse(&format!("{folder}/{path}")).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))
}

fn placed(entry: &FileEntry, path: &RelPath) -> Result<RelPath, Failure> {
    path.below(&entry.into).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))
}

fn keeps(context: &Context, options: &FetchOptions) -> bool {
    match options.keep_archives {
        Some(keep) => keep == KeepArchives::Yes,
        None => context.settings.text("keep-archives") == Some("yes"),
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet, Failure> {
    let mut set = globset::GlobSetBuilder::new();
    for pattern in patterns {
        let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|error| {
            Failure::new(Exit::USAGE, format!("`{}` is no glob: {}", Printable::new(pattern), error.kind()))
        })?);
    }
    set.build().map_err(|error| Failure::new(Exit::USAGE, error.to_string()))
}

/// A source that only a person can use: what to get, and how to go on.
fn by_hand(error: ProviderError, target: &Target<'_>) -> Failure {
    let manual = matches!(error, ProviderError::ByHand { .. });
    let failure = Failure::from(error);
    if !manual {
        return failure;
    }
    let channel = Some(target.source.channel.as_str());
    let names: Vec<String> = target.selection.files(channel).take(20).map(|file| format!("`{}`", file.path)).collect();
    let failure = if names.is_empty() { failure } else { failure.help(format!("the files are {}", names.join(", "))) };
    failure
        .help(format!("then take them in with `medsets import {} PATH...`", gate::name_for_command(target.selection)))
}

fn dry_run(context: &Context, target: &Target<'_>, wanted: Vec<Wanted>) -> Fetched {
    let items: Vec<Item> = wanted.into_iter().map(|one| one.item).collect();
    let plan = FetchPlan::of(&items, jobs(context), target.selection.unpacked_about());
    let empty = Tally::default();
    Fetched { plan: Some(plan), ..blank(target, &empty) }
}

fn jobs(context: &Context) -> u64 {
    context.settings.number("jobs").unwrap_or(8)
}

/// Plans, checks the disk, downloads, unpacks and commits. `damaged` names the files of an
/// earlier dataset folder that are not to be taken over; without one there is no such folder.
#[expect(clippy::too_many_arguments, reason = "everything a fetch needs, gathered by two callers")]
pub(super) async fn fetch_into(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    mut workspace: Workspace,
    mut wanted: Vec<Wanted>,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
    damaged: Option<HashSet<RelPath>>,
) -> Result<(Fetched, Vec<Failure>), Failure> {
    if let Some(damaged) = damaged {
        carry_over(&mut workspace, &target.dir, &damaged)?;
    }
    look_for(&workspace, &mut wanted);
    let items: Vec<Item> = wanted.iter().map(|one| one.item.clone()).collect();
    let plan = FetchPlan::of(&items, jobs(context), target.selection.unpacked_about());
    if !options.ignore_space {
        let space = fs::space(target.store.root())?;
        preflight(&plan, space.bytes, space.inodes)?;
    }
    tell_started(context, target, &plan, &wanted, &workspace);
    let reused: ByteSize = workspace.finished().values().map(|finished| finished.size).sum();
    let roles = roles(target.selection);
    let password = archive_password(context, target)?;
    let licenses = licenses(&wanted);
    drop(items);
    let (workspace, tally) = download(context, workspace, wanted, provider, hosts, roles, password).await?;
    if !tally.failures.is_empty() || context.cancel.is_set() {
        return Ok(unfinished(target, tally, reused));
    }
    let selection = with_earlier(receipt_selection(options), Receipt::read(&target.dir)?);
    let particulars = particulars(context, target, Means::Fetch, selection, options.reason.clone(), licenses)?;
    let Assembled { receipt, receipt_sha256 } = assemble(context, workspace, &target.dir, &target.store, particulars)?;
    let mut fetched = summary(target, &receipt, Some(receipt_sha256), &tally);
    fetched.reused = reused;
    Ok((fetched, Vec::new()))
}

/// Notes what the workspace has of each file. The parts of a split archive that was unpacked
/// are dropped like the archive itself, and not wanted again.
pub(super) fn look_for(workspace: &Workspace, wanted: &mut [Wanted]) {
    let mut spent = HashSet::new();
    for one in wanted.iter_mut() {
        one.item.have = have(workspace, one);
        if let (Have::Finished, Some(rules)) = (one.item.have, &one.unpack) {
            spent.extend(rules.table.parts.iter().cloned());
        }
    }
    let is_spent = |path: &RelPath| spent.contains(path.as_str()) || spent.contains(path.file_name());
    wanted.iter_mut().filter(|one| is_spent(&one.listed.path)).for_each(|one| one.item.have = Have::Finished);
}

/// What the workspace has of a file.
fn have(workspace: &Workspace, wanted: &Wanted) -> Have {
    match (workspace.finished().get(&wanted.listed.path).map(|finished| &finished.kind), &wanted.item.handling) {
        (Some(FinishedKind::Placed { at }), Handling::Place(to)) if at == to => Have::Finished,
        (Some(FinishedKind::Unpacked { .. }), Handling::Unpack { .. }) => Have::Finished,
        (Some(FinishedKind::Fetched), Handling::Unpack { .. }) => Have::Fetched,
        _ => Have::Nothing,
    }
}

fn tell_started(context: &Context, target: &Target<'_>, plan: &FetchPlan, wanted: &[Wanted], workspace: &Workspace) {
    let kept: ByteSize = workspace.finished().values().map(|finished| finished.size).sum();
    context.report.report(Event::Started {
        dataset: target.selection.id().clone(),
        files: wanted.len() as u64,
        bytes: plan.download + kept,
        kept,
    });
}

/// Some files could not be had: everything else is kept for the next run.
fn unfinished(target: &Target<'_>, tally: Tally, reused: ByteSize) -> (Fetched, Vec<Failure>) {
    let failed =
        tally.failures.iter().map(|(path, failure)| FailedFile { path: path.clone(), error: failure.message.clone() });
    let fetched = Fetched { failed: failed.collect(), reused, ..blank(target, &tally) };
    let failures = tally.failures.into_iter().map(|(_, failure)| failure.of(target.selection.id())).collect();
    (fetched, failures)
}

/// The entry's globs.
pub(super) fn roles(selection: &Selection) -> RoleRules {
    let layout = &selection.dataset().entry.layout;
    RoleRules::new([
        (Role::Image, layout.image.as_slice()),
        (Role::Text, layout.text.as_slice()),
        (Role::Table, layout.table.as_slice()),
        (Role::Annotation, layout.annotation.as_slice()),
        (Role::Doc, layout.doc.as_slice()),
    ])
}

/// The password of encrypted archives, where the entry says that there are any: looked for
/// like a credential under the dataset's id.
pub(super) fn archive_password(context: &Context, target: &Target<'_>) -> Result<ArchivePassword, Failure> {
    let channel = Some(target.source.channel.as_str());
    let encrypted = target
        .selection
        .files(channel)
        .any(|file| file.unpack.as_ref().is_some_and(|rules| rules.table.password.is_some()));
    if !encrypted {
        return Ok(ArchivePassword::default());
    }
    let wanted = WantedCredential { provider: target.selection.id().as_str(), form: Form::Token, url: None };
    let found = context.credentials()?.find(&wanted)?;
    let secret = found.credential.map(|credential| match credential.secret {
        CredentialSecret::Token(password) | CredentialSecret::Login { password, .. } => password,
    });
    let variable = format!("MEDSETS_TOKEN_{}", target.selection.id().as_str().to_ascii_uppercase().replace('-', "_"));
    Ok(ArchivePassword { secret, variable: Some(variable) })
}

/// Terms of single files where they differ from the dataset's.
pub(super) fn licenses(wanted: &[Wanted]) -> BTreeMap<RelPath, String> {
    wanted.iter().filter_map(|one| Some((one.listed.path.clone(), one.license.clone()?))).collect()
}

/// Everything the receipt says.
pub(super) fn particulars(
    context: &Context,
    target: &Target<'_>,
    means: Means,
    selection: ReceiptSelection,
    reason: Option<String>,
    licenses: BTreeMap<RelPath, String>,
) -> Result<Particulars, Failure> {
    let (chosen, channel) = (target.selection, target.source.channel.as_str());
    let accepted = accepted(context, chosen, channel)?;
    let shelf = context.shelf()?;
    let shown: Vec<(String, String, String)> =
        accepted.iter().map(|(mark, day)| (mark.license.clone(), mark.text_sha256.to_string(), day.clone())).collect();
    let facts =
        papers::PaperFacts { fetched: context.now().strftime("%Y-%m-%d").to_string(), ..papers::PaperFacts::default() };
    let cited = papers::cited(chosen);
    Ok(Particulars {
        id: chosen.id().clone(),
        title: chosen.dataset().entry.title.clone(),
        version: chosen.release().version.clone(),
        variant: chosen.variant_name().map(str::to_owned),
        selection,
        means,
        catalog: CatalogMark {
            digest: context.catalog()?.digest(),
            entry: chosen.dataset().digest,
            origin: chosen.dataset().origin.clone(),
        },
        source: SourceMark { channel: channel.to_owned(), provider: target.source.host.name().to_owned() },
        license: LicenseMark {
            expression: chosen.license(Some(channel)).to_owned(),
            accepted: accepted.into_iter().map(|(mark, _)| mark).collect(),
        },
        papers: vec![
            ("README.md", papers::readme(chosen, channel, shelf, &facts)),
            ("TERMS.md", papers::terms(chosen, channel, shelf, &shown)),
            ("CITATION.cff", reports::cite(&[cited], reports::CitationFormat::Cff)),
        ],
        roles: roles(chosen),
        file_license: licenses,
        warnings: Vec::new(),
        reason,
    })
}

/// The acceptances that a fetch rests on, each with its day.
fn accepted(context: &Context, selection: &Selection, channel: &str) -> Result<Vec<(AcceptedMark, String)>, Failure> {
    let mut marks = Vec::new();
    let agreements: Vec<_> = selection.requirements(Some(channel)).filter(|one| one.license.is_some()).collect();
    if agreements.is_empty() {
        return Ok(marks);
    }
    let entries = context.ledger()?.read_all()?.entries;
    let standings = crate::agreements::Standings::from_entries(identity::person(context), entries);
    for step in agreements {
        let matter = crate::agreements::Matter {
            dataset: selection.id(),
            version: &selection.release().version,
            requirement: &step.id,
            license: step.license.as_deref(),
        };
        if let Standing::Accepted(acceptance) = standings.standing(&matter)
            && let Some(text_sha256) = acceptance.text_sha256
        {
            let license = step.license.clone().unwrap_or_default();
            let day = acceptance.at.strftime("%Y-%m-%d").to_string();
            marks.push((AcceptedMark { license, text_sha256, sequence: acceptance.sequence }, day));
        }
    }
    Ok(marks)
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
        receipt_sha256: None,
        failed: Vec::new(),
        plan: None,
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
    let unproven = receipt
        .listed
        .iter()
        .filter(|file| matches!(file.verified.as_str(), "first-use" | "size" | "accepted-change"))
        .count() as u64;
    let work = target.selection.dataset().entry.citation.as_ref();
    Fetched {
        source: receipt.source.channel.clone(),
        files: receipt.files,
        bytes: receipt.bytes,
        verified: receipt.listed.len() as u64 - unproven,
        pinned_on_first_use: unproven,
        receipt_sha256,
        cite: work.map(|work| reports::one_line(&work.work)),
        ..blank(target, tally)
    }
}
