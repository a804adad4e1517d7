//! Terms that change after a lock was made: the text of an agreement, and the licence itself.

use serde_json::Value;

use medsets::values::Digest;

use crate::lock::{Machine, Publisher, project, sealed};
use crate::support::home::{Ran, tree};

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

/// Where no agreement is missing the catalogue has nothing to do with it.
#[test]
fn who_lacks_an_account_is_told_so_without_a_catalogue() {
    let publisher = Publisher::start();
    let asked = "[[requires]]\nkind = \"account\"\nid = \"account\"\ntitle = \"Have an account\"\n\
                 provider = \"kaggle\"\n\n[[release]]";
    let entry = publisher.entry("Made", "data").replace("[[release]]", asked);
    let machine = Machine::new(&publisher, &entry);
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine.run(&["lock"]).expect(0);
    std::fs::remove_file(machine.home.path().join("overlay/made.toml")).unwrap();
    let ran = machine.run(&["sync"]).expect(20).says(&["medsets auth login kaggle"]);
    assert!(!ran.stderr.contains("--catalog DIR"), "{}", ran.stderr);
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

fn record(machine: &Machine, name: &str) -> String {
    std::fs::read_to_string(machine.work().join("data/made/1").join(name)).unwrap()
}

/// Entries of the ledger about `made`.
fn entries(machine: &Machine) -> Vec<Value> {
    let shown = machine.json(&["ledger", "show"]);
    let all = shown["data"]["entries"].as_array().unwrap_or_else(|| panic!("{shown:#}"));
    all.iter().filter(|entry| entry["dataset"] == "made").cloned().collect()
}

#[test]
fn records_follow_a_licence_that_changed_and_no_byte_is_fetched() {
    const NEW: &str = "CC-BY-NC-4.0";
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    let (bytes, made) = (machine.tree("made/1"), entries(&machine).len());
    relicense(&publisher, &machine, NEW);
    // As long as the lock is of the old terms, so are the records.
    machine.run(&["sync"]).expect(0).says(&["was made under `CC0-1.0`", NEW]);
    assert!(record(&machine, ".medsets/receipt.json").contains("CC0-1.0"));
    machine.run(&["sync", "--check"]).expect(0);
    machine.run(&["lock", "--upgrade=made"]).expect(0);
    let asked = publisher.host.log().len();
    let differs = "the records of `made@1` say `CC0-1.0`, and its terms are `CC-BY-NC-4.0` by now";
    machine.run(&["sync", "--check"]).expect(62).says(&["other terms", differs, "`medsets sync` brings it"]);
    machine.run(&["status", "--exit-code"]).expect(62);
    machine.run(&["sync", "--dry-run"]).expect(0).says(&[differs]);
    assert!(record(&machine, ".medsets/receipt.json").contains("CC0-1.0"));
    machine.run(&["sync", "--frozen", "--offline"]).expect(0).says(&[differs, "no byte was fetched"]);
    for name in [".medsets/receipt.json", "TERMS.md", "README.md"] {
        let text = record(&machine, name);
        assert!(text.contains(NEW) && !text.contains("CC0-1.0"), "{name}: {text}");
    }
    let entered = entries(&machine);
    assert_eq!(entered.len(), made + 1, "{entered:#?}");
    assert!(entered.iter().any(|one| one["note"] == "terms renewed: CC0-1.0 -> CC-BY-NC-4.0"), "{entered:#?}");
    assert_eq!(machine.tree("made/1"), bytes);
    machine.run(&["sync", "--check"]).expect(0);
    machine.run(&["verify", "made"]).expect(0);
    machine.run(&["ledger", "verify"]).expect(0);
    let again = machine.run(&["sync"]).expect(0);
    assert!(!again.stderr.contains("its terms are"), "{}", again.stderr);
    assert_eq!(entries(&machine).len(), made + 1);
    assert_eq!(publisher.host.log().len(), asked);
}

#[test]
fn what_an_audit_advises_about_terms_does_help() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    std::fs::remove_file(machine.work().join("medsets.toml")).unwrap();
    machine.run(&["fetch", "made"]).expect(0);
    relicense(&publisher, &machine, "CC-BY-NC-4.0");
    let finding = |machine: &Machine| {
        let audit = machine.json(&["audit", "made"]);
        let all = audit["data"]["findings"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["code"] == "terms-differ")
    };
    let found = finding(&machine).expect("the receipt is laxer");
    assert!(
        found["fix"].as_str().unwrap().contains("`medsets fetch made@1` brings the records of your own copy"),
        "{found}"
    );
    machine.run(&["--offline", "fetch", "made@1"]).expect(0).says(&["they were brought up to date"]);
    assert!(finding(&machine).is_none());
}

