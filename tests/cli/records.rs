//! Records of a dataset folder that are lost or damaged, links in odd places, and who may read.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use medsets::values::Digest;
use serde_json::Value;
use tar::EntryType;

use crate::lock::{Machine, Publisher};
use crate::support::archives::{gzip, serve, serve_with, tar_of, zip_of};
use crate::support::home::{Home, tree};

fn fetched() -> (Home, PathBuf) {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let dir = home.data().join("demo/1.0");
    (home, dir)
}

/// The data and the person's own file are there, and everything is recorded again.
#[track_caller]
fn is_rebuilt(home: &Home, dir: &Path) {
    home.run(&["verify", "demo"]).expect(62); // the person's own file is extra
    assert_eq!(std::fs::read_to_string(dir.join("data/notes.txt")).unwrap(), "mine");
    std::fs::remove_file(dir.join("data/notes.txt")).unwrap();
    home.run(&["verify", "demo"]).expect(0);
    home.run(&["ledger", "verify"]).expect(0);
    assert_eq!(home.json(&["list"])["data"]["datasets"][0]["state"], "whole");
}

/// What every command makes of a record that is not what it was.
#[track_caller]
fn each_command_says_it(spoil: impl Fn(&Path), record: &str, verified: u64) {
    let (home, dir) = fetched();
    std::fs::write(dir.join("data/notes.txt"), "mine").unwrap();
    spoil(&dir);
    for named in [&["verify", "demo"][..], &["verify"], &["status", "--exit-code"], &["status", "demo", "--exit-code"]]
    {
        home.run(named).expect(62).says(&[record, "medsets verify demo@1.0 --repair", "medsets remove demo@1.0"]);
    }
    let found = home.json(&["verify", "demo"]);
    assert_eq!(found["data"]["datasets"][0]["ok"], verified, "{found}");
    assert!(found["data"]["datasets"][0]["records"][0].as_str().unwrap().contains(record), "{found}");
    home.run(&["status"]).expect(0).says(&[record]);
    let listed = home.json(&["list"]);
    assert_eq!(listed["data"]["datasets"][0]["state"], "damaged", "{listed}");
    assert_eq!(listed["data"]["datasets"][0]["version"], "1.0");
    assert!(home.run(&["list"]).expect(0).says(&[record]).stdout.contains("damaged"));
    assert_eq!(home.json(&["du"])["data"]["datasets"][0]["id"], "demo");
    assert_eq!(home.run(&["path", "demo", "--must-exist"]).expect(0).stdout.trim(), dir.to_str().unwrap());
    home.run(&["cite"]).expect(0);
    home.run(&["ledger", "verify"]).expect(0);
    home.run(&["fetch", "demo", "--include", "labels"]).expect(62).says(&[record, "medsets remove demo"]);
    home.run(&["verify", "demo", "--repair"]).expect(62).says(&["1 extra"]);
    is_rebuilt(&home, &dir);
    // The same by `fetch`.
    std::fs::write(dir.join("data/notes.txt"), "mine").unwrap();
    spoil(&dir);
    home.run(&["fetch", "demo"]).expect(0).says(&[record, "anew"]);
    is_rebuilt(&home, &dir);
    // And it can be removed.
    spoil(&dir);
    home.run(&["remove", "demo", "--yes"]).expect(0);
    assert!(!home.data().join("demo").exists());
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    let last: Value = serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
    assert_eq!((&last["kind"], &last["version"]), (&"delete".into(), &"1.0".into()));
}

#[test]
fn a_lost_inventory_is_said_and_rebuilt() {
    each_command_says_it(
        |dir| std::fs::remove_file(dir.join(".medsets/files.jsonl")).unwrap(),
        ".medsets/files.jsonl` is missing or empty",
        98,
    );
    each_command_says_it(
        |dir| std::fs::write(dir.join(".medsets/files.jsonl"), "").unwrap(),
        ".medsets/files.jsonl` is missing or empty",
        98,
    );
}

