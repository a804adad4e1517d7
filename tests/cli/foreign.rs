//! Copies that somebody else made, whose records agree with themselves and not with the
//! person's own catalogue.

use std::path::{Path, PathBuf};

use medsets::values::Digest;
use serde_json::Value;

use crate::support::archives::{Served, gzip, serve, serve_with, tar_of};
use crate::support::home::Home;
use crate::support::mirrors;

type Files = Vec<(&'static str, Vec<u8>, &'static str)>;

fn files() -> Files {
    let members: &[(&str, tar::EntryType, &str, &[u8])] = &[("a.txt", tar::EntryType::Regular, "", b"alpha")];
    vec![
        ("set.tar.gz", gzip(&tar_of(members)), "{ format = \"tar.gz\" }"),
        ("table.csv", b"id,label\n1,a\n".to_vec(), ""),
        ("notes.csv", b"n\n".to_vec(), ""),
    ]
}

/// A person who looks at another's data folder before the host.
fn beside(other: &Served, files: &Files) -> Served {
    serve_with(Home::new().with("MEDSETS_SHARED_DIRS", other.home.data().to_str().unwrap()), files, "")
}

fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

#[test]
fn a_shared_copy_with_other_bytes_than_the_catalogues_is_not_used() {
    let old = serve(&files());
    old.run(&["fetch", "made"]).expect(0);
    let new = Files::from_iter(files().into_iter().map(|(name, bytes, unpack)| match name {
        "table.csv" => (name, b"id,label\n1,b\n".to_vec(), unpack),
        _ => (name, bytes, unpack),
    }));
    let person = beside(&old, &new);
    let ran = person.run(&["fetch", "made"]).expect(0);
    ran.says(&["is not used", "`table.csv`", "the catalogue names"]);
    let place = person.home.data().join("made/1");
    assert!(!is_link(&place));
    assert_eq!(std::fs::read(place.join("data/table.csv")).unwrap(), b"id,label\n1,b\n");
    person.run(&["verify", "made"]).expect(0);
}

#[test]
fn a_change_that_its_owner_accepted_is_nobody_elses() {
    let owner = serve(&files());
    let overlay = Path::new(&owner.catalog).join("made.toml");
    let entry = std::fs::read_to_string(&overlay).unwrap();
    let pinned = Digest::sha256(b"id,label\n1,a\n");
    std::fs::write(&overlay, entry.replace(pinned.hex().as_str(), &"0".repeat(64))).unwrap();
    let accepted = ["fetch", "made", "--accept-changed", "table.csv", "--reason", "the publisher said so"];
    owner.run(&accepted).expect(0);
    let person = Home::new()
        .with("MEDSETS_CATALOG", owner.catalog.clone())
        .with("MEDSETS_REWRITE", format!("https://files.example.org/={}", owner.host.url()))
        .with("MEDSETS_SHARED_DIRS", owner.home.data().to_str().unwrap());
    person.run(&["fetch", "made"]).expect(40).says(&["is not used", "by somebody else's decision"]);
    assert!(!person.data().join("made/1").exists());
}

#[test]
fn a_folder_is_the_dataset_of_its_records_and_not_of_its_name() {
    let other = serve(&files());
    other.run(&["fetch", "made"]).expect(0);
    let shared = other.home.data();
    std::fs::rename(shared.join("made"), shared.join("open")).unwrap();
    let person = beside(&other, &files());
    let overlay = Path::new(&person.catalog).join("made.toml");
    let entry = std::fs::read_to_string(&overlay).unwrap();
    std::fs::write(overlay.with_file_name("open.toml"), entry.replacen("id = \"made\"", "id = \"open\"", 1)).unwrap();
    person.run(&["fetch", "open"]).expect(0).says(&["is not used", "by its records it is `made@1`, not `open@1`"]);
    assert!(!is_link(&person.home.data().join("open/1")));
    let ledger = std::fs::read_to_string(person.home.state().join("ledger.jsonl")).unwrap();
    assert!(!ledger.contains("\"dataset\":\"made\""), "{ledger}");
}

#[test]
fn a_shared_copy_that_became_another_is_refused() {
    let other = serve(&files());
    other.run(&["fetch", "made"]).expect(0);
    let person = beside(&other, &files());
    person.run(&["fetch", "made"]).expect(0);
    assert!(is_link(&person.home.data().join("made/1")));
    let entries = || std::fs::read_to_string(person.home.state().join("ledger.jsonl")).unwrap().lines().count();
    let before = entries();
    let overlay = Path::new(&other.catalog).join("made.toml");
    let entry = std::fs::read_to_string(&overlay).unwrap();
    std::fs::write(&overlay, entry.replace(Digest::sha256(b"n\n").hex().as_str(), &"0".repeat(64))).unwrap();
    other.run(&["remove", "made", "--yes"]).expect(0);
    other.run(&["fetch", "made", "--accept-changed", "notes.csv", "--reason", "it was seen"]).expect(0);
    person.run(&["fetch", "made"]).expect(40).says(&["is another since", "`notes.csv`", "medsets remove made"]);
    assert_eq!(entries(), before);
}

