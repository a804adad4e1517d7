//! figshare.

use crate::stand_ins::{Toy, figshare};

use super::contract;
use super::scene::Case;

fn case() -> Case {
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
