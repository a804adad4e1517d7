//! Zenodo.

use serde_json::Value;

use crate::stand_ins::{Setup, Toy, zenodo};
use crate::support::host::{Asked, Reply};

use super::contract;
use super::scene::{Answer, Case};

fn case() -> Case {
    Case {
        provider: "zenodo",
        keys: "record = 42",
        addresses: &[("https://zenodo.org/", "")],
        answer: zenodo::answer,
        toy: Toy::flat(),
        listing: "/api/records/42",
        token: None,
    }
}

#[test]
fn keeps_the_contract() {
    contract::open_host(&case());
    contract::goes_on_at_the_host(&case(), "/content");
}

#[test]
fn a_restricted_record_is_explained() {
    let scene = Case { keys: "record = 43", ..case() }.start();
    let page = "https://zenodo.org/records/43";
    scene.run(&["fetch", "toy"]).expect(22).says(&["restricted", page]);
}

#[test]
fn says_who_asks() {
    let scene = case().start();
    scene.run(&["fetch", "toy"]).expect(0);
    let named = |asked: &Asked| asked.header("user-agent").unwrap().starts_with("medsets/");
    assert!(scene.host.log().iter().all(named));
}

/// A refusal proves nothing of a token: it may be one without the scope, or the page that shuts out
/// whole networks.
#[test]
fn a_refusal_is_no_proof_that_a_token_is_good() {
    const TOKEN: &str = "KEY-93ab+77/x.Q=";
    let blocked: Answer = |_: &Setup, _: &Asked| Reply::page("Access to this resource has been blocked").but(403);
    let login = ["auth", "login", "zenodo", "--token-stdin"];
    let started = |answer| Case { answer, token: Some(TOKEN), ..case() }.start().with("MEDSETS_KEYRING", "file");
    let scene = started(zenodo::without_scope);
    let ran =
        scene.fed(TOKEN, &login).expect(0).says(&["Zenodo does not say whether the personal access token is good"]);
    assert!(!ran.stdout.contains("signed in"), "{}", ran.stdout);
    let status = scene.run(&["auth", "status", "zenodo", "--check", "--json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["data"]["providers"][0]["state"], "found", "{status}");
    scene.fed("KEY-of-somebody-else", &login).expect(21).says(&["nothing was stored"]);
    let scene = started(blocked);
    scene.fed(TOKEN, &login).expect(34).says(&["nothing was stored", "--no-check"]);
    assert!(!scene.home.config().join("credentials.toml").exists());
}
