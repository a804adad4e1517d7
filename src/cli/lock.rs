//! `medsets lock` and `sync`.

use serde_json::json;

use crate::context::Context;
use crate::ops::held::{self, Unaccepted};
use crate::ops::lock::{self, LockReport, Outcome, Project, Purpose, Upgrade};
use crate::ops::project_file::ignored;
use crate::ops::report::FetchReport;
use crate::ops::sync::compare::{self, Compared, Depth, State};
use crate::ops::sync::{self, Reduced, SyncOptions, SyncReport, Trust};
use crate::ops::{Exit, Failure};
use crate::project::lock::{Change, Difference, FilesOf};
use crate::values::{ByteSize, DatasetName, Digest, Printable, RelPath, counted};

use super::args::lock::ALL;
use super::args::{LockArgs, SyncArgs};
use super::output::{Answer, LongReport as _, add};
use super::progress::known_and_unknown;

/// Resolves the project to exact files and digests.
pub async fn lock(context: &mut Context, args: &LockArgs) -> Result<Answer, Failure> {
    let (outcome, purpose) = match (args.check, args.dry_run) {
        (true, _) => (Outcome::Told, Purpose::Check),
        (false, true) => (Outcome::Told, Purpose::Look),
        (false, false) => (Outcome::Written, Purpose::Write),
    };
    let project = Project::open(context, upgrade(&args.upgrade), purpose).await?;
    let mut report = lock::lock(context, &project, outcome).await?;
    let mut answer = Answer::done("medsets/lock/1", json!(report), lock_text(&report));
    answer.warnings = project.warnings.iter().chain(&report.warnings).cloned().collect();
    answer.warnings.extend(ignored::warnings(context));
    let is_renewal = !args.upgrade.is_empty();
    if args.check && report.changed {
        // A current lock of which a newer state is known differs; another one is stale.
        answer.exit = if is_renewal && project.is_answered() { Exit::DIFFERENT } else { Exit::LOCK };
        let what = match &project.lock {
            None => "there is no lock yet",
            Some(_) if answer.exit == Exit::DIFFERENT => "an upgrade would change the lock",
            Some(_) => "the lock is not what `medsets lock` would write",
        };
        let command = written_by(&args.upgrade);
        let what = match report.form.as_slice() {
            [] => what.to_owned(),
            form => format!("{what}: {}", form.join("; ")),
        };
        answer.failures.push(Failure::new(answer.exit, what).help(format!("`{command}` writes it")));
    }
    for failure in report.failures.drain(..) {
        answer.exit = answer.exit.most_actionable(failure.exit);
        answer.failures.push(failure);
    }
    let exit = answer.exit;
    answer.failures.sort_by_key(|failure| failure.exit != exit);
    Ok(answer)
}

fn upgrade(asked: &[String]) -> Upgrade {
    match asked {
        [] => Upgrade::Nothing,
        all if all.iter().any(|one| one == ALL) => Upgrade::All,
        these => Upgrade::These(these.to_vec()),
    }
}

/// The command that writes what was looked at.
fn written_by(asked: &[String]) -> String {
    match upgrade(asked) {
        Upgrade::Nothing => "medsets lock".to_owned(),
        Upgrade::All => "medsets lock --upgrade".to_owned(),
        Upgrade::These(ids) => {
            ids.iter().fold("medsets lock".to_owned(), |line, id| format!("{line} --upgrade={}", Printable::new(id)))
        }
    }
}

