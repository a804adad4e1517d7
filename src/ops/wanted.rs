//! Which files of a release are wanted, and with which credential they are asked for.

use std::collections::{BTreeMap, HashMap, HashSet};

use globset::GlobSet;

use crate::catalog::{FileEntry, Host, Source};
use crate::context::Context;
use crate::credentials::{CredentialSecret, Form, Wanted as WantedCredential};
use crate::net::RequestCredential;
use crate::plan::steps::Have;
use crate::plan::{Handling, Item};
use crate::providers::{AnyProvider, Hosts, Listing, Needs, ProviderError};
use crate::values::{Algorithm, ByteSize, Digest, Printable, RelPath};

use super::download::{ArchivePassword, Wanted};
use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{FetchOptions, KeepArchives};
use super::gate::{self};
use super::target::Target;

/// What the provider works with, with the credential it needs.
pub(super) fn hosts(context: &Context, provider: &AnyProvider, source: &Source) -> Result<Hosts, Failure> {
    let form = match provider.needs() {
        Needs::Nothing => None,
        Needs::Login => Some(Form::Login),
        Needs::Token => Some(Form::Token),
    };
    let credential = form.map(|form| credential(context, source, form)).transpose()?;
    Ok(Hosts { client: context.client()?.clone(), credential, embedded: tokio::sync::OnceCell::new() })
}

fn credential(context: &Context, source: &Source, form: Form) -> Result<RequestCredential, Failure> {
    let url = match &source.host {
        Host::Http { base, .. } => base.clone(),
        _ => None,
    };
    let provider = source.host.name();
    let found = context.credentials()?.find(&WantedCredential { provider, form, url: url.as_ref() })?;
    match found.credential.map(|credential| credential.secret) {
        Some(CredentialSecret::Token(token)) => Ok(RequestCredential::Bearer(token)),
        Some(CredentialSecret::Login { user, password }) => Ok(RequestCredential::Basic { user, password }),
        None => {
            let host = url.map_or(source.channel.clone(), |url| url.host().to_owned());
            Err(ProviderError::NoCredential { host, provider: provider.to_owned() }.into())
        }
    }
}

/// The files that are wanted, as the entry and the host list them.
pub(super) async fn wanted(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    provider: &AnyProvider,
    hosts: &Hosts,
    warnings: &mut Vec<String>,
) -> Result<Vec<Wanted>, Failure> {
    let channel = target.source.channel.as_str();
    let known = Listing::of_entry(target.selection.files(Some(channel)), channel);
    let listing = provider.list(hosts, known).await.map_err(|error| by_hand(error, target))?;
    let include = globs(&options.include)?;
    let exclude = globs(&options.exclude)?;
    let keep = keeps(context, options);
    let mut wanted = Vec::new();
    let mut by_hand = Vec::new();
    let entries: HashMap<&RelPath, &FileEntry> =
        target.selection.files(Some(channel)).map(|file| (&file.path, file)).collect();
    let parts = parts_of_split(target);
    let terms = target.selection.file_terms(Some(channel));
    for listed in listing.0 {
        let Some(entry) = entries.get(&listed.path).copied() else { continue };
        let names = [listed.path.as_str(), entry.group.as_deref().unwrap_or_default()];
        let meant = |set: &GlobSet| names.iter().any(|name| set.is_match(name));
        if (!options.include.is_empty() && !meant(&include)) || meant(&exclude) {
            continue;
        }
        if entry.manual {
            by_hand.push(listed.path.to_string());
            continue;
        }
        let is_part = parts.contains(listed.path.as_str()) || parts.contains(listed.path.file_name());
        let license = terms.file(entry);
        let license = (license != terms.whole()).then(|| license.into_owned());
        wanted.push(Wanted { license, ..want(target, options, entry, listed, keep, is_part)? });
    }
    if !by_hand.is_empty() {
        warnings.push(format!("`{}`: a person must get {} and import them", target.selection, by_hand.join(", ")));
    }
    if wanted.is_empty() {
        let failure = Failure::new(Exit::USAGE, format!("nothing of `{}` is left to fetch", target.selection));
        return Err(failure.help("`medsets info ID --files` lists the files; globs match paths and groups"));
    }
    Ok(wanted)
}

