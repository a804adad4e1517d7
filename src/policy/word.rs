//! What terms say about an act.

use std::fmt;

use serde::{Serialize, Serializer};

/// A word of the lattice, from the least strict to the strictest. Of several the strictest
/// holds, so the larger wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// Nothing stands against it, and nothing has to be done for it.
    Allowed,
    /// Allowed to whoever keeps duties that go with it.
    AllowedWithDuty,
    /// Each item carries its own terms, which were not read.
    PerItem,
    /// The text is silent, unclear, or was not read.
    Unclear,
    /// Nobody granted it.
    NotGranted,
    /// The text forbids it.
    Forbidden,
}

/// What follows from a word for whoever plans the act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may be done.
    Allow,
    /// A person must look: it cannot be told, and so it counts as not allowed.
    Review,
    /// It may not be done.
    Deny,
}

impl Word {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::AllowedWithDuty => "allowed-with-duty",
            Self::PerItem => "per-item",
            Self::Unclear => "unclear",
            Self::NotGranted => "not-granted",
            Self::Forbidden => "forbidden",
        }
    }

    /// What follows from it.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Allowed | Self::AllowedWithDuty => Verdict::Allow,
            Self::PerItem | Self::Unclear => Verdict::Review,
            Self::NotGranted | Self::Forbidden => Verdict::Deny,
        }
    }
}

impl Verdict {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Review => "review",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
