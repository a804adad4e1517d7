//! PubMed Central's article datasets: the entry `pmc-oa` as it is, against the stand-in.

use std::collections::BTreeMap;

use crate::stand_ins::{Setup, Toy, pmc, s3};
use crate::support::home::tree;
use crate::support::host::{Asked, Reply};

use super::scene::{Answer, Case, Scene};

fn case() -> Case {
    Case {
        provider: "pmc",
        keys: "bucket = \"pmc-oa-opendata\"",
        addresses: &[("https://pmc-oa-opendata.s3.amazonaws.com/", "pmc-oa-opendata/")],
        answer: pmc::answer,
        toy: pmc::objects(),
        listing: "list-type=2",
        token: None,
    }
}

fn data(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    tree(&scene.home.data().join("pmc-oa/current/data"))
}

fn below(folders: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let is_below = |name: &str| folders.iter().any(|folder| name.starts_with(folder));
    pmc::objects().files.iter().filter(|(name, _)| is_below(name)).cloned().collect()
}

#[test]
fn an_article_is_its_newest_version() {
    let scene = case().start();
    let plan = scene.run(&["fetch", "pmc-oa", "--include", "PMC10009416", "--dry-run", "--json"]).expect(0);
    assert!(plan.stdout.contains("PMC10009416.2/Supplement 1.docx"));
    scene.run(&["fetch", "pmc-oa", "--include", "PMC10009416"]).expect(0);
    assert_eq!(data(&scene), below(&["PMC10009416.2/"]));
    scene.run(&["verify", "pmc-oa"]).expect(0);
    let asked = scene.host.log().len();
    scene.run(&["fetch", "pmc-oa", "--include", "PMC10009416"]).expect(0);
    assert_eq!(scene.host.log().len(), asked, "nothing is asked for what is here");
    // Neither the articles beside it nor the whole bucket were listed.
    let strays = |asked: &Asked| {
        let prefix = asked.parameter("prefix");
        asked.path.contains("PMC100094160")
            || asked.path.contains("list-type") && prefix.is_none_or(|text| text.len() < 12)
    };
    assert!(!scene.host.log().iter().any(strays), "{:?}", scene.host.log());
}

#[test]
fn lists_of_articles_are_taken() {
    let scene = case().start();
    let list = scene.home.path().join("articles.txt");
    std::fs::write(&list, "PMC10009416.1\nPMC10009402\n").unwrap();
    scene.run(&["fetch", "pmc-oa", "--files-from", list.to_str().unwrap()]).expect(0);
    assert_eq!(data(&scene), below(&["PMC10009416.1/", "PMC10009402.1/"]));
    // One more beside them.
    scene.run(&["fetch", "pmc-oa", "--include", "PMC10009416.2/*.xml"]).expect(0);
    assert_eq!(data(&scene), below(&["PMC10009416.1/", "PMC10009402.1/", "PMC10009416.2/PMC10009416.2.xml"]));
    // What was lost is mended from what was asked for.
    std::fs::remove_file(scene.home.data().join("pmc-oa/current/data/PMC10009402.1/PMC10009402.1.xml")).unwrap();
    scene.run(&["verify", "pmc-oa", "--repair"]).expect(0);
    assert_eq!(data(&scene), below(&["PMC10009416.1/", "PMC10009402.1/", "PMC10009416.2/PMC10009416.2.xml"]));
}

#[test]
fn the_whole_is_never_listed() {
    let scene = case().start();
    scene.run(&["fetch", "pmc-oa"]).expect(2).says(&["millions of articles", "--include PMC10009416"]);
    scene.run(&["fetch", "pmc-oa", "--subset", "text"]).expect(2).says(&["none is named"]);
    scene.run(&["fetch", "pmc-oa", "--include", "PMC1*/**"]).expect(2).says(&["`PMC1*/**` names no article"]);
    assert!(scene.host.log().is_empty());
}

#[test]
fn each_article_has_its_licence() {
    let scene = case().start();
    let both = ["fetch", "pmc-oa", "--include", "PMC10009402", "--include", "PMC10009416.1"];
    scene.run(&[&both[..], &["--license", "cc0-1.0", "--exclude", "PMC10009416.1"]].concat()).expect(0);
    assert_eq!(data(&scene), below(&["PMC10009402.1/"]));
    let inventory = std::fs::read_to_string(scene.home.data().join("pmc-oa/current/.medsets/files.jsonl")).unwrap();
    assert!(inventory.lines().filter(|line| line.contains("PMC10009402.1")).all(|line| {
        // The terms of NLM hold on top, whatever the article is under.
        line.contains("\"CC0-1.0 AND LicenseRef-NLM-Terms\"")
    }));

    let scene = case().start();
    scene.run(&[&both[..], &["--license", "LicenseRef-PMC-CC-BY"]].concat()).expect(0);
    assert_eq!(data(&scene), below(&["PMC10009416.1/"]));
}

