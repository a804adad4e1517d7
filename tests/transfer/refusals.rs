//! Hosts that refuse parts of a file, and may send the whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::server::{Answer, Length, Request, Server, Then};
use super::{CUT, Fails, Known, SIZE, Trial, Whole, noise};

/// Large enough for several connections: three pieces of 16 MiB at most.
const BIG: usize = 34 << 20;
const PIECE: usize = 16 << 20;

/// Requests for parts, and for the whole.
fn asked(server: &Server) -> (usize, usize) {
    let log = server.log();
    let parts = log.iter().filter(|request| request.header("range").is_some()).count();
    (parts, log.len() - parts)
}

/// Whether a part has bytes at `from` or behind it.
fn is_behind(request: &Request, from: usize) -> bool {
    request.range(BIG).is_some_and(|(_, last)| last >= from)
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
        let ran = trial.fetch().expect(0);
        assert!(trial.file("a.bin").as_deref() == Some(&**body));
        assert_eq!(asked(&trial.server), (parts, 1));
        assert_eq!(ran.stderr.contains("all of it is asked for"), parts > 0, "{}", ran.stderr);
    }
    let nothing = format!("bytes */{BIG}");
    check(Known::Digest, 3, Answer::status(416));
    check(Known::Digest, 3, Answer::status(416).with("content-range", nothing));
    check(Known::Digest, 3, Answer::status(400));
    check(Known::Digest, 1, Answer::status(403)); // asked once, as always
    check(Known::Digest, 3, Answer::status(405));
    check(Known::Digest, 3, Answer::status(501));
    // It says that there are none: the whole may tell another tale.
    check(Known::Digest, 1, Answer::status(416).with("content-range", "bytes */0"));
    check(Known::Digest, 1, Answer::status(416).with("content-range", format!("bytes */{SIZE}")));
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
        assert_eq!(asked(&trial.server).1, 1);
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
    assert_eq!(asked(&trial.server), (3, 1));

    // The third piece is asked for once one of the first two is written.
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.header("range") {
        None => Answer::status(404),
        Some(_) if is_behind(request, 2 * PIECE) => Answer::status(416),
        Some(_) => Answer::file(request, &bytes, "\"a\""),
    });
    let trial = trial.with("MEDSETS_RANGES", "2");
    trial.ends("a.bin", &body, &Fails(35, &["a.bin", "status 404"]));
    assert_eq!(asked(&trial.server).1, 1);
    goes_on(trial, &body);
}

/// Fails the test unless what is held serves the next run.
#[track_caller]
fn goes_on(trial: Trial, body: &Arc<Vec<u8>>) {
    let served = body.clone();
    let mended = Server::start(move |request| Answer::file(request, &served, "\"a\""));
    let trial = trial.with("MEDSETS_REWRITE", format!("https://data.example/={}", mended.url()));
    trial.ends("a.bin", body, &Whole);
    assert!(mended.served() <= (BIG - PIECE) as u64, "what was held came again: {}", mended.served());
}

/// What came stays, and no byte of it is asked for again.
#[test]
fn a_part_that_is_refused_once_is_asked_for_again() {
    for refusal in [
        Answer::status(400),
        Answer::status(403),
        Answer::status(405),
        Answer::status(416),
        Answer::status(501),
        Answer::text("other bytes").with_status(206),
    ] {
        let (body, refusals) = (noise(BIG, 1), AtomicUsize::new(0));
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| {
            let is_first = is_behind(request, 2 * PIECE) && refusals.fetch_add(1, Ordering::Relaxed) == 0;
            if is_first { refusal.clone() } else { Answer::file(request, &bytes, "\"a\"") }
        });
        let trial = trial.with("MEDSETS_RANGES", "2");
        trial.ends("a.bin", &body, &Whole);
        assert_eq!(asked(&trial.server).1, 0, "the whole is asked for");
    }
}

/// A cache may send the whole and say that it is the part: nobody can tell where it begins.
#[test]
fn a_body_that_is_longer_than_the_part_is_none_of_it() {
    for (size, length) in [SIZE, BIG].into_iter().flat_map(|size| [(size, Length::True), (size, Length::Chunked)]) {
        for what in [Known::Digest, Known::Size, Known::Nothing] {
            let body = noise(size, 1);
            let bytes = body.clone();
            let trial = Trial::one("a.bin", &body, what, move |request| {
                let whole = Answer::whole(&bytes).with("etag", "\"a\"");
                match request.range(size) {
                    None if request.nth == 0 => whole.cut(CUT, Then::Close),
                    None => whole,
                    Some((first, last)) => {
                        let range = format!("bytes {first}-{last}/{size}");
                        whole.with_status(206).with("content-range", range).length(length)
                    }
                }
            });
            trial.ends("a.bin", &body, &Whole);
            trial.home.run(&["verify", "wild"]).expect(0);
        }
    }
}

