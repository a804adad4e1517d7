//! One dataset of a project, resolved to its files, and pinned by what is known of them here.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{Locator, Selection};
use crate::context::Context;
use crate::layout::receipt::PartialMark;
use crate::layout::{DatasetDir, ListedMark, Means, Proof, Receipt, Records};
use crate::licenses::TextSource;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{FetchOptions, IdleGlobs, agrees, has_part, receipt_selection};
use crate::ops::particulars;
use crate::ops::selection::one_selection;
use crate::ops::stop::unless_stopped;
use crate::ops::target::Target;
use crate::ops::texts;
use crate::ops::wanted::{self, wanted};
use crate::project::lock::{AcceptedFile, LOCK_FILE, LOCK_FOLDER, LockedFiles, LockedText, PinnedBy};
use crate::project::{Locked, LockedFile, LockedPart, Used};
use crate::providers::{AnyProvider, Extent, ListedFile, Listing, ProviderError};
use crate::values::{ByteSize, Choice, Digest, RelPath, SafeUrl, counted};

use super::Resolved;
use super::files::LockFolder;
use super::secrets;

/// The choice of files that a table or a lock makes, as a fetch is told of it.
pub(in crate::ops) fn selection_options(channel: Option<&str>, choice: &Choice) -> FetchOptions {
    FetchOptions { choice: choice.clone(), source: channel.map(str::to_owned), unpack: true, ..FetchOptions::default() }
}

/// Resolves a table by the catalogue and, where a host lists the files, by the host. What an
/// earlier lock knew of the same bytes is kept.
pub(super) async fn afresh<'l>(
    context: &Context,
    used: &Used,
    name: &str,
    folder: &LockFolder,
    mut before: impl Iterator<Item = &'l Locked>,
    trees: Trees,
    warnings: &mut Vec<String>,
) -> Result<Resolved, Failure> {
    let selection = one_selection(context, name)?;
    secrets::refuse(&selection)?;
    let asked = selection_options(used.channel.as_deref(), &used.choice.in_order());
    let options = FetchOptions { idle_globs: IdleGlobs::Refused, ..asked };
    let target = Target::of(context, &selection, used.channel.as_deref(), None)?;
    let (files, is_located) = files_today(context, &target, &options, warnings).await?;
    let channel = target.source.channel.clone();
    let locked = Locked {
        id: selection.id().clone(),
        version: selection.release().version.clone(),
        variant: selection.variant_name().map(str::to_owned),
        reference: selection.reference(),
        input: used.input(),
        choice: used.choice.in_order(),
        entry: selection.dataset().digest,
        license: selection.license(Some(&channel)).to_owned(),
        channel,
        texts: Vec::new(),
        accepted: Vec::new(),
        tree: None,
        bytes: ByteSize::ZERO,
        is_located,
        files: LockedFiles::Within(Vec::new()),
    };
    let earlier = before.find(|one| is_of_same(one, &locked));
    let mut resolved = Resolved { locked, files, selection: selection.clone() };
    if let Some(earlier) = earlier {
        match folder.files(earlier) {
            Ok(known) => keep_earlier(context, &target, folder, (earlier, &known), trees, &mut resolved)?,
            Err(failure) => warnings.extend(forgotten(earlier, &failure)),
        }
    }
    bundled_texts(context, &selection, &mut resolved.locked).await?;
    Ok(resolved)
}

/// Whether two locks speak of one release by one channel.
pub(super) fn is_of_same(one: &Locked, other: &Locked) -> bool {
    one.name() == other.name() && one.channel == other.channel
}

/// Adds the texts that an earlier lock names: what this person did not accept, another may have.
pub(super) fn add_texts(locked: &mut Locked, texts: &[LockedText]) {
    texts.iter().for_each(|text| add_text(locked, text.license.clone(), text.sha256));
}

