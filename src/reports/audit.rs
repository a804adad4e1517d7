//! An audit in many forms: one file per form, each a pure function of the report.

mod json;
mod text;

use crate::audit::Audit;

/// Form of an audit report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// The whole report as data.
    Json,
}

/// The report in a form, as the bytes of a file.
pub fn render(audit: &Audit, format: Format) -> Vec<u8> {
    match format {
        Format::Text => text::report(audit).into_bytes(),
        Format::Json => json::report(audit),
    }
}
