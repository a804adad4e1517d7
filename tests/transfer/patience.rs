//! Hosts that are slow, and connections that were good a moment ago.

use std::time::{Duration, Instant};

use super::support::server::{Answer, Length, Then};
use super::{Fails, Known, SIZE, Trial, Whole, known, noise};

#[test]
fn a_drip_is_no_progress() {
    for size in [300 << 10, SIZE] {
        let body = noise(size, 1);
        let bytes = body.clone();
        let trial = Trial::one("a.bin", &body, Known::Digest, move |request| {
            Answer::file(request, &bytes, "\"a\"").paced(1, Duration::from_millis(100))
        });
        let start = Instant::now();
        trial.ends("a.bin", &body, &Fails(32, &["a.bin", "stalled"]));
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
        assert!(trial.server.log().len() <= 3, "{} requests", trial.server.log().len());
    }
}

#[test]
fn a_drip_does_not_hold_up_the_others() {
    let (slow, quick) = (noise(1000, 1), noise(SIZE, 2));
    let files = [known("a.bin", &slow, Known::Digest), known("b.bin", &quick, Known::Digest)];
    let served = quick.clone();
    let trial = Trial::many(&files, "", move |request| match request.path.as_str() {
        "/a.bin" => Answer::whole(&slow).paced(1, Duration::from_millis(100)),
        _ => Answer::whole(&served),
    });
    trial.fetch().expect(32).says(&["a.bin"]);
    // `b.bin` is finished and is not asked for again.
    trial.fetch().expect(32);
    assert_eq!(trial.server.log().iter().filter(|request| request.path == "/b.bin").count(), 1);
}

#[test]
fn a_host_may_think_longer_than_it_may_be_silent_in_a_body() {
    let body = noise(SIZE, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |_| Answer::whole(&bytes).late(Duration::from_secs(3)));
    trial.ends("a.bin", &body, &Whole);
    assert_eq!(trial.server.log().len(), 1);
}

#[test]
fn a_reset_of_an_idle_connection_costs_no_attempt() {
    let body = noise(1000, 1);
    let names = ["a.bin", "b.bin"];
    let files = names.map(|name| known(name, &body, Known::Digest));
    let bytes = body.clone();
    let trial = Trial::many(&files, "", move |request| match request.connection {
        // The second request finds its connection dead.
        1 if request.path != "/a.bin" => Answer::status(200).raw_head("").length(Length::Untold).then(Then::Reset),
        _ => Answer::whole(&bytes),
    });
    let trial = trial.with("MEDSETS_JOBS", "1").with("MEDSETS_RETRIES", "0");
    let ran = trial.home.run(&["fetch", "wild", "--json"]).expect(0);
    for name in names {
        assert!(trial.file(name).as_deref() == Some(&body[..]), "{name}");
    }
    let log = trial.server.log();
    let asked: Vec<_> = log.iter().map(|request| (request.connection, request.path.as_str())).collect();
    assert_eq!(asked, [(1, "/a.bin"), (1, "/b.bin"), (2, "/b.bin")], "{ran:?}");
}

#[test]
fn a_new_connection_that_is_reset_counts_as_an_attempt() {
    let body = noise(1000, 1);
    let trial = Trial::one("a.bin", &body, Known::Digest, |_| {
        Answer::status(200).raw_head("").length(Length::Untold).then(Then::Reset)
    });
    trial.ends("a.bin", &body, &Fails(31, &["a.bin", "broke off"]));
    assert_eq!(trial.server.log().len(), 3);
}
