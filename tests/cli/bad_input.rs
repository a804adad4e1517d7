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
fn one_broken_overlay_entry_leaves_the_others_usable() {
    let home = Home::new();
    let dir = home.overlay("broken.toml", "id = \"broken\"\nmodality = 7\n");
    for arguments in [vec!["info", "chexpert"], vec!["search", "chexpert"], vec!["list", "--available"]] {
        let ran = home.run(&[&["--catalog", dir.as_str()], arguments.as_slice()].concat()).expect(0);
        let ran = ran.says(&["warning:", "broken.toml", "line 2"]);
        assert!(ran.stdout.contains("chexpert"), "{arguments:?}: {}", ran.stdout);
    }
    home.run(&["--catalog", &dir, "fetch", "demo"]).expect(0).says(&["broken.toml"]);
    home.run(&["--catalog", &dir, "info", "broken"]).expect(11).says(&["broken.toml", "line 2", "catalog lint"]);
    home.run(&["--catalog", &dir, "catalog", "lint"]).expect(11).says(&["broken.toml"]);
    let ran = home.run(&["--catalog", &dir, "doctor"]).expect(1);
    assert!(ran.stdout.contains("broken.toml"), "{}", ran.stdout);
}

#[test]
fn a_broken_overlay_entry_never_falls_back_to_the_built_in_one() {
    let home = Home::new();
    let dir = home.overlay("demo.toml", "id = \"demo\"\nbroken [");
    for command in ["info", "fetch", "access", "cite"] {
        home.run(&["--catalog", &dir, command, "demo"]).expect(11).says(&["demo.toml", "line 2"]);
    }
    assert!(!home.data().join("demo").exists(), "nothing was fetched");
    let found = home.json(&["--catalog", &dir, "list", "--available"]);
    let ids = found["data"]["datasets"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
    assert!(!ids.clone().any(|id| id == "demo") && ids.clone().any(|id| id == "demo-gated"));
    assert!(found["warnings"][0].as_str().unwrap().contains("demo.toml"), "{found}");
    // So it is with a file that cannot be read at all.
    std::fs::write(home.path().join("overlay/demo.toml"), b"id = \"demo\" # \xff").unwrap();
    home.run(&["--catalog", &dir, "info", "demo"]).expect(11).says(&["demo.toml"]);
    home.run(&["--catalog", &dir, "info", "medquad"]).expect(0);
}

#[test]
fn a_broken_overlay_licence_is_unknown_and_nothing_is_fetched_under_it() {
    let home = Home::new();
    let dir = home.overlay("readme.txt", "");
    std::fs::create_dir(home.path().join("overlay/licenses")).unwrap();
    std::fs::write(home.path().join("overlay/licenses/CC0-1.0.toml"), "id = \"CC0-1.0\"\nname = 7\n").unwrap();
    let ran = home.run(&["--catalog", &dir, "info", "demo"]).expect(0).says(&["CC0-1.0.toml", "line 2"]);
    assert!(ran.stdout.contains("terms are unknown"), "{}", ran.stdout);
    home.run(&["--catalog", &dir, "fetch", "demo"]).expect(11).says(&["CC0-1.0.toml", "line 2"]);
    home.run(&["--catalog", &dir, "info", "chexpert"]).expect(0);
    home.run(&["--catalog", &dir, "catalog", "lint"]).expect(11).says(&["CC0-1.0.toml"]);
    assert!(home.run(&["--catalog", &dir, "doctor"]).expect(1).stdout.contains("CC0-1.0.toml"));
}

#[test]
fn a_fifo_in_an_overlay_folder_holds_no_command_up() {
    let home = Home::new();
    let dir = home.overlay("readme.txt", "");
    let made = std::process::Command::new("mkfifo").arg(home.path().join("overlay/x.toml")).status().unwrap();
    assert!(made.success());
    std::fs::write(home.path().join("target"), "not = 1\n").unwrap();
    std::os::unix::fs::symlink("../target", home.path().join("overlay/linked.toml")).unwrap();
    home.run(&["--catalog", &dir, "list", "--available"]).expect(0).says(&["x.toml", "FIFO", "linked.toml", "line 1"]);
    home.run(&["--catalog", &dir, "info", "x"]).expect(11).says(&["x.toml", "FIFO"]);
    for arguments in [&["--catalog", &dir, "catalog", "lint"][..], &["catalog", "lint", &dir]] {
        let ran = home.run(arguments).expect(11);
        assert!(ran.stdout.contains("x.toml") && ran.stdout.contains("FIFO"), "{}", ran.stdout);
    }
}

#[test]
fn output_is_written_through_a_fifo_and_never_in_its_place() {
    use std::os::unix::fs::FileTypeExt as _;
    let home = Home::new();
    let fifo = home.path().join("work/fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for (arguments, word) in [
        (&["fetch", "demo", "--events", "fifo"][..], "\"event\""),
        (&["ledger", "export", "-o", "fifo"], "medsets/ledger-extract/1"),
    ] {
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || std::fs::read_to_string(fifo).unwrap()
        });
        home.run(arguments).expect(0);
        assert!(std::fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo(), "{arguments:?}");
        let read = reader.join().unwrap();
        assert!(read.contains(word), "{arguments:?}: {read}");
    }
    std::fs::create_dir(home.path().join("work/folder")).unwrap();
    home.run(&["ledger", "export", "-o", "folder"]).expect(1).says(&["folder", "directory"]);
    home.run(&["fetch", "demo", "--events", "folder"]).expect(1).says(&["folder", "directory"]);
}

