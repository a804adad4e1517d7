//! The program against hosts that misbehave: what it asks, what it keeps, and how it ends.
//!
//! Bytes on the wire come from `support/server.rs`. Each file of a test is named in an overlay
//! entry whose base address is rewritten to that server.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::panic,
    clippy::redundant_closure,
    reason = "not the library: it sets its scene by hand"
)]

mod support;

#[path = "transfer/contents.rs"]
mod contents;
#[path = "transfer/framing.rs"]
mod framing;
#[path = "transfer/limits.rs"]
mod limits;
#[path = "transfer/links.rs"]
mod links;
#[path = "transfer/multiplexed.rs"]
mod multiplexed;
#[path = "transfer/patience.rs"]
mod patience;
#[path = "transfer/proxy.rs"]
mod proxy;
#[path = "transfer/redirects.rs"]
mod redirects;
#[path = "transfer/refusals.rs"]
mod refusals;
#[path = "transfer/tls.rs"]
mod tls;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use medsets::values::Digest;

use support::home::{Home, Ran, tree, until};
use support::server::{Answer, Length, Request, Server, Then};

/// What the entry knows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Digest,
    Size,
    Nothing,
}

/// A server and a home whose overlay entry `wild` has its files there.
struct Trial {
    home: Home,
    server: Server,
}

/// How a run is to end.
enum End {
    /// With the file whole.
    Whole,
    /// With this exit code, and these words on standard error; nothing is shown.
    Fails(u8, &'static [&'static str]),
}

use End::{Fails, Whole};

/// An entry with these files: path, size, SHA-256. `source` is more lines for its source.
fn entry(files: &[(&str, Option<usize>, Option<String>)], source: &str) -> String {
    let mut text = format!(
        "id = \"wild\"\ntitle = \"Wild\"\nsummary = \"Files of a host that misbehaves.\"\n\
         maintainer = {{ name = \"us\" }}\nmodality = [\"text\"]\ntask = [\"classification\"]\nformat = [\"csv\"]\n\n\
         [[release]]\nversion = \"1\"\ndefault = true\nlicense = \"CC0-1.0\"\n\n\
         [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://data.example/\"\n{source}\n"
    );
    for (path, size, sha256) in files {
        text.push_str(&format!("\n[[release.file]]\npath = \"{path}\"\n"));
        text.extend(size.map(|size| format!("size = {size}\n")));
        text.extend(sha256.as_ref().map(|hex| format!("sha256 = \"{hex}\"\n")));
    }
    text
}

/// Bytes that do not compress and are no web page.
fn noise(size: usize, seed: u64) -> Arc<Vec<u8>> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    Arc::new(bytes)
}

fn known(path: &str, bytes: &[u8], known: Known) -> (String, Option<usize>, Option<String>) {
    let size = (known != Known::Nothing).then_some(bytes.len());
    (path.to_owned(), size, (known == Known::Digest).then(|| Digest::sha256(bytes).hex()))
}

/// A home whose overlay entry `wild` has its files at `url`.
fn home(url: &str, files: &[(String, Option<usize>, Option<String>)], source: &str) -> Home {
    let files: Vec<_> = files.iter().map(|(path, size, hex)| (path.as_str(), *size, hex.clone())).collect();
    let home = Home::new();
    let overlay = home.overlay("wild.toml", &entry(&files, source));
    home.with("MEDSETS_CATALOG", overlay)
        .with("MEDSETS_REWRITE", format!("https://data.example/={url}"))
        .with("MEDSETS_STALL_TIMEOUT", "1s")
        .with("MEDSETS_RETRIES", "2")
}

impl Trial {
    /// With one file `path`.
    fn one(path: &str, bytes: &[u8], what: Known, script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::many(&[known(path, bytes, what)], "", script)
    }

    /// With several files and more lines for the source.
    fn many(
        files: &[(String, Option<usize>, Option<String>)],
        source: &str,
        script: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::with_server(Server::start(script), files, source)
    }

    /// With files on a server that runs already.
    fn with_server(server: Server, files: &[(String, Option<usize>, Option<String>)], source: &str) -> Self {
        let home = home(&server.url(), files, source);
        Self { home, server }
    }

    fn with(self, name: &str, value: impl Into<String>) -> Self {
        Self { home: self.home.with(name, value), server: self.server }
    }

