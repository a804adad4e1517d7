//! What becomes of one file of a listing after another.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::catalog::format::UnpackTable;
use crate::catalog::source::GithubTake;
use crate::catalog::{FileEntry, FileTerms, Host, HostRules, Treatment, UnpackRules};
use crate::context::Context;
use crate::layout::Means;
use crate::licenses::Shelf;
use crate::ops::choice::{Chooser, Meant};
use crate::ops::doubt::Doubts;
use crate::ops::download::{Manner, Pinned, Wanted};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::{FetchOptions, Rest};
use crate::ops::target::Target;
use crate::plan::Handling;
use crate::plan::steps::Have;
use crate::providers::ListedFile;
use crate::values::{Algorithm, ByteSize, Digest, RelPath, counted};

use super::{keeps, pinned};

/// Picks the files that are wanted, and gathers what is to be told of the others.
pub(super) struct Picker<'a> {
    target: &'a Target<'a>,
    options: &'a FetchOptions,
    means: Means,
    keep: bool,
    entries: HashMap<&'a RelPath, &'a FileEntry>,
    /// What the entry keeps for another variant or source is not taken from a host's list.
    named: HashSet<&'a RelPath>,
    rules: HostRules<'a>,
    parts: HashSet<&'a str>,
    terms: FileTerms<'a>,
    shelf: &'a Shelf,
    doubts: Doubts<'a>,
    chooser: Chooser,
    alike: Alike,
    notices: Vec<String>,
    by_hand: Vec<String>,
    passed_over: Vec<(RelPath, &'static str)>,
}

impl<'a> Picker<'a> {
    /// For what a source has of a selection. Fails where what is chosen means nothing.
    pub fn of(
        context: &'a Context,
        target: &'a Target<'a>,
        options: &'a FetchOptions,
        means: Means,
    ) -> Result<Self, Failure> {
        let (selection, channel) = (target.selection, target.source.channel.as_str());
        Ok(Self {
            target,
            options,
            means,
            keep: keeps(context, options),
            entries: selection.files(Some(channel)).map(|file| (&file.path, file)).collect(),
            named: selection.release().files.iter().map(|file| &file.path).collect(),
            rules: HostRules::of(selection, &target.source.host),
            parts: parts_of_split(target),
            terms: selection.file_terms(Some(channel)),
            shelf: context.shelf()?,
            doubts: Doubts::of(selection, channel),
            chooser: Chooser::of(&options.choice, selection)?,
            alike: Alike::default(),
            notices: Vec::new(),
            by_hand: Vec::new(),
            passed_over: Vec::new(),
        })
    }

