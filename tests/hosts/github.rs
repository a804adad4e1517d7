//! GitHub: single files of a commit. Its generated archives are tried in `tests/cli/medquad.rs`.

use crate::stand_ins::{Toy, github};

use super::contract;
use super::scene::Case;

fn case() -> Case {
    Case {
        provider: "github",
        keys: "owner = \"o\"\nrepo = \"r\"\ncommit = \"89abcdef0123456789abcdef0123456789abcdef\"\ntake = \"raw\"",
        addresses: &[("https://raw.githubusercontent.com/", "raw/")],
        answer: github::answer,
        toy: Toy::new(),
        listing: "",
        token: None,
    }
}

#[test]
fn keeps_the_contract() {
    let scene = case().start();
    scene.names_files(&case().toy, |_| String::new());
    contract::fetches(&case(), &scene);
}

#[test]
fn a_token_that_is_stored_is_not_sent() {
    let scene = case().start().with("MEDSETS_TOKEN_GITHUB", "ghx-Wb7rXk2mQz9d");
    scene.names_files(&case().toy, |_| String::new());
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert!(scene.host.log().iter().all(|asked| asked.header("authorization").is_none()));
    scene.never_shows("ghx-Wb7rXk2mQz9d", &[&ran]);
}
