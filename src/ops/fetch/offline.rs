//! Without the network: what is missing, byte by byte.

use crate::catalog::Host;
use crate::context::Context;
use crate::layout::Workspace;
use crate::ops::download::{Tally, Wanted};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::report::{FailedFile, Fetched};
use crate::ops::target::Target;
use crate::plan::steps::Have;
use crate::plan::{Action, FetchPlan, Step};
use crate::values::{ByteSize, RelPath, counted};

use super::outcome::blank;

/// The answer of a fetch that would need the network and may not use it: each file that is not
/// here, with its size, and the sum. `None` where it goes on.
pub(super) fn missing(
    context: &Context,
    target: &Target<'_>,
    workspace: &Workspace,
    wanted: &[Wanted],
    reused: ByteSize,
) -> Option<(Fetched, Vec<Failure>)> {
    // What the program itself brings is never away.
    let is_carried = matches!(target.source.host, Host::Embedded { .. });
    if !context.settings.is_on("offline") || is_carried {
        return None;
    }
    let is_missing = |one: &&Wanted| {
        // Of an archive that stays at its host some members may be all that is asked for.
        one.have == Have::Nothing && !workspace.finished().contains_key(&one.listed.path)
    };
    let missing: Vec<&Wanted> = wanted.iter().filter(is_missing).collect();
    if missing.is_empty() {
        return None;
    }
    let failed = missing.iter().map(|one| FailedFile {
        path: one.listed.path.clone(),
        error: format!("not here: {}", Missing::of(one).size_in_words()),
        size: one.item().likely_size(),
    });
    let failed = failed.collect();
    let missing: Vec<Missing<'_>> = missing.into_iter().map(Missing::of).collect();
    Some((
        Fetched { failed, reused, ..blank(target, &Tally::default()) },
        vec![failure(target, &missing, wanted.len())],
    ))
}

/// The same of a plan.
pub(super) fn planned(context: &Context, target: &Target<'_>, plan: Option<&FetchPlan>) -> Vec<Failure> {
    let is_carried = matches!(target.source.host, Host::Embedded { .. });
    let Some(plan) = plan.filter(|_| context.settings.is_on("offline") && !is_carried) else { return Vec::new() };
    let is_missing = |step: &&Step| match step.action {
        Action::Download | Action::DownloadAndUnpack | Action::ReadMembers => true,
        Action::Keep | Action::Unpack => false,
    };
    let missing: Vec<Missing<'_>> = plan.steps.iter().filter(is_missing).map(Missing::planned).collect();
    if missing.is_empty() { Vec::new() } else { vec![failure(target, &missing, plan.steps.len())] }
}

/// A file that is not here.
struct Missing<'a> {
    path: &'a RelPath,
    size: Option<ByteSize>,
    about: Option<ByteSize>,
}

impl<'a> Missing<'a> {
    fn of(one: &'a Wanted) -> Self {
        Self { path: &one.listed.path, size: one.listed.size, about: one.item().likely_size() }
    }

    fn planned(step: &'a Step) -> Self {
        Self { path: &step.path, size: step.size, about: step.size.or(step.size_about) }
    }

    fn size_in_words(&self) -> String {
        match (self.size, self.about) {
            (Some(size), _) => size.to_string(),
            (None, Some(about)) => format!("about {about}"),
            (None, None) => "size not known".to_owned(),
        }
    }
}

fn failure(target: &Target<'_>, missing: &[Missing<'_>], of: usize) -> Failure {
    let bytes: ByteSize = missing.iter().filter_map(|one| one.about).sum();
    let unknown = missing.iter().filter(|one| one.about.is_none()).count();
    let more =
        if unknown > 0 { format!(" and {} of unknown size", counted(unknown as u64, "file")) } else { String::new() };
    let shown = missing.iter().take(SHOWN).map(|one| format!("`{}` ({})", one.path, one.size_in_words()));
    let mut shown: Vec<String> = shown.collect();
    if missing.len() > SHOWN {
        shown.push(format!("and {} more", missing.len() - SHOWN));
    }
    let message = format!(
        "`{}`: {} of {} not here, {bytes}{more}, and the network is not to be used: {}",
        target.selection,
        missing.len(),
        counted(of as u64, "file"),
        shown.join(", ")
    );
    let failure = Failure::new(Exit::OFFLINE, message).of(target.selection.id());
    let failure = match missing {
        [one] => failure.in_file(one.path),
        _ => failure,
    };
    let failure = if missing.len() > SHOWN { failure.help("`--json` names them all") } else { failure };
    failure
        .help(format!("run it without `--offline` to have them from {}", place_of(&target.source.host)))
        .help(format!("or give files that you have to `medsets import {} PATH...`, or name a folder that has them with `MEDSETS_SHARED_DIRS`", target.selection))
}

fn place_of(host: &Host) -> String {
    match host {
        Host::Http { base: Some(base), .. } => format!("<{base}>"),
        other => format!("`{}`", other.name()),
    }
}

/// How many files are named on the screen.
const SHOWN: usize = 10;