    /// The file with what becomes of it; `None` where it is not wanted.
    pub fn pick(&mut self, mut listed: ListedFile) -> Result<Option<Wanted>, Failure> {
        let (target, options) = (self.target, self.options);
        let entry = self.entries.get(&listed.path).copied();
        let treatment = match entry {
            Some(entry) => Some(Treatment::from(entry)),
            None if target.source.lists => self.rules.treatment(&listed.path, self.named.contains(&listed.path)),
            None => None,
        };
        let Some(treatment) = treatment else { return Ok(None) };
        // What the host states of this very file comes first.
        let stated = listed.stated.clone();
        let own = stated.as_ref().and_then(|stated| stated.license.as_deref());
        let license = own.map_or_else(|| self.terms.treated(&treatment), Cow::Borrowed);
        let is_archive = treatment.unpack.is_some() || listed.path.file_name().to_lowercase().ends_with(".zip");
        let groups = [treatment.group, listed.locator().entity.as_deref()];
        let members = match self.chooser.meant(&listed.path, groups, &license, is_archive) {
            Meant::Not => return Ok(None),
            Meant::Whole => None,
            Meant::Members { globs, named } => match not_in_places(&treatment, &listed.path) {
                None => Some(globs),
                Some(reason) if named => return Err(unreadable(&listed.path, reason)),
                Some(reason) => {
                    self.passed_over.push((listed.path, reason));
                    return Ok(None);
                }
            },
        };
        let pinned = options.pins.as_ref().and_then(|pins| pins.parts.get(&listed.path));
        // A person brings archives whole.
        let is_fetched = self.means == Means::Fetch;
        if is_fetched && options.pins.is_some() && pinned.map(|part| &part.globs) != members.as_ref() {
            return Err(pinned::other_part(target, &listed.path));
        }
        if treatment.manual && is_fetched {
            if options.rest == Rest::Stays {
                self.by_hand.push(listed.path.to_string());
            }
            return Ok(None);
        }
        let is_part = self.parts.contains(listed.path.as_str()) || self.parts.contains(listed.path.file_name());
        let license = own.map_or(license, |own| Cow::Owned(self.terms.stated(own, self.shelf)));
        let license = (license != self.terms.whole()).then(|| license.into_owned());
        if let Some(notice) = listed.notice().filter(|notice| self.notices.last().is_none_or(|last| last != notice)) {
            self.notices.push(notice.to_owned());
        }
        let doubt = self.doubts.set_apart(&mut listed, entry);
        let manner = match members {
            None => Manner { doubt, ..manner(target, options, &treatment, &listed, self.keep, is_part, license)? },
            Some(globs) => Manner {
                directory: pinned.and_then(|part| part.directory),
                ..manner_of_members(options, &treatment, &listed, globs, license)?
            },
        };
        let of_entry = entry_first(&mut listed.digests, entry);
        Ok(Some(Wanted { manner: self.alike.shared(manner), listed, of_entry, have: Have::Nothing }))
    }

    /// Tells what is to be known of files that were not picked. Fails where that is a slip of whoever
    /// chose, such as that no file was.
    pub fn finish(self, is_nothing: bool, warnings: &mut Vec<String>) -> Result<(), Failure> {
        let selection = self.target.selection;
        self.chooser.refuse_idle(self.options.idle_globs, selection, self.terms.whole())?;
        warnings.extend(self.notices);
        if let Some((path, reason)) = self.passed_over.first() {
            if is_nothing {
                return Err(unreadable(path, reason));
            }
            warnings.push(not_looked_for(path, reason, self.passed_over.len() - 1));
        }
        if !self.by_hand.is_empty() {
            warnings.push(format!("`{selection}`: a person must get {} and import them", self.by_hand.join(", ")));
        }
        if is_nothing {
            let failure = Failure::new(Exit::USAGE, format!("nothing of `{selection}` is left to fetch"));
            return Err(
                failure.help("`medsets info ID --files` lists the files; globs match paths and groups of files")
            );
        }
        Ok(())
    }
}

/// Puts the digests that the entry names before those of the host, and counts them.
fn entry_first(digests: &mut [Digest], entry: Option<&FileEntry>) -> u8 {
    let Some(entry) = entry else { return 0 };
    let is_of_entry = |digest: &Digest| entry.digests.contains(digest);
    digests.sort_by_key(|digest| !is_of_entry(digest));
    let count = digests.iter().filter(|digest| is_of_entry(digest)).count();
    u8::try_from(count).unwrap_or(u8::MAX)
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
    let manner = manner_of(options, listed, handling, license);
    Ok(Manner { about: treatment.size_about, unpack, tree, ..manner })
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
    let rules = rules.map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?;
    let handling = Handling::Members { of: listed.size, read: None, files: Vec::new() };
    Ok(Manner { unpack: Some(rules), members: globs, ..manner_of(options, listed, handling, license) })
}

/// What is so of every file, whatever becomes of it.
fn manner_of(options: &FetchOptions, listed: &ListedFile, handling: Handling, license: Option<String>) -> Manner {
    Manner {
        handling,
        about: None,
        unpack: None,
        members: Vec::new(),
        license,
        notice: listed.notice().map(str::to_owned),
        changed_is_fine: options.accepts(&listed.path),
        reason: reason(options, &listed.path),
        doubt: None,
        pinned: options.pins.as_ref().map_or(Pinned::No, |pins| pins.of_file(&listed.path)),
        directory: None,
        tree: None,
    }
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
