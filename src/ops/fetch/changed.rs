//! `--accept-changed`: the files whose other bytes a person takes must be files of the release.
//!
//! A name that no file has would be passed over in silence. What the entry names is known at
//! once; where a host lists its files, a name may be one of those, and is judged by the list.

use std::collections::HashSet;

use crate::catalog::Selection;
use crate::layout::{LayoutError, Receipt};
use crate::ops::target::Target;
use crate::providers::Listing;
use crate::values::{Printable, RelPath};

use super::{Exit, Failure, FetchOptions, Process};

/// Refuses a name before anything is asked of a host, where no host can know better.
pub(super) fn refuse_unknown(selections: &[Selection], options: &FetchOptions) -> Result<(), Failure> {
    let channel = options.source.as_deref();
    let unknown = options.accept_changed.iter().find(|name| !selections.iter().any(|one| may_have(one, channel, name)));
    let Some(name) = unknown else { return Ok(()) };
    let known = selections.iter().flat_map(|one| one.files(channel)).map(|file| &file.path);
    let names: Vec<String> = selections.iter().map(|one| format!("`{one}`")).collect();
    Err(no_file(name, &names.join(", "), known))
}

/// Refuses a name that the source of a dataset does not have, unless it may be meant for another
/// dataset of the same command.
pub(in crate::ops) fn refuse_unlisted(
    selection: &Selection,
    among: &[Selection],
    options: &FetchOptions,
    listing: &Listing,
) -> Result<(), Failure> {
    let channel = options.source.as_deref();
    let others = || among.iter().filter(|one| one.to_string() != selection.to_string());
    for name in &options.accept_changed {
        let is_here = listing.0.iter().any(|file| file.path.as_str() == name);
        if !is_here && !others().any(|one| may_have(one, channel, name)) {
            return Err(no_file(name, &format!("`{selection}`"), listing.0.iter().map(|file| &file.path)));
        }
    }
    Ok(())
}

/// Files that are here and are to be had anew whatever is here of them: whoever takes other bytes by
/// their word means those of the host. Cluster jobs have settled that by their shards.
pub(super) fn had_anew(
    target: &Target<'_>,
    options: &FetchOptions,
    receipt: &Receipt,
) -> Result<HashSet<RelPath>, LayoutError> {
    if options.accept_changed.is_empty() || options.process != Process::Whole {
        return Ok(HashSet::new());
    }
    let listed = receipt.listed.read(&target.dir)?.map(|listed| Ok(listed?.path));
    let partial = receipt.partial.iter().map(|mark| Ok(mark.path.clone()));
    let all = listed.chain(partial);
    all.filter(|path| path.as_ref().map_or(true, |path| options.accepts(path))).collect()
}

/// Whether a dataset has a file of this name, as far as its entry can tell.
fn may_have(selection: &Selection, channel: Option<&str>, name: &str) -> bool {
    let is_listed_by_host = selection.source(channel).is_some_and(|source| source.lists);
    is_listed_by_host || selection.files(channel).any(|file| file.path.as_str() == name)
}

fn no_file<'f>(name: &str, of: &str, known: impl Iterator<Item = &'f RelPath>) -> Failure {
    let likeness = |file: &RelPath| strsim::jaro_winkler(file.as_str(), name);
    let nearest = known.map(|file| (file, likeness(file))).max_by(|(_, one), (_, other)| one.total_cmp(other));
    let failure = Failure::new(Exit::USAGE, format!("`{}` is no file of {of}", Printable::new(name)));
    match nearest.filter(|(_, likeness)| *likeness > 0.75) {
        Some((near, _)) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`medsets info ID --files` lists the files that the entry names"),
    }
}
