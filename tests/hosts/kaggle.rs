//! Kaggle.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use medsets::credentials::CredentialSecret;
use medsets::net::{Client, Clock, NetSettings, Rewrites};
use medsets::providers::{Hosts, kaggle as provider};
use medsets::values::Secret;

use crate::stand_ins::{Toy, kaggle, storage};
use crate::support::archives::zip_of;
use crate::support::home::tree;
use crate::support::host::{Asked, Host, Reply};

use super::contract;
use super::entries::{digest_in, toy, with_our_digests};
use super::scene::{Case, STORAGE, Scene, expected};

const TOKEN: &str = "KGAT_4f2e8a6c1d3b";

pub(super) fn case() -> Case {
    Case {
        provider: "kaggle",
        keys: "dataset = \"own/toy\"",
        addresses: &[("https://api.kaggle.com/", "api/"), ("https://www.kaggle.com/", "")],
        answer: kaggle::answer,
        toy: Toy::new(),
        listing: "ListDatasetFiles",
        token: None,
    }
}

fn competition(keys: &'static str) -> Case {
    Case { keys, listing: "ListDataFiles", token: Some(TOKEN), ..case() }
}

/// What was posted to a method.
fn posted(scene: &Scene, method: &str) -> Vec<serde_json::Value> {
    let of_method = |asked: &&Asked| asked.path.ends_with(method);
    let body = |asked: &Asked| serde_json::from_slice(&asked.body).unwrap();
    scene.host.log().iter().filter(of_method).map(body).collect()
}

#[test]
fn keeps_the_contract() {
    contract::open_host(&case());
    contract::goes_on_without_listing(&case());
}

#[test]
fn its_token_stays_with_it() {
    contract::with_a_stored_login(&Case { token: Some(TOKEN), ..case() }, &contract::Login::token(TOKEN));
    contract::with_a_token(&Case { token: Some(TOKEN), ..case() }, TOKEN);
}

#[test]
fn a_user_name_and_key_serve_as_well() {
    let scene = competition("competition = \"toy\"").start();
    let scene = scene.with("MEDSETS_USER_KAGGLE", kaggle::USER).with("MEDSETS_PASSWORD_KAGGLE", TOKEN);
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    assert!(scene.host.log().iter().all(|asked| asked.header("authorization").unwrap().starts_with("Basic ")));
    scene.never_shows(TOKEN, &[&ran]);
}

#[test]
fn the_older_interface_serves_where_the_newer_is_not_understood() {
    contract::open_host(&Case { answer: kaggle::answer_rest_alone, listing: "/datasets/list/", ..case() });
}

#[test]
fn the_current_version_is_asked_for_once_and_kept_to() {
    let scene = case().start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.asked("GetDataset"), 1);
    let asked = posted(&scene, "/DownloadDataset");
    assert_eq!(asked.len(), case().toy.files.len());
    assert!(asked.iter().all(|body| body["datasetVersionNumber"] == kaggle::VERSION), "{asked:?}");
}

#[test]
fn a_pinned_version_is_the_one_that_comes() {
    let scene = Case { keys: "dataset = \"own/toy\"\ndataset-version = 2", ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.asked("GetDataset"), 0);
    for method in ["/ListDatasetFiles", "/DownloadDataset"] {
        assert!(posted(&scene, method).iter().all(|body| body["datasetVersionNumber"] == 2));
    }
    let records = std::fs::read_to_string(scene.home.data().join("toy/1/.medsets/files.jsonl")).unwrap();
    assert!(records.contains("https://www.kaggle.com/datasets/own/toy/versions/2\""), "{records}");
    let gone = Case { keys: "dataset = \"own/toy\"\ndataset-version = 9", ..case() }.start();
    gone.run(&["fetch", "toy"]).expect(35).says(&["https://www.kaggle.com/datasets/own/toy"]);
}

