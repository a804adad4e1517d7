//! Parts of a release: by the names of the entry, by globs, by lists.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::home::{Home, tree};

/// What lies below `data/` and `docs/`, without the names of single images and reports.
fn parts(dir: &Path) -> BTreeSet<String> {
    let files = tree(dir);
    let payload = files.keys().filter(|name| name.starts_with("data/") || name.starts_with("docs/"));
    payload.map(|name| name.split('/').take(2).collect::<Vec<_>>().join("/")).collect()
}

#[track_caller]
fn check(arguments: &[&str], expected: &[&str]) {
    let home = Home::new();
    home.run(&[&["fetch", "demo"], arguments].concat()).expect(0);
    let dir = home.data().join("demo/1.0");
    assert_eq!(parts(&dir), expected.iter().map(|part| (*part).to_owned()).collect(), "{arguments:?}");
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_subset_is_what_the_entry_says() {
    check(&["--subset", "labels"], &["data/labels.csv"]);
    check(&["--subset", "Texts"], &["data/labels.csv", "data/texts"]);
    check(&["--subset", "labels", "--subset", "texts"], &["data/labels.csv", "data/texts"]);
    check(&["--subset", "labels", "--include", "README*"], &["data/labels.csv", "docs/README.txt"]);
    check(&["--subset", "texts", "--exclude", "labels"], &["data/texts"]);
}

#[test]
fn globs_choose_files_of_the_release_by_path_and_group() {
    check(&["--include", "*.csv"], &["data/labels.csv"]);
    check(&["--include", "reports", "--include", "docs"], &["data/texts", "docs/README.txt"]);
    check(&["--exclude", "images"], &["data/labels.csv", "data/texts", "docs/README.txt"]);
    // An archive is chosen as a whole.
    check(&["--include", "demo-images.zip"], &["data/images"]);
}

#[test]
fn what_matches_nothing_is_refused() {
    #[track_caller]
    fn check(arguments: &[&str], code: i32, says: &[&str]) {
        let home = Home::new();
        home.run(&[&["fetch", "demo"], arguments].concat()).expect(code).says(says);
        assert!(!home.data().join("demo").exists());
    }
    check(&["--subset", "nothing"], 11, &["no subset `nothing`", "`labels`, `texts`"]);
    check(&["--include", "*.csv", "--include", "*.dcm"], 2, &["`*.dcm` matches no file", "--files"]);
    check(&["--exclude", "imagse"], 2, &["`imagse` matches no file"]);
    check(&["--include", "images/**"], 2, &["`images/**`", "`--members`"]);
    check(&["--include", "a[b"], 2, &["is no glob"]);
    let home = Home::new();
    let list = home.path().join("list");
    std::fs::write(&list, "labels.csv\n# a comment\n\nlabel.csv\nREADM.txt\n").unwrap();
    let ran = home.run(&["fetch", "demo", "--files-from", list.to_str().unwrap()]);
    ran.expect(2).says(&["`label.csv`, `READM.txt` match no file"]);
    home.run(&["fetch", "chestxray14:none", "--subset", "tables"]).expect(11);
    home.run(&["fetch", "chestxray14@2017", "--subset", "tables", "--dry-run"]).expect(11);
}

#[test]
fn among_several_datasets_a_glob_may_be_for_one_of_them() {
    let home = Home::new();
    let ran = home.run(&["fetch", "demo", "demo-gated", "--include", "README*", "--include", "labels", "--dry-run"]);
    assert!(ran.stdout.contains("labels.csv"), "{ran:?}");
    let ran = home.run(&["fetch", "demo", "demo-gated", "--include", "labels", "--include", "nowhere", "--dry-run"]);
    assert!(!ran.stderr.contains("nowhere"), "{ran:?}");
}

#[test]
fn parts_come_one_after_the_other_and_the_receipt_names_them() {
    let home = Home::new();
    let part = |arguments: &[&str]| -> Value {
        home.run(&[&["fetch", "demo"], arguments].concat()).expect(0);
        let receipt = std::fs::read_to_string(home.data().join("demo/1.0/.medsets/receipt.json")).unwrap();
        serde_json::from_str::<Value>(&receipt).unwrap()["selection"].clone()
    };
    assert_eq!(part(&["--subset", "labels"]), serde_json::json!({ "whole": false, "subsets": ["labels"] }));
    let both = serde_json::json!({ "whole": false, "subsets": ["labels", "texts"] });
    assert_eq!(part(&["--subset", "texts"]), both);
    // What is here needs no network.
    assert_eq!(part(&["--subset", "labels", "--offline"]), both);
    let dir = home.data().join("demo/1.0");
    std::fs::remove_file(dir.join("data/labels.csv")).unwrap();
    home.run(&["verify", "demo", "--repair"]).expect(0);
    assert_eq!(parts(&dir), ["data/labels.csv", "data/texts"].map(str::to_owned).into());
    assert_eq!(part(&["--include", "docs"])["include"], serde_json::json!(["docs"]));
    assert_eq!(part(&[]), serde_json::json!({ "whole": true }));
    assert_eq!(parts(&dir).len(), 4);
}

#[test]
fn info_names_them() {
    let home = Home::new();
    let page = home.run(&["info", "demo"]).expect(0).stdout;
    assert!(page.contains("subsets") && page.contains("texts: reports and labels, without the images"), "{page}");
    let subsets = &home.json(&["info", "mimic-cxr:jpg"])["data"]["subsets"];
    assert_eq!(subsets.as_array().unwrap().len(), 1, "those of the variant: {subsets}");
    assert_eq!(subsets[0]["name"], "labels");
}