/// A mirror in a folder, whose records are rewritten so that they agree with each other.
struct Forged {
    served: Served,
    share: PathBuf,
}

impl Forged {
    fn new(forge: impl Fn(&mut Vec<Value>, &mut Vec<Value>)) -> Self {
        let served = serve(&files());
        let (share, _) = served.mirrored();
        let trees = share.join("datasets/made/1");
        let tree = std::fs::read_dir(&trees).unwrap().next().unwrap().unwrap().path();
        mirrors::forge(&tree, |_, records, listed| forge(listed, records));
        Self { served, share }
    }

    /// The bytes of an object, put into the mirror under their digest.
    fn put(share: &Path, bytes: &[u8]) -> String {
        let digest = Digest::sha256(bytes);
        let place = share.join("objects/sha256").join(&digest.hex()[..2]).join(digest.hex());
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
        digest.to_string()
    }

    /// A pull refuses it, and a fetch has the publisher's bytes.
    #[track_caller]
    fn is_refused(&self, words: &[&str]) {
        let mirror = format!("file://{}", self.share.display());
        let person = Home::new().with("MEDSETS_CATALOG", self.served.catalog.clone());
        person.run(&["mirror", "pull", "made", "--mirror", &mirror]).expect(40).says(words);
        assert!(!person.data().join("made/1").exists());
        let fetching = Home::new()
            .with("MEDSETS_CATALOG", self.served.catalog.clone())
            .with("MEDSETS_MIRRORS", mirror)
            .with("MEDSETS_REWRITE", format!("https://files.example.org/={}", self.served.host.url()));
        fetching.run(&["fetch", "made"]).expect(0).says(&["the hosts are asked instead"]);
        fetching.run(&["verify", "made"]).expect(0);
        let data = fetching.data().join("made/1/data");
        assert_eq!(std::fs::read(data.join("table.csv")).unwrap(), b"id,label\n1,a\n");
    }
}

fn named<'a>(lines: &'a mut [Value], path: &str) -> &'a mut Value {
    lines.iter_mut().find(|line| line["path"] == path).unwrap_or_else(|| panic!("no {path}"))
}

#[test]
fn a_mirror_that_leaves_out_a_file_is_refused() {
    let forged = Forged::new(|listed, records| {
        listed.retain(|line| line["path"] != "table.csv");
        records.retain(|line| line["path"] != "data/table.csv");
    });
    forged.is_refused(&["`table.csv`", "is a file of the release"]);
}

#[test]
fn a_mirror_with_a_plain_file_said_to_be_unpacked_is_refused() {
    let forged = Forged::new(|listed, _| named(listed, "table.csv")["unpacked"] = true.into());
    forged.is_refused(&["`table.csv`", "is no archive"]);
}

#[test]
fn a_mirror_with_an_accepted_change_is_refused() {
    let forged = Forged::new(|listed, _| named(listed, "table.csv")["verified"] = "accepted-change".into());
    forged.is_refused(&["`table.csv`", "by somebody else's decision"]);
}

#[test]
fn a_mirror_whose_inventory_and_list_differ_is_refused() {
    let forged = Forged::new(|_, records| {
        named(records, "data/table.csv")["sha256"] = Digest::sha256(b"id,label\n1,z\n").to_string().into();
    });
    Forged::put(&forged.share, b"id,label\n1,z\n");
    forged.is_refused(&["`data/table.csv`", "its list says"]);
}

#[test]
fn members_of_a_mirror_are_proven_by_its_records_alone() {
    let forged = Forged::new(|_, _| ());
    let mirror = format!("file://{}", forged.share.display());
    let person = Home::new().with("MEDSETS_CATALOG", forged.served.catalog.clone());
    person.run(&["mirror", "pull", "made", "--mirror", &mirror]).expect(0);
    let list = std::fs::read_to_string(person.data().join("made/1/.medsets/listed.jsonl")).unwrap();
    let proof = |path: &str| {
        let lines = list.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.into_iter().find(|line| line["path"] == path).map(|line| line["verified"].clone())
    };
    assert_eq!((proof("table.csv"), proof("set.tar.gz")), (Some("catalog".into()), Some("records".into())));
}
