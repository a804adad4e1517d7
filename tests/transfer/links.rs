//! Links that expire: the downloader asks for a new one. No provider of the catalogue gives such
//! links yet, so this is the downloader itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use medsets::events::{Cancel, Report, Silent};
use medsets::fs::Access;
use medsets::net::{Client, Clock, HttpRequest, NetSettings};
use medsets::plan::Location;
use medsets::transfer::{Done, Expected, Job, Locate, LocateError, TransferError, TransferSettings};
use medsets::values::{ByteSize, Digest, RelPath, SafeUrl};

use super::support::server::{Answer, Request, Server, Then};
use super::{SIZE, noise};

/// Gives `/0`, then `/1`, and so on.
struct Links {
    base: String,
    given: AtomicUsize,
}

impl Locate for Links {
    fn locate(&self) -> BoxFuture<'_, Result<Location, LocateError>> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let url = SafeUrl::parse(&format!("{}{number}?sig=SECRET", self.base)).unwrap();
        let expires = Some(Timestamp::UNIX_EPOCH);
        async move { Ok(Location::Http(HttpRequest { expires, ..HttpRequest::get(url) })) }.boxed()
    }
}

/// The number of the link that was asked.
fn number(request: &Request) -> usize {
    request.path.trim_start_matches('/').split('?').next().unwrap().parse().unwrap()
}

/// Downloads `body` from these links. Also gives the number of requests.
fn download(
    body: &Arc<Vec<u8>>,
    script: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> (Result<Done, TransferError>, usize) {
    let server = Server::start(script);
    let folder = tempfile::tempdir().unwrap();
    let links = Links { base: server.url(), given: AtomicUsize::new(0) };
    let job = Job {
        dataset: "made".parse().unwrap(),
        file: RelPath::parse("a.bin").unwrap(),
        target: folder.path().join("a.bin"),
        part: folder.path().join("a.bin.part"),
        access: Access::Private,
        expected: Expected {
            size: Some(ByteSize(body.len() as u64)),
            digests: vec![Digest::sha256(body)],
            ..Expected::default()
        },
        ways: vec![Arc::new(links)],
    };
    let client = Client::new(NetSettings::new(Clock::fixed(Timestamp::UNIX_EPOCH)));
    let settings = TransferSettings { jobs: 1, ranges: 1, retries: 2 };
    let report: Report = Arc::new(Silent);
    let mut results = Vec::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(medsets::transfer::run(&client, settings, [job], &report, &Cancel::default(), |outcome| {
        results.push(outcome.result);
    }));
    if let Some(Ok(_)) = results.first() {
        assert!(std::fs::read(folder.path().join("a.bin")).unwrap() == **body);
    }
    (results.pop().unwrap(), server.log().len())
}

#[test]
fn an_expired_link_is_asked_for_again() {
    for size in [1000, SIZE] {
        let body = noise(size, 1);
        let bytes = body.clone();
        let (result, requests) = download(&body, move |request| match number(request) {
            0 | 1 => Answer::status(403),
            _ => Answer::file(request, &bytes, "\"a\""),
        });
        result.unwrap();
        assert_eq!(requests, 3);
    }
}

/// Links may live shorter than a large file needs: each brings a bit and expires.
#[test]
fn links_may_expire_as_often_as_bytes_come() {
    let body = noise(SIZE, 1);
    let bytes = body.clone();
    let (result, requests) = download(&body, move |request| match number(request) % 2 {
        0 => Answer::file(request, &bytes, "\"a\"").cut(SIZE / 8, Then::Reset),
        _ => Answer::status(403),
    });
    result.unwrap();
    assert!((15..=17).contains(&requests), "{requests}");
}

#[test]
fn links_that_are_all_refused_are_given_up() {
    let body = noise(1000, 1);
    let (result, requests) = download(&body, |_| Answer::status(403));
    let error = result.unwrap_err();
    assert_eq!((error.exit(), requests), (36, 4));
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
}
