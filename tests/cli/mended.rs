//! `verify --repair`: what it mends, what it cannot, and what it must not stop at.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::archives::{Served, serve, serve_with, zip_of};
use crate::support::home::{Home, tree};

/// `made` and `again`, with the same file of which one is kept.
fn two(home: Home) -> Served {
    let files = [("big.bin", vec![7; 1_300_000], ""), ("small.txt", b"small".to_vec(), "")];
    let served = serve_with(home, &files, "");
    let entry = std::fs::read_to_string(Path::new(&served.catalog).join("made.toml")).unwrap();
    let again = entry.replace("id = \"made\"", "id = \"again\"").replace("title = \"Made\"", "title = \"Again\"");
    served.home.overlay("again.toml", &again);
    served
}

fn file(served: &Served, path: &str) -> PathBuf {
    served.home.data().join(path)
}

fn touch(path: &Path) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    std::fs::File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn files_that_were_only_touched_are_whole_again_without_a_download() {
    let served = two(Home::new());
    served.run(&["fetch", "made", "again"]).expect(0);
    let asked = served.host.log().len();
    let before = tree(&served.home.data());
    touch(&file(&served, "made/1/data/big.bin"));
    touch(&file(&served, "made/1/data/small.txt"));
    touch(&file(&served, "again/1/data/big.bin"));
    served.run(&["verify"]).expect(0);
    served.run(&["status", "--exit-code"]).expect(62).says(&["`medsets verify made@1 --repair`"]);
    served.run(&["verify", "made@1", "--repair", "--offline"]).expect(0);
    served.run(&["status", "made", "--exit-code"]).expect(0);
    served.run(&["verify", "again", "--repair"]).expect(0);
    served.run(&["status", "--exit-code"]).expect(0);
    assert_eq!(served.host.log().len(), asked);
    let after = tree(&served.home.data());
    let differ: Vec<&String> = before.keys().filter(|name| before.get(*name) != after.get(*name)).collect();
    assert_eq!(differ, ["again/1/.medsets/files.jsonl", "made/1/.medsets/files.jsonl"]);
    served.run(&["verify"]).expect(0);
    served.run(&["ledger", "verify"]).expect(0);
}

#[test]
fn a_plain_fetch_looks_at_every_file_and_at_its_size() {
    // More files than were once looked at.
    let names: Vec<String> = (0..4_100).map(|number| format!("{number:04}.txt")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let unpack = "{ format = \"zip\", strip = \"auto\", into = \"data\" }";
    let served = serve(&[("all.zip", zip_of(&members), unpack)]);
    served.run(&["fetch", "made"]).expect(0);
    let asked = served.host.log().len();
    touch(&file(&served, "made/1/data/0008.txt"));
    served.run(&["fetch", "made"]).expect(0);
    assert_eq!(served.host.log().len(), asked, "all of it is here");
    let path = file(&served, "made/1/data/0007.txt");
    let damages: [fn(&Path); 3] = [
        |path| std::fs::remove_file(path).unwrap(),
        |path| std::fs::write(path, "").unwrap(),
        |path| std::fs::write(path, "some other text").unwrap(),
    ];
    for damage in damages {
        damage(&path);
        served.run(&["fetch", "made"]).expect(0);
        assert_eq!(std::fs::read(&path).unwrap(), b"0007.txt");
    }
    served.run(&["verify"]).expect(0);
}

#[test]
fn a_touched_file_beside_a_damaged_one_is_noted_too() {
    let served = two(Home::new());
    served.run(&["fetch", "made"]).expect(0);
    std::fs::write(file(&served, "made/1/data/small.txt"), "SMALL").unwrap();
    touch(&file(&served, "made/1/data/big.bin"));
    served.run(&["verify", "made", "--repair"]).expect(0);
    served.run(&["status", "--exit-code"]).expect(0);
    assert_eq!(std::fs::read(file(&served, "made/1/data/small.txt")).unwrap(), b"small");
}

#[test]
fn what_cannot_be_mended_keeps_nothing_else_from_it() {
    let served = two(Home::new().with("MEDSETS_STORE", "off"));
    served.run(&["fetch", "made", "again"]).expect(0);
    // The first one by name is at a host that nobody answers for.
    let entry = Path::new(&served.catalog).join("again.toml");
    let text = std::fs::read_to_string(&entry).unwrap();
    std::fs::write(&entry, text.replace("example.org/made/", "example.org/gone/")).unwrap();
    for id in ["again", "made"] {
        std::fs::write(file(&served, &format!("{id}/1/data/small.txt")), "SMALL").unwrap();
    }
    let ran = served.run(&["verify", "--repair"]);
    assert!(!matches!(ran.code, Some(0)), "{ran:?}");
    assert!(ran.stderr.contains("`again@1` was not mended"), "{}", ran.stderr);
    served.run(&["verify", "made"]).expect(0);
    let answer = served.home.json(&["--catalog", &served.catalog, "verify", "--repair", "--offline"]);
    assert_eq!(answer["errors"][0]["code"], "network.offline", "{answer}");
    assert_eq!(answer["data"]["datasets"][0]["changed"], serde_json::json!(["data/small.txt"]), "{answer}");
    assert_eq!(answer["data"]["datasets"][1]["ok"], 2, "{answer}");
}
