//! `duties`: what has to be said, done and reported, with dates.

use serde_json::json;

use crate::context::Context;
use crate::ops::audit::AuditOptions;
use crate::ops::{self, Failure};
use crate::reports::duties;

use super::args::DutiesArgs;
use super::output::Answer;

/// The duties of the project, or of named datasets.
pub fn run(context: &Context, args: &DutiesArgs) -> Result<Answer, Failure> {
    let options = AuditOptions { what: args.what.clone(), ledgers: args.ledger.clone(), ..AuditOptions::default() };
    let audited = ops::audit::audit(context, &options)?;
    let text = if args.ics { duties::ics(&audited.audit) } else { duties::text(&audited.audit) };
    let mut answer = Answer::done("medsets/duties/1", json!({ "duties": audited.audit.duties }), text);
    answer.warnings = audited.warnings;
    if audited.audit.duties.is_empty() {
        answer.notes.push("no duties: nothing is here, or its terms ask for nothing".to_owned());
    }
    Ok(answer)
}
