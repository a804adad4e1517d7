//! A glance over the letters of a TOML text before and beside the parser.
//!
//! The parser limits the depth of lists and inline tables, but not of dotted keys, and builds
//! nested tables that are dropped one inside the other. And it reads TOML 1.1, while entries
//! are kept in 1.0 so that Python's `tomllib` can read them too. Both need only brackets,
//! strings and line ends. Source: TOML 1.0.0 and 1.1.0, toml.io, read 2026-11-20.

/// How deep lists, inline tables and dotted keys may nest.
pub const DEPTH_LIMIT: usize = 32;

/// Something TOML 1.1 allows and TOML 1.0 does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewSyntax {
    /// A line break inside `{ }`.
    LineBreakInTable,
    /// A comma before `}`.
    TrailingComma,
    /// The escape `\e` or `\x`.
    Escape,
}

/// Where the text nests deeper than [`DEPTH_LIMIT`], if it does.
pub fn too_deep(text: &str) -> Option<usize> {
    let mut brackets = 0_usize;
    let mut dots = 0;
    letters(text).find_map(|(place, letter)| {
        match letter {
            Letter::Open(_) => (brackets, dots) = (brackets + 1, 0),
            Letter::Close(_) => (brackets, dots) = (brackets.saturating_sub(1), 0),
            Letter::Plain(b'.') => dots += 1,
            Letter::Plain(b'=' | b',' | b'\n') => dots = 0,
            Letter::Plain(_) | Letter::Escape(_) => {}
        }
        (brackets > DEPTH_LIMIT || dots > DEPTH_LIMIT).then_some(place)
    })
}

/// Where each table begins, with its header, by place: the first letter of `[table]` or `[[list]]`.
pub fn tables(text: &str) -> impl Iterator<Item = usize> {
    let (mut depth, mut is_begun) = (0_usize, false);
    letters(text).filter_map(move |(place, letter)| {
        let is_header = matches!(letter, Letter::Open(b'[')) && depth == 0 && !is_begun;
        match letter {
            Letter::Open(_) => (depth, is_begun) = (depth + 1, true),
            Letter::Close(_) => depth = depth.saturating_sub(1),
            Letter::Plain(b'\n') => is_begun = false,
            Letter::Plain(b' ' | b'\t' | b'\r') => {}
            Letter::Plain(_) | Letter::Escape(_) => is_begun = true,
        }
        is_header.then_some(place)
    })
}

/// How many inline tables there are, counted up to `most`.
pub fn inline_tables(text: &str, most: usize) -> usize {
    letters(text).filter(|(_, letter)| *letter == Letter::Open(b'{')).take(most).count()
}

/// Each use of syntax that TOML 1.0 does not know, with its place.
pub fn new_syntax(text: &str) -> Vec<(usize, NewSyntax)> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    let mut last = b' ';
    for (place, letter) in letters(text) {
        match letter {
            Letter::Open(bracket) => open.push(bracket),
            Letter::Close(bracket) => {
                if bracket == b'}' && last == b',' {
                    found.push((place, NewSyntax::TrailingComma));
                }
                open.pop();
            }
            Letter::Escape(b'e' | b'x') => found.push((place, NewSyntax::Escape)),
            Letter::Plain(b'\n') if open.last() == Some(&b'{') => found.push((place, NewSyntax::LineBreakInTable)),
            Letter::Plain(_) | Letter::Escape(_) => {}
        }
        last = match letter {
            Letter::Plain(b' ' | b'\t' | b'\r' | b'\n') => last,
            Letter::Plain(byte) | Letter::Open(byte) | Letter::Close(byte) | Letter::Escape(byte) => byte,
        };
    }
    found
}

/// A byte that matters, with what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    /// `[` or `{` outside strings and comments.
    Open(u8),
    /// `]` or `}` outside strings and comments.
    Close(u8),
    /// Any other byte outside strings and comments; a string counts as one `"`.
    Plain(u8),
    /// The letter behind a backslash in a string that knows escapes.
    Escape(u8),
}

/// How the string being read ends.
#[derive(Debug, Clone, Copy)]
struct Quote {
    byte: u8,
    length: usize,
}

