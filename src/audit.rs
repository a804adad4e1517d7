//! The licence and access report of a project, as a value.
//!
//! ```text
//! facts      what is known: the project, the copies on disk, the ledgers, the policy
//! judged     terms that were judged already, shared by all datasets under them
//! about      what the entry of a dataset tells, for documents
//! subject    one dataset: its terms, what they say about each act, what is here of it
//! lift       exceptions of the policy, put beside what the terms say
//! combine    several datasets together: the strictest word, what forces it, conflicts
//! lineage    what the project makes, and the datasets that it comes from
//! people     who accepted what, and how each step stands for each person
//! duties     what has to be said, done and reported, with dates
//! checks     findings about copies, records and guards
//! ```
//!
//! [`audit`] is a pure function: no disk, no network, no clock. `ops` gathers the facts, and
//! `reports` writes the value in many forms. Nothing here is legal advice.

pub mod about;
pub mod checks;
pub mod combine;
pub mod duties;
pub mod facts;
pub mod judged;
pub mod lift;
pub mod lineage;
pub mod people;
pub mod subject;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::licenses::{License, Shelf};
use crate::policy::word::Verdict;
use crate::policy::{Act, Clause, Finding, Severity};
use crate::values::Digest;

pub use about::About;
pub use combine::{Combination, Combined};
pub use duties::{Duty, DutyKind};
pub use facts::{Facts, Guard, ItemCount, Ledger, SubjectFacts};
pub use lineage::Made;
pub use people::{Standing, Step};
pub use subject::{Part, Subject, Use};

/// The report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// When it was made.
    pub made: Timestamp,
    /// Version of the program.
    pub tool: String,
    /// Digest of the catalogue it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Digest>,
    /// The project's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What was planned, and under which policy.
    pub policy: PolicyMark,
    /// One per dataset, in the order of the project, else of names.
    pub subjects: Vec<Subject>,
    /// Every term of every licence of a whole, by the licence.
    pub licenses: BTreeMap<String, Vec<Arc<Clause>>>,
    /// All of them together.
    pub combination: Combination,
    /// What the project makes of them.
    pub outputs: Vec<Made>,
    /// What has to be said, done and reported.
    pub duties: Vec<Duty>,
    /// What a person should know or do, the worst first.
    pub findings: Vec<Finding>,
    /// Counts, and the answer in one word.
    pub summary: Summary,
    /// The licences that the datasets name, as far as they are known, for documents.
    #[serde(skip)]
    pub texts: Vec<License>,
}

/// The policy of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyMark {
    /// The file, as it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// SHA-256 of its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// Planned acts.
    pub acts: Vec<Act>,
    /// Whether nobody planned anything, so that use inside the group was taken.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub acts_assumed: bool,
    /// Exceptions that were needed, as sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<String>,
}

/// Counts, and the answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The worst verdict of all datasets and of what is made of them.
    pub verdict: Verdict,
    /// Datasets.
    pub datasets: usize,
    /// Datasets that allow all planned acts.
    pub allow: usize,
    /// Datasets where a person must look.
    pub review: usize,
    /// Datasets that do not allow a planned act.
    pub deny: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

/// The act that is judged where nobody planned any.
const USUAL: Act = Act::UseInternally;

/// Puts everything that is known together.
pub fn audit(facts: &Facts, shelf: &Shelf) -> Audit {
    let planned = if facts.policy.acts.is_empty() { vec![USUAL] } else { facts.policy.acts.clone() };
    let mut judged = judged::Judged::new(shelf, &planned);
    let mut lifting = lift::Lifting::of(&facts.policy, facts.now);
    let mut findings = Vec::new();
    let people = people::People::of(facts);
    let mut subjects = Vec::with_capacity(facts.subjects.len());
    for one in &facts.subjects {
        let standings = people.of_subject(one, facts.now, &mut findings);
        let text_digests = people.text_digests(&standings);
        let mut subject =
            subject::judge_subject(one, &mut judged, &planned, &mut lifting, &text_digests, &mut findings);
        subject.people = standings;
        checks::of_subject(one, &subject, shelf, &planned, facts.now, &mut findings);
        subjects.push(subject);
    }
    let scopes = lineage::scopes(facts, &subjects);
    let combination = combine::all(&subjects);
    combine::conflicts(&scopes, &subjects, facts, shelf, &planned, &mut findings);
    let outputs = lineage::outputs(facts, &subjects, &findings);
    let duties = duties::duties(facts, &subjects, shelf, &mut findings);
    checks::overlaps(facts, &subjects, &mut findings);
    checks::guards(facts, &subjects, &mut findings);
    checks::ledgers(facts, &mut findings);
    lifting.finish(&mut findings);
    let findings = settled(findings, &facts.policy);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let faulty: HashSet<&str> = errors.filter_map(|finding| finding.dataset.as_deref()).collect();
    for subject in &mut subjects {
        subject.settle(faulty.contains(subject.name.as_str()), &planned);
    }
    let licenses = licenses(&subjects);
    let texts = texts(&subjects, shelf);
    let summary = Summary::of(&subjects, &outputs, &combination, &planned, &findings);
    let (file, sha256) = facts.policy.origin.clone().unzip();
    let acts_assumed = facts.policy.acts.is_empty();
    Audit {
        made: facts.now,
        tool: facts.tool.clone(),
        catalog: facts.catalog,
        project: facts.project.as_ref().map(|project| project.name.clone()),
        policy: PolicyMark { file, sha256, acts: planned, acts_assumed, used: lifting.used() },
        subjects,
        licenses,
        combination,
        outputs,
        duties,
        findings,
        summary,
        texts,
    }
}

