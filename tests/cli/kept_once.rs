//! The store: bytes that several datasets have are kept once, and found before a host is asked.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use medsets::values::Digest;

use crate::support::archives::{Served, serve, serve_with, zip_of};
use crate::support::home::{Home, tree, until};

/// Bytes that do not compress, enough of them to be worth keeping once.
fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64 ^ seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..size).map(|_| next()).collect()
}

const BIG: usize = 1_200_000;

/// `made` and `again`, which have all files in common but the last one of each.
fn twins(home: Home) -> Served {
    let members: &[(&str, &[u8])] = &[("one.bin", &noise(BIG, 3)), ("two.txt", b"two")];
    let served = serve_with(
        home,
        &[
            ("big.bin", noise(BIG, 1), ""),
            ("set.zip", zip_of(members), "{ format = \"zip\" }"),
            ("small.txt", b"small".to_vec(), ""),
            ("own.bin", noise(BIG, 2), ""),
        ],
        "",
    );
    let entry = std::fs::read_to_string(Path::new(&served.catalog).join("made.toml")).unwrap();
    let again = entry.replace("id = \"made\"", "id = \"again\"").replace("title = \"Made\"", "title = \"Again\"");
    let (shared, _) = again.rsplit_once("\n[[release.file]]").unwrap();
    served.home.overlay("again.toml", shared);
    served
}

fn object(served: &Served, bytes: &[u8]) -> PathBuf {
    let hex = Digest::sha256(bytes).hex();
    served.home.data().join(".medsets-store/objects/sha256").join(&hex[..2]).join(hex)
}

fn file(served: &Served, path: &str) -> PathBuf {
    served.home.data().join(path)
}

fn asked_for(served: &Served, name: &str) -> usize {
    served.host.log().iter().filter(|asked| asked.path == format!("/made/{name}")).count()
}

/// Whether files share bytes without being one here: then no count of names tells anything.
fn has_reflinks(served: &Served) -> bool {
    std::fs::metadata(file(served, "made/1/data/big.bin")).unwrap().nlink() == 1
}

fn damage(path: &Path) {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
    std::fs::File::open(path).unwrap().set_modified(modified).unwrap();
}

