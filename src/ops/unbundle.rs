//! `medsets unbundle`: datasets out of a bundle, for a person who holds what they ask for.
//!
//! Nothing in the file is believed. What its index, its records and its manifests say must agree,
//! and the entry of this program's own catalogue decides what a dataset asks for wherever it knows
//! the dataset. All of it is proven before the first dataset is put in its place.

mod about;
mod prove;
mod take;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::access::Purpose;
use crate::bundle::{BundleReader, Bundled, Contents};
use crate::catalog::Selection;
use crate::context::Context;
use crate::fs::{self, Access, FileLock};
use crate::layout::{DatasetDir, Records, Store, check};
use crate::values::{ByteSize, DatasetId, DatasetName, Digest};

use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::here;
use super::target::Target;

use about::About;
use prove::{Nothing, Prover};
use take::Taker;

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
        let reader = match self {
            Self::File => BundleReader::open(file),
            Self::Stream(input) => BundleReader::of(input, file),
        };
        reader.map_err(|error| of_file(error.into(), file))
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
    selection: Selection,
    state: UnbundleState,
}

/// Takes datasets out of a bundle. After a failure nothing of it is in a data folder, except
/// datasets that were put in their places before the ledger failed; running again goes on.
pub async fn unbundle(context: &Context, options: &UnbundleOptions, input: Input) -> Result<UnbundleReport, Failure> {
    let named = |failure: Failure| of_file(failure, &options.file);
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
    let plans = plans(context, options, &about, &data_dir)?;
    for plan in plans.iter().filter(|plan| plan.state == UnbundleState::WouldBeUnbundled) {
        if let Err(failure) = pass_gate(context, options, plan, &about, &mut report.warnings).await {
            report.failures.push(failure);
        }
    }
    report.datasets = plans.iter().map(|plan| plan.shown(&data_dir)).collect();
    if options.dry_run {
        let mut prover = Prover::new(&about.contents);
        prover.run(context, &mut reader, first, &mut Nothing).map_err(named)?;
        return Ok(report);
    }
    if !report.failures.is_empty() {
        return Ok(report);
    }
    let is_nothing_to_do = plans.iter().all(|plan| plan.state != UnbundleState::WouldBeUnbundled);
    if is_nothing_to_do {
        return Ok(report);
    }
    context.ledger()?.ready()?;
    let store = Store::of(&data_dir);
    let _lease = lease(context, &store)?;
    room(&store, &plans)?;
    let mut taker = Taker::new(context, &store, &data_dir, &plans)?;
    let mut prover = Prover::new(&about.contents);
    prover.run(context, &mut reader, first, &mut taker).map_err(named)?;
    let extract =
        about.ledger.as_ref().map(|bytes| context.evidence()?.store(bytes).map_err(Failure::from)).transpose()?;
    report.ledger = extract.map(|digest| Ok::<_, Failure>(context.evidence()?.path(&digest))).transpose()?;
    let done = taker.commit(reader.pin().sha256, extract)?;
    for (at, receipt_sha256) in done {
        report.datasets[at].state = UnbundleState::Unbundled;
        report.datasets[at].receipt_sha256 = Some(receipt_sha256);
    }
    Ok(report)
}

/// Proves all of a bundle that was opened. Gives what it holds.
pub(super) fn prove(context: &Context, reader: &mut BundleReader) -> Result<Contents, Failure> {
    let (about, first) = About::read(reader)?;
    Prover::new(&about.contents).run(context, reader, first, &mut Nothing)?;
    Ok(about.contents)
}

/// With the name of the bundle before what is wrong with it.
pub(super) fn of_file(failure: Failure, path: &Path) -> Failure {
    let is_of_bundle = failure.message.starts_with("it ") || failure.message.contains(" in it ");
    match is_of_bundle {
        true if path == Path::new("-") => {
            Failure { message: format!("standard input: {}", failure.message), ..failure }
        }
        true => Failure { message: format!("`{}`: {}", path.display(), failure.message), ..failure },
        false => failure,
    }
}

