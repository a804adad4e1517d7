//! A web page in the place of data: the commonest corruption of gated datasets.

use crate::values::{Printable, RelPath};

/// The title of the page, if these first bytes are one and the file should be none. The inner
/// `None` is a page without a title.
pub fn web_page(file: &RelPath, first: &[u8]) -> Option<Option<String>> {
    let name = file.file_name().to_ascii_lowercase();
    if [".html", ".htm", ".xhtml"].iter().any(|ending| name.ends_with(ending)) {
        return None;
    }
    let text = String::from_utf8_lossy(&first[..first.len().min(4096)]);
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower = start.to_ascii_lowercase();
    let is_page = ["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| lower.starts_with(mark));
    is_page.then(|| title(start, &lower))
}

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
}
