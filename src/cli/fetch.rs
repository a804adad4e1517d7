//! `medsets fetch` and `import`.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use crate::context::Context;
use crate::ops::fetch::{FetchOptions, IdleGlobs, KeepArchives, Process, Rest};
use crate::ops::import::{HowToTake, ImportOptions};
use crate::ops::link::Keep;
use crate::ops::outside::Outside;
use crate::ops::report::{FetchReport, Fetched, ShardReport};
use crate::ops::{self, Exit, Failure};
use crate::plan::Action;
use crate::values::{ByteSize, Printable, Secret, WrittenChoice, counted};

use super::args::{FetchArgs, ImportArgs};
use super::hidden;
use super::output::{Answer, LongReport, Output};
use super::progress::known_and_unknown;

/// Fetches datasets. On a terminal a link that is missing is asked for; when an acceptance is all
/// that is missing, it is offered in place. Then the fetch goes on.
pub async fn fetch(context: &Context, args: &FetchArgs, output: &Output) -> Result<Answer, Failure> {
    let keep_archives = match (args.keep_archives, args.no_keep_archives) {
        (true, _) => Some(KeepArchives::Yes),
        (_, true) => Some(KeepArchives::No),
        _ => None,
    };
    let mut include = args.include.clone();
    if let Some(file) = &args.files_from {
        include.extend(listed_in(context, file)?);
    }
    let choice = WrittenChoice {
        subset: args.subset.clone(),
        include,
        exclude: args.exclude.clone(),
        members: args.members.clone(),
        license: args.license.clone(),
    };
    let options = FetchOptions {
        datasets: args.datasets.clone(),
        choice: choice.into(),
        to: args.to.as_ref().map(|path| context.environment.folder("--to", path)).transpose()?,
        source: args.source.clone(),
        keep_archives,
        unpack: !args.no_unpack,
        dry_run: args.dry_run,
        ignore_space: args.ignore_space,
        accept_changed: args.accept_changed.clone(),
        reason: args.reason.clone(),
        // Among several datasets a glob may be meant for one of them.
        idle_globs: if args.datasets.len() == 1 { IdleGlobs::Refused } else { IdleGlobs::PassedOver },
        pins: None,
        process: match (args.shard, args.finish) {
            (Some(shard), _) => Process::Shard(shard),
            (None, true) => Process::Finish,
            (None, false) => Process::Whole,
        },
        rest: Rest::Stays,
    };
    if args.url_stdin {
        take_link_of_input(context, args, output)?;
    }
    let mut report = ops::fetch::fetch(context, &options).await?;
    if context.interactive() && !args.url_stdin && ask_for_links(context, args, &report, output)? {
        report = ops::fetch::fetch(context, &options).await?;
    }
    if context.interactive() && !args.dry_run {
        for missing in ops::fetch::only_acceptance_missing(&report) {
            output.note(&format!("`{missing}` asks for one thing only: that you read and accept its terms."));
            super::access::accept_at_prompt(context, &missing, output).await?;
        }
        if report.failures.iter().any(|failure| failure.acceptance.is_some()) {
            report = ops::fetch::fetch(context, &options).await?;
        }
    }
    Ok(if args.dry_run { planned(report) } else { answer("medsets/fetch/1", report) })
}

/// A dry run changes nothing, so it keeps no link either.
fn keep(args: &FetchArgs) -> Keep {
    if args.dry_run { Keep::ThisRun } else { Keep::Stored }
}

/// Standard input is the link of the one dataset that is named.
fn take_link_of_input(context: &Context, args: &FetchArgs, output: &Output) -> Result<(), Failure> {
    const LARGEST: u64 = 64 << 10;
    if args.files_from.as_deref() == Some(Path::new("-")) {
        return Err(Failure::new(Exit::USAGE, "standard input cannot be both the link and the names of files"));
    }
    let mut selections = Vec::new();
    for name in &args.datasets {
        selections.extend(context.catalog()?.resolve(name)?);
    }
    let [selection] = selections.as_slice() else {
        return Err(Failure::new(Exit::USAGE, "a link is for one dataset: fetch each with its own"));
    };
    let link = Secret::new(Output::read_input(LARGEST)?);
    let notes = ops::link::take(context, selection, args.source.as_deref(), link, keep(args))?;
    notes.iter().for_each(|note| output.note(note));
    Ok(())
}

