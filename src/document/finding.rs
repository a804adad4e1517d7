//! One thing wrong with a file, and how it is shown.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::values::Printable;

/// Something wrong in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Stable name of the rule, such as `unknown-licence`.
    pub code: &'static str,
    /// What is wrong, with the values that disagree.
    pub message: String,
    /// What to write instead, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the text that are meant.
    pub span: Range<usize>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is not accepted.
    Error,
    /// The file is accepted; a careful author would mend it.
    Warning,
}

/// Whether findings are shown in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Plain text.
    Plain,
    /// With terminal colours.
    Colour,
}

/// Shows findings as compilers do: the line of the file with a caret under what is meant.
pub fn render(name: &str, text: &str, findings: &[Finding], paint: Paint) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Colour => Renderer::styled(),
    };
    let name = Printable::cut(name, 1000).to_string();
    let mut shown = String::new();
    for finding in findings {
        shown.push_str(&renderer.render(&[report(&name, text, finding)]));
        shown.push('\n');
    }
    shown
}

fn report<'a>(name: &'a str, text: &'a str, finding: &Finding) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(Printable::cut(&finding.message, 1000).to_string()).id(finding.code);
    let (window, first_line, start) = window(text, finding);
    let span = finding.span.start - start..(finding.span.end - start).min(window.len());
    let snippet = Snippet::source(window).line_start(first_line).path(name);
    let group = title.element(snippet.annotation(AnnotationKind::Primary.span(span)));
    match &finding.help {
        Some(help) => group.element(Level::HELP.message(Printable::cut(help, 1000).to_string())),
        None => group,
    }
}

/// The part of the text that is shown: the finding's first line, cut where it is very long.
///
/// Returns it with its line number and its place in the text. A hostile file may be a single
/// line of megabytes; only what is near the finding is laid out.
fn window<'a>(text: &'a str, finding: &Finding) -> (&'a str, usize, usize) {
    let at = text.floor_char_boundary(finding.span.start.min(text.len()));
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let start = text.ceil_char_boundary(line_start.max(at.saturating_sub(LONGEST)));
    let end = text.floor_char_boundary(line_end.min(at + LONGEST));
    (&text[start..end], finding.line, start)
}

/// Bytes shown before and after a finding.
const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn finding(text: &str, span: Range<usize>) -> Finding {
        Document::open("x.toml", text).unwrap().finding("empty-value", "`title` is empty", span)
    }

    #[test]
    fn shows_the_line_with_a_caret() {
        let text = "id = \"x\"\ntitle = \"\"\n";
        let found = Finding { help: Some("leave the key out".into()), ..finding(text, 17..19) };
        let expected = "\
error[empty-value]: `title` is empty
 --> x.toml:2:9
  |
2 | title = \"\"
  |         ^^
  |
  = help: leave the key out
";
        assert_eq!(render("x.toml", text, &[found], Paint::Plain), expected);
    }

    #[test]
    fn never_obeys_what_a_file_holds() {
        let text = format!("a = \"\x1b[31m{}\"", "x".repeat(100_000));
        let found = finding(&text, 4..text.len());
        let shown = render("bad\x1bname.toml", &text, &[found], Paint::Plain);
        assert!(!shown.contains('\x1b'), "{shown}");
        assert!(shown.len() < 3_000, "{}", shown.len());
        // A place behind the end, as the parser gives for a text that stops too early.
        let text = "a = ";
        assert!(render("x", text, &[finding(text, 4..4)], Paint::Plain).contains("x:1:5"));
    }
}
