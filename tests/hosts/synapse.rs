//! Synapse.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use medsets::credentials::CredentialSecret;
use medsets::net::{Client, Clock, NetSettings, Rewrites};
use medsets::providers::{Hosts, ProviderError, synapse as provider};
use medsets::values::Secret;

use crate::stand_ins::{Toy, storage, synapse};
use crate::support::home::{Home, tree};
use crate::support::host::{Asked, Reply};

use super::contract;
use super::scene::{Case, expected};

/// Such tokens have three parts, as a JSON web token has.
const TOKEN: &str = "eyJ0eXAi.eyJhY2Nlc3Mi.Zt7mQwXk1p";

const PAGE: &str = "https://www.synapse.org/Synapse:syn";

pub(super) fn case() -> Case {
    Case {
        provider: "synapse",
        keys: "entity = \"syn1\"",
        addresses: &[("https://repo-prod.prod.sagebase.org/", ""), ("https://file-prod.prod.sagebase.org/", "")],
        answer: synapse::answer,
        toy: Toy::new(),
        listing: "/repo/v1/entity/",
        token: None,
    }
}

fn gated() -> Case {
    Case { token: Some(TOKEN), ..case() }
}

/// The program in a home that knows the token.
fn home() -> Home {
    Home::new().with("MEDSETS_TOKEN_SYNAPSE", TOKEN)
}

fn toy(files: &[(&str, &[u8])]) -> Toy {
    Toy { files: Arc::new(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()) }
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
}

#[test]
fn who_asks_must_be_known() {
    gated().start().run(&["fetch", "toy"]).expect(20).says(&["MEDSETS_TOKEN_SYNAPSE", "https://www.synapse.org/"]);
    let stranger = gated().start().with("MEDSETS_TOKEN_SYNAPSE", "eyJ0.of.somebody-else");
    let ran = stranger.run(&["fetch", "toy"]).expect(21).says(&["refuses the stored token"]);
    stranger.never_shows("eyJ0.of.somebody-else", &[&ran]);
}

#[test]
fn every_unmet_requirement_is_named_with_its_page() {
    let scene = Case { answer: synapse::restricted, ..gated() }.start_in(home());
    let ran = scene.run(&["fetch", "toy"]).expect(22).says(&[
        "2 requirements",
        "Data use of the toy",
        "9605913",
        "being reviewed",
        "two-factor",
        "Terms of the toy",
        "9605914",
        PAGE,
    ]);
    assert!(scene.store.log().is_empty());
    assert_eq!(scene.asked("/fileHandle/"), 0, "no link was asked for");
    scene.never_shows(TOKEN, &[&ran]);
    let ran = Case { answer: synapse::unclicked, ..gated() }.start_in(home()).run(&["fetch", "toy"]).expect(23);
    let ran = ran.says(&["accept \"Terms of the toy\"", PAGE]);
    assert!(!ran.stderr.contains("Data use"), "what is met is not asked for: {}", ran.stderr);
}

/// An approval may be taken back between the list and the download; the answer to the request
/// for a link is status 201 all the same.
#[test]
fn a_link_refused_with_201_is_explained() {
    let scene = gated().start_with(
        home(),
        |setup, asked| match asked.path.contains("bundle2") || asked.path.contains("children") {
            true => synapse::answer(setup, asked),
            false => synapse::unclicked(setup, asked),
        },
        storage::answer,
    );
    scene.run(&["fetch", "toy"]).expect(23).says(&["Terms of the toy", PAGE]);
    assert!(scene.asked("/fileHandle/batch") > 0 && scene.store.log().is_empty());
}

/// Links are signed for 30 seconds, which a large file outlasts.
#[test]
fn an_expired_link_is_asked_for_again_in_the_middle_of_a_file() {
    let turns = AtomicUsize::new(0);
    let scene = gated().start_with(home(), synapse::answer, move |toy, asked| {
        if !asked.path.contains("big.bin") {
            return storage::answer(toy, asked);
        }
        match turns.fetch_add(1, Ordering::SeqCst) {
            // It breaks off in the middle, and by then the link is too old.
            0 => Reply::whole(toy.bytes("data/big.bin").unwrap()[..1_500_000].to_vec()).chunked(),
            1 | 2 => expired(),
            _ => storage::answer(toy, asked),
        }
    });
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    let store = scene.store.log();
    let big: Vec<&Asked> = store.iter().filter(|asked| asked.path.contains("big.bin")).collect();
    assert_eq!(big.len(), 4, "{big:?}");
    assert_eq!(big[3].header("range"), Some("bytes=1500000-"), "what was held is kept");
    let links = scene.host.log().iter().filter(|asked| asks_for(asked, BIG)).count();
    assert_eq!(links, 4, "every attempt has a link of its own");
    scene.never_shows(TOKEN, &[&ran]);
    // The signature of a link is a credential while it lasts: nothing keeps it.
    let kept = tree(scene.home.path()).into_values().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(kept.chain([ran.stdout, ran.stderr]).all(|text| !text.contains(storage::SIGNATURE)));
}

#[test]
fn links_that_never_work_end_with_36_and_the_parts_kept() {
    let turns = AtomicUsize::new(0);
    let broken = AtomicUsize::new(1);
    let broken = Arc::new(broken);
    let is_broken = broken.clone();
    let scene = gated().start_with(home(), synapse::answer, move |toy, asked| {
        if !asked.path.contains("big.bin") || is_broken.load(Ordering::SeqCst) == 0 {
            return storage::answer(toy, asked);
        }
        match turns.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::whole(toy.bytes("data/big.bin").unwrap()[..1_500_000].to_vec()).chunked(),
            _ => expired(),
        }
    });
    scene.run(&["fetch", "toy"]).expect(36).says(&["big.bin"]);
    broken.store(0, Ordering::SeqCst);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    let store = scene.store.log();
    let last = store.iter().rfind(|asked| asked.path.contains("big.bin")).unwrap();
    assert_eq!(last.header("range"), Some("bytes=1500000-"), "what was held is kept");
}