fn want(
    target: &Target<'_>,
    options: &FetchOptions,
    entry: &FileEntry,
    listed: crate::providers::ListedFile,
    keep: bool,
    is_part: bool,
) -> Result<Wanted, Failure> {
    let handling = match &entry.unpack {
        Some(rules) if options.unpack => {
            Handling::Unpack { members: rules.table.members, bytes: rules.table.unpacked_size.map(ByteSize), keep }
        }
        None if is_part && options.unpack => Handling::Place(beside("archives", &listed.path)?),
        Some(_) => Handling::Place(beside("archives", &listed.path)?),
        None => Handling::Place(placed(entry, &listed.path)?),
    };
    let tree = match &target.source.host {
        Host::Github { tree: Some(tree), tag: None, .. } if listed.digests.is_empty() => Some(
            Digest::from_hex(Algorithm::Sha1, tree).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?,
        ),
        _ => None,
    };
    Ok(Wanted {
        item: Item {
            path: listed.path.clone(),
            size: listed.size,
            about: entry.size_about,
            handling,
            have: Have::Nothing,
        },
        license: None,
        changed_is_fine: options.accept_changed.iter().any(|name| name == listed.path.as_str()),
        tree,
        unpack: entry.unpack.clone(),
        listed,
    })
}

/// The names of further parts of split archives.
fn parts_of_split<'t>(target: &'t Target<'_>) -> HashSet<&'t str> {
    let channel = Some(target.source.channel.as_str());
    let rules = target.selection.files(channel).filter_map(|file| file.unpack.as_ref());
    rules.flat_map(|rules| rules.table.parts.iter().map(String::as_str)).collect()
}

fn beside(folder: &str, path: &RelPath) -> Result<RelPath, Failure> {
    RelPath::parse(&format!("{folder}/{path}")).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))
}

fn placed(entry: &FileEntry, path: &RelPath) -> Result<RelPath, Failure> {
    path.below(&entry.into).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))
}

fn keeps(context: &Context, options: &FetchOptions) -> bool {
    match options.keep_archives {
        Some(keep) => keep == KeepArchives::Yes,
        None => context.settings.text("keep-archives") == Some("yes"),
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet, Failure> {
    let mut set = globset::GlobSetBuilder::new();
    for pattern in patterns {
        let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|error| {
            Failure::new(Exit::USAGE, format!("`{}` is no glob: {}", Printable::new(pattern), error.kind()))
        })?);
    }
    set.build().map_err(|error| Failure::new(Exit::USAGE, error.to_string()))
}

/// A source that only a person can use: what to get, and how to go on.
fn by_hand(error: ProviderError, target: &Target<'_>) -> Failure {
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

/// The password of encrypted archives, where the entry says that there are any: looked for
/// like a credential under the dataset's id.
pub(super) fn archive_password(context: &Context, target: &Target<'_>) -> Result<ArchivePassword, Failure> {
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
    let secret = found.credential.map(|credential| match credential.secret {
        CredentialSecret::Token(password) | CredentialSecret::Login { password, .. } => password,
    });
    let variable = format!("MEDSETS_TOKEN_{}", target.selection.id().as_str().to_ascii_uppercase().replace('-', "_"));
    Ok(ArchivePassword { secret, variable: Some(variable) })
}

/// Terms of single files where they differ from the dataset's.
pub(super) fn licenses(wanted: &[Wanted]) -> BTreeMap<RelPath, String> {
    wanted.iter().filter_map(|one| Some((one.listed.path.clone(), one.license.clone()?))).collect()
}
