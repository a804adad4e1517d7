//! Locks that somebody else wrote, or that were damaged, edited or merged: none opens a gate, takes
//! a credential elsewhere, is called whole when it is not, or costs a person's files.

use std::path::PathBuf;

use medsets::values::Digest;

use crate::lock::{Machine, Publisher, beside, project};
use crate::support::host::{Host, Reply};

/// Puts another entry in the place of the one that the lock pins, as an attacker would.
fn swap_entry(machine: &Machine, id: &str, change: impl Fn(&str) -> String) {
    let lock = machine.lock();
    let table = lock.split("[[dataset]]").find(|table| table.contains(&format!("id = \"{id}\""))).unwrap();
    let old = table.split("entry = \"sha256:").nth(1).unwrap()[..64].to_owned();
    let folder = machine.work().join("medsets.lock.d");
    let text = std::fs::read_to_string(folder.join(format!("{old}.toml"))).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text, "nothing was changed");
    let new = Digest::sha256(changed.as_bytes()).hex();
    std::fs::write(folder.join(format!("{new}.toml")), changed).unwrap();
    machine.forge_lock(&lock.replace(&old, &new));
}

/// The list of files that lies beside the lock.
fn listing(machine: &Machine) -> PathBuf {
    beside(machine, ".jsonl.zst").remove(0)
}

#[test]
fn an_entry_without_requirements_opens_no_gate() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    project(&machine, "[[dataset]]\nid = \"demo-gated\"\n");
    machine.run(&["lock"]).expect(0);
    swap_entry(&machine, "demo-gated", |text| {
        let mut open = String::new();
        let mut is_left_out = false;
        for line in text.lines() {
            if line.starts_with('[') {
                is_left_out = line.starts_with("[[requires]]");
            }
            if !is_left_out {
                open.push_str(&line.replace("LicenseRef-medsets-demo", "CC0-1.0"));
                open.push('\n');
            }
        }
        open
    });
    machine.forge_lock(&machine.lock().replace("license = \"LicenseRef-medsets-demo\"\n", "license = \"CC0-1.0\"\n"));
    for command in [&["sync", "--locked"][..], &["sync", "--frozen"], &["sync"], &["fetch", "demo-gated"]] {
        machine.run(command).expect(23);
        assert!(!machine.work().join("data/demo-gated").exists(), "{command:?}");
    }
    // Nor does calling it a dataset that the catalogue does not have.
    let lock = machine.lock();
    machine.forge_lock(&lock.replace("source = ", "reference = \"zenodo:1\"\nsource = "));
    machine.run(&["sync", "--frozen"]).expect(12).says(&["outside the catalogue", "zenodo:1"]);
    assert!(!machine.work().join("data/demo-gated").exists());
}

#[test]
fn a_credential_goes_nowhere_that_only_the_lock_names() {
    let evil = Host::start(|asked| Reply::file(asked, b"anything".to_vec()));
    let publisher = Publisher::start();
    let entry = publisher.entry("Made", "data").replace(
        "base = \"https://files.example.org/made/\"\n",
        "base = \"https://files.example.org/made/\"\nauth = \"basic\"\n",
    );
    let mut machine = Machine::new(&publisher, &entry);
    let rewrites =
        format!("https://files.example.org/={};https://evil.example.org/={}", publisher.host.url(), evil.url());
    machine.home = std::mem::replace(&mut machine.home, crate::support::home::Home::new())
        .with("MEDSETS_REWRITE", rewrites)
        .with("MEDSETS_USER_HTTP_FILES_EXAMPLE_ORG", "ada")
        .with("MEDSETS_PASSWORD_HTTP_FILES_EXAMPLE_ORG", "a-word-of-nobody");
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine.run(&["sync"]).expect(0);
    let is_used = |asked: &crate::support::host::Asked| asked.header("authorization").is_some();
    assert!(publisher.host.log().iter().any(is_used), "where the catalogue's entry leads it goes along");
    std::fs::remove_dir_all(machine.work().join("data")).unwrap();
    swap_entry(&machine, "made", |text| {
        text.replace(
            "path = \"labels.csv\"\n",
            "path = \"labels.csv\"\nat.web.url = \"https://evil.example.org/labels.csv\"\n",
        )
    });
    for command in [&["sync", "--locked"][..], &["fetch", "made"]] {
        machine.run(command).expect(12).says(&["wants a credential", "none is sent there"]);
    }
    assert!(evil.log().is_empty(), "nobody is asked where only the lock leads");
}

