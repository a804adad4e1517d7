//! `bundle` and `unbundle`: data to a machine without a network, and nothing else with them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::bundles::{accept, bundle_of, inside, members};
use crate::support::home::{Home, tree};

fn digest(home: &Home) -> String {
    let text = home.json(&["access", "accept", "demo-gated", "--dry-run"]);
    text["data"]["text_digest"].as_str().unwrap().to_owned()
}

/// A bundle of `demo`.
fn of_demo(home: &Home) -> PathBuf {
    home.run(&["fetch", "demo"]).expect(0);
    let file = home.path().join("work/demo.tar.zst");
    home.run(&["bundle", "demo", "-o", "demo.tar.zst"]).expect(0);
    file
}

fn manifest(home: &Home, dataset: &str) -> Vec<u8> {
    std::fs::read(home.data().join(dataset).join(".medsets/manifest.sha256")).unwrap()
}

#[test]
fn two_datasets_go_to_a_machine_without_a_network() {
    let here = Home::new();
    here.run(&["fetch", "demo"]).expect(0);
    accept(&here);
    here.run(&["fetch", "demo-gated"]).expect(0);
    let file = here.path().join("work/both.tar.zst");
    here.run(&["bundle", "-o", "both.tar.zst"]).expect(0).says(&["demo-gated", "demo@1.0"]);
    here.run(&["bundle", "--check", "both.tar.zst"]).expect(0);
    let there = Home::offline();
    let bundle = there.path().join("both.tar.zst");
    std::fs::copy(&file, &bundle).unwrap();
    let bundle = bundle.to_str().unwrap();
    // Each person needs the agreement for themselves.
    let line = format!("medsets access accept demo-gated --text-digest {}", digest(&there));
    let refused = there.run(&["unbundle", bundle]).expect(23);
    assert!(refused.stderr.contains(&line), "{}", refused.stderr);
    assert!(refused.stderr.contains("--about about"), "{}", refused.stderr);
    assert!(!there.data().join("demo").exists(), "nothing of it was kept");
    there.run(&["unbundle", bundle, "--only", "demo"]).expect(0);
    // The text that the bundle brings can be accepted, too.
    there.run(&["unbundle", bundle, "--about", "about"]).expect(0);
    let text = std::fs::read_dir(there.path().join("work/about/texts")).unwrap().next().unwrap().unwrap().path();
    let accept = ["access", "accept", "demo-gated", "--text-file", text.to_str().unwrap()];
    let shown = there.json(&[&accept[..], &["--dry-run"]].concat());
    assert_eq!(shown["data"]["text_digest"], digest(&there).as_str(), "{shown:#}");
    there.run(&[&accept[..], &["--text-digest", &digest(&there)]].concat()).expect(0);
    let answer = there.json(&["unbundle", bundle]);
    assert_eq!(answer["exit"], 0, "{answer:#}");
    let states: Vec<&str> =
        answer["data"]["datasets"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["unbundled", "already"], "demo-gated comes first by name");
    for dataset in ["demo/1.0", "demo-gated/1.0"] {
        assert_eq!(manifest(&there, dataset), manifest(&here, dataset), "{dataset}");
        let (one, other) = (here.data().join(dataset), there.data().join(dataset));
        assert_eq!(tree(&one.join("data")), tree(&other.join("data")));
        let files = |dir: &Path| std::fs::read(dir.join(".medsets/files.jsonl")).unwrap();
        assert_eq!(files(&one), files(&other), "times included");
    }
    there.run(&["verify", "--full"]).expect(0);
    there.run(&["status", "--exit-code"]).expect(0);
    let receipt: Value =
        serde_json::from_slice(&std::fs::read(there.data().join("demo-gated/1.0/.medsets/receipt.json")).unwrap())
            .unwrap();
    assert_eq!((receipt["means"].as_str(), receipt["brought"]["means"].as_str()), (Some("bundle"), Some("fetch")));
    assert_eq!(receipt["brought"]["index"], answer["data"]["index"]);
    there.run(&["ledger", "verify"]).expect(0);
    let audit = there.json(&["audit"]);
    assert_eq!(audit["data"]["summary"]["datasets"], 2, "{audit:#}");
    // What the other person did is readable here.
    let extract = answer["data"]["ledger"].as_str().unwrap();
    let audit = there.json(&["audit", "demo-gated", "--ledger", extract]);
    assert_eq!(audit["data"]["subjects"].as_array().unwrap().len(), 1, "{audit:#}");
    let text = std::fs::read_to_string(extract).unwrap();
    assert!(!text.contains("\"tester\""), "names are masked: {text}");
    let mode = std::fs::metadata(there.data().join("demo-gated/1.0/data/labels.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "restricted data are private");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["bundle", "-o", "one.tar.zst", "--with-ledger"]).expect(0);
    let one = home.json(&["bundle", "-o", "two.tar.zst", "--with-ledger"]);
    let shown = home.json(&["bundle", "-o", "three.tar.zst", "--dry-run"]);
    assert!(!home.path().join("work/three.tar.zst").exists());
    assert_eq!(shown["data"]["members"], one["data"]["members"]);
    let without_ledger = |name: &str| {
        let packed = std::fs::read(home.path().join("work").join(name)).unwrap();
        let mut members = members(&zstd::decode_all(packed.as_slice()).unwrap());
        members.retain(|(name, _)| !["bundle.json", "index.jsonl", "about/ledger.json"].contains(&name.as_str()));
        members
    };
    assert_eq!(without_ledger("one.tar.zst"), without_ledger("two.tar.zst"), "all but the extract, which has its hour");
    let names: Vec<String> = without_ledger("one.tar.zst").into_iter().map(|(name, _)| name).collect();
    for name in [
        "about/catalog/demo.toml",
        "about/contents.json",
        "about/licenses/CC0-1.0.toml",
        "datasets/demo/1.0/.medsets/receipt.json",
        "datasets/demo/1.0/data/labels.csv",
    ] {
        assert!(names.iter().any(|one| one == name), "{name}: {names:?}");
    }
    let packed = std::fs::read(home.path().join("work/one.tar.zst")).unwrap();
    std::fs::write(home.path().join("one.tar"), zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    let listing = std::process::Command::new("tar").arg("-tf").arg(home.path().join("one.tar")).output().unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    assert!(listing.starts_with("bundle.json\nindex.jsonl\n"), "any tar unpacks it: {listing}");
}

#[test]
fn a_bundle_made_up_by_somebody_else_is_refused_for_what_is_wrong_with_it() {
    let home = Home::new();
    let whole = inside(&of_demo(&home));
    #[track_caller]
    fn check(what: &str, bundle: &[u8], code: i32, says: &str) {
        let there = Home::offline();
        let file = there.path().join("made-up.tar.zst");
        std::fs::write(&file, bundle).unwrap();
        let file = file.to_str().unwrap();
        for command in [&["unbundle", file][..], &["bundle", "--check", file], &["unbundle", file, "--dry-run"]] {
            let ran = there.run(command);
            assert_eq!(ran.code, Some(code), "{what}, {command:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(says), "{what}: {}", ran.stderr);
        }
        assert!(!there.data().join("demo").exists(), "{what}: something of it is visible");
        let tmp = there.data().join(".medsets-store/tmp");
        assert!(!tmp.exists() || std::fs::read_dir(tmp).unwrap().count() == 0, "{what}: a stage was left");
        assert!(!there.state().join("ledger.jsonl").exists(), "{what}: it was entered");
    }
    let at = |name: &str| whole.iter().position(|(one, _)| one.ends_with(name)).unwrap();
    let with = |name: &str, content: &[u8]| {
        let mut members = whole.clone();
        members[at(name)].1 = content.to_vec();
        bundle_of(&members)
    };
    let as_it_is = bundle_of(&whole);
    let there = Home::offline();
    let file = there.path().join("same.tar.zst");
    std::fs::write(&file, &as_it_is).unwrap();
    there.run(&["unbundle", file.to_str().unwrap()]).expect(0);

    check("other data", &with("data/labels.csv", b"1,2\n"), 40, "data/labels.csv");
    check("another manifest", &with("manifest.sha256", b""), 40, "manifest");
    let receipt = String::from_utf8(whole[at("receipt.json")].1.clone()).unwrap();
    let other = receipt.replace("\"dataset\": \"demo\"", "\"dataset\": \"mimic-cxr\"");
    check("another dataset in the receipt", &with("receipt.json", other.as_bytes()), 40, "receipt.json");
    let newer = receipt.replace("medsets/receipt/2", "medsets/receipt/3");
    check("a later receipt", &with("receipt.json", newer.as_bytes()), 10, "medsets/receipt/3");
    let mut missing = whole.clone();
    missing.remove(at("data/labels.csv"));
    check("a file is missing", &bundle_of(&missing), 40, "labels.csv");
    let add = |name: &str, content: &[u8]| {
        let mut members = whole.clone();
        members.push((name.to_owned(), content.to_vec()));
        members.sort();
        bundle_of(&members)
    };
    check("an extra file", &add("datasets/demo/1.0/docs/zzz.txt", b"x"), 54, "zzz.txt");
    check("an extra record", &add("datasets/demo/1.0/.medsets/zz", b"x"), 54, ".medsets/zz");
    check("another top", &add("etc/passwd", b"x"), 54, "etc/passwd");
    check("a dataset that nobody names", &add("datasets/zzz/1.0/data/x", b"x"), 54, "zzz");
    check("a name that leaves", &add("datasets/demo/1.0/data/../../../../x", b"x"), 54, "..");
    let mut twice = whole.clone();
    twice.push(whole.last().unwrap().clone());
    check("a member twice", &bundle_of(&twice), 54, "once");
    let mut upside = whole.clone();
    upside.reverse();
    check("another order", &bundle_of(&upside), 54, "refused");
    // A link in the place of a member.
    let tar = zstd::decode_all(as_it_is.as_slice()).unwrap();
    let mut linked = tar.clone();
    let header =
        (0..tar.len()).step_by(512).find(|at| tar[*at..].starts_with(b"datasets/demo/1.0/data/labels.csv")).unwrap();
    let mut link = tar::Header::from_byte_slice(&tar[header..header + 512]).clone();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_cksum();
    linked[header..header + 512].copy_from_slice(link.as_bytes());
    check("a link", &zstd::encode_all(linked.as_slice(), 1).unwrap(), 54, "regular files");
    let head = String::from_utf8_lossy(&tar[..2048]).replace("medsets/bundle/1", "medsets/bundle/2");
    let later = [head.as_bytes(), &tar[2048..]].concat();
    check("a later format", &zstd::encode_all(later.as_slice(), 1).unwrap(), 10, "medsets/bundle/2");
    check("some other file", b"PK\x03\x04 and more", 42, "no bundle");
    for at in [as_it_is.len() / 3, as_it_is.len() / 2, as_it_is.len() - 5] {
        let mut flipped = as_it_is.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&file, &flipped).unwrap();
        let ran = there.run(&["bundle", "--check", file.to_str().unwrap()]);
        assert!([Some(40), Some(41), Some(54)].contains(&ran.code), "byte {at}: {ran:?}");
    }
    check("a file that was cut", &as_it_is[..as_it_is.len() - 100], 41, "too early");
}

#[test]
fn a_dataset_that_this_program_knows_asks_for_what_it_always_asks_for() {
    let home = Home::new();
    accept(&home);
    home.run(&["fetch", "demo-gated"]).expect(0);
    home.run(&["bundle", "-o", "gated.tar.zst"]).expect(0);
    let mut members = inside(&home.path().join("work/gated.tar.zst"));
    // The bundle's entry asks for nothing.
    for (name, bytes) in &mut members {
        if name == "about/catalog/demo-gated.toml" {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let (before, rest) = text.split_once("[[requires]]").unwrap();
            let after = rest.split_once("[[release]]").unwrap().1;
            *bytes = format!("{before}[[release]]{after}").into_bytes();
        }
    }
    let there = Home::offline();
    let file = there.path().join("gated.tar.zst");
    std::fs::write(&file, bundle_of(&members)).unwrap();
    there.run(&["unbundle", file.to_str().unwrap()]).expect(23);
    assert!(!there.data().join("demo-gated").exists());
}

#[test]
fn what_is_there_already_is_never_replaced() {
    let home = Home::new();
    let file = of_demo(&home);
    let there = Home::offline();
    let dir = there.data().join("demo/1.0");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("thesis.tex"), "years of work").unwrap();
    there.run(&["unbundle", file.to_str().unwrap()]).expect(62).says(&["is no dataset", "--to"]);
    assert_eq!(std::fs::read_to_string(dir.join("thesis.tex")).unwrap(), "years of work");
    there.run(&["unbundle", file.to_str().unwrap(), "--to", "elsewhere"]).expect(0);
    assert!(there.path().join("work/elsewhere/demo/1.0/data/labels.csv").exists());
    there.run(&["unbundle", file.to_str().unwrap(), "--only", "chexpert"]).expect(2).says(&["demo@1.0"]);
}

#[test]
fn a_run_that_was_killed_leaves_nothing_and_the_next_one_works() {
    let home = Home::new();
    let file = of_demo(&home);
    let there = Home::offline();
    // What a kill leaves.
    let stage = there.data().join(".medsets-store/tmp/unbundle-1/0/data");
    std::fs::create_dir_all(&stage).unwrap();
    std::fs::write(stage.join("half"), "x").unwrap();
    for wait in [5, 20, 60] {
        let mut child = there.command(&["unbundle", file.to_str().unwrap()]).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
        if there.data().join("demo").exists() {
            there.run(&["verify", "demo"]).expect(0);
        }
    }
    there.run(&["unbundle", file.to_str().unwrap()]).expect(0);
    there.run(&["verify", "demo"]).expect(0);
    let tmp = there.data().join(".medsets-store/tmp");
    let left: Vec<_> = std::fs::read_dir(&tmp).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_must_not_be_handed_on_is_warned_of_and_entered() {
    let home = Home::new();
    of_demo(&home);
    let ledger = || std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    assert!(!ledger().contains("\"share\""), "CC0 data may be handed on");
    // The same files under terms that forbid it.
    let entry = home.run(&["info", "demo", "--raw"]).expect(0).stdout;
    let entry = entry.replace("license = \"CC0-1.0\"", "license = \"LicenseRef-UMLS-Metathesaurus\"");
    let overlay = home.overlay("demo.toml", &entry);
    let run = |rest: &[&str]| home.run(&[&["--catalog", &overlay], rest].concat());
    run(&["remove", "demo", "--yes"]).expect(0);
    run(&["fetch", "demo"]).expect(0);
    run(&["bundle", "demo", "-o", "umls.tar.zst"]).expect(0).says(&["demo@1.0", "hand it on", "forbidden"]);
    let last: Value = serde_json::from_str(ledger().lines().last().unwrap()).unwrap();
    assert_eq!((last["kind"].as_str(), last["dataset"].as_str()), (Some("share"), Some("demo")));
    assert!(last["note"].as_str().unwrap().contains("umls.tar.zst"), "{last}");
    let mode =
        |name: &str| std::fs::metadata(home.path().join("work").join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("umls.tar.zst"), 0o600);
    accept(&home);
    home.run(&["fetch", "demo-gated"]).expect(0);
    home.run(&["bundle", "demo-gated", "-o", "gated.tar.zst"]).expect(0);
    assert_eq!(mode("gated.tar.zst"), 0o600);
    // Who took the acceptance back carries nothing.
    home.run(&["access", "withdraw", "demo-gated"]).expect(0);
    home.run(&["bundle", "demo-gated", "-o", "again.tar.zst"]).expect(23);
    assert!(!home.path().join("work/again.tar.zst").exists());
}

#[test]
fn a_damaged_dataset_makes_no_bundle() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["bundle", "-o", "demo.tar.zst"]).expect(0);
    let earlier = std::fs::read(home.path().join("work/demo.tar.zst")).unwrap();
    let file = home.data().join("demo/1.0/data/labels.csv");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    home.run(&["bundle", "-o", "demo.tar.zst"]).expect(40).says(&["labels.csv", "medsets verify"]);
    assert_eq!(std::fs::read(home.path().join("work/demo.tar.zst")).unwrap(), earlier);
    bytes.truncate(5);
    std::fs::write(&file, &bytes).unwrap();
    home.run(&["bundle", "-o", "demo.tar.zst"]).expect(40).says(&["another size"]);
    home.run(&["bundle", "chexpert", "-o", "x.tar.zst"]).expect(11);
    home.run(&["bundle", "demo"]).expect(2).says(&["-o"]);
}

#[test]
fn an_adopted_dataset_and_the_project_go_along() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let (dir, old) = (home.data().join("demo/1.0"), home.path().join("old"));
    std::fs::rename(dir.join("data"), &old).unwrap();
    // What is left of it is in the way of nobody's files but its own.
    home.run(&["adopt", old.to_str().unwrap(), "--dataset", "demo"]).expect(62).says(&["here already"]);
    std::fs::rename(dir.join("docs/README.txt"), old.join("README.txt")).unwrap();
    home.run(&["adopt", old.to_str().unwrap(), "--dataset", "demo"]).expect(0);
    assert!(std::fs::symlink_metadata(dir.join("data")).unwrap().is_symlink());
    std::fs::write(home.path().join("work/medsets.toml"), "[project]\nname = \"p\"\n\n[[dataset]]\nid = \"demo\"\n")
        .unwrap();
    let dir = home.data().to_str().unwrap().to_owned();
    home.run(&["bundle", "-o", "demo.tar.zst", "--project", "--data-dir", &dir]).expect(0);
    let there = Home::offline();
    let file = home.path().join("work/demo.tar.zst");
    there.run(&["unbundle", file.to_str().unwrap()]).expect(0).says(&["a project is in it"]);
    let data = there.data().join("demo/1.0/data");
    assert!(!std::fs::symlink_metadata(&data).unwrap().is_symlink(), "files of its own");
    there.run(&["verify", "demo"]).expect(0);
    there.run(&["unbundle", file.to_str().unwrap(), "--about", "about"]).expect(0);
    let project = there.path().join("work/about/project/medsets.toml");
    assert_eq!(std::fs::read_to_string(project).unwrap(), "[project]\nname = \"p\"\n\n[[dataset]]\nid = \"demo\"\n");
    there.run(&["bundle", "-o", "x.tar.zst", "--project"]).expect(2).says(&["no project"]);
}
