//! An audit in many forms: one file per form, each a pure function of the report.
//!
//! A new form is a variant of [`Format`], a row in [`FORMATS`] and an arm in [`write`]; the
//! tests write and compare whatever the table names.

mod csv;
mod html;
mod json;
mod markdown;
mod sarif;
mod text;
mod words;

use std::io::{self, Write};

use crate::audit::Audit;

/// Form of an audit report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For a page that people read and keep, such as a repository's.
    Markdown,
    /// One self-contained page to read, filter and print.
    Html,
    /// The whole report as data.
    Json,
    /// For a spreadsheet: a row for each dataset and act.
    Csv,
    /// The findings, for code hosts and editors.
    Sarif,
}

/// Every form with the file name that a report in it usually has.
pub const FORMATS: [(Format, &str); 6] = [
    (Format::Text, "audit.txt"),
    (Format::Markdown, "audit.md"),
    (Format::Html, "audit.html"),
    (Format::Json, "audit.json"),
    (Format::Csv, "audit.csv"),
    (Format::Sarif, "audit.sarif"),
];

/// Writes the report in a form. An audit may be of thousands of datasets, so that none is held
/// as a text beside itself.
pub fn write(audit: &Audit, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => out.write_all(text::report(audit).as_bytes()),
        Format::Markdown => out.write_all(markdown::report(audit).as_bytes()),
        Format::Html => html::write(audit, out),
        Format::Json => json::write(audit, out),
        Format::Csv => csv::write(audit, out),
        Format::Sarif => sarif::write(audit, out),
    }
}

#[cfg(test)]
mod tests;