#[test]
fn a_retracted_article_is_told() {
    let scene = case().start();
    let folder = format!("{}.1/", pmc::RETRACTED);
    let asked = ["fetch", "pmc-oa", "--include", pmc::RETRACTED];
    scene.run(&asked).expect(0).says(&[&format!("`{}.1` has been retracted", pmc::RETRACTED)]);
    assert_eq!(data(&scene), below(&[&folder]));
    // Its code is null: the terms of the dataset are not its terms.
    let inventory = std::fs::read_to_string(scene.home.data().join("pmc-oa/current/.medsets/files.jsonl")).unwrap();
    let mut lines = inventory.lines().filter(|line| line.contains(&folder));
    assert!(lines.all(|line| line.contains("\"NOASSERTION AND LicenseRef-NLM-Terms\"")), "{inventory}");
    // It stands with each file, and once in the receipt.
    let told = format!("article `{}.1` has been retracted", pmc::RETRACTED);
    assert!(inventory.lines().all(|line| !line.contains(&folder) || line.contains(&told)), "{inventory}");
    let receipt = std::fs::read_to_string(scene.home.data().join("pmc-oa/current/.medsets/receipt.json")).unwrap();
    assert_eq!(receipt.matches(&told).count(), 1, "{receipt}");
    let other = case().start();
    assert!(!other.run(&["fetch", "pmc-oa", "--include", "PMC10009402"]).expect(0).stderr.contains("retracted"));
}

#[test]
fn a_retraction_is_told_again_where_the_kept_list_is_used() {
    let asked = ["fetch", "pmc-oa", "--include", pmc::RETRACTED];
    let turns = std::sync::atomic::AtomicUsize::new(0);
    let failing = move |setup: &Setup, asked: &Asked| match asked.path.contains(".xml") {
        true if turns.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 => Reply::status(404),
        _ => pmc::answer(setup, asked),
    };
    let scene = case().start_with(crate::support::home::Home::new(), failing, crate::stand_ins::storage::answer);
    let told = format!("`{}.1` has been retracted", pmc::RETRACTED);
    assert_ne!(scene.run(&asked).says(&[&told]).code, Some(0));
    let listed = scene.asked("list-type=2");
    scene.run(&asked).expect(0).says(&[&told]);
    assert_eq!(scene.asked("list-type=2"), listed, "the list was kept");
}

#[test]
fn articles_that_are_gone_are_named_at_once() {
    let scene = case().start();
    let articles = ["--include", "PMC10009402", "--include", "PMC7.1/**", "--include", "PMC8"];
    scene.run(&[&["fetch", "pmc-oa"][..], &articles].concat()).expect(35).says(&["`PMC7.1`, `PMC8`"]);
    assert!(!scene.home.data().join("pmc-oa").exists());
}

/// The list of an unfinished fetch is used for the same articles, and for no others.
#[test]
fn an_unfinished_fetch_goes_on_with_its_own_list() {
    let fails: Answer = |setup, asked| {
        if asked.path.ends_with("PMC10009416.1.pdf") {
            return s3::error(404, "NoSuchKey", "The specified key does not exist.", "");
        }
        pmc::answer(setup, asked)
    };
    let scene = Case { answer: fails, ..case() }.start();
    let first = ["fetch", "pmc-oa", "--include", "PMC10009416.1"];
    scene.run(&first).expect(35);
    let listed = scene.asked("list-type=2");
    scene.run(&first).expect(35);
    assert_eq!(scene.asked("list-type=2"), listed, "it was listed again");
    scene.run(&["fetch", "pmc-oa", "--include", "PMC10009402"]).expect(0);
    assert!(scene.asked("list-type=2") > listed, "the list of another article was used");
    let data = data(&scene);
    assert!(below(&["PMC10009402.1/"]).into_iter().all(|(name, bytes)| data.get(&name) == Some(&bytes)));
}

#[test]
fn parts_are_proven_by_the_metadata() {
    // The bucket holds other bytes than the metadata says.
    fn changed(setup: &Setup, asked: &Asked) -> Reply {
        let files = setup.toy.files.iter().map(|(name, bytes)| match name.ends_with("PMC10009402.1.xml") {
            true => (name.clone(), b"<other/>".to_vec()),
            false => (name.clone(), bytes.clone()),
        });
        s3::serve(setup, pmc::BUCKET, &Toy { files: files.collect::<Vec<_>>().into() }, asked)
    }
    let scene = Case { answer: changed, ..case() }.start();
    scene.run(&["fetch", "pmc-oa", "--include", "PMC10009402"]).expect(40).says(&["PMC10009402.1.xml", "md5:"]);
    // Or it lacks a part.
    fn lacks(setup: &Setup, asked: &Asked) -> Reply {
        let files = setup.toy.files.iter().filter(|(name, _)| !name.ends_with("PMC10009402.1.txt")).cloned();
        s3::serve(setup, pmc::BUCKET, &Toy { files: files.collect::<Vec<_>>().into() }, asked)
    }
    let scene = Case { answer: lacks, ..case() }.start();
    scene.run(&["fetch", "pmc-oa", "--include", "PMC10009402"]).expect(34).says(&["PMC10009402.1.txt", "not there"]);
}
