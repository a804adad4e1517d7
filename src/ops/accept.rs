//! `access accept`, `withdraw` and `grant`: a person's own statements, recorded.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::access::{Purpose, State};
use crate::agreements::{Entry, EntryKind, Matter, Means, Record, Standing, Standings};
use crate::catalog::{Requirement, RequirementKind, Selection};
use crate::context::Context;
use crate::fs;
use crate::values::{DatasetId, Digest, Printable, SafeUrl};

use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::identity;
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

/// What was recorded.
#[derive(Debug, Serialize)]
pub struct Recorded {
    /// Which dataset.
    pub dataset: DatasetId,
    /// Release.
    pub version: String,
    /// Which step.
    pub step: String,
    /// Which licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Digest of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_digest: Option<Digest>,
    /// Until when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Sequence number of the ledger entry.
    pub sequence: u64,
    /// Its hash: note it elsewhere to find a cut ledger.
    pub hash: Digest,
}

/// One dataset by name.
pub fn one_selection(context: &Context, name: &str) -> Result<Selection, Failure> {
    let mut found = context.catalog()?.resolve(name)?;
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(Failure::new(Exit::USAGE, format!("`{}` is a collection: name one dataset", Printable::new(name)))),
    }
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

/// The step of this id, or the only one that fits.
fn pick(
    selection: &Selection,
    step: Option<&str>,
    fits: impl Fn(&Requirement) -> bool,
    what: &str,
) -> Result<Requirement, Failure> {
    let mut steps: Vec<&Requirement> = selection.requirements(None).filter(|one| fits(one)).collect();
    // Steps that hold for one source only are meant when nothing else is.
    if steps.is_empty() {
        let all = selection.dataset().entry.requires.iter();
        steps = all.filter(|one| fits(one)).collect();
    }
    let names = || steps.iter().map(|one| format!("`{}`", one.id)).collect::<Vec<_>>().join(", ");
    let refused = |message: String| Failure::new(Exit::USAGE, message).of(selection.id());
    match step {
        Some(id) => steps.iter().find(|one| one.id == id).map(|one| (*one).clone()).ok_or_else(|| {
            let failure = refused(format!("`{selection}` has no step `{}` that is {what}", Printable::new(id)));
            if steps.is_empty() { failure } else { failure.help(format!("there is {}", names())) }
        }),
        None if steps.len() == 1 => Ok(steps[0].clone()),
        None if steps.is_empty() => Err(refused(format!("`{selection}` asks for nothing that is {what}"))),
        None => Err(refused(format!("`{selection}` has several steps")).help(format!("name one of {}", names()))),
    }
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
    Ok(recorded(&offer.selection, &offer.step, context.ledger()?.append(record)?))
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
    let matter = Matter {
        dataset: selection.id(),
        version: &selection.release().version,
        requirement: &step.id,
        license: step.license.as_deref(),
    };
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
    Ok(recorded(&selection, &step, context.ledger()?.append(record)?))
}

/// What a person records about a step that somebody else decides.
#[derive(Debug, Default)]
pub struct GrantOptions {
    /// The letter or certificate.
    pub file: Option<PathBuf>,
    /// Last day on which it holds.
    pub expires: Option<String>,
    /// What the data are for.
    pub purpose: Option<String>,
    /// Nothing is recorded.
    pub dry_run: bool,
}

/// Records an approval, a registration or a training certificate with its evidence.
pub fn grant(
    context: &Context,
    name: &str,
    step: Option<&str>,
    options: &GrantOptions,
) -> Result<Option<Recorded>, Failure> {
    let selection = one_selection(context, name)?;
    let step =
        pick(&selection, step, |one| one.kind != RequirementKind::Agreement, "an approval, a training or an account")?;
    let expires = options.expires.as_deref().map(end_of_day).transpose()?;
    if let (Some(until), Some(day)) = (expires, &options.expires)
        && until <= context.now()
    {
        let message = format!("`{}` is past: what ended then would be lapsed at once", Printable::new(day));
        return Err(Failure::new(Exit::USAGE, message)
            .of(selection.id())
            .help("give the last day on which it holds, or renew it at its page first"));
    }
    if let Some(path) = &options.file {
        fs::read(path, EVIDENCE_LIMIT)?;
    }
    if options.dry_run {
        return Ok(None);
    }
    let evidence = keep(context, options.file.as_slice())?;
    let record = Record {
        requirement: Some(step.id.clone()),
        means: options.file.as_ref().map(|_| Means::File),
        purpose: options.purpose.clone(),
        evidence,
        expires,
        ..about(context, EntryKind::Grant, &selection)
    };
    Ok(Some(recorded(&selection, &step, context.ledger()?.append(record)?)))
}

/// The page of a step: the named one, else the first that is not done and has a page, else the
/// home page.
pub async fn page(context: &Context, name: &str, step: Option<&str>) -> Result<SafeUrl, Failure> {
    let selection = one_selection(context, name)?;
    let page = match step {
        Some(_) => pick(&selection, step, |_| true, "a step")?.page,
        None => {
            let gate = gate::gate(context, &selection, None, Purpose::Fetch, Compare::AtHand).await?;
            let open = gate.steps.into_iter().filter(|one| one.state != State::Done);
            match open.filter_map(|one| one.step.page).next() {
                Some(page) => return Ok(page),
                None => selection.dataset().entry.homepage.clone(),
            }
        }
    };
    let missing =
        || Failure::new(Exit::CATALOG, format!("the entry names no page for `{selection}`")).of(selection.id());
    SafeUrl::parse(&page.ok_or_else(missing)?).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))
}

/// Letters and certificates are smaller.
const EVIDENCE_LIMIT: u64 = 64 << 20;

fn keep(context: &Context, files: &[PathBuf]) -> Result<Vec<Digest>, Failure> {
    let mut kept = Vec::new();
    for path in files {
        let bytes = fs::read(path, EVIDENCE_LIMIT)?;
        kept.push(context.evidence()?.store(&bytes)?);
    }
    Ok(kept)
}

fn about(context: &Context, kind: EntryKind, selection: &Selection) -> Record {
    Record {
        version: Some(selection.release().version.clone()),
        variant: selection.variant_name().map(str::to_owned),
        ..identity::record(context, kind, selection.id())
    }
}

/// `YYYY-MM-DD`: it holds to the end of that day, in UTC.
fn end_of_day(text: &str) -> Result<Timestamp, Failure> {
    let refused = || Failure::new(Exit::USAGE, format!("`{}` is no date of the form YYYY-MM-DD", Printable::new(text)));
    let day: jiff::civil::Date = text.parse().map_err(|_| refused())?;
    let next = day.tomorrow().map_err(|_| refused())?;
    format!("{next}T00:00:00Z").parse().map_err(|_| refused())
}

fn recorded(selection: &Selection, step: &Requirement, entry: Entry) -> Recorded {
    Recorded {
        dataset: selection.id().clone(),
        version: selection.release().version.clone(),
        step: step.id.clone(),
        license: entry.record.license,
        text_digest: entry.record.text_sha256,
        expires: entry.record.expires,
        sequence: entry.sequence,
        hash: entry.hash,
    }
}
