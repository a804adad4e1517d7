//! Folders that hold something else than their name says, links out of the data folder, and records
//! that this medsets cannot know.

use std::path::Path;

use serde_json::Value;

use crate::lock::{Machine, Publisher};
use crate::support::archives::{Served, serve};
use crate::support::home::{Home, tree};

/// `demo` twice in the data folder, the second time under this name.
fn twice(name: &str) -> Home {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    for (path, bytes) in tree(&home.data().join("demo/1.0")) {
        let path = home.data().join(name).join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    home
}

#[test]
fn a_folder_answers_for_the_dataset_of_its_records_alone() {
    let home = twice("demo-gated/1.0");
    let before = tree(&home.data());
    for command in [&["fetch", "demo-gated"][..], &["fetch", "demo-gated", "--dry-run"]] {
        home.run(command).expect(52).says(&["holds `demo@1.0` by its records, not `demo-gated@1.0`", "move it away"]);
    }
    home.run(&["list"]).expect(0).says(&["demo-gated/1.0", "passed over", "`demo@1.0`"]);
    home.run(&["verify", "demo-gated"]).expect(11);
    assert_eq!(tree(&home.data()), before, "nothing of it was touched");
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    assert!(!ledger.contains("demo-gated"), "{ledger}");
}

#[test]
fn a_backup_beside_a_dataset_is_no_second_one() {
    let home = twice("demo/1.0.bak");
    std::os::unix::fs::symlink("1.0", home.data().join("demo/latest")).unwrap();
    let listed = home.json(&["list"]);
    assert_eq!(listed["data"]["datasets"].as_array().unwrap().len(), 1, "{listed}");
    let bundle = home.path().join("one.medsets");
    home.run(&["bundle", "demo", "-o", bundle.to_str().unwrap()]).expect(0).says(&["1.0.bak", "passed over"]);
    home.run(&["bundle", "--check", bundle.to_str().unwrap()]).expect(0);
    home.run(&["remove", "demo", "--yes"]).expect(0);
    assert!(home.data().join("demo/1.0.bak/data/labels.csv").exists() && !home.data().join("demo/1.0").exists());
}

#[test]
fn two_releases_of_one_folder_are_told_by_lint_and_never_taken_for_each_other() {
    let publisher = Publisher::start();
    let entry = publisher.entry("Made", "data");
    let release = &entry[entry.find("[[release]]").unwrap()..];
    let first = release.replacen("version = \"1\"", "version = \"2018 v1\"\ndefault = true", 1);
    let second = release.replacen("version = \"1\"", "version = \"2018-v1\"", 1);
    let head = &entry[..entry.find("[[release]]").unwrap()];
    let machine = Machine::new(&publisher, &format!("{head}{first}\n{second}"));
    let file = format!("{}/made.toml", machine.catalog);
    let lint = machine.run(&["catalog", "lint", &file, "--json"]).expect(11).stdout;
    assert!(lint.contains("shared-folder") && lint.contains("`2018-v1` is that of the release `2018 v1`"), "{lint}");
    let variants = "[[release.variant]]\nname = \"a b\"\ndefault = true\n[[release.variant]]\nname = \"a-b\"\n";
    let twin =
        format!("{head}{}", release.replacen("[[release.source]]", &format!("{variants}\n[[release.source]]"), 1));
    let other = machine.home.path().join("twin.toml");
    std::fs::write(&other, twin).unwrap();
    let lint = machine.run(&["catalog", "lint", other.to_str().unwrap(), "--json"]).expect(11).stdout;
    assert!(lint.contains("variant `a b`") && lint.contains("shared-folder"), "{lint}");
    machine.run(&["fetch", "made@2018 v1"]).expect(0);
    machine.run(&["fetch", "made@2018-v1"]).expect(52).says(&["holds `made@2018 v1`"]);
    let broken = entry.replacen("version = \"1\"", "version = \"1\\n#\"", 1);
    std::fs::write(&file, broken).unwrap();
    machine.run(&["fetch", "made"]).expect(11).says(&["no control characters"]);
}

/// Makes the receipt of a dataset one of a later medsets, by this schema; gives its text.
fn made_later(dir: &Path, schema: &str) -> String {
    let path = dir.join(".medsets/receipt.json");
    let mut receipt: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    receipt["schema"] = schema.into();
    receipt["means"] = "unheard-of".into();
    std::fs::write(&path, receipt.to_string()).unwrap();
    receipt.to_string()
}

#[test]
fn records_of_a_later_medsets_are_left_alone() {
    are_left_alone("medsets/receipt/9", "of a later medsets (`medsets/receipt/9`)");
    are_left_alone("medsets/receipt/2", "of a later medsets (`means` is `unheard-of`)");
}

#[track_caller]
fn are_left_alone(schema: &str, says: &str) {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let dir = home.data().join("demo/1.0");
    made_later(&dir, schema);
    let before = tree(&home.data());
    let bundle = home.path().join("x");
    for command in [
        &["fetch", "demo"][..],
        &["verify", "demo"],
        &["verify", "demo", "--repair"],
        &["remove", "demo", "--yes"],
        &["bundle", "demo", "-o", bundle.to_str().unwrap()],
    ] {
        home.run(command).expect(52).says(&[says, "use that medsets"]);
    }
    home.run(&["list"]).expect(0).says(&["passed over", "later medsets"]);
    for what in [&["audit", home.data().to_str().unwrap()][..], &["audit"], &["audit", "demo"]] {
        let audited = home.json(what);
        let findings = audited["data"]["findings"].as_array().unwrap();
        let closed =
            findings.iter().find(|one| one["code"] == "closed-folder").unwrap_or_else(|| panic!("{audited:#}"));
        assert!(closed["fix"].as_str().unwrap().contains("use that medsets"), "{audited:#}");
    }
    home.run(&["prune", "--parts", "--older", "0"]).expect(0);
    assert_eq!(tree(&home.data()), before, "nothing of it was touched");
    assert!(!bundle.exists());
}

#[test]
fn adopting_leaves_records_of_a_later_medsets_alone() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let old = home.path().join("old");
    std::fs::rename(home.data().join("demo/1.0"), &old).unwrap();
    let later = made_later(&old, "medsets/receipt/9");
    home.run(&["adopt", old.to_str().unwrap()]).expect(52).says(&["of a later medsets", "use that medsets"]);
    assert_eq!(std::fs::read_to_string(old.join(".medsets/receipt.json")).unwrap(), later);
}

