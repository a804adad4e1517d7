//! Mirrors that lie, break off, or hold what no mirror should.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use medsets::values::Digest;

use crate::bucket::{Bucket, KEY, SECRET};
use crate::support::archives::{serve, serve_with};
use crate::support::home::{Home, Ran};
use crate::support::host::{Host, Reply};
use crate::support::mirrors::{EVIL, Other, Share, TABLE, WHOLE, digest, files, in_time, record, state};

/// Records that lie are refused as a whole, and whatever the mirror had is nothing to a fetch
/// from the host: every file is the publisher's.
#[test]
fn nothing_of_a_mirror_that_lies_is_believed_later() {
    type Edit = fn(&mut Value, &mut Vec<Value>, &mut Vec<Value>);
    let swapped: Edit = |_, inventory, _| record(inventory, "data/table.csv")["sha256"] = digest(EVIL);
    let extra: Edit = |_, inventory, _| {
        let mut more = record(inventory, "data/table.csv").clone();
        (more["path"], more["origin"]) = ("data/zz.txt".into(), serde_json::json!({ "file": "zz.txt" }));
        inventory.push(more);
        record(inventory, "data/b.txt")["sha256"] = digest(b"evil");
    };
    let several: Edit = |_, inventory, _| {
        let mut more = record(inventory, "data/table.csv").clone();
        more["path"] = "data/second.csv".into();
        inventory.push(more);
    };
    let twice: Edit = |_, _, listed| listed.push(listed[0].clone());
    let as_archive: Edit = |_, inventory, listed| {
        record(inventory, "data/table.csv")["sha256"] = digest(EVIL);
        record(listed, "table.csv")["unpacked"] = true.into();
    };
    let accepted: Edit = |_, inventory, listed| {
        record(inventory, "data/table.csv")["sha256"] = digest(EVIL);
        (record(listed, "table.csv")["sha256"], record(listed, "table.csv")["verified"]) =
            (digest(EVIL), "accepted-change".into());
    };
    let less: Edit = |_, inventory, listed| {
        inventory.retain(|one| one["path"] != "data/table.csv");
        listed.retain(|one| one["path"] != "table.csv");
    };
    for (what, edit) in [
        ("swapped", swapped),
        ("extra", extra),
        ("several", several),
        ("twice", twice),
        ("as an archive", as_archive),
        ("accepted", accepted),
        ("less", less),
    ] {
        let share = Share::pushed();
        share.put(EVIL);
        share.put(b"evil");
        share.forge(edit);
        let other = share.other();
        let ran = other.pull().expect(40);
        assert!(ran.stderr.contains(&share.url()) && ran.stderr.contains("mirror push made"), "{what}: {}", ran.stderr);
        assert!(!other.dataset().exists(), "{what}");
        other.fetch(&["--include", "table.csv"]).expect(0);
        assert_eq!(other.data(), ["table.csv"], "{what}");
        other.verify();
        other.fetch(&[]).expect(0);
        assert_eq!(other.data(), WHOLE, "{what}");
        assert_eq!(std::fs::read(other.dataset().join("data/table.csv")).unwrap(), TABLE, "{what}");
        assert_eq!(std::fs::read(other.dataset().join("data/b.txt")).unwrap(), b"beta", "{what}");
        assert!(other.receipt()["source"]["mirror"].is_null(), "{what}");
        other.verify();
        let fetching = share.other();
        fetching.fetch_by_mirror(&[]).expect(0).says(&["the hosts are asked instead"]);
        assert_eq!(std::fs::read(fetching.dataset().join("data/table.csv")).unwrap(), TABLE, "{what}");
        fetching.verify();
    }
}

