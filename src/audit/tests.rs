//! The worked cases of composition, and the law that more data never allow more.

mod codes;
mod people;

use super::*;
use crate::catalog::Catalog;
use crate::policy::{Code, Policy, Word};
use crate::project::Manifest;

/// Datasets of the catalogue, none of them here, by `ID[@VERSION][:VARIANT]` and channel.
pub(crate) fn facts(names: &[(&str, Option<&str>)], policy: &str, project: &str) -> Facts {
    let catalog = Catalog::embedded();
    let subject = |(name, channel): &(&str, Option<&str>)| {
        let selection = catalog.resolve(name).unwrap().remove(0);
        let channel = channel.or_else(|| selection.source(None).map(|source| source.channel.as_str()));
        SubjectFacts {
            id: selection.id().clone(),
            version: selection.release().version.clone(),
            variant: selection.variant_name().map(str::to_owned),
            channel: channel.map(str::to_owned),
            receipt: None,
            items: Vec::new(),
            steps: Vec::new(),
            answers: std::collections::BTreeMap::new(),
            parents: Vec::new(),
            place: None,
            folder: None,
            fault: None,
            known_release: None,
            taken_unpublished: 0,
            selection: Some(selection),
        }
    };
    let project = (!project.is_empty()).then(|| {
        let tables: String = names
            .iter()
            .map(|(name, _)| format!("[[dataset]]\nid = \"{}\"\n", name.split(['@', ':']).next().unwrap()))
            .collect();
        Manifest::read("medsets.toml", &format!("[project]\nname = \"p\"\n{tables}{project}")).unwrap()
    });
    Facts {
        now: "2026-11-28T12:00:00Z".parse().unwrap(),
        tool: "0.1.0".into(),
        catalog: None,
        project,
        policy: Policy::read("medsets.toml", policy).unwrap(),
        subjects: names.iter().map(subject).collect(),
        ledgers: Vec::new(),
        guards: Vec::new(),
    }
}

/// The audit of datasets of the catalogue.
pub(crate) fn audit_of(names: &[(&str, Option<&str>)], policy: &str) -> Audit {
    audit(&facts(names, policy, ""), &Shelf::embedded())
}

const BOTH: &str = "[policy]\nacts = [\"release-weights\", \"use-commercially\"]\n";

#[track_caller]
fn says(audit: &Audit, act: Act, word: Word, forced_by: &[&str]) {
    let combined = &audit.combination.uses[&act];
    let ids: Vec<&str> = combined.forced_by.iter().map(|name| name.split('@').next().unwrap()).collect();
    assert_eq!((combined.word, ids.as_slice()), (word, forced_by), "{act}");
}

#[track_caller]
fn finds(audit: &Audit, code: Code, mentions: &[&str]) {
    let found = audit.findings.iter().filter(|finding| finding.code == code);
    let texts: Vec<String> = found.map(|finding| format!("{} {:?}", finding.message, finding.affected)).collect();
    assert!(texts.iter().any(|text| mentions.iter().all(|one| text.contains(one))), "{code}: {texts:?}");
}

#[test]
fn chestxray14_and_rsna_by_the_society_are_allowed_with_credit() {
    let audit = audit_of(&[("chestxray14", None), ("rsna-pneumonia", Some("rsna"))], BOTH);
    says(&audit, Act::ReleaseWeights, Word::AllowedWithDuty, &["chestxray14", "rsna-pneumonia"]);
    says(&audit, Act::UseCommercially, Word::AllowedWithDuty, &["chestxray14", "rsna-pneumonia"]);
    assert_eq!(audit.summary.verdict, Verdict::Allow, "{:#?}", audit.findings);
    for name in ["chestxray14", "rsna-pneumonia"] {
        for kind in [DutyKind::Credit, DutyKind::Citation] {
            assert!(
                audit.duties.iter().any(|duty| duty.kind == kind && duty.dataset.starts_with(name)),
                "{kind:?} {name}"
            );
        }
    }
    finds(&audit, Code::ChannelConflict, &["rsna-pneumonia", "kaggle", "stricter"]);
    finds(&audit, Code::Overlap, &["rsna-pneumonia", "chestxray14", "30,000"]);
}

#[test]
fn the_rules_of_the_competition_forbid_commercial_use_of_the_same_bytes() {
    let audit = audit_of(&[("chestxray14", None), ("rsna-pneumonia", Some("kaggle"))], BOTH);
    says(&audit, Act::UseCommercially, Word::Forbidden, &["rsna-pneumonia"]);
    says(&audit, Act::ReleaseWeights, Word::Unclear, &["rsna-pneumonia"]);
    assert_eq!(audit.summary.verdict, Verdict::Deny);
    finds(&audit, Code::CommercialForbidden, &["rsna-pneumonia"]);
    finds(&audit, Code::ChannelConflict, &["rsna", "laxer"]);
}

