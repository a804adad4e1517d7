//! `adopt` beside files of the person that are none of the dataset's, and records that lie.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::adopt::entry_of;
use crate::support::home::{Home, Ran, tree, while_it_waits};

/// `demo` as somebody else left it, with records, in a folder of the person.
fn with_records(home: &Home) -> PathBuf {
    home.run(&["fetch", "demo"]).expect(0);
    let (from, to) = (home.data().join("demo/1.0"), home.path().join("old"));
    std::fs::create_dir(&to).unwrap();
    for top in ["data", "docs", ".medsets"] {
        std::fs::rename(from.join(top), to.join(top)).unwrap();
    }
    std::fs::remove_dir_all(home.data().join("demo")).unwrap();
    to
}

/// The same without the receipt.
fn old(home: &Home) -> PathBuf {
    let folder = with_records(home);
    std::fs::remove_file(folder.join(".medsets/receipt.json")).unwrap();
    folder
}

/// The same with the records left in the data folder.
fn moved(home: &Home) -> PathBuf {
    home.run(&["fetch", "demo"]).expect(0);
    let (from, to) = (home.data().join("demo/1.0"), home.path().join("old"));
    std::fs::create_dir(&to).unwrap();
    for top in ["data", "docs"] {
        std::fs::rename(from.join(top), to.join(top)).unwrap();
    }
    to
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn adopt(home: &Home, dir: &Path) -> Ran {
    home.run(&["adopt", dir.to_str().unwrap(), "--dataset", "demo"])
}

#[test]
fn the_persons_files_in_the_place_of_the_dataset_stay() {
    type Scene = fn(&Path);
    let scenes: [(&str, Scene); 4] = [
        ("without records", |dir| put(&dir.join("data/mine.txt"), "years of work")),
        ("notes alone", |dir| put(&dir.join("notes/mine.txt"), "years of work")),
        ("broken records", |dir| {
            put(&dir.join("data/mine.txt"), "years of work");
            put(&dir.join(".medsets/receipt.json"), "");
        }),
        ("a paper of the person", |dir| put(&dir.join("README.md"), "years of work")),
    ];
    for (what, scene) in scenes {
        for is_wrapped in [false, true] {
            let home = Home::new();
            let mut folder = old(&home);
            if is_wrapped {
                let mixed = home.path().join("mixed");
                std::fs::create_dir(&mixed).unwrap();
                std::fs::rename(folder.join("data"), mixed.join("demo-v1")).unwrap();
                std::fs::rename(folder.join("docs/README.txt"), mixed.join("demo-v1/README.txt")).unwrap();
                std::fs::rename(folder.join(".medsets"), mixed.join(".medsets")).unwrap();
                folder = mixed;
            }
            let place = home.data().join("demo/1.0");
            scene(&place);
            let before = tree(&place);
            adopt(&home, &folder).expect(62).says(&["here already", "medsets verify"]);
            assert_eq!(tree(&place), before, "{what}, wrapped: {is_wrapped}");
        }
    }
}

#[test]
fn what_lies_beside_records_that_lost_their_files_stays() {
    let home = Home::new();
    let folder = moved(&home);
    let place = home.data().join("demo/1.0");
    put(&place.join("annotations/mine.txt"), "years of work");
    adopt(&home, &folder).expect(62).says(&["here already"]);
    assert_eq!(std::fs::read_to_string(place.join("annotations/mine.txt")).unwrap(), "years of work");
    // Records and papers alone give way.
    std::fs::remove_dir_all(place.join("annotations")).unwrap();
    adopt(&home, &folder).expect(0);
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn nothing_is_written_through_a_link_or_among_other_files() {
    type Scene = fn(&Path, &Path);
    let scenes: [(&str, Scene); 3] = [
        ("a link", |records, private| {
            put(&private.join("receipt.json"), "{\"mine\": 1}");
            put(&private.join("entry.toml"), "mine");
            std::os::unix::fs::symlink(private, records).unwrap();
        }),
        ("notes", |records, _| {
            put(&records.join("entry.toml"), "mine");
            put(&records.join("notes"), "mine");
        }),
        ("a file", |records, _| put(records, "mine")),
    ];
    for (what, scene) in scenes {
        let home = Home::new();
        let folder = moved(&home);
        let private = home.path().join("private");
        std::fs::create_dir(&private).unwrap();
        scene(&folder.join(".medsets"), &private);
        let before = (tree(&folder), tree(&private));
        adopt(&home, &folder).expect(0);
        assert_eq!((tree(&folder), tree(&private)), before, "{what}: written there");
        home.run(&["verify", "demo"]).expect(0);
        home.run(&["remove", "demo", "--yes"]).expect(0);
        assert_eq!((tree(&folder), tree(&private)), before, "{what}: removed there");
    }
}

#[test]
fn the_records_of_another_adoption_of_the_same_folder_stay() {
    let home = Home::new();
    let folder = moved(&home);
    adopt(&home, &folder).expect(0);
    let before = tree(&folder);
    let other = Home::new();
    adopt(&other, &folder).expect(0);
    assert_eq!(tree(&folder), before, "they are not the other's to write");
    other.run(&["verify", "demo"]).expect(0);
    let why = other.json(&["why", other.data().join("demo/1.0/data/labels.csv").to_str().unwrap()]);
    assert_eq!(why["data"]["verified"], "records", "by one's own records: {why:#}");
    other.run(&["remove", "demo", "--yes"]).expect(0);
    assert_eq!(tree(&folder), before);
    home.run(&["verify", "demo"]).expect(0);
    // Where the receipt is gone all the same, the link that is left is no dead end.
    std::fs::remove_file(folder.join(".medsets/receipt.json")).unwrap();
    adopt(&home, &folder).expect(0);
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_folder_of_another_name_in_the_data_folder_is_listed_once() {
    let home = Home::new();
    let folder = moved(&home);
    let within = home.data().join("stuff/v0");
    std::fs::create_dir_all(within.parent().unwrap()).unwrap();
    std::fs::rename(&folder, &within).unwrap();
    adopt(&home, &within).expect(0);
    let listed = home.json(&["list"]);
    assert_eq!(listed["data"]["datasets"].as_array().unwrap().len(), 1, "{listed:#}");
    home.run(&["verify", "demo"]).expect(0);
    home.run(&["remove", "demo", "--yes"]).expect(0);
    assert!(within.join("data/labels.csv").exists());
}

#[test]
fn records_with_another_channel_ask_for_no_less() {
    let home = Home::new();
    let folder = with_records(&home);
    let receipt = folder.join(".medsets/receipt.json");
    let text = std::fs::read_to_string(&receipt).unwrap();
    std::fs::write(&receipt, text.replace("\"channel\": \"embedded\"", "\"channel\": \"bogus\"")).unwrap();
    let ran = home.run(&["adopt", folder.to_str().unwrap()]);
    assert_ne!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("has no source `bogus`"), "{}", ran.stderr);
    assert!(!home.data().join("demo").exists());
}

#[test]
fn records_beside_the_files_do_not_stand_against_the_catalogue() {
    for has_receipt in [true, false] {
        let home = Home::new();
        let folder = with_records(&home);
        let file = folder.join("data/labels.csv");
        let hex = |path: &Path| medsets::values::Digest::sha256(&std::fs::read(path).unwrap()).hex();
        let records = |name: &str| folder.join(".medsets").join(name);
        let replace = |name: &str, from: &str, to: &str| {
            let text = std::fs::read_to_string(records(name)).unwrap();
            std::fs::write(records(name), text.replace(from, to)).unwrap();
        };
        let old = [file.clone(), records("manifest.sha256"), records("listed.jsonl")].map(|path| hex(&path));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace('0', "1")).unwrap();
        for name in ["files.jsonl", "manifest.sha256", "listed.jsonl"] {
            replace(name, &old[0], &hex(&file));
        }
        replace("receipt.json", &old[1], &hex(&records("manifest.sha256")));
        replace("receipt.json", &old[2], &hex(&records("listed.jsonl")));
        if !has_receipt {
            std::fs::remove_file(records("receipt.json")).unwrap();
        }
        let ran = adopt(&home, &folder);
        assert_ne!(ran.code, Some(0), "receipt: {has_receipt}: {}", ran.stderr);
        assert!(ran.stderr.contains("prove nothing") && ran.stderr.contains("labels.csv"), "{}", ran.stderr);
        assert!(!home.data().join("demo").exists());
        // By a person's word no better: the digest is published.
        let by_word = ["adopt", folder.to_str().unwrap(), "--dataset", "demo", "--unproven"];
        assert_ne!(home.run(&by_word).code, Some(0));
    }
}

#[test]
fn records_of_another_dataset_stand_against_a_persons_word() {
    let home = Home::new();
    let folder = home.path().join("old");
    put(&folder.join("data/one.txt"), "one");
    put(&folder.join(".medsets/manifest.sha256"), "");
    let fetched = Home::new();
    fetched.run(&["fetch", "demo"]).expect(0);
    for name in ["receipt.json", "files.jsonl", "listed.jsonl", "manifest.sha256"] {
        let from = fetched.data().join("demo/1.0/.medsets").join(name);
        let text = std::fs::read_to_string(from).unwrap().replace("\"dataset\": \"demo\"", "\"dataset\": \"chexpert\"");
        std::fs::write(folder.join(".medsets").join(name), text).unwrap();
    }
    let by_word = ["adopt", folder.to_str().unwrap(), "--dataset", "demo", "--unproven"];
    home.run(&by_word).expect(62).says(&["say that it is `chexpert@1.0`"]);
}

#[test]
fn what_another_run_put_there_meanwhile_stays() {
    let home = Home::new();
    let folder = moved(&home);
    let place = home.data().join("demo/1.0");
    let fetched = Home::new();
    fetched.run(&["fetch", "demo"]).expect(0);
    let ran = while_it_waits(&home, &["adopt", folder.to_str().unwrap(), "--dataset", "demo"], || {
        std::fs::remove_dir_all(&place).unwrap();
        std::fs::rename(fetched.data().join("demo/1.0"), &place).unwrap();
    });
    ran.expect(0);
    assert!(!std::fs::symlink_metadata(&place).unwrap().is_symlink(), "it is a second copy");
    assert!(place.join("data/labels.csv").exists());
}

#[test]
fn a_file_that_changes_after_it_was_read_is_not_taken_for_whole() {
    let home = Home::new();
    let folder = moved(&home);
    let file = folder.join("data/labels.csv");
    while_it_waits(&home, &["adopt", folder.to_str().unwrap(), "--dataset", "demo"], || {
        std::fs::write(&file, "changed since").unwrap()
    });
    home.run(&["verify", "demo"]).expect(40).says(&["1 changed"]);
    let records = std::fs::read_to_string(folder.join(".medsets/files.jsonl")).unwrap();
    let line: Value = records
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|line: &Value| line["path"] == "data/labels.csv")
        .unwrap();
    assert_eq!(line["size"], 1137, "size and time are those of the bytes that were read");
}

