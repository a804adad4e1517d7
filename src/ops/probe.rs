//! `access probe`: asks a host for one byte of one file. What it says is what a fetch would
//! hear, and the checklist then knows it.

use serde_json::{Value, json};

use crate::agreements::host_answers::{Asker, HostAnswers, HostSaid, HostWord};
use crate::catalog::Selection;
use crate::context::Context;
use crate::credentials::CredentialSecret;
use crate::net::{HttpRequest, Lane, RangeSupport, Want};
use crate::plan::Location;
use crate::providers::{AnyProvider, Extent, Hosts, ListedFile, Listing, Needs, ProviderError};
use crate::values::RelPath;

use super::exit::Exit;
use super::failure::Failure;
use super::stop::unless_stopped;
use super::target::Target;
use super::wanted::{self, by_hand, hosts, hosts_with};

/// What a host said of a dataset.
#[derive(Debug)]
pub struct Probed {
    /// Which dataset, release and variant.
    pub selection: Selection,
    /// By which source.
    pub channel: String,
    /// What the host said; `None` where it could not be asked.
    pub answer: Option<HostWord>,
    /// Which file was asked for, where it came so far.
    pub file: Option<RelPath>,
    /// Why not, where it does not serve the file.
    pub refusal: Option<Failure>,
}

/// Asks the hosts of these datasets, each for one byte. Downloads nothing, and does not ask the
/// gate: whether terms were accepted here is no matter of the host's.
///
/// Failures that say nothing of access (no network, server errors) are in the report as well,
/// and are not noted.
pub async fn probe(context: &Context, names: &[String], source: Option<&str>) -> Result<Vec<Probed>, Failure> {
    let mut selections = Vec::new();
    for name in names {
        selections.extend(context.catalog()?.resolve(name)?);
    }
    let mut all = Vec::new();
    for selection in selections {
        all.push(probe_one(context, selection, source).await?);
    }
    Ok(all)
}

async fn probe_one(context: &Context, selection: Selection, source: Option<&str>) -> Result<Probed, Failure> {
    let (channel, asked) = {
        let target = Target::of(context, &selection, source, None).map_err(|failure| failure.of(selection.id()))?;
        let mut file = None;
        let answer = unless_stopped(context, ask(context, &target, &mut file)).await?;
        (target.source.channel.clone(), (file, answer))
    };
    let (file, answer) = asked;
    let probed = match answer {
        Ok(answer) => Probed { channel, answer: Some(answer), file, refusal: None, selection },
        Err(failure) => {
            let answer = matches!(failure.exit.0, 20..=25).then_some(HostWord::Refused);
            let refusal = Some(failure.of(selection.id()));
            Probed { channel, answer, file, refusal, selection }
        }
    };
    note(context, &probed)?;
    Ok(probed)
}

async fn ask(context: &Context, target: &Target<'_>, asked: &mut Option<RelPath>) -> Result<HostWord, Failure> {
    let provider = AnyProvider::of(target.source, target.selection);
    let hosts = hosts(context, &provider, target)?;
    let channel = target.source.channel.as_str();
    let known = Listing::of_entry(target.selection.files(Some(channel)), channel);
    // What the entry knows spares the host a list of a hundred thousand files.
    let extent = if known.0.is_empty() { Extent::All } else { Extent::Known };
    let listing = match provider.list(&hosts, known, extent).await {
        Ok(listing) => listing,
        Err(error) => return Err(explained(&provider, &hosts, error, target).await),
    };
    let nothing = || Failure::new(Exit::CATALOG, format!("`{}` has no file to ask for", target.selection));
    let file = smallest(&provider, listing).ok_or_else(nothing)?;
    *asked = Some(file.path.clone());
    let mut failure = nothing();
    for way in 0..provider.ways(&file) {
        let request = match provider.locate(&hosts, &file, way).await {
            Ok(Location::Http(request) | Location::Wrapped(request)) => request,
            Ok(Location::Local(_)) => return Ok(HostWord::Open),
            Err(error) => {
                failure = explained(&provider, &hosts, error, target).await.in_file(&file.path);
                continue;
            }
        };
        match one_byte(&hosts, &request, &file.path).await {
            Ok(()) => return word(context, &provider, &hosts, &file, way).await,
            Err(Fault::Host(error)) => {
                failure = explained(&provider, &hosts, error, target).await.in_file(&file.path);
            }
            Err(Fault::Page(page)) => failure = page.in_file(&file.path),
        }
    }
    Err(failure)
}

/// What it means that a file was served: to this account alone, or to anybody. Where a credential
/// is not a must, the same byte is asked for without it; only a refusal tells that it mattered.
async fn word(
    context: &Context,
    provider: &AnyProvider,
    hosts: &Hosts,
    file: &ListedFile,
    way: usize,
) -> Result<HostWord, Failure> {
    if hosts.secret.is_none() {
        return Ok(HostWord::Open);
    }
    if matches!(provider.needs(), Needs::Must(_)) {
        return Ok(HostWord::Granted);
    }
    let anybody = hosts_with(context, None)?;
    let refused = match provider.locate(&anybody, file, way).await {
        Ok(Location::Http(request) | Location::Wrapped(request)) => {
            match one_byte(&anybody, &request, &file.path).await {
                Ok(()) => false,
                Err(Fault::Page(_)) => true,
                Err(Fault::Host(error)) => is_refusal(provider, &anybody, error).await,
            }
        }
        Ok(Location::Local(_)) => false,
        Err(error) => is_refusal(provider, &anybody, error).await,
    };
    Ok(if refused { HostWord::Granted } else { HostWord::Open })
}

