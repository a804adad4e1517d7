//! The name of a catalogue entry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A dataset's id: lower-case letters, digits and hyphens, such as `mimic-cxr`.
///
/// It is safe as a folder name on every system, and at most 100 characters long.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatasetId(String);

/// The text cannot be a dataset id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a dataset id: ids hold lower-case letters, digits and hyphens")]
pub struct NotADatasetId(String);

impl DatasetId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatasetId {
    type Err = NotADatasetId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for DatasetId {
    type Error = NotADatasetId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let edges = text.starts_with('-') || text.ends_with('-');
        if text.is_empty() || text.len() > 100 || edges || !text.chars().all(allowed) {
            return Err(NotADatasetId(super::Printable::new(&text).to_string()));
        }
        Ok(Self(text))
    }
}

impl From<DatasetId> for String {
    fn from(id: DatasetId) -> Self {
        id.0
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_folder_safe_names() {
        for good in ["chexpert", "mimic-cxr", "aptos2019", "a"] {
            assert!(good.parse::<DatasetId>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "CheXpert", "a/b", "..", "a b", "a.b", "é"] {
            assert!(bad.parse::<DatasetId>().is_err(), "{bad}");
        }
    }
}