    fn without(self, name: &str) -> Self {
        Self { home: self.home.without(name), server: self.server }
    }

    fn fetch(&self) -> Ran {
        self.home.run(&["fetch", "wild"])
    }

    /// A finished file; `None` when it is not shown.
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(self.home.data().join("wild/1/data").join(path)).ok()
    }

    /// Fails the test unless the run ends so.
    #[track_caller]
    fn ends(&self, path: &str, bytes: &[u8], end: &End) {
        let ran = self.fetch();
        match end {
            Whole => {
                let log = self.server.log();
                ran.expect(0);
                assert!(self.file(path).as_deref() == Some(bytes), "`{path}` holds other bytes: {log:#?}");
            }
            Fails(code, words) => {
                ran.expect(i32::from(*code)).says(words);
                assert!(self.file(path).is_none(), "`{path}` is shown");
            }
        }
    }

    /// Bytes in unfinished files.
    fn parts(&self) -> u64 {
        let all = tree(self.home.path());
        all.iter().filter(|(name, _)| name.ends_with(".part")).map(|(_, bytes)| bytes.len() as u64).sum()
    }
}

/// Two MiB and three: large enough to be kept in parts.
const CUT: usize = 2 << 20;
const SIZE: usize = 3 << 20;

#[test]
fn a_broken_transfer_goes_on_where_it_broke() {
    #[track_caller]
    fn check(what: Known, times: usize, then: Then, length: Length) {
        let body = noise(SIZE, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, what, move |request| {
            let answer = Answer::file(request, &bytes, "\"a\"");
            if request.nth < times { answer.length(length).cut(CUT / times, then) } else { answer }
        });
        trial.ends("a.bin", &body, &Whole);
        let log = trial.server.log();
        assert_eq!(log.len(), times + 1);
        for request in &log[1..] {
            assert!(request.header("range").is_some_and(|range| range != "bytes=0-"), "{log:#?}");
            assert_eq!(request.header("if-range"), Some("\"a\""));
        }
        assert!(trial.server.served() < SIZE as u64 + (64 << 10), "what was held came again");
    }
    check(Known::Digest, 1, Then::Reset, Length::True);
    check(Known::Nothing, 1, Then::Reset, Length::True);
    check(Known::Digest, 6, Then::Reset, Length::True); // more breaks than `MEDSETS_RETRIES`
    check(Known::Digest, 1, Then::Close, Length::True);
    check(Known::Digest, 1, Then::Stall, Length::True);
    check(Known::Nothing, 1, Then::Stall, Length::True);
    check(Known::Digest, 1, Then::Close, Length::ChunkedWithoutEnd);
    check(Known::Size, 1, Then::Close, Length::ChunkedWithoutEnd);
    // The body ends cleanly; only the catalogue knows that it is short.
    check(Known::Size, 1, Then::Close, Length::Untold);
    check(Known::Size, 1, Then::Close, Length::Says(CUT as u64));
    check(Known::Size, 1, Then::Close, Length::Chunked);
}

#[test]
fn a_transfer_that_never_gets_on_is_given_up_and_its_part_kept() {
    #[track_caller]
    fn check(code: u8, ranges: bool, then: Then, length: Length) {
        let body = noise(SIZE, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| {
            let answer = Answer::file(request, &bytes, "\"a\"");
            let whole = Answer::whole(&bytes);
            match request.header("range") {
                Some(_) if ranges => answer.cut(0, then),
                _ => whole.with("etag", "\"a\"").length(length).cut(CUT, then),
            }
        });
        trial.ends("a.bin", &body, &Fails(code, &["a.bin"]));
        assert!(trial.server.log().len() <= 5, "{} requests", trial.server.log().len());
        assert_eq!(trial.parts(), CUT as u64);
        // What is held serves the next run.
        let mended = Server::start(move |request| Answer::file(request, &body, "\"a\""));
        let trial = trial.with("MEDSETS_REWRITE", format!("https://data.example/={}", mended.url()));
        trial.fetch().expect(0);
        assert_eq!(mended.served(), (SIZE - CUT) as u64);
    }
    check(41, true, Then::Reset, Length::True);
    check(32, true, Then::Stall, Length::True);
    // Each attempt brings much, and all of it anew. However the rest stays away, it is missing.
    check(41, false, Then::Reset, Length::True);
    check(41, false, Then::Close, Length::True);
    check(41, false, Then::Close, Length::ChunkedWithoutEnd);
    check(41, false, Then::Close, Length::Untold);
    check(41, false, Then::Close, Length::Says(CUT as u64));
}

