//! Locks that were edited by hand, damaged, or taken through git with other line ends: what is
//! amiss is told with its place, and never taken for truth.

use std::path::Path;
use std::process::Command;

use medsets::values::Digest;

use crate::lock::{Machine, Publisher, beside, project};

/// A machine that has synced `made` and `demo-gated`.
fn synced(publisher: &Publisher) -> Machine {
    let machine = Machine::new(publisher, &publisher.entry("Made", "data"));
    project(&machine, "[[dataset]]\nid = \"made\"\n\n[[dataset]]\nid = \"demo-gated\"\n");
    let refused = machine.run(&["sync"]).expect(23).stderr;
    let digest = refused.split("--text-digest ").nth(1).unwrap().split('`').next().unwrap().trim().to_owned();
    machine.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
    machine.run(&["sync"]).expect(0);
    machine
}

const READERS: [&[&str]; 5] = [&["lock", "--check"], &["sync", "--check"], &["sync", "--frozen"], &["sync"], &["lock"]];

#[test]
fn whatever_is_edited_in_a_table_is_refused_with_its_line() {
    let publisher = Publisher::start();
    let machine = synced(&publisher);
    let good = machine.lock();
    let line = |start: &str| good.lines().find(|line| line.trim_start().starts_with(start)).unwrap().to_owned();
    let without = |start: &str| good.replacen(&format!("{}\n", line(start)), "", 1);
    let zip = Digest::sha256(&publisher.files.lock().unwrap()["pictures.zip"]).hex();
    let text = good.split("license = \"LicenseRef-medsets-demo\", sha256 = \"").nth(1).unwrap()[..64].to_owned();
    let tree = good.split("tree = \"").nth(1).unwrap()[..71].to_owned();
    let other = Digest::sha256(b"something else");
    let edits = [
        ("sha256", good.replace(&zip, &other.hex())),
        ("path", good.replace("labels.csv", "labelz.csv")),
        ("from", good.replacen("from = \"first-use\"", "from = \"catalog\"", 1)),
        ("tree", good.replace(&tree, &other.to_string())),
        ("no tree", without("tree = ")),
        ("text", good.replace(&text, &other.hex())),
        ("no texts", {
            let (above, rest) = good.split_once("texts = [\n").unwrap();
            format!("{above}{}", rest.split_once("]\n").unwrap().1)
        }),
        ("licence", good.replace("license = \"LicenseRef-medsets-demo\"\n", "license = \"CC0-1.0\"\n")),
        ("bytes", good.replace(&line("bytes = "), "bytes = 1")),
        ("a file less", without("{ path = \"labels.csv\"")),
        ("a comment", good.replace("bytes = ", "# mine\nbytes = ")),
        (
            "a key below the digest",
            good.replace("\n\n[[dataset]]\nid = \"made\"", "\nlocated = false\n\n[[dataset]]\nid = \"made\""),
        ),
    ];
    for (what, edited) in &edits {
        assert_ne!(*edited, good, "{what}");
        machine.write_lock(edited);
        for reader in READERS {
            let refused = machine.run(reader).expect(12);
            assert!(refused.stderr.contains("medsets.lock"), "{what}, {reader:?}: {}", refused.stderr);
            assert!(refused.stderr.contains("line "), "{what}, {reader:?}: {}", refused.stderr);
            assert!(refused.stderr.contains("edited by hand"), "{what}, {reader:?}: {}", refused.stderr);
        }
        machine.run(&["status", "--exit-code"]).expect(62).says(&["the lock is unusable", "edited by hand"]);
        assert_eq!(machine.lock(), *edited, "{what}: nothing is lost");
    }
    machine.write_lock(&good);
    machine.run(&["lock", "--check"]).expect(0);
    machine.run(&["status", "--exit-code"]).expect(0);
}

