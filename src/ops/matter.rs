//! What the ledger is asked about.

use crate::agreements::Matter;
use crate::catalog::Selection;

/// The matter of one step of a selection: what an acceptance, a grant or a withdrawal is about.
pub(super) fn matter<'a>(selection: &'a Selection, requirement: &'a str, license: Option<&'a str>) -> Matter<'a> {
    Matter { dataset: selection.id(), version: &selection.release().version, requirement, license }
}
