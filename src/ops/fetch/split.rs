//! What the shards of a fetch agree on: `<store>/parts/<id>-<slug>.shards/`.
//!
//! ```text
//! split.json      which files are split among how many, and by which entry
//! listing.jsonl   the host's list, where it gave one
//! entry.toml      the entry, for a dataset that is not in the catalogue
//! ```
//!
//! Each file is written by whichever shard comes first, in one step, and never changed: shards
//! that start at once on machines without common locks still read the same. A lock, where there is
//! one, only saves the others from asking the host too.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::catalog::Selection;
use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, FileLock, FsError};
use crate::layout::receipt::Selection as ReceiptSelection;
use crate::layout::{Means, Workspace};
use crate::ops::download::Wanted;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::gate::name_for_command;
use crate::ops::stored_listing;
use crate::ops::target::Target;
use crate::ops::wanted::{listing, wanted};
use crate::plan::{Piece, Shard};
use crate::providers::{AnyProvider, Hosts, Listing};
use crate::values::{Algorithm, Digest, Digester, RelPath, counted};

use super::{FetchOptions, changed, receipt_selection};

/// What a turn works with.
pub(super) struct Work<'w> {
    pub context: &'w Context,
    pub target: &'w Target<'w>,
    pub among: &'w [Selection],
    pub options: &'w FetchOptions,
    pub provider: Arc<AnyProvider>,
    pub hosts: Arc<Hosts>,
}

/// How a fetch is split.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Split {
    schema: String,
    entry: Digest,
    channel: String,
    /// Among how many.
    pub of: u32,
    /// What part of the release.
    selection: ReceiptSelection,
    /// How many files.
    files: u64,
    /// Digest of their paths, sizes and digests in the order of paths.
    list: Digest,
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
        fs::create_dir_all(&target.split_dir(), target.access)?;
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
        let path = leases.join(format!("{}.shards.lock", self.target.workspace_name()));
        let patience = self.context.settings.time("lock-wait").unwrap_or(Duration::from_secs(600));
        let waiting = || {
            let reason = format!("another shard lists the files of `{}`", self.target.selection);
            self.context.report.report(Event::Waiting { reason });
        };
        Ok(FileLock::wait(&path, patience, waiting)?)
    }
}

/// Whether shards of a fetch have begun, as a warning to who fetches without them.
pub(super) fn begun(target: &Target<'_>) -> Result<Option<String>, Failure> {
    let name = name_for_command(target.selection);
    Ok(fs::metadata(&target.split_dir())?.map(|_| {
        format!(
            "shards of `{}` have begun: `medsets fetch {name} --finish` takes what they have, this fetch gets all \
             of it anew",
            target.selection
        )
    }))
}

/// Notes among how many the files are split, or compares it with what another shard noted.
///
/// # Errors
/// The other shards split among another number, another part, or another list of files.
pub(super) fn agree(
    target: &Target<'_>,
    options: &FetchOptions,
    wanted: &[Wanted],
    shard: Shard,
) -> Result<(), Failure> {
    let ours = Split {
        schema: SCHEMA.to_owned(),
        entry: target.begun_with(),
        channel: target.source.channel.clone(),
        of: shard.of(),
        selection: receipt_selection(options),
        files: wanted.len() as u64,
        list: digest_of(wanted),
    };
    let folder = target.split_dir();
    fs::create_dir_all(&folder, target.access)?;
    let path = folder.join(FILE);
    if fs::metadata(&path)?.is_none() {
        let text = serde_json::to_string_pretty(&ours).map_err(|error| FsError::new("write", &path, error.into()))?;
        let fresh = folder.join(fs::fresh_name(&format!("{FILE}.")));
        let mut out = fs::create_new(&fresh, target.access)?;
        out.write_all(text.as_bytes()).map_err(|error| FsError::new("write", &fresh, error))?;
        drop(out);
        fs::publish(&fresh, &path)?;
        if target.selection.reference().is_some() {
            let entry = target.selection.dataset().text.as_bytes();
            fs::atomic_write(&Workspace::entry_path(&folder), entry, target.access)?;
        }
    }
    let Some(theirs) = read(target)? else {
        return Err(Failure::new(Exit::OTHER, format!("`{}` is no record of a split", path.display()))
            .help(way_on(target, "another medsets may have written it; ")));
    };
    differs(&ours, &theirs, target).map_or(Ok(()), Err)
}

