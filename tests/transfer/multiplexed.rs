//! HTTP/2, which small files and listings travel by where the host speaks it.

use std::time::{Duration, Instant};

use super::support::multiplexed::{Fault, Multiplexed};
use super::support::tls::{Authority, Flaw};
use super::{Known, home, known, noise};

#[test]
fn streams_and_connections_that_break_off_are_had_again() {
    #[track_caller]
    fn check(faults: &'static [Fault], connections: usize) {
        let body = noise(300 << 10, 1);
        let authority = Authority::new();
        let identity = authority.identity("127.0.0.1", Flaw::None, &["h2"]);
        let host = Multiplexed::start(identity, &body, faults);
        let home = home(&host.url(), &[known("a.bin", &body, Known::Digest)], "");
        let file = home.path().join("authority.pem");
        std::fs::write(&file, authority.pem()).unwrap();
        let home = home.with("MEDSETS_CA_CERT", file.to_string_lossy());
        let start = Instant::now();
        home.run(&["fetch", "wild"]).expect(0);
        assert!(start.elapsed() < Duration::from_secs(20), "{faults:?} took {:?}", start.elapsed());
        let got = std::fs::read(home.data().join("wild/1/data/a.bin")).unwrap();
        assert!(got == *body, "{faults:?}");
        let log = host.log();
        assert_eq!(log.len(), faults.len() + 1, "{faults:?}: {log:?}");
        assert_eq!(log.last(), Some(&connections), "{faults:?}: {log:?}");
    }
    check(&[], 1);
    check(&[Fault::Reset], 1); // the stream broke, the connection is good
    check(&[Fault::Refused], 1);
    check(&[Fault::GoAway], 2);
    check(&[Fault::Dead], 2);
    check(&[Fault::DeadMidway], 2);
    check(&[Fault::GoAway, Fault::Reset], 2);
}
