//! Which files of a release are wanted, and what becomes of each.

mod hosts;
mod pinned;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::catalog::format::UnpackTable;
use crate::catalog::source::GithubTake;
use crate::catalog::{FileEntry, Host, HostRules, Treatment, UnpackRules};
use crate::context::Context;
use crate::events::Event;
use crate::layout::Means;
use crate::plan::Handling;
use crate::plan::steps::Have;
use crate::providers::{AnyProvider, Extent, Hosts, ListedFile, Listing, ProviderError};
use crate::values::{Algorithm, ByteSize, Digest, RelPath, counted};

use super::choice::{Chooser, Meant};
use super::doubt::Doubts;
use super::download::{Manner, Pinned, Wanted};
use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{FetchOptions, KeepArchives};
use super::gate::{self};
use super::stored_listing;
use super::target::Target;

pub(super) use hosts::{TooOpen, archive_password, found, held, hosts, hosts_of, hosts_with};

/// The files of a listing that are wanted, with what becomes of each.
pub(super) fn wanted(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    listing: Listing,
    means: Means,
    warnings: &mut Vec<String>,
) -> Result<Vec<Wanted>, Failure> {
    if listing.0.is_empty() && means == Means::Fetch {
        return Err(nothing_listed(target));
    }
    let mut chooser = Chooser::of(&options.choice, target.selection)?;
    let keep = keeps(context, options);
    let channel = target.source.channel.as_str();
    let entries: HashMap<&RelPath, &FileEntry> =
        target.selection.files(Some(channel)).map(|file| (&file.path, file)).collect();
    // What the entry keeps for another variant or source is not taken from a host's list.
    let named: HashSet<&RelPath> = target.selection.release().files.iter().map(|file| &file.path).collect();
    let rules = HostRules::of(target.selection, &target.source.host);
    let parts = parts_of_split(target);
    let terms = target.selection.file_terms(Some(channel));
    let shelf = context.shelf()?;
    let mut notices = Vec::new();
    let mut wanted = Vec::with_capacity(listing.0.len());
    let mut alike = Alike::default();
    let mut by_hand = Vec::new();
    let mut passed_over = Vec::new();
    let doubts = Doubts::of(target.selection, channel);
    for mut listed in InTurn::of(listing) {
        let entry = entries.get(&listed.path).copied();
        let treatment = match entry {
            Some(entry) => Some(Treatment::from(entry)),
            None if target.source.lists => rules.treatment(&listed.path, named.contains(&listed.path)),
            None => None,
        };
        let Some(treatment) = treatment else { continue };
        // What the host states of this very file comes first.
        let stated = listed.stated.clone();
        let own = stated.as_ref().and_then(|stated| stated.license.as_deref());
        let license = match own {
            Some(stated) => Cow::Borrowed(stated),
            None => terms.treated(&treatment),
        };
        let is_archive = treatment.unpack.is_some() || listed.path.file_name().to_lowercase().ends_with(".zip");
        let members = match chooser.meant(
            &listed.path,
            [treatment.group, listed.locator().entity.as_deref()],
            &license,
            is_archive,
        ) {
            Meant::Not => continue,
            Meant::Whole => None,
            Meant::Members { globs, named } => match not_in_places(&treatment, &listed.path) {
                None => Some(globs),
                Some(reason) if named => return Err(unreadable(&listed.path, reason)),
                Some(reason) => {
                    passed_over.push((listed.path, reason));
                    continue;
                }
            },
        };
        let pinned = options.pins.as_ref().and_then(|pins| pins.parts.get(&listed.path));
        if options.pins.is_some() && pinned.map(|part| &part.globs) != members.as_ref() {
            return Err(pinned::other_part(target, &listed.path));
        }
        if treatment.manual && means == Means::Fetch {
            by_hand.push(listed.path.to_string());
            continue;
        }
        let is_part = parts.contains(listed.path.as_str()) || parts.contains(listed.path.file_name());
        let license = match own {
            Some(stated) => Cow::Owned(terms.stated(stated, shelf)),
            None => license,
        };
        let license = (license != terms.whole()).then(|| license.into_owned());
        if let Some(notice) = listed.notice().filter(|notice| notices.last() != Some(&(*notice).to_owned())) {
            notices.push(notice.to_owned());
        }
        let doubt = doubts.set_apart(&mut listed, entry);
        let manner = match members {
            None => Manner { doubt, ..manner(target, options, &treatment, &listed, keep, is_part, license)? },
            Some(globs) => Manner {
                directory: pinned.and_then(|part| part.directory),
                ..manner_of_members(options, &treatment, &listed, globs, license)?
            },
        };
        let of_entry = entry_first(&mut listed.digests, entry);
        wanted.push(Wanted { manner: alike.shared(manner), listed, of_entry, have: Have::Nothing });
    }
    chooser.refuse_idle(options.idle_globs, target.selection, terms.whole())?;
    warnings.extend(notices);
    if let Some((path, reason)) = passed_over.first() {
        if wanted.is_empty() {
            return Err(unreadable(path, reason));
        }
        warnings.push(not_looked_for(path, reason, passed_over.len() - 1));
    }
    if !by_hand.is_empty() {
        warnings.push(format!("`{}`: a person must get {} and import them", target.selection, by_hand.join(", ")));
    }
    if wanted.is_empty() {
        let failure = Failure::new(Exit::USAGE, format!("nothing of `{}` is left to fetch", target.selection));
        return Err(failure.help("`medsets info ID --files` lists the files; globs match paths and groups of files"));
    }
    Ok(wanted)
}