#[test]
fn chexpert_and_mimic_cannot_be_satisfied_by_one_release() {
    let audit = audit_of(&[("chexpert", None), ("mimic-cxr", None)], BOTH);
    says(&audit, Act::UseCommercially, Word::Forbidden, &["chexpert"]);
    assert_eq!(audit.subjects[1].word(Act::UseCommercially), Word::Unclear, "company research is not named");
    says(&audit, Act::ReleaseWeights, Word::Unclear, &["chexpert"]);
    finds(&audit, Code::SameHostConflict, &["mimic-cxr", "chexpert", "no single release"]);
    finds(&audit, Code::ModelReleaseUnclear, &["chexpert"]);
    assert!(audit.duties.iter().any(|duty| duty.kind == DutyKind::SameHost && duty.dataset.starts_with("mimic-cxr")));
}

#[test]
fn ddxplus_medquad_and_vqa_rad_are_allowed_with_the_images_flagged() {
    let audit = audit_of(&[("ddxplus", None), ("medquad", None), ("vqa-rad", None)], BOTH);
    says(&audit, Act::UseCommercially, Word::AllowedWithDuty, &["ddxplus", "medquad"]);
    says(&audit, Act::ReleaseWeights, Word::AllowedWithDuty, &["ddxplus", "medquad"]);
    finds(&audit, Code::PartTerms, &["vqa-rad", "images", "NOASSERTION"]);
    let verdicts: Vec<Verdict> = audit.subjects.iter().map(|subject| subject.verdict).collect();
    assert_eq!(verdicts, [Verdict::Allow, Verdict::Allow, Verdict::Review]);
}

#[test]
fn pmc_patients_holds_the_whole_to_its_share_alike_licence() {
    let mut facts = facts(
        &[("pmc-patients", None), ("pmc-oa", None)],
        "[policy]\nacts = [\"release-derived-data\", \"use-commercially\"]\n",
        "",
    );
    let count = |license: &str| ItemCount { license: license.into(), files: 3, bytes: crate::values::ByteSize(9) };
    facts.subjects[1].items = vec![count("CC0-1.0"), count("CC-BY-4.0")];
    facts.subjects[1].receipt = Some(receipt("pmc-oa"));
    let chosen = audit(&facts, &Shelf::embedded());
    says(&chosen, Act::UseCommercially, Word::Forbidden, &["pmc-patients"]);
    let duty = chosen.duties.iter().find(|duty| duty.kind == DutyKind::ShareAlike).expect("share alike");
    assert!(duty.dataset.starts_with("pmc-patients"), "{duty:?}");
    facts.subjects[1].items.push(count("CC-BY-SA-4.0"));
    let mixed = audit(&facts, &Shelf::embedded());
    finds(&mixed, Code::ShareAlikeConflict, &["CC-BY-NC-SA-4.0", "CC-BY-SA-4.0"]);
}

#[test]
fn umls_is_for_applications_of_category_0_and_no_dump() {
    let audit_with = |policy: &str| {
        audit_of(&[("umls", None), ("medquad", None)], &format!("[policy]\nacts = [\"use-commercially\"]\n{policy}"))
    };
    let without = audit_with("");
    says(&without, Act::UseCommercially, Word::AllowedWithDuty, &["umls", "medquad"]);
    says(&without, Act::ShareRaw, Word::Forbidden, &["umls"]);
    finds(&without, Code::PerItemLicenceUnread, &["umls", "category 3"]);
    assert_eq!(without.summary.verdict, Verdict::Review);
    assert!(without.duties.iter().any(|duty| duty.kind == DutyKind::Notice));
    let with = audit_with(
        "[[policy.exception]]\ndataset = \"umls\"\nterm = \"items\"\nreason = \"category 0 only\"\nby = \"A\"\nuntil = 2027-01-01\n",
    );
    assert_eq!(with.summary.verdict, Verdict::Allow, "{:#?}", with.findings);
    assert!(with.policy.used[0].contains("category 0 only"));
}

