//! The form of what is written: line ends, which git changes in some clones, and lines that are not
//! as they would be written.

use crate::project::lock::LOCK_FILE;
use crate::values::{Digest, Printable};

/// A text with the line ends by which it has this digest, where it has it by any: git may have
/// changed them in a clone.
pub(super) fn as_pinned(text: String, digest: &Digest) -> String {
    let is_it = |text: &String| Digest::sha256(text.as_bytes()) == *digest;
    if is_it(&text) {
        return text;
    }
    let unix = with_line_feeds(&text);
    let windows = unix.replace('\n', "\r\n");
    [unix, windows].into_iter().find(is_it).unwrap_or(text)
}

/// A text as medsets writes it, whatever its line ends are on this machine.
pub(super) fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The first line that is not as it would be written.
pub(super) fn first_difference(found: &str, text: &str) -> String {
    let mut lines = text.lines();
    for (index, line) in found.lines().enumerate() {
        match lines.next() {
            Some(same) if same == line => {}
            Some(other) => {
                let (line, other) = (Printable::new(line), Printable::new(other));
                return format!("`{LOCK_FILE}` line {}: `{line}` would be `{other}`", index + 1);
            }
            None => return format!("`{LOCK_FILE}` line {}: `{}` would not be there", index + 1, Printable::new(line)),
        }
    }
    match lines.next() {
        Some(more) => format!("`{LOCK_FILE}` ends where `{}` would follow", Printable::new(more)),
        None => format!("`{LOCK_FILE}` has other line ends"),
    }
}
