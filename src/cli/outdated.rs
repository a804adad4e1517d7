//! `outdated`: which datasets have changed since they were taken up.

use serde_json::json;

use crate::context::Context;
use crate::ops::outdated::{Looked, State};
use crate::ops::{self, Exit, Failure};
use crate::values::{Printable, counted};

use super::args::OutdatedArgs;
use super::output::Answer;

/// Looks at the project, else at all that is here.
pub fn run(context: &Context, args: &OutdatedArgs) -> Result<Answer, Failure> {
    let report = ops::outdated::outdated(context)?;
    let text = report.datasets.iter().map(lines).collect();
    let count = |state| report.datasets.iter().filter(|one| one.state == state).count();
    let (outdated, unknown) = (count(State::Outdated), count(State::Unknown));
    let mut answer = Answer::done("medsets/outdated/1", json!(report), text);
    if report.datasets.is_empty() {
        let place = if report.project.is_some() { "the project names no dataset" } else { "nothing is here" };
        answer.notes.push(format!("{place}, so nothing can be outdated"));
    } else {
        let all = counted(report.datasets.len() as u64, "dataset");
        answer.notes.push(format!("{all} looked at: {outdated} outdated, {unknown} not known"));
    }
    if args.exit_code && report.is_outdated() {
        answer.exit = Exit::DIFFERENT;
        let message = format!("outdated: {} of {}", outdated, counted(report.datasets.len() as u64, "dataset"));
        answer.failures.push(Failure::new(Exit::DIFFERENT, message));
    }
    answer.warnings = report.warnings;
    Ok(answer)
}

fn lines(one: &Looked) -> String {
    let name = Printable::new(&one.name);
    let word = match one.state {
        State::Current => "current",
        State::Outdated => "outdated",
        State::Unknown => "unknown",
    };
    let mut text = format!("{word:<9} {name}\n");
    for line in one.changes.iter().map(|change| &change.message).chain(&one.reason) {
        text.push_str(&format!("          {line}\n"));
    }
    text
}