/// The terms of all licences of the datasets, each licence once.
fn licenses(subjects: &[Subject]) -> BTreeMap<String, Vec<Arc<Clause>>> {
    let mut seen = HashSet::new();
    let mut licenses: BTreeMap<String, Vec<Arc<Clause>>> = BTreeMap::new();
    for subject in subjects.iter().filter(|subject| seen.insert(subject.license.as_str())) {
        for clause in subject.terms.iter() {
            let terms = licenses.entry(clause.license.clone()).or_default();
            if !terms.iter().any(|one| one.term == clause.term) {
                terms.push(Arc::clone(clause));
            }
        }
    }
    licenses
}

/// What is known of the licences that the expressions of the datasets name, in the order of ids.
fn texts(subjects: &[Subject], shelf: &Shelf) -> Vec<License> {
    let expressions: BTreeSet<&str> = subjects.iter().map(|subject| subject.license.as_str()).collect();
    let ids: BTreeSet<String> = expressions
        .into_iter()
        .flat_map(|text| subject::read(text).ids().into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    ids.iter().filter_map(|id| shelf.get(id).cloned()).collect()
}

/// With the severities of the policy, each finding once, the worst first.
fn settled(findings: Vec<Finding>, policy: &crate::policy::Policy) -> Vec<Finding> {
    let mut findings: Vec<Finding> = findings
        .into_iter()
        .map(|finding| Finding { severity: policy.severity(finding.code), ..finding })
        .filter(|finding| finding.severity != Severity::Off)
        .collect();
    findings.sort_by(Finding::order);
    findings.dedup();
    findings
}

impl Audit {
    /// Whether a planned act is not allowed by a dataset or by all together.
    pub fn is_denied(&self) -> bool {
        self.summary.verdict != Verdict::Allow
    }

    /// Whether anything that was looked at is not known (`--strict`): a term that nobody read, a
    /// dataset without readable terms, a folder without records.
    pub fn has_unknown(&self) -> bool {
        let is_unknown = |subject: &Subject| subject.unknown_terms > 0 || subject.license == "NOASSERTION";
        self.subjects.iter().any(is_unknown) || self.findings.iter().any(|finding| finding.code.is_unknown())
    }
}

impl Summary {
    fn of(
        subjects: &[Subject],
        outputs: &[Made],
        combination: &Combination,
        planned: &[Act],
        findings: &[Finding],
    ) -> Self {
        let count = |verdict| subjects.iter().filter(|subject| subject.verdict == verdict).count();
        let of_severity = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        // What concerns no single dataset counts for the whole.
        let denials =
            findings.iter().filter(|finding| finding.severity == Severity::Error && finding.dataset.is_none());
        let worst = denials
            .map(|_| Verdict::Review)
            .chain(subjects.iter().map(|subject| subject.verdict))
            .chain(outputs.iter().map(|output| output.word.verdict()))
            .chain(planned.iter().map(|act| combination.word(*act).verdict()))
            .max();
        Self {
            verdict: worst.unwrap_or(Verdict::Allow),
            datasets: subjects.len(),
            allow: count(Verdict::Allow),
            review: count(Verdict::Review),
            deny: count(Verdict::Deny),
            errors: of_severity(Severity::Error),
            warnings: of_severity(Severity::Warning),
            notes: of_severity(Severity::Note),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