#[test]
fn small_files_that_never_arrive_are_given_up() {
    #[track_caller]
    fn check(what: Known, code: u8, answer: fn(Answer) -> Answer) {
        let body = noise(300 << 10, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, what, move |_| answer(Answer::whole(&bytes)));
        trial.ends("a.bin", &body, &Fails(code, &["a.bin"]));
        assert!(trial.server.log().len() <= 4, "{} requests", trial.server.log().len());
    }
    check(Known::Digest, 41, |answer| answer.cut(200 << 10, Then::Reset));
    check(Known::Digest, 32, |answer| answer.cut(200 << 10, Then::Stall));
    check(Known::Nothing, 41, |answer| answer.cut(200 << 10, Then::Close));
    check(Known::Size, 41, |answer| answer.length(Length::Says(200 << 10)).cut(200 << 10, Then::Close));
    check(Known::Size, 40, |answer| answer.cut(0, Then::Close).length(Length::True)); // it became empty
    check(Known::Size, 41, |answer| answer.length(Length::Chunked).cut(200 << 10, Then::Close));
    check(Known::Nothing, 41, |answer| answer.length(Length::ChunkedWithoutEnd).cut(200 << 10, Then::Close));
}

#[test]
fn no_more_is_read_than_the_file_may_have() {
    #[track_caller]
    fn check(what: Known, size: usize, answer: fn(Answer) -> Answer) {
        let body = noise(size, 1);
        let mut longer = body.to_vec();
        longer.extend_from_slice(&body[..64 << 10]);
        let longer = Arc::new(longer);
        let trial = Trial::one("a.bin", &body, what, move |_| answer(Answer::whole(&longer)));
        trial.ends("a.bin", &body, &Fails(40, &["a.bin", "larger"]));
        // Twice, because the bytes were wrong, and each time hardly more than the size.
        assert!(trial.server.served() < 2 * (size as u64 + (8 << 20)), "{}", trial.server.served());
        assert_eq!(trial.parts(), 0);
    }
    for size in [100 << 10, SIZE] {
        check(Known::Size, size, |answer| answer);
        check(Known::Digest, size, |answer| answer.length(Length::Untold));
        check(Known::Digest, size, |answer| answer.length(Length::Chunked));
        check(Known::Size, size, |answer| answer.length(Length::Untold).then(Then::Endless));
        check(Known::Size, size, |answer| answer.length(Length::ChunkedWithoutEnd).then(Then::Endless));
    }
}

#[test]
fn two_versions_are_never_joined() {
    /// Serves version one until it breaks, then what `second` makes of version two.
    #[track_caller]
    fn check(what: Known, first: fn(Answer) -> Answer, second: fn(&Request, &Arc<Vec<u8>>) -> Answer, end: &End) {
        let (old, new) = (noise(SIZE, 1), noise(SIZE, 2));
        let served = new.clone();
        let trial = Trial::one("a.bin", &new, what, move |request| match request.nth {
            0 => first(Answer::whole(&old).cut(CUT, Then::Close)),
            _ => second(request, &served),
        });
        trial.ends("a.bin", &new, end);
        assert!(trial.server.log().len() <= 12, "{} requests", trial.server.log().len());
        trial.home.run(&["verify", "wild"]).expect(0);
    }
    let strong: fn(Answer) -> Answer = |answer| answer.with("etag", "\"old\"");
    let weak: fn(Answer) -> Answer = |answer| answer.with("etag", "W/\"old\"");
    let none: fn(Answer) -> Answer = |answer| answer;
    for what in [Known::Digest, Known::Size, Known::Nothing] {
        check(what, strong, |request, new| Answer::file(request, new, "\"new\""), &Whole);
        // `If-Range` ignored: the tag of the answer tells.
        check(what, strong, |request, new| Answer::ranged(request, new).with("etag", "\"new\""), &Whole);
        check(what, strong, |request, new| Answer::ranged(request, new), &Whole);
        check(what, strong, |_, new| Answer::whole(new), &Whole); // ranges ignored
        check(what, weak, |request, new| Answer::ranged(request, new).with("etag", "W/\"new\""), &Whole);
        check(what, none, |request, new| Answer::ranged(request, new), &Whole);
    }
    // The host says "the same" and sends other bytes: only a digest can tell.
    check(Known::Digest, strong, |request, new| Answer::ranged(request, new).with("etag", "\"old\""), &Whole);
    // As a whole they go over what is held, and are proven as they lie there then.
    for what in [Known::Digest, Known::Size, Known::Nothing] {
        check(what, strong, |_, new| Answer::whole(new).with("etag", "\"old\""), &Whole);
    }
}

