//! The text of an agreement, in a form that can be compared.
//!
//! The rule `text/1` keeps what a reader sees and drops what changes from visit to visit. Its
//! result is UTF-8 in NFC, white space (Unicode's `White_Space`) folded to one space within a
//! block, one LF between blocks, no empty block, one LF at the end. How HTML becomes blocks
//! stands in `text/html.rs`, which bytes are which letters in `text/charset.rs`. In plain text every line
//! is a block. The SHA-256 of the result is what an acceptance names; the digest of the exact
//! bytes is kept beside it as evidence only.
//!
//! PDF and other binary files have no visible text here. For them the rule is `bytes/1`: the
//! digest of the exact bytes is the one that is named, and any change of the file counts.
//!
//! The visible text is foreign. It may hold control characters, and reaches a terminal only
//! through [`Printable`](crate::values::Printable).

mod charset;
mod html;

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::values::Digest;

use super::AgreementError;

/// What an agreement says, and the two digests of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementText {
    /// What the bytes are.
    pub kind: TextKind,
    /// The visible text by `text/1`. `None` where the rule is `bytes/1`: a person must open
    /// the file to read it.
    pub visible: Option<String>,
    /// The digest that an acceptance names: of `visible`, or by `bytes/1` of the bytes.
    pub sha256: Digest,
    /// Digest of the bytes as they came.
    pub raw_sha256: Digest,
}

/// What the bytes of an agreement are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextKind {
    /// A web page.
    Html,
    /// Plain text.
    Plain,
    /// A PDF file.
    Pdf,
    /// Something else that is not text.
    Binary,
}

/// By which rule a digest was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextRule {
    /// The visible text, normalised.
    #[serde(rename = "text/1")]
    Text1,
    /// The exact bytes.
    #[serde(rename = "bytes/1")]
    Bytes1,
}

impl AgreementText {
    /// Reads an agreement from the bytes of an answer or of a file.
    ///
    /// `content_type` is the header of the answer; without one the bytes tell what they are.
    /// Fails when the charset is unknown or not to be told, and when no text is visible (a
    /// page that a script would fill).
    pub fn read(bytes: &[u8], content_type: Option<&str>) -> Result<Self, AgreementError> {
        let kind = TextKind::of(bytes, content_type);
        let raw_sha256 = Digest::sha256(bytes);
        let blocks = match kind {
            TextKind::Html => html::blocks(&charset::decode_page(bytes, content_type)?),
            TextKind::Plain => plain_blocks(&charset::decode_plain(bytes, content_type)?),
            TextKind::Pdf | TextKind::Binary => {
                return Ok(Self { kind, visible: None, sha256: raw_sha256, raw_sha256 });
            }
        };
        if blocks.is_empty() {
            return Err(AgreementError::NoVisibleText);
        }
        let visible = blocks.join("\n") + "\n";
        Ok(Self { kind, sha256: Digest::sha256(visible.as_bytes()), visible: Some(visible), raw_sha256 })
    }

    /// By which rule [`AgreementText::sha256`] was made.
    pub fn rule(&self) -> TextRule {
        if self.visible.is_some() { TextRule::Text1 } else { TextRule::Bytes1 }
    }
}

impl fmt::Display for TextRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Text1 => "text/1",
            Self::Bytes1 => "bytes/1",
        })
    }
}

impl TextKind {
    /// What bytes are, by their first ones and by what was declared.
    ///
    /// The mark of a PDF wins, since many hosts declare PDF as something else; then `text/...`
    /// is believed; whatever else is declared, the bytes decide.
    fn of(bytes: &[u8], content_type: Option<&str>) -> Self {
        if bytes.starts_with(b"%PDF-") {
            return Self::Pdf;
        }
        let declared = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match declared.to_ascii_lowercase().as_str() {
            "text/html" | "application/xhtml+xml" => Self::Html,
            text if text.starts_with("text/") => Self::Plain,
            _ if charset::is_binary(bytes) => Self::Binary,
            _ if html::looks_like_html(bytes) => Self::Html,
            _ => Self::Plain,
        }
    }
}

