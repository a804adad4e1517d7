//! Acceptances, certificates and reports of several people, and what they come to.

use jiff::Timestamp;

use super::{facts, finds, receipt};
use crate::access::{HostAnswer, State, Step, StepKind};
use crate::agreements::{Entry, EntryKind, Person, Record, Who};
use crate::audit::{Audit, Facts, Ledger, audit};
use crate::licenses::Shelf;
use crate::policy::Code;
use crate::values::Digest;

const LICENSE: &str = "LicenseRef-PhysioNet-Credentialed-Health-Data-DUA-1.5.0";

pub(super) fn at(day: &str) -> Timestamp {
    format!("{day}T09:00:00Z").parse().unwrap()
}

/// A copy of MIMIC-CXR with one agreement and one training.
pub(super) fn scene() -> Facts {
    let mut facts = facts(&[("mimic-cxr", None)], "", "");
    let subject = &mut facts.subjects[0];
    subject.receipt = Some(receipt("mimic-cxr"));
    let agreement =
        Step { license: Some(LICENSE.into()), ..Step::new(StepKind::Agreement, "dua", "Sign the agreement") };
    subject.steps = vec![agreement, Step::new(StepKind::Training, "citi", "CITI training")];
    facts
}

/// What a person states in a row.
pub(super) fn ledger(user: &str, records: Vec<Record>) -> Ledger {
    let mut entries: Vec<Entry> = Vec::new();
    for record in records {
        entries.push(match entries.last() {
            None => Entry::first(record, user),
            Some(last) => last.followed_by(record),
        });
    }
    let person = Some(Person { os_user: user.into(), email: None });
    Ledger { from: format!("{user}.jsonl"), person, entries, faults: Vec::new(), is_unvouched: false }
}

pub(super) fn record(kind: EntryKind, user: &str, day: &str) -> Record {
    let who = Who { os_user: user.into(), ..Who::default() };
    Record { version: Some("2.1.0".into()), ..Record::new(kind, "mimic-cxr".parse().unwrap(), who, at(day), "0.1.0") }
}

pub(super) fn accepted(user: &str, day: &str, text: &[u8]) -> Record {
    Record {
        requirement: Some("dua".into()),
        license: Some(LICENSE.into()),
        text_sha256: Some(Digest::sha256(text)),
        ..record(EntryKind::Accept, user, day)
    }
}

pub(super) fn trained(user: &str, until: &str) -> Record {
    Record {
        requirement: Some("citi".into()),
        expires: Some(at(until)),
        ..record(EntryKind::Grant, user, "2024-01-01")
    }
}

fn judged(facts: &Facts) -> Audit {
    audit(facts, &Shelf::embedded())
}

