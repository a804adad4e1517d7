//! Answers that are hardly answers: odd heads, and bodies whose end is told in two ways.

use super::support::server::{Answer, Length, Then};
use super::{End, Fails, Known, SIZE, Trial, Whole, noise};

#[test]
fn odd_heads_are_handled_or_refused_at_once() {
    #[track_caller]
    fn check(head: impl Fn(usize) -> String, end: &End) {
        for size in [1000, SIZE] {
            let body = noise(size, 1);
            let (bytes, head) = (body.clone(), head(size));
            let trial = Trial::one("a.bin", &body, Known::Digest, move |_| {
                Answer::whole(&bytes).raw_head(head.clone()).then(Then::Close)
            });
            trial.ends("a.bin", &body, end);
            assert_eq!(trial.server.log().len(), 1, "what cannot be read is not asked for again");
        }
    }
    let good = |size: usize, more: &str| format!("HTTP/1.1 200 OK\r\n{more}content-length: {size}\r\n\r\n");
    let refused = Fails(34, &["a.bin", "unusable answer"]);
    check(|size| good(size, ""), &Whole);
    check(|size| format!("HTTP/1.1 103 Early Hints\r\nlink: </x.css>\r\n\r\n{}", good(size, "")), &Whole);
    check(|size| format!("HTTP/1.1 100 Continue\r\n\r\n{}", good(size, "")), &Whole);
    check(|size| good(size, &format!("x-filler: {}\r\n", "x".repeat(70 << 10))), &Whole);
    check(|size| good(size, &format!("content-length: {size}\r\n")), &Whole); // twice the same
    check(|size| good(size, &format!("x-filler: {}\r\n", "x".repeat(2 << 20))), &refused);
    check(|size| good(size, &"x-filler: x\r\n".repeat(1000)), &refused);
    check(|size| good(size, &format!("content-length: {}\r\n", size + 1)), &refused);
    check(|_| "HELLO WORLD\r\n\r\n".to_owned(), &refused);
    check(|size| good(size, "no colon\r\n"), &refused);
}

#[test]
fn a_length_beside_chunks_is_refused_before_the_body() {
    for size in [1000, SIZE] {
        for (name, value) in [("content-length", "5"), ("transfer-encoding", "gzip, chunked")] {
            let body = noise(size, 1);
            let bytes = body.clone();
            let trial = Trial::one("a.bin", &body, Known::Nothing, move |_| {
                Answer::whole(&bytes).with(name, value).length(Length::ChunkedWithoutEnd).then(Then::Endless)
            });
            trial.ends("a.bin", &body, &Fails(34, &["a.bin", "unusable answer"]));
            assert_eq!(trial.server.log().len(), 1);
            assert!(trial.server.served() < 16 << 20, "{} bytes were taken", trial.server.served());
        }
    }
}