/// With a digest made anew, or with none as in older locks, it still must be what the entry says.
#[test]
fn a_table_that_contradicts_the_entry_beside_it_is_refused() {
    let publisher = Publisher::start();
    let machine = synced(&publisher);
    let good = machine.lock();
    let older: String =
        good.lines().filter(|line| !line.starts_with("checked = ")).map(|line| format!("{line}\n")).collect();
    machine.write_lock(&older);
    for command in [&["sync", "--frozen"][..], &["sync", "--check"], &["status", "--exit-code"]] {
        machine.run(command).expect(0);
    }
    machine.run(&["lock", "--check"]).expect(12).says(&["medsets.lock` line ", "would be `checked = "]);
    let zip = publisher.files.lock().unwrap()["pictures.zip"].clone();
    let (hex, size) = (Digest::sha256(&zip).hex(), format!("size = {}", zip.len()));
    let number = good.lines().position(|line| line.contains("pictures.zip")).unwrap() + 1;
    let place = format!("`medsets.lock` line {number}");
    for (text, part) in [
        (good.replace(&hex, &Digest::sha256(b"x").hex()), hex.as_str()),
        (good.replace("labels.csv", "labelz.csv"), "names no such file"),
    ] {
        machine.forge_lock(&text);
        for reader in READERS {
            machine.run(reader).expect(12).says(&[part]);
        }
    }
    machine.forge_lock(&good.replace(&hex, &Digest::sha256(b"x").hex()));
    machine.run(&["sync", "--frozen"]).expect(12).says(&[&place, "edited by hand"]);
    let table = good.split("id = \"made\"").nth(1).unwrap().split("[[dataset]]").next().unwrap();
    let bytes: u64 = table.split("bytes = ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    let larger = table
        .replace(&size, "size = 1")
        .replace(&format!("bytes = {bytes}"), &format!("bytes = {}", bytes - zip.len() as u64 + 1));
    machine.forge_lock(&good.replace(table, &larger));
    machine.run(&["sync", "--frozen"]).expect(12).says(&["the lock 1"]);
    machine.run(&["lock", "--upgrade"]).expect(0);
    assert_eq!(machine.lock(), good);
}

#[test]
fn a_clone_with_other_line_ends_is_the_same_project() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    first.run(&["sync"]).expect(0);
    // By then the catalogue says something else, so that the entries beside the lock are needed.
    let second = Machine::new(&publisher, &publisher.entry("Made anew", "data/pictures"));
    second.clone_from(&first);
    let with_crlf = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, text.replace('\n', "\r\n")).unwrap();
    };
    ["medsets.toml", "medsets.lock"].iter().for_each(|name| with_crlf(&second.work().join(name)));
    beside(&second, ".toml").iter().for_each(|path| with_crlf(path));
    let lock = second.lock();
    second.run(&["lock", "--check"]).expect(0);
    second.run(&["sync", "--frozen"]).expect(0);
    second.run(&["sync"]).expect(0);
    second.run(&["sync", "--check"]).expect(0);
    second.run(&["status", "--exit-code"]).expect(0);
    assert_eq!(second.lock(), lock, "line ends alone are no reason to write");
    assert_eq!(second.tree("made/1"), first.tree("made/1"));
    // And the other way round: an entry that was written with such line ends.
    let third = Machine::new(&publisher, &publisher.entry("Made", "data").replace('\n', "\r\n"));
    third.run(&["sync"]).expect(0);
    for path in beside(&third, ".toml") {
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("\r\n", "\n")).unwrap();
    }
    third.home.overlay("made.toml", &publisher.entry("Made anew", "data"));
    third.run(&["lock", "--check"]).expect(0);
    third.run(&["sync", "--frozen"]).expect(0);
}

