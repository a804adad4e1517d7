//! What a bundle brings and what is kept of it, where it goes, and what runs that were killed leave.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use crate::support::bundles::{
    Members, change, change_receipt, digest_of, entry_of, forge, of, of_demo, receipt_in, there,
};
use crate::support::home::{Home, tree};
use crate::support::terminal::Terminal;

#[test]
fn an_entry_that_only_the_bundle_has_speaks_for_its_data_and_for_nothing_else() {
    let maker = Home::new();
    let overlay = maker.overlay("made.toml", &entry_of("made", "1.0"));
    let (home, file) = there(&of(&maker, &["--catalog", &overlay], "made"));
    home.run(&["unbundle", file.to_str().unwrap()]).expect(0).says(&["does not know `made`", "kept with"]);
    for command in
        [&["verify", "made", "--full"][..], &["status", "--exit-code"], &["cite", "made"], &["list"], &["verify"]]
    {
        home.run(command).expect(0);
    }
    let info = home.run(&["info", "made"]).expect(0);
    assert!(info.stdout.contains("CC0-1.0") && info.stdout.contains("not in the catalogue"), "{info:?}");
    let audit = home.json(&["audit", "made"]);
    let finding = &audit["data"]["findings"].as_array().unwrap()[0];
    assert_eq!(finding["code"], "outside-catalogue", "{audit:#}");
    assert!(finding["message"].as_str().unwrap().contains("in a bundle"), "{audit:#}");
    // What is bundled again comes out again.
    home.run(&["bundle", "made", "-o", "again.tar.zst"]).expect(0);
    let third = Home::new().with("MEDSETS_OFFLINE", "1");
    let again = home.path().join("work/again.tar.zst");
    third.run(&["unbundle", again.to_str().unwrap()]).expect(0);
    third.run(&["info", "made"]).expect(0);
    // The own catalogue comes first, and a text that was put there since is none.
    let own = entry_of("made", "1.0").replace("CC0-1.0", "CC-BY-4.0");
    let own = home.overlay("made.toml", &own);
    let info = home.run(&["--catalog", &own, "info", "made"]).expect(0);
    assert!(info.stdout.contains("CC-BY-4.0") && !info.stdout.contains("not in the catalogue"), "{info:?}");
    let kept = home.data().join("made/1.0/.medsets/entry.toml");
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replace("CC0-1.0", "MIT")).unwrap();
    home.run(&["info", "made"]).expect(11);
    home.run(&["verify", "made"]).expect(0);
}

/// A bundle of `demo` whose extract of the ledger names people.
fn named() -> Members {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["bundle", "demo", "--with-ledger", "-o", "made.tar.zst"]).expect(0);
    crate::support::bundles::inside(&home.path().join("work/made.tar.zst"))
}

#[test]
fn what_nothing_proves_of_the_extract_of_a_ledger_is_told() {
    let check = |members: &Members, code: i32, says: &[&str]| {
        let (home, file) = there(members);
        let file = file.to_str().unwrap();
        let ran = home.run(&["bundle", "--check", file]).expect(code).says(says);
        home.run(&["unbundle", file]).expect(code).says(says);
        let answer = home.json(&["bundle", "--check", file]);
        (answer["data"]["extract"].clone(), ran.stderr)
    };
    let masked = of_demo();
    let unproven = "nothing proves the words of its 1 entry";
    let (extract, _) = check(&masked, 0, &[unproven]);
    assert_eq!(extract, json!({ "entries": 1, "vouched": 0, "masked": true }));
    let mut altered = masked.clone();
    change(&mut altered, "ledger.json", |text| text.replace("\"kind\": \"fetch\"", "\"kind\": \"import\""));
    assert_ne!(altered, masked);
    check(&altered, 0, &[unproven]);
    let mut silent = masked.clone();
    change(&mut silent, "ledger.json", |text| text.replace("\"masked\": true,", ""));
    check(&silent, 14, &["was altered"]);
    let mut other = masked.clone();
    change(&mut other, "contents.json", |text| text.replace("\"masked\"", "\"names\""));
    check(&other, 40, &["masked otherwise"]);
    let mut gone = masked.clone();
    gone.retain(|(path, _)| path != "about/ledger.json");
    check(&gone, 40, &["is not there"]);
    // A receipt has noted its place in that ledger.
    let mut moved = masked.clone();
    let hash = receipt_in(&moved)["ledger"]["hash"].as_str().unwrap().to_owned();
    change_receipt(&mut moved, &hash, &digest_of(&masked, "files.jsonl"));
    check(&moved, 14, &["was noted with another hash"]);
    let whole = named();
    let (extract, stderr) = check(&whole, 0, &[]);
    assert_eq!(extract, json!({ "entries": 1, "vouched": 1, "masked": false }));
    assert!(!stderr.contains("nothing proves"), "{stderr}");
    let mut altered = whole.clone();
    change(&mut altered, "ledger.json", |text| text.replace("\"kind\": \"fetch\"", "\"kind\": \"import\""));
    check(&altered, 14, &["was altered"]);
}