#[test]
fn a_damaged_or_lost_receipt_is_said_and_rebuilt() {
    let receipt = |dir: &Path| dir.join(".medsets/receipt.json");
    each_command_says_it(|dir| std::fs::write(receipt(dir), "").unwrap(), "receipt.json` is missing or empty", 98);
    each_command_says_it(|dir| std::fs::write(receipt(dir), "{\n \"garb").unwrap(), "receipt.json` line 2", 98);
    each_command_says_it(|dir| std::fs::write(receipt(dir), b"\xff\xfe\x00").unwrap(), "receipt.json`", 98);
    each_command_says_it(|dir| std::fs::remove_file(receipt(dir)).unwrap(), "receipt.json` is missing or empty", 98);
}

#[test]
fn a_lost_or_changed_list_of_the_release_is_said_and_rebuilt() {
    let list = |dir: &Path| dir.join(".medsets/listed.jsonl");
    each_command_says_it(|dir| std::fs::remove_file(list(dir)).unwrap(), "listed.jsonl` is missing or empty", 98);
    let (home, dir) = fetched();
    change(&list(&dir), "\"verified\":\"", "\"verified\": \"");
    home.run(&["verify", "demo"]).expect(62).says(&["listed.jsonl` is not the one that the receipt names"]);
    home.run(&["fetch", "demo", "--include", "labels", "--to", "elsewhere"]).expect(0);
    home.run(&["verify", "demo", "--repair"]).expect(0);
    home.run(&["verify", "demo"]).expect(0);
}

