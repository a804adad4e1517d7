//! Many processes at once, also where the locks of the file system do nothing or fail.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::archives::{Served, serve, zip_of};
use crate::support::home::{Home, Ran, full_pipe, until};
use crate::support::preload::library;

/// A library that stands between the program and the system's `flock`.
fn locks_that(home: &Home, answer: &str) -> PathBuf {
    let text = format!("#include <errno.h>\nint flock(int file, int what) {{ (void)file; (void)what; {answer} }}\n");
    library(home.path(), &text)
}

const DO_NOTHING: &str = "return 0;";
const FAIL: &str = "errno = ENOLCK; return -1;";

fn start(served: &Served, library: Option<&Path>, arguments: &[&str]) -> Child {
    let mut command = served.home.command(&[&["--catalog", served.catalog.as_str()], arguments].concat());
    if let Some(library) = library {
        command.env("LD_PRELOAD", library);
    }
    command.spawn().unwrap()
}

fn ended(run: Child) -> Ran {
    run.wait_with_output().unwrap().into()
}

fn files() -> Served {
    let members: Vec<(String, Vec<u8>)> = (0..40).map(|at| (format!("{at}.txt"), vec![b'x'; 2000 + at])).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    serve(&[
        ("set.zip", zip_of(&members), "{ format = \"zip\" }"),
        ("one.bin", vec![1; 1_500_000], ""),
        ("two.txt", b"two".to_vec(), ""),
    ])
}

/// All of them fetch at once: each byte comes once, and everybody has the dataset.
#[track_caller]
fn fetch_at_once(processes: usize, answer: Option<&str>) {
    let served = files();
    let library = answer.map(|answer| locks_that(&served.home, answer));
    let runs: Vec<Child> = (0..processes).map(|_| start(&served, library.as_deref(), &["fetch", "made"])).collect();
    for run in runs {
        ended(run).expect(0);
    }
    let mut asked: Vec<String> = served.host.log().iter().map(|asked| asked.path.clone()).collect();
    asked.sort();
    asked.dedup();
    assert_eq!(served.host.log().len(), asked.len(), "each file was asked for once: {:?}", served.host.log());
    served.run(&["verify", "made"]).expect(0);
    let ledger = std::fs::read_to_string(served.home.state().join("ledger.jsonl")).unwrap();
    assert_eq!(ledger.matches("\"kind\":\"fetch\"").count(), 1, "{ledger}");
    let leases: Vec<_> = std::fs::read_dir(served.home.data().join(".medsets-store/leases")).unwrap().collect();
    assert_eq!(leases.len(), 1, "the lock's file and nothing beside it: {leases:?}");
}

#[test]
fn many_processes_download_once() {
    fetch_at_once(24, None);
}

#[test]
fn many_processes_download_once_where_locks_do_nothing() {
    fetch_at_once(10, Some(DO_NOTHING));
}

#[test]
fn many_processes_download_once_where_locks_fail() {
    fetch_at_once(10, Some(FAIL));
}

#[test]
fn a_killed_holder_is_followed_at_once_where_locks_do_nothing() {
    let served = serve(&[("big.bin", (0..3_000_000_u32).map(|at| ((at * 7) >> 3) as u8).collect(), "")]);
    let library = locks_that(&served.home, DO_NOTHING);
    let mut first = start(&served, Some(&library), &["fetch", "made", "--limit-rate", "300KB"]);
    let claim = served.home.data().join(".medsets-store/leases/made@1.claim");
    until(|| claim.exists());
    let text = std::fs::read_to_string(&claim).unwrap();
    assert!(text.contains(&format!("\"pid\":{}", first.id())), "{text}");
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(claim.exists(), "nobody takes it away from a killed process");
    let begun = Instant::now();
    ended(start(&served, Some(&library), &["fetch", "made"])).expect(0);
    assert!(begun.elapsed() < Duration::from_secs(20), "a process that is gone is not waited for");
    assert!(!claim.exists());
    served.run(&["verify", "made"]).expect(0);
}

#[test]
fn a_holder_that_was_followed_commits_nothing() {
    let served = serve(&[("big.bin", (0..1_000_000_u32).map(|at| ((at * 7) >> 3) as u8).collect(), "")]);
    let run = start(&served, None, &["fetch", "made", "--limit-rate", "250KB"]);
    let claim = served.home.data().join(".medsets-store/leases/made@1.claim");
    until(|| claim.exists());
    // As if another machine had not heard of it for too long.
    let other = format!("{{\"id\":\"another\",\"host\":\"elsewhere\",\"boot\":\"x\",\"pid\":1}}\n{:020}\n", 7);
    let theirs = claim.with_extension("claim-theirs");
    std::fs::write(&theirs, &other).unwrap();
    std::fs::rename(&theirs, &claim).unwrap();
    ended(run).expect(53).says(&["another medsets run"]);
    assert!(!served.home.data().join("made/1").exists());
    assert_eq!(std::fs::read_to_string(&claim).unwrap(), other, "it is not theirs to take away");
    assert!(!served.home.state().join("ledger.jsonl").exists());
}

