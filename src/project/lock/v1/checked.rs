//! The digest over each table of a lock, by which one that was edited by hand is told.

use crate::values::Digest;

use super::{CHECKED, HEADER};

/// What the table of a dataset holds above the line with its digest, and whether more stands
/// below that line.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    /// SHA-256 of the lines from the header to above the digest, each with a line feed: how lines
    /// end in the file makes no difference.
    digest: Digest,
    /// Whether the digest stands in the last line.
    is_last: bool,
}

/// Whether the text of one dataset is what this digest in it says; one without a digest is of an
/// older lock.
pub fn is_as_written(expected: Option<Digest>, text: &str) -> bool {
    let Some(expected) = expected else { return true };
    matches!(tables(text).as_slice(), [table] if table.digest == expected && table.is_last)
}

/// The tables of a text in their order.
fn tables(text: &str) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut lines = text.lines().peekable();
    while lines.next_if(|line| *line != HEADER).is_some() {}
    while lines.next().is_some() {
        let mut above = format!("{HEADER}\n");
        let mut is_below = false;
        let mut is_last = true;
        while let Some(line) = lines.next_if(|line| *line != HEADER) {
            is_below |= line.split('=').next().is_some_and(|key| key.trim_end() == CHECKED);
            match is_below {
                false => above.extend([line, "\n"]),
                true => is_last &= line.is_empty() || line.starts_with(CHECKED),
            }
        }
        tables.push(Table { digest: Digest::sha256(above.as_bytes()), is_last });
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_is_hashed_above_its_digest() {
        let one = Digest::sha256(b"[[dataset]]\nid = \"a\"\n");
        let text = "version = 1\n\n[[dataset]]\nid = \"a\"\nchecked = \"x\"\n\n[[dataset]]\nid = \"b\"\nchecked = \"x\"\ntree = 1\n";
        let found = tables(text);
        assert_eq!(found[0], Table { digest: one, is_last: true });
        assert!(!found[1].is_last && found.len() == 2);
        assert_eq!(tables(&text.replace('\n', "\r\n")), found);
        assert_eq!(tables("version = 1\n"), []);
    }
}
