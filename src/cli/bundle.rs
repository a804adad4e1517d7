//! `medsets bundle` and `unbundle`: one file for a machine without a network.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::context::Context;
use crate::ops::bundle::{self, BundleOptions, BundleReport, Sink};
use crate::ops::ledger::Names;
use crate::ops::unbundle::{self, ExtractProof, Input, UnbundleOptions, UnbundleReport, UnbundleState, Unbundled};
use crate::ops::{Exit, Failure};
use crate::values::{DatasetName, counted};

use super::args::{BundleArgs, UnbundleArgs};
use super::output::{Answer, Output, is_stdout};

/// Writes a bundle, or proves one.
pub async fn bundle(context: &Context, args: &BundleArgs, out: &Output) -> Result<Answer, Failure> {
    if let Some(file) = &args.check {
        let (path, input) = place(context, file)?;
        let report = bundle::check(context, &path, input)?;
        let text = format!("{}: whole in itself, {}\n", path.display(), holds(&report));
        let mut answer = Answer::done("medsets/bundle/1", json!(report), text);
        answer.warnings = report.warnings;
        return Ok(answer);
    }
    let Some(output) = &args.output else {
        return Err(Failure::new(Exit::USAGE, "where the bundle goes is not said").help("add `-o FILE`"));
    };
    let (output, sink) = match is_stdout(output) {
        true => (output.clone(), Sink::Stream(Box::new(out.stream_output("a bundle", args.dry_run)?))),
        false => (context.environment.absolute(output)?, Sink::File),
    };
    let is_stream = matches!(sink, Sink::Stream(_));
    let options = BundleOptions {
        datasets: args.datasets.clone(),
        output,
        names: if args.with_ledger { Names::Shown } else { Names::Masked },
        project: args.project,
        dry_run: args.dry_run,
    };
    let report = bundle::bundle(context, &options, sink).await?;
    let text = match report.size {
        Some(_) if is_stream => String::new(),
        Some(_) => format!("{}\n", report.path.display()),
        None => format!("would hold {}\n", holds(&report)),
    };
    let notes = match report.size {
        Some(size) => vec![format!("{size}, {}; index {}", holds(&report), report.index)],
        None => Vec::new(),
    };
    let mut answer = Answer::done("medsets/bundle/1", json!(report), text);
    answer.warnings = report.warnings;
    answer.notes = notes;
    Ok(answer)
}

fn holds(report: &BundleReport) -> String {
    let contents = &report.contents;
    let names: Vec<String> = contents
        .datasets
        .iter()
        .map(|one| DatasetName::of(&one.id, &one.version, one.variant.as_deref()).to_string())
        .collect();
    let ledger = match contents.ledger.as_deref() {
        None => String::new(),
        Some("masked") => ", an extract of the ledger without names".to_owned(),
        Some(_) => ", an extract of the ledger with names".to_owned(),
    };
    let project = if contents.project { ", the project" } else { "" };
    format!(
        "{} ({}), {}, {}{ledger}{project}",
        bundle::datasets(report),
        names.join(", "),
        counted(report.members, "file"),
        report.bytes
    )
}

/// Takes datasets out of a bundle.
pub async fn unbundle(context: &Context, args: &UnbundleArgs) -> Result<Answer, Failure> {
    let (file, input) = place(context, &args.file)?;
    let options = UnbundleOptions {
        file,
        to: args.to.as_ref().map(|to| context.environment.folder("--to", to)).transpose()?,
        only: args.only.clone(),
        about: args.about.clone(),
        accept_changed: args.accept_changed.clone(),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let mut report = unbundle::unbundle(context, &options, input).await?;
    let (warnings, failures) = (std::mem::take(&mut report.warnings), std::mem::take(&mut report.failures));
    let mut answer = Answer::done("medsets/unbundle/1", json!(report), text(&report, args));
    answer.exit = failures.iter().map(|failure| failure.exit).fold(Exit::DONE, Exit::most_actionable);
    answer.notes = if failures.is_empty() { notes(&report, args) } else { Vec::new() };
    if !failures.is_empty() && !args.dry_run {
        answer.text = String::new();
    }
    answer.warnings = warnings;
    answer.warnings.extend(report.extract.as_ref().and_then(ExtractProof::unproven));
    answer.failures = failures;
    Ok(answer)
}

/// The file that is named, or standard input for `-`.
fn place(context: &Context, file: &Path) -> Result<(PathBuf, Input), Failure> {
    if is_stdout(file) {
        return Ok((file.to_path_buf(), Input::Stream(Box::new(Output::stream_input("a bundle")?))));
    }
    Ok((context.environment.absolute(file)?, Input::File))
}

fn text(report: &UnbundleReport, args: &UnbundleArgs) -> String {
    let about: String = report.about.iter().map(|path| format!("{}\n", path.display())).collect();
    let dataset = |one: &Unbundled| match one.state {
        _ if args.dry_run => format!("{}: {}\n", name(one), planned(one)),
        UnbundleState::LeftOut => String::new(),
        _ => format!("{}\n", one.path.display()),
    };
    about + &report.datasets.iter().map(dataset).collect::<String>()
}

fn planned(one: &Unbundled) -> String {
    let what = format!("{}, {}", counted(one.files, "file"), one.bytes);
    match one.state {
        UnbundleState::Already => format!("is here already ({what})"),
        UnbundleState::LeftOut => format!("would be left out ({what})"),
        _ => format!("would go to `{}` ({what})", one.path.display()),
    }
}

fn name(one: &Unbundled) -> String {
    DatasetName::of(&one.id, &one.version, one.variant.as_deref()).to_string()
}

fn notes(report: &UnbundleReport, args: &UnbundleArgs) -> Vec<String> {
    let mut notes = Vec::new();
    for one in report.datasets.iter().filter(|_| !args.dry_run) {
        let what = format!("{}, {}, each byte proven", counted(one.files, "file"), one.bytes);
        match one.state {
            UnbundleState::Unbundled => notes.push(format!("{}: {what}", name(one))),
            UnbundleState::Already => notes.push(format!("{} was here already", name(one))),
            _ => {}
        }
    }
    if let Some(path) = &report.ledger {
        notes.push(format!("that extract is kept: `medsets audit --ledger {}`", path.display()));
    }
    if report.project && args.about.is_none() {
        notes.push(format!("a project is in it: `medsets unbundle {} --about DIR` writes it out", args.file.display()));
    }
    notes
}
