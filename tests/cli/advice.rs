//! What a message advises is what the program then takes.

use medsets::values::Digest;

use crate::lock::{Machine, Publisher};
use crate::support::archives::zip_of;

/// The publisher has replaced the archive that a damaged file came out of.
#[test]
fn a_repair_that_meets_other_bytes_names_a_command_that_takes_them() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    std::fs::remove_file(machine.work().join("medsets.toml")).unwrap();
    machine.run(&["fetch", "made"]).expect(0);
    let data = machine.home.data().join("made/1");
    std::fs::remove_file(data.join("data/one.png")).unwrap();
    publisher.put(
        "pictures.zip",
        &zip_of(&[("set/one.png", b"uno".as_slice()), ("set/two.png", b"due"), ("set/notes.txt", b"notes")]),
    );
    let refused = machine.run(&["verify", "made", "--repair"]).expect(40).says(&["pictures.zip", "was not mended"]);
    let command = "verify made@1 --repair --accept-changed 'pictures.zip' --reason TEXT";
    assert!(refused.stderr.contains(&format!("`medsets {command}`")), "{}", refused.stderr);
    assert_eq!(refused.stderr.matches("--accept-changed").count(), 1, "{}", refused.stderr);
    assert!(data.join("data/two.png").exists(), "nothing is lost");

    let words: Vec<&str> = command.split(' ').map(|word| word.trim_matches('\'')).collect();
    machine.run(&words).expect(0);
    assert_eq!(std::fs::read(data.join("data/one.png")).unwrap(), b"uno");
    let receipt = std::fs::read_to_string(data.join(".medsets/receipt.json")).unwrap();
    assert!(receipt.contains("\"TEXT\""), "{receipt}");
    machine.run(&["verify", "made"]).expect(0);
}

#[test]
fn what_a_repair_may_take_is_named_with_its_dataset_and_a_reason() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["sync"]).expect(0);
    let data = machine.work().join("data/made/1");
    let damage = || std::fs::remove_file(data.join("data/labels.csv")).unwrap();
    damage();
    for incomplete in [
        &["verify", "--repair", "--accept-changed", "labels.csv", "--reason", "x"][..],
        &["verify", "made", "--repair", "--accept-changed", "labels.csv"],
        &["verify", "made", "--accept-changed", "labels.csv", "--reason", "x"],
    ] {
        machine.run(incomplete).expect(2);
    }
    let misspelt = ["verify", "made", "--repair", "--accept-changed", "label.csv", "--reason", "x"];
    machine.run(&misspelt).expect(2).says(&["`label.csv` is no file of `made@1`", "did you mean `labels.csv`?"]);

    // The lock pins the old bytes; taking others is told, with the command that tells the lock.
    let new = b"image,label\none.png,7\n";
    publisher.put("labels.csv", new);
    let answer = machine.json(&["verify", "made", "--repair"]);
    let help = answer["errors"][0]["help"].as_str().unwrap();
    assert!(help.contains("`medsets verify made@1 --repair --accept-changed 'labels.csv' --reason TEXT`"), "{answer}");
    let taken = ["verify", "made", "--repair", "--accept-changed", "labels.csv", "--reason", "a label was wrong"];
    machine.run(&taken).expect(0).says(&["medsets sync --accept-changed 'made:labels.csv' --reason TEXT"]);
    machine.run(&["sync", "--check"]).expect(62);
    machine.run(&["sync", "--accept-changed", "made:labels.csv", "--reason", "a label was wrong"]).expect(0);
    machine.run(&["sync", "--check"]).expect(0);
    assert!(machine.lock().contains(&Digest::sha256(new).hex()), "{}", machine.lock());
}

#[test]
fn a_full_disk_under_an_export_is_no_matter_of_downloads() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    machine.run(&["fetch", "made"]).expect(0);
    let ran = machine.run(&["export", "made", "--format", "sha256sums", "-o", "/dev/full"]).expect(50);
    assert!(ran.stderr.contains("another place with `-o`"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("parts are kept"), "{}", ran.stderr);
}

/// A FIFO that nobody writes to would be waited for.
#[test]
fn files_that_are_no_files_are_not_waited_for() {
    let publisher = Publisher::start();
    let machine = Machine::new(&publisher, &publisher.entry("Made", "data"));
    let fifo = machine.work().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let ran = machine.run(&["audit", "demo", "--policy", "fifo"]).says(&["a FIFO", "`--policy -`"]);
    assert_ne!(ran.code, Some(0));
    machine.run(&["fetch", "made", "--files-from", "fifo"]).expect(2).says(&["names no file"]);
    let policy = "[policy]\nuse = [\"commercial\"]\n";
    std::fs::write(machine.work().join("policy.toml"), policy).unwrap();
    let by_file = machine.run(&["audit", "demo", "--policy", "policy.toml"]);
    let by_input = machine.home.fed(policy, &["audit", "demo", "--policy", "-"]);
    assert_eq!((by_input.code, &by_input.stdout), (by_file.code, &by_file.stdout), "{}", by_input.stderr);
    machine
        .home
        .fed("[policy]\nno-such-key = 1\n", &["audit", "demo", "--policy", "-"])
        .expect(10)
        .says(&["standard input"]);
}
