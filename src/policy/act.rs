//! What somebody plans to do with data.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::values::Printable;

/// A planned act (`docs/formats.md` has the words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Work with it inside the group, for research.
    UseInternally,
    /// Use it in or for a product or a paid service.
    UseCommercially,
    /// Use it in a course.
    Teach,
    /// Publish results that hold none of the data.
    PublishResults,
    /// Publish the weights of a model that was trained on it.
    ReleaseWeights,
    /// Publish data made from it.
    ReleaseDerivedData,
    /// Hand the data on as they are.
    ShareRaw,
    /// Send records to a hosted service, such as a language model behind an interface.
    UseHostedAi,
    /// Use it, or what was made of it, in the care of patients.
    ClinicalUse,
}

/// What was written is neither an act nor a shorthand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no planned act; there are {}, and the shorthands {}", Printable::new(.0), words(), shorthands())]
pub struct NoAct(pub String);

impl Act {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::UseInternally,
        Self::UseCommercially,
        Self::Teach,
        Self::PublishResults,
        Self::ReleaseWeights,
        Self::ReleaseDerivedData,
        Self::ShareRaw,
        Self::UseHostedAi,
        Self::ClinicalUse,
    ];

    /// The word in policies and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UseInternally => "use-internally",
            Self::UseCommercially => "use-commercially",
            Self::Teach => "teach",
            Self::PublishResults => "publish-results",
            Self::ReleaseWeights => "release-weights",
            Self::ReleaseDerivedData => "release-derived-data",
            Self::ShareRaw => "share-raw",
            Self::UseHostedAi => "use-hosted-ai",
            Self::ClinicalUse => "clinical-use",
        }
    }

    /// What it means, as it follows on "to".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::UseInternally => "work with the data inside the group",
            Self::UseCommercially => "use the data commercially",
            Self::Teach => "use the data in teaching",
            Self::PublishResults => "publish results",
            Self::ReleaseWeights => "release the weights of a trained model",
            Self::ReleaseDerivedData => "release data made from it",
            Self::ShareRaw => "hand the data on",
            Self::UseHostedAi => "send records to a hosted AI service",
            Self::ClinicalUse => "use it in the care of patients",
        }
    }

    /// The acts that a word means: one, or those of a shorthand. Fails for any other word.
    pub fn parse(word: &str) -> Result<Vec<Self>, NoAct> {
        if let Some((_, acts)) = SHORTHANDS.iter().find(|(name, _)| *name == word) {
            return Ok(acts.to_vec());
        }
        word.parse().map(|act| vec![act])
    }

    /// The words that `--for` takes beside the acts' own, with what they stand for.
    pub fn shorthands() -> &'static [(&'static str, &'static [Self])] {
        &SHORTHANDS
    }
}

impl FromStr for Act {
    type Err = NoAct;
    fn from_str(word: &str) -> Result<Self, NoAct> {
        Self::ALL.into_iter().find(|act| act.as_str() == word).ok_or_else(|| NoAct(word.to_owned()))
    }
}

impl fmt::Display for Act {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl Serialize for Act {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

const SHORTHANDS: [(&str, &[Act]); 4] = [
    ("research", &[Act::UseInternally, Act::PublishResults]),
    ("commercial", &[Act::UseCommercially]),
    ("teaching", &[Act::Teach]),
    ("llm-api", &[Act::UseHostedAi]),
];

fn words() -> String {
    Act::ALL.map(|act| format!("`{act}`")).join(", ")
}

fn shorthands() -> String {
    SHORTHANDS.map(|(name, _)| format!("`{name}`")).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_shorthands_stand_for_acts() {
        for act in Act::ALL {
            assert_eq!(Act::parse(act.as_str()), Ok(vec![act]));
        }
        assert_eq!(Act::parse("research"), Ok(vec![Act::UseInternally, Act::PublishResults]));
        let error = Act::parse("profit\n").unwrap_err().to_string();
        assert!(
            error.contains("`use-commercially`") && error.contains("`llm-api`") && !error.contains('\n'),
            "{error}"
        );
    }
}
