//! What is known of a release's files when somebody brings them: what the entry names, and what
//! the host lists, where it does and can be asked.
//!
//! The list tells files that the entry does not name, proves them by their digests, and says
//! what is missing. A list that an unfinished fetch has kept is taken. Else the host is asked,
//! if something that was brought is not told and proven by the entry: without an account where
//! the host wants none, with the one that is stored otherwise. Where that fails the entry alone
//! counts, as it does with `--offline`.

use std::collections::HashSet;

use crate::catalog::{HostRules, Treatment};
use crate::context::Context;
use crate::events::Event;
use crate::providers::{AnyProvider, Extent, Listing, Needs};
use crate::values::RelPath;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::matching::{self, Candidate};
use super::super::stop::unless_stopped;
use super::super::target::Target;
use super::super::{stored_listing, wanted};

/// The files of the release, as far as they are known.
pub(super) async fn known(
    context: &Context,
    target: &Target<'_>,
    candidates: &[Candidate],
    warnings: &mut Vec<String>,
) -> Result<Listing, Failure> {
    let channel = target.source.channel.as_str();
    let named = Listing::of_entry(target.selection.files(Some(channel)), channel);
    // A list of what was asked for says nothing of what was brought.
    if !target.source.lists || target.source.host.lists_only_what_is_asked() {
        return Ok(named);
    }
    let listed = match stored_listing::read(target, &[])? {
        Some(listing) => Some(listing),
        None if context.client()?.settings().offline || are_told(&named, candidates) => None,
        None => match asked(context, target, &named, warnings).await {
            Ok(listing) => listing,
            Err(failure) => {
                warnings.push(not_listed(target, &failure.message));
                None
            }
        },
    };
    let Some(listing) = listed else { return Ok(named) };
    // An entry and a host that contradict each other are told when the files are fetched.
    match listing.completed_by(named.clone()) {
        Ok(listing) => Ok(of_the_selection(target, listing)),
        Err(error) => {
            warnings.push(not_listed(target, &error.to_string()));
            Ok(named)
        }
    }
}

/// Whether the entry tells and proves all that was brought.
fn are_told(named: &Listing, candidates: &[Candidate]) -> bool {
    let proven = named.0.iter().filter(|file| !file.digests.is_empty());
    let names: HashSet<String> = proven.map(|file| file.path.file_name().to_lowercase()).collect();
    candidates.iter().all(|one| matching::names(&one.path).iter().any(|name| names.contains(name)))
}

/// What the host lists now; `None` where it wants an account and none is stored.
async fn asked(
    context: &Context,
    target: &Target<'_>,
    named: &Listing,
    warnings: &mut Vec<String>,
) -> Result<Option<Listing>, Failure> {
    let provider = AnyProvider::of(target.source, target.selection);
    let hosts = match wanted::hosts(context, &provider, target) {
        Err(failure) if failure.exit == Exit::NO_CREDENTIAL && matches!(provider.needs(), Needs::Must(_)) => {
            return Ok(None);
        }
        hosts => hosts?,
    };
    let reason = format!("`{}` lists its files", target.source.host.name());
    context.report.report(Event::Waiting { reason });
    let listing = unless_stopped(context, provider.list(&hosts, named.clone(), Extent::All)).await??.into_one_tree()?;
    warnings.extend(hosts.take_warnings());
    Ok(Some(listing))
}

fn not_listed(target: &Target<'_>, reason: &str) -> String {
    format!("the list of `{}` was not to be had, what the entry says counts alone: {reason}", target.selection)
}

/// What the selection takes of a list; what its rules leave out is not looked for.
fn of_the_selection(target: &Target<'_>, mut listing: Listing) -> Listing {
    let channel = Some(target.source.channel.as_str());
    let taken: HashSet<&RelPath> = target.selection.files(channel).map(|file| &file.path).collect();
    let elsewhere: HashSet<&RelPath> = target.selection.release().files.iter().map(|file| &file.path).collect();
    let rules = HostRules::of(target.selection, &target.source.host);
    let treated = |path: &RelPath| -> Option<Treatment<'_>> { rules.treatment(path, elsewhere.contains(path)) };
    listing.0.retain(|file| taken.contains(&file.path) || treated(&file.path).is_some());
    listing
}