/// The files that are asked for as they are today, in the order of their paths, and whether the lock
/// can say where each is.
async fn files_today(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    warnings: &mut Vec<String>,
) -> Result<(Vec<LockedFile>, bool), Failure> {
    let (listing, here) = listing(context, target, options).await?;
    let listed: Vec<(ListedFile, Option<Box<LockedPart>>)> =
        wanted(context, target, options, listing, Means::Import, warnings)?
            .into_iter()
            .map(|one| (one.listed, part_of(&one.manner.members)))
            .collect();
    // Addresses that may be signed are never written down: their host is asked again.
    let is_told = here.is_empty() && listed.iter().all(|(file, _)| can_be_written(file.locator()));
    let is_located = !target.source.lists || is_told;
    let of_entry = target.selection.files(Some(&target.source.channel));
    let entries: HashMap<&RelPath, &[Digest]> = of_entry.map(|file| (&file.path, file.digests.as_slice())).collect();
    let keeps_places = target.source.lists && is_located;
    let mut files: Vec<LockedFile> = listed
        .into_iter()
        .map(|(file, part)| {
            let of_entry = entries.get(&file.path).copied().unwrap_or_default();
            let proof = here.get(&file.path).copied();
            let file = locked_file(file, of_entry, keeps_places);
            // Of an archive whose members alone are here, no SHA-256 is.
            let proof = proof.filter(|_| file.sha256().is_some());
            LockedFile { from: proof.map_or(file.from, pinned_by), part, ..file }
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok((files, is_located))
}

/// Takes over what an earlier lock knew of the same bytes: SHA-256, reasons for accepted changes and,
/// where it still is that of all of them, the tree.
fn keep_earlier(
    context: &Context,
    target: &Target<'_>,
    folder: &LockFolder,
    (earlier, known): (&Locked, &[LockedFile]),
    trees: Trees,
    resolved: &mut Resolved,
) -> Result<(), Failure> {
    let Resolved { locked, files, selection } = resolved;
    keep_known(files, known);
    locked.accepted.clone_from(&earlier.accepted);
    let is_same = known.len() == files.len() && known.iter().zip(&*files).all(|(one, other)| same_pin(one, other));
    let before = folder.selection(context, earlier).ok();
    let is_here = || {
        let here = Receipt::read(&target.dir)?;
        Ok::<_, Failure>(here.is_some_and(|here| Some(here.tree) == earlier.tree))
    };
    if is_same
        && (trees == Trees::Kept || is_here()?)
        && before.is_some_and(|before| same_layout(&before, selection, &locked.channel))
    {
        locked.tree = earlier.tree;
    }
    Ok(())
}

/// What goes with an earlier lock whose list of files cannot be read any more; nothing where no file
/// was pinned by it.
fn forgotten(earlier: &Locked, failure: &Failure) -> Option<String> {
    let pinned = earlier.count() - earlier.unpinned();
    (pinned > 0).then(|| {
        format!(
            "{}: `{}` is resolved without it, and what it said of {} is forgotten: those that the catalogue and the \
             host name no SHA-256 of, and changes that were accepted, are proven by no earlier lock any more; take \
             `{LOCK_FILE}` and `{LOCK_FOLDER}` from version control and run it again to keep that",
            failure.message,
            earlier.name(),
            counted(pinned, "file")
        )
    })
}

/// Whether a tree that an earlier lock names is believed without the dataset being here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trees {
    /// It is, for the same bytes laid out by the same rules.
    Kept,
    /// It is to be made again.
    Forgotten,
}

/// Whether two entries lay the same files out alike.
fn same_layout(one: &Selection, other: &Selection, channel: &str) -> bool {
    let rules = |selection: &Selection| {
        let files = selection.files(Some(channel)).map(|file| format!("{:?}", (&file.path, &file.into, &file.unpack)));
        let rules = selection.rules().map(|rule| format!("{:?}", (&rule.pattern, &rule.into, &rule.unpack, rule.skip)));
        files.chain(rules).collect::<Vec<_>>()
    };
    one.dataset().digest == other.dataset().digest || rules(one) == rules(other)
}

/// What of an archive alone is wanted, where these members of it are.
fn part_of(globs: &[String]) -> Option<Box<LockedPart>> {
    (!globs.is_empty()).then(|| Box::new(LockedPart { globs: globs.to_vec(), directory: None }))
}

/// The files of the source; where only a person can get them, those that the entry names; where
/// the host cannot be asked, those that are here, with what proved them.
async fn listing(context: &Context, target: &Target<'_>, options: &FetchOptions) -> Result<(Listing, Proofs), Failure> {
    let channel = target.source.channel.as_str();
    let provider = AnyProvider::of(target.source, target.selection);
    let known = || Listing::of_entry(target.selection.files(Some(channel)), channel);
    if !target.source.lists {
        return Ok((known(), Proofs::new()));
    }
    let of_host = async {
        let hosts = wanted::hosts(context, &provider, target)?.asked_for(&options.choice.include);
        match unless_stopped(context, provider.list(&hosts, known(), Extent::All)).await? {
            Ok(listing) => Ok(listing.into_one_tree()?.completed_by(known())?),
            Err(ProviderError::ByHand { .. }) => Ok(known()),
            Err(error) => Err(wanted::by_hand(error, target).of(target.selection.id())),
        }
    };
    match of_host.await {
        Err(failure) if failure.exit == Exit::OFFLINE || failure.exit == Exit::CONNECT => {
            let here = listing_here(target, options)?;
            here.ok_or_else(|| failure.help("or run it where the dataset is on disk: its own records tell the files"))
        }
        listing => Ok((listing?, Proofs::new())),
    }
}

/// What proved each file of a list that comes from the disk.
type Proofs = HashMap<RelPath, Proof>;

/// What a dataset's folder tells of the files of the release, where it holds what is asked for.
fn listing_here(target: &Target<'_>, options: &FetchOptions) -> Result<Option<(Listing, Proofs)>, Failure> {
    let Records::Good(receipt) = target.records()? else { return Ok(None) };
    let is_same = receipt.catalog.entry == target.selection.dataset().digest
        && receipt.source.channel == target.source.channel
        && receipt.selection == receipt_selection(options)
        && receipt.listed.check(&target.dir).is_ok();
    if !is_same {
        return Ok(None);
    }
    let (mut files, mut proofs) = (Vec::new(), Proofs::new());
    for mark in receipt.listed.read(&target.dir)? {
        let mark = mark?;
        proofs.insert(mark.path.clone(), mark.verified);
        files.push(ListedFile { size: Some(mark.size), digests: vec![mark.sha256], ..ListedFile::named(mark.path) });
    }
    for mark in &receipt.partial {
        proofs.insert(mark.path.clone(), mark.verified);
        files.push(ListedFile { size: Some(mark.size), ..ListedFile::named(mark.path.clone()) });
    }
    Ok(Some((Listing(files), proofs)))
}

fn can_be_written(at: &Locator) -> bool {
    at.url.as_ref().is_none_or(SafeUrl::is_plain)
}

fn locked_file(file: ListedFile, of_entry: &[Digest], keeps_place: bool) -> LockedFile {
    let sha256 = Digest::sha256_in(&file.digests).copied();
    let from = match sha256 {
        Some(sha256) if of_entry.contains(&sha256) => PinnedBy::Catalog,
        Some(_) => PinnedBy::Host,
        None => PinnedBy::Unpinned,
    };
    let at = keeps_place.then(|| {
        let Locator { url, path, file_id, entity, key, .. } = file.locator().clone();
        Locator { url, path, file_id, entity, key, ..Locator::default() }
    });
    let mut digests = sha256.map_or_else(|| file.digests.clone(), |sha256| vec![sha256]);
    digests.sort_by_key(Digest::algorithm);
    LockedFile {
        size: file.size,
        digests,
        from,
        at: at.filter(|at| *at != Locator::default()).map(Arc::new),
        license: file.license().map(Box::from),
        notice: file.notice().map(Box::from),
        members: file.members,
        part: None,
        path: file.path,
    }
}

/// Takes over the SHA-256 and size of files of which nothing contradicts that they are the same.
fn keep_known(files: &mut [LockedFile], known: &[LockedFile]) {
    let known: HashMap<&RelPath, &LockedFile> = known.iter().map(|file| (&file.path, file)).collect();
    for file in files.iter_mut() {
        let Some(earlier) = known.get(&file.path) else { continue };
        keep_directory(file, earlier);
        let Some(sha256) = earlier.sha256().filter(|_| !contradicts(file, earlier)) else { continue };
        let is_same = match file.sha256() {
            Some(own) => own == sha256,
            // Another kind of digest that the host gives says nothing about the one that is known.
            None => file.digests.is_empty(),
        };
        if is_same {
            file.size = file.size.or(earlier.size);
            if file.sha256().is_none() {
                (file.digests, file.from) = (vec![sha256], earlier.from);
            }
        }
    }
}

/// Takes over what is known of an archive's directory, which is that of all its members. Another
/// digest of the archive says that it is another one.
fn keep_directory(file: &mut LockedFile, earlier: &LockedFile) {
    let is_same = file.digests == earlier.digests && !contradicts(file, earlier);
    if let (Some(part), Some(before), true) = (&mut file.part, &earlier.part, is_same) {
        part.directory = before.directory;
        file.size = file.size.or(earlier.size);
    }
}

/// Whether the sizes differ, where both are known.
fn contradicts(file: &LockedFile, earlier: &LockedFile) -> bool {
    file.size.zip(earlier.size).is_some_and(|(one, other)| one != other)
}

fn same_pin(one: &LockedFile, other: &LockedFile) -> bool {
    one.path == other.path && one.is_pinned() && one.sha256() == other.sha256() && one.part == other.part
}

/// Adds what the dataset's folder here tells: SHA-256 of files that had none, or of the directory
/// of an archive whose members alone are wanted, the tree where all
/// of it is what the lock means, and the texts that the person accepted.
pub(in crate::ops) fn pin(context: &Context, selection: &Selection, resolved: &mut Resolved) -> Result<(), Failure> {
    let channel = resolved.locked.channel.clone();
    for (mark, _) in particulars::accepted(context, selection, &channel)? {
        add_text(&mut resolved.locked, mark.license, mark.text_sha256);
    }
    if resolved.locked.tree.is_some() && resolved.files.iter().all(LockedFile::is_pinned) {
        return Ok(());
    }
    let dir = DatasetDir::new(&context.data_dir()?, selection.id(), &selection.slug());
    let Records::Good(receipt) = Records::of(&dir)? else { return Ok(()) };
    if receipt.source.channel != channel || receipt.listed.check(&dir).is_err() {
        return Ok(());
    }
    let mut here: HashMap<RelPath, ListedMark> = HashMap::new();
    for mark in receipt.listed.read(&dir)? {
        let mark = mark?;
        here.insert(mark.path.clone(), mark);
    }
    let partial: HashMap<&RelPath, &PartialMark> = receipt.partial.iter().map(|mark| (&mark.path, mark)).collect();
    let mut is_all = true;
    for file in &mut resolved.files {
        if let Some(part) = &mut file.part {
            let mark = partial.get(&file.path).filter(|mark| has_part(file.size, part, mark));
            if let Some(mark) = mark {
                file.size.get_or_insert(mark.size);
                part.directory = Some(mark.directory_sha256);
            }
            is_all &= mark.is_some();
            continue;
        }
        let is_same = match here.get(&file.path) {
            Some(mark) if agree(file, mark) => {
                file.size.get_or_insert(mark.size);
                if file.sha256().is_none() {
                    (file.digests, file.from) = (vec![mark.sha256], pinned_by(mark.verified));
                    let reason = receipt.reason.as_ref().filter(|_| file.from == PinnedBy::Accepted);
                    reason.into_iter().for_each(|reason| add_reason(&mut resolved.locked, &file.path, reason));
                }
                true
            }
            _ => false,
        };
        is_all &= is_same;
    }
    let locked = &mut resolved.locked;
    let asked = receipt_selection(&selection_options(Some(&channel), &locked.choice));
    let is_of_entry = receipt.catalog.entry == locked.entry && receipt.selection == asked;
    if is_all && is_of_entry && locked.tree.is_none() && here.len() + partial.len() == resolved.files.len() {
        locked.tree = Some(receipt.tree);
    }
    Ok(())
}

/// Whether a file of the lock and one that is here are the same, by all that is known of both.
fn agree(file: &LockedFile, mark: &ListedMark) -> bool {
    agrees(file.size, &file.digests, mark)
}

/// Who named the SHA-256 of a file, by what proved it.
fn pinned_by(proof: Proof) -> PinnedBy {
    match proof {
        Proof::Catalog | Proof::GitTree => PinnedBy::Catalog,
        Proof::Host | Proof::Header => PinnedBy::Host,
        Proof::AcceptedChange => PinnedBy::Accepted,
        // By a lock nothing is pinned that had no digest in it.
        Proof::Lock | Proof::Records | Proof::Size | Proof::FirstUse => PinnedBy::FirstUse,
    }
}

/// Texts that come with the program are known to everybody.
async fn bundled_texts(context: &Context, selection: &Selection, locked: &mut Locked) -> Result<(), Failure> {
    let channel = locked.channel.clone();
    for license in selection.requirements(Some(&channel)).filter_map(|step| step.license.as_deref()) {
        let Some(license) = context.shelf()?.get(license) else { continue };
        if license.text == TextSource::Bundled {
            let had =
                texts::current(context, license).await.map_err(|failure| Failure { exit: Exit::CATALOG, ..failure })?;
            add_text(locked, license.id.clone(), had.text.sha256);
        }
    }
    Ok(())
}

/// Why other bytes of a file were taken.
fn add_reason(locked: &mut Locked, path: &RelPath, reason: &str) {
    locked.accepted.retain(|one| one.path != *path);
    locked.accepted.push(AcceptedFile { path: path.clone(), reason: reason.to_owned() });
    locked.accepted.sort();
}

/// A text that is known is not replaced: that another one was accepted since is told by `sync`.
fn add_text(locked: &mut Locked, license: String, sha256: Digest) {
    if locked.texts.iter().all(|text| text.license != license) {
        locked.texts.push(LockedText { license, sha256 });
        locked.texts.sort();
    }
}
