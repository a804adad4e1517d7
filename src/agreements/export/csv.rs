//! An extract as a table for spreadsheets.

use serde_json::{Map, Value};

use crate::values::Printable;

use super::Extract;

/// The table with its heading row; lines end in CRLF (RFC 4180).
pub(super) fn table(extract: &Extract) -> Vec<u8> {
    let heading = COLUMNS.map(quoted).join(",");
    let rows = extract.entries.iter().map(|entry| COLUMNS.map(|column| quoted(&value(entry, column))).join(","));
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

/// A cell that is text and nothing else.
fn quoted(text: &str) -> String {
    let shown = Printable::cut(text, usize::MAX).to_string();
    // What spreadsheets take for the start of a formula, also in full width.
    let formula = shown.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", shown.replace('"', "\"\""))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        #[track_caller]
        fn check(text: &str, cell: &str) {
            assert_eq!(quoted(text), cell);
        }
        check("plain, with comma", "\"plain, with comma\"");
        check("say \"yes\"", "\"say \"\"yes\"\"\"");
        check("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"");
        check("+1", "\"'+1\"");
        check("-1", "\"'-1\"");
        check("@SUM(A1)", "\"'@SUM(A1)\"");
        check("\t=1", "\"\\u{9}=1\"");
        check("two\nlines", "\"two\\u{a}lines\"");
    }
}
