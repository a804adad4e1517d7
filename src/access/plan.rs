//! The steps of several datasets, merged and put in the order that is over soonest.
//!
//! Two steps are one where they are the same act: an account with the same provider, or the
//! same kind of step on the same page (and for the same licence). Steps that are met are left
//! out. The order keeps that of every entry and starts first what the longest chain of waiting
//! hangs on. Waiting runs side by side, so a step begins when the steps before it are over.
//!
//! Waiting times are the catalogue's words ("about a week"); `wait` reads the common ones.
//! One that cannot be read counts as nothing and is shown as it stands.

mod calendar;
mod markdown;
mod wait;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::values::DatasetId;

use super::gate::{Gate, State, StepState};
use super::step::{Step, StepKind};

/// What a person has to do for several datasets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPlan {
    /// When it was made: what the days are counted from.
    pub made: Timestamp,
    /// The steps in order.
    pub steps: Vec<PlannedStep>,
    /// What is met today and will lapse, soonest first.
    pub renewals: Vec<Renewal>,
}

/// A step of one or several datasets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// The step, as the first of the datasets states it.
    pub step: Step,
    /// How it stands.
    pub state: State,
    /// The datasets that need it, each with its own id for the step.
    pub datasets: Vec<(DatasetId, String)>,
    /// When it can begin, counted from today.
    pub begins: SignedDuration,
    /// How long it usually takes, where that could be read.
    pub wait: Option<SignedDuration>,
}

/// Something that is met and will lapse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The step.
    pub step: Step,
    /// For which dataset.
    pub dataset: DatasetId,
    /// When it lapses.
    pub expires: Timestamp,
}

/// Merges and orders the steps of several gates.
pub fn plan(gates: &[Gate], now: Timestamp) -> AccessPlan {
    let mut tasks: Vec<Task> = Vec::new();
    let mut places: BTreeMap<Act, usize> = BTreeMap::new();
    for gate in gates {
        let mut before = None;
        for state in gate.steps.iter().filter(|state| state.state != State::Done) {
            let place = *places.entry(act(gate, state)).or_insert_with(|| {
                tasks.push(Task::of(state));
                tasks.len() - 1
            });
            tasks[place].datasets.push((gate.request.dataset.clone(), state.step.id.clone()));
            tasks[place].after.extend(before.filter(|before| *before != place));
            before = Some(place);
        }
    }
    AccessPlan { made: now, steps: schedule(tasks), renewals: renewals(gates) }
}

impl AccessPlan {
    /// An iCalendar file (RFC 5545): a day to begin each step, a day to ask after what takes a
    /// day or longer, and a day a month before something lapses, each with a reminder.
    pub fn ics(&self) -> String {
        super::calendar::calendar(&calendar::events(self), "access plan", self.made)
    }

    /// A list to tick off, in Markdown.
    pub fn markdown(&self) -> String {
        markdown::list(self)
    }
}

impl PlannedStep {
    /// When it is usually over, counted from today.
    pub fn ends(&self) -> SignedDuration {
        self.begins.saturating_add(self.wait.unwrap_or(SignedDuration::ZERO))
    }
}

/// What makes two steps the same: the kind, where it is done, the licence; for a step without
/// a page, its own name.
type Act = (StepKind, String, Option<String>);

fn act(gate: &Gate, state: &StepState) -> Act {
    let step = &state.step;
    let place = match (&step.provider, &step.page) {
        (Some(provider), _) if step.kind == StepKind::Account => provider.clone(),
        (_, Some(page)) => page.expose().to_string(),
        (_, None) => format!("{} {}", gate.request.dataset, step.id),
    };
    (step.kind, place, step.license.clone())
}

/// A step while its place in the plan is not known yet.
struct Task {
    step: Step,
    state: State,
    datasets: Vec<(DatasetId, String)>,
    wait: Option<SignedDuration>,
    /// Tasks that come before it in some entry.
    after: Vec<usize>,
}

impl Task {
    fn of(state: &StepState) -> Self {
        let wait = state.step.usual_wait.as_deref().and_then(wait::read);
        Self { step: state.step.clone(), state: state.state, datasets: Vec::new(), wait, after: Vec::new() }
    }

    fn planned(self, begins: SignedDuration) -> PlannedStep {
        let Self { step, state, datasets, wait, .. } = self;
        PlannedStep { step, state, datasets, begins, wait }
    }
}

/// Puts tasks in order, of those that can begin always the one with the longest way to go.
/// Where entries contradict each other the first one is followed.
fn schedule(tasks: Vec<Task>) -> Vec<PlannedStep> {
    let ways = ways_to_go(&tasks);
    let mut begins = vec![SignedDuration::ZERO; tasks.len()];
    let mut order: Vec<usize> = Vec::new();
    while order.len() < tasks.len() {
        let open = |place: &usize| !order.contains(place);
        let free = |place: &usize| tasks[*place].after.iter().all(|before| order.contains(before));
        let longest_first = |place: &usize| (std::cmp::Reverse(ways[*place]), *place);
        let next = (0..tasks.len()).filter(open).filter(free).min_by_key(longest_first);
        let Some(next) = next.or_else(|| (0..tasks.len()).find(open)) else { break };
        begins[next] = tasks[next]
            .after
            .iter()
            .map(|before| begins[*before].saturating_add(tasks[*before].wait.unwrap_or(SignedDuration::ZERO)))
            .max()
            .unwrap_or(SignedDuration::ZERO);
        order.push(next);
    }
    let mut tasks: Vec<Option<Task>> = tasks.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| Some(tasks[place].take()?.planned(begins[place]))).collect()
}

/// For each task its own wait and the longest of what follows it.
fn ways_to_go(tasks: &[Task]) -> Vec<SignedDuration> {
    let own = |task: &Task| task.wait.unwrap_or(SignedDuration::ZERO);
    let mut ways: Vec<SignedDuration> = tasks.iter().map(own).collect();
    // A way over all tasks is found in as many rounds; a circle then ends too.
    for _ in 0..tasks.len() {
        let earlier = ways.clone();
        for (place, task) in tasks.iter().enumerate() {
            for before in &task.after {
                ways[*before] = ways[*before].max(own(&tasks[*before]).saturating_add(earlier[place]));
            }
        }
        if ways == earlier {
            break;
        }
    }
    ways
}

fn renewals(gates: &[Gate]) -> Vec<Renewal> {
    let of_gate = |gate: &Gate| -> Vec<Renewal> {
        let met = gate.steps.iter().filter(|state| state.state == State::Done);
        met.filter_map(|state| {
            let (step, dataset) = (state.step.clone(), gate.request.dataset.clone());
            Some(Renewal { step, dataset, expires: state.expires? })
        })
        .collect()
    };
    let mut renewals: Vec<Renewal> = gates.iter().flat_map(of_gate).collect();
    renewals.sort_by_key(|renewal| renewal.expires);
    renewals
}

#[cfg(test)]
mod tests;
