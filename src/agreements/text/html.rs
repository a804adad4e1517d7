//! The visible text of a web page as blocks.
//!
//! Dropped with all they hold: `script`, `style`, `noscript`, `template`, `title`, `iframe`,
//! `noembed`, `noframes`, `nav`, `header`, `footer`. Comments, tags and attributes are no text
//! (so neither are the texts of pictures and of buttons made by `input`). `head` needs no rule
//! of its own: `title` is all that it can show.
//!
//! A block ends at every tag that a browser starts a new line or cell for. In `pre` and
//! `textarea`, where many agreements stand, every line is a block.
//!
//! This is a tokenizer with rules, not a browser. Style sheets and scripts are not run, so
//! text that they hide (also by the attribute `hidden`) counts as visible, and an element
//! that is to be dropped but never closed stays. Where in doubt, text is kept: a person then
//! reads too much, never too little.

use html5gum::{StartTag, State, Token, Tokenizer, naive_next_state};

use super::{fold, is_line_break};

/// The blocks of a page that hold something, folded.
pub(super) fn blocks(page: &str) -> Vec<String> {
    let mut reader = PageReader::default();
    let mut tokenizer = Tokenizer::new(page);
    // Reading a string cannot fail.
    while let Some(Ok(token)) = tokenizer.next() {
        match token {
            Token::StartTag(tag) => {
                if let Some(state) = reader.start(&tag) {
                    tokenizer.set_state(state);
                }
            }
            Token::EndTag(tag) => reader.end(&tag.name),
            Token::String(text) => reader.text(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reader.blocks()
}

/// Whether bytes start as web pages do.
pub(super) fn looks_like_html(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(256)]);
    let start = start.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body", "<!--", "<p>", "<meta"].iter().any(|mark| start.starts_with(mark))
}

/// What was read of a page so far.
#[derive(Default)]
struct PageReader {
    pieces: Vec<Piece>,
    /// Elements to be dropped that are open: place in [`DROPPED`], number of pieces before it.
    dropping: Vec<(usize, usize)>,
    /// How many of each of the [`DROPPED`] are open: most end tags need no search then.
    open: [usize; DROPPED.len()],
    /// How many `pre` are open.
    preformatted: usize,
    /// How many `svg` and `math` are open: there `style` is no raw text, and `/>` closes.
    foreign: usize,
}

enum Piece {
    Text(String),
    Break,
}

impl PageReader {
    /// Takes a start tag; says how the tokenizer is to read on, if otherwise.
    fn start(&mut self, tag: &StartTag<()>) -> Option<State> {
        let name = tag.name.as_slice();
        let closed = self.foreign > 0 && tag.self_closing;
        match name {
            b"svg" | b"math" if !tag.self_closing => self.foreign += 1,
            b"pre" | b"listing" => self.preformatted += 1,
            _ => {}
        }
        if let Some(element) = dropped(name).filter(|_| !closed) {
            self.dropping.push((element, self.pieces.len()));
            self.open[element] += 1;
        }
        if is_block(name) {
            self.pieces.push(Piece::Break);
        }
        if name == b"textarea" || name == b"xmp" {
            self.preformatted += 1;
        }
        if self.foreign > 0 { None } else { naive_next_state(name) }
    }

    /// Takes an end tag. What is dropped is cut away here, back to its start tag, together
    /// with whatever was left open inside.
    fn end(&mut self, name: &[u8]) {
        match name {
            b"svg" | b"math" => self.foreign = self.foreign.saturating_sub(1),
            b"pre" | b"listing" | b"textarea" | b"xmp" => self.preformatted = self.preformatted.saturating_sub(1),
            _ => {}
        }
        if let Some(element) = dropped(name).filter(|element| self.open[*element] > 0) {
            self.drop_back_to(element);
        }
        if is_block(name) {
            self.pieces.push(Piece::Break);
        }
    }

    fn drop_back_to(&mut self, element: usize) {
        while let Some((open, pieces)) = self.dropping.pop() {
            self.open[open] -= 1;
            self.pieces.truncate(pieces);
            if open == element {
                return;
            }
        }
    }

    fn text(&mut self, text: &str) {
        if self.preformatted == 0 {
            self.pieces.push(Piece::Text(text.to_owned()));
            return;
        }
        for (count, line) in text.split(is_line_break).enumerate() {
            if count > 0 {
                self.pieces.push(Piece::Break);
            }
            self.pieces.push(Piece::Text(line.to_owned()));
        }
    }

    fn blocks(self) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut block = String::new();
        for piece in self.pieces.into_iter().chain([Piece::Break]) {
            match piece {
                Piece::Text(text) => block.push_str(&text),
                Piece::Break => {
                    let folded = fold(&block);
                    if !folded.is_empty() {
                        blocks.push(folded);
                    }
                    block.clear();
                }
            }
        }
        blocks
    }
}

/// The place in [`DROPPED`] of an element that goes with all it holds.
fn dropped(name: &[u8]) -> Option<usize> {
    DROPPED.iter().position(|dropped| *dropped == name)
}

const DROPPED: [&[u8]; 11] = [
    b"script",
    b"style",
    b"noscript",
    b"template",
    b"title",
    b"iframe",
    b"noembed",
    b"noframes",
    b"nav",
    b"header",
    b"footer",
];

/// Whether a tag with this name ends the block before it.
///
/// The elements that the HTML standard's style sheet displays as a block, a list item or a
/// part of a table (section 15.3), those that break a line, and buttons.
fn is_block(name: &[u8]) -> bool {
    BLOCKS.binary_search(&name).is_ok()
}

