//! Duties as lines for a terminal and as a calendar.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::access::calendar::{Event, calendar};
use crate::audit::{Audit, Duty};
use crate::values::Printable;

/// A line for each duty, those with a date first.
pub fn text(audit: &Audit) -> String {
    let mut text = String::new();
    for duty in &audit.duties {
        let due = duty.due.map_or("always    ".to_owned(), |due| due.to_string());
        let who = duty.person.as_deref().map(|person| format!(" [{person}]")).unwrap_or_default();
        let license = duty.license.as_deref().map(|license| format!(" ({license})")).unwrap_or_default();
        let line = format!("{due}  {:<11}  {}: {}{license}{who}", duty.kind.as_str(), duty.dataset, duty.text);
        text.push_str(&format!("{}\n", Printable::cut(&line, 400)));
    }
    text
}

/// An iCalendar file (RFC 5545): for each duty with a date a day a month before, and the day
/// itself; what is overdue stands on the day the file was made.
pub fn ics(audit: &Audit) -> String {
    let mut events = Vec::new();
    for duty in &audit.duties {
        let Some(due) = duty.due else { continue };
        let today = TimeZone::UTC.to_datetime(audit.made).date();
        let month_before = due.checked_sub(Span::new().days(30)).unwrap_or(due);
        if month_before > today {
            events.push(event(duty, "soon", due, month_before));
        }
        events.push(event(duty, "due", due, due.max(today)));
    }
    calendar(&events, "duties", audit.made)
}

fn event(duty: &Duty, what: &str, due: Date, day: Date) -> Event {
    let who = duty.person.as_deref().unwrap_or_default();
    let license = duty.license.as_deref().unwrap_or_default();
    Event {
        key: format!("{what} {} {} {license} {who} {due}", duty.kind.as_str(), duty.dataset),
        day: noon(day),
        summary: format!("{}: {}", duty.dataset, duty.text),
        description: format!("Due on {due}. {license} {who}").trim_end().to_owned(),
        url: None,
    }
}

/// Any moment of a day; noon is none that a leap second moves.
fn noon(day: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(day.at(12, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tests::{facts, receipt};
    use crate::licenses::Shelf;

    #[test]
    fn the_annual_report_is_in_the_calendar_once_a_year() {
        let mut facts = facts(&[("umls", None)], "", "");
        facts.subjects[0].receipt = Some(receipt("umls"));
        let audit = crate::audit::audit(&facts, &Shelf::embedded());
        let calendar = ics(&audit);
        assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 2, "{calendar}");
        assert!(
            calendar.contains("DTSTART;VALUE=DATE:20261231") && calendar.contains("DTSTART;VALUE=DATE:20270130"),
            "{calendar}"
        );
        let text = text(&audit);
        assert!(text.starts_with("2027-01-30  report       umls@"), "{text}");
        assert!(text.contains("always      credit"), "{text}");
    }
}
