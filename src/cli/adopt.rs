//! `medsets adopt`: data that lie on disk already.

use serde_json::json;

use crate::context::Context;
use crate::ops::adopt::{self, AdoptOptions, AdoptReport, AdoptState, AdoptedDataset};
use crate::ops::{Exit, Failure};
use crate::values::{Printable, ShellWord, counted};

use super::args::AdoptArgs;
use super::output::Answer;

/// Recognises what lies in a folder.
pub async fn run(context: &Context, args: &AdoptArgs) -> Result<Answer, Failure> {
    let options = AdoptOptions {
        dir: context.environment.absolute(&args.dir)?,
        dataset: args.dataset.clone(),
        source: args.source.clone(),
        unproven: args.unproven,
        dry_run: args.dry_run,
        jobs: args.jobs.map(usize::from),
    };
    let mut report = adopt::adopt(context, &options).await?;
    let (exit, failures, mut warnings) =
        (report.exit(), std::mem::take(&mut report.failures), std::mem::take(&mut report.warnings));
    warnings.extend(report.datasets.iter().flat_map(|one| one.warnings.iter().cloned()));
    let mut answer = Answer::done("medsets/adopt/1", json!(report), text(&report));
    answer.exit = exit;
    answer.failures = failures;
    answer.warnings = warnings;
    answer.notes = notes(&report);
    if answer.exit != Exit::DONE && report.datasets.is_empty() {
        answer.text = String::new();
    }
    Ok(answer)
}

/// One line for each dataset: what became of it, and its folder.
fn text(report: &AdoptReport) -> String {
    report.datasets.iter().map(|one| format!("{}\n", line(one))).collect()
}

fn line(one: &AdoptedDataset) -> String {
    let packed =
        if one.packed > 0 { format!(", {} as downloaded", counted(one.packed, "file")) } else { String::new() };
    let what = format!("{}, {}{packed}, known by {}", counted(one.files, "file"), one.bytes, one.by);
    let (name, place, path) = (one.name(), &one.place, one.path.display());
    match one.state {
        AdoptState::Adopted => format!("{name}: adopted from `{place}` ({what}); records in `{path}`"),
        AdoptState::WouldBeAdopted => format!("{name}: would be adopted from `{place}` ({what})"),
        AdoptState::Already => format!("{name}: adopted before ({what}); records in `{path}`"),
        AdoptState::Copy => format!("{name}: a second copy of what is in `{path}` ({what}); nothing was written"),
    }
}

fn notes(report: &AdoptReport) -> Vec<String> {
    let mut notes = vec![format!(
        "{} looked at, {} ({}) read, {} ({}) need not be",
        counted(report.scanned.files, "file"),
        report.hashed.files,
        report.hashed.bytes,
        report.not_needed.files,
        report.not_needed.bytes
    )];
    const SHOWN: usize = 5;
    if report.unknown.files > 0 {
        let first: Vec<String> =
            report.unknown.paths.iter().take(SHOWN).map(|path| format!("`{}`", Printable::new(path))).collect();
        let (files, bytes) = (counted(report.unknown.files, "file"), report.unknown.bytes);
        notes.push(format!("nothing that was adopted has {files} ({bytes}), such as {}", first.join(", ")));
    }
    for one in report.passed_over.iter().take(SHOWN) {
        let what = if one.is_unread { "could not be read" } else { "was passed over" };
        notes.push(format!("`{}` {what}: {}", Printable::new(&one.path), Printable::new(&one.reason)));
    }
    if report.passed_over.len() > SHOWN {
        notes.push(format!("{} more were passed over; `--json` names them", report.passed_over.len() - SHOWN));
    }
    for one in &report.datasets {
        if one.packed > 0 {
            let (name, place) = (one.name(), ShellWord(&one.place));
            let first = match one.state {
                // Nothing is laid out where records of a person's files are.
                AdoptState::Adopted | AdoptState::Already => {
                    format!("`medsets remove {name} --yes`, which takes the records alone away, then ")
                }
                AdoptState::WouldBeAdopted | AdoptState::Copy => String::new(),
            };
            notes.push(format!(
                "{name}: to have its archives verified, unpacked and laid out: {first}`medsets import {name} {place}`"
            ));
        }
        if !one.duplicates.is_empty() {
            let more = counted(one.duplicates.len() as u64, "more file");
            let first = Printable::new(&one.duplicates[0]);
            notes.push(format!("{}: {more} with the same bytes, such as `{first}`", one.name()));
        }
    }
    notes
}
