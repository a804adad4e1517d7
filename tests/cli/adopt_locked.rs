//! `adopt` in a project: what lies there is told as `sync` of the lock would tell it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lock::{Machine, Publisher, project};
use crate::support::home::{Home, Ran};

/// Machines with the same lock: one that has synced, and one with nothing yet but a network.
fn two(publisher: &Publisher, keys: &str) -> (Machine, Machine) {
    let [first, second] = [(); 2].map(|()| {
        let mut machine = Machine::new(publisher, &publisher.entry("Made", "data"));
        machine.home = machine.home.with("MEDSETS_CATALOG", machine.catalog.clone());
        machine
    });
    project(&first, &format!("[[dataset]]\nid = \"made\"\n{keys}\n"));
    first.run(&["sync"]).expect(0);
    second.clone_from(&first);
    (first, second)
}

/// A person's own folder with the files of `data` of the first machine that these names begin.
fn folder(from: &Machine, to: &Machine, name: &str, files: &[&str]) -> PathBuf {
    let folder = to.home.path().join(name);
    for (path, bytes) in from.tree("made/1") {
        let Some(path) = path.strip_prefix("data/").filter(|path| files.iter().any(|file| path.starts_with(file)))
        else {
            continue;
        };
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn place(machine: &Machine) -> PathBuf {
    machine.work().join("data/made/1")
}

fn selection(machine: &Machine) -> Value {
    let receipt = std::fs::read(place(machine).join(".medsets/receipt.json")).unwrap();
    serde_json::from_slice::<Value>(&receipt).unwrap()["selection"].clone()
}

fn adopt(machine: &Machine, dir: &Path, rest: &[&str]) -> Ran {
    machine.run(&[&["adopt", dir.to_str().unwrap()], rest].concat())
}

#[test]
fn what_the_lock_asks_for_of_a_release_is_told_as_that_part() {
    for (keys, files) in [
        ("exclude = [\"pictures.zip\"]", &["labels.csv"][..]),
        ("include = [\"labels.csv\"]", &["labels.csv"]),
        ("include = [\"*.zip\"]\nmembers = [\"**/*.png\"]", &["one.png", "two.png"]),
        ("", &["labels.csv", "one.png", "two.png", "notes.txt"]),
    ] {
        let publisher = Publisher::start();
        let (first, second) = two(&publisher, keys);
        let dir = folder(&first, &second, "old", files);
        adopt(&second, &dir, &[]).expect(0);
        assert_eq!(selection(&second), selection(&first), "{keys}");
        assert_eq!(second.tree("made/1"), first.tree("made/1"), "{keys}");
        second.run(&["sync", "--check"]).expect(0);
        second.run(&["sync", "--frozen", "--offline"]).expect(0);
        let told = |machine: &Machine| machine.json(&["list"])["data"]["datasets"][0]["selection"].clone();
        assert_eq!(told(&second), told(&first), "{keys}");
    }
}

#[test]
fn records_of_a_part_keep_nobody_from_adopting_the_whole() {
    let publisher = Publisher::start();
    let (first, second) = two(&publisher, "");
    let all = ["labels.csv", "one.png", "two.png", "notes.txt"];
    let dir = folder(&first, &second, "old/stuff", &all);
    // Below the folder above, the tree is not the lock's.
    adopt(&second, &second.home.path().join("old"), &["--dataset", "made@1"]).expect(0).says(&["not all of `made@1`"]);
    second.run(&["sync", "--check"]).expect(62);
    adopt(&second, &dir, &[]).expect(0);
    assert_eq!(second.tree("made/1"), first.tree("made/1"));
    assert_eq!(selection(&second), selection(&first));
    second.run(&["sync", "--check"]).expect(0);

    // The same without a lock, as files are added that the entry proves.
    let home = Home::offline();
    let [a, b, c] = [b"aa".as_slice(), b"bb", b"cc"];
    let catalog = super::adopt::entry_of(&home, "three", &[("a.txt", a, ""), ("b.txt", b, ""), ("c.txt", c, "")]);
    let dir = home.path().join("old");
    std::fs::create_dir(&dir).unwrap();
    for (count, (name, bytes)) in [("a.txt", a), ("b.txt", b), ("c.txt", c)].into_iter().enumerate() {
        std::fs::write(dir.join(name), bytes).unwrap();
        let answer = home.json(&["--catalog", &catalog, "adopt", dir.to_str().unwrap(), "--dataset", "three"]);
        assert_eq!((&answer["exit"], &answer["data"]["datasets"][0]["files"]), (&0.into(), &(count + 1).into()));
    }
    home.run(&["--catalog", &catalog, "fetch", "three"]).expect(0);
}

/// Types each of these lines as it stands; all is as the lock says then.
fn follow(machine: &Machine, lines: &[&str]) {
    lines.iter().for_each(|line| drop(machine.home.typed(line).expect(0)));
    machine.run(&["sync", "--check"]).expect(0);
}

/// What is told of a dataset on every way: the same lines, which are given.
fn told(machine: &Machine, commands: &[(&[&str], i32)]) -> Vec<String> {
    let mut all: Vec<Vec<String>> = Vec::new();
    for (command, exit) in commands {
        let ran = machine.run(command).expect(*exit);
        all.push(ran.advised().into_iter().map(str::to_owned).collect());
    }
    assert!(all.iter().all(|one| *one == all[0]), "{all:#?}");
    all.swap_remove(0)
}

#[test]
fn what_is_advised_about_adopted_files_can_be_typed() {
    let publisher = Publisher::start();
    let (first, second) = two(&publisher, "");
    let all = ["labels.csv", "one.png", "two.png", "notes.txt"];
    let dir = folder(&first, &second, "my old/stuff", &all);
    adopt(&second, &dir, &[]).expect(0);
    let file = dir.join("one.png");
    let right = std::fs::read(&file).unwrap();
    let every: &[(&[&str], i32)] = &[
        (&["sync", "--check"], 62),
        (&["sync"], 52),
        (&["verify", "made"], 40),
        (&["verify", "made", "--repair"], 52),
    ];
    std::fs::write(&file, "spoiled").unwrap();
    let lines = told(&second, every);
    let [again, _, remove, sync] = lines.as_slice() else { panic!("{lines:?}") };
    std::fs::write(&file, right).unwrap();
    follow(&second, &[again]);
    std::fs::write(&file, "spoiled").unwrap();
    follow(&second, &[remove, sync]);
    assert_eq!(std::fs::read(&file).unwrap(), b"spoiled");
    assert_eq!(second.tree("made/1"), first.tree("made/1"));

    // A part of what the lock asks for.
    second.run(&["remove", "made@1", "--yes"]).expect(0);
    std::fs::remove_file(file).unwrap();
    adopt(&second, &dir, &["--dataset", "made@1"]).expect(0);
    let lines = told(&second, &every[..2]);
    follow(&second, &[&lines[2], &lines[3]]);

    // More than the lock asks for.
    let (_, narrow) = two(&publisher, "exclude = [\"pictures.zip\"]");
    let dir = narrow.home.path().join("old");
    let copied = std::process::Command::new("cp").arg("-r").arg(place(&first)).arg(&dir).status();
    assert!(copied.unwrap().success());
    adopt(&narrow, &dir, &[]).expect(0);
    let every: &[(&[&str], i32)] = &[(&["sync", "--check"], 62), (&["sync"], 0), (&["sync", "--prune"], 52)];
    let lines = told(&narrow, every);
    follow(&narrow, &[&lines[2], &lines[3]]);
}

#[test]
fn what_is_advised_about_a_shared_copy_can_be_typed() {
    let publisher = Publisher::start();
    let (lender, mut borrower) = two(&publisher, "");
    let (_, mut narrow) = two(&publisher, "exclude = [\"pictures.zip\"]");
    let shared = lender.work().join("data");
    for machine in [&mut borrower, &mut narrow] {
        machine.home =
            std::mem::replace(&mut machine.home, Home::new()).with("MEDSETS_SHARED_DIRS", shared.to_str().unwrap());
    }
    // More than the lock asks for.
    narrow.run(&["sync"]).expect(0).says(&["shared: "]);
    let lines = told(&narrow, &[(&["sync", "--check"], 62), (&["sync"], 0), (&["sync", "--prune"], 0)]);
    follow(&narrow, &lines.iter().map(String::as_str).collect::<Vec<_>>());

    borrower.run(&["sync"]).expect(0).says(&["shared: "]);
    // By then the catalogue has another release alone.
    let later = publisher.entry("Made", "data").replace("version = \"1\"", "version = \"2\"");
    borrower.home.overlay("made.toml", &later);
    let file = shared.join("made/1/data/one.png");
    std::fs::write(&file, "spoiled").unwrap();
    let every: &[(&[&str], i32)] = &[
        (&["sync", "--check"], 62),
        (&["sync"], 52),
        (&["verify", "made"], 40),
        (&["verify", "made", "--repair"], 52),
    ];
    let lines = told(&borrower, every);
    follow(&borrower, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(std::fs::read(&file).unwrap(), b"spoiled");
}
