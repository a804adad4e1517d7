//! Every code is raised by something: one that nothing raises is a promise nobody keeps.

use std::collections::BTreeSet;

use super::people::{accepted, at, ledger, record, scene, trained};
use super::{facts, receipt};
use crate::agreements::{EntryKind, Record};
use crate::audit::{Facts, Guard, ItemCount, audit};
use crate::catalog::Catalog;
use crate::licenses::Shelf;
use crate::policy::{Act, Code, Place, Policy};
use crate::values::ByteSize;

fn raised(facts: &Facts) -> BTreeSet<Code> {
    audit(facts, &Shelf::embedded()).findings.into_iter().map(|finding| finding.code).collect()
}

/// The catalogue as it is, by every source, for everything that can be planned.
fn of_catalogue() -> BTreeSet<Code> {
    let acts = Act::ALL.map(|act| format!("\"{act}\"")).join(", ");
    let policy = format!("[policy]\nacts = [{acts}]\n");
    let mut codes = BTreeSet::new();
    for dataset in Catalog::embedded().datasets() {
        let mut facts = facts(&[(dataset.id.as_str(), None)], &policy, "");
        codes.extend(raised(&facts));
        let selection = facts.subjects[0].selection.clone().unwrap();
        for source in selection.sources() {
            let mut copy = receipt(dataset.id.as_str());
            copy.source.channel = source.channel.clone();
            copy.license.expression = selection.license(Some(&source.channel)).to_owned();
            (facts.subjects[0].channel, facts.subjects[0].receipt) = (Some(source.channel.clone()), Some(copy));
            codes.extend(raised(&facts));
            // A record that says more than the catalogue.
            facts.subjects[0].receipt.as_mut().unwrap().license.expression = "CC0-1.0".into();
            codes.extend(raised(&facts));
        }
    }
    codes.extend(raised(&super::facts(&[("chexpert", None), ("mimic-cxr", None)], &policy, "")));
    codes.extend(raised(&super::facts(&[("chestxray14", None), ("rsna-pneumonia", None)], &policy, "")));
    let mut mixed = super::facts(&[("pmc-patients", None), ("pmc-oa", None)], &policy, "");
    mixed.subjects[1].receipt = Some(receipt("pmc-oa"));
    mixed.subjects[1].items = vec![ItemCount { license: "CC-BY-SA-4.0".into(), files: 1, bytes: ByteSize(1) }];
    codes.extend(raised(&mixed));
    codes
}

/// What people did and left undone.
fn of_people() -> BTreeSet<Code> {
    let mut codes = BTreeSet::new();
    let done = || vec![accepted("ada", "2026-01-05", b"text"), trained("ada", "2027-06-01")];
    for until in ["2026-11-01", "2026-12-20"] {
        let mut facts = scene();
        facts.ledgers = vec![ledger("ada", vec![accepted("ada", "2026-01-05", b"text"), trained("ada", until)])];
        codes.extend(raised(&facts));
    }
    let mut facts = scene();
    let other = Record { version: Some("2.0.0".into()), ..accepted("ada", "2026-01-05", b"text") };
    let theirs = accepted("cy", "2026-01-05", b"text");
    facts.ledgers = vec![
        ledger("ada", vec![other]),
        ledger("bob", vec![theirs]),
        ledger("cy", vec![accepted("cy", "2026-05-01", b"new"), record(EntryKind::Withdraw, "dee", "2026-05-02")]),
        ledger("eve", done()),
    ];
    facts.ledgers.push(ledger("ada", done()));
    facts.ledgers[0].faults.push("entry 1 was altered".into());
    facts.ledgers[1].is_unvouched = true;
    codes.extend(raised(&facts));
    let mut facts = super::facts(&[("umls", None)], "", "");
    let mut copy = receipt("umls");
    copy.completed = at("2025-06-01");
    facts.subjects[0].receipt = Some(copy);
    facts.now = at("2026-12-15");
    codes.extend(raised(&facts));
    codes
}

