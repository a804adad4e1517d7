//! `medsets unbundle`: datasets out of a bundle, for a person who holds what they ask for.
//!
//! Nothing in the file is believed. What its index, its records and its manifests say must agree,
//! and the entry of this program's own catalogue decides what a dataset asks for wherever it knows
//! the dataset. All of it is proven before the first dataset is put in its place.

mod about;
mod extract;
mod fault;
mod judge;
mod packed;
mod prove;
mod take;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::access::Purpose;
use crate::bundle::{BundleReader, Bundled, Contents, Line};
use crate::catalog::Selection;
use crate::context::Context;
use crate::fs::{self, Access, FileLock};
use crate::layout::{DatasetDir, Records, Store, check};
use crate::values::{ByteSize, DatasetId, DatasetName, Digest, Printable, RelPath, counted};

use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::here;
use super::lease::lease;
use super::settle::settle_whole;
use super::target::{Target, common_access, refuse_other_dataset};

use about::About;
use prove::{Nothing, Prover};
use take::{Judging, Taker};

pub use extract::ExtractProof;
pub(super) use extract::{head_of, verify as verify_extract};
pub(super) use fault::Fault;

/// Where a bundle is read.
pub enum Input {
    /// The file of the options.
    File,
    /// Bytes that come once, such as standard input: they are proven as they come, and what they
    /// hold waits in the store beside its place until all of it is.
    Stream(Box<dyn Read + Send>),
}

impl Input {
    /// Reads head and index.
    pub(super) fn open(self, file: &Path) -> Result<BundleReader, Failure> {
        if matches!(self, Self::File) && fs::metadata(file)?.is_none() {
            let failure = Failure::new(Exit::USAGE, format!("`{}` does not exist", file.display()));
            return Err(failure.help("name a file that `medsets bundle -o FILE` wrote"));
        }
        let reader = match self {
            Self::File => BundleReader::open(file),
            Self::Stream(input) => BundleReader::of(input, file),
        };
        reader.map_err(|error| Fault::from(error).named(file))
    }
}

/// What to take out, and where to.
#[derive(Debug, Clone)]
pub struct UnbundleOptions {
    /// The bundle; `-` where it comes as a stream.
    pub file: PathBuf,
    /// Another data folder.
    pub to: Option<PathBuf>,
    /// Only these datasets.
    pub only: Vec<String>,
    /// Only write what the data rest on into this folder: entries, licences, texts, ledger,
    /// project.
    pub about: Option<PathBuf>,
    /// Files of the releases, by path at the publisher, of which other bytes than the catalogue's
    /// are taken.
    pub accept_changed: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// Prove all of it and say what would be done.
    pub dry_run: bool,
}

/// What came out of a bundle.
#[derive(Debug, Default, Serialize)]
pub struct UnbundleReport {
    /// SHA-256 of its index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Digest>,
    /// Its datasets.
    pub datasets: Vec<Unbundled>,
    /// Where the extract of the ledger is kept, for `audit --ledger`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<PathBuf>,
    /// What is proven of that extract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extract: Option<ExtractProof>,
    /// Files that were written about the data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<PathBuf>,
    /// Whether project file and lock are in it.
    pub project: bool,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// Why not all of it was taken out.
    #[serde(skip)]
    pub failures: Vec<Failure>,
}

/// One dataset of a bundle.
#[derive(Debug, Clone, Serialize)]
pub struct Unbundled {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Its folder.
    pub path: PathBuf,
    /// Files under `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// SHA-256 of its manifest.
    pub tree: Digest,
    /// What became of it.
    pub state: UnbundleState,
    /// SHA-256 of the receipt that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_sha256: Option<Digest>,
}

/// What became of a dataset of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnbundleState {
    /// It is in its place.
    Unbundled,
    /// It would be.
    WouldBeUnbundled,
    /// The same tree was there.
    Already,
    /// It was not asked for.
    LeftOut,
}

/// A dataset that is to be taken out.
struct Plan {
    bundled: Bundled,
    /// What the entry says of it; absent for one that nobody asked for.
    selection: Option<Selection>,
    state: UnbundleState,
}

