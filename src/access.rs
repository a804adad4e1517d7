//! The gate: what a dataset requires beside what a person holds.
//!
//! Pure: the steps come from the catalogue, the holdings from the ledger, from credentials and
//! from pages that were read; [`gate()`] puts them side by side. A closed gate knows every
//! obstacle at once and becomes [`AccessError::Closed`], whose message is the checklist and
//! whose remedy names the page and the command for each step. [`plan()`] merges the steps of
//! several datasets.

pub mod calendar;
pub mod checklist;
pub mod gate;
pub mod holdings;
pub mod plan;
pub mod step;

pub use checklist::AccessError;
pub use gate::{Gate, Obstacle, Request, State, StepState, gate};
pub use holdings::{Account, CurrentText, Holdings, HostAnswer};
pub use plan::{AccessPlan, PlannedStep, Renewal, plan};
pub use step::{Distribution, OnChange, Purpose, Step, StepKind};
