//! PhysioNet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use medsets::credentials::CredentialSecret;
use medsets::net::{Client, Clock, NetSettings, Rewrites};
use medsets::providers::physionet::identify;
use medsets::providers::{Hosts, ProviderError};
use medsets::values::{Algorithm, Secret};

use crate::stand_ins::physionet::{self, GATED, OPEN, Project, ZIP, serve, with_sums};
use crate::stand_ins::{Setup, Toy, hex};
use crate::support::archives::{gzip, zip_of};
use crate::support::home::{Home, Ran, tree};
use crate::support::host::{Asked, Host, Reply};

use super::contract;
use super::scene::{Case, Scene, expected};

const PASSWORD: &str = "correct horse 7&battery";

const BUCKET: &str = "https://physionet-open.s3.amazonaws.com/";

fn case() -> Case {
    Case {
        provider: "physionet",
        keys: "slug = \"toy-ecg\"\nversion = \"1.1.0\"\nopen = true",
        addresses: &[("https://physionet.org/", ""), (BUCKET, "s3/")],
        answer: physionet::answer,
        toy: with_sums(Toy::new()),
        listing: "SHA256SUMS.txt",
        token: None,
    }
}

/// The toy behind an account of this name, for a program that may be any.
fn gated(account: &'static str, answer: super::scene::Answer) -> Case {
    Case { keys: "slug = \"toy-ecg\"\nversion = \"1.1.0\"", answer, token: Some(account), ..case() }
}

/// A person who has stored the password and, perhaps, chosen a name for the program.
fn signed_in(case: &Case, password: &str, program: Option<&str>) -> Scene {
    let name = case.token.and_then(|pair| pair.split_once(':')).unwrap().0;
    let scene = case.start().with("MEDSETS_USER_PHYSIONET", name).with("MEDSETS_PASSWORD_PHYSIONET", password);
    if let Some(program) = program {
        scene.run(&["config", "set", "physionet.user-agent", program]).expect(0);
    }
    scene.with("MEDSETS_LOG", "trace")
}

const WGET: Option<&str> = Some("Wget/1.21.3 (medsets)");

fn without_sums() -> Toy {
    let toy = Toy::new();
    Toy { files: toy.files.iter().filter(|(name, _)| !name.contains("SUMS")).cloned().collect::<Vec<_>>().into() }
}

#[test]
fn keeps_the_contract() {
    contract::open_host(&case());
}

#[test]
fn an_interrupted_fetch_goes_on_without_listing_again() {
    let toy = with_sums(Toy::new());
    let is_down = Arc::new(AtomicBool::new(true));
    let (served, down) = (toy.clone(), is_down.clone());
    let setup = Setup { toy: served, origin: String::new(), storage: String::new(), token: None };
    let host = Host::start(move |asked| match asked.path.contains("big.bin") && down.load(Ordering::SeqCst) {
        true => Reply::status(404),
        false => serve(&OPEN, &setup, asked),
    });
    let home = home_of(&host, None);
    // No version is named: the one that was found is kept.
    let entry = overlay(&home, "slug = \"toy-ecg\"\nopen = true");
    home.run(&["--catalog", &entry, "fetch", "toy"]).expect(35);
    let asked = |part: &str| host.log().iter().filter(|asked| asked.path.contains(part)).count();
    let before = (asked("SHA256SUMS"), asked("/versions/"));
    is_down.store(false, Ordering::SeqCst);
    home.run(&["--catalog", &entry, "fetch", "toy"]).expect(0);
    assert_eq!((asked("SHA256SUMS"), asked("/versions/")), before, "it was listed again");
    assert_eq!(tree(&home.data().join("toy/1/data")), expected(&toy));
}

#[test]
fn the_password_reaches_its_host_and_nothing_else() {
    let mirrored: super::scene::Answer = |setup, asked| serve(&Project { is_mirrored: true, ..GATED }, setup, asked);
    let keys = "slug = \"toy-ecg\"\nversion = \"1.1.0\"\ns3-mirror = \"https://physionet-open.s3.amazonaws.com/toy-ecg/1.1.0/\"";
    for (keys, answer) in [(keys, mirrored), ("slug = \"toy-ecg\"\nversion = \"1.1.0\"", physionet::answer)] {
        let case = Case { keys, ..gated(ACCOUNT, answer) };
        let scene = signed_in(&case, PASSWORD, WGET);
        let ran = scene.run(&["fetch", "toy", "--events", "-"]).expect(0);
        assert_eq!(scene.data(), expected(&case.toy));
        for asked in scene.host.log() {
            let to_host = asked.path.starts_with("/files/");
            assert_eq!(asked.header("authorization").is_some(), to_host, "{}", asked.path);
            let told = asked.header("user-agent").unwrap();
            assert_eq!(told.starts_with("Wget/"), to_host, "{told} to {}", asked.path);
        }
        scene.never_shows(PASSWORD, &[&ran]);
    }
}

