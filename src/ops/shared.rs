//! Data folders that somebody else has filled, looked at before a host is asked (`shared-dirs`).
//!
//! They are read and never written. A dataset that is whole there is used where it lies: its
//! place in the person's own data folder becomes a link to it. The gate is the person's own,
//! passed before anything here is called; so is the ledger, which gets an entry of its own.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::access::Purpose;
use crate::context::Context;
use crate::fs;
use crate::layout::check::{self, CheckMode};
use crate::layout::inventory::InventoryReader;
use crate::layout::{DatasetDir, LayoutError, LinkKind, LinkMark, Receipt, Records, Store};
use crate::remedy;
use crate::values::{Digest, Printable};

use super::download::Tally;
use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{self, FetchOptions, Process, receipt_selection};
use super::foreign::Foreign;
use super::gate::{self, Compare};
use super::hands_off::HandsOff;
use super::held;
use super::report::Fetched;
use super::target::Target;

/// A dataset in a shared folder that is whole.
pub(super) struct Copy {
    dir: DatasetDir,
    receipt: Receipt,
}

/// Where the place of a dataset leads, where it is a link to the same place of another data
/// folder with a dataset in it.
pub(super) fn leads_to(dir: &DatasetDir) -> Option<PathBuf> {
    link_of(dir).filter(
        |held| matches!(Records::of(&DatasetDir::at(held.clone())), Ok(found) if !matches!(found, Records::Absent)),
    )
}

/// Where such a link led before what it leads to was gone or closed.
pub(super) fn lost(dir: &DatasetDir) -> Option<PathBuf> {
    link_of(dir).filter(|held| matches!(Records::of(&DatasetDir::at(held.clone())), Err(_) | Ok(Records::Absent)))
}

/// Whether what a link holds is a shared copy: by the mark beside it, or by the folders that the
/// settings name.
pub(super) fn is_shared(context: &Context, dir: &DatasetDir, place: &Path) -> bool {
    if let Some(mark) = LinkMark::of_link(dir) {
        return mark.kind == LinkKind::Shared;
    }
    let folders = context.settings.paths(&context.environment, "shared-dirs").unwrap_or_default();
    folders.iter().any(|folder| place.starts_with(folder))
}

/// What such a link holds, by the mark beside it; an older one has none, and holds an absolute
/// path that ends like its own.
fn link_of(dir: &DatasetDir) -> Option<PathBuf> {
    let held = PathBuf::from(fs::link_target(dir.root()).ok()??);
    if let Some(mark) = LinkMark::of_link(dir) {
        return (mark.kind == LinkKind::Shared).then_some(held);
    }
    let last = |path: &Path| -> Vec<_> { path.iter().rev().take(2).map(std::ffi::OsStr::to_owned).collect() };
    (held.is_absolute() && last(&held) == last(dir.root())).then_some(held)
}

/// Where the place of a dataset leads, where it is a link to what another keeps, as far as is known: behind
/// it nothing is written. What is adopted is the person's own.
pub(super) fn of_another(dir: &DatasetDir) -> Result<Option<PathBuf>, fs::FsError> {
    let is_own = LinkMark::of_link(dir).is_some_and(|mark| mark.kind == LinkKind::Adopted);
    Ok(if is_own { None } else { fs::link_target(dir.root())?.map(PathBuf::from) })
}

/// Nothing is written into a folder of somebody else.
pub(super) fn read_only(target: &Target<'_>, at: &Path) -> Failure {
    let name = target.selection.to_string();
    let message = format!("`{name}` is used from a shared folder, where nothing is written: `{}`", at.display());
    Failure::new(Exit::DENIED, message)
        .of(target.selection.id())
        .help(HandsOff::Shared.advice(&name, target.pins.is_some()))
}

