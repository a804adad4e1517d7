//! What a lock says of terms and sizes, and how it is brought up to date.

use medsets::values::Digest;

use crate::lock::{Machine, Publisher, project, sealed};
use crate::support::home::Ran;

const PAGE: &str = "/terms/a.txt";
const LICENSE: &str = "id = \"LicenseRef-made\"\nname = \"Made-up terms\"\nversion = \"1\"\nkind = \"signed-dua\"\n\
                       url = \"https://files.example.org/terms/a.txt\"\ntext = \"page\"\nsummary = \"Be kind.\"\n\n[terms]\n";

/// A project with `made` alone, under terms whose text is on a page of its publisher.
fn gated() -> (Publisher, Machine) {
    let publisher = Publisher::start();
    publisher.put(PAGE, b"Use it well.\n");
    let machine = machine(&publisher);
    (publisher, machine)
}

fn machine(publisher: &Publisher) -> Machine {
    let asked = "[[requires]]\nkind = \"agreement\"\nid = \"terms\"\ntitle = \"Accept the terms\"\n\
                 license = \"LicenseRef-made\"\n\n[[release]]";
    let entry = publisher.entry("Made", "data").replace("CC0-1.0", "LicenseRef-made").replace("[[release]]", asked);
    let machine = Machine::new(publisher, &entry);
    std::fs::create_dir(machine.home.path().join("overlay/licenses")).unwrap();
    machine.home.overlay("licenses/LicenseRef-made.toml", LICENSE);
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine
}

/// Accepts the text as it is on its page, and gives its digest.
fn accept(machine: &Machine) -> String {
    let offer = machine.json(&["access", "accept", "made", "--dry-run"]);
    let digest = offer["data"]["text_digest"].as_str().unwrap().to_owned();
    machine.run(&["access", "accept", "made", "--text-digest", &digest]).expect(0);
    digest
}

#[track_caller]
fn prints(ran: Ran, part: &str) {
    assert!(ran.stdout.contains(part), "`{part}` is not in: {}", ran.stdout);
}

#[test]
fn an_upgrade_notes_the_text_of_a_page_that_was_accepted_since() {
    let (publisher, machine) = gated();
    let first = accept(&machine);
    machine.run(&["sync"]).expect(0);
    let before = machine.lock();
    assert!(before.contains(&first["sha256:".len()..]), "{before}");
    publisher.put(PAGE, b"Use it well, and pay.\n");
    let second = accept(&machine);
    assert_ne!(first, second);
    let help = "medsets lock --upgrade=made";
    machine.run(&["sync", "--frozen"]).expect(24).says(&[&first, &second, help]);
    // Only who asks for it gets another text.
    machine.run(&["lock"]).expect(0);
    assert_eq!(machine.lock(), before);
    let told = format!("made@1  text of LicenseRef-made: {first} -> {second}");
    prints(machine.run(&["lock", "--upgrade=made", "--dry-run"]).expect(0), &told);
    assert_eq!(machine.lock(), before);
    prints(machine.run(&["lock", "--upgrade=made"]).expect(0), &told);
    let hex = |digest: &str| digest["sha256:".len()..].to_owned();
    assert_eq!(machine.lock(), sealed(&before.replace(&hex(&first), &hex(&second))));
    machine.run(&["sync", "--frozen"]).expect(0);
    prints(machine.run(&["lock", "--upgrade=made"]).expect(0), "as it was");
}

#[test]
fn an_upgrade_by_somebody_who_accepted_nothing_keeps_the_text() {
    let (publisher, machine) = gated();
    accept(&machine);
    machine.run(&["sync"]).expect(0);
    let other = self::machine(&publisher);
    other.clone_from(&machine);
    other.run(&["lock", "--upgrade"]).expect(0);
    assert_eq!(other.lock(), machine.lock());
}

#[test]
fn a_page_that_changed_is_named_with_both_digests() {
    let (publisher, machine) = gated();
    let first = accept(&machine);
    machine.run(&["lock"]).expect(0);
    publisher.put(PAGE, b"Use it well, and pay.\n");
    let offer = machine.json(&["access", "accept", "made", "--dry-run"]);
    let second = offer["data"]["text_digest"].as_str().unwrap();
    machine.run(&["sync"]).expect(24).says(&["the text has changed", &first, second]);
}

