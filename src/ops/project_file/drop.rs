//! `medsets drop`: datasets out of the project file.

use std::path::PathBuf;

use serde::Serialize;

use crate::catalog::Reference;
use crate::context::Context;
use crate::policy::Policy;
use crate::project::{self, Manifest, Used, edit};
use crate::values::Printable;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::here;
use super::{Draft, Mode, edit_failed};

/// What became of the project file.
#[derive(Debug, Serialize)]
pub struct DropReport {
    /// The project file.
    pub path: PathBuf,
    /// Whether it was written.
    pub written: bool,
    /// One for each dataset, in the order of the file.
    pub datasets: Vec<Dropped>,
    /// The new text.
    pub text: String,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// A dataset that the project file named.
#[derive(Debug, Serialize)]
pub struct Dropped {
    /// Its name as the file had it.
    pub name: String,
    /// Line that its table began at, from 1.
    pub line: usize,
}

/// Takes datasets out of the project file; all or none. What is on disk, and the lock, stay.
///
/// Fails where the file has no such dataset, where a name fits several, and where an output is
/// made of one.
pub fn drop(context: &Context, names: &[String], mode: Mode) -> Result<DropReport, Vec<Failure>> {
    let draft = Draft::open(context, mode).map_err(|failure| vec![failure])?;
    let (mut places, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match place(context, &draft.manifest, name) {
            Ok(place) => places.push(place),
            Err(failure) => failures.push(failure),
        }
    }
    places.sort_unstable();
    places.dedup();
    failures.extend(needed(&draft.manifest, &places));
    if !failures.is_empty() {
        return Err(failures);
    }
    let (name, mut text) = (draft.name(), draft.text.clone());
    let dropped = |place: &usize| Dropped {
        name: draft.manifest.datasets[*place].name.clone(),
        line: draft.manifest.datasets[*place].line,
    };
    let datasets = places.iter().map(dropped).collect();
    let warnings = exceptions(&draft, &places);
    for place in places.iter().rev() {
        text = edit::remove(&name, &text, *place).map_err(|error| vec![edit_failed(error)])?;
    }
    let path = draft.path.clone();
    let is_other = draft.finish(&text).map_err(|failure| vec![failure])?;
    Ok(DropReport { path, written: is_other && mode == Mode::Write, datasets, text, warnings })
}

/// Which dataset of the file a person means.
fn place(context: &Context, manifest: &Manifest, name: &str) -> Result<usize, Failure> {
    let fits = |used: &Used| {
        used.name == name
            || here::parse(name).is_ok_and(|wanted| here::parse(&used.name).is_ok_and(|one| wanted.is_of(&one)))
            || match (Reference::parse(name), Reference::parse(&used.name)) {
                (Some(Ok(one)), Some(Ok(other))) => {
                    one.place == other.place && (one.version.is_none() || one.version == other.version)
                }
                (None, Some(Ok(other))) => other.id().as_str() == name,
                _ => false,
            }
    };
    let find = |name: &dyn Fn(&Used) -> bool| -> Vec<usize> {
        (0..manifest.datasets.len()).filter(|place| name(&manifest.datasets[*place])).collect()
    };
    let mut places = find(&fits);
    if places.is_empty() {
        // Another name of the same dataset.
        let known = context.catalog()?.resolve(name).ok().and_then(|mut found| found.pop());
        if let Some(selection) = known.filter(|_| !name.starts_with('@')) {
            let catalog = context.catalog()?;
            let is_known_as = |used: &Used| {
                let known = catalog.resolve(&used.name).ok().and_then(|mut found| found.pop());
                known.is_some_and(|known| known.id() == selection.id())
            };
            places = find(&|used: &Used| used.id() == selection.id().as_str() || is_known_as(used));
        }
    }
    match places.as_slice() {
        [place] => Ok(*place),
        [] => Err(absent(manifest, name)),
        several => {
            let names: Vec<String> =
                several.iter().map(|place| format!("`{}`", manifest.datasets[*place].name)).collect();
            let message =
                format!("`{}` fits several datasets of the project: {}", Printable::new(name), names.join(", "));
            Err(Failure::new(Exit::USAGE, message).help("name the one that is meant in full"))
        }
    }
}

fn absent(manifest: &Manifest, name: &str) -> Failure {
    let failure = Failure::new(Exit::CATALOG, format!("`{}` is not in `{}`", Printable::new(name), project::FILE));
    let likeness = |used: &&Used| strsim::jaro_winkler(used.id(), name);
    let near = manifest.datasets.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let shown = |used: &Used| format!("`{}`", Printable::new(&used.name));
    match (near.filter(|one| likeness(one) > 0.8), manifest.datasets.is_empty()) {
        (Some(near), _) => failure.help(format!("did you mean {}?", shown(near))),
        (None, true) => failure.help("it names no dataset"),
        (None, false) => {
            let names: Vec<String> = manifest.datasets.iter().take(SHOWN).map(shown).collect();
            let more = manifest.datasets.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            failure.help(format!("it has {}{more}", names.join(", ")))
        }
    }
}

/// How many names are shown at most.
const SHOWN: usize = 10;

/// What is made of a dataset that would be gone: the outputs, with their lines.
fn needed(manifest: &Manifest, places: &[usize]) -> Vec<Failure> {
    let names = |used: &Used, source: &str| used.name == source || used.id() == source;
    let stays = |source: &str| {
        let mut all = manifest.datasets.iter().enumerate();
        all.any(|(place, used)| !places.contains(&place) && names(used, source))
    };
    let mut failures = Vec::new();
    for place in places {
        let used = &manifest.datasets[*place];
        for output in &manifest.outputs {
            if output.from.iter().any(|source| names(used, source) && !stays(source)) {
                let message = format!(
                    "`{}` stays in the project: the output `{}` in line {} of `{}` is made of it",
                    Printable::new(&used.name),
                    Printable::new(&output.name),
                    output.line,
                    project::FILE
                );
                failures.push(Failure::new(Exit::USAGE, message).help(
                    "an audit needs it to know the terms of the output: take the output out first, if it is no more",
                ));
            }
        }
    }
    failures
}

/// Exceptions of the policy for a dataset that is gone.
fn exceptions(draft: &Draft, places: &[usize]) -> Vec<String> {
    let Ok(policy) = Policy::read(project::FILE, &draft.text) else { return Vec::new() };
    let gone = |used: &Used, dataset: &str| dataset.split('@').next() == Some(used.id());
    let mut warnings = Vec::new();
    for exception in &policy.exceptions {
        let is_gone = places.iter().any(|place| gone(&draft.manifest.datasets[*place], &exception.dataset));
        let id = exception.dataset.split('@').next().unwrap_or_default();
        let mut rest = draft.manifest.datasets.iter().enumerate().filter(|(place, _)| !places.contains(place));
        if is_gone && !rest.any(|(_, used)| used.id() == id) {
            warnings.push(format!(
                "the policy still has an exception for `{}`, which nothing needs now: line {} before the edit",
                Printable::new(&exception.dataset),
                exception.place.line
            ));
        }
    }
    warnings
}
