//! `audit` from outside: verdicts, forms, exit codes, and what is said of broken input.

use serde_json::Value;

use crate::support::home::Home;

/// The project of eight datasets, the images of one by both of its routes in turn.
const EIGHT: [&str; 8] =
    ["chestxray14", "rsna-pneumonia", "chexpert", "mimic-cxr", "ddxplus", "medquad", "pmc-patients", "umls"];

fn project(channel: &str) -> String {
    EIGHT.iter().fold("[project]\nname = \"eight\"\n".to_owned(), |text, id| {
        let source = if *id == "rsna-pneumonia" { format!("source = \"{channel}\"\n") } else { String::new() };
        format!("{text}\n[[dataset]]\nid = \"{id}\"\n{source}")
    })
}

fn with_project(text: &str) -> Home {
    let home = Home::new();
    std::fs::write(home.path().join("work/medsets.toml"), text).unwrap();
    home
}

fn verdicts(answer: &Value) -> Vec<(String, String)> {
    let subjects = answer["data"]["subjects"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    subjects.iter().map(|one| (word(&one["id"]), word(&one["verdict"]))).collect()
}

#[test]
fn eight_datasets_for_commercial_use_get_a_verdict_each() {
    for (channel, rsna) in [("rsna", "allow"), ("kaggle", "deny")] {
        let home = with_project(&project(channel));
        home.run(&["audit", "--for", "commercial"]).expect(60).says(&["use-commercially is not allowed"]);
        let answer = home.json(&["audit", "--for", "commercial"]);
        // As in the terms that were read: credit alone, the society's terms or the competition's,
        // no commerce, silence, credit, credit, no commerce, categories of sources.
        let expected = ["allow", rsna, "deny", "review", "allow", "allow", "deny", "review"];
        let expected: Vec<(String, String)> =
            EIGHT.iter().zip(expected).map(|(id, word)| ((*id).to_owned(), word.to_owned())).collect();
        assert_eq!(verdicts(&answer), expected, "by {channel}");
        assert_eq!(answer["exit"], 60);
        assert_eq!(answer["data"]["summary"]["verdict"], "deny");
        let forced = answer["data"]["combination"]["uses"]["use-commercially"].to_string();
        assert!(forced.contains("chexpert@") && forced.contains("pmc-patients@"), "{forced}");
    }
}

#[test]
fn every_form_is_printed_and_written() {
    let home = with_project(&project("kaggle"));
    let begins = [
        ("text", "verdict: deny"),
        ("md", "# Licence audit of eight\n"),
        ("html", "<!DOCTYPE html>\n"),
        ("json", "{\n"),
        ("csv", "\"dataset\",\"id\","),
        ("sarif", "{\n  \"$schema\""),
    ];
    for (format, begin) in begins {
        let arguments = ["audit", "--for", "commercial,release-weights", "--format", format];
        let printed = home.run(&arguments).expect(60);
        assert!(printed.stdout.starts_with(begin), "{format}: {}", &printed.stdout[..200.min(printed.stdout.len())]);
        assert!(printed.stdout.ends_with('\n'), "{format}");
        let written = home.run(&[&arguments[..], &["-o", "report"]].concat()).expect(60).says(&["written to"]);
        assert_eq!(written.stdout, "");
        let report = std::fs::read_to_string(home.path().join("work/report")).unwrap();
        assert!(report.starts_with(begin) && report.contains("umls"), "{format}");
    }
    let text = home.run(&["audit", "--for", "commercial"]).stdout;
    assert_eq!(text.matches("not fetched yet").count(), 1, "{text}");
    home.run(&["audit", "--format", "pdf"]).expect(2).says(&["text", "sarif"]);
}

#[test]
fn a_broken_project_or_policy_is_shown_with_its_line() {
    let home = with_project("[project]\nname = \"p\"\n\n[[dataset]]\nid = \"demo\"\nverison = \"1\"\n");
    home.run(&["audit"]).expect(10).says(&["medsets.toml", "6", "verison", "^", "help"]);
    let home = with_project("[project\n");
    home.run(&["audit"]).expect(10).says(&["medsets.toml", "line 1", "unclosed table", "mend the file"]);
    let home = Home::new();
    std::fs::write(home.path().join("work/p.toml"), "[policy]\nact = [\"commercial\"]\n").unwrap();
    home.run(&["audit", "demo", "--policy", "p.toml"]).expect(10).says(&["p.toml", "unknown field `act`", "2", "^"]);
    let unknown = "[policy.severity]\nno-license = \"off\"\n";
    std::fs::write(home.path().join("work/p.toml"), unknown).unwrap();
    home.run(&["audit", "demo", "--policy", "p.toml"]).expect(10).says(&["no-license", "docs/findings.md"]);
    let missing = home.run(&["audit", "demo", "--policy", "none.toml"]).says(&["none.toml"]);
    assert_ne!(missing.code, Some(0));
}

#[test]
fn an_unknown_act_names_the_one_that_was_meant() {
    let home = Home::new();
    home.run(&["audit", "demo", "--for", "comercial"]).expect(2).says(&["did you mean `commercial`?", "`share-raw`"]);
    home.run(&["audit", "demo", "--for", "x"]).expect(2).says(&["`x` is no planned act"]);
}

#[test]
fn a_ledger_that_is_not_there_or_was_altered_is_told() {
    let home = Home::new();
    let missing = home.run(&["audit", "demo", "--ledger", "nobody.jsonl"]).says(&["nobody.jsonl"]);
    assert_ne!(missing.code, Some(0));
    let text = home.json(&["access", "accept", "demo-gated", "--dry-run"]);
    let digest = text["data"]["text_digest"].as_str().unwrap().to_owned();
    home.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
    assert_eq!(home.json(&["audit", "demo-gated"])["data"]["findings"].to_string().matches("ledger-broken").count(), 0);
    let ledger = home.state().join("ledger.jsonl");
    let whole = std::fs::read_to_string(&ledger).unwrap();
    std::fs::write(&ledger, whole.replace("\"accept\"", "\"grant\"")).unwrap();
    let findings = home.json(&["audit", "demo-gated"])["data"]["findings"].clone();
    let broken: Vec<&Value> =
        findings.as_array().unwrap().iter().filter(|one| one["code"] == "ledger-broken").collect();
    assert!(!broken.is_empty(), "{findings:#}");
    assert!(broken[0]["fix"].as_str().unwrap().contains("ledger"), "{broken:#?}");
    home.run(&["audit", "demo-gated"]).expect(60);
}

#[test]
fn a_folder_that_was_never_seen_is_unknown() {
    let home = Home::new();
    let folder = home.path().join("work/images");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("1.png"), "x").unwrap();
    let ran = home.run(&["audit", "images"]);
    assert!(ran.stdout.contains("unseen-folder") && ran.stdout.contains("what it holds is unknown"), "{}", ran.stdout);
    assert!(ran.stdout.contains("medsets adopt images"), "{}", ran.stdout);
    let answer = home.json(&["audit", "images"]);
    assert_eq!((answer["ok"].as_bool(), answer["data"]["summary"]["datasets"].as_u64()), (Some(false), Some(0)));
    let policy = "[policy.severity]\nunseen-folder = \"note\"\n";
    std::fs::write(home.path().join("work/p.toml"), policy).unwrap();
    home.run(&["audit", "images", "--policy", "p.toml"]).expect(0);
    home.run(&["audit", "images", "--policy", "p.toml", "--strict"]).expect(61).says(&["--strict"]);
}
