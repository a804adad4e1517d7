//! The Hugging Face Hub.

use medsets::net::{Client, Clock, ListLimit, NetSettings, Rewrites};
use medsets::providers::huggingface::{HubKind, HubRepository};
use medsets::providers::{Extent, Hosts, Listing, Provider as _, ProviderError};
use medsets::values::ByteSize;

use crate::stand_ins::{Toy, huggingface};

use super::contract;
use super::scene::{Case, expected};

const TOKEN: &str = "hf_Qm5xVb8KpTz3";

pub(super) fn case() -> Case {
    Case {
        provider: "huggingface",
        keys: "repo = \"org/toy\"\nrepo-kind = \"dataset\"",
        addresses: &[("https://huggingface.co/", "")],
        answer: huggingface::answer,
        toy: Toy::new(),
        listing: "/tree/",
        token: None,
    }
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
fn every_file_is_asked_for_at_the_commit() {
    let scene = case().start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    let resolved = |asked: &crate::support::host::Asked| asked.path.contains("/resolve/");
    let log = scene.host.log();
    assert!(log.iter().filter(|asked| resolved(asked)).all(|asked| asked.path.contains(huggingface::COMMIT)));
}

#[test]
fn a_list_that_is_too_long_is_not_held() {
    let scene = case().start();
    let listed = |entries: u64, bytes: u64| {
        let rewrites = Rewrites::parse(&format!("https://huggingface.co/={}", scene.host.url())).unwrap();
        let list_limit = ListLimit { entries, bytes: ByteSize(bytes) };
        let clock = Clock::fixed(jiff::Timestamp::UNIX_EPOCH);
        let hosts = Hosts::anonymous(Client::new(NetSettings { rewrites, list_limit, ..NetSettings::new(clock) }));
        let (repo, kind) = ("org/toy".to_owned(), HubKind::Dataset);
        let hub = HubRepository { repo, kind, revision: None };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(hub.list(&hosts, Listing::default(), Extent::All)).map(|listing| listing.0.len() as u64)
    };
    let files = case().toy.files.len() as u64;
    assert_eq!(listed(files, 1 << 20).unwrap(), files);
    #[track_caller]
    fn check(refused: Result<u64, ProviderError>, says: &str) {
        let error = refused.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(matches!(error, ProviderError::Answer { .. }), "it exits with 34");
    }
    check(listed(files - 1, 1 << 20), &format!("more than {} entries", files - 1));
    check(listed(files, 300), "takes more than 300");
}

#[test]
fn a_gated_repository_says_where_to_ask() {
    let gated = Case { token: Some(TOKEN), ..case() };
    let page = "https://huggingface.co/datasets/org/toy";
    gated.start().run(&["fetch", "toy"]).expect(20).says(&["gated", page, "MEDSETS_TOKEN_HUGGINGFACE"]);
    let stranger = gated.start().with("MEDSETS_TOKEN_HUGGINGFACE", "hf_of_somebody_else");
    let ran = stranger.run(&["fetch", "toy"]).expect(22).says(&["not granted", page]);
    stranger.never_shows("hf_of_somebody_else", &[&ran]);
}

#[test]
fn parts_are_chosen_from_what_the_host_lists() {
    let scene = case().start();
    scene.run(&["fetch", "toy", "--include", "data/*.csv", "--include", "README.md"]).expect(0);
    assert_eq!(scene.data().keys().collect::<Vec<_>>(), ["README.md", "data/labels of all.csv"]);
    // A list of names means these very names, whatever they hold.
    let list = scene.home.path().join("list");
    std::fs::write(&list, "data/caf\u{e9} #1 50%.txt\n").unwrap();
    scene.run(&["fetch", "toy", "--files-from", list.to_str().unwrap()]).expect(0);
    assert_eq!(scene.data().len(), 3);
    scene.run(&["fetch", "toy", "--exclude", "data/**"]).expect(0);
    assert_eq!(
        scene.data().keys().collect::<Vec<_>>(),
        ["README.md", "data/caf\u{e9} #1 50%.txt", "data/labels of all.csv", "empty.txt"]
    );
    // `*` stays inside a folder, in a listing as in an entry.
    scene.run(&["fetch", "toy", "--include", "*.csv"]).expect(2).says(&["`*.csv` matches no file"]);
}
