//! What an extract proves, and to whom.

use super::*;
use crate::agreements::entry::tests::{accepted, chain_of};

fn extract(entries: &[Entry], chosen: &[u64]) -> Extract {
    let mut extract = Extract::begin("2026-11-24T10:00:00Z".parse().unwrap(), "0.1.0");
    for entry in entries {
        extract.take(&entry.line(), entry, chosen.contains(&entry.sequence));
    }
    extract
}

fn faults(extract: &Extract, noted: &[Head]) -> Vec<String> {
    verify_extract(&extract.json(), noted).unwrap().faults
}

#[test]
fn a_true_extract_holds() {
    let entries = chain_of(5, "id");
    let extract = extract(&entries, &[2, 3]);
    let check = |noted: &[Head], vouched| {
        let found = verify_extract(&extract.json(), noted).unwrap();
        assert_eq!((found.entries, found.of, found.vouched), (2, 5, vouched));
        assert_eq!((found.head, found.faults), (Some(entries[4].head()), Vec::new()));
    };
    check(&[], 0);
    check(&[entries[4].head()], 0); // two entries between are not shown
    check(&[entries[2].head()], 2);
    check(&[entries[1].head()], 1);
    assert!(faults(&super::tests::extract(&[], &[]), &[]).is_empty());
}

#[test]
fn an_altered_extract_does_not_hold() {
    #[track_caller]
    fn check(alter: impl Fn(&mut Extract), fault: &str) {
        let entries = chain_of(5, "id");
        let mut altered = extract(&entries, &[2, 4]);
        alter(&mut altered);
        let found = faults(&altered, &[entries[1].head()]);
        assert!(found.iter().any(|found| found == fault), "{found:?}");
    }
    check(|extract| drop(extract.entries[0].insert("purpose".into(), "any".into())), "entry 2 was altered");
    check(|extract| extract.entries.push(extract.entries[0].clone()), "an entry is there twice");
    check(
        |extract| {
            extract.links.remove(2);
        },
        "entry 4 does not follow entry 2",
    );
    check(
        |extract| {
            extract.links.pop();
        },
        "the hashes do not end at the head",
    );
    check(|extract| extract.links.truncate(1), "entry 2 was noted and is missing");
    check(|extract| extract.head = None, "the hashes do not end at the head");
    let forge = |extract: &mut Extract| {
        let forged = chain_of(1, "id")[0].followed_by(accepted("mimic-cxr", 9));
        extract.entries[0] = serde_json::from_str(&forged.line()).unwrap();
    };
    check(forge, "entry 2 is not the one in the row of hashes");
    let forge_on = |extract: &mut Extract| {
        forge(extract);
        let hash: Digest = serde_json::from_value(extract.entries[0]["hash"].clone()).unwrap();
        (extract.links[1].hash, extract.links[2].prev) = (hash, hash);
    };
    check(forge_on, "entry 2 was noted with another hash");
}

#[test]
fn what_is_no_extract_is_refused() {
    for text in ["", "{}", "[]", "{\"schema\":\"medsets/fetch/1\"}"] {
        assert!(matches!(verify_extract(text.as_bytes(), &[]), Err(AgreementError::NotAnExtract { .. })), "{text}");
    }
}

#[test]
fn tables_and_pages_hold_what_entries_say() {
    let mut record = accepted("chexpert", 0);
    record.purpose = Some("=cmd|' /C calc'!A0 <b>&".into());
    let extract = extract(&[Entry::first(record, "id")], &[1]);
    let csv = String::from_utf8(extract.csv()).unwrap();
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("\"sequence\",\"time\",\"kind\",\"dataset\""));
    assert!(
        lines[1].starts_with("\"1\",\"2026-11-24T09:00:00Z\",\"accept\",\"chexpert\",\"1.0\",\"\","),
        "{}",
        lines[1]
    );
    assert!(lines[1].contains("\"'=cmd|' /C calc'!A0 <b>&\""));
    let html = String::from_utf8(extract.html()).unwrap();
    assert!(html.contains("<tr><th>purpose</th><td>=cmd|&#39; /C calc&#39;!A0 &lt;b&gt;&amp;</td></tr>"));
    assert!(!html.contains("<script") && html.contains("default-src 'none'"));
    assert!(html.contains("<p>1 of 1 entries, exported 2026-11-24T10:00:00Z by medsets 0.1.0.</p>"));
}

#[test]
fn a_masked_extract_names_nobody_and_says_that_it_proves_less() {
    let mut extract = Extract::begin("2026-11-24T10:00:00Z".parse().unwrap(), "0.1.0");
    for entry in crate::agreements::entry::tests::chain_of(3, "id") {
        extract.take(&entry.line(), &entry, true);
    }
    let bytes = extract.masked(b"salt").json();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(!text.contains("jdoe") && !text.contains("Jane"), "{text}");
    let marks: Vec<&str> = text.split("masked-").skip(1).map(|rest| &rest[..12]).collect();
    assert_eq!((marks.len(), marks[0], marks[1]), (6, marks[2], marks[3]), "the same person has the same mark");
    let check = verify_extract(&bytes, &[]).unwrap();
    assert!(check.masked && check.faults.is_empty() && check.vouched == 0, "{check:?}");
    let unmasked = text.replace("\"masked\": true,", "");
    assert!(!verify_extract(unmasked.as_bytes(), &[]).unwrap().faults.is_empty(), "it is not taken for a whole one");
}
