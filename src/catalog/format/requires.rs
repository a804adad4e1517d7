//! `[[requires]]`: what a person must do.

use schemars::JsonSchema;
use serde::Deserialize;

/// A step a person must take.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requirement {
    /// What kind of step.
    pub kind: RequirementKind,
    /// Unique in the entry.
    pub id: String,
    /// One line, imperative.
    pub title: Option<String>,
    /// Where it is done.
    pub page: Option<String>,
    /// For accounts: the host whose stored credential counts.
    pub provider: Option<String>,
    /// For agreements: the text that is accepted.
    pub license: Option<String>,
    /// For training and approvals: `1095 days`.
    pub valid_for: Option<String>,
    /// How long it usually takes.
    pub usual_wait: Option<String>,
    /// What it costs.
    pub fee: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// Only by these sources.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Only for these variants.
    #[serde(default)]
    pub variants: Vec<String>,
    /// Only for these releases.
    #[serde(default)]
    pub versions: Vec<String>,
}

/// What kind of step a requirement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RequirementKind {
    /// An account with a host.
    Account,
    /// A text to accept.
    Agreement,
    /// A course.
    Training,
    /// An application.
    Application,
    /// A permission.
    Approval,
    /// A payment.
    Fee,
    /// Something only a person can do.
    Manual,
}
