//! Limits of the system for what a program may write.

use std::process::Command;

use super::support::home::Ran;
use super::support::server::Answer;
use super::{Known, SIZE, Trial, Whole, noise};

/// As on a file system that takes no larger files; the system ends programs that are not prepared.
#[test]
fn a_file_that_may_not_become_so_large_is_no_space() {
    let body = noise(SIZE, 1);
    let bytes = body.clone();
    let trial = Trial::one("a.bin", &body, Known::Digest, move |request| Answer::file(request, &bytes, "\"a\""));
    let plain = trial.home.command(&["fetch", "wild"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 2048; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    limited.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.current_dir(plain.get_current_dir().unwrap());
    let ran = Ran::from(limited.output().unwrap());
    ran.expect(50).says(&["a.bin", "file too large", "ulimit -f"]);
    assert!(trial.file("a.bin").is_none());
    trial.ends("a.bin", &body, &Whole);
}