/// A whole copy of what is asked for, in the first shared folder that has one. What cannot be
/// read is told of and passed over.
pub(super) async fn find(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<Option<Copy>, Failure> {
    // Another folder is named for a copy of one's own.
    if options.to.is_some() || !options.accept_changed.is_empty() || target.dir.has_records()? {
        return Ok(None);
    }
    for folder in folders(context, target, warnings) {
        let dir = DatasetDir::new(&folder, target.selection.id(), &target.selection.slug());
        let receipt = match whole(target, &dir, options) {
            Ok(Some(receipt)) => receipt,
            Ok(None) => continue,
            Err(error) => {
                fetch::tell(
                    warnings,
                    format!("the shared copy `{}` is not used: {}", dir.root().display(), error.message),
                );
                continue;
            }
        };
        if is_allowed(context, target, options, &receipt).await? {
            return Ok(Some(Copy { dir, receipt }));
        }
    }
    Ok(None)
}

/// The receipt of a folder that has what is asked for, by its records, by what the own catalogue
/// says of them, and by size and time of every file. Fails where something stands in the way of
/// using it.
fn whole(target: &Target<'_>, dir: &DatasetDir, options: &FetchOptions) -> Result<Option<Receipt>, Failure> {
    let receipt = match Records::of(dir)? {
        Records::Absent => return Ok(None),
        Records::Broken { error, .. } => return Err(error.into()),
        Records::Good(receipt) => *receipt,
    };
    refuse_other(target, &receipt)?;
    let asked = receipt_selection(options);
    // A link to all of it would bring files along that are under other licences.
    if !receipt.selection.covers(&asked) || (receipt.selection.whole && !asked.choice.licenses.is_empty()) {
        return Ok(None);
    }
    if let Some(pins) = &options.pins
        && !pins.are_those_of(dir, &receipt, &asked)?
    {
        return Ok(None);
    }
    check::check_record(&dir.manifest_path(), receipt.tree)?;
    receipt.listed.check(dir)?;
    let found = check::check(dir, CheckMode::Quick, &|_, _| ())?;
    if found.tree != Some(receipt.tree) {
        let found = found.tree.unwrap_or(receipt.tree);
        return Err(LayoutError::Altered { path: dir.inventory_path(), expected: receipt.tree, found }.into());
    }
    if let Some(path) = found.changed.first() {
        return Err(LayoutError::Changed { path: path.under(dir.root()) }.into());
    }
    if let Some(path) = found.missing.first() {
        return Err(LayoutError::Lost { path: path.under(dir.root()) }.into());
    }
    refuse_unlike_entry(target, dir, &receipt)?;
    // Names and sizes can be seen of files that cannot be read.
    if let Some(first) = InventoryReader::open(&dir.inventory_path())?.next().transpose()? {
        fs::open(&first.path.under(dir.root()))?;
    }
    Ok(Some(receipt))
}

/// A folder may hold another dataset than its name says.
fn refuse_other(target: &Target<'_>, receipt: &Receipt) -> Result<(), Failure> {
    let (own, found) = (target.name(), receipt.name());
    match own == found {
        true => Ok(()),
        false => Err(Failure::new(Exit::DIFFERENT, format!("by its records it is `{found}`, not `{own}`"))),
    }
}

/// Its records must speak of the release that the own catalogue means.
fn refuse_unlike_entry(target: &Target<'_>, dir: &DatasetDir, receipt: &Receipt) -> Result<(), Failure> {
    let Some(source) = target.selection.source(Some(&receipt.source.channel)) else {
        let message =
            format!("it came by `{}`, which is no source of the release", Printable::new(&receipt.source.channel));
        return Err(Failure::new(Exit::DIFFERENT, message));
    };
    let foreign = Foreign {
        selection: target.selection,
        source,
        part: &receipt.selection,
        laid_out_by: receipt.catalog.entry,
        partial: &receipt.partial,
        accepted: &[],
    };
    match foreign.judge(receipt.listed.read(dir)?, InventoryReader::open(&dir.inventory_path())?)? {
        Some(disagreement) => Err(disagreement.failure("it")),
        None => Ok(()),
    }
}

/// Whether the person may have what came by the channel of that copy, which may ask for more
/// than the one that was chosen here.
async fn is_allowed(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    receipt: &Receipt,
) -> Result<bool, Failure> {
    let channel = receipt.source.channel.as_str();
    if channel == target.source.channel {
        return Ok(true);
    }
    if options.source.is_some() || target.selection.source(Some(channel)).is_none() {
        return Ok(false);
    }
    let gate = gate::gate(context, target.selection, Some(channel), Purpose::Fetch, Compare::Pages).await?;
    Ok(gate.is_open())
}

/// Uses a shared copy: a link in the dataset's place, and an entry in the person's ledger. A dry
/// run does neither, nor does a shard: that is for whichever run finishes the dataset.
///
/// After a failure of the ledger the link is gone again; after a kill in between, the next
/// [`again`] makes the entry.
pub(super) fn take(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    copy: &Copy,
) -> Result<Fetched, Failure> {
    if is_only_told(options) {
        return told(target, &copy.receipt, &copy.dir);
    }
    let workspace = target.hold(context)?;
    // Another run may have done the same while this one waited.
    if let Some(at) = leads_to(&target.dir) {
        let dir = DatasetDir::at(at);
        let Some(receipt) = Receipt::read(&dir)? else { return Err(read_only(target, dir.root())) };
        held::enter(context, &receipt, &dir, SHARED)?;
        workspace.discard_if_idle()?;
        return told(target, &receipt, &dir);
    }
    if target.dir.has_records()? {
        let failure = Failure::new(Exit::HELD, format!("another run has put `{}` in its place", target.selection));
        return Err(Failure { retryable: true, ..failure.help("run the same command again") });
    }
    target.check_place()?;
    let place = target.dir.root();
    let parent = place.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent, target.access)?;
    // An empty folder in its place is nobody's.
    fs::remove_dir_if_empty(place);
    let origin = copy.dir.root().to_string_lossy();
    LinkMark::of(LinkKind::Shared, &origin).write(&target.dir, target.access)?;
    fs::symbolic_link(&origin, place)?;
    fs::sync_dir(parent)?;
    held::enter(context, &copy.receipt, &copy.dir, SHARED).inspect_err(|_| {
        // The failure of the ledger is the one to tell.
        let _ = fs::remove_file(place).and_then(|()| LinkMark::remove(&target.dir));
    })?;
    workspace.discard()?;
    told(target, &copy.receipt, &copy.dir)
}

