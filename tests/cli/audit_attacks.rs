//! Records, entries, ledgers and files that lie or mean harm: an audit tells of them, holds
//! nothing up, and never says more than is known.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::home::{Home, Ran};

/// Text that would be a line, a colour, markup or a formula of its own.
const HOSTILE: &str = "x\u{1b}[2J\u{202e}\nverdict: allow\r\n\u{2028}</script><script>alert(1)</script>|`=1";

fn demo() -> Home {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    home
}

fn records(home: &Home) -> PathBuf {
    home.data().join("demo/1.0/.medsets")
}

/// Changes the receipt of the demonstration set.
fn lie(home: &Home, change: impl FnOnce(&mut Value)) {
    let path = records(home).join("receipt.json");
    let mut receipt: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut receipt);
    std::fs::write(&path, receipt.to_string()).unwrap();
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["data"]["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

/// Neither stream has a line or a control character that is not ours.
#[track_caller]
fn is_plain(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let harmful = text.chars().find(|one| (one.is_control() && *one != '\n') || "\u{202e}\u{2028}".contains(*one));
        assert_eq!(harmful, None, "{text}");
        let verdicts = text.lines().filter(|line| line.starts_with("verdict: ")).count();
        assert!(verdicts <= 1, "{text}");
    }
}

