//! Behind a proxy: what goes through it, what it learns, and what it keeps from the host.

use std::net::TcpListener;

use base64::Engine as _;

use super::support::home::tree;
use super::support::proxy::Proxy;
use super::support::server::{Answer, Server};
use super::support::tls::{Authority, Flaw};
use super::{Known, Trial, known, noise};

const PASSWORD: &str = "Opensesame-never-to-be-seen";
/// `jane` and the password.
const PAIR: &str = "amFuZTpPcGVuc2VzYW1lLW5ldmVyLXRvLWJlLXNlZW4=";

/// An origin `data.example` that only a proxy can find, by `https`.
fn hidden(script: fn(Answer) -> Answer) -> Trial {
    let body = noise(1000, 1);
    let bytes = body.clone();
    let authority = Authority::new();
    let identity = authority.identity("data.example", Flaw::None, &["http/1.1"]);
    let server = Server::start_tls(identity, move |_| script(Answer::whole(&bytes)));
    let trial = Trial::with_server(server, &[known("a.bin", &body, Known::Digest)], "");
    let file = trial.home.path().join("authority.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    trial.without("MEDSETS_REWRITE").with("MEDSETS_CA_CERT", file.to_string_lossy())
}

fn address(proxy: &Proxy) -> String {
    format!("http://jane:{PASSWORD}@{}", proxy.address())
}

/// Nothing printed and no file below the home holds the password.
#[track_caller]
fn keeps_the_secret(trial: &Trial, printed: &str) {
    for secret in [PASSWORD, PAIR.trim_end_matches('=')] {
        assert!(!printed.contains(secret), "printed: {printed}");
        for (name, bytes) in tree(trial.home.path()) {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "`{name}` holds it");
        }
    }
}

#[test]
fn the_password_of_a_proxy_never_reaches_the_host() {
    assert_eq!(base64::engine::general_purpose::STANDARD.encode(format!("jane:{PASSWORD}")), PAIR);
    for variable in ["MEDSETS_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let trial = hidden(|answer| answer);
        let proxy = Proxy::start(trial.server.address(), Some(PAIR));
        let trial = trial.with(variable, address(&proxy));
        let ran = trial.fetch().expect(0);
        let asked = proxy.log();
        assert!(
            !asked.is_empty() && asked.iter().all(|head| head.starts_with("CONNECT data.example:443 ")),
            "{asked:?}"
        );
        let told = format!("{:?}", trial.server.log());
        assert!(trial.server.log().len() == 1 && !told.to_lowercase().contains("proxy"), "{told}");
        assert!(!told.contains(PAIR), "{told}");
        keeps_the_secret(&trial, &format!("{ran:?}"));
    }
}

#[test]
fn plain_requests_go_through_a_proxy_as_well() {
    let body = noise(1000, 1);
    for variable in ["MEDSETS_PROXY", "http_proxy", "all_proxy"] {
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |_| Answer::whole(&bytes));
        let proxy = Proxy::start(trial.server.address(), Some(PAIR));
        let file = trial.home.path().join("settings.toml");
        let rule = "[[rewrite]]\nfrom = \"https://data.example/\"\nto = \"http://plain.example/\"\ninsecure = true\n";
        std::fs::write(&file, rule).unwrap();
        let trial = trial
            .without("MEDSETS_REWRITE")
            .with("MEDSETS_CONFIG", file.to_string_lossy())
            .with(variable, address(&proxy));
        let ran = trial.fetch().expect(0);
        assert!(proxy.log()[0].starts_with("GET http://plain.example/a.bin "), "{:?}", proxy.log());
        let told = format!("{:?}", trial.server.log());
        assert!(trial.server.log().len() == 1 && !told.contains(PAIR), "{told}");
        keeps_the_secret(&trial, &format!("{ran:?}"));
    }
}

#[test]
fn a_proxy_that_fails_is_named() {
    let trial = hidden(|answer| answer);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let trial = trial.with("HTTPS_PROXY", format!("http://jane:{PASSWORD}@{closed}"));
    let ran = trial.fetch().expect(31).says(&["proxy", &format!("`http://{closed}`"), "data.example", "HTTPS_PROXY"]);
    keeps_the_secret(&trial, &format!("{ran:?}"));
}

#[test]
fn a_proxy_that_refuses_the_password_is_asked_once() {
    let trial = hidden(|answer| answer);
    let proxy = Proxy::start(trial.server.address(), Some("c29tZWJvZHk6ZWxzZQ=="));
    let trial = trial.with("HTTPS_PROXY", address(&proxy));
    let ran = trial.fetch().expect(31).says(&["407", &proxy.address().to_string()]);
    assert_eq!(proxy.log().len(), 1, "each wrong password brings an account nearer to its lock");
    assert!(trial.server.log().is_empty());
    keeps_the_secret(&trial, &format!("{ran:?}"));
}

#[test]
fn hosts_named_in_no_proxy_are_asked_directly() {
    for list in ["data.example", ".example", "other.org,*.data.example", "*"] {
        let trial = hidden(|answer| answer);
        let proxy = Proxy::start(trial.server.address(), None);
        let trial = trial.with("HTTPS_PROXY", address(&proxy)).with("NO_PROXY", list);
        // Only the proxy could have found it.
        trial.fetch().expect(31).says(&["data.example"]);
        assert!(proxy.log().is_empty(), "{list}");
    }
    // This machine is never asked through a proxy.
    let body = noise(1000, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |_| Answer::whole(&bytes));
    let proxy = Proxy::start(trial.server.address(), None);
    let trial = trial.with("MEDSETS_PROXY", address(&proxy));
    trial.fetch().expect(0);
    assert!(proxy.log().is_empty());
}

#[test]
fn a_redirect_from_https_to_http_is_not_followed() {
    let trial = hidden(|_| Answer::redirect("http://other.example/a.bin"));
    let proxy = Proxy::start(trial.server.address(), None);
    let trial = trial.with("MEDSETS_PROXY", address(&proxy));
    trial.fetch().expect(34).says(&["redirect", "http://other.example/a.bin", "leaves https for plain http"]);
    assert_eq!(trial.server.log().len(), 1);
    assert!(proxy.log().iter().all(|head| head.starts_with("CONNECT data.example:443 ")), "{:?}", proxy.log());
}