#[test]
fn a_catalogue_without_the_terms_is_what_is_missing() {
    let (publisher, machine) = gated();
    accept(&machine);
    machine.run(&["sync"]).expect(0);
    let other = self::machine(&publisher);
    other.clone_from(&machine);
    for name in ["made.toml", "licenses/LicenseRef-made.toml"] {
        std::fs::remove_file(other.home.path().join("overlay").join(name)).unwrap();
    }
    let ran = other.run(&["sync", "--frozen"]).expect(23);
    let ran = ran.says(&["no dataset `made` and no licence `LicenseRef-made`", "--catalog DIR"]);
    assert!(!ran.stderr.contains("access accept"), "{}", ran.stderr);
    other.home.overlay("made.toml", &entry_of(&machine));
    let ran =
        other.run(&["sync", "--frozen"]).expect(23).says(&["the catalogue here has no licence `LicenseRef-made`"]);
    assert!(!ran.stderr.contains("access accept"), "{}", ran.stderr);
}

fn entry_of(machine: &Machine) -> String {
    std::fs::read_to_string(machine.home.path().join("overlay/made.toml")).unwrap()
}

#[test]
fn what_may_not_be_handed_on_is_not_said_to_be_imported() {
    let (_publisher, machine) = gated();
    accept(&machine);
    machine.run(&["sync"]).expect(0);
    machine.run(&["access", "withdraw", "made"]).expect(0);
    machine.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(23).says(&["`made` 1 cannot be handed on yet"]);
    let mirror = format!("file://{}", machine.home.path().join("share").display());
    std::fs::create_dir(machine.home.path().join("share")).unwrap();
    let pushed = machine.run(&["mirror", "push", "made", "--mirror", &mirror]).expect(23);
    pushed.says(&["`made` 1 cannot be handed on yet"]);
}

/// Changes the licence that the catalogue gives.
fn relicense(publisher: &Publisher, machine: &Machine, license: &str) {
    machine.home.overlay("made.toml", &publisher.entry("Made", "data").replace("CC0-1.0", license));
}

#[test]
fn a_look_at_an_upgrade_is_the_same_without_the_data() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    first.run(&["sync"]).expect(0);
    let second = Machine::new(&publisher, &publisher.entry("Made", "data"));
    second.clone_from(&first);
    for machine in [&first, &second] {
        machine.run(&["lock", "--upgrade=made", "--check"]).expect(0);
        relicense(&publisher, machine, "CC-BY-4.0");
        let ran = machine.run(&["lock", "--upgrade=made", "--check"]).expect(62);
        ran.says(&["`medsets lock --upgrade=made` writes it"]);
        machine.run(&["lock", "--upgrade=made"]).expect(0);
        machine.run(&["lock", "--upgrade=made", "--check"]).expect(0);
    }
}

#[test]
fn sizes_that_are_not_known_are_said_to_be_so() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let known = publisher.files.lock().unwrap()["pictures.zip"].len();
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    let ran = machine.run(&["lock"]).expect(0);
    prints(ran, &format!("made@1  added: 2 files, at least {known} B\n"));
    let json = machine.json(&["lock", "--upgrade"]);
    assert_eq!(json["data"]["datasets"][0]["of_unknown_size"], 1, "{json}");
    project(&machine, "[[dataset]]\nid = \"made\"\ninclude = [\"*.zip\"]\n");
    prints(machine.run(&["lock"]).expect(0), "1 file removed, size not known: labels.csv");
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    prints(machine.run(&["lock"]).expect(0), "1 file added, size not known: labels.csv");
    machine.run(&["sync"]).expect(0);
    project(&machine, "[[dataset]]\nid = \"made\"\ninclude = [\"*.zip\"]\n");
    prints(machine.run(&["lock"]).expect(0), "1 file removed, 22 B: labels.csv");
}

#[test]
fn the_advice_of_a_merge_takes_the_other_bytes() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine.run(&["sync"]).expect(0);
    let whole = machine.lock();
    let (before, ours) = whole.split_once("[[dataset]]\n").unwrap();
    let was = Digest::sha256(&publisher.files.lock().unwrap()["labels.csv"]).hex();
    let bytes = b"image,label\none.png,5\n";
    let theirs = ours.replace(&was, &Digest::sha256(bytes).hex());
    assert_ne!(ours, theirs);
    let (ours, theirs) = (format!("[[dataset]]\n{ours}"), format!("[[dataset]]\n{theirs}"));
    machine.write_lock(&format!("{before}<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> other\n"));
    let line = "medsets sync --accept-changed made:labels.csv --reason TEXT";
    let ran = machine.run(&["lock"]).expect(0).says(&["the first stands", line]);
    assert!(!ran.stderr.contains("--upgrade"), "an upgrade keeps what nobody published: {}", ran.stderr);
    publisher.put("labels.csv", bytes);
    std::fs::remove_dir_all(machine.work().join("data/made")).unwrap();
    machine.run(&["sync"]).expect(40);
    machine.run(&["sync", "--accept-changed", "made:labels.csv", "--reason", "the other branch is right"]).expect(0);
    assert!(machine.lock().contains(&Digest::sha256(bytes).hex()));
    machine.run(&["sync", "--check"]).expect(0);
}