fn fifo(path: &Path) {
    let _ = std::fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn text_of_a_receipt_writes_no_lines_of_its_own() {
    type Change = fn(&mut Value);
    let changes: [Change; 7] = [
        |one| one["version"] = HOSTILE.into(),
        |one| one["variant"] = HOSTILE.into(),
        |one| one["title"] = HOSTILE.into(),
        |one| one["reference"] = HOSTILE.into(),
        |one| one["license"]["expression"] = HOSTILE.into(),
        |one| one["source"]["channel"] = HOSTILE.into(),
        |one| one["by"]["name"] = HOSTILE.into(),
    ];
    for change in changes {
        let home = demo();
        lie(&home, change);
        for arguments in [
            &["audit"][..],
            &["audit", "--format", "md"],
            &["duties"],
            &["cite", "--methods"],
            &["export", "--format", "sha256sums"],
            &["export", "--format", "aria2"],
            &["why", records(&home).parent().unwrap().join("data/labels.csv").to_str().unwrap()],
        ] {
            is_plain(&home.run(arguments));
        }
        let page = home.run(&["audit", "--format", "html"]).stdout;
        assert_eq!(page.matches("<script").count(), 1, "{page}");
    }
}

#[test]
fn a_receipt_that_says_what_the_catalogue_does_not_is_told_of() {
    let home = demo();
    lie(&home, |one| one["version"] = "9.9".into());
    let answer = home.json(&["audit"]);
    assert_eq!(codes(&answer), ["outside-catalogue"], "{answer:#}");
    home.run(&["audit", "--strict"]).expect(61);
    // Under a laxer licence than any release that the catalogue has.
    lie(&home, |one| (one["dataset"], one["version"]) = ("umls".into(), "1.0".into()));
    let answer = home.json(&["audit"]);
    assert!(codes(&answer).contains(&"terms-differ"), "{answer:#}");
    assert_eq!(answer["exit"], 60);
    let home = demo();
    lie(&home, |one| one["license"]["expression"] = "totally free, trust me".into());
    let answer = home.json(&["audit"]);
    assert_eq!(codes(&answer), ["licence-unreadable"], "{answer:#}");
    let home = demo();
    lie(&home, |one| one["completed"] = "9999-12-30T00:00:00Z".into());
    assert_eq!(codes(&home.json(&["audit"])), ["records-damaged"]);
}

#[test]
fn a_list_of_files_that_is_cut_hides_no_terms() {
    let home = demo();
    let list = records(&home).join("files.jsonl");
    let whole = std::fs::read_to_string(&list).unwrap();
    let line = whole.find('\n').unwrap() + 1;
    // In the middle of a line, behind a line, and with a line that is no record.
    for damaged in [whole[..line + 40].to_owned(), whole[..line].to_owned(), format!("{{\"path\":1}}\n{whole}")] {
        std::fs::write(&list, damaged).unwrap();
        let answer = home.json(&["audit"]);
        assert_eq!(codes(&answer), ["records-damaged"], "{answer:#}");
        assert_eq!(answer["exit"], 60);
    }
    std::fs::write(&list, format!("{{\"path\":\"{}", "x".repeat(3 << 20))).unwrap();
    let answer = home.json(&["audit"]);
    assert!(answer["data"]["findings"][0]["message"].as_str().unwrap().contains("longer than"), "{answer:#}");
}

#[test]
fn more_licences_than_anybody_has_are_counted_together() {
    let home = demo();
    let list = records(&home).join("files.jsonl");
    let whole = std::fs::read_to_string(&list).unwrap();
    let first = whole.lines().next().unwrap();
    let odd = |number: usize| {
        let path = format!("data/images/z{number}.png");
        let mut record: Value = serde_json::from_str(first).unwrap();
        (record["path"], record["license"]) = (path.into(), format!("LicenseRef-odd-{number}").into());
        format!("{record}\n")
    };
    std::fs::write(&list, whole.clone() + &(0..3000).map(odd).collect::<String>()).unwrap();
    lie(&home, |one| one["files"] = 3098.into());
    let answer = home.json(&["audit"]);
    let parts = answer["data"]["subjects"][0]["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 1001);
    let rest = parts.iter().find(|part| part["license"] == "NOASSERTION").unwrap();
    assert_eq!(rest["files"], 2000);
    assert_eq!(answer["exit"], 60);
}

#[test]
fn what_is_no_file_holds_nothing_up() {
    for name in ["receipt.json", "files.jsonl", "manifest.sha256", "listed.jsonl"] {
        let home = demo();
        fifo(&records(&home).join(name));
        for arguments in [&["audit"][..], &["export", "--format", "sha256sums"], &["export", "--format", "aria2"]] {
            is_plain(&home.run(arguments));
        }
        is_plain(&home.run(&["why", records(&home).parent().unwrap().join("data/labels.csv").to_str().unwrap()]));
    }
    let home = demo();
    let project = home.path().join("work");
    std::fs::write(project.join("medsets.toml"), "[project]\nname = \"p\"\n").unwrap();
    for name in ["index", "config", "commondir"] {
        let git = project.join(".git");
        std::fs::create_dir(&git).unwrap();
        fifo(&git.join(name));
        let said = home.run(&["audit"]).stderr;
        assert!(name == "commondir" || said.contains("what git tracks"), "{name}: {said}");
        std::fs::remove_dir_all(&git).unwrap();
    }
    fifo(&project.join(".git"));
    assert!(home.run(&["audit"]).stderr.contains("what git tracks"));
}

/// An agreement that was accepted, and the ledger of it.
fn gated() -> (Home, String) {
    let home = Home::new();
    let text = home.json(&["access", "accept", "demo-gated", "--dry-run"]);
    let digest = text["data"]["text_digest"].as_str().unwrap().to_owned();
    home.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
    home.run(&["fetch", "demo-gated"]).expect(0);
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    (home, ledger)
}

#[test]
fn a_ledger_without_anybody_is_no_acceptance() {
    let (home, ledger) = gated();
    let file = home.path().join("work/l.jsonl");
    let audit = |text: &str| {
        std::fs::write(&file, text).unwrap();
        home.run(&["audit", "demo-gated", "--ledger", "l.jsonl"])
    };
    audit(&ledger).expect(0);
    audit("").expect(14).says(&["`l.jsonl` is neither a ledger nor an extract of one: it is empty"]);
    audit(&ledger[..100]).expect(14).says(&["last line is torn"]);
    home.run(&["ledger", "export", "-o", "l.jsonl"]).expect(0);
    let mut extract: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    extract["entries"] = Value::Array(Vec::new());
    let ran = audit(&extract.to_string()).expect(60);
    assert!(ran.stdout.contains("not-accepted") && ran.stdout.contains("nobody's"), "{}", ran.stdout);
    fifo(&file);
    home.run(&["audit", "demo-gated", "--ledger", "l.jsonl"]).expect(14).says(&["it is empty"]);
    home.run(&["audit", "demo-gated", "--ledger", "/dev/zero"]).expect(1).says(&["/dev/zero", "larger than"]);
}

#[test]
fn two_copies_of_one_ledger_are_one_persons_and_must_agree() {
    let (home, ledger) = gated();
    let first = ledger.lines().next().unwrap();
    let work = home.path().join("work");
    std::fs::write(work.join("whole.jsonl"), &ledger).unwrap();
    std::fs::write(work.join("older.jsonl"), format!("{first}\n")).unwrap();
    let both = ["audit", "demo-gated", "--ledger", "older.jsonl", "--ledger", "whole.jsonl"];
    let answer = home.json(&both);
    assert_eq!(answer["data"]["subjects"][0]["people"].as_array().unwrap().len(), 1, "{answer:#}");
    assert_eq!(answer["exit"], 0, "{answer:#}");
    // The same ledger, with another first entry that is whole in itself.
    let mut entry: serde_json::Map<String, Value> = serde_json::from_str(first).unwrap();
    entry.insert("time".into(), "2026-01-01T00:00:00Z".into());
    entry.remove("hash");
    // Keys are sorted in canonical JSON, and so they are in this map.
    let hash = medsets::values::Digest::sha256(serde_json::to_string(&entry).unwrap().as_bytes());
    entry.insert("hash".into(), hash.to_string().into());
    std::fs::write(work.join("older.jsonl"), format!("{}\n", serde_json::to_string(&entry).unwrap())).unwrap();
    let answer = home.json(&both);
    assert_eq!(codes(&answer), ["ledger-broken"], "{answer:#}");
    assert!(answer["data"]["findings"][0]["message"].as_str().unwrap().contains("differ in entry 1"), "{answer:#}");
}

#[test]
fn a_project_of_outputs_of_outputs_is_judged_at_once() {
    let home = Home::new();
    let mut text = "[project]\nname = \"p\"\n[[dataset]]\nid = \"demo\"\n".to_owned();
    let mut last = "demo".to_owned();
    for number in 0..60 {
        text.push_str(&format!(
            "[[output]]\nname = \"o{number}\"\nkind = \"weights\"\nfrom = [\"{last}\", \"{last}\"]\n"
        ));
        last = format!("o{number}");
    }
    std::fs::write(home.path().join("work/medsets.toml"), text).unwrap();
    let answer = home.json(&["audit"]);
    assert_eq!(answer["data"]["outputs"].as_array().unwrap().len(), 60);
}
