//! `medsets bundle`: datasets and all they rest on in one file, for a machine without a network.
//!
//! To carry one's own copy to another machine is no sharing, and each person there needs the
//! agreements for themselves: `unbundle` asks for them. A file can still be handed on, so what the
//! terms do not let anyone hand on is warned of, and entered in the ledger as `share`.

mod about;
mod gather;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};

use serde::Serialize;

use crate::access::Purpose;
use crate::agreements::{EntryKind, Matter, Record, Standing, Standings};
use crate::bundle::{BundleReader, BundleWriter, Contents, Index, Line};
use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, Access, FsError};
use crate::licenses::Expression;
use crate::policy::{Act, Word, judge};
use crate::values::{ByteSize, Digest, RelPath, counted};

use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::here::{self, Here};
use super::identity;
use super::ledger::Names;
use super::selection::one_selection;
use super::unbundle::{self, Input};

use gather::{Held, Member, Source};

/// What to put into a bundle.
#[derive(Debug, Clone)]
pub struct BundleOptions {
    /// Datasets by name; all that are here without any.
    pub datasets: Vec<String>,
    /// Where the bundle goes.
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
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// Writes a bundle. After a failure there is no file, or the earlier one as it was.
pub async fn bundle(context: &Context, options: &BundleOptions) -> Result<BundleReport, Failure> {
    refuse_other_file(&options.output)?;
    let datasets = chosen(context, options)?;
    let mut warnings = Vec::new();
    let mut shared = Vec::new();
    for here in &datasets {
        pass_gate(context, here).await?;
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
    write(context, options, &gathered.index, gathered.members, access)?;
    report.size = fs::metadata(&options.output)?.map(|found| ByteSize(found.len()));
    for here in shared {
        context.ledger()?.append(share(context, here, &options.output, pin.sha256))?;
    }
    Ok(report)
}

/// A bundle takes the place of an earlier one, and of nothing else that holds something.
fn refuse_other_file(output: &Path) -> Result<(), Failure> {
    let Ok(real) = fs::canonical(output) else { return Ok(()) };
    let holds = fs::metadata(&real)?.is_some_and(|found| found.is_file() && found.len() > 0);
    if !holds || BundleReader::open(&real).is_ok() {
        return Ok(());
    }
    let message = format!("`{}` is there already and is no bundle", output.display());
    Err(Failure::new(Exit::DIFFERENT, message).help("name another file with `-o`, or move that one away"))
}

/// Proves all of a bundle without writing anything.
pub fn check(context: &Context, path: &std::path::Path, input: Input) -> Result<BundleReport, Failure> {
    let is_file = matches!(input, Input::File);
    let mut reader = input.open(path)?;
    let contents = unbundle::prove(context, &mut reader).map_err(|fault| fault.named(path))?;
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
        warnings: Vec::new(),
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
    let prefix = |here: &Here| format!("{}/{}/", here.id, gather::slug(here));
    found.sort_by_key(prefix);
    found.dedup_by_key(|here| prefix(here));
    Ok(found)
}

/// Only who may use the data may carry them.
pub(super) async fn pass_gate(context: &Context, here: &Here) -> Result<(), Failure> {
    // An entry that is gone since leaves the receipt to speak.
    let Ok(selection) = one_selection(context, &here.name()) else { return pass_by_receipt(context, here) };
    let channel = here.receipt.as_ref().map(|receipt| receipt.source.channel.as_str());
    let gate = gate::gate(context, &selection, channel, Purpose::Import, Compare::AtHand).await?;
    if gate.is_open() { Ok(()) } else { Err(gate::refusal(context, &selection, gate).await) }
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
    let license = here.receipt.as_ref().map_or("NOASSERTION", |receipt| receipt.license.expression.as_str());
    let word = match Expression::parse(license) {
        Ok(expression) => judge(&expression, context.shelf()?, Act::ShareRaw).word,
        Err(_) => Word::Unclear,
    };
    Ok((word > Word::AllowedWithDuty).then_some(word))
}

fn share(context: &Context, here: &Here, output: &std::path::Path, index: Digest) -> Record {
    let receipt = here.receipt.as_ref();
    let file = output.file_name().unwrap_or_default().to_string_lossy();
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

/// Reads, hashes and packs the members on one thread, and compresses and writes on another.
fn write(
    context: &Context,
    options: &BundleOptions,
    index: &Index,
    members: Vec<Member>,
    access: Access,
) -> Result<(), Failure> {
    let parent = options.output.parent().unwrap_or(std::path::Path::new("/"));
    fs::create_dir_all(parent, Access::Shared)?;
    let mut failure = None;
    let written = fs::write_output_by(&options.output, access, |out| {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel::<Vec<u8>>(8);
            let packer = scope.spawn(move || pack(context, index, members, sender));
            let mut encoder = zstd::stream::write::Encoder::new(out, LEVEL)?;
            encoder.include_checksum(true)?;
            let written = receiver.iter().try_for_each(|chunk| encoder.write_all(&chunk));
            drop(receiver);
            let packed = packer.join().map_err(|_| io::Error::other("a thread ended early"))?;
            written?;
            if let Err(error) = packed {
                failure = Some(error);
                return Err(io::Error::other("what is bundled cannot be read"));
            }
            encoder.finish()?.flush()
        })
    });
    match (failure, written) {
        (Some(failure), _) => Err(failure),
        (None, written) => Ok(written?),
    }
}

/// As `zstd` does without a level.
const LEVEL: i32 = 3;

fn pack(context: &Context, index: &Index, members: Vec<Member>, sender: SyncSender<Vec<u8>>) -> Result<(), Failure> {
    let mut writer = BundleWriter::begin(Chunks { sender, held: Vec::with_capacity(CHUNK) }, index)?;
    for member in members {
        match &member.source {
            Source::Bytes(bytes) => writer.member(&member.line(&member.path, bytes)?, &mut bytes.as_slice())?,
            Source::Lines(lines) => {
                for item in lines.read()? {
                    let (line, held) = item?;
                    if let Some(code) = context.cancel.code() {
                        return Err(Failure::new(Exit(code), "stopped; no bundle was written"));
                    }
                    match held {
                        Held::Bytes(mut bytes) => writer.member(&line, &mut bytes)?,
                        // A FIFO in its place would be waited for.
                        Held::File(path) => writer.member(&line, &mut fs::open_regular(&path)?)?,
                    }
                    let bytes = line.size;
                    context.report.report(Event::Progress { file: line.path, bytes });
                }
            }
        }
    }
    writer.finish()?;
    Ok(())
}

const CHUNK: usize = 256 << 10;

/// Hands what is written to another thread, in large pieces.
struct Chunks {
    sender: SyncSender<Vec<u8>>,
    held: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let full = std::mem::replace(&mut self.held, Vec::with_capacity(CHUNK));
        self.sender.send(full).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Member {
    /// The index's line of bytes that are at hand.
    fn line(&self, path: &str, bytes: &[u8]) -> Result<Line, Failure> {
        let path = RelPath::parse(path).map_err(|error| Failure::new(Exit::USAGE, error.to_string()))?;
        Ok(Line { path, size: ByteSize(bytes.len() as u64), sha256: Digest::sha256(bytes) })
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