/// Sorted, for the search.
const BLOCKS: [&[u8]; 62] = [
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"body",
    b"br",
    b"button",
    b"caption",
    b"center",
    b"col",
    b"colgroup",
    b"dd",
    b"details",
    b"dialog",
    b"dir",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"frameset",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"header",
    b"hgroup",
    b"hr",
    b"html",
    b"legend",
    b"li",
    b"listing",
    b"main",
    b"menu",
    b"nav",
    b"ol",
    b"optgroup",
    b"option",
    b"p",
    b"plaintext",
    b"pre",
    b"search",
    b"section",
    b"select",
    b"summary",
    b"table",
    b"tbody",
    b"td",
    b"textarea",
    b"tfoot",
    b"th",
    b"thead",
    b"title",
    b"tr",
    b"ul",
    b"xmp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: &[&str]) {
        assert_eq!(blocks(page), expected, "{page}");
    }

    #[test]
    fn block_names_are_sorted() {
        assert!(BLOCKS.is_sorted());
    }

    #[test]
    fn keeps_what_is_seen_and_breaks_at_blocks() {
        check("<p>One <b>bold</b> word<p>two<br>three", &["One bold word", "two", "three"]);
        check("<ul><li>a<li>b</ul>c", &["a", "b", "c"]);
        check("<table><tr><td>1<td>2<tr><td>3</table>", &["1", "2", "3"]);
        check("in<span>line</span>d \n  text", &["inlined text"]);
        check("&lt;b&gt; &amp;&nbsp;&#233; &copy &unknown;", &["<b> & é © &unknown;"]);
        check("a<!-- hidden -->b<!doctype html><img alt=picture>", &["ab"]);
        check("<textarea>line one\n\n  <b>two</b></textarea>after", &["line one", "<b>two</b>", "after"]);
        check("<pre>\n1. <i>first</i>\n2. second</pre>", &["1. first", "2. second"]);
    }

    #[test]
    fn drops_what_changes_or_is_not_seen() {
        check("<head><title>T</title><style>p{}</style></head><body>x", &["x"]);
        check("a<script>if (a < b) document.write('<p>no</p>')</script>b", &["ab"]);
        check("<noscript>Enable JavaScript</noscript>x<template><p>t</p></template>", &["x"]);
        check("<nav>Home <nav>inner</nav> more</nav>text<footer>2026</footer>", &["text"]);
        check("<HEADER>h</HEADER>x<iframe><p>y</iframe>", &["x"]);
        check("a<header>h</header>b", &["a", "b"]);
    }

    /// An element that is never closed would take the rest of the agreement with it.
    #[test]
    fn keeps_the_text_after_an_element_left_open() {
        check("<nav>Home<p>terms", &["Home", "terms"]);
        check("<header><nav>Home</header>terms</nav>", &["terms"]);
        check("</footer>terms", &["terms"]);
        check("<svg><script/><title>t</title></svg>terms", &["terms"]);
        check("<svg><style>a{}</style><path/></svg>terms", &["terms"]);
    }

    #[test]
    fn many_open_elements_take_no_more_than_their_share_of_time() {
        let page = format!("{}{}end", "<nav>".repeat(200_000), "</header>".repeat(200_000));
        check(&page, &["end"]);
    }

    /// After the Stanford agreement's page: a site's frame around headings and numbered terms.
    #[test]
    fn reads_a_research_use_agreement() {
        let page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
            <title>Sample X-rays</title><script>window.token='b7c1';</script></head>\n<body>\n\
            <header class=\"top\"><a href=\"/\">Sample Group</a></header>\n\
            <nav><ul><li>Home</li><li>Datasets</li></ul></nav>\n\
            <main><h2>Sample Dataset Research&nbsp;Use Agreement</h2>\n\
            <p>By registering for downloads from the Sample Dataset,\n   you are agreeing to this \
            &ldquo;Agreement&rdquo;:</p>\n<ol>\n<li>Permission is granted to view and use the dataset\n\
            <em>without charge</em> for <strong>personal,\nnon-commercial research</strong> only.</li>\n\
            <li>You may not share the link&#8212;each user registers.</li>\n</ol>\n\
            <form><label><input type=checkbox> I agree</label><button>Register</button></form></main>\n\
            <footer>&copy; 2026 Sample Group. Visitor 12,345</footer></body></html>\n";
        check(
            page,
            &[
                "Sample Dataset Research Use Agreement",
                "By registering for downloads from the Sample Dataset, you are agreeing to this \u{201c}Agreement\u{201d}:",
                "Permission is granted to view and use the dataset without charge for personal, non-commercial research only.",
                "You may not share the link\u{2014}each user registers.",
                "I agree",
                "Register",
            ],
        );
    }

    /// After a data use agreement kept as a table with definition lists, 1990s style.
    #[test]
    fn reads_an_old_page_without_end_tags() {
        let page = "<HTML><BODY BGCOLOR=white><CENTER><H1>Data Use Terms</H1></CENTER>\n\
            <TABLE><TR><TD>1<TD>The data are for research and teaching.\n\
            <TR><TD>2<TD>No attempt is made to identify anyone.</TABLE>\n\
            <DL><DT>Licensor<DD>The Hospital<DT>Term<DD>One year</DL>Signed:<HR>";
        check(
            page,
            &[
                "Data Use Terms",
                "1",
                "The data are for research and teaching.",
                "2",
                "No attempt is made to identify anyone.",
                "Licensor",
                "The Hospital",
                "Term",
                "One year",
                "Signed:",
            ],
        );
    }
}
