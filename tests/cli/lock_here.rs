//! Locks of datasets that are here already when `sync` comes: whole ones of which a person takes
//! other bytes, and long ones that something else brought.

use medsets::values::Digest;

use crate::lock::{Machine, Publisher, beside, project};

const NEW: &[u8] = b"image,label\none.png,5\n";
const TAKEN: [&str; 5] = ["sync", "--accept-changed", "made:labels.csv", "--reason", "a label was wrong"];

/// Whoever has the dataset as the lock pins it takes the publisher's new bytes in one step.
#[test]
fn other_bytes_are_taken_in_place_of_what_is_whole_here() {
    let publisher = Publisher::start();
    let first = Machine::new(&publisher, &publisher.entry("Made", "data"));
    first.run(&["sync"]).expect(0);
    let second = Machine::new(&publisher, &publisher.entry("Made", "data"));
    second.clone_from(&first);
    second.run(&["sync", "--frozen"]).expect(0);
    publisher.put("labels.csv", NEW);
    // Once from bytes that a lock proved, once from those that came first.
    for machine in [&second, &first] {
        let plan = machine.run(&[&TAKEN[..], &["--dry-run"]].concat()).expect(0);
        assert!(!plan.stdout.contains("is whole here") && !plan.stderr.contains("is whole here"), "{}", plan.stderr);
        machine.run(&TAKEN).expect(0);
        let made = machine.work().join("data/made/1");
        assert_eq!(std::fs::read(made.join("data/labels.csv")).unwrap(), NEW);
        let pinned = format!("sha256 = \"{}\", from = \"accepted\"", Digest::sha256(NEW).hex());
        assert!(machine.lock().contains(&pinned), "{}", machine.lock());
        machine.run(&["lock", "--check"]).expect(0);
        machine.run(&["sync", "--check"]).expect(0);
        machine.run(&["verify", "made"]).expect(0);
    }
    let third = Machine::new(&publisher, &publisher.entry("Made", "data"));
    third.clone_from(&second);
    third.run(&["sync", "--frozen"]).expect(0).says(&["a label was wrong"]);
}

/// Without a project as well; and where the host cannot be asked all stays as it was.
#[test]
fn other_bytes_of_a_whole_dataset_are_asked_of_the_host() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    std::fs::remove_file(machine.work().join("medsets.toml")).unwrap();
    machine.run(&["fetch", "made"]).expect(0);
    let dir = machine.run(&["path", "made"]).expect(0).stdout;
    let labels = std::path::Path::new(dir.trim()).join("data/labels.csv");
    let old = std::fs::read(&labels).unwrap();
    publisher.put("labels.csv", NEW);
    let taken = ["fetch", "made", "--accept-changed", "labels.csv", "--reason", "a label was wrong"];
    machine.run(&[&taken[..], &["--offline"]].concat()).expect(30).says(&["labels.csv"]);
    assert_eq!(std::fs::read(&labels).unwrap(), old);
    machine.run(&["verify", "made"]).expect(0);
    machine.run(&taken).expect(0);
    assert_eq!(std::fs::read(&labels).unwrap(), NEW);
    machine.run(&["verify", "made"]).expect(0);
}

/// A list that lies beside the lock, of a dataset that `fetch` brought before.
#[test]
fn a_long_dataset_that_was_fetched_before_is_synced_at_once() {
    let publisher = Publisher::start();
    let mut entry = publisher.entry("Made", "data");
    for number in 0..1_001 {
        let name = format!("{number:04}.txt");
        entry.push_str(&format!("\n[[release.file]]\npath = \"{name}\"\n"));
        publisher.put(&name, name.as_bytes());
    }
    let machine = Machine::new(&publisher, &entry);
    project(&machine, "[[dataset]]\nid = \"made\"\n");
    machine.run(&["lock"]).expect(0);
    machine.run(&["fetch", "made"]).expect(0);
    machine.run(&["sync"]).expect(0);
    machine.run(&["sync", "--frozen"]).expect(0);
    machine.run(&["lock", "--check"]).expect(0);
    assert_eq!(beside(&machine, ".jsonl.zst").len(), 1);
    // Narrowed, it is told as that.
    project(&machine, "[[dataset]]\nid = \"made\"\nexclude = [\"00*.txt\"]\n");
    let narrowed = machine.run(&["sync"]).expect(0).says(&["100 files removed"]);
    assert!(!narrowed.stdout.contains("added") && !narrowed.stderr.contains("added"), "{}", narrowed.stdout);
    assert!(beside(&machine, ".jsonl.zst").is_empty(), "what no lock names goes");
    machine.run(&["sync", "--frozen"]).expect(0);
}
