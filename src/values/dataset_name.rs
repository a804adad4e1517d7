//! The full name of a dataset, as a person types it.

use std::fmt;

use super::{DatasetId, Printable};

/// `<id>[@<version>][:<variant>]`: what every list shows and every command takes.
///
/// Release and variant come from files of others: they are shown as [`Printable`] shows them.
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
            write!(out, "@{}", Printable::new(version))?;
        }
        if let Some(variant) = self.variant {
            write!(out, ":{}", Printable::new(variant))?;
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

    #[test]
    fn a_release_cannot_write_lines_of_its_own() {
        let id: DatasetId = "demo".parse().unwrap();
        let name = DatasetName::of(&id, "1\nverdict: allow", Some("\u{1b}[2J\u{202e}")).to_string();
        assert_eq!(name, "demo@1\\u{a}verdict: allow:\\u{1b}[2J\\u{202e}");
    }
}
