//! `access accept` and `withdraw`: a person's word about the text of an agreement, recorded.

use std::path::PathBuf;

use crate::agreements::{EntryKind, Means, Record, Standing, Standings};
use crate::catalog::{Requirement, RequirementKind, Selection};
use crate::context::Context;

use super::exit::Exit;
use super::failure::Failure;
use super::identity;
use super::matter::matter;
use super::recorded::{Recorded, about, keep};
use super::selection::one_selection;
use super::step::pick;
use super::texts::{self, HadText};

/// A text that a person is about to accept.
pub struct Offer {
    /// What it is for.
    pub selection: Selection,
    /// Which step it meets.
    pub step: Requirement,
    /// The licence's id.
    pub license: String,
    /// The licence's own name.
    pub name: String,
    /// The text.
    pub had: HadText,
    license_version: Option<String>,
}

/// Gets the very text of a dataset's agreement. Records nothing.
pub async fn offer(context: &Context, name: &str, step: Option<&str>, file: Option<PathBuf>) -> Result<Offer, Failure> {
    let selection = one_selection(context, name)?;
    let step = pick(&selection, step, |one| one.kind == RequirementKind::Agreement, "an agreement")?;
    let id = step.license.clone().unwrap_or_default();
    let shelf = context.shelf()?;
    if let Some(broken) = shelf.broken(&id) {
        return Err(Failure::from_error(Exit::CATALOG, broken).of(selection.id()));
    }
    let license = shelf.get(&id).ok_or_else(|| {
        Failure::new(Exit::CATALOG, format!("the licence `{id}` is not on the shelf")).of(selection.id())
    })?;
    let had = match file {
        Some(path) => texts::from_file(&path)?,
        None => texts::current(context, license).await.map_err(|failure| failure.of(selection.id()))?,
    };
    Ok(Offer {
        license: id,
        name: license.name.clone(),
        license_version: license.version.clone(),
        selection,
        step,
        had,
    })
}

/// What the person says beside the acceptance.
#[derive(Debug, Default)]
pub struct Statement {
    /// What the data are for.
    pub purpose: Option<String>,
    /// Files that prove it.
    pub evidence: Vec<PathBuf>,
}

/// Records the person's acceptance of the offered text, with its exact bytes as evidence.
pub fn accept(context: &Context, offer: &Offer, means: Means, statement: &Statement) -> Result<Recorded, Failure> {
    let evidence = keep(context, &statement.evidence)?;
    let raw = context.evidence()?.store(&offer.had.bytes)?;
    let record = Record {
        requirement: Some(offer.step.id.clone()),
        license: Some(offer.license.clone()),
        license_version: offer.license_version.clone(),
        text_sha256: Some(offer.had.text.sha256),
        text_rule: Some(offer.had.text.rule()),
        raw_sha256: Some(raw),
        obtained: Some(offer.had.obtained),
        url: offer.had.url.clone(),
        means: Some(means),
        purpose: statement.purpose.clone(),
        evidence,
        ..about(context, EntryKind::Accept, &offer.selection)
    };
    Ok(Recorded::of(&offer.selection, &offer.step.id, context.ledger()?.append(record)?))
}

/// Takes an acceptance back: a new entry, never an edit.
pub fn withdraw(
    context: &Context,
    name: &str,
    step: Option<&str>,
    reason: Option<String>,
) -> Result<Recorded, Failure> {
    let selection = one_selection(context, name)?;
    let kinds = |one: &Requirement| step.is_some() || one.kind == RequirementKind::Agreement;
    let step = pick(&selection, step, kinds, "an agreement")?;
    let entries = context.ledger()?.read_all()?.entries;
    let matter = matter(&selection, &step.id, step.license.as_deref());
    let standings = Standings::from_entries(identity::person(context), entries);
    if matches!(standings.standing(&matter), Standing::Nothing | Standing::Withdrawn { .. }) {
        let message =
            format!("nothing is recorded for the step `{}` of `{selection}` that could be taken back", step.id);
        return Err(Failure::new(Exit::USAGE, message).of(selection.id()));
    }
    let record = Record {
        requirement: Some(step.id.clone()),
        license: step.license.clone(),
        note: reason,
        ..about(context, EntryKind::Withdraw, &selection)
    };
    Ok(Recorded::of(&selection, &step.id, context.ledger()?.append(record)?))
}
