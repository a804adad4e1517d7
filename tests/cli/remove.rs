//! What `remove` takes away, and that the ledger says so and nothing else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::archives::{Served, serve};
use crate::support::home::{Ran, tree, until};
use crate::support::preload::library;

fn ledger(served: &Served) -> String {
    std::fs::read_to_string(served.home.state().join("ledger.jsonl")).unwrap()
}

fn deletions(served: &Served) -> usize {
    ledger(served).matches("\"kind\":\"delete\"").count()
}

/// Moves the folder of `made` to where no data folder is, and puts a link in its place.
fn relocate(served: &Served, data: &Path) -> PathBuf {
    let big = served.home.path().join("big");
    std::fs::create_dir_all(&big).unwrap();
    std::fs::rename(data.join("made/1"), big.join("made-1")).unwrap();
    std::os::unix::fs::symlink(big.join("made-1"), data.join("made/1")).unwrap();
    big.join("made-1")
}

#[test]
fn of_a_link_that_a_person_made_the_link_goes_and_nothing_is_said_to_be_deleted() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
    served.run(&["fetch", "made"]).expect(0);
    let big = relocate(&served, &served.home.data());
    let before = tree(&big);
    let planned = served.run(&["remove", "made", "--dry-run"]).expect(0).stdout;
    assert!(planned.contains("stays") && planned.contains(big.to_str().unwrap()), "{planned}");
    let answer = served.home.json(&["remove", "made", "--yes"]);
    assert_eq!((&answer["data"]["leads_to"], &answer["data"]["files"]), (&big.to_str().into(), &0.into()), "{answer}");
    assert!(std::fs::symlink_metadata(served.home.data().join("made/1")).is_err());
    assert_eq!(tree(&big), before);
    let last = ledger(&served).lines().last().unwrap().to_owned();
    assert!(last.contains("\"files\":0") && last.contains("the link alone"), "{last}");
    served.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn a_sync_that_prunes_takes_such_a_link_and_says_so() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
    let project = served.home.path().join("work/medsets.toml");
    let table = |id: &str| format!("[[dataset]]\nid = \"{id}\"\n");
    std::fs::write(&project, format!("[project]\nname = \"x\"\n{}{}", table("made"), table("demo"))).unwrap();
    served.run(&["sync"]).expect(0);
    let big = relocate(&served, &served.home.path().join("work/data"));
    std::fs::write(&project, format!("[project]\nname = \"x\"\n{}", table("demo"))).unwrap();
    served.run(&["lock"]).expect(0);
    served.run(&["sync", "--prune"]).expect(0).says(&["the link alone", big.to_str().unwrap()]);
    assert!(big.join("data/a.csv").exists() && !served.home.path().join("work/data/made").exists());
}

/// A library that kills the program once it has put something into the store's `tmp`.
fn kills_after_the_rename(served: &Served) -> PathBuf {
    let text = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <signal.h>\n#include <string.h>\n\
                #include <sys/stat.h>\n#include <unistd.h>\n\
                int rename(const char *from, const char *to) {\n\
                int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, \"rename\");\n\
                struct stat found;\n\
                int is_dir = lstat(from, &found) == 0 && S_ISDIR(found.st_mode);\n\
                int done = real(from, to);\n\
                if (is_dir && strstr(to, \".medsets-store/tmp/\")) kill(getpid(), SIGKILL);\n\
                return done; }\n";
    library(served.home.path(), text)
}

#[test]
fn a_removal_that_was_killed_is_entered_by_the_next_run() {
    #[track_caller]
    fn check(next: &[&str], code: i32) {
        let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
        let library = kills_after_the_rename(&served);
        served.run(&["fetch", "made"]).expect(0);
        let mut command = served.home.command(&["--catalog", &served.catalog, "remove", "made", "--yes"]);
        let ran: Ran = command.env("LD_PRELOAD", &library).output().unwrap().into();
        assert_eq!(ran.code, None, "it was killed: {ran:?}");
        assert!(!served.home.data().join("made/1").exists());
        assert_eq!(deletions(&served), 0, "between the two");
        served.run(next).expect(code);
        assert_eq!(deletions(&served), 1, "{next:?}: {}", ledger(&served));
        let tmp: Vec<_> = std::fs::read_dir(served.home.data().join(".medsets-store/tmp")).unwrap().collect();
        assert!(tmp.is_empty(), "{tmp:?}");
        served.run(next);
        assert_eq!(deletions(&served), 1, "once");
        served.run(&["ledger", "verify"]).expect(0);
    }
    check(&["fetch", "made", "--offline"], 30);
    check(&["fetch", "made"], 0);
    check(&["prune"], 0);
}

#[test]
fn of_several_removals_at_once_one_is_made() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
    for round in 1..4 {
        served.run(&["fetch", "made"]).expect(0);
        let run = || served.home.command(&["--catalog", &served.catalog, "remove", "made", "--yes"]).spawn().unwrap();
        let runs: Vec<_> = (0..6).map(|_| run()).collect();
        let codes: Vec<_> =
            runs.into_iter().map(|run| Ran::from(run.wait_with_output().unwrap()).code.unwrap()).collect();
        assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
        assert!(codes.iter().all(|code| [0, 11].contains(code)), "{codes:?}");
        assert_eq!(deletions(&served), round);
    }
}