fn lock_text(report: &LockReport) -> String {
    let mut text = String::new();
    report.differences.iter().for_each(|one| difference(one, &mut text));
    report.form.iter().for_each(|one| text.push_str(&format!("{one}\n")));
    let files: u64 = report.datasets.iter().map(|one| one.files).sum();
    let bytes: ByteSize = report.datasets.iter().map(|one| one.bytes).sum();
    let unpinned: u64 = report.datasets.iter().map(|one| one.unpinned).sum();
    let state = match (report.written, report.changed) {
        (true, _) => "written",
        (false, true) => "would change",
        (false, false) => "as it was",
    };
    let pinned = match unpinned {
        0 => "all pinned by SHA-256".to_owned(),
        _ => format!("{} to be pinned by the first `medsets sync`", counted(unpinned, "file")),
    };
    let of_members: u64 = report.datasets.iter().map(|one| one.of_members).sum();
    let beside = match of_members {
        0 => String::new(),
        _ => format!(" without the members of {}", counted(of_members, "archive")),
    };
    let unknown: u64 = report.datasets.iter().map(|one| one.of_unknown_size).sum();
    text.push_str(&format!(
        "{}: {state}; {}, {}, {}{beside}, {pinned}\n",
        report.path.display(),
        counted(report.datasets.len() as u64, "dataset"),
        counted(files, "file"),
        known_and_unknown(bytes, unknown),
    ));
    text
}

/// A dataset's changes, a line each.
fn difference(one: &Difference, text: &mut String) {
    for change in &one.changes {
        text.push_str(&format!("{}  {}\n", one.dataset, change_text(change)));
    }
}

fn change_text(change: &Change) -> String {
    let digests = |was: &Option<Digest>, now: &Option<Digest>| match (was, now) {
        (None, Some(now)) => format!("{now}, not known before"),
        (Some(was), None) => format!("was {was}, not known now"),
        (Some(was), Some(now)) => format!("{was} -> {now}"),
        (None, None) => "not known".to_owned(),
    };
    match change {
        Change::Added { files, bytes, of_unknown_size } => {
            format!("added: {}, {}", counted(*files, "file"), known_and_unknown(*bytes, *of_unknown_size))
        }
        Change::Removed { files, bytes, of_unknown_size } => {
            format!("removed: {}, {}", counted(*files, "file"), known_and_unknown(*bytes, *of_unknown_size))
        }
        Change::License { was, now } => format!("licence: {} -> {}", Printable::new(was), Printable::new(now)),
        Change::Text { license, was, now } => format!("text of {}: {}", Printable::new(license), digests(was, now)),
        Change::Source { was, now } => format!("source: {} -> {}", Printable::new(was), Printable::new(now)),
        Change::Choice { was, now } => format!("choice: {} -> {}", Printable::new(was), Printable::new(now)),
        Change::FilesAdded(files) => files_text("added", files),
        Change::FilesRemoved(files) => files_text("removed", files),
        Change::File { path, was, now } => format!("{path}: {was} -> {now}"),
        Change::Pinned { files } => format!("{} pinned by SHA-256", counted(*files, "file")),
        Change::Unpinned { files } => format!("{} no longer pinned by SHA-256", counted(*files, "file")),
        Change::Details { files } => {
            format!("{}: another size, place, licence or source of the digest", counted(*files, "file"))
        }
        Change::Tree { was, now: None } => {
            format!("tree: {}; the next `medsets sync` notes it", digests(was, &None))
        }
        Change::Tree { was, now } => format!("tree: {}", digests(was, now)),
        Change::Entry { was, now } => format!("catalogue entry: {was} -> {now}"),
    }
}

fn files_text(what: &str, files: &FilesOf) -> String {
    let size = known_and_unknown(files.bytes, files.of_unknown_size);
    format!("{} {what}, {size}: {}", counted(files.paths.len() as u64, "file"), shown(&files.paths))
}

fn shown(paths: &[RelPath]) -> String {
    const MOST: usize = 5;
    let mut names: Vec<String> = paths.iter().take(MOST).map(ToString::to_string).collect();
    if paths.len() > MOST {
        names.push(format!("and {} more", paths.len() - MOST));
    }
    names.join(", ")
}

