//! A row for lists.

use serde::Serialize;

use crate::catalog::{AccessClass, Selection};
use crate::licenses::{Expression, Shelf, Summary};
use crate::values::Printable;

use super::{default_channel, download_text};

/// What a list shows of a dataset; all texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Size of the download: `about` where not exact, `unknown` where nothing says.
    pub size: String,
    /// Licence expression.
    pub license: String,
    /// The word for commercial use.
    pub commercial_use: String,
    /// `open`, `registered`, `agreement` or `application`.
    pub access: &'static str,
}

/// The row of a selection; for a list of datasets, of each one's default.
pub fn line(selection: &Selection, shelf: &Shelf) -> Row {
    let dataset = selection.dataset();
    let license = selection.license(default_channel(selection));
    let commercial_use = Expression::parse(license)
        .map_or("unknown".to_owned(), |expression| Summary::of(&expression, shelf).word("commercial_use").to_owned());
    Row {
        id: dataset.id.to_string(),
        title: Printable::new(&dataset.entry.title).to_string(),
        size: download_text(selection),
        license: Printable::new(license).to_string(),
        commercial_use: Printable::new(&commercial_use).to_string(),
        access: access_word(dataset.access_class()),
    }
}

/// As flags and lists write it.
pub fn access_word(class: AccessClass) -> &'static str {
    match class {
        AccessClass::Open => "open",
        AccessClass::Registered => "registered",
        AccessClass::Agreement => "agreement",
        AccessClass::Application => "application",
    }
}