/// What a killed run put into its stage is there for no other command, and the next pull goes
/// through it.
#[test]
fn a_pull_that_was_killed_leaves_nothing_that_another_command_commits() {
    let share = Share::pushed();
    let set_the_scene = || {
        let other = share.other();
        let table = share.object(TABLE);
        std::fs::rename(&table, table.with_extension("away")).unwrap();
        other.pull().expect(35);
        std::fs::rename(table.with_extension("away"), &table).unwrap();
        let inner = other.served.home.data().join(".medsets-store/parts/made@1/mirror");
        let stage = inner.join("stage/data");
        std::fs::create_dir_all(&stage).unwrap();
        std::fs::write(stage.join("stray.txt"), "stray").unwrap();
        let big = files().swap_remove(1).1;
        std::fs::rename(inner.join("objects").join(Digest::sha256(&big).hex()), stage.join("big.bin")).unwrap();
        other
    };
    let other = set_the_scene();
    other.fetch(&["--include", "table.csv"]).expect(0);
    assert_eq!(other.data(), ["table.csv"]);
    other.verify();
    let other = set_the_scene();
    std::fs::write(other.served.home.path().join("work/table.csv"), TABLE).unwrap();
    other.served.run(&["import", "made", "table.csv"]).expect(0);
    assert_eq!(other.data(), ["table.csv"]);
    other.verify();
    let other = set_the_scene();
    other.fetch(&["--include", "table.csv", "--shard", "1/1"]).expect(0);
    other.fetch(&["--include", "table.csv", "--finish"]).expect(0);
    assert_eq!(other.data(), ["table.csv"]);
    other.verify();
    // The large file is not copied again: it was in the stage of the killed run.
    let other = set_the_scene();
    std::fs::remove_file(share.object(&files()[1].1)).unwrap();
    other.pull().expect(0);
    assert_eq!(other.data(), WHOLE);
    other.verify();
    assert!(!other.served.home.data().join(".medsets-store/parts/made@1").exists());
}

#[test]
fn a_kill_at_any_moment_of_a_pull_mixes_nothing() {
    let share = Share::pushed();
    let pull = |other: &Other| {
        let arguments = ["--catalog", &other.served.catalog, "mirror", "pull", "made", "--mirror", &other.url];
        other.served.home.command(&arguments).spawn().unwrap()
    };
    let begun = Instant::now();
    pull(&share.other()).wait().unwrap();
    let whole = begun.elapsed();
    let mut hits = 0;
    for round in 1..10_u32 {
        let other = share.other();
        let mut run = pull(&other);
        std::thread::sleep(whole * round / 10);
        let is_running = run.try_wait().unwrap().is_none();
        let _ = run.kill();
        run.wait().unwrap();
        hits += u32::from(is_running);
        if !other.dataset().exists() {
            other.fetch(&["--include", "table.csv"]).expect(0);
            assert_eq!(other.data(), ["table.csv"]);
        }
        other.verify();
    }
    assert!(hits > 0, "no kill came in time");
}

/// A mirror that has the whole does not stand in for a part.
#[test]
fn a_part_is_not_answered_with_the_whole() {
    let share = Share::pushed();
    for (flags, expected) in [
        (&["--include", "table.csv"][..], &["table.csv"][..]),
        (&["--exclude", "big.bin"][..], &["a.txt", "b.txt", "table.csv", "twin.txt"][..]),
    ] {
        let other = share.other();
        other.fetch_by_mirror(flags).expect(0);
        assert_eq!(other.data(), expected);
        assert_eq!(other.receipt()["selection"]["whole"], false);
        other.verify();
    }
    // Nor does a pull take a part for the whole.
    let other = share.other();
    other.fetch(&["--include", "table.csv"]).expect(0);
    other.pull().expect(62).says(&["only a part of it is here"]);
}

/// What no disk could hold is the mirror's fault: the hosts are asked.
#[test]
fn a_mirror_never_denies_a_fetch() {
    type Edit = fn(&mut Value, &mut Vec<Value>, &mut Vec<Value>);
    let size: Edit = |_, inventory, _| record(inventory, "data/b.txt")["size"] = (1_u64 << 62).into();
    let case: Edit = |_, inventory, _| {
        let mut more = record(inventory, "data/b.txt").clone();
        more["path"] = "data/A.TXT".into();
        inventory.push(more);
    };
    let link: Edit = |_, inventory, _| {
        let mut more = record(inventory, "data/b.txt").clone();
        (more["path"], more["kind"], more["target"]) = ("data/l".into(), "link".into(), "a.txt".into());
        inventory.push(more);
    };
    for (edit, code, word) in [(size, 50, "--ignore-space"), (case, 54, "one name"), (link, 54, "allows none")] {
        let share = Share::pushed();
        share.forge(edit);
        let other = share.other();
        other.pull().expect(code).says(&[word]);
        other.fetch_by_mirror(&[]).expect(0).says(&["the hosts are asked instead", &share.url()]);
        assert_eq!(other.data(), WHOLE);
        other.verify();
    }
    let share = Share::pushed();
    let text = std::fs::read_to_string(share.records().join("mirror.json")).unwrap();
    let mut mark: Value = serde_json::from_str(&text).unwrap();
    mark["listed_size"] = (1_u64 << 60).into();
    std::fs::write(share.records().join("mirror.json"), mark.to_string()).unwrap();
    let other = share.other();
    other.pull().expect(40).says(&["would be many"]);
    other.fetch_by_mirror(&[]).expect(0);
    other.verify();
}

