//! Foreign text as text of a Markdown page (CommonMark 0.31 with GitHub's tables).

use crate::values::{Printable, SafeUrl};

/// Characters of one text; the rest is cut.
const LIMIT: usize = 4000;

/// Text that is neither structure nor HTML, on one line.
pub fn escaped(text: &str) -> String {
    let shown = Printable::cut(text.trim(), LIMIT).to_string();
    let mut escaped = String::with_capacity(shown.len());
    // A number with a point, a hyphen or a plus begins a list only where the text begins.
    let digits = shown.chars().take_while(char::is_ascii_digit).count();
    let numbered = matches!(shown.get(digits..), Some(rest) if rest.starts_with(". ") || rest.starts_with(") "));
    for (index, letter) in shown.chars().enumerate() {
        let begins_list =
            (index == 0 && matches!(letter, '-' | '+' | '=' | '~')) || (digits > 0 && numbered && index == digits);
        if begins_list || matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Text as code: no escape is read in it, so that paths and ids can be copied.
pub fn code(text: &str) -> String {
    let shown = Printable::cut(text, LIMIT).to_string();
    // In a table a bar ends the cell even in code, and only there is its escape taken away.
    if shown.contains(['`', '|']) { escaped(&shown) } else { format!("`{shown}`") }
}

/// An address to click on. One that may carry a secret or is none at all stays plain text.
pub fn link(address: &str) -> String {
    let Ok(url) = SafeUrl::parse(address) else { return escaped(address) };
    // A bar would end the cell of a table.
    url.as_public().map_or_else(|| escaped(&url.to_string()), |public| format!("<{}>", public.replace('|', "%7C")))
}

/// A list of texts; nothing where there are none.
pub fn list(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().map(|text| format!("- {text}\n")).collect()
}

/// A heading with what stands below it; nothing where that is empty.
pub fn section(title: &str, body: &str) -> String {
    if body.is_empty() { String::new() } else { format!("\n## {title}\n\n{body}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_no_structure() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(escaped(text), expected);
        }
        check("a\n# b", "a\\\\u{a}\\# b");
        check("1. x", "1\\. x");
        check("2019", "2019");
        check("2.1.0", "2.1.0");
        check("- <script>|", "\\- \\<script\\>\\|");
        check("a-b 1.0", "a-b 1.0");
        assert_eq!(code("a`b"), "a\\`b");
        assert_eq!(link("https://x.org/a b>"), "<https://x.org/a%20b%3E>");
        assert_eq!(link("https://x.org/@a?id=1|2#c"), "<https://x.org/@a?id=1%7C2#c>");
        assert_eq!(link("https://x.org/a?sig=abc"), "https://x.org/a?sig=\\*\\*\\*\\*");
        assert_eq!(link("javascript:alert(1)"), "javascript:alert(1)");
    }
}
