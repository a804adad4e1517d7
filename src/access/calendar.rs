//! Days to be reminded of, as an iCalendar file (RFC 5545).
//!
//! Events of whole days, since calendars show tasks (`VTODO`) only now and then. An event of the
//! same key has the same `UID` each time, so a newer file replaces the events of an older one.

use jiff::Timestamp;

use crate::values::Digest;
use crate::values::printable::is_harmful;

/// One day to be reminded of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What tells it from all other events.
    pub key: String,
    /// Any moment of the day, in UTC.
    pub day: Timestamp,
    /// One line.
    pub summary: String,
    /// More about it.
    pub description: String,
    /// The page where it is done.
    pub url: Option<String>,
}

/// The file; lines end in CRLF and have at most 75 bytes. `product` names what made it.
pub fn calendar(events: &[Event], product: &str, made: Timestamp) -> String {
    let mut lines: Vec<String> =
        ["BEGIN:VCALENDAR", "VERSION:2.0", &format!("PRODID:-//medsets//{product}//EN"), "CALSCALE:GREGORIAN"]
            .map(str::to_owned)
            .to_vec();
    for event in events {
        lines.extend(event.lines(made));
    }
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

impl Event {
    fn lines(&self, made: Timestamp) -> Vec<String> {
        let uid = &Digest::sha256(self.key.as_bytes()).hex()[..32];
        let mut lines = vec![
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{uid}@medsets"),
            format!("DTSTAMP:{}", made.strftime("%Y%m%dT%H%M%SZ")),
            format!("DTSTART;VALUE=DATE:{}", self.day.strftime("%Y%m%d")),
            format!("SUMMARY:{}", escaped(&self.summary)),
            format!("DESCRIPTION:{}", escaped(&self.description)),
        ];
        // An address is no text: nothing in it is escaped, and nothing in it may break a line.
        let plain = |url: &String| url.chars().filter(|letter| !is_harmful(*letter)).collect::<String>();
        lines.extend(self.url.iter().map(|url| format!("URL:{}", plain(url))));
        lines.extend(
            [
                "TRANSP:TRANSPARENT",
                "BEGIN:VALARM",
                "ACTION:DISPLAY",
                "TRIGGER:PT9H", // nine in the morning of that day
            ]
            .map(str::to_owned),
        );
        lines.push(format!("DESCRIPTION:{}", escaped(&self.summary)));
        lines.extend(["END:VALARM", "END:VEVENT"].map(str::to_owned));
        lines
    }
}

/// A text value: backslash, semicolon, comma and line break escaped, other control characters
/// and marks of direction left out (RFC 5545 section 3.3.11).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '\n' => escaped.push_str("\\n"),
            harmful if is_harmful(harmful) => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// A line in pieces of at most 75 bytes, each further one after a space (section 3.1).
fn folded(line: &str) -> String {
    let mut text = String::with_capacity(line.len() + 8);
    let mut width = 0;
    for letter in line.chars() {
        if width + letter.len_utf8() > 75 {
            text.push_str("\r\n ");
            width = 1;
        }
        text.push(letter);
        width += letter.len_utf8();
    }
    text.push_str("\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_letters() {
        let line = format!("SUMMARY:{}", "é".repeat(80));
        let text = folded(&line);
        assert!(text.split("\r\n").all(|piece| piece.len() <= 75));
        assert_eq!(text.replace("\r\n ", "").trim_end(), line);
    }

    #[test]
    fn values_are_escaped() {
        assert_eq!(escaped("a,b;c\\d\ne\u{7}\u{202e}"), "a\\,b\\;c\\\\d\\ne");
    }

    #[test]
    fn no_field_begins_a_line_of_its_own() {
        let hostile = "x\r\nEND:VEVENT\r\nATTACH:file:///etc/passwd".to_owned();
        let event = Event {
            key: "k".into(),
            day: Timestamp::UNIX_EPOCH,
            summary: hostile.clone(),
            description: hostile.clone(),
            url: Some(hostile),
        };
        let text = calendar(&[event], "duties", Timestamp::UNIX_EPOCH);
        let whole = text.replace("\r\n ", "");
        assert_eq!(whole.split("\r\n").filter(|line| line.starts_with("END:VEVENT")).count(), 1, "{text}");
        assert!(!whole.contains("\nATTACH") && !text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
    }
}
