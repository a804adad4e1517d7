//! `medsets auth`: accounts with hosts. What a person gives is checked with the host, stored,
//! shown by its place and removed; never its value.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::agreements::host_answers::HostAnswers;
use crate::catalog::Host;
use crate::catalog::source::HttpAuth;
use crate::context::Context;
use crate::credentials::{CredentialOrigin, CredentialSecret, Form, PlaceState, Wanted};
use crate::net::NetError;
use crate::providers::account::{ACCOUNTS, Account};
use crate::providers::identity::{self, Identity};
use crate::providers::{Hosts, ProviderError};
use crate::values::{Printable, Secret};

use super::exit::Exit;
use super::failure::Failure;
use super::link::{self, Opens};
use super::wanted::hosts_with;

/// What a person can log in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// The name under which the credential is kept.
    pub provider: String,
    /// What it is called.
    pub title: String,
    /// What is asked for.
    pub word: String,
    /// In which forms, the first choice first.
    pub forms: Vec<Form>,
    /// Where a person gets it, and what to know.
    pub from: Option<String>,
}

/// Whether the host is asked before anything is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It is.
    Host,
    /// It is not.
    No,
}

/// What became of a login.
#[derive(Debug, Serialize)]
pub struct LoggedIn {
    /// The provider.
    pub name: String,
    /// Where the credential is now.
    pub stored_in: String,
    /// Whether the host took it.
    pub checked: bool,
    /// The account, where the host names it or the person did.
    pub account: Option<String>,
    /// What the person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// What became of a logout.
#[derive(Debug, Serialize)]
pub struct LoggedOut {
    /// The provider.
    pub name: String,
    /// Where a credential was removed.
    pub removed_from: Vec<String>,
    /// Where one is still found.
    pub still_in: Vec<String>,
    /// Places that could not be asked.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// A provider and its credential.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// The provider.
    pub name: String,
    /// How it stands.
    pub state: StandingState,
    /// Where the credential is from.
    pub from: Option<String>,
    /// The account, where the host names it or the login holds it.
    pub account: Option<String>,
    /// When it stops working, where that is known.
    pub expires: Option<Timestamp>,
    /// What is wrong, or what the host said.
    pub detail: Option<String>,
}

/// How a credential stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StandingState {
    /// There is none.
    None,
    /// There is one; the host was not asked.
    Found,
    /// There is one, and its time is over.
    Expired,
    /// A place must be put right first.
    Faulty,
    /// The host takes it.
    Accepted,
    /// The host does not take it.
    Refused,
    /// The host did not answer.
    Unreachable,
}

