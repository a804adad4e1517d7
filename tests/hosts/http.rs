//! Plain web hosts.

use crate::stand_ins::{Setup, Toy};
use crate::support::host::{Asked, Reply};

use super::contract;
use super::scene::{Case, Scene};

const PASSWORD: &str = "Pw-7x+Qm2/zT9";

fn case() -> Case {
    Case {
        provider: "http",
        keys: "base = \"https://files.example.org/toys/\"",
        addresses: &[("https://files.example.org/", "")],
        answer: served,
        toy: Toy::new(),
        listing: "",
        token: None,
    }
}

/// With a token as `USER:PASSWORD` in base64 it asks who comes.
fn served(setup: &Setup, asked: &Asked) -> Reply {
    let wanted = setup.token.as_ref().map(|token| format!("Basic {token}"));
    if wanted.is_some() && asked.header("authorization") != wanted.as_deref() {
        return Reply::status(401).with("www-authenticate", "Basic realm=\"toys\"");
    }
    match asked.place().strip_prefix("/toys/").and_then(|name| setup.toy.bytes(name)) {
        Some(bytes) => Reply::file(asked, bytes.to_vec()),
        None => Reply::status(404),
    }
}

fn started(case: &Case) -> Scene {
    let scene = case.start();
    scene.names_files(&case.toy, |_| String::new());
    scene
}

#[test]
fn keeps_the_contract() {
    contract::fetches(&case(), &started(&case()));
}

#[test]
fn its_password_stays_with_it() {
    use base64::Engine as _;
    let token: &str = base64::engine::general_purpose::STANDARD.encode(format!("jdoe:{PASSWORD}")).leak();
    let keys = "base = \"https://files.example.org/toys/\"\nauth = \"basic\"";
    let asks = || Case { keys, token: Some(token), ..case() };
    started(&asks()).run(&["fetch", "toy"]).expect(20).says(&["http-files-example-org"]);
    let login = contract::Login { user: Some("jdoe"), ..contract::Login::token(PASSWORD) };
    // The login is kept under the host's name.
    let named = Case { provider: "http-files-example-org", ..asks() };
    contract::a_stored_login(&named, started(&asks()), &login);
}
