//! A project of which some hosts cannot be asked: the others' datasets are none the worse for it,
//! and no pin is lost. And runs that lock at the same moment.

use std::net::TcpListener;

use medsets::values::{Algorithm, Digester};

use crate::lock::{Machine, Publisher};
use crate::support::home::Home;
use crate::support::host::{Host, Reply};

const TABLE: &[u8] = b"a,b\n1,2\n";

/// A host of records that lists its files when it is asked.
fn zenodo() -> Host {
    Host::start(|asked| match asked.place().as_str() {
        "/api/records/42" => Reply::json(&serde_json::json!({
            "id": 42, "conceptrecid": "41", "doi": "10.5281/zenodo.42", "conceptdoi": "10.5281/zenodo.41",
            "metadata": { "title": "Toy", "license": { "id": "cc-by-4.0" }, "access_right": "open",
                          "publication_date": "2026-01-05", "version": "1.0",
                          "creators": [{ "name": "Doe, Jane", "affiliation": null }] },
            "files": [{ "id": "0", "key": "table.csv", "size": TABLE.len(),
                        "checksum": format!("md5:{}", md5(TABLE)),
                        "links": { "self": "https://zenodo.org/api/records/42/files/table.csv/content" } }],
            "links": { "self": "https://zenodo.org/api/records/42", "self_html": "https://zenodo.org/records/42" },
        })),
        "/api/records/42/files/table.csv/content" => Reply::file(asked, TABLE.to_vec()),
        _ => Reply::status(404),
    })
}

fn md5(bytes: &[u8]) -> String {
    let mut digester = Digester::new(Algorithm::Md5, None);
    digester.update(bytes);
    digester.finish().hex()
}

const REFERENCE: &str = "id = \"zenodo:42\"";

fn project(machine: &Machine, tables: &[&str]) {
    let tables: String = tables.iter().map(|table| format!("\n[[dataset]]\n{table}\n")).collect();
    std::fs::write(machine.work().join("medsets.toml"), format!("[project]\nname = \"x\"\n{tables}")).unwrap();
}

/// A machine that finds the host of records at this address.
fn machine(publisher: &Publisher, zenodo: &str) -> Machine {
    let machine = Machine::new(publisher, &publisher.entry("Made", "data"));
    at(machine, publisher, zenodo)
}

fn at(mut machine: Machine, publisher: &Publisher, zenodo: &str) -> Machine {
    let home = std::mem::replace(&mut machine.home, Home::new());
    let rewrite = format!("https://files.example.org/={};https://zenodo.org/={zenodo}", publisher.host.url());
    machine.home = home.with("MEDSETS_REWRITE", rewrite).with("MEDSETS_RETRIES", "0");
    machine
}

