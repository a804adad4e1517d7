//! Hosts that prove who they are, and hosts that do not.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::server::{Answer, Server};
use super::support::tls::{Authority, Flaw};
use super::{End, Fails, Known, SIZE, Trial, Whole, home, known, noise};

/// Words that would tempt a person to do without checks.
const TEMPTING: [&str; 5] = ["insecure", "disable", "skip", "turn off", "switch off"];

#[test]
fn only_a_host_that_proves_who_it_is_gets_a_request() {
    #[track_caller]
    fn check(name: &str, flaw: Flaw, trusted: bool, end: &End) {
        let authority = Authority::new();
        for size in [1000, SIZE] {
            let body = noise(size, 1);
            let bytes = body.clone();
            let identity = authority.identity(name, flaw, &["http/1.1"]);
            let server = Server::start_tls(identity, move |request| Answer::file(request, &bytes, "\"a\""));
            let trial = Trial::with_server(server, &[known("a.bin", &body, Known::Digest)], "");
            let file = trial.home.path().join("authority.pem");
            std::fs::write(&file, authority.pem()).unwrap();
            let trial = if trusted { trial.with("MEDSETS_CA_CERT", file.to_string_lossy()) } else { trial };
            trial.ends("a.bin", &body, end);
            if matches!(end, Fails(..)) {
                assert_eq!((trial.server.connections(), trial.server.log().len()), (1, 0), "{name} {flaw:?}");
                let said = trial.fetch().stderr.to_lowercase();
                assert!(!TEMPTING.iter().any(|word| said.contains(word)), "{said}");
            }
        }
    }
    let refused = |words: &'static [&'static str]| Fails(31, words);
    check("127.0.0.1", Flaw::None, true, &Whole);
    let words = &["a.bin", "no secure connection", "data.example", "UnknownIssuer", "MEDSETS_CA_CERT"];
    check("127.0.0.1", Flaw::None, false, &refused(words));
    check("127.0.0.1", Flaw::SelfSigned, true, &refused(words));
    check("127.0.0.1", Flaw::Expired, true, &refused(&["no secure connection", "expired", "clock"]));
    check("127.0.0.1", Flaw::Early, true, &refused(&["no secure connection", "not valid yet", "clock"]));
    check("other.example", Flaw::None, true, &refused(&["no secure connection", "not valid for name"]));
}

#[test]
fn a_host_that_speaks_no_tls_is_refused_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::Relaxed);
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let home = home(&format!("https://{address}/"), &[known("a.bin", b"x", Known::Digest)], "");
    home.run(&["fetch", "wild"]).expect(31).says(&["no secure connection", "data.example"]);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[test]
fn a_file_without_certificates_is_named_before_anything_is_asked() {
    let body = noise(1000, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |_| Answer::whole(&bytes));
    let file = trial.home.path().join("authority.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let trial = trial.with("MEDSETS_CA_CERT", file.to_string_lossy());
    trial.fetch().expect(10).says(&["no PEM certificate"]);
    assert!(trial.server.log().is_empty());
}