#[test]
fn pruning_follows_no_link_out_of_the_store() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
    served.run(&["fetch", "made"]).expect(0);
    let store = served.home.data().join(".medsets-store");
    let mine = served.home.path().join("mine");
    std::fs::create_dir_all(mine.join("years/of")).unwrap();
    std::fs::write(mine.join("years/of/work.txt"), "mine").unwrap();
    std::fs::write(mine.join("work.txt"), "mine").unwrap();
    for name in ["tmp", "parts", "quarantine", "listings"] {
        let _ = std::fs::remove_dir_all(store.join(name));
        std::os::unix::fs::symlink(&mine, store.join(name)).unwrap();
    }
    served.run(&["prune", "--parts", "--older", "0"]).expect(0).says(&["is a link", "left as it is"]);
    assert_eq!(tree(&mine).len(), 2);
}

/// The folder of `made` as a link into another data folder.
fn linked(served: &Served, data: &Path) -> std::path::PathBuf {
    let other = served.home.path().join("big");
    served.run(&["--data-dir", other.to_str().unwrap(), "fetch", "made"]).expect(0);
    let _ = std::fs::remove_dir_all(data.join("made"));
    std::fs::create_dir_all(data).unwrap();
    std::os::unix::fs::symlink(other.join("made"), data.join("made")).unwrap();
    other
}

