//! `medsets outdated`: which datasets have changed since they were taken up.
//!
//! The datasets are those of the project, else those that are here. What was known is what the
//! lock says, else the receipt of the copy; what is known now is the catalogue. No host is asked,
//! so nothing can be told of data outside the catalogue.

use std::path::PathBuf;

use serde::Serialize;

use crate::catalog::{Catalog, DistributionKind, Reference, Release, SelectError, Selection};
use crate::context::Context;
use crate::project::{Lock, Locked, Used};
use crate::remedy::{self, Remedy as _};
use crate::values::{Digest, Printable};

use super::failure::Failure;
use super::here::{self, Here};
use super::lock::files::LockFolder;

/// What was looked at.
#[derive(Debug, Serialize)]
pub struct OutdatedReport {
    /// The project file; absent where all that is here was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<PathBuf>,
    /// One for each dataset, in the order of the file or of the folders.
    pub datasets: Vec<Looked>,
    /// About records that are damaged.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// A dataset that was looked at.
#[derive(Debug, Serialize)]
pub struct Looked {
    /// Its name as the project or the copy has it.
    pub name: String,
    /// The release that is used, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Line of the project file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The copy that is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// How it stands.
    pub state: State,
    /// What changed.
    pub changes: Vec<News>,
    /// Why nothing can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a dataset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing changed.
    Current,
    /// Something did.
    Outdated,
    /// It cannot be told without asking the host.
    Unknown,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct News {
    /// What kind of change.
    pub kind: NewsKind,
    /// What was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// A sentence for a person.
    pub message: String,
}

/// What kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewsKind {
    /// There is a newer release.
    NewerRelease,
    /// The publisher took the release back.
    Withdrawn,
    /// Nobody distributes the dataset any more.
    NotDistributed,
    /// The source that it came by serves it no longer.
    SourceGone,
    /// The terms are others.
    LicenseChanged,
    /// The catalogue says something else of the dataset.
    EntryChanged,
    /// The catalogue does not know the release any more.
    ReleaseGone,
    /// The catalogue does not know the dataset any more.
    DatasetGone,
}

impl OutdatedReport {
    /// Whether anything changed.
    pub fn is_outdated(&self) -> bool {
        self.datasets.iter().any(|one| one.state == State::Outdated)
    }
}

/// What was known of a dataset when it was taken up.
struct Known<'k> {
    /// As the project or the copy calls it.
    name: String,
    /// What is looked up: with the release of the lock, where the project names none.
    wanted: String,
    line: Option<usize>,
    channel: Option<&'k str>,
    locked: Option<&'k Locked>,
    here: Option<&'k Here>,
}

/// Looks at the datasets of the project, else at those that are here.
pub fn outdated(context: &Context) -> Result<OutdatedReport, Failure> {
    let here = here::all(context)?;
    let catalog = context.catalog()?;
    let mut warnings = here::warnings(&here);
    let Some(project) = context.project()? else {
        let datasets = here.iter().map(|one| looked(catalog, &of_copy(one))).collect();
        return Ok(OutdatedReport { project: None, datasets, warnings });
    };
    let lock = LockFolder::at(&project.folder).read().unwrap_or_else(|failure| {
        warnings.push(format!("the lock is passed over: {failure}"));
        None
    });
    let known = |used| of_project(used, lock.as_ref(), catalog, &here);
    let datasets = project.manifest.datasets.iter().map(|used| looked(catalog, &known(used))).collect();
    Ok(OutdatedReport { project: Some(project.path()), datasets, warnings })
}

/// A dataset of the project, with what the lock says of it and its copy where one is here.
fn of_project<'k>(used: &'k Used, lock: Option<&'k Lock>, catalog: &Catalog, here: &'k [Here]) -> Known<'k> {
    let locked = lock.and_then(|lock| lock.of_input(used.input())).filter(|locked| locked.reference.is_none());
    let wanted = locked.map_or_else(|| used.name.clone(), Locked::name);
    let selection = catalog.resolve(&wanted).ok().and_then(|mut found| found.pop());
    let is_copy = |one: &&Here| match &selection {
        Some(selection) => {
            one.id == *selection.id()
                && one.version == selection.release().version
                && one.variant.as_deref() == selection.variant_name()
        }
        None => here::parse(&wanted).is_ok_and(|name| name.fits(one)),
    };
    let copy = here.iter().find(is_copy);
    let channel = used.channel.as_deref();
    Known { name: used.name.clone(), wanted, line: Some(used.line), channel, locked, here: copy }
}

