//! Google Drive.

use std::collections::BTreeMap;

use crate::stand_ins::{Setup, Toy, googledrive};
use crate::support::home::tree;
use crate::support::host::{Asked, Reply};

use super::contract;
use super::entries::{toy, with_our_digests};
use super::scene::{Case, Scene, expected};

const ADDRESSES: &[(&str, &str)] = &[
    ("https://drive.google.com/", "drive/"),
    ("https://drive.usercontent.google.com/", "bytes/"),
    ("https://docs.google.com/", "docs/"),
    ("https://accounts.google.com/", "accounts/"),
];

fn case() -> Case {
    Case {
        provider: "googledrive",
        keys: "folder = \"FOLDER00000000000000000000000000\"",
        addresses: ADDRESSES,
        answer: googledrive::answer,
        toy: Toy::new(),
        listing: "/embeddedfolderview",
        token: None,
    }
}

#[test]
fn keeps_the_contract() {
    contract::open_host(&case());
}

#[test]
fn the_page_of_the_virus_check_is_gone_through_with_its_cookie() {
    let scene = case().start();
    scene.run(&["fetch", "toy"]).expect(0);
    let big = googledrive::id_of(&case().toy, "data/big.bin");
    let confirmed = |asked: &crate::support::host::Asked| asked.path.contains(&big) && asked.path.contains("confirm=t");
    assert!(scene.host.log().iter().any(confirmed));
    let records = std::fs::read_to_string(scene.home.data().join("toy/1/.medsets/files.jsonl")).unwrap();
    assert!(records.contains(&format!("https://drive.google.com/file/d/{big}/view")), "{records}");
}

#[test]
fn a_document_that_is_asked_for_as_a_file_is_told() {
    fn fails(setup: &Setup, asked: &Asked) -> Reply {
        match asked.place() == "/drive/uc" {
            true => crate::support::host::Reply::status(500),
            false => googledrive::answer(setup, asked),
        }
    }
    let scene = Case { answer: fails, ..case() }.start().with("MEDSETS_RETRIES", "0");
    scene.run(&["fetch", "toy"]).expect(26).says(&["a document of Google's own", "medsets import"]);
}

#[test]
fn refusals_come_with_status_200_and_are_told_apart() {
    #[track_caller]
    fn check(keys: &'static str, code: i32, says: &[&str]) {
        let scene = Case { keys, ..case() }.start().with("MEDSETS_RETRIES", "0");
        scene.run(&["fetch", "toy"]).expect(code).says(says);
        assert!(!scene.home.data().join("toy").exists());
    }
    let page = "https://drive.google.com/file/d/QUOTA000000000000000000000000000/view";
    check("folder = \"FOLDER0000000000000000000QUOTA00\"", 33, &["quota", "24 hours", "--source", page]);
    check("folder = \"FOLDER000000000000000000PRIVATE0\"", 22, &["share"]);
    check("folder = \"FOLDER0000000000000000000000GONE\"", 35, &["no longer"]);
    check("folder = \"FOLDER00000000000000000000000ODD\"", 42, &["web page", "Something else"]);
    check("folder = \"FOLDER0000000000000000000NOWHERE0\"", 35, &["https://drive.google.com/drive/folders/"]);
}