#[test]
fn two_datasets_that_share_bytes_store_them_once() {
    let served = twins(Home::new());
    served.run(&["fetch", "made"]).expect(0);
    let seen = served.host.log().len();
    let planned = served.run(&["fetch", "again", "--dry-run"]).expect(0).stdout;
    assert!(planned.contains("keep                 big.bin"), "{planned}");
    let fetched = served.home.json(&["--catalog", &served.catalog, "fetch", "again", "--events", "events.jsonl"]);
    let one = &fetched["data"]["datasets"][0];
    assert!(one["reused"].as_u64() > Some(2 * BIG as u64), "{fetched}");
    let events = std::fs::read_to_string(served.home.path().join("work/events.jsonl")).unwrap();
    assert!(events.contains(r#"{"event":"reused","file":"big.bin","bytes":1200000,"from":"store"}"#), "{events}");
    let asked: Vec<String> = served.host.log()[seen..].iter().map(|asked| asked.path.clone()).collect();
    assert!(!asked.contains(&"/made/big.bin".to_owned()), "{asked:?}");
    // Nor is an archive that was dropped after unpacking had again: its members are here.
    assert_eq!(asked, ["/made/small.txt"]);
    assert!(planned.contains("keep                 set.zip"), "{planned}");
    if !has_reflinks(&served) {
        for path in ["data/big.bin", "data/one.bin"] {
            let (one, other) = (file(&served, &format!("made/1/{path}")), file(&served, &format!("again/1/{path}")));
            let (one, other) = (std::fs::metadata(one).unwrap(), std::fs::metadata(other).unwrap());
            assert_eq!((one.ino(), one.nlink()), (other.ino(), 3), "{path}");
            assert_eq!(one.mode() & 0o222, 0, "an edit in place would damage both");
        }
    }
    assert_eq!(std::fs::metadata(file(&served, "again/1/data/small.txt")).unwrap().nlink(), 1, "not worth it");
    served.run(&["verify"]).expect(0);
    served.run(&["status", "--exit-code"]).expect(0);
    let du = served.home.json(&["--catalog", &served.catalog, "du"])["data"].clone();
    assert_eq!(du["objects"]["bytes"], 3 * BIG, "{du}");
    if !has_reflinks(&served) {
        assert_eq!(du["counted_twice"]["bytes"], 2 * BIG, "{du}");
        assert_eq!(du["objects"]["unlinked"]["bytes"], 0, "{du}");
    }
}

/// Members are taken where they are what the records say, and by the same rules; the records are
/// those that a download would have made.
#[test]
fn members_of_an_archive_come_from_where_it_was_unpacked() {
    let alone = twins(Home::new());
    let elsewhere = |served: &Served, unpack: &str| {
        let path = Path::new(&served.catalog).join("again.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("unpack = { format = \"zip\" }", unpack)).unwrap();
    };
    let into = "unpack = { format = \"zip\", into = \"data/set\" }";
    elsewhere(&alone, into);
    alone.run(&["fetch", "again"]).expect(0);
    let records = |served: &Served, name: &str| {
        let text = std::fs::read_to_string(file(served, &format!("again/1/.medsets/{name}"))).unwrap();
        let mut lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &mut lines {
            // When and from where.
            line.as_object_mut().unwrap().retain(|key, _| key != "mtime" && key != "url");
            line["origin"].as_object_mut().map(|origin| origin.remove("url"));
        }
        lines
    };

    let beside = twins(Home::new());
    elsewhere(&beside, into);
    beside.run(&["fetch", "made"]).expect(0);
    beside.run(&["fetch", "again"]).expect(0);
    assert_eq!(asked_for(&beside, "set.zip"), 1, "the members were here");
    let (one, other) = (file(&beside, "again/1/data/set/one.bin"), file(&alone, "again/1/data/set/one.bin"));
    assert_eq!(std::fs::read(one).unwrap(), std::fs::read(other).unwrap());
    for name in ["files.jsonl", "listed.jsonl"] {
        let (ours, theirs) = (records(&beside, name), records(&alone, name));
        assert_eq!(ours.len(), theirs.len());
        if name == "files.jsonl" {
            assert_eq!(
                ours.iter().map(|one| &one["path"]).collect::<Vec<_>>(),
                theirs.iter().map(|one| &one["path"]).collect::<Vec<_>>()
            );
            assert_eq!(
                ours.iter().map(|one| &one["sha256"]).collect::<Vec<_>>(),
                theirs.iter().map(|one| &one["sha256"]).collect::<Vec<_>>()
            );
        }
    }
    beside.run(&["verify", "again"]).expect(0);

    // A member that is not what the records say, rules that bring other members out, archives
    // that are to stay: all of it is downloaded.
    let damaged = twins(Home::new());
    damaged.run(&["fetch", "made"]).expect(0);
    std::fs::write(file(&damaged, "made/1/data/two.txt"), "owt").unwrap();
    damaged.run(&["fetch", "again"]).expect(0);
    assert_eq!(asked_for(&damaged, "set.zip"), 2);
    assert_eq!(std::fs::read(file(&damaged, "again/1/data/two.txt")).unwrap(), b"two");
    damaged.run(&["verify", "again"]).expect(0);
    for (unpack, flags) in [("unpack = { format = \"zip\", strip = 1 }", &[][..]), (into, &["--keep-archives"][..])] {
        let other = twins(Home::new());
        elsewhere(&other, unpack);
        other.run(&["fetch", "made"]).expect(0);
        other.run(&[&["fetch", "again"], flags].concat());
        assert_eq!(asked_for(&other, "set.zip"), 2, "{unpack}");
    }
}

#[test]
fn what_no_dataset_uses_is_pruned_and_nothing_else() {
    let served = twins(Home::new());
    served.run(&["prune"]).expect(0);
    served.run(&["fetch", "made", "again"]).expect(0);
    let before = tree(&served.home.data());
    let nothing = served.home.json(&["--catalog", &served.catalog, "prune"]);
    assert_eq!(nothing["data"]["freed"], 0, "{nothing}");
    assert_eq!(tree(&served.home.data()), before);
    served.run(&["remove", "made", "--yes"]).expect(0);
    let before = tree(&served.home.data());
    let planned = served.home.json(&["--catalog", &served.catalog, "prune", "--dry-run"]);
    assert_eq!((&planned["data"]["freed"], &planned["data"]["removed"]), (&BIG.into(), &false.into()), "{planned}");
    assert_eq!(tree(&served.home.data()), before);
    let ran = served.run(&["prune"]).expect(0);
    assert!(ran.stdout.contains("1 object that no dataset uses") && ran.stdout.contains("freed"), "{}", ran.stdout);
    assert!(!object(&served, &noise(BIG, 2)).exists() && object(&served, &noise(BIG, 1)).exists());
    served.run(&["verify", "again"]).expect(0);
    served.run(&["remove", "again", "--yes"]).expect(0);
    served.run(&["prune"]).expect(0);
    assert!(!object(&served, &noise(BIG, 1)).exists() && !object(&served, &noise(BIG, 3)).exists());
}

#[test]
fn unfinished_datasets_are_pruned_when_asked_for_and_left_to_a_run_at_work() {
    let served = serve(&[("big.bin", noise(3_000_000, 1), "")]);
    let mut command = served.home.command(&["--catalog", &served.catalog, "fetch", "made", "--limit-rate", "200KB"]);
    let mut run = command.spawn().unwrap();
    let workspace = served.home.data().join(".medsets-store/parts/made@1");
    until(|| workspace.join("parts").read_dir().is_ok_and(|mut parts| parts.next().is_some()));
    served.run(&["prune", "--parts", "--older", "0"]).expect(0).says(&["another run works on `made@1`"]);
    assert!(workspace.exists());
    run.kill().unwrap();
    run.wait().unwrap();
    served.run(&["prune"]).expect(0);
    served.run(&["prune", "--parts"]).expect(0);
    assert!(workspace.exists(), "neither without being asked nor when it is young");
    let pruned = served.home.json(&["--catalog", &served.catalog, "prune", "--parts", "--older", "0s"]);
    assert_eq!(pruned["data"]["items"][0]["kind"], "part", "{pruned}");
    assert!(!workspace.exists());
    served.run(&["prune", "--older", "a while"]).expect(2).says(&["a while", "30d"]);
    served.run(&["fetch", "made"]).expect(0);
}

#[test]
fn private_data_are_never_one_file_with_shared_data() {
    let served = twins(Home::new());
    served.run(&["fetch", "made"]).expect(0);
    served.run(&["config", "set", "access", "private"]).expect(0);
    served.run(&["fetch", "again"]).expect(0);
    assert_eq!(asked_for(&served, "big.bin"), 1, "a copy is no download");
    let private = std::fs::metadata(file(&served, "again/1/data/big.bin")).unwrap();
    assert_eq!((private.nlink(), private.mode() & 0o777), (1, 0o600));
    served.run(&["verify"]).expect(0);
}

/// A gated dataset that came first closes no folder in which those of others lie: what is open can
/// be read, by its records and by its object, and what is gated by its owner alone.
#[test]
fn a_gated_dataset_closes_the_store_for_no_other() {
    let gate = "[[requires]]\nkind = \"agreement\"\nid = \"terms\"\ntitle = \"Accept the terms\"\n\
                license = \"LicenseRef-medsets-demo\"\n";
    let check = |access: &str, open: [u32; 2], gated: [u32; 2], common: u32| {
        let home = Home::new();
        home.run(&["config", "set", "access", access]).expect(0);
        let files = [("secret.bin", noise(BIG, 7), "")];
        let served = serve_with(home.with("MEDSETS_LINK_MODE", "copy"), &files, gate);
        let shown = served.home.json(&["--catalog", &served.catalog, "access", "accept", "made", "--dry-run"]);
        let digest = shown["data"]["text_digest"].as_str().unwrap().to_owned();
        served.run(&["access", "accept", "made", "--text-digest", &digest]).expect(0);
        served.run(&["fetch", "made"]).expect(0);
        let other = serve_with(Home::new(), &[("open.bin", noise(BIG, 8), "")], "");
        let entry = std::fs::read_to_string(Path::new(&other.catalog).join("made.toml")).unwrap();
        served.home.overlay("plain.toml", &entry.replace("id = \"made\"", "id = \"plain\""));
        let rewrite = format!("https://files.example.org/={}", other.host.url());
        let given = ["--catalog", &served.catalog, "fetch", "plain"];
        let ran = served.home.command(&given).env("MEDSETS_REWRITE", rewrite).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        for (name, bytes, [folder, file]) in [("made", noise(BIG, 7), gated), ("plain", noise(BIG, 8), open)] {
            let object = object(&served, &bytes);
            assert_eq!(mode(&object), file, "{name}");
            assert_eq!(mode(&served.home.data().join(name).join("1")), folder, "{name}");
            for shared in object.ancestors().skip(1).take(5) {
                assert_eq!(mode(shared), common, "{}", shared.display());
            }
        }
    };
    check("auto", [0o755, 0o444], [0o700, 0o400], 0o755);
    check("private", [0o700, 0o400], [0o700, 0o400], 0o700);
    check("group", [0o2750, 0o440], [0o2750, 0o440], 0o2750);
}

#[test]
fn a_damaged_object_is_never_the_cure() {
    let served = twins(Home::new());
    served.run(&["fetch", "made", "again"]).expect(0);
    damage(&object(&served, &noise(BIG, 1)));
    if has_reflinks(&served) {
        damage(&file(&served, "made/1/data/big.bin"));
    }
    served.run(&["verify", "made"]).expect(40);
    served.run(&["verify", "made", "--repair"]).expect(0);
    assert_eq!(asked_for(&served, "big.bin"), 2, "it was downloaded again");
    let quarantine = served.home.data().join(".medsets-store/quarantine");
    assert_eq!(std::fs::read_dir(&quarantine).unwrap().count(), 1);
    assert_eq!(std::fs::read(object(&served, &noise(BIG, 1))).unwrap(), noise(BIG, 1), "made anew");
    // The other dataset is mended with it.
    served.run(&["verify", "again", "--repair"]).expect(0);
    assert_eq!(asked_for(&served, "big.bin"), 2);
    served.run(&["verify"]).expect(0);
    served.run(&["prune"]).expect(0);
    assert_eq!(std::fs::read_dir(&quarantine).unwrap().count(), 0);
}

#[test]
fn where_nothing_can_be_shared_the_dataset_is_whole_all_the_same() {
    let served = twins(Home::new());
    let store = served.home.data().join(".medsets-store");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::write(store.join("objects"), "in the way").unwrap();
    served.run(&["fetch", "made"]).expect(0).says(&["bytes are not shared"]);
    served.run(&["verify", "made"]).expect(0);
    assert_eq!(std::fs::read(store.join("objects")).unwrap(), b"in the way");
}

#[test]
fn the_settings_say_what_is_shared() {
    #[track_caller]
    fn check(setting: (&str, &str), objects: usize) {
        let served = twins(Home::new().with(setting.0, setting.1));
        served.run(&["fetch", "made"]).expect(0);
        let place = served.home.data().join(".medsets-store/objects");
        let found = if place.exists() { tree(&place).len() } else { 0 };
        assert_eq!(found, objects, "{setting:?}");
        served.run(&["verify", "made"]).expect(0);
    }
    check(("MEDSETS_STORE", "off"), 0);
    check(("MEDSETS_STORE", "all"), 5);
    check(("MEDSETS_LINK_MODE", "hardlink"), 3);
    check(("MEDSETS_LINK_MODE", "copy"), 3);
    let served = twins(Home::new().with("MEDSETS_STORE", "some"));
    served.run(&["fetch", "made"]).expect(10).says(&["auto, all, off"]);
}

#[test]
fn a_kill_at_any_moment_costs_no_more_than_the_sharing() {
    let served = twins(Home::new().with("MEDSETS_STORE", "all"));
    served.run(&["fetch", "made"]).expect(0);
    let expected = tree(&served.home.data().join("made/1/data"));
    let begun = std::time::Instant::now();
    served.run(&["fetch", "again"]).expect(0);
    let whole = begun.elapsed();
    let mut killed = 0;
    for round in 0..12_u32 {
        served.run(&["remove", "again", "--yes"]).expect(0);
        let mut run = served.home.command(&["--catalog", &served.catalog, "fetch", "again"]).spawn().unwrap();
        std::thread::sleep(whole * round / 12);
        let _ = run.kill();
        killed += u32::from(run.wait().unwrap().code().is_none());
        if served.home.data().join("again/1").exists() {
            served.run(&["verify", "again"]).expect(0);
        }
        served.run(&["fetch", "again"]).expect(0);
        served.run(&["verify"]).expect(0);
        served.run(&["prune", "--older", "0"]).expect(0);
        served.run(&["verify"]).expect(0);
    }
    assert!(killed > 0, "no run was killed in the middle");
    assert_eq!(tree(&served.home.data().join("made/1/data")), expected);
}

#[test]
fn copies_of_what_a_dataset_has_are_of_use() {
    let served = twins(Home::new().with("MEDSETS_LINK_MODE", "copy"));
    served.run(&["fetch", "made"]).expect(0);
    assert!(object(&served, &noise(BIG, 1)).exists());
    let before = tree(&served.home.data());
    served.run(&["prune"]).expect(0);
    assert_eq!(tree(&served.home.data()), before);
    served.run(&["fetch", "again"]).expect(0);
    assert_eq!(asked_for(&served, "big.bin"), 1, "it came from the store");
    served.run(&["remove", "made", "again", "--yes"]).expect(2);
    served.run(&["remove", "made", "--yes"]).expect(0);
    served.run(&["remove", "again", "--yes"]).expect(0);
    served.run(&["prune"]).expect(0);
    assert!(!object(&served, &noise(BIG, 1)).exists());
}

#[test]
fn members_of_the_same_time_share_their_bytes_where_there_are_hard_links_alone() {
    let served = twins(Home::new());
    served.run(&["fetch", "made"]).expect(0);
    if has_reflinks(&served) {
        return;
    }
    served.run(&["remove", "made", "--yes"]).expect(0);
    assert_eq!(std::fs::metadata(object(&served, &noise(BIG, 3))).unwrap().nlink(), 1);
    // The archive is downloaded and unpacked again: its member has the time that the object has.
    served.run(&["fetch", "made"]).expect(0);
    let (member, object) = (file(&served, "made/1/data/one.bin"), object(&served, &noise(BIG, 3)));
    assert_eq!(std::fs::metadata(member).unwrap().ino(), std::fs::metadata(object).unwrap().ino());
    served.run(&["status", "--exit-code"]).expect(0);
}

#[test]
fn what_the_shards_agreed_on_is_left_while_one_is_at_work() {
    let files: Vec<(String, Vec<u8>)> = (0..4).map(|at| (format!("{at}.bin"), noise(400_000, at))).collect();
    let files: Vec<(&str, Vec<u8>, &str)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone(), "")).collect();
    let served = serve(&files);
    let slow = ["--catalog", &served.catalog, "fetch", "made", "--shard", "1/2", "--limit-rate", "150KB"];
    let run = served.home.command(&slow).spawn().unwrap();
    let store = served.home.data().join(".medsets-store");
    let begun = std::time::Instant::now();
    while !store.join("leases/made@1+shard-1-of-2.claim").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = served.run(&["prune", "--parts", "--older", "0"]).expect(0);
    told.says(&["another run works on `made@1+shards`", "another run works on `made@1+shard-1-of-2`"]);
    assert!(store.join("parts/made@1+shards/split.json").exists());
    crate::support::home::Ran::from(run.wait_with_output().unwrap()).expect(0);
    served.run(&["prune", "--parts", "--older", "0"]).expect(0);
    assert!(!store.join("parts/made@1+shards").exists());
}