#[test]
fn a_folder_that_was_moved_and_has_another_in_its_place_is_no_dead_end() {
    for is_wrapped in [false, true] {
        let (home, moved) = moved_on(is_wrapped);
        let (mine, moved) = (home.path().join("old"), moved.to_str().unwrap());
        let (before, files) = (tree(&mine), tree(Path::new(moved)));
        let adopt = "`medsets adopt DIR`";
        home.run(&["status", "--exit-code"]).expect(62).says(&["demo@1.0", adopt]);
        home.run(&["verify", "demo"]).expect(62).says(&[adopt, "remove"]);
        home.run(&["verify", "demo", "--repair"]).expect(if is_wrapped { 52 } else { 62 }).says(&[adopt]);
        home.run(&["fetch", "demo"]).expect(52).says(&[mine.to_str().unwrap(), adopt, "remove"]);
        home.run(&["adopt", moved, "--dry-run"]).expect(0);
        home.run(&["adopt", moved]).expect(0);
        home.run(&["verify", "demo"]).expect(0);
        home.run(&["status", "--exit-code"]).expect(0);
        assert_eq!(tree(&mine), before);
        let mut by_now = tree(Path::new(moved));
        by_now.retain(|name, _| !name.starts_with(".medsets/"));
        assert!(by_now.iter().all(|(name, bytes)| files.get(name) == Some(bytes)), "wrapped: {is_wrapped}");

        let (home, moved) = moved_on(is_wrapped);
        let mine = home.path().join("old");
        let (before, files) = (tree(&mine), tree(&moved));
        home.run(&["remove", "demo", "--yes"]).expect(0);
        home.run(&["status", "--exit-code"]).expect(0);
        assert_eq!((tree(&mine), tree(&moved)), (before, files));
        home.run(&["fetch", "demo"]).expect(0);
        home.run(&["verify", "demo"]).expect(0);
        assert!(!std::fs::symlink_metadata(home.data().join("demo/1.0")).unwrap().is_symlink());
        home.run(&["ledger", "verify"]).expect(0);
    }
}

