//! UMLS Terminology Services.

use std::collections::BTreeSet;
use std::sync::Arc;

use medsets::credentials::CredentialSecret;
use medsets::net::{Client, Clock, NetSettings, Rewrites};
use medsets::providers::{Hosts, ProviderError, umls as provider};
use medsets::values::Secret;

use crate::stand_ins::{Setup, Toy, umls};
use crate::support::archives::zip_of;
use crate::support::home::{Home, tree};
use crate::support::host::{Asked, Host, Reply};

use super::contract;
use super::scene::{Case, STORAGE, expected};

/// Odd on purpose: it goes into a query.
const KEY: &str = "b0d4f0e2/7c1f+45&9a~x";

const VARIABLE: &str = "MEDSETS_TOKEN_UMLS";

fn case() -> Case {
    Case {
        provider: "umls",
        keys: "product = \"toy-release\"",
        addresses: &[("https://uts-ws.nlm.nih.gov/", ""), (umls::SIGN_IN, "login/")],
        answer: umls::answer,
        toy: umls::toy(),
        listing: "/releases",
        token: Some(KEY),
    }
}

#[test]
fn keeps_the_contract() {
    let started = |case: &Case| case.start().with(VARIABLE, KEY);
    contract::fetches(&case(), &started(&case()));
    let redirected = Case { answer: umls::redirected, ..case() };
    contract::fetches(&redirected, &started(&redirected));
    contract::goes_on(&redirected, &started(&redirected));
}

#[test]
fn a_stored_key_is_used_and_shown_nowhere() {
    contract::with_a_stored_login(&case(), &contract::Login::token(KEY));
}

/// The key travels in the query, where addresses are shown, kept and passed on.
#[test]
fn its_key_is_told_to_the_gateway_alone_and_written_nowhere() {
    for answer in [umls::answer, umls::redirected] {
        let home = Home::new().with(VARIABLE, KEY).with("MEDSETS_LOG", "trace");
        let scene = Case { answer, ..case() }.start_in(home);
        let ran = scene.run(&["fetch", "toy", "--events", "-"]).expect(0);
        assert_eq!(scene.data(), expected(&umls::toy()));
        for asked in scene.host.log() {
            let told = asked.parameter("apiKey").is_some();
            assert_eq!(told, asked.place() == "/download", "{asked:?}");
            assert!(!told || asked.parameter("apiKey").as_deref() == Some(KEY), "{asked:?}");
        }
        scene.never_shows(KEY, &[&ran]);
    }
}

/// The list is open to all. Should that end, the key is what it wants.
#[test]
fn a_list_that_wants_the_key_gets_it_and_says_when_it_is_wrong() {
    fn closed(setup: &Setup, asked: &Asked) -> Reply {
        let knows = asked.parameter("apiKey") == setup.token;
        if asked.place() == "/releases" && !knows { Reply::status(401) } else { umls::answer(setup, asked) }
    }
    let case = Case { answer: closed, ..case() };
    let scene = case.start().with(VARIABLE, KEY);
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&umls::toy()));
    scene.never_shows(KEY, &[&ran]);
    let wrong = case.start().with(VARIABLE, "key-of-somebody-else");
    let ran = wrong.run(&["fetch", "toy"]).expect(21).says(&["refuses the stored API key", "https://uts.nlm.nih.gov/"]);
    wrong.never_shows("key-of-somebody-else", &[&ran]);
    case.start().run(&["fetch", "toy"]).expect(20).says(&[VARIABLE]);
}

#[test]
fn a_redirect_that_repeats_the_key_is_not_followed() {
    let scene = Case { answer: umls::repeating, ..case() }.start().with(VARIABLE, KEY);
    let ran = scene.run(&["fetch", "toy"]);
    assert!(ran.code != Some(0) && ran.stderr.contains("carries the credential to another host"), "{ran:?}");
    assert!(scene.store.log().is_empty(), "{:?}", scene.store.log());
    scene.never_shows(KEY, &[&ran]);
}

#[test]
fn a_key_that_is_missing_or_wrong_is_told_apart() {
    case().start().run(&["fetch", "toy"]).expect(20).says(&[VARIABLE]);
    let wrong = "somebody/elses+key";
    for answer in [umls::answer, umls::with_sign_in] {
        let scene = Case { answer, ..case() }.start_in(Home::new().with(VARIABLE, wrong));
        let ran = scene.run(&["fetch", "toy"]).expect(21).says(&["https://uts.nlm.nih.gov/uts/profile"]);
        let sign_ins = scene.host.log().into_iter().filter(|asked| asked.place().starts_with("/login"));
        assert!(sign_ins.into_iter().all(|asked| !asked.path.contains("apiKey")), "the key went along");
        scene.never_shows(wrong, &[&ran]);
    }
}

/// Some gateways answer with the page itself and status 200.
#[test]
fn a_page_in_the_place_of_a_file_is_a_refused_key() {
    let answer = |setup: &Setup, asked: &Asked| match asked.place().as_str() {
        "/download" => Reply::page("<!DOCTYPE html><html><title>Sign in</title></html>"),
        _ => umls::answer(setup, asked),
    };
    let scene = Case { answer, ..case() }.start_in(Home::new().with(VARIABLE, KEY));
    scene.run(&["fetch", "toy"]).expect(21).says(&["sign-in page", "licence lapses"]);
    assert!(!scene.home.data().join("toy").exists(), "no page is taken for data");
}

