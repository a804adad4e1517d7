//! What is said of a dataset outside the catalogue, wherever it is shown.

use serde::Serialize;

use crate::catalog::{Reference, Selection};
use crate::context::Context;
use crate::layout::Receipt;
use crate::values::{DatasetId, Printable};

/// The mark of a dataset that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// Always `false`: datasets of the catalogue have no mark.
    pub in_catalog: bool,
    /// The reference, with the version that was fetched.
    pub reference: String,
    /// The licence in the host's own words, `not stated` where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_license: Option<String>,
    /// The entry of the catalogue that has the same source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog_entry: Option<DatasetId>,
}

impl Outside {
    /// Of what a person chose; `None` for what is in the catalogue.
    pub fn of(context: &Context, selection: &Selection) -> Option<Self> {
        let reference = selection.reference()?;
        let place = reference.parse::<Reference>().ok().map(|reference| reference.place);
        let catalog = context.catalog().ok();
        let same = place.and_then(|place| catalog?.with_source_at(&place)).map(|dataset| dataset.id.clone());
        let host_license = selection.dataset().host_license();
        Some(Self { in_catalog: false, reference, host_license, catalog_entry: same })
    }

    /// Of what is here.
    pub fn by_receipt(receipt: &Receipt) -> Option<Self> {
        let reference = receipt.reference.clone()?;
        Some(Self { in_catalog: false, reference, host_license: receipt.license.stated.clone(), catalog_entry: None })
    }

    /// Sentences for a person.
    pub fn sentences(&self) -> Vec<String> {
        let reference = Printable::new(&self.reference);
        let stated = match self.host_license.as_deref() {
            None | Some("not stated") => "its host states no licence".to_owned(),
            Some(words) => format!("its licence is what the host states (`{}`)", Printable::new(words)),
        };
        let mut lines = vec![format!(
            "`{reference}` is not in the catalogue: {stated}, nobody here has read its terms, and nothing is taken as permission"
        )];
        lines.extend(self.catalog_entry.as_ref().map(|id| {
            format!("the catalogue has this as `{id}`: `medsets fetch {id}` knows its terms, its steps and its layout")
        }));
        lines
    }
}

/// How a name is marked in lists.
pub const MARK: &str = " (not in the catalogue)";