/// Takes datasets out of a bundle. After a failure nothing of it is in a data folder, except
/// datasets that were put in their places before the ledger failed; running again goes on.
pub async fn unbundle(context: &Context, options: &UnbundleOptions, input: Input) -> Result<UnbundleReport, Failure> {
    let named = |fault: Fault| fault.named(&options.file);
    let mut reader = input.open(&options.file)?;
    let (about, first) = About::read(&mut reader).map_err(named)?;
    let mut report = UnbundleReport {
        index: Some(reader.pin().sha256),
        project: about.contents.project,
        ..UnbundleReport::default()
    };
    if let Some(dir) = &options.about {
        report.about = about.write(&context.environment.absolute(dir)?, options.dry_run)?;
        return Ok(report);
    }
    let data_dir = match &options.to {
        Some(to) => to.clone(),
        None => context.data_dir()?,
    };
    let mut plans = plans(context, options, &about, &data_dir).map_err(named)?;
    for plan in plans.iter().filter(|plan| plan.state == UnbundleState::WouldBeUnbundled) {
        report.warnings.extend(plan.unknown_here(context)?);
        if let Err(failure) = pass_gate(context, options, plan, &about, &mut report.warnings).await {
            report.failures.push(failure);
        }
    }
    report.datasets = plans.iter().map(|plan| plan.shown(&data_dir)).collect();
    if !options.dry_run && !report.failures.is_empty() {
        return Ok(report);
    }
    let store = Store::of(&data_dir);
    if !options.dry_run {
        settle_those_here(context, &plans, &data_dir)?;
    }
    let is_to_be_done = |plans: &[Plan]| plans.iter().any(|plan| plan.state == UnbundleState::WouldBeUnbundled);
    if options.dry_run || !is_to_be_done(&plans) {
        if !options.dry_run {
            sweep_if_free(&store)?;
        }
        report.extract = prove_only(context, options, &plans, &about, &mut reader, first).map_err(named)?;
        return Ok(report);
    }
    context.ledger()?.ready()?;
    store.lay(common_access(context))?;
    let held = format!("another medsets run unbundles into `{}`", data_dir.display());
    let _lease = lease(context, &store.lease("unbundle"), Access::Private, &held)?;
    // Another run may have put them there meanwhile.
    for plan in plans.iter_mut().filter(|plan| plan.state == UnbundleState::WouldBeUnbundled) {
        plan.state = state_of(&plan.bundled, &data_dir)?;
    }
    report.datasets = plans.iter().map(|plan| plan.shown(&data_dir)).collect();
    take::sweep(&store)?;
    if !is_to_be_done(&plans) {
        report.extract = prove_only(context, options, &plans, &about, &mut reader, first).map_err(named)?;
        return Ok(report);
    }
    room(&store, &reader, &plans)?;
    let mut taker = Taker::new(context, &store, &data_dir, &plans, options)?;
    report.extract = Prover::new(&about).run(context, &mut reader, first, &mut taker).map_err(named)?;
    refuse_idle(options, &taker.changed)?;
    let extract = about.ledger()?.map(|bytes| context.evidence()?.store(&bytes).map_err(Failure::from)).transpose()?;
    report.ledger = extract.map(|digest| Ok::<_, Failure>(context.evidence()?.path(&digest))).transpose()?;
    let done = taker.commit(reader.pin().sha256, extract)?;
    for (at, receipt_sha256) in done {
        report.datasets[at].state = match receipt_sha256 {
            Some(_) => UnbundleState::Unbundled,
            None => UnbundleState::Already,
        };
        report.datasets[at].receipt_sha256 = receipt_sha256;
    }
    Ok(report)
}

/// Proves all of a bundle that was opened. Gives what it holds, and what is proven of its extract of
/// a ledger.
pub(super) fn prove(context: &Context, reader: &mut BundleReader) -> Result<(Contents, Option<ExtractProof>), Fault> {
    let (about, first) = About::read(reader)?;
    let extract = Prover::new(&about).run(context, reader, first, &mut Nothing)?;
    Ok((about.contents, extract))
}

/// Reads a bundle to its end and takes nothing: what is here already, or only asked about, is proven
/// all the same.
fn prove_only(
    context: &Context,
    options: &UnbundleOptions,
    plans: &[Plan],
    about: &About,
    reader: &mut BundleReader,
    first: Option<Line>,
) -> Result<Option<ExtractProof>, Fault> {
    let mut judging = Judging { plans, accepted: &options.accept_changed, changed: Vec::new() };
    let extract = Prover::new(about).run(context, reader, first, &mut judging)?;
    if plans.iter().any(|plan| plan.state == UnbundleState::WouldBeUnbundled) {
        refuse_idle(options, &judging.changed)?;
    }
    Ok(extract)
}