#[test]
fn an_extract_from_which_entries_were_taken_is_refused() {
    let check = |members: &Members, says: &str| {
        let (home, file) = there(members);
        let file = file.to_str().unwrap();
        home.run(&["bundle", "--check", file]).expect(14).says(&[says, "something was taken out"]);
        home.run(&["unbundle", file]).expect(14).says(&[says]);
        assert!(!home.data().join("demo/1.0").exists());
    };
    for flags in [&[][..], &["--with-ledger"]] {
        let home = Home::new();
        home.run(&["fetch", "demo"]).expect(0);
        home.run(&["remove", "demo", "--yes"]).expect(0);
        home.run(&["fetch", "demo"]).expect(0);
        home.run(&[&["bundle", "demo", "-o", "made.tar.zst"], flags].concat()).expect(0);
        let mut members = crate::support::bundles::inside(&home.path().join("work/made.tar.zst"));
        let without = |members: &mut Members, entry: usize| {
            change(members, "ledger.json", |text| {
                let mut extract: serde_json::Value = serde_json::from_str(&text).unwrap();
                extract["entries"].as_array_mut().unwrap().remove(entry);
                extract.to_string()
            });
        };
        without(&mut members, 2);
        check(&members, "lacks entry 3, which a receipt of the bundle names");
        without(&mut members, 1);
        without(&mut members, 0);
        check(&members, "has no entry");
    }
}

#[test]
fn a_bundle_is_read_to_its_end_where_all_of_it_is_here() {
    let (home, file) = there(&of_demo());
    let name = file.to_str().unwrap();
    home.run(&["unbundle", name]).expect(0);
    home.run(&["unbundle", name]).expect(0).says(&["was here already"]);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 100]).unwrap();
    home.run(&["unbundle", name]).expect(41).says(&["too early"]);
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    home.run(&["unbundle", name, "--dry-run"]).expect(41);
    home.run(&["verify", "demo"]).expect(0);
}

/// A bundle whose maker took other labels than the catalogue's.
fn with_change() -> Members {
    let mut members = of_demo();
    let labels = members.iter().find(|(path, _)| path.ends_with("data/labels.csv")).unwrap().1.clone();
    forge(&mut members, "data/labels.csv", String::from_utf8(labels).unwrap().replace('0', "1").into_bytes());
    let old = digest_of(&members, "listed.jsonl").strip_prefix("sha256:").unwrap().to_owned();
    change(&mut members, "listed.jsonl", |text| {
        let of_labels = |line: &str| line.contains("labels.csv");
        let lines = text.lines().map(|line| match of_labels(line) {
            true => line.replace("\"verified\":\"catalog\"", "\"verified\":\"accepted-change\"") + "\n",
            false => format!("{line}\n"),
        });
        lines.collect()
    });
    let new = digest_of(&members, "listed.jsonl").strip_prefix("sha256:").unwrap().to_owned();
    assert_ne!(old, new);
    change_receipt(&mut members, &old, &new);
    change_receipt(&mut members, "\"completed\":", "\"reason\": \"the host said so\",\n  \"completed\":");
    members
}

#[test]
fn other_bytes_that_somebody_else_took_are_nobodys_decision_but_the_persons() {
    let (home, file) = there(&with_change());
    let file = file.to_str().unwrap();
    for rest in [&[][..], &["--dry-run"]] {
        home.run(&[&["unbundle", file], rest].concat()).expect(40).says(&[
            "made-up.tar.zst",
            "the host said so",
            "--accept-changed 'labels.csv' --reason TEXT",
        ]);
    }
    home.run(&["unbundle", file, "--accept-changed", "labels.csv"]).expect(2);
    let with = |name: &str| {
        let reason = ["--reason", "I compared them"];
        home.run(
            &[&["unbundle", file, "--accept-changed", "labels.csv", "--accept-changed", name], &reason[..]].concat(),
        )
    };
    with("label.csv").expect(2).says(&["no file `label.csv`"]);
    assert!(!home.data().join("demo").exists());
    with("labels.csv").expect(0);
    let read = |name: &str| std::fs::read_to_string(home.data().join("demo/1.0/.medsets").join(name)).unwrap();
    assert!(read("receipt.json").contains("I compared them") && !read("receipt.json").contains("the host said so"));
    assert!(read("listed.jsonl").contains("accepted-change"));
    home.run(&["verify", "demo"]).expect(0);
    // What is here is not asked about again.
    home.run(&["unbundle", file]).expect(0);
}