/// The bytes that matter, each with its place.
fn letters(text: &str) -> impl Iterator<Item = (usize, Letter)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut quote: Option<Quote> = None;
    std::iter::from_fn(move || {
        while let Some(&byte) = bytes.get(at) {
            let place = at;
            if let Some(open) = quote {
                let (step, escape) = inside(bytes, at, open);
                at += step;
                if escape.is_none() && step >= open.length && byte == open.byte || ends_line(byte, open) {
                    quote = None;
                }
                match escape {
                    Some(letter) => return Some((place, Letter::Escape(letter))),
                    None => continue,
                }
            }
            at += 1;
            match byte {
                b'"' | b'\'' => {
                    let length = if bytes[place..].starts_with(&[byte; 3]) { 3 } else { 1 };
                    at = place + length;
                    quote = Some(Quote { byte, length });
                    return Some((place, Letter::Plain(b'"')));
                }
                b'#' => at = line_end(bytes, at),
                b'[' | b'{' => return Some((place, Letter::Open(byte))),
                b']' | b'}' => return Some((place, Letter::Close(byte))),
                _ => return Some((place, Letter::Plain(byte))),
            }
        }
        None
    })
}

/// How many bytes of a string to pass, and the letter of an escape if it is one.
///
/// Passing the closing quotes is a step of their whole run: `""""` ends a long string with a
/// quote that belongs to it.
fn inside(bytes: &[u8], at: usize, open: Quote) -> (usize, Option<u8>) {
    match bytes[at] {
        b'\\' if open.byte == b'"' => match bytes.get(at + 1) {
            Some(&letter) => (2, Some(letter)),
            None => (1, None),
        },
        byte if byte == open.byte && open.length == 3 => {
            let run = bytes[at..].iter().take_while(|&&next| next == byte).take(5).count();
            (run, None)
        }
        _ => (1, None),
    }
}

/// A short string ends with its line at the latest; the parser says that it is broken.
fn ends_line(byte: u8, open: Quote) -> bool {
    byte == b'\n' && open.length == 1
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |newline| from + newline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_toml_1_0_does_not_know() {
        #[track_caller]
        fn check(text: &str, expected: &[NewSyntax]) {
            let found: Vec<NewSyntax> = new_syntax(text).into_iter().map(|(_, one)| one).collect();
            assert_eq!(found, expected, "{text}");
        }
        check("a = { b = 1,\n c = 2 }", &[NewSyntax::LineBreakInTable]);
        check("a = { b = 1, }", &[NewSyntax::TrailingComma]);
        check("a = { b = [1,\n 2,\n], c = \"}\" }", &[]); // a list inside may break lines
        check("a = [\n { b = 1 },\n]", &[]);
        check(r#"a = "\e \x41""#, &[NewSyntax::Escape, NewSyntax::Escape]);
        check(r#"a = '\e' # \e { , }"#, &[]); // no escapes in literal strings or comments
        check(r#"a = "\\e""#, &[]);
        check("a = \"\"\"\n{,}\n\\\"\"\"\"\"\nb = { c = 1, }", &[NewSyntax::TrailingComma]);
        check("a = '''\n{,}''''\nb = 1", &[]);
        check("a = { b = \"{,}\" }", &[]);
    }

    #[test]
    fn tables_begin_at_headers_and_nowhere_else() {
        let text = "a = [\n [1],\n]\n[[b]]\nc = \"\"\"\n[no]\n\"\"\"\n# [no]\n  [d] # x\ne = { f = [] }";
        let begun: Vec<&str> = tables(text).map(|place| &text[place..place + 3]).collect();
        assert_eq!(begun, ["[[b", "[d]"]);
        assert_eq!((inline_tables(text, 5), inline_tables("{}{}{}", 2)), (1, 2));
    }

    #[test]
    fn counts_depth_outside_strings_and_comments() {
        let deep = DEPTH_LIMIT + 1;
        assert_eq!(too_deep(&format!("a = {}", "[".repeat(DEPTH_LIMIT))), None);
        assert!(too_deep(&format!("a = {}", "[".repeat(deep))).is_some());
        assert_eq!(too_deep(&format!("a = \"{}\"", "[.".repeat(deep))), None);
        assert_eq!(too_deep(&format!("# {}", "[.".repeat(deep))), None);
        assert_eq!(too_deep(&"a = [1.5]\n".repeat(deep)), None);
        assert!(too_deep(&format!("a{} = 1", ".a".repeat(deep))).is_some());
    }
}
