//! `adopt` in a project: what lies there is told as `sync` of the lock would tell it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lock::{Machine, Publisher, project};
use crate::support::home::{Home, Ran};

/// Machines with the same lock: one that has synced, and one with nothing yet but a network.
fn two(publisher: &Publisher, keys: &str) -> (Machine, Machine) {
    let [first, second] = [(); 2].map(|()| Machine::new(publisher, &publisher.entry("Made", "data")));
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
