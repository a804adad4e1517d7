//! What is on disk: `list`, `status`, `verify`, `path`, `remove`, `du`, `prune`.

use jiff::Timestamp;
use serde_json::json;

use crate::context::{Context, keys};
use crate::layout::CheckMode;
use crate::ops::held::{self, Unaccepted};
use crate::ops::list::{Listed, Presence};
use crate::ops::outside::{MARK, Outside};
use crate::ops::prune::{PruneOptions, PruneReport, PrunedKind};
use crate::ops::remove::Extent;
use crate::ops::repair::Accepted;
use crate::ops::sync::compare::{self, State};
use crate::ops::verify::Verified;
use crate::ops::{self, Exit, Failure};
use crate::values::{ByteSize, DatasetName, Printable, counted};

use super::args::{DuArgs, ListArgs, PathArgs, PruneArgs, RemoveArgs, StatusArgs, VerifyArgs};
use super::output::{Answer, Output, add};
use super::table::Table;

/// Lists what is here, or the whole catalogue.
pub fn list(context: &Context, args: &ListArgs) -> Result<Answer, Failure> {
    if args.available {
        return super::catalogue::available(context);
    }
    let report = ops::list::list(context)?;
    let mut table = Table::new(&["dataset", "size", "files", "state", "licence", "accepted", "folder"]);
    for one in &report.datasets {
        table.row([
            one.name(),
            one.bytes.map_or("-".to_owned(), |bytes| bytes.to_string()),
            one.files.map_or("-".to_owned(), |files| files.to_string()),
            format!("{}{}", one.state, mark(&one.outside)),
            one.license.clone().unwrap_or_else(|| "-".to_owned()),
            accepted(one),
            one.path.display().to_string(),
        ]);
    }
    let mut answer = Answer::done("medsets/list/1", json!(report), table.to_string());
    if report.datasets.is_empty() {
        answer
            .notes
            .push("nothing is here yet; `medsets search` finds datasets, `medsets fetch ID` gets one".to_owned());
    }
    answer.warnings = report.warnings;
    Ok(answer)
}

/// When the person accepted what a dataset rests on, or that they did not.
fn accepted(one: &Listed) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    match (one.unaccepted.first(), one.accepted) {
        (Some(Unaccepted { withdrawn: Some(at), .. }), _) => format!("withdrawn {}", day(*at)),
        (Some(Unaccepted { lapsed: Some(at), .. }), _) => format!("ran out {}", day(*at)),
        (Some(_), _) => "not by you".to_owned(),
        (None, Some(at)) => day(at),
        (None, None) => "-".to_owned(),
    }
}

/// Compares size and time with the inventory, and in a project what is here with the lock.
pub fn status(context: &Context, args: &StatusArgs) -> Result<Answer, Failure> {
    let mut answer = status_of_disk(context, args)?;
    tell_unaccepted(context, args, &mut answer)?;
    let lock = if args.dataset.is_none() { compare::lock_state(context)? } else { None };
    let Some(lock) = lock else { return Ok(answer) };
    add(&mut answer.data, Some(&json!({ "lock": lock })));
    let fault = lock.fault.as_ref().map_or(String::new(), |fault| format!(": {fault}"));
    answer.text.push_str(&format!("lock: {}{fault}\n", lock.state));
    for one in lock.datasets.iter().filter(|one| one.state != State::Whole) {
        answer.text.push_str(&super::lock::compared_text(one));
    }
    if args.exit_code && !lock.is_met() {
        answer.exit = Exit::DIFFERENT;
        answer.failures.extend(lock.datasets.iter().filter(|one| one.state != State::Whole).map(compare::difference));
        if lock.state != "current" {
            let failure = Failure::new(Exit::DIFFERENT, format!("the lock is {}{fault}", lock.state));
            answer.failures.push(Failure { help: lock.help.clone(), ..failure });
        }
    }
    Ok(answer)
}