/// Two hosts may name two files alike: a validator is one host's.
#[test]
fn parts_of_two_hosts_are_not_joined_unless_a_digest_proves_them() {
    for (what, served) in [(Known::Nothing, SIZE), (Known::Size, SIZE), (Known::Digest, SIZE - CUT)] {
        let (old, new) = (noise(SIZE, 1), noise(SIZE, 2));
        let (first, rest) = if what == Known::Digest { (new.clone(), new.clone()) } else { (old, new.clone()) };
        let mirror = Server::start(move |request| Answer::file(request, &rest, "\"a\""));
        let files = [known("a.bin", &new, what)];
        let trial = Trial::many(&files, "mirrors = [\"https://mirror.example/\"]", move |request| match request.nth {
            0 => Answer::whole(&first).with("etag", "\"a\"").cut(CUT, Then::Close),
            _ => Answer::status(404),
        });
        let rewrite = format!("https://data.example/={};https://mirror.example/={}", trial.server.url(), mirror.url());
        let trial = trial.with("MEDSETS_REWRITE", rewrite);
        trial.ends("a.bin", &new, &Whole);
        trial.home.run(&["verify", "wild"]).expect(0);
        assert_eq!(mirror.served(), served as u64);
    }
}

#[test]
fn answers_that_fit_no_range_are_not_believed() {
    #[track_caller]
    fn check(mend: fn(Answer, &Request, &Arc<Vec<u8>>) -> Answer) {
        let body = noise(SIZE, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| {
            let answer = Answer::file(request, &bytes, "\"a\"");
            match request.header("range") {
                None if request.nth == 0 => answer.cut(CUT, Then::Close),
                None => answer,
                Some(_) => mend(answer, request, &bytes),
            }
        });
        trial.ends("a.bin", &body, &Whole);
        // What is no use as a part is asked for three times.
        assert!(trial.server.log().len() <= 5, "{} requests", trial.server.log().len());
    }
    check(|_, _, _| Answer::status(416).with("content-range", "bytes */1000"));
    check(|_, _, _| Answer::status(412));
    check(|answer, _, _| answer.with("content-range", format!("bytes 0-{}/{SIZE}", SIZE - CUT - 1)));
    check(|answer, _, _| answer.with("content-range", format!("bytes {CUT}-{}/{}", SIZE - 1, SIZE + 1)));
    check(|answer, _, _| answer.with("content-range", "nonsense"));
    check(|answer, _, _| answer.with("content-range", "bytes 5-1/3"));
    check(|_, _, bytes| Answer::whole(bytes).with_status(206).with("etag", "\"a\""));
    check(|answer, _, _| answer.with("content-type", "multipart/byteranges; boundary=x").with("content-range", ""));
    check(|answer, _, _| answer.with("content-encoding", "gzip"));
    check(|_, _, bytes| Answer::whole(bytes).with("etag", "\"a\"")); // ranges ignored
}

#[test]
fn a_host_that_changes_its_tag_each_time_ends() {
    let body = noise(SIZE, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Size, move |request| {
        let tag = format!("\"{}\"", request.nth);
        Answer::ranged(request, &bytes).with("etag", tag).cut(CUT, Then::Close)
    });
    let ran = trial.fetch();
    assert!(matches!(ran.code, Some(34 | 41)), "{ran:?}");
    assert!(trial.server.log().len() <= 12, "{} requests", trial.server.log().len());
}

