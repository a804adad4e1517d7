//! What the program says: where answers go, how errors are told, which settings are refused.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::home::{Home, Ran};
use crate::support::host::{Host, Reply};

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let home = Home::new();
    if !std::fs::metadata("/dev/full").is_ok_and(|found| found.file_type().is_char_device()) {
        eprintln!("skipped: this machine has no `/dev/full`");
        return;
    }
    for arguments in [&["list", "--available"][..], &["list", "--available", "--json"], &["--help"], &["--version"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = home.command(arguments).stdout(full).output().unwrap();
        Ran::from(output).expect(50).says(&["standard output"]);
    }
    // A reader that goes away is none.
    let mut child = home.command(&["list", "--available"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn passwords_in_settings_are_not_shown() {
    let home = Home::new()
        .with("MEDSETS_PROXY", "http://me:hunter2@proxy.example:3128")
        .with("MEDSETS_REWRITE", "https://a.example/=https://me:hunter2@b.example/");
    for arguments in [
        &["config", "get", "proxy"][..],
        &["config", "get", "rewrite"],
        &["config", "list"],
        &["config", "list", "--json"],
    ] {
        let ran = home.run(arguments).expect(0);
        assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"), "{ran:?}");
        assert!(ran.stdout.contains("b.example/") || ran.stdout.contains("proxy.example:3128"), "{ran:?}");
    }
    let ran = home.run(&["config", "set", "proxy", "http://me:hunter2@other.example:1", "--json"]).expect(0);
    assert!(!ran.stdout.contains("hunter2"), "{ran:?}");
    let bad = Home::new().with("MEDSETS_REWRITE", "https://me:hunter2@a.example/ to nowhere");
    let ran = bad.run(&["list"]).expect(10).says(&["MEDSETS_REWRITE", "entry 1"]);
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    let bad = Home::new().with("MEDSETS_PROXY", "me:hunter2");
    let ran = bad.run(&["list"]).expect(10).says(&["MEDSETS_PROXY"]);
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
}

#[test]
fn events_and_the_answer_share_standard_output() {
    let home = Home::new();
    let ran = home.run(&["fetch", "demo", "--events", "-", "--json"]).expect(0);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (answer, events) = lines.split_last().unwrap();
    assert_eq!(answer["schema"], "medsets/fetch/1");
    assert!(!events.is_empty() && events.iter().all(|event| event["event"].is_string()), "{ran:?}");
    let phases: Vec<&str> = events.iter().filter_map(|event| event["phase"].as_str()).collect();
    assert_eq!(phases, ["listing", "download", "unpack", "commit"]);
    let ran = home.run(&["verify", "demo", "--events", "-", "--json"]).expect(0);
    assert!(ran.stdout.contains("\"phase\":\"verify\""), "{ran:?}");
}

#[test]
fn a_wrong_command_line_is_json_too() {
    let home = Home::new();
    for (arguments, word) in [
        (&["fetch", "--json"][..], "required"),
        (&["--json", "bogus"], "bogus"),
        (&["fetch", "demo", "--no-such-flag", "--json"], "--no-such-flag"),
    ] {
        let ran = home.run(arguments).expect(2);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(
            (&answer["schema"], &answer["ok"], &answer["exit"]),
            (&"medsets/error/1".into(), &false.into(), &2.into())
        );
        let error = &answer["errors"][0];
        assert_eq!(error["code"], "usage");
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
        assert!(!ran.stderr.is_empty(), "a person is told as well");
    }
    assert_eq!(home.run(&["bogus", "--", "--json"]).expect(2).stdout, "");
}

/// A dataset of one file of unknown size behind plain HTTP.
fn remote(home: &Home, id: &str) -> String {
    let demo = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let head = demo.split("[[release.source]]").next().unwrap().replace("id = \"demo\"", &format!("id = \"{id}\""));
    let source = "[[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://files.example/\"\n";
    home.overlay(&format!("{id}.toml"), &format!("{head}{source}\n[[release.file]]\npath = \"one.csv\"\n"))
}

#[test]
fn network_failures_say_which_host_and_when_to_ask_again() {
    let host = Host::start(|asked| match asked.path.as_str() {
        "/one.csv" => Reply::status(404),
        _ => Reply::status(400),
    });
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://files.example/={}", host.url()));
    let dir = remote(&home, "faraway");
    let answer = home.json(&["--catalog", &dir, "fetch", "faraway"]);
    let error = &answer["errors"][0];
    assert_eq!((&error["code"], &error["http_status"]), (&"network.gone".into(), &404.into()), "{answer}");
    assert_eq!((&error["host"], &error["url"]), (&"files.example".into(), &"https://files.example/one.csv".into()));
    assert!(error["help"].as_str().unwrap().contains("browser"), "{error}");
    home.run(&["--catalog", &dir, "fetch", "faraway"]).expect(35).says(&["error: `faraway`: "]);
}

/// Of several datasets each error names its own, whatever paths and addresses hold its id by chance.
#[test]
fn each_failure_names_its_dataset() {
    let host = Host::start(|_| Reply::status(404));
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://files.example/={}", host.url()));
    remote(&home, "one");
    let dir = remote(&home, "overlay");
    let fetch = ["--catalog", &dir, "--data-dir", "overlay", "fetch", "one", "overlay"];
    let gone = home.run(&fetch).expect(35);
    let named = gone.says(&["error: `one`: `one.csv`", "error: `overlay`: `one.csv`", "https://files.example/one.csv"]);
    assert_eq!(named.stderr.matches("error:").count(), 2, "{}", named.stderr);
    for id in ["one", "overlay"] {
        let path = home.path().join(format!("overlay/{id}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{text}size = 90000000000000\n")).unwrap();
    }
    home.run(&fetch).expect(50).says(&["error: `one`: the disk of", "error: `overlay`: the disk of"]);
    let answer = home.json(&fetch);
    let datasets = answer["errors"].as_array().unwrap().iter().map(|error| error["dataset"].as_str().unwrap());
    assert_eq!(datasets.collect::<Vec<_>>(), ["one", "overlay"], "{answer}");
}

#[test]
fn a_size_that_nobody_knows_is_not_zero() {
    let home = Home::new();
    let dir = remote(&home, "faraway");
    let ran = home.run(&["--catalog", &dir, "fetch", "faraway", "--dry-run"]).expect(0);
    assert!(ran.stdout.contains("size not known to download"), "{ran:?}");
    let host = Host::start(|_| Reply::whole("a,b\n1,2\n"));
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://files.example/={}", host.url()));
    let dir = remote(&home, "faraway");
    home.run(&["--catalog", &dir, "fetch", "faraway"]).expect(0).says(&["faraway: 1 file, size not known"]);
}

#[test]
fn the_page_of_a_step_that_is_met_is_not_opened() {
    let home = Home::new();
    let first = home.run(&["access", "open", "mimic-cxr", "--print"]).expect(0).stdout;
    let answer = home.json(&["access", "mimic-cxr"]);
    let steps = answer["data"]["datasets"][0]["steps"].as_array().unwrap();
    assert_eq!(first.trim(), steps[0]["url"]);
    home.run(&["access", "grant", "mimic-cxr", steps[0]["id"].as_str().unwrap()]).expect(0);
    assert_eq!(home.run(&["access", "open", "mimic-cxr", "--print"]).expect(0).stdout.trim(), steps[1]["url"]);
}

#[test]
fn an_address_finds_the_dataset_it_names() {
    let home = Home::new();
    let answer = home.json(&["search", "https://www.physionet.org/content/mimic-cxr/2.1.0/"]);
    let hits = answer["data"]["hits"].as_array().unwrap();
    assert_eq!((hits.len(), &hits[0]["id"]), (1, &"mimic-cxr".into()), "{answer}");
}

#[test]
fn files_and_folders_that_do_not_fit_are_refused_by_name() {
    let home = Home::new();
    let reason = ["--reason", "because"];
    let ran = home.run(&[&["fetch", "demo", "--accept-changed", "label.csv"][..], &reason].concat()).expect(2);
    ran.says(&["label.csv", "did you mean `labels.csv`?"]);
    home.run(&[&["fetch", "demo", "--accept-changed", "labels.csv"][..], &reason].concat()).expect(0);
    std::fs::write(home.path().join("taken"), "mine").unwrap();
    let taken = home.path().join("taken");
    home.run(&["fetch", "demo", "--to", taken.to_str().unwrap()]).expect(52).says(&[
        "taken",
        "is no folder",
        "--to DIR",
    ]);
    home.run(&["fetch", "isic"]).says(&["`isic"]);
}

#[test]
fn wrong_settings_exit_with_ten() {
    let missing = Home::new().with("MEDSETS_CA_CERT", "/nonexist");
    missing.run(&["fetch", "medquad"]).expect(10).says(&["/nonexist", "MEDSETS_CA_CERT"]);
    let missing = Home::new().with("MEDSETS_CATALOG", "/nonexist");
    let ran = missing.run(&["search", "chest"]).expect(10).says(&["/nonexist", "MEDSETS_CATALOG"]);
    assert!(!ran.stderr.contains("lint"), "{ran:?}");
    Home::new().with("MEDSETS_REWRITE", "garbage").run(&["list"]).expect(10).says(&["MEDSETS_REWRITE"]);
    Home::new().with("MEDSETS_LOG", "loud").run(&["list"]).expect(10).says(&["MEDSETS_LOG", "debug"]);
}

#[test]
fn a_fault_of_a_settings_file_is_told_with_its_line() {
    let home = Home::new();
    let config = home.path().join(".config/medsets/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "jobs = 4\n\n# mine\njbos = 5\n").unwrap();
    home.run(&["list"]).expect(10).says(&["config.toml", "line 4", "jbos"]);
    // What helps to mend it works all the same.
    let ran = home.run(&["config", "path"]).expect(0);
    assert_eq!(ran.stdout.trim(), config.to_str().unwrap());
    let ran = home.run(&["doctor"]);
    assert!(ran.code != Some(0) && ran.stdout.contains("BAD   settings"), "{ran:?}");
    std::fs::remove_file(&config).unwrap();
    std::fs::write(home.path().join("work/medsets.toml"), "[project]\ndata-dir = 5\n").unwrap();
    home.run(&["list"]).expect(10).says(&["medsets.toml", "line 2", "data-dir"]);
}

#[test]
fn paths_are_taken_as_they_are() {
    let home = Home::new();
    let odd = OsStr::from_bytes(b"no\xffn");
    for flag in ["--to", "--data-dir"] {
        let ran = Ran::from(home.command(&["fetch", "demo", flag]).arg(odd).output().unwrap());
        ran.expect(2).says(&["UTF-8"]);
    }
    assert_eq!(std::fs::read_dir(home.path().join("work")).unwrap().count(), 0, "nothing was written elsewhere");
    let demo = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let dir = home.path().join("work/co:lon");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("mine.toml"), demo.replace("id = \"demo\"", "id = \"mine\"")).unwrap();
    home.run(&["--catalog", "co:lon", "info", "mine"]).expect(0);
    // A person's own file may have any name.
    std::fs::write(home.path().join("work").join(odd), "x").unwrap();
    let ran = Ran::from(home.command(&["import", "demo", "--dry-run", "--json"]).arg(odd).output().unwrap());
    assert!(ran.expect(0).stdout.contains("no\u{fffd}n"));
}

#[test]
fn the_version_names_the_catalogue() {
    let home = Home::new();
    let version = home.run(&["--version"]).expect(0).stdout;
    let digest = home.json(&["info", "demo"])["catalog"]["digest"].as_str().unwrap().replace("sha256:", "");
    assert_eq!(version, format!("medsets {} (catalogue {})\n", env!("CARGO_PKG_VERSION"), &digest[..12]));
}

#[test]
fn the_log_tells_what_was_asked_and_no_secret() {
    let host = Host::start(|_| Reply::whole("a,b\n1,2\n"));
    let home = Home::new()
        .with("MEDSETS_REWRITE", format!("https://files.example/={}", host.url()))
        .with("MEDSETS_TOKEN_HTTP_FILES_EXAMPLE", "hunter2")
        .with("MEDSETS_LOG", "trace");
    let dir = remote(&home, "faraway");
    let ran = home.run(&["--catalog", &dir, "fetch", "faraway", "--json"]).expect(0);
    assert!(ran.stderr.contains("https://files.example/one.csv") && !ran.stderr.contains("hunter2"), "{ran:?}");
    let _: Value = serde_json::from_str(&ran.stdout).expect("the log stays off standard output");
}

#[test]
fn the_result_of_an_acceptance_is_all_that_quiet_leaves() {
    let home = Home::new();
    let digest = home.run(&["access", "accept", "demo-gated", "--dry-run", "-q"]).expect(0).stdout;
    assert!(digest.starts_with("sha256:") && digest.lines().count() == 1, "{digest}");
    let ran = home.run(&["access", "accept", "demo-gated", "-q", "--text-digest", digest.trim()]).expect(0);
    assert!(ran.stdout.starts_with("recorded:") && ran.stdout.lines().count() == 1, "{ran:?}");
}

#[test]
fn the_ledger_takes_names_as_everything_does() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let count = |name: &str| home.json(&["ledger", "show", name])["data"]["entries"].as_array().unwrap().len();
    assert_eq!((count("demo"), count("demo@1.0"), count("demo@2.0")), (1, 1, 0));
    let extract = home.run(&["ledger", "export", "demo@1.0", "--format", "csv"]).expect(0).stdout;
    assert_eq!(extract.lines().count(), 2, "{extract}");
    home.run(&["ledger", "export", "nosuch"]).expect(0).says(&["no such entries"]);
}

#[test]
fn an_account_that_only_the_person_knows_of_can_be_recorded() {
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    home.run(&["fetch", "n2c2"]).expect(22).says(&["medsets access grant n2c2 "]);
    let answer = home.json(&["access", "n2c2"]);
    let steps = answer["data"]["datasets"][0]["steps"].as_array().unwrap();
    let account = steps.iter().find(|step| step["kind"] == "account").unwrap();
    let line = format!("medsets access grant n2c2 {}", account["id"].as_str().unwrap());
    home.run(&["fetch", "n2c2"]).expect(22).says(&[&format!("{line}`")]);
}
