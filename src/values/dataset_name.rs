//! The full name of a dataset, as a person types it.

use std::fmt;

use super::DatasetId;

/// `<id>[@<version>][:<variant>]`: what every list shows and every command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatasetName<'a> {
    /// The dataset.
    pub id: &'a DatasetId,
    /// The release, where one is named.
    pub version: Option<&'a str>,
    /// The variant, where one is named.
    pub variant: Option<&'a str>,
}

impl<'a> DatasetName<'a> {
    /// Of a release, and a variant where it has any.
    pub fn of(id: &'a DatasetId, version: &'a str, variant: Option<&'a str>) -> Self {
        Self { id, version: Some(version), variant }
    }
}

impl fmt::Display for DatasetName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.id)?;
        if let Some(version) = self.version {
            write!(out, "@{version}")?;
        }
        if let Some(variant) = self.variant {
            write!(out, ":{variant}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_left_out() {
        let id: DatasetId = "demo".parse().unwrap();
        assert_eq!(DatasetName { id: &id, version: None, variant: None }.to_string(), "demo");
        assert_eq!(DatasetName::of(&id, "1.0", None).to_string(), "demo@1.0");
        assert_eq!(DatasetName::of(&id, "1.0", Some("small")).to_string(), "demo@1.0:small");
        assert_eq!(DatasetName { id: &id, version: None, variant: Some("small") }.to_string(), "demo:small");
    }
}
