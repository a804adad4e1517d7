//! Projects with datasets that only a person can get, or nobody.

use std::path::PathBuf;

use medsets::values::Digest;

use crate::lock::{self, Publisher};
use crate::support::archives::zip_of;
use crate::support::entry::made_up;
use crate::support::home::{Home, tree};

/// A machine with the entry of a set that a form gives out, and a project.
struct Machine {
    home: Home,
}

impl Machine {
    fn new() -> Self {
        let home = Home::new();
        let catalog = home.path().join("catalog");
        std::fs::create_dir(&catalog).unwrap();
        let catalog = catalog.to_str().unwrap().to_owned();
        let machine = Self { home: home.with("MEDSETS_CATALOG", catalog) };
        machine.knows(&made_up("hand", RELEASE));
        machine
    }

    /// Another one, to which the project was cloned.
    fn clone_of(other: &Self) -> Self {
        let machine = Self::new();
        std::fs::create_dir_all(machine.work().join("medsets.lock.d")).unwrap();
        let beside = std::fs::read_dir(other.work().join("medsets.lock.d")).unwrap();
        let beside = beside.map(|file| format!("medsets.lock.d/{}", file.unwrap().file_name().to_str().unwrap()));
        for name in beside.chain(["medsets.toml".to_owned(), "medsets.lock".to_owned()]) {
            std::fs::copy(other.work().join(&name), machine.work().join(&name)).unwrap();
        }
        machine
    }

    /// Puts an entry into the place of the one that its catalogue has.
    fn knows(&self, entry: &str) {
        std::fs::write(self.home.path().join("catalog/hand.toml"), entry).unwrap();
    }

    /// A project that asks for the labels alone, with what was got pinned in its lock.
    fn with_labels() -> Self {
        let machine = Self::new();
        machine.home.run(&["init"]).expect(0);
        let project = machine.work().join("medsets.toml");
        let text = std::fs::read_to_string(&project).unwrap();
        std::fs::write(project, text + TABLE).unwrap();
        machine.home.run(&["lock"]).expect(0);
        machine.home.run(&["import", "hand", &(machine.got(LABELS) + "/labels.csv")]).expect(0);
        machine.home.run(&["lock"]).expect(0);
        assert!(machine.lock().contains(&Digest::sha256(LABELS.as_bytes()).hex()), "{}", machine.lock());
        machine
    }

    /// The same for all of it.
    fn with_all() -> Self {
        let machine = Self::new();
        machine.home.run(&["init"]).expect(0);
        machine.home.run(&["add", "hand"]).expect(0);
        machine.home.run(&["import", "hand", &machine.got(LABELS)]).expect(0);
        machine.home.run(&["lock"]).expect(0);
        machine
    }

    /// That the project is as the lock says, by every command that looks.
    fn is_met(&self) {
        let lock = self.lock();
        for command in ["sync", "sync --locked", "sync --frozen", "sync --check", "lock --check", "lock"] {
            let arguments: Vec<&str> = command.split(' ').collect();
            self.home.run(&arguments).expect(0);
        }
        assert_eq!(self.lock(), lock);
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

    fn project(&self) -> String {
        std::fs::read_to_string(self.work().join("medsets.toml")).unwrap()
    }

    fn manifest(&self) -> String {
        std::fs::read_to_string(self.work().join("data/hand/1/.medsets/manifest.sha256")).unwrap()
    }
}

const LABELS: &str = "id,finding\na,1\n";

const TABLE: &str = "\n[[dataset]] # labels are enough\nid = \"hand\"\nexclude = [\"images.zip\"]\n";

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
}