/// FIFOs, devices, folders and stray names in a folder that others write into.
#[test]
fn what_is_no_file_in_a_folder_stops_nobody() {
    let make = |what: &str, path: &Path| {
        let _ = std::fs::remove_file(path);
        match what {
            "fifo" => {
                assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
            }
            "device" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
            "dangling" => std::os::unix::fs::symlink("/nowhere", path).unwrap(),
            _ => std::fs::create_dir(path).unwrap(),
        }
    };
    for what in ["fifo", "device", "dangling", "folder"] {
        let share = Share::pushed();
        make(what, &share.object(TABLE));
        let me = Other { url: share.url(), served: serve(&files()) };
        let check = |flags: &[&str]| me.end(&[&["mirror", "check", "--mirror", &me.url], flags].concat(), None);
        check(&[]).expect(62).says(&["1 object is missing", "mirror push made@1 --verify"]);
        check(&["--verify"]).expect(62);
        let other = share.other();
        other.end(&["mirror", "pull", "made", "--mirror", &other.url], None).expect(35).says(&["mirror push"]);
        other.fetch_by_mirror(&[]).expect(0);
        other.verify();
        match what {
            "folder" => drop(share.push(&[]).expect(52).says(&["is a folder", "remove it"])),
            _ => {
                share.push(&[]).expect(0);
                share.check(&["--verify"]).expect(0);
            }
        }
    }
    for what in ["fifo", "device", "folder"] {
        let share = Share::pushed();
        make(what, &share.records().join("mirror.json"));
        let other = share.other();
        other.end(&["mirror", "pull", "made", "--mirror", &other.url], None).expect(35);
        other.end(&["mirror", "check", "--mirror", &other.url], None).expect(0).says(&["was not sent to its end"]);
    }
    let share = Share::pushed();
    std::os::unix::fs::symlink("/nowhere", share.folder.join("datasets/stray")).unwrap();
    std::fs::create_dir(share.folder.join("datasets/made/1/\u{1b}[31m")).unwrap();
    std::fs::write(share.folder.join("datasets/made/note"), "x").unwrap();
    share.check(&[]).expect(0);
    share.other().pull().expect(0);
}

/// Whatever is wrong with records, `push` sends them again where `check` says that it would.
#[test]
fn a_push_mends_records() {
    for name in ["files", "manifest.sha256", "listed"] {
        let share = Share::pushed();
        let path = match name {
            "manifest.sha256" => share.records().join(name),
            kind => state(&share.records(), kind),
        };
        std::fs::remove_file(&path).unwrap();
        share.check(&[]).expect(62).says(&[name, "mirror push made@1 --verify"]);
        share.other().pull().expect(35);
        share.push(&["--verify"]).expect(0).says(&["are written again"]);
        share.check(&["--verify"]).expect(0);
        std::fs::write(&path, "garbage\n").unwrap();
        share.check(&[]).expect(40).says(&[name]);
        share.other().pull().expect(40).says(&[name]);
        share.push(&[]).expect(0).says(&["are written again"]);
        let other = share.other();
        other.pull().expect(0);
        other.verify();
    }
    // Records that fit each other and say something else.
    let share = Share::pushed();
    share.put(EVIL);
    share.forge(|mark, _, _| mark["selection"] = serde_json::json!({ "whole": false, "include": ["table.csv"] }));
    share.other().pull().expect(35).says(&["holds another part of it"]);
    share.push(&[]).expect(0);
    share.push(&["--verify"]).expect(0).says(&["something else"]);
    share.other().pull().expect(0);
    // A second time there is nothing to mend, whoever pushed.
    let ran = share.push(&["--verify"]).expect(0);
    assert!(!ran.stderr.contains("written again"), "{}", ran.stderr);
    let other = share.other();
    other.fetch(&[]).expect(0);
    let ran = other.served.run(&["mirror", "push", "made", "--mirror", &other.url, "--verify"]).expect(0);
    assert!(!ran.stderr.contains("written again"), "{}", ran.stderr);
}

