//! `medsets ledger`: show, verify, export.

use serde_json::json;

use crate::agreements::Entry;
use crate::context::Context;
use crate::fs::{self, Access};
use crate::ops::ledger::{LedgerReport, Names, OnTornLine};
use crate::ops::outside::MARK;
use crate::ops::{self, Exit, Failure};
use crate::values::{DatasetName, Digest, Printable, counted};

use super::args::{ExtractFormat, LedgerCommand, LedgerExportArgs, LedgerVerifyArgs};
use super::output::Answer;

/// Runs one of the ledger commands.
pub fn run(context: &Context, command: &LedgerCommand) -> Result<Answer, Failure> {
    match command {
        LedgerCommand::Show(args) => show(context, args.dataset.as_deref()),
        LedgerCommand::Verify(args) => verify(context, args),
        LedgerCommand::Export(args) => export(context, args),
    }
}

fn show(context: &Context, dataset: Option<&str>) -> Result<Answer, Failure> {
    let entries = ops::ledger::show(context, dataset)?;
    let text = entries.iter().map(|entry| line(entry) + "\n").collect();
    let mut answer = Answer::done("medsets/ledger/1", json!({ "entries": entries }), text);
    if entries.is_empty() {
        answer.notes.push("the ledger has no such entries".to_owned());
    }
    Ok(answer)
}

/// An entry in one line.
fn line(entry: &Entry) -> String {
    let record = &entry.record;
    let (version, variant) = (record.version.as_deref(), record.variant.as_deref());
    let name = DatasetName { id: &record.dataset, version, variant };
    let who = record.who.name.as_deref().unwrap_or(&record.who.os_user);
    let what = record.license.as_deref().unwrap_or_default();
    let mark = record.reference.as_ref().map_or("", |_| MARK);
    let shown =
        format!("{:>5}  {}  {:<8}  {name}{mark}  {who}  {what}", entry.sequence, record.time, record.kind.as_str());
    Printable::cut(shown.trim_end(), 400).to_string()
}

fn verify(context: &Context, args: &LedgerVerifyArgs) -> Result<Answer, Failure> {
    let torn_line = if args.repair { OnTornLine::Repair } else { OnTornLine::Tell };
    let report = ops::ledger::verify(context, args.head.as_deref(), torn_line)?;
    let mut text = String::new();
    for line in report.faults.iter().chain(&report.torn).chain(&report.repaired) {
        text.push_str(&format!("{}\n", Printable::cut(line, 400)));
    }
    let exit = report.exit();
    text.push_str(&verdict(&report));
    let mut answer = Answer::done("medsets/ledger-verify/1", json!(report), text);
    answer.exit = exit;
    if exit != Exit::DONE {
        let what = if report.is_there { "is broken" } else { "is gone" };
        let failure = Failure::new(exit, format!("the ledger `{}` {what}", report.path.display()));
        let advice = match (&report.torn, report.faults.is_empty()) {
            (Some(_), true) => "`medsets ledger verify --repair` completes the torn line or sets it aside",
            _ => "restore the file from a backup; medsets writes nothing to it before",
        };
        answer.failures.push(failure.help(advice));
    }
    Ok(answer)
}

/// What the check comes to, as a line.
fn verdict(report: &LedgerReport) -> String {
    let path = report.path.display();
    if report.is_there {
        let head = report.head.as_ref().map_or("none".to_owned(), |head| head.hash.to_string());
        let verdict = if report.exit() == Exit::DONE { "holds" } else { "is broken" };
        return format!("the chain of {} entries {verdict}; head {head}\n", report.entries);
    }
    if report.exit() != Exit::DONE {
        return format!("there is no ledger at `{path}`, and its entries were noted elsewhere\n");
    }
    let others = match report.heads_of_others {
        0 => String::new(),
        count => format!("; the ledgers of others tell of {} here", counted(count as u64, "dataset")),
    };
    format!("there is no ledger at `{path}`, and nothing tells of one: there is nothing to check{others}\n")
}

fn export(context: &Context, args: &LedgerExportArgs) -> Result<Answer, Failure> {
    let extract = ops::ledger::export(context, &args.datasets, if args.mask { Names::Masked } else { Names::Shown })?;
    let (format, bytes) = match args.format {
        ExtractFormat::Json => ("json", extract.json()),
        ExtractFormat::Csv => ("csv", extract.csv()),
        ExtractFormat::Html => ("html", extract.html()),
    };
    let mut data =
        json!({ "format": format, "entries": extract.count(), "sha256": Digest::sha256(&bytes).to_string() });
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let nothing = (extract.count() == 0).then(|| "the ledger has no such entries: the extract is empty".to_owned());
    let Some(path) = &args.output else {
        data["extract"] = text.clone().into();
        let mut answer = Answer::done("medsets/ledger-export/1", data, text);
        answer.warnings.extend(nothing);
        return Ok(answer);
    };
    let path = context.environment.absolute(path)?;
    fs::write_output(&path, &bytes, Access::Private)?;
    data["path"] = path.to_string_lossy().into();
    let mut answer = Answer::done("medsets/ledger-export/1", data, format!("{}\n", path.display()));
    answer.warnings.extend(nothing);
    Ok(answer)
}
