//! `medsets audit`: gathers what is known of a project, a data folder or named datasets.
//!
//! Nothing is asked of a host and nothing is written. The judgement itself is
//! [`crate::audit::audit`].

mod git_index;
mod guards;
mod ledgers;
mod subjects;

use std::path::PathBuf;

use crate::audit::{self, Audit, Facts};
use crate::context::Context;
use crate::policy::{Act, Policy};
use crate::project::{self, Manifest};
use crate::{fs, remedy};

use super::exit::Exit;
use super::failure::Failure;

/// What to look at.
#[derive(Debug, Default)]
pub struct AuditOptions {
    /// Datasets by name, or folders; the project, else all that is here, where nothing is named.
    pub what: Vec<String>,
    /// A policy in place of the project's.
    pub policy: Option<PathBuf>,
    /// Planned acts in place of the policy's.
    pub acts: Vec<Act>,
    /// Ledgers or extracts of several people, in place of this person's.
    pub ledgers: Vec<PathBuf>,
}

/// A finished audit with what a person should know beside it.
#[derive(Debug)]
pub struct Audited {
    /// The report.
    pub audit: Audit,
    /// What could not be looked at.
    pub warnings: Vec<String>,
}

/// Gathers the facts and judges them.
pub fn audit(context: &Context, options: &AuditOptions) -> Result<Audited, Failure> {
    let project = project(context)?;
    let policy = policy(context, options)?;
    let (subjects, unseen) = subjects::gather(context, project.as_ref(), &options.what)?;
    let mut guards = guards::around(context, &subjects)?;
    guards.extend(unseen);
    let warnings = guards.iter().filter_map(guards::not_checked).collect();
    let facts = Facts {
        now: context.now(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        catalog: Some(context.catalog()?.digest()),
        ledgers: ledgers::read(context, &options.ledgers)?,
        project: project.filter(|_| options.what.is_empty()),
        policy,
        subjects,
        guards,
    };
    Ok(Audited { audit: audit::audit(&facts, context.shelf()?), warnings })
}

/// The project around the working folder, if there is one.
pub fn project(context: &Context) -> Result<Option<Manifest>, Failure> {
    let Some(folder) = context.settings.project() else { return Ok(None) };
    let text = fs::read_text(&folder.join(project::FILE))?;
    Manifest::read(project::FILE, &text).map(Some).map_err(|broken| broken_file(&broken))
}

/// The policy that holds: the named file's, else the project's, else none; with the planned
/// acts of the command line, where there are any.
fn policy(context: &Context, options: &AuditOptions) -> Result<Policy, Failure> {
    let named = options.policy.as_ref().map(|path| context.environment.absolute(path)).transpose()?;
    let named = named.or(context.settings.path(&context.environment, "policy")?);
    let of_project = || context.settings.project().map(|folder| (project::FILE.to_owned(), folder.join(project::FILE)));
    let policy = match named.map(|path| (path.display().to_string(), path)).or_else(of_project) {
        Some((name, path)) => Policy::read(&name, &fs::read_text(&path)?).map_err(|broken| broken_file(&broken))?,
        None => Policy::default(),
    };
    Ok(if options.acts.is_empty() { policy } else { policy.planning(options.acts.iter().copied()) })
}

/// A file of the project that breaks its form, with the lines shown.
pub(super) fn broken_file(broken: &crate::document::BrokenFile) -> Failure {
    let failure = Failure::new(Exit::CONFIG, remedy::chain(broken));
    let failure = match &broken.first.help {
        Some(help) => failure.help(help),
        None => failure,
    };
    failure.help(broken.shown.trim_end())
}
