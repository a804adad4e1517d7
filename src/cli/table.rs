//! Plain columns for a terminal.

use std::fmt;

use crate::values::Printable;

/// Rows under headings; every cell is escaped.
pub struct Table {
    table: comfy_table::Table,
    empty: bool,
}

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(headings.iter().copied());
        Self { table, empty: true }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table.add_row(cells.into_iter().map(|cell| Printable::cut(&cell, 120).to_string()));
        self.empty = false;
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.empty {
            return Ok(());
        }
        for line in self.table.lines() {
            writeln!(out, "{}", line.trim())?;
        }
        Ok(())
    }
}
