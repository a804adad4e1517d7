//! Redivis.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::stand_ins::{Setup, Toy, redivis, storage};
use crate::support::home::{Home, tree};
use crate::support::host::{Asked, Reply};

use super::contract;
use super::scene::{Answer, Case, Scene, expected};

const TOKEN: &str = "AAACQm7vXk2pTz9wRb4";

const PAGE: &str = "https://redivis.com/datasets/5fja-abcdefghj";

pub(super) fn case() -> Case {
    Case {
        provider: "redivis",
        keys: "organization = \"toys\"\ndataset = \"toy:5fja:v1_0\"\ntable = \"files:8abc\"",
        addresses: &[("https://redivis.com/", "")],
        answer: redivis::answer,
        toy: Toy::new(),
        listing: "/rawFiles?format=arrow",
        token: None,
    }
}

fn gated() -> Case {
    Case { token: Some(TOKEN), ..case() }
}

/// The program in a home that knows the token.
fn home() -> Home {
    Home::new().with("MEDSETS_TOKEN_REDIVIS", TOKEN)
}

/// With answers of a test's own and the usual storage.
fn answered(case: &Case, home: Home, answer: impl Fn(&Setup, &Asked) -> Reply + Send + Sync + 'static) -> Scene {
    case.start_with(home, answer, storage::answer)
}

#[test]
fn keeps_the_contract() {
    contract::open_host(&case());
    contract::goes_on_without_listing(&case());
}

#[test]
fn its_token_stays_with_it() {
    contract::with_a_token(&gated(), TOKEN);
    contract::with_a_stored_login(&gated(), &contract::Login::token(TOKEN));
    let scene = gated().start().with("REDIVIS_API_TOKEN", TOKEN);
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    scene.never_shows(TOKEN, &[&ran]);
    // The signature of a link is a credential while it lasts: nothing keeps it.
    let kept = tree(scene.home.path()).into_values().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(kept.chain([ran.stdout, ran.stderr]).all(|text| !text.contains(storage::SIGNATURE)));
}

