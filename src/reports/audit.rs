//! An audit in many forms: one file per form, each a pure function of the report.

mod json;
mod text;

use std::io::{self, Write};

use crate::audit::Audit;

/// Form of an audit report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// The whole report as data.
    Json,
}

/// Writes the report in a form. An audit may be of thousands of datasets, so that none is held
/// as a text beside itself.
pub fn write(audit: &Audit, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => out.write_all(text::report(audit).as_bytes()),
        Format::Json => json::write(audit, out),
    }
}
