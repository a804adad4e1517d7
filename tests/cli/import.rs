//! `import`: archives that a person got by hand become the same layout as any other dataset.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::archives::zip_of;
use crate::support::home::{Home, Ran, tree};

const BATCH_1: &str = "CheXpert-v1.0 batch 1 (validate & csv).zip";
const BATCH_2: &str = "CheXpert-v1.0 batch 2 (train 1).zip";
const BATCH_4: &str = "CheXpert-v1.0 batch 4 (train 3).zip";

const AGREEMENT: &str = "<html><body><h1>Made-up agreement</h1><p>Use it well, tell nobody.</p></body></html>";

/// A home without network in which the agreement is a file.
fn home() -> Home {
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    std::fs::write(home.path().join("agreement.html"), AGREEMENT).unwrap();
    home
}

/// Accepts as a person does who saved the agreement's page.
fn accept(home: &Home) {
    let file = home.path().join("agreement.html");
    let accept = ["access", "accept", "chexpert", "--text-file", file.to_str().unwrap()];
    let shown = home.json(&[&accept[..], &["--dry-run"]].concat());
    let digest = shown["data"]["text_digest"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
    home.run(&[&accept[..], &["--text-digest", &digest]].concat()).expect(0);
}

/// The four archives in a download folder: each with the top folder it is known to have had,
/// one under the name a browser gives to a second download, two with a Mac's junk.
fn downloads(home: &Home) -> PathBuf {
    let dir = home.path().join("Downloads");
    std::fs::create_dir_all(&dir).unwrap();
    let top = "CheXpert-v1.0 batch 1 (validate & csv)";
    let batch_1 = zip_of(&[
        (&format!("{top}/"), b""),
        (&format!("{top}/valid/patient64541/study1/view1_frontal.jpg"), b"valid 64541"),
        (&format!("{top}/train.csv"), b"Path,Sex\n"),
        (&format!("{top}/valid.csv"), b"Path,Sex\n"),
        (&format!("{top}/.DS_Store"), b"junk"),
        (&format!("__MACOSX/{top}/._train.csv"), b"junk"),
    ]);
    let batch_2 =
        zip_of(&[("CheXpert-v1.0 batch 2 (train 1)/patient00001/study1/view1_frontal.jpg", b"train 1".as_slice())]);
    let batch_3 = zip_of(&[
        ("CheXpert-v1.0/train/patient21514/study1/view1_frontal.jpg", b"train 21514".as_slice()),
        ("__MACOSX/CheXpert-v1.0/train/._patient21514", b"junk"),
    ]);
    let batch_4 = zip_of(&[("train/patient43018/study1/view2_lateral.jpg", b"train 43018".as_slice())]);
    std::fs::write(dir.join(BATCH_1), batch_1).unwrap();
    std::fs::write(dir.join(BATCH_2), batch_2).unwrap();
    std::fs::write(dir.join("CheXpert-v1.0 batch 3 (train 2) (1).zip"), batch_3).unwrap();
    std::fs::write(dir.join(BATCH_4), batch_4).unwrap();
    for name in ["train_cheXbert.csv", "train_visualCheXbert.csv", "CHEXPERT DEMO.xlsx", "README.md"] {
        std::fs::write(dir.join(name), format!("made up for {name}\n")).unwrap();
    }
    dir
}

fn import(home: &Home, rest: &[&str]) -> Ran {
    home.run(&[&["import", "chexpert"], rest].concat())
}

fn dataset(home: &Home) -> PathBuf {
    home.data().join("chexpert/1.0-full")
}

fn receipt(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join(".medsets/receipt.json")).unwrap()).unwrap()
}

/// Where the members of the four archives and the tables belong.
const LAYOUT: [&str; 10] = [
    "data/CHEXPERT DEMO.xlsx",
    "data/train.csv",
    "data/train/patient00001/study1/view1_frontal.jpg",
    "data/train/patient21514/study1/view1_frontal.jpg",
    "data/train/patient43018/study1/view2_lateral.jpg",
    "data/train_cheXbert.csv",
    "data/train_visualCheXbert.csv",
    "data/valid.csv",
    "data/valid/patient64541/study1/view1_frontal.jpg",
    "docs/README.md",
];