/// What the shards have agreed on; none where no shard has begun.
pub(super) fn read(target: &Target<'_>) -> Result<Option<Split>, Failure> {
    let text = fs::read_text_if_present(&target.split_dir().join(FILE))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Refuses to finish another part than the shards were told to fetch.
pub(super) fn refuse_other_part(target: &Target<'_>, options: &FetchOptions) -> Result<(), Failure> {
    match read(target)? {
        Some(split) if split.selection != receipt_selection(options) => Err(other_part(target)),
        _ => Ok(()),
    }
}

/// In what two shards differ, the most telling first.
fn differs(ours: &Split, theirs: &Split, target: &Target<'_>) -> Option<Failure> {
    let selection = target.selection;
    if ours.of != theirs.of {
        let message = format!(
            "`{selection}` is already split among {} shards, and this one would be one of {}",
            theirs.of, ours.of
        );
        let same = format!("give `--shard I/{}`, or ", theirs.of);
        return Some(Failure::new(Exit::USAGE, message).help(way_on(target, &same)));
    }
    if ours.selection != theirs.selection {
        return Some(other_part(target));
    }
    if ours.channel != theirs.channel {
        let message = format!(
            "the shards of `{selection}` fetch it from `{}`, and this one would from `{}`",
            theirs.channel, ours.channel
        );
        let same = format!("give `--source {}`, or ", theirs.channel);
        return Some(Failure::new(Exit::USAGE, message).help(way_on(target, &same)));
    }
    if ours.entry != theirs.entry {
        let message = format!(
            "the entry or lock of `{selection}` is another one than that with which its shards began: {} then, {} now",
            theirs.entry, ours.entry
        );
        return Some(
            Failure::new(Exit::DIFFERENT, message).help(way_on(target, "use the same catalogue on all machines, or ")),
        );
    }
    if (ours.files, ours.list) != (theirs.files, theirs.list) {
        let message = format!(
            "the files of `{selection}` are others than those its shards began with: {} in list {} then, {} in list {} now",
            theirs.files, theirs.list, ours.files, ours.list
        );
        return Some(Failure::new(Exit::DIFFERENT, message).help(way_on(target, "")));
    }
    None
}

fn other_part(target: &Target<'_>) -> Failure {
    let message = format!("the shards of `{}` were told to fetch another part of it", target.selection);
    Failure::new(Exit::USAGE, message).help(
        "give all shards and `--finish` the same `--include`, `--exclude`, `--subset`, `--members` and `--license`",
    )
}

/// How a split is ended.
fn way_on(target: &Target<'_>, first: &str) -> String {
    let name = name_for_command(target.selection);
    format!(
        "{first}end what was begun with `medsets fetch {name} --finish`; to begin anew, delete `{}` when no shard is at work",
        target.split_dir().display()
    )
}

/// A name for a list of files, whatever its order.
fn digest_of(wanted: &[Wanted]) -> Digest {
    let mut files: Vec<&Wanted> = wanted.iter().collect();
    files.sort_unstable_by(|one, other| one.listed.path.cmp(&other.listed.path));
    let mut digester = Digester::new(Algorithm::Sha256, None);
    for one in files {
        let size = one.listed.size.map_or(String::new(), |size| size.0.to_string());
        digester.update(format!("{}\t{size}", one.listed.path).as_bytes());
        for digest in &one.listed.digests {
            digester.update(format!("\t{digest}").as_bytes());
        }
        digester.update(b"\n");
    }
    digester.finish()
}

/// The files as pieces to be split, with the parts of split archives beside their archive.
pub(super) fn pieces(wanted: &[Wanted]) -> Vec<Piece<'_>> {
    let mut archives: HashMap<String, &RelPath> = HashMap::new();
    for one in wanted {
        let parts = one.manner.unpack.iter().flat_map(|rules| &rules.table.parts);
        for part in parts {
            if let Some(parent) = one.listed.path.parent() {
                archives.insert(format!("{parent}/{part}"), &one.listed.path);
            }
            archives.insert(part.clone(), &one.listed.path);
        }
    }
    let mut pieces = Vec::with_capacity(wanted.len());
    for one in wanted {
        pieces.push(Piece {
            path: &one.listed.path,
            size: one.item().likely_size().or(one.listed.size),
            with: archives.get(one.listed.path.as_str()).copied(),
        });
    }
    pieces
}