#[test]
fn other_files_that_a_person_takes_are_pinned_in_place_of_the_locks() {
    for first in [Machine::with_labels(), Machine::with_all()] {
        let machine = Machine::clone_of(&first);
        let (project, before) = (machine.project(), machine.lock());
        let newer = "id,finding\n";
        let labels = machine.got(newer) + "/labels.csv";
        let (was, now) = (Digest::sha256(LABELS.as_bytes()), Digest::sha256(newer.as_bytes()));
        let pinning = ["sync", "--accept-changed", "hand:labels.csv", "--reason", "a newer one"];
        // Nothing of it is here, and nobody can be asked: the lock stays.
        machine.home.run(&pinning).expect(26);
        assert_eq!(machine.lock(), before);
        let refused = machine.home.run(&["import", "hand", &labels]).expect(40);
        let remedies = [
            "add `--accept-changed 'labels.csv' --reason TEXT`",
            "`medsets sync --accept-changed 'hand:labels.csv' --reason TEXT`",
        ];
        refused.says(&[&was.to_string(), &now.to_string()]).says(&remedies);
        let taken =
            machine.home.run(&["import", "hand", &labels, "--accept-changed", "labels.csv", "--reason", "newer"]);
        taken.expect(0).says(&remedies[1..]);
        machine.home.run(&["import", "hand", &machine.got(newer), "--dry-run"]).expect(0);
        machine.home.run(&["sync", "--check"]).expect(62);
        assert_eq!(machine.lock(), before, "only by a further word");
        if first.project().contains("exclude") {
            machine.home.run(&pinning).expect(0);
        } else {
            let images = machine.got(newer) + "/images.zip";
            machine.home.run(&["import", "hand", &images]).expect(0);
            machine.home.run(&pinning).expect(0);
        }
        let lock = machine.lock();
        machine.home.run(&pinning).expect(0);
        assert_eq!(machine.lock(), lock, "what is pinned stays");
        assert!(lock.contains(&format!("sha256 = \"{}\", from = \"accepted\"", now.hex())), "{lock}");
        assert!(lock.contains("a newer one"), "{lock}");
        machine.is_met();
        assert_eq!(machine.project(), project);
        // Nobody published another digest: others are told what it was, and an audit only warns.
        machine.home.run(&["sync"]).expect(0).says(&["than an earlier lock had", "by somebody's word: a newer one"]);
        let audited = machine.home.run(&["audit"]);
        assert!(!audited.stdout.contains("checksum-mismatch"), "{audited:?}");
        assert!(audited.stdout.contains("checksum-missing") && audited.stdout.contains("newer"), "{audited:?}");
    }
}

#[test]
fn a_part_of_what_is_got_by_hand_reaches_its_lock() {
    let first = Machine::with_labels();
    first.is_met();
    let digest = Digest::sha256(LABELS.as_bytes());
    let other = Machine::clone_of(&first);
    let wrong = "id,finding\na,2\n";
    let told = [&digest.to_string(), &Digest::sha256(wrong.as_bytes()).to_string(), "the lock of this project"];
    for got in [other.got(wrong), other.got(wrong) + "/labels.csv"] {
        other.home.run(&["import", "hand", &got]).expect(40).says(&told);
        assert!(!other.work().join("data/hand").exists());
    }
    other.home.run(&["import", "hand", &(other.got(LABELS) + "/labels.csv")]).expect(0);
    other.is_met();
    assert_eq!(other.manifest(), first.manifest());

    // All of it is more than the lock asks for, and no less.
    let third = Machine::clone_of(&first);
    third.home.run(&["import", "hand", &third.got(LABELS)]).expect(0);
    third.home.run(&["sync"]).expect(0).says(&["`medsets sync --prune` removes"]);
    third.home.run(&["sync", "--check"]).expect(62).says(&["more than asked for"]);
    third.home.run(&["sync", "--prune"]).expect(0);
    third.is_met();
    assert_eq!(third.manifest(), first.manifest());
}

#[test]
fn a_choice_of_what_was_brought_before_is_met_by_it() {
    let machine = Machine::new();
    machine.home.run(&["init"]).expect(0);
    machine.home.run(&["import", "hand", &(machine.got(LABELS) + "/labels.csv")]).expect(0);
    machine.home.run(&["add", "hand", "--exclude", "images.zip"]).expect(0);
    machine.home.run(&["lock"]).expect(0);
    machine.is_met();
}

