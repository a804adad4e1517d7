//! `diff`: what changed between two releases of a dataset.

use serde_json::json;

use crate::context::Context;
use crate::ops::diff::{
    Compared, DiffOptions, DiffReport, FileAt, FileChange, NameChange, Of, Origin, Rename, SideMark,
};
use crate::ops::{self, Exit, Failure};
use crate::values::{ByteSize, DatasetName, Printable, counted};

use super::args::DiffArgs;
use super::output::Answer;

/// Compares two releases or variants.
pub fn run(context: &Context, args: &DiffArgs) -> Result<Answer, Failure> {
    let options = DiffOptions {
        dataset: args.dataset.clone(),
        before: args.before.clone(),
        after: args.after.clone(),
        source: args.source.clone(),
    };
    let report = ops::diff::diff(context, &options)?;
    let text = text(&report, if args.all { usize::MAX } else { SHOWN });
    let mut answer = Answer::done("medsets/diff/1", json!(report), text);
    if args.exit_code && report.different {
        answer.exit = Exit::DIFFERENT;
        answer.failures.push(Failure::new(Exit::DIFFERENT, "the two differ").of(&report.id));
    } else if args.exit_code && !report.unknown.is_empty() {
        let failure = Failure::new(Exit::UNKNOWN, "nothing that is known differs, and not all is known").of(&report.id);
        answer.exit = Exit::UNKNOWN;
        answer.failures.push(failure.help("fetch both, and their files are compared"));
    }
    Ok(answer)
}

/// How many files of a kind are shown where not all are.
const SHOWN: usize = 10;

fn text(report: &DiffReport, most: usize) -> String {
    let mut out = format!("{} -> {}\n", side(report, &report.before), side(report, &report.after));
    for fact in &report.facts {
        let (before, after) = (said(fact.before.as_deref()), said(fact.after.as_deref()));
        line(&mut out, &fact.about, &format!("{before} -> {after}"));
    }
    for one in &report.uses {
        line(&mut out, one.act, &format!("{} -> {}", one.before, one.after));
    }
    names(&mut out, "steps", &report.steps);
    names(&mut out, "sources", &report.sources);
    for compared in &report.files {
        files(&mut out, compared, most);
    }
    for unknown in &report.unknown {
        line(&mut out, "not known", unknown);
    }
    if !report.different && report.unknown.is_empty() {
        line(&mut out, "same", "nothing differs");
    }
    out
}

fn side(report: &DiffReport, side: &SideMark) -> String {
    let name = DatasetName::of(&report.id, &side.version, side.variant.as_deref()).to_string();
    let source = side.source.as_ref().map_or(String::new(), |source| format!(" by {source}"));
    Printable::new(&format!("{name}{source}")).to_string()
}

fn said(text: Option<&str>) -> String {
    text.map_or("not said".to_owned(), |text| Printable::new(text).to_string())
}

fn line(out: &mut String, head: &str, text: &str) {
    out.push_str(&format!("  {:<18} {text}\n", Printable::cut(head, 40)));
}

fn names(out: &mut String, head: &str, change: &NameChange) {
    let signed = |sign: char, names: &[String]| -> Vec<String> {
        names.iter().map(|name| format!("{sign}{}", Printable::new(name))).collect()
    };
    let all = [signed('-', &change.removed), signed('+', &change.added)].concat();
    if !all.is_empty() {
        line(out, head, &all.join(" "));
    }
}

/// One list in numbers, then file by file.
fn files(out: &mut String, compared: &Compared, most: usize) {
    let changes = &compared.changes;
    let of = match compared.of {
        Of::Tree => "files on disk",
        Of::Release => "files of release",
    };
    let (before, after) =
        (origin(compared.before_from, compared.before_whole), origin(compared.after_from, compared.after_whole));
    let from = if before == after { format!("by {before}") } else { format!("by {before} -> {after}") };
    let sum = |sizes: &mut dyn Iterator<Item = Option<ByteSize>>| -> String {
        let sizes: Vec<Option<ByteSize>> = sizes.collect();
        let known: Vec<ByteSize> = sizes.iter().flatten().copied().collect();
        let files = counted(sizes.len() as u64, "file");
        let bytes: ByteSize = known.iter().copied().sum();
        match sizes.len() - known.len() {
            0 => format!("{files}, {bytes}"),
            _ if known.is_empty() => format!("{files} of unknown size"),
            open => format!("{files}, {bytes} and {open} of unknown size"),
        }
    };
    line(out, of, &format!("{} the same, {}, {from}", counted(changes.same, "file"), changes.same_bytes));
    let at = |sign: char| move |file: &FileAt| format!("{sign} {}{}", shown(file.path.as_str()), size(file.bytes));
    list(out, "added", &sum(&mut changes.added.iter().map(|file| file.bytes)), &changes.added, at('+'), most);
    list(out, "removed", &sum(&mut changes.removed.iter().map(|file| file.bytes)), &changes.removed, at('-'), most);
    list(
        out,
        "changed",
        &sum(&mut changes.changed.iter().map(|file| file.bytes_after)),
        &changes.changed,
        changed,
        most,
    );
    list(out, "renamed", &sum(&mut changes.renamed.iter().map(|file| file.bytes)), &changes.renamed, renamed, most);
}

fn list<T>(out: &mut String, head: &str, sum: &str, files: &[T], shown: impl Fn(&T) -> String, most: usize) {
    if files.is_empty() {
        return;
    }
    out.push_str(&format!("    {head:<16} {sum}\n"));
    for file in files.iter().take(most) {
        out.push_str(&format!("      {}\n", shown(file)));
    }
    if files.len() > most {
        out.push_str(&format!("      ... and {} more (`--all` shows them)\n", files.len() - most));
    }
}

fn changed(file: &FileChange) -> String {
    let sizes = match (file.bytes_before, file.bytes_after) {
        (Some(before), Some(after)) if before != after => format!("  {before} -> {after}"),
        (_, after) => size(after),
    };
    format!("~ {}{sizes}", shown(file.path.as_str()))
}

fn renamed(file: &Rename) -> String {
    format!("> {} -> {}{}", shown(file.from.as_str()), shown(file.to.as_str()), size(file.bytes))
}

fn size(bytes: Option<ByteSize>) -> String {
    bytes.map_or(String::new(), |bytes| format!("  {bytes}"))
}

fn shown(path: &str) -> String {
    Printable::new(path).to_string()
}

fn origin(from: Origin, whole: bool) -> &'static str {
    match (from, whole) {
        (Origin::Disk, true) => "the copy here",
        (Origin::Disk, false) => "the part of it here",
        (Origin::Catalog, true) => "the catalogue",
        (Origin::Catalog, false) => "what the catalogue names of it",
        (Origin::Lock, true) => "the lock",
        (Origin::Lock, false) => "what the lock chose of it",
    }
}