/// The workspaces of shards that are in the store, with their names.
pub(super) fn shards(target: &Target<'_>) -> Result<Vec<(Shard, String)>, Failure> {
    let prefix = format!("{}.shard-", target.workspace_name());
    let mut found = Vec::new();
    for root in fs::list_dir(&target.store.parts())? {
        let Some(name) = root.file_name().and_then(|name| name.to_str()) else { continue };
        let shard = name.strip_prefix(&prefix).and_then(|rest| rest.split_once("-of-"));
        if let Some(shard) = shard.and_then(|(one, of)| Shard::new(one.parse().ok()?, of.parse().ok()?)) {
            found.push((shard, name.to_owned()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Takes the leases of all shards, so that none begins. Those that are held are waited for a
/// while, all at once: a node that died counts as at work for half a minute.
///
/// # Errors
/// Some are at work: all of them are named.
pub(super) fn hold(
    context: &Context,
    target: &Target<'_>,
    shards: &[(Shard, String)],
) -> Result<Vec<FileLock>, Failure> {
    let lease = |name: &str, patience| Workspace::lease(&target.store, name, target.access, patience);
    let (mut leases, mut held) = (Vec::new(), Vec::new());
    for (shard, name) in shards {
        match lease(name, Duration::ZERO)? {
            Some(lease) => leases.push(lease),
            None => held.push((*shard, name)),
        }
    }
    let patience = context.settings.time("lock-wait").unwrap_or(SIGN_OF_LIFE).min(SIGN_OF_LIFE);
    let mut at_work: Vec<String> = Vec::new();
    if !held.is_empty() && !patience.is_zero() {
        let reason = format!("{} of `{}` may be at work", counted(held.len() as u64, "shard"), target.selection);
        context.report.report(Event::Waiting { reason });
    }
    for some in held.chunks(AT_ONCE) {
        let waited = std::thread::scope(|scope| {
            let waiting = some.iter().map(|(_, name)| scope.spawn(move || lease(name, patience)));
            let waiting: Vec<_> = waiting.collect();
            waiting.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        for ((shard, _), waited) in some.iter().zip(waited) {
            match waited.map_err(|_| Failure::new(Exit::INTERNAL, "a thread that waited has failed"))?? {
                Some(lease) => leases.push(lease),
                None => at_work.push(shard.to_string()),
            }
        }
    }
    if at_work.is_empty() {
        return Ok(leases);
    }
    let count = at_work.len() as u64;
    let named = at_work.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = if at_work.len() > MOST_NAMED { " and more" } else { "" };
    let verb = if count == 1 { "is" } else { "are" };
    let message = format!("{} of `{}` {verb} still at work: {named}{more}", counted(count, "shard"), target.selection);
    let failure = Failure::new(Exit::HELD, message).help("run `--finish` again when they have ended");
    Err(Failure { retryable: true, ..failure })
}

/// Removes what the shards of a dataset that is whole have left. What another run holds stays.
pub(super) fn end(target: &Target<'_>) -> Result<(), Failure> {
    for (_, name) in shards(target)? {
        if let Some(lease) = Workspace::lease(&target.store, &name, target.access, Duration::ZERO)? {
            fs::remove_dir_all(&target.store.parts().join(&name))?;
            fs::remove_file(lease.path())?;
        }
    }
    fs::remove_dir_all(&target.split_dir())?;
    Ok(fs::remove_file(&target.store.leases().join(format!("{}.shards.lock", target.workspace_name())))?)
}

const SCHEMA: &str = "medsets/split/1";
const FILE: &str = "split.json";
/// Time in which a machine that is at work shows it, with some to spare.
const SIGN_OF_LIFE: Duration = Duration::from_secs(45);
/// Threads that wait.
const AT_ONCE: usize = 256;
/// Shards that are named in one message.
const MOST_NAMED: usize = 20;
