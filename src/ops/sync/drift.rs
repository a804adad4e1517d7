//! In what a lock differs from what is known today: of the terms, and of the catalogue.

use std::fmt;

use serde::Serialize;

use crate::agreements::{Standing, Standings};
use crate::catalog::{DistributionKind, Selection};
use crate::context::Context;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::identity;
use crate::ops::matter::matter;
use crate::project::Locked;
use crate::project::lock::texts_by_license;
use crate::values::{DatasetId, Digest};

use super::Trust;

/// One difference, with both values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Which dataset.
    pub dataset: DatasetId,
    /// What differs.
    pub what: DriftKind,
    /// What the lock says.
    pub locked: String,
    /// What holds today.
    pub today: String,
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// The person accepted another text of an agreement than the lock names.
    Text,
    /// The catalogue gives another licence by now.
    License,
    /// The publisher has withdrawn the release.
    Withdrawn,
    /// The catalogue does not have the dataset, the release or the channel any more.
    Gone,
    /// The catalogue says something else of the dataset by now.
    Entry,
}

impl fmt::Display for Drift {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dataset, locked, today, .. } = self;
        match self.what {
            DriftKind::Text => {
                write!(out, "`{dataset}`: the lock names the text {locked}, you accepted {today}")
            }
            DriftKind::License => {
                write!(out, "`{dataset}`: the lock was made under `{locked}`, the catalogue says `{today}` by now")
            }
            DriftKind::Withdrawn => write!(out, "`{dataset}`: release {locked} of the lock was withdrawn: {today}"),
            DriftKind::Gone => write!(out, "`{dataset}`: the catalogue has no {locked} any more ({today})"),
            DriftKind::Entry => write!(
                out,
                "`{dataset}`: the catalogue entry changed since the lock was made (from {locked} to {today}); the lock's is used"
            ),
        }
    }
}

/// What differs for one dataset, by the catalogue that is at hand. Nobody is asked.
pub fn of(context: &Context, locked: &Locked, selection: &Selection) -> Result<Vec<Drift>, Failure> {
    let mut drift = texts(context, locked, selection)?;
    if locked.reference.is_none() {
        drift.extend(of_catalogue(context, locked)?);
    }
    Ok(drift)
}

/// A lock that must hold is not held with another text than it names.
pub fn refused(drift: &[Drift], trust: Trust) -> Option<Failure> {
    if trust == Trust::Renewed {
        return None;
    }
    let text = drift.iter().find(|one| one.what == DriftKind::Text)?;
    let failure = Failure::new(Exit::TERMS_CHANGED, text.to_string()).of(&text.dataset);
    Some(failure.help(format!(
        "read which of the two holds; `medsets lock --upgrade={id}` notes the one that you accepted, \
         `medsets access accept {id}` shows the one of today",
        id = text.dataset
    )))
}

fn texts(context: &Context, locked: &Locked, selection: &Selection) -> Result<Vec<Drift>, Failure> {
    if locked.texts.is_empty() {
        return Ok(Vec::new());
    }
    let named = texts_by_license(&locked.texts);
    let standings = Standings::among(identity::person(context), &context.ledger()?.reading()?.entries);
    let mut drift = Vec::new();
    for step in selection.requirements(Some(&locked.channel)) {
        let Some(expected) = step.license.as_deref().and_then(|license| named.get(license)) else { continue };
        let accepted = accepted(&standings, selection, &step.id, step.license.as_deref());
        if let Some(found) = accepted.filter(|found| found != expected) {
            let (locked, today) = (expected.to_string(), found.to_string());
            drift.push(Drift { dataset: selection.id().clone(), what: DriftKind::Text, locked, today });
        }
    }
    Ok(drift)
}

fn accepted(standings: &Standings, selection: &Selection, step: &str, license: Option<&str>) -> Option<Digest> {
    match standings.standing(&matter(selection, step, license)) {
        Standing::Accepted(acceptance) => acceptance.text_sha256,
        _ => None,
    }
}

fn of_catalogue(context: &Context, locked: &Locked) -> Result<Vec<Drift>, Failure> {
    let drift = |what, locked_says: &str, today: String| Drift {
        dataset: locked.id.clone(),
        what,
        locked: locked_says.to_owned(),
        today,
    };
    let today = match context.catalog()?.resolve(&locked.name()) {
        Ok(mut found) => found.pop(),
        Err(error) => return Ok(vec![drift(DriftKind::Gone, &locked.name(), error.to_string())]),
    };
    let Some(today) = today else { return Ok(Vec::new()) };
    let entry = today.dataset();
    if entry.digest == locked.entry {
        return Ok(Vec::new());
    }
    let mut found = vec![drift(DriftKind::Entry, &locked.entry.to_string(), entry.digest.to_string())];
    if today.source(Some(&locked.channel)).is_none() {
        let channels: Vec<&str> = today.sources().map(|source| source.channel.as_str()).collect();
        found.push(drift(
            DriftKind::Gone,
            &format!("source `{}`", locked.channel),
            format!("it has {}", channels.join(", ")),
        ));
    } else if today.license(Some(&locked.channel)) != locked.license {
        found.push(drift(DriftKind::License, &locked.license, today.license(Some(&locked.channel)).to_owned()));
    }
    let is_none = entry.entry.distribution.as_ref().is_some_and(|one| one.kind == DistributionKind::None);
    if today.release().withdrawn || is_none {
        let reason = entry.entry.distribution.as_ref().and_then(|one| one.reason.clone());
        found.push(drift(
            DriftKind::Withdrawn,
            &locked.version,
            reason.unwrap_or_else(|| "the catalogue says so".to_owned()),
        ));
    }
    Ok(found)
}
