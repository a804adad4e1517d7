//! A plan as an iCalendar file (RFC 5545).
//!
//! Events of whole days, since calendars show tasks (`VTODO`) only now and then. The same
//! step of the same datasets has the same `UID` each time, so a newer file replaces the events
//! of an older one.

use jiff::{SignedDuration, Timestamp};

use crate::access::gate::State;
use crate::values::Digest;

use super::{AccessPlan, PlannedStep};

/// The file; lines end in CRLF and have at most 75 bytes.
pub(super) fn calendar(plan: &AccessPlan) -> String {
    let mut lines: Vec<String> =
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//medsets//access plan//EN", "CALSCALE:GREGORIAN"]
            .map(str::to_owned)
            .to_vec();
    for event in events(plan) {
        lines.extend(event.lines(plan.made));
    }
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

/// One day to be reminded of something.
struct Event {
    /// What tells it from all other events.
    key: String,
    day: Timestamp,
    summary: String,
    description: String,
    url: Option<String>,
}

fn events(plan: &AccessPlan) -> Vec<Event> {
    let day = |offset: SignedDuration| plan.made.checked_add(offset).unwrap_or(plan.made);
    let mut events = Vec::new();
    for planned in &plan.steps {
        if planned.state != State::Pending {
            events.push(planned.event("begin", "", day(planned.begins)));
        }
        if planned.wait.is_some_and(|wait| wait >= ONE_DAY) {
            events.push(planned.event("ask", "Ask after: ", day(planned.ends())));
        }
    }
    for renewal in &plan.renewals {
        let month_before = renewal.expires.checked_sub(ONE_DAY * 30).unwrap_or(renewal.expires);
        events.push(Event {
            key: format!("renew {} {}", renewal.dataset, renewal.step.id),
            day: month_before.max(plan.made),
            summary: format!("Renew: {}", renewal.step.title),
            description: format!("For {}. It lapses on {}.", renewal.dataset, renewal.expires.strftime("%Y-%m-%d")),
            url: renewal.step.page.as_ref().map(ToString::to_string),
        });
    }
    events
}

impl PlannedStep {
    fn event(&self, what: &str, before: &str, day: Timestamp) -> Event {
        let names: Vec<String> = self.datasets.iter().map(|(dataset, _)| dataset.to_string()).collect();
        let ids: Vec<String> = self.datasets.iter().map(|(dataset, id)| format!("{dataset}/{id}")).collect();
        let wait = self.step.usual_wait.as_ref().map(|wait| format!(" Usually takes: {wait}."));
        Event {
            key: format!("{what} {}", ids.join(" ")),
            day,
            summary: format!("{before}{}", self.step.title),
            description: format!("For {}.{}", names.join(", "), wait.unwrap_or_default()),
            url: self.step.page.as_ref().map(ToString::to_string),
        }
    }
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
        lines.extend(self.url.iter().map(|url| format!("URL:{url}")));
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
/// left out (RFC 5545 section 3.3.11).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '\n' => escaped.push_str("\\n"),
            control if control.is_control() => {}
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

const ONE_DAY: SignedDuration = SignedDuration::from_hours(24);

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
        assert_eq!(escaped("a,b;c\\d\ne\u{7}"), "a\\,b\\;c\\\\d\\ne");
    }
}
