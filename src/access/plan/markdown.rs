//! A plan as a list to tick off.

use crate::access::gate::{State, day};
use crate::values::Printable;

use super::{AccessPlan, PlannedStep};

/// The list: one line for each step, with its page, its datasets and its usual wait.
pub(super) fn list(plan: &AccessPlan) -> String {
    let mut text = format!("# Access plan of {}\n\n", day(plan.made));
    if plan.steps.is_empty() {
        text += "Nothing to do: every step is met.\n";
    }
    for step in &plan.steps {
        text += &line(step);
    }
    if !plan.renewals.is_empty() {
        text += "\n## To be renewed\n\n";
    }
    for renewal in &plan.renewals {
        text += &format!("- {}: {} ({})\n", day(renewal.expires), escaped(&renewal.step.title), renewal.dataset);
    }
    text
}

fn line(planned: &PlannedStep) -> String {
    let step = &planned.step;
    let title = escaped(&step.title);
    let title = match &step.page {
        Some(page) => format!("[{title}](<{page}>)"),
        None => title,
    };
    let datasets: Vec<String> = planned.datasets.iter().map(|(dataset, _)| dataset.to_string()).collect();
    let state = match planned.state {
        State::Missing | State::Done => None,
        State::Pending => Some("waiting for the host".to_owned()),
        State::Lapsed => Some("lapsed, to be done again".to_owned()),
        State::Unknown => Some("cannot be checked from here".to_owned()),
    };
    let wait = step.usual_wait.as_ref().map(|wait| format!("usually {}", escaped(wait)));
    let days = planned.begins.as_hours() / 24;
    let begins = (days > 0).then(|| format!("from day {days}"));
    let fee = step.fee.as_ref().map(|fee| escaped(fee));
    let notes: Vec<String> = [state, begins, wait, fee].into_iter().flatten().collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    format!("- [ ] {title}, for {}{notes}\n", datasets.join(", "))
}

/// Foreign text as text of a Markdown page.
fn escaped(text: &str) -> String {
    let shown = Printable::new(text).to_string();
    let mut escaped = String::with_capacity(shown.len());
    for letter in shown.chars() {
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
