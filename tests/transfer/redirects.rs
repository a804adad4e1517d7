//! Chains of redirects, and what travels along them.

use std::sync::Arc;

use super::support::server::{Answer, Request, Server};
use super::{Fails, Known, Trial, Whole, known, noise};

/// A host that redirects elsewhere, whence the chain comes back, with an account stored for it.
fn there_and_back(at_home: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Trial, Server) {
    let back = "https://data.example/back?sig=1";
    let other = Server::start(move |_| Answer::redirect(back).with("set-cookie", "other=1"));
    let files = [known("a.bin", &noise(1000, 1), Known::Digest)];
    let trial = Trial::many(&files, "auth = \"basic\"", move |request| match request.path.as_str() {
        "/a.bin" => Answer::redirect("/b.bin").with("set-cookie", "own=1"),
        "/b.bin" => Answer::redirect("https://other.example/there"),
        _ => at_home(request),
    });
    let rules = format!("https://data.example/={};https://other.example/={}", trial.server.url(), other.url());
    let trial = trial
        .with("MEDSETS_REWRITE", rules)
        .with("MEDSETS_USER_HTTP_DATA_EXAMPLE", "jane")
        .with("MEDSETS_PASSWORD_HTTP_DATA_EXAMPLE", "two words 7");
    (trial, other)
}

/// Who leads back chooses the address, and so what the credential would be used for.
#[test]
fn a_credential_that_was_left_behind_is_not_taken_up_again() {
    let body = noise(1000, 1);
    let bytes = body.clone();
    let (trial, other) = there_and_back(move |_| Answer::whole(&bytes));
    trial.ends("a.bin", &body, &Whole);
    assert_eq!(other.log().len(), 1);
    for name in ["authorization", "cookie", "referer"] {
        assert_eq!(other.log()[0].header(name), None, "the other origin sees no `{name}`");
    }
    let log = trial.server.log();
    let seen: Vec<_> = log.iter().map(|asked| (asked.path.as_str(), asked.header("authorization").is_some())).collect();
    assert_eq!(seen, [("/a.bin", true), ("/b.bin", true), ("/back?sig=1", false)]);
}

#[test]
fn a_host_that_wants_it_after_all_is_told_of() {
    let (trial, _other) = there_and_back(|_| Answer::status(401));
    trial.ends("a.bin", &noise(1000, 1), &Fails(34, &["comes back from another host", "not sent"]));
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
