//! Mirrors beside plans, locks and work that was stopped.

use medsets::values::Digest;

use crate::support::archives::{Served, serve, serve_with};
use crate::support::home::{Home, tree};
use crate::support::mirrors;

const TABLE: &[u8] = b"id,label\n1,a\n";

fn files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    vec![("table.csv", TABLE.to_vec(), ""), ("other.csv", b"other\n".to_vec(), "")]
}

/// A folder as mirror with the dataset in it, and who sent it.
fn mirrored() -> (Served, String) {
    let served = serve(&files());
    let (_, mirror) = served.mirrored();
    (served, mirror)
}

fn object(served: &Served, bytes: &[u8]) -> std::path::PathBuf {
    served.home.path().join("share").join(mirrors::object(bytes))
}

/// Where a dry run says that each file comes from.
fn froms(answer: &serde_json::Value) -> Vec<(String, Option<String>)> {
    let steps = answer["data"]["datasets"][0]["plan"]["steps"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let mut all: Vec<_> = steps.iter().map(|step| (text(&step["path"]).unwrap(), text(&step["from"]))).collect();
    all.sort();
    all
}

#[test]
fn a_dry_run_names_the_mirror_as_the_real_run_takes_it() {
    let (sender, mirror) = mirrored();
    let fetching = serve_with(Home::new().with("MEDSETS_MIRRORS", mirror.clone()), &files(), "");
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&fetching.run(&[arguments, &["--json"]].concat()).expect(0).stdout).unwrap()
    };
    let planned = json(&["fetch", "made", "--dry-run"]);
    let by_mirror = |name: &str| (name.to_owned(), Some(mirror.clone()));
    assert_eq!(froms(&planned), [by_mirror("other.csv"), by_mirror("table.csv")]);
    assert_eq!(planned["data"]["datasets"][0]["mirror"], mirror.as_str());
    let shown = fetching.run(&["fetch", "made", "--dry-run"]).expect(0);
    assert!(shown.stdout.contains(&format!("from {mirror}")), "{}", shown.stdout);
    assert!(shown.stdout.contains(&format!("by the mirror `{mirror}`")), "{}", shown.stdout);
    // Of a part, file by file.
    let planned = json(&["fetch", "made", "--dry-run", "--include", "table.csv"]);
    assert_eq!(froms(&planned), [by_mirror("table.csv")]);
    std::fs::remove_file(object(&sender, TABLE)).unwrap();
    let planned = json(&["fetch", "made", "--dry-run", "--include", "*.csv", "--keep-archives"]);
    assert_eq!(froms(&planned), [by_mirror("other.csv"), ("table.csv".to_owned(), None)]);
    assert!(!fetching.home.data().join("made").exists(), "nothing was written");
    assert!(fetching.host.log().is_empty(), "no host was asked for bytes: {:?}", fetching.host.log());
    // What the store has is nearer.
    fetching.run(&["fetch", "made"]).expect(0);
}

#[test]
fn a_pull_brings_what_the_lock_pins_and_refuses_other_bytes() {
    let (sender, mirror) = mirrored();
    let work = sender.home.path().join("work");
    let project = "[project]\nname = \"x\"\ndata-dir = \"data\"\n\n[[dataset]]\nid = \"made\"\n";
    std::fs::write(work.join("medsets.toml"), project).unwrap();
    sender.run(&["sync"]).expect(0);
    // The catalogue has a newer release by now; the project pins the old one.
    sender.edit_entry(|entry| entry.replace("version = \"1\"", "version = \"2\""));
    let dataset = work.join("data/made/1");
    std::fs::remove_dir_all(work.join("data/made")).unwrap();
    let pull = ["mirror", "pull", "made", "--mirror", mirror.as_str()];
    let plan = sender.run(&[&pull[..], &["--dry-run"]].concat()).expect(0);
    assert!(plan.stdout.contains("made 1: 2 files"), "{}", plan.stdout);
    sender.run(&pull).expect(0);
    assert_eq!(std::fs::read(dataset.join("data/table.csv")).unwrap(), TABLE);
    sender.run(&["sync", "--check"]).expect(0);
    sender.run(&pull).expect(0).says(&["is whole here"]);
    let other = "0".repeat(64);
    sender.run(&[&pull[..], &["--tree", &other]].concat()).expect(12).says(&["the lock pins the tree"]);
    sender.run(&[&pull[..], &["--source", "elsewhere"]].concat()).expect(12).says(&["the lock pins the source `web`"]);

    // The lock pins other bytes of a file, and no tree: what the mirror has is not it.
    std::fs::remove_dir_all(work.join("data/made")).unwrap();
    let lock = std::fs::read_to_string(work.join("medsets.lock")).unwrap();
    let tree_line = lock.lines().find(|line| line.starts_with("tree = ")).unwrap();
    let (known, pinned) = (Digest::sha256(TABLE).hex(), Digest::sha256(b"other bytes").hex());
    let line = lock.lines().find(|line| line.contains(&known)).unwrap();
    // Bytes that the entry does not have can only be some that a person took.
    let from = line.split("from = ").nth(1).unwrap().split([',', ' ']).next().unwrap();
    let taken = line.replace(&known, &pinned).replace(&format!("from = {from}"), "from = \"accepted\"");
    let forged = lock.replace(&format!("{tree_line}\n"), "").replace(line, &taken);
    std::fs::write(work.join("medsets.lock"), crate::lock::sealed(&forged)).unwrap();
    sender.run(&pull).expect(40).says(&["table.csv", &known, &pinned, "the lock pins"]);
    assert!(!dataset.exists());
    // Another data folder is none of the project's.
    sender.run(&["mirror", "pull", "made", "--mirror", &mirror, "--to", "beside"]).expect(35);
}

