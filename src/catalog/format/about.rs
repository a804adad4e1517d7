//! Who keeps a dataset, what is said of it, and what is wrong in what is said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::value::Datetime;

use crate::licenses::terms::Confidence;

/// Who keeps a dataset.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintainer {
    /// Name of the people or institution.
    pub name: String,
    /// E-mail address or page.
    pub contact: Option<String>,
}

/// How common lists name a dataset.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedAs {
    /// The address they give.
    pub url: String,
    /// What they say of it.
    pub claim: Option<String>,
    /// Whether that holds.
    pub holds: Option<Holds>,
    /// What is different.
    pub note: Option<String>,
}

/// Whether a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Holds {
    /// It does.
    #[serde(rename = "yes")]
    Yes,
    /// Partly.
    #[serde(rename = "in part")]
    InPart,
    /// It does not.
    #[serde(rename = "no")]
    No,
}

/// How a dataset is handed out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// By hand, or not at all.
    pub kind: DistributionKind,
    /// Why.
    pub reason: Option<String>,
    /// What a person does instead.
    pub instead: Option<String>,
}

/// How a dataset that no program may fetch is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DistributionKind {
    /// A person downloads it, then imports it.
    ByHand,
    /// Nobody distributes it.
    None,
}

/// A statement that can go stale.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The key or subject.
    pub about: String,
    /// The statement, where no key holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Figure>,
    /// What was read.
    pub source: String,
    /// When.
    #[schemars(with = "String")]
    pub read: Datetime,
    /// How sure.
    pub confidence: Confidence,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A text or a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Figure {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// What common lists get wrong.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Correction {
    /// What they say.
    pub claim: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_in: Option<String>,
    /// What is true.
    pub truth: String,
    /// What was read.
    pub source: String,
    /// When.
    #[schemars(with = "String")]
    pub read: Datetime,
    /// How sure.
    pub confidence: Confidence,
}

/// De-identification, bias, faults.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ethics {
    /// How and by whom.
    pub deidentification: Option<String>,
    /// Consent or waiver.
    pub consent: Option<String>,
    /// Known bias.
    #[serde(default)]
    pub known_bias: Vec<String>,
    /// Known faults.
    #[serde(default)]
    pub known_issues: Vec<String>,
}
