//! `audit`: what may be done with the data, who agreed to what, and what is due.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use crate::audit::Audit;
use crate::context::Context;
use crate::fs::{self, Access};
use crate::ops::audit::{AuditOptions, Audited};
use crate::ops::{self, Exit, Failure};
use crate::policy::Act;
use crate::policy::act::NoAct;
use crate::reports::audit as reports;

use super::args::{AuditArgs, AuditFormat};
use super::output::{Answer, LongReport, Output, is_stdout};

/// Judges a project, folders or named datasets, and writes the report in one form.
pub fn run(context: &Context, args: &AuditArgs, json: bool) -> Result<Answer, Failure> {
    let (policy, policy_text) = match &args.policy {
        Some(path) if path == Path::new("-") => (None, Some(Output::read_input(LARGEST_POLICY)?)),
        named => (named.clone(), None),
    };
    let options = AuditOptions {
        what: args.what.clone(),
        policy,
        policy_text,
        acts: acts(&args.acts)?,
        ledgers: args.ledger.clone(),
    };
    let Audited { audit, warnings } = ops::audit::audit(context, &options)?;
    let failure = verdict(&audit, args.strict);
    let format = match args.format {
        AuditFormat::Text => reports::Format::Text,
        AuditFormat::Md => reports::Format::Markdown,
        AuditFormat::Html => reports::Format::Html,
        AuditFormat::Json => reports::Format::Json,
        AuditFormat::Csv => reports::Format::Csv,
        AuditFormat::Sarif => reports::Format::Sarif,
    };
    let report = Report { audit, format };
    let mut answer = Answer::done("medsets/audit/1", json!({}), String::new());
    let output = args.output.as_ref().filter(|path| !is_stdout(path));
    if let Some(path) = output {
        let path = context.environment.absolute(path)?;
        fs::write_output_by(&path, Access::Shared, |out| report.write_text(out))?;
        answer.notes.push(format!("written to `{}`", path.display()));
    }
    if output.is_none() || json {
        answer.long = Some(Box::new(report));
    }
    answer.warnings = warnings;
    if let Some(failure) = failure {
        answer.exit = failure.exit;
        answer.failures = vec![failure];
    }
    Ok(answer)
}

/// Bytes; the limit of files of facts.
const LARGEST_POLICY: u64 = 64 << 20;

/// A report that may be of thousands of datasets.
#[derive(Debug)]
struct Report {
    audit: Audit,
    format: reports::Format,
}

impl LongReport for Report {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        reports::write(&self.audit, self.format, out)
    }
    fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        Ok(serde_json::to_writer(out, &self.audit)?)
    }
}

fn acts(words: &[String]) -> Result<Vec<Act>, Failure> {
    let mut acts = Vec::new();
    for word in words {
        acts.extend(Act::parse(word).map_err(|error| no_act(&error))?);
    }
    Ok(acts)
}

/// A word that is no act, with the one that was probably meant.
fn no_act(error: &NoAct) -> Failure {
    let failure = Failure::new(Exit::USAGE, error.to_string());
    let shorthands = Act::shorthands().iter().map(|(word, _)| *word);
    let likeness = |word: &&str| strsim::jaro_winkler(word, &error.0);
    let nearest = Act::ALL.map(Act::as_str).into_iter().chain(shorthands);
    match nearest.max_by(|one, other| likeness(one).total_cmp(&likeness(other))).filter(|one| likeness(one) > 0.8) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    }
}

/// Why the audit does not pass, if it does not.
fn verdict(audit: &Audit, strict: bool) -> Option<Failure> {
    let summary = &audit.summary;
    let planned: Vec<&str> = audit.policy.acts.iter().map(|act| act.as_str()).collect();
    if audit.is_denied() {
        let message = format!(
            "{} is not allowed as things are: of {} datasets {} deny it, and of {} it cannot be told",
            planned.join(", "),
            summary.datasets,
            summary.deny,
            summary.review
        );
        let failure = Failure::new(Exit::POLICY, message);
        return Some(failure.help("each finding names its clause and what to do; docs/findings.md explains the codes"));
    }
    if strict && audit.has_unknown() {
        let failure = Failure::new(Exit::UNKNOWN, "something is not known, and with --strict nothing unknown passes");
        return Some(failure.help("the terms with the value `unknown` and the findings name it"));
    }
    None
}