#[test]
fn other_bytes_that_the_lock_says_are_accepted_are_pulled_in_the_project_and_nowhere_else() {
    let sender = serve(&files());
    sender.edit_entry(|entry| entry.replace(&Digest::sha256(TABLE).hex(), &"0".repeat(64)));
    let work = sender.home.path().join("work");
    let project = "[project]\nname = \"x\"\ndata-dir = \"data\"\n\n[[dataset]]\nid = \"made\"\n";
    std::fs::write(work.join("medsets.toml"), project).unwrap();
    sender.run(&["sync", "--accept-changed", "table.csv", "--reason", "the publisher said so"]).expect(0);
    let lock = std::fs::read_to_string(work.join("medsets.lock")).unwrap();
    assert!(lock.contains("from = \"accepted\""), "{lock}");
    let (_, mirror) = sender.home.share();
    sender.run(&["mirror", "push", "made", "--mirror", &mirror]).expect(0);

    std::fs::remove_dir_all(work.join("data/made")).unwrap();
    let pull = ["mirror", "pull", "made", "--mirror", mirror.as_str()];
    sender.run(&[&pull[..], &["--to", "beside"]].concat()).expect(40).says(&["table.csv", "somebody else's decision"]);
    sender.run(&pull).expect(0);
    let dataset = work.join("data/made/1");
    assert_eq!(std::fs::read(dataset.join("data/table.csv")).unwrap(), TABLE);
    let receipt = std::fs::read_to_string(dataset.join(".medsets/receipt.json")).unwrap();
    assert!(receipt.contains("the publisher said so") && receipt.contains("accepted-change"), "{receipt}");
    sender.run(&["sync", "--check"]).expect(0);
    sender.run(&["lock"]).expect(0);
    assert_eq!(std::fs::read_to_string(work.join("medsets.lock")).unwrap(), lock);
}

/// A newer copy that nobody can take does not stand before a good one for ever.
#[test]
fn a_good_copy_is_the_newest_again_when_it_is_pushed_again() {
    let (good, mirror) = mirrored();
    let other = [b'x'; TABLE.len()];
    let mut served = files();
    served.iter_mut().find(|file| file.0 == "table.csv").unwrap().1 = other.to_vec();
    let changed = serve(&served);
    changed.edit_entry(|entry| entry.replace(&Digest::sha256(&other).hex(), &Digest::sha256(TABLE).hex()));
    changed.run(&["fetch", "made", "--accept-changed", "table.csv", "--reason", "it was wrong"]).expect(0);
    changed.run(&["mirror", "push", "made", "--mirror", &mirror]).expect(0);
    let home = || Home::new().with("MEDSETS_CATALOG", good.catalog.clone()).with("MEDSETS_OFFLINE", "1");
    let pull = ["mirror", "pull", "made", "--mirror", mirror.as_str()];
    let refused = home().run(&pull).expect(40).says(&["table.csv", "medsets mirror pull made --tree "]);
    let tree = refused.stderr.split("--tree ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    let by_tree = home();
    by_tree.run(&[&pull[..], &["--tree", &tree]].concat()).expect(0);
    by_tree.run(&["verify", "made"]).expect(0);
    let push = ["mirror", "push", "made", "--mirror", mirror.as_str()];
    good.run(&push).expect(0).says(&["another copy was pushed since"]);
    home().run(&pull).expect(0);
    assert!(good.run(&push).expect(0).stdout.contains("was there already"));
}

#[test]
fn a_copy_with_a_file_that_is_longer_than_recorded_is_not_whole_here() {
    let (sender, mirror) = mirrored();
    let home = serve_with(Home::new(), &files(), "");
    let pull = ["mirror", "pull", "made", "--mirror", mirror.as_str()];
    home.run(&pull).expect(0);
    home.run(&pull).expect(0).says(&["is whole here"]);
    let table = home.home.data().join("made/1/data/table.csv");
    let longer = [TABLE, b"2,b\n"].concat();
    std::fs::write(&table, &longer).unwrap();
    for rest in [&[][..], &["--dry-run"]] {
        home.run(&[&pull[..], rest].concat()).expect(62).says(&["missing or changed", "verify made --repair"]);
    }
    assert_eq!(std::fs::read(&table).unwrap(), longer);
    drop(sender);
}

/// A pull that was killed between laying a file out and noting it.
#[test]
fn what_a_stopped_pull_left_is_committed_by_nobody() {
    let (sender, mirror) = mirrored();
    let home = serve_with(Home::new(), &files(), "");
    std::fs::remove_file(object(&sender, TABLE)).unwrap();
    let pull = ["mirror", "pull", "made", "--mirror", mirror.as_str()];
    assert_ne!(home.run(&pull).code, Some(0));
    let stage = home.home.data().join(".medsets-store/parts/made@1/stage");
    std::fs::create_dir_all(stage.join("data/deep")).unwrap();
    for name in ["data/deep/stray.csv", "data/other.csv"] {
        std::fs::write(stage.join(name), "of a run that was killed").unwrap();
    }
    home.run(&["fetch", "made", "--include", "table.csv"]).expect(0);
    let dataset = home.home.data().join("made/1");
    let names: Vec<String> = tree(&dataset.join("data")).into_keys().collect();
    assert_eq!(names, ["table.csv"]);
    home.run(&["verify", "made"]).expect(0);
    home.run(&["fetch", "made"]).expect(0);
    assert_eq!(std::fs::read(dataset.join("data/other.csv")).unwrap(), b"other\n");
    assert_eq!(tree(&dataset.join("data")).len(), 2);
}