#[test]
fn status_sees_a_listing_that_is_gone_and_helps_with_a_newer_lock() {
    let publisher = Publisher::start();
    let mut entry = publisher.entry("Made", "data");
    for number in 0..1_001 {
        let name = format!("{number:04}.txt");
        let (size, sha256) = (name.len(), Digest::sha256(name.as_bytes()).hex());
        entry.push_str(&format!("\n[[release.file]]\npath = \"{name}\"\nsize = {size}\nsha256 = \"{sha256}\"\n"));
        publisher.put(&name, name.as_bytes());
    }
    let machine = Machine::new(&publisher, &entry);
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine.run(&["sync"]).expect(0);
    machine.run(&["status", "--exit-code"]).expect(0);
    let listing = beside(&machine, ".jsonl.zst").pop().unwrap();
    let good = std::fs::read(&listing).unwrap();
    for damage in [Some(&good[..good.len() / 2]), None] {
        match damage {
            Some(bytes) => std::fs::write(&listing, bytes).unwrap(),
            None => std::fs::remove_file(&listing).unwrap(),
        }
        machine.run(&["sync", "--check"]).expect(12).says(&["medsets.lock.d", "version control"]);
        let status =
            machine.run(&["status", "--exit-code"]).expect(62).says(&["the lock is unusable", "version control"]);
        assert!(!status.stdout.contains("lock: current"), "{}", status.stdout);
    }
    // Nobody can say any more of which of its files the size is known.
    project(&machine, "[[dataset]]\nid = \"demo\"\n");
    let told = machine.run(&["lock", "--dry-run"]).expect(0).stdout;
    assert!(
        told.contains("made@1  removed: 1003 files, ") && told.contains("B and 1003 files of unknown size"),
        "{told}"
    );
    let path = machine.work().join("medsets.lock");
    std::fs::write(&path, machine.lock().replace("version = 1\n", "version = 2\n")).unwrap();
    let status = machine.run(&["status", "--exit-code"]).expect(62).says(&["a newer medsets wrote it"]);
    assert!(!status.stderr.contains("`medsets lock` writes it"), "{}", status.stderr);
}

#[test]
fn frozen_names_what_the_catalogue_says_by_now_and_goes_on() {
    let publisher = Publisher::start();
    let entry = publisher.entry("Made", "data");
    let machine = Machine::new(&publisher, &entry);
    machine.run(&["sync"]).expect(0);
    let asked = publisher.host.log().len();
    machine.home.overlay(
        "made.toml",
        &entry.replace("CC0-1.0", "CC-BY-NC-4.0").replace("version = \"1\"", "version = \"1\"\nwithdrawn = true"),
    );
    let answer = machine.json(&["sync", "--frozen"]);
    assert_eq!(answer["exit"], 0, "{answer}");
    let found: Vec<(&str, &str, &str)> = answer["data"]["drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["what"].as_str().unwrap(), one["locked"].as_str().unwrap(), one["today"].as_str().unwrap()))
        .collect();
    assert!(found.contains(&("license", "CC0-1.0", "CC-BY-NC-4.0")), "{found:?}");
    assert!(found.iter().any(|one| one.0 == "withdrawn") && found.iter().any(|one| one.0 == "entry"), "{found:?}");
    assert_eq!(publisher.host.log().len(), asked, "nobody was asked");
}

#[test]
fn bytes_of_first_use_stay_that_on_the_second_machine() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    first.run(&["sync"]).expect(0).says(&["pinned on first use"]);
    let second = Machine::new(&publisher, &publisher.entry("Made", "data"));
    second.clone_from(&first);
    second.run(&["sync", "--frozen"]).expect(0).says(&["1 of the release's files pinned on first use"]);
    let audit = second.json(&["audit"]);
    let findings = audit["data"]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|one| one["code"] == "checksum-missing"), "{audit}");
    second.run(&["sync", "--check"]).expect(0);
    assert_eq!(second.lock(), first.lock());
    // Other bytes than those are refused all the same.
    publisher.put("labels.csv", b"image,label\none.png,7\n");
    std::fs::remove_dir_all(second.work().join("data")).unwrap();
    second.run(&["sync", "--frozen"]).expect(40);
}

