//! The watch that every test here is under (`tests/support/watch.rs`), watched: it sees what goes to
//! the wrong place, and what goes to the right one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::stand_ins::{Toy, huggingface};
use crate::support::home::Home;
use crate::support::host::{Host, Reply};

use super::scene::Case;

const SECRET: &str = "KEY-93ab+77/x.Q=";

/// Sends a request as it is written here.
fn send(host: &Host, head: &str, body: &str) {
    let address = host.url().replace("http://", "").replace('/', "");
    let mut stream = TcpStream::connect(&address).unwrap();
    let length = body.len();
    write!(stream, "{head}\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_secret_that_goes_astray_is_seen_in_whatever_form() {
    let host = Host::start(|_| Reply::whole("ok"));
    let rules = format!("https://huggingface.co/={url}hub/;https://elsewhere.example/={url}", url = host.url());
    let home = Home::new().with("MEDSETS_REWRITE", rules).with("MEDSETS_TOKEN_HUGGINGFACE", SECRET);
    home.command(&["list"]);
    let (encoded, basic) = ("KEY-93ab%2B77%2fx.Q%3D", STANDARD.encode(format!("jane:{SECRET}")));
    let twice = encoded.replace('%', "%25");
    for (request, body) in [
        (format!("GET PLACE HTTP/1.1\r\nAuthorization: Bearer {SECRET}"), ""),
        (format!("GET PLACE HTTP/1.1\r\nAuthorization: Basic {basic}"), ""),
        (format!("GET PLACE HTTP/1.1\r\nCookie: session={encoded}"), ""),
        (format!("GET PLACE HTTP/1.1\r\nX-Api-Key: {SECRET}"), ""),
        (format!("GET PLACE?key={encoded} HTTP/1.1"), ""),
        (format!("GET PLACE?to=https%3A%2F%2Fa.example%2F%3Fkey%3D{twice} HTTP/1.1"), ""),
        (format!("GET PLACE/{encoded} HTTP/1.1"), ""),
        ("POST PLACE HTTP/1.1".to_owned(), r#"{"token":"KEY-93ab+77/x.Q="}"#),
    ] {
        send(&host, &request.replace("PLACE", "/hub/api"), body);
        assert_eq!(home.watch().leaks(), Vec::<String>::new(), "the hub may see its token");
        send(&host, &request.replace("PLACE", "/api"), body);
        let leaks = home.watch().leaks();
        assert!(leaks.len() == 1 && leaks[0].contains("https://elsewhere.example"), "{request} {body}: {leaks:?}");
        home.watch().forget();
    }
    send(&host, "GET /api?key=KEY-93ab HTTP/1.1", "");
    assert_eq!(home.watch().leaks(), Vec::<String>::new(), "half a secret is none");
}

#[test]
fn what_a_host_gave_away_is_for_those_it_named() {
    let host = Host::start(|asked| match asked.place().as_str() {
        "/a/sign-in" => Reply::redirect(302, "https://store.example/f?X-Signature=SIGNED%2B0123")
            .with("set-cookie", "session=COOKIE-4711; Path=/"),
        _ => Reply::whole("ok"),
    });
    let rules = format!("https://a.example/={url}a/;https://store.example/={url}s/", url = host.url());
    let home = Home::new().with("MEDSETS_REWRITE", rules);
    home.command(&["list"]);
    send(&host, "GET /a/sign-in HTTP/1.1", "");
    send(&host, "GET /a/next HTTP/1.1\r\nCookie: session=COOKIE-4711", "");
    send(&host, "GET /s/f?X-Signature=SIGNED%2B0123 HTTP/1.1", "");
    assert_eq!(home.watch().leaks(), Vec::<String>::new());
    for (place, what) in [("/s/f", "Cookie: session=COOKIE-4711"), ("/a/f", "Referer: /f?X-Signature=SIGNED%2B0123")] {
        home.watch().forget();
        send(&host, &format!("GET {place} HTTP/1.1\r\n{what}"), "");
        assert_eq!(home.watch().leaks().len(), 1, "{what}");
    }
    home.watch().forget();
}

/// The watch looks at what the program itself sends.
#[test]
fn the_program_is_under_the_watch() {
    let case = Case {
        provider: "huggingface",
        keys: "repo = \"org/toy\"",
        addresses: &[("https://huggingface.co/", "")],
        answer: huggingface::answer,
        toy: Toy::new(),
        listing: "/tree/",
        token: Some(SECRET),
    };
    let scene = case.start().with("MEDSETS_TOKEN_HUGGINGFACE", SECRET);
    scene.run(&["fetch", "toy"]).expect(0);
    let reached: Vec<_> = scene.home.watch().reached(SECRET).into_iter().collect();
    assert_eq!(reached, ["https://huggingface.co"]);
    assert!(!scene.store.log().is_empty());
    // The stand-in becomes somebody else's: what was right is seen to be wrong.
    let elsewhere = format!("https://elsewhere.example/={}", scene.host.url());
    let stranger = Home::new().with("MEDSETS_REWRITE", elsewhere);
    stranger.command(&["list"]);
    assert!(!scene.home.watch().leaks().is_empty());
    scene.home.watch().forget();
}