/// A record that cannot be read is told by its name in the mirror.
#[test]
fn a_record_that_cannot_be_read_is_the_mirrors() {
    let share = Share::pushed();
    share.forge(|_, inventory, _| record(inventory, "data/b.txt")["path"] = "data/../../x".into());
    let other = share.other();
    let ran = other.pull().expect(42).says(&["files-", "line", &share.url()]);
    assert!(!ran.stderr.contains("parts/") && !ran.stderr.contains("medsets remove"), "{}", ran.stderr);
}

#[test]
fn a_wrong_size_is_wrong_bytes_and_escapes_are_shown() {
    let share = Share::pushed();
    std::fs::write(share.object(TABLE), "id").unwrap();
    share.check(&[]).expect(40).says(&["has other bytes than its name says"]);
    share.push(&[]).expect(0);
    share.forge(|mark, _, _| mark["license"] = "\u{1b}[31mX".into());
    let ran = share.check(&[]).expect(0);
    assert!(!ran.stdout.contains('\u{1b}') && ran.stdout.contains("[31mX"), "{:?}", ran.stdout);
}

#[test]
fn check_finds_what_is_named_and_says_what_is_not() {
    let share = Share::pushed();
    for name in ["made", "made@1"] {
        assert!(share.check(&[name]).expect(0).stdout.starts_with("made 1 "));
    }
    for name in ["made@2", "made:other", "absent"] {
        share.check(&[name]).expect(35).says(&[&format!("`{name}`")]);
    }
    share.check(&["Not An Id"]).expect(11);
    // A mirror for one dataset alone is looked at without its name.
    let project = format!("[project]\nname = \"lab\"\n\n[[mirror]]\nurl = \"{}\"\nfor = [\"made\"]\n", share.url());
    std::fs::write(share.served.home.path().join("work/medsets.toml"), project).unwrap();
    assert!(share.served.run(&["mirror", "check"]).expect(0).stdout.starts_with("made 1 "));
    // What is found out is told beside what cannot be asked.
    std::fs::remove_file(share.object(TABLE)).unwrap();
    let both = format!("{} file:///nowhere/at/all", share.url());
    let mut command = share.served.home.command(&["--catalog", &share.served.catalog, "mirror", "check"]);
    command.env("MEDSETS_MIRRORS", both);
    in_time(command).expect(35).says(&["1 object is missing", "no such folder"]);
}

/// A mirror that is a folder tells like any folder why it cannot be written.
#[test]
fn a_full_folder_is_no_server() {
    let share = Share::pushed();
    std::fs::remove_file(share.object(&files()[1].1)).unwrap();
    let script = "ulimit -f 100; exec \"$@\"";
    let arguments = ["--catalog", &share.served.catalog, "mirror", "push", "made", "--mirror", &share.url()];
    let plain = share.served.home.command(&arguments);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", script, "sh"]).arg(plain.get_program()).args(plain.get_args());
    limited.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.current_dir(plain.get_current_dir().unwrap());
    limited.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    in_time(limited).expect(50).says(&["uploads"]);
    assert_eq!(std::fs::read_dir(share.folder.join("uploads")).unwrap().count(), 0, "nothing is left");
    // What a kill left is told of, and swept by the next push once it lay still.
    let left = share.folder.join("uploads/0123");
    std::fs::write(&left, "half").unwrap();
    share.push(&[]).expect(0);
    assert!(left.exists(), "it may be at work");
    let hours_ago = std::time::SystemTime::now() - Duration::from_secs(2 * 3600);
    std::fs::File::options().write(true).open(&left).unwrap().set_modified(hours_ago).unwrap();
    share.check(&[]).expect(0).says(&["1 file of uploads that were killed"]);
    std::fs::remove_file(share.object(TABLE)).unwrap();
    share.push(&[]).expect(0);
    assert!(!left.exists());
}

#[test]
fn an_endpoint_that_is_no_address_is_not_passed_over() {
    let home = Home::new().with("AWS_ACCESS_KEY_ID", KEY).with("AWS_SECRET_ACCESS_KEY", SECRET);
    let served = serve_with(home.with("AWS_ENDPOINT_URL", "minio.example.org:9000"), &files(), "");
    served.run(&["fetch", "made"]).expect(0);
    for command in ["push", "pull", "check"] {
        let run = ["--offline", "mirror", command, "made", "--mirror", "s3://team/lab", "--to", "elsewhere"];
        let run = if command == "pull" { &run[..] } else { &run[..6] };
        served.run(run).expect(10).says(&["AWS_ENDPOINT_URL"]);
    }
}

