//! `medsets mirror`.

use std::fmt::Write as _;

use serde_json::json;

use crate::context::Context;
use crate::ops::mirror::check::{self, CheckOptions, Checked};
use crate::ops::mirror::pull::{self, PullOptions, Pulled};
use crate::ops::mirror::push::{self, PushOptions, Pushed};
use crate::ops::{Exit, Failure};
use crate::values::{Algorithm, Digest, Printable, counted};

use super::args::{MirrorCheckArgs, MirrorCommand, MirrorPullArgs, MirrorPushArgs};
use super::fetch;
use super::output::Answer;

/// Sends, takes or looks.
pub async fn run(context: &Context, command: &MirrorCommand) -> Result<Answer, Failure> {
    match command {
        MirrorCommand::Push(args) => push(context, args).await,
        MirrorCommand::Pull(args) => pull(context, args).await,
        MirrorCommand::Check(args) => check(context, args).await,
    }
}

impl MirrorCommand {
    /// `--jobs`.
    pub fn jobs(&self) -> Option<u64> {
        match self {
            Self::Push(args) => args.jobs,
            Self::Pull(args) => args.jobs,
            Self::Check(args) => args.jobs,
        }
    }
}

async fn push(context: &Context, args: &MirrorPushArgs) -> Result<Answer, Failure> {
    let options = PushOptions {
        datasets: args.datasets.clone(),
        mirror: args.mirror.clone(),
        verify: args.verify,
        dry_run: args.dry_run,
    };
    let pushed = push::push(context, &options).await?;
    let text = pushed_text(&pushed, args.dry_run);
    let data = json!({ "act": "push", "dry_run": args.dry_run, "datasets": pushed.datasets });
    Ok(answer(data, text, pushed.warnings, pushed.failures))
}

fn pushed_text(pushed: &Pushed, dry_run: bool) -> String {
    let mut text = String::new();
    for one in &pushed.datasets {
        let (files, objects) = (counted(one.files, "file"), counted(one.sent, "object"));
        let did = match (one.was_there, dry_run) {
            (true, _) => "was there already".to_owned(),
            (false, true) => format!("would send {objects} ({})", one.sent_bytes),
            (false, false) => format!("sent {objects} ({})", one.sent_bytes),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {}: {files}, {}, {did}: {}", one.id, one.version, one.bytes, one.mirror);
        for ground in &one.grounds {
            let _ = writeln!(text, "  on the ground: {ground}");
        }
    }
    text
}

async fn pull(context: &Context, args: &MirrorPullArgs) -> Result<Answer, Failure> {
    let tree = args.tree.as_deref().map(tree).transpose()?;
    let options = PullOptions {
        datasets: args.datasets.clone(),
        mirror: args.mirror.clone(),
        to: args.to.as_ref().map(|path| context.environment.folder("--to", path)).transpose()?,
        source: args.source.clone(),
        tree,
        dry_run: args.dry_run,
        ignore_space: args.ignore_space,
    };
    let Pulled { report, plans } = pull::pull(context, &options).await?;
    if !args.dry_run {
        return Ok(fetch::answer("medsets/fetch/1", report));
    }
    let mut text = String::new();
    for plan in &plans {
        let (files, from) = (counted(plan.files, "file"), plan.mirror.as_deref().unwrap_or_default());
        let did = if plan.is_here { "is here already".to_owned() } else { format!("would be taken from {from}") };
        let _ = writeln!(text, "{} {}: {files}, {}, {did}", plan.id, plan.version, plan.bytes);
    }
    let data = json!({ "act": "pull", "dry_run": true, "datasets": plans });
    Ok(answer(data, text, report.warnings, report.failures))
}

/// With or without `sha256:`.
fn tree(text: &str) -> Result<Digest, Failure> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    Digest::from_hex(Algorithm::Sha256, hex).map_err(|_| {
        let message = format!("`{}` is no SHA-256", Printable::new(text));
        Failure::new(Exit::USAGE, message).help("it is `tree` in the receipt: 64 hexadecimal digits")
    })
}

async fn check(context: &Context, args: &MirrorCheckArgs) -> Result<Answer, Failure> {
    let options = CheckOptions { datasets: args.datasets.clone(), mirror: args.mirror.clone(), verify: args.verify };
    let checked = check::check(context, &options).await?;
    let text = checked_text(&checked);
    let data = json!({ "act": "check", "verified": args.verify, "datasets": checked.datasets });
    Ok(answer(data, text, checked.warnings, checked.failures))
}

fn checked_text(checked: &Checked) -> String {
    let mut text = String::new();
    for one in &checked.datasets {
        let state = match (one.missing.len(), one.wrong.len()) {
            (0, 0) => "whole".to_owned(),
            (missing, wrong) => format!("{missing} missing, {wrong} wrong"),
        };
        let (files, tree) = (counted(one.files, "file"), &one.tree.hex()[..12]);
        // Somebody else wrote both.
        let (version, license) = (Printable::new(&one.version), Printable::new(&one.license));
        let _ = writeln!(text, "{} {version}  {tree}  {files}, {}, {license}  {state}", one.id, one.bytes);
    }
    text
}

fn answer(data: serde_json::Value, text: String, warnings: Vec<String>, failures: Vec<Failure>) -> Answer {
    let worst = failures.iter().map(|failure| failure.exit).reduce(Exit::most_actionable);
    let mut answer = Answer::done("medsets/mirror/1", data, text);
    answer.exit = worst.unwrap_or(Exit::DONE);
    (answer.warnings, answer.failures) = (warnings, failures);
    answer
}
