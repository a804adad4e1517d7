//! `medsets doctor`.

use serde_json::json;

use crate::context::Context;
use crate::ops::doctor::{self, CheckState};
use crate::ops::{Exit, Failure};
use crate::values::Printable;

use super::output::Answer;

/// Shows how everything stands.
pub fn run(context: &Context) -> Result<Answer, Failure> {
    let checks = doctor::examine(context);
    let mut text = String::new();
    for check in &checks {
        let word = match check.state {
            CheckState::Good => "good",
            CheckState::Note => "note",
            CheckState::Bad => "BAD",
        };
        text.push_str(&format!("{word:<5} {:<28} {}\n", check.name, Printable::new(&check.detail)));
    }
    let bad: Vec<&str> =
        checks.iter().filter(|check| check.state == CheckState::Bad).map(|check| check.name.as_str()).collect();
    let mut answer = Answer::done("medsets/doctor/1", json!({ "checks": checks }), text);
    if !bad.is_empty() {
        answer.exit = Exit::OTHER;
        answer.failures.push(Failure::new(Exit::OTHER, format!("not in order: {}", bad.join(", "))));
    }
    Ok(answer)
}