/// Puts the digests that the entry names before those of the host, and counts them.
fn entry_first(digests: &mut [Digest], entry: Option<&FileEntry>) -> u8 {
    let Some(entry) = entry else { return 0 };
    let is_of_entry = |digest: &Digest| entry.digests.contains(digest);
    digests.sort_by_key(|digest| !is_of_entry(digest));
    let count = digests.iter().filter(|digest| is_of_entry(digest)).count();
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// A host that answers, and has no file of the release any more, or not yet.
fn nothing_listed(target: &Target<'_>) -> Failure {
    let (selection, channel) = (target.selection, &target.source.channel);
    let page = selection.dataset().entry.homepage.as_ref().map_or(String::new(), |page| format!(": see <{page}>"));
    Failure::new(Exit::GONE, format!("source `{channel}` lists no file of `{selection}`"))
        .help(format!("the publisher may have withdrawn or moved the files, or not put them there yet{page}"))
        .help("`medsets info ID --sources` names other sources, to be chosen with `--source`")
}

/// The files a source has.
pub(super) struct Listed {
    /// What the host lists, completed by what the entry knows.
    pub listing: Listing,
    /// Whether the host listed them now: the list is to be kept until the fetch is finished.
    pub is_new: bool,
}

/// What the host lists, as an unfinished fetch kept it or asked for now.
pub(super) async fn listing(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    provider: &AnyProvider,
    hosts: &Hosts,
) -> Result<Listed, Failure> {
    let channel = target.source.channel.as_str();
    if let Some(pins) = &options.pins {
        let listing = pinned::listing(context, target, options, pins, provider, hosts).await?;
        return Ok(Listed { listing, is_new: false });
    }
    let mut known = Listing::of_entry(target.selection.files(Some(channel)), channel);
    let doubts = Doubts::of(target.selection, channel);
    // A change that the person accepts is none to be told of, nor is a known error of the host.
    for file in &mut known.0 {
        if doubts.concern(&file.path) {
            file.digests = Vec::new();
        }
        if options.accepts(&file.path) {
            (file.size, file.digests) = (None, Vec::new());
        }
    }
    if !target.source.lists {
        let listing = provider.list(hosts, known.clone(), Extent::Known).await;
        let listing = listing.map_err(|error| by_hand(error, target))?.into_one_tree()?.completed_by(known)?;
        return Ok(Listed { listing, is_new: false });
    }
    if let Some(listing) = stored_listing::read(target, &options.choice.include)? {
        return Ok(Listed { listing: listing.completed_by(known)?, is_new: false });
    }
    let reason = format!("`{}` lists its files", target.source.host.name());
    context.report.report(Event::Waiting { reason });
    let listing = provider.list(hosts, known.clone(), Extent::All).await.map_err(|error| by_hand(error, target))?;
    Ok(Listed { listing: listing.into_one_tree()?.completed_by(known)?, is_new: true })
}

/// What becomes of a file, which is tried with its path.
fn manner(
    target: &Target<'_>,
    options: &FetchOptions,
    treatment: &Treatment<'_>,
    listed: &ListedFile,
    keep: bool,
    is_part: bool,
    license: Option<String>,
) -> Result<Manner, Failure> {
    let unpack = treatment.unpack.filter(|_| options.unpack);
    let handling = match unpack {
        Some(rules) => {
            Handling::Unpack { members: rules.table.members, bytes: rules.table.unpacked_size.map(ByteSize), keep }
        }
        None if treatment.unpack.is_some() || (is_part && options.unpack) => {
            Handling::Place { into: RelPath::parse("archives").expect("it is a name") }
        }
        None => Handling::Place { into: treatment.into.clone() },
    };
    if let Handling::Place { into } = &handling {
        listed.path.below(into).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?;
    }
    let tree = match &target.source.host {
        Host::Github { tree: Some(tree), tag: None, take: GithubTake::Archive, .. } if listed.digests.is_empty() => {
            Some(
                Digest::from_hex(Algorithm::Sha1, tree)
                    .map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?,
            )
        }
        _ => None,
    };
    let unpack = unpack.map(|rules| rules.of_archive(&listed.path)).transpose();
    let unpack = unpack.map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?;
    Ok(Manner {
        handling,
        about: treatment.size_about,
        unpack,
        members: Vec::new(),
        license,
        notice: listed.notice().map(str::to_owned),
        changed_is_fine: options.accepts(&listed.path),
        reason: reason(options, &listed.path),
        doubt: None,
        pinned: options.pins.as_ref().map_or(Pinned::No, |pins| pins.of_file(&listed.path)),
        directory: None,
        tree,
    })
}

/// What becomes of an archive of which only some members are wanted.
fn manner_of_members(
    options: &FetchOptions,
    treatment: &Treatment<'_>,
    listed: &ListedFile,
    globs: Vec<String>,
    license: Option<String>,
) -> Result<Manner, Failure> {
    let bare = UnpackRules { into: treatment.into.clone(), table: UnpackTable::default() };
    let rules = treatment.unpack.unwrap_or(&bare).of_archive(&listed.path);
    Ok(Manner {
        handling: Handling::Members { of: listed.size, read: None, files: Vec::new() },
        about: None,
        unpack: Some(rules.map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?),
        members: globs,
        license,
        notice: listed.notice().map(str::to_owned),
        changed_is_fine: options.accepts(&listed.path),
        reason: reason(options, &listed.path),
        doubt: None,
        pinned: options.pins.as_ref().map_or(Pinned::No, |pins| pins.of_file(&listed.path)),
        directory: None,
        tree: None,
    })
}

/// Why single members of an archive cannot be read, where that is so by what is known of it.
fn not_in_places(treatment: &Treatment<'_>, path: &RelPath) -> Option<&'static str> {
    let table = treatment.unpack.map(|rules| &rules.table);
    if table.is_some_and(|table| !table.parts.is_empty()) {
        return Some("it is split into parts");
    }
    let format = table.and_then(|table| table.format.as_deref());
    let is_zip = format.map_or_else(|| path.file_name().to_lowercase().ends_with(".zip"), |format| format == "zip");
    (!is_zip).then_some("only a zip can be read in places, and this must be read from its start")
}

/// Why other bytes than the publisher's are taken: the person's own words, else those in the lock.
fn reason(options: &FetchOptions, path: &RelPath) -> Option<String> {
    let own = options.reason.clone().filter(|_| options.accepts(path));
    own.or_else(|| options.pins.as_ref()?.reason(path))
}

/// Members were looked for elsewhere, and not in this archive and so many others.
fn not_looked_for(path: &RelPath, reason: &str, others: usize) -> String {
    let others = if others > 0 { format!(", nor in {}", counted(others as u64, "other file")) } else { String::new() };
    format!("members are not looked for in `{path}`: {reason}{others}")
}

fn unreadable(path: &RelPath, reason: &str) -> Failure {
    Failure::new(Exit::UNSUPPORTED, format!("no single members can be had of `{path}`: {reason}"))
        .in_file(path)
        .help("fetch it whole, without `--members`")
}

/// The files of a listing in turn, whose memory is given back on the way: what becomes of a
/// million files is held beside what is left of them, not beside all.
struct InTurn(Vec<ListedFile>);

impl InTurn {
    fn of(listing: Listing) -> Self {
        let mut files = listing.0;
        files.reverse();
        Self(files)
    }
}

impl Iterator for InTurn {
    type Item = ListedFile;

    fn next(&mut self) -> Option<ListedFile> {
        const GIVEN_BACK_EVERY: usize = 1 << 15;
        let next = self.0.pop();
        if self.0.len().is_multiple_of(GIVEN_BACK_EVERY) {
            self.0.shrink_to_fit();
        }
        next
    }
}

/// The manners of files that were wanted lately, so that the many that are treated alike share
/// one.
#[derive(Default)]
struct Alike(VecDeque<Arc<Manner>>);

impl Alike {
    fn shared(&mut self, manner: Manner) -> Arc<Manner> {
        let is_same = |one: &&Arc<Manner>| {
            one.unpack.is_none()
                && manner.unpack.is_none()
                && one.handling == manner.handling
                && one.about == manner.about
                && one.license == manner.license
                && one.notice == manner.notice
                && (one.changed_is_fine, &one.reason) == (manner.changed_is_fine, &manner.reason)
                && one.doubt == manner.doubt
                && one.pinned == manner.pinned
                && one.tree == manner.tree
        };
        if let Some(same) = self.0.iter().find(is_same) {
            return same.clone();
        }
        let manner = Arc::new(manner);
        self.0.push_front(manner.clone());
        self.0.truncate(8);
        manner
    }
}

/// The names of further parts of split archives.
fn parts_of_split<'t>(target: &'t Target<'_>) -> HashSet<&'t str> {
    let channel = Some(target.source.channel.as_str());
    let rules = target.selection.files(channel).filter_map(|file| file.unpack.as_ref());
    rules.flat_map(|rules| rules.table.parts.iter().map(String::as_str)).collect()
}

/// Whether archives stay after unpacking.
pub(super) fn keeps(context: &Context, options: &FetchOptions) -> bool {
    match options.keep_archives {
        Some(keep) => keep == KeepArchives::Yes,
        None => context.settings.text("keep-archives") == Some("yes"),
    }
}

/// A source that only a person can use: what to get, and how to go on.
pub(super) fn by_hand(error: ProviderError, target: &Target<'_>) -> Failure {
    let manual = matches!(error, ProviderError::ByHand { .. });
    let mut failure = Failure::from(error);
    if !manual {
        return failure;
    }
    failure.message = format!("no program can fetch `{}` from `{}`", target.selection, target.source.host.name());
    let channel = Some(target.source.channel.as_str());
    let names: Vec<String> = target.selection.files(channel).take(20).map(|file| format!("`{}`", file.path)).collect();
    let failure = if names.is_empty() { failure } else { failure.help(format!("the files are {}", names.join(", "))) };
    failure
        .help(format!("then take them in with `medsets import {} PATH...`", gate::name_for_command(target.selection)))
}