#[test]
fn nothing_is_removed_through_a_link_into_another_data_folder() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
    let project = served.home.path().join("work/medsets.toml");
    let table = |id: &str| format!("[[dataset]]\nid = \"{id}\"\n");
    std::fs::write(&project, format!("[project]\nname = \"x\"\n{}{}", table("made"), table("demo"))).unwrap();
    served.run(&["lock"]).expect(0);
    let other = linked(&served, &served.home.path().join("work/data"));
    std::fs::write(&project, format!("[project]\nname = \"x\"\n{}", table("demo"))).unwrap();
    let before = tree(&other);
    served.run(&["sync", "--prune"]).expect(0).says(&[
        "`made@1` is not in the lock and stays",
        "is a link out of this data folder",
        &format!("medsets remove made@1 --data-dir {}", other.display()),
    ]);
    served.run(&["remove", "made", "--dry-run"]).expect(52).says(&["another data folder", "--data-dir"]);
    served.run(&["remove", "made", "--yes"]).expect(52);
    assert_eq!(tree(&other), before);
}

/// What is no folder stays as it is, and is told with its place, whatever is asked.
#[test]
fn a_file_in_the_place_of_a_folder_is_named() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["lock"]).expect(0);
    let data = machine.work().join("data");
    for place in ["data/made/1", "data/made", "data"] {
        let _ = std::fs::remove_dir_all(&data);
        let place = machine.work().join(place);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, "mine").unwrap();
        let said = format!("`{}` is no folder but a file", place.display());
        for command in [&["sync"][..], &["sync", "--check"], &["sync", "--dry-run"], &["fetch", "made"]] {
            let ran = machine.run(command).expect(52).says(&[&said, "help: move it away"]);
            assert!(!ran.stderr.contains("`--to"), "{}", ran.stderr);
        }
        // What is told of others is told all the same.
        let exit = if place == data { 52 } else { 0 };
        machine.run(&["list"]).expect(exit);
        machine.run(&["status"]).expect(exit);
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "mine");
        std::fs::remove_file(&place).unwrap();
    }
    std::os::unix::fs::symlink(machine.home.path().join("scratch"), &data).unwrap();
    for command in [&["sync"][..], &["sync", "--check"]] {
        machine
            .run(command)
            .expect(52)
            .says(&["work/data` is no folder but a link that leads nowhere", "move it away"]);
    }
    std::fs::create_dir(machine.home.path().join("scratch")).unwrap();
    machine.run(&["sync"]).expect(0);
    machine.run(&["sync", "--check"]).expect(0);
}

#[test]
fn a_file_in_the_place_of_a_folder_of_medsets_itself_is_named() {
    for of in [
        |home: &Home| home.data().join(".medsets-store"),
        |home: &Home| home.data().join(".medsets-store/parts"),
        |home: &Home| home.state(),
    ] {
        let home = Home::new();
        let place = of(&home);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, "mine").unwrap();
        let ran = home.run(&["fetch", "demo"]).expect(52);
        ran.says(&[place.to_str().unwrap(), "is no folder: move it away"]);
        let seen = if place.ends_with("medsets") { 1 } else { 0 };
        assert_eq!(home.run(&["doctor"]).stdout.matches("no folder but a file").count(), seen);
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "mine");
        std::fs::remove_file(&place).unwrap();
        home.run(&["fetch", "demo"]).expect(0);
    }
}

#[test]
fn a_dataset_whose_records_are_gone_is_taken_in_again() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    let place = machine.work().join("data/made/1");
    std::fs::remove_dir_all(place.join(".medsets")).unwrap();
    let (what, command) = ("is not a dataset folder of medsets", format!("`medsets adopt '{}'`", place.display()));
    for (arguments, exit) in [(&["sync", "--check"][..], 62), (&["sync"], 52)] {
        let ran = machine.run(arguments).expect(exit).says(&[what, &command, "move it away"]);
        assert!(!ran.stderr.contains("`--to`"), "{}", ran.stderr);
    }
    let asked = publisher.host.log().len();
    machine.run(&["adopt", place.to_str().unwrap()]).expect(0);
    machine.run(&["sync", "--check"]).expect(0);
    assert_eq!(publisher.host.log().len(), asked);
}