/// Records follow a licence that changed; the papers beside the files are the person's.
#[test]
fn nothing_of_a_persons_papers_is_written_over() {
    let home = Home::new();
    let catalog = entry_of(&home, "made", &[("a.csv", b"a,b\n", "")]);
    let run = |arguments: &[&str]| home.run(&[&["--catalog", catalog.as_str()], arguments].concat());
    let place = home.path().join("mine");
    put(&place.join("data/a.csv"), "a,b\n");
    put(&place.join("README.md"), "years of notes");
    run(&["adopt", place.to_str().unwrap(), "--dataset", "made"]).expect(0);
    let before = tree(&place);
    let entry = home.path().join("overlay/made.toml");
    std::fs::write(&entry, std::fs::read_to_string(&entry).unwrap().replace("CC0-1.0", "CC-BY-NC-4.0")).unwrap();
    run(&["fetch", "made"]).expect(0).says(&["were brought up to date"]);
    let receipt = std::fs::read_to_string(place.join(".medsets/receipt.json")).unwrap();
    assert!(receipt.contains("CC-BY-NC-4.0"), "{receipt}");
    let is_theirs = |tree: std::collections::BTreeMap<String, Vec<u8>>| -> Vec<_> {
        tree.into_iter().filter(|(name, _)| !name.starts_with(".medsets")).collect()
    };
    assert_eq!(is_theirs(tree(&place)), is_theirs(before));
    run(&["verify", "made"]).expect(0);
}