#[test]
fn a_removal_waits_for_a_run_at_work_and_a_fetch_beside_one_is_no_fault() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), ""), ("big.bin", vec![7; 1_000_000], "")]);
    served.run(&["fetch", "made", "--include", "a.csv"]).expect(0);
    let mut slow = served.home.command(&["--catalog", &served.catalog, "fetch", "made", "--limit-rate", "150KB"]);
    let slow = slow.spawn().unwrap();
    let claim = served.home.data().join(".medsets-store/leases/made@1.claim");
    until(|| claim.exists());
    served.run(&["config", "set", "lock-wait", "0"]).expect(0);
    served.run(&["remove", "made", "--yes"]).expect(53).says(&["another medsets run works on `made@1`"]);
    served.run(&["config", "set", "lock-wait"]).expect(0);
    assert!(served.home.data().join("made/1/data/a.csv").exists());
    Ran::from(slow.wait_with_output().unwrap()).expect(0);
    // Now both at once, many times: each ends with a code of its own.
    for _ in 0..8 {
        let fetch = served.home.command(&["--catalog", &served.catalog, "fetch", "made"]).spawn().unwrap();
        let ran = served.run(&["remove", "made", "--yes"]);
        assert!(matches!(ran.code, Some(0 | 11)), "{ran:?}");
        let ran = Ran::from(fetch.wait_with_output().unwrap());
        assert!(matches!(ran.code, Some(0 | 53)), "{ran:?}");
    }
}

#[test]
fn a_folder_that_its_owner_closed_keeps_nothing_from_working() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), ""), ("b.csv", b"b\n".to_vec(), "")]);
    let by_nobody = |arguments: &[&str]| {
        served.home.run_unprivileged(&[&["--catalog", served.catalog.as_str()], arguments].concat())
    };
    by_nobody(&["fetch", "made"]).expect(0);
    let data = served.home.data().join("made/1/data");
    let close = || {
        std::fs::create_dir_all(data.join("mine")).unwrap();
        std::fs::write(data.join("mine/notes"), "mine").unwrap();
        std::fs::set_permissions(data.join("mine"), std::fs::Permissions::from_mode(0o555)).unwrap();
    };
    close();
    std::fs::remove_file(data.join("b.csv")).unwrap();
    by_nobody(&["verify", "made", "--repair"]).expect(62).says(&["1 extra"]);
    assert!(data.join("b.csv").exists() && data.join("mine/notes").exists());
    by_nobody(&["fetch", "made"]).expect(0);
    close();
    by_nobody(&["remove", "made", "--yes"]).expect(0);
    assert!(!served.home.data().join("made").exists());
    by_nobody(&["prune", "--older", "0"]).expect(0);
    let tmp: Vec<_> = std::fs::read_dir(served.home.data().join(".medsets-store/tmp")).unwrap().collect();
    assert!(tmp.is_empty(), "{tmp:?}");
}