#[test]
fn many_files_come_as_one_archive() {
    let files = (0..60).map(|number| (format!("images/{number}.txt"), format!("image {number}\n").into_bytes()));
    let many = Toy { files: Arc::new(files.collect()) };
    let scene = Case { toy: many.clone(), ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&many));
    let asked = posted(&scene, "/DownloadDataset");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(scene.asked("ListDatasetFiles"), 13, "26 files are enough to know");
    assert!(asked[0].get("fileName").is_none() && asked[0]["datasetVersionNumber"] == kaggle::VERSION);

    // An entry can want them one by one, or the archive of a few.
    let scene = Case { toy: many.clone(), keys: "take = \"files\"\ndataset = \"own/toy\"", ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!((scene.data(), posted(&scene, "/DownloadDataset").len()), (expected(&many), 60));
    let scene = Case { keys: "take = \"bundle\"\ndataset = \"own/toy\"", ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!((scene.data(), posted(&scene, "/DownloadDataset").len()), (expected(&case().toy), 1));
    assert_eq!(scene.asked("ListDatasetFiles"), 0);
}

#[test]
fn a_file_inside_a_zip_of_kaggle_is_the_file_that_was_listed() {
    let scene = case().start();
    scene.run(&["fetch", "toy"]).expect(0);
    let store = scene.store.log();
    assert!(store.iter().any(|asked| asked.place().ends_with("/zipped/data/big.bin.zip")), "{store:?}");
    let files = std::fs::read_to_string(scene.home.data().join("toy/1/.medsets/files.jsonl")).unwrap();
    assert!(files.contains("data/big.bin\"") && !files.contains("big.bin.zip\""), "{files}");
    scene.run(&["verify", "toy"]).expect(0);
}

#[test]
fn another_file_inside_the_zip_is_found_out() {
    let scene = case().start();
    // The entry knows better than the host what the file is.
    let digest = "0".repeat(64);
    let entry = scene.home.path().join("overlay/toy.toml");
    let known = format!("\n[[release.file]]\npath = \"data/big.bin\"\nsha256 = \"{digest}\"\n");
    let text = std::fs::read_to_string(&entry).unwrap() + &known;
    std::fs::write(&entry, text).unwrap();
    scene.run(&["fetch", "toy"]).expect(40).says(&["data/big.bin", &digest]);
    assert!(!scene.home.data().join("toy").exists());
    let taken = ["fetch", "toy", "--accept-changed", "data/big.bin", "--reason", "made in a test"];
    scene.run(&taken).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
}

#[test]
fn refusals_are_explained() {
    #[track_caller]
    fn check(keys: &'static str, token: Option<&str>, code: i32, says: &[&str]) {
        let scene = competition(keys).start().with("MEDSETS_RETRIES", "0");
        let scene = match token {
            Some(token) => scene.with("MEDSETS_TOKEN_KAGGLE", token),
            None => scene,
        };
        let ran = scene.run(&["fetch", "toy"]).expect(code).says(says);
        assert!(!scene.home.data().join("toy").exists());
        scene.never_shows(token.unwrap_or(TOKEN), &[&ran]);
    }
    let rules = "https://www.kaggle.com/competitions/locked/rules";
    check("competition = \"locked\"", Some(TOKEN), 23, &["rules", rules]);
    check("competition = \"closed\"", Some(TOKEN), 22, &["https://www.kaggle.com/competitions/closed/rules"]);
    check("competition = \"toy\"", None, 20, &["MEDSETS_TOKEN_KAGGLE"]);
    check("competition = \"toy\"", Some("KGAT_of_nobody"), 21, &["https://www.kaggle.com/settings/api"]);
    check("dataset = \"own/toy\"", None, 20, &["MEDSETS_TOKEN_KAGGLE"]);
    check("dataset = \"own/private\"", Some(TOKEN), 22, &["private", "https://www.kaggle.com/datasets/own/private"]);
    check("dataset = \"own/gone\"", Some(TOKEN), 35, &["404", "https://www.kaggle.com/datasets/own/gone"]);
    check("dataset = \"own/odd\"", Some(TOKEN), 35, &["own/odd"]);
    check("dataset = \"own/busy\"", Some(TOKEN), 33, &["limits"]);
}

#[test]
fn says_whose_account_a_credential_opens() {
    let scene = competition("competition = \"toy\"").start();
    let identify = |secret: CredentialSecret| {
        let rewrites = Rewrites::parse(&format!("https://api.kaggle.com/={}api/", scene.host.url())).unwrap();
        let settings = NetSettings { rewrites, ..NetSettings::new(Clock::fixed(jiff::Timestamp::UNIX_EPOCH)) };
        let hosts = Hosts { secret: Some(secret), ..Hosts::anonymous(Client::new(settings)) };
        tokio::runtime::Runtime::new().unwrap().block_on(provider::identify(&hosts))
    };
    let token = |text: &str| CredentialSecret::Token(Secret::new(text));
    assert_eq!(identify(token(TOKEN)).unwrap().name.as_deref(), Some(kaggle::USER));
    let login = CredentialSecret::Login { user: kaggle::USER.to_owned(), password: Secret::new(TOKEN) };
    assert_eq!(identify(login).unwrap().name.as_deref(), Some(kaggle::USER));
    let refused = identify(token("KGAT_of_nobody")).unwrap_err();
    assert!(matches!(refused, medsets::providers::ProviderError::Refused { exit: 21, .. }), "{refused}");
}

/// The stand-in with the files of an entry, and the person's token.
fn with_files(toy: Toy) -> Scene {
    Case { toy, token: Some(TOKEN), ..case() }.start().with("MEDSETS_TOKEN_KAGGLE", TOKEN)
}

/// Fetches an entry of the catalogue. Gives what lies below `data/` and `docs/`.
fn fetched(scene: &Scene, catalog: Option<&str>, name: &str, more: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let catalog: &[&str] = &catalog.map_or(Vec::new(), |dir| vec!["--catalog", dir]);
    let ran = scene.home.run(&[catalog, &["fetch", name, "--ignore-space"], more].concat()).expect(0);
    scene.home.run(&[catalog, &["verify", name.split(':').next().unwrap_or(name)]].concat()).expect(0);
    scene.never_shows(TOKEN, &[&ran]);
    let dir = scene.home.run(&[catalog, &["path", name]].concat()).expect(0).stdout;
    let mut files = tree(Path::new(dir.trim()));
    files.retain(|path, _| path.starts_with("data/") || path.starts_with("docs/"));
    files
}

/// Reads the rules and accepts them, as the refusal of a fetch says.
fn accept(scene: &Scene, catalog: Option<&str>, name: &str, more: &[&str]) {
    let catalog: &[&str] = &catalog.map_or(Vec::new(), |dir| vec!["--catalog", dir]);
    let refused = scene.home.run(&[catalog, &["fetch", name], more].concat()).expect(23).says(&["/rules"]);
    let digest = digest_in(&refused.stderr);
    let accept = ["access", "accept", name, "kaggle-rules", "--text-digest", &digest];
    scene.home.run(&[catalog, &accept].concat()).expect(0);
}

/// The same files below a folder.
fn below(folder: &str, toy: &Toy) -> BTreeMap<String, Vec<u8>> {
    toy.files.iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes.clone())).collect()
}

