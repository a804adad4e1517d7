//! Which files of a release are wanted, and what becomes of each.

mod hosts;
mod like_names;
mod pick;
mod pinned;

use crate::context::Context;
use crate::events::Event;
use crate::layout::Means;
use crate::providers::{AnyProvider, Extent, Hosts, Listing, ProviderError};

use super::doubt::Doubts;
use super::download::Wanted;
use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{FetchOptions, KeepArchives, Rest};
use super::gate::{self};
use super::stop::unless_stopped;
use super::stored_listing;
use super::target::Target;

use pick::Picker;

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
    let mut wanted = Vec::with_capacity(listing.0.len());
    let mut picker = Picker::of(context, target, options, means)?;
    for listed in InTurn::of(listing.0) {
        wanted.extend(picker.pick(listed)?);
    }
    picker.finish(wanted.is_empty() && options.rest == Rest::Stays, warnings)?;
    like_names::refuse(target, &wanted)?;
    Ok(wanted)
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
        let listing = unless_stopped(context, provider.list(hosts, known.clone(), Extent::Known)).await?;
        let listing = listing.map_err(|error| by_hand(error, target))?.into_one_tree()?.completed_by(known)?;
        return Ok(Listed { listing, is_new: false });
    }
    if let Some(listing) = stored_listing::read(target, &options.choice.include)? {
        return Ok(Listed { listing: listing.completed_by(known)?, is_new: false });
    }
    let reason = format!("`{}` lists its files", target.source.host.name());
    context.report.report(Event::Waiting { reason });
    let listing = unless_stopped(context, provider.list(hosts, known.clone(), Extent::All)).await?;
    let listing = listing.map_err(|error| by_hand(error, target))?;
    Ok(Listed { listing: listing.into_one_tree()?.completed_by(known)?, is_new: true })
}

/// Files in turn, whose memory is given back on the way: what becomes of a million files is held
/// beside what is left of them, not beside all.
pub(super) struct InTurn<T>(Vec<T>);

impl<T> InTurn<T> {
    pub fn of(mut files: Vec<T>) -> Self {
        files.reverse();
        Self(files)
    }
}

impl<T> Iterator for InTurn<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        const GIVEN_BACK_EVERY: usize = 1 << 15;
        let next = self.0.pop();
        if self.0.len().is_multiple_of(GIVEN_BACK_EVERY) {
            self.0.shrink_to_fit();
        }
        next
    }
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