/// The lines of a plain text that hold something, folded.
fn plain_blocks(text: &str) -> Vec<String> {
    text.split(is_line_break).map(fold).filter(|line| !line.is_empty()).collect()
}

/// Whether the letter ends a line of plain text (Unicode's mandatory breaks).
fn is_line_break(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// NFC with white space folded to one space and none at either end.
fn fold(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], content_type: Option<&str>, expected: &str) {
        let text = AgreementText::read(bytes, content_type).unwrap();
        assert_eq!(text.visible.as_deref(), Some(expected));
        assert_eq!(text.sha256, Digest::sha256(expected.as_bytes()));
        assert_eq!(text.raw_sha256, Digest::sha256(bytes));
        assert_eq!(text.rule(), TextRule::Text1);
    }

    #[test]
    fn folds_plain_text_by_lines() {
        let plain = Some("text/plain");
        check(b"One  two\tthree \r\n\r\n  four\n", plain, "One two three\nfour\n");
        check("a\u{a0}\u{2003}b\u{2028}c".as_bytes(), plain, "a b\nc\n");
        check("Mu\u{308}ller\n".as_bytes(), plain, "M\u{fc}ller\n");
        check("\u{feff}text".as_bytes(), plain, "text\n");
        check(b"no type, no line break", None, "no type, no line break\n");
        check(b"<b>kept as it is</b>", plain, "<b>kept as it is</b>\n");
    }

    #[test]
    fn white_space_and_line_ends_do_not_change_the_digest() {
        let digest = |text: &str| AgreementText::read(text.as_bytes(), Some("text/plain")).unwrap().sha256;
        assert_eq!(digest("I agree.\nFully.\n"), digest("I  agree. \r\n\r\n\tFully."));
        assert_ne!(digest("I agree.\n"), digest("I agree\n"));
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        let once = AgreementText::read(b"<p>a  b<p>c&nbsp;d", None);
        let page = AgreementText::read(b"<html><p>a  b<p>c&nbsp;d", None).unwrap().visible.unwrap();
        assert!(once.is_ok());
        check(page.as_bytes(), Some("text/plain"), "a b\nc d\n");
    }

    #[test]
    fn binary_files_are_compared_by_their_bytes() {
        #[track_caller]
        fn check(bytes: &[u8], content_type: Option<&str>, kind: TextKind) {
            let text = AgreementText::read(bytes, content_type).unwrap();
            assert_eq!((text.kind, text.rule(), text.visible), (kind, TextRule::Bytes1, None));
            assert_eq!(text.sha256, text.raw_sha256);
        }
        check(b"%PDF-1.7\n...", None, TextKind::Pdf);
        check(b"%PDF-1.7\n...", Some("text/html"), TextKind::Pdf); // hosts declare anything
        check(b"PK\x03\x04\x14\0\x06\0", None, TextKind::Binary); // a word processor's file
        check(b"PK\x03\x04\x14\0\x06\0", Some("application/octet-stream"), TextKind::Binary);
    }

    #[test]
    fn knows_a_page_without_being_told() {
        #[track_caller]
        fn check(bytes: &[u8], content_type: Option<&str>, kind: TextKind) {
            assert_eq!(TextKind::of(bytes, content_type), kind);
        }
        check(b"\n<!DOCTYPE html><p>x", None, TextKind::Html);
        check(b"<HTML><p>x", Some("application/octet-stream"), TextKind::Html);
        check(b"<!-- saved --><html><p>x", None, TextKind::Html);
        check(b"1 < 2", None, TextKind::Plain);
        check(b"<!doctype html>", Some("text/plain; charset=utf-8"), TextKind::Plain);
        check(b"x", Some("Text/HTML; charset=utf-8"), TextKind::Html);
    }

    #[test]
    fn refuses_a_page_that_shows_nothing() {
        for page in ["", " \n", "<html><script>document.write('terms')</script>", "<html><nav>Home</nav>"] {
            let answer = AgreementText::read(page.as_bytes(), Some("text/html"));
            assert!(matches!(answer, Err(AgreementError::NoVisibleText)), "{page}");
        }
    }
}
