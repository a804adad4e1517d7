//! Files that a person brings, told and proven by what the host lists.

use std::path::PathBuf;

use serde_json::Value;

use crate::stand_ins::{Toy, figshare, googledrive};
use crate::support::home::Home;

use super::entries::toy;
use super::scene::{Case, Scene, expected};

/// Its list has names, sizes and MD5s.
fn article() -> Case {
    Case {
        provider: "figshare",
        keys: "article = 77\narticle-version = 2",
        addresses: &[
            ("https://api.figshare.com/", "api/"),
            ("https://ndownloader.figshare.com/", "bytes/"),
            ("https://figshare.com/", "site/"),
        ],
        answer: figshare::answer,
        toy: Toy::flat(),
        listing: "/files?page",
        token: None,
    }
}

/// Its list has names alone.
fn drive(toy: Toy) -> Case {
    Case {
        provider: "googledrive",
        keys: "folder = \"FOLDER00000000000000000000000000\"",
        addresses: &[("https://drive.google.com/", "drive/")],
        answer: googledrive::answer,
        toy,
        listing: "/embeddedfolderview",
        token: None,
    }
}

/// The files of a toy in a folder of the person's.
fn downloads(home: &Home, toy: &Toy) -> PathBuf {
    let dir = home.path().join("Downloads");
    for (name, bytes) in toy.files.iter() {
        std::fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.join(name), bytes).unwrap();
    }
    dir
}

fn receipt(scene: &Scene) -> Value {
    let text = std::fs::read_to_string(scene.home.data().join("toy/1/.medsets/receipt.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_hosts_list_tells_and_proves_what_the_entry_does_not_name() {
    let scene = article().start();
    let dir = downloads(&scene.home, &Toy::flat());
    // A digest tells a file whatever it is called now.
    std::fs::rename(dir.join("big.bin"), dir.join("download")).unwrap();
    scene.run(&["import", "toy", dir.to_str().unwrap()]).expect(0);
    assert_eq!(scene.data(), expected(&Toy::flat()));
    assert_eq!(receipt(&scene)["selection"]["whole"], true);
    assert!(scene.asked("/files?page") > 0 && scene.store.log().is_empty());
    scene.run(&["verify", "toy"]).expect(0);
    // All of it is here, so nothing is left to fetch.
    scene.run(&["fetch", "toy", "--offline"]).expect(0).says(&["is whole here"]);
}

#[test]
fn what_the_list_names_and_nobody_brought_is_missing() {
    let scene = article().start();
    let dir = downloads(&scene.home, &Toy::flat());
    std::fs::remove_file(dir.join("big.bin")).unwrap();
    let dry = scene.run(&["import", "toy", dir.to_str().unwrap(), "--dry-run", "--json"]).expect(0);
    let answer: Value = serde_json::from_str(&dry.stdout).unwrap();
    assert_eq!(answer["data"]["missing"], serde_json::json!(["big.bin"]), "{answer}");
    scene.run(&["import", "toy", dir.to_str().unwrap()]).expect(0).says(&["lacks 1 file", "big.bin"]);
    assert_eq!(receipt(&scene)["selection"]["whole"], false);
    // The rest comes from the host, and nothing else.
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&Toy::flat()));
    assert!(scene.store.log().iter().all(|asked| asked.path.contains("big.bin")));
}

#[test]
fn other_bytes_than_the_list_has_are_refused() {
    let scene = article().start();
    let dir = downloads(&scene.home, &Toy::flat());
    let table = dir.join("labels of all.csv");
    let mut bytes = std::fs::read(&table).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&table, bytes).unwrap();
    scene.run(&["import", "toy", dir.to_str().unwrap()]).expect(40).says(&["labels of all.csv", "md5:"]);
    assert!(!scene.home.data().join("toy").exists());
}

/// A host that lists names alone: files of one name are told by their folders.
#[test]
fn files_of_one_name_are_told_by_their_folders() {
    let scans = toy(&[("a/1.dcm", b"scan a"), ("b/1.dcm", b"scan b"), ("b/only.txt", b"note")]);
    let scene = drive(scans.clone()).start();
    let dir = downloads(&scene.home, &scans);
    // What lies elsewhere is none of them.
    std::fs::create_dir_all(dir.join("c")).unwrap();
    std::fs::write(dir.join("c/1.dcm"), b"scan c").unwrap();
    std::fs::rename(dir.join("b/only.txt"), dir.join("only.txt")).unwrap();
    let ran = scene.run(&["import", "toy", dir.to_str().unwrap(), "--json"]).expect(0);
    assert_eq!(scene.data(), expected(&scans));
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let unmatched = answer["data"]["unmatched"].as_array().unwrap();
    assert!(unmatched.len() == 1 && unmatched[0].as_str().unwrap().ends_with("c/1.dcm"), "{answer}");
}

#[test]
fn the_list_of_an_unfinished_fetch_serves_without_a_host() {
    let scene = article().start();
    scene.store_fails(true);
    assert_ne!(scene.run(&["fetch", "toy"]).code, Some(0));
    let asked = scene.host.log().len();
    let dir = downloads(&scene.home, &Toy::flat());
    scene.run(&["import", "toy", dir.to_str().unwrap(), "--offline"]).expect(0);
    assert_eq!(scene.data(), expected(&Toy::flat()));
    assert_eq!(scene.host.log().len(), asked);
}

#[test]
fn without_a_list_the_entry_alone_counts() {
    let scene = article().start().with("MEDSETS_RETRIES", "0");
    let dir = downloads(&scene.home, &Toy::flat());
    let import = ["import", "toy", dir.to_str().unwrap()];
    scene.run(&[&import[..], &["--offline"]].concat()).expect(2).says(&["none of these is a file"]);
    assert!(scene.host.log().is_empty());
    let scene = scene.with("MEDSETS_REWRITE", "https://api.figshare.com/=http://127.0.0.1:9/");
    scene.run(&import).expect(2).says(&["none of these is a file"]);
}
