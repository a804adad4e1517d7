//! Whether the terms let a dataset be put where others read it.
//!
//! The judgement is that of `audit` for the act `share-raw`, exceptions of the policy and all.
//! What cannot be told is no permission.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::ops::audit::{AuditOptions, audit};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::here::Here;
use crate::policy::rules::ITEMS;
use crate::policy::word::Verdict;
use crate::policy::{Act, Code, Finding, Severity};
use crate::values::SafeUrl;

/// Why a dataset may be put into a mirror.
#[derive(Debug)]
pub struct Permit {
    /// Exceptions of the policy that it rests on, as sentences; none where the terms allow it.
    pub grounds: Vec<String>,
}

/// Whether a dataset that is here may be handed on. Fails with every term that stands against it.
pub fn may_share(context: &Context, here: &Here) -> Result<Permit, Failure> {
    let options = AuditOptions {
        what: vec![here.dir.root().display().to_string()],
        acts: vec![Act::ShareRaw],
        ..AuditOptions::default()
    };
    let audit = audit(context, &options)?.audit;
    let Some(subject) = audit.subjects.first() else {
        return Err(Failure::new(Exit::POLICY, format!("nothing is known of the terms of `{}`", here.name())));
    };
    let is_against = |finding: &&Finding| {
        finding.act == Some(Act::ShareRaw) && matches!(finding.severity, Severity::Error | Severity::Warning)
    };
    let against: Vec<&Finding> = audit.findings.iter().filter(is_against).collect();
    if against.is_empty() && subject.word(Act::ShareRaw).verdict() == Verdict::Allow {
        return Ok(Permit { grounds: audit.policy.used.clone() });
    }
    Err(refusal(here, subject.word(Act::ShareRaw).as_str(), &against))
}

fn refusal(here: &Here, word: &str, against: &[&Finding]) -> Failure {
    let name = here.name();
    let said: Vec<String> = against.iter().map(|finding| finding.message.clone()).collect();
    let said = if said.is_empty() { format!("to hand the data on is {word}") } else { said.join("; ") };
    let mut failure = Failure::new(Exit::POLICY, format!("`{name}` is not put into a mirror: {said}")).of(&here.id);
    let pages: BTreeSet<&str> = against.iter().filter_map(|finding| finding.clause.as_ref()?.url.as_deref()).collect();
    failure.url = pages.iter().find_map(|page| SafeUrl::parse(page).ok());
    for page in pages {
        failure = failure.help(format!("the terms are at <{page}>"));
    }
    let term = |finding: &Finding| match (&finding.clause, finding.code) {
        (_, Code::PartTerms | Code::PerItemLicenceUnread) => Some(ITEMS.to_owned()),
        (clause, _) => Some(clause.as_ref()?.term_as_written()),
    };
    let terms: BTreeSet<String> = against.iter().filter_map(|finding| term(finding)).collect();
    let terms: Vec<String> = terms.into_iter().map(|term| format!("`{term}`")).collect();
    let terms = if terms.is_empty() { "`redistribution`".to_owned() } else { terms.join(" and ") };
    failure.help(format!(
        "if there is a ground, such as a private mirror inside the licensed institution, write it as \
         `[[policy.exception]]` with `dataset`, `term` ({terms}), `reason`, `by` and `until` into `medsets.toml`"
    ))
}
