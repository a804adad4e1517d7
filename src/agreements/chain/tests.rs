//! Every way to tamper with a ledger, and what the check says of it.

use super::*;
use crate::agreements::entry::tests::{accepted, chain_of};

fn written(entries: &[Entry]) -> String {
    entries.iter().map(|entry| entry.line() + "\n").collect()
}

fn lines(numbers: &[usize]) -> String {
    let entries = chain_of(5, "id");
    numbers.iter().map(|number| entries[number - 1].line() + "\n").collect()
}

fn noted(entries: &[Entry]) -> Vec<Head> {
    entries.iter().map(Entry::head).collect()
}

#[track_caller]
fn check(ledger: &str, expected: &[(u64, Option<u64>, Wrong)]) {
    let found: Vec<_> = verify(ledger.as_bytes(), Vec::new())
        .faults
        .into_iter()
        .map(|fault| (fault.line, fault.sequence, fault.what))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_sound_ledger_has_no_fault() {
    let entries = chain_of(5, "id");
    let heads = noted(&entries);
    let found = verify(written(&entries).as_bytes(), heads);
    assert!(found.is_whole(), "{found:?}");
    assert_eq!((found.entries, found.head), (5, Some(entries[4].head())));
    assert!(verify(b"", Vec::new()).is_whole());
}

#[test]
fn every_flipped_bit_is_found_in_its_line() {
    let ledger = written(&chain_of(5, "id")).into_bytes();
    for at in 0..ledger.len() {
        let line = 1 + ledger[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        for bit in 0..8 {
            let mut flipped = ledger.clone();
            flipped[at] ^= 1 << bit;
            let found = verify(&flipped, Vec::new());
            let named = found.faults.iter().any(|fault| fault.line == line && fault.sequence == Some(line));
            let torn = found.torn.as_ref().is_some_and(|torn| torn.line == line);
            assert!(named || torn, "byte {at}, bit {bit}: {found:?}");
        }
    }
}

#[test]
fn every_cut_is_torn_or_found_by_the_noted_head() {
    let entries = chain_of(5, "id");
    let ledger = written(&entries).into_bytes();
    for end in 0..ledger.len() {
        let found = verify(&ledger[..end], noted(&entries[4..]));
        assert!(!found.is_whole(), "{end}");
        let at_line_end = end == 0 || ledger[end - 1] == b'\n';
        assert_eq!(found.torn.is_none(), at_line_end, "{end}");
        let whole = ledger[..end].iter().filter(|byte| **byte == b'\n').count() as u64;
        let complete = found.torn.is_some_and(|torn| torn.complete);
        assert_eq!(complete, ledger[end] == b'\n' && !at_line_end, "{end}");
        assert_eq!(found.entries, whole + u64::from(complete), "the entries before stay valid");
    }
}

#[test]
fn missing_entries_are_named() {
    check(&lines(&[1, 2, 4, 5]), &[(3, Some(3), Wrong::Removed { last: 3 })]);
    check(&lines(&[1, 5]), &[(2, Some(2), Wrong::Removed { last: 4 })]);
    check(&lines(&[2, 3]), &[(1, Some(1), Wrong::Removed { last: 1 })]);
    check(&lines(&[1, 3, 5]), &[(2, Some(2), Wrong::Removed { last: 2 }), (3, Some(4), Wrong::Removed { last: 4 })]);
}

#[test]
fn moved_and_repeated_entries_are_named() {
    check(&lines(&[1, 2, 4, 3, 5]), &[(4, Some(3), Wrong::Reordered)]);
    check(&lines(&[2, 1, 3]), &[(2, Some(1), Wrong::Reordered)]);
    check(
        &lines(&[1, 5, 2, 3, 4]),
        &[(3, Some(2), Wrong::Reordered), (4, Some(3), Wrong::Reordered), (5, Some(4), Wrong::Reordered)],
    );
    check(&lines(&[1, 2, 2, 3]), &[(3, Some(2), Wrong::Repeated)]);
    check(&lines(&[1, 2, 3, 1]), &[(4, Some(1), Wrong::Repeated)]);
}

#[test]
fn inserted_entries_are_named() {
    let entries = chain_of(3, "id");
    let forged = entries[1].followed_by(accepted("mimic-cxr", 7));
    let ledger = written(&[entries[0].clone(), entries[1].clone(), entries[2].clone(), forged]);
    check(&ledger, &[(4, Some(3), Wrong::Inserted)]);

    // One that continues the chain makes its true successor the stranger.
    let forged = entries[0].followed_by(accepted("mimic-cxr", 7));
    let ledger = written(&[entries[0].clone(), forged, entries[1].clone(), entries[2].clone()]);
    check(&ledger, &[(3, Some(2), Wrong::Inserted), (4, Some(3), Wrong::LinkBroken)]);

    let other = chain_of(2, "other");
    let ledger = written(&[entries[0].clone(), other[1].clone(), entries[1].clone()]);
    check(&ledger, &[(2, Some(2), Wrong::OtherLedger { ledger: "other".into() })]);

    // A line by `echo`, among the others and at the end.
    let (first, rest) = (lines(&[1]), lines(&[2, 3]));
    let echoed = "{\"kind\":\"accept\"}\n";
    check(&format!("{first}{echoed}{rest}"), &[(2, Some(2), Wrong::Unreadable)]);
    check(&format!("{first}{rest}{echoed}"), &[(4, Some(4), Wrong::Unreadable)]);
}

#[test]
fn altered_entries_are_named_once() {
    let ledger = lines(&[1, 2, 3]);
    check(&ledger.replacen("09:01", "09:02", 1), &[(2, Some(2), Wrong::Altered)]);
    check(&ledger.replacen("{\"dataset\"", "{ \"dataset\"", 1), &[(1, Some(1), Wrong::NotCanonical)]);
    check(&ledger.replacen("accept", "\u{0}", 1), &[(1, Some(1), Wrong::Unreadable)]);
    let entries = chain_of(3, "id");
    let replaced = entries[0].followed_by(accepted("mimic-cxr", 1));
    let ledger = written(&[entries[0].clone(), replaced, entries[2].clone()]);
    check(&ledger, &[(3, Some(3), Wrong::LinkBroken)]);
}

#[test]
fn traces_of_editors_are_told_once_and_read_over() {
    check(&lines(&[1, 2, 3]).replace('\n', "\r\n"), &[(1, None, Wrong::CarriageReturn)]);
    check(&format!("\u{feff}{}", lines(&[1, 2])), &[(1, None, Wrong::ByteOrderMark)]);
    check(&format!("{}\n", lines(&[1, 2])), &[(3, None, Wrong::BlankLine)]);
    check(&format!("{}\n{}", lines(&[1]), lines(&[2])), &[(2, None, Wrong::BlankLine)]);
}

/// The chain of a forger who computes all hashes anew is sound in itself.
#[test]
fn a_forged_chain_is_found_by_noted_heads_alone() {
    let entries = chain_of(4, "id");
    let noted = noted(&entries);
    let mut forged = vec![entries[0].clone()];
    for minutes in 10..13 {
        forged.push(forged[forged.len() - 1].followed_by(accepted("chexpert", minutes)));
    }
    assert!(verify(written(&forged).as_bytes(), Vec::new()).is_whole());
    let found = verify(written(&forged).as_bytes(), noted.clone()).faults;
    let what = Wrong::NotAsNoted { noted: noted[1].hash };
    assert_eq!(found, [ChainFault { line: 2, sequence: Some(2), what }]);
}

#[test]
fn a_cut_tail_and_a_replaced_ledger_are_found_by_noted_heads() {
    let entries = chain_of(5, "id");
    let noted = noted(&entries);
    let found = verify(written(&entries[..3]).as_bytes(), noted.clone()).faults;
    assert_eq!(found, [ChainFault { line: 4, sequence: Some(4), what: Wrong::CutTail { noted: 5 } }]);
    let found = verify(b"", noted.clone()).faults;
    assert_eq!(found, [ChainFault { line: 1, sequence: Some(1), what: Wrong::CutTail { noted: 5 } }]);
    let found = verify(written(&chain_of(5, "new")).as_bytes(), noted).faults;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what, Wrong::Replaced { noted: "id".into() });
}

#[test]
fn entries_of_later_versions_are_checked_and_listed() {
    let mut record = accepted("chexpert", 1);
    record.kind = EntryKind::Other("notarise".into());
    record.tool = "0.9.0".into();
    let first = Entry::first(accepted("chexpert", 0), "id");
    let later = first.followed_by(record);
    let found = verify(written(&[first, later]).as_bytes(), Vec::new());
    assert!(found.is_whole());
    let what = "an entry of kind `notarise`".to_owned();
    assert_eq!(found.later, [LaterEntry { sequence: 2, what, tool: "0.9.0".into() }]);

    // A form of `means` that only a later version has, under a right hash.
    let mut map = serde_json::from_str::<Map<String, Value>>(&chain_of(1, "id")[0].line()).unwrap();
    map.insert("means".into(), "voice".into());
    map.insert("hash".into(), entry::hash_of(&map).to_string().into());
    let found = verify(format!("{}\n", entry::canonical(&map)).as_bytes(), Vec::new());
    assert!(found.is_whole());
    assert_eq!(found.later[0].what, "an entry of unknown form");
}

#[test]
fn a_window_into_a_ledger_is_checked_from_its_first_line() {
    let entries = chain_of(5, "id");
    let mut check = ChainCheck::from_middle(Vec::new());
    for entry in &entries[2..] {
        check.line((entry.line() + "\n").as_bytes());
    }
    let found = check.finish();
    assert!(found.is_whole());
    assert_eq!(found.head, Some(entries[4].head()));
}
