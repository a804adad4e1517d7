//! Chains of redirects, and what travels along them.

use std::sync::Arc;

use super::support::server::{Answer, Request, Server};
use super::{Fails, Known, Trial, Whole, known, noise};

#[test]
fn a_credential_comes_back_to_its_origin_and_goes_to_no_other() {
    let body = noise(1000, 1);
    let other = Server::start(|_| Answer::redirect("https://data.example/back?sig=1").with("set-cookie", "other=1"));
    let files = [known("a.bin", &body, Known::Digest)];
    let bytes = body.clone();
    let trial = Trial::many(&files, "auth = \"basic\"", move |request| match request.path.as_str() {
        "/a.bin" => Answer::redirect("https://other.example/there").with("set-cookie", "own=1"),
        _ if request.header("authorization").is_some() => Answer::whole(&bytes),
        _ => Answer::status(401),
    });
    let rules = format!("https://data.example/={};https://other.example/={}", trial.server.url(), other.url());
    let trial = trial
        .with("MEDSETS_REWRITE", rules)
        .with("MEDSETS_USER_HTTP_DATA_EXAMPLE", "jane")
        .with("MEDSETS_PASSWORD_HTTP_DATA_EXAMPLE", "pw");
    trial.ends("a.bin", &body, &Whole);
    assert_eq!(other.log().len(), 1);
    for name in ["authorization", "cookie", "referer"] {
        assert_eq!(other.log()[0].header(name), None, "the other origin sees no `{name}`");
        let kept = name == "authorization";
        assert!(trial.server.log().iter().all(|request| request.header(name).is_some() == kept), "{name}");
    }
}

#[test]
fn ten_redirects_are_followed_and_no_more() {
    for (hops, end) in [(10, Whole), (11, Fails(34, &["redirect"])), (30, Fails(34, &["redirect"]))] {
        let body = noise(1000, 1);
        let bytes = body.clone();
        let trial = Trial::one("0", &body, Known::Digest, move |request| hop(request, hops, &bytes));
        trial.ends("0", &body, &end);
        assert_eq!(trial.server.log().len(), 11.min(hops + 1));
    }
}

/// `/0` leads to `/1`, and so on, to the file.
fn hop(request: &Request, hops: usize, body: &Arc<Vec<u8>>) -> Answer {
    let at: usize = request.path.trim_start_matches('/').parse().unwrap();
    if at == hops { Answer::whole(body) } else { Answer::redirect(format!("/{}", at + 1)) }
}

#[test]
fn two_hosts_that_send_back_and_forth_are_left() {
    let body = noise(1000, 1);
    let other = Server::start(|_| Answer::redirect("https://data.example/a.bin"));
    let trial = Trial::one("a.bin", &body, Known::Digest, |_| Answer::redirect("https://other.example/a.bin"));
    let rules = format!("https://data.example/={};https://other.example/={}", trial.server.url(), other.url());
    let trial = trial.with("MEDSETS_REWRITE", rules);
    trial.ends("a.bin", &body, &Fails(34, &["redirect", "10 redirects"]));
    assert_eq!(trial.server.log().len() + other.log().len(), 11);
}