#[test]
fn transport_encodings_are_undone_where_the_bytes_are_meant_without_them() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        Arc::new(encoder.finish().unwrap())
    };
    #[track_caller]
    fn check(path: &str, expected: &Arc<Vec<u8>>, what: Known, sent: &Arc<Vec<u8>>, end: &End) {
        let bytes = sent.clone();
        let script = move |_: &Request| Answer::whole(&bytes).with("content-encoding", "gzip");
        let trial = Trial::one(path, expected, what, script);
        trial.ends(path, expected, end);
        for request in trial.server.log() {
            assert_eq!(request.header("accept-encoding"), Some("identity"));
        }
    }
    for size in [10 << 10, SIZE] {
        let table = noise(size, 1);
        let packed = gzip(&table);
        for what in [Known::Digest, Known::Size, Known::Nothing] {
            check("a.csv", &table, what, &packed, &Whole);
        }
        // The host calls the file's own compression a transport encoding.
        check("a.csv.gz", &packed, Known::Digest, &packed, &Whole);
        check("a.csv.gz", &packed, Known::Nothing, &packed, &Whole);
        // It says so of bytes that are not compressed at all.
        for what in [Known::Digest, Known::Size, Known::Nothing] {
            check("a.csv", &table, what, &table, &Whole);
        }
        let broken = Arc::new(packed[..packed.len() - 100].to_vec());
        check("a.csv", &table, Known::Nothing, &broken, &Fails(34, &["a.csv", "encoding"]));
    }
    let bomb = gzip(&vec![0; 64 << 20]);
    check("a.csv", &noise(10 << 10, 1), Known::Digest, &bomb, &Fails(40, &["a.csv"]));
}

#[test]
fn an_encoding_that_cannot_be_undone_is_refused() {
    #[track_caller]
    fn check(size: usize, what: Known, end: &End) {
        let body = noise(size, 1);
        let bytes = body.clone();
        let script = move |_: &Request| Answer::whole(&bytes).with("content-encoding", "br");
        Trial::one("a.csv", &body, what, script).ends("a.csv", &body, end);
    }
    for size in [10 << 10, SIZE] {
        check(size, Known::Digest, &Whole); // the header is wrong, the bytes are not
        check(size, Known::Nothing, &Fails(34, &["a.csv", "encoding"]));
    }
}

#[test]
fn lengths_that_cannot_be_true_do_no_harm() {
    #[track_caller]
    fn check(answer: fn(Answer) -> Answer) {
        let body = noise(SIZE, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Nothing, move |request| {
            answer(Answer::file(request, &bytes, "\"a\"")).then(Then::Close)
        });
        let ran = trial.fetch();
        assert!(matches!(ran.code, Some(34 | 41)) && !ran.stderr.contains("panick"), "{ran:?}");
        assert!(trial.file("a.bin").is_none());
        // Parts are asked for over four connections, three times and then once after each whole.
        assert!(trial.server.log().len() <= 20, "{} requests", trial.server.log().len());
    }
    check(|answer| answer.length(Length::Says(u64::MAX)));
    check(|answer| answer.length(Length::Says(u64::MAX - 2)));
    check(|answer| answer.length(Length::Says(1 << 60)));
    check(|answer| answer.length(Length::Untold).with("content-length", "many"));
    check(|answer| answer.with("content-length", "7")); // two lengths
    check(|answer| answer.length(Length::Untold).with("content-length", "-5"));
}

#[test]
fn hosts_that_ask_for_a_pause_get_it() {
    #[track_caller]
    fn check(status: u16, headers: &'static [(&str, &str)], pause: Duration) {
        let body = noise(1000, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| match request.nth {
            0 => headers.iter().fold(Answer::status(status), |answer, (name, value)| answer.with(name, *value)),
            _ => Answer::whole(&bytes),
        });
        trial.ends("a.bin", &body, &Whole);
        let log = trial.server.log();
        assert_eq!(log.len(), 2);
        assert!(log[1].at - log[0].at >= pause, "{status} {headers:?}: after {:?}", log[1].at - log[0].at);
        assert!(log[1].at - log[0].at < pause + Duration::from_secs(2));
    }
    let date = [("date", "Tue, 24 Nov 2026 10:00:00 GMT"), ("retry-after", "Tue, 24 Nov 2026 10:00:01 GMT")];
    let date: &'static [(&str, &str)] = Box::leak(Box::new(date));
    let second = Duration::from_secs(1);
    for status in [429, 503] {
        check(status, &[("retry-after", "1")], second);
        check(status, date, second);
        check(status, &[("retry-after", "soon")], Duration::ZERO);
    }
    check(403, &[("retry-after", "1")], second);
    check(500, &[], Duration::ZERO);
    check(202, &[], Duration::ZERO);
}