/// What its owner changed is there, and told by a check.
#[test]
fn a_file_that_was_changed_is_not_missing() {
    let home = Home::new();
    let catalog = entry_of(&home, "made", &[("a.csv", b"a,b\n", "")]);
    let run = |arguments: &[&str]| home.run(&[&["--catalog", catalog.as_str()], arguments].concat());
    let place = home.path().join("mine");
    put(&place.join("a.csv"), "a,b\n");
    run(&["adopt", place.to_str().unwrap()]).expect(0);
    put(&place.join("a.csv"), "a,b\n1,2\n");
    run(&["path", "made", "--must-exist"]).expect(0);
    let found = run(&["verify", "made", "--json"]).expect(40);
    assert!(found.stdout.contains("a.csv"), "{found:?}");
}

#[test]
fn a_folder_that_is_gone_is_missing_in_the_list() {
    for is_moved in [false, true] {
        let home = Home::new();
        let folder = with_records(&home);
        adopt(&home, &folder).expect(0);
        let to = home.path().join("new");
        std::fs::rename(&folder, &to).unwrap();
        let told = ["files are missing", folder.to_str().unwrap(), "medsets adopt DIR", "medsets remove demo@1.0"];
        home.run(&["list"]).expect(0).says(&told);
        assert_eq!(state(&home), "missing");
        home.run(&["path", "demo", "--must-exist"]).expect(62).says(&told);
        if is_moved {
            adopt(&home, &to).expect(0);
        } else {
            home.run(&["remove", "demo", "--yes"]).expect(0);
            home.run(&["fetch", "demo"]).expect(0);
        }
        assert_eq!(state(&home), "whole");
        home.run(&["verify", "demo"]).expect(0);
    }
}