#[test]
fn exceptions_end_are_pinned_to_a_text_and_must_be_needed() {
    let with = |dataset: &str, until: &str| {
        let policy = format!(
            "[policy]\nacts = [\"commercial\"]\n[[policy.exception]]\ndataset = \"{dataset}\"\nterm = \"commercial-use\"\nreason = \"letter\"\nby = \"A\"\nuntil = {until}\n\
             [[policy.exception]]\ndataset = \"{dataset}\"\nterm = \"purpose\"\nreason = \"letter\"\nby = \"A\"\nuntil = {until}\n"
        );
        audit_of(&[("chexpert", None)], &policy)
    };
    assert_eq!(with("chexpert", "2026-11-28").summary.verdict, Verdict::Allow, "the last day counts");
    let ended = with("chexpert", "2026-11-27");
    assert_eq!(ended.summary.verdict, Verdict::Deny);
    finds(&ended, Code::ExceptionExpired, &["2026-11-27"]);
    let elsewhere = with("mura", "2027-01-01");
    assert_eq!(elsewhere.summary.verdict, Verdict::Deny);
    finds(&elsewhere, Code::PolicyUnused, &["mura"]);
    let unknown = audit_of(
        &[("chexpert", None)],
        "[policy]\nacts = [\"commercial\"]\n[[policy.allow-unknown]]\ndataset = \"chexpert\"\nterm = \"commercial-use\"\nreason = \"r\"\nby = \"A\"\nuntil = 2027-01-01\n",
    );
    assert_eq!(unknown.summary.verdict, Verdict::Deny, "what is forbidden is not unknown");
}

/// A copy of `chexpert` under the agreement and its rules for commerce, with its text accepted.
fn accepted_chexpert(policy: &str) -> Facts {
    let mut facts = facts(&[("chexpert", None)], policy, "");
    let mut copy = receipt("chexpert");
    let mark = |license: &str, letter: &str| {
        let text_sha256 = format!("sha256:{}", letter.repeat(64));
        serde_json::from_value(serde_json::json!({ "license": license, "text_sha256": text_sha256, "sequence": 1 }))
            .unwrap()
    };
    copy.license.expression = "LicenseRef-Stanford-CheXpert-RUA AND CC-BY-NC-4.0".into();
    copy.license.accepted = vec![mark("LicenseRef-Stanford-CheXpert-RUA", "a"), mark("CC-BY-NC-4.0", "b")];
    facts.subjects[0].receipt = Some(copy);
    facts
}

fn exception(term: &str, digest: Option<&str>) -> String {
    let digest = digest.map(|letter| format!("text-sha256 = \"{}\"\n", letter.repeat(64))).unwrap_or_default();
    format!(
        "[[policy.exception]]\ndataset = \"chexpert\"\nterm = \"{term}\"\nreason = \"letter\"\nby = \"A\"\nuntil = 2027-01-01\n{digest}"
    )
}

#[test]
fn an_exception_holds_for_the_text_it_was_made_for_and_for_no_other() {
    let judged = |exceptions: &[String]| {
        let policy = format!("[policy]\nacts = [\"commercial\"]\n{}", exceptions.concat());
        audit(&accepted_chexpert(&policy), &Shelf::embedded())
    };
    let of = |license: &str, audit: &Audit| {
        let reasons = &audit.subjects[0].uses[&Act::UseCommercially].reasons;
        reasons.iter().filter(|one| one.license == license).map(|one| one.word).max().unwrap()
    };
    let (ours, common) = ("LicenseRef-Stanford-CheXpert-RUA", "CC-BY-NC-4.0");
    // For the agreement alone: the other licence forbids it still.
    let one = judged(&[exception("commercial-use", Some("a")), exception("purpose", Some("a"))]);
    assert_eq!((of(ours, &one), of(common, &one)), (Word::AllowedWithDuty, Word::Forbidden), "{:#?}", one.findings);
    assert_eq!(one.summary.verdict, Verdict::Deny);
    // The digest of the other text is not that of the agreement's.
    finds(&judged(&[exception("commercial-use", Some("c"))]), Code::ExceptionStale, &["chexpert", "cccc", "aaaa"]);
    // Without a digest it holds, and is told of.
    let loose = judged(&[exception("commercial-use", None), exception("purpose", None)]);
    assert_eq!(loose.subjects[0].word(Act::UseCommercially), Word::AllowedWithDuty, "{:#?}", loose.findings);
    finds(&loose, Code::ExceptionUnpinned, &["commercial-use", "aaaa"]);
    // One term is not another.
    let other = judged(&[exception("redistribution", Some("a"))]);
    assert_eq!(other.summary.verdict, Verdict::Deny);
    finds(&other, Code::PolicyUnused, &["redistribution"]);
}

#[test]
fn a_licence_that_cannot_be_read_says_so() {
    let mut facts = facts(&[("chexpert", None)], "[policy]\nacts = [\"research\"]\n", "");
    let mut copy = receipt("chexpert");
    copy.license.expression = "totally free, trust me".into();
    facts.subjects[0].receipt = Some(copy);
    let audit = audit(&facts, &Shelf::embedded());
    finds(&audit, Code::LicenceUnreadable, &["totally free, trust me"]);
    assert!(audit.findings.iter().all(|finding| finding.code != Code::NoLicence), "{:#?}", audit.findings);
    assert!(audit.is_denied() && audit.has_unknown());
}