/// Asks for each link without which a dataset could not be fetched. Says whether one was given.
fn ask_for_links(context: &Context, args: &FetchArgs, report: &FetchReport, output: &Output) -> Result<bool, Failure> {
    let mut given = false;
    let channel = args.source.as_deref();
    for selection in ops::link::missing(context, &args.datasets, channel, report)? {
        let failure = report.failures.iter().find(|failure| failure.dataset.as_ref() == Some(selection.id()));
        failure.into_iter().for_each(|failure| output.say(&failure.message));
        ops::link::directions(&selection, channel).iter().for_each(|line| output.say(&format!("help: {line}")));
        let link = Secret::new(hidden::ask(&format!("Paste the link for `{selection}` (it is not shown):"))?);
        if !link.expose().trim().is_empty() {
            let notes = ops::link::take(context, &selection, channel, link, keep(args))?;
            notes.iter().for_each(|note| output.note(note));
            given = true;
        }
    }
    Ok(given)
}

/// The paths that a file names, one in each line, as globs that match nothing else. Empty
/// lines and lines that begin with `#` are passed over.
fn listed_in(context: &Context, file: &Path) -> Result<Vec<String>, Failure> {
    const LARGEST: u64 = 256 << 20;
    let text = if file == Path::new("-") {
        Output::read_input(LARGEST)?
    } else {
        let bytes = crate::fs::read_named(&context.environment.absolute(file)?, LARGEST)?;
        String::from_utf8(bytes).map_err(|_| {
            Failure::new(Exit::USAGE, format!("`{}` is not UTF-8 text", file.display()))
                .help("write one path of the release in each line")
        })?
    };
    let paths: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(globset::escape)
        .collect();
    if paths.is_empty() {
        return Err(Failure::new(Exit::USAGE, format!("`{}` names no file", file.display())));
    }
    Ok(paths)
}

/// Takes files that were got by hand.
pub async fn import(context: &Context, args: &ImportArgs) -> Result<Answer, Failure> {
    let paths = args.paths.iter().map(|path| context.environment.absolute(path));
    let options = ImportOptions {
        dataset: args.dataset.clone(),
        paths: paths.collect::<Result<_, _>>()?,
        how: match (args.move_, args.link) {
            (true, _) => HowToTake::Move,
            (_, true) => HowToTake::Link,
            _ => HowToTake::Copy,
        },
        to: args.to.as_ref().map(|path| context.environment.folder("--to", path)).transpose()?,
        source: args.source.clone(),
        dry_run: args.dry_run,
        accept_changed: args.accept_changed.clone(),
        reason: args.reason.clone(),
    };
    let outcome = ops::import::import(context, &options).await?;
    if args.dry_run {
        let mut text = String::new();
        for one in &outcome.matched {
            text.push_str(&format!("{}  <-  {} ({})\n", one.path, one.found.display(), one.by));
        }
        for one in &outcome.unmatched {
            text.push_str(&format!("{}  is no file of this dataset\n", one.display()));
        }
        for one in &outcome.missing {
            text.push_str(&format!("{one}  is missing\n"));
        }
        return Ok(Answer::done("medsets/import/1", json!(outcome), text));
    }
    let mut answer = answer("medsets/import/1", outcome.report);
    answer.data["matched"] = json!(outcome.matched);
    let unmatched: Vec<_> = outcome.unmatched.iter().map(|path| path.to_string_lossy()).collect();
    answer.data["unmatched"] = json!(unmatched);
    Ok(answer)
}

pub(super) fn answer(schema: &'static str, report: FetchReport) -> Answer {
    let mut text = String::new();
    let mut notes = Vec::new();
    for one in report.datasets.iter().filter(|one| one.failed.is_empty()) {
        match &one.shard {
            // One that was stopped before any file.
            None if one.receipt_sha256.is_none() => {}
            Some(shard) => text.push_str(&by_shard(one, shard)),
            None => {
                notes.extend(remarks(one));
                text.push_str(&format!("{}\n", one.path.display()));
            }
        }
    }
    let mut answer = Answer::done(schema, json!(report), text);
    answer.notes = notes;
    troubles(answer, report).0
}

/// What a shard has, in a line.
fn by_shard(one: &Fetched, shard: &ShardReport) -> String {
    let ShardReport { number, of, files, of_files, .. } = shard;
    let left = if shard.left > 0 { format!("{} left", counted(shard.left, "file")) } else { "nothing left".to_owned() };
    let (dataset, of_files) = (&one.id, counted(*of_files, "file"));
    format!(
        "shard {number}/{of} of {dataset} {}: {files} of {of_files}, {} downloaded, {} here; {left}\n",
        one.version, one.downloaded, shard.bytes
    )
}

/// What a dry run found.
fn planned(report: FetchReport) -> Answer {
    let (mut answer, report) = troubles(Answer::done("medsets/fetch/1", json!({}), String::new()), report);
    answer.notes = report.datasets.iter().flat_map(|one| &one.outside).flat_map(Outside::sentences).collect();
    answer.long = Some(Box::new(report));
    answer
}

