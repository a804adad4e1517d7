//! What the catalogue says of a dataset: one page for a terminal, JSON, and a row for lists.
//!
//! ```text
//! page        the page
//! data        the same as JSON
//! line        a row
//! main_terms  the terms people ask for first, with how sure they are
//! place       where a source is, and whether the program can fetch from it
//! sheet       labels, wrapping and escaping of the page
//! ```
//!
//! Nothing here looks at the disk or asks a host: it is the catalogue's word alone.

mod data;
mod line;
mod main_terms;
mod page;
mod place;
mod sheet;

use std::collections::BTreeMap;

use crate::catalog::{FileEntry, Selection, Source};
use crate::values::ByteSize;

pub use data::data;
pub use line::{Row, access_word, line};
pub(super) use main_terms::{MainTerm, confidence_word, main_terms};
pub use page::{Show, page};

/// The channel that is meant when none is named.
fn default_channel(selection: &Selection) -> Option<&str> {
    selection.source(None).map(|source| source.channel.as_str())
}

/// The size of the download, as people read it: exact only where every file's size is.
fn download_text(selection: &Selection) -> String {
    let channel = default_channel(selection);
    match selection.download_size(channel) {
        Some(size) if is_exact(selection, channel) => size.to_string(),
        Some(size) => about(size),
        None => "unknown".to_owned(),
    }
}

/// The size on disk: exact where the entry states what every file comes to.
fn unpacked_text(selection: &Selection) -> String {
    match (unpacked_exact(selection), selection.unpacked_about()) {
        (Some(size), _) => size.to_string(),
        (None, Some(size)) => about(size),
        (None, None) => "unknown".to_owned(),
    }
}

/// What the files of the selection come to on disk, where the entry states it for all of them.
fn unpacked_exact(selection: &Selection) -> Option<ByteSize> {
    let channel = default_channel(selection);
    if !is_exact(selection, channel) {
        return None;
    }
    let size = |file: &FileEntry| match &file.unpack {
        Some(rules) => rules.table.unpacked_size.map(ByteSize),
        None => file.size,
    };
    selection.files(channel).map(size).sum()
}

fn is_exact(selection: &Selection, channel: Option<&str>) -> bool {
    let lists = selection.source(channel).is_some_and(|source| source.lists);
    let mut files = selection.files(channel).peekable();
    !lists && files.peek().is_some() && files.all(|file| file.size.is_some())
}

fn about(size: ByteSize) -> String {
    format!("about {size}")
}

/// How many of what: the entry's figures, overruled by the variant's.
fn counts(selection: &Selection) -> BTreeMap<&str, u64> {
    let of_variant = selection.variant().map(|variant| &variant.counts);
    let all = selection.dataset().entry.counts.iter().chain(of_variant.into_iter().flatten());
    all.map(|(name, count)| (name.as_str(), *count)).collect()
}

/// Whether the figures of the entry are known to be those of the selection.
fn counts_are_of_default(selection: &Selection) -> bool {
    selection.release().version == selection.dataset().default_release().version
}

/// The steps of all sources that serve the selection, in the order they must be taken.
fn steps(selection: &Selection) -> Vec<&crate::catalog::Requirement> {
    let (version, variant) = (selection.release().version.as_str(), selection.variant_name());
    let channels: Vec<Option<&str>> = match selection.sources().collect::<Vec<&Source>>().as_slice() {
        [] => vec![None],
        sources => sources.iter().map(|source| Some(source.channel.as_str())).collect(),
    };
    let all = selection.dataset().entry.requires.iter();
    all.filter(|step| channels.iter().any(|channel| step.applies(version, variant, *channel))).collect()
}

#[cfg(test)]
mod tests;
