//! The Open Science Framework.

use crate::stand_ins::{Toy, osf};

use super::contract;
use super::scene::Case;

pub(super) fn case() -> Case {
    Case {
        provider: "osf",
        keys: "node = \"abcde\"",
        addresses: &[("https://api.osf.io/", ""), ("https://files.osf.io/", "files/")],
        answer: osf::answer,
        toy: Toy::new(),
        listing: "/v2/nodes/abcde/files/",
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
        &Case { token: Some("OSF-5e1d2c8b7a"), ..case() },
        &contract::Login::token("OSF-5e1d2c8b7a"),
    );
    contract::with_a_token(&Case { token: Some("OSF-5e1d2c8b7a"), ..case() }, "OSF-5e1d2c8b7a");
}

#[test]
fn a_private_project_asks_for_a_token() {
    Case { token: Some("OSF-5e1d2c8b7a"), ..case() }.start().run(&["fetch", "toy"]).expect(20);
}
