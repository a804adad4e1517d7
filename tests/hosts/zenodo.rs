//! Zenodo.

use crate::stand_ins::{Toy, zenodo};

use super::contract;
use super::scene::Case;

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
    let named = |asked: &crate::support::host::Asked| asked.header("user-agent").unwrap().starts_with("medsets/");
    assert!(scene.host.log().iter().all(named));
}