#[test]
fn many_entries_at_once_make_one_chain_where_locks_do_nothing() {
    let served = files();
    let library = locks_that(&served.home, DO_NOTHING);
    let steps = served.home.json(&["access", "mimic-cxr"]);
    let training = steps["data"]["datasets"][0]["steps"][1]["id"].as_str().unwrap().to_owned();
    let grant = ["access", "grant", "mimic-cxr", &training, "--expires", "2999-01-01"];
    let runs: Vec<Child> = (0..100).map(|_| start(&served, Some(&library), &grant)).collect();
    for run in runs {
        ended(run).expect(0);
    }
    served.run(&["ledger", "verify"]).expect(0);
    let ledger = std::fs::read_to_string(served.home.state().join("ledger.jsonl")).unwrap();
    assert_eq!(ledger.lines().count(), 100);
    assert!(!served.home.state().join("ledger.claim").exists());
}

#[test]
fn what_a_run_elsewhere_left_is_pruned_once_it_gives_no_sign_of_life() {
    let served = files();
    served.run(&["fetch", "made", "--include", "two.txt"]).expect(0);
    let store = served.home.data().join(".medsets-store");
    std::fs::create_dir_all(store.join("parts/other@1/stage")).unwrap();
    std::fs::create_dir_all(store.join("tmp/left")).unwrap();
    let claim = format!("{{\"id\":\"another\",\"host\":\"elsewhere\",\"boot\":\"x\",\"pid\":1}}\n{:020}\n", 7);
    std::fs::write(store.join("leases/other@1.claim"), claim).unwrap();
    served.run(&["prune", "--parts", "--older", "0"]).expect(0).says(&["may be at work"]);
    assert!(!store.join("parts/other@1").exists() && !store.join("tmp/left").exists());
    assert!(!store.join("leases/other@1.claim").exists());
}

#[test]
fn a_lock_that_is_no_file_is_told_and_not_waited_for() {
    for name in ["made@1.lock", "made@1.claim"] {
        let served = files();
        let leases = served.home.data().join(".medsets-store/leases");
        std::fs::create_dir_all(&leases).unwrap();
        assert!(Command::new("mkfifo").arg(leases.join(name)).status().unwrap().success());
        let begun = Instant::now();
        served.run(&["fetch", "made"]).expect(1).says(&[name, "FIFO"]);
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn what_somebody_may_be_writing_is_left_where_locks_do_nothing() {
    let served = files();
    served.run(&["fetch", "made"]).expect(0);
    let library = locks_that(&served.home, DO_NOTHING);
    let output = |name: &str| served.home.path().join("work").join(name);
    std::fs::write(output(".medsets-out-fresh"), "somebody writes it").unwrap();
    let old = std::fs::File::create(output(".medsets-out-old")).unwrap();
    old.set_modified(std::time::SystemTime::now() - Duration::from_secs(2 * 60 * 60)).unwrap();
    ended(start(&served, Some(&library), &["bundle", "made", "-o", "made.tar.zst"])).expect(0);
    assert!(output(".medsets-out-fresh").exists() && !output(".medsets-out-old").exists());
    served.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(0);
    assert!(!output(".medsets-out-fresh").exists(), "a lock that holds tells that nobody writes it");
}

/// A library that cannot delete the claim of the ledger.
const KEEPS_THE_CLAIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
int unlink(const char *path) {
    int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
    if (strstr(path, "/ledger.claim") && !strstr(path, "claim-")) { errno = EIO; return -1; }
    return real(path);
}
"#;

#[test]
fn a_run_that_cannot_delete_its_claim_does_not_wait_for_itself() {
    let served = files();
    let library = library(served.home.path(), KEEPS_THE_CLAIM);
    // It looks whether the ledger takes an entry, and makes one.
    ended(start(&served, Some(&library), &["fetch", "made"])).expect(0);
    let claim = served.home.state().join("ledger.claim");
    assert!(claim.exists(), "it could not be deleted");
    served.run(&["remove", "made", "--yes"]).expect(0);
    assert!(!claim.exists());
    served.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn a_run_that_cannot_delete_its_claim_keeps_nobody_waiting_while_it_lives() {
    let served = files();
    let library = library(served.home.path(), KEEPS_THE_CLAIM);
    // Nobody reads its answer.
    let (reader, writer) = full_pipe();
    let mut command = served.home.command(&["--catalog", &served.catalog, "fetch", "made"]);
    let mut first = command.env("LD_PRELOAD", &library).stdout(writer).spawn().unwrap();
    drop(command);
    let ledger = served.home.state().join("ledger.jsonl");
    until(|| std::fs::read_to_string(&ledger).is_ok_and(|text| text.contains("\"kind\":\"fetch\"")));
    served.run(&["remove", "made", "--yes"]).expect(0);
    assert_eq!(first.try_wait().unwrap(), None, "it lives");
    drop(reader);
    first.wait().unwrap();
    served.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn what_killed_runs_left_of_claims_beside_the_ledger_goes() {
    let served = files();
    let beside = |name: &str| served.home.state().join(name);
    std::fs::create_dir_all(served.home.state()).unwrap();
    for name in ["ledger.claim-by-left", "ledger.claim-by-held"] {
        std::fs::write(beside(name), "").unwrap();
    }
    let held = std::fs::File::open(beside("ledger.claim-by-held")).unwrap();
    held.lock().unwrap();
    served.run(&["fetch", "made"]).expect(0);
    assert!(!beside("ledger.claim-by-left").exists() && beside("ledger.claim-by-held").exists());
}
