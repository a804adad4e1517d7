//! Which step closes the gate, and with which code.

use jiff::SignedDuration;

use super::*;
use crate::agreements::{Entry, EntryKind, Person, Record, Standings, Who};
use crate::values::SafeUrl;

pub(in crate::access) fn asked(purpose: Purpose) -> Request {
    Request {
        dataset: "mimic-cxr".parse().unwrap(),
        version: "2.1.0".into(),
        purpose,
        distribution: Distribution::Program,
    }
}

/// The steps of a credentialed dataset.
pub(in crate::access) fn credentialed() -> Vec<Step> {
    let step = |kind, id, title, page: &str| Step {
        page: Some(SafeUrl::parse(&format!("https://physionet.example/{page}")).unwrap()),
        ..Step::new(kind, id, title)
    };
    vec![
        Step {
            provider: Some("physionet".into()),
            usual_wait: Some("minutes".into()),
            ..step(StepKind::Account, "account", "Create a PhysioNet account", "register")
        },
        Step {
            valid_for: Some(SignedDuration::from_hours(1095 * 24)),
            usual_wait: Some("a day".into()),
            ..step(StepKind::Training, "citi", "Complete the CITI course", "citi")
        },
        Step {
            usual_wait: Some("about a week".into()),
            ..step(StepKind::Application, "credentialing", "Apply for credentialed access", "apply")
        },
        Step {
            license: Some("LicenseRef-DUA".into()),
            ..step(StepKind::Agreement, "dua", "Sign the data use agreement", "sign")
        },
    ]
}