#[test]
fn what_is_not_granted_or_gone_is_explained() {
    let refusing = |status: u16| {
        move |setup: &Setup, asked: &Asked| match asked.place().as_str() {
            "/download" => Reply::status(status),
            _ => umls::answer(setup, asked),
        }
    };
    let start = |status| {
        let home = Home::new().with(VARIABLE, KEY);
        case().start_with(home, refusing(status), crate::stand_ins::storage::answer)
    };
    start(403).run(&["fetch", "toy"]).expect(22).says(&["licence lapses", "https://uts.nlm.nih.gov/uts/"]);
    start(404).run(&["fetch", "toy"]).expect(35).says(&["toy-release", "https://www.nlm.nih.gov/research/umls/"]);
}

#[test]
fn a_key_is_checked_without_saying_whose_it_is() {
    let scene = case().start();
    let identify = |key: Option<&str>| {
        let rewrites = Rewrites::parse(&format!("{}={}login/", umls::SIGN_IN, scene.host.url())).unwrap();
        let settings = NetSettings { rewrites, ..NetSettings::new(Clock::new(jiff::Timestamp::now)) };
        let secret = key.map(|key| CredentialSecret::Token(Secret::new(key)));
        let hosts = Hosts { secret, ..Hosts::anonymous(Client::new(settings)) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(provider::identify(&hosts))
    };
    assert_eq!(identify(Some(KEY)).unwrap().name, None);
    assert!(matches!(identify(Some("other")), Err(ProviderError::Refused { exit: 21, .. })));
    assert!(matches!(identify(None), Err(ProviderError::NoCredential { .. })));
}

/// A variant of `umls`: the ending of its file's name, what its archive holds, and what becomes
/// of that.
type Variant = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const VARIANTS: [Variant; 3] = [
    (
        "metathesaurus",
        "metathesaurus-full.zip",
        &["V/META/MRCONSO.RRF", "V/META/MRSTY.RRF"],
        &["data/META/MRCONSO.RRF", "data/META/MRSTY.RRF"],
    ),
    ("mrconso", "mrconso.zip", &["MRCONSO.RRF"], &["data/MRCONSO.RRF"]),
    ("full", "full.zip", &["V-full/README.txt", "V-full/V-1-meta.nlm"], &["data/README.txt", "data/V-1-meta.nlm"]),
];

#[test]
fn every_release_of_the_entry_ends_in_the_standard_layout() {
    for release in ["2023AA", "2023AB", "2024AA", "2025AA"] {
        for (variant, ending, members, data) in VARIANTS {
            let members: Vec<String> = members.iter().map(|name| name.replace('V', release)).collect();
            let members: Vec<(&str, &[u8])> = members.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
            let toy = Toy { files: Arc::new(vec![(format!("umls-{release}-{ending}"), zip_of(&members))]) };
            let setup = Setup {
                toy,
                origin: "https://uts-ws.nlm.nih.gov/".to_owned(),
                storage: STORAGE.to_owned(),
                token: Some(KEY.to_owned()),
            };
            let host = Host::start(move |asked| umls::answer(&setup, asked));
            let rewrite = |address: &str, path: &str| format!("{address}={}{path}", host.url());
            let rewrites =
                [rewrite("https://uts-ws.nlm.nih.gov/", ""), rewrite("https://uts.nlm.nih.gov/", "no-page/")].join(";");
            let home =
                Home::new().with("MEDSETS_REWRITE", rewrites).with("MEDSETS_KEYRING", "none").with(VARIABLE, KEY);
            let name = format!("umls@{release}:{variant}");
            home.run(&["fetch", &name]).expect(23);
            take_the_steps(&home, &name);
            home.run(&["fetch", &name, "--ignore-space"]).expect(0);
            let dir = home.run(&["path", &name]).expect(0).stdout;
            let got = tree(std::path::Path::new(dir.trim()));
            let found: BTreeSet<String> = got.into_keys().filter(|path| path.starts_with("data/")).collect();
            let wanted = data.iter().map(|path| path.replace('V', release));
            assert_eq!(found, wanted.collect::<BTreeSet<_>>(), "{name}");
            home.run(&["verify", &name]).expect(0);
        }
    }
}

/// What a licensee does once.
fn take_the_steps(home: &Home, name: &str) {
    let text = home.path().join("agreement.txt");
    std::fs::write(&text, "The agreement as NLM shows it.\n").unwrap();
    let accept = ["access", "accept", name, "--text-file", text.to_str().unwrap()];
    let shown = home.run(&[&accept[..], &["--dry-run"]].concat()).expect(0);
    let all = format!("{}{}", shown.stdout, shown.stderr);
    let at = all.find("sha256:").unwrap_or_else(|| panic!("{name}: {all}"));
    home.run(&[&accept[..], &["--text-digest", &all[at..at + 71]]].concat()).expect(0);
    home.run(&["access", "grant", name, "umls-approval", "--file", text.to_str().unwrap()]).expect(0);
}
