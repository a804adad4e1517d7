//! One dataset of the catalogue, by the name a person gives.

use crate::catalog::{DistributionKind, Selection};
use crate::context::Context;
use crate::values::Printable;

use super::exit::Exit;
use super::failure::Failure;

/// One dataset by name. Fails where the name means a collection.
pub fn one_selection(context: &Context, name: &str) -> Result<Selection, Failure> {
    let mut found = context.catalog()?.resolve(name)?;
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(Failure::new(Exit::USAGE, format!("`{}` is a collection: name one dataset", Printable::new(name)))),
    }
}

/// That the publisher has withdrawn a release, as a warning.
pub(super) fn withdrawn(selection: &Selection) -> Option<String> {
    let id = selection.id();
    selection.release().withdrawn.then(|| {
        format!("its publisher has withdrawn `{selection}`: `medsets info {id}` tells what the catalogue knows of it")
    })
}

/// That a release is had from its publisher no more, or from nobody, as a warning.
pub(super) fn unserved(selection: &Selection) -> Option<String> {
    withdrawn(selection).or_else(|| {
        let one = selection.dataset().entry.distribution.as_ref()?;
        let reason = one.reason.as_ref().map_or(String::new(), |reason| format!(": {}", Printable::cut(reason, 400)));
        (one.kind == DistributionKind::None).then(|| format!("nobody distributes `{selection}` now{reason}"))
    })
}
