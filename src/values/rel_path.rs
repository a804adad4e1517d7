//! A path that cannot leave its folder.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Printable;
use super::printable::is_harmful;

/// A relative path of `/`-separated names that stays below whatever it is joined to.
///
/// No empty name, `.` or `..`, no leading `/`, no backslash, colon after a drive letter,
/// NUL or control character; no name over 255 bytes, no path over 3,900 bytes. What breaks a
/// rule is refused, never rewritten: rewriting changes what an archive or a listing means.
/// Names that only some systems reserve (`aux.txt`) pass here; see [`RelPath::reserved`].
/// A copy shares its text: a listing of a million files goes through many hands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(Arc<str>);

/// Why a name from outside cannot be a path of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a safe relative path: {rule}")]
pub struct UnsafePath {
    /// The name, escaped and cut.
    pub name: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

impl RelPath {
    /// Takes a path from outside, or names the rule it breaks.
    pub fn parse(text: &str) -> Result<Self, UnsafePath> {
        match broken_rule(text) {
            None => Ok(Self(text.into())),
            Some(rule) => Err(UnsafePath { name: Printable::new(text).to_string(), rule }),
        }
    }

    /// The path with `/` between names.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names from the top down.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path without its last name, if it has more than one.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// This path below `folder`.
    pub fn below(&self, folder: &RelPath) -> Result<Self, UnsafePath> {
        Self::parse(&format!("{}/{}", folder.0, self.0))
    }

    /// The same path as the operating system writes it, below `base`.
    pub fn under(&self, base: &Path) -> PathBuf {
        let mut path = base.to_path_buf();
        path.extend(self.names());
        path
    }

    /// The first name that Windows reserves (`con`, `aux.txt`) or that ends in a dot or space.
    pub fn reserved(&self) -> Option<&str> {
        self.names().find(|name| is_reserved(name))
    }
}

/// The rule that `text` breaks, if any.
fn broken_rule(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if text.len() > 3_900 {
        return Some("it is longer than 3,900 bytes");
    }
    if text.contains('\0') {
        return Some("it holds a NUL");
    }
    if text.chars().any(is_harmful) {
        return Some("it holds a control character");
    }
    if text.starts_with('/') {
        return Some("it is absolute");
    }
    if text.contains('\\') {
        return Some("it holds a backslash");
    }
    let bytes = text.as_bytes();
    if bytes.len() > 1 && bytes[1] == b':' && bytes[0].is_ascii_alphabetic() {
        return Some("it names a drive");
    }
    text.split('/').find_map(|name| match name {
        "" => Some("it holds an empty name"),
        "." | ".." => Some("it holds `.` or `..`"),
        _ if name.len() > 255 => Some("a name in it is longer than 255 bytes"),
        _ => None,
    })
}

/// Whether Windows gives the name a meaning of its own, with or without an extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    let device = matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$");
    let port =
        stem.len() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) && stem.as_bytes()[3].is_ascii_digit();
    device || port || name.ends_with('.') || name.ends_with(' ')
}

impl TryFrom<String> for RelPath {
    type Error = UnsafePath;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0.as_ref().to_owned()
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_every_way_out() {
        for good in ["a", "a/b.txt", "CheXpert-v1.0 batch 1 (validate & csv).zip", "..a/b..", "肺/é", "aux.txt"] {
            assert!(RelPath::parse(good).is_ok(), "{good}");
        }
        let long = "x".repeat(256);
        let deep = "a/".repeat(2000) + "a";
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/.",
            "a\\b",
            "C:/a",
            "c:",
            "a\0b",
            "a\nb",
            "a\u{1b}b",
            "\u{202e}a",
            &long,
            &deep,
        ] {
            assert!(RelPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn knows_reserved_names() {
        #[track_caller]
        fn check(path: &str, reserved: bool) {
            assert_eq!(RelPath::parse(path).unwrap().reserved().is_some(), reserved, "{path}");
        }
        check("data/aux.txt", true);
        check("COM1", true);
        check("nul", true);
        check("a.", true);
        check("b ", true);
        check("auxiliary.txt", false);
        check("com10", false);
        check("console/a", false);
    }
}