#[test]
fn what_an_entry_calls_given_out_by_hand_is_whole_once_it_was_imported() {
    let machine = Machine::new();
    let by_hand = "distribution = { kind = \"by-hand\", reason = \"A form.\", instead = \"Fill it in.\" }\n";
    machine.knows(&(by_hand.to_owned() + &made_up("hand", RELEASE)));
    machine.home.run(&["init"]).expect(0);
    machine.home.run(&["add", "hand"]).expect(0);
    machine.home.run(&["sync"]).expect(26).says(&["Fill it in"]);
    machine.home.run(&["import", "hand", &machine.got(LABELS)]).expect(0);
    machine.home.run(&["lock"]).expect(0);
    machine.is_met();
}

#[test]
fn an_import_goes_by_the_lock_whatever_the_catalogue_has_by_now() {
    for first in [Machine::with_labels(), Machine::with_all()] {
        let newer = made_up("hand", RELEASE).replace("version = \"1\"", "version = \"2\"");
        let edited = made_up("hand", RELEASE).replace("Made up", "Made up anew");
        for entry in [Some(newer), Some(edited), None] {
            let machine = Machine::clone_of(&first);
            match &entry {
                Some(entry) => machine.knows(entry),
                None => std::fs::remove_file(machine.home.path().join("catalog/hand.toml")).unwrap(),
            }
            machine.home.run(&["import", "hand", &machine.got("id,finding\na,2\n")]).expect(40);
            let labels = machine.got(LABELS) + "/labels.csv";
            let images = machine.got(LABELS) + "/images.zip";
            machine.home.run(&["import", "hand", &labels]).expect(0);
            if !first.project().contains("exclude") {
                machine.home.run(&["import", "hand@1", &images]).expect(0);
            }
            machine.home.run(&["sync", "--frozen"]).expect(0);
            machine.home.run(&["sync", "--check"]).expect(0);
            assert_eq!(machine.manifest(), first.manifest());
        }
    }
    // Another release may be brought beside it.
    let machine = Machine::with_all();
    let both = made_up("hand", RELEASE) + "\n[[release]]\nversion = \"2\"\nlicense = \"CC0-1.0\"\n\n" + RELEASE;
    machine.knows(&both);
    machine.home.run(&["import", "hand@2", &machine.got("id,finding\na,2\n")]).expect(0);
    assert!(machine.work().join("data/hand/2/.medsets/receipt.json").exists());
}

#[test]
fn files_for_what_the_lock_alone_knows_are_brought_as_the_remedy_says() {
    let publisher = Publisher::start();
    let first = lock::Machine::new(&publisher, &publisher.entry("Made", "data"));
    first.run(&["sync"]).expect(0);
    let other = lock::Machine::new(&publisher, &publisher.entry("Made", "data"));
    other.clone_from(&first);
    std::fs::remove_file(std::path::Path::new(&other.catalog).join("made.toml")).unwrap();
    other.run(&["sync", "--offline"]).expect(30).says(&["`medsets import made@1 PATH...`"]);
    let got = other.home.path().join("got");
    std::fs::create_dir(&got).unwrap();
    for (name, bytes) in &*publisher.files.lock().unwrap() {
        std::fs::write(got.join(name), bytes).unwrap();
    }
    other.run(&["import", "made@1", got.to_str().unwrap(), "--offline"]).expect(0);
    other.run(&["sync", "--offline"]).expect(0);
    assert_eq!(first.tree("made/1"), other.tree("made/1"));
}

/// Files of which an entry says one by one that a person must get them.
#[test]
fn what_is_missing_of_what_is_got_by_hand_is_missing() {
    let by_hand = made_up("hand", &RELEASE.replace("path = ", "manual = true\npath = "));
    let first = Machine::new();
    first.knows(&by_hand);
    first.home.run(&["init"]).expect(0);
    first.home.run(&["add", "hand"]).expect(0);
    first.home.run(&["import", "hand", &first.got(LABELS)]).expect(0);
    first.home.run(&["lock"]).expect(0);
    first.is_met();
    let other = Machine::clone_of(&first);
    other.knows(&by_hand);
    other.home.run(&["import", "hand", &(other.got(LABELS) + "/labels.csv")]).expect(0);
    for command in [&["sync"][..], &["sync", "--locked"], &["sync", "--frozen"], &["sync", "--prune"]] {
        other.home.run(command).expect(26).says(&["images.zip"]);
    }
    let check = other.home.run(&["sync", "--check"]).expect(62);
    assert!(check.stdout.contains("part"), "{check:?}");

    // And what is more goes.
    let third = Machine::new();
    third.knows(&by_hand);
    third.home.run(&["init"]).expect(0);
    third.home.run(&["add", "hand", "--exclude", "images.zip"]).expect(0);
    third.home.run(&["import", "hand", &third.got(LABELS)]).expect(0);
    third.home.run(&["lock"]).expect(0);
    third.home.run(&["sync", "--prune"]).expect(0);
    third.is_met();
    assert!(!third.manifest().contains("a.png"), "{}", third.manifest());
}

