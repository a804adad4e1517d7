//! Exceptions of the policy, put beside what the terms say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::policy::rules::{ITEMS, Policy};
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
    /// The known texts of those that were needed and name none.
    unpinned: BTreeMap<usize, (String, Digest)>,
}

/// Digests of the texts that are known of a dataset, by licence: those that people accepted and
/// those that its receipt names.
pub type Texts = BTreeMap<String, BTreeSet<Digest>>;

/// Why an exception has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Void {
    /// Its last day is past.
    Ended,
    /// It was made for another text than the accepted one of the licence.
    OtherText { license: String, accepted: Digest },
}

impl<'p> Lifting<'p> {
    /// None needed yet.
    pub fn of(policy: &'p Policy, now: Timestamp) -> Self {
        let today = TimeZone::UTC.to_datetime(now).date();
        let (needed, void, unpinned) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { exceptions: &policy.exceptions, today, needed, void, unpinned }
    }

    /// The judgement with what the policy excepts taken as allowed to whoever keeps the ground.
    pub fn lift(&mut self, judgement: Judgement, subject: &SubjectFacts, texts: &Texts) -> Judgement {
        let reasons = judgement.reasons.into_iter().map(|mut reason| {
            let of = [reason.license.as_str()];
            if reason.word > Word::AllowedWithDuty && self.allows(subject, &reason.term, reason.word, &of, texts) {
                reason.word = Word::AllowedWithDuty;
                reason.value = format!("{} (excepted)", reason.value);
            }
            reason
        });
        Judgement::of(reasons.collect::<Vec<_>>())
    }

    /// Whether the policy excepts a term of a dataset that comes to this word and rests on the
    /// texts of these licences.
    pub fn allows(&mut self, subject: &SubjectFacts, term: &str, word: Word, licenses: &[&str], texts: &Texts) -> bool {
        for (index, exception) in self.exceptions.iter().enumerate() {
            let is_unknown = matches!(word, Word::Unclear | Word::PerItem);
            let fits = exception.term == term
                && exception.is_for(subject.id.as_str(), &subject.version)
                && (exception.kind == ExceptionKind::Exception || is_unknown);
            if !fits {
                continue;
            }
            let known = known(licenses, texts);
            if let Some(void) = self.void_of(exception, known) {
                self.void.entry(index).or_insert(void);
                continue;
            }
            if let (None, Some((license, digests))) = (exception.text_sha256, known)
                && let Some(digest) = digests.last()
            {
                self.unpinned.entry(index).or_insert_with(|| (license.to_owned(), *digest));
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
            // One that holds for the text it was made for may be beside the texts of other licences.
            let void = self.void.get(&index).filter(|_| !self.needed.contains_key(&index));
            let finding = match void {
                Some(Void::Ended) => Finding::new(
                    Code::ExceptionExpired,
                    format!("{what} ended on {}", exception.until),
                    "have it renewed by whoever answers for it, or remove it",
                ),
                Some(Void::OtherText { license, accepted }) => {
                    let made_for = exception.text_sha256.map(|digest| digest.to_string()).unwrap_or_default();
                    Finding::new(
                        Code::ExceptionStale,
                        format!("{what} was made for the text {made_for}; the accepted one of {license} is {accepted}"),
                        "read the new text, and renew the exception for it or remove it",
                    )
                }
                None if self.needed.contains_key(&index) => {
                    let Some((license, digest)) = self.unpinned.get(&index) else { continue };
                    Finding::new(
                        Code::ExceptionUnpinned,
                        format!(
                            "{what} does not say for which text of {license} it was made; the accepted one is {digest}"
                        ),
                        format!("if it was made for that text, add `text-sha256 = \"{}\"`", digest.hex()),
                    )
                }
                None => {
                    // What hands data on judges more than the planned acts.
                    let fix = match exception.term.as_str() {
                        "redistribution" | ITEMS => {
                            "remove it, unless `mirror push` or `bundle` rests on it: `audit --for share-raw` tells"
                        }
                        _ => "remove it",
                    };
                    Finding::new(Code::PolicyUnused, format!("{what} is not needed by anything"), fix)
                }
            };
            findings.push(Finding { place: Some(exception.place.clone()), ..finding });
        }
    }

    fn void_of(&self, exception: &Exception, known: Option<(&str, &BTreeSet<Digest>)>) -> Option<Void> {
        if exception.until < self.today {
            return Some(Void::Ended);
        }
        let (wanted, (license, digests)) = (exception.text_sha256?, known?);
        let accepted = *digests.last()?;
        (!digests.contains(&wanted)).then(|| Void::OtherText { license: license.to_owned(), accepted })
    }
}

/// The known texts that a term of one of these licences rests on: the licence's own, else those
/// of the dataset, since what is signed may be a companion of the licence. Where there is no
/// licence there is no text.
fn known<'t>(licenses: &[&str], texts: &'t Texts) -> Option<(&'t str, &'t BTreeSet<Digest>)> {
    let own = licenses.iter().find_map(|license| texts.get_key_value(*license));
    let is_licensed = licenses.iter().any(|license| *license != "NOASSERTION");
    let found = own.or_else(|| texts.first_key_value().filter(|_| is_licensed))?;
    Some((found.0.as_str(), found.1))
}