#[test]
fn a_file_replaced_by_another_size_is_told_with_both_digests_at_once() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    first.run(&["sync"]).expect(0);
    let old = Digest::sha256(&publisher.files.lock().unwrap()["labels.csv"]).to_string();
    for new in [&b"short\n"[..], &[b'y'; 4_000], b""] {
        publisher.put("labels.csv", new);
        let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
        machine.clone_from(&first);
        let before = publisher.host.log().iter().filter(|asked| asked.path.contains("labels.csv")).count();
        let now = Digest::sha256(new).to_string();
        let ran = machine.run(&["sync", "--frozen"]).expect(40).says(&["labels.csv", &old, &now, "--accept-changed"]);
        assert!(!ran.stderr.contains("ended too early"), "{}", ran.stderr);
        let asked = publisher.host.log().iter().filter(|asked| asked.path.contains("labels.csv")).count();
        assert!(asked - before <= 2, "it is asked for once more at most, as whenever other bytes come");
        assert!(!machine.work().join("data/made/1").exists());
    }
}

/// The lock and the receipt say it as of every other change that was taken so.
#[test]
fn a_file_that_became_empty_is_taken_by_the_persons_word() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    first.run(&["sync"]).expect(0);
    publisher.put("labels.csv", b"");
    let second = Machine::new(&publisher, &publisher.entry("Made", "data"));
    second.clone_from(&first);
    let advice = "--accept-changed 'made:labels.csv' --reason TEXT";
    second.run(&["sync"]).expect(40).says(&["labels.csv", advice]);
    second.run(&["sync", "--accept-changed", "made:labels.csv", "--reason", "labels withdrawn"]).expect(0);
    let empty = Digest::sha256(b"").hex();
    let locked = second.lock();
    assert!(locked.contains(&format!("size = 0, sha256 = \"{empty}\", from = \"accepted\"")), "{locked}");
    let third = Machine::new(&publisher, &publisher.entry("Made", "data"));
    third.clone_from(&second);
    third.run(&["sync", "--frozen"]).expect(0).says(&["labels withdrawn"]);
    for machine in [&second, &third] {
        let made = machine.work().join("data/made/1");
        assert_eq!(std::fs::read(made.join("data/labels.csv")).unwrap(), b"");
        let receipt = std::fs::read_to_string(made.join(".medsets/receipt.json")).unwrap();
        assert!(receipt.contains("labels withdrawn"), "{receipt}");
        machine.run(&["verify", "made"]).expect(0);
        machine.run(&["sync", "--check"]).expect(0);
    }
    first.clone_from(&second);
    first.run(&["sync"]).expect(0);
    assert_eq!(std::fs::read(first.work().join("data/made/1/data/labels.csv")).unwrap(), b"");
}

#[test]
fn an_unfinished_merge_of_the_project_file_is_called_that() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let text =
        "[project]\nname = \"x\"\n\n[[dataset]]\n<<<<<<< HEAD\nid = \"made\"\n=======\nid = \"demo\"\n>>>>>>> other\n";
    let path = machine.work().join("medsets.toml");
    std::fs::write(&path, text).unwrap();
    for command in [&["lock"][..], &["add", "demo-gated"], &["sync"]] {
        machine.run(command).expect(10).says(&[
            "line 5",
            "an unfinished merge",
            "a header of its own such as `[[dataset]]`",
            "`medsets lock`",
        ]);
    }
    // Both sides' lines without the header that they shared.
    std::fs::write(&path, text.replace("<<<<<<< HEAD\n", "").replace("=======\n", "").replace(">>>>>>> other\n", ""))
        .unwrap();
    machine.run(&["lock"]).expect(10).says(&["line 6", "duplicate key", "a header each, such as `[[dataset]]`"]);
    std::fs::write(&path, text).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn data_that_git_would_take_along_are_told_of() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let says = |command: &str| machine.run(&[command]).expect(0).stderr.contains("git does not ignore the data");
    assert!(!says("lock"), "there is no git here");
    std::fs::create_dir(machine.work().join(".git")).unwrap();
    assert!(says("lock") && says("sync"));
    for ignored in ["/data/\n", "data\n", "**/data/**\n", "/data\n"] {
        std::fs::write(machine.work().join(".gitignore"), ignored).unwrap();
        assert!(!says("sync"), "{ignored}");
    }
    std::fs::write(machine.work().join(".gitignore"), "/other/\n").unwrap();
    assert!(says("sync"));
    std::fs::write(machine.work().join("data/.gitignore"), "*\n").unwrap();
    assert!(!says("sync"));
    // To git a link is no folder.
    let scratch = machine.home.path().join("scratch");
    std::fs::rename(machine.work().join("data"), &scratch).unwrap();
    std::os::unix::fs::symlink(&scratch, machine.work().join("data")).unwrap();
    for (ignored, is_told) in [("/data/\n", true), ("data/*\n", true), ("/data\n", false), ("data\n", false)] {
        std::fs::write(machine.work().join(".gitignore"), ignored).unwrap();
        assert_eq!(says("sync"), is_told, "{ignored}");
    }
}