fn of_copy(here: &Here) -> Known<'_> {
    let reference = here.receipt.as_ref().and_then(|receipt| receipt.reference.clone());
    let name = reference.unwrap_or_else(|| here.name());
    Known { wanted: name.clone(), name, line: None, channel: None, locked: None, here: Some(here) }
}

fn looked(catalog: &Catalog, known: &Known<'_>) -> Looked {
    let mut looked = Looked {
        name: known.name.clone(),
        version: known.here.map(|here| here.version.clone()),
        line: known.line,
        path: known.here.map(|here| here.dir.root().to_path_buf()),
        state: State::Current,
        changes: Vec::new(),
        reason: None,
    };
    let resolved = catalog.resolve(&known.wanted).map(|mut found| found.pop());
    let is_outside = matches!(&resolved, Ok(Some(selection)) if selection.reference().is_some())
        || (resolved.is_err() && matches!(Reference::parse(&known.wanted), Some(Ok(_))));
    if is_outside {
        looked.state = State::Unknown;
        looked.reason = Some("it is not in the catalogue: not known without asking the host".to_owned());
        return looked;
    }
    match resolved {
        Ok(Some(selection)) => {
            looked.version = Some(selection.release().version.clone());
            looked.changes = news(&selection, known);
        }
        Ok(None) => {}
        Err(SelectError::Broken { file, .. }) => {
            looked.state = State::Unknown;
            looked.reason = Some(format!("its entry cannot be used: {}", remedy::chain(&*file)));
            return looked;
        }
        Err(error) => looked.changes.push(gone(&error)),
    }
    if !looked.changes.is_empty() {
        looked.state = State::Outdated;
    }
    looked
}

/// What the catalogue does not know any more.
fn gone(error: &SelectError) -> News {
    let kind = match error {
        SelectError::Release { .. } | SelectError::Variant { .. } => NewsKind::ReleaseGone,
        _ => NewsKind::DatasetGone,
    };
    let advice = error.remedy().map_or(String::new(), |advice| format!("; {advice}"));
    News { kind, before: None, after: None, message: format!("{error}{advice}") }
}

/// What changed of a release that the catalogue knows.
fn news(selection: &Selection, known: &Known<'_>) -> Vec<News> {
    let receipt = known.here.and_then(|here| here.receipt.as_ref());
    let mut news: Vec<News> = newer(selection).into_iter().chain(no_more(selection)).collect();
    let channel = known
        .channel
        .or(known.locked.map(|locked| locked.channel.as_str()))
        .or_else(|| receipt.map(|receipt| receipt.source.channel.as_str()));
    let source = selection.source(channel);
    if let (Some(channel), None) = (channel, source) {
        let sources: Vec<&str> = selection.sources().map(|source| source.channel.as_str()).collect();
        let others = if sources.is_empty() {
            "no source is left".to_owned()
        } else {
            format!("there is {}", sources.join(", "))
        };
        news.push(News {
            kind: NewsKind::SourceGone,
            before: Some(channel.to_owned()),
            after: None,
            message: format!("the source `{}` serves it no longer; {others}", Printable::new(channel)),
        });
    }
    let license = selection.license(source.map(|source| source.channel.as_str()));
    let of_lock = known.locked.map(|locked| (&locked.license, locked.entry));
    let of_copy = receipt.map(|receipt| (&receipt.license.expression, receipt.catalog.entry));
    let Some((before, entry)) = of_lock.or(of_copy) else { return news };
    if license != before {
        news.push(News {
            kind: NewsKind::LicenseChanged,
            before: Some(before.clone()),
            after: Some(license.to_owned()),
            message: format!("its terms were {} and are {} now", Printable::new(before), Printable::new(license)),
        });
    }
    news.extend(entry_changed(entry, selection.dataset().digest));
    news
}