/// Refuses a file of which other bytes were to be taken, and that has none.
fn refuse_idle(options: &UnbundleOptions, changed: &[RelPath]) -> Result<(), Failure> {
    let is_idle = |name: &&String| !changed.iter().any(|path| path.as_str() == name.as_str());
    let Some(name) = options.accept_changed.iter().find(is_idle) else { return Ok(()) };
    let message = format!("no file `{}` with other bytes than the catalogue's is taken", Printable::new(name));
    Err(Failure::new(Exit::USAGE, message).help("leave `--accept-changed` out for it; nothing of the bundle was kept"))
}

/// Makes the entries that a killed run owes the ledger, of datasets that are here already.
fn settle_those_here(context: &Context, plans: &[Plan], data_dir: &Path) -> Result<(), Failure> {
    for plan in plans.iter().filter(|plan| plan.state == UnbundleState::Already) {
        let Some(target) = plan.target(context, data_dir)? else { continue };
        settle_whole(context, &target.store, &target.dir)?;
    }
    Ok(())
}

/// Removes what killed runs left, unless another run is at work or nothing can be written there.
fn sweep_if_free(store: &Store) -> Result<(), Failure> {
    if !take::left(store)?.is_empty()
        && let Ok(Some(_lease)) = FileLock::try_take(&store.lease("unbundle"))
    {
        take::sweep(store)?;
    }
    Ok(())
}

/// What is to be done about each dataset.
fn plans(context: &Context, options: &UnbundleOptions, about: &About, data_dir: &Path) -> Result<Vec<Plan>, Fault> {
    let wanted = options.only.iter().map(|name| here::parse(name)).collect::<Result<Vec<_>, _>>()?;
    let is_wanted = |one: &Bundled| {
        wanted.is_empty() || wanted.iter().any(|name| name.means(&one.id, Some(&one.version), one.variant.as_deref()))
    };
    for (name, text) in wanted.iter().zip(&options.only) {
        let is_there = |one: &Bundled| name.means(&one.id, Some(&one.version), one.variant.as_deref());
        if !about.contents.datasets.iter().any(is_there) {
            let names: Vec<String> = about.contents.datasets.iter().map(name_of).collect();
            let failure = Failure::new(Exit::USAGE, format!("`{text}` is not in the bundle"));
            return Err(failure.help(format!("it holds {}", names.join(", "))).into());
        }
    }
    let mut plans = Vec::new();
    for one in &about.contents.datasets {
        let (selection, state) = if is_wanted(one) {
            (Some(about.selection(context, one, &options.file)?), state_of(one, data_dir)?)
        } else {
            (None, UnbundleState::LeftOut)
        };
        plans.push(Plan { bundled: one.clone(), selection, state });
    }
    Ok(plans)
}

/// Whether the place is free, or has the same tree with every file as it was laid out. What else is there is never replaced.
fn state_of(one: &Bundled, data_dir: &Path) -> Result<UnbundleState, Failure> {
    let dir = DatasetDir::new(data_dir, &one.id, &one.slug);
    let occupied = |what: String| {
        let message = format!("`{}` is there already, {what}", dir.root().display());
        let name = name_of(one);
        Failure::new(Exit::DIFFERENT, message).of(&one.id).help(format!(
            "`medsets verify {name}` tells what is there, `medsets remove {name}` makes room; or choose another folder with `--to`"
        ))
    };
    let records = Records::of(&dir)?;
    if let Records::Good(receipt) | Records::Broken { receipt: Some(receipt), .. } = &records {
        let own = DatasetName::of(&one.id, &one.version, one.variant.as_deref());
        refuse_other_dataset(&dir, receipt, own).map_err(|failure| failure.of(&one.id))?;
    }
    match records {
        Records::Good(receipt) if receipt.tree != one.tree => Err(occupied("with other files".to_owned())),
        Records::Good(_) if check::is_untouched(&dir)? => Ok(UnbundleState::Already),
        Records::Good(_) => Err(occupied("and some of its files are missing or changed".to_owned())),
        Records::Broken { error, .. } => Err(occupied(format!("with damaged records ({error})"))),
        Records::Absent if fs::list_dir(dir.root())?.is_empty() => Ok(UnbundleState::WouldBeUnbundled),
        Records::Absent => Err(occupied("and is no dataset of medsets".to_owned())),
    }
}