/// Who may read objects and not list them is answered 403 for what is not there.
#[test]
fn who_may_not_list_gets_single_files() {
    let bucket = Bucket::start();
    let pushing = serve_with(bucket.home(), &files(), "");
    pushing.run(&["fetch", "made"]).expect(0);
    pushing.run(&["mirror", "push", "made", "--mirror", "s3://team/lab"]).expect(0);
    bucket.lists_nothing();
    let fetching = serve_with(bucket.home().with("MEDSETS_MIRRORS", "s3://team/lab"), &files(), "");
    fetching.run(&["fetch", "made"]).expect(0).says(&["single files alone"]);
    let asked = |name: &str| fetching.host.log().iter().any(|asked| asked.path.contains(name));
    assert!(asked("set.tar.gz") && !asked("table.csv") && !asked("big.bin"), "{:?}", fetching.host.log());
    fetching.run(&["mirror", "pull", "made", "--mirror", "s3://team/lab", "--to", "other"]).expect(22);
}

/// The second mirror is asked where the first has a wrong byte.
#[test]
fn the_next_mirror_is_tried() {
    let (first, mut second) = (Share::pushed(), Share::pushed());
    let renamed = second.folder.with_file_name("second");
    std::fs::rename(&second.folder, &renamed).unwrap();
    second.folder = renamed;
    std::fs::copy(first.served.entry(), second.served.entry()).unwrap();
    std::fs::write(first.object(TABLE), EVIL).unwrap();
    let other = first.other();
    let both = format!("{} {}", first.url(), second.url());
    other.end(&["mirror", "pull", "made"], Some(&both)).expect(0).says(&[&first.url()]);
    assert_eq!(other.receipt()["source"]["mirror"], "file:second");
    other.verify();
}

/// A wrong byte in the mirror is its own, and not the publisher's, who cannot be asked.
#[test]
fn a_wrong_byte_while_the_host_is_away_is_told_of_the_mirror() {
    let share = Share::pushed();
    std::fs::write(share.object(TABLE), EVIL).unwrap();
    let mut other = share.other();
    let home = other.served.home.with("MEDSETS_REWRITE", "https://files.example.org/=http://127.0.0.1:9/");
    other.served.home = home.with("MEDSETS_RETRIES", "0");
    let ran = other.fetch_by_mirror(&[]).expect(40);
    let mirror = format!("by the mirror `{}`; the host could not be asked", share.url());
    let ran =
        ran.says(&["checksum mismatch for `table.csv`", &mirror, "mirror push made --verify", "once the host can be"]);
    assert!(!ran.stderr.contains("--accept-changed"), "{}", ran.stderr);
    assert!(!other.dataset().exists());
}

/// Several runs at once: one does the work.
#[test]
fn of_several_runs_one_takes_it() {
    let share = Share::pushed();
    let other = share.other();
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let arguments = ["--catalog", &other.served.catalog, "fetch", "made"];
            other.served.home.command(&arguments).env("MEDSETS_MIRRORS", &other.url).spawn().unwrap()
        })
        .collect();
    for run in runs {
        Ran::from(run.wait_with_output().unwrap()).expect(0);
    }
    let ledger = std::fs::read_to_string(other.served.home.state().join("ledger.jsonl")).unwrap();
    assert_eq!(ledger.lines().filter(|line| line.contains("\"kind\":\"fetch\"")).count(), 1, "{ledger}");
    other.verify();
}

#[test]
fn a_web_page_in_the_place_of_a_list_is_no_empty_store() {
    let portal = Host::start(|_| Reply::page("<html><body>Please log in.</body></html>"));
    let home = Home::new()
        .with("AWS_ACCESS_KEY_ID", KEY)
        .with("AWS_SECRET_ACCESS_KEY", SECRET)
        .with("AWS_ENDPOINT_URL", portal.url())
        .with("MEDSETS_RETRIES", "0");
    for arguments in [&["mirror", "check"][..], &["mirror", "pull", "demo"]] {
        let arguments = [arguments, &["--mirror", "s3://team/share"]].concat();
        home.run(&arguments).expect(34).says(&["a web page came in the place of a list", "s3://team/share"]);
    }
}