/// Each index of a dataset is a folder; tables of rows are passed over.
#[test]
fn all_indexes_of_a_dataset_are_listed_page_by_page() {
    let scene = Case { keys: "organization = \"toys\"\ndataset = \"toy\"", ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    let files =
        case().toy.files.iter().map(|(name, bytes)| (format!("files/{name}"), bytes.clone())).collect::<Vec<_>>();
    let first = &case().toy.files[0];
    let scan = (format!("scans of all/{}", first.0), first.1.clone());
    assert_eq!(scene.data(), files.into_iter().chain([scan]).collect::<BTreeMap<_, _>>());
    assert_eq!(scene.asked("/tables?maxResults=100"), 3, "{:?}", scene.host.log());
    // The references that Redivis gives are asked for, escaped.
    assert_eq!(scene.asked("/tables/toys.toy%3A5fja%3Av1_0.scans_of_all%3A9def/rawFiles?format=arrow"), 1);
    assert_eq!(scene.asked("labels%3A2xyz/rawFiles"), 0);
}

#[test]
fn a_dataset_of_rows_is_left_to_a_person() {
    let rows: Answer = |setup, asked| match asked.path.contains("/tables?") {
        true => Reply::json(&json!({ "results": [{ "name": "labels", "isFileIndex": false }], "nextPageToken": null })),
        false => redivis::answer(setup, asked),
    };
    let scene = Case { keys: "organization = \"toys\"\ndataset = \"toy\"", answer: rows, ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(26).says(&[
        "`toys.toy` has no files",
        "1 table of rows",
        PAGE,
        "medsets import",
    ]);
}

#[test]
fn what_is_no_list_of_files_is_refused() {
    #[track_caller]
    fn check(exit: i32, says: &[&str], list: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
        let scene = answered(&case(), Home::new(), move |setup, asked| match asked.path.contains("format=arrow") {
            true => Reply::whole(list(redivis::index(&setup.toy.files))),
            false => redivis::answer(setup, asked),
        });
        scene.run(&["fetch", "toy"]).expect(exit).says(says);
        assert!(!scene.home.data().join("toy").exists());
    }
    check(34, &["Arrow stream"], |_| b"{\"results\":[]}".to_vec());
    check(34, &["Arrow stream", "it is empty"], |_| Vec::new());
    // It ends in the middle of a batch.
    check(34, &["Arrow stream", "it ends early"], |list| list[..list.len() - 200].to_vec());
    // A length that nobody has the memory for.
    check(34, &["Arrow stream", "it ends early"], |_| [[0xff; 4], i32::MAX.to_le_bytes()].concat());
    let named = |name: &str| vec![(name.to_owned(), b"x".to_vec())];
    check(54, &["refused", ".."], move |_| redivis::index(&named("../x.txt")));
    check(54, &["twice, not alike"], |_| redivis::index(&[("a".into(), b"1".to_vec()), ("a".into(), b"22".to_vec())]));
}

#[test]
fn who_asks_must_be_known() {
    gated().start().run(&["fetch", "toy"]).expect(20).says(&[
        "who asks for `toys.toy",
        "MEDSETS_TOKEN_REDIVIS",
        "data.data",
    ]);
    let stranger = gated().start().with("MEDSETS_TOKEN_REDIVIS", "AAAC-of-somebody-else");
    let ran = stranger.run(&["fetch", "toy"]).expect(21).says(&["refuses the stored token (`invalid_token`)"]);
    stranger.never_shows("AAAC-of-somebody-else", &[&ran]);
}

/// Refusals of a list and of a file say the same: the body of the latter is asked for.
#[test]
fn refusals_are_explained_wherever_they_come() {
    #[track_caller]
    fn check(exit: i32, says: &[&str], refusal: fn() -> Reply) {
        for part in ["/rawFiles?", "/rawFiles/"] {
            let scene = answered(&gated(), home(), move |setup, asked| match asked.path.contains(part) {
                true => refusal().with("x-redivis-warning", "Your membership ends on 2026-12-01."),
                false => redivis::answer(setup, asked),
            });
            let ran = scene.run(&["fetch", "toy"]).expect(exit).says(says);
            let ran = ran.says(&["Your membership ends on 2026-12-01."]);
            assert!(!ran.stderr.contains("Bearer"), "{}", ran.stderr);
            scene.never_shows(TOKEN, &[&ran]);
        }
    }
    check(22, &["does not let this account have the data", "`access_denied`", PAGE], || {
        redivis::refused(403, "access_denied", "Bearer AAAC")
    });
    check(21, &["lacks the scope `data.data`", "https://redivis.com/"], || {
        let body = json!({ "status": 403, "error": "insufficient_scope", "scope": "data.data" });
        Reply::json(&body).but(403)
    });
    check(21, &["second factor"], || {
        let body = json!({ "status": 401, "error": "insufficient_user_authentication", "amr_values": ["mfa"] });
        Reply::json(&body).but(401)
    });
}

#[test]
fn the_page_of_the_entry_comes_first() {
    let scene = answered(&gated(), home(), |setup, asked| match asked.path.contains("/rawFiles") {
        true => redivis::refused(403, "access_denied", ""),
        false => redivis::answer(setup, asked),
    });
    let path = scene.home.path().join("overlay/toy.toml");
    let entry = std::fs::read_to_string(&path).unwrap();
    let step =
        "[[requires]]\nkind = \"account\"\nid = \"redivis-account\"\npage = \"https://aimi.example.org/toy\"\n\n";
    std::fs::write(&path, entry.replacen("[[release]]", &format!("{step}[[release]]"), 1)).unwrap();
    scene.run(&["fetch", "toy"]).expect(22).says(&["https://aimi.example.org/toy"]);
}

#[test]
fn what_is_gone_is_told() {
    let keys = "organization = \"toys\"\ndataset = \"no_such\"";
    Case { keys, ..case() }.start().run(&["fetch", "toy"]).expect(35).says(&["`toys.no_such`", "https://redivis.com/"]);
    let scene = answered(&gated(), home(), |setup, asked| match asked.path.contains(&redivis::id(3)) {
        true => redivis::refused(404, "not_found_error", "The requested file was not found."),
        false => redivis::answer(setup, asked),
    });
    scene.run(&["fetch", "toy"]).expect(35).says(&["data/big.bin", PAGE]);
}

#[test]
fn a_warning_is_passed_on_once_and_never_with_the_token_in_it() {
    #[track_caller]
    fn check(warning: &'static str, shown: Option<&str>) {
        let scene = answered(&gated(), home(), move |setup, asked| {
            redivis::answer(setup, asked).with("x-redivis-warning", warning)
        });
        let ran = scene.run(&["fetch", "toy"]).expect(0);
        let count = shown.map_or(0, |text| ran.stderr.matches(text).count());
        assert_eq!(count, usize::from(shown.is_some()), "{}", ran.stderr);
        assert!(shown.is_some() || !ran.stderr.contains("Redivis warns"), "{}", ran.stderr);
        scene.never_shows(TOKEN, &[&ran]);
    }
    check("This version is deprecated.", Some("Redivis warns: This version is deprecated."));
    check("Token AAACQm7vXk2pTz9wRb4 will end.", None);
}

#[test]
fn passing_trouble_passes() {
    let turns = AtomicUsize::new(0);
    let scene = answered(&gated(), home().with("MEDSETS_RETRIES", "3"), move |setup, asked| {
        match turns.fetch_add(1, Ordering::SeqCst) % 3 {
            0 => Reply::status(503),
            _ => redivis::answer(setup, asked),
        }
    });
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
}

/// Every attempt asks Redivis for a link of its own, so that an old one does no harm.
#[test]
fn an_expired_link_is_asked_for_again_in_the_middle_of_a_file() {
    let turns = AtomicUsize::new(0);
    let scene = gated().start_with(home(), redivis::answer, move |toy, asked| {
        if !asked.path.contains("big.bin") {
            return storage::answer(toy, asked);
        }
        match turns.fetch_add(1, Ordering::SeqCst) {
            0 => {
                Reply::whole(toy.bytes("data/big.bin").unwrap()[..1_500_000].to_vec()).with("etag", tag(toy)).chunked()
            }
            1 => Reply::page("<Error><Code>AccessDenied</Code></Error>").but(403),
            _ => storage::answer(toy, asked),
        }
    });
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    let asked = scene.asked(&redivis::id(3));
    assert_eq!(asked, scene.store.log().iter().filter(|asked| asked.path.contains("big.bin")).count());
    let store = scene.store.log();
    let last = store.iter().rfind(|asked| asked.path.contains("big.bin")).unwrap();
    assert_eq!(last.header("range"), Some("bytes=1500000-"), "what was held is kept");
    scene.never_shows(TOKEN, &[&ran]);
}

/// The entity tag that the storage gives the large file.
fn tag(toy: &Toy) -> String {
    format!("\"{}\"", &medsets::values::Digest::sha256(toy.bytes("data/big.bin").unwrap()).hex()[..20])
}

/// As Redivis does for files that are stored compressed: the whole where a part was asked for.
#[test]
fn the_whole_in_the_place_of_a_part_is_taken_from_its_start() {
    let turns = AtomicUsize::new(0);
    let scene = case().start_with(Home::new(), redivis::answer, move |toy, asked| {
        if !asked.path.contains("big.bin") {
            return storage::answer(toy, asked);
        }
        let whole = toy.bytes("data/big.bin").unwrap().to_vec();
        match turns.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::whole(whole[..1_500_000].to_vec()).with("etag", tag(toy)).chunked(),
            _ => Reply::whole(whole).with("etag", tag(toy)),
        }
    });
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
}

#[test]
fn bytes_are_proven_by_the_list_and_by_the_answer() {
    // README.md has no MD5 in the list; `Content-Digest` has it.
    #[track_caller]
    fn check(file: &'static str, at: usize, exit: i32) {
        let scene = answered(&case(), Home::new(), move |setup, asked| {
            if !asked.path.contains(&redivis::id(at)) {
                return redivis::answer(setup, asked);
            }
            let mut other = setup.toy.bytes(file).unwrap().to_vec();
            other[0] ^= 1;
            Reply::file(asked, other).with("content-digest", "md5=:kAFQmDzST7DWlj99KOF/cg==:")
        });
        scene.run(&["fetch", "toy"]).expect(exit).says(&[file, "md5:"]);
    }
    check("README.md", 0, 40);
    check("data/labels of all.csv", 1, 40);
    let scene = case().start();
    scene.run(&["fetch", "toy"]).expect(0);
    let inventory = std::fs::read_to_string(scene.home.data().join("toy/1/.medsets/files.jsonl")).unwrap();
    assert!(!inventory.contains("unproven"), "{inventory}");
}

/// Where the official client keeps what its sign-in gave: used while it lasts, and left alone.
#[test]
fn the_file_of_the_official_client_is_used_and_never_changed() {
    let path = |scene: &Scene| scene.home.path().join(".redivis/python_credentials");
    let signed_in = |expires_at: i64, mode: u32| {
        let scene = gated().start();
        std::fs::create_dir_all(path(&scene).parent().unwrap()).unwrap();
        let text = json!({ "access_token": TOKEN, "refresh_token": "AAAR-refresh", "expires_at": expires_at, "expires_in": 3600 });
        std::fs::write(path(&scene), text.to_string()).unwrap();
        std::fs::set_permissions(path(&scene), std::fs::Permissions::from_mode(mode)).unwrap();
        (scene, text.to_string())
    };
    let (scene, text) = signed_in(4_102_444_800, 0o600);
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    assert_eq!(std::fs::read_to_string(path(&scene)).unwrap(), text);
    assert!(scene.host.log().iter().all(|asked| asked.method == "GET"), "nothing is renewed");
    assert!(!ran.stderr.contains("AAA") && !ran.stdout.contains("AAA"));

    let (scene, text) = signed_in(1_700_000_000, 0o600);
    scene.run(&["fetch", "toy"]).expect(20).says(&["python_credentials", "ended at 2023-11-14", "who asks for"]);
    assert!(scene.host.log().iter().all(|asked| asked.header("authorization").is_none()));
    assert_eq!(std::fs::read_to_string(path(&scene)).unwrap(), text);

    let (scene, _) = signed_in(4_102_444_800, 0o644);
    scene.run(&["fetch", "toy"]).expect(20).says(&["mode 0644", "chmod 600"]);
}

#[test]
fn a_probe_tells_what_is_open_from_what_was_granted() {
    let scene = case().start();
    assert!(scene.run(&["access", "probe", "toy"]).expect(0).stdout.contains("serves it to anybody"));
    let scene = gated().start_in(home());
    let ran = scene.run(&["access", "probe", "toy", "--json"]).expect(0);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["data"]["datasets"][0]["answer"], "granted");
    assert!(!scene.home.data().exists(), "nothing was downloaded");
}
