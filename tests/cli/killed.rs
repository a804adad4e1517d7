//! Runs that are killed at each of their changes to the file system, one after the other, and run
//! again: what is there then is what an undisturbed run leaves, and the ledger tells it once.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::archives::{Served, serve, zip_of};
use crate::support::home::{Ran, tree};
use crate::support::preload::library;

/// A library that kills the program in the place of its change number `KILLED_AT`.
const KILLS: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static void count(void) {
    static int changes;
    const char *at = getenv("KILLED_AT");
    if (at && __atomic_add_fetch(&changes, 1, __ATOMIC_SEQ_CST) == atoi(at)) {
        kill(getpid(), SIGKILL);
        pause();
    }
}
#define CHANGE(name, takes, gives) \
    int name takes { int (*real) takes = dlsym(RTLD_NEXT, #name); count(); return real gives; }
CHANGE(rename, (const char *a, const char *b), (a, b))
CHANGE(linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
CHANGE(symlink, (const char *a, const char *b), (a, b))
CHANGE(unlink, (const char *a), (a))
CHANGE(unlinkat, (int a, const char *b, int c), (a, b, c))
CHANGE(rmdir, (const char *a), (a))
CHANGE(mkdir, (const char *a, mode_t b), (a, b))
CHANGE(fsync, (int a), (a))
"#;

fn small() -> Served {
    let members = zip_of(&[("images/1.png", b"one"), ("images/2.png", b"two")]);
    serve(&[("set.zip", members, "{ format = \"zip\" }"), ("a.csv", b"a,b\n".to_vec(), "")])
}

/// The files that are there; the names of their folders, where links are, tell the rest.
fn names(served: &Served) -> BTreeSet<String> {
    // A claim that a killed run made stays until somebody claims the same, the next entry brings
    // the heads up to date, and what tells of a link that is gone goes with the next of its place.
    let is_there = served.home.data().join("made/1").exists();
    let is_meant = |name: &String| {
        let waits = name.contains(".claim") || name.ends_with("/heads.jsonl");
        !waits && (is_there || !name.ends_with(".link.json"))
    };
    let with_digests = tree(served.home.path()).into_keys().filter(is_meant);
    with_digests.map(|name| without_digests(&name)).collect()
}

/// Receipts name times, so that the digests of records are others each time.
fn without_digests(name: &str) -> String {
    let is_digest = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = name.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    let bare = |word: &str| word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_owned();
    words
        .map(|word| if is_digest(&bare(word).as_str()) { word.replace(&bare(word), "DIGEST") } else { word.to_owned() })
        .collect()
}

/// The bytes of the project's own files.
fn project(served: &Served) -> Vec<Vec<u8>> {
    let files = tree(&served.home.path().join("work")).into_iter();
    files.filter(|(name, _)| name.starts_with("medsets.")).map(|(_, bytes)| bytes).collect()
}

/// What the ledger holds: kinds, and licences with notes.
fn entered(served: &Served) -> Vec<String> {
    let text = std::fs::read_to_string(served.home.state().join("ledger.jsonl")).unwrap_or_default();
    let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.map(|entry| ["kind", "license", "note"].map(|key| entry[key].as_str().unwrap_or("-")).join(" ")).collect()
}

/// Kills `command` at each of its changes, each time in the same scene, and runs it again.
#[track_caller]
fn at_each_change(set: impl Fn(&Served), command: &[&str], is_there: bool) {
    let (scene, kept) = (small(), tempfile::tempdir().unwrap());
    set(&scene);
    let library = library(kept.path(), KILLS);
    let before = kept.path().join("before");
    copy(scene.home.path(), &before);
    scene.run(command).expect(0);
    let (files, ledger, project) = (names(&scene), entered(&scene), project(&scene));
    let mut at = 1;
    loop {
        for one in std::fs::read_dir(scene.home.path()).unwrap() {
            std::fs::remove_dir_all(one.unwrap().path()).unwrap();
        }
        copy(&before, scene.home.path());
        if !killed_at(&scene, &library, command, at) {
            break;
        }
        let (now, said) = (names(&scene), format!("killed at change {at}"));
        let differs: Vec<_> = now.symmetric_difference(&files).collect();
        assert!(differs.is_empty(), "{said}: {differs:?}");
        assert_eq!(entered(&scene), ledger, "{said}");
        assert_eq!(self::project(&scene), project, "{said}");
        scene.run(&["ledger", "verify"]).expect(0);
        if is_there {
            scene.run(&["verify", "made", "--full"]).expect(0);
        }
        at += 1;
    }
    assert!(at > 2, "{command:?} was killed {} times", at - 1);
}

/// With links, modes and times.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(copied.unwrap().success());
}

/// Whether it was killed before its end. Then it is run again.
#[track_caller]
fn killed_at(served: &Served, library: &Path, command: &[&str], at: usize) -> bool {
    let mut run = served.home.command(&[&["--catalog", served.catalog.as_str()], command].concat());
    let ran: Ran = run.env("LD_PRELOAD", library).env("KILLED_AT", at.to_string()).output().unwrap().into();
    if ran.code.is_some() {
        ran.expect(0);
        return false;
    }
    let ran = served.run(command);
    // What was at its very end has nothing left to do.
    let is_gone = command[0] == "remove" && ran.stderr.contains("`made` is not here");
    assert!(ran.code == Some(0) || is_gone, "killed at change {at}: {ran:?}");
    true
}

fn nothing(_: &Served) {}

fn fetched(served: &Served) {
    served.run(&["fetch", "made"]).expect(0);
}

#[test]
fn a_fetch() {
    at_each_change(nothing, &["fetch", "made"], true);
}

#[test]
fn a_repair() {
    let damaged = |served: &Served| {
        fetched(served);
        std::fs::write(served.home.data().join("made/1/data/images/1.png"), "eno").unwrap();
        std::fs::remove_file(served.home.data().join("made/1/data/a.csv")).unwrap();
    };
    at_each_change(damaged, &["verify", "made", "--repair"], true);
}

#[test]
fn a_removal() {
    at_each_change(fetched, &["remove", "made", "--yes"], false);
    for place in ["old/data", "old/as/i/like"] {
        let adopted = |served: &Served| {
            moved(served, place);
            served.run(&["adopt", "old", "--dataset", "made", "--unproven"]).expect(0);
        };
        at_each_change(adopted, &["remove", "made", "--yes"], false);
    }
}

/// Gives the receipt of `made` back as a run left it that was killed before its entry.
fn is_owed(served: &Served, by: Option<&str>) -> std::path::PathBuf {
    let path = served.home.data().join("made/1/.medsets/receipt.json");
    let mut receipt: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    receipt.as_object_mut().unwrap().remove("ledger");
    if let Some(by) = by {
        receipt["by"]["os_user"] = by.into();
    }
    std::fs::write(&path, receipt.to_string()).unwrap();
    std::fs::remove_dir_all(served.home.state()).unwrap();
    path
}

#[test]
fn what_another_person_owes_is_theirs_to_enter() {
    let served = small();
    for command in [&["verify", "made", "--repair"][..], &["fetch", "made"], &["fetch", "made", "--include", "a.csv"]] {
        fetched(&served);
        let receipt = is_owed(&served, Some("somebody-else"));
        let before = std::fs::read(&receipt).unwrap();
        served.run(command).expect(0);
        assert_eq!(std::fs::read(&receipt).unwrap(), before, "{command:?}");
        served.run(&["remove", "made", "--yes"]).expect(0);
    }
}

#[test]
fn a_receipt_that_is_completed_stays_as_open_as_it_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let served = small();
    served.run(&["fetch", "made", "--keep-archives"]).expect(0);
    let receipt = is_owed(&served, None);
    std::fs::set_permissions(&receipt, std::fs::Permissions::from_mode(0o644)).unwrap();
    served.run(&["remove", "made", "--archives-only", "--yes"]).expect(0);
    assert_eq!(entered(&served), ["fetch CC0-1.0 -"]);
    assert_eq!(std::fs::metadata(&receipt).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn what_is_on_its_way_out_without_a_note_is_no_removal() {
    let served = small();
    fetched(&served);
    let away = served.home.data().join(".medsets-store/tmp/made@1~0011223344556677");
    std::fs::create_dir_all(away.parent().unwrap()).unwrap();
    std::fs::rename(served.home.data().join("made/1"), &away).unwrap();
    served.run(&["remove", "made", "--yes"]).expect(11).says(&["not here"]);
    assert!(away.join("data/a.csv").exists(), "nothing is deleted without an entry");
}

#[test]
fn an_adoption_in_its_place() {
    let there = |served: &Served| moved(served, "old/data");
    at_each_change(there, &["adopt", "old", "--dataset", "made", "--unproven"], true);
}

#[test]
fn an_adoption_beside() {
    let there = |served: &Served| moved(served, "old/as/i/like");
    at_each_change(there, &["adopt", "old", "--dataset", "made", "--unproven"], true);
}

/// Files of the dataset in a folder of a person, and nothing of it in the data folder.
fn moved(served: &Served, to: &str) {
    fetched(served);
    let to = served.home.path().join("work").join(to);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::rename(served.home.data().join("made/1/data"), &to).unwrap();
    std::fs::remove_dir_all(served.home.data()).unwrap();
}

#[test]
fn a_bundle_and_what_comes_out_of_it() {
    at_each_change(fetched, &["bundle", "made", "-o", "made.tar.zst"], true);
    let carried = |served: &Served| {
        fetched(served);
        served.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(0);
        std::fs::remove_dir_all(served.home.data()).unwrap();
    };
    at_each_change(carried, &["unbundle", "made.tar.zst"], true);
}

#[test]
fn a_project() {
    let begun = |served: &Served| drop(served.run(&["init"]).expect(0));
    at_each_change(begun, &["add", "made"], false);
    let named = |served: &Served| {
        begun(served);
        served.run(&["add", "made"]).expect(0);
    };
    at_each_change(named, &["lock"], false);
    let locked = |served: &Served| {
        named(served);
        served.run(&["lock"]).expect(0);
    };
    at_each_change(locked, &["sync"], true);
    let dropped = |served: &Served| {
        locked(served);
        for arguments in [&["sync"][..], &["drop", "made"], &["lock"]] {
            served.run(arguments).expect(0);
        }
    };
    at_each_change(dropped, &["sync", "--prune"], false);
}

#[test]
fn a_removal_that_another_person_began_is_theirs_to_end() {
    let served = small();
    fetched(&served);
    let store = served.home.data().join(".medsets-store/tmp");
    let kept = tempfile::tempdir().unwrap();
    let library = library(kept.path(), KILLS);
    let before = entered(&served);
    // Taken out, and not entered.
    let taken_out = (1..).find(|at| {
        let mut run = served.home.command(&["--catalog", &served.catalog, "remove", "made", "--yes"]);
        run.env("LD_PRELOAD", &library).env("KILLED_AT", at.to_string()).output().unwrap();
        !served.home.data().join("made/1").exists()
    });
    assert!(taken_out.is_some() && entered(&served) == before);
    let other = tempfile::tempdir().unwrap();
    for arguments in [&["prune", "--older", "0s"][..], &["fetch", "demo"], &["remove", "made", "--yes"]] {
        let mut run = served.home.command(&[&["--catalog", served.catalog.as_str()], arguments].concat());
        run.env("XDG_STATE_HOME", other.path()).output().unwrap();
        assert_eq!(tree(&store).keys().filter(|name| name.ends_with("a.csv")).count(), 1, "{arguments:?}");
    }
    served.run(&["remove", "made", "--yes"]).expect(0).says(&[]);
    assert!(entered(&served).last().is_some_and(|last| last.starts_with("delete ")), "{:?}", entered(&served));
    assert!(tree(&store).is_empty());
}

#[test]
fn a_renewal_of_terms() {
    let relicensed = |served: &Served| {
        fetched(served);
        let entry = Path::new(&served.catalog).join("made.toml");
        let text = std::fs::read_to_string(&entry).unwrap();
        std::fs::write(&entry, text.replace("CC0-1.0", "CC-BY-4.0")).unwrap();
    };
    at_each_change(relicensed, &["fetch", "made"], true);
}

#[test]
fn what_shards_have_left() {
    let split = |served: &Served| {
        served.run(&["fetch", "made", "--shard", "1/2"]).expect(0);
        served.run(&["fetch", "made", "--shard", "2/2"]).expect(0);
    };
    at_each_change(split, &["fetch", "made", "--finish"], true);
}

#[test]
fn a_pull_from_a_mirror() {
    let gone = |served: &Served| {
        let (_, mirror) = served.mirrored();
        served.run(&["config", "set", "mirrors", &mirror]).expect(0);
        std::fs::remove_dir_all(served.home.data()).unwrap();
    };
    at_each_change(gone, &["mirror", "pull", "made"], true);
}

#[test]
fn a_push_into_a_mirror() {
    let named = |served: &Served| {
        fetched(served);
        let (_, mirror) = served.home.share();
        served.run(&["config", "set", "mirrors", &mirror]).expect(0);
    };
    at_each_change(named, &["mirror", "push", "made"], true);
}

#[test]
fn what_is_owed_is_entered_where_no_variable_names_the_person() {
    let name = Command::new("id").arg("-run").output().unwrap();
    let name = String::from_utf8(name.stdout).unwrap().trim().to_owned();
    let served = small();
    fetched(&served);
    let receipt = is_owed(&served, Some(&name));
    let is_entered_without = |path: Option<&Path>| {
        let mut run = served.home.command(&["--catalog", &served.catalog, "fetch", "made"]);
        let ran: Ran = run.env_remove("USER").envs(path.map(|path| ("PATH", path))).output().unwrap().into();
        ran.expect(0);
        let receipt: Value = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
        receipt.get("ledger").is_some()
    };
    // An account that has no name.
    let nothing = served.home.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    assert!(!is_entered_without(Some(&nothing)), "it is somebody else");
    assert!(is_entered_without(None));
}

#[test]
fn the_system_is_asked_for_a_name_where_one_is_needed_and_not_for_ever() {
    use std::os::unix::fs::PermissionsExt as _;
    let served = small();
    let (programs, asked) = (served.home.path().join("programs"), served.home.path().join("asked"));
    std::fs::create_dir(&programs).unwrap();
    let id = programs.join("id");
    std::fs::write(&id, format!("#!/bin/sh\n: > '{}'\nexec /bin/sleep 1000\n", asked.display())).unwrap();
    std::fs::set_permissions(&id, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |arguments: &[&str]| -> Ran {
        let mut run = served.home.command(&[&["--catalog", served.catalog.as_str()], arguments].concat());
        run.env_remove("USER").env("PATH", &programs).output().unwrap().into()
    };
    for arguments in [&["--version"][..], &["search"], &["info", "made"]] {
        run(arguments).expect(0);
        assert!(!asked.exists(), "{arguments:?}");
    }
    run(&["fetch", "made"]).expect(0);
    assert!(asked.exists());
    let receipt = std::fs::read_to_string(served.home.data().join("made/1/.medsets/receipt.json")).unwrap();
    assert!(receipt.contains("\"os_user\": \"uid "), "{receipt}");
}
