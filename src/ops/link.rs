//! A link that only the person has: taken for a fetch, checked, and kept as a credential.

use crate::catalog::Selection;
use crate::context::Context;
use crate::credentials::{Credential, CredentialError, CredentialOrigin, CredentialSecret};
use crate::providers::AnyProvider;
use crate::providers::azure::AzureContainer;
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
    let Some((container, name)) = opened_by_link(selection, channel) else {
        let failure = Failure::new(Exit::USAGE, format!("`{selection}` is not fetched with a link of your own"));
        return Err(failure.of(selection.id()).help(format!("`medsets info {} --sources` says how", selection.id())));
    };
    let access = container.check(&link, context.now()).map_err(|error| Failure::from(error).of(selection.id()))?;
    let credential =
        Credential { secret: CredentialSecret::Token(link), origin: CredentialOrigin::Given, expires: access.ends };
    let sources = context.credentials()?;
    let stored = match keep {
        Keep::Stored => sources.store(&name, &credential.secret, credential.expires).map(Some),
        Keep::ThisRun => Ok(None),
    };
    sources.give(&name, credential);
    Ok(match stored {
        Ok(None) => vec![format!("the link for `{selection}` is used for this run only")],
        Ok(Some(stored)) => {
            let until = access.ends.map_or(String::new(), |ends| format!(" until {ends:.0}"));
            let kept = format!("the link for `{selection}` is kept in {}{until}", stored.origin);
            [kept].into_iter().chain(stored.notices).collect()
        }
        Err(CredentialError::NowhereToStore) => vec![format!("the link for `{selection}` is used for this run only")],
        Err(error) => vec![format!("the link for `{selection}` is used for this run only: {error}")],
    })
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
