//! `medsets mirror push`: a dataset that is here into a mirror.
//!
//! What is there by its digest is not sent again, so a stopped run goes on where it was. Every
//! file is hashed while it is read for sending; a damaged one ends the push before anything of
//! the dataset can be seen in the mirror.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::agreements::{EntryKind, Record};
use crate::context::Context;
use crate::events::{Cancel, Event};
use crate::layout::check::check_record;
use crate::layout::{DatasetDir, FileRecord, Receipt, RecordKind};
use crate::mirror::{Bucket, Mirror, MirrorError, Outgoing, names};
use crate::ops::bundle::pass_gate;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::here::{self, Here};
use crate::ops::identity;
use crate::ops::today::unlike_today;
use crate::values::{Algorithm, ByteSize, DatasetId, Digest, Digester, RelPath};

use super::find::short;
use super::held::{self, Ours};
use super::objects::{self, Kept};
use super::terms::{self, Permit};
use super::unfinished::Unfinished;
use super::{Named, check, open, records, the_one};
use crate::ops::stop::unless_stopped;

/// What to send, and how.
#[derive(Debug, Clone, Default)]
pub struct PushOptions {
    /// Datasets that are here, by name.
    pub datasets: Vec<String>,
    /// The mirror; the one of the project or settings when absent.
    pub mirror: Option<String>,
    /// Whether objects that are there are read and compared.
    pub verify: bool,
    /// Only say what would be sent.
    pub dry_run: bool,
}