/// Replaces a text that a record has.
#[track_caller]
fn change(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// The digest of a file of the dataset as hexadecimal digits, and that of other bytes, which
/// are written in their place.
fn swapped(dir: &Path) -> (String, String) {
    let path = dir.join("data/labels.csv");
    let before = std::fs::read(&path).unwrap();
    let after = vec![b'x'; before.len()];
    std::fs::write(&path, &after).unwrap();
    (Digest::sha256(&before).hex(), Digest::sha256(&after).hex())
}

#[test]
fn a_list_that_was_edited_together_with_a_file_does_not_pass() {
    let manifest = |dir: &Path| dir.join(".medsets/manifest.sha256");
    let inventory = |dir: &Path| dir.join(".medsets/files.jsonl");
    #[track_caller]
    fn found(home: &Home, code: i32, says: &str) {
        let ran = home.run(&["verify", "demo"]).expect(code).says(&[says]);
        assert_eq!(ran.stdout.contains("data/labels.csv"), code == 40, "{}", ran.stdout);
        home.run(&["verify", "demo", "--repair"]).expect(0);
        home.run(&["verify", "demo"]).expect(0);
    }
    let (home, dir) = fetched();
    let (before, after) = swapped(&dir);
    change(&manifest(&dir), &before, &after);
    found(&home, 40, "manifest.sha256` is not the one that the receipt names");
    // By the manifest, which is still the one that was written.
    let (before, after) = swapped(&dir);
    change(&inventory(&dir), &before, &after);
    found(&home, 40, "files.jsonl` does not name the files of the receipt");
    let (before, after) = swapped(&dir);
    change(&manifest(&dir), &before, &after);
    change(&inventory(&dir), &before, &after);
    found(&home, 62, "files.jsonl` does not name the files of the receipt");
    // A line too few is no other.
    change(&manifest(&dir), "\n", "\n\n");
    found(&home, 62, "manifest.sha256` is not the one that the receipt names");
}

#[test]
fn a_manifest_is_written_again_without_a_host() {
    let home = Home::new();
    let served = serve_with(home, &[("a.txt", b"a".to_vec(), ""), ("b.txt", b"b".to_vec(), "")], "");
    served.run(&["fetch", "made"]).expect(0);
    let dir = served.home.data().join("made/1");
    let manifest = dir.join(".medsets/manifest.sha256");
    let before = std::fs::read(&manifest).unwrap();
    std::fs::remove_file(&manifest).unwrap();
    served.run(&["verify", "made"]).expect(62).says(&["manifest.sha256"]);
    served.run(&["verify", "made", "--repair", "--offline"]).expect(0);
    assert_eq!(std::fs::read(&manifest).unwrap(), before);
    let asked = served.host.log().len();
    std::fs::remove_file(&manifest).unwrap();
    let ran = served.run(&["fetch", "made", "--dry-run"]).expect(0).says(&["would be written anew"]);
    assert!(!ran.stdout.contains("to download"), "{ran:?}");
    // Who may not write has the dataset all the same.
    let records = manifest.parent().unwrap();
    std::fs::set_permissions(records, std::fs::Permissions::from_mode(0o555)).unwrap();
    let fetch = ["--catalog", served.catalog.as_str(), "fetch", "made"];
    served.home.run_unprivileged(&fetch).expect(0).says(&["could not be written anew", "manifest.sha256"]);
    std::fs::set_permissions(records, std::fs::Permissions::from_mode(0o755)).unwrap();
    served.home.run_unprivileged(&fetch).expect(0).says(&["was written anew"]);
    assert_eq!(std::fs::read(&manifest).unwrap(), before);
    assert_eq!(served.host.log().len(), asked, "nothing is asked for");
}

#[test]
fn a_manifest_beside_adopted_files_is_written_again() {
    let served = serve(&[("a.txt", b"a".to_vec(), ""), ("b.txt", b"b".to_vec(), "")]);
    let own = served.home.path().join("own");
    std::fs::create_dir_all(own.join("data")).unwrap();
    ["a", "b"].iter().for_each(|name| std::fs::write(own.join(format!("data/{name}.txt")), name).unwrap());
    served.run(&["adopt", own.to_str().unwrap()]).expect(0);
    assert_eq!(std::fs::read_link(served.home.data().join("made/1")).unwrap(), own);
    let manifest = own.join(".medsets/manifest.sha256");
    let before = std::fs::read(&manifest).unwrap();
    std::fs::remove_file(&manifest).unwrap();
    served.run(&["fetch", "made"]).expect(0).says(&["was written anew"]);
    assert_eq!(std::fs::read(&manifest).unwrap(), before);
    assert!(served.host.log().is_empty());
}

/// Makes the records of a dataset those of the first medsets, whose receipt held the list.
fn made_old(dir: &Path) {
    let records = dir.join(".medsets");
    let mut receipt: Value = serde_json::from_slice(&std::fs::read(records.join("receipt.json")).unwrap()).unwrap();
    let list = std::fs::read_to_string(records.join("listed.jsonl")).unwrap();
    receipt["schema"] = "medsets/receipt/1".into();
    receipt["listed"] = list.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    std::fs::write(records.join("receipt.json"), serde_json::to_string_pretty(&receipt).unwrap() + "\n").unwrap();
    std::fs::remove_file(records.join("listed.jsonl")).unwrap();
}

#[test]
fn a_receipt_that_holds_the_list_is_still_read() {
    let (home, dir) = fetched();
    made_old(&dir);
    let before = tree(&dir);
    home.run(&["verify", "demo"]).expect(0);
    home.run(&["status", "--exit-code"]).expect(0);
    let again = home.json(&["fetch", "demo"]);
    assert_eq!(again["data"]["datasets"][0]["verified"], 4, "{again}");
    assert_eq!(home.json(&["list"])["data"]["datasets"][0]["state"], "whole");
    home.run(&["ledger", "verify"]).expect(0);
    assert!(tree(&dir) == before, "nothing of it was touched");
    std::fs::write(dir.join("data/labels.csv"), "spoiled").unwrap();
    home.run(&["verify", "demo", "--repair"]).expect(0);
    let receipt = std::fs::read_to_string(dir.join(".medsets/receipt.json")).unwrap();
    assert!(receipt.contains("medsets/receipt/2") && dir.join(".medsets/listed.jsonl").exists(), "{receipt}");
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_damaged_line_of_the_inventory_is_named_and_the_manifest_helps() {
    let (home, dir) = fetched();
    let path = dir.join(".medsets/files.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"size\"", "\"sise\"", 1)).unwrap();
    std::fs::write(dir.join("data/labels.csv"), "spoiled").unwrap();
    let ran = home.run(&["verify", "demo"]).expect(40).says(&["files.jsonl` line 1", "by the manifest alone"]);
    assert!(ran.stdout.contains("data/labels.csv"), "{}", ran.stdout);
    home.run(&["verify", "demo", "--repair"]).expect(0);
    assert_eq!(tree(&dir.join("data")).len(), 97);
}

#[test]
fn without_any_list_nothing_of_a_persons_own_is_lost() {
    let (home, dir) = fetched();
    std::fs::write(dir.join("data/notes.txt"), "mine").unwrap();
    for name in ["files.jsonl", "manifest.sha256"] {
        std::fs::remove_file(dir.join(".medsets").join(name)).unwrap();
    }
    home.run(&["verify", "demo"]).expect(62).says(&["no file was checked"]);
    home.run(&["fetch", "demo"]).expect(62).says(&["your own files", "medsets remove"]);
    assert_eq!(std::fs::read_to_string(dir.join("data/notes.txt")).unwrap(), "mine");
    home.run(&["remove", "demo", "--yes"]).expect(0);
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_part_stays_a_part_when_its_receipt_is_rebuilt() {
    let home = Home::new();
    home.run(&["fetch", "demo", "--include", "labels"]).expect(0);
    let dir = home.data().join("demo/1.0");
    std::fs::write(dir.join(".medsets/receipt.json"), "").unwrap();
    home.run(&["verify", "demo", "--repair"]).expect(0);
    assert_eq!(tree(&dir.join("data")).into_keys().collect::<Vec<_>>(), ["labels.csv"]);
    assert_eq!(home.json(&["list"])["data"]["datasets"][0]["state"], "part");
}

#[test]
fn files_reached_through_a_linked_folder_are_not_the_datasets() {
    let (home, dir) = fetched();
    let (images, elsewhere) = (dir.join("data/images"), home.path().join("elsewhere"));
    std::fs::rename(&images, &elsewhere).unwrap();
    symlink(&elsewhere, &images).unwrap();
    for mode in ["--full", "--quick"] {
        let found = home.json(&["verify", "demo", mode]);
        assert_eq!(found["exit"], 62, "{found}");
        let dataset = &found["data"]["datasets"][0];
        assert_eq!(dataset["extra"], serde_json::json!(["data/images"]));
        assert_eq!(dataset["missing"].as_array().unwrap().len(), 48);
    }
    home.run(&["verify", "demo", "--repair"]).expect(0);
    assert!(std::fs::symlink_metadata(&images).unwrap().is_dir());
    assert_eq!(tree(&elsewhere).len(), 48, "what the link led to is left alone");
}

#[test]
fn links_that_an_entry_allows_are_recorded_and_checked() {
    let archive = |folder: &str| {
        let real = format!("{folder}/real.txt");
        let link = format!("{folder}/link.txt");
        gzip(&tar_of(&[
            (&real, EntryType::Regular, "", b"the bytes"),
            (&link, EntryType::Symlink, "real.txt", b""),
            (&format!("{folder}-by-name"), EntryType::Symlink, folder, b""),
        ]))
    };
    let unpack = "{ format = \"tar.gz\", links = true }";
    let served = serve(&[("one.tar.gz", archive("one"), unpack), ("two.tar.gz", archive("two"), unpack)]);
    served.run(&["fetch", "made"]).expect(0);
    let dir = served.home.data().join("made/1");
    let inventory = std::fs::read_to_string(dir.join(".medsets/files.jsonl")).unwrap();
    let records: Vec<Value> = inventory.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let links: Vec<(&str, &str)> = records
        .iter()
        .filter(|record| record["kind"] == "link")
        .map(|record| (record["path"].as_str().unwrap(), record["target"].as_str().unwrap()))
        .collect();
    let expected = [
        ("data/one-by-name", "one"),
        ("data/one/link.txt", "real.txt"),
        ("data/two-by-name", "two"),
        ("data/two/link.txt", "real.txt"),
    ];
    assert_eq!(links, expected, "of the second archive too");
    let manifest = std::fs::read_to_string(dir.join(".medsets/manifest.sha256")).unwrap();
    assert_eq!(manifest.lines().count(), 2, "sha256sum would follow links: {manifest}");
    let whole = served.run(&["verify", "made"]).expect(0);
    assert!(whole.stdout.contains("6 of 6 files"), "{}", whole.stdout);
    // A link that leads elsewhere is changed, one that is gone is missing; both come back.
    let (link, folder) = (dir.join("data/one/link.txt"), dir.join("data/two-by-name"));
    std::fs::remove_file(&link).unwrap();
    symlink("/etc/passwd", &link).unwrap();
    std::fs::remove_file(&folder).unwrap();
    let ran = served.run(&["verify", "made", "--quick"]).expect(40);
    assert!(ran.stdout.contains("changed  data/one/link.txt"), "{}", ran.stdout);
    assert!(ran.stdout.contains("missing  data/two-by-name"), "{}", ran.stdout);
    served.run(&["verify", "made", "--repair"]).expect(0);
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("real.txt"));
    assert_eq!(std::fs::read_link(&folder).unwrap(), Path::new("two"));
}

#[test]
fn group_data_belong_to_the_group_whatever_the_umask() {
    let served = serve(&[
        ("set.zip", zip_of(&[("deep/er/a.txt", b"a")]), "{ format = \"zip\" }"),
        ("set.tar.gz", gzip(&tar_of(&[("tar/b.txt", EntryType::Regular, "", b"b")])), "{ format = \"tar.gz\" }"),
        ("plain.txt", b"plain".to_vec(), ""),
    ]);
    served.run(&["config", "set", "access", "group"]).expect(0);
    let command = served.home.command(&["--catalog", &served.catalog, "fetch", "made"]);
    let mut shell = std::process::Command::new("/bin/sh");
    shell.env_clear().args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        shell.env(name, value);
    }
    let ended = shell.current_dir(served.home.path().join("work")).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let dir = served.home.data().join("made/1");
    for folder in ["", "data", "data/deep", "data/deep/er", "data/tar", ".medsets"] {
        assert_eq!(mode(&dir.join(folder)), 0o2750, "{folder}");
    }
    assert_eq!(mode(dir.parent().unwrap()), 0o2750);
    let files = ["data/deep/er/a.txt", "data/tar/b.txt", "data/plain.txt", ".medsets/receipt.json", "README.md"];
    for file in files {
        assert_eq!(mode(&dir.join(file)), 0o640, "{file}");
    }
}

