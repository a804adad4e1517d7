//! Where everything of a dataset lies.

use std::path::{Path, PathBuf};

use crate::fs::{self, Access, FsError};
use crate::values::DatasetId;

/// The folder of one fetched dataset: `<data_dir>/<id>/<version>[-<variant>]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetDir {
    root: PathBuf,
}

impl DatasetDir {
    /// The folder of a dataset in a data folder. `slug` is `<version>[-<variant>]`.
    pub fn new(data_dir: &Path, id: &DatasetId, slug: &str) -> Self {
        Self { root: data_dir.join(id.as_str()).join(slug) }
    }

    /// A folder that is known by its path (`--to`, or found while listing).
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// All dataset folders with records of ours below a data folder, in the order of names.
    pub fn find_all(data_dir: &Path) -> Result<Vec<Self>, FsError> {
        Self::find_all_on(data_dir, &mut Err)
    }

    /// The same, asking `failed` whether to go on where a folder below it cannot be looked at.
    pub fn find_all_on(
        data_dir: &Path,
        failed: &mut dyn FnMut(FsError) -> Result<(), FsError>,
    ) -> Result<Vec<Self>, FsError> {
        let mut found = Vec::new();
        for dataset in fs::list_dir(data_dir)? {
            let hidden = dataset.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if hidden || !fs::is_dir(&dataset) {
                continue;
            }
            let releases = match fs::list_dir(&dataset) {
                Ok(releases) => releases,
                Err(error) => {
                    failed(error)?;
                    continue;
                }
            };
            for release in releases {
                let hidden = release.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
                let dir = Self::at(release);
                if hidden || !fs::is_dir(dir.root()) {
                    continue;
                }
                match dir.has_records() {
                    Ok(true) => found.push(dir),
                    Ok(false) => {}
                    Err(error) => failed(error)?,
                }
            }
        }
        Ok(found)
    }

    /// Whether a person's file has the name of the folder of records: nothing is below it.
    pub(super) fn has_a_file_for_records(&self) -> Result<bool, FsError> {
        Ok(fs::metadata(&self.records())?.is_some_and(|found| found.is_file()))
    }

    /// Whether any of our records is in it, whole or not.
    pub fn has_records(&self) -> Result<bool, FsError> {
        if self.has_a_file_for_records()? {
            return Ok(false);
        }
        for path in [self.receipt_path(), self.inventory_path(), self.manifest_path(), self.listed_path()] {
            if fs::metadata(&path)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How its workspace and its lease are called: `<id>@<slug>`, by the names of its folders. Neither
    /// an id nor a slug has an `@`, so that no two datasets have one name.
    pub fn name(&self) -> String {
        let mut names: Vec<_> = self.root.iter().rev().take(2).map(|name| name.to_string_lossy()).collect();
        names.reverse();
        names.join("@")
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The publisher's own tree.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Readmes, licence texts, papers.
    pub fn docs(&self) -> PathBuf {
        self.root.join("docs")
    }

    /// Downloaded archives that were kept.
    pub fn archives(&self) -> PathBuf {
        self.root.join("archives")
    }

    /// Our own records.
    pub fn records(&self) -> PathBuf {
        self.root.join(".medsets")
    }

    /// Who, when, from where, under which terms.
    pub fn receipt_path(&self) -> PathBuf {
        self.records().join("receipt.json")
    }

    /// The entry of a dataset that is not in the catalogue.
    pub fn entry_path(&self) -> PathBuf {
        self.records().join("entry.toml")
    }

    /// Where the files lie, for a dataset that a person laid down.
    pub fn adopted_path(&self) -> PathBuf {
        self.records().join("adopted.json")
    }

    /// For `sha256sum -c`.
    pub fn manifest_path(&self) -> PathBuf {
        self.records().join("manifest.sha256")
    }

    /// The release's own files, one line of JSON each.
    pub fn listed_path(&self) -> PathBuf {
        self.records().join("listed.jsonl")
    }

    /// One line of JSON per file.
    pub fn inventory_path(&self) -> PathBuf {
        self.records().join("files.jsonl")
    }
}

/// What medsets keeps for itself in a data folder: `<data_dir>/.medsets-store`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store of a data folder.
    pub fn of(data_dir: &Path) -> Self {
        Self { root: data_dir.join(".medsets-store") }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the data folder and the store in it, where they are not yet. All datasets lie in them,
    /// open ones beside gated ones: `access` is for both, and each dataset has its own.
    pub fn lay(&self, access: Access) -> Result<(), FsError> {
        fs::create_dir_all(&self.root, access)
    }

    /// Unfinished datasets.
    pub fn parts(&self) -> PathBuf {
        self.root.join("parts")
    }

    /// What lists are made of, by its digest.
    pub fn listings(&self) -> PathBuf {
        self.root.join("listings")
    }

    /// Lock files.
    pub fn leases(&self) -> PathBuf {
        self.root.join("leases")
    }

    /// The lock file of an unfinished dataset.
    pub fn lease(&self, name: &str) -> PathBuf {
        self.leases().join(format!("{name}.lock"))
    }

    /// Files kept once, by the SHA-256 of their bytes.
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects").join("sha256")
    }

    /// Objects whose bytes are not those of their name.
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// Folders on their way out, and other short-lived things.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }
}