#[test]
fn aptos2019_comes_as_one_archive_once_its_rules_are_accepted() {
    let files = toy(&[
        ("sample_submission.csv", b"id_code,diagnosis\nb,0\n"),
        ("test.csv", b"id_code\nb\n"),
        ("test_images/b.png", b"\x89PNG b"),
        ("train.csv", b"id_code,diagnosis\na,2\n"),
        ("train_images/a.png", b"\x89PNG a"),
    ]);
    let scene = with_files(files.clone());
    accept(&scene, None, "aptos2019", &[]);
    assert_eq!(fetched(&scene, None, "aptos2019", &[]), below("data", &files));
    assert_eq!(posted(&scene, "/DownloadDataFiles").len(), 1);
    let records = std::fs::read_to_string(scene.home.data().join("aptos2019/2019/.medsets/files.jsonl")).unwrap();
    assert_eq!(records.matches("\"role\":\"image\"").count(), 2, "{records}");
}

#[test]
fn eyepacs_comes_in_pieces_with_labels_from_elsewhere() {
    let train = zip_of(&[("train/10_left.jpeg", b"\xff\xd8 left"), ("train/10_right.jpeg", b"\xff\xd8 right")]);
    let test = zip_of(&[("test/1_left.jpeg", b"\xff\xd8 one")]);
    let labels = zip_of(&[("trainLabels.csv", b"image,level\n10_left,0\n")]);
    let submission = zip_of(&[("sampleSubmission.csv", b"image,level\n1_left,0\n")]);
    let sample = zip_of(&[("sample/10_left.jpeg", b"\xff\xd8 left")]);
    let mut names: Vec<(String, &[u8])> = Vec::new();
    for (name, bytes, pieces) in [("train", &train, 5), ("test", &test, 7)] {
        let pieces = bytes.chunks(bytes.len().div_ceil(pieces)).enumerate();
        names.extend(pieces.map(|(at, piece)| (format!("{name}.zip.{:03}", at + 1), piece)));
    }
    let single = [("trainLabels.csv.zip", &labels), ("sampleSubmission.csv.zip", &submission), ("sample.zip", &sample)];
    names.extend(single.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.as_slice())));
    let borrowed: Vec<(&str, &[u8])> = names.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let scene = with_files(toy(&borrowed));
    let solution: &[u8] = b"image,level,Usage\n1_left,0,Public\n";
    let attachments = Host::start(move |asked| match asked.header("authorization") {
        None if asked.path.ends_with("/90528/2877/retinopathy_solution.csv") => Reply::file(asked, solution),
        _ => Reply::status(400),
    });
    let (host, store) = (scene.host.url(), scene.store.url());
    let scene = scene.with(
        "MEDSETS_REWRITE",
        &format!(
            "{STORAGE}={store};https://api.kaggle.com/={host}api/;https://www.kaggle.com/={host};\
             https://storage.googleapis.com/kaggle-forum-message-attachments/={}",
            attachments.url()
        ),
    );
    let known = toy(&[&borrowed[..], &[("retinopathy_solution.csv", solution)]].concat());
    let catalog = with_our_digests(&scene.home, "eyepacs", &known);
    accept(&scene, Some(&catalog), "eyepacs", &[]);
    let found = fetched(&scene, Some(&catalog), "eyepacs", &[]);
    let expected: Vec<(&str, &[u8])> = vec![
        ("data/retinopathy_solution.csv", solution),
        ("data/sample/10_left.jpeg", b"\xff\xd8 left"),
        ("data/test/1_left.jpeg", b"\xff\xd8 one"),
        ("data/train/10_left.jpeg", b"\xff\xd8 left"),
        ("data/train/10_right.jpeg", b"\xff\xd8 right"),
        ("data/trainLabels.csv", b"image,level\n10_left,0\n"),
        ("docs/sampleSubmission.csv", b"image,level\n1_left,0\n"),
    ];
    assert_eq!(found, super::scene::expected(&toy(&expected)));
    assert_eq!(attachments.log().len(), 1);
}

