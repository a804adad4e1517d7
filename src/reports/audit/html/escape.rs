//! Foreign text as text of a page, in elements and in quoted attributes.

use crate::values::{Printable, SafeUrl};

/// Characters of one text; the rest is cut.
const LIMIT: usize = 4000;

/// Text that is no markup, in an element or in an attribute in quotes.
pub fn text(text: &str) -> String {
    let shown = Printable::cut(text, LIMIT).to_string();
    let mut escaped = String::with_capacity(shown.len());
    for letter in shown.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Text as code.
pub fn code(shown: &str) -> String {
    format!("<code>{}</code>", text(shown))
}

/// An address to click on, where it is one of the web that anybody may be told; else its text,
/// without what may be a secret.
pub fn link(address: &str) -> String {
    let Ok(url) = SafeUrl::parse(address) else { return text(address) };
    let Some(public) = url.as_public() else { return text(&url.to_string()) };
    let shown = text(public);
    format!("<a href=\"{shown}\" rel=\"noopener noreferrer\">{shown}</a>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_no_markup() {
        assert_eq!(
            text("</script><b a=\"x\" c='y'>&amp;"),
            "&lt;/script&gt;&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;"
        );
        assert_eq!(text("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
    }

    #[test]
    fn only_plain_addresses_of_the_web_are_links() {
        #[track_caller]
        fn check(address: &str, expected: &str) {
            assert_eq!(link(address), expected);
        }
        check("javascript:alert(1)", "javascript:alert(1)");
        check(" JaVaScript:alert(1)", " JaVaScript:alert(1)");
        check("data:text/html,<b>", "data:text/html,&lt;b&gt;");
        check("//x.org/", "//x.org/");
        check("https://x.org/a?X-Amz-Signature=abc", "https://x.org/a?X-Amz-Signature=****");
        check("https://u:p@x.org/", "https://x.org/");
        check(
            "https://x.org/@a?id=1&b=2#c",
            "<a href=\"https://x.org/@a?id=1&amp;b=2#c\" rel=\"noopener noreferrer\">https://x.org/@a?id=1&amp;b=2#c</a>",
        );
        check(
            "https://x.org/a\"onmouseover=b",
            "<a href=\"https://x.org/a%22onmouseover=b\" rel=\"noopener noreferrer\">https://x.org/a%22onmouseover=b</a>",
        );
    }
}