/// What a dataset folder must not be pruned from is said before anything is fetched.
#[test]
fn a_folder_that_may_not_be_pruned_is_refused_before_the_first_byte() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let elsewhere = machine.home.path().join("elsewhere");
    machine
        .run(&["--data-dir", elsewhere.to_str().unwrap(), "sync", "--prune"])
        .expect(2)
        .says(&["not the project's own"]);
    assert!(!elsewhere.exists() && publisher.host.log().is_empty());
    machine.run(&["sync", "--prune"]).expect(0);
}

/// The lock knows the tree alone: no digest, and no name like those of the entry, tells it.
#[test]
fn a_folder_that_is_the_tree_of_the_lock_is_adopted_without_its_name() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    project(&first, "[[dataset]]\nid = \"made\"\ninclude = [\"pictures.zip\"]\n");
    first.run(&["sync"]).expect(0);
    let second = Machine::new(&publisher, &publisher.entry("Made", "data"));
    second.clone_from(&first);
    let old = second.home.path().join("old");
    crate::lock::copy(&first.work().join("data/made/1/data"), &old);
    let asked = publisher.host.log().len();
    let answer = second.json(&["adopt", old.to_str().unwrap()]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let one = &answer["data"]["datasets"][0];
    assert_eq!((one["id"].as_str(), one["by"].as_str()), (Some("made"), Some("the lock")), "{answer:#}");
    second.run(&["sync", "--frozen"]).expect(0);
    assert_eq!(publisher.host.log().len(), asked, "nothing is fetched");
    // With another byte it is nothing that is known.
    second.run(&["remove", "made", "--yes"]).expect(0);
    std::fs::write(old.join("one.png"), "another").unwrap();
    let answer = second.json(&["adopt", old.to_str().unwrap()]);
    assert_ne!(answer["exit"], 0, "{answer:#}");
}

/// A clone without the lock, or without what lies beside it, gets other bytes, or none.
#[test]
fn a_lock_that_git_would_leave_out_is_told_of() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    std::fs::create_dir(machine.work().join(".git")).unwrap();
    let ignore = |text: &str| std::fs::write(machine.work().join(".gitignore"), text).unwrap();
    let said = || machine.run(&["lock"]).expect(0).stderr;
    ignore("/data\n*.lock\n");
    let told = said();
    assert!(told.contains("git ignores `medsets.lock` (by `*.lock` in `"), "{told}");
    assert!(machine.run(&["sync"]).expect(0).stderr.contains("git ignores `medsets.lock` (by"));
    ignore("/data\n*.lock\n!/medsets.lock\n");
    assert!(!said().contains("git ignores"));
    ignore("/data\n*.lock\n/medsets.lock.d/\n!/medsets.lock\n");
    assert!(said().contains("git ignores `medsets.lock.d/"));
    // Git does not look into a folder that it ignores.
    ignore("/data\n/medsets.lock.d/\n!/medsets.lock.d/**\n");
    let told = said();
    assert!(told.contains("git ignores `medsets.lock.d/") && told.contains("(by `/medsets.lock.d/` in `"), "{told}");
    // A listing is written for a dataset of very many files; its name is all that counts.
    std::fs::write(machine.work().join("medsets.lock.d/long.jsonl.zst"), "").unwrap();
    ignore("/data\n*.zst\n");
    let told = said();
    assert!(told.contains("git ignores `medsets.lock.d/long.jsonl.zst` (by `*.zst` in `"), "{told}");
    // A line beside the entries counts more than any that could be added above.
    ignore("/data\n");
    let within = machine.work().join("medsets.lock.d/.gitignore");
    std::fs::write(&within, "*\n").unwrap();
    let told = said();
    assert!(told.contains("take that line out of `") && !told.contains("put the lines"), "{told}");
}

