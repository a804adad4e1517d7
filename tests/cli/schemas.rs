//! Real answers and files of the program, held against the schemas it prints.

use serde_json::Value;
use tar::EntryType;

use crate::support::archives::{gzip, serve, tar_of};
use crate::support::home::Home;

/// The schema of this name as the program prints it.
fn validator(home: &Home, name: &str) -> jsonschema::Validator {
    let text = home.run(&["schema", name]).expect(0).stdout;
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[track_caller]
fn fits(validator: &jsonschema::Validator, document: &Value) {
    let faults: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\nin {document:#}");
}

/// An answer fits what all promise and the schema that its own `schema` names.
#[track_caller]
fn answers(home: &Home, name: &str, arguments: &[&str]) -> Value {
    let answer = home.json(arguments);
    fits(&validator(home, "answer"), &answer);
    fits(&validator(home, name), &answer);
    if answer["ok"] == true {
        assert_eq!(answer["schema"], format!("medsets/{name}/1"), "{arguments:?}");
    }
    answer
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_answer_fits_its_schema() {
    let home = Home::new();
    answers(&home, "search", &["search", "chest"]);
    answers(&home, "info", &["info", "demo"]);
    answers(&home, "info", &["info", "no-such-dataset"]);
    answers(&home, "info", &["info", "mimic-cxr@2.0.0"]);
    answers(&home, "info-raw", &["info", "demo", "--raw"]);
    answers(&home, "fetch", &["fetch", "demo", "--dry-run"]);
    answers(&home, "fetch", &["fetch", "demo", "--shard", "1/2", "--dry-run"]);
    answers(&home, "fetch", &["fetch", "demo", "--shard", "1/2"]);
    answers(&home, "fetch", &["fetch", "demo", "--shard", "1/3"]);
    answers(&home, "fetch", &["fetch", "demo"]);
    answers(&home, "fetch", &["fetch", "demo"]);
    answers(&home, "fetch", &["fetch", "demo-gated"]);
    answers(&home, "slurm", &["slurm", "demo", "--shards", "2"]);
    answers(&home, "slurm", &["slurm", "demo-gated"]);
    answers(&home, "k8s", &["k8s", "demo", "--image", "i", "--pvc", "data"]);
    answers(&home, "list", &["list"]);
    answers(&home, "list", &["list", "--available"]);
    answers(&home, "status", &["status"]);
    answers(&home, "verify", &["verify", "demo"]);
    answers(&home, "path", &["path", "demo"]);
    answers(&home, "du", &["du"]);
    answers(&home, "prune", &["prune", "--dry-run"]);
    answers(&home, "prune", &["prune", "--parts", "--older", "0"]);
    answers(&home, "bundle", &["bundle", "demo", "-o", "demo.tar.zst"]);
    answers(&home, "bundle", &["bundle", "--check", "demo.tar.zst"]);
    answers(&home, "unbundle", &["unbundle", "demo.tar.zst", "--to", "elsewhere"]);
    answers(&home, "unbundle", &["unbundle", "demo.tar.zst", "--dry-run"]);
    answers(&home, "unbundle", &["unbundle", "demo.tar.zst", "--about", "about"]);
    std::fs::rename(home.data().join("demo/1.0"), home.path().join("lost")).unwrap();
    std::fs::remove_file(home.path().join("lost/.medsets/receipt.json")).unwrap();
    let lost = home.path().join("lost").to_str().unwrap().to_owned();
    answers(&home, "adopt", &["adopt", &lost]);
    answers(&home, "adopt", &["adopt", &lost, "--dataset", "demo", "--dry-run"]);
    answers(&home, "adopt", &["adopt", &lost, "--dataset", "demo"]);
    let adopted = std::fs::read(home.path().join("lost/.medsets/adopted.json")).unwrap();
    fits(&validator(&home, "adopted"), &serde_json::from_slice(&adopted).unwrap());
    answers(&home, "remove", &["remove", "demo", "--yes"]);
    answers(&home, "fetch", &["fetch", "demo"]);
    answers(&home, "duties", &["duties", "umls", "mimic-cxr"]);
    let file = std::fs::read_dir(home.data().join("demo/1.0/docs")).unwrap().next().unwrap().unwrap().path();
    answers(&home, "why", &["why", file.to_str().unwrap()]);
    answers(&home, "access", &["access", "demo-gated", "mimic-cxr", "chexpert"]);
    answers(&home, "access-plan", &["access", "plan", "mimic-cxr", "chexpert"]);
    answers(&home, "access-probe", &["access", "probe", "demo"]);
    answers(&home, "access-open", &["access", "open", "mimic-cxr", "--print"]);
    let text = answers(&home, "access-accept", &["access", "accept", "demo-gated", "--dry-run"]);
    let digest = text["data"]["text_digest"].as_str().unwrap();
    answers(&home, "access-accept", &["access", "accept", "demo-gated", "--text-digest", digest]);
    answers(&home, "access-withdraw", &["access", "withdraw", "demo-gated"]);
    let grant = ["access", "grant", "mimic-cxr", "training", "--expires", "2999-01-01"];
    let steps = home.json(&["access", "mimic-cxr"]);
    let training = steps["data"]["datasets"][0]["steps"][1]["id"].as_str().unwrap().to_owned();
    let grant: Vec<&str> =
        grant.iter().map(|word| if *word == "training" { training.as_str() } else { word }).collect();
    answers(&home, "access-grant", &[&grant[..], &["--dry-run"]].concat());
    answers(&home, "access-grant", &grant);
    answers(&home, "auth-status", &["auth", "status"]);
    answers(&home, "auth-login", &["auth", "login", "kaggle"]);
    let login = ["auth", "login", "kaggle", "--token-stdin", "--no-check", "--json"];
    let login = home.fed("KEY-of-nobody", &login).expect(0).stdout;
    fits(&validator(&home, "auth-login"), &serde_json::from_str(&login).unwrap());
    answers(&home, "auth-status", &["auth", "status", "kaggle"]);
    answers(&home, "auth-logout", &["auth", "logout", "kaggle"]);
    answers(&home, "ledger", &["ledger", "show"]);
    answers(&home, "ledger-verify", &["ledger", "verify"]);
    answers(&home, "ledger-export", &["ledger", "export"]);
    answers(&home, "ledger-export", &["ledger", "export", "-o", "extract.json"]);
    let share = home.path().join("share");
    std::fs::create_dir(&share).unwrap();
    let mirror = format!("file://{}", share.display());
    for more in [&["--dry-run"][..], &[], &["--verify"]] {
        answers(&home, "mirror", &[&["mirror", "push", "demo", "--mirror", &mirror], more].concat());
    }
    answers(&home, "mirror", &["mirror", "check", "--mirror", &mirror, "--verify"]);
    answers(&home, "mirror", &["mirror", "pull", "demo", "--mirror", &mirror, "--dry-run"]);
    answers(&home, "fetch", &["mirror", "pull", "demo", "--mirror", &mirror, "--to", "elsewhere"]);
    answers(&home, "cite", &["cite", "demo"]);
    let project = "[[dataset]]\nid = \"mimic-cxr\"\n[[output]]\nname = \"m\"\nkind = \"weights\"\nfrom = [\"mimic-cxr\"]\n\
        [policy]\nacts = [\"release-weights\"]\n";
    let policy = home.path().join("work/medsets.toml");
    std::fs::write(&policy, project).unwrap();
    answers(&home, "audit", &["audit"]);
    std::fs::remove_file(policy).unwrap();
    answers(&home, "audit", &["audit"]);
    answers(&home, "audit", &["audit", "umls", "chexpert", "vqa-rad", "--for", "llm-api"]);
    answers(&home, "audit", &["audit", "--for", "profit"]);
    answers(&home, "init", &["init", "a-project", "--dry-run"]);
    answers(&home, "init", &["init"]);
    answers(&home, "add", &["add", "demo", "mimic-cxr@2.0.0", "zenodo:1", "--exclude", "docs"]);
    answers(&home, "add", &["add", "demo", "--dry-run"]);
    answers(&home, "add", &["add", "no-such-dataset"]);
    answers(&home, "outdated", &["outdated"]);
    answers(&home, "drop", &["drop", "demo", "zenodo:1", "--dry-run"]);
    answers(&home, "drop", &["drop", "demo"]);
    std::fs::remove_file(home.path().join("work/medsets.toml")).unwrap();
    answers(&home, "outdated", &["outdated"]);
    answers(&home, "diff", &["diff", "mimic-cxr", "2.0.0", "2.1.0"]);
    answers(&home, "diff", &["diff", "chexpert", "small", "full"]);
    answers(&home, "catalog-lint", &["catalog", "lint"]);
    answers(&home, "config", &["config", "list"]);
    answers(&home, "config", &["config", "get", "proxy"]);
    answers(&home, "config", &["config", "set", "jobs", "3"]);
    answers(&home, "config", &["config", "path"]);
    answers(&home, "doctor", &["doctor"]);
    answers(&home, "completions", &["completions", "bash"]);
    answers(&home, "man", &["man"]);
    answers(&home, "man", &["man", "pages"]);
    answers(&home, "schema", &["schema"]);
    let dir = home.data().join("demo/1.0");
    std::fs::write(dir.join("data/labels.csv"), "spoiled").unwrap();
    std::fs::remove_file(dir.join("docs/README.txt")).unwrap();
    answers(&home, "verify", &["verify", "demo"]);
    std::fs::write(dir.join(".medsets/receipt.json"), "").unwrap();
    answers(&home, "verify", &["verify", "demo"]);
    answers(&home, "list", &["list"]);
    answers(&home, "remove", &["remove", "demo", "--dry-run"]);
    answers(&home, "remove", &["remove", "demo", "--yes"]);
}

#[test]
fn files_that_are_written_fit_their_schemas() {
    let members: &[(&str, EntryType, &str, &[u8])] =
        &[("a.txt", EntryType::Regular, "", b"a"), ("b.txt", EntryType::Symlink, "a.txt", b"")];
    let served = serve(&[
        ("set.tar.gz", gzip(&tar_of(members)), "{ format = \"tar.gz\", links = true }"),
        ("plain.txt", b"plain".to_vec(), ""),
    ]);
    let home = &served.home;
    let given = home.path().join("plain.txt");
    std::fs::write(&given, "plain").unwrap();
    let overlay = |rest: &[&str]| [&["--catalog", served.catalog.as_str()], rest].concat().join("\u{0}");
    let run = |rest: &[&str]| answers(home, rest[0], &overlay(rest).split('\u{0}').collect::<Vec<_>>());
    run(&["import", "made", given.to_str().unwrap(), "--dry-run"]);
    run(&["import", "made", given.to_str().unwrap()]);
    served.run(&["fetch", "made", "--events", "events.jsonl"]).expect(0);
    served.run(&["verify", "made", "--events", "verify.jsonl"]).expect(0);
    home.run(&["fetch", "demo"]).expect(0);
    for dir in ["made/1", "demo/1.0"] {
        let records = home.data().join(dir).join(".medsets");
        let receipt: Value = serde_json::from_slice(&std::fs::read(records.join("receipt.json")).unwrap()).unwrap();
        fits(&validator(home, "receipt"), &receipt);
        let schema = validator(home, "inventory");
        lines(&records.join("files.jsonl")).iter().for_each(|record| fits(&schema, record));
        let schema = validator(home, "listed");
        lines(&records.join("listed.jsonl")).iter().for_each(|mark| fits(&schema, mark));
    }
    let schema = validator(home, "ledger-entry");
    lines(&home.state().join("ledger.jsonl")).iter().for_each(|entry| fits(&schema, entry));
    let schema = validator(home, "event");
    for file in ["events.jsonl", "verify.jsonl"] {
        let events = lines(&home.path().join("work").join(file));
        assert!(!events.is_empty());
        events.iter().for_each(|event| fits(&schema, event));
    }
}

#[test]
fn schemas_are_listed_and_near_misses_named() {
    let home = Home::new();
    let names = home.run(&["schema"]).expect(0).stdout;
    for name in ["answer", "catalog", "event", "fetch", "inventory", "ledger-entry", "receipt"] {
        assert!(names.lines().any(|line| line == name), "{name}: {names}");
    }
    for name in names.lines() {
        validator(&home, name);
    }
    home.run(&["schema", "reciept"]).expect(2).says(&["did you mean `receipt`?"]);
}

/// A project's answers: nothing known, resolved, fetched, compared.
#[test]
fn the_answers_about_a_lock_fit_their_schemas() {
    let home = Home::new();
    answers(&home, "lock", &["lock"]);
    let project = "[project]\nname = \"x\"\n[[dataset]]\nid = \"demo\"\n[[dataset]]\nid = \"demo-gated\"\n";
    std::fs::write(home.path().join("work/medsets.toml"), project).unwrap();
    answers(&home, "lock", &["lock", "--dry-run"]);
    answers(&home, "lock", &["lock"]);
    answers(&home, "sync-check", &["sync", "--check"]);
    answers(&home, "sync", &["sync", "--dry-run"]);
    answers(&home, "sync", &["sync"]);
    answers(&home, "sync-check", &["sync", "--check"]);
    let other = "[project]\nname = \"x\"\n[[dataset]]\nid = \"demo\"\ninclude = [\"*.zip\"]\n";
    std::fs::write(home.path().join("work/medsets.toml"), other).unwrap();
    answers(&home, "lock", &["lock", "--check"]);
    answers(&home, "sync", &["sync", "--prune"]);
}
