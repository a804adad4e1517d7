//! What a provider works with, and the credential that a host is asked with.

use std::collections::BTreeSet;

use crate::catalog::{Dataset, Host, Selection, Source};
use crate::context::Context;
use crate::credentials::{CredentialError, CredentialSecret, Form, Lookup, Wanted as WantedCredential};
use crate::events::Event;
use crate::ops::download::ArchivePassword;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::shelf;
use crate::ops::target::Target;
use crate::project::lock::LOCK_FILE;
use crate::providers::account::Account;
use crate::providers::{AnyProvider, HostChoices, Hosts, Needs, ProviderError};
use crate::remedy::Remedy as _;
use crate::values::SafeUrl;
use crate::values::safe_url::Origin;

/// What the provider works with, with the credential it needs.
pub(in crate::ops) fn hosts(context: &Context, provider: &AnyProvider, target: &Target<'_>) -> Result<Hosts, Failure> {
    let needs = provider.needs();
    let is_meant = matches!(needs, Needs::Nothing) || is_of_catalogue(context, target)?;
    let secret = match needs {
        Needs::Nothing => None,
        Needs::May(_) if !is_meant => {
            let message = format!("no credential is used for `{}`: {}", target.selection, OTHER_PLACES);
            context.report.report(Event::Warning { message });
            None
        }
        Needs::Must(_) if !is_meant => return Err(other_places(target)),
        Needs::May(forms) => secret(context, target, forms, TooOpen::PassedOver)?,
        Needs::Must(forms) => {
            let secret = secret(context, target, forms, TooOpen::Refused)?;
            Some(secret.ok_or_else(|| no_credential(target))?)
        }
    };
    hosts_with(context, secret)
}

/// Whether a credential may go where the entry leads. An entry that came with a lock is somebody
/// else's word: with it a credential goes only where the catalogue of today sends it too.
fn is_of_catalogue(context: &Context, target: &Target<'_>) -> Result<bool, Failure> {
    let (selection, channel) = (target.selection, target.source.channel.as_str());
    if selection.dataset().origin != LOCK_FILE {
        return Ok(true);
    }
    let Some(today) = context.catalog()?.get(selection.id()) else { return Ok(false) };
    let same = |source: &&Source| source.channel == channel && source.host == target.source.host;
    let places = |dataset: &Dataset| -> BTreeSet<Origin> {
        let files = dataset.releases.iter().flat_map(|release| &release.files);
        let at = files.filter_map(|file| file.at.get(channel));
        at.flat_map(|at| at.url.iter().chain(&at.mirrors)).map(SafeUrl::origin).collect()
    };
    let has_source = today.releases.iter().flat_map(|release| &release.sources).any(|source| same(&source));
    Ok(has_source && places(selection.dataset()).is_subset(&places(today)))
}

const OTHER_PLACES: &str = "the entry that came with the lock leads to other places than the catalogue's";

fn other_places(target: &Target<'_>) -> Failure {
    let message = format!("`{}` wants a credential, and {OTHER_PLACES}: none is sent there", target.selection);
    Failure::new(Exit::LOCK, message)
        .of(target.selection.id())
        .help(format!("`medsets lock --upgrade={}` takes the catalogue's entry", target.selection.id()))
}

/// The credential that a source would be asked with, if there is one that can be read.
pub(in crate::ops) fn held(context: &Context, selection: &Selection, source: &Source) -> Option<CredentialSecret> {
    let (Needs::May(forms) | Needs::Must(forms)) = AnyProvider::of(source, selection).needs() else { return None };
    let (name, url) = (source.host.credential(selection.id()), address(source));
    forms.iter().find_map(|form| {
        let asked = WantedCredential { provider: &name, form: *form, url: url.as_ref() };
        Some(context.credentials().ok()?.find(&asked).ok()?.credential?.secret)
    })
}

/// What is needed to ask a host about a place, with a credential for it if one is stored.
pub(in crate::ops) fn hosts_of(context: &Context, provider: &str, forms: &[Form]) -> Result<Hosts, Failure> {
    for form in forms {
        let asked = WantedCredential { provider, form: *form, url: None };
        let lookup = found(context, &asked, TooOpen::PassedOver)?;
        if let Some(credential) = lookup.and_then(|lookup| lookup.credential) {
            return hosts_with(context, Some(credential.secret));
        }
    }
    hosts_with(context, None)
}

