//! A JSON document with one long list at its end, written piece by piece.

use std::io::{self, Write};

use serde_json::Value;

/// A document that is being written.
pub struct List<'w> {
    out: &'w mut dyn Write,
    is_empty: bool,
}

impl<'w> List<'w> {
    /// Writes the head, an object that is not empty, and begins the list under `key`.
    pub fn begin(out: &'w mut dyn Write, head: &Value, key: &str) -> io::Result<Self> {
        let text = serde_json::to_string_pretty(head)?;
        let open = text.trim_end_matches(['}', '\n']);
        write!(out, "{open},\n  {}: [", Value::from(key))?;
        Ok(Self { out, is_empty: true })
    }

    /// Adds one, on a line of its own.
    pub fn push(&mut self, item: &Value) -> io::Result<()> {
        let comma = if self.is_empty { "" } else { "," };
        self.is_empty = false;
        write!(self.out, "{comma}\n    {item}")
    }

    /// Ends list and document.
    pub fn end(self) -> io::Result<()> {
        self.out.write_all(b"\n  ]\n}\n")
    }

    /// The whole document at once.
    pub fn whole(head: &Value, key: &str, items: &[Value]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let written = List::begin(&mut bytes, head, key).and_then(|mut list| {
            items.iter().try_for_each(|item| list.push(item))?;
            list.end()
        });
        written.expect("memory takes everything");
        bytes
    }
}