#[test]
fn outputs_of_outputs_are_settled_once_each() {
    let mut outputs = String::new();
    let mut last = "ddxplus".to_owned();
    for number in 0..200 {
        outputs.push_str(&format!(
            "[[output]]\nname = \"o{number}\"\nkind = \"weights\"\nfrom = [\"{last}\", \"{last}\"]\n"
        ));
        last = format!("o{number}");
    }
    let audit = audit(&facts(&[("ddxplus", None)], BOTH, &outputs), &Shelf::embedded());
    assert_eq!((audit.outputs.len(), audit.outputs[199].from.len()), (200, 1));
}

#[test]
fn terms_follow_the_lineage_and_not_the_folder() {
    let outputs = "[[output]]\nname = \"clean\"\nkind = \"weights\"\nfrom = [\"ddxplus\"]\n\
        [[output]]\nname = \"tainted\"\nkind = \"weights\"\nfrom = [\"clean\", \"pmc-patients\"]\n";
    let facts = facts(&[("ddxplus", None), ("pmc-patients", None)], BOTH, outputs);
    let audit = audit(&facts, &Shelf::embedded());
    assert_eq!(audit.outputs[0].from.len(), 1);
    assert_eq!((audit.outputs[1].from.len(), audit.outputs[1].forced_by.len()), (2, 2), "{:?}", audit.outputs);
    finds(&audit, Code::NcInCommercial, &["pmc-patients"]);
}

#[test]
fn a_receipt_with_laxer_terms_than_the_catalogue_is_no_permission() {
    let mut facts = facts(&[("chexpert", None)], "[policy]\nacts = [\"commercial\"]\n", "");
    let mut copy = receipt("chexpert");
    facts.subjects[0].receipt = Some(copy.clone());
    assert!(audit(&facts, &Shelf::embedded()).findings.iter().all(|finding| finding.code != Code::TermsDiffer));
    copy.license.expression = "CC0-1.0".into();
    facts.subjects[0].receipt = Some(copy);
    let audit = audit(&facts, &Shelf::embedded());
    finds(&audit, Code::TermsDiffer, &["CC0-1.0", "LicenseRef-Stanford-CheXpert-RUA"]);
    assert_eq!(audit.summary.verdict, Verdict::Review);
}

#[test]
fn adding_a_dataset_never_makes_any_verdict_laxer() {
    let catalog = Catalog::embedded();
    let names: Vec<String> = catalog.datasets().map(|dataset| dataset.id.to_string()).collect();
    let acts = Act::ALL.map(|act| format!("\"{act}\"")).join(", ");
    let policy = format!("[policy]\nacts = [{acts}]\n");
    let mut seed = 1_u64;
    for _ in 0..60 {
        let mut chosen: Vec<&str> = Vec::new();
        let mut last: Option<Audit> = None;
        for _ in 0..4 {
            // A linear congruential generator (Knuth, MMIX).
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let name = names[(seed >> 33) as usize % names.len()].as_str();
            if chosen.contains(&name) {
                continue;
            }
            chosen.push(name);
            let pairs: Vec<(&str, Option<&str>)> = chosen.iter().map(|name| (*name, None)).collect();
            let audit = audit_of(&pairs, &policy);
            if let Some(before) = &last {
                for act in Act::ALL {
                    assert!(audit.combination.word(act) >= before.combination.word(act), "{act} with {chosen:?}");
                }
                assert!(audit.summary.verdict >= before.summary.verdict, "{chosen:?}");
                for (now, before) in audit.subjects.iter().zip(&before.subjects) {
                    assert!(now.verdict >= before.verdict, "{} with {chosen:?}", now.name);
                }
            }
            last = Some(audit);
        }
    }
}

/// A receipt of a whole copy, with made-up bytes.
pub(crate) fn receipt(id: &str) -> crate::layout::Receipt {
    let zero = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let selection = Catalog::embedded().resolve(id).unwrap().remove(0);
    let source = selection.source(None);
    let text = serde_json::json!({
        "schema": "medsets/receipt/1", "dataset": id, "title": selection.dataset().entry.title,
        "version": selection.release().version, "selection": { "whole": true }, "means": "fetch",
        "completed": "2026-11-24T09:00:00Z", "by": { "os_user": "jdoe", "host": "h" },
        "tool": { "name": "medsets", "version": "0.1.0" },
        "catalog": { "digest": zero, "entry": zero, "origin": "embedded" },
        "source": { "channel": source.map_or("-", |source| source.channel.as_str()), "provider": "http" },
        "license": { "expression": selection.license(None) },
        "files": 6, "bytes": 18, "tree": zero, "listed": []
    });
    serde_json::from_value(text).unwrap()
}