/// Whether a run changes nothing where a shared copy is used.
fn is_only_told(options: &FetchOptions) -> bool {
    options.dry_run || matches!(options.process, Process::Shard(_))
}

/// A shared copy that is used already: the entry in the ledger is made where a kill prevented
/// it, or where the copy is another one since.
pub(super) fn again(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    receipt: &Receipt,
    at: &Path,
) -> Result<Fetched, Failure> {
    let dir = DatasetDir::at(at.to_path_buf());
    if !is_only_told(options) && !held::is_entered(context, receipt, &dir)? {
        // Another copy than the one that was taken lies there since.
        let judged = refuse_other(target, receipt).and_then(|()| refuse_unlike_entry(target, &dir, receipt));
        judged.map_err(|failure| {
            let name = gate::name_for_command(target.selection);
            let message = format!("the shared copy `{}` is another since: {}", at.display(), failure.message);
            let failure = Failure { message, ..failure }.of(target.selection.id());
            failure.help(format!("`medsets remove {name}` takes the link away; `medsets fetch {name}` looks anew"))
        })?;
        let workspace = target.hold(context)?;
        held::enter(context, receipt, &dir, SHARED)?;
        workspace.discard_if_idle()?;
    }
    told(target, receipt, &dir)
}

/// The note of an entry for a copy that lies in a shared folder.
const SHARED: &str = "shared copy";

fn told(target: &Target<'_>, receipt: &Receipt, dir: &DatasetDir) -> Result<Fetched, Failure> {
    let digest = Receipt::digest_of(dir)?;
    let fetched = fetch::summary(target, receipt, Some(digest), &Tally::default());
    Ok(Fetched { shared: Some(dir.root().to_path_buf()), ..fetched })
}

/// Files of shared folders that have one of these digests by the records beside them: those of
/// every release of the dataset, and the objects of their stores.
pub(super) fn files(
    context: &Context,
    target: &Target<'_>,
    digests: &HashSet<Digest>,
    warnings: &mut Vec<String>,
) -> HashMap<Digest, Vec<PathBuf>> {
    let mut found: HashMap<Digest, Vec<PathBuf>> = HashMap::new();
    for folder in folders(context, target, warnings) {
        let objects = super::sharing::objects(context, &Store::of(&folder), target.access);
        let stored = digests.iter().filter(|digest| objects.has(digest, None).unwrap_or(false));
        stored.for_each(|digest| found.entry(*digest).or_default().push(objects.place(digest)));
        for root in fs::list_dir(&folder.join(target.selection.id().as_str())).unwrap_or_default() {
            let dir = DatasetDir::at(root);
            if let Err(error) = note_files(&dir, digests, &mut found) {
                let at = dir.root().display();
                fetch::tell(
                    warnings,
                    format!("the records of the shared copy `{at}` end early: {}", remedy::chain(&error)),
                );
            }
        }
    }
    found
}

fn note_files(
    dir: &DatasetDir,
    digests: &HashSet<Digest>,
    found: &mut HashMap<Digest, Vec<PathBuf>>,
) -> Result<(), LayoutError> {
    if !dir.has_records()? {
        return Ok(());
    }
    let mut note = |sha256: Digest, path: PathBuf| {
        if digests.contains(&sha256) {
            found.entry(sha256).or_default().push(path);
        }
    };
    for record in InventoryReader::open(&dir.inventory_path())? {
        let record = record?;
        note(record.sha256, record.path.under(dir.root()));
    }
    let Some(receipt) = Receipt::read(dir)? else { return Ok(()) };
    for mark in receipt.listed.read(dir)? {
        let mark = mark?;
        note(mark.sha256, mark.path.under(&dir.archives()));
    }
    Ok(())
}

/// The shared folders, without the one that the dataset goes to.
fn folders(context: &Context, target: &Target<'_>, warnings: &mut Vec<String>) -> Vec<PathBuf> {
    let own = target.dir.root().parent().and_then(Path::parent).and_then(|own| fs::canonical(own).ok());
    let mut found = Vec::new();
    for folder in context.settings.paths(&context.environment, "shared-dirs").unwrap_or_default() {
        match fs::list_dir(&folder) {
            Err(error) => fetch::tell(warnings, format!("a shared folder is not looked at: {error}")),
            Ok(_) if !fs::is_dir(&folder) => {
                fetch::tell(
                    warnings,
                    format!("a shared folder is not looked at: there is no folder `{}`", folder.display()),
                );
            }
            Ok(_) if own.is_some() && fs::canonical(&folder).ok() == own => {}
            Ok(_) => found.push(folder),
        }
    }
    found
}