#[test]
fn a_dataset_folder_that_leads_to_another_disk_is_refused_before_the_first_byte() {
    let served = serve(&[("plain.txt", b"plain".to_vec(), "")]);
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else {
        eprintln!("skipped: there is no other file system to write to");
        return;
    };
    let device = |path: &Path| std::fs::metadata(path).unwrap().dev();
    if device(other.path()) == device(served.home.path()) {
        eprintln!("skipped: the temporary folder is on the same file system");
        return;
    }
    std::fs::create_dir_all(served.home.data()).unwrap();
    symlink(other.path(), served.home.data().join("made")).unwrap();
    served.run(&["fetch", "made"]).expect(52).says(&["datasets/made` is a link", "--to DIR"]);
    served.run(&["fetch", "made", "--dry-run"]).expect(52);
    let file = served.home.path().join("plain.txt");
    std::fs::write(&file, "plain").unwrap();
    served.run(&["import", "made", file.to_str().unwrap()]).expect(52).says(&["is a link"]);
    assert!(served.host.log().is_empty(), "nothing was asked for");
    // The whole data folder may be there; what was put there by hand can be removed.
    let whole = other.path().join("data");
    let data_dir = ["--data-dir", whole.to_str().unwrap()];
    served.run(&[&data_dir[..], &["fetch", "made"]].concat()).expect(0);
    std::fs::rename(whole.join("made/1"), other.path().join("1")).unwrap();
    served.run(&["verify", "made"]).expect(0);
    served.run(&["remove", "made", "--yes"]).expect(0);
    assert!(!other.path().join("1").exists());
}

