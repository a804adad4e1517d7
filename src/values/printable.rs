//! Foreign text made safe to show.

use std::fmt::{self, Write as _};

/// Text from outside, shown with every control character, line break and direction mark
/// escaped, and cut to a length.
///
/// A dataset title, a member's name, a host's answer: all of them may hold terminal escapes
/// or a newline that fakes a line of ours. They reach a terminal, a log or an error only
/// through this type.
#[derive(Debug, Clone, Copy)]
pub struct Printable<'a> {
    text: &'a str,
    limit: usize,
}

impl<'a> Printable<'a> {
    /// Shows at most 200 characters.
    pub fn new(text: &'a str) -> Self {
        Self { text, limit: 200 }
    }

    /// Shows at most `limit` characters.
    pub fn cut(text: &'a str, limit: usize) -> Self {
        Self { text, limit }
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::new();
        for (count, letter) in self.text.chars().enumerate() {
            if count == self.limit {
                shown.push('…');
                break;
            }
            if is_harmful(letter) {
                write!(shown, "\\u{{{:x}}}", u32::from(letter))?;
            } else {
                shown.push(letter);
            }
        }
        out.pad(&shown)
    }
}

/// Control characters (C0, DEL, C1), separators that break lines, and marks that change the
/// direction of text (Unicode technical report 36).
pub fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
        || ('\u{202a}'..='\u{202e}').contains(&letter)
        || ('\u{2066}'..='\u{2069}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_terminal_would_obey() {
        assert_eq!(Printable::new("a\x1b[31mb\r\n").to_string(), "a\\u{1b}[31mb\\u{d}\\u{a}");
        assert_eq!(Printable::new("x\u{202e}y\u{9b}z").to_string(), "x\\u{202e}y\\u{9b}z");
        assert_eq!(Printable::new("Müller – 肺").to_string(), "Müller – 肺");
        assert_eq!(Printable::cut("abcdef", 3).to_string(), "abc…");
    }
}