#[test]
fn rsna_pneumonia_is_the_same_tree_from_both_forms_of_its_archive() {
    let plain = toy(&[
        ("stage_2_detailed_class_info.csv", b"patientId,class\na,Normal\n"),
        ("stage_2_sample_submission.csv", b"patientId,PredictionString\nb,\n"),
        ("stage_2_test_images/b.dcm", b"DICM b"),
        ("stage_2_train_images/a.dcm", b"DICM a"),
        ("stage_2_train_labels.csv", b"patientId,x,y,width,height,Target\na,,,,,0\n"),
    ]);
    let test = zip_of(&[("b.dcm", b"DICM b")]);
    let train = zip_of(&[("stage_2_train_images/a.dcm", b"DICM a")]);
    let mut packed = plain.files.to_vec();
    packed[2] = ("stage_2_test_images.zip".to_owned(), test);
    packed[3] = ("stage_2_train_images.zip".to_owned(), train);
    packed.push(("GCP Credits Request Link - RSNA.txt".to_owned(), b"no longer".to_vec()));
    for form in [plain.clone(), Toy { files: Arc::new(packed) }] {
        let scene = with_files(form);
        accept(&scene, None, "rsna-pneumonia", &["--source", "kaggle"]);
        assert_eq!(fetched(&scene, None, "rsna-pneumonia", &["--source", "kaggle"]), below("data", &plain));
    }
}

#[test]
fn the_second_task_of_brats_2021_comes_from_its_competition() {
    let files = toy(&[
        ("train/00000/FLAIR/Image-1.dcm", b"DICM flair"),
        ("train/00000/T1w/Image-1.dcm", b"DICM t1"),
        ("train_labels.csv", b"BraTS21ID,MGMT_value\n00000,1\n"),
    ]);
    let scene = with_files(files.clone());
    let name = "brats@2021:task2";
    scene.home.run(&["fetch", name, "--source", "kaggle"]).expect(26).says(&["/rules"]);
    scene.home.run(&["access", "grant", name, "kaggle-rules"]).expect(0);
    assert_eq!(fetched(&scene, None, name, &["--source", "kaggle"]), below("data", &files));
}

