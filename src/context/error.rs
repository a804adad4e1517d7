//! What can be wrong with settings and surroundings.

use std::path::PathBuf;
use std::sync::Arc;

use crate::fs::FsError;
use crate::remedy::Remedy;

use super::project::ProjectError;

/// A setting or the surroundings are not usable.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The file system refused.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The settings file may not be read.
    #[error(transparent)]
    Closed(FsError),
    /// `HOME` is not set, or no absolute path.
    #[error("there is no home folder: `HOME` is not set to an absolute path")]
    NoHome,
    /// The working folder was deleted.
    #[error("the working folder does not exist any more")]
    NoWorkingDir,
    /// A value does not fit its setting.
    #[error("`{value}` is no value for `{key}` ({origin}): {reason}")]
    Value {
        /// The setting.
        key: String,
        /// What was given, escaped.
        value: String,
        /// Where it was given.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The settings file is not TOML, or holds what it must not.
    #[error("`{}` line {line}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The project file cannot be used.
    #[error(transparent)]
    Project(Arc<ProjectError>),
    /// No such setting.
    #[error("there is no setting `{key}`")]
    UnknownKey {
        /// What was asked for, escaped.
        key: String,
        /// The nearest name there is.
        nearest: Option<&'static str>,
    },
    /// The catalogue laid over the embedded one cannot be used.
    #[error("{0}")]
    Overlay(String),
}

impl Remedy for ContextError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Fs(error) => return error.remedy(),
            Self::Closed(_) => {
                "set `HOME` to your own home folder, or name a settings file that you may read with `MEDSETS_CONFIG`"
                    .into()
            }
            Self::Project(error) => return error.remedy(),
            Self::NoHome => {
                "set `HOME`, or name each place: `MEDSETS_DATA_DIR`, `MEDSETS_STATE_DIR` and `MEDSETS_CONFIG`".into()
            }
            Self::NoWorkingDir => "change into a folder that exists".into(),
            Self::Value { key, .. } => format!("`medsets config list` shows where `{key}` comes from"),
            Self::File { .. } => "mend the file, or move it away to use the defaults".into(),
            Self::UnknownKey { nearest: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownKey { .. } => "`medsets config list` names all settings".into(),
            Self::Overlay(_) => "`medsets catalog lint FILE` shows every fault with its place".into(),
        })
    }
}
