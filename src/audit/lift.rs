//! Exceptions of the policy, put beside what the terms say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::policy::rules::Policy;
use crate::policy::{Code, Exception, ExceptionKind, Finding, Judgement, Word};
use crate::values::Digest;

use super::facts::SubjectFacts;

/// The exceptions of a policy, and which of them were needed.
#[derive(Debug)]
pub struct Lifting<'p> {
    exceptions: &'p [Exception],
    today: Date,
    /// The datasets for which each was needed, by its place in the list.
    needed: BTreeMap<usize, Vec<String>>,
    /// Why some have no effect, by their place in the list.
    void: BTreeMap<usize, Void>,
}

/// Why an exception has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Void {
    /// Its last day is past.
    Ended,
    /// It was made for another text than the accepted one.
    OtherText { accepted: Digest },
}

impl<'p> Lifting<'p> {
    /// None needed yet.
    pub fn of(policy: &'p Policy, now: Timestamp) -> Self {
        let today = TimeZone::UTC.to_datetime(now).date();
        Self { exceptions: &policy.exceptions, today, needed: BTreeMap::new(), void: BTreeMap::new() }
    }

    /// The judgement with what the policy excepts taken as allowed to whoever keeps the ground.
    pub fn lift(
        &mut self,
        judgement: Judgement,
        subject: &SubjectFacts,
        texts: &BTreeMap<String, Digest>,
    ) -> Judgement {
        let reasons = judgement.reasons.into_iter().map(|mut reason| {
            if reason.word > Word::AllowedWithDuty && self.allows(subject, &reason.term, reason.word, texts) {
                reason.word = Word::AllowedWithDuty;
                reason.value = format!("{} (excepted)", reason.value);
            }
            reason
        });
        Judgement::of(reasons.collect::<Vec<_>>())
    }

    /// Whether the policy excepts a term of a dataset that comes to this word.
    pub fn allows(&mut self, subject: &SubjectFacts, term: &str, word: Word, texts: &BTreeMap<String, Digest>) -> bool {
        for (index, exception) in self.exceptions.iter().enumerate() {
            let is_unknown = matches!(word, Word::Unclear | Word::PerItem);
            let fits = exception.term == term
                && exception.is_for(subject.id.as_str(), &subject.version)
                && (exception.kind == ExceptionKind::Exception || is_unknown);
            if !fits {
                continue;
            }
            if let Some(void) = self.void_of(exception, texts) {
                self.void.insert(index, void);
                continue;
            }
            let names = self.needed.entry(index).or_default();
            let name = subject.name();
            if !names.contains(&name) {
                names.push(name);
            }
            return true;
        }
        false
    }

    /// Exceptions that were needed, as sentences.
    pub fn used(&self) -> Vec<String> {
        let sentence = |(index, names): (&usize, &Vec<String>)| {
            let one = &self.exceptions[*index];
            format!(
                "{} of {}: {} ({}, until {})",
                one.term_as_written(),
                names.join(", "),
                one.reason,
                one.by,
                one.until
            )
        };
        self.needed.iter().map(sentence).collect()
    }

    /// Says which exceptions have no effect, and which nothing needs.
    pub fn finish(&self, findings: &mut Vec<Finding>) {
        for (index, exception) in self.exceptions.iter().enumerate() {
            let what = format!("the exception for `{}` of `{}`", exception.term_as_written(), exception.dataset);
            let finding = match self.void.get(&index) {
                Some(Void::Ended) => Finding::new(
                    Code::ExceptionExpired,
                    format!("{what} ended on {}", exception.until),
                    "have it renewed by whoever answers for it, or remove it",
                ),
                Some(Void::OtherText { accepted }) => {
                    let made_for = exception.text_sha256.map(|digest| digest.to_string()).unwrap_or_default();
                    Finding::new(
                        Code::ExceptionStale,
                        format!("{what} was made for the text {made_for}; the accepted one is {accepted}"),
                        "read the new text, and renew the exception for it or remove it",
                    )
                }
                None if self.needed.contains_key(&index) => continue,
                None => Finding::new(Code::PolicyUnused, format!("{what} is not needed by anything"), "remove it"),
            };
            findings.push(Finding { place: Some(exception.place.clone()), ..finding });
        }
    }

    fn void_of(&self, exception: &Exception, texts: &BTreeMap<String, Digest>) -> Option<Void> {
        if exception.until < self.today {
            return Some(Void::Ended);
        }
        let wanted = exception.text_sha256?;
        let accepted = texts.values().next()?;
        (!texts.values().any(|digest| *digest == wanted)).then_some(Void::OtherText { accepted: *accepted })
    }
}
