//! `medsets bundle`: datasets and all they rest on in one file, for a machine without a network.
//!
//! To carry one's own copy to another machine is no sharing, and each person there needs the
//! agreements for themselves: `unbundle` asks for them. A file can still be handed on, so what the
//! terms do not let anyone hand on is warned of, and entered in the ledger as `share`.

mod about;
mod gather;
mod write;

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use crate::access::Purpose;
use crate::agreements::{EntryKind, Matter, Record, Standing, Standings};
use crate::bundle::Contents;
use crate::context::Context;
use crate::fs::{self, Access, FsError};
use crate::licenses::Expression;
use crate::policy::{Act, Word, judge};
use crate::values::{ByteSize, Digest, counted};

use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::here::{self, Here};
use super::identity;
use super::ledger::Names;
use super::selection::one_selection;
use super::today::unlike_today;
use super::unbundle::{self, ExtractProof, Input};

pub use write::Sink;

/// What to put into a bundle.
#[derive(Debug, Clone)]
pub struct BundleOptions {
    /// Datasets by name; all that are here without any.
    pub datasets: Vec<String>,
    /// Where the bundle goes; `-` where it goes out as a stream.
    pub output: PathBuf,
    /// Whether the extract of the ledger names people.
    pub names: Names,
    /// Whether project file and lock go along.
    pub project: bool,
    /// Only say what would be in it.
    pub dry_run: bool,
}

