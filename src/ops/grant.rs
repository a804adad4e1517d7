//! `access grant`: what somebody else decided, recorded by the person with its evidence.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::agreements::{EntryKind, Means, Record};
use crate::catalog::{Requirement, RequirementKind, Selection};
use crate::context::Context;
use crate::fs;
use crate::licenses::Expression;
use crate::values::Printable;

use super::exit::Exit;
use super::failure::Failure;
use super::recorded::{EVIDENCE_LIMIT, Recorded, about, keep};
use super::selection::one_selection;
use super::step::pick;

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
    let step = match step {
        Some(REPORT) if asks_for_report(context, &selection)? => REPORT.to_owned(),
        _ => {
            let fits = |one: &Requirement| one.kind != RequirementKind::Agreement;
            pick(&selection, step, fits, "an approval, a training or an account")?.id
        }
    };
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
        requirement: Some(step.clone()),
        means: options.file.as_ref().map(|_| Means::File),
        purpose: options.purpose.clone(),
        evidence,
        expires,
        ..about(context, EntryKind::Grant, &selection)
    };
    Ok(Some(Recorded::of(&selection, &step, context.ledger()?.append(record)?)))
}

/// What a report to the owner that is due each year is recorded as; it is no step on the way to
/// the data.
const REPORT: &str = "annual-report";

/// Whether a licence of the selection asks for a report each year.
fn asks_for_report(context: &Context, selection: &Selection) -> Result<bool, Failure> {
    let shelf = context.shelf()?;
    let Ok(expression) = Expression::parse(selection.license(None)) else { return Ok(false) };
    let licenses = expression.ids().into_iter().filter_map(|id| shelf.get(id));
    Ok(licenses
        .flat_map(|license| &license.extra)
        .any(|(key, term)| key == "annual_report" && term.value == "required"))
}

/// `YYYY-MM-DD`: it holds to the end of that day, in UTC.
fn end_of_day(text: &str) -> Result<Timestamp, Failure> {
    let refused = || Failure::new(Exit::USAGE, format!("`{}` is no date of the form YYYY-MM-DD", Printable::new(text)));
    let day: jiff::civil::Date = text.parse().map_err(|_| refused())?;
    let next = day.tomorrow().map_err(|_| refused())?;
    format!("{next}T00:00:00Z").parse().map_err(|_| refused())
}