fn entry_changed(before: Digest, after: Digest) -> Option<News> {
    (before != after).then(|| News {
        kind: NewsKind::EntryChanged,
        before: Some(before.to_string()),
        after: Some(after.to_string()),
        message: "the catalogue's entry was edited since".to_owned(),
    })
}

fn no_more(selection: &Selection) -> Vec<News> {
    let mut news = Vec::new();
    if selection.release().withdrawn {
        news.push(News {
            kind: NewsKind::Withdrawn,
            before: None,
            after: None,
            message: format!("its publisher serves {} no longer", Printable::new(&selection.release().version)),
        });
    }
    if let Some(one) = &selection.dataset().entry.distribution
        && one.kind == DistributionKind::None
    {
        let reason = one.reason.as_ref().map_or(String::new(), |reason| format!(": {}", Printable::cut(reason, 400)));
        let message = format!("nobody distributes it now{reason}");
        news.push(News { kind: NewsKind::NotDistributed, before: None, after: None, message });
    }
    news
}

/// The usual release where it came after this one, else the last one that did.
fn newer(selection: &Selection) -> Option<News> {
    let (dataset, current) = (selection.dataset(), selection.release());
    let place = |release: &Release| dataset.releases.iter().position(|one| one.version == release.version);
    let is_later = |one: &&Release| {
        let by_date = later(one.date.as_deref(), current.date.as_deref());
        // The entry has the newest release first.
        by_date.unwrap_or_else(|| place(one) < place(current))
    };
    let is_other = |one: &&Release| one.version != current.version && !one.withdrawn;
    let usual = Some(dataset.default_release()).filter(is_other).filter(is_later);
    // Releases without dates stay beside each other; only the usual one is meant to replace them.
    let dated = |one: &&Release| later(one.date.as_deref(), current.date.as_deref()) == Some(true);
    let newest = usual.or_else(|| dataset.releases.iter().filter(is_other).find(dated))?;
    let date = newest.date.as_ref().map_or(String::new(), |date| format!(" of {date}"));
    Some(News {
        kind: NewsKind::NewerRelease,
        before: Some(current.version.clone()),
        after: Some(newest.version.clone()),
        message: format!(
            "there is release {}{date}: `medsets diff {} {} {}` tells what changed",
            Printable::new(&newest.version),
            selection.id(),
            Printable::new(&current.version),
            Printable::new(&newest.version)
        ),
    })
}

/// Whether a date is later than another; `None` where that cannot be told, as of a year and a
/// day in it.
fn later(one: Option<&str>, other: Option<&str>) -> Option<bool> {
    let (one, other) = (one?, other?);
    let common = one.len().min(other.len());
    let (short, other_short) = (one.get(..common)?, other.get(..common)?);
    if short == other_short && one.len() != other.len() {
        return None;
    }
    Some(short > other_short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn dates_are_compared_as_far_as_they_say() {
        #[track_caller]
        fn check(one: &str, other: &str, expected: Option<bool>) {
            assert_eq!(later(Some(one), Some(other)), expected, "{one} {other}");
        }
        check("2020", "2019-05", Some(true));
        check("2019-05", "2019", None);
        check("2019-05-01", "2019-05-02", Some(false));
        check("2019-05", "2019-05", Some(false));
        assert_eq!(later(None, Some("2019")), None);
    }

    #[test]
    fn an_older_release_has_a_newer_one_and_the_usual_one_has_none() {
        let catalog = Catalog::embedded();
        let of = |name: &str| newer(&catalog.resolve(name).unwrap()[0]);
        assert_eq!(of("mimic-cxr@2.0.0").unwrap().after.as_deref(), Some("2.1.0"));
        assert_eq!(of("mimic-cxr@2.1.0"), None);
        assert_eq!(of("demo"), None);
    }
}