/// The whole passes over what is held; where it breaks off before its end, that serves the parts.
#[test]
fn parts_are_tried_again_where_the_whole_breaks_off() {
    const BROKEN: usize = 20 << 20;
    let (body, wholes) = (noise(BIG, 1), AtomicUsize::new(0));
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |request| {
        let answer = Answer::file(request, &bytes, "\"a\"");
        match request.header("range") {
            None => {
                wholes.fetch_add(1, Ordering::Relaxed);
                answer.cut(BROKEN, Then::Close)
            }
            Some(_) if is_behind(request, 2 * PIECE) && wholes.load(Ordering::Relaxed) == 0 => Answer::status(400),
            Some(_) => answer,
        }
    });
    let trial = trial.with("MEDSETS_RANGES", "2");
    trial.ends("a.bin", &body, &Whole);
    assert_eq!(asked(&trial.server).1, 1, "the whole is asked for once");
}

#[test]
fn what_is_held_stays_where_the_whole_is_a_page_or_of_another_size() {
    let page = Answer::text("<!doctype html><title>Sign in</title>").with("content-type", "text/html");
    let sized = |size| Answer::whole(&noise(size, 1));
    for (whole, end) in [
        (page, Fails(42, &["a.bin", "web page"])),
        (sized(BIG - 5), Fails(40, &["a.bin", "at the host"])),
        (sized(BIG + 5), Fails(40, &["a.bin", "at the host"])),
        (sized(0), Fails(40, &["a.bin", "at the host"])),
    ] {
        let body = noise(BIG, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.header("range") {
            None => whole.clone(),
            Some(_) if is_behind(request, 2 * PIECE) => Answer::status(416),
            Some(_) => Answer::file(request, &bytes, "\"a\""),
        });
        let trial = trial.with("MEDSETS_RANGES", "2");
        trial.ends("a.bin", &body, &end);
        assert_eq!(asked(&trial.server).1, 1, "the whole is asked for once");
        goes_on(trial, &body);
    }
}

#[test]
fn what_is_not_of_the_range_does_not_change_with_it() {
    let statuses = [402, 406, 409, 421, 422, 428, 431].map(Answer::status);
    let malformed = Answer::status(206).raw_head("HTTP/1.1 206 -\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n");
    for refusal in statuses.into_iter().chain([malformed.then(Then::Close)]) {
        let body = noise(BIG, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.header("range") {
            Some(_) => refusal.clone(),
            None => Answer::whole(&bytes),
        });
        trial.ends("a.bin", &body, &Fails(34, &["a.bin", "unusable answer"]));
        assert_eq!(asked(&trial.server), (1, 0));
    }
}

/// A plain address does not expire, whatever came by it before.
#[test]
fn a_plain_address_that_is_refused_in_the_middle_is_no_link_that_has_expired() {
    let body = noise(BIG, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.header("range") {
        Some(_) if !is_behind(request, 2 * PIECE) => Answer::file(request, &bytes, "\"a\""),
        _ => Answer::status(403),
    });
    let trial = trial.with("MEDSETS_RANGES", "2");
    trial.ends("a.bin", &body, &Fails(22, &["a.bin", "does not permit"]));
    goes_on(trial, &body);
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
        // Of another size it is refused by its head; other bytes are had twice, as always.
        let rounds = if size == BIG { 2 } else { 1 };
        assert_eq!(trial.server.log().len(), rounds * 4, "{:#?}", trial.server.log());
        assert_eq!(trial.parts(), 0);
    }
}

/// A stream that broke is not continued where the host refuses the rest.
#[test]
fn the_rest_of_a_file_that_is_refused_is_had_with_the_whole() {
    #[track_caller]
    fn check(then: fn(&Request, &Arc<Vec<u8>>) -> Answer, end: &super::End, parts: usize, wholes: usize) {
        let body = noise(SIZE, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.nth {
            0 => Answer::whole(&bytes).with("etag", "\"a\"").cut(CUT, Then::Close),
            _ if request.header("range").is_some() => Answer::status(416),
            _ => then(request, &bytes),
        });
        trial.ends("a.bin", &body, end);
        assert_eq!(asked(&trial.server), (parts, wholes));
    }
    check(|_, bytes| Answer::whole(bytes), &Whole, 3, 2);
    // After each whole that breaks off a part is asked for once.
    check(|_, bytes| Answer::whole(bytes).cut(CUT, Then::Close), &Fails(41, &["a.bin"]), 4, 3);
}
