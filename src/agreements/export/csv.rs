//! An extract as a table for spreadsheets.

use serde_json::{Map, Value};

use crate::values::CsvCell;

use super::Extract;

/// The table with its heading row; lines end in CRLF (RFC 4180).
pub(super) fn table(extract: &Extract) -> Vec<u8> {
    let heading = COLUMNS.map(|column| CsvCell(column).to_string()).join(",");
    let rows =
        extract.entries.iter().map(|entry| COLUMNS.map(|column| CsvCell(&value(entry, column)).to_string()).join(","));
    let lines: Vec<String> = std::iter::once(heading).chain(rows).collect();
    (lines.join("\r\n") + "\r\n").into_bytes()
}

/// What an entry says under a column; empty where it says nothing. `who.name` is the name
/// within `who`; several values are joined with a space.
pub(super) fn value(entry: &Map<String, Value>, column: &str) -> String {
    let mut names = column.split('.');
    let first = names.next().and_then(|name| entry.get(name));
    match names.fold(first, |value, name| value?.get(name)) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => {
            values.iter().map(|value| value.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    }
}

/// The columns, in the order a reader asks: when, what, of what, by whom, on what grounds.
pub(super) const COLUMNS: [&str; 29] = [
    "sequence",
    "time",
    "kind",
    "dataset",
    "version",
    "variant",
    "requirement",
    "license",
    "license_version",
    "who.name",
    "who.email",
    "who.institution",
    "who.os_user",
    "who.host",
    "means",
    "purpose",
    "note",
    "expires",
    "text_sha256",
    "obtained",
    "url",
    "evidence",
    "files",
    "bytes",
    "receipt_sha256",
    "reference",
    "tool",
    "prev",
    "hash",
];