/// The agreements and approvals of the person who unbundles.
async fn pass_gate(
    context: &Context,
    options: &UnbundleOptions,
    plan: &Plan,
    about: &About,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let own = plan.selection.iter().map(|selection| (selection.clone(), Some(plan.bundled.channel.clone())));
    let mut selections: Vec<(Selection, Option<String>)> = own.collect();
    // A dataset that this program knows asks for no less because a bundle has a release of it
    // that it does not know.
    selections.extend(about.own_releases(context, &plan.bundled)?);
    for (selection, channel) in selections {
        let gate = gate::gate(context, &selection, channel.as_deref(), Purpose::Import, Compare::Pages).await?;
        warnings.extend(gate.warnings().map(str::to_owned));
        if !gate.is_open() {
            let licenses: Vec<String> =
                gate.missing_acceptances().unwrap_or_default().iter().filter_map(|step| step.license.clone()).collect();
            let failure = gate::refusal(context, &selection, gate).await;
            return Err(about.help(context, failure, &selection, &licenses, &options.file));
        }
    }
    Ok(())
}

/// Whether the files fit, archives and records too, before the first is written.
fn room(store: &Store, reader: &BundleReader, plans: &[Plan]) -> Result<(), Failure> {
    let prefixes: Vec<String> = plans.iter().map(|plan| plan.bundled.prefix()).collect();
    let (mut bytes, mut files) = (ByteSize::ZERO, 0_u64);
    for (plan, amount) in plans.iter().zip(reader.amounts(&prefixes)?) {
        if plan.state == UnbundleState::WouldBeUnbundled {
            bytes = bytes.saturating_add(amount.bytes);
            files = files.saturating_add(amount.files);
        }
    }
    let free = fs::space(store.root())?;
    if bytes > free.bytes {
        let message = format!(
            "the files of the bundle need {bytes}, and {} are free in `{}`",
            free.bytes,
            store.root().display()
        );
        return Err(Failure::new(Exit::NO_SPACE, message).help("free some space, or choose another folder with `--to`"));
    }
    if free.inodes.is_some_and(|inodes| files > inodes) {
        let (files, root) = (counted(files, "file"), store.root().display());
        let message = format!("the bundle has {files}, and the file system of `{root}` takes fewer");
        return Err(Failure::new(Exit::NO_INODES, message).help("choose another folder with `--to`"));
    }
    Ok(())
}

fn name_of(one: &Bundled) -> String {
    DatasetName::of(&one.id, &one.version, one.variant.as_deref()).to_string()
}

impl Plan {
    fn shown(&self, data_dir: &Path) -> Unbundled {
        let one = &self.bundled;
        Unbundled {
            id: one.id.clone(),
            version: one.version.clone(),
            variant: one.variant.clone(),
            path: DatasetDir::new(data_dir, &one.id, &one.slug).root().to_path_buf(),
            files: one.files,
            bytes: one.bytes,
            tree: one.tree,
            state: self.state,
            receipt_sha256: None,
        }
    }

    /// The entry of a dataset that the own catalogue does not know and that is made of no reference:
    /// the bundle alone has it.
    fn entry_of_bundle(&self, context: &Context) -> Result<Option<&str>, Failure> {
        let is_known = context.catalog()?.get(&self.bundled.id).is_some();
        let selection = self.selection.as_ref().filter(|selection| !is_known && selection.reference().is_none());
        Ok(selection.map(|selection| selection.dataset().text.as_str()))
    }

    /// A sentence about such a dataset.
    fn unknown_here(&self, context: &Context) -> Result<Option<String>, Failure> {
        Ok(self.entry_of_bundle(context)?.map(|_| {
            format!(
                "the catalogue does not know `{}`: its terms are what the entry in the bundle says, which is kept with \
                 the data and counts as long as your catalogue has none",
                self.bundled.id
            )
        }))
    }

    /// Where it goes; `None` for one that nobody asked for.
    fn target<'t>(&'t self, context: &Context, data_dir: &Path) -> Result<Option<Target<'t>>, Failure> {
        let Some(selection) = &self.selection else { return Ok(None) };
        Target::of(context, selection, Some(&self.bundled.channel), Some(data_dir)).map(Some)
    }
}
