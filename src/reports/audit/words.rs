//! What several forms say in the same words.

use crate::audit::{Audit, Subject};
use crate::policy::word::Verdict;
use crate::policy::{Act, Clause, Code, Finding, Reason, Word};

use super::super::citation::{Cited, Copy};

/// What every report says of itself.
pub const NO_ADVICE: &str =
    "This report repeats what the terms say as far as somebody read them. It is not legal advice.";

/// The answer as a sentence.
pub fn answer(audit: &Audit) -> &'static str {
    match audit.summary.verdict {
        Verdict::Allow => "What is planned is allowed.",
        Verdict::Review => "A person must look: it cannot be told, and so it counts as not allowed.",
        Verdict::Deny => "What is planned is not allowed.",
    }
}

/// The planned acts, and whether somebody planned them.
pub fn planned(audit: &Audit) -> String {
    let acts: Vec<&str> = audit.policy.acts.iter().map(|act| act.as_str()).collect();
    let assumed = if audit.policy.acts_assumed { " (nothing planned, so this was taken)" } else { "" };
    format!("{}{assumed}", acts.join(", "))
}

/// A mark that stands beside a word, so that colour alone never says it.
pub fn mark(word: Word) -> &'static str {
    match word {
        Word::Allowed => "✓",
        Word::AllowedWithDuty => "◐",
        Word::PerItem => "≡",
        Word::Unclear => "?",
        Word::NotGranted => "–",
        Word::Forbidden => "✕",
    }
}

/// The same for a verdict.
pub fn mark_of_verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "✓",
        Verdict::Review => "?",
        Verdict::Deny => "✕",
    }
}

/// The reasons of a word: `commercial-use of CC-BY-NC-4.0: forbidden`.
pub fn because<'r>(reasons: impl IntoIterator<Item = &'r Reason>) -> String {
    let one = |reason: &Reason| format!("{} of {}: {}", reason.term.replace('_', "-"), reason.license, reason.value);
    reasons.into_iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What a clause says: `commercial-use of CC-BY-NC-4.0: forbidden`.
pub fn clause(clause: &Clause) -> String {
    format!("{} of {}: {}", clause.term_as_written(), clause.license, clause.value)
}

/// Where a clause was read.
pub fn reading(clause: &Clause) -> String {
    let note = clause.note.as_deref().map(|note| format!("; {note}")).unwrap_or_default();
    format!("read {} in {}, confidence {}{note}", clause.read, clause.source, clause.confidence.as_str())
}

/// Findings to show one by one, and the datasets of those that only say that they are not here.
pub fn parted(audit: &Audit) -> (Vec<&Finding>, Vec<&str>) {
    let (absent, shown): (Vec<&Finding>, Vec<&Finding>) =
        audit.findings.iter().partition(|finding| finding.code == Code::NotFetched && finding.dataset.is_some());
    (shown, absent.into_iter().filter_map(|finding| finding.dataset.as_deref()).collect())
}

/// What is to cite of a dataset.
pub fn cited(subject: &Subject) -> Cited<'_> {
    Cited {
        title: &subject.title,
        version: Some(&subject.version),
        doi: subject.doi.as_deref(),
        homepage: subject.homepage.as_deref(),
        works: subject.works.iter().collect(),
        acknowledgement: subject.acknowledgement.as_deref(),
        license: Some(&subject.license),
        copy: subject.copy.as_ref().map(|copy| Copy {
            files: copy.files,
            size: copy.bytes.to_string(),
            day: copy.completed.strftime("%Y-%m-%d").to_string(),
            tree: copy.tree.hex(),
        }),
    }
}

/// The word of all datasets together.
pub fn together(audit: &Audit, act: Act) -> Word {
    audit.combination.word(act)
}