#[test]
fn refusals_end_with_their_own_code_and_are_asked_as_often_as_makes_sense() {
    #[track_caller]
    fn check(answer: fn() -> Answer, requests: usize, code: u8, words: &'static [&'static str]) {
        let body = noise(1000, 1);
        let trial = Trial::one("a.bin", &body, Known::Digest, move |_| answer()).with("MEDSETS_RETRIES", "1");
        let ran = trial.fetch().expect(i32::from(code)).says(words);
        assert!(!ran.stderr.contains("ECHO") && !ran.stdout.contains("ECHO"), "a host's page is not shown: {ran:?}");
        assert!(trial.file("a.bin").is_none());
        assert_eq!(trial.server.log().len(), requests, "{code}");
    }
    check(|| Answer::text("ECHO").with_status(500), 2, 34, &["500"]);
    check(|| Answer::text("ECHO").with_status(401), 1, 20, &["401"]);
    check(|| Answer::text("ECHO").with_status(403), 1, 22, &["403"]);
    check(|| Answer::text("ECHO").with_status(404), 1, 35, &["404"]);
    check(|| Answer::text("ECHO").with_status(410), 1, 35, &["410"]);
    check(|| Answer::text("ECHO").with_status(400), 1, 34, &["400"]);
    check(|| Answer::status(204), 1, 34, &["204"]);
    // A day is not slept away: the person is told.
    check(|| Answer::status(429).with("retry-after", "86400"), 1, 33, &["24 h"]);
    check(|| Answer::status(503).with("retry-after", "86400"), 1, 34, &["24 h"]);
    check(|| Answer::redirect("/a.bin"), 11, 34, &["redirect"]);
    check(|| Answer::redirect("file:///etc/passwd"), 1, 34, &["redirect", "file:///etc/passwd"]);
    check(|| Answer::redirect("ftp://data.example/x"), 1, 34, &["redirect"]);
    check(|| Answer::redirect(""), 1, 34, &["redirect"]);
    check(|| Answer::status(302), 1, 34, &["redirect"]);
    check(
        || Answer::text("<!doctype html><title>Sign in to continue</title>ECHO").with("content-type", "text/html"),
        1,
        42,
        &["web page", "Sign in to continue"],
    );
}

#[test]
fn wrong_bytes_are_had_afresh_once_and_never_kept() {
    #[track_caller]
    fn check(size: usize, wrong: usize, end: &End) {
        let body = noise(size, 1);
        let mut flipped = body.to_vec();
        flipped[size / 2] ^= 1;
        let (good, flipped) = (body.clone(), Arc::new(flipped));
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| {
            Answer::file(request, if request.nth < wrong { &flipped } else { &good }, "\"a\"")
        });
        trial.ends("a.bin", &body, end);
        let log = trial.server.log();
        assert_eq!(log.len(), 2);
        assert!(log.iter().all(|request| request.header("range").is_none()), "afresh means from zero");
        assert_eq!(trial.parts(), 0);
    }
    for size in [100 << 10, SIZE] {
        check(size, 1, &Whole);
        check(size, 9, &Fails(40, &["checksum mismatch", "expected sha256:", "received sha256:"]));
    }
}

#[test]
fn a_mirror_takes_over() {
    #[track_caller]
    fn check(first: fn(&Arc<Vec<u8>>) -> Answer, mirror: fn(&Arc<Vec<u8>>) -> Answer, end: &End) {
        let body = noise(SIZE, 1);
        let bytes = body.clone();
        let files = [known("a.bin", &body, Known::Digest)];
        let trial = Trial::many(&files, "mirrors = [\"https://data.example/mirror/\"]", move |request| {
            if request.path.starts_with("/mirror/") { mirror(&bytes) } else { first(&bytes) }
        });
        trial.ends("a.bin", &body, end);
    }
    check(|_| Answer::status(404), |bytes| Answer::whole(bytes), &Whole);
    check(|_| Answer::status(500), |bytes| Answer::whole(bytes), &Whole);
    check(|_| Answer::text("<html>Moved</html>"), |bytes| Answer::whole(bytes), &Whole);
    check(|_| Answer::text("other bytes"), |bytes| Answer::whole(bytes), &Whole);
    check(|bytes| Answer::whole(bytes).cut(CUT, Then::Close), |bytes| Answer::whole(bytes), &Whole);
    check(|_| Answer::status(404), |_| Answer::status(404), &Fails(35, &["404"]));
    // Wrong bytes say more than a mirror that is gone.
    check(|bytes| Answer::whole(&Arc::new(bytes[1..].repeat(2))), |_| Answer::status(404), &Fails(40, &["a.bin"]));
}