/// Brings the disk to the lock, or compares the two.
pub async fn sync(context: &mut Context, args: &SyncArgs) -> Result<Answer, Failure> {
    let is_written = !args.check && !args.dry_run && !args.locked && !args.frozen;
    let purpose = match is_written {
        true => Purpose::Write,
        false if args.dry_run && !args.locked && !args.frozen => Purpose::Look,
        false => Purpose::Follow,
    };
    let mut project = Project::open(context, Upgrade::Nothing, purpose).await?;
    if args.check {
        return check(context, &project);
    }
    let options = SyncOptions {
        trust: match (args.locked, args.frozen) {
            (_, true) => Trust::Frozen,
            (true, _) => Trust::Locked,
            _ => Trust::Renewed,
        },
        prunes: args.prune,
        dry_run: args.dry_run,
        accept_changed: args.accept_changed.clone(),
        reason: args.reason.clone(),
        ignore_space: args.ignore_space,
    };
    let SyncReport { fetched, lock, drift, pruned, reduced } = sync::sync(context, &mut project, &options).await?;
    let mut answer = if args.dry_run { planned_text(fetched) } else { super::fetch::answer("medsets/sync/1", fetched) };
    answer.warnings.extend(ignored::warnings(context));
    for pruned in &pruned {
        let word = if pruned.removed { "removed" } else { "would remove" };
        answer.notes.push(format!("{word} {}, which the lock does not name", pruned.name));
    }
    for Reduced { name, files, bytes, removed, .. } in &reduced {
        let word = if *removed { "removed" } else { "would remove" };
        let files = counted(*files, "file");
        answer.notes.push(format!("{word} {files} of {name} ({bytes}), which the lock does not ask for"));
    }
    for lock in lock.iter().filter(|lock| lock.written || (args.dry_run && lock.changed)) {
        answer.notes.extend(lock_text(lock).lines().map(str::to_owned));
    }
    add(&mut answer.data, Some(&json!({ "drift": drift, "pruned": pruned, "reduced": reduced })));
    add(&mut answer.data, lock.map(|lock| json!({ "lock": lock })).as_ref());
    Ok(answer)
}

/// What a dry run found, held as text: a project has few datasets.
fn planned_text(report: FetchReport) -> Answer {
    let mut text = Vec::new();
    // Memory takes it.
    let _ = report.write_text(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let answer = Answer::done("medsets/sync/1", json!(report), text);
    super::fetch::troubles(answer, report).0
}

fn check(context: &Context, project: &Project) -> Result<Answer, Failure> {
    let lock = sync::usable(context, project)?;
    let (compared, others) = compare::compare(context, &project.folder, lock, Depth::Files)?;
    let text = compared.iter().map(compared_text).collect();
    let differing: Vec<&Compared> = compared.iter().filter(|one| one.state != State::Whole).collect();
    let failures: Vec<Failure> = differing.into_iter().map(compare::difference).collect();
    let mut answer = Answer::done("medsets/sync-check/1", json!({ "datasets": compared, "others": others }), text);
    if !failures.is_empty() {
        answer.exit = Exit::DIFFERENT;
    }
    answer.failures = failures;
    let unaccepted = held::unaccepted(context, None)?;
    answer.warnings.extend(unaccepted.iter().map(Unaccepted::sentence));
    if !others.is_empty() {
        answer.notes.push(format!("not in the lock: {}", others.join(", ")));
    }
    Ok(answer)
}

/// One line for a dataset, and one for each file that is named.
pub fn compared_text(one: &Compared) -> String {
    let name = DatasetName::of(&one.id, &one.version, one.variant.as_deref());
    let good = one.good.map_or(String::new(), |good| format!(", {} good", counted(good, "file")));
    let detail = one.detail.as_ref().map_or(String::new(), |detail| format!(": {}", Printable::new(detail)));
    let mut text = format!("{name}: {}{good}{detail}\n", one.state.as_str());
    for (word, paths) in [("missing", &one.missing), ("changed", &one.changed), ("extra", &one.extra)] {
        for path in paths {
            text.push_str(&format!("  {word:<8} {}\n", Printable::new(path)));
        }
    }
    text
}
