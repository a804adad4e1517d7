//! The ISIC Archive: images with a licence each, and the sets of its challenges.

use std::collections::{BTreeMap, HashSet};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::stand_ins::{Toy, isic, storage};
use crate::support::archives::zip_of;
use crate::support::home::{Home, tree};
use crate::support::host::{Asked, Host, Reply};

use super::contract;
use super::scene::{Case, expected};

const TOKEN: &str = "Kx7bQ2mV9pTz";

pub(super) fn case() -> Case {
    Case {
        provider: "isic",
        keys: "",
        addresses: &[("https://api.isic-archive.com/", ""), ("https://isic-archive.s3.amazonaws.com/", "s3/")],
        answer: isic::answer,
        toy: isic::toy(),
        listing: "/api/v2/images/?",
        token: None,
    }
}

/// Licence of each file by the inventory.
fn licenses(folder: &std::path::Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder.join(".medsets/files.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of = |key: &str, line: &Value| line[key].as_str().unwrap_or_default().to_owned();
    lines.map(|line| (of("path", &line), of("license", &line))).filter(|(path, _)| !path.is_empty()).collect()
}

#[test]
fn keeps_the_contract() {
    contract::open_host(&case());
}

/// As `isic-cli` writes it with the usual mode.
#[test]
fn the_token_of_another_program_is_left_alone_where_others_may_read_it() {
    let scene = case().start();
    let client = ".local/share/girder_cli_oauth_client/api.isic-archive.com/RpCzc4hFjv5gOJdM2DM2nBdokOviOh5ne63Tpn7Q";
    let folder = scene.home.path().join(client);
    std::fs::create_dir_all(&folder).unwrap();
    let token = json!({ "access_token": TOKEN, "expires_at": 4_102_444_800_u64 }).to_string();
    std::fs::write(folder.join("token.json"), token).unwrap();
    std::fs::set_permissions(folder.join("token.json"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = scene.run(&["fetch", "toy"]).expect(0).says(&["mode 0644", "it is not used", "chmod 600"]);
    assert!(scene.host.log().iter().all(|asked| asked.header("authorization").is_none()));
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
    scene.run(&["access", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
}

#[test]
fn its_token_stays_with_the_api() {
    let case = Case { token: Some(TOKEN), ..case() };
    contract::with_a_token(&case, TOKEN);
    let scene = case.start().with("MEDSETS_TOKEN_ISIC", TOKEN);
    scene.store_fails(true);
    assert_ne!(scene.run(&["fetch", "toy"]).code, Some(0));
    let listed = scene.asked("/api/v2/images/?");
    scene.store_fails(false);
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
    assert_eq!(scene.asked("/api/v2/images/?"), listed, "it was listed again");
    let to_bucket = |asked: &Asked| asked.path.starts_with("/s3/");
    assert!(
        scene.host.log().iter().filter(|asked| to_bucket(asked)).all(|asked| asked.header("authorization").is_none())
    );
    scene.never_shows(TOKEN, &[&ran]);
    for (name, bytes) in tree(scene.home.path()) {
        assert!(!String::from_utf8_lossy(&bytes).contains("SIGNED-0123456789"), "{name} keeps a signed address");
    }
}

#[test]
fn a_stored_token_is_used_until_it_is_removed() {
    let case = Case { token: Some(TOKEN), ..case() };
    contract::with_a_stored_login(&case, &contract::Login::token(TOKEN));
}

/// The toy with a private image that is too large for one sitting.
fn with_a_large_image() -> Toy {
    let mut files = isic::toy().files.to_vec();
    let large: Vec<u8> = (0..3_000_000_u32).map(|byte| (byte % 251) as u8).collect();
    files.iter_mut().filter(|(name, _)| name == "ISIC_0000004.jpg").for_each(|(_, bytes)| *bytes = large.clone());
    Toy { files: files.into() }
}

/// What a store gives by each link to the large image before its time is over: a first piece.
const PIECE: usize = 1_300_000;

/// Links to a private image die in the middle: another one goes on.
#[test]
fn a_link_that_ends_in_the_middle_is_asked_for_again() {
    let calls = AtomicUsize::new(0);
    let store = move |toy: &Toy, asked: &Asked| match calls.fetch_add(1, Ordering::SeqCst) % 2 {
        0 => piece(toy, asked),
        _ => over(),
    };
    let case = Case { token: Some(TOKEN), toy: with_a_large_image(), ..case() };
    let scene = case.start_with(Home::new(), isic::answer, store).with("MEDSETS_TOKEN_ISIC", TOKEN);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
    // What was held is not fetched again, and no link is used twice.
    let log = scene.store.log();
    let from: Vec<_> = log.iter().map(|asked| asked.header("range").map_or(0, begins)).collect();
    assert_eq!(from, [0, PIECE, PIECE, 2 * PIECE, 2 * PIECE]);
    assert_eq!(log.iter().map(|asked| &asked.path).collect::<HashSet<_>>().len(), log.len());
    assert_eq!(scene.asked("/api/v2/images/ISIC_0000004/"), log.len());
}

/// Where a range begins that has no end.
fn begins(range: &str) -> usize {
    range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
}

/// One that nothing comes by any more: the part stays, and the next run goes on with it.
#[test]
fn a_link_that_stays_dead_keeps_the_part() {
    let (calls, mended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let is_mended = mended.clone();
    let store = move |toy: &Toy, asked: &Asked| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => piece(toy, asked),
        _ if is_mended.load(Ordering::SeqCst) => storage::answer(toy, asked),
        _ => over(),
    };
    let case = Case { token: Some(TOKEN), toy: with_a_large_image(), ..case() };
    let scene = case.start_with(Home::new(), isic::answer, store).with("MEDSETS_TOKEN_ISIC", TOKEN);
    let ran = scene.run(&["fetch", "toy"]).expect(36).says(&["ISIC_0000004.jpg", "new link"]);
    scene.never_shows(TOKEN, &[&ran]);
    let asked = scene.store.log().len();
    mended.store(true, Ordering::SeqCst);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
    let later = &scene.store.log()[asked..];
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].header("range"), Some(format!("bytes={PIECE}-").as_str()));
}

/// At most a piece of the file: as a partial answer, or one that breaks off.
fn piece(toy: &Toy, asked: &Asked) -> Reply {
    let Some(from) = asked.header("range").map(begins) else { return storage::answer(toy, asked).cut(PIECE) };
    let until = from + PIECE - 1;
    let mut headers = asked.headers.clone();
    headers.retain(|(name, _)| name != "range");
    headers.push(("range".to_owned(), format!("bytes={from}-{until}")));
    storage::answer(toy, &Asked { headers, ..asked.clone() })
}

/// As CloudFront refuses a link whose time is over.
fn over() -> Reply {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>";
    Reply::whole(body).but(403).with("content-type", "text/xml")
}

#[test]
fn without_an_account_private_images_are_not_seen() {
    let scene = Case { token: Some(TOKEN), ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert!(scene.data().contains_key("ISIC_0000003.jpg") && !scene.data().contains_key("ISIC_0000004.jpg"));
}

#[test]
fn a_collection_is_found_by_its_name() {
    #[track_caller]
    fn check(keys: &'static str, code: i32, asked: &str) {
        let scene = Case { keys, ..case() }.start();
        scene.run(&["fetch", "toy"]).expect(code);
        assert!(code != 0 || scene.asked(asked) > 0, "{:?}", scene.host.log());
        let wanted = |asked: &&Asked| asked.path.contains("zip-download/url");
        for posted in scene.host.log().iter().filter(wanted) {
            assert_eq!(serde_json::from_slice::<Value>(&posted.body).unwrap()["collections"], serde_json::json!([7]));
        }
    }
    check("collection = \"7\"", 0, "collections=7");
    check("collection = \"Toys\"", 0, "collections=7");
    check("collection = \"None such\"", 35, "");
}

/// `isic` of the built-in catalogue, image by image.
#[test]
fn each_image_keeps_its_licence_and_can_be_chosen_by_it() {
    let scene = case().start();
    scene.home.run(&["fetch", "isic", "--source", "api"]).expect(0);
    let folder = scene.home.data().join("isic/archive-full");
    let of = licenses(&folder);
    assert_eq!(of["data/ISIC_0000001.jpg"], "CC0-1.0");
    assert_eq!(of["data/ISIC_0000002.jpg"], "CC-BY-4.0");
    assert_eq!(of["data/ISIC_0000003.jpg"], "CC-BY-NC-4.0");
    assert!(folder.join("data/metadata.csv").exists() && folder.join("data/attribution.txt").exists());
    scene.home.run(&["verify", "isic"]).expect(0);

    let scene = case().start();
    scene.home.run(&["fetch", "isic", "--source", "api", "--license", "cc-by-4.0,cc0-1.0"]).expect(0);
    let chosen = tree(&scene.home.data().join("isic/archive-full/data"));
    let names: Vec<&str> = chosen.keys().map(String::as_str).collect();
    let images = ["ISIC_0000001.jpg", "ISIC_0000002.jpg", "ISIC_0000004.jpg"];
    assert_eq!(names, [images.as_slice(), &["licenses/CC-0.txt", "licenses/CC-BY.txt"]].concat());
    let of = licenses(&scene.home.data().join("isic/archive-full"));
    assert!(of.values().all(|license| license == "CC0-1.0" || license == "CC-BY-4.0"), "{of:?}");
}

/// A project that takes the images by their licences has the same ones on another machine.
#[test]
fn a_choice_of_licences_is_locked() {
    let scenes = [case().start(), case().start()];
    let works = scenes.each_ref().map(|scene| scene.home.path().join("work"));
    let project = "[project]\nname = \"skin\"\n\n[[dataset]]\nid = \"isic\"\nversion = \"archive\"\nvariant = \"full\"\n\
                   source = \"api\"\nlicense = [\"CC-BY-4.0\", \"CC0-1.0\"]\n";
    std::fs::write(works[0].join("medsets.toml"), project).unwrap();
    scenes[0].home.run(&["sync"]).expect(0);
    let lock = std::fs::read_to_string(works[0].join("medsets.lock")).unwrap();
    assert!(lock.contains("only-license = [\"cc-by-4.0\", \"cc0-1.0\"]"), "{lock}");
    assert!(lock.contains("ISIC_0000001.jpg") && !lock.contains("ISIC_0000003.jpg"), "{lock}");

    for name in ["medsets.toml", "medsets.lock"] {
        std::fs::copy(works[0].join(name), works[1].join(name)).unwrap();
    }
    std::fs::create_dir(works[1].join("medsets.lock.d")).unwrap();
    for beside in std::fs::read_dir(works[0].join("medsets.lock.d")).unwrap().map(Result::unwrap) {
        std::fs::copy(beside.path(), works[1].join("medsets.lock.d").join(beside.file_name())).unwrap();
    }
    scenes[1].home.run(&["sync", "--frozen"]).expect(0);
    let folders = works.each_ref().map(|work| work.join("data/isic/archive-full"));
    assert_eq!(tree(&folders[0].join("data")), tree(&folders[1].join("data")));
    let of = licenses(&folders[1]);
    assert!(of.values().all(|license| license == "CC0-1.0" || license == "CC-BY-4.0"), "{of:?}");
    scenes[1].home.run(&["sync", "--check"]).expect(0);
    // None of these stands among the images.
    std::fs::write(works[1].join("medsets.toml"), project.replace("CC-BY-4.0\", \"CC0", "MIT\", \"CC-BY-SA")).unwrap();
    scenes[1].home.run(&["lock"]).expect(2).says(&["`mit`", "`CC-BY-4.0`", "line 4"]);
}

/// The whole archive in one zip, its table alone, and a challenge, from the open bucket.
#[test]
fn snapshots_and_challenges_end_in_their_layout() {
    let inside = |name: &str| zip_of(&[(name, b"image".as_slice())]);
    let snapshot = zip_of(&[
        ("images/ISIC_0000001.jpg", b"image"),
        ("metadata.csv", b"isic_id\nISIC_0000001\n"),
        ("licenses/CC-0.txt", b"text"),
        ("attribution.txt", b"Anonymous"),
    ]);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    files.insert("/snapshots/ISIC_images.zip".into(), snapshot);
    files.insert("/snapshots/ISIC_metadata.parquet".into(), b"PAR1".to_vec());
    for part in ["Training_Data", "Training_GroundTruth", "Test_Data", "Test_GroundTruth"] {
        let name = format!("ISBI2016_ISIC_Part1_{part}");
        files.insert(format!("/challenges/2016/{name}.zip"), inside(&format!("{name}/ISIC_0000001.jpg")));
    }
    let host = Host::start(move |asked| match files.get(&asked.place()) {
        Some(bytes) => Reply::file(asked, bytes.clone()),
        None => Reply::status(404),
    });
    let rewrite = ["https://isic-archive.s3.us-east-1.amazonaws.com/", "https://isic-archive.s3.amazonaws.com/"]
        .map(|from| format!("{from}={}", host.url()))
        .join(";");
    let home = Home::new().with("MEDSETS_REWRITE", rewrite).with("MEDSETS_KEYRING", "none");
    let fetched = |name: &str| {
        let ran = home.run(&["fetch", name, "--ignore-space"]).expect(0);
        let files = tree(&std::path::Path::new(ran.stdout.trim()).join("data"));
        files.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(fetched("isic"), ["attribution.txt", "images/ISIC_0000001.jpg", "licenses/CC-0.txt", "metadata.csv"]);
    assert_eq!(fetched("isic:metadata"), ["ISIC_metadata.parquet"]);
    let challenge = fetched("isic@2016");
    assert_eq!(challenge.len(), 4, "{challenge:?}");
    assert!(challenge.contains(&"ISBI2016_ISIC_Part1_Test_Data/ISIC_0000001.jpg".to_owned()), "{challenge:?}");
}