#[test]
fn a_credential_stays_with_its_origin_and_out_of_every_file() {
    const PASSWORD: &str = "Hunter2-never-to-be-seen";
    let body = noise(SIZE, 1);
    let bytes = body.clone();
    let other = Server::start(move |request| Answer::file(request, &bytes, "\"a\""));
    let files = [known("a.bin", &body, Known::Digest), known("b.bin", &body, Known::Digest)];
    let auth = "auth = \"basic\"\nmirrors = [\"https://other.example/\"]";
    let trial =
        Trial::many(&files, auth, move |request| match (request.path.as_str(), request.header("authorization")) {
            (_, None) => Answer::status(401),
            ("/a.bin", Some(_)) => {
                Answer::redirect("https://other.example/moved?sig=1").with("set-cookie", "session=1")
            }
            (_, Some(value)) => Answer::text(value).with_status(403).with("x-error-code", value),
        });
    let rewrite = format!("https://data.example/={};https://other.example/={}", trial.server.url(), other.url());
    let trial = trial
        .with("MEDSETS_REWRITE", rewrite)
        .with("MEDSETS_USER_HTTP_DATA_EXAMPLE", "jane")
        .with("MEDSETS_PASSWORD_HTTP_DATA_EXAMPLE", PASSWORD)
        .with("MEDSETS_LOG", "trace");
    let mut printed = String::new();
    let again = ["fetch", "wild", "--json", "--to", "again"];
    for arguments in [&["fetch", "wild"][..], &again, &["doctor"], &["info", "wild"]] {
        let ran = trial.home.run(arguments).expect(0);
        assert!(ran.stderr.contains("begins"), "the log is written: {ran:?}");
        printed.push_str(&format!("{ran:?}\n"));
    }
    assert_eq!(trial.file("a.bin").as_deref(), Some(&body[..]), "{printed}");
    assert!(trial.server.log().iter().all(|request| request.header("authorization").is_some()));
    assert!(!other.log().is_empty());
    for request in other.log() {
        for name in ["authorization", "cookie", "referer"] {
            assert_eq!(request.header(name), None, "the second host sees no `{name}`");
        }
    }
    let pair = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("jane:{PASSWORD}"));
    for secret in [PASSWORD, pair.trim_end_matches('=')] {
        assert!(!printed.contains(secret), "printed: {printed}");
        for (name, bytes) in tree(trial.home.path()) {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "`{name}` holds a secret");
        }
    }
}

#[test]
fn a_big_file_survives_being_killed_again_and_again() {
    const BIG: usize = 40 << 20;
    let body = noise(BIG, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |request| {
        Answer::file(request, &bytes, "\"a\"").paced(64 << 10, Duration::from_millis(20))
    });
    for round in 0..6_u64 {
        let enough = trial.server.served() + (round << 19);
        let mut run = trial.home.command(&["fetch", "wild"]).spawn().unwrap();
        until(|| trial.server.served() > enough);
        run.kill().unwrap();
        run.wait().unwrap();
        assert!(trial.file("a.bin").is_none(), "unfinished files are not shown");
    }
    trial.fetch().expect(0);
    assert!(trial.file("a.bin").as_deref() == Some(&body[..]));
    assert!(trial.server.served() < BIG as u64 * 5 / 2, "{} bytes were served", trial.server.served());
    let last = trial.server.log();
    let connections: std::collections::BTreeSet<_> = last.iter().map(|request| request.connection).collect();
    assert!(connections.len() > 7, "one for each run, and more at once");
    assert!(last.iter().filter_map(|request| request.header("range")).count() >= 3, "{last:#?}");
}

