//! What the shards of a fetch agree on: `<store>/parts/<id>@<slug>+shards/`.
//!
//! ```text
//! listing.jsonl   the host's list, where it gave one
//! entry.toml      the entry, for a dataset that is not in the catalogue
//! split.json      which files are split among how many, and by which entry
//! ```
//!
//! Each file is written by whichever shard comes first, in this order, in one step, and made to
//! last; it is never changed, unless it is found broken. Shards that start at once on machines
//! without common locks still read the same. A lock, where there is one, only saves the others
//! from asking the host too.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::fs::{self, FsError};
use crate::layout::Workspace;
use crate::layout::receipt::Selection as ReceiptSelection;
use crate::ops::download::Wanted;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::gate::name_for_command;
use crate::ops::stored_listing;
use crate::ops::target::Target;
use crate::ops::wanted::keeps;
use crate::plan::{Piece, Shard};
use crate::values::{Algorithm, Digest, Digester, Printable, RelPath};

use super::super::{FetchOptions, receipt_selection};

/// What the shards have agreed on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Agreed {
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
    /// Files of which other bytes are taken, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<String>,
    /// Why, as the first shard was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Whether archives stay, as the first shard was told.
    #[serde(default)]
    keep_archives: bool,
}

/// Whether shards of a fetch have begun, as a warning to who fetches without them.
pub(in crate::ops::fetch) fn begun(target: &Target<'_>) -> Result<Option<String>, Failure> {
    let name = name_for_command(target.selection);
    Ok(fs::metadata(&target.agreed_dir())?.map(|_| {
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
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    wanted: &[Wanted],
    shard: Shard,
) -> Result<(), Failure> {
    let ours = Agreed {
        schema: SCHEMA.to_owned(),
        entry: target.begun_with(),
        channel: target.source.channel.clone(),
        of: shard.of(),
        selection: receipt_selection(options),
        files: wanted.len() as u64,
        list: digest_of(wanted),
        accepted: accepted(options),
        reason: options.reason.clone().filter(|_| !options.accept_changed.is_empty()),
        keep_archives: keeps(context, options),
    };
    let folder = target.agreed_dir();
    let path = folder.join(FILE);
    if fs::metadata(&path)?.is_none() {
        fs::create_dir_all(&folder, target.access)?;
        if target.selection.reference().is_some() {
            let entry = target.selection.dataset().text.as_bytes();
            fs::atomic_write(&Workspace::entry_path(&folder), entry, target.access)?;
        }
        publish(&ours, &folder, target)?;
    }
    let theirs = read(target)?.ok_or_else(|| no_record(target, "it was removed meanwhile"))?;
    ours.differs(&theirs, target).map_or(Ok(()), Err)
}

fn publish(agreed: &Agreed, folder: &Path, target: &Target<'_>) -> Result<(), Failure> {
    let fresh = folder.join(fs::fresh_name(&format!("{FILE}.")));
    let failed = |error| FsError::new("write", &fresh, error);
    let text = serde_json::to_string_pretty(agreed).map_err(|error| failed(error.into()))?;
    let mut out = fs::create_new(&fresh, target.access)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(failed)?;
    drop(out);
    fs::publish(&fresh, &folder.join(FILE))?;
    Ok(fs::sync_dir(folder)?)
}

/// What the shards have agreed on; none where no shard has begun.
///
/// # Errors
/// It cannot be read, or is none that this version knows.
pub(super) fn read(target: &Target<'_>) -> Result<Option<Agreed>, Failure> {
    let text = fs::read_regular_text_if_present(&target.agreed_dir().join(FILE));
    let Some(text) = text.map_err(|error| Failure::from(error).help(anew(target)))? else { return Ok(None) };
    let agreed: Agreed = serde_json::from_str(&text).map_err(|error| no_record(target, &error.to_string()))?;
    if agreed.schema != SCHEMA {
        return Err(no_record(target, &format!("its form is `{}`", Printable::new(&agreed.schema))));
    }
    Ok(Some(agreed))
}

fn no_record(target: &Target<'_>, reason: &str) -> Failure {
    let path = target.agreed_dir().join(FILE);
    let message = format!("`{}` is no record of shards that this medsets can read: {reason}", path.display());
    Failure::new(Exit::OTHER, message)
        .of(target.selection.id())
        .help(format!("another version of medsets may have written it: use that one; {}", anew(target)))
}

impl Agreed {
    /// Refuses a finish that would bring something else than the shards were told to fetch: it
    /// could use nothing of what they have.
    pub(super) fn refuse_other(&self, target: &Target<'_>, options: &FetchOptions) -> Result<(), Failure> {
        let (entry, channel) = (target.begun_with(), target.source.channel.as_str());
        self.differs_in_kind(target, (entry, channel, &receipt_selection(options)), "this finish").map_or(Ok(()), Err)
    }

    /// Refuses to finish with another list of files than the shards have split.
    pub(super) fn refuse_other_files(&self, target: &Target<'_>, wanted: &[Wanted]) -> Result<(), Failure> {
        self.differs_in_files(target, (wanted.len() as u64, digest_of(wanted))).map_or(Ok(()), Err)
    }

    /// The options as the shards were told them: other bytes that these took are taken.
    pub(super) fn told(&self, options: &FetchOptions) -> FetchOptions {
        FetchOptions {
            accept_changed: self.accepted.clone(),
            reason: options.reason.clone().or_else(|| self.reason.clone()),
            ..options.clone()
        }
    }

    /// That archives were to stay, and the shards have dropped theirs.
    pub(super) fn dropped_archives(&self, context: &Context, options: &FetchOptions) -> Option<String> {
        (keeps(context, options) && !self.keep_archives).then(|| {
            "the shards were not told `--keep-archives`: archives that they have unpacked are dropped already"
                .to_owned()
        })
    }

    /// In what two shards differ, the most telling first.
    fn differs(&self, theirs: &Self, target: &Target<'_>) -> Option<Failure> {
        let selection = target.selection;
        if self.of != theirs.of {
            let message = format!(
                "`{selection}` is already split among {} shards, and this one would be one of {}",
                theirs.of, self.of
            );
            let help = format!("give `--shard I/{}`, or {}", theirs.of, way_on(target));
            return Some(Failure::new(Exit::USAGE, message).help(help));
        }
        let kind = (self.entry, self.channel.as_str(), &self.selection);
        if let Some(failure) = theirs.differs_in_kind(target, kind, "this shard") {
            return Some(failure);
        }
        if self.accepted != theirs.accepted {
            let message = format!(
                "the shards of `{selection}` were told to take other bytes of {}, and this one of {}",
                shown(&theirs.accepted),
                shown(&self.accepted)
            );
            let name = name_for_command(selection);
            return Some(Failure::new(Exit::USAGE, message).help(format!(
                "give all shards the same `--accept-changed FILE --reason TEXT`; a file that they were not told of is \
                 taken by `medsets fetch {name} --finish --accept-changed FILE --reason TEXT` when they have ended"
            )));
        }
        theirs.differs_in_files(target, (self.files, self.list))
    }

    fn differs_in_kind(
        &self,
        target: &Target<'_>,
        (entry, channel, part): (Digest, &str, &ReceiptSelection),
        who: &str,
    ) -> Option<Failure> {
        let selection = target.selection;
        if self.selection != *part {
            return Some(other_part(target));
        }
        if self.channel != channel {
            let message = format!(
                "the shards of `{selection}` fetch it from `{}`, and {who} would from `{channel}`",
                self.channel
            );
            let help = format!("give `--source {}`; {}", self.channel, anew(target));
            return Some(Failure::new(Exit::USAGE, message).help(help));
        }
        if self.entry != entry {
            let message = format!(
                "the entry or lock of `{selection}` is another one than that with which its shards began: {} then, \
                 {entry} now",
                self.entry
            );
            let help = format!(
                "use the same catalogue and the same project for all shards and `--finish`, as they were then; {}",
                anew(target)
            );
            return Some(Failure::new(Exit::DIFFERENT, message).help(help));
        }
        None
    }

    fn differs_in_files(&self, target: &Target<'_>, (files, list): (u64, Digest)) -> Option<Failure> {
        if (files, list) == (self.files, self.list) {
            return None;
        }
        let message = format!(
            "the files of `{}` are others than those its shards began with: {} in list {} then, {files} in list {list} now",
            target.selection, self.files, self.list
        );
        Some(Failure::new(Exit::DIFFERENT, message).help(list_anew(target)))
    }
}

/// The files of which other bytes are taken, sorted.
fn accepted(options: &FetchOptions) -> Vec<String> {
    let mut accepted = options.accept_changed.clone();
    accepted.sort();
    accepted.dedup();
    accepted
}

fn shown(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().map(|name| format!("`{}`", Printable::new(name))).collect();
    if shown.is_empty() { "no file".to_owned() } else { shown.join(", ") }
}

fn other_part(target: &Target<'_>) -> Failure {
    let message = format!("the shards of `{}` were told to fetch another part of it", target.selection);
    Failure::new(Exit::USAGE, message).help(
        "give all shards and `--finish` the same `--include`, `--exclude`, `--subset`, `--members` and `--license`",
    )
}

/// How shards are ended.
fn way_on(target: &Target<'_>) -> String {
    let name = name_for_command(target.selection);
    format!("end what was begun with `medsets fetch {name} --finish`; {}", anew(target))
}

/// How shards are begun anew.
fn anew(target: &Target<'_>) -> String {
    let folder = target.agreed_dir();
    let workspaces = target.store.parts().join(format!("{}+shard-*", target.workspace_name()));
    format!("to begin anew, delete `{}` and `{}` when no shard is at work", folder.display(), workspaces.display())
}

/// How a fetch goes on when the host's list is not the one that the shards have.
fn list_anew(target: &Target<'_>) -> String {
    let name = name_for_command(target.selection);
    format!(
        "when all shards have ended, delete `{}`: then `medsets fetch {name} --finish` goes by the host's list of that \
         time, and takes what is the same in it",
        target.agreed_dir().display()
    )
}

/// The advice for a file that is not at the host as the shards' list has it.
pub(in crate::ops::fetch) fn about_kept_list(
    target: &Target<'_>,
    options: &FetchOptions,
) -> Result<Option<String>, Failure> {
    let since = stored_listing::kept_since(target, &options.choice.include)?;
    Ok(since.map(|since| {
        format!("the list of files is the one that the shards began with at {since:.0}; the host may have another now")
            + "\n"
            + &list_anew(target)
    }))
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

const SCHEMA: &str = "medsets/split/1";
const FILE: &str = "split.json";
