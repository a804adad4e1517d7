//! `medsets mirror`: a team's copy in object storage, sent to and taken from; and mirrors as the
//! place that `fetch` asks before the hosts.
//!
//! A mirror opens no gate: whoever takes from one has passed their own. Nothing is sent that the
//! terms do not let a person hand on, unless the policy names the ground.

pub mod check;
pub mod pull;
pub mod push;

mod find;
mod foresee;
mod held;
mod judged;
mod lay_out;
mod objects;
mod place;
mod records;
mod source;
mod terms;
mod trust;
mod unfinished;

use std::sync::Arc;

use crate::context::Context;
use crate::credentials::{Form, Wanted};
use crate::events::Event;
use crate::mirror::error::credential;
use crate::mirror::{Bucket, Mirror, MirrorError, MirrorUrl, Place, Surroundings, Who};
use crate::project::{self, Manifest};
use crate::remedy::{Held, Remedy as _};
use crate::values::{DatasetId, SafeUrl};

use super::audit::broken_file;
use super::exit::Exit;
use super::failure::Failure;
use super::wanted::{self, TooOpen};

pub(super) use foresee::{foresee_files, foresee_whole};
pub(super) use lay_out::Taking;
pub(super) use source::{Sources, in_place_of_hosts};

/// A mirror that is named somewhere, and on which ground data may lie in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its address.
    pub url: MirrorUrl,
    /// The ground that the project gives.
    pub ground: Option<String>,
}

/// The mirrors for a dataset: the one given, else those of the project and of the settings.
pub fn named_for(context: &Context, id: &DatasetId, given: Option<&str>) -> Result<Vec<Named>, Failure> {
    let of_project = of_project(context, Some(id))?;
    let ground_of = |url: &MirrorUrl| {
        let named = of_project.iter().find(|named| named.url == *url);
        Named { url: url.clone(), ground: named.and_then(|named| named.ground.clone()) }
    };
    if let Some(given) = given {
        return Ok(vec![ground_of(&self::given(given)?)]);
    }
    let listed = context.settings.text("mirrors").unwrap_or_default();
    let listed = MirrorUrl::parse_all(listed).map_err(MirrorError::from)?;
    let mut all = of_project.clone();
    all.extend(listed.iter().map(ground_of).filter(|named| !of_project.iter().any(|one| one.url == named.url)));
    Ok(all)
}

/// The mirrors of the project for a dataset; for any of them without one.
fn of_project(context: &Context, id: Option<&DatasetId>) -> Result<Vec<Named>, Failure> {
    // A project file that cannot be used names none; whoever needs the project tells what is wrong.
    let Ok(Some(found)) = context.project() else { return Ok(Vec::new()) };
    let rules = Manifest::mirrors_of(project::FILE, &found.text).map_err(broken_file)?;
    let mine = MirrorUrl::parse_all(context.settings.text("mirrors").unwrap_or_default()).unwrap_or_default();
    let mut named = Vec::new();
    for rule in rules.into_iter().filter(|rule| id.is_none_or(|id| rule.is_for(id.as_str()))) {
        let url = MirrorUrl::parse(&rule.url).map_err(|error| {
            let failure = Failure::from(MirrorError::from(error));
            failure.help(format!("named in `{}` line {}", project::FILE, rule.line))
        })?;
        // A signature of Azure goes along with the request: whoever wrote the project must not
        // choose to whom.
        if matches!(url.place, Place::Azure { .. }) && !mine.contains(&url) {
            let message =
                format!("the mirror `{url}` of the project is not asked: name it in your own setting `mirrors`");
            context.report.report(Event::Warning { message });
            continue;
        }
        named.push(Named { url, ground: rule.ground });
    }
    Ok(named)
}

/// The mirror that the command line names.
fn given(text: &str) -> Result<MirrorUrl, Failure> {
    MirrorUrl::parse(text).map_err(|error| Failure { exit: Exit::USAGE, ..MirrorError::from(error).into() })
}

/// Every mirror that the project and the settings name, whatever it is for.
fn all_named(context: &Context) -> Result<Vec<MirrorUrl>, Failure> {
    let mut urls: Vec<MirrorUrl> = of_project(context, None)?.into_iter().map(|named| named.url).collect();
    urls.extend(MirrorUrl::parse_all(context.settings.text("mirrors").unwrap_or_default()).map_err(MirrorError::from)?);
    Ok(urls)
}

