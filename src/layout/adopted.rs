//! A dataset whose files lie where a person put them: `.medsets/adopted.json`.
//!
//! `medsets adopt` writes records about files that medsets never laid down. Where they lie in a
//! folder of the standard layout the records lie in it; elsewhere the dataset folder holds links
//! to them, and this file names every one, so that no other link is believed. Whoever finds this
//! file may read the data and never write, replace or remove them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs::{self, Access};

use super::dirs::DatasetDir;
use super::error::LayoutError;

/// Where the files of an adopted dataset lie.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Adopted {
    /// `medsets/adopted/1`.
    pub schema: String,
    /// The person's folder, absolute.
    pub place: String,
    /// Links in the dataset folder, by their places below it, with what they hold: `data`,
    /// `docs`, or single files. None where the records lie with the files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, String>,
}

impl Adopted {
    /// The schema's name.
    pub const SCHEMA: &'static str = "medsets/adopted/1";

    /// Files that lie in a person's folder.
    pub fn at(place: &Path) -> Self {
        let place = place.to_string_lossy().into_owned();
        Self { schema: Self::SCHEMA.to_owned(), place, links: BTreeMap::new() }
    }

    /// What a dataset folder says of it; `None` for one that medsets laid down itself.
    pub fn read(dir: &DatasetDir) -> Result<Option<Self>, LayoutError> {
        let path = dir.adopted_path();
        if dir.has_a_file_for_records()? {
            return Ok(None);
        }
        let Some(text) = fs::read_regular_text_if_present(&path)? else { return Ok(None) };
        let failed = |line, reason| LayoutError::Record { path: path.clone(), line, reason };
        let adopted: Self = serde_json::from_str(&text).map_err(|error| failed(error.line(), error.to_string()))?;
        if adopted.schema != Self::SCHEMA {
            return Err(failed(1, format!("schema `{}` is not `{}`", adopted.schema, Self::SCHEMA)));
        }
        Ok(Some(adopted))
    }

    /// Writes it into the records of a dataset folder.
    pub fn write(&self, dir: &DatasetDir, access: Access) -> Result<(), LayoutError> {
        let path = dir.adopted_path();
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| LayoutError::Record {
            path: path.clone(),
            line: error.line(),
            reason: error.to_string(),
        })?;
        bytes.push(b'\n');
        Ok(fs::atomic_write(&path, &bytes, access)?)
    }

    /// Which file of the dataset a file of the person is, by the links: its path below the
    /// dataset folder.
    pub fn path_of(&self, file: &Path) -> Option<String> {
        if self.links.is_empty() {
            return Some(file.strip_prefix(&self.place).ok()?.to_str()?.to_owned());
        }
        self.links.iter().find_map(|(at, target)| {
            let below = file.strip_prefix(target).ok()?.to_str()?;
            Some(if below.is_empty() { at.clone() } else { format!("{at}/{below}") })
        })
    }

    /// Whether a folder is where the files lie, or one that they lie below.
    pub fn is_in(&self, folder: &Path) -> bool {
        PathBuf::from(&self.place).starts_with(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_file_is_found_by_the_links() {
        let mut adopted = Adopted::at(Path::new("/old/CheXpert"));
        assert_eq!(adopted.path_of(Path::new("/old/CheXpert/data/a.csv")).as_deref(), Some("data/a.csv"));
        adopted.links.insert("data".into(), "/old/CheXpert/v1".into());
        adopted.links.insert("docs/README.md".into(), "/old/CheXpert/README.md".into());
        assert_eq!(adopted.path_of(Path::new("/old/CheXpert/v1/train/a.jpg")).as_deref(), Some("data/train/a.jpg"));
        assert_eq!(adopted.path_of(Path::new("/old/CheXpert/README.md")).as_deref(), Some("docs/README.md"));
        assert_eq!(adopted.path_of(Path::new("/old/CheXpert/other")), None);
        assert!(adopted.is_in(Path::new("/old")) && !adopted.is_in(Path::new("/old/CheX")));
    }

    #[test]
    fn is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DatasetDir::at(folder.path().to_path_buf());
        assert_eq!(Adopted::read(&dir).unwrap(), None);
        std::fs::create_dir_all(dir.records()).unwrap();
        let mut adopted = Adopted::at(Path::new("/old"));
        adopted.links.insert("data".into(), "/old".into());
        adopted.write(&dir, Access::Shared).unwrap();
        assert_eq!(Adopted::read(&dir).unwrap(), Some(adopted));
        std::fs::write(dir.adopted_path(), "{\"schema\":\"medsets/adopted/9\",\"place\":\"/\"}").unwrap();
        assert!(Adopted::read(&dir).unwrap_err().is_of_records());
    }
}
