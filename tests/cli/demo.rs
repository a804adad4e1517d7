//! `fetch demo`: the main job to its end, without a network.

use serde_json::Value;

use crate::support::home::{Home, tree};

#[test]
fn a_new_user_gets_the_demo_in_one_command() {
    let home = Home::new();
    let ran = home.run(&["fetch", "demo"]).expect(0);
    let dir = home.data().join("demo/1.0");
    assert_eq!(ran.stdout.lines().last(), Some(dir.to_str().unwrap()), "the last line is the path");
    let files = tree(&dir);
    assert_eq!(files.keys().filter(|name| name.starts_with("data/images/")).count(), 48);
    assert_eq!(files.keys().filter(|name| name.starts_with("data/texts/")).count(), 48);
    assert!(files.contains_key("data/labels.csv") && files.contains_key("docs/README.txt"));
    assert!(!files.keys().any(|name| name.contains("__MACOSX") || name.contains(".DS_Store")), "junk stays out");
    for own in [
        "README.md",
        "TERMS.md",
        "CITATION.cff",
        ".medsets/receipt.json",
        ".medsets/listed.jsonl",
        ".medsets/files.jsonl",
    ] {
        assert!(files.contains_key(own), "{own}");
    }
    assert!(!ran.stderr.contains('\r') && !ran.stderr.contains('\u{1b}'), "no bars or colour in a log");
}

#[test]
fn the_manifest_names_exactly_the_data_and_their_digests() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let dir = home.data().join("demo/1.0");
    let files = tree(&dir);
    let manifest = String::from_utf8(files[".medsets/manifest.sha256"].clone()).unwrap();
    let mut named = Vec::new();
    for line in manifest.lines() {
        let (hex, path) = line.split_once("  ").unwrap();
        let digest = medsets::values::Digest::sha256(&files[path]);
        assert_eq!(digest.hex(), hex, "{path}");
        named.push(path.to_owned());
    }
    let expected: Vec<String> =
        files.keys().filter(|name| name.starts_with("data/") || name.starts_with("docs/")).cloned().collect();
    assert_eq!(named, expected, "sorted, complete, and nothing else");
}

#[test]
fn a_second_fetch_is_instant_and_needs_no_network() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let before = std::fs::read(home.data().join("demo/1.0/.medsets/receipt.json")).unwrap();
    let answer = home.json(&["fetch", "demo", "--offline"]);
    assert_eq!(answer["exit"], 0);
    let dataset = &answer["data"]["datasets"][0];
    assert_eq!(dataset["downloaded"], 0, "{dataset}");
    assert_eq!(std::fs::read(home.data().join("demo/1.0/.medsets/receipt.json")).unwrap(), before);
}

#[test]
fn the_json_answer_has_the_promised_shape() {
    let home = Home::new();
    let answer = home.json(&["fetch", "demo"]);
    assert_eq!(answer["schema"], "medsets/fetch/1");
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["tool"]["name"], "medsets");
    assert!(answer["catalog"]["digest"].as_str().unwrap().starts_with("sha256:"));
    let dataset = &answer["data"]["datasets"][0];
    assert_eq!(dataset["id"], "demo");
    assert_eq!(dataset["version"], "1.0");
    assert_eq!(dataset["files"], 98);
    assert_eq!(dataset["failed"], Value::Array(vec![]));
    assert!(dataset["path"].as_str().unwrap().starts_with('/'), "paths are absolute");
    assert!(dataset["receipt_sha256"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn the_fetch_is_in_the_ledger_and_the_receipt_notes_its_head() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let receipt: Value =
        serde_json::from_slice(&std::fs::read(home.data().join("demo/1.0/.medsets/receipt.json")).unwrap()).unwrap();
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    let entry: Value = serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
    assert_eq!(entry["kind"], "fetch");
    assert_eq!(receipt["ledger"]["hash"], entry["hash"]);
    home.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn damage_is_found_and_only_the_damage_is_mended() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let dir = home.data().join("demo/1.0");
    let before = tree(&dir.join("data"));
    std::fs::remove_file(dir.join("data/labels.csv")).unwrap();
    let missing = home.json(&["verify", "demo"]);
    assert_eq!(missing["exit"], 62, "only missing");
    std::fs::write(dir.join("data/images/case0001.png"), "spoiled").unwrap();
    std::fs::write(dir.join("data/notes.txt"), "mine").unwrap();
    let found = home.json(&["verify", "demo"]);
    assert_eq!(found["exit"], 40, "bytes are wrong");
    let dataset = &found["data"]["datasets"][0];
    assert_eq!(dataset["missing"][0], "data/labels.csv");
    assert_eq!(dataset["changed"][0], "data/images/case0001.png");
    assert_eq!(dataset["extra"][0], "data/notes.txt");
    home.run(&["verify", "demo", "--repair"]).expect(62);
    assert_eq!(std::fs::read_to_string(dir.join("data/notes.txt")).unwrap(), "mine", "nothing of yours is lost");
    std::fs::remove_file(dir.join("data/notes.txt")).unwrap();
    assert_eq!(tree(&dir.join("data")), before);
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn remove_deletes_the_files_and_keeps_the_record() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["remove", "demo"]).expect(2).says(&["--yes"]);
    assert!(home.data().join("demo/1.0/data").exists());
    home.run(&["remove", "demo", "--yes"]).expect(0);
    assert!(!home.data().join("demo").exists());
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    assert!(ledger.lines().last().unwrap().contains("\"delete\""));
    home.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn dry_run_shows_the_plan_and_does_nothing() {
    let home = Home::new();
    let answer = home.json(&["fetch", "demo", "--dry-run"]);
    assert_eq!(answer["exit"], 0);
    let steps = answer["data"]["datasets"][0]["plan"]["steps"].as_array().unwrap().clone();
    assert!(
        steps.iter().any(|step| step["path"] == "demo-images.zip" && step["action"] == "download-and-unpack"),
        "{steps:?}"
    );
    assert!(!home.data().exists() && !home.state().exists(), "nothing was written");
}