/// The one mirror that something is sent to.
pub(super) fn the_one(context: &Context, id: &DatasetId, given: Option<&str>) -> Result<Named, Failure> {
    let mut all = named_for(context, id, given)?;
    match all.len() {
        1 => Ok(all.remove(0)),
        0 => Err(none_named(Some(id))),
        _ => {
            let urls: Vec<String> = all.iter().map(|one| format!("`{}`", one.url)).collect();
            let failure = Failure::new(Exit::USAGE, format!("there are several mirrors for `{id}`"));
            Err(failure.help(format!("name one with `--mirror URL`: {}", urls.join(", "))))
        }
    }
}

pub(super) fn none_named(id: Option<&DatasetId>) -> Failure {
    let whose = id.map_or(String::new(), |id| format!(" for `{id}`"));
    Failure::new(Exit::CONFIG, format!("no mirror is named{whose}"))
        .help("name one with `--mirror URL`, in `MEDSETS_MIRRORS`, with `medsets config set mirrors URL`, or as `[[mirror]]` in `medsets.toml`")
}

/// Opens a mirror, once in a run. Asks nothing of it.
pub(super) fn open(context: &Context, url: &MirrorUrl) -> Result<Arc<Mirror>, MirrorOrFailure> {
    if let Some(known) = context.mirrors.get(url) {
        return Ok(known);
    }
    let surroundings =
        Surroundings { endpoint: endpoint(context, url)?, region: region(context), who: who(context, &url.place)? };
    let bucket = Bucket::open(url, &surroundings, context.client().map_err(Failure::from)?)?;
    Ok(context.mirrors.keep(bucket))
}

/// A mirror cannot be used, or something else is wrong.
pub(super) enum MirrorOrFailure {
    /// The mirror.
    Mirror(Box<MirrorError>),
    /// All else.
    Failure(Box<Failure>),
}

impl From<MirrorError> for MirrorOrFailure {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(Box::new(error))
    }
}

impl From<Failure> for MirrorOrFailure {
    fn from(failure: Failure) -> Self {
        Self::Failure(Box::new(failure))
    }
}

impl From<MirrorOrFailure> for Failure {
    fn from(either: MirrorOrFailure) -> Self {
        match either {
            MirrorOrFailure::Mirror(error) => (*error).into(),
            MirrorOrFailure::Failure(failure) => *failure,
        }
    }
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Self {
        let failure = Self { help: error.remedy(), ..Self::new(Exit(error.exit()), error.to_string()) };
        match error {
            MirrorError::Net { source, .. } => Self { retryable: source.is_retryable(), ..failure }.said_by(&source),
            MirrorError::Answer { .. } => Self { retryable: true, ..failure },
            _ => failure,
        }
    }
}

/// Where the store is, if not at its usual address. What cannot be read is no reason to send data
/// to the usual one.
fn endpoint(context: &Context, url: &MirrorUrl) -> Result<Option<SafeUrl>, MirrorError> {
    let names: &[&str] = match url.place {
        Place::S3 { .. } => &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
        _ => &[],
    };
    let variables = names.iter().filter_map(|name| Some((*name, context.environment.variable(name)?)));
    let setting = context.settings.text("mirror.endpoint").map(|text| ("mirror.endpoint", text));
    let Some((name, text)) = setting.into_iter().chain(variables).next() else { return Ok(None) };
    let read = SafeUrl::parse(text);
    read.map(Some).map_err(|error| MirrorError::Settings {
        mirror: url.clone(),
        reason: format!("`{name}` is no address: {}", error.reason),
    })
}

fn region(context: &Context) -> Option<String> {
    let variable = |name: &str| context.environment.variable(name);
    let region = context.settings.text("mirror.region").or_else(|| variable("AWS_REGION"));
    region.or_else(|| variable("AWS_DEFAULT_REGION")).map(str::to_owned)
}

fn who(context: &Context, place: &Place) -> Result<Who, Failure> {
    let Some((provider, held)) = credential(place) else { return Ok(Who::Anybody) };
    let form = if held == Held::Keys { Form::Keys } else { Form::Token };
    let lookup = wanted::found(context, &Wanted { provider, form, url: None }, TooOpen::Refused)?;
    let found = lookup.and_then(|lookup| lookup.credential);
    Ok(found.map_or(Who::Anybody, |credential| Who::Known(credential.secret)))
}
