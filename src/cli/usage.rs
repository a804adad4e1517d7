//! What clap ends a run with: help, the version, and command lines that are wrong.

use std::ffi::OsString;
use std::io::Write as _;

use clap::error::ErrorKind;

use crate::catalog::Catalog;
use crate::ops::{Exit, Failure};
use crate::values::Printable;

use super::output::{Answer, Output};

/// Shows it: help and version on standard output, a wrong command line on standard error, and
/// with `--json` as a document on standard output too.
pub fn finish(error: &clap::Error, arguments: &[OsString], output: &Output) -> Exit {
    if error.kind() == ErrorKind::DisplayVersion {
        let digest = Catalog::embedded().digest().hex();
        let text = format!("medsets {} (catalogue {})\n", env!("CARGO_PKG_VERSION"), &digest[..12]);
        return output.plain(&text);
    }
    if !error.use_stderr() {
        // What is left in a buffer would be lost in silence.
        return match error.print().and_then(|()| std::io::stdout().flush()) {
            Ok(()) => Exit::DONE,
            Err(error) => output.not_written(&error),
        };
    }
    // Standard error may be closed; the exit code tells all the same.
    let _ = error.print();
    if wants_json(arguments) {
        output.document(&Answer::failed("medsets/error/1", failure(error)))
    } else {
        Exit::USAGE
    }
}

/// The flags are not known when the command line is wrong, so they are looked for by hand.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

/// The paragraphs that clap writes for a terminal, as message and advice.
fn failure(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        Printable::cut(&words.join(" "), 400).to_string()
    });
    let first = paragraphs.next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(&first);
    let failure = Failure::new(Exit::USAGE, message);
    paragraphs
        .filter(|line| !line.is_empty())
        .fold(failure, |failure, line| failure.help(line.strip_prefix("tip: ").unwrap_or(&line)))
}