#[track_caller]
fn check_layout(home: &Home) {
    let files = tree(&dataset(home));
    let shown: Vec<&str> = files
        .keys()
        .map(String::as_str)
        .filter(|name| name.starts_with("data/") || name.starts_with("docs/"))
        .collect();
    assert_eq!(shown, LAYOUT);
    assert_eq!(files["data/train/patient43018/study1/view2_lateral.jpg"], b"train 43018");
}

#[test]
fn chexpert_lands_in_one_layout_whatever_its_top_folders_are() {
    let home = home();
    accept(&home);
    let downloads = downloads(&home);
    let before = tree(&downloads);
    let ran = import(&home, &[downloads.to_str().unwrap()]).expect(0);
    assert_eq!(ran.stdout.trim(), dataset(&home).to_str().unwrap());
    check_layout(&home);
    assert_eq!(tree(&downloads), before, "a person's files stay by default");
    let receipt = receipt(&dataset(&home));
    assert_eq!(receipt["means"], "import");
    assert_eq!(receipt["selection"]["whole"], true);
    assert_eq!(receipt["license"]["accepted"][0]["license"], "LicenseRef-Stanford-CheXpert-RUA");
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    let last: Value = serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
    assert_eq!(last["kind"], "import");
    home.run(&["verify", "chexpert"]).expect(0);
    home.run(&["ledger", "verify"]).expect(0);
    let size = receipt["bytes"].clone();
    let again = home.json(&["fetch", "chexpert"]);
    assert_eq!(again["exit"], 0, "what was imported needs no fetch: {again}");
    assert_eq!(again["data"]["datasets"][0]["bytes"], size);
}

#[test]
fn nothing_is_taken_in_before_the_agreement_is_accepted() {
    let home = home();
    let downloads = downloads(&home);
    let before = tree(&downloads);
    import(&home, &[downloads.to_str().unwrap()])
        .expect(23)
        .says(&["LicenseRef-Stanford-CheXpert-RUA", "medsets access accept chexpert"]);
    import(&home, &[downloads.to_str().unwrap(), "--move"]).expect(23);
    assert_eq!(tree(&downloads), before);
    assert!(!home.data().exists() && !home.state().exists(), "nothing was written");
}

#[test]
fn dry_run_tells_what_was_recognised_and_does_nothing() {
    let home = home();
    accept(&home);
    let downloads = downloads(&home);
    std::fs::write(downloads.join("holiday.jpg"), "sun").unwrap();
    std::fs::remove_file(downloads.join(BATCH_4)).unwrap();
    let ran = import(&home, &[downloads.to_str().unwrap(), "--dry-run"]).expect(0);
    for line in [
        "CheXpert-v1.0 batch 3 (train 2).zip  <-  ",
        "(train 2) (1).zip (name)",
        "holiday.jpg  is no file of this dataset",
        "CheXpert-v1.0 batch 4 (train 3).zip  is missing",
    ] {
        assert!(ran.stdout.contains(line), "`{line}` is not in {}", ran.stdout);
    }
    assert!(!home.data().exists());
}

#[test]
fn moved_files_are_gone_and_linked_files_stay() {
    let moving = home();
    accept(&moving);
    let downloads_1 = downloads(&moving);
    std::fs::write(downloads_1.join("holiday.jpg"), "sun").unwrap();
    import(&moving, &[downloads_1.to_str().unwrap(), "--move"]).expect(0);
    check_layout(&moving);
    assert_eq!(tree(&downloads_1).into_keys().collect::<Vec<_>>(), ["holiday.jpg"], "only what was taken is gone");

    let linking = home();
    accept(&linking);
    let downloads_2 = downloads(&linking);
    let before = tree(&downloads_2);
    import(&linking, &[downloads_2.to_str().unwrap(), "--link"]).expect(0);
    check_layout(&linking);
    assert_eq!(tree(&downloads_2), before);
    linking.run(&["verify", "chexpert"]).expect(0);
    use std::os::unix::fs::MetadataExt as _;
    let inode = |path: PathBuf| std::fs::metadata(path).unwrap().ino();
    let (mine, theirs) = (downloads_2.join("train_cheXbert.csv"), dataset(&linking).join("data/train_cheXbert.csv"));
    assert_eq!(inode(mine), inode(theirs), "a linked file takes no room of its own");
}