/// What became of what was to be sent.
#[derive(Debug, Default, Serialize)]
pub struct Pushed {
    /// One per dataset; those that failed are not here.
    pub datasets: Vec<PushedOne>,
    /// What went wrong.
    #[serde(skip)]
    pub failures: Vec<Failure>,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// What became of one dataset.
#[derive(Debug, Serialize)]
pub struct PushedOne {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Which mirror.
    pub mirror: String,
    /// Name of the tree.
    pub tree: Digest,
    /// Files under `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// Objects they are, files with the same bytes counted once.
    pub objects: u64,
    /// Objects that were sent, or would be.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: ByteSize,
    /// Exceptions of the policy that it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grounds: Vec<String>,
    /// Whether it was already there, whole.
    pub was_there: bool,
}

/// How long an upload into a folder must have lain still before it counts as killed.
pub(super) const IDLE: Duration = Duration::from_secs(60 * 60);

/// Sends datasets. One that fails does not stop the others.
///
/// After a failure the objects that arrived stay in the mirror, where no dataset names them, and
/// the next run goes on; nothing here is changed but the ledger, which gets an entry `share`.
pub async fn push(context: &Context, options: &PushOptions) -> Result<Pushed, Failure> {
    let mut pushed = Pushed::default();
    for name in &options.datasets {
        if context.cancel.is_set() {
            break;
        }
        match push_one(context, name, options, &mut pushed.warnings).await {
            Ok(one) => pushed.datasets.push(one),
            // It is told below.
            Err(failure) if context.cancel.code() == Some(failure.exit.0) => {}
            Err(failure) => pushed.failures.push(failure),
        }
    }
    if let Some(code) = context.cancel.code() {
        let stopped = Failure::new(Exit(code), "the run was stopped; what was sent is kept");
        pushed.failures.insert(0, stopped.help("run the same command again to go on"));
    }
    Ok(pushed)
}

async fn push_one(
    context: &Context,
    name: &str,
    options: &PushOptions,
    warnings: &mut Vec<String>,
) -> Result<PushedOne, Failure> {
    let here = here::one(context, name)?;
    let named = the_one(context, &here.id, options.mirror.as_deref())?;
    one_of(context, &here, &named, options, warnings).await.map_err(|failure| failure.of(&here.id))
}

async fn one_of(
    context: &Context,
    here: &Here,
    named: &Named,
    options: &PushOptions,
    warnings: &mut Vec<String>,
) -> Result<PushedOne, Failure> {
    let receipt = usable(here)?;
    // Who has withdrawn an acceptance, or lost a grant, hands nothing on.
    pass_gate(context, here).await?;
    let records = objects::records(&here.dir.manifest_path(), &here.dir.inventory_path())?;
    let ours = Ours { here, receipt, records: &records };
    let permit = terms::may_share(context, &ours)?;
    permit.refuse_without_ground(here, named)?;
    warnings.extend(unlike_today(context, here, "mirror pull")?);
    let mirror = open(context, &named.url)?;
    if !mirror.bucket.knows_who() {
        return Err(MirrorError::NoCredential { mirror: named.url.clone() }.into());
    }
    context.ledger()?.ready()?;
    let kept = objects::packed(receipt.listed.read(&here.dir)?, &records, &receipt.selection)?;
    let all = objects::outgoing(&here.dir, &records, &kept);
    let prefix = names::tree(&here.id, &here.slug(), &receipt.tree);
    let has_records = held::has_records(context, &mirror, &prefix, &ours, options.verify, warnings).await?;
    context.report.report(Event::Phase { dataset: here.id.clone(), phase: "listing" });
    let objects = all.len() as u64;
    let missing = unless_stopped(context, missing(context, &mirror, all, options.verify, warnings)).await??;
    let sent_bytes: ByteSize = missing.iter().map(|one| one.size).sum();
    let one = PushedOne {
        id: here.id.clone(),
        version: here.version.clone(),
        variant: here.variant.clone(),
        mirror: named.url.to_string(),
        tree: receipt.tree,
        files: receipt.files,
        bytes: receipt.bytes,
        objects,
        sent: missing.len() as u64,
        sent_bytes,
        grounds: permit.grounds.clone(),
        was_there: has_records && missing.is_empty(),
    };
    if options.dry_run {
        return Ok(one);
    }
    let unfinished = Unfinished::of(context, &named.url, &prefix)?;
    if one.was_there {
        unfinished.end()?;
        return Ok(one);
    }
    mirror.bucket.leftovers(context.now() - IDLE, true).await?;
    let shown = places(&here.dir, &records, &kept);
    send_all(context, here, &mirror, missing, &shown, receipt.bytes.saturating_sub(sent_bytes)).await?;
    let is_unshown = held::is_unshown(&mirror, &prefix).await?;
    let mark = records::write(context, here, receipt, &mirror.bucket, &prefix).await?;
    unfinished.enter(share(context, here, receipt, named, &permit), is_unshown)?;
    records::show(&mirror.bucket, &prefix, &mark).await?;
    unfinished.end()?;
    Ok(one)
}

/// The receipt of a dataset that is as its records say, as far as a look at them tells.
fn usable(here: &Here) -> Result<&Receipt, Failure> {
    let name = here.name();
    let refused = |fault: &str| {
        Failure::new(Exit::DIFFERENT, format!("`{name}` cannot be sent: {fault}"))
            .help(format!("`medsets verify {name} --repair` mends it"))
    };
    if let Some(fault) = &here.fault {
        return Err(refused(&format!("its records are damaged ({fault})")));
    }
    let receipt = here.receipt.as_ref().ok_or_else(|| refused("it has no receipt"))?;
    receipt.listed.check(&here.dir)?;
    check_record(&here.dir.manifest_path(), receipt.tree)?;
    Ok(receipt)
}

/// The objects that are not there, or not as they should be.
async fn missing(
    context: &Context,
    mirror: &Arc<Mirror>,
    all: Vec<Outgoing>,
    verify: bool,
    warnings: &mut Vec<String>,
) -> Result<Vec<Outgoing>, Failure> {
    let at_once = check::at_once(context, verify);
    let looks = futures_util::stream::iter(all).map(|one| async move {
        let found = match mirror.bucket.size_of(&one.name).await {
            // Who may not list is answered so for what is not there.
            Err(MirrorError::NotPermitted { .. }) => None,
            found => found?,
        };
        let wrong = match found {
            Some(size) if size == one.size && verify => {
                let found = digest_of(&mirror.bucket, &one.name, size).await?;
                (found != one.sha256).then(|| format!("`{}` was {found} in the mirror; it is sent again", one.name))
            }
            _ => None,
        };
        let is_there = found == Some(one.size) && wrong.is_none();
        Ok::<_, MirrorError>((one, is_there, wrong))
    });
    let mut looks = std::pin::pin!(looks.buffered(at_once));
    let mut missing = Vec::new();
    while let Some(look) = looks.next().await {
        let (one, is_there, wrong) = look?;
        warnings.extend(wrong);
        if !is_there {
            missing.push(one);
        }
    }
    Ok(missing)
}

/// SHA-256 of an object's bytes, read in stretches.
pub(super) async fn digest_of(bucket: &Bucket, name: &str, size: ByteSize) -> Result<Digest, MirrorError> {
    const STRETCH: u64 = 8 << 20;
    let mut digester = Digester::new(Algorithm::Sha256, Some(size));
    let mut at = 0;
    while at < size.0 {
        let until = (at + STRETCH).min(size.0);
        let bytes = bucket.read_range(name, at..until).await?;
        digester = tokio::task::spawn_blocking(move || {
            digester.update(&bytes);
            digester
        })
        .await
        .map_err(|_| MirrorError::Thread)?;
        at = until;
    }
    Ok(digester.finish())
}

/// How each file is called in events.
fn places(dir: &DatasetDir, records: &[FileRecord], kept: &[Kept]) -> HashMap<PathBuf, RelPath> {
    let files = records.iter().filter(|record| record.kind == RecordKind::File).map(|record| &record.path);
    files.chain(kept.iter().map(|one| &one.place)).map(|path| (path.under(dir.root()), path.clone())).collect()
}

/// Sends objects, several at once. The first that fails stops the others.
async fn send_all(
    context: &Context,
    here: &Here,
    mirror: &Arc<Mirror>,
    missing: Vec<Outgoing>,
    shown: &HashMap<PathBuf, RelPath>,
    kept: ByteSize,
) -> Result<(), Failure> {
    let total = missing.iter().map(|one| one.size).sum::<ByteSize>() + kept;
    let files = missing.len() as u64;
    context.report.report(Event::Phase { dataset: here.id.clone(), phase: "upload" });
    context.report.report(Event::Started { dataset: here.id.clone(), files, bytes: total, kept, unknown_sizes: 0 });
    let jobs = crate::ops::download::settings(context).jobs.max(1);
    // So many parts are in memory at most.
    let permits = Arc::new(Semaphore::new(jobs));
    let stop = Cancel::default();
    let passed_on = {
        let (outer, inner) = (context.cancel.clone(), stop.clone());
        tokio::spawn(async move {
            outer.cancelled().await;
            inner.set(outer.code().unwrap_or(1));
        })
    };
    let sends = futures_util::stream::iter(missing).map(|one| {
        let (permits, stop) = (&permits, &stop);
        async move {
            if stop.is_set() {
                return Err(MirrorError::Cancelled);
            }
            let place = shown.get(&one.path);
            let progress = |bytes| {
                if let Some(file) = place {
                    context.report.report(Event::Progress { file: file.clone(), bytes });
                }
            };
            mirror.bucket.send(&one, permits, stop, progress).await.inspect_err(|_| stop.set(1))?;
            if let Some(file) = place {
                let (bytes, sha256) = (one.size, one.sha256.hex());
                context.report.report(Event::FileDone { file: file.clone(), bytes, sha256, verified: true });
            }
            Ok(())
        }
    });
    let mut sends = std::pin::pin!(sends.buffer_unordered(jobs));
    let mut first = None;
    while let Some(sent) = sends.next().await {
        // Those that were stopped for it say less.
        if let (Err(error), None | Some(MirrorError::Cancelled)) = (sent, &first) {
            first = Some(error);
        }
    }
    passed_on.abort();
    match first {
        None => Ok(()),
        Some(error) => Err(told(context, error)),
    }
}

/// A failure to send; one that came of the person's wish has the code of that.
pub(super) fn told(context: &Context, error: MirrorError) -> Failure {
    match (error, context.cancel.code()) {
        (MirrorError::Cancelled, Some(code)) => stopped(code),
        (error, _) => error.into(),
    }
}

fn stopped(code: u8) -> Failure {
    Failure { exit: Exit(code), code: Exit(code).word(), ..MirrorError::Cancelled.into() }
}

/// That data are handed on: entered before others can see them.
fn share(context: &Context, here: &Here, receipt: &Receipt, named: &Named, permit: &Permit) -> Record {
    let mut note =
        format!("put into the mirror {}, tree {}", named.url.for_records(), short(&receipt.tree).replace('`', ""));
    for ground in named.ground.iter().chain(&permit.grounds) {
        note = format!("{note}; {ground}");
    }
    Record {
        reference: receipt.reference.clone(),
        version: Some(receipt.version.clone()),
        variant: receipt.variant.clone(),
        license: Some(receipt.license.expression.clone()),
        channel: Some(receipt.source.channel.clone()),
        files: Some(receipt.files),
        bytes: Some(receipt.bytes),
        note: Some(note),
        ..identity::record(context, EntryKind::Share, &here.id)
    }
}
