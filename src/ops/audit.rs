//! `medsets audit`: gathers what is known of a project, a data folder or named datasets.
//!
//! Nothing is asked of a host and nothing is written. The judgement itself is
//! [`crate::audit::audit`].

mod git_index;
mod guards;
mod ledgers;
mod subjects;

use std::path::{Path, PathBuf};

use crate::audit::{self, Audit, Facts};
use crate::context::{Context, ProjectError};
use crate::document::BrokenFile;
use crate::fs;
use crate::policy::{Act, Policy};
use crate::project;

use super::exit::Exit;
use super::failure::Failure;
use super::selection::unserved;

pub(super) use guards::tracked;

/// What to look at.
#[derive(Debug, Default)]
pub struct AuditOptions {
    /// Datasets by name, or folders; the project, else all that is here, where nothing is named.
    pub what: Vec<String>,
    /// A policy in place of the project's.
    pub policy: Option<PathBuf>,
    /// The text of that policy, where it came by standard input.
    pub policy_text: Option<String>,
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
    let facts = facts(context, options)?;
    let unserved = facts.subjects.iter().filter_map(|one| unserved(one.selection.as_ref()?));
    let warnings = facts.guards.iter().filter_map(guards::not_checked).chain(unserved).collect();
    Ok(Audited { audit: audit::audit(&facts, context.shelf()?), warnings })
}

/// Gathers what an audit rests on.
pub(super) fn facts(context: &Context, options: &AuditOptions) -> Result<Facts, Failure> {
    let project = context.project()?.map(|project| &project.manifest);
    let policy = policy(context, options)?;
    let (subjects, unseen) = subjects::gather(context, project, &options.what)?;
    let mut guards = guards::around(context, &subjects)?;
    guards.extend(unseen);
    Ok(Facts {
        now: context.now(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        catalog: Some(context.catalog()?.digest()),
        ledgers: ledgers::read(context, &options.ledgers)?,
        project: project.filter(|_| options.what.is_empty()).cloned(),
        policy,
        subjects,
        guards,
    })
}

/// The policy that holds: the named file's, else the project's, else none; with the planned
/// acts of the command line, where there are any.
fn policy(context: &Context, options: &AuditOptions) -> Result<Policy, Failure> {
    if let Some(text) = &options.policy_text {
        let policy = Policy::read("standard input", text).map_err(broken_file)?;
        return Ok(if options.acts.is_empty() { policy } else { policy.planning(options.acts.iter().copied()) });
    }
    let named = options.policy.as_ref().map(|path| context.environment.absolute(path)).transpose()?;
    let named = named.or(context.settings.path(&context.environment, "policy")?);
    let policy = match (named, context.project()?) {
        (Some(path), _) => Policy::read(&path.display().to_string(), &policy_file(&path)?).map_err(broken_file)?,
        (None, Some(project)) => Policy::read(project::FILE, &project.text).map_err(broken_file)?,
        (None, None) => Policy::default(),
    };
    Ok(if options.acts.is_empty() { policy } else { policy.planning(options.acts.iter().copied()) })
}

/// A policy must be there whole, whenever it is looked at: nothing is waited for.
fn policy_file(path: &Path) -> Result<String, Failure> {
    let told = |error| Failure::from(error).help("a policy is a file; `--policy -` reads it from standard input");
    fs::read_regular_text(path).map_err(told)
}

/// A file of the project that breaks its form, with the lines shown.
pub(super) fn broken_file(broken: BrokenFile) -> Failure {
    Failure::from_error(Exit::CONFIG, &ProjectError::Broken(broken))
}
