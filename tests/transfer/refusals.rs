//! Hosts that refuse parts of a file, and may send the whole.

use std::sync::Arc;

use super::support::server::{Answer, Request, Server, Then};
use super::{CUT, Fails, Known, SIZE, Trial, Whole, noise};

/// Large enough for several connections: three pieces of 16 MiB at most.
const BIG: usize = 34 << 20;
const PIECE: usize = 16 << 20;

/// Requests for parts, and for the whole; none for a part comes after one for the whole.
#[track_caller]
fn asked(server: &Server) -> (usize, usize) {
    let log = server.log();
    let parts = log.iter().take_while(|request| request.header("range").is_some()).count();
    let whole = log[parts..].iter().filter(|request| request.header("range").is_none()).count();
    assert_eq!(parts + whole, log.len(), "a part is asked for again: {log:#?}");
    (parts, whole)
}

/// Whether a part begins at `from` or behind it.
fn is_behind(request: &Request, from: usize) -> bool {
    request.range(BIG).is_some_and(|(first, _)| first >= from)
}

#[test]
fn a_host_that_refuses_parts_is_asked_for_the_whole_once() {
    #[track_caller]
    fn check(what: Known, parts: usize, refusal: Answer) {
        let body = noise(BIG, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, what, move |request| match request.header("range") {
            Some(_) => refusal.clone(),
            None => Answer::whole(&bytes).with("etag", "\"a\""),
        });
        trial.ends("a.bin", &body, &Whole);
        assert_eq!(asked(&trial.server), (parts, 1));
    }
    let nothing = format!("bytes */{BIG}");
    check(Known::Digest, 1, Answer::status(416));
    check(Known::Digest, 1, Answer::status(416).with("content-range", nothing));
    check(Known::Digest, 1, Answer::status(400));
    check(Known::Digest, 1, Answer::status(403));
    check(Known::Digest, 1, Answer::status(405));
    check(Known::Digest, 3, Answer::status(501)); // a server error: it is asked again first
    check(Known::Size, 0, Answer::status(416)); // nothing proves that pieces belong together
}

#[test]
fn a_host_that_refuses_parts_after_some_is_asked_for_the_whole() {
    for from in [1, 2 * PIECE] {
        let body = noise(BIG, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match is_behind(request, from) {
            true => Answer::status(416),
            false => Answer::file(request, &bytes, "\"a\""),
        });
        let trial = trial.with("MEDSETS_RANGES", "2");
        trial.ends("a.bin", &body, &Whole);
        let (parts, whole) = asked(&trial.server);
        assert!(parts <= 3 && whole == 1, "{parts} {whole}");
    }
}

/// What came of it stays where the whole is refused too, and serves the next run.
#[test]
fn a_host_that_refuses_parts_and_has_no_whole_ends_the_run() {
    let body = noise(BIG, 1);
    let trial = Trial::one("a.bin", &body, Known::Digest, |request| match request.header("range") {
        Some(_) => Answer::status(416),
        None => Answer::status(404),
    });
    trial.ends("a.bin", &body, &Fails(35, &["a.bin", "status 404"]));
    assert_eq!(asked(&trial.server), (1, 1));

    // The third piece is asked for once one of the first two is written.
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.header("range") {
        None => Answer::status(404),
        Some(_) if is_behind(request, 2 * PIECE) => Answer::status(416),
        Some(_) => Answer::file(request, &bytes, "\"a\""),
    });
    let trial = trial.with("MEDSETS_RANGES", "2");
    trial.ends("a.bin", &body, &Fails(35, &["a.bin", "status 404"]));
    assert_eq!(asked(&trial.server), (3, 1));
    assert!(trial.parts() >= PIECE as u64, "{}", trial.parts());
    let served = body.clone();
    let mended = Server::start(move |request| Answer::file(request, &served, "\"a\""));
    let trial = trial.with("MEDSETS_REWRITE", format!("https://data.example/={}", mended.url()));
    trial.ends("a.bin", &body, &Whole);
    assert!(mended.served() <= (BIG - PIECE) as u64, "what was held came again: {}", mended.served());
}

#[test]
fn other_bytes_in_the_whole_are_refused_and_not_asked_for_without_end() {
    for size in [SIZE, BIG - 1, BIG, BIG + 1] {
        let (body, other) = (noise(BIG, 1), noise(size, 2));
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.header("range") {
            Some(_) => Answer::status(416),
            None => Answer::whole(&other),
        });
        trial.ends("a.bin", &body, &Fails(40, &["a.bin"]));
        assert!(trial.server.log().len() <= 4, "twice, as whenever bytes are wrong: {:#?}", trial.server.log());
        assert_eq!(trial.parts(), 0);
    }
}

/// A stream that broke is not continued where the host refuses the rest.
#[test]
fn the_rest_of_a_file_that_is_refused_is_had_with_the_whole() {
    #[track_caller]
    fn check(then: fn(&Request, &Arc<Vec<u8>>) -> Answer, end: &super::End, most: usize) {
        let body = noise(SIZE, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.nth {
            0 => Answer::whole(&bytes).with("etag", "\"a\"").cut(CUT, Then::Close),
            _ if request.header("range").is_some() => Answer::status(416),
            _ => then(request, &bytes),
        });
        trial.ends("a.bin", &body, end);
        let log = trial.server.log();
        assert_eq!(log.iter().filter(|request| request.header("range").is_some()).count(), 1, "{log:#?}");
        assert!(log.len() <= most, "{} requests", log.len());
    }
    check(|_, bytes| Answer::whole(bytes), &Whole, 3);
    check(|_, bytes| Answer::whole(bytes).cut(CUT, Then::Close), &Fails(41, &["a.bin"]), 5);
}
