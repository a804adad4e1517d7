//! All entries: the embedded ones with overlays laid over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::document::{BrokenFile, Document, OverlayFile};
use crate::embedded;
use crate::values::{DatasetId, Digest};

use super::dataset::Dataset;
use super::declared;
use super::format::CollectionTable;

/// The catalogue in use.
#[derive(Debug, Clone)]
pub struct Catalog {
    datasets: BTreeMap<DatasetId, Arc<Dataset>>,
    collections: BTreeMap<String, CollectionTable>,
    broken: Vec<BrokenEntry>,
    references: Vec<Arc<Dataset>>,
    digest: Digest,
}

/// An overlay file that cannot be used, with every name it is meant for and those of the entry
/// it would have replaced: they lead to an error, never to that entry.
#[derive(Debug, Clone)]
pub struct BrokenEntry {
    /// What is wrong.
    pub file: BrokenFile,
    /// Ids, in small letters.
    pub ids: BTreeSet<String>,
    /// Aliases, in small letters.
    pub(super) aliases: BTreeSet<String>,
    /// Addresses, as they are written.
    pub(super) pages: Vec<String>,
    /// Whether it holds collections.
    pub(super) is_collections: bool,
}

impl Catalog {
    /// The entries built into the program.
    ///
    /// # Panics
    /// Never in a released program: a test reads every embedded file.
    pub fn embedded() -> Self {
        let digest = embedded::digest();
        let (datasets, collections) = (BTreeMap::new(), BTreeMap::new());
        let mut catalog = Self { datasets, collections, broken: Vec::new(), references: Vec::new(), digest };
        for file in embedded::folder("catalog") {
            catalog.lay(&file.name, &file.text, "embedded").expect("a test reads every embedded entry");
        }
        catalog
    }

    /// With the files of overlay folders laid over: an entry of the same id is replaced whole.
    /// A file that breaks the format takes the entry of its id away and leaves all others.
    ///
    /// The digest covers folders in their order and the name and text of every file, licences
    /// too; where the folders lie and in which order a folder is listed makes no difference.
    #[must_use]
    pub fn laid_over(mut self, files: &[OverlayFile]) -> Self {
        let mut files: Vec<&OverlayFile> = files.iter().collect();
        if files.is_empty() {
            return self;
        }
        files.sort_by(|one, other| (one.folder, &one.name).cmp(&(other.folder, &other.name)));
        let mut marks = format!("{}\n", self.digest);
        for file in files {
            let text = file.text.as_ref().map_or("unreadable".to_owned(), |text| Digest::sha256(text.as_bytes()).hex());
            marks.push_str(&format!("{} {text} {:?}\n", file.folder, file.name));
            // Licences are the shelf's.
            if !file.name.contains('/')
                && let Err(broken) = file.text().and_then(|text| self.lay(&file.path, text, &file.path))
            {
                self.take_away(file, broken);
            }
        }
        self.digest = Digest::sha256(marks.as_bytes());
        self
    }

    /// With one entry laid over, for the tests of higher layers.
    #[cfg(test)]
    pub(crate) fn with_entry(self, name: &str, text: String) -> Self {
        let (name, path) = (name.to_owned(), format!("/x/{name}"));
        self.laid_over(&[OverlayFile { folder: 0, name, path, text: Ok(text) }])
    }

    fn lay(&mut self, name: &str, text: &str, origin: &str) -> Result<(), BrokenFile> {
        if is_collections(name) {
            self.collections.extend(collections(name, text)?);
            return Ok(());
        }
        let dataset = Dataset::read(name, text, origin)?;
        declared::check(name, text).map_err(|contradiction| contradiction.into_broken(text))?;
        // A later folder mends what an earlier one broke.
        self.broken.iter_mut().for_each(|broken| broken.give_way(dataset.id.as_str()));
        self.datasets.insert(dataset.id.clone(), Arc::new(dataset));
        Ok(())
    }

    fn take_away(&mut self, file: &OverlayFile, broken: BrokenFile) {
        if is_collections(&file.name) {
            self.collections.clear();
            self.broken.push(BrokenEntry::of_collections(broken));
            return;
        }
        let claimed = file.claimed();
        let mut entry = BrokenEntry {
            file: broken,
            ids: claimed.ids.iter().map(|id| id.to_lowercase()).collect(),
            aliases: claimed.aliases.iter().map(|alias| alias.to_lowercase()).collect(),
            pages: claimed.pages,
            is_collections: false,
        };
        let hidden: Vec<DatasetId> = entry.ids.iter().filter_map(|id| id.parse().ok()).collect();
        for dataset in hidden.iter().filter_map(|id| self.datasets.remove(id)) {
            entry.aliases.extend(dataset.entry.aliases.iter().map(|alias| alias.to_lowercase()));
            entry.pages.extend(dataset.pages().map(str::to_owned));
        }
        self.broken.push(entry);
    }

    /// Overlay files that cannot be used.
    pub fn broken(&self) -> &[BrokenEntry] {
        &self.broken
    }

    /// The entry of this id.
    pub fn get(&self, id: &DatasetId) -> Option<&Arc<Dataset>> {
        self.datasets.get(id)
    }

