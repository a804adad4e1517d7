//! The papers laid beside a dataset: README.md, TERMS.md and what CITATION.cff is made from.
//!
//! They are for people who find the folder years later with no medsets at hand. Foreign text
//! is escaped as Markdown, so that a title can neither begin a heading nor run in a viewer.

pub(in crate::reports) mod markdown;
mod readme;
mod terms;

use crate::catalog::Selection;
use crate::values::ByteSize;

use super::citation::Cited;

pub use readme::readme;
pub use terms::terms;

/// What the papers say of the copy beside them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaperFacts {
    /// The day it was had, `2026-11-24`.
    pub fetched: String,
    /// Version of the program.
    pub tool: &'static str,
    /// Files under `data/` and `docs/`.
    pub files: Option<u64>,
    /// Their bytes.
    pub size: Option<ByteSize>,
    /// Globs that were asked for, where only a part was.
    pub include: Vec<String>,
    /// Globs that were left out.
    pub exclude: Vec<String>,
    /// Whether archives were left as they are.
    pub packed: bool,
}

/// What there is to cite of a selection. The copy is left to the caller.
pub fn cited(selection: &Selection) -> Cited<'_> {
    let entry = &selection.dataset().entry;
    let citation = entry.citation.as_ref();
    Cited {
        title: &entry.title,
        version: Some(&selection.release().version),
        doi: selection.release().doi.as_deref(),
        homepage: entry.homepage.as_deref(),
        works: citation.map(|all| std::iter::once(&all.work).chain(&all.also).collect()).unwrap_or_default(),
        acknowledgement: citation.and_then(|all| all.acknowledgement.as_deref()),
        license: Some(selection.license(None)),
        copy: None,
    }
}

/// `CheXpert 1.0 (full)`, not yet escaped.
fn full_name(selection: &Selection) -> String {
    let variant = selection.variant_name().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{} {}{variant}", selection.dataset().entry.title, selection.release().version)
}

/// A paragraph for what is not in the catalogue; nothing for what is.
fn outside(selection: &Selection) -> String {
    let Some(reference) = selection.reference() else { return String::new() };
    let stated = match selection.dataset().host_license().as_deref() {
        None | Some("not stated") => "its host states no licence".to_owned(),
        Some(words) => format!("its licence is what the host states, {}", markdown::code(words)),
    };
    format!(
        "**Not in the catalogue.** Fetched by the reference {}: {stated}. Nobody who keeps the catalogue has read its \
         terms, and nothing here is taken as permission.\n\n",
        markdown::code(&reference)
    )
}

#[cfg(test)]
pub(in crate::reports) mod tests;