/// What is in a bundle.
#[derive(Debug, Serialize)]
pub struct BundleReport {
    /// The file.
    pub path: PathBuf,
    /// Its size; absent where none was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<ByteSize>,
    /// SHA-256 of its index: the name of all that is in it.
    pub index: Digest,
    /// Members.
    pub members: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// What it holds.
    #[serde(flatten)]
    pub contents: Contents,
    /// What is proven of the extract of the ledger, where a bundle was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extract: Option<ExtractProof>,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// Writes a bundle. After a failure there is no file, or the earlier one as it was; a stream ends
/// within a member.
pub async fn bundle(context: &Context, options: &BundleOptions, sink: Sink) -> Result<BundleReport, Failure> {
    sink.check_place(&options.output)?;
    let datasets = chosen(context, options)?;
    let mut warnings = Vec::new();
    let mut shared = Vec::new();
    for here in &datasets {
        pass_gate(context, here).await?;
        warnings.extend(unlike_today(context, here, "unbundle")?);
        if let Some(word) = not_to_be_shared(context, here)? {
            let name = here.name();
            warnings.push(format!(
                "the terms of `{name}` do not let you hand it on ({word}): take the bundle to your own machine, or to \
                 people who have accepted them; each person who unbundles it must have"
            ));
            shared.push(here);
        }
    }
    let gathered = gather::gather(context, &datasets, options, &mut warnings)?;
    let pin = gathered.index.pin();
    let mut report = BundleReport {
        path: options.output.clone(),
        size: None,
        index: pin.sha256,
        members: pin.members,
        bytes: pin.bytes,
        contents: gathered.contents.clone(),
        extract: None,
        warnings,
    };
    if options.dry_run {
        return Ok(report);
    }
    if !shared.is_empty() {
        context.ledger()?.ready()?;
    }
    let is_gated = |here: &Here| here.receipt.as_ref().is_some_and(|receipt| !receipt.license.accepted.is_empty());
    let is_open = shared.is_empty() && !datasets.iter().any(is_gated);
    let access = if is_open { Access::Shared } else { Access::Private };
    report.size = Some(write::write(context, options, sink, &gathered.index, gathered.members, access)?);
    for here in shared {
        context.ledger()?.append(share(context, here, &options.output, pin.sha256))?;
    }
    Ok(report)
}

/// Proves all of a bundle without writing anything.
pub fn check(context: &Context, path: &std::path::Path, input: Input) -> Result<BundleReport, Failure> {
    let is_file = matches!(input, Input::File);
    let mut reader = input.open(path)?;
    let (contents, extract) = unbundle::prove(context, &mut reader).map_err(|fault| fault.named(path))?;
    let pin = reader.pin();
    Ok(BundleReport {
        path: path.to_path_buf(),
        size: match is_file {
            true => fs::metadata(&fs::canonical(path)?)?.map(|found| ByteSize(found.len())),
            false => None,
        },
        index: pin.sha256,
        members: pin.members,
        bytes: pin.bytes,
        contents,
        extract,
        warnings: extract.iter().filter_map(ExtractProof::unproven).collect(),
    })
}

/// The datasets that are meant, in the order of their folders.
fn chosen(context: &Context, options: &BundleOptions) -> Result<Vec<Here>, Failure> {
    let mut found = Vec::new();
    if options.datasets.is_empty() {
        found = here::all(context)?;
    }
    for name in &options.datasets {
        found.extend(here::named(context, Some(name))?);
    }
    if found.is_empty() {
        let failure = Failure::new(Exit::USAGE, "there is no dataset here to be bundled");
        return Err(failure.help("`medsets fetch ID` gets one, `medsets list` shows what is here"));
    }
    if let Some(here) = found.iter().find(|here| here.fault.is_some()) {
        let fault = here.fault.clone().unwrap_or_default();
        let name = here.name();
        let failure = Failure::new(Exit::DIFFERENT, format!("the records of `{name}` are damaged: {fault}"));
        return Err(failure.of(&here.id).help(format!("`medsets verify {name} --repair` mends it")));
    }
    let prefix = |here: &Here| format!("{}/{}/", here.id, here.slug());
    found.sort_by_key(prefix);
    found.dedup_by_key(|here| prefix(here));
    Ok(found)
}

/// Only who may use the data may carry them.
pub(super) async fn pass_gate(context: &Context, here: &Here) -> Result<(), Failure> {
    let channel = here.receipt.as_ref().map(|receipt| receipt.source.channel.clone());
    let demands = match one_selection(context, &here.name()) {
        Ok(selection) => vec![(selection, channel)],
        // An entry that is gone since leaves the receipt to speak, and, of a dataset of which other
        // releases are known, all that these ask for.
        Err(_) => {
            pass_by_receipt(context, here)?;
            gate::demands(context, &here.id)?
        }
    };
    for (selection, channel) in demands {
        let gate = gate::gate(context, &selection, channel.as_deref(), Purpose::HandOn, Compare::AtHand).await?;
        if !gate.is_open() {
            return Err(gate::refusal(context, &selection, gate).await);
        }
    }
    Ok(())
}

/// Whether the acceptances that the receipt rests on still stand.
fn pass_by_receipt(context: &Context, here: &Here) -> Result<(), Failure> {
    let accepted = here.receipt.iter().flat_map(|receipt| &receipt.license.accepted);
    let accepted: Vec<_> = accepted.collect();
    if accepted.is_empty() {
        return Ok(());
    }
    let entries = context.ledger()?.read_all()?.entries;
    let standings = Standings::from_entries(identity::person(context), entries.clone());
    for mark in accepted {
        let entry = entries.iter().find(|entry| entry.sequence == mark.sequence);
        let requirement = entry.and_then(|entry| entry.record.requirement.as_deref()).unwrap_or_default();
        let license = Some(mark.license.as_str());
        let matter = Matter { dataset: &here.id, version: &here.version, requirement, license };
        if !matches!(standings.standing(&matter), Standing::Accepted(_)) {
            let (name, license) = (here.name(), &mark.license);
            let message = format!("`{name}` rests on the acceptance of `{license}`, which does not stand any more");
            return Err(Failure::new(Exit::NOT_ACCEPTED, message).of(&here.id).help(
                "its entry is not in the catalogue: lay it over with `--catalog DIR`, and accept the text again",
            ));
        }
    }
    Ok(())
}

/// What the terms say to handing the data on, where that is not allowed.
fn not_to_be_shared(context: &Context, here: &Here) -> Result<Option<Word>, Failure> {
    let by_receipt = here.receipt.as_ref().map_or("NOASSERTION", |receipt| receipt.license.expression.as_str());
    let channel = here.receipt.as_ref().map(|receipt| receipt.source.channel.as_str());
    let known = one_selection(context, &here.name()).ok();
    // The stricter of what its receipt and its entry say.
    let mut worst = None;
    for license in known.iter().map(|selection| selection.license(channel)).chain([by_receipt]) {
        let word = match Expression::parse(license) {
            Ok(expression) => judge(&expression, context.shelf()?, Act::ShareRaw).word,
            Err(_) => Word::Unclear,
        };
        worst = worst.max(Some(word));
    }
    Ok(worst.filter(|word| *word > Word::AllowedWithDuty))
}

fn share(context: &Context, here: &Here, output: &std::path::Path, index: Digest) -> Record {
    let receipt = here.receipt.as_ref();
    let file = match output == std::path::Path::new("-") {
        true => "standard output".into(),
        false => output.file_name().unwrap_or_default().to_string_lossy(),
    };
    Record {
        reference: receipt.and_then(|receipt| receipt.reference.clone()),
        version: Some(here.version.clone()),
        variant: here.variant.clone(),
        license: receipt.map(|receipt| receipt.license.expression.clone()),
        text_sha256: receipt.and_then(|receipt| receipt.license.accepted.first()).map(|mark| mark.text_sha256),
        files: receipt.map(|receipt| receipt.files),
        bytes: receipt.map(|receipt| receipt.bytes),
        note: Some(format!(
            "bundled into `{file}`, index {index}: for this person's own machines, or for people who have accepted the terms"
        )),
        ..identity::record(context, EntryKind::Share, &here.id)
    }
}

/// How many datasets, as people say it.
pub fn datasets(report: &BundleReport) -> String {
    counted(report.contents.datasets.len() as u64, "dataset")
}

/// A file whose name a bundle cannot hold.
pub(super) fn unsafe_name(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::USAGE, error.to_string())
}

/// A failure to look at a file.
pub(super) fn looked(path: &std::path::Path) -> Failure {
    FsError::new("look at", path, io::ErrorKind::NotFound.into()).into()
}