/// A file that only a person can get, beside others, stays as long as the lock pins it.
#[test]
fn pruning_leaves_what_a_person_got_and_the_lock_pins() {
    let publisher = Publisher::start();
    let entry = publisher.entry("Made", "data") + "\n[[release.file]]\npath = \"form.csv\"\nmanual = true\n";
    let machine = lock::Machine::new(&publisher, &entry);
    lock::project(&machine, "data-dir = \"data\"\n\n[[dataset]]\nid = \"made\"\nexclude = [\"labels.csv\"]\n");
    let got = machine.home.path().join("got");
    std::fs::create_dir(&got).unwrap();
    std::fs::write(got.join("form.csv"), "q,a\n").unwrap();
    for (name, bytes) in &*publisher.files.lock().unwrap() {
        std::fs::write(got.join(name), bytes).unwrap();
    }
    machine.run(&["import", "made", got.to_str().unwrap()]).expect(0);
    machine.run(&["sync"]).expect(0).says(&["`medsets sync --prune` removes"]);
    machine.run(&["sync", "--prune"]).expect(0);
    let made = machine.work().join("data/made/1/data");
    let files = tree(&made).into_keys().collect::<Vec<_>>();
    assert_eq!(files, ["form.csv", "notes.txt", "one.png", "two.png"], "{}", machine.lock());
    machine.run(&["verify", "made"]).expect(0);
    machine.run(&["sync", "--prune"]).expect(0);
    assert!(made.join("form.csv").exists());
}

/// Only what is here already needs no more than its agreements.
#[test]
fn pruning_opens_no_gate() {
    let publisher = Publisher::start();
    let fee = "[[requires]]\nkind = \"fee\"\nid = \"fee\"\ntitle = \"Pay the fee\"\n\n[[release]]";
    let machine = lock::Machine::new(&publisher, &publisher.entry("Made", "data").replace("[[release]]", fee));
    lock::project(&machine, "data-dir = \"data\"\n\n[[dataset]]\nid = \"made\"\ninclude = [\"labels.csv\"]\n");
    let pictures = machine.home.path().join("pictures.zip");
    std::fs::write(&pictures, &publisher.files.lock().unwrap()["pictures.zip"]).unwrap();
    machine.run(&["lock"]).expect(0);
    machine.run(&["import", "made", pictures.to_str().unwrap()]).expect(0);
    let asked = publisher.host.log().len();
    let refused = machine.run(&["sync"]);
    assert!(matches!(refused.code, Some(20..=29)), "{refused:?}");
    for _ in 0..2 {
        assert_eq!(machine.run(&["sync", "--prune"]).code, refused.code);
    }
    assert_eq!(publisher.host.log().len(), asked, "{:#?}", publisher.host.log());
}

/// Other bytes are pinned by a run that ends well alone.
#[test]
fn other_bytes_that_are_not_here_any_more_are_not_pinned() {
    let machine = Machine::with_all();
    let before = machine.lock();
    let newer = "id,finding\n";
    let labels = machine.got(newer) + "/labels.csv";
    let word = ["--accept-changed", "labels.csv", "--reason", "newer"];
    machine.home.run(&[&["import", "hand", &labels][..], &word].concat()).expect(0);
    std::fs::remove_file(machine.work().join("data/hand/1/data/labels.csv")).unwrap();
    let pinning = ["sync", "--accept-changed", "hand:labels.csv", "--reason", "a newer one"];
    machine.home.run(&pinning).expect(26);
    assert_eq!(machine.lock(), before);
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
