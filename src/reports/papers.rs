//! What the papers beside a dataset are made from.

use crate::catalog::Selection;

use super::citation::Cited;

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

#[cfg(test)]
pub(in crate::reports) mod tests;
