//! Every table and value of a file against its documentation.

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::At;
use crate::document::scan::{NewSyntax, new_syntax};
use crate::licenses::Shelf;
use crate::values::Printable;

use super::keys::{CHOSEN, Keys};
use super::leaf;
use super::notes::Notes;

/// A walk through one file.
pub(super) struct Walk<'n, 'd> {
    notes: &'n mut Notes<'d>,
    keys: &'n Keys,
    shelf: &'n Shelf,
    today: Date,
}

impl<'n, 'd> Walk<'n, 'd> {
    /// Ready to go.
    pub(super) fn new(notes: &'n mut Notes<'d>, keys: &'n Keys, shelf: &'n Shelf, today: Date) -> Self {
        Self { notes, keys, shelf, today }
    }

    /// Looks at all of it.
    pub(super) fn file(mut self) {
        let document = self.notes.document();
        for (place, syntax) in new_syntax(document.text()) {
            let (message, help) = match syntax {
                NewSyntax::LineBreakInTable => {
                    ("an inline table breaks the line", "write it in one line, or as a `[table]` of its own")
                }
                NewSyntax::TrailingComma => ("an inline table ends with a comma", "leave the last comma out"),
                NewSyntax::Escape => {
                    ("the escapes `\\e` and `\\x` are not TOML 1.0", "write `\\u00..` with four digits")
                }
            };
            self.notes.error_at(place, "toml-1.1", message, help);
        }
        if let Ok(tree) = document.tree() {
            self.table(tree, &At::root(), "");
        }
    }

    fn table(&mut self, table: &DeTable<'_>, at: &At<'_>, trail: &str) {
        if let Some(keys) = self.keys.of(trail) {
            self.order(table, at, keys);
        }
        for (key, value) in table {
            let key = key.get_ref().as_ref();
            self.value(value, &at.key(key), &self.below(trail, key));
        }
    }

    /// The trail of a key's value. At the root of collections every name is the author's.
    fn below(&self, trail: &str, key: &str) -> String {
        let chosen = CHOSEN.contains(&trail) || (trail.is_empty() && self.keys.of("").is_none());
        let key = if chosen { "*" } else { key };
        if trail.is_empty() { key.to_owned() } else { format!("{trail}.{key}") }
    }

    fn order(&mut self, table: &DeTable<'_>, at: &At<'_>, keys: &'static [&'static str]) {
        let mut written: Vec<(usize, &str)> =
            table.keys().map(|key| (key.span().start, key.get_ref().as_ref())).collect();
        written.sort_unstable();
        let mut last: Option<(usize, &str)> = None;
        let mut told = false;
        for (_, key) in written {
            let at = at.key(key);
            let Some(place) = keys.iter().position(|one| *one == key) else {
                let message = format!("there is no key `{}` here", Printable::new(key));
                let help = format!("the keys are {}", keys.join(", "));
                self.notes.key_error(&at, "unknown-key", message, &help);
                continue;
            };
            match last {
                Some((later, name)) if later > place && !told => {
                    let message = format!("`{key}` stands behind `{name}`");
                    self.notes.key_warning(&at, "key-order", message, &format!("put `{key}` in front of `{name}`"));
                    told = true;
                }
                _ => last = Some((place, key)),
            }
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, at: &At<'_>, trail: &str) {
        match value.get_ref() {
            DeValue::Table(table) if table.is_empty() => self.empty(at, trail),
            DeValue::Table(table) => self.table(table, at, trail),
            DeValue::Array(list) if list.is_empty() => self.empty(at, trail),
            DeValue::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.value(value, &at.index(index), trail);
                }
            }
            DeValue::String(text) if text.trim().is_empty() => self.empty(at, trail),
            DeValue::String(text) => leaf::text(self.notes, at, trail, text, self.shelf),
            DeValue::Integer(number) => leaf::number(self.notes, at, trail, number.as_str()),
            DeValue::Datetime(date) => leaf::date(self.notes, at, date, self.today),
            DeValue::Float(_) | DeValue::Boolean(_) => {}
        }
    }

    fn empty(&mut self, at: &At<'_>, trail: &str) {
        let message = format!("`{}` is empty", Printable::new(trail.rsplit('.').next().unwrap_or(trail)));
        self.notes.error(at, "empty-value", message, "leave the key out, or say what is known");
    }
}