#[test]
fn open_projects_come_from_the_bucket_where_they_lie_there() {
    let keys = "slug = \"toy-ecg\"\nversion = \"1.1.0\"\nopen = true\ns3-mirror = \"https://physionet-open.s3.amazonaws.com/toy-ecg/1.1.0/\"";
    let there: super::scene::Answer = |setup, asked| serve(&Project { is_mirrored: true, ..OPEN }, setup, asked);
    let scene = Case { keys, answer: there, ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    assert_eq!(scene.asked("/files/"), 1, "PhysioNet is asked for the sums alone");
    let scene = Case { keys, ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    assert_eq!(scene.asked("/s3/"), 1, "what is not there is looked for once");
}

#[test]
fn the_bucket_lists_too_where_physionet_is_out_of_order() {
    let keys = "slug = \"toy-ecg\"\nversion = \"1.1.0\"\nopen = true\ns3-mirror = \"https://physionet-open.s3.amazonaws.com/toy-ecg/1.1.0/\"";
    let answer: super::scene::Answer = |setup, asked| match asked.path.starts_with("/s3/") {
        true => serve(&Project { is_mirrored: true, ..OPEN }, setup, asked),
        false => Reply::page("<html><title>502 Bad Gateway</title></html>").but(502),
    };
    let scene = Case { keys, answer, ..case() }.start().with("MEDSETS_RETRIES", "0");
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
}

const ACCOUNT: &str = "jdoe:correct horse 7&battery";

#[test]
fn a_stored_login_is_used_and_shown_nowhere() {
    // Whether a password is right is asked about the demo of MIMIC-III.
    let answer: super::scene::Answer = |setup, asked| match asked.path.contains("mimiciii-demo") {
        true => serve(&Project { slug: "mimiciii-demo", version: "1.4", ..OPEN }, setup, asked),
        false => physionet::answer(setup, asked),
    };
    let case = gated(ACCOUNT, answer);
    let scene = case.start();
    scene.run(&["config", "set", "physionet.user-agent", WGET.unwrap()]).expect(0);
    contract::a_stored_login(&case, scene, &contract::Login { user: Some("jdoe"), ..contract::Login::token(PASSWORD) });
}

#[test]
fn a_name_that_passwords_are_not_read_from_is_said_and_never_faked() {
    let scene = signed_in(&gated(ACCOUNT, physionet::answer), PASSWORD, None);
    let ran = scene.run(&["fetch", "toy"]).expect(21);
    let ran = ran.says(&["may read `toy-ecg` 1.1.0", "medsets/", "medsets config set physionet.user-agent", "Wget/"]);
    for asked in scene.host.log() {
        assert!(asked.header("user-agent").unwrap().starts_with("medsets/"), "{asked:?}");
    }
    scene.never_shows(PASSWORD, &[&ran]);
    // Once the person has chosen, it works.
    scene.run(&["config", "set", "physionet.user-agent", "libwfdb/10.7 (medsets)"]).expect(0);
    scene.run(&["fetch", "toy"]).expect(0);
}

#[test]
fn a_wrong_password_is_told_from_one_that_was_not_read() {
    for program in [WGET, None] {
        let scene = signed_in(&gated(ACCOUNT, physionet::answer), "wrong horse", program);
        scene.run(&["fetch", "toy"]).expect(21).says(&["refuses the stored user name or password"]);
    }
}

#[test]
fn an_open_project_that_is_refused_asks_for_no_account() {
    fn refuses(setup: &Setup, asked: &Asked) -> Reply {
        let is_file = asked.path.starts_with("/files/") || asked.path.starts_with("/s3/");
        if is_file { Reply::page("<h1>403 Forbidden</h1>").but(403) } else { physionet::answer(setup, asked) }
    }
    let ran = Case { answer: refuses, ..case() }.start().run(&["fetch", "toy"]).expect(22);
    let ran = ran.says(&["open to all", "refuses this network"]);
    assert!(!ran.stderr.contains("MEDSETS_USER"), "{}", ran.stderr);
}

#[test]
fn without_an_account_it_says_what_is_needed() {
    let ran = gated(ACCOUNT, physionet::answer).start().run(&["fetch", "toy"]).expect(20);
    ran.says(&["MEDSETS_USER_PHYSIONET", "https://physionet.org/content/toy-ecg/1.1.0/"]);
}

#[test]
fn an_account_without_access_is_led_to_the_pages() {
    #[track_caller]
    fn check(answer: super::scene::Answer, code: i32, says: &[&str]) {
        let scene = signed_in(&gated("unsigned:correct horse 7&battery", answer), PASSWORD, WGET);
        scene.run(&["fetch", "toy"]).expect(code).says(says);
        assert!(!scene.home.data().join("toy").exists());
    }
    let sign = "https://physionet.org/sign-dua/toy-ecg/1.1.0/";
    check(physionet::answer, 22, &[sign, "/settings/credentialing/", "/settings/training/"]);
    check(|setup, asked| serve(&Project { policy: "Restricted", ..GATED }, setup, asked), 23, &["not signed", sign]);
    check(
        |setup, asked| serve(&Project { policy: "Contributor Review", ..GATED }, setup, asked),
        22,
        &["https://physionet.org/request-access/toy-ecg/1.1.0/"],
    );
    let scene = signed_in(&gated("elsewhere:correct horse 7&battery", physionet::answer), PASSWORD, WGET);
    scene.run(&["fetch", "toy"]).expect(22).says(&["may read", "cloud"]);
}

#[test]
fn the_reason_is_asked_for_once() {
    // The sums can be read and the files cannot: each of them is refused.
    let answer: super::scene::Answer = |setup, asked| match asked.path.ends_with("SHA256SUMS.txt") {
        true => serve(&OPEN, setup, asked),
        false => serve(&GATED, setup, asked),
    };
    let scene = signed_in(&gated("unsigned:correct horse 7&battery", answer), PASSWORD, WGET);
    scene.run(&["fetch", "toy"]).expect(22);
    assert_eq!(scene.asked("/sha256sums/"), 1);
    assert_eq!(scene.asked("/api/v1/projects/toy-ecg/versions/1.1.0/"), 1);
}

#[test]
fn what_is_not_there_is_named() {
    #[track_caller]
    fn check(keys: &'static str, says: &[&str]) {
        Case { keys, ..case() }.start().run(&["fetch", "toy"]).expect(35).says(says);
    }
    check("slug = \"nothing\"\nversion = \"1.0\"\nopen = true", &["no project `nothing`"]);
    check("slug = \"nothing\"\nopen = true", &["no project `nothing`"]);
    check("slug = \"toy-ecg\"\nversion = \"9\"\nopen = true", &["no version `9`", "1.10.0, 1.1.0"]);
    // A file of the list that was taken back.
    let lost: super::scene::Answer = |setup, asked| match asked.path.ends_with("README.md") {
        true => Reply::page("<title>404: Page Not Found</title>").but(404),
        false => serve(&OPEN, setup, asked),
    };
    Case { answer: lost, ..case() }.start().run(&["fetch", "toy"]).expect(35).says(&["README.md"]);
}

#[test]
fn a_page_in_the_place_of_the_list_is_no_list() {
    let answer: super::scene::Answer = |_, _| Reply::page("<html><title>Maintenance</title></html>");
    Case { answer, ..case() }.start().run(&["fetch", "toy"]).expect(42).says(&["web page"]);
}

#[test]
fn without_sums_the_pages_of_the_folders_are_walked() {
    let case = Case { toy: without_sums(), ..case() };
    let scene = case.start();
    let plan = scene.run(&["fetch", "toy", "--dry-run", "--json"]).expect(0);
    let size = case.toy.bytes("data/big.bin").unwrap().len();
    assert!(plan.stdout.contains(&format!("\"size\":{size}")), "{}", plan.stdout);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
}

#[test]
fn without_pages_too_the_records_are_followed() {
    let files = [
        ("RECORDS", "100\np0/\n"),
        ("ANNOTATORS", "atr\treference beats\n"),
        ("100.hea", "100 2 360 10\n100.dat 212 200\n100.dat 212 200\n"),
        ("100.dat", "samples"),
        ("100.atr", "beats"),
        ("p0/RECORDS", "300\n"),
        ("p0/300.hea", "300/2 1 125 20\n300_layout 0\n300_1 10\n~ 10\n"),
        ("p0/300_layout.hea", "300_layout 1 125 0\n~ 0 1\n"),
        ("p0/300_1.hea", "300_1 1 125 10\n300_1.dat 80 1\n"),
        ("p0/300_1.dat", "more samples"),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).to_vec();
    let answer: super::scene::Answer = |setup, asked| serve(&Project { has_pages: false, ..OPEN }, setup, asked);
    let case = Case { toy: Toy { files: files.into() }, answer, ..case() };
    let scene = case.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
}

/// The toy whose list states another digest for one of its files.
fn wrongly_summed(name: &str) -> Toy {
    let toy = with_sums(Toy::new());
    let right = hex(Algorithm::Sha256, toy.bytes(name).unwrap());
    let files = toy.files.iter().map(|(one, bytes)| match one.as_str() {
        "SHA256SUMS.txt" => {
            let text = String::from_utf8(bytes.clone()).unwrap();
            (one.clone(), text.replace(&right, &"5".repeat(64)).into_bytes())
        }
        _ => (one.clone(), bytes.clone()),
    });
    Toy { files: files.collect::<Vec<_>>().into() }
}

#[test]
fn bytes_that_the_sums_deny_are_refused_unless_the_entry_knows_better() {
    let name = "data/labels of all.csv";
    let case = Case { toy: wrongly_summed(name), ..case() };
    let scene = case.start();
    scene.run(&["fetch", "toy"]).expect(40).says(&[name, &"5".repeat(64)]);
    assert!(!scene.home.data().join("toy").exists());

    let known = "\n[[release.host-error]]\nchannel = \"host\"\npath = \"data/labels of all.csv\"\n\
        reason = \"reported to the publisher\"\nsource = \"a test\"\nread = 2026-11-28\nconfidence = \"high\"\n";
    let allow = |scene: &Scene| {
        let path = std::path::Path::new(&scene.catalog).join("toy.toml");
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + known).unwrap();
    };
    allow(&scene);
    let right = hex(Algorithm::Sha256, case.toy.bytes(name).unwrap());
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    let ran = ran.says(&["warning", name, &right, &"5".repeat(64), "reported to the publisher"]);
    assert_eq!(ran.stderr.matches("reported to the publisher").count(), 1, "{}", ran.stderr);
    assert_eq!(scene.data(), expected(&case.toy));
    assert_eq!(proof_of(&scene.home, "toy/1", name), "first-use");
    let receipt = std::fs::read_to_string(scene.home.data().join("toy/1/.medsets/receipt.json")).unwrap();
    assert!(receipt.contains("reported to the publisher"), "{receipt}");
    scene.run(&["verify", "toy"]).expect(0);

    // Any other file of it is still checked.
    let other = Case { toy: wrongly_summed("README.md"), ..case }.start();
    allow(&other);
    other.run(&["fetch", "toy"]).expect(40).says(&["README.md"]);
    // A host that is right after all is believed, and nobody is told of an error.
    let mended = self::case().start();
    allow(&mended);
    let ran = mended.run(&["fetch", "toy"]).expect(0);
    assert!(!ran.stderr.contains("reported"), "{}", ran.stderr);
    assert_eq!(proof_of(&mended.home, "toy/1", name), "host");
}

/// What proved a file, by the list beside the receipt.
fn proof_of(home: &Home, dir: &str, path: &str) -> String {
    let text = std::fs::read_to_string(home.data().join(dir).join(".medsets/listed.jsonl")).unwrap();
    let mut listed = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let file = listed.find(|file| file["path"] == path).unwrap_or_else(|| panic!("{path} is not in {text}"));
    file["verified"].as_str().unwrap().to_owned()
}

#[test]
fn the_account_of_a_password_is_known_whatever_the_program_is_called() {
    let identity = |password: &str| {
        let setup = Setup {
            toy: with_sums(Toy::new()),
            origin: String::new(),
            storage: String::new(),
            token: Some(ACCOUNT.to_owned()),
        };
        let demo = Project { slug: "mimiciii-demo", version: "1.4", ..OPEN };
        let host = Host::start(move |asked| serve(&demo, &setup, asked));
        let mut settings = NetSettings::new(Clock::fixed(jiff::Timestamp::UNIX_EPOCH));
        settings.rewrites = Rewrites::parse(&format!("https://physionet.org/={}", host.url())).unwrap();
        let secret = CredentialSecret::Login { user: "jdoe".into(), password: Secret::new(password) };
        let hosts = Hosts { secret: Some(secret), ..Hosts::anonymous(Client::new(settings)) };
        tokio::runtime::Runtime::new().unwrap().block_on(identify(&hosts))
    };
    assert_eq!(identity(PASSWORD).unwrap().name.as_deref(), Some("jdoe"));
    let Err(ProviderError::Refused { exit: 21, .. }) = identity("wrong") else { panic!("it is taken") };
}

// --- the entries of the catalogue

/// A home to which PhysioNet and its bucket are `host`.
fn home_of(host: &Host, account: Option<&str>) -> Home {
    let url = host.url();
    let home = Home::new()
        .with("MEDSETS_REWRITE", format!("https://physionet.org/={url};{BUCKET}={url}s3/"))
        .with("MEDSETS_KEYRING", "none");
    let Some((name, password)) = account.and_then(|pair| pair.split_once(':')) else { return home };
    let home = home.with("MEDSETS_USER_PHYSIONET", name).with("MEDSETS_PASSWORD_PHYSIONET", password);
    home.run(&["config", "set", "physionet.user-agent", "Wget/1.21.3 (medsets)"]).expect(0);
    home
}

/// An entry of one source with these keys.
fn overlay(home: &Home, keys: &str) -> String {
    let text = format!(
        "id = \"toy\"\ntitle = \"Toy\"\nsummary = \"Made in a test.\"\nmaintainer = {{ name = \"test\" }}\n\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\n\
         [[release.source]]\nchannel = \"host\"\nprovider = \"physionet\"\n{keys}\nlisting = \"host\"\n"
    );
    home.overlay("toy.toml", &text)
}

/// A project of the catalogue at a stand-in, and a person who has done every step for it.
struct Done {
    host: Host,
    home: Home,
}

fn done(name: &str, agreement: &str, slug: &'static str, version: &'static str, toy: Toy) -> Done {
    let project = Project { slug, version, ..GATED };
    let setup = Setup { toy, origin: String::new(), storage: String::new(), token: Some(ACCOUNT.to_owned()) };
    let host = Host::start(move |asked: &Asked| match asked.path.starts_with("/about/licenses/") {
        true => Reply::page("<html><body><h1>Terms</h1><p>Made in a test.</p></body></html>"),
        false => serve(&project, &setup, asked),
    });
    let home = home_of(&host, Some(ACCOUNT));
    home.run(&["fetch", name]).expect(22).says(&["https://physionet.org/settings/training/"]);
    for step in ["citi-training", "physionet-credentialing"] {
        home.run(&["access", "grant", name, step, "--expires", "2999-01-01"]).expect(0);
    }
    home.run(&["fetch", name]).expect(23);
    let shown = home.json(&["access", "accept", name, agreement, "--dry-run"]);
    let digest = shown["data"]["text_digest"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
    home.run(&["access", "accept", name, agreement, "--text-digest", &digest]).expect(0);
    assert!(host.log().iter().all(|asked| !asked.path.starts_with("/files/")), "the gate was closed");
    Done { host, home }
}

impl Done {
    fn fetch(&self, name: &str, more: &[&str]) -> Ran {
        let ran = self.home.run(&[&["fetch", name], more].concat()).expect(0);
        for (path, bytes) in tree(self.home.path()) {
            assert!(!String::from_utf8_lossy(&bytes).contains(PASSWORD), "{path} shows the password");
        }
        self.home.run(&["verify", name]).expect(0);
        ran
    }

    fn files(&self, dir: &str) -> Vec<String> {
        tree(&self.home.data().join(dir)).into_keys().collect()
    }
}

fn toy_of(files: Vec<(String, Vec<u8>)>) -> Toy {
    Toy { files: files.into() }
}

fn texts(names: &[&str]) -> Vec<(String, Vec<u8>)> {
    names.iter().map(|name| ((*name).to_owned(), format!("made: {name}\n").into_bytes())).collect()
}

/// The project of DICOM files as it is: sums of the root alone, a list of records for the rest,
/// reports both as files and in one archive.
fn dicom(version: &str) -> Toy {
    let image = "files/p10/p10000001/s50000001/aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee.dcm";
    let report = "files/p10/p10000001/s50000001.txt";
    let records = format!("subject_id,study_id,dicom_id,path\n10000001,50000001,aaaaaaaa,{image}\n");
    let studies = format!("subject_id,study_id,path\n10000001,50000001,{report}\n");
    let mut root = texts(&["LICENSE.txt"]);
    root.push(("cxr-record-list.csv.gz".into(), gzip(records.as_bytes())));
    root.push(("cxr-study-list.csv.gz".into(), gzip(studies.as_bytes())));
    root.push(("mimic-cxr-reports.zip".into(), zip_of(&[(report, b"FINAL REPORT\n")])));
    if version == "2.1.0" {
        root.push(("cxr-provider-list.csv.gz".into(), gzip(b"study_id\n")));
    }
    let mut files = with_sums(toy_of(root)).files.to_vec();
    files.extend([(image.to_owned(), b"DICM".to_vec()), (report.to_owned(), b"FINAL REPORT\n".to_vec())]);
    toy_of(files)
}

#[test]
fn mimic_cxr_comes_with_its_images_and_reports() {
    for version in ["2.1.0", "2.0.0"] {
        let name = format!("mimic-cxr@{version}");
        let agreement = format!("dua-mimic-cxr-{}", version.replace('.', "-"));
        let slug = if version == "2.1.0" { ("mimic-cxr", "2.1.0") } else { ("mimic-cxr", "2.0.0") };
        let done = done(&name, &agreement, slug.0, slug.1, dicom(version));
        done.fetch(&name, &[]);
        let mut expected = vec![
            "cxr-provider-list.csv.gz",
            "cxr-record-list.csv.gz",
            "cxr-study-list.csv.gz",
            "files/p10/p10000001/s50000001.txt",
            "files/p10/p10000001/s50000001/aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee.dcm",
        ];
        if version == "2.0.0" {
            expected.remove(0);
        }
        assert_eq!(done.files(&format!("mimic-cxr/{version}-dicom/data")), expected);
        assert_eq!(done.files(&format!("mimic-cxr/{version}-dicom/docs")), ["LICENSE.txt", "SHA256SUMS.txt"]);
        let reports = done.host.log().iter().filter(|asked| asked.path.ends_with("s50000001.txt")).count();
        assert_eq!(reports, 0, "reports come in one archive");
        let records =
            std::fs::read_to_string(done.home.data().join(format!("mimic-cxr/{version}-dicom/.medsets/files.jsonl")));
        let records = records.unwrap();
        let role = |end: &str| records.lines().find(|line| line.contains(end)).unwrap_or_default().to_owned();
        assert!(role(".dcm").contains("\"image\"") && role("s50000001.txt").contains("\"text\""), "{records}");
    }
}

/// The project of JPEG files with 2,000 images, of which the sums are wrong for those that the
/// entry knows.
fn jpg() -> (Toy, Vec<String>) {
    let entry = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/catalog/mimic-cxr.toml")).unwrap();
    let entry: toml::Table = entry.parse().unwrap();
    let errors = &entry["release"][0]["host-error"][0]["path"];
    let wrong: Vec<String> = errors.as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned()).collect();
    let images = (0..2000).map(|number| {
        let subject = 10_000_000 + number / 5;
        format!("files/p{}/p{subject}/s{}/{number:08x}-made.jpg", subject / 1_000_000, 50_000_000 + number)
    });
    let images: Vec<String> = images.chain(wrong.iter().cloned()).collect();
    let names = [
        "LICENSE.txt",
        "README",
        "mimic-cxr-2.0.0-chexpert.csv.gz",
        "mimic-cxr-2.0.0-negbio.csv.gz",
        "mimic-cxr-2.0.0-metadata.csv.gz",
        "mimic-cxr-2.0.0-split.csv.gz",
        "mimic-cxr-2.1.0-test-set-labeled.csv",
    ];
    let mut files = texts(&names);
    files.push(("IMAGE_FILENAMES".into(), (images.join("\n") + "\n").into_bytes()));
    files.extend(texts(&images.iter().map(String::as_str).collect::<Vec<_>>()));
    let mut files = with_sums(toy_of(files)).files.to_vec();
    let sums = files.iter_mut().find(|(name, _)| name == "SHA256SUMS.txt").unwrap();
    let mut text = String::from_utf8(sums.1.clone()).unwrap();
    for name in &wrong {
        let right = hex(Algorithm::Sha256, format!("made: {name}\n").as_bytes());
        text = text.replace(&right, &format!("{}{}", &right[1..], &right[..1]));
    }
    sums.1 = text.into_bytes();
    (toy_of(files), wrong)
}

#[test]
fn mimic_cxr_jpg_comes_whole_although_its_sums_are_wrong_for_some() {
    let (toy, wrong) = jpg();
    assert_eq!(wrong.len(), 14);
    let name = "mimic-cxr:jpg";
    let done = done(name, "dua-mimic-cxr-jpg-2-1-0", "mimic-cxr-jpg", "2.1.0", toy.clone());
    let ran = done.fetch(name, &[]);
    for path in &wrong {
        assert!(ran.stderr.contains(path.as_str()), "{path} is not in {}", ran.stderr);
        assert_eq!(proof_of(&done.home, "mimic-cxr/2.1.0-jpg", path), "first-use");
    }
    assert_eq!(ran.stderr.matches("mimic-code#1763").count(), 14);
    assert_eq!(done.files("mimic-cxr/2.1.0-jpg/docs"), ["LICENSE.txt", "README", "SHA256SUMS.txt"]);
    let data = tree(&done.home.data().join("mimic-cxr/2.1.0-jpg/data"));
    assert_eq!(data.len(), toy.files.len() - 3);
    assert!(data.iter().all(|(name, bytes)| toy.bytes(name) == Some(bytes)));
}

/// The older release has an agreement of its own and sums that are taken at their word.
#[test]
fn mimic_cxr_jpg_2_0_0_comes_with_its_labels() {
    let (name, image) = ("mimic-cxr@2.0.0:jpg", "files/p10/p10000001/s50000001/00000001-made.jpg");
    let tables = ["chexpert", "metadata", "negbio", "split"].map(|word| format!("mimic-cxr-2.0.0-{word}.csv.gz"));
    let mut all: Vec<&str> = tables.iter().map(String::as_str).collect();
    all.extend([image, "LICENSE.txt"]);
    let toy = with_sums(toy_of(texts(&all)));
    let of_image = |done: &Done| proof_of(&done.home, "mimic-cxr/2.0.0-jpg", image);
    let done = |toy| done(name, "dua-mimic-cxr-jpg-2-0-0", "mimic-cxr-jpg", "2.0.0", toy);
    let whole = done(toy.clone());
    whole.fetch(name, &[]);
    let mut expected = vec![image.to_owned()];
    expected.extend(tables.clone());
    assert_eq!(whole.files("mimic-cxr/2.0.0-jpg/data"), expected);
    assert_eq!(whole.files("mimic-cxr/2.0.0-jpg/docs"), ["LICENSE.txt", "SHA256SUMS.txt"]);
    assert_ne!(of_image(&whole), "first-use");
    // The labels alone; the newer release's faulty sums are none of this one's.
    let labels = done(toy.clone());
    labels.fetch(name, &["--include", "labels"]);
    assert_eq!(labels.files("mimic-cxr/2.0.0-jpg/data"), tables);
    let damaged = toy.files.iter().map(|(path, bytes)| match path == image {
        true => (path.clone(), b"damaged".to_vec()),
        false => (path.clone(), bytes.clone()),
    });
    done(toy_of(damaged.collect())).home.run(&["fetch", name]).expect(40).says(&[image]);
}

#[test]
fn any_other_image_with_another_sum_is_refused() {
    let (toy, wrong) = jpg();
    let image = "files/p10/p10000000/s50000000/00000000-made.jpg";
    let files = toy.files.iter().filter(|(name, _)| !name.starts_with("files/") || wrong.contains(name)).cloned();
    let mut files: Vec<_> = files.collect();
    files.push((image.into(), b"damaged".to_vec()));
    let done = done("mimic-cxr:jpg", "dua-mimic-cxr-jpg-2-1-0", "mimic-cxr-jpg", "2.1.0", toy_of(files));
    done.home.run(&["fetch", "mimic-cxr:jpg", "--include", image]).expect(40).says(&[image]);
}

const TABLES: [&str; 26] = [
    "ADMISSIONS",
    "CALLOUT",
    "CAREGIVERS",
    "CHARTEVENTS",
    "CPTEVENTS",
    "DATETIMEEVENTS",
    "DIAGNOSES_ICD",
    "DRGCODES",
    "D_CPT",
    "D_ICD_DIAGNOSES",
    "D_ICD_PROCEDURES",
    "D_ITEMS",
    "D_LABITEMS",
    "ICUSTAYS",
    "INPUTEVENTS_CV",
    "INPUTEVENTS_MV",
    "LABEVENTS",
    "MICROBIOLOGYEVENTS",
    "NOTEEVENTS",
    "OUTPUTEVENTS",
    "PATIENTS",
    "PRESCRIPTIONS",
    "PROCEDUREEVENTS_MV",
    "PROCEDURES_ICD",
    "SERVICES",
    "TRANSFERS",
];

fn tables(ending: &str) -> Vec<String> {
    TABLES.iter().map(|name| format!("{name}{ending}")).collect()
}

#[test]
fn mimic_iii_comes_as_tables_with_its_papers_beside_them() {
    let names = tables(".csv.gz");
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.extend(["README.md", "LICENSE.txt", "checksum_md5_zipped.txt"]);
    let done = done("mimic-iii", "physionet-dua", "mimiciii", "1.4", with_sums(toy_of(texts(&all))));
    done.fetch("mimic-iii", &[]);
    assert_eq!(done.files("mimic-iii/1.4-full/data"), names);
    let docs = ["LICENSE.txt", "README.md", "SHA256SUMS.txt", "checksum_md5_zipped.txt"];
    assert_eq!(done.files("mimic-iii/1.4-full/docs"), docs);
    assert_ne!(proof_of(&done.home, "mimic-iii/1.4-full", "NOTEEVENTS.csv.gz"), "first-use");
}

#[test]
fn mimic_iii_as_one_zip_is_checked_against_the_pinned_digest() {
    let zip = zip_of(&[("mimic-iii-clinical-database-1.4/ADMISSIONS.csv.gz", b"made")]);
    let done = done("mimic-iii", "physionet-dua", "mimiciii", "1.4", toy_of(vec![(ZIP.to_owned(), zip.clone())]));
    // The entry's digest is that of the true archive, which nobody may hand on.
    let fetch = ["fetch", "mimic-iii", "--source", "physionet-zip"];
    done.home.run(&fetch).expect(40).says(&["f9917f0f77f29d9abeb4149c96724618923a4725310c62fb75529a2c3e483abd"]);
    let get_zip = |asked: &Asked| asked.path == "/content/mimiciii/get-zip/1.4/";
    assert!(done.host.log().iter().filter(|asked| get_zip(asked)).all(|asked| asked.header("authorization").is_some()));
    let entry = done.home.run(&["info", "mimic-iii", "--raw"]).expect(0).stdout;
    let made = hex(Algorithm::Sha256, &zip);
    let entry = entry.replace("f9917f0f77f29d9abeb4149c96724618923a4725310c62fb75529a2c3e483abd", &made);
    let catalog = done.home.overlay("mimic-iii.toml", &entry);
    let home = done.home.with("MEDSETS_CATALOG", catalog);
    home.run(&fetch).expect(0);
    let data = tree(&home.data().join("mimic-iii/1.4-full/data"));
    assert_eq!(data.into_iter().collect::<Vec<_>>(), [("ADMISSIONS.csv.gz".to_owned(), b"made".to_vec())]);
}

#[test]
fn the_demo_of_mimic_iii_comes_without_an_account() {
    let names = tables(".csv");
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.extend(["README.md", "LICENSE.txt"]);
    let demo = Project { slug: "mimiciii-demo", version: "1.4", is_mirrored: true, ..OPEN };
    let toy = with_sums(toy_of(texts(&all)));
    let setup = Setup { toy, origin: String::new(), storage: String::new(), token: None };
    let host = Host::start(move |asked| serve(&demo, &setup, asked));
    let home = home_of(&host, None);
    home.run(&["fetch", "mimic-iii:demo"]).expect(0);
    let dir = home.data().join("mimic-iii/1.4-demo");
    assert_eq!(tree(&dir.join("data")).into_keys().collect::<Vec<_>>(), names);
    assert_eq!(tree(&dir.join("docs")).len(), 3);
    let bucket = host.log().iter().filter(|asked| asked.path.starts_with("/s3/mimiciii-demo/1.4/")).count();
    assert_eq!(bucket, all.len() + 2, "each file and a look whether it is there");
}