#[test]
fn what_the_host_stated_first_still_counts_when_a_later_run_goes_on() {
    #[track_caller]
    fn check(stated_first: bool, stated_later: bool) {
        let body = noise(40 << 20, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Size, move |request| {
            let answer = Answer::file(request, &bytes, "\"a\"");
            // The MD5 of other bytes.
            let lie = |states: bool, answer: Answer| match states {
                true => answer.with("x-goog-hash", "md5=kAFQmDzST7DWlj99KOF/cg=="),
                false => answer,
            };
            match request.nth {
                0 => lie(stated_first, answer).cut(5 << 20, Then::Close),
                _ => lie(stated_later, answer),
            }
        });
        let trial = trial.with("MEDSETS_RETRIES", "0");
        assert_ne!(trial.fetch().code, Some(0));
        trial.fetch().expect(if stated_later { 40 } else { 0 });
        assert_eq!(trial.file("a.bin").is_none(), stated_later);
        // What was continued did not match, so it was begun anew.
        let is_anew = trial.server.served() > 70 << 20;
        assert_eq!(is_anew, stated_first || stated_later);
    }
    check(true, false); // known from the first run alone
    check(false, true); // from the pieces alone
    check(false, false);
}

#[test]
fn big_files_in_pieces_end_as_well_as_others() {
    const BIG: usize = 40 << 20;
    #[track_caller]
    fn check(answer: fn(&Request, &Arc<Vec<u8>>) -> Answer, most: usize) {
        let body = noise(BIG, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| answer(request, &bytes));
        trial.ends("a.bin", &body, &Whole);
        assert!(trial.server.served() <= most as u64, "{} bytes were served", trial.server.served());
    }
    let slack = 20 << 20;
    check(|request, bytes| Answer::file(request, bytes, "\"a\""), BIG);
    check(|request, bytes| Answer::ranged(request, bytes), BIG); // proven by its digest
    check(|_, bytes| Answer::whole(bytes), BIG + slack); // ranges ignored
    // Each connection breaks after 5 MiB.
    check(|request, bytes| Answer::file(request, bytes, "\"a\"").cut(5 << 20, Then::Reset), BIG * 2);
    check(
        |request, bytes| match request.nth {
            1 => Answer::status(503),
            2 => Answer::status(416),
            3 => Answer::file(request, bytes, "\"a\"").cut(1 << 20, Then::Stall),
            _ => Answer::file(request, bytes, "\"a\""),
        },
        BIG * 3,
    );
}

#[test]
fn one_failing_file_does_not_cost_the_others() {
    let bodies: Vec<_> = (1..=4).map(|seed| noise(SIZE, seed)).collect();
    let names = ["a.bin", "b.bin", "c.bin", "d.bin"];
    let files: Vec<_> = names.iter().zip(&bodies).map(|(name, body)| known(name, body, Known::Digest)).collect();
    let served = bodies.clone();
    let trial = Trial::many(&files, "", move |request| {
        let index = names.iter().position(|name| request.path.ends_with(name)).unwrap();
        if index == 2 && request.nth < 1 { Answer::status(404) } else { Answer::file(request, &served[index], "\"x\"") }
    });
    let ran = trial.home.run(&["fetch", "wild", "--json"]).expect(35);
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let failed = &answer["data"]["datasets"][0]["failed"];
    assert_eq!(failed.as_array().map(Vec::len), Some(1), "{answer:#}");
    assert!(failed[0].to_string().contains("c.bin"), "{failed}");

    let before = trial.server.log().len();
    trial.fetch().expect(0);
    let asked: Vec<_> = trial.server.log()[before..].iter().map(|request| request.path.clone()).collect();
    assert_eq!(asked, ["/c.bin"]);
    for (name, body) in names.iter().zip(&bodies) {
        assert_eq!(trial.file(name).as_deref(), Some(&body[..]));
    }
    let before = trial.server.log().len();
    trial.home.run(&["fetch", "wild", "--offline"]).expect(0);
    trial.home.run(&["verify", "wild"]).expect(0);
    assert_eq!(trial.server.log().len(), before, "what is whole asks nobody");
}

#[test]
fn offline_asks_nobody_and_says_what_is_missing() {
    let body = noise(1000, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |_| Answer::whole(&bytes));
    trial.home.run(&["fetch", "wild", "--offline"]).expect(30).says(&["data.example"]);
    assert!(trial.server.log().is_empty());
}

#[test]
fn the_rate_limit_holds() {
    let body = noise(SIZE, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |request| Answer::file(request, &bytes, "\"a\""));
    let start = std::time::Instant::now();
    trial.home.run(&["fetch", "wild", "--limit-rate", "1500000"]).expect(0);
    let seconds = start.elapsed().as_secs_f64();
    assert!((1.5..5.0).contains(&seconds), "3 MiB at 1.5 MB/s took {seconds} s");
}
