//! A table that people sort and filter, and that stands as cards on a phone.

use std::io::{self, Write};

use super::escape::text;

/// A table of the page.
#[derive(Debug)]
pub struct Table<'t> {
    /// Its id.
    pub id: &'t str,
    /// What it holds, as a sentence.
    pub caption: &'t str,
    /// Headings of the columns.
    pub columns: &'t [&'t str],
    /// The column that names the row.
    pub names: usize,
    /// Kinds of rows to choose from, under a label.
    pub choice: Option<(&'t str, &'t [&'t str])>,
}

/// A row: its cells, already escaped, and its kind, where kinds can be chosen.
#[derive(Debug, Default)]
pub struct Row {
    /// The cells.
    pub cells: Vec<Cell>,
    /// Its kind.
    pub kind: Option<String>,
}

/// A cell.
#[derive(Debug, Default)]
pub struct Cell {
    /// What it shows, already escaped.
    pub html: String,
    /// What it is sorted by, where that is not its text.
    pub sort: Option<usize>,
}

impl From<String> for Cell {
    fn from(html: String) -> Self {
        Self { html, sort: None }
    }
}

impl Row {
    /// Of cells that are sorted by their text.
    pub fn of<const N: usize>(cells: [String; N]) -> Self {
        Self { cells: cells.into_iter().map(Cell::from).collect(), kind: None }
    }
}

impl Table<'_> {
    /// Writes it with the tools for a long one. The roles are named because cards on a phone
    /// are no table in the eyes of browsers.
    pub fn write(&self, out: &mut dyn Write, rows: Vec<Row>) -> io::Result<()> {
        if rows.len() > 4 {
            self.tools(out)?;
        }
        let id = self.id;
        write!(out, "<table class=\"stack\" role=\"table\" id=\"{id}\" data-sortable>")?;
        write!(out, "<caption>{}</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">", text(self.caption))?;
        for column in self.columns {
            write!(out, "<th scope=\"col\" role=\"columnheader\">{}</th>", text(column))?;
        }
        out.write_all(b"</tr></thead>\n<tbody role=\"rowgroup\">\n")?;
        for row in &rows {
            self.row(out, row)?;
        }
        out.write_all(b"</tbody></table>\n")
    }

    fn row(&self, out: &mut dyn Write, row: &Row) -> io::Result<()> {
        let kind = row.kind.as_deref().map(|kind| format!(" data-kind=\"{}\"", text(kind))).unwrap_or_default();
        write!(out, "<tr role=\"row\"{kind}>")?;
        for (index, (cell, column)) in row.cells.iter().zip(self.columns).enumerate() {
            let sort = cell.sort.map(|key| format!(" data-sort=\"{key}\"")).unwrap_or_default();
            let (label, html) = (text(column), &cell.html);
            if index == self.names {
                write!(out, "<th scope=\"row\" role=\"rowheader\" data-label=\"{label}\"{sort}>{html}</th>")?;
            } else {
                write!(out, "<td role=\"cell\" data-label=\"{label}\"{sort}>{html}</td>")?;
            }
        }
        out.write_all(b"</tr>\n")
    }

    fn tools(&self, out: &mut dyn Write) -> io::Result<()> {
        let id = self.id;
        write!(out, "<div class=\"tools\" id=\"{id}-tools\" hidden>")?;
        write!(
            out,
            "<label>Show rows with <input type=\"search\" aria-controls=\"{id}\" autocomplete=\"off\"></label>"
        )?;
        if let Some((label, kinds)) = self.choice {
            write!(out, "<label>{} <select aria-controls=\"{id}\"><option value=\"\">all</option>", text(label))?;
            for kind in kinds {
                write!(out, "<option>{}</option>", text(kind))?;
            }
            out.write_all(b"</select></label>")?;
        }
        out.write_all(b"<span role=\"status\" class=\"soft\"></span></div>\n")
    }
}