#[test]
fn a_file_of_another_dataset_is_refused_with_the_names_that_are_meant() {
    let home = home();
    accept(&home);
    let stranger = home.path().join("archive.zip");
    std::fs::write(&stranger, zip_of(&[("a", b"a".as_slice())])).unwrap();
    let ran = import(&home, &[stranger.to_str().unwrap()]).expect(2).says(&["none of these", BATCH_1]);
    assert!(ran.stderr.contains("help:"), "{}", ran.stderr);
    assert!(stranger.exists());
    import(&home, &[home.path().join("absent.zip").to_str().unwrap()]).expect(2).says(&["no file", "absent.zip"]);
}

#[test]
fn a_truncated_archive_is_refused_and_a_better_copy_is_taken() {
    let home = home();
    accept(&home);
    let downloads = downloads(&home);
    let whole = std::fs::read(downloads.join(BATCH_2)).unwrap();
    let cut = &whole[..whole.len() - 30];
    std::fs::write(downloads.join(BATCH_2), cut).unwrap();
    let ran = import(&home, &[downloads.to_str().unwrap(), "--move"]);
    assert!(matches!(ran.code, Some(40 | 41)), "{ran:?}");
    assert!(ran.stderr.contains(BATCH_2), "{}", ran.stderr);
    assert_eq!(std::fs::read(downloads.join(BATCH_2)).unwrap(), cut, "the person's file stays, even with --move");
    assert!(downloads.join(BATCH_1).exists(), "and so do the others");
    assert!(!dataset(&home).exists());
    // Downloaded again, it is read again: the bad copy is not remembered.
    std::fs::write(downloads.join(BATCH_2), whole).unwrap();
    import(&home, &[downloads.to_str().unwrap()]).expect(0);
    check_layout(&home);
}

#[test]
fn a_saved_login_page_is_told_from_an_archive() {
    let home = home();
    accept(&home);
    let page = home.path().join(BATCH_1);
    std::fs::write(&page, "<!DOCTYPE html><html><head><title>Sign in</title></head></html>").unwrap();
    import(&home, &[page.to_str().unwrap()]).expect(42).says(&[BATCH_1, "Sign in"]);
    assert!(page.exists() && !dataset(&home).exists());
}

