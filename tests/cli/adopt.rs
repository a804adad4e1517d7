//! `adopt`: data that lie on disk already get records, and stay as they are.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::archives::{serve, zip_of};
use crate::support::home::{Home, tree};

/// Every file below a folder with its inode, size and time.
fn marks(root: &Path) -> BTreeMap<String, (u64, u64, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                if path.file_name().unwrap() != ".medsets" {
                    folders.push(path);
                }
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.insert(name, (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()));
        }
    }
    found
}

fn manifest(home: &Home, dataset: &str) -> String {
    std::fs::read_to_string(home.data().join(dataset).join(".medsets/manifest.sha256")).unwrap()
}

fn adopt(home: &Home, dir: &Path, rest: &[&str]) -> Value {
    home.json(&[&["adopt", dir.to_str().unwrap()], rest].concat())
}

/// `demo` fetched, and its tree moved out of the data folder; the records stay behind.
fn moved(home: &Home) -> PathBuf {
    home.run(&["fetch", "demo"]).expect(0);
    let (from, to) = (home.data().join("demo/1.0"), home.path().join("old"));
    std::fs::create_dir(&to).unwrap();
    for top in ["data", "docs"] {
        std::fs::rename(from.join(top), to.join(top)).unwrap();
    }
    to
}

#[test]
fn a_tree_that_was_moved_is_adopted_where_it_lies() {
    let home = Home::new();
    let old = moved(&home);
    let (before, expected) = (marks(&old), manifest(&home, "demo/1.0"));
    let planned = adopt(&home, &old, &["--dry-run"]);
    assert_eq!(planned["data"]["datasets"][0]["state"], "would-be-adopted", "{planned:#}");
    assert!(!old.join(".medsets").exists());
    let answer = adopt(&home, &old, &[]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let one = &answer["data"]["datasets"][0];
    assert_eq!((one["id"].as_str(), one["state"].as_str()), (Some("demo"), Some("adopted")));
    assert_eq!(one["unproven"], 0);
    assert_eq!(answer["data"]["unknown"]["files"], 0, "{answer:#}");
    assert_eq!(marks(&old), before, "no byte was copied, no time changed");
    assert_eq!(std::fs::read_to_string(old.join(".medsets/manifest.sha256")).unwrap(), expected, "byte for byte");
    let checked = std::process::Command::new("sha256sum")
        .args(["--quiet", "-c", ".medsets/manifest.sha256"])
        .current_dir(&old)
        .status();
    assert!(checked.unwrap().success());
    home.run(&["verify", "demo"]).expect(0);
    let listed = home.json(&["list"]);
    assert_eq!(listed["data"]["datasets"][0]["state"], "whole", "{listed:#}");
    let receipt: Value = serde_json::from_slice(&std::fs::read(old.join(".medsets/receipt.json")).unwrap()).unwrap();
    assert_eq!(receipt["means"], "adopt");
    assert_eq!(receipt["selection"]["whole"], true);
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    let entry: Value = serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
    assert_eq!((entry["kind"].as_str(), entry["note"].as_str()), (Some("import"), Some("adopted")));
    home.run(&["ledger", "verify"]).expect(0);
    home.run(&["why", old.join("data/labels.csv").to_str().unwrap()]).expect(0);
    let audit = home.run(&["audit", "demo"]);
    assert!(audit.stdout.contains("adopted where it lies"), "{}", audit.stdout);
    // Nothing to do is done a second time.
    let again = adopt(&home, &old, &[]);
    assert_eq!((again["exit"].as_u64(), again["data"]["datasets"][0]["state"].as_str()), (Some(0), Some("already")));
    assert_eq!(std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap(), ledger);
    home.run(&["remove", "demo", "--yes"]).expect(0);
    assert_eq!(marks(&old), before, "the person's files stay");
    assert!(!old.join(".medsets").exists() && !home.data().join("demo").exists());
}

#[test]
fn a_flipped_byte_is_named_and_nothing_is_adopted() {
    let home = Home::new();
    let old = moved(&home);
    let file = old.join("data/images/case0007.png");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let answer = adopt(&home, &old, &[]);
    assert_eq!(answer["exit"], 40, "{answer:#}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("data/images/case0007.png"), "{answer:#}");
    assert!(!old.join(".medsets").exists());
    // Without it the rest is a part.
    std::fs::remove_file(&file).unwrap();
    let answer = adopt(&home, &old, &[]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    assert_eq!(answer["data"]["datasets"][0]["missing"], serde_json::json!(["data/images/case0007.png"]));
    let receipt: Value = serde_json::from_slice(&std::fs::read(old.join(".medsets/receipt.json")).unwrap()).unwrap();
    assert_eq!(receipt["selection"]["whole"], false);
    home.run(&["verify", "demo"]).expect(0);
}

/// `demo` in one folder without a folder `data`, beside other things.
fn wrapped(home: &Home) -> PathBuf {
    let old = moved(home);
    let mixed = home.path().join("mixed");
    std::fs::create_dir(&mixed).unwrap();
    std::fs::rename(old.join("data"), mixed.join("demo-v1")).unwrap();
    std::fs::rename(old.join("docs/README.txt"), mixed.join("demo-v1/README.txt")).unwrap();
    std::fs::write(mixed.join("thesis.tex"), "years of work").unwrap();
    mixed
}

#[test]
fn a_tree_in_a_wrapper_folder_is_reached_by_links() {
    let home = Home::new();
    let mixed = wrapped(&home);
    let (before, expected) = (marks(&mixed), manifest(&home, "demo/1.0"));
    let answer = adopt(&home, &mixed, &[]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    assert_eq!(answer["data"]["unknown"]["paths"], serde_json::json!(["thesis.tex"]));
    let dir = home.data().join("demo/1.0");
    assert_eq!(manifest(&home, "demo/1.0"), expected);
    assert_eq!(std::fs::read_link(dir.join("data")).unwrap(), mixed.canonicalize().unwrap().join("demo-v1"));
    assert_eq!(marks(&mixed), before);
    home.run(&["verify", "demo"]).expect(0);
    home.run(&["status", "demo", "--exit-code"]).expect(0);
    let label = mixed.join("demo-v1/labels.csv");
    let why = home.run(&["why", label.to_str().unwrap()]).expect(0);
    assert!(why.stdout.contains("demo"), "{}", why.stdout);
    let audit = home.json(&["audit", mixed.to_str().unwrap()]);
    assert_eq!(audit["data"]["subjects"][0]["copy"]["means"], "adopt", "{audit:#}");
    home.run(&["fetch", "demo"]).expect(0);
    assert_eq!(adopt(&home, &mixed, &[])["data"]["datasets"][0]["state"], "already");
    // What is damaged there is found, and nobody writes there.
    let kept = std::fs::read(&label).unwrap();
    std::fs::write(&label, "spoiled").unwrap();
    home.run(&["verify", "demo"]).expect(40).says(&["1 changed"]);
    home.run(&["verify", "demo", "--repair"]).expect(52).says(&["where a person put them", "medsets remove"]);
    home.run(&["fetch", "demo", "--include", "labels.csv"]);
    assert_eq!(std::fs::read_to_string(&label).unwrap(), "spoiled");
    std::fs::write(&label, kept).unwrap();
    let removed = home.run(&["remove", "demo", "--yes"]).expect(0);
    assert!(removed.stdout.contains("stay"), "{}", removed.stdout);
    assert!(!dir.exists());
    assert_eq!(marks(&mixed).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(tree(&mixed)["thesis.tex"], b"years of work");
}

/// A person's folder of that very shape looks like a dataset in somebody else's data folder.
#[test]
fn an_adopted_folder_is_told_from_a_shared_one_by_the_mark_beside_its_link() {
    let home = Home::new();
    let old = moved(&home);
    let like_shared = home.path().join("big/demo/1.0");
    std::fs::create_dir_all(like_shared.parent().unwrap()).unwrap();
    std::fs::rename(&old, &like_shared).unwrap();
    let before = marks(&like_shared);
    assert_eq!(adopt(&home, &like_shared, &[])["exit"], 0);
    let (place, mark) = (home.data().join("demo/1.0"), home.data().join("demo/.1.0.link.json"));
    assert!(std::fs::symlink_metadata(&place).unwrap().is_symlink());
    let text = std::fs::read_to_string(&mark).unwrap();
    assert!(text.contains("\"adopted\"") && text.contains(like_shared.to_str().unwrap()), "{text}");
    let listed = home.json(&["list"]);
    assert!(listed["data"]["datasets"][0]["shared"].is_null(), "{listed}");
    std::fs::write(like_shared.join("data/labels.csv"), "spoiled").unwrap();
    home.run(&["verify", "demo", "--repair"]).expect(52).says(&["where a person put them"]);
    let removed = home.run(&["remove", "demo", "--yes"]).expect(0);
    assert!(removed.stdout.contains("the records of `demo@1.0` alone"), "{}", removed.stdout);
    assert!(!like_shared.join(".medsets").exists() && !mark.exists() && !home.data().join("demo").exists());
    assert_eq!(marks(&like_shared).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

#[test]
fn a_link_that_the_records_do_not_name_is_not_followed() {
    let home = Home::new();
    let mixed = wrapped(&home);
    adopt(&home, &mixed, &[]);
    let other = home.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let data = home.data().join("demo/1.0/data");
    std::fs::remove_file(&data).unwrap();
    std::os::unix::fs::symlink(&other, &data).unwrap();
    home.run(&["verify", "demo"]).expect(62).says(&["missing"]);
}

#[test]
fn thousands_of_other_files_are_not_read() {
    let home = Home::new();
    let dir = home.path().join("many");
    for folder in 0..50 {
        let below = dir.join(folder.to_string());
        std::fs::create_dir_all(&below).unwrap();
        for file in 0..1000 {
            std::fs::write(below.join(format!("{file}.bin")), b"unrelated!").unwrap();
        }
    }
    let answer = adopt(&home, &dir, &[]);
    assert_eq!(answer["exit"], 11, "{}", answer["errors"]);
    assert_eq!(answer["data"]["hashed"]["files"], 0);
    assert_eq!(answer["data"]["not_needed"], serde_json::json!({ "files": 50_000, "bytes": 500_000 }));
    assert_eq!(answer["data"]["unknown"]["paths"].as_array().unwrap().len(), 50_000);
}

#[test]
fn the_agreement_is_asked_for_before_anything_is_written() {
    let home = Home::new();
    let text = home.json(&["access", "accept", "demo-gated", "--dry-run"]);
    let digest = text["data"]["text_digest"].as_str().unwrap().to_owned();
    home.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
    home.run(&["fetch", "demo-gated"]).expect(0);
    // Another person finds the folder.
    let other = Home::new();
    let folder = home.data().join("demo-gated/1.0");
    let before = tree(&folder);
    let ran = other.run(&["adopt", folder.to_str().unwrap()]).expect(23);
    assert!(ran.stderr.contains(&format!("medsets access accept demo-gated --text-digest {digest}")), "{}", ran.stderr);
    assert!(!other.data().exists());
    other.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
    other.run(&["adopt", folder.to_str().unwrap()]).expect(0);
    assert_eq!(tree(&folder), before, "the records of the one who fetched it are not the other's to write");
    other.run(&["verify", "demo-gated"]).expect(0);
    let receipt = std::fs::read_to_string(other.data().join("demo-gated/1.0/.medsets/receipt.json")).unwrap();
    assert!(receipt.contains("\"means\": \"adopt\"") && receipt.contains("LicenseRef-medsets-demo"), "{receipt}");
}

#[test]
fn release_files_as_they_were_downloaded_are_known_by_the_entry() {
    let archive = zip_of(&[("set/a.txt", b"a"), ("set/b.txt", b"b")]);
    let unpack = "{ format = \"zip\", strip = \"auto\" }";
    let mut served = serve(&[("set.zip", archive.clone(), unpack), ("table.csv", b"id,label\n1,x\n".to_vec(), "")]);
    served.home = served.home.with("MEDSETS_CATALOG", served.catalog.clone());
    let home = &served.home;
    let dir = home.path().join("My Downloads");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("set (1).zip"), &archive).unwrap();
    std::fs::write(dir.join("table.csv"), "id,label\n1,x\n").unwrap();
    std::fs::write(dir.join("holiday.jpg"), "sun").unwrap();
    let ran = served.run(&["adopt", dir.to_str().unwrap()]).expect(0);
    assert!(ran.stderr.contains("holiday.jpg"), "{}", ran.stderr);
    let place = home.data().join("made/1");
    let real = dir.canonicalize().unwrap();
    assert_eq!(std::fs::read_link(place.join("archives/set.zip")).unwrap(), real.join("set (1).zip"));
    let listed = std::fs::read_to_string(place.join(".medsets/listed.jsonl")).unwrap();
    assert_eq!(listed.matches("\"verified\":\"catalog\"").count(), 2, "{listed}");
    served.run(&["verify", "made"]).expect(0);
    // What it advises does what it says.
    let advised = ran.advised();
    assert_eq!(advised.len(), 2, "{ran:?}");
    advised.into_iter().for_each(|line| drop(home.typed(line).expect(0)));
    assert_eq!(std::fs::read(place.join("data/a.txt")).unwrap(), b"a");
    served.run(&["verify", "made"]).expect(0);
    assert!(dir.join("set (1).zip").exists());
    assert_eq!(served.host.log().len(), 0, "nobody was asked for anything");
}

/// A tree that looks like CheXpert and that nothing proves.
fn like_chexpert(home: &Home) -> PathBuf {
    let dir = home.path().join("CheXpert-v1.0-small");
    for path in ["train/patient00001/study1/view1_frontal.jpg", "valid/patient64541/study1/view1_frontal.jpg"] {
        std::fs::create_dir_all(dir.join(path).parent().unwrap()).unwrap();
        std::fs::write(dir.join(path), path).unwrap();
    }
    for table in ["train.csv", "valid.csv"] {
        std::fs::write(dir.join(table), "Path,Sex\n").unwrap();
    }
    dir
}

#[test]
fn what_nothing_proves_needs_the_persons_word_and_is_marked() {
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    let dir = like_chexpert(&home);
    let answer = adopt(&home, &dir, &[]);
    assert_eq!(answer["exit"], 11, "{answer:#}");
    let looks = answer["data"]["looks_like"].as_array().unwrap();
    assert!(looks.iter().any(|look| look["dataset"].as_str().unwrap().starts_with("chexpert")), "{answer:#}");
    assert!(answer["errors"][0]["help"].as_str().unwrap().contains("not proven"), "{answer:#}");
    home.run(&["adopt", dir.to_str().unwrap(), "--dataset", "chexpert"]).expect(62).says(&["--unproven", "not proven"]);
    assert!(!home.data().exists());
    let by_word = ["adopt", dir.to_str().unwrap(), "--dataset", "chexpert", "--unproven"];
    home.run(&by_word).expect(23).says(&["LicenseRef-Stanford-CheXpert-RUA"]);
    let agreement = home.path().join("agreement.html");
    std::fs::write(&agreement, "<html><body><p>Made-up agreement.</p></body></html>").unwrap();
    let accept = ["access", "accept", "chexpert", "--text-file", agreement.to_str().unwrap()];
    let digest = home.json(&[&accept[..], &["--dry-run"]].concat())["data"]["text_digest"].as_str().unwrap().to_owned();
    home.run(&[&accept[..], &["--text-digest", &digest]].concat()).expect(0);
    home.run(&by_word).expect(0).says(&["nothing published proves 4 files"]);
    let records = home.data().join("chexpert/1.0-full/.medsets");
    let receipt: Value = serde_json::from_slice(&std::fs::read(records.join("receipt.json")).unwrap()).unwrap();
    assert_eq!(receipt["listed"]["verified"], serde_json::json!({ "first-use": 4 }));
    assert_eq!(receipt["selection"]["whole"], false, "two images are not 223,648");
    let files = std::fs::read_to_string(records.join("files.jsonl")).unwrap();
    assert_eq!(files.matches("\"verified\":\"first-use\"").count(), 4, "{files}");
    let audit = home.json(&["audit", "chexpert"]);
    assert!(audit["data"]["findings"].to_string().contains("checksum-missing"), "{audit:#}");
    home.run(&["verify", "chexpert"]).expect(0);
}

#[test]
fn what_is_no_file_is_named_and_never_followed() {
    let home = Home::new();
    let old = moved(&home);
    let outside = home.path().join("outside.txt");
    std::fs::write(&outside, "not yours").unwrap();
    std::os::unix::fs::symlink(&outside, old.join("out")).unwrap();
    std::os::unix::fs::symlink("nowhere", old.join("broken")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(old.join("pipe")).status().unwrap().success());
    std::fs::write(old.join("copy.csv"), std::fs::read(old.join("data/labels.csv")).unwrap()).unwrap();
    let answer = adopt(&home, &old, &[]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let passed: BTreeMap<&str, &str> = answer["data"]["passed_over"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["path"].as_str().unwrap(), one["reason"].as_str().unwrap()))
        .collect();
    assert!(passed["out"].contains("out of the folder") && passed["broken"].contains("nowhere"), "{passed:?}");
    assert!(passed["pipe"].contains("no regular file"), "{passed:?}");
    assert_eq!(answer["data"]["datasets"][0]["duplicates"], serde_json::json!(["copy.csv"]));
    home.run(&["adopt", old.join("pipe").to_str().unwrap()]).expect(2).says(&["is no folder"]);
    home.run(&["adopt", "nowhere"]).expect(2).says(&["does not exist"]);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_adopted() {
    let home = Home::new();
    let old = moved(&home);
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let closed = old.join("a/closed");
    std::fs::create_dir_all(&closed).unwrap();
    std::fs::create_dir_all(old.join("a/turning")).unwrap();
    std::os::unix::fs::symlink(".medsets", old.join("a/turning/.medsets")).unwrap();
    std::os::unix::fs::symlink("loop", old.join("loop")).unwrap();
    mode(&closed, 0o000);
    let adopt = ["adopt", old.to_str().unwrap()];
    // What is no part of the dataset keeps it from nothing.
    home.run_unprivileged(&[&adopt[..], &["--dry-run"]].concat()).expect(0).says(&["`a/closed` could not be read"]);
    let labels = old.join("data/labels.csv");
    mode(&labels, 0o000);
    let told = ["`a/closed` could not be read", "not all of `demo@1.0`", "labels.csv`", "may read it all"];
    home.run_unprivileged(&adopt).expect(43).says(&told);
    assert!(!old.join(".medsets").exists(), "records without it would be all that is known of it");
    let answer: Value =
        serde_json::from_str(&home.run_unprivileged(&[&adopt[..], &["--json"]].concat()).stdout).unwrap();
    let passed = answer["data"]["passed_over"].to_string();
    assert!(["a/closed", "data/labels.csv", "loop"].iter().all(|path| passed.contains(path)), "{passed}");
    // A folder of it.
    mode(&labels, 0o644);
    mode(&old.join("docs"), 0o000);
    home.run_unprivileged(&adopt).expect(43).says(&["not all of `demo@1.0`", "docs`"]);
    mode(&old.join("docs"), 0o755);
    home.run_unprivileged(&adopt).expect(0);
    let listed: Value = serde_json::from_str(&home.run_unprivileged(&["list", "--json"]).stdout).unwrap();
    assert_eq!(listed["data"]["datasets"][0]["state"], "whole", "{listed:#}");
    mode(&closed, 0o755);
}

#[test]
fn a_folder_that_lost_its_receipt_is_known_by_its_own_records() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let dir = home.data().join("demo/1.0");
    let expected = manifest(&home, "demo/1.0");
    std::fs::remove_file(dir.join(".medsets/receipt.json")).unwrap();
    let before = marks(&dir);
    home.run(&["adopt", dir.to_str().unwrap()]).expect(0);
    assert_eq!(marks(&dir), before);
    assert_eq!(manifest(&home, "demo/1.0"), expected);
    home.run(&["verify", "demo"]).expect(0);
    // The inventory is gone, too: the manifest knows no sizes, names do.
    std::fs::remove_file(dir.join(".medsets/receipt.json")).unwrap();
    std::fs::remove_file(dir.join(".medsets/files.jsonl")).unwrap();
    std::fs::remove_file(dir.join(".medsets/adopted.json")).unwrap();
    let answer = adopt(&home, &dir, &[]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    assert_eq!(manifest(&home, "demo/1.0"), expected);
    // A second copy is told as one.
    let copy = home.path().join("copy");
    assert!(std::process::Command::new("cp").arg("-r").arg(dir.join("data")).arg(&copy).status().unwrap().success());
    home.run(&["remove", "demo", "--yes"]).expect(0);
    std::fs::remove_dir_all(home.data().join("demo")).unwrap();
    home.run(&["fetch", "demo"]).expect(0);
    let answer = adopt(&home, &copy, &["--dataset", "demo"]);
    assert_eq!(answer["exit"], 62, "a part of what is here whole: {answer:#}");
}

#[test]
fn a_lock_proves_a_tree_on_another_machine() {
    let home = Home::new();
    let project = home.path().join("work");
    std::fs::write(project.join("medsets.toml"), "[project]\nname = \"p\"\n\n[[dataset]]\nid = \"demo\"\n").unwrap();
    home.run(&["sync"]).expect(0);
    let dir = project.join("data/demo/1.0");
    let expected = std::fs::read(dir.join(".medsets/manifest.sha256")).unwrap();
    let there = Home::new().with("MEDSETS_OFFLINE", "1");
    let copy = |from: &Path, to: &Path| {
        assert!(std::process::Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
    };
    for name in ["medsets.toml", "medsets.lock", "medsets.lock.d"] {
        copy(&project.join(name), &there.path().join("work").join(name));
    }
    let old = there.path().join("old");
    std::fs::create_dir(&old).unwrap();
    copy(&dir.join("data"), &old.join("data"));
    copy(&dir.join("docs"), &old.join("docs"));
    let answer = adopt(&there, &old, &["--dataset", "demo"]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let one = &answer["data"]["datasets"][0];
    assert_eq!((one["by"].as_str(), one["unproven"].as_u64()), (Some("the lock"), Some(0)), "{answer:#}");
    assert_eq!(std::fs::read(old.join(".medsets/manifest.sha256")).unwrap(), expected);
    there.run(&["verify", "demo"]).expect(0);
    // Another byte, and the lock proves nothing any more.
    there.run(&["remove", "demo", "--yes"]).expect(0);
    std::fs::write(old.join("data/labels.csv"), "spoiled").unwrap();
    there.run(&["adopt", old.to_str().unwrap(), "--dataset", "demo"]).expect(62).says(&["not proven"]);
}

/// Writes the entry of a dataset whose one release has these files, an `unpack` table with each
/// that has one. Gives the overlay's folder.
pub fn entry_of(home: &Home, id: &str, files: &[(&str, &[u8], &str)]) -> String {
    let mut entry = format!(
        "id = \"{id}\"\ntitle = \"Made\"\nsummary = \"Made in a test.\"\n\
         maintainer = {{ name = \"test\" }}\ntags = [\"made\"]\nmodality = [\"text\"]\nanatomy = [\"none\"]\n\
         task = [\"classification\"]\nformat = [\"text\"]\n\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\n\
         [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://files.example.org/{id}/\"\n"
    );
    for (name, bytes, unpack) in files {
        let (size, digest) = (bytes.len(), medsets::values::Digest::sha256(bytes).hex());
        entry.push_str(&format!("\n[[release.file]]\npath = \"{name}\"\nsize = {size}\nsha256 = \"{digest}\"\n"));
        if !unpack.is_empty() {
            entry.push_str(&format!("unpack = {unpack}\n"));
        }
    }
    home.overlay(&format!("{id}.toml"), &entry)
}

fn put(dir: &Path, files: &[(&str, &[u8])]) {
    std::fs::create_dir_all(dir).unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(dir.join(name), bytes).unwrap());
}

#[test]
fn each_of_two_datasets_gets_its_own_copy_of_a_shared_file() {
    let same: &[u8] = &[7; 2000];
    let own: (&[u8], &[u8]) = (b"of the one alone", b"two");
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    entry_of(&home, "made-one", &[("same.bin", same, ""), ("one.txt", own.0, "")]);
    let catalog = entry_of(&home, "made-two", &[("same.bin", same, ""), ("two.txt", own.1, "")]);
    let adopt = |dir: &Path| {
        home.json(&[
            "--catalog",
            &catalog,
            "adopt",
            dir.to_str().unwrap(),
            "--data-dir",
            &format!("{}.d", dir.display()),
        ])
    };
    let found = |answer: &Value| -> BTreeMap<String, (u64, Value, Value)> {
        let all = answer["data"]["datasets"].as_array().unwrap();
        let one = |one: &Value| (one["files"].as_u64().unwrap(), one["missing"].clone(), one["duplicates"].clone());
        all.iter().map(|each| (each["id"].as_str().unwrap().to_owned(), one(each))).collect()
    };
    let none = || serde_json::json!([]);
    let both = BTreeMap::from(["made-one", "made-two"].map(|id| (id.to_owned(), (2, none(), none()))));
    // Each in a folder of its own, whichever comes first by name.
    for (one, two) in [("M", "T"), ("T", "M")] {
        let dir = home.path().join(format!("apart-{one}"));
        put(&dir.join(one), &[("same.bin", same), ("one.txt", own.0)]);
        put(&dir.join(two), &[("same.bin", same), ("two.txt", own.1)]);
        let answer = adopt(&dir);
        assert_eq!((answer["exit"].as_u64(), found(&answer)), (Some(0), both.clone()), "{answer:#}");
        let data = std::fs::read_link(home.path().join(format!("apart-{one}.d/made-two/1/data"))).unwrap();
        assert_eq!(data, dir.canonicalize().unwrap().join(two));
        assert_eq!(answer["data"]["unknown"]["files"], 0, "{answer:#}");
    }
    // Both in one folder, where one file is of both.
    let dir = home.path().join("together");
    put(&dir, &[("same.bin", same), ("one.txt", own.0), ("two.txt", own.1)]);
    let answer = adopt(&dir);
    assert_eq!((answer["exit"].as_u64(), found(&answer)), (Some(0), both), "{answer:#}");
    // A second copy of the one is no copy of the other.
    let dir = home.path().join("twice");
    for folder in ["M", "T"] {
        put(&dir.join(folder), &[("same.bin", same), ("one.txt", own.0)]);
    }
    let answer = adopt(&dir);
    let expected = (2, none(), serde_json::json!(["T/one.txt", "T/same.bin"]));
    assert_eq!(found(&answer), BTreeMap::from([("made-one".to_owned(), expected)]), "{answer:#}");
    // Other bytes in the place of the shared file are still named.
    let dir = home.path().join("spoiled");
    put(&dir.join("M"), &[("same.bin", same), ("one.txt", own.0)]);
    put(&dir.join("T"), &[("same.bin", &[8; 2000]), ("two.txt", own.1)]);
    let answer = adopt(&dir);
    assert_eq!((answer["exit"].as_u64(), found(&answer).len()), (Some(40), 1), "{answer:#}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("T/same.bin"), "{answer:#}");
}

#[test]
fn a_part_beside_a_missing_archive_is_adopted_as_the_advice_says() {
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    let (zip, big) = (zip_of(&[("set/a.txt", b"a")]), vec![7; 2000]);
    let unpack = "{ format = \"zip\", strip = \"auto\" }";
    let catalog = entry_of(&home, "made", &[("set.zip", &zip, unpack), ("big.bin", &big, ""), ("c.csv", b"1", "")]);
    let dir = home.path().join("a");
    put(&dir, &[("big.bin", &big), ("thesis.tex", b"years of work")]);
    let adopt =
        |rest: &[&str]| home.run(&[&["--catalog", catalog.as_str(), "adopt", dir.to_str().unwrap()], rest].concat());
    adopt(&[]).expect(11).says(&["--dataset made@1` adopts what is there of `made@1`: 1 file"]);
    adopt(&["--dataset", "made@1"]).expect(0).says(&["not all of `made@1` is here", "archives/set.zip", "thesis.tex"]);
    let place = home.data().join("made/1");
    let listed = std::fs::read_to_string(place.join(".medsets/listed.jsonl")).unwrap();
    assert!(listed.contains("big.bin") && listed.contains("\"verified\":\"catalog\"") && !listed.contains("set.zip"));
    let receipt: Value = serde_json::from_slice(&std::fs::read(place.join(".medsets/receipt.json")).unwrap()).unwrap();
    assert_eq!(receipt["selection"]["whole"], false);
    home.run(&["--catalog", catalog.as_str(), "verify", "made"]).expect(0);
    // A person's word for the rest is taken once the records of the part are gone.
    home.run(&["--catalog", catalog.as_str(), "remove", "made", "--yes"]).expect(0);
    adopt(&["--dataset", "made@1", "--unproven"]).expect(0).says(&["nothing published proves 1 file"]);

    // Where the rest of the tree seems to be there, a part is not what is meant, nor advised.
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    let old = moved(&home);
    std::fs::remove_dir_all(home.data().join("demo")).unwrap();
    let ran = home.run(&["adopt", old.to_str().unwrap()]).expect(11).says(&["looks like `demo"]);
    assert!(!ran.stderr.contains("--dataset demo@1.0` adopts this part"), "{}", ran.stderr);
    let ran = home.run(&["adopt", old.to_str().unwrap(), "--dataset", "demo"]).expect(62);
    ran.says(&["no more than 2 files in", "it looks like it", "--unproven"]);
    assert!(!home.data().join("demo").exists());
}
