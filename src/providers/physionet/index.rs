//! The page of a folder, as nginx makes it: links, each with date and size behind it.

use html5gum::{Token, Tokenizer};
use percent_encoding::percent_decode;

use crate::values::ByteSize;

/// What a folder holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A folder.
    Folder {
        /// Its name, without the stroke.
        name: String,
    },
    /// A file.
    File {
        /// Its name.
        name: String,
        /// Its size, where it is written in full.
        size: Option<ByteSize>,
    },
}

/// What a page lists; `None` for a page that is no list: those link to the folder above.
pub(super) fn entries(page: &str) -> Option<Vec<Entry>> {
    let mut found = Vec::new();
    let (mut is_list, mut is_behind_file) = (false, false);
    for token in Tokenizer::new(page).flatten() {
        match token {
            Token::StartTag(tag) if tag.name.as_slice() == b"a" => {
                is_behind_file = false;
                let target = tag.attributes.iter().find(|(name, _)| name.as_slice() == b"href");
                let Some((_, target)) = target else { continue };
                if target.as_slice() == b"../" {
                    is_list = true;
                } else {
                    found.extend(entry(target.as_slice()));
                }
            }
            Token::EndTag(tag) => is_behind_file = tag.name.as_slice() == b"a",
            Token::String(text) if is_behind_file => {
                is_behind_file = false;
                if let Some(Entry::File { size, .. }) = found.last_mut() {
                    *size = size_in(&String::from_utf8_lossy(&text));
                }
            }
            _ => {}
        }
    }
    is_list.then_some(found)
}

/// The entry that a link leads to: one name below the folder, and nothing elsewhere.
fn entry(target: &[u8]) -> Option<Entry> {
    if target.iter().any(|byte| matches!(byte, b'?' | b'#' | b':')) {
        return None;
    }
    let name = percent_decode(target).decode_utf8().ok()?.into_owned();
    let (name, is_folder) = match name.strip_suffix('/') {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    };
    if matches!(name.as_str(), "" | "." | "..") || name.contains('/') {
        return None;
    }
    Some(if is_folder { Entry::Folder { name } } else { Entry::File { name, size: None } })
}

/// The last word behind a link, if it is a number of bytes: `-` stands for folders, and `1.5M`
/// is not exact.
fn size_in(text: &str) -> Option<ByteSize> {
    let line = text.lines().next()?;
    let mut words = line.split_whitespace().rev();
    let size = words.next()?.parse().ok()?;
    // Date and time stand before it: a lone number may be anything.
    words.next().is_some_and(|word| word.contains(':')).then_some(ByteSize(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: Option<u64>) -> Entry {
        Entry::File { name: name.to_owned(), size: size.map(ByteSize) }
    }

    #[test]
    fn a_page_of_nginx_is_read() {
        let page = "<html>\r\n<head><title>Index of /files/toy/1.0.0/</title></head>\r\n<body>\r\n\
            <h1>Index of /files/toy/1.0.0/</h1><hr><pre><a href=\"../\">../</a>\r\n\
            <a href=\"data/\">data/</a>                    05-Jan-2026 10:00                   -\r\n\
            <a href=\"caf%C3%A9%20%231%2050%25.txt\">caf\u{e9} #1 50%.txt</a>       05-Jan-2026 10:00                   3\r\n\
            <a href=\"RECORDS\">RECORDS</a>                05-Jan-2026 10:00                12K\r\n\
            <a href=\"a_very_long_name_that_nginx_cuts_in_what_it_shows.csv\">a_very_long_name..&gt;</a> 05-Jan-2026 10:00             2800000\r\n\
            </pre><hr></body>\r\n</html>\r\n";
        let expected = [
            Entry::Folder { name: "data".into() },
            file("caf\u{e9} #1 50%.txt", Some(3)),
            file("RECORDS", None),
            file("a_very_long_name_that_nginx_cuts_in_what_it_shows.csv", Some(2800000)),
        ];
        assert_eq!(entries(page).unwrap(), expected);
    }

    #[test]
    fn links_that_lead_elsewhere_are_none_of_its_files() {
        let page = "<a href=\"../\">up</a><a href=\"/about/\">a</a><a href=\"https://x.example/y\">b</a>\
            <a href=\"?C=N;O=D\">c</a><a href=\"a%2Fb\">d</a><a>e</a><a href=\"..%2F\">f</a>";
        assert_eq!(entries(page).unwrap(), []);
        assert_eq!(entries("<html><title>Not found</title><a href=\"x.csv\">x</a></html>"), None);
    }
}