/// Puts a report's failures and warnings into its answer.
pub(super) fn troubles(mut answer: Answer, mut report: FetchReport) -> (Answer, FetchReport) {
    answer.exit = report.exit();
    answer.warnings = std::mem::take(&mut report.warnings);
    report.failures.sort_by_key(|failure| failure.exit != answer.exit);
    answer.failures = std::mem::take(&mut report.failures);
    (answer, report)
}

impl LongReport for FetchReport {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        self.datasets.iter().try_for_each(|one| write_plan(one, out))
    }

    fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        Ok(serde_json::to_writer(out, self)?)
    }
}

/// What a person wants to know beside the path.
fn remarks(one: &Fetched) -> Vec<String> {
    let variant = one.variant.as_ref().map_or(String::new(), |variant| format!(" ({variant})"));
    let mut lines = Vec::new();
    let by = one.mirror.as_ref().map_or(String::new(), |mirror| format!(" by the mirror `{mirror}`"));
    if one.downloaded.0 == 0 && one.unpacked == 0 {
        let accepted = accepted(one).map_or(String::new(), |accepted| format!("; {accepted}"));
        lines.push(format!(
            "{} {}{variant} is {} here{by}: {}, {}{accepted}",
            one.id,
            one.version,
            if one.is_part { "in part" } else { "whole" },
            counted(one.files, "file"),
            one.bytes
        ));
    } else {
        let how = proven(one);
        let got = format!("{} downloaded, {}, {} on disk", one.downloaded, counted(one.files, "file"), one.bytes);
        lines.push(format!("{} {}{variant} from `{}`{by}: {got}; {how}", one.id, one.version, one.source));
    }
    lines.extend(one.shared.iter().map(|at| format!("shared: {}", at.display())));
    lines.extend(one.outside.iter().flat_map(Outside::sentences));
    if let Some(cite) = &one.cite {
        lines.push(format!("cite: {cite}"));
    }
    lines
}

/// What proves the release's files, with the ones that nothing published does.
fn proven(one: &Fetched) -> String {
    let (pinned, members) = (one.pinned_on_first_use, one.members_pinned_on_first_use);
    let mut doubts = Vec::new();
    if pinned > 0 {
        doubts.push(format!("{pinned} of the release's files pinned on first use: nothing published proves them"));
    }
    doubts.extend(accepted(one));
    if members > 0 {
        let members = counted(members, "member");
        doubts.push(format!(
            "{members} pinned on first use: the CRC-32 is that of the archive's directory, nothing published proves it"
        ));
    }
    if doubts.is_empty() { "every file proven".to_owned() } else { doubts.join("; ") }
}

/// The files for which a person's word stands.
fn accepted(one: &Fetched) -> Option<String> {
    let files = one.accepted_changes;
    (files > 0).then(|| format!("{files} of the release's files taken by your word in place of other bytes"))
}

fn write_plan(one: &Fetched, out: &mut dyn Write) -> io::Result<()> {
    let Some(plan) = &one.plan else { return Ok(()) };
    for step in &plan.steps {
        let word = match step.action {
            Action::Keep => "keep",
            Action::Download => "download",
            Action::DownloadAndUnpack => "download and unpack",
            Action::Unpack => "unpack",
            Action::ReadMembers => "read members",
        };
        let size = match (step.size, step.size_about) {
            (Some(size), _) => size.to_string(),
            (None, Some(about)) => format!("about {about}"),
            (None, None) => "size not known".to_owned(),
        };
        let mut more = step.license.as_ref().map_or(String::new(), |license| format!("  {}", Printable::new(license)));
        more.extend(step.from.as_ref().map(|from| format!("  from {}", place(from))));
        let Some(part) = &step.part else {
            writeln!(out, "{word:<20} {}  {size}{more}", step.path)?;
            continue;
        };
        let of = part.archive_size.map_or(String::new(), |whole| format!(" of {whole}"));
        let members = counted(part.members.len() as u64, "member");
        writeln!(out, "{word:<20} {}  {size}{of}, {members}{more}", step.path)?;
        for member in &part.members {
            writeln!(out, "{:<22} {}  {}", "", Printable::new(&member.name), member.size)?;
        }
    }
    let download = known_and_unknown(plan.download, plan.unknown_sizes);
    let peak = match plan.peak {
        ByteSize::ZERO if plan.unknown_sizes > 0 => "an unknown amount".to_owned(),
        peak => peak.to_string(),
    };
    let by = one.mirror.as_ref().map_or(String::new(), |mirror| format!(" by the mirror `{mirror}`"));
    writeln!(
        out,
        "{} {} from `{}`{by} into `{}`: {download} to download, {peak} needed at the peak",
        one.id,
        one.version,
        one.source,
        one.path.display()
    )
}

/// Where the bytes of a step come from, in words.
fn place(from: &str) -> &str {
    match from {
        "store" => "the store",
        "shared" => "a shared folder",
        mirror => mirror,
    }
}
