//! What is wrong with an entry, a licence or the collections, with its place.
//!
//! The rules are those of `docs/catalogue.md` and `docs/licences.md`. Reading comes first: a
//! file that breaks the format gives the findings of reading alone. Then everything is looked
//! at, so that one run shows all there is to mend. Codes are stable; scripts may name them.
//!
//! ```text
//! notes        the findings so far, limited
//! keys         which keys a table has, in which order
//! leaf         single values: addresses, dates, globs, expressions
//! walk         every table and value of a file against the two above
//! about        id, aliases, claims, relations
//! releases     versions, variants, sources, subsets, defaults
//! requires     the steps a person takes, and that nothing goes round them
//! files        files, archives, rules, and that each file can be had
//! license      licence files
//! collections  sets of entries
//! ```

mod about;
mod collections;
mod files;
mod keys;
mod leaf;
mod license;
mod notes;
mod releases;
mod requires;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::document::{BrokenFile, Document, Finding};
use crate::licenses::Shelf;

use super::dataset::Dataset;

use notes::Notes;
use walk::Walk;

pub use collections::lint_collections;
pub use license::lint_license;

/// Looks at the entry `text` of the file `name`. `known_ids` are the ids of the catalogue that
/// it will stand in; nothing in it may be dated after `today`.
pub fn lint_entry(name: &str, text: &str, shelf: &Shelf, known_ids: &BTreeSet<String>, today: Date) -> Vec<Finding> {
    let dataset = match Dataset::read(name, text, name) {
        Ok(dataset) => dataset,
        Err(broken) => return findings(broken),
    };
    let document = match Document::open(name, text) {
        Ok(document) => document,
        Err(finding) => return vec![finding],
    };
    let mut notes = Notes::new(&document);
    Walk::new(&mut notes, &keys::ENTRY, shelf, today).file();
    about::look(&mut notes, &dataset, known_ids);
    releases::look(&mut notes, &dataset);
    requires::look(&mut notes, &dataset, shelf);
    files::look(&mut notes, &dataset);
    notes.finish()
}

/// The findings of a file that could not be read.
fn findings(broken: BrokenFile) -> Vec<Finding> {
    std::iter::once(*broken.first).chain(broken.rest).collect()
}