/// Adds what is here and rests on agreements that do not hold for this person.
fn tell_unaccepted(context: &Context, args: &StatusArgs, answer: &mut Answer) -> Result<(), Failure> {
    let unaccepted = held::unaccepted(context, args.dataset.as_deref())?;
    if unaccepted.is_empty() {
        return Ok(());
    }
    add(&mut answer.data, Some(&json!({ "unaccepted": unaccepted })));
    if args.exit_code {
        answer.exit = Exit::DIFFERENT;
        answer.failures.extend(unaccepted.iter().map(Unaccepted::failure));
    } else {
        answer.warnings.extend(unaccepted.iter().map(Unaccepted::sentence));
    }
    Ok(())
}

fn status_of_disk(context: &Context, args: &StatusArgs) -> Result<Answer, Failure> {
    let report = ops::verify::verify(context, args.dataset.as_deref(), CheckMode::Quick)?;
    let text = report.datasets.iter().map(summary).collect();
    let mut answer = Answer::done("medsets/status/1", json!(report), text);
    if args.exit_code && report.exit() != Exit::DONE {
        answer.exit = Exit::DIFFERENT;
        answer.failures = report.datasets.iter().filter(|one| one.exit() != Exit::DONE).map(damage).collect();
        for failure in &mut answer.failures {
            (failure.exit, failure.code) = (Exit::DIFFERENT, Exit::DIFFERENT.word());
        }
    } else {
        let faulty = report.datasets.iter().filter(|one| !one.records.is_empty());
        let by_hand = |one: &Verified| one.by_hand.as_ref().map_or(String::new(), |what| format!("; {what}"));
        let sentence = |one: &Verified| format!("`{}`: {}{}", one.name(), one.records.join("; "), by_hand(one));
        answer.warnings = faulty.map(sentence).collect();
    }
    Ok(answer)
}

/// Checks every byte, and fetches what is damaged when asked to.
pub async fn verify(context: &Context, args: &VerifyArgs) -> Result<Answer, Failure> {
    let mode = match args.sample {
        _ if args.quick => CheckMode::Quick,
        Some(percent) if !(0.0..=100.0).contains(&percent) => {
            return Err(Failure::new(Exit::USAGE, format!("`--sample` takes a share from 0 to 100, not {percent}")));
        }
        Some(percent) => CheckMode::Sample(percent),
        None => CheckMode::Full,
    };
    let mut report = ops::verify::verify(context, args.dataset.as_deref(), mode)?;
    let mut warnings = Vec::new();
    let mut failed: Vec<(String, Failure)> = Vec::new();
    if args.repair {
        let accepted = Accepted { files: args.accept_changed.clone(), reason: args.reason.clone() };
        for one in &report.datasets {
            // One that cannot be mended keeps no other from it.
            match ops::repair::repair(context, one, &accepted).await {
                Ok(told) => warnings.extend(told),
                Err(failure) => failed.push((one.name(), failure.of(&one.id))),
            }
            if context.cancel.is_set() {
                break;
            }
        }
        if report.datasets.iter().any(Verified::wants_repair) {
            report = ops::verify::verify(context, args.dataset.as_deref(), mode)?;
        }
    }
    let text = report.datasets.iter().map(summary).collect();
    let mut answer = Answer::done("medsets/verify/1", json!(report), text);
    answer.warnings = warnings;
    let is_told = |one: &&Verified| !failed.iter().any(|(name, _)| *name == one.name());
    let damaged: Vec<Failure> =
        report.datasets.iter().filter(|one| one.exit() != Exit::DONE).filter(is_told).map(damage).collect();
    answer.failures = failed.into_iter().map(|(_, failure)| failure).chain(damaged).collect();
    answer.exit = answer.failures.iter().map(|failure| failure.exit).fold(Exit::DONE, Exit::most_actionable);
    Ok(answer)
}

fn damage(found: &Verified) -> Failure {
    let counts =
        format!("{} missing, {} changed, {} extra", found.missing.len(), found.changed.len(), found.extra.len());
    let records = match found.records.as_slice() {
        [] => String::new(),
        faults => format!("; its records are damaged: {}", faults.join("; ")),
    };
    let name = found.name();
    if found.is_away {
        return found.away_failure();
    }
    let failure = Failure::new(found.exit(), format!("`{name}` is not as it was: {counts}{records}")).of(&found.id);
    if !found.is_damaged() {
        return failure.help("files that medsets did not put there stay until you remove them");
    }
    if let Some(by_hand) = &found.by_hand {
        return failure.help(by_hand);
    }
    if found.records.is_empty() {
        return failure.help(format!("`medsets verify {name} --repair` fetches what is damaged, and only that"));
    }
    failure
        .help(format!("`medsets verify {name} --repair` fetches it again and writes new records"))
        .help(format!("`medsets remove {name}` deletes what is there"))
}