/// The handle of `data/big.bin`.
const BIG: &str = "129000004";

fn asks_for(asked: &Asked, handle: &str) -> bool {
    asked.path.contains("/fileHandle/batch") && String::from_utf8_lossy(&asked.body).contains(handle)
}

fn expired() -> Reply {
    Reply::whole(
        "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
    )
    .with("content-type", "application/xml")
    .but(403)
}

#[test]
fn what_its_owner_took_back_is_gone() {
    let scene = gated().start_with(
        home(),
        |setup, asked| match asked.path.contains("/fileHandle/") {
            true => Reply::json(&serde_json::json!({
                "requestedFiles": [{ "fileHandleId": "1", "failureCode": "NOT_FOUND" }] }))
            .but(201),
            false => synapse::answer(setup, asked),
        },
        storage::answer,
    );
    scene.run(&["fetch", "toy"]).expect(35).says(&["not on Synapse", PAGE]);
    let trashed =
        |_: &_, _: &Asked| Reply::json(&serde_json::json!({ "reason": "Entity syn1 is in trash can." })).but(404);
    let scene = gated().start_with(home(), trashed, storage::answer);
    scene.run(&["fetch", "toy"]).expect(35).says(&["trash can", "https://www.synapse.org/Synapse:syn1"]);
    Case { keys: "entity = \"syn404\"", ..gated() }.start_in(home()).run(&["fetch", "toy"]).expect(35);
}

#[test]
fn a_file_that_is_stored_elsewhere_is_left_to_a_person() {
    let toy = toy(&[("a.txt", b"a\n"), ("external-b.txt", b"b\n")]);
    let scene = Case { toy, ..case() }.start();
    let ran = scene.run(&["fetch", "toy"]).expect(26).says(&[
        "external-b.txt",
        "ExternalFileHandle",
        "https://elsewhere.example.org/external-b.txt",
        "import",
    ]);
    assert!(!ran.stderr.contains("not-ours"), "{}", ran.stderr);
    scene.run(&["fetch", "toy", "--exclude", "external-*"]).expect(0);
    assert_eq!(scene.data().keys().collect::<Vec<_>>(), ["a.txt"]);
}

#[test]
fn a_version_that_the_entry_names_is_the_one_that_comes() {
    let toy = toy(&[("syn77=a.txt", b"a\n")]);
    let scene = Case { toy: toy.clone(), keys: "entity = \"syn77.1\"", ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data().get("a.txt").map(Vec::as_slice), Some(&b"a\n"[..]));
    assert!(scene.asked("/entity/syn77/version/1/bundle2") > 0, "{:?}", scene.host.log());
    // There is no second version.
    Case { toy, keys: "entity = \"syn77.2\"", ..case() }.start().run(&["fetch", "toy"]).expect(35);
}

/// A new version between list and download changes nothing: the handle is the one listed.
#[test]
fn bytes_are_asked_for_by_the_handle_that_was_listed() {
    let scene = case().start();
    scene.store_fails(true);
    assert_ne!(scene.run(&["fetch", "toy"]).code, Some(0));
    let listed = scene.asked("/repo/v1/entity/");
    scene.store_fails(false);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.asked("/repo/v1/entity/"), listed);
    assert!(scene.host.log().iter().any(|asked| asks_for(asked, BIG)));
}

#[test]
fn too_many_requests_are_waited_out_and_named_when_they_stay() {
    let reason = "Requests are too frequent. Allowed 600 requests every 60 seconds.";
    let slow = move || Reply::json(&serde_json::json!({ "reason": reason })).but(429);
    let turns = AtomicUsize::new(0);
    let answer = move |setup: &_, asked: &_| match turns.fetch_add(1, Ordering::SeqCst) {
        0 | 3 => slow(),
        _ => synapse::answer(setup, asked),
    };
    let scene = case().start_with(Home::new(), answer, storage::answer);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    let scene = case().start_with(Home::new().with("MEDSETS_RETRIES", "1"), move |_, _| slow(), storage::answer);
    scene.run(&["fetch", "toy"]).expect(33).says(&["limits requests"]);
}

#[test]
fn bytes_that_the_handle_does_not_prove_are_refused() {
    let scene = case().start_with(Home::new(), synapse::answer, |toy, asked| match asked.path.contains("labels") {
        true => Reply::file(asked, b"id,label\n1,0\n2,0\n".to_vec()),
        false => storage::answer(toy, asked),
    });
    scene.run(&["fetch", "toy"]).expect(40).says(&["labels of all.csv", "md5"]);
}

#[test]
fn whose_account_a_token_opens() {
    let scene = gated().start();
    let identify = |token: Option<&str>| {
        let rewrite = format!("https://repo-prod.prod.sagebase.org/={}", scene.host.url());
        let settings = NetSettings {
            rewrites: Rewrites::parse(&rewrite).unwrap(),
            ..NetSettings::new(Clock::new(jiff::Timestamp::now))
        };
        let secret = token.map(|token| CredentialSecret::Token(Secret::new(token)));
        let hosts = Hosts { secret, ..Hosts::anonymous(Client::new(settings)) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(provider::identify(&hosts))
    };
    assert_eq!(identify(Some(TOKEN)).unwrap().name.as_deref(), Some("tester"));
    assert!(matches!(identify(Some("a.b.c")), Err(ProviderError::Refused { exit: 21, .. })));
    assert!(matches!(identify(None), Err(ProviderError::NoCredential { .. })));
}