/// A lock whose entry asks for nothing, when the catalogue by now hands the dataset out by no
/// channel, or not at all.
#[test]
fn a_dataset_without_a_channel_today_is_asked_about_all_the_same() {
    let publisher = Publisher::start();
    let entry = publisher.entry("Made", "data");
    let requires = "\n[[requires]]\nkind = \"agreement\"\nid = \"terms\"\ntitle = \"Accept the terms\"\n\
                    license = \"LicenseRef-medsets-demo\"\n";
    let without_channel: String = {
        let (above, rest) = entry.split_once("[[release.source]]").unwrap();
        let (_, files) = rest.split_once("[[release.file]]").unwrap();
        format!("{above}[[release.file]]{files}")
    };
    let not_distributed = without_channel
        .replace("\n[[release]]", "\n[distribution]\nkind = \"none\"\nreason = \"taken back\"\n\n[[release]]");
    for (today, code) in [(format!("{without_channel}{requires}"), 23), (not_distributed, 27)] {
        let machine = Machine::new(&publisher, &entry);
        project(&machine, "[[dataset]]\nid = \"made\"\n");
        machine.run(&["sync"]).expect(0);
        machine.run(&["sync", "--frozen"]).expect(0);
        std::fs::remove_dir_all(machine.work().join("data")).unwrap();
        machine.home.overlay("made.toml", &today);
        for command in [&["sync", "--locked"][..], &["sync", "--frozen"], &["sync"], &["fetch", "made@1"]] {
            machine.run(command).expect(code);
            assert!(!machine.work().join("data/made").exists(), "{command:?}");
        }
    }
}

#[test]
fn a_lock_that_answers_another_question_is_refused() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    project(&machine, "[[dataset]]\nid = \"demo\"\n");
    machine.run(&["lock"]).expect(0);
    let input = |lock: &str| lock.split("input = \"").nth(2).unwrap()[..71].to_owned();
    let of_demo = input(&machine.lock());
    project(&machine, "[[dataset]]\nid = \"demo-gated\"\n");
    machine.run(&["lock"]).expect(0);
    let gated = machine.lock();
    let top = gated.split("input = \"").nth(1).unwrap()[..71].to_owned();
    let forged = gated.replace(&input(&gated), &of_demo).replace(&top, &Digest::sha256(of_demo.as_bytes()).to_string());
    machine.forge_lock(&forged);
    project(&machine, "[[dataset]]\nid = \"demo\"\n");
    for command in [&["sync"][..], &["sync", "--locked"], &["sync", "--check"], &["lock", "--check"]] {
        machine.run(command).expect(12).says(&["is not what line 4 of `medsets.toml` asks for"]);
    }
    machine.run(&["lock", "--upgrade"]).expect(0);
    machine.run(&["sync"]).expect(0);
    // What follows from the entry and the project file is not taken from the lock.
    let lock = machine.lock();
    machine.forge_lock(&lock.replace("license = \"CC0-1.0\"", "license = \"MIT\""));
    machine.run(&["lock", "--check"]).expect(12);
    for command in [&["sync", "--frozen"][..], &["sync", "--check"]] {
        machine.run(command).expect(12).says(&["`MIT`", "the entry that it pins names `CC0-1.0`"]);
    }
    let ran = machine.run(&["lock"]).expect(0);
    assert!(ran.stdout.contains("licence: MIT -> CC0-1.0"), "{}", ran.stdout);
    assert_eq!(machine.lock(), lock);
    machine.forge_lock(&lock.replace("source = \"", "source = \"../"));
    machine.run(&["sync", "--frozen"]).expect(12);
    // Without what lies beside it a lock is not whole.
    machine.write_lock(&lock);
    std::fs::remove_dir_all(machine.work().join("medsets.lock.d")).unwrap();
    machine.run(&["lock", "--check"]).expect(12);
    machine.run(&["lock"]).expect(0);
    machine.run(&["lock", "--check"]).expect(0);
}

