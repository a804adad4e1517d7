//! A file that cannot be used, as an error.

use super::inspection::TOO_MANY;
use super::overlay::{CONTRADICTION, UNREADABLE};
use super::{Document, Finding, Paint, render};
use crate::remedy::Remedy;
use crate::values::Printable;

/// A file of facts breaks its format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", place(.name, .first), others(.rest))]
pub struct BrokenFile {
    /// The file as it was named.
    pub name: String,
    /// The first thing wrong with it.
    pub first: Box<Finding>,
    /// Everything else that was found; the last may count what is not kept.
    pub rest: Vec<Finding>,
    /// All of it with the lines of the file and carets, without colour.
    pub shown: String,
}

impl BrokenFile {
    /// The error for the findings of a document; `None` when there are none.
    pub fn new(document: &Document<'_>, findings: Vec<Finding>) -> Option<Self> {
        let mut rest = findings.into_iter();
        let first = rest.next()?;
        Some(Self::of(document.name(), document.text(), first, rest.collect()))
    }

    /// The error for a text that could not even be opened.
    pub fn unopened(name: &str, text: &str, finding: Finding) -> Self {
        Self::of(name, text, finding, Vec::new())
    }

    /// The lines of the file with carets, for below the message: without its repetition.
    pub fn excerpt(&self) -> &str {
        self.shown.split_once('\n').map_or("", |(_, lines)| lines).trim_end()
    }

    fn of(name: &str, text: &str, first: Finding, rest: Vec<Finding>) -> Self {
        let mut shown = render(name, text, std::slice::from_ref(&first), Paint::Plain);
        shown.push_str(&render(name, text, &rest, Paint::Plain));
        Self { name: name.to_owned(), first: Box::new(first), rest, shown }
    }
}

impl Remedy for BrokenFile {
    fn remedy(&self) -> Option<String> {
        let lint = format!("`medsets catalog lint {}` shows the lines", Printable::new(&self.name));
        Some(match &self.first.help {
            Some(help) => format!("{help}\n{lint}"),
            None => lint,
        })
    }
}

/// What is wrong and where; a file that cannot be had has no places.
fn place(name: &str, first: &Finding) -> String {
    let message = Printable::cut(&first.message, 1000);
    match first.code {
        UNREADABLE | CONTRADICTION => message.to_string(),
        _ => format!(
            "`{}` breaks the format at line {}, column {}: {message}",
            Printable::new(name),
            first.line,
            first.column
        ),
    }
}

fn others(rest: &[Finding]) -> String {
    match rest {
        [] => String::new(),
        [_] => " (and one more finding)".to_owned(),
        [shown @ .., last] if last.code == TOO_MANY => format!(" (and more than {} more findings)", shown.len()),
        _ => format!(" (and {} more findings)", rest.len()),
    }
}
