//! Answers that bring something else than the file: nothing, or a web page.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::support::server::{Answer, Length, Request, Then};
use super::{End, Fails, Known, SIZE, Trial, Whole, noise};

#[test]
fn an_empty_answer_is_no_file_unless_it_is_known_to_be_empty() {
    #[track_caller]
    fn check(bytes: &[u8], what: Known, answer: fn(Answer) -> Answer, end: &End) {
        let trial = Trial::one("a.bin", bytes, what, move |_| answer(Answer::text("")));
        trial.ends("a.bin", bytes, end);
        assert_eq!(trial.parts(), 0);
        let lengths = trial.server.log().len();
        assert!(lengths <= 3, "{lengths} requests");
    }
    let nothing = Fails(41, &["a.bin", "the host sent nothing"]);
    check(b"", Known::Nothing, |answer| answer, &nothing);
    check(b"", Known::Nothing, |answer| answer.length(Length::Chunked), &nothing);
    check(b"", Known::Nothing, |answer| answer.length(Length::Untold), &nothing);
    check(b"", Known::Nothing, |answer| answer.with_status(204), &Fails(34, &["a.bin", "the host sent nothing"]));
    for what in [Known::Size, Known::Digest] {
        check(b"", what, |answer| answer, &Whole);
        check(b"", what, |answer| answer.length(Length::Untold), &Whole);
    }
}

/// Whatever its size was, it is told at once, and taken by a person's word.
#[test]
fn a_file_that_became_empty_is_taken_by_the_persons_word_alone() {
    #[track_caller]
    fn check(what: Known, size: usize, answer: fn(&Request) -> Answer) {
        let body = noise(size, 1);
        let trial = Trial::one("a.bin", &body, what, answer);
        trial.ends("a.bin", &body, &Fails(40, &["a.bin", "--accept-changed FILE --reason TEXT"]));
        assert!(trial.server.log().len() <= 2, "{:#?}", trial.server.log());
        let taken = ["fetch", "wild", "--accept-changed", "a.bin", "--reason", "withdrawn"];
        trial.home.run(&taken).expect(0).says(&["taken by your word"]);
        assert_eq!(trial.file("a.bin").as_deref(), Some(&b""[..]));
        let receipt = std::fs::read_to_string(trial.home.data().join("wild/1/.medsets/receipt.json")).unwrap();
        assert!(receipt.contains("withdrawn"), "{receipt}");
    }
    for (size, what) in [1000, SIZE, 34 << 20].into_iter().flat_map(|size| [(size, Known::Digest), (size, Known::Size)])
    {
        check(what, size, |_| Answer::text(""));
        check(what, size, |request| match request.header("range") {
            Some(_) => Answer::status(416).with("content-range", "bytes */0"),
            None => Answer::text("").with("etag", "\"a\""),
        });
    }
    // Of a file of which nothing was known an empty answer says as little.
    let trial = Trial::one("a.bin", b"", Known::Nothing, |_| Answer::text(""));
    trial.ends("a.bin", b"", &Fails(41, &["a.bin", "--accept-changed FILE --reason TEXT"]));
    trial.home.run(&["fetch", "wild", "--accept-changed", "a.bin", "--reason", "it is empty"]).expect(0);
    assert_eq!(trial.file("a.bin").as_deref(), Some(&b""[..]));
}

/// An answer to a range is none to a request for the whole, and no status but 200 carries a file.
#[test]
fn a_part_that_was_not_asked_for_is_not_the_whole() {
    let part = |range: &str| Answer::text("0123456789").with_status(206).with("content-range", range);
    let answers = [
        part("bytes 0-9/35651584").with("etag", "\"a\""),
        part("bytes 0-9/10"),
        part("bytes 5-14/35651584"),
        part(""),
        Answer::whole(&noise(SIZE, 1)).with_status(206).with("content-range", "bytes 0-3145727/35651584"),
    ];
    let others = [203, 204, 205, 226, 412, 416].map(|status| Answer::text("0123456789").with_status(status));
    for answer in answers.into_iter().chain(others) {
        for (size, what) in [(SIZE, Known::Nothing), (SIZE, Known::Size), (SIZE, Known::Digest), (1000, Known::Digest)]
        {
            let answer = answer.clone();
            let trial = Trial::one("a.bin", &noise(size, 1), what, move |_| answer.clone());
            trial.ends("a.bin", b"", &Fails(34, &["a.bin", "unusable answer", "status"]));
            assert_eq!(trial.server.log().len(), 1);
            let taken = ["fetch", "wild", "--accept-changed", "a.bin", "--reason", "replaced"];
            trial.home.run(&taken).expect(34);
            assert!(trial.file("a.bin").is_none());
            assert_eq!(trial.parts(), 0);
        }
    }
}

#[test]
fn a_web_page_is_told_however_it_arrives() {
    let short = "\n<!DOCTYPE html><title>Sign in to continue</title>";
    let long = format!("{short}<body>{}", "<p>Please sign in.</p>".repeat(200));
    #[track_caller]
    fn check(page: &str, what: Known, answer: fn(Answer) -> Answer) {
        let trial = Trial::one("a.bin", &noise(page.len(), 1), what, {
            let page = Arc::new(page.as_bytes().to_vec());
            move |_| answer(Answer::whole(&page))
        });
        trial.ends("a.bin", &[], &Fails(42, &["a.bin", "web page"]));
        assert_eq!(trial.server.log().len(), 1);
        assert_eq!(trial.parts(), 0, "nothing of a page is kept");
    }
    for what in [Known::Digest, Known::Size, Known::Nothing] {
        for page in [short, long.as_str()] {
            check(page, what, |answer| answer);
            check(page, what, |answer| answer.paced(16, Duration::from_millis(1)));
            check(page, what, |answer| answer.length(Length::Chunked).paced(15, Duration::from_millis(1)));
            check(page, what, |answer| answer.length(Length::Untold).paced(40, Duration::from_millis(1)));
        }
    }
    check(short, Known::Nothing, |answer| answer.paced(1, Duration::from_millis(1)));
    check(short, Known::Nothing, |answer| answer.length(Length::Untold).paced(1, Duration::from_millis(1)));
    // A page that breaks off is a page all the same.
    check(short, Known::Nothing, |answer| answer.length(Length::ChunkedWithoutEnd).then(Then::Reset));
}

#[test]
fn a_page_in_a_transport_encoding_is_told_as_well() {
    for (size, what) in [(10, Known::Nothing), (200_000, Known::Nothing), (10, Known::Size)] {
        let page = format!("<html><title>Sign in</title>{}", String::from_utf8_lossy(&noise(size, 1)).repeat(20));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(page.as_bytes()).unwrap();
        let packed = Arc::new(encoder.finish().unwrap());
        let trial = Trial::one("a.bin", page.as_bytes(), what, move |_| {
            Answer::whole(&packed).with("content-encoding", "gzip")
        });
        trial.ends("a.bin", &[], &Fails(42, &["web page", "Sign in"]));
        assert_eq!(trial.parts(), 0);
    }
    // The host only says so.
    for filler in [10, 2 << 20] {
        let page = format!("<html><title>Sign in</title>{}", "x".repeat(filler));
        let bytes = Arc::new(page.clone().into_bytes());
        let trial = Trial::one("a.bin", page.as_bytes(), Known::Nothing, move |_| {
            Answer::whole(&bytes).with("content-encoding", "gzip")
        });
        trial.ends("a.bin", &[], &Fails(42, &["web page", "Sign in"]));
        assert_eq!(trial.parts(), 0);
    }
}