#[test]
fn no_secret_of_an_entry_comes_beside_the_lock() {
    let publisher = Publisher::start();
    for secret in ["https://ada:hunter2@files.example.org/made/", "https://files.example.org/made/?sig=hunter2"] {
        let entry = publisher.entry("Made", "data").replace("https://files.example.org/made/", secret);
        let machine = Machine::new(&publisher, &entry);
        let ran = machine.run(&["lock"]);
        assert_ne!(ran.code, Some(0), "{}", ran.stdout);
        assert!(!machine.work().join("medsets.lock.d").exists() && !ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}

/// A listing beside the lock: damaged, edited, or something that is no file.
#[test]
fn a_listing_that_is_not_the_pinned_one_is_told_and_mended() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let mut entry = publisher.entry("Made", "data");
    for number in 0..1_001 {
        let name = format!("{number:04}.txt");
        let (size, sha256) = (name.len(), Digest::sha256(name.as_bytes()).hex());
        entry.push_str(&format!("\n[[release.file]]\npath = \"{name}\"\nsize = {size}\nsha256 = \"{sha256}\"\n"));
        publisher.put(&name, name.as_bytes());
    }
    machine.home.overlay("made.toml", &entry);
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine.run(&["lock"]).expect(0);
    let (good, path) = (machine.lock(), listing(&machine));
    std::fs::write(&path, "junk").unwrap();
    machine.run(&["sync", "--locked"]).expect(12).says(&["is not the listing that the lock pins", "lock --upgrade"]);
    machine.run(&["lock", "--upgrade"]).expect(0);
    machine.run(&["lock", "--check"]).expect(0);
    machine.forge_lock(&good.replace(", unpinned = 1 }", " }"));
    machine.run(&["sync", "--frozen"]).expect(12).says(&["1 of them without SHA-256"]);
    machine.write_lock(&good);
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    machine.run(&["sync", "--locked"]).expect(12).says(&["FIFO"]);
    let lock = machine.work().join("medsets.lock");
    std::fs::remove_file(&lock).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
    machine.run(&["lock"]).expect(12).says(&["FIFO"]);
    machine.run(&["status"]).expect(0);
    machine.run(&["fetch", "demo"]).expect(0).says(&["it is not looked at"]);
}

#[test]
fn an_upgrade_without_the_listing_of_before_says_what_it_forgets() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let mut entry = publisher.entry("Made", "data");
    for number in 0..1_001 {
        let name = format!("{number:04}.txt");
        entry.push_str(&format!("\n[[release.file]]\npath = \"{name}\"\n"));
        publisher.put(&name, name.as_bytes());
    }
    machine.home.overlay("made.toml", &entry);
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine.run(&["sync"]).expect(0);
    // On another machine nothing but the lock knows what was seen first.
    let other = Machine::new(&publisher, &entry);
    other.clone_from(&machine);
    let whole = other.run(&["lock", "--upgrade"]).expect(0);
    assert!(!whole.stderr.contains("forgotten"), "{}", whole.stderr);
    other.clone_from(&machine);
    std::fs::remove_file(listing(&other)).unwrap();
    let says = ["is not there", "`made@1`", "1003 files is forgotten", "proven by no earlier lock", "medsets.lock.d"];
    other.run(&["lock", "--upgrade", "--dry-run"]).expect(0).says(&says);
    other.run(&["lock", "--upgrade"]).expect(0).says(&says);
}

