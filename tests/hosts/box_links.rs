//! Box.

use crate::stand_ins::{Toy, box_links};

use super::contract;
use super::scene::Case;

fn case() -> Case {
    Case {
        provider: "box",
        keys: "tenant = \"acme\"\nvanity = \"toys\"",
        addresses: &[
            ("https://acme.box.com/", "tenant/"),
            ("https://acme.app.box.com/", "app/"),
            ("https://public.boxcloud.com/", "cloud/"),
        ],
        answer: box_links::answer,
        toy: Toy::new(),
        listing: "",
        token: None,
    }
}

#[test]
fn keeps_the_contract() {
    let scene = case().start();
    // By static links, by ids, and by ids where the link has died.
    scene.names_files(&case().toy, |at| match at % 3 {
        0 => format!("at.host = {{ static = \"s{at}\" }}"),
        1 => format!("at.host = {{ file-id = \"{at}\" }}"),
        _ => format!("at.host = {{ static = \"gone\", file-id = \"{at}\" }}"),
    });
    contract::fetches(&case(), &scene);
}