    /// All entries, by id.
    pub fn datasets(&self) -> impl Iterator<Item = &Arc<Dataset>> {
        self.datasets.values()
    }

    /// Makes a dataset outside the catalogue known to [`resolve`](Self::resolve), and to nothing
    /// else: it is in no list and no search, and an entry of the same id stands before it.
    pub fn introduce(&mut self, dataset: Dataset) {
        let versions = |one: &Dataset| one.releases.iter().map(|release| release.version.clone()).collect::<Vec<_>>();
        let same = |one: &Arc<Dataset>| one.id == dataset.id && versions(one) == versions(&dataset);
        if !self.references.iter().any(same) {
            self.references.push(Arc::new(dataset));
        }
    }

    /// Datasets outside the catalogue: one for each version of each place, and those of bundles.
    pub fn references(&self) -> &[Arc<Dataset>] {
        &self.references
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

impl BrokenEntry {
    fn of_collections(file: BrokenFile) -> Self {
        let (ids, aliases, pages) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        Self { file, ids, aliases, pages, is_collections: true }
    }

    /// Leaves an id to a good entry; with its last one its other names go too.
    fn give_way(&mut self, id: &str) {
        if self.ids.remove(id) && self.ids.is_empty() {
            self.aliases.clear();
            self.pages.clear();
        }
    }
}

fn is_collections(name: &str) -> bool {
    name.rsplit('/').next() == Some("collections.toml")
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

    fn file(folder: usize, name: &str, text: &str) -> OverlayFile {
        OverlayFile { folder, name: name.into(), path: format!("/x/{folder}/{name}"), text: Ok(text.into()) }
    }

    fn id(text: &str) -> DatasetId {
        text.parse().unwrap()
    }

    #[test]
    fn an_overlay_entry_replaces_the_whole_entry() {
        let catalog = Catalog::embedded();
        let text = catalog.get(&id("medquad")).unwrap().text.replace("title = \"", "title = \"Our ");
        let laid = catalog.clone().laid_over(&[file(0, "medquad.toml", &text)]);
        assert!(laid.get(&id("medquad")).unwrap().entry.title.starts_with("Our "));
        assert_eq!(laid.get(&id("medquad")).unwrap().origin, "/x/0/medquad.toml");
        assert_ne!(laid.digest(), catalog.digest());
    }

    #[test]
    fn the_digest_is_of_names_and_texts_and_of_no_place_or_order() {
        let digest = |files: &[OverlayFile]| Catalog::embedded().laid_over(files).digest();
        let (one, other) = (file(0, "a.toml", "id = 1"), file(0, "b.toml", "id = 2"));
        let both = digest(&[one.clone(), other.clone()]);
        assert_eq!(both, digest(&[other.clone(), one.clone()]));
        assert_eq!(both, digest(&[OverlayFile { path: "/elsewhere/a.toml".into(), ..one.clone() }, other.clone()]));
        let renamed = OverlayFile { name: "c.toml".into(), ..one.clone() };
        let license = file(0, "licenses/MIT.toml", "");
        let later = OverlayFile { folder: 1, ..one.clone() };
        for different in [vec![one.clone()], vec![renamed, other.clone()], vec![later, other.clone()]] {
            assert_ne!(both, digest(&different));
        }
        assert_ne!(both, digest(&[one, other, license]));
        assert_eq!(digest(&[]), embedded::digest());
    }

    #[test]
    fn a_broken_entry_hides_the_built_in_one_and_no_other() {
        let whole = Catalog::embedded().datasets().count();
        let broken = file(0, "chexpert.toml", "id = \"chexpert\"\nmodality = 7");
        let laid = Catalog::embedded().laid_over(std::slice::from_ref(&broken));
        assert_eq!((laid.datasets().count(), laid.broken().len()), (whole - 1, 1));
        for name in [
            "chexpert",
            "chexpert@1.0:small",
            "CheXpert-v1.0",
            "https://stanfordmlgroup.github.io/competitions/chexpert/",
        ] {
            let error = laid.resolve(name).unwrap_err();
            assert!(error.to_string().contains("/x/0/chexpert.toml"), "{name}: {error}");
        }
        laid.resolve("medquad").unwrap();
        laid.resolve("@starter").unwrap_err();
        // A good entry of a later folder takes its place.
        let text = Catalog::embedded().get(&id("chexpert")).unwrap().text.clone();
        let mended = Catalog::embedded().laid_over(&[broken, file(1, "chexpert.toml", &text)]);
        assert_eq!(mended.resolve("CheXpert-v1.0").unwrap()[0].dataset().origin, "/x/1/chexpert.toml");
    }

    #[test]
    fn a_file_that_cannot_be_read_hides_the_entry_of_its_name() {
        let gone = OverlayFile { text: Err("cannot read it".into()), ..file(0, "demo.toml", "") };
        let laid = Catalog::embedded().laid_over(&[gone]);
        assert!(laid.resolve("demo").unwrap_err().to_string().contains("cannot read it"));
        let laid = Catalog::embedded().laid_over(&[file(0, "collections.toml", "starter = 7")]);
        assert!(laid.resolve("@starter").unwrap_err().to_string().contains("collections.toml"));
        laid.resolve("demo").unwrap();
    }
}
