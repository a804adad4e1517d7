//! figshare.

use crate::stand_ins::{Toy, figshare};

use crate::stand_ins::Setup;
use crate::support::host::{Asked, Reply};

use super::contract;
use super::scene::{Case, expected};

pub(super) fn case() -> Case {
    Case {
        provider: "figshare",
        keys: "article = 77\narticle-version = 2",
        addresses: &[
            ("https://api.figshare.com/", "api/"),
            ("https://ndownloader.figshare.com/", "bytes/"),
            ("https://figshare.com/", "site/"),
        ],
        answer: figshare::answer,
        toy: Toy::flat(),
        listing: "/files?page",
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
    contract::with_a_stored_login(
        &Case { token: Some("FIG-7f3a9c1b2d"), ..case() },
        &contract::Login::token("FIG-7f3a9c1b2d"),
    );
    contract::with_a_token(&Case { token: Some("FIG-7f3a9c1b2d"), ..case() }, "FIG-7f3a9c1b2d");
}

#[test]
fn an_article_without_files_is_explained() {
    let scene = Case { keys: "article = 78", ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(22).says(&["embargo"]);
}

/// A host that lists another checksum than that of what it serves.
fn lies(setup: &Setup, asked: &Asked) -> Reply {
    if !asked.path.contains("/files?") {
        return figshare::answer(setup, asked);
    }
    let name = &setup.toy.files[0].0;
    let mut page = figshare::page(setup, asked);
    let files = page.as_array_mut().unwrap();
    if let Some(file) = files.iter_mut().find(|file| file["name"] == *name) {
        file["computed_md5"] = "0".repeat(32).into();
    }
    Reply::json(&page)
}

#[test]
fn a_file_that_only_the_host_lists_can_be_taken_though_it_was_changed() {
    let scene = Case { answer: lies, ..case() }.start();
    let toy = case().toy;
    let name = toy.files[0].0.as_str();
    let taken = ["fetch", "toy", "--accept-changed", name, "--reason", "made in a test"];
    let near = format!("{name}x");
    let misspelt = ["fetch", "toy", "--accept-changed", &near, "--reason", "made in a test"];
    scene.run(&["fetch", "toy"]).expect(40).says(&[name, "--accept-changed", "--reason"]);
    scene.run(&misspelt).expect(2).says(&[&format!("`{near}` is no file of"), &format!("did you mean `{name}`?")]);
    scene.run(&taken).expect(0);
    assert_eq!(scene.data(), expected(&toy));
    let records = scene.home.data().join("toy/1/.medsets");
    let receipt: serde_json::Value =
        serde_json::from_slice(&std::fs::read(records.join("receipt.json")).unwrap()).unwrap();
    assert_eq!(receipt["reason"], "made in a test");
    let proofs = &receipt["listed"]["verified"];
    assert_eq!((&proofs["accepted-change"], &proofs["host"]), (&1.into(), &(toy.files.len() - 1).into()), "{proofs}");
}
