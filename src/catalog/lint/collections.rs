//! Sets of entries.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::catalog::format::CollectionTable;
use crate::document::{At, Document, Finding};
use crate::licenses::Shelf;
use crate::values::{DatasetId, Printable};

use super::keys;
use super::notes::Notes;
use super::walk::Walk;

/// Looks at the collections `text` of the file `name`; `known_ids` are the ids of the
/// catalogue.
pub fn lint_collections(name: &str, text: &str, known_ids: &BTreeSet<String>) -> Vec<Finding> {
    let read = Document::open(name, text)
        .and_then(|document| document.read::<BTreeMap<String, CollectionTable>>().map(|sets| (document, sets)));
    let (document, collections) = match read {
        Ok(read) => read,
        Err(finding) => return vec![finding],
    };
    let mut notes = Notes::new(&document);
    // Collections hold neither licences nor dates.
    Walk::new(&mut notes, &keys::COLLECTIONS, &Shelf::default(), Date::MAX).file();
    let root = At::root();
    for (name, collection) in &collections {
        let at = root.key(name);
        if name.parse::<DatasetId>().is_err() {
            let message = format!("`{}` cannot be typed as a name", Printable::cut(name, 100));
            notes.key_error(&at, "name-form", message, "names hold lower-case letters, digits and hyphens");
        }
        let list = at.key("datasets");
        let mut seen = BTreeSet::new();
        for (index, dataset) in collection.datasets.iter().enumerate() {
            let shown = Printable::cut(dataset, 100);
            let id = dataset.split(['@', ':']).next().unwrap_or_default();
            if !known_ids.contains(id) {
                let message = format!("`{shown}` is not in the catalogue");
                notes.error(&list.index(index), "unknown-dataset", message, "name an entry by its id");
            }
            if !seen.insert(dataset) {
                let message = format!("`{shown}` stands here twice");
                notes.error(&list.index(index), "repeated-dataset", message, "take one of them out");
            }
        }
    }
    notes.finish()
}
