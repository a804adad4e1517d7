//! A dataset that somebody else brought into the data folder is used only by who may.

use crate::lock::{Machine, Publisher};
use crate::support::home::tree;

const PROJECT: &str = "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"demo\"\n\n[[dataset]]\nid = \"demo-gated\"\n";

/// Accepts what a refusal asks for, by the line that it prints.
fn accept(machine: &Machine, refusal: &str) {
    let digest = refusal.split("--text-digest ").nth(1).unwrap().split('`').next().unwrap().trim().to_owned();
    machine.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
}

fn machine(publisher: &Publisher) -> Machine {
    let machine = Machine::new(publisher, &publisher.entry("Made", "data"));
    std::fs::write(machine.work().join("medsets.toml"), PROJECT).unwrap();
    machine
}

fn ledger(machine: &Machine) -> String {
    std::fs::read_to_string(machine.home.state().join("ledger.jsonl")).unwrap_or_default()
}

#[test]
fn what_is_whole_asks_for_ones_own_acceptance_and_gets_ones_own_entry() {
    let publisher = Publisher::start();
    let alice = machine(&publisher);
    let refused = alice.run(&["sync"]).expect(23);
    accept(&alice, &refused.stderr);
    alice.run(&["sync"]).expect(0);
    let alices = ledger(&alice);
    alice.run(&["sync"]).expect(0);
    assert_eq!(ledger(&alice), alices, "the one who fetched it has an entry");

    let bob = machine(&publisher);
    bob.clone_from(&alice);
    let data = alice.work().join("data");
    let dir = data.to_str().unwrap();
    let before = tree(&data);
    for command in
        [&["sync", "--frozen"][..], &["sync"], &["sync", "--offline"], &["fetch", "demo-gated"], &["sync", "--dry-run"]]
    {
        let refused = bob.run(&[&["--data-dir", dir], command].concat()).expect(23);
        for part in ["missing", "`medsets access accept demo-gated`", "is here and stays as it is"] {
            assert!(refused.stderr.contains(part), "{command:?}: {}", refused.stderr);
        }
    }
    assert!(!ledger(&bob).contains("demo-gated"), "{}", ledger(&bob));
    bob.run(&["--data-dir", dir, "status"]).expect(0).says(&["you have not accepted `LicenseRef-medsets-demo`"]);
    bob.run(&["--data-dir", dir, "status", "--exit-code"]).expect(62).says(&["medsets access accept demo-gated"]);
    bob.run(&["--data-dir", dir, "sync", "--check"]).expect(0).says(&["you have not accepted"]);
    let listed = bob.run(&["--data-dir", dir, "list"]).expect(0).stdout;
    assert!(listed.contains("not by you"), "{listed}");
    let status = bob.json(&["--data-dir", dir, "status"]);
    assert_eq!(status["data"]["unaccepted"][0]["id"], "demo-gated", "{status}");

    let refused = bob.run(&["--data-dir", dir, "sync", "--frozen"]).expect(23);
    accept(&bob, &refused.stderr);
    bob.run(&["--data-dir", dir, "sync", "--frozen"]).expect(0);
    let entered = ledger(&bob);
    let of_fetch: Vec<&str> = entered.lines().filter(|line| line.contains("found in place")).collect();
    assert_eq!(of_fetch.len(), 2, "one for each dataset: {entered}");
    assert!(of_fetch.iter().any(|line| line.contains("demo-gated") && line.contains("text_sha256")), "{entered}");
    bob.run(&["--data-dir", dir, "sync", "--frozen"]).expect(0);
    bob.run(&["--data-dir", dir, "fetch", "demo-gated"]).expect(0);
    assert_eq!(ledger(&bob), entered);
    bob.run(&["--data-dir", dir, "status", "--exit-code"]).expect(0);
    assert_eq!(tree(&data), before, "nothing of the copy was touched");
}

#[test]
fn an_acceptance_that_was_withdrawn_or_lost_counts_no_more() {
    let publisher = Publisher::start();
    let alice = machine(&publisher);
    let refused = alice.run(&["sync"]).expect(23);
    accept(&alice, &refused.stderr);
    alice.run(&["sync"]).expect(0);
    let data = alice.work().join("data");
    let before = tree(&data);
    alice.run(&["access", "withdraw", "demo-gated"]).expect(0);
    for command in [&["sync"][..], &["sync", "--frozen"], &["fetch", "demo-gated"]] {
        alice.run(command).expect(23).says(&["withdrawn on"]);
    }
    let listed = alice.run(&["list"]).expect(0).stdout;
    assert!(listed.contains("withdrawn 20"), "{listed}");
    alice.run(&["status"]).expect(0).says(&["you withdrew your acceptance of `LicenseRef-medsets-demo`"]);
    std::fs::remove_dir_all(alice.home.state()).unwrap();
    alice.run(&["sync", "--frozen"]).expect(23);
    assert_eq!(tree(&data), before);
}
