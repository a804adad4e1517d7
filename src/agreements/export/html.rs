//! An extract as a page for reading and printing.

use crate::values::Printable;

use super::Extract;
use super::csv::{COLUMNS, value};

/// The page: each chosen entry as a table of what it says, then the hashes of all.
pub(super) fn page(extract: &Extract) -> Vec<u8> {
    let mut page = String::from(START);
    let (chosen, all) = (extract.entries.len(), extract.links.len());
    page += &format!(
        "<p>{chosen} of {all} entries, exported {} by medsets {}.</p>\n",
        extract.exported,
        escaped(&extract.tool)
    );
    if let Some(head) = &extract.head {
        let ledger = escaped(&head.ledger);
        page += &format!(
            "<p>Ledger <code>{ledger}</code>, last entry {}, hash <code>{}</code>.</p>\n",
            head.sequence, head.hash
        );
    }
    for entry in &extract.entries {
        page += "<table>\n";
        let said = COLUMNS.iter().map(|column| (*column, value(entry, column))).filter(|(_, value)| !value.is_empty());
        for (column, value) in said {
            page += &format!("<tr><th>{column}</th><td>{}</td></tr>\n", escaped(&value));
        }
        page += "</table>\n";
    }
    page += "<h2>Hashes of all entries</h2>\n<table>\n<tr><th>sequence</th><th>prev</th><th>hash</th></tr>\n";
    for link in &extract.links {
        page += &format!("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", link.sequence, link.prev, link.hash);
    }
    page += "</table>\n</body>\n</html>\n";
    page.into_bytes()
}

/// Foreign text as text of a page.
fn escaped(text: &str) -> String {
    let shown = Printable::cut(text, usize::MAX).to_string();
    let mut escaped = String::with_capacity(shown.len());
    for letter in shown.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// No script and no request can come from the page, whatever an entry holds.
const START: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<title>Ledger extract</title>
<style>body{font-family:sans-serif}table{border-collapse:collapse;margin:1em 0}\
th,td{border:1px solid #999;padding:.2em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}</style>
</head>
<body>
<h1>Ledger extract</h1>
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        assert_eq!(escaped("<script>'\"&\u{202e}\n"), "&lt;script&gt;&#39;&quot;&amp;\\u{202e}\\u{a}");
    }
}
