//! What a person can do about an error, and how an error chain reads.

use std::error::Error;
use std::fmt::Write as _;

/// An error that knows its way out.
///
/// The message of an error says what happened; it never says what to do. That is here.
pub trait Remedy: Error {
    /// What to do next: whole sentences without a full stop, one per line. Commands stand in
    /// backticks, addresses in angle brackets. `None` when there is nothing to do.
    fn remedy(&self) -> Option<String> {
        None
    }
}

/// The chain from outcome to cause as `a: b: c`, without repeating what a message already holds.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let message = one.to_string();
        if !text.contains(&message) {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {message}");
        }
        cause = one.source();
    }
    text
}
