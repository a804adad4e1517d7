//! Foreign text as a cell of a table for spreadsheets.

use std::fmt;

use super::Printable;

/// A cell that is text and nothing else: quoted as in RFC 4180, on one line, and no formula.
///
/// A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, which can
/// fetch from the network or start a program. Such a cell begins with an apostrophe.
#[derive(Debug, Clone, Copy)]
pub struct CsvCell<'a>(pub &'a str);

impl fmt::Display for CsvCell<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Printable::cut(self.0, usize::MAX).to_string();
        // Spaces in front are passed over by some, and full width is read as half width.
        let formula = shown.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        let guard = if formula { "'" } else { "" };
        write!(out, "\"{guard}{}\"", shown.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        #[track_caller]
        fn check(text: &str, cell: &str) {
            assert_eq!(CsvCell(text).to_string(), cell);
        }
        check("plain, with comma", "\"plain, with comma\"");
        check("say \"yes\"", "\"say \"\"yes\"\"\"");
        check("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"");
        check("+1", "\"'+1\"");
        check("-1", "\"'-1\"");
        check(" =1", "\"' =1\"");
        check("@SUM(A1)", "\"'@SUM(A1)\"");
        check("＝1", "\"'＝1\"");
        check("\t=1", "\"\\u{9}=1\"");
        check("two\nlines", "\"two\\u{a}lines\"");
    }
}