/// One line for a whole dataset, and a line for each damaged file.
fn summary(found: &Verified) -> String {
    let state = match found.exit() {
        _ if found.is_away => "away",
        Exit::DONE => "whole",
        _ => "damaged",
    };
    let checked = counted(found.checked, "file");
    let mut text =
        format!("{}{}: {state}, {} of {checked} good ({})\n", found.name(), mark(&found.outside), found.ok, found.mode);
    for fault in &found.records {
        text.push_str(&format!("  {:<8} {fault}\n", "records"));
    }
    let lists =
        [("missing", shown(&found.missing)), ("changed", shown(&found.changed)), ("extra", shown(&found.extra))];
    for (word, paths) in lists {
        for path in paths {
            text.push_str(&format!("  {word:<8} {path}\n"));
        }
    }
    text
}

fn mark(outside: &Option<Outside>) -> &'static str {
    outside.as_ref().map_or("", |_| MARK)
}

fn shown<T: ToString>(paths: &[T]) -> Vec<String> {
    const MOST: usize = 50;
    let mut shown: Vec<String> =
        paths.iter().take(MOST).map(|path| Printable::new(&path.to_string()).to_string()).collect();
    if paths.len() > MOST {
        shown.push(format!("... and {} more", paths.len() - MOST));
    }
    shown
}

/// Prints where a dataset is, or would be.
pub fn path(context: &Context, args: &PathArgs) -> Result<Answer, Failure> {
    let presence = if args.must_exist { Presence::Required } else { Presence::Optional };
    let path = ops::list::path(context, &args.dataset, presence)?;
    Ok(Answer::done("medsets/path/1", json!({ "path": path }), format!("{}\n", path.display())))
}

/// Deletes files after a question, or with `--yes`.
pub fn remove(context: &Context, args: &RemoveArgs, output: &Output) -> Result<Answer, Failure> {
    let extent = if args.archives_only { Extent::Archives } else { Extent::Whole };
    let (here, plan) = match ops::remove::plan(context, &args.dataset, extent) {
        Err(failure) if failure.exit == Exit::CATALOG && extent == Extent::Whole => {
            let Some(interrupted) = ops::remove::interrupted(context, &args.dataset)? else { return Err(failure) };
            let report = match args.dry_run {
                true => Some(interrupted.report(false)),
                false => interrupted.finish(context)?,
            };
            let Some(report) = report else { return Err(failure) };
            let done = if args.dry_run { "would finish" } else { "finished" };
            let text = format!("{done} a removal that was interrupted: `{}`\n", report.path.display());
            return Ok(Answer::done("medsets/remove/1", json!(report), text));
        }
        planned => planned?,
    };
    let what = match (&plan.shared, &plan.stays) {
        _ if plan.leads_to.is_some() => {
            let at = plan.leads_to.as_deref().unwrap_or_default();
            format!("the link `{}`; what it leads to, `{at}`, stays", plan.path.display())
        }
        (Some(at), _) => format!("the link `{}`; the shared copy `{}` stays", plan.path.display(), at.display()),
        (None, None) => format!("{}, {} in `{}`", counted(plan.files, "file"), plan.bytes, plan.path.display()),
        (None, Some(place)) => format!("the records of `{}` alone; the files in `{place}` stay", here.name()),
    };
    if args.dry_run {
        return Ok(Answer::done("medsets/remove/1", json!(plan), format!("would remove {what}\n")));
    }
    if !args.yes {
        if !context.interactive() {
            return Err(Failure::new(Exit::USAGE, format!("nobody can be asked whether to remove {what}"))
                .help("add `--yes` to remove it"));
        }
        let reply = output.ask(&format!("Remove {what}? [y/N]"));
        if !reply.is_some_and(|reply| matches!(reply.as_str(), "y" | "Y" | "yes")) {
            return Err(Failure::new(Exit::OTHER, "nothing was removed"));
        }
    }
    let report = ops::remove::remove(context, &here, plan)?;
    Ok(Answer::done("medsets/remove/1", json!(report), format!("removed {what}\n")))
}

