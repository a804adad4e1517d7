//! Projects with datasets that only a person can get, or nobody.

use std::path::PathBuf;

use medsets::values::Digest;

use crate::support::archives::zip_of;
use crate::support::entry::made_up;
use crate::support::home::Home;

/// A machine with the entry of a set that a form gives out, and a project.
struct Machine {
    home: Home,
}

impl Machine {
    fn new() -> Self {
        let home = Home::new();
        let catalog = home.path().join("catalog");
        std::fs::create_dir(&catalog).unwrap();
        std::fs::write(catalog.join("hand.toml"), made_up("hand", RELEASE)).unwrap();
        let catalog = catalog.to_str().unwrap().to_owned();
        Self { home: home.with("MEDSETS_CATALOG", catalog) }
    }

    /// Another one, to which the project was cloned.
    fn clone_of(other: &Self) -> Self {
        let machine = Self::new();
        for name in ["medsets.toml", "medsets.lock"] {
            std::fs::copy(other.work().join(name), machine.work().join(name)).unwrap();
        }
        machine
    }

    fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// What the person got, with these labels.
    fn got(&self, labels: &str) -> String {
        let folder = self.home.path().join("got");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("images.zip"), zip_of(&[("a.png", b"a"), ("b.png", b"b")])).unwrap();
        std::fs::write(folder.join("labels.csv"), labels).unwrap();
        folder.to_str().unwrap().to_owned()
    }

    fn lock(&self) -> String {
        std::fs::read_to_string(self.work().join("medsets.lock")).unwrap()
    }

    fn manifest(&self) -> String {
        std::fs::read_to_string(self.work().join("data/hand/1/.medsets/manifest.sha256")).unwrap()
    }
}

const LABELS: &str = "id,finding\na,1\n";

#[test]
fn what_was_got_by_hand_is_pinned_and_no_other_file_is_taken_for_it_elsewhere() {
    let first = Machine::new();
    first.home.run(&["init"]).expect(0);
    first.home.run(&["add", "hand"]).expect(0);
    first.home.run(&["lock"]).expect(0);
    first.home.run(&["sync"]).expect(26).says(&["/hand/download", "files: `images.zip`, `labels.csv`"]);
    first.home.run(&["sync", "--frozen"]).expect(12).says(&["medsets import hand PATH", "`medsets lock` pins them"]);
    first.home.run(&["import", "hand", &first.got(LABELS)]).expect(0);
    first.home.run(&["lock"]).expect(0);
    let digest = Digest::sha256(LABELS.as_bytes());
    assert!(first.lock().contains(&digest.hex()), "{}", first.lock());

    let other = Machine::clone_of(&first);
    let told = ["labels.csv", "images.zip", &digest.to_string(), "/hand/download", "medsets import hand PATH"];
    other.home.run(&["sync", "--frozen"]).expect(26).says(&told);
    for wrong in ["id,finding\na,2\n", "id,finding\n"] {
        let got = other.got(wrong);
        other.home.run(&["import", "hand", &got]).expect(40).says(&[&digest.to_string(), "the lock of this project"]);
        assert!(!other.work().join("data/hand").exists(), "{wrong}");
    }
    other.home.run(&["import", "hand", &other.got(LABELS)]).expect(0);
    other.home.run(&["sync", "--frozen"]).expect(0);
    assert_eq!(other.manifest(), first.manifest());

    // By the person's word, and only in their own lock.
    let third = Machine::clone_of(&first);
    let got = third.got("id,finding\n");
    let accepted = ["import", "hand", &got, "--accept-changed", "labels.csv", "--reason", "a newer one"];
    third.home.run(&accepted).expect(0);
    third.home.run(&["sync", "--check"]).expect(62);
    for command in [&["drop", "hand"][..], &["lock"], &["add", "hand"], &["lock"]] {
        third.home.run(command).expect(0);
    }
    third.home.run(&["sync", "--check"]).expect(0);
    assert!(third.lock().contains(&Digest::sha256(b"id,finding\n").hex()));
}

#[test]
fn what_nobody_distributes_is_to_be_dropped_from_the_project() {
    let machine = Machine::new();
    machine.home.run(&["init"]).expect(0);
    machine.home.run(&["add", "openpath", "demo"]).expect(0);
    machine.home.run(&["lock"]).expect(27).says(&["X API", "`medsets drop openpath` takes it out of the project"]);
    assert!(machine.lock().contains("id = \"demo\""), "the rest is locked");
    machine.home.run(&["drop", "openpath"]).expect(0);
    machine.home.run(&["lock", "--check"]).expect(0);
}

const RELEASE: &str = r#"[[release.source]]
channel = "page"
provider = "manual"
page = "https://files.example.org/hand/download"
steps = ["fill in the form", "download both files"]

[[release.file]]
path = "images.zip"
unpack = { format = "zip", strip = "none", into = "data" }

[[release.file]]
path = "labels.csv"
"#;
