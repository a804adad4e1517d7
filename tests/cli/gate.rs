//! The gate: nothing is fetched before every step is met, and acceptance is deliberate.

use crate::support::home::Home;

/// The digest that a refusal's help line names.
fn digest_in(stderr: &str) -> String {
    let start = stderr.find("sha256:").expect("the help names the digest");
    stderr[start..].chars().take(71).collect()
}

#[test]
fn a_gated_set_prints_the_line_to_run_and_downloads_nothing() {
    let home = Home::new();
    let ran = home.run(&["fetch", "demo-gated"]).expect(23);
    let help = format!("medsets access accept demo-gated --text-digest {}", digest_in(&ran.stderr));
    assert!(ran.stderr.contains(&help), "{}", ran.stderr);
    assert!(!home.data().join("demo-gated").exists());
    let ran = home.run(&["access", "accept", "demo-gated", "--text-digest", &digest_in(&ran.stderr)]).expect(0);
    assert!(ran.stdout.contains("made by a program"), "the text itself is shown: {ran:?}");
    home.run(&["fetch", "demo-gated"]).expect(0);
    let receipt = std::fs::read_to_string(home.data().join("demo-gated/1.0/.medsets/receipt.json")).unwrap();
    assert!(receipt.contains("LicenseRef-medsets-demo"), "{receipt}");
}

#[test]
fn without_a_terminal_the_very_text_must_be_named() {
    let home = Home::new();
    home.run(&["access", "accept", "demo-gated"]).expect(23).says(&["--text-digest"]);
    let other = format!("sha256:{}", "0".repeat(64));
    home.run(&["access", "accept", "demo-gated", "--text-digest", &other]).expect(24).says(&["sha256:0000"]);
    assert!(!home.state().join("ledger.jsonl").exists(), "nothing was recorded");
}

#[test]
fn a_withdrawn_acceptance_closes_the_gate_again() {
    let home = Home::new();
    let digest = digest_in(&home.run(&["fetch", "demo-gated"]).expect(23).stderr);
    home.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
    home.run(&["access", "withdraw", "demo-gated"]).expect(0);
    home.run(&["fetch", "demo-gated"]).expect(23);
    home.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn each_gated_dataset_refuses_with_its_own_checklist() {
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    #[track_caller]
    fn check(home: &Home, id: &str, code: i32, says: &[&str]) {
        home.run(&["fetch", id]).expect(code).says(says);
        assert!(!home.data().join(id).exists(), "{id}");
    }
    check(&home, "chexpert", 20, &["https://stanfordaimi.azurewebsites.net/", "LicenseRef-Stanford-CheXpert-RUA"]);
    check(
        &home,
        "mimic-cxr",
        20,
        &["https://physionet.org/", "CITI", "LicenseRef-PhysioNet-Credentialed-Health-Data-License-1.5.0"],
    );
    check(&home, "n2c2", 22, &["https://portal.dbmi.hms.harvard.edu/", "LicenseRef-n2c2-DUA", "medsets import n2c2"]);
    check(&home, "openpath", 27, &["not distributed"]);
}

#[test]
fn the_checklist_is_data_too() {
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    let answer = home.json(&["access", "mimic-cxr"]);
    let dataset = &answer["data"]["datasets"][0];
    assert_eq!(dataset["ready"], false);
    let kinds: Vec<&str> =
        dataset["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["account", "training", "application", "agreement"]);
    assert!(dataset["steps"].as_array().unwrap().iter().all(|step| step["url"].as_str().is_some()));
}

#[test]
fn only_what_was_recorded_can_be_taken_back() {
    let home = Home::new();
    home.run(&["access", "withdraw", "demo-gated"]).expect(2).says(&["demo-agreement"]);
    assert!(!home.state().join("ledger.jsonl").exists(), "nothing was recorded");
    home.run(&["access", "demo-gated", "--source", "nowhere"]).expect(2).says(&["nowhere"]);
    home.run(&["fetch", "demo", "--jobs", "0"]).expect(2).says(&["jobs"]);
}