#[test]
fn a_tree_that_no_side_of_a_merge_made_is_not_believed() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine.run(&["sync"]).expect(0);
    let good = machine.lock();
    let tree = good.lines().find(|line| line.starts_with("tree = ")).unwrap();
    let other = format!("tree = \"{}\"", Digest::sha256(b"another tree"));
    let conflict = good.replace(tree, &format!("<<<<<<< HEAD\n{other}\n=======\n{tree}\n>>>>>>> other"));
    machine.write_lock(&conflict);
    std::fs::remove_dir_all(machine.work().join("data")).unwrap();
    machine.run(&["lock", "--check"]).expect(12);
    machine.run(&["lock"]).expect(0);
    assert!(!machine.lock().contains("tree = "), "{}", machine.lock());
    machine.run(&["sync"]).expect(0);
    assert_eq!(machine.lock(), good);
    // A wrong one is told, and an upgrade by name makes it anew.
    machine.forge_lock(&good.replace(tree, &other));
    std::fs::remove_dir_all(machine.work().join("data")).unwrap();
    machine.run(&["sync"]).expect(40).says(&["came out as tree", "--upgrade=made"]);
    machine.run(&["lock", "--upgrade=made"]).expect(0);
    machine.run(&["sync"]).expect(0);
    assert_eq!(machine.lock(), good);
    // An upgrade of everything forgets no digest that nothing contradicts.
    std::fs::remove_dir_all(machine.work().join("data")).unwrap();
    machine.run(&["lock", "--upgrade"]).expect(0);
    assert_eq!(machine.lock(), good);
}

#[test]
fn files_that_changed_are_brought_back_and_a_persons_own_stay() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    let planned = machine.run(&["sync", "--dry-run"]).expect(0);
    assert!(!planned.stderr.contains("is whole here") && planned.stdout.contains("labels.csv"), "{planned:?}");
    machine.run(&["sync"]).expect(0);
    let whole = machine.tree("made/1");
    let dir = machine.work().join("data/made/1");
    std::fs::write(dir.join("data/one.png"), "something else").unwrap();
    machine.run(&["sync", "--frozen"]).expect(0);
    assert_eq!(machine.tree("made/1"), whole);
    std::fs::write(dir.join("thesis.txt"), "years of work").unwrap();
    project(&machine, "[[dataset]]\nid = \"demo\"\n");
    machine.run(&["sync", "--prune"]).expect(0).says(&["is not in the lock and stays", "thesis.txt"]);
    assert_eq!(std::fs::read(dir.join("thesis.txt")).unwrap(), b"years of work");
    // A data folder that others share is none of the project's own.
    let shared = machine.home.path().join("shared");
    std::fs::rename(machine.work().join("data"), &shared).unwrap();
    std::os::unix::fs::symlink(&shared, machine.work().join("data")).unwrap();
    std::fs::remove_file(shared.join("made/1/thesis.txt")).unwrap();
    machine.run(&["sync", "--prune"]).expect(2).says(&["not the project's own data folder"]);
    assert!(shared.join("made/1").exists());
    machine.run(&["sync", "--accept-changed", "nofile.csv", "--reason", "x"]).expect(2).says(&["`nofile.csv`"]);
    machine.run(&["sync", "--reason", "x"]).expect(2);
}

/// The same choice in another order is the same lock; a size that was learnt stays known.
#[test]
fn a_lock_does_not_depend_on_the_order_of_globs() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    project(&machine, "[[dataset]]\nid = \"made\"\ninclude = [\"*.zip\", \"*.csv\"]\n");
    machine.run(&["sync"]).expect(0);
    let first = machine.lock();
    project(&machine, "[[dataset]]\nid = \"made\"\ninclude = [\"*.csv\", \"*.zip\", \"*.csv\"]\n");
    machine.run(&["lock", "--check"]).expect(0);
    std::fs::remove_file(machine.work().join("medsets.lock")).unwrap();
    machine.run(&["lock"]).expect(0);
    assert_eq!(machine.lock(), first);
    machine.run(&["lock", "--upgrade", "--check"]).expect(0);
    // A fetch of the same choice is held by it.
    publisher.put("labels.csv", b"image,label\none.png,9\n");
    std::fs::remove_dir_all(machine.work().join("data")).unwrap();
    machine.run(&["fetch", "made", "--include", "*.zip", "--include", "*.csv"]).expect(40).says(&["labels.csv"]);
}