#[test]
fn other_bytes_whose_maker_had_them_of_a_lock_are_the_persons_decision_too() {
    let mut members = with_change();
    let old = digest_of(&members, "listed.jsonl").strip_prefix("sha256:").unwrap().to_owned();
    change(&mut members, "listed.jsonl", |text| text.replace("\"accepted-change\"", "\"lock\""));
    let new = digest_of(&members, "listed.jsonl").strip_prefix("sha256:").unwrap().to_owned();
    change_receipt(&mut members, &old, &new);
    let (home, file) = there(&members);
    let file = file.to_str().unwrap();
    home.run(&["unbundle", file]).expect(40).says(&["the catalogue names", "--accept-changed 'labels.csv' --reason"]);
    let by_word = ["unbundle", file, "--accept-changed", "labels.csv", "--reason", "I compared them"];
    home.run(&[&by_word[..], &["--dry-run"]].concat()).expect(0);
    assert!(!home.data().join("demo").exists());
    home.run(&by_word).expect(0);
    let read = |name: &str| std::fs::read_to_string(home.data().join("demo/1.0/.medsets").join(name)).unwrap();
    assert!(read("receipt.json").contains("I compared them"), "{}", read("receipt.json"));
    let lines = read("listed.jsonl");
    let labels = lines.lines().find(|line| line.contains("labels.csv")).unwrap();
    assert!(labels.contains("accepted-change"), "{lines}");
    assert_eq!(lines.matches("accepted-change").count(), 1, "{lines}");
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_copy_with_a_file_that_is_longer_than_recorded_is_not_here_already() {
    let (home, file) = there(&of_demo());
    let name = file.to_str().unwrap();
    home.run(&["unbundle", name]).expect(0);
    let labels = home.data().join("demo/1.0/data/labels.csv");
    let longer = [std::fs::read(&labels).unwrap(), b"one more\n".to_vec()].concat();
    std::fs::write(&labels, &longer).unwrap();
    for rest in [&[][..], &["--dry-run"]] {
        let ran = home.run(&[&["unbundle", name], rest].concat()).expect(62);
        ran.says(&["some of its files are missing or changed", "medsets verify demo"]);
    }
    assert_eq!(std::fs::read(&labels).unwrap(), longer);
}

#[test]
fn a_bundle_goes_to_standard_output_and_into_no_folder_that_is_not_there() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let sent = home.command(&["bundle", "demo", "-o", "-"]).output().unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    assert!(String::from_utf8_lossy(&sent.stderr).contains("index sha256:"));
    let other = Home::new().with("MEDSETS_OFFLINE", "1");
    let mut child = other.command(&["unbundle", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&sent.stdout).unwrap();
    assert!(child.wait().unwrap().success());
    other.run(&["verify", "demo"]).expect(0);
    home.run(&["bundle", "demo", "-o", "-", "--json"]).expect(2).says(&["--json"]);
    home.run(&["bundle", "demo", "-o", "-", "--dry-run"]).expect(0);
    let (code, screen) = Terminal::start(&home, &["bundle", "demo", "-o", "-"]).end();
    assert_eq!(code, Some(2), "{screen}");
    assert!(screen.contains("standard output is a terminal"), "{screen}");
    for rest in [&[][..], &["--dry-run"]] {
        let missing = [&["bundle", "demo", "-o", "nope/x.tar.zst"], rest].concat();
        home.run(&missing).expect(2).says(&["nope` does not exist", "-o"]);
    }
    std::fs::write(home.path().join("work/file"), "").unwrap();
    home.run(&["bundle", "demo", "-o", "file/x.tar.zst"]).expect(52).says(&["is no folder"]);
    let names: Vec<_> = tree(&home.path().join("work")).into_keys().collect();
    assert_eq!(names, ["file"]);
}

fn leftovers(folder: &Path) -> Vec<String> {
    let is_left = |name: &String| name.split('/').any(|part| part.starts_with(".medsets-") && part != ".medsets-store");
    tree(folder).into_keys().filter(is_left).collect()
}

#[test]
fn what_a_killed_bundle_left_goes_with_the_next() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let work = home.path().join("work");
    let bundle = ["bundle", "demo", "-o", "demo.tar.zst"];
    std::fs::write(work.join(".medsets-out-a1b2c3"), "half").unwrap();
    let held = std::fs::File::create(work.join(".medsets-out-d4e5f6")).unwrap();
    held.lock().unwrap();
    home.run(&bundle).expect(0);
    assert_eq!(leftovers(&work), [".medsets-out-d4e5f6"], "what somebody writes stays");
    drop(held);
    home.run(&bundle).expect(0);
    assert!(leftovers(&work).is_empty());
}