/// What a provider works with, with this secret.
pub(in crate::ops) fn hosts_with(context: &Context, secret: Option<CredentialSecret>) -> Result<Hosts, Failure> {
    let choices = HostChoices {
        physionet_user_agent: context.settings.text("physionet.user-agent").map(str::to_owned),
        s3_requester_pays: context.settings.is_on("s3.requester-pays"),
        include: Vec::new(),
    };
    let (client, embedded) = (context.client()?.clone(), tokio::sync::OnceCell::new());
    Ok(Hosts { client, secret, choices, embedded, shelf: shelf::of(context), warnings: std::sync::Mutex::default() })
}

/// What becomes of a file of a host's own program that others may read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum TooOpen {
    /// It is an error: the credential is a must.
    Refused,
    /// It is told, and not used.
    PassedOver,
}

/// What is found for a credential; `None` where a file was passed over.
pub(in crate::ops) fn found(
    context: &Context,
    asked: &WantedCredential<'_>,
    too_open: TooOpen,
) -> Result<Option<Lookup>, Failure> {
    match context.credentials()?.find(asked) {
        Err(error @ CredentialError::HostFileTooOpen { .. }) if too_open == TooOpen::PassedOver => {
            let help = error.remedy().map_or(String::new(), |help| format!(": {help}"));
            let message = format!("{error}; it is not used{help}");
            context.report.report(Event::Warning { message });
            Ok(None)
        }
        lookup => Ok(Some(lookup?)),
    }
}

/// The first credential in one of these forms. Places that could not be asked before it are
/// told once.
fn secret(
    context: &Context,
    target: &Target<'_>,
    forms: &[Form],
    too_open: TooOpen,
) -> Result<Option<CredentialSecret>, Failure> {
    let url = address(target.source);
    let name = target.source.host.credential(target.selection.id());
    let mut not_asked = Vec::new();
    let mut secret = None;
    for form in forms {
        let asked = WantedCredential { provider: &name, form: *form, url: url.as_ref() };
        let Some(lookup) = found(context, &asked, too_open)? else { continue };
        not_asked.extend(lookup.not_asked);
        secret = lookup.credential.map(|credential| credential.secret);
        if secret.is_some() {
            break;
        }
    }
    not_asked.dedup();
    not_asked.into_iter().for_each(|message| context.report.report(Event::Warning { message }));
    Ok(secret)
}

/// The address that the source's credential is for.
fn address(source: &Source) -> Option<SafeUrl> {
    match &source.host {
        Host::Http { base, .. } => base.clone(),
        other => Account::with(other.name()).and_then(Account::netrc),
    }
}

fn no_credential(target: &Target<'_>) -> Failure {
    let source = target.source;
    let host = address(source).map_or(source.channel.clone(), |url| url.host().to_owned());
    ProviderError::NoCredential { host, provider: source.host.credential(target.selection.id()) }.into()
}

/// The password of encrypted archives, where the entry says that there are any: looked for
/// like a credential under the dataset's id.
pub(in crate::ops) fn archive_password(context: &Context, target: &Target<'_>) -> Result<ArchivePassword, Failure> {
    let channel = Some(target.source.channel.as_str());
    let encrypted = target
        .selection
        .files(channel)
        .any(|file| file.unpack.as_ref().is_some_and(|rules| rules.table.password.is_some()));
    if !encrypted {
        return Ok(ArchivePassword::default());
    }
    let wanted = WantedCredential { provider: target.selection.id().as_str(), form: Form::Token, url: None };
    let found = context.credentials()?.find(&wanted)?;
    let secret = found.credential.and_then(|credential| match credential.secret {
        CredentialSecret::Token(password) => Some(password),
        CredentialSecret::Login { .. } | CredentialSecret::Keys { .. } => None,
    });
    Ok(ArchivePassword { secret, kept_as: Some(target.selection.id().to_string()) })
}
