//! The project around the working folder: the nearest `medsets.toml`, read once.
//!
//! Everything that needs to know what a project says takes it from here. A file that cannot be
//! used is an error for whoever needs the project or the place of its data, and no hindrance to
//! anybody else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::document::BrokenFile;
use crate::fs::{self, FsError};
use crate::project::{self, Manifest};
use crate::remedy::Remedy;

use super::environment::Environment;

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder that holds the file.
    pub folder: PathBuf,
    /// The text of the file, for what else is read of it.
    pub text: String,
    /// What it says.
    pub manifest: Manifest,
}

/// A project file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// It cannot be read.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// It breaks the form.
    #[error(transparent)]
    Broken(#[from] BrokenFile),
}

impl Remedy for ProjectError {
    fn remedy(&self) -> Option<String> {
        match self {
            Self::Fs(error) => Some(error.remedy().unwrap_or_else(|| {
                "a project file is a text file in UTF-8: mend it or move it away; `medsets init` makes a new one".into()
            })),
            Self::Broken(broken) => {
                let help = broken.first.help.as_deref();
                Some(help.unwrap_or("mend the file there; `docs/formats.md` has its form").to_owned())
            }
        }
    }

    fn excerpt(&self) -> Option<String> {
        match self {
            Self::Fs(_) => None,
            Self::Broken(broken) => Some(broken.excerpt().to_owned()),
        }
    }
}

/// A project that was found, whether or not its file can be used.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub folder: PathBuf,
    pub project: Result<Arc<Project>, Arc<ProjectError>>,
}

impl Found {
    /// The nearest folder, from the working folder up, that holds a `medsets.toml`.
    pub fn around(environment: &Environment) -> Option<Self> {
        let start = environment.working_dir.as_deref()?;
        let holds_one = |dir: &&Path| matches!(fs::metadata(&dir.join(project::FILE)), Ok(Some(_)));
        let folder = start.ancestors().find(holds_one)?.to_path_buf();
        let project = Project::read(&folder).map(Arc::new).map_err(Arc::new);
        Some(Self { folder, project })
    }
}

impl Project {
    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(project::FILE)
    }

    fn read(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(project::FILE);
        let text = fs::read_regular_text(&path)?;
        let manifest = read(&path, &text)?;
        Ok(Self { folder: folder.to_path_buf(), text, manifest })
    }
}

/// Reads a text as that of a project file. What is wrong is told with the whole path, while
/// reports name the file as everybody calls it.
pub fn read(path: &Path, text: &str) -> Result<Manifest, BrokenFile> {
    Manifest::read(project::FILE, text).or_else(|_| Manifest::read(&path.to_string_lossy(), text))
}
