//! A bundle that comes by standard input: proven as it comes, and nothing kept of one that is not
//! whole.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::home::{Home, Ran, tree};
use crate::support::terminal::Terminal;

/// A bundle of `demo`.
fn bundle() -> (Home, Vec<u8>) {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    home.run(&["bundle", "demo", "-o", "demo.tar.zst"]).expect(0);
    let bytes = std::fs::read(home.path().join("work/demo.tar.zst")).unwrap();
    (home, bytes)
}

fn fed(home: &Home, bytes: &[u8], arguments: &[&str]) -> Ran {
    let mut child = home.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
    // Who refuses it early reads no more.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_stream_is_proven_and_taken_like_a_file() {
    let (here, bytes) = bundle();
    let there = Home::offline();
    fed(&there, &bytes, &["bundle", "--check", "-"]).expect(0);
    let planned = fed(&there, &bytes, &["unbundle", "-", "--dry-run"]).expect(0);
    assert!(planned.stdout.contains("would go to") && !there.data().join("demo").exists(), "{planned:?}");
    fed(&there, &bytes, &["unbundle", "-"]).expect(0).says(&["each byte proven"]);
    let data = |home: &Home| tree(&home.data().join("demo/1.0/data"));
    assert_eq!(data(&there), data(&here));
    there.run(&["verify", "demo"]).expect(0);
    fed(&there, &bytes, &["unbundle", "-"]).expect(0).says(&["was here already"]);
    let answer: serde_json::Value =
        serde_json::from_str(&fed(&Home::offline(), &bytes, &["unbundle", "-", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(answer["data"]["datasets"][0]["state"], "unbundled", "{answer}");
}

#[test]
fn of_a_stream_that_is_not_whole_nothing_is_kept() {
    let (_, bytes) = bundle();
    let there = Home::offline();
    #[track_caller]
    fn check(there: &Home, bytes: &[u8], code: i32) {
        fed(there, bytes, &["unbundle", "-"]).expect(code).says(&["standard input: "]);
        assert!(!there.data().join("demo").exists());
        let left = there.data().join(".medsets-store/tmp");
        assert!(!left.exists() || std::fs::read_dir(left).unwrap().next().is_none(), "no stage is left");
    }
    check(&there, &bytes[..bytes.len() / 2], 41);
    check(&there, &bytes[..bytes.len() - 40], 41);
    check(&there, b"PK\x03\x04 something else", 42);
    check(&there, b"", 42);
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 4;
    let ran = fed(&there, &flipped, &["unbundle", "-"]);
    assert!(matches!(ran.code, Some(40..=42 | 54)), "{ran:?}");
    assert!(!there.data().join("demo").exists());
    // The first whole one goes into its place.
    fed(&there, &bytes, &["unbundle", "-"]).expect(0);
}

#[test]
fn nobody_types_a_bundle() {
    let (code, screen) = Terminal::start(&Home::new(), &["unbundle", "-"]).end();
    assert_eq!(code, Some(2), "{screen}");
    assert!(screen.contains("standard input is a terminal"), "{screen}");
}
