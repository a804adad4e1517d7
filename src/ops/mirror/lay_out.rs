//! From the objects of a mirror to a dataset folder.
//!
//! All of it happens in a workspace of its own inside that of the dataset (`layout::workspace`):
//! the records come and are judged, the objects come under their digests, each once, and when all
//! are here they go to their places and the dataset is committed like a fetched one. Whatever ends
//! it before, no other command sees any of it; the next one that takes from a mirror hashes what
//! is there and goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, FsError};
use crate::layout::receipt::Selection as Part;
use crate::layout::{LayoutError, Means, Workspace};
use crate::mirror::{Mirror, MirrorError, names};
use crate::net::NetError;
use crate::ops::assemble::{Assembled, assemble};
use crate::ops::download::{Tally, settings};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{Pins, summary};
use crate::ops::particulars::{particulars, roles};
use crate::ops::report::Fetched;
use crate::ops::target::Target;
use crate::plan::{Location, Shortage};
use crate::remedy::Remedy as _;
use crate::transfer::{Expected, Job, Locate, LocateError, TransferError};
use crate::values::{ByteSize, Digest, RelPath};

use super::find::Found;
use super::judged::Judged;
use super::place::{self, Sifted};

/// Why a dataset was not taken from a mirror.
#[derive(Debug)]
pub enum NotTaken {
    /// The mirror cannot be used, or what it has: a host may do better.
    Mirror(Failure),
    /// Something here is wrong, or the run was stopped.
    Here(Failure),
}

impl From<NotTaken> for Failure {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::Mirror(failure) | NotTaken::Here(failure) => failure,
        }
    }
}

// What is not said to be the mirror's fault is wrong here.
impl From<Failure> for NotTaken {
    fn from(failure: Failure) -> Self {
        Self::Here(failure)
    }
}

impl From<LayoutError> for NotTaken {
    fn from(error: LayoutError) -> Self {
        Self::Here(error.into())
    }
}

impl From<FsError> for NotTaken {
    fn from(error: FsError) -> Self {
        Self::Here(error.into())
    }
}

/// How a dataset is taken.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    /// What part of it is asked for: the mirror has exactly that.
    pub part: &'a Part,
    /// What a lock says of its files: the mirror must have them so.
    pub pins: Option<&'a Pins>,
    /// Whether it is begun even if the disk seems too small.
    pub ignore_space: bool,
}

/// Takes a dataset from a mirror into a workspace that is held, and commits it.
///
/// After a failure the dataset folder is absent as before, and what came waits for the next run
/// that takes it from a mirror.
pub async fn take(
    context: &Context,
    target: &Target<'_>,
    found: &Found,
    workspace: Workspace,
    taking: Taking<'_>,
) -> Result<Fetched, NotTaken> {
    let mut tally = Tally::default();
    let mut workspace = workspace.for_mirror()?;
    let records = fetch_records(context, target, found, &workspace, &mut tally).await?;
    let judged = Judged::read(target, found, &records, taking.pins).map_err(|failure| by_mirror(found, failure));
    // They are had again each time, and those of a mirror that lies may be large.
    fs::remove_dir_all(&records)?;
    let judged = judged?;
    let sifted = place::sift(&workspace, &judged)?;
    if !taking.ignore_space {
        // How large it is is the mirror's word, and a host may need less.
        place::refuse_lack_of_space(target, &judged, &sifted).map_err(|failure| by_mirror(found, failure))?;
    }
    tell_started(context, target, &sifted);
    fetch_objects(context, found, &workspace, &sifted.missing, &mut tally).await?;
    place::place_all(&workspace, &judged)?;
    let reason = judged.reason(taking.pins);
    place::note(&mut workspace, judged, &roles(target.selection))?;
    let mut particulars = particulars(context, target, Means::Fetch, taking.part.clone(), reason)?;
    particulars.tree = Some(found.mark.tree);
    particulars.source.mirror = Some(found.mirror.bucket.url().for_records());
    particulars.warnings.extend(found.mark.warnings.iter().cloned());
    let Assembled { receipt, receipt_sha256 } = assemble(context, workspace, &target.dir, &target.store, particulars)?;
    let fetched = summary(target, &receipt, Some(receipt_sha256), &tally);
    Ok(Fetched { reused: sifted.bytes, mirror: Some(found.mirror.bucket.url().to_string()), ..fetched })
}