#[test]
fn the_advice_has_git_take_the_lock_along() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let git = |arguments: &[&str]| {
        let own = ["-c", "core.excludesFile=/dev/null"];
        let ran =
            Command::new("git").args(own).args(arguments).current_dir(machine.work()).env_remove("GIT_DIR").output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    let has_git = git(&["init", "-q"]);
    if !has_git {
        eprintln!("git is not here: its own word is not asked for");
        std::fs::create_dir(machine.work().join(".git")).unwrap();
    }
    let said = || machine.run(&["lock"]).expect(0).stderr;
    assert!(!said().contains("git ignores"));
    let entry = beside(&machine, ".toml").pop().unwrap();
    let paths = [machine.work().join("medsets.lock"), entry];
    let is_left_out = || has_git.then(|| paths.iter().any(|path| git(&["check-ignore", "-q", path.to_str().unwrap()])));
    for ignored in [
        "*.lock\n",
        "*.d\n",
        "/medsets.lock.d/\n!/medsets.lock.d/**\n",
        "medsets.*\n!medsets.toml\n",
        "/*\n",
        "**\n",
        "*.toml\n",
    ] {
        let file = machine.work().join(".gitignore");
        std::fs::write(&file, format!("/data\n{ignored}")).unwrap();
        let told = said();
        let advice = told.split("put the lines ").nth(1).and_then(|rest| rest.split(" at the end of").next());
        let advice = advice.unwrap_or_else(|| panic!("{ignored}: {told}"));
        assert_ne!(is_left_out(), Some(false), "{ignored}");
        let lines: String = advice.split(", ").map(|line| format!("{}\n", line.trim_matches('`'))).collect();
        std::fs::write(&file, format!("/data\n{ignored}{lines}")).unwrap();
        assert!(!said().contains("git ignores"), "{ignored}: {lines}");
        assert_ne!(is_left_out(), Some(true), "{ignored}: {lines}");
    }
}

#[test]
fn what_the_lock_has_and_nobody_serves_any_more_is_told_once_by_each_command() {
    let publisher = Publisher::start();
    let entry = publisher.entry("Made", "data");
    let first = Machine::new(&publisher, &entry.replace("version = \"1\"", "version = \"1\"\nwithdrawn = true"));
    project(&first, "[[dataset]]\nid = \"made\"\nversion = \"1\"\n");
    let second =
        Machine::new(&publisher, &std::fs::read_to_string(Path::new(&first.catalog).join("made.toml")).unwrap());
    let told = |machine: &Machine, command: &[&str]| {
        let ran = machine.run(command).expect(0);
        assert_eq!(ran.stderr.matches("has withdrawn `made@1`").count(), 1, "{command:?}: {ran:?}");
    };
    told(&first, &["lock"]);
    told(&first, &["sync"]);
    second.clone_from(&first);
    for command in
        [&["lock", "--check"][..], &["sync", "--frozen"], &["sync"], &["lock"], &["audit"], &["add", "made@1"]]
    {
        told(&second, command);
    }
    let of_nobody = "[distribution]\nkind = \"none\"\nreason = \"its makers took it back\"\n\n[[release]]";
    second.home.overlay("made.toml", &entry.replacen("[[release]]", of_nobody, 1));
    second.run(&["add", "made@1"]).expect(0).says(&["nobody distributes `made@1` now: its makers took it back"]);
}
