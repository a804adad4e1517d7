//! What a user gets wrong, and what surroundings get wrong: a clear error, and nothing lost.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::home::Home;

#[test]
fn a_broken_overlay_entry_is_named_with_its_line() {
    let home = Home::new();
    let dir = home.overlay("mine.toml", "id = \"mine\"\ntitle = \"Mine\"\nmodality = 7\n");
    home.run(&["--catalog", &dir, "info", "mine"]).expect(11).says(&["mine.toml", "3"]);
    home.run(&["--catalog", &dir, "catalog", "lint", &dir]).expect(11).says(&["mine.toml"]);
}

#[test]
fn no_home_folder_is_said_and_named_places_suffice() {
    let home = Home::new();
    let mut bare = home.command(&["fetch", "demo"]);
    let output = bare.env_remove("HOME").output().unwrap();
    assert_eq!(output.status.code(), Some(10), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("HOME"));
    let mut named = home.command(&["fetch", "demo"]);
    let place = |name: &str| home.path().join(name);
    let output = named
        .env_remove("HOME")
        .env("MEDSETS_DATA_DIR", place("d"))
        .env("MEDSETS_STATE_DIR", place("s"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(place("d").join("demo/1.0/data/labels.csv").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let home = Home::new();
    let closed = home.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(closed.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write anywhere (root)");
        return;
    }
    let target = closed.join("data");
    home.run(&["--data-dir", target.to_str().unwrap(), "fetch", "demo"]).expect(52).says(&["closed"]);
}

#[test]
fn a_file_in_the_place_of_the_data_folder_is_said() {
    let home = Home::new();
    std::fs::write(home.path().join("taken"), "mine").unwrap();
    let target = home.path().join("taken");
    let ran = home.run(&["--data-dir", target.to_str().unwrap(), "fetch", "demo"]);
    assert!(ran.code != Some(0) && ran.stderr.contains("taken"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(target).unwrap(), "mine");
}

#[test]
fn two_runs_at_once_do_the_work_once() {
    let home = Home::new();
    let first = home.command(&["fetch", "demo", "--json"]).spawn().unwrap();
    let second = home.command(&["fetch", "demo", "--json"]).spawn().unwrap();
    let mut fetched = 0;
    for run in [first, second] {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        fetched += answer["data"]["datasets"][0]["downloaded"].as_u64().unwrap();
    }
    let size: u64 = [147_293_u64, 1_395, 1_137, 620].iter().sum();
    assert_eq!(fetched, size, "each byte came once");
    home.run(&["verify", "demo"]).expect(0);
    home.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn foreign_text_never_reaches_the_terminal_raw() {
    let home = Home::new();
    let demo = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let hostile = demo.replace("id = \"demo\"", "id = \"hostile\"").replace(
        "title = \"medsets demonstration set\"",
        "title = \"Nice\\u001b[2J\\u001b]8;;http://x\\u0007 set\\naccepted\"",
    );
    let dir = home.overlay("hostile.toml", &hostile);
    for arguments in
        [vec!["info", "hostile"], vec!["search", "nice"], vec!["list", "--available"], vec!["cite", "hostile"]]
    {
        let ran = home.run(&[&["--catalog", dir.as_str()], arguments.as_slice()].concat()).expect(0);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!all.contains('\u{1b}') && !all.contains('\u{7}'), "{arguments:?}: {all:?}");
        assert!(!all.lines().any(|line| line.trim() == "accepted"), "{arguments:?}: a newline fakes no line");
    }
}

#[test]
fn unknown_settings_and_values_are_named() {
    let home = Home::new();
    home.run(&["config", "get", "jbos"]).expect(10).says(&["jobs"]);
    home.run(&["config", "set", "jobs", "many"]).expect(10).says(&["jobs", "many"]);
    home.run(&["config", "set", "jobs", "3"]).expect(0);
    assert_eq!(home.run(&["config", "get", "jobs"]).expect(0).stdout, "3\n");
    let bad = Home::new().with("MEDSETS_REWRITE", "nonsense");
    bad.run(&["fetch", "medquad"]).expect(10).says(&["MEDSETS_REWRITE"]);
}

#[test]
fn usage_errors_exit_with_two() {
    let home = Home::new();
    home.run(&["fetch"]).expect(2);
    home.run(&["fetch", "demo", "--no-such-flag"]).expect(2);
    home.run(&["nonsense"]).expect(2);
}

#[test]
fn a_place_in_the_settings_means_the_same_from_every_folder() {
    let home = Home::new();
    home.run(&["config", "set", "data-dir", "here"]).expect(0).says(&["work/here"]);
    let absolute = home.path().join("work/here");
    assert_eq!(home.run(&["config", "get", "data-dir"]).expect(0).stdout.trim(), absolute.to_str().unwrap());
    home.run(&["config", "set", "data-dir", "~/there"]).expect(0);
    assert_eq!(home.run(&["config", "get", "data-dir"]).expect(0).stdout.trim(), "~/there");
}

#[test]
fn a_grant_that_is_over_is_not_recorded() {
    let home = Home::new();
    let steps = home.json(&["access", "mimic-cxr"]);
    let training = steps["data"]["datasets"][0]["steps"][1]["id"].as_str().unwrap().to_owned();
    let grant = ["access", "grant", "mimic-cxr", training.as_str(), "--expires"];
    home.run(&[&grant[..], &["2020-01-31"]].concat()).expect(2).says(&["2020-01-31", "past"]);
    home.run(&[&grant[..], &["2020-01-31", "--dry-run"]].concat()).expect(2);
    home.run(&[&grant[..], &["31.1.2999"]].concat()).expect(2).says(&["YYYY-MM-DD"]);
    assert!(!home.state().join("ledger.jsonl").exists());
    home.run(&[&grant[..], &["2999-01-31"]].concat()).expect(0);
}

/// An overlay entry that declares the digest of its own text.
fn sealed(text: &str, digest: &str) -> String {
    text.replacen('\n', &format!("\nentry-sha256 = \"{digest}\"\n"), 1)
}

#[test]
fn an_overlay_entry_that_contradicts_its_own_digest_is_refused() {
    let home = Home::new();
    let text = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let digest = medsets::values::Digest::sha256(text.as_bytes()).hex();
    let dir = home.overlay("demo.toml", &sealed(&text, &digest));
    home.run(&["--catalog", &dir, "fetch", "demo"]).expect(0);
    home.run(&["catalog", "lint", &dir]).expect(0);
    let changed = sealed(&text, &digest).replace("expert", "novice").replace("CC0-1.0", "CC-BY-4.0");
    home.overlay("demo.toml", &changed);
    for command in [&["fetch", "demo"][..], &["info", "chexpert"], &["search", "chest"]] {
        home.run(&[&["--catalog", dir.as_str()], command].concat()).expect(13).says(&["demo.toml", &digest, "help:"]);
    }
    let answer = home.json(&["--catalog", &dir, "info", "demo"]);
    assert_eq!(answer["errors"][0]["code"], "overlay");
    home.run(&["catalog", "lint", &dir]).expect(11);
    // The embedded entry is used without the overlay.
    home.run(&["info", "demo"]).expect(0);
}