/// Fetches manifest, inventory and list. Gives the folder that they lie in.
async fn fetch_records(
    context: &Context,
    target: &Target<'_>,
    found: &Found,
    workspace: &Workspace,
    tally: &mut Tally,
) -> Result<PathBuf, NotTaken> {
    let folder = workspace.root().join("records");
    fs::create_dir_all(&folder, workspace.access())?;
    let mark = &found.mark;
    let here = [names::MANIFEST, names::INVENTORY, names::LISTED];
    let wanted: Vec<Wanted> = here
        .into_iter()
        .zip(mark.records())
        .map(|(here, (name, record))| Wanted {
            name: format!("{}/{name}", found.prefix),
            target: folder.join(here),
            size: record.size,
            sha256: record.sha256,
        })
        .collect();
    context.report.report(Event::Phase { dataset: mark.dataset.clone(), phase: "listing" });
    refuse_large_records(target, found, &wanted).map_err(|failure| by_mirror(found, failure))?;
    run(context, found, workspace, &wanted, tally).await?;
    Ok(folder)
}

/// How large its records are is a mirror's word too: they may not fill the disk.
fn refuse_large_records(target: &Target<'_>, found: &Found, wanted: &[Wanted]) -> Result<(), Failure> {
    let needed = wanted.iter().fold(ByteSize::ZERO, |sum, one| sum.saturating_add(one.size));
    let (files, space) = (found.mark.files.saturating_add(found.mark.listed.files), fs::space(target.store.root())?);
    let likely = ByteSize(files.saturating_mul(LIKELY_LINES).saturating_add(1 << 20));
    if needed > likely {
        let message = format!("its records are {needed}, and speak of {files} files: {likely} would be many");
        return Err(Failure::new(Exit::MISMATCH, message));
    }
    if needed.0 > space.bytes.0 / 2 {
        let at = target.store.root().to_path_buf();
        return Err(Shortage::Bytes { at, free: space.bytes, needed }.into());
    }
    Ok(())
}

/// No more bytes of records than these are likely for one file: its lines in all of them, with
/// long paths and addresses.
const LIKELY_LINES: u64 = 16 << 10;

/// An object that is to be had.
struct Wanted {
    name: String,
    target: PathBuf,
    size: ByteSize,
    sha256: Digest,
}

fn tell_started(context: &Context, target: &Target<'_>, sifted: &Sifted) {
    let missing = sifted.missing.values().fold(ByteSize::ZERO, |sum, size| sum.saturating_add(*size));
    let (bytes, kept) = (sifted.bytes.saturating_add(missing), sifted.bytes);
    let (dataset, files) = (target.selection.id().clone(), sifted.objects);
    context.report.report(Event::Phase { dataset: dataset.clone(), phase: "download" });
    context.report.report(Event::Started { dataset, files, bytes, kept, unknown_sizes: 0 });
}

async fn fetch_objects(
    context: &Context,
    found: &Found,
    workspace: &Workspace,
    missing: &BTreeMap<Digest, ByteSize>,
    tally: &mut Tally,
) -> Result<(), NotTaken> {
    let wanted: Vec<Wanted> = missing
        .iter()
        .map(|(sha256, size)| Wanted {
            name: names::object(sha256),
            target: place::waiting(workspace, sha256),
            size: *size,
            sha256: *sha256,
        })
        .collect();
    run(context, found, workspace, &wanted, tally).await
}

