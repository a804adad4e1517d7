//! A web page in the place of data: the commonest corruption of gated datasets.

use crate::values::{Printable, RelPath};

/// The title of the page, if these first bytes are one and the file should be none. The inner
/// `None` is a page without a title.
pub fn web_page(file: &RelPath, first: &[u8]) -> Option<Option<String>> {
    let name = file.file_name().to_ascii_lowercase();
    if [".html", ".htm", ".xhtml"].iter().any(|ending| name.ends_with(ending)) {
        return None;
    }
    let text = String::from_utf8_lossy(&first[..first.len().min(MOST)]);
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower = start.to_ascii_lowercase();
    let is_page = ["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| lower.starts_with(mark));
    is_page.then(|| title(start, &lower))
}

/// The first bytes of a body, gathered over its pieces until they suffice to tell a page.
///
/// A host may send a page in pieces of any size, so the first piece alone says nothing.
#[derive(Debug)]
pub struct Opening(Option<Vec<u8>>);

impl Opening {
    /// Begins with bytes that are held already.
    pub fn new(held: Vec<u8>) -> Self {
        Self(Some(held))
    }

    /// Of a body that is not looked at.
    pub fn closed() -> Self {
        Self(None)
    }

    /// Takes a piece. Gives the first bytes as soon as they suffice, once.
    pub fn take(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        let first = self.0.as_mut()?;
        let room = MOST.saturating_sub(first.len()).min(piece.len());
        first.extend_from_slice(&piece[..room]);
        if first.len() < ENOUGH { None } else { self.0.take() }
    }

    /// The body has ended: gives the first bytes unless they were given before.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        self.0.take()
    }
}

/// The first bytes of a body that is here whole.
pub fn first(body: &[u8]) -> Vec<u8> {
    body[..body.len().min(MOST)].to_vec()
}

/// Bytes that suffice to tell a page from data.
pub const ENOUGH: usize = 512;

/// Bytes that are looked at where they came together: the title stands behind the mark.
pub const MOST: usize = 4096;

fn title(text: &str, lower: &str) -> Option<String> {
    let begin = lower.find("<title")?;
    let begin = begin + lower[begin..].find('>')? + 1;
    let end = begin + lower[begin..].find("</title")?;
    let words: Vec<&str> = text.get(begin..end)?.split_whitespace().collect();
    (!words.is_empty()).then(|| Printable::cut(&words.join(" "), 80).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_page_from_data() {
        #[track_caller]
        fn check(name: &str, bytes: &[u8], expected: Option<Option<&str>>) {
            let found = web_page(&RelPath::parse(name).unwrap(), bytes);
            assert_eq!(found, expected.map(|title| title.map(str::to_owned)), "{name}");
        }
        check("a.zip", b"\n <!DOCTYPE html><html><head><Title>\n Sign  in </title>", Some(Some("Sign in")));
        check("a.csv", b"<html>", Some(None));
        check("a.html", b"<html>", None);
        check("a.xml", b"<?xml version=\"1.0\"?><Document>", None);
        check("a.zip", b"PK\x03\x04", None);
        check("a.txt", b"", None);
        check("a.zip", "<html><title>\u{1b}[2J</title>".as_bytes(), Some(Some("\\u{1b}[2J")));
    }

    #[test]
    fn gathers_the_first_bytes_over_pieces() {
        let mut opening = Opening::new(b"<ht".to_vec());
        assert_eq!(opening.take(b"ml>"), None);
        assert_eq!(opening.take(&[b' '; 9000]).map(|first| first.len()), Some(MOST));
        assert_eq!((opening.take(b"more"), opening.end()), (None, None));
        let mut short = Opening::new(Vec::new());
        assert_eq!(short.take(b"<html>"), None);
        assert_eq!(short.end().as_deref(), Some(b"<html>".as_slice()));
        assert_eq!(Opening::closed().take(&[0; 600]), None);
    }
}