/// An address at which nobody listens.
fn nowhere() -> String {
    format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

#[test]
fn what_cannot_be_asked_stays_as_it_is_in_the_lock() {
    let (publisher, zenodo) = (Publisher::start(), zenodo());
    let machine = machine(&publisher, &zenodo.url());
    project(&machine, &[REFERENCE, "id = \"demo\""]);
    machine.run(&["sync"]).expect(0);
    let before = machine.lock();
    assert!(before.contains("reference = \"zenodo:42\"") && !before.contains("unpinned"), "{before}");
    std::fs::remove_dir_all(machine.work().join("data/zenodo-42")).unwrap();

    let machine = at(machine, &publisher, &nowhere());
    machine.run(&["lock", "--upgrade=demo"]).expect(0);
    let told = machine.run(&["lock", "--upgrade"]).expect(31);
    assert!(told.stderr.contains("stays as it was"), "{}", told.stderr);
    assert_eq!(machine.lock(), before, "no pin is lost");
    // Another dataset comes in although the host of the first is away.
    project(&machine, &[REFERENCE, "id = \"demo\"", "id = \"demo-gated\""]);
    machine.run(&["lock", "--offline"]).expect(0);
    assert!(machine.lock().contains("id = \"demo-gated\""), "{}", machine.lock());
    project(&machine, &[REFERENCE, "id = \"demo\""]);
    machine.run(&["lock"]).expect(0);
    assert_eq!(machine.lock(), before);

    // Its table changes: the old answer stays for its pins, and is none to the new question.
    let other = format!("{REFERENCE}\nexclude = [\"*.zip\"]");
    project(&machine, &[&other, "id = \"demo\""]);
    machine.run(&["lock", "--upgrade=demo"]).expect(31).says(&["stays as it was"]);
    assert!(machine.lock().contains("reference = \"zenodo:42\""), "{}", machine.lock());
    machine.run(&["sync", "--locked"]).expect(12).says(&["is not in it as it is asked for"]);
}

#[test]
fn what_was_never_locked_fails_alone() {
    let (publisher, zenodo) = (Publisher::start(), zenodo());
    let machine = machine(&publisher, &zenodo.url());
    project(&machine, &[REFERENCE, "id = \"demo\""]);
    machine.run(&["lock", "--check", "--offline"]).expect(30);
    let ran = machine.run(&["lock", "--offline"]).expect(30);
    assert!(ran.stderr.contains("is not in the lock; run `medsets lock` again"), "{}", ran.stderr);
    assert!(ran.stdout.contains("1 dataset"), "{}", ran.stdout);
    assert!(machine.lock().contains("id = \"demo\""));
    machine.run(&["sync", "--locked"]).expect(12);
    // A sync brings what it can, and says what it cannot.
    let answer = machine.json(&["sync", "--offline"]);
    assert_eq!((&answer["exit"], &answer["data"]["datasets"][0]["id"]), (&30.into(), &"demo".into()), "{answer}");
    assert!(machine.work().join("data/demo/1.0").exists());
    machine.run(&["sync"]).expect(0);
    machine.run(&["sync", "--check"]).expect(0);
    // Where nothing at all can be resolved, nothing is written.
    std::fs::remove_file(machine.work().join("medsets.lock")).unwrap();
    std::fs::remove_dir_all(machine.work().join("data")).unwrap();
    project(&machine, &[REFERENCE]);
    machine.run(&["lock", "--offline"]).expect(30);
    assert!(!machine.work().join("medsets.lock").exists());
}

#[test]
fn runs_at_the_same_moment_wait_for_each_other() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    let pinned = machine.lock();
    // Each would forget or add something if it went by what it read before the others wrote.
    let commands: Vec<_> = (0..12)
        .map(|number| {
            let upgrade = if number % 2 == 0 { "--upgrade=made" } else { "--upgrade=demo" };
            let arguments = ["--catalog", machine.catalog.as_str(), "lock", upgrade];
            machine.home.command(&arguments).spawn().unwrap()
        })
        .collect();
    for run in commands {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(machine.lock(), pinned);
    machine.run(&["lock", "--check"]).expect(0);

    // One that never ends is told of.
    let folder = std::fs::File::open(machine.work()).unwrap();
    folder.lock().unwrap();
    machine.run(&["config", "set", "lock-wait", "1s"]).expect(0);
    machine.run(&["lock"]).expect(53).says(&["another run changes"]);
    machine.run(&["lock", "--check"]).expect(0);
    drop(folder);
    machine.run(&["lock"]).expect(0);
    let names: Vec<_> = std::fs::read_dir(machine.work()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "the turn leaves no file: {names:?}");
}

#[test]
fn what_another_run_pinned_meanwhile_is_settled() {
    let publisher = Publisher::start();
    let held = publisher.files.clone();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let text = "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"demo\"\n\n[[dataset]]\nid = \"made\"\n";
    std::fs::write(machine.work().join("medsets.toml"), text).unwrap();
    let start = || machine.home.command(&["--catalog", machine.catalog.as_str(), "sync"]).spawn().unwrap();
    // The publisher gives nothing as long as its files are held.
    let files = held.lock().unwrap();
    let run = start();
    let receipt = machine.work().join("data/demo/1.0/.medsets/receipt.json");
    let begun = std::time::Instant::now();
    while !receipt.exists() {
        assert!(begun.elapsed().as_secs() < 60, "nothing was fetched");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let half = machine.lock();
    machine.run(&["lock"]).expect(0);
    assert_ne!(machine.lock(), half, "it pins what is here by now");
    drop(files);
    let output = run.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!machine.lock().contains("unpinned"), "{}", machine.lock());
    assert_eq!(machine.lock().matches("tree = ").count(), 2);
    machine.run(&["sync", "--locked", "--offline"]).expect(0);
    machine.run(&["lock", "--check"]).expect(0);

    // What it says otherwise stays as it is.
    std::fs::remove_dir_all(machine.work().join("data")).unwrap();
    std::fs::remove_file(machine.work().join("medsets.lock")).unwrap();
    let files = held.lock().unwrap();
    let run = start();
    let begun = std::time::Instant::now();
    while !receipt.exists() {
        assert!(begun.elapsed().as_secs() < 60, "nothing was fetched");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pinned = medsets::values::Digest::sha256(&files["pictures.zip"]).hex();
    let others = machine.lock().replace(&pinned, &medsets::values::Digest::sha256(b"others").hex());
    machine.forge_lock(&others);
    let others = machine.lock();
    drop(files);
    let ran: crate::support::home::Ran = run.wait_with_output().unwrap().into();
    ran.expect(12).says(&["`pictures.zip` of `made@1`", "edited by hand"]);
    assert_eq!(machine.lock(), others);
}

#[test]
fn a_shorter_file_in_the_place_of_a_large_one_is_a_change_and_no_break() {
    #[track_caller]
    fn check(was: usize, now: usize, says: &str) {
        let publisher = Publisher::start();
        let (was, now): (Vec<u8>, Vec<u8>) = (vec![b'a'; was], vec![b'b'; now]);
        publisher.put("labels.csv", &was);
        let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
        let text = "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"made\"\ninclude = [\"labels.csv\"]\n";
        std::fs::write(first.work().join("medsets.toml"), text).unwrap();
        first.run(&["sync"]).expect(0);
        publisher.put("labels.csv", &now);
        std::fs::write(first.work().join("data/made/1/data/labels.csv"), "").unwrap();
        first.run(&["verify", "--repair"]).expect(40).says(&["labels.csv"]);
        let second = Machine::new(&publisher, &publisher.entry("Made", "data"));
        second.clone_from(&first);
        let before = publisher.host.log().len();
        second.run(&["sync"]).expect(40).says(&["labels.csv", says, "--accept-changed 'made:labels.csv'"]);
        assert!(publisher.host.log().len() - before <= 4, "{:?}", publisher.host.log());
        if now.is_empty() {
            // Nothing but a size that somebody names tells an empty file from an answer that failed.
            return;
        }
        second.run(&["sync", "--accept-changed", "labels.csv", "--reason", "it was cut"]).expect(0);
        second.run(&["sync", "--check"]).expect(0);
    }
    check(3 << 20, 2 << 20, "received sha256:");
    check(33 << 20, 2 << 20, "has 2097152 bytes at the host, it should have 34603008");
    check(33 << 20, 0, "has 0 bytes at the host, it should have 34603008");
    check(1 << 20, 1000, "received sha256:");
    check(1 << 20, 0, "received sha256:");
}

#[test]
fn what_a_lock_is_does_not_depend_on_the_disk_and_following_it_asks_nobody() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    project(&machine, &["id = \"demo\""]);
    machine.run(&["lock"]).expect(0);
    let other = Machine::new(&publisher, &publisher.entry("Made", "data"));
    other.clone_from(&machine);
    other.run(&["lock", "--check"]).expect(0);
    other.run(&["sync", "--frozen"]).expect(0);
    other.run(&["lock", "--check"]).expect(0);
    other.run(&["lock", "--upgrade", "--check"]).expect(0);
    other.run(&["lock"]).expect(0);
    assert!(other.lock().contains("tree = "), "what is known by now is written all the same: {}", other.lock());
    // A reference that the lock does not have.
    project(&machine, &["id = \"demo\"", REFERENCE]);
    for command in [["sync", "--check"], ["sync", "--locked"], ["sync", "--frozen"]] {
        let ran = machine.run(&command).expect(12);
        assert!(!ran.stderr.contains("Zenodo is asked"), "{ran:?}");
    }
}
