//! What is bundled beside what the catalogue means by now.

use std::path::PathBuf;

use crate::support::archives::{Served, serve};
use crate::support::home::Home;

const GATED: &str = "[[requires]]\nkind = \"agreement\"\nid = \"terms\"\ntitle = \"Accept the terms\"\n\
                     license = \"LicenseRef-medsets-demo\"\nchannels = [\"gated\"]\n\n[[release]]";
const SOURCE: &str = "\n[[release.source]]\nchannel = \"gated\"\nprovider = \"http\"\n\
                      base = \"https://gated.example.org/made/\"\n";

fn fetched() -> Served {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), ""), ("b.csv", b"b,c\n".to_vec(), "")]);
    served.run(&["fetch", "made"]).expect(0);
    served
}

fn bundle(served: &Served) -> PathBuf {
    served.home.path().join("work/made.tar.zst")
}

/// The dataset has another release by now, and by one of its sources terms to be accepted.
fn other_release(entry: &str) -> String {
    format!("{}{SOURCE}", entry.replace("version = \"1\"", "version = \"2\"").replace("[[release]]", GATED))
}

#[test]
fn a_release_that_the_catalogue_does_not_know_asks_for_all_that_the_dataset_asks_for() {
    let served = fetched();
    served.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(0);
    let there = Home::new().with("MEDSETS_OFFLINE", "1");
    let entry = std::fs::read_to_string(served.entry()).unwrap();
    let catalog = there.overlay("made.toml", &other_release(&entry));
    let unbundle = ["--catalog", &catalog, "unbundle", bundle(&served).to_str().unwrap()].map(str::to_owned);
    let unbundle = unbundle.each_ref().map(String::as_str);
    there.run(&unbundle).expect(23).says(&["LicenseRef-medsets-demo"]);
    assert!(!there.data().join("made").exists());

    served.edit_entry(other_release);
    std::fs::remove_file(bundle(&served)).unwrap();
    served.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(23).says(&["LicenseRef-medsets-demo"]);
    served.run(&["export", "made", "--format", "bagit", "-o", "bag"]).expect(23);
    assert!(!bundle(&served).exists());
}

#[test]
fn a_copy_that_is_not_what_the_catalogue_means_is_told_of_when_it_is_handed_on() {
    #[track_caller]
    fn check(change: impl Fn(&str) -> String, parts: &[&str]) {
        let served = fetched();
        served.edit_entry(change);
        let bundled = served.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(0);
        bundled.says(&[&["`made@1` is not what the catalogue means today", "`unbundle` refuses"], parts].concat());
        let (_, mirror) = served.home.share();
        let pushed = served.run(&["mirror", "push", "made", "--mirror", &mirror]).expect(0);
        pushed.says(&[&["`made@1` is not what the catalogue means today", "`mirror pull` refuses"], parts].concat());
        let there = Home::new();
        let pulled = there.run(&["--catalog", &served.catalog, "mirror", "pull", "made", "--mirror", &mirror]);
        assert_ne!(pulled.code, Some(0), "{pulled:?}");
        let ran = there.run(&["--catalog", &served.catalog, "unbundle", bundle(&served).to_str().unwrap()]);
        assert!(matches!(ran.code, Some(11 | 40)), "{ran:?}");
    }
    let digest = medsets::values::Digest::sha256(b"a,b\n").hex();
    let other = medsets::values::Digest::sha256(b"x,y\n").hex();
    check(|entry| entry.replace(&digest, &other), &["a.csv"]);
    check(|entry| format!("{entry}\n[[release.file]]\npath = \"c.csv\"\n"), &["c.csv"]);
    check(|entry| entry.replace("\"web\"", "\"net\""), &["no source `web` any more"]);
    let served = fetched();
    served.edit_entry(|entry| entry.replace("title = \"Made\"", "title = \"Made anew\""));
    let bundled = served.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(0);
    assert!(!bundled.stderr.contains("today"), "{}", bundled.stderr);
}

#[test]
fn a_bundle_is_not_laid_over_another_dataset() {
    let served = fetched();
    served.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(0);
    let there = Home::new();
    there.run(&["fetch", "demo"]).expect(0);
    std::fs::create_dir(there.data().join("made")).unwrap();
    std::fs::rename(there.data().join("demo/1.0"), there.data().join("made/1")).unwrap();
    let unbundle = ["--catalog", &served.catalog, "unbundle", bundle(&served).to_str().unwrap()].map(str::to_owned);
    there.run(&unbundle.each_ref().map(String::as_str)).expect(52).says(&["holds `demo@1.0`", "move it away"]);
    assert!(there.data().join("made/1/data/labels.csv").exists());
}

#[test]
fn a_list_that_is_not_the_receipts_is_no_part_of_a_bundle() {
    let served = fetched();
    let path = served.home.data().join("made/1/.medsets/listed.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"size\":4", "\"size\":5")).unwrap();
    served.run(&["bundle", "made", "-o", "made.tar.zst"]).expect(62).says(&["listed.jsonl", "verify"]);
    assert!(!bundle(&served).exists());
}