#[test]
fn datasets_of_the_catalogue_need_no_step() {
    #[track_caller]
    fn check(name: &str, files: &[(&str, &[u8])], expected: &[(&str, &[u8])], version: u64) {
        let scene = with_files(toy(files));
        assert_eq!(fetched(&scene, None, name, &[]), super::scene::expected(&toy(expected)), "{name}");
        let asked = posted(&scene, "/DownloadDataset");
        assert!(asked.iter().all(|body| body["datasetVersionNumber"] == version), "{name} {asked:?}");
    }
    let covid: [(&str, &[u8]); 2] =
        [("Data/test/NORMAL/n.jpg", b"\xff\xd8 n"), ("Data/train/COVID19/c.jpg", b"\xff\xd8 c")];
    let placed = [("data/Data/test/NORMAL/n.jpg", covid[0].1), ("data/Data/train/COVID19/c.jpg", covid[1].1)];
    check("covid19-cxr", &covid, &placed, 2);
    let samples: &[u8] = b",description,medical_specialty\n0, A. ,Surgery\n";
    check("mtsamples", &[("mtsamples.csv", samples)], &[("data/mtsamples.csv", samples)], kaggle::VERSION);
    let (grades, about): (&[u8], &[u8]) = (b"image_id,adjudicated_dr_grade\na.png,0\n", b"About the grades\n");
    check(
        "messidor@Messidor-2:grades",
        &[("messidor_data.csv", grades), ("messidor_readme.txt", about)],
        &[("data/messidor_data.csv", grades), ("docs/messidor_readme.txt", about)],
        kaggle::VERSION,
    );
}

/// As Google Cloud Storage words it, with status 400.
fn over_by_google() -> Reply {
    let body = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code><Message>Invalid argument.</Message>\
                <Details>The provided token has expired.</Details></Error>";
    Reply::whole(body).but(400).with("content-type", "application/xml; charset=UTF-8")
}

#[test]
fn a_link_that_has_run_out_is_asked_for_again() {
    let scene = case().start();
    let toy = case().toy;
    let refusals = AtomicUsize::new(0);
    // The very first links are refused as ones that came too late.
    let store = Host::start(move |asked| match refusals.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::page("<Error><Code>ExpiredToken</Code></Error>").but(403),
        1 => over_by_google(),
        _ => storage::answer(&toy, asked),
    });
    let host = scene.host.url();
    let rewrites = format!("{STORAGE}={};https://api.kaggle.com/={host}api/", store.url());
    let scene = scene.with("MEDSETS_REWRITE", &rewrites);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    assert_eq!(posted(&scene, "/DownloadDataset").len(), case().toy.files.len() + 2);

    for over in [|| Reply::page("<Error><Code>ExpiredToken</Code></Error>").but(403), over_by_google] {
        let never = Host::start(move |_| over());
        let scene = case().start();
        let rewrites = format!("{STORAGE}={};https://api.kaggle.com/={}api/", never.url(), scene.host.url());
        scene.with("MEDSETS_REWRITE", &rewrites).run(&["fetch", "toy"]).expect(36).says(&["link"]);
    }
}

#[test]
fn a_zip_around_something_else_is_refused() {
    #[track_caller]
    fn check(inside: &'static [(&'static str, &'static [u8])], code: i32, says: &[&str]) {
        let toy = case().toy;
        let store = Host::start(move |asked| match asked.place().ends_with("big.bin.zip") {
            true => Reply::file(asked, zip_of(inside)),
            false => storage::answer(&toy, asked),
        });
        let scene = case().start();
        let rewrites = format!("{STORAGE}={};https://api.kaggle.com/={}api/", store.url(), scene.host.url());
        let scene = scene.with("MEDSETS_REWRITE", &rewrites).with("MEDSETS_RETRIES", "0");
        scene.run(&["fetch", "toy"]).expect(code).says(says);
        assert!(!scene.home.data().join("toy").exists());
    }
    check(&[("other.bin", b"x")], 42, &["data/big.bin", "does not hold it"]);
    check(&[("big.bin", b"x")], 40, &["data/big.bin", "expected 2800000 bytes"]);
    check(&[("big.bin", b"x"), ("b.bin", b"y")], 54, &["data/big.bin"]);
}