fn state(home: &Home) -> String {
    let listed = home.json(&["list"]);
    listed["data"]["datasets"][0]["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn another_dataset_in_the_place_of_an_adopted_folder_is_no_dead_end_and_stays() {
    for is_adopted_again in [false, true] {
        let (home, moved) = moved_on(false);
        let place = another(&home);
        let before = tree(&place);
        let told = ["`demo-gated@1.0` lies by now", "medsets adopt DIR", "medsets remove demo"];
        home.run(&["list"]).expect(0).says(&told);
        assert_eq!(state(&home), "missing");
        home.run(&["status", "--exit-code"]).expect(62).says(&told);
        home.run(&["verify", "demo", "--repair"]).expect(62).says(&told);
        home.run(&["fetch", "demo"]).expect(52).says(&told);
        home.run(&["import", "demo", moved.to_str().unwrap()]).expect(52).says(&told);
        home.run(&["remove", "demo", "--archives-only", "--yes"]).expect(52).says(&told);
        if is_adopted_again {
            home.run(&["adopt", moved.to_str().unwrap()]).expect(0);
        } else {
            home.run(&["remove", "demo", "--yes"]).expect(0);
            home.run(&["fetch", "demo"]).expect(0);
        }
        assert_eq!(state(&home), "whole");
        home.run(&["verify", "demo"]).expect(0);
        home.run(&["ledger", "verify"]).expect(0);
        assert_eq!(tree(&place), before, "the other dataset is nobody's to write");
    }
}

/// `demo-gated` as somebody adopted it in the place of the folder that was moved.
fn another(home: &Home) -> PathBuf {
    let place = home.path().join("old");
    std::fs::remove_dir_all(&place).unwrap();
    let theirs = Home::new();
    theirs.run(&["fetch", "demo"]).expect(0);
    std::fs::rename(theirs.data().join("demo/1.0"), &place).unwrap();
    let receipt = place.join(".medsets/receipt.json");
    let text = std::fs::read_to_string(&receipt).unwrap();
    std::fs::write(&receipt, text.replace("\"dataset\": \"demo\"", "\"dataset\": \"demo-gated\"")).unwrap();
    let adopted = serde_json::json!({ "schema": "medsets/adopted/1", "place": place });
    put(&place.join(".medsets/adopted.json"), &adopted.to_string());
    put(&place.join("archives/mine.zip"), "theirs");
    place
}

/// `demo`, adopted in a folder that was moved since and has the person's own file in its place by now;
/// with where the files lie.
fn moved_on(is_wrapped: bool) -> (Home, PathBuf) {
    let home = Home::new();
    let folder = moved(&home);
    if is_wrapped {
        std::fs::create_dir(folder.join("x")).unwrap();
        std::fs::rename(folder.join("data"), folder.join("x/demo-v1")).unwrap();
        std::fs::rename(folder.join("docs"), folder.join("x/docs")).unwrap();
    }
    adopt(&home, &folder).expect(0);
    let to = home.path().join("new");
    std::fs::rename(&folder, &to).unwrap();
    put(&folder.join("data/mine.txt"), "years of work");
    (home, to)
}

#[test]
fn files_of_another_dataset_in_the_place_of_ones_own_are_not_taken_for_them() {
    let home = Home::new();
    let catalog = entry_of(&home, "made-one", &[("a.csv", b"a,b\n", ""), ("images/1.png", b"one", "")]);
    entry_of(&home, "made-two", &[("c.csv", b"c\n", "")]);
    let run = |arguments: &[&str]| home.run(&[&["--catalog", catalog.as_str()], arguments].concat());
    let (place, moved) = (home.path().join("mine"), home.path().join("moved"));
    put(&place.join("a.csv"), "a,b\n");
    put(&place.join("images/1.png"), "one");
    run(&["adopt", place.to_str().unwrap()]).expect(0);
    std::fs::rename(&place, &moved).unwrap();
    put(&place.join("c.csv"), "c\n");
    run(&["adopt", place.to_str().unwrap()]).expect(0);
    let told = ["`made-one@1` is not to be had", "lie others by now", "medsets adopt DIR"];
    run(&["list"]).expect(0).says(&told);
    run(&["path", "made-one", "--must-exist"]).expect(62).says(&told);
    run(&["path", "made-two", "--must-exist"]).expect(0);
    let why = run(&["why", place.join("c.csv").to_str().unwrap()]).expect(0);
    assert!(why.stdout.contains("made-two"), "{why:?}");
    run(&["adopt", moved.to_str().unwrap()]).expect(0);
    run(&["path", "made-one", "--must-exist"]).expect(0);
    for name in ["made-one", "made-two"] {
        run(&["verify", name]).expect(0);
    }
}