/// Downloads objects through the one downloader. Fails with the first that could not be had,
/// after all others are here.
async fn run(
    context: &Context,
    found: &Found,
    workspace: &Workspace,
    wanted: &[Wanted],
    tally: &mut Tally,
) -> Result<(), NotTaken> {
    let jobs = wanted.iter().map(|one| {
        let file = RelPath::parse(&one.name).expect("names of objects are safe");
        Job {
            dataset: found.mark.dataset.clone(),
            target: one.target.clone(),
            part: workspace.part(&file),
            access: workspace.access(),
            expected: Expected { size: Some(one.size), digests: vec![one.sha256], as_it_comes: false },
            ways: vec![Arc::new(InMirror { mirror: found.mirror.clone(), name: one.name.clone() })],
            file,
        }
    });
    let mut failures: Vec<NotTaken> = Vec::new();
    let client = context.client().map_err(Failure::from)?;
    crate::transfer::run(client, settings(context), jobs, &context.report, &context.cancel, |outcome| {
        match outcome.result {
            Ok(done) => tally.downloaded += done.downloaded,
            // A mirror's folder is looked at before the transfer opens anything of it.
            Err(error @ TransferError::Fs { .. }) => failures.push(NotTaken::Here(error.into())),
            Err(error) => failures.push(by_mirror(found, Failure::from(error).in_file(&outcome.file))),
        }
    })
    .await;
    if let Some(code) = context.cancel.code() {
        return Err(NotTaken::Here(Failure::new(Exit(code), "the run was stopped; what was finished is kept")));
    }
    let rank = |one: &NotTaken| match one {
        NotTaken::Here(failure) => (0, failure.exit.class(), failure.exit),
        NotTaken::Mirror(failure) => (1, failure.exit.class(), failure.exit),
    };
    failures.into_iter().min_by_key(rank).map_or(Ok(()), Err)
}

/// A failure of the mirror, in its name.
fn by_mirror(found: &Found, failure: Failure) -> NotTaken {
    let url = found.mirror.bucket.url();
    let is_named = failure.message.contains(&format!("`{url}`"));
    let message = if is_named { failure.message } else { format!("the mirror `{url}`: {}", failure.message) };
    let failure = Failure { message, ..failure };
    let (id, name) = (&found.mark.dataset, found.name());
    let mends = match failure.exit {
        Exit::MISMATCH | Exit::TRUNCATED | Exit::WRONG_CONTENT | Exit::UNSAFE => {
            "nothing of it was kept; whoever has a copy that is whole mends the mirror"
        }
        Exit::GONE => "the mirror's records name it: whoever has the dataset puts it there again",
        _ => return NotTaken::Mirror(failure),
    };
    NotTaken::Mirror(
        Failure { help: None, ..failure }
            .help(format!("{mends} with `medsets mirror push {name} --verify`; `medsets fetch {id}` asks the host")),
    )
}

/// An object as the transfer asks for it.
pub(super) struct InMirror {
    pub mirror: Arc<Mirror>,
    pub name: String,
}

impl Locate for InMirror {
    fn locate(&self) -> BoxFuture<'_, Result<Location, LocateError>> {
        async { self.mirror.bucket.locate(&self.name).await.map_err(|error| told(&error)) }.boxed()
    }

    /// An address that was signed a moment ago has not ended: whoever asks may not read it. What is
    /// not found is an object that the mirror's records name.
    fn explain<'a>(&'a self, error: &'a NetError) -> BoxFuture<'a, Option<LocateError>> {
        let (mirror, name) = (self.mirror.bucket.url().clone(), self.name.clone());
        let meant = match error {
            NetError::NotPermitted { .. } => {
                Some(MirrorError::NotPermitted { mirror, name, code: "status 403".to_owned() })
            }
            NetError::Gone { .. } => Some(MirrorError::Lacks { mirror, name }),
            _ => None,
        };
        std::future::ready(meant.as_ref().map(told)).boxed()
    }
}

/// A mirror's failure in the words of the transfer.
pub(super) fn told(error: &MirrorError) -> LocateError {
    LocateError { net: error.net().cloned(), exit: error.exit(), message: error.to_string(), help: error.remedy() }
}