/// Shows bytes and inodes.
pub fn du(context: &Context, args: &DuArgs) -> Result<Answer, Failure> {
    let report = ops::du::du(context, args.dataset.as_deref())?;
    let mut table = Table::new(&["dataset", "data", "archives", "files"]);
    let of_store = [("(unfinished)", report.store), ("(objects without a dataset)", report.objects.unlinked)];
    let (mut bytes, mut inodes) = (ByteSize::ZERO, 0);
    for one in &report.datasets {
        let files = one.data.inodes + one.archives.inodes;
        let name = DatasetName::of(&one.id, &one.version, one.variant.as_deref());
        let name = if one.shared.is_some() { format!("{name} (shared)") } else { name.to_string() };
        table.row([name, one.data.bytes.to_string(), one.archives.bytes.to_string(), files.to_string()]);
        if one.shared.is_none() {
            bytes += one.data.bytes + one.archives.bytes;
            inodes += files;
        }
    }
    for (name, room) in of_store {
        table.row([name.into(), room.bytes.to_string(), ByteSize::ZERO.to_string(), room.inodes.to_string()]);
        bytes += room.bytes;
        inodes += room.inodes;
    }
    let twice = report.counted_twice;
    if twice.inodes > 0 {
        table.row(["(kept once)".into(), format!("-{}", twice.bytes), String::new(), format!("-{}", twice.inodes)]);
        bytes = bytes.saturating_sub(twice.bytes);
        inodes -= twice.inodes;
    }
    table.row(["(all)".into(), bytes.to_string(), String::new(), inodes.to_string()]);
    let mut answer = Answer::done("medsets/du/1", json!(report), table.to_string());
    answer.warnings = report.warnings;
    Ok(answer)
}

/// Removes from the store what nothing uses.
pub fn prune(context: &Context, args: &PruneArgs) -> Result<Answer, Failure> {
    let older = keys::time(&args.older).ok_or_else(|| {
        let message =
            format!("`--older` takes seconds, or a number with s, m, h or d, not `{}`", Printable::new(&args.older));
        Failure::new(Exit::USAGE, message).help("`--older 30d` is the usual")
    })?;
    let options = PruneOptions { dry_run: args.dry_run, older, parts: args.parts };
    let report = ops::prune::prune(context, &options)?;
    let mut answer = Answer::done("medsets/prune/1", json!(report), pruned(&report));
    let busy = report.busy.iter().map(|name| format!("another run works on `{name}`: it was left alone"));
    answer.warnings = busy.collect();
    if let Some(first) = report.failures.first() {
        answer.exit = first.exit;
    }
    answer.failures = report.failures;
    Ok(answer)
}

/// A line for each kind of thing, and the sum.
fn pruned(report: &PruneReport) -> String {
    let kinds = [
        (PrunedKind::Object, "object", "that no dataset uses"),
        (PrunedKind::Damaged, "object", "that was damaged"),
        (PrunedKind::Part, "unfinished dataset", ""),
        (PrunedKind::Listing, "list", "of files of a host"),
        (PrunedKind::Leftover, "leftover", "of killed runs"),
    ];
    let mut text = String::new();
    for (kind, noun, which) in kinds {
        let items: Vec<_> = report.items.iter().filter(|item| item.kind == kind).collect();
        if !items.is_empty() {
            let bytes: ByteSize = items.iter().map(|item| item.bytes).sum();
            let what = format!("{} {which}", counted(items.len() as u64, noun));
            text.push_str(&format!("{}: {bytes}\n", what.trim_end()));
        }
    }
    let word = if report.removed { "freed" } else { "would free" };
    text + &format!("{word} {} in `{}`\n", report.freed, report.path.display())
}