#[test]
fn a_dataset_folder_that_is_a_link_is_not_replaced() {
    let served = serve(&[("plain.txt", b"plain".to_vec(), "")]);
    let elsewhere = served.home.path().join("elsewhere");
    std::fs::create_dir_all(served.home.data().join("made")).unwrap();
    std::fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, served.home.data().join("made/1")).unwrap();
    served.run(&["fetch", "made"]).expect(52).says(&["made/1` is a link"]);
    assert!(served.host.log().is_empty());
}

/// The manifest is what two people compare: one that is lost or altered is told of and made anew.
#[test]
fn a_manifest_that_is_not_the_receipts_is_told_and_mended_by_sync() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    let asked = publisher.host.log().len();
    let manifest = machine.work().join("data/made/1/.medsets/manifest.sha256");
    let before = std::fs::read(&manifest).unwrap();
    let remove: &dyn Fn() = &|| std::fs::remove_file(&manifest).unwrap();
    let add: &dyn Fn() = &|| std::fs::write(&manifest, [&before[..], b"one line more\n"].concat()).unwrap();
    for (damage, mend) in [(remove, "sync"), (add, "sync"), (remove, "fetch"), (add, "fetch")] {
        damage();
        machine.run(&["sync", "--check"]).expect(62).says(&["manifest.sha256", "help: `medsets sync` writes it anew"]);
        let damaged = std::fs::read(&manifest).ok();
        let command = if mend == "sync" { vec!["sync"] } else { vec!["fetch", "made"] };
        machine.run(&[&command[..], &["--dry-run"]].concat()).expect(0).says(&["would be written anew"]);
        assert_eq!(std::fs::read(&manifest).ok(), damaged, "{mend}");
        machine.run(&[&command[..], &["--offline"]].concat()).expect(0).says(&["was written anew"]);
        assert_eq!(std::fs::read(&manifest).unwrap(), before, "{mend}");
        machine.run(&["sync", "--check"]).expect(0);
    }
    // Of an inventory that the receipt does not name nothing is made.
    let inventory = manifest.with_file_name("files.jsonl");
    let text = std::fs::read_to_string(&inventory).unwrap();
    std::fs::write(&inventory, text.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    remove();
    machine.run(&["sync", "--check"]).expect(62).says(&["the inventory is not the one that was written", "--repair"]);
    machine.run(&["sync"]).expect(0);
    assert_eq!(std::fs::read(&manifest).unwrap(), before);
    assert!(publisher.host.log().len() > asked, "it was fetched anew");
    machine.run(&["sync", "--check"]).expect(0);
}

/// What hands data on, or a list of them, does not do it with records that are not those of the copy.
#[test]
fn a_manifest_that_is_lost_or_altered_is_not_handed_on() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
    served.run(&["fetch", "made"]).expect(0);
    let (share, mirror) = served.home.share();
    let manifest = served.home.data().join("made/1/.medsets/manifest.sha256");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for altered in [None, Some("x\n".to_owned()), Some(text.replace("a.csv", "b.csv"))] {
        match altered {
            None => std::fs::remove_file(&manifest).unwrap(),
            Some(text) => std::fs::write(&manifest, text).unwrap(),
        }
        for command in [
            &["mirror", "push", "made", "--mirror", &mirror][..],
            &["bundle", "made", "-o", "made.tar.zst"],
            &["export", "made", "--format", "sha256sums"],
        ] {
            served.run(command).expect(62).says(&["manifest.sha256`", "--repair"]);
        }
    }
    assert!(tree(&share).is_empty());
    served.run(&["verify", "made", "--repair"]).expect(0);
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), text);
}
