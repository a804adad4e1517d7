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
    answer.warnings.extend(elsewhere(&report));
    answer.warnings.extend(report.unread.iter().map(|why| format!("not compared with the ledger: {why}")));
    answer.failures.extend(failure(&report));
    Ok(answer)
}

/// That a ledger of the same person is not this one: it may have been lost.
fn elsewhere(report: &LedgerReport) -> Option<String> {
    let first = report.elsewhere.first()?;
    let more = match report.elsewhere.len() {
        1 => "is".to_owned(),
        count => format!("and {} are", counted(count as u64 - 1, "more dataset")),
    };
    Some(format!(
        "`{first}` {more} noted in another ledger of yours; if that one was lost, restore it from a backup under \
         another name: `{}` was begun anew",
        report.path.display()
    ))
}

fn failure(report: &LedgerReport) -> Option<Failure> {
    let (exit, path) = (report.exit(), report.path.display());
    let (message, advice) = match exit {
        Exit::DONE => return None,
        Exit::LEDGER if !report.is_there => (
            format!("the ledger `{path}` is gone"),
            "restore the file from a backup before you go on: the next entry may begin a new ledger",
        ),
        Exit::LEDGER if report.faults.is_empty() => (
            format!("the ledger `{path}` is broken"),
            "`medsets ledger verify --repair` completes the torn line or sets it aside",
        ),
        Exit::LEDGER => (format!("the ledger `{path}` is broken"), "restore the file from a backup before you go on"),
        _ => (
            format!("nobody can say whether there was a ledger at `{path}`: not all receipts can be read"),
            "`medsets verify ID --repair` mends records; open what is closed to you, or ask its owner; then check again",
        ),
    };
    Some(Failure::new(exit, message).help(advice))
}

/// What the check comes to, as a line.
fn verdict(report: &LedgerReport) -> String {
    let path = report.path.display();
    if report.is_there {
        let head = report.head.as_ref().map_or("none".to_owned(), |head| head.hash.to_string());
        let verdict = if report.exit() == Exit::DONE { "holds" } else { "is broken" };
        return format!("the chain of {} entries {verdict}; head {head}\n", report.entries);
    }
    match report.exit() {
        Exit::DONE => {}
        Exit::LEDGER => return format!("there is no ledger at `{path}`, and its entries were noted elsewhere\n"),
        _ => return format!("there is no ledger at `{path}`, and what may tell of one cannot be read\n"),
    }
    let others = match report.heads_of_others {
        0 => String::new(),
        count => format!("; the ledgers of others or other machines tell of {} here", counted(count as u64, "dataset")),
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