impl StandingState {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Found => "found",
            Self::Expired => "expired",
            Self::Faulty => "faulty",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What a name means: a provider, `azure-<dataset>` for a link, or a dataset whose archives
/// have a password.
pub fn door(context: &Context, name: &str) -> Result<Door, Failure> {
    let doors = doors(context)?;
    if let Some(door) = doors.iter().find(|door| door.provider == name) {
        return Ok(door.clone());
    }
    let failure = Failure::new(Exit::USAGE, format!("nothing is known of an account `{}`", Printable::new(name)));
    let likeness = |door: &&Door| strsim::jaro_winkler(&door.provider, name);
    let nearest = doors.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    Err(match nearest.filter(|door| likeness(door) > 0.8) {
        Some(near) => failure.help(format!("did you mean `{}`?", near.provider)),
        None => failure.help("`medsets auth status` lists all that are known"),
    })
}

/// Everything that can be logged in to: accounts first, then what single datasets want.
fn doors(context: &Context) -> Result<Vec<Door>, Failure> {
    let mut doors: Vec<Door> = ACCOUNTS.iter().map(of_account).collect();
    for dataset in context.catalog()?.datasets() {
        let sources = || dataset.releases.iter().flat_map(|release| &release.sources);
        if sources().any(|source| matches!(source.host, Host::Azure { link: Some(_), .. })) {
            let page =
                dataset.entry.requires.iter().find_map(|step| step.page.clone()).or(dataset.entry.homepage.clone());
            doors.push(Door {
                provider: format!("azure-{}", dataset.id),
                title: format!("the link for `{}`", dataset.id),
                word: "link".to_owned(),
                forms: vec![Form::Token],
                from: page.map(|page| format!("<{page}> shows it once you have the data granted")),
            });
        }
        for source in sources() {
            let name = source.host.credential(&dataset.id);
            if let Host::Http { auth: Some(auth), base, .. } = &source.host
                && !doors.iter().any(|door| door.provider == name)
            {
                let host = base.as_ref().map(|base| format!("`{}`", base.host()));
                let (word, form) = match auth {
                    HttpAuth::Basic => ("password", Form::Login),
                    HttpAuth::Bearer => ("token", Form::Token),
                };
                doors.push(Door {
                    provider: name,
                    title: host.unwrap_or_else(|| format!("the web host of `{}`", dataset.id)),
                    word: word.to_owned(),
                    forms: vec![form],
                    from: None,
                });
            }
        }
        let files = || dataset.releases.iter().flat_map(|release| &release.files);
        if files().any(|file| file.unpack.as_ref().is_some_and(|rules| rules.table.password.is_some())) {
            doors.push(Door {
                provider: dataset.id.to_string(),
                title: format!("the archives of `{}`", dataset.id),
                word: "password".to_owned(),
                forms: vec![Form::Token],
                from: dataset.entry.homepage.as_ref().map(|page| format!("the publisher gives it: <{page}>")),
            });
        }
    }
    Ok(doors)
}

fn of_account(account: &Account) -> Door {
    Door {
        provider: account.provider.to_owned(),
        title: account.title.to_owned(),
        word: account.word.to_owned(),
        forms: account.forms.to_vec(),
        from: Some(format!("<{}> ({})", account.page, account.hint)),
    }
}

/// The text a person gave as a secret of a form: what stands around it is taken away.
pub fn secret(door: &Door, form: Form, user: Option<&str>, text: &str) -> Result<CredentialSecret, Failure> {
    let text = text.trim_matches(['\r', '\n']);
    // A password may hold spaces; what is pasted for a token may bring some along.
    let text = if form == Form::Login { text } else { text.trim() };
    let refused = |reason: &str| Failure::new(Exit::USAGE, format!("this is no {}: {reason}", door.word));
    if text.is_empty() {
        return Err(refused("it is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(refused("it holds control characters, or more than one line"));
    }
    let user = || user.map(str::to_owned).ok_or_else(|| refused("the user name is missing"));
    Ok(match form {
        Form::Token => CredentialSecret::Token(Secret::new(text)),
        Form::Login => CredentialSecret::Login { user: user()?, password: Secret::new(text) },
        Form::Keys => {
            CredentialSecret::Keys { access_key: user()?, secret_key: Secret::new(text), session_token: None }
        }
    })
}

/// Checks a secret with its host and stores it. A failure of either stores nothing.
pub async fn login(
    context: &Context,
    door: &Door,
    secret: CredentialSecret,
    check: Check,
) -> Result<LoggedIn, Failure> {
    let provider = door.provider.as_str();
    let link = link(context, door, &secret)?;
    let identity = match check {
        Check::Host if link.is_none() => {
            identify(context, provider, secret.clone()).await.map_err(|error| not_checked(error, door))?
        }
        Check::Host | Check::No => None,
    };
    let stored = context.credentials()?.store(provider, &secret, link.as_ref().and_then(|link| link.ends))?;
    let mut warnings = stored.notices;
    if check == Check::Host && identity.is_none() && link.is_none() {
        warnings.push(format!("{} does not say whether the {} is good; it was stored as it is", door.title, door.word));
    }
    forget_answers(context, provider)?;
    warnings.extend(asked_before(context, door, &stored.origin)?);
    let account = identity.as_ref().and_then(|identity| identity.name.clone());
    Ok(LoggedIn {
        name: provider.to_owned(),
        stored_in: stored.origin.to_string(),
        checked: identity.is_some(),
        account: account.or(secret.user().map(str::to_owned)),
        warnings,
    })
}

/// What hosts said to another account does not count for the next one.
fn forget_answers(context: &Context, provider: &str) -> Result<(), Failure> {
    // Without a folder for it nothing was ever noted.
    let Ok(state_dir) = context.state_dir() else { return Ok(()) };
    Ok(HostAnswers::open(&state_dir).forget(provider)?)
}

/// What a link from a person opens: it is refused here where it cannot work. `None` for other
/// credentials.
fn link(context: &Context, door: &Door, secret: &CredentialSecret) -> Result<Option<Opens>, Failure> {
    let CredentialSecret::Token(text) = secret else { return Ok(None) };
    let Some((selection, channel)) = link::source_of(context, &door.provider)? else { return Ok(None) };
    link::opens(context, &selection, Some(&channel), text).map_err(|error| not_checked(error, door))
}

async fn identify(
    context: &Context,
    provider: &str,
    secret: CredentialSecret,
) -> Result<Option<Identity>, ProviderError> {
    let hosts: Hosts = match hosts_with(context, Some(secret)) {
        Ok(hosts) => hosts,
        Err(error) => return Err(ProviderError::Net(NetError::Setup { reason: error.message })),
    };
    identity::identify(provider, &hosts).await
}

/// Nothing is stored that the host refused, or that it could not be asked about.
fn not_checked(error: ProviderError, door: &Door) -> Failure {
    let failure = Failure::from(error);
    let nothing = format!("{}; nothing was stored", failure.message);
    let failure = Failure { message: nothing, ..failure };
    match failure.exit {
        Exit::REFUSED | Exit::PENDING | Exit::EXPIRED => failure,
        _ => failure.help(format!("`medsets auth login {} --no-check` stores it without asking", door.provider)),
    }
}

/// A place that is asked before the one where the secret is now.
fn asked_before(context: &Context, door: &Door, origin: &CredentialOrigin) -> Result<Option<String>, Failure> {
    for form in &door.forms {
        let wanted = Wanted { provider: &door.provider, form: *form, url: None };
        // What is wrong with other places is told when they are asked for a fetch.
        let Ok(lookup) = context.credentials()?.find(&wanted) else { continue };
        if let Some(found) = lookup.credential {
            let other = (found.origin != *origin).then_some(found.origin);
            return Ok(other.map(|other| format!("{other} holds another one, which is used first")));
        }
    }
    Ok(None)
}

/// How the named providers stand, or all with an account and everything else that is found.
pub async fn status(context: &Context, names: &[String], check: Check) -> Result<Vec<Standing>, Failure> {
    let mut chosen = Vec::new();
    for name in names {
        chosen.push(door(context, name)?);
    }
    if names.is_empty() {
        chosen = doors(context)?;
    }
    let mut standings = Vec::new();
    for door in chosen {
        let (mut standing, secret) = standing(context, &door)?;
        let is_account = Account::with(&door.provider).is_some();
        if names.is_empty() && !is_account && standing.state == StandingState::None {
            continue;
        }
        if let (Check::Host, Some(secret)) = (check, secret) {
            judge(&mut standing, identify(context, &door.provider, secret).await);
        }
        standings.push(standing);
    }
    Ok(standings)
}

/// What the places hold. A place that is faulty stops the search, as it would for a fetch.
fn standing(context: &Context, door: &Door) -> Result<(Standing, Option<CredentialSecret>), Failure> {
    let name = door.provider.clone();
    let none = Standing { name, state: StandingState::None, from: None, account: None, expires: None, detail: None };
    let mut detail = None;
    for form in &door.forms {
        let url = Account::with(&door.provider).and_then(Account::netrc);
        let wanted = Wanted { provider: &door.provider, form: *form, url: url.as_ref() };
        match context.credentials()?.find(&wanted) {
            Err(error) => {
                return Ok((Standing { state: StandingState::Faulty, detail: Some(error.to_string()), ..none }, None));
            }
            Ok(lookup) => {
                detail = lookup.not_asked.first().cloned().or(detail);
                let Some(found) = lookup.credential else { continue };
                let past = found.expires.is_some_and(|end| end <= context.now());
                let standing = Standing {
                    state: if past { StandingState::Expired } else { StandingState::Found },
                    from: Some(found.origin.to_string()),
                    account: found.secret.user().map(str::to_owned),
                    expires: found.expires,
                    detail,
                    ..none
                };
                return Ok((standing, Some(found.secret)));
            }
        }
    }
    Ok((Standing { detail, ..none }, None))
}

fn judge(standing: &mut Standing, answer: Result<Option<Identity>, ProviderError>) {
    match answer {
        Ok(Some(identity)) => {
            standing.state = StandingState::Accepted;
            standing.account = identity.name.or(standing.account.take());
        }
        Ok(None) => standing.detail = Some("the host does not say".to_owned()),
        Err(error) => {
            let failure = Failure::from(error);
            let refused = failure.exit == Exit::REFUSED;
            standing.state = if refused { StandingState::Refused } else { StandingState::Unreachable };
            standing.detail = Some(failure.message);
        }
    }
}

/// Removes what was stored for a provider, and looks what is left elsewhere.
pub fn logout(context: &Context, name: &str) -> Result<LoggedOut, Failure> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // What was stored under a name that is not known any more can still be removed.
    let forms = match door(context, name) {
        Ok(door) => door.forms,
        Err(_) if is_name => vec![Form::Token, Form::Login, Form::Keys],
        Err(failure) => return Err(failure),
    };
    let sources = context.credentials()?;
    let removed = sources.remove(name)?;
    forget_answers(context, name)?;
    let url = Account::with(name).and_then(Account::netrc);
    let places =
        forms.iter().flat_map(|form| sources.describe(&Wanted { provider: name, form: *form, url: url.as_ref() }));
    let still: BTreeSet<String> = places
        .filter_map(|place| match place.state {
            PlaceState::Holds { origin, .. } => Some(origin.to_string()),
            PlaceState::Empty | PlaceState::NotAsked(_) | PlaceState::Faulty(_) => None,
        })
        .collect();
    let warning = |reason| format!("{reason}; it may still hold a credential for `{name}`");
    Ok(LoggedOut {
        name: name.to_owned(),
        removed_from: removed.from.iter().map(ToString::to_string).collect(),
        still_in: still.into_iter().collect(),
        warnings: removed.not_asked.into_iter().map(warning).collect(),
    })
}
