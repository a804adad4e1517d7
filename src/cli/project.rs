//! `init`, `add` and `drop`: the project file as people use it.

use serde_json::{Value, json};

use crate::context::Context;
use crate::ops::project_file::{AddOptions, Added, Change, InitOptions, Mode};
use crate::ops::{self, Exit, Failure};
use crate::project;
use crate::values::{DatasetName, Printable, WrittenChoice, counted};

use super::args::{AddArgs, DropArgs, InitArgs};
use super::output::Answer;

/// Makes a project file.
pub fn init(context: &Context, args: &InitArgs) -> Result<Answer, Failure> {
    let options = InitOptions { dir: args.dir.clone(), name: args.name.clone(), mode: mode(args.dry_run) };
    let report = ops::project_file::init(context, &options)?;
    let text = if args.dry_run { report.text.clone() } else { format!("{}\n", report.path.display()) };
    let mut answer = Answer::done("medsets/init/1", json!(report), text);
    if args.dry_run {
        answer.notes.push(format!("`{}` would be made", report.path.display()));
    } else {
        answer.notes.push(format!("made `{}`", report.path.display()));
        if let Some(gitignore) = &report.gitignore {
            answer.notes.push(format!("`{}` has a line for `/{}` now", gitignore.display(), report.data_dir));
        }
        answer
            .notes
            .push("next: `medsets search WORD` finds datasets, `medsets add ID` puts one into the project".into());
    }
    answer.warnings = report.warnings;
    Ok(answer)
}

/// Puts datasets into the project file.
pub fn add(context: &Context, args: &AddArgs) -> Answer {
    let options = AddOptions {
        names: args.datasets.clone(),
        source: args.source.clone(),
        choice: WrittenChoice {
            subset: args.subset.clone(),
            include: args.include.clone(),
            exclude: args.exclude.clone(),
            members: args.members.clone(),
            license: args.license.clone(),
        },
        whole: args.whole,
        mode: mode(args.dry_run),
    };
    let report = match ops::project_file::add(context, &options) {
        Ok(report) => report,
        Err(failures) => return failed(failures),
    };
    let text = match args.dry_run {
        true => report.text.clone(),
        false => report
            .datasets
            .iter()
            .map(|one| format!("{} {} (line {})\n", word(one.change), name(one), one.line))
            .collect(),
    };
    let mut answer = Answer::done("medsets/add/1", without_text(json!(report), args.dry_run), text);
    if !report.written && !args.dry_run {
        answer.notes.push(format!("`{}` says so already and was not touched", project::FILE));
    }
    for one in &report.datasets {
        answer.warnings.extend(one.warning.clone());
        if let Some(newer) = &one.newer {
            let (id, newer) = (&one.table.id, Printable::new(newer));
            answer.notes.push(format!(
                "`{id}` stays as the file has it; its usual release is {newer}: `medsets add {id}@{newer}`"
            ));
        }
        if let Some(steps) = one.steps.filter(|steps| *steps > 0) {
            let steps = counted(steps as u64, "step");
            answer.notes.push(format!(
                "`{}` asks for {steps} before it can be fetched: `medsets access {}`",
                one.table.id, one.table.id
            ));
        }
    }
    if report.written {
        answer.notes.push(NEXT.to_owned());
    }
    answer
}

/// Takes datasets out of the project file.
pub fn drop(context: &Context, args: &DropArgs) -> Answer {
    let report = match ops::project_file::drop(context, &args.datasets, mode(args.dry_run)) {
        Ok(report) => report,
        Err(failures) => return failed(failures),
    };
    let text = match args.dry_run {
        true => report.text.clone(),
        false => report
            .datasets
            .iter()
            .map(|one| format!("dropped {} (line {})\n", Printable::new(&one.name), one.line))
            .collect(),
    };
    let mut answer = Answer::done("medsets/drop/1", without_text(json!(report), args.dry_run), text);
    if report.written {
        answer.notes.push("its data on disk and the lock are as they were: `medsets lock` takes it out of the lock, `medsets sync --prune` removes the data".into());
    }
    answer.warnings = report.warnings;
    answer
}

const NEXT: &str = "next: `medsets lock` pins exact files, `medsets sync` brings them here";

fn mode(dry_run: bool) -> Mode {
    if dry_run { Mode::Show } else { Mode::Write }
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Changed => "changed",
        Change::Unchanged => "unchanged",
    }
}

fn name(added: &Added) -> String {
    let table = &added.table;
    match (table.id.parse(), &table.version) {
        (Ok(id), Some(version)) => {
            Printable::new(&DatasetName::of(&id, version, table.variant.as_deref()).to_string()).to_string()
        }
        _ => Printable::new(&table.id).to_string(),
    }
}

/// The whole text is told where it is not written.
fn without_text(mut data: Value, dry_run: bool) -> Value {
    if let (Some(data), false) = (data.as_object_mut(), dry_run) {
        data.remove("text");
    }
    data
}

/// Everything that is wrong, and the code of the most actionable.
fn failed(failures: Vec<Failure>) -> Answer {
    let exit = failures.iter().map(|failure| failure.exit).fold(Exit::DONE, Exit::most_actionable);
    Answer { exit, failures, ..Answer::done("medsets/error/1", json!({}), String::new()) }
}
