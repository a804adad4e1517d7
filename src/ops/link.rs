//! A link that only the person has: taken for a fetch, checked, and kept as a credential.

use jiff::Timestamp;

use crate::catalog::{Host, Selection};
use crate::context::Context;
use crate::credentials::{Credential, CredentialError, CredentialOrigin, CredentialSecret};
use crate::providers::azure::AzureContainer;
use crate::providers::{AnyProvider, ProviderError};
use crate::values::{DatasetId, Secret};

use super::exit::Exit;
use super::failure::Failure;
use super::report::FetchReport;

/// How long a link is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is stored.
    Stored,
    /// This run alone uses it.
    ThisRun,
}

/// Takes the link for a dataset: this run uses it, and where it is to be kept it is stored with
/// the time at which it ends. Answers what the person should know of that.
///
/// # Errors
/// The dataset is not fetched with a link, or the link cannot work. Nothing is stored then.
pub fn take(
    context: &Context,
    selection: &Selection,
    channel: Option<&str>,
    link: Secret,
    keep: Keep,
) -> Result<Vec<String>, Failure> {
    let opens = opens(context, selection, channel, &link);
    let Some(opens) = opens.map_err(|error| Failure::from(error).of(selection.id()))? else {
        let failure = Failure::new(Exit::USAGE, format!("`{selection}` is not fetched with a link of your own"));
        return Err(failure.of(selection.id()).help(format!("`medsets info {} --sources` says how", selection.id())));
    };
    let credential =
        Credential { secret: CredentialSecret::Token(link), origin: CredentialOrigin::Given, expires: opens.ends };
    let sources = context.credentials()?;
    let stored = match keep {
        Keep::Stored => sources.store(&opens.name, &credential.secret, credential.expires).map(Some),
        Keep::ThisRun => Ok(None),
    };
    sources.give(&opens.name, credential);
    Ok(match stored {
        Ok(None) => vec![format!("the link for `{selection}` is used for this run only")],
        Ok(Some(stored)) => {
            let until = opens.ends.map_or(String::new(), |ends| format!(" until {ends:.0}"));
            let kept = format!("the link for `{selection}` is kept in {}{until}", stored.origin);
            [kept].into_iter().chain(stored.notices).collect()
        }
        Err(CredentialError::NowhereToStore) => vec![format!("the link for `{selection}` is used for this run only")],
        Err(error) => vec![format!("the link for `{selection}` is used for this run only: {error}")],
    })
}

/// What a link opens.
pub(super) struct Opens {
    /// The name under which it is kept.
    pub name: String,
    /// When it stops working, by its own words.
    pub ends: Option<Timestamp>,
}

/// What a link opens; `None` where the source is not opened by one.
///
/// # Errors
/// It is for another place, or its time is over: it cannot work.
pub(super) fn opens(
    context: &Context,
    selection: &Selection,
    channel: Option<&str>,
    link: &Secret,
) -> Result<Option<Opens>, ProviderError> {
    let Some((container, name)) = opened_by_link(selection, channel) else { return Ok(None) };
    let access = container.check(link, context.now())?;
    Ok(Some(Opens { name, ends: access.ends }))
}

/// The dataset and the source whose link is kept under a name.
pub(super) fn source_of(context: &Context, name: &str) -> Result<Option<(Selection, String)>, Failure> {
    let Some(id) = name.strip_prefix("azure-") else { return Ok(None) };
    let Ok(selections) = context.catalog()?.resolve(id) else { return Ok(None) };
    let has_link = |selection: Selection| {
        let source = selection.sources().find(|one| matches!(one.host, Host::Azure { link: Some(_), .. }))?;
        let channel = source.channel.clone();
        Some((selection, channel))
    };
    Ok(selections.into_iter().find_map(has_link))
}

/// The datasets that failed for want of a link that works.
pub fn missing(
    context: &Context,
    names: &[String],
    channel: Option<&str>,
    report: &FetchReport,
) -> Result<Vec<Selection>, Failure> {
    let for_link = |exit: Exit| [Exit::NO_CREDENTIAL, Exit::REFUSED, Exit::EXPIRED].contains(&exit);
    let failed: Vec<&DatasetId> = report
        .failures
        .iter()
        .filter(|failure| for_link(failure.exit))
        .filter_map(|failure| failure.dataset.as_ref())
        .collect();
    let mut missing = Vec::new();
    for name in names {
        let selections = context.catalog()?.resolve(name)?.into_iter();
        missing.extend(selections.filter(|one| failed.contains(&one.id()) && opened_by_link(one, channel).is_some()));
    }
    Ok(missing)
}

/// How a person comes by the link, a line each.
pub fn directions(selection: &Selection, channel: Option<&str>) -> Vec<String> {
    let container = opened_by_link(selection, channel).map(|(container, _)| container);
    container.and_then(|container| container.link).map_or(Vec::new(), |link| link.help())
}

/// The container that a selection's source is, and the name under which its link is kept.
fn opened_by_link(selection: &Selection, channel: Option<&str>) -> Option<(AzureContainer, String)> {
    let source = selection.source(channel)?;
    match AnyProvider::of(source, selection) {
        AnyProvider::Azure(container) => {
            let name = container.link.as_ref()?.name.clone();
            Some((container, name))
        }
        _ => None,
    }
}
