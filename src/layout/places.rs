//! What lies where datasets go.

use std::path::{Path, PathBuf};

use crate::fs::{self, FsError, FsErrorKind};

use super::dirs::DatasetDir;
use super::error::LayoutError;
use super::link_mark::LinkMark;
use super::receipt::Receipt;

/// What lies in the place of a dataset, `<data_dir>/<id>/<slug>`.
#[derive(Debug)]
pub enum Place {
    /// A folder with records of ours.
    Dataset(DatasetDir),
    /// A link, and where it leads no dataset of ours can be had.
    Away {
        /// The link.
        dir: DatasetDir,
        /// What it holds.
        leads_to: PathBuf,
    },
    /// What this user may not look at: a dataset, or all of one id.
    Closed {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: FsError,
    },
}

/// Every place of a data folder in which there is something of ours, or was, in the order of names.
/// Fails when the data folder itself cannot be listed.
pub fn places(data_dir: &Path) -> Result<Vec<Place>, FsError> {
    let mut found = Vec::new();
    for dataset in fs::list_dir(data_dir)?.into_iter().filter(|path| !is_hidden(path) && fs::is_dir(path)) {
        let releases = match fs::list_dir(&dataset) {
            Ok(releases) => releases,
            Err(error) => {
                found.push(Place::Closed { path: dataset, error });
                continue;
            }
        };
        for release in releases.into_iter().filter(|path| !is_hidden(path) && !is_another_name(path)) {
            found.extend(place(DatasetDir::at(release)));
        }
    }
    Ok(found)
}

fn place(dir: DatasetDir) -> Option<Place> {
    if let Some(leads_to) = away(&dir) {
        return Some(Place::Away { dir, leads_to });
    }
    if !fs::is_dir(dir.root()) {
        return None;
    }
    match dir.has_records() {
        Ok(true) => Some(Place::Dataset(dir)),
        Ok(false) => None,
        Err(error) => Some(Place::Closed { path: dir.root().to_path_buf(), error }),
    }
}

/// Refuses a path on whose way something is no folder ([`LayoutError::InTheWay`]). A link in its own
/// place that leads nowhere is not looked at.
pub fn refuse_in_the_way(folder: &Path) -> Result<(), LayoutError> {
    for path in folder.ancestors() {
        // Looked at once: another run may make the folder at this moment. Below a file is nothing.
        let Ok(Some(found)) = fs::metadata(path) else { continue };
        let found = match found.file_type() {
            kind if kind.is_symlink() && !fs::is_dir(path) => match fs::canonical(path) {
                Ok(_) => "a link to a file",
                Err(_) if path == folder => return Ok(()),
                Err(error) if error.kind() == FsErrorKind::NotFound => "a link that leads nowhere",
                Err(_) => "a link that cannot be followed",
            },
            kind if kind.is_file() => "a file",
            kind if kind.is_dir() || kind.is_symlink() => return Ok(()),
            _ => "something else",
        };
        return Err(LayoutError::InTheWay { path: path.to_path_buf(), found });
    }
    Ok(())
}

/// Where a dataset folder leads that is a link, where no dataset of ours can be had, or another one
/// than medsets made the link for.
pub fn away(dir: &DatasetDir) -> Option<PathBuf> {
    let held = fs::link_target(dir.root()).ok()??;
    (!matches!(dir.has_records(), Ok(true)) || another(dir).is_some()).then(|| PathBuf::from(held))
}

/// The receipt of the other dataset that lies by now where a link leads that medsets made. Nothing there
/// is this dataset's.
pub fn another(dir: &DatasetDir) -> Option<Receipt> {
    LinkMark::of_link(dir)?;
    Receipt::read(dir).ok()?.filter(|receipt| !receipt.is_of(dir))
}

/// That a dataset is not where its link leads, in words.
pub fn away_words(dir: &DatasetDir, leads_to: &Path) -> String {
    let (link, to) = (dir.root().display(), leads_to.display());
    match another(dir) {
        Some(receipt) => format!("`{link}` is a link to `{to}`, where `{}` lies by now", receipt.name()),
        None => format!("`{link}` is a link to `{to}`, where no dataset is to be had"),
    }
}

/// Whether it is a link to what lies beside it, such as `latest`: a dataset is told of once.
fn is_another_name(path: &Path) -> bool {
    matches!(fs::link_target(path), Ok(Some(held)) if !held.contains('/') && held != "." && held != "..")
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
}
