//! All entries: the embedded ones with overlays laid over.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::{BrokenFile, Document};
use crate::embedded;
use crate::values::{DatasetId, Digest};

use super::dataset::Dataset;
use super::format::CollectionTable;

/// The catalogue in use.
#[derive(Debug, Clone)]
pub struct Catalog {
    datasets: BTreeMap<DatasetId, Arc<Dataset>>,
    collections: BTreeMap<String, CollectionTable>,
    digest: Digest,
}

impl Catalog {
    /// The entries built into the program.
    ///
    /// # Panics
    /// Never in a released program: a test reads every embedded file.
    pub fn embedded() -> Self {
        let mut catalog = Self { datasets: BTreeMap::new(), collections: BTreeMap::new(), digest: embedded::digest() };
        for file in embedded::folder("catalog") {
            catalog.lay(&file.name, &file.text, "embedded").expect("a test reads every embedded entry");
        }
        catalog
    }

    /// With more files laid over: an entry of the same id is replaced whole, and the digest
    /// covers them. Fails with the place of what breaks the format.
    pub fn with_overlay(mut self, files: Vec<(String, String)>) -> Result<Self, BrokenFile> {
        let mut marks = format!("{}\n", self.digest);
        for (name, text) in &files {
            self.lay(name, text, name)?;
            marks.push_str(&format!("{}\n", Digest::sha256(text.as_bytes())));
        }
        self.digest = Digest::sha256(marks.as_bytes());
        Ok(self)
    }

    fn lay(&mut self, name: &str, text: &str, origin: &str) -> Result<(), BrokenFile> {
        if name.rsplit('/').next() == Some("collections.toml") {
            self.collections.extend(collections(name, text)?);
            return Ok(());
        }
        let dataset = Dataset::read(name, text, origin)?;
        self.datasets.insert(dataset.id.clone(), Arc::new(dataset));
        Ok(())
    }

    /// The entry of this id.
    pub fn get(&self, id: &DatasetId) -> Option<&Arc<Dataset>> {
        self.datasets.get(id)
    }

    /// All entries, by id.
    pub fn datasets(&self) -> impl Iterator<Item = &Arc<Dataset>> {
        self.datasets.values()
    }

    /// Sets of entries, by name.
    pub fn collections(&self) -> &BTreeMap<String, CollectionTable> {
        &self.collections
    }

    /// Digest of all of it.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Reads a file of collections.
pub(super) fn collections(name: &str, text: &str) -> Result<BTreeMap<String, CollectionTable>, BrokenFile> {
    let broken = |finding| BrokenFile::unopened(name, text, finding);
    Document::open(name, text).map_err(broken)?.read().map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_entry_can_be_read() {
        let mut shown = String::new();
        for file in embedded::folder("catalog").filter(|file| !file.name.ends_with("collections.toml")) {
            if let Err(error) = Dataset::read(&file.name, &file.text, "embedded") {
                shown.push_str(&error.shown);
            }
        }
        assert!(shown.is_empty(), "{shown}");
        assert!(Catalog::embedded().datasets().count() >= 27);
    }

    #[test]
    fn an_overlay_entry_replaces_the_whole_entry() {
        let catalog = Catalog::embedded();
        let id: DatasetId = "medquad".parse().unwrap();
        let text = catalog.get(&id).unwrap().text.replace("title = \"", "title = \"Our ");
        let laid = catalog.clone().with_overlay(vec![("/x/medquad.toml".into(), text)]).unwrap();
        assert!(laid.get(&id).unwrap().entry.title.starts_with("Our "));
        assert_eq!(laid.get(&id).unwrap().origin, "/x/medquad.toml");
        assert_ne!(laid.digest(), catalog.digest());
    }
}