/// Whether a host keeps back what it serves to an account. Some say that there is no such file.
async fn is_refusal(provider: &AnyProvider, hosts: &Hosts, error: ProviderError) -> bool {
    let meaning = match &error {
        ProviderError::Net(net) => provider.explain(hosts, net).await,
        _ => None,
    };
    let exit = Failure::from(meaning.unwrap_or(error)).exit;
    matches!(exit.0, 20..=25) || exit == Exit::GONE
}

/// A file that costs the host little: the smallest that holds something.
fn smallest(provider: &AnyProvider, listing: Listing) -> Option<ListedFile> {
    let served = listing.0.into_iter().filter(|file| provider.ways(file) > 0);
    served.min_by_key(|file| file.size.map_or(u64::MAX, |size| if size.0 == 0 { u64::MAX - 1 } else { size.0 }))
}

enum Fault {
    Host(ProviderError),
    /// A web page in the place of data, as hosts answer those who are not signed in.
    Page(Failure),
}

async fn one_byte(hosts: &Hosts, request: &HttpRequest, file: &RelPath) -> Result<(), Fault> {
    let want = (request.ranges != RangeSupport::No).then_some(Want { from: 0, until: Some(1), same_as: None });
    let answer = hosts.client.get(request, want.as_ref(), Lane::Bulk).await;
    // The rest of the body is not read: dropping the answer closes the connection.
    let answer = answer.map_err(|error| Fault::Host(error.into()))?;
    let is_html = answer.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"));
    let named_so =
        [".html", ".htm", ".xhtml"].iter().any(|ending| file.as_str().to_ascii_lowercase().ends_with(ending));
    if is_html && !named_so {
        let message = format!("`{}` sent a web page in the place of `{file}`", answer.url().host());
        return Err(Fault::Page(
            Failure::new(Exit::WRONG_CONTENT, message).help("open the dataset's page in a browser"),
        ));
    }
    Ok(())
}

/// A refusal in the words that a fetch would use.
async fn explained(provider: &AnyProvider, hosts: &Hosts, error: ProviderError, target: &Target<'_>) -> Failure {
    let meaning = match &error {
        ProviderError::Net(net) => provider.explain(hosts, net).await,
        _ => None,
    };
    by_hand(meaning.unwrap_or(error), target)
}

/// Notes what says something of access.
fn note(context: &Context, probed: &Probed) -> Result<(), Failure> {
    let Some(answer) = probed.answer else { return Ok(()) };
    let source = probed.selection.source(Some(&probed.channel));
    let secret = source.and_then(|source| wanted::held(context, &probed.selection, source));
    let said = HostSaid {
        at: context.now(),
        dataset: probed.selection.id().clone(),
        version: probed.selection.release().version.clone(),
        channel: probed.channel.clone(),
        provider: source.map_or(String::new(), |source| source.host.credential(probed.selection.id())),
        account: secret.as_ref().map(|secret| asker(secret).mark()),
        answer,
        exit: probed.refusal.as_ref().map(|failure| failure.exit.0),
        message: probed.refusal.as_ref().map(|failure| failure.message.clone()),
    };
    Ok(HostAnswers::open(&context.state_dir()?).note(&said)?)
}

/// Who asks with a credential.
fn asker(secret: &CredentialSecret) -> Asker<'_> {
    match secret {
        CredentialSecret::Token(token) => Asker::With(token),
        CredentialSecret::Login { user, .. } => Asker::Named(user),
        CredentialSecret::Keys { access_key, .. } => Asker::Named(access_key),
    }
}

/// What the host of a source said last to the account that would ask now; `None` when it was not
/// asked by that account. What it gives to anybody it gives to every account.
pub fn last(context: &Context, selection: &Selection, channel: Option<&str>) -> Result<Option<HostSaid>, Failure> {
    let (Ok(state_dir), Some(source)) = (context.state_dir(), selection.source(channel)) else { return Ok(None) };
    let answers = HostAnswers::open(&state_dir);
    let said = answers.last(selection.id(), &selection.release().version, &source.channel)?;
    let secret = wanted::held(context, selection, source);
    let is_ours = |said: &HostSaid| match (&secret, &said.account) {
        _ if said.answer == HostWord::Open => true,
        (Some(secret), Some(mark)) => asker(secret).is(mark),
        (None, None) => true,
        _ => false,
    };
    Ok(said.filter(is_ours))
}

/// An answer as JSON.
pub fn as_json(said: &HostSaid) -> Value {
    json!({ "answer": said.answer, "at": said.at, "exit": said.exit, "message": said.message })
}