/// What lies around a copy, and what is wrong with its records.
fn of_copies() -> BTreeSet<Code> {
    let mut facts = facts(&[("umls", None)], "", "");
    let name = facts.subjects[0].name();
    let (dataset, folder) = (name.clone(), "f".to_owned());
    facts.guards = vec![
        Guard::Tracked { dataset: name, example: "a".into(), files: 1 },
        Guard::WorldReadable { dataset, folder: folder.clone(), mode: "0755".into() },
        Guard::SignedLink { place: Place { file: "a".into(), line: 1 }, host: "h.example".into() },
        Guard::Closed { folder: folder.clone(), reason: "denied".into(), help: None },
        Guard::Unseen { folder, files: 1 },
    ];
    let subject = &mut facts.subjects[0];
    subject.fault = Some("it is empty".into());
    subject.parents = vec![("chexpert".into(), "LicenseRef-Stanford-CheXpert-RUA".into())];
    let mut codes = raised(&facts);
    let zero = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let mark = |proof: &str| {
        let mark = serde_json::json!({ "path": "a", "size": 3, "sha256": zero, "verified": proof });
        serde_json::from_value(serde_json::json!([mark])).unwrap()
    };
    for (license, proof) in
        [("free for all", "first-use"), ("LicenseRef-lost", "accepted-change"), ("CC0-1.0", "catalog")]
    {
        let mut copy = receipt("chestxray14");
        copy.license.expression = license.into();
        copy.listed = mark(proof);
        facts.subjects[0].receipt = Some(copy);
        codes.extend(raised(&facts));
    }
    // A copy that the catalogue has no entry of.
    let subject = &mut facts.subjects[0];
    subject.known_release = Some(("2026AA".into(), subject.license().to_owned()));
    subject.selection = None;
    subject.receipt = Some(receipt("rsna-pneumonia"));
    codes.extend(raised(&facts));
    codes
}

/// Exceptions that do not do what somebody meant.
fn of_policies() -> BTreeSet<Code> {
    let mut facts = scene();
    facts.ledgers = vec![ledger("ada", vec![accepted("ada", "2026-01-05", b"text"), trained("ada", "2027-06-01")])];
    let license = "LicenseRef-PhysioNet-Credentialed-Health-Data-License-1.5.0";
    let mut copy = receipt("mimic-cxr");
    let mark =
        serde_json::json!({ "license": license, "text_sha256": format!("sha256:{}", "1".repeat(64)), "sequence": 1 });
    copy.license.accepted = vec![serde_json::from_value(mark).unwrap()];
    facts.subjects[0].receipt = Some(copy);
    let exception = |dataset: &str, more: &str| {
        format!(
            "[[policy.allow-unknown]]\ndataset = \"{dataset}\"\nterm = \"commercial-use\"\nreason = \"r\"\nby = \"A\"\n{more}\n"
        )
    };
    let stale = format!("until = 2027-01-01\ntext-sha256 = \"{}\"", "2".repeat(64));
    let mut codes = BTreeSet::new();
    for (dataset, more) in [
        ("mimic-cxr", "until = 2026-01-01"),
        ("mimic-cxr", "until = 2027-01-01"),
        ("mimic-cxr", stale.as_str()),
        ("chexpert", "until = 2027-01-01"),
    ] {
        let policy = format!("[policy]\nacts = [\"commercial\"]\n{}", exception(dataset, more));
        facts.policy = Policy::read("medsets.toml", &policy).unwrap();
        codes.extend(raised(&facts));
    }
    codes
}

#[test]
fn every_code_is_raised_by_something() {
    let raised: BTreeSet<Code> =
        [of_catalogue(), of_people(), of_copies(), of_policies()].into_iter().flatten().collect();
    let never: Vec<&str> = Code::all().filter(|code| !raised.contains(code)).map(Code::as_str).collect();
    assert!(never.is_empty(), "nothing raises {never:?}");
}