#[test]
fn a_page_that_is_no_folder_is_not_an_empty_one() {
    fn hotel(setup: &Setup, asked: &Asked) -> Reply {
        match asked.place().ends_with("/embeddedfolderview") {
            true => Reply::page(
                "<html><head><title>Welcome to our hotel</title></head><body><a href=\"/\">Sign in</a></body></html>",
            ),
            false => googledrive::answer(setup, asked),
        }
    }
    fn empty(setup: &Setup, asked: &Asked) -> Reply {
        match asked.place().ends_with("/embeddedfolderview") {
            true => Reply::page(
                "<html><head><title>Toys</title></head><body><div class=\"flip-entries\"></div></body></html>",
            ),
            false => googledrive::answer(setup, asked),
        }
    }
    let scene = Case { answer: hotel, ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(42).says(&["in the place of the folder", "hotel", "https://drive.google.com/"]);
    let scene = Case { answer: empty, ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(35).says(&["lists no file", "--source"]);
}

#[test]
fn documents_of_google_are_exported_and_forms_are_no_files() {
    let scene = Case { keys: "folder = \"FOLDER0000000000000000000000DOCS\"", ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(26).says(&["--exclude 'Questions'"]);
    scene.run(&["fetch", "toy", "--exclude", "Questions"]).expect(0);
    assert_eq!(scene.data().keys().collect::<Vec<_>>(), ["Table.xlsx"]);
}

#[test]
fn an_interrupted_fetch_goes_on_without_listing() {
    let scene = case().start();
    let rewrites = |bytes: &str| {
        let host = scene.host.url();
        format!("https://drive.google.com/={host}drive/;https://drive.usercontent.google.com/={bytes}")
    };
    let (nowhere, there) = (rewrites("http://127.0.0.1:9/"), rewrites(&format!("{}bytes/", scene.host.url())));
    let scene = scene.with("MEDSETS_RETRIES", "0").with("MEDSETS_REWRITE", &nowhere);
    assert_ne!(scene.run(&["fetch", "toy"]).code, Some(0));
    let listed = scene.asked("/embeddedfolderview");
    assert_eq!(listed, 2, "the folder and the one below it");
    let scene = scene.with("MEDSETS_REWRITE", &there);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.asked("/embeddedfolderview"), listed, "it was listed again");
    assert_eq!(scene.data(), expected(&case().toy));
}

/// What lies below `data/` and `docs/` after a fetch of an entry of the catalogue.
fn fetched(scene: &Scene, catalog: Option<&str>, name: &str, more: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let catalog: &[&str] = &catalog.map_or(Vec::new(), |dir| vec!["--catalog", dir]);
    scene.home.run(&[catalog, &["fetch", name], more].concat()).expect(0);
    let dir = scene.home.run(&[catalog, &["path", name]].concat()).expect(0).stdout;
    let mut files = tree(std::path::Path::new(dir.trim()));
    files.retain(|path, _| path.starts_with("data/") || path.starts_with("docs/"));
    files
}

#[test]
fn meddialog_comes_by_the_ids_of_its_entry_and_by_its_folder() {
    let parts = [
        ("1ria4E6IdTIPsikL4Glm3uy1tFKJKw0W8", "processed-en-train.json"),
        ("1KAZneuwdfEVQQM6euCX4pMDP-9DQpiB5", "processed-en-validation.json"),
        ("10izqL71kcgnteYsf87Vh6j_mZ8sZM2Rc", "processed-en-test.json"),
    ];
    let text = |name: &str| format!("[{{\"description\":\"{name}\",\"utterances\":[]}}]\n").into_bytes();
    let texts: Vec<Vec<u8>> = parts.iter().map(|(_, name)| text(name)).collect();
    let by = |named: fn(&(&'static str, &'static str)) -> String| {
        let files = parts.iter().zip(&texts).map(|(part, text)| (named(part), text.clone()));
        Toy { files: std::sync::Arc::new(files.collect()) }
    };
    let scene = Case { toy: by(|part| part.0.to_owned()), ..case() }.start();
    let catalog = with_our_digests(&scene.home, "meddialog", &by(|part| part.1.to_owned()));
    let found = fetched(&scene, Some(&catalog), "meddialog@2.0.0", &[]);
    assert_eq!(found, expected(&by(|part| format!("data/{}", part.1))));
    assert_eq!(scene.asked("/embeddedfolderview"), 0);

    // The raw files, by the folder that the entry names.
    let raw = toy(&[("healthcaremagic_dialogue_1.txt", b"id=1\n"), ("icliniq_dialogue.txt", b"id=2\n")]);
    let scene = Case { toy: raw, ..case() }.start();
    let placed = toy(&[("data/healthcaremagic_dialogue_1.txt", b"id=1\n"), ("data/icliniq_dialogue.txt", b"id=2\n")]);
    assert_eq!(fetched(&scene, None, "meddialog", &[]), expected(&placed));
    let records = std::fs::read_to_string(scene.home.data().join("meddialog/1.0.0-en/.medsets/files.jsonl")).unwrap();
    assert_eq!(records.matches("\"role\":\"text\"").count(), 2, "{records}");
}

#[test]
fn pathvqa_comes_from_the_folder_of_its_authors() {
    let archive = crate::support::archives::zip_of(&[
        ("pvqa/images/train/train_0000.jpg", b"\xff\xd8 image"),
        ("pvqa/qas/train_vqa.json", b"[]"),
    ]);
    let scene = Case { toy: toy(&[("pvqa.zip", &archive)]), ..case() }.start();
    let found = fetched(&scene, None, "pathvqa:original", &["--source", "googledrive"]);
    let placed = toy(&[("data/images/train/train_0000.jpg", b"\xff\xd8 image"), ("data/qas/train_vqa.json", b"[]")]);
    assert_eq!(found, expected(&placed));
}