#[track_caller]
fn finds_nothing_of(audit: &Audit, codes: &[Code]) {
    let found: Vec<_> = audit.findings.iter().filter(|finding| codes.contains(&finding.code)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn who_has_taken_every_step_is_in_order_and_who_has_not_is_named() {
    let mut facts = scene();
    facts.ledgers = vec![
        ledger("ada", vec![accepted("ada", "2026-01-05", b"text"), trained("ada", "2027-06-01")]),
        ledger("bob", vec![trained("bob", "2027-06-01")]),
    ];
    let audit = judged(&facts);
    finds(&audit, Code::NotAccepted, &["bob", "Sign the agreement"]);
    let people = &audit.subjects[0].people;
    let states: Vec<(&str, State)> = people.iter().map(|one| (one.person.as_str(), one.steps[0].state)).collect();
    assert_eq!(states, [("ada", State::Done), ("bob", State::Missing)]);
    assert!(
        audit.findings.iter().all(|finding| !finding.affected.contains(&"ada".to_owned())),
        "{:#?}",
        audit.findings
    );
    assert_eq!(audit.subjects[0].text_sha256[LICENSE], Digest::sha256(b"text"));
}

#[test]
fn what_is_not_here_asks_nobody_for_anything() {
    let mut facts = scene();
    facts.subjects[0].receipt = None;
    facts.ledgers = vec![ledger("bob", Vec::new())];
    finds_nothing_of(&judged(&facts), &[Code::NotAccepted]);
}

#[test]
fn a_text_that_was_seen_otherwise_later_makes_the_older_acceptance_stale() {
    let mut facts = scene();
    let old = accepted("ada", "2026-01-05", b"old text");
    facts.ledgers = vec![
        ledger("ada", vec![old, trained("ada", "2027-06-01")]),
        ledger("bob", vec![accepted("bob", "2026-05-01", b"new text"), trained("bob", "2027-06-01")]),
    ];
    let audit = judged(&facts);
    finds(&audit, Code::AcceptanceStale, &["ada", "2026-05-01"]);
    assert_eq!(audit.findings.iter().filter(|finding| finding.code == Code::AcceptanceStale).count(), 1);
}

#[test]
fn an_acceptance_for_another_release_or_by_another_person_does_not_count() {
    let mut facts = scene();
    let other = Record { version: Some("2.0.0".into()), ..accepted("ada", "2026-01-05", b"text") };
    facts.ledgers = vec![ledger("ada", vec![other, trained("ada", "2027-06-01")])];
    finds(&judged(&facts), Code::AcceptanceOtherVersion, &["ada", "2.0.0"]);
    let theirs = accepted("bob", "2026-01-05", b"text");
    facts.ledgers = vec![ledger("ada", vec![theirs, trained("ada", "2027-06-01")])];
    finds(&judged(&facts), Code::AcceptanceOtherPerson, &["ada", "bob"]);
}

#[test]
fn certificates_are_told_of_before_and_after_their_end() {
    let mut facts = scene();
    let with = |facts: &mut Facts, until: &str| {
        facts.ledgers = vec![ledger("ada", vec![accepted("ada", "2026-01-05", b"text"), trained("ada", until)])];
        judged(facts)
    };
    finds(&with(&mut facts, "2026-11-01"), Code::TrainingExpired, &["ada", "2026-11-01"]);
    finds(&with(&mut facts, "2026-12-20"), Code::TrainingExpiring, &["ada", "2026-12-20"]);
    finds_nothing_of(&with(&mut facts, "2027-06-01"), &[Code::TrainingExpired, Code::TrainingExpiring]);
}

#[test]
fn what_the_host_granted_counts_for_the_person_it_answered() {
    let mut facts = scene();
    facts.subjects[0].answers.insert("citi".into(), HostAnswer::Granted { at: at("2026-11-01") });
    facts.ledgers = vec![
        ledger("ada", vec![accepted("ada", "2026-01-05", b"text")]),
        ledger("bob", vec![accepted("bob", "2026-01-05", b"text")]),
    ];
    let audit = judged(&facts);
    let trainings: Vec<State> = audit.subjects[0].people.iter().map(|one| one.steps[1].state).collect();
    assert_eq!(trainings, [State::Done, State::Missing]);
}

#[test]
fn a_report_is_due_a_month_after_each_year_of_use_until_it_is_recorded() {
    let mut facts = facts(&[("umls", None)], "", "");
    let mut copy = receipt("umls");
    copy.completed = at("2024-06-01");
    facts.subjects[0].receipt = Some(copy);
    let late = judged(&facts);
    finds(&late, Code::DutyOverdue, &["umls", "2024", "2025-01-30"]);
    finds(&late, Code::DutyOverdue, &["umls", "2025", "2026-01-30"]);
    let who = Who { os_user: "ada".into(), ..Who::default() };
    let sent = |day: &str| Record {
        requirement: Some("annual-report".into()),
        ..Record::new(EntryKind::Grant, "umls".parse().unwrap(), who.clone(), at(day), "0.1.0")
    };
    facts.ledgers = vec![ledger("ada", vec![sent("2025-01-20"), sent("2026-02-02")])];
    let audit = judged(&facts);
    finds_nothing_of(&audit, &[Code::DutyOverdue, Code::DutyDue]);
    assert_eq!(audit.duties[0].due, Some("2027-01-30".parse().unwrap()), "{:?}", audit.duties[0]);
    facts.now = at("2026-12-15");
    finds(&judged(&facts), Code::DutyDue, &["2026", "2027-01-30"]);
}

#[test]
fn ledgers_in_which_nobody_speaks_are_no_acceptance() {
    let mut facts = scene();
    facts.ledgers = Vec::new();
    finds(&judged(&facts), Code::NotAccepted, &["mimic-cxr", "nobody's"]);
    let unnamed = Ledger { person: None, ..ledger("ada", Vec::new()) };
    facts.ledgers = vec![unnamed];
    let audit = judged(&facts);
    finds(&audit, Code::NotAccepted, &["mimic-cxr", "nobody's"]);
    assert!(audit.is_denied());
}

#[test]
fn everybody_in_a_shared_ledger_is_judged_by_their_own_statements() {
    let mut facts = scene();
    let mut records: Vec<Record> = (0..500).map(|n| accepted(&format!("u{n}"), "2026-01-05", b"text")).collect();
    records.push(record(EntryKind::Withdraw, "u7", "2026-02-01"));
    facts.ledgers = vec![Ledger { person: None, ..ledger("u0", records) }];
    let audit = judged(&facts);
    let people = &audit.subjects[0].people;
    assert_eq!(people.len(), 500);
    let missing: Vec<&str> =
        people.iter().filter(|one| one.steps[0].state != State::Done).map(|one| one.person.as_str()).collect();
    assert_eq!(missing, ["u7"]);
}

#[test]
fn a_copy_from_a_time_that_cannot_be_is_no_record() {
    for day in ["1970-01-01", "2027-01-01"] {
        let mut facts = facts(&[("umls", None)], "", "");
        let mut copy = receipt("umls");
        copy.completed = at(day);
        facts.subjects[0].receipt = Some(copy);
        let audit = judged(&facts);
        finds(&audit, Code::RecordsDamaged, &["umls", day]);
        assert!(audit.findings.len() < 100, "{}", audit.findings.len());
    }
}