#[test]
fn an_overlay_file_beyond_the_limit_is_refused_and_the_limit_is_named() {
    let home = Home::new();
    let dir = home.overlay("huge.toml", "");
    std::fs::File::create(home.path().join("overlay/huge.toml")).unwrap().set_len((64 << 20) + 1).unwrap();
    home.run(&["--catalog", &dir, "info", "huge"]).expect(11).says(&["huge.toml", "64.0 MiB"]);
    home.run(&["--catalog", &dir, "info", "demo"]).expect(0).says(&["64.0 MiB"]);
    home.run(&["--catalog", &dir, "catalog", "lint"]).expect(11).says(&["64.0 MiB"]);
}

#[test]
fn an_overlay_entry_may_name_twenty_thousand_files() {
    let home = Home::new();
    let head = "id = \"many\"\ntitle = \"Many\"\nsummary = \"s\"\nmaintainer = { name = \"n\" }\n[[release]]\nversion = \"1\"\n";
    let source = "[[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://example.org/\"\n";
    let note = "x".repeat(200);
    let file =
        |number| format!("[[release.file]]\npath = \"{number}.png\"\nsha256 = \"{number:064x}\"\nnote = \"{note}\"\n");
    let text: String = [head.to_owned(), source.to_owned()].into_iter().chain((0..20_000).map(file)).collect();
    assert!(text.len() > 4 << 20);
    let dir = home.overlay("many.toml", &text);
    let ran = home.run(&["--catalog", &dir, "info", "many"]).expect(0);
    assert!(
        ran.stdout.contains("20,000") || ran.stdout.contains("20 000") || ran.stdout.contains("20000"),
        "{}",
        ran.stdout
    );
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
    for command in [&["fetch", "demo"][..], &["info", "demo"]] {
        home.run(&[&["--catalog", dir.as_str()], command].concat()).expect(13).says(&["demo.toml", &digest, "help:"]);
    }
    // The others can be used, and the refused one is told.
    for command in [&["info", "chexpert"][..], &["search", "chest"]] {
        home.run(&[&["--catalog", dir.as_str()], command].concat()).expect(0).says(&["demo.toml"]);
    }
    let answer = home.json(&["--catalog", &dir, "info", "demo"]);
    assert_eq!(answer["errors"][0]["code"], "overlay");
    home.run(&["catalog", "lint", &dir]).expect(11);
    // The embedded entry is used without the overlay.
    home.run(&["info", "demo"]).expect(0);
}