fn now() -> Timestamp {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn ago(days: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap()
}

fn record(kind: EntryKind, requirement: &str) -> Record {
    let who = Who { os_user: "jdoe".into(), ..Who::default() };
    let mut record = Record::new(kind, "mimic-cxr".parse().unwrap(), who, ago(10), "0.1.0");
    record.version = Some("2.1.0".into());
    record.requirement = Some(requirement.into());
    record
}

fn accept() -> Record {
    let mut record = record(EntryKind::Accept, "dua");
    record.license = Some("LicenseRef-DUA".into());
    record.text_sha256 = Some(Digest::sha256(b"text"));
    record
}

fn grant(requirement: &str) -> Record {
    record(EntryKind::Grant, requirement)
}

pub(in crate::access) fn holdings(records: Vec<Record>) -> Holdings {
    let person = Person { os_user: "jdoe".into(), email: None };
    let mut standings = Standings::of(person.clone());
    let mut last: Option<Entry> = None;
    for record in records {
        let entry = match &last {
            None => Entry::first(record, "id"),
            Some(last) => last.followed_by(record),
        };
        standings.add(entry.clone());
        last = Some(entry);
    }
    Holdings { standings, ..Holdings::none(person, now()) }
}

fn signed_in(records: Vec<Record>) -> Holdings {
    let mut holdings = holdings(records);
    holdings.accounts.insert("physionet".into(), Account::SignedIn { name: None, from: "netrc".into() });
    holdings
}

fn all() -> Vec<Record> {
    vec![grant("citi"), grant("credentialing"), accept()]
}

#[track_caller]
fn check(holdings: &Holdings, exit: Option<u8>) -> Gate {
    let gate = gate(asked(Purpose::Fetch), &credentialed(), holdings);
    assert_eq!(gate.obstacle().map(Obstacle::exit), exit, "{gate}");
    gate
}

#[test]
fn the_first_unmet_step_gives_the_code() {
    check(&signed_in(all()), None);
    check(&signed_in(Vec::new()), Some(22));
    check(&signed_in(vec![grant("citi"), grant("credentialing")]), Some(23));
    check(&signed_in(vec![accept()]), Some(22));
    let mut no_account = signed_in(Vec::new());
    no_account.accounts.insert("physionet".into(), Account::NoCredential);
    check(&no_account, Some(20));
    no_account.accounts.insert("physionet".into(), Account::Refused { from: "netrc".into() });
    check(&no_account, Some(21));
    let mut pending = signed_in(vec![grant("citi")]);
    pending.answers.insert("credentialing".into(), HostAnswer::Pending);
    assert_eq!(check(&pending, Some(22)).steps[2].state, State::Pending);
}

#[test]
fn acceptances_are_offered_when_nothing_else_is_missing() {
    let missing = |records| {
        let gate = gate(asked(Purpose::Fetch), &credentialed(), &signed_in(records));
        gate.missing_acceptances().map(|steps| steps.iter().map(|step| step.id.clone()).collect::<Vec<_>>())
    };
    assert_eq!(missing(vec![grant("citi"), grant("credentialing")]), Some(vec!["dua".to_owned()]));
    assert_eq!(missing(vec![grant("citi")]), None);
    assert_eq!(missing(all()), None);
}

#[test]
fn an_account_that_cannot_be_checked_closes_nothing() {
    let gate = check(&holdings(all()), None);
    assert_eq!((gate.steps[0].state, gate.steps[0].obstacle), (State::Unknown, None));
    let gate = check(&holdings([all(), vec![grant("account")]].concat()), None);
    assert_eq!((gate.steps[0].state, gate.steps[0].known_from.as_deref()), (State::Done, Some("ledger entry 4")));
}

#[test]
fn a_changed_text_closes_the_gate_for_agreements_alone() {
    let mut holdings = signed_in(all());
    holdings.texts.insert("LicenseRef-DUA".into(), CurrentText::Digest(Digest::sha256(b"text")));
    check(&holdings, None);
    holdings.texts.insert("LicenseRef-DUA".into(), CurrentText::Digest(Digest::sha256(b"new text")));
    let closed = check(&holdings, Some(24));
    assert_eq!(closed.steps[3].state, State::Lapsed);
    assert_eq!(closed.checklist()[3].split_whitespace().next(), Some("changed"));

    let mut steps = credentialed();
    steps[3].on_change = OnChange::Warns;
    let open = gate(asked(Purpose::Fetch), &steps, &holdings);
    assert!(open.is_open());
    let warning = format!(
        "`LicenseRef-DUA`: the text has changed since it was accepted on 2026-11-14 as {}; it is {} now",
        Digest::sha256(b"text"),
        Digest::sha256(b"new text")
    );
    assert_eq!(open.warnings().collect::<Vec<_>>(), [warning]);
}

#[test]
fn a_text_that_cannot_be_read_leaves_the_acceptance_valid() {
    let mut holdings = signed_in(all());
    holdings.texts.insert("LicenseRef-DUA".into(), CurrentText::NotRead("offline".into()));
    let open = check(&holdings, None);
    assert_eq!(open.warnings().count(), 1);
}

#[test]
fn an_acceptance_without_a_text_fits_no_text() {
    let mut record = accept();
    record.text_sha256 = None;
    let mut holdings = signed_in(vec![grant("citi"), grant("credentialing"), record]);
    holdings.texts.insert("LicenseRef-DUA".into(), CurrentText::Digest(Digest::sha256(b"text")));
    check(&holdings, Some(24));
}

#[test]
fn grants_lapse_by_their_date_or_by_the_rule() {
    #[track_caller]
    fn expiring(change: impl FnOnce(&mut Record), exit: Option<u8>) {
        let mut training = grant("citi");
        change(&mut training);
        check(&signed_in(vec![training, grant("credentialing"), accept()]), exit);
    }
    expiring(|record| record.time = ago(1094), None);
    expiring(|record| record.time = ago(1095), Some(25));
    expiring(|record| record.expires = Some(ago(-1)), None);
    expiring(|record| record.expires = Some(now()), Some(25));
    expiring(|record| (record.time, record.expires) = (ago(2000), Some(ago(-1))), None); // the certificate says so
}

#[test]
fn what_a_host_said_before_opens_nothing_that_is_withdrawn_or_lapsed() {
    #[track_caller]
    fn check_said(training: Vec<Record>, said: Timestamp, exit: Option<u8>) {
        let mut holdings = signed_in([training, vec![grant("credentialing"), accept()]].concat());
        holdings.answers.insert("citi".into(), HostAnswer::Granted { at: said });
        check(&holdings, exit);
    }
    let withdrawn = || vec![grant("citi"), record(EntryKind::Withdraw, "citi")];
    check_said(Vec::new(), ago(20), None);
    check_said(withdrawn(), ago(11), Some(22));
    check_said(withdrawn(), ago(9), None);
    let mut lapsed = grant("citi");
    lapsed.expires = Some(ago(3));
    check_said(vec![lapsed.clone()], ago(4), Some(25));
    check_said(vec![lapsed], ago(2), None);
    let mut old = grant("citi");
    old.time = ago(1100);
    check_said(vec![old], ago(6), Some(25));
}

#[test]
fn an_acceptance_can_lapse_and_be_withdrawn() {
    let mut lapsed = accept();
    lapsed.expires = Some(ago(1));
    check(&signed_in(vec![grant("citi"), grant("credentialing"), lapsed]), Some(25));
    let mut withdraw = accept();
    withdraw.kind = EntryKind::Withdraw;
    let gate = check(&signed_in([all(), vec![withdraw]].concat()), Some(23));
    assert_eq!(gate.steps[3].detail.as_deref(), Some("withdrawn on 2026-11-14 by ledger entry 4"));
}

#[test]
fn others_acceptances_are_named_but_do_not_count() {
    let mut other = accept();
    other.who.os_user = "joe".into();
    let gate = check(&signed_in(vec![grant("citi"), grant("credentialing"), other]), Some(23));
    assert_eq!(gate.steps[3].detail.as_deref(), Some("accepted by `joe`, and an acceptance is personal"));
    let mut other = accept();
    other.version = Some("2.0.0".into());
    let gate = check(&signed_in(vec![grant("citi"), grant("credentialing"), other]), Some(23));
    assert_eq!(gate.steps[3].detail.as_deref(), Some("accepted for release 2.0.0 only"));
}

#[test]
fn an_import_needs_agreements_and_permissions_but_no_account() {
    let check = |holdings: &Holdings, exit: Option<u8>| {
        let gate = gate(asked(Purpose::Import), &credentialed(), holdings);
        assert_eq!(gate.obstacle().map(Obstacle::exit), exit);
    };
    let mut holdings = holdings(all());
    holdings.accounts.insert("physionet".into(), Account::NoCredential);
    check(&holdings, None);
    check(&super::tests::holdings(vec![grant("citi"), accept()]), Some(22));
    check(&super::tests::holdings(vec![grant("citi"), grant("credentialing")]), Some(23));
}

#[test]
fn what_is_got_by_hand_closes_a_fetch_after_all_other_steps() {
    let by_hand = |purpose, holdings: &Holdings| {
        let distribution = Distribution::ByHand { instead: None };
        gate(Request { distribution, ..asked(purpose) }, &credentialed(), holdings).obstacle().map(Obstacle::exit)
    };
    assert_eq!(by_hand(Purpose::Fetch, &signed_in(Vec::new())), Some(22));
    assert_eq!(by_hand(Purpose::Fetch, &signed_in(all())), Some(26));
    assert_eq!(by_hand(Purpose::Import, &signed_in(all())), None);
    let imported = Holdings { imported: true, ..signed_in(all()) };
    assert_eq!(by_hand(Purpose::Fetch, &imported), None);
}

#[test]
fn what_is_not_distributed_can_be_neither_fetched_nor_imported() {
    for purpose in [Purpose::Fetch, Purpose::Import] {
        let distribution = Distribution::None { reason: None, instead: None };
        let gate = gate(Request { distribution, ..asked(purpose) }, &credentialed(), &signed_in(all()));
        assert_eq!(gate.obstacle().map(Obstacle::exit), Some(27));
    }
}

#[test]
fn a_dataset_without_steps_is_open() {
    assert!(gate(asked(Purpose::Fetch), &[], &holdings(Vec::new())).pass().is_ok());
}