#[test]
fn offline_names_every_missing_byte() {
    let files: Vec<(String, Vec<u8>)> = (0..13).map(|at| (format!("{at:02}.bin"), noise(1000 + at, 7))).collect();
    let files: Vec<(&str, Vec<u8>, &str)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone(), "")).collect();
    let served = serve(&files);
    let ran = served.run(&["fetch", "made", "--offline"]).expect(30);
    let ran =
        ran.says(&["13 of 13 files not here", "12.8 KiB", "`00.bin` (1000 B)", "and 3 more", "medsets import made"]);
    assert!(!ran.stderr.contains("11.bin"), "{}", ran.stderr);
    let answer = served.home.json(&["--catalog", &served.catalog, "fetch", "made", "--offline"]);
    let failed = answer["data"]["datasets"][0]["failed"].as_array().unwrap();
    assert_eq!((failed.len(), &failed[12]["path"], &failed[12]["size"]), (13, &"12.bin".into(), &1012.into()));
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer}");
    assert!(served.host.log().is_empty());
    let planned = served.run(&["fetch", "made", "--offline", "--dry-run"]).expect(30);
    assert!(planned.says(&["13 of 13 files not here"]).stdout.contains("12.bin"));
    served.run(&["fetch", "made", "--include", "0*"]).expect(0);
    served.run(&["fetch", "made", "--offline"]).expect(30).says(&["3 of 13 files not here", "`10.bin`"]);
}

#[test]
fn what_the_store_has_is_fetched_without_the_network() {
    let served = twins(Home::new().with("MEDSETS_STORE", "all"));
    served.run(&["fetch", "made", "--keep-archives"]).expect(0);
    let seen = served.host.log().len();
    served.run(&["fetch", "again", "--offline"]).expect(0);
    assert_eq!(served.host.log().len(), seen);
    served.run(&["verify", "again"]).expect(0);
    let listed = std::fs::read_to_string(file(&served, "again/1/.medsets/listed.jsonl")).unwrap();
    assert_eq!(listed.matches(r#""verified":"catalog""#).count(), 3, "{listed}");
}
