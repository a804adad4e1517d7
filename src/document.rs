//! A TOML file of facts, read so that every complaint can point into it.
//!
//! The catalogue, the licences and the project file are written by people. What is wrong with
//! one of them is a [`Finding`] with a line, a column and a caret. Size and depth are limited
//! before the parser sees the text: a hostile overlay costs memory in proportion to its size
//! and never the stack.

pub mod at;
pub mod broken;
pub mod finding;
pub mod inspection;
pub mod overlay;
pub mod scan;

use std::cell::OnceCell;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use at::Step;

pub use at::At;
pub use broken::BrokenFile;
pub use finding::{Finding, Paint, Severity, render};
pub use inspection::Inspection;
pub use overlay::{CONTRADICTION, Claimed, OverlayFile};

/// A text that passed the limits of size and depth. Parsed on demand.
#[derive(Debug)]
pub struct Document<'t> {
    name: &'t str,
    text: &'t str,
    tree: OnceCell<Spanned<DeTable<'t>>>,
}

/// What of a key-value pair a finding points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The key.
    Key,
    /// The value behind it.
    Value,
}

/// The largest file that is read, in bytes: 64 MiB. An entry may name tens of thousands of
/// files, at a few hundred bytes each.
pub const SIZE_LIMIT: usize = 64 << 20;

impl<'t> Document<'t> {
    /// Takes the text of the file `name` if it keeps the limits of size and depth.
    pub fn open(name: &'t str, text: &'t str) -> Result<Self, Finding> {
        let document = Self { name, text, tree: OnceCell::new() };
        if text.len() > SIZE_LIMIT {
            let message = format!("the file has {} bytes; at most {SIZE_LIMIT} (64 MiB) are read", text.len());
            return Err(document.finding("too-large", message, 0..0));
        }
        match scan::too_deep(text) {
            None => Ok(document),
            Some(place) => {
                let message = format!("tables or lists are nested more than {} deep", scan::DEPTH_LIMIT);
                Err(document.finding("too-deep", message, place..place + 1))
            }
        }
    }

    /// The name of the file, as it was given.
    pub fn name(&self) -> &'t str {
        self.name
    }

    /// The whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The file name without folders and ending: an entry's id.
    pub fn stem(&self) -> &'t str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or(self.name);
        file.strip_suffix(".toml").unwrap_or(file)
    }

    /// Parses the text into `T`, or says where it breaks the shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Finding> {
        toml::from_str(self.text).map_err(|error| self.parse_finding(&error))
    }

    /// The parsed tree with the place of each key and value, or where TOML itself is broken.
    pub fn tree(&self) -> Result<&DeTable<'t>, Finding> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree.get_ref());
        }
        let tree = DeTable::parse(self.text).map_err(|error| self.parse_finding(&error))?;
        Ok(self.tree.get_or_init(|| tree).get_ref())
    }

    /// Where the thing `at` stands; where it is absent, the nearest thing that would hold it.
    pub fn span(&self, at: &At<'_>, part: Part) -> Range<usize> {
        let Ok(table) = self.tree() else { return 0..0 };
        let mut span = 0..0;
        let mut table = Some(table);
        let mut list = None;
        for step in at.steps() {
            let value = match step {
                Step::Key(key) => match table.and_then(|table| table.get_key_value(key)) {
                    Some((found, value)) => {
                        span = if part == Part::Key { found.span() } else { value.span() };
                        value
                    }
                    None => break,
                },
                Step::Index(index) => match list.and_then(|list: &toml::de::DeArray<'_>| list.get(index)) {
                    Some(value) => {
                        span = value.span();
                        value
                    }
                    None => break,
                },
            };
            (table, list) = match value.get_ref() {
                DeValue::Table(inner) => (Some(inner), None),
                DeValue::Array(inner) => (None, Some(inner)),
                _ => (None, None),
            };
        }
        span
    }

    /// An error that points to `span`.
    pub fn finding(&self, code: &'static str, message: impl Into<String>, span: Range<usize>) -> Finding {
        let (line, column) = self.place(span.start);
        Finding { severity: Severity::Error, code, message: message.into(), help: None, line, column, span }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// Line of the thing `at`, from 1.
    pub fn line(&self, at: &At<'_>) -> usize {
        self.place(self.span(at, Part::Value).start).0
    }

    fn parse_finding(&self, error: &toml::de::Error) -> Finding {
        if let Some(place) = conflict_mark(self.text) {
            let finding = self.finding("conflict", "an unfinished merge: both sides stand here", place);
            return Finding { help: Some(UNMERGED.to_owned()), ..finding };
        }
        let span = error.span().unwrap_or(0..0);
        let finding = self.finding("schema", error.message(), span);
        let help = error.message().starts_with("duplicate key").then(|| TWICE.to_owned());
        Finding { help, ..finding }
    }
}

/// The first line that git puts above the two sides of a conflict.
fn conflict_mark(text: &str) -> Option<Range<usize>> {
    let at = if text.starts_with(CONFLICT) { 0 } else { text.find(&format!("\n{CONFLICT}"))? + 1 };
    Some(at..at + CONFLICT.len() - 1)
}

const CONFLICT: &str = "<<<<<<< ";

const UNMERGED: &str = "keep what is right of both sides and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`; \
    where each side added a table, keep both, each with all its keys under a header of its own such as `[[dataset]]`; \
    then `medsets lock` resolves the lock beside a project file";

const TWICE: &str =
    "a table has each key once; two tables that a merge ran together need a header each, such as `[[dataset]]`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_exhaust_stack_or_memory() {
        #[track_caller]
        fn check(text: &str, code: &str) {
            let outcome = Document::open("x.toml", text).and_then(|document| document.tree().map(|_| ()));
            assert_eq!(outcome.unwrap_err().code, code);
        }
        let deep = 100_000;
        check(&format!("a = {}", "[".repeat(deep)), "too-deep");
        check(&format!("a = {}", "{a=".repeat(deep)), "too-deep");
        check(&format!("{}a = 1", "a.".repeat(deep)), "too-deep");
        check(&format!("[{}a]", "a.".repeat(deep)), "too-deep");
        check(&format!("a = {{ {}a = 1 }}", "a . ".repeat(deep)), "too-deep");
        check(&format!("a = \"{}", "[".repeat(deep)), "schema"); // inside a string nothing nests
        check(&" ".repeat(SIZE_LIMIT + 1), "too-large");
        check("a = 1\n<<<<<<< HEAD\nb = 1\n=======\nb = 2\n>>>>>>> other\n", "conflict");
        check("a = \"<<<<<<< \"\nb", "schema");
    }

    #[test]
    fn points_to_the_nearest_thing_there_is() {
        let text = "id = \"é\"\n\n[[release]]\nversion = \"1\"\n";
        let document = Document::open("x.toml", text).unwrap();
        #[track_caller]
        fn check(document: &Document<'_>, at: &At<'_>, part: Part, expected: &str) {
            assert_eq!(&document.text()[document.span(at, part)], expected);
        }
        let root = At::root();
        let releases = root.key("release");
        let first = releases.index(0);
        check(&document, &root.key("id"), Part::Value, "\"é\"");
        check(&document, &root.key("id"), Part::Key, "id");
        check(&document, &first.key("version"), Part::Key, "version");
        check(&document, &first.key("absent"), Part::Value, "[[release]]");
        check(&document, &root.key("absent"), Part::Value, "");
        assert_eq!(document.place(text.find("version").unwrap()), (4, 1));
        assert_eq!(document.place(8), (1, 8)); // `é` is one column and two bytes
    }
}
