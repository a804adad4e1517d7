//! The days of a plan.

use jiff::{SignedDuration, Timestamp};

use crate::access::calendar::Event;
use crate::access::gate::State;

use super::{AccessPlan, PlannedStep};

/// A day to begin each step, one to ask after what takes long, and one a month before something
/// lapses.
pub(super) fn events(plan: &AccessPlan) -> Vec<Event> {
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

const ONE_DAY: SignedDuration = SignedDuration::from_hours(24);