#[test]
fn parts_come_one_after_the_other_until_the_dataset_is_whole() {
    let home = home();
    accept(&home);
    let downloads = downloads(&home);
    let first = [downloads.join(BATCH_1), downloads.join(BATCH_2)];
    let paths: Vec<&str> = first.iter().map(|path| path.to_str().unwrap()).collect();
    import(&home, &paths).expect(0).says(&["not all of", "CheXpert-v1.0 batch 4 (train 3).zip"]);
    let part = receipt(&dataset(&home));
    assert_eq!(part["selection"]["whole"], false);
    assert!(dataset(&home).join("data/train/patient00001/study1/view1_frontal.jpg").exists());
    home.run(&["verify", "chexpert"]).expect(0);
    // The first archives may be gone by the time the others come.
    for path in first {
        std::fs::remove_file(path).unwrap();
    }
    import(&home, &[downloads.to_str().unwrap()]).expect(0);
    check_layout(&home);
    assert_eq!(receipt(&dataset(&home))["selection"]["whole"], true);
    home.run(&["verify", "chexpert"]).expect(0);
    home.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn another_version_of_a_file_is_refused_early_and_taken_by_the_persons_word() {
    let home = home();
    accept(&home);
    let downloads = downloads(&home);
    import(&home, &[downloads.to_str().unwrap()]).expect(0);
    let before = tree(&dataset(&home));
    let table = downloads.join("train_cheXbert.csv");
    std::fs::write(&table, "a later version\n").unwrap();
    let refused = ["train_cheXbert.csv", "--accept-changed 'train_cheXbert.csv' --reason", "--to DIR"];
    import(&home, &[table.to_str().unwrap(), "--move"]).expect(40).says(&refused);
    import(&home, &[table.to_str().unwrap(), "--dry-run"]).expect(40).says(&refused);
    import(&home, &[table.to_str().unwrap(), "--accept-changed", "train_cheXbert.csv"]).expect(2).says(&["--reason"]);
    assert_eq!(std::fs::read_to_string(&table).unwrap(), "a later version\n");
    assert_eq!(tree(&dataset(&home)), before);
    let by_word = ["--accept-changed", "train_cheXbert.csv", "--reason", "mended by the publisher"];
    import(&home, &[&[table.to_str().unwrap()], &by_word[..]].concat()).expect(0);
    check_layout(&home);
    let after = tree(&dataset(&home));
    assert_eq!(after["data/train_cheXbert.csv"], b"a later version\n");
    assert_eq!(after["data/train.csv"], before["data/train.csv"], "the rest stayed");
    let receipt = receipt(&dataset(&home));
    assert_eq!(receipt["reason"], "mended by the publisher");
    assert_eq!(receipt["listed"]["verified"]["accepted-change"], 1);
    let listed = std::fs::read_to_string(dataset(&home).join(".medsets/listed.jsonl")).unwrap();
    let changed = listed.lines().find(|line| line.contains("\"accepted-change\"")).unwrap();
    assert!(changed.contains("\"path\":\"train_cheXbert.csv\""), "{changed}");
    assert_eq!(receipt["selection"]["whole"], true);
    home.run(&["verify", "chexpert"]).expect(0);
    home.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn another_version_of_an_archive_takes_the_place_of_its_members() {
    let home = home();
    accept(&home);
    let downloads = downloads(&home);
    import(&home, &[downloads.to_str().unwrap()]).expect(0);
    let archive = downloads.join(BATCH_4);
    std::fs::write(&archive, zip_of(&[("train/patient43018/study1/view9.jpg", b"another view".as_slice())])).unwrap();
    import(&home, &[archive.to_str().unwrap()]).expect(40).says(&[BATCH_4]);
    let by_word = ["--accept-changed", BATCH_4, "--reason", "newer"];
    let ran = import(&home, &[&[archive.to_str().unwrap()], &by_word[..]].concat()).expect(0);
    ran.says(&["1 of the release's files taken by your word", "7 of the release's files pinned on first use"]);
    let files = tree(&dataset(&home));
    assert!(files.contains_key("data/train/patient43018/study1/view9.jpg"), "{:?}", files.keys());
    assert!(!files.contains_key("data/train/patient43018/study1/view2_lateral.jpg"), "the old member is gone");
    assert!(files.contains_key("data/train/patient00001/study1/view1_frontal.jpg"));
    home.run(&["verify", "chexpert"]).expect(0);
}

#[test]
fn nothing_is_added_to_a_dataset_whose_records_are_damaged() {
    let home = home();
    accept(&home);
    let downloads = downloads(&home);
    import(&home, &[downloads.to_str().unwrap()]).expect(0);
    std::fs::write(dataset(&home).join(".medsets/receipt.json"), "").unwrap();
    let one = downloads.join(BATCH_4);
    import(&home, &[one.to_str().unwrap()]).expect(62).says(&["receipt.json", BATCH_1, "medsets remove chexpert"]);
    check_layout(&home);
    import(&home, &[downloads.to_str().unwrap()]).expect(0).says(&["anew"]);
    check_layout(&home);
    home.run(&["verify", "chexpert"]).expect(0);
}

#[test]
fn a_link_to_a_download_folder_is_followed() {
    let home = home();
    accept(&home);
    let downloads = downloads(&home);
    let link = home.path().join("link");
    std::os::unix::fs::symlink(&downloads, &link).unwrap();
    import(&home, &[link.to_str().unwrap()]).expect(0);
    check_layout(&home);
}

#[test]
fn what_is_not_distributed_cannot_be_imported_and_says_why() {
    let home = home();
    let downloads = downloads(&home);
    let ran = home.run(&["import", "openpath", downloads.to_str().unwrap()]).expect(27);
    assert!(ran.stderr.contains("not distributed"), "{}", ran.stderr);
}