#[test]
fn what_killed_runs_left_beside_data_is_pruned_and_is_no_data() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let (data, dir) = (home.data(), home.data().join("demo/1.0"));
    std::fs::write(data.join(".medsets-out-a1b2c3"), "half").unwrap();
    std::fs::write(dir.join(".medsets/.medsets-a1b2c3"), "half").unwrap();
    std::fs::create_dir_all(dir.join(".medsets-adopt-0011223344556677/.medsets")).unwrap();
    std::fs::write(dir.join(".medsets-adopt-0011223344556677/.medsets/files.jsonl"), "half").unwrap();
    home.run(&["status", "--exit-code"]).expect(0);
    home.run(&["prune"]).expect(0);
    assert_eq!(leftovers(&data).len(), 3, "they are young");
    home.run(&["prune", "--older", "0", "--dry-run"]).expect(0);
    assert_eq!(leftovers(&data).len(), 3);
    let answer = home.json(&["prune", "--older", "0"]);
    assert_eq!(leftovers(&data), [""; 0], "{answer:#}");
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn what_a_killed_adoption_left_keeps_the_next_from_nothing() {
    let fetched = Home::new();
    fetched.run(&["fetch", "demo"]).expect(0);
    let scene = |leave: &dyn Fn(&Path)| {
        let home = Home::new();
        let folder = home.path().join("old");
        for (name, bytes) in tree(&fetched.data().join("demo/1.0")) {
            if name.starts_with("data/") || name.starts_with("docs/") {
                std::fs::create_dir_all(folder.join(&name).parent().unwrap()).unwrap();
                std::fs::write(folder.join(&name), bytes).unwrap();
            }
        }
        leave(&folder);
        let answer = home.json(&["adopt", folder.to_str().unwrap(), "--dataset", "demo", "--unproven"]);
        assert_eq!(answer["exit"], 0, "{answer:#}");
        assert!(folder.join(".medsets/receipt.json").exists(), "the records lie with the files");
        assert!(leftovers(&folder).is_empty() && leftovers(&home.data()).is_empty(), "{:?}", leftovers(&folder));
        home.run(&["verify", "demo"]).expect(0);
        let again = home.run(&["adopt", folder.to_str().unwrap()]).expect(0);
        assert!(again.stdout.contains("adopted before"), "{again:?}");
        assert!(!again.stderr.contains("prove nothing"), "its own records: {again:?}");
        let left = home.data().join(".medsets-store/tmp");
        assert!(!left.exists() || std::fs::read_dir(left).unwrap().next().is_none());
    };
    scene(&|folder| {
        let lists = folder.join(".medsets-adopt-0011223344556677/.medsets");
        std::fs::create_dir_all(&lists).unwrap();
        std::fs::write(lists.join("files.jsonl"), "half").unwrap();
    });
    scene(&|folder| {
        let records = folder.join(".medsets");
        std::fs::create_dir_all(&records).unwrap();
        std::fs::write(records.join(".medsets-a1b2c3"), "half").unwrap();
        let adopted = json!({ "schema": "medsets/adopted/1", "place": folder });
        std::fs::write(records.join("adopted.json"), adopted.to_string()).unwrap();
    });
}

#[test]
fn what_a_killed_unbundle_left_goes_where_all_is_here_too() {
    let (home, file) = there(&of_demo());
    let file = file.to_str().unwrap();
    home.run(&["unbundle", file]).expect(0);
    let tmp = home.data().join(".medsets-store/tmp");
    std::fs::create_dir_all(tmp.join("unbundle-0011223344556677/0/data")).unwrap();
    home.run(&["unbundle", file]).expect(0);
    assert!(std::fs::read_dir(&tmp).unwrap().next().is_none());
    assert!(leftovers(&home.data()).is_empty());
}

#[test]
fn an_entry_of_a_bundle_is_meant_by_no_reference_and_hangs_nobody() {
    let maker = Home::new();
    let entry = entry_of("made", "1.0");
    let (head, rest) = entry.split_once('\n').unwrap();
    let overlay = maker.overlay("made.toml", &format!("{head}\naliases = [\"zenodo:42\"]\n{rest}"));
    let (home, file) = there(&of(&maker, &["--catalog", &overlay], "made"));
    home.run(&["unbundle", file.to_str().unwrap()]).expect(0);
    home.run(&["path", "made"]).expect(0);
    for command in [["path", "zenodo:42"], ["fetch", "zenodo:42"], ["info", "zenodo:42"]] {
        let ran = home.run(&command);
        assert!(matches!(ran.code, Some(11 | 30)), "{command:?}: {ran:?}");
    }
    let entry = home.data().join("made/1.0/.medsets/entry.toml");
    std::fs::remove_file(&entry).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&entry).status().unwrap().success());
    home.run(&["info", "demo"]).expect(0);
    home.run(&["status"]);
}