/// What is to be done about each dataset.
fn plans(context: &Context, options: &UnbundleOptions, about: &About, data_dir: &Path) -> Result<Vec<Plan>, Failure> {
    let wanted = options.only.iter().map(|name| here::parse(name)).collect::<Result<Vec<_>, _>>()?;
    let is_wanted = |one: &Bundled| {
        wanted.is_empty() || wanted.iter().any(|name| name.means(&one.id, Some(&one.version), one.variant.as_deref()))
    };
    for (name, text) in wanted.iter().zip(&options.only) {
        let is_there = |one: &Bundled| name.means(&one.id, Some(&one.version), one.variant.as_deref());
        if !about.contents.datasets.iter().any(is_there) {
            let names: Vec<String> = about.contents.datasets.iter().map(name_of).collect();
            let failure = Failure::new(Exit::USAGE, format!("`{text}` is not in the bundle"));
            return Err(failure.help(format!("it holds {}", names.join(", "))));
        }
    }
    let mut plans = Vec::new();
    for one in &about.contents.datasets {
        let selection = about.selection(context, one)?;
        let state = if is_wanted(one) { state_of(one, data_dir)? } else { UnbundleState::LeftOut };
        plans.push(Plan { bundled: one.clone(), selection, state });
    }
    Ok(plans)
}

/// Whether the place is free, or has the same tree. What else is there is never replaced.
fn state_of(one: &Bundled, data_dir: &Path) -> Result<UnbundleState, Failure> {
    let dir = DatasetDir::new(data_dir, &one.id, &one.slug);
    let occupied = |what: String| {
        let message = format!("`{}` is there already, {what}", dir.root().display());
        let name = name_of(one);
        Failure::new(Exit::DIFFERENT, message).of(&one.id).help(format!(
            "`medsets verify {name}` tells what is there, `medsets remove {name}` makes room; or choose another folder with `--to`"
        ))
    };
    match Records::of(&dir)? {
        Records::Good(receipt) if receipt.tree != one.tree => Err(occupied("with other files".to_owned())),
        Records::Good(receipt) if check::looks_whole(&dir, receipt.files)? => Ok(UnbundleState::Already),
        Records::Good(_) => Err(occupied("and some of its files are missing".to_owned())),
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
    let mut selections = vec![plan.selection.clone()];
    // A dataset that this program knows asks for no less because a bundle has a release of it
    // that it does not know.
    selections.extend(about.own_default(context, &plan.bundled)?);
    for selection in selections {
        let channel = selection.source(Some(&plan.bundled.channel)).map(|source| source.channel.clone());
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

/// One run at a time unbundles into a data folder.
fn lease(context: &Context, store: &Store) -> Result<FileLock, Failure> {
    fs::create_dir_all(&store.leases(), Access::Private)?;
    let patience = context.settings.time("lock-wait").unwrap_or(Duration::from_secs(600));
    let lease = FileLock::wait(&store.leases().join("unbundle.lock"), patience, || {})?;
    lease.ok_or_else(|| Failure::new(Exit::HELD, "another medsets run unbundles into this data folder"))
}

/// Whether the files fit, before the first is written.
fn room(store: &Store, plans: &[Plan]) -> Result<(), Failure> {
    let wanted = plans.iter().filter(|plan| plan.state == UnbundleState::WouldBeUnbundled);
    let (mut bytes, mut files) = (ByteSize::ZERO, 0_u64);
    for plan in wanted {
        bytes = bytes.saturating_add(plan.bundled.bytes);
        files = files.saturating_add(plan.bundled.files);
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
        let message =
            format!("the bundle has {files} files, and the file system of `{}` takes fewer", store.root().display());
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

    /// Where it goes.
    fn target<'t>(&'t self, context: &Context, data_dir: &Path) -> Result<Target<'t>, Failure> {
        let channel = self.selection.source(Some(&self.bundled.channel)).map(|source| source.channel.as_str());
        Target::of(context, &self.selection, channel, Some(data_dir))
    }
}
