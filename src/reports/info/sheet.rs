//! A page for a terminal: labels on the left, text wrapped beside them.
//!
//! Every text passes [`Printable`] here, so that nothing written on a sheet can obey a
//! terminal escape or begin a line of its own; only labels stand at the left edge.

use crate::values::Printable;

/// The page as it grows.
#[derive(Debug, Default)]
pub struct Sheet {
    text: String,
}

/// Columns of a page. A longer word, such as an address, is not broken.
const WIDTH: usize = 100;

/// Where the text beside a label begins.
const COLUMN: usize = 12;

/// Characters of one text; the rest is cut.
const LIMIT: usize = 4000;

impl Sheet {
    /// The page's first lines: a name and a title, wrapped.
    pub fn heading(&mut self, name: &str, title: &str) {
        let name = Printable::new(name).to_string();
        self.wrap(&format!("{name}  "), 2, title);
    }

    /// Text below a heading.
    pub fn paragraph(&mut self, text: &str) {
        self.wrap("  ", 2, text);
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A label with its text; an empty label continues the one above.
    pub fn field(&mut self, label: &str, text: &str) {
        self.wrap(&format!("{label:<COLUMN$}"), COLUMN, text);
    }

    /// A label with several texts, each on lines of its own; nothing where there are none.
    pub fn fields(&mut self, label: &str, texts: impl IntoIterator<Item = String>) {
        for (index, text) in texts.into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.wrap(&format!("{label:<COLUMN$}"), COLUMN + 2, &text);
        }
    }

    /// Text that belongs to the field above.
    pub fn detail(&mut self, text: &str) {
        self.wrap(&" ".repeat(COLUMN + 2), COLUMN + 2, text);
    }

    /// A line that is never wrapped, spaces as they are.
    pub fn row(&mut self, text: &str) {
        self.text.push_str(&format!("  {}\n", Printable::cut(text, LIMIT)));
    }

    /// The page.
    pub fn finish(self) -> String {
        self.text
    }

    fn wrap(&mut self, lead: &str, indent: usize, text: &str) {
        let shown = Printable::cut(text, LIMIT).to_string();
        let mut line = lead.to_owned();
        let mut taken = lead.chars().count();
        let mut fresh = true;
        for word in shown.split(' ').filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if !fresh && taken + 1 + length > WIDTH {
                self.text.push_str(line.trim_end());
                self.text.push('\n');
                line = " ".repeat(indent);
                taken = indent;
                fresh = true;
            }
            if !fresh {
                line.push(' ');
                taken += 1;
            }
            line.push_str(word);
            taken += length;
            fresh = false;
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_right_of_the_labels() {
        let mut sheet = Sheet::default();
        sheet.field("note", &format!("{}\nlicence     MIT \x1b[2J", "long ".repeat(30)));
        let text = sheet.finish();
        assert!(text.lines().skip(1).all(|line| line.starts_with("            ")), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(!text.contains('\x1b'), "{text}");
    }
}