#[test]
fn records_of_somebody_else_stay_as_they_are() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    std::fs::remove_file(machine.work().join("medsets.toml")).unwrap();
    machine.run(&["fetch", "made"]).expect(0);
    let dir = machine.home.data().join("made/1");
    let before = tree(&dir);
    relicense(&publisher, &machine, "CC-BY-NC-4.0");
    let mut command = machine.home.command(&["--catalog", &machine.catalog, "fetch", "made"]);
    let ran = Ran::from(command.env("USER", "grace").env("LOGNAME", "grace").output().unwrap()).expect(0);
    assert!(!ran.stderr.contains("up to date"), "{}", ran.stderr);
    assert_eq!(tree(&dir), before);
}

/// A licence that was given to other files, or not to each of them, is not that of what is here.
#[test]
fn records_do_not_follow_a_licence_of_other_files() {
    let publisher = Publisher::start();
    let with_terms = |license: &str, labels: &str| {
        let entry = publisher.entry("Made", "data").replace("CC0-1.0", license);
        entry.replace("path = \"labels.csv\"", &format!("path = \"labels.csv\"\n{labels}"))
    };
    let machine = Machine::new(&publisher, &with_terms("CC-BY-NC-4.0", ""));
    std::fs::remove_file(machine.work().join("medsets.toml")).unwrap();
    machine.run(&["fetch", "made"]).expect(0);
    let receipt = || std::fs::read(machine.home.data().join("made/1/.medsets/receipt.json")).unwrap();
    let before = receipt();
    // One file keeps the terms that all of them had, or another one comes in its place.
    machine.home.overlay("made.toml", &with_terms("CC0-1.0", "license = \"CC-BY-NC-4.0\""));
    let told = ["they stay as they are, because", "`medsets remove made@1`, then fetch it anew"];
    machine.run(&["fetch", "made"]).expect(0).says(&told).says(&["`data/labels.csv` has terms of its own"]);
    machine.run(&["fetch", "made", "--dry-run"]).expect(0).says(&told);
    assert_eq!(receipt(), before);
    let other = Digest::sha256(b"other").hex();
    machine.home.overlay("made.toml", &with_terms("CC0-1.0", &format!("sha256 = \"{other}\"")));
    machine.run(&["fetch", "made"]).expect(0).says(&told).says(&[&other]);
    assert_eq!(receipt(), before);
    machine.run(&["audit", "made", "--for", "share-raw,use-commercially"]).expect(60);
}

#[test]
fn new_terms_are_met_before_records_name_them() {
    let (publisher, machine) = gated();
    let entry = entry_of(&machine);
    relicense(&publisher, &machine, "CC0-1.0");
    machine.run(&["sync"]).expect(0);
    machine.home.overlay("made.toml", &entry);
    machine.run(&["lock", "--upgrade=made"]).expect(0);
    machine.run(&["sync"]).expect(23);
    assert!(record(&machine, ".medsets/receipt.json").contains("CC0-1.0"));
    let text = accept(&machine);
    machine.run(&["sync"]).expect(0).says(&["its terms are `LicenseRef-made` by now"]);
    let receipt = record(&machine, ".medsets/receipt.json");
    assert!(receipt.contains("LicenseRef-made") && receipt.contains(&text), "{receipt}");
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
    prints(ran, &format!("made@1  added: 2 files, {known} B and 1 file of unknown size\n"));
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
    let line = "medsets sync --accept-changed 'made:labels.csv' --reason TEXT";
    let ran = machine.run(&["lock"]).expect(0).says(&["the first stands", line]);
    assert!(!ran.stderr.contains("--upgrade"), "an upgrade keeps what nobody published: {}", ran.stderr);
    publisher.put("labels.csv", bytes);
    std::fs::remove_dir_all(machine.work().join("data/made")).unwrap();
    machine.run(&["sync"]).expect(40);
    machine.run(&["sync", "--accept-changed", "made:labels.csv", "--reason", "the other branch is right"]).expect(0);
    assert!(machine.lock().contains(&Digest::sha256(bytes).hex()));
    machine.run(&["sync", "--check"]).expect(0);
}
