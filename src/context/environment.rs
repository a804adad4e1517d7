//! What the program was started with, gathered once by `main`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use crate::values::Printable;

use super::error::ContextError;

/// Variables, folders, terminal and person of this run.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Environment variables that are UTF-8.
    pub variables: BTreeMap<String, String>,
    /// The working folder; `None` when it was deleted.
    pub working_dir: Option<PathBuf>,
    /// Whether a person can answer: standard input and error are terminals.
    pub interactive: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Account on the machine; asked for where it is needed first, since that may take a while.
    pub os_user: Arc<LazyLock<String>>,
    /// Name of the machine.
    pub host: String,
}

impl Environment {
    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The person's home folder, from `HOME`.
    pub fn home(&self) -> Result<PathBuf, ContextError> {
        let home = self.variable("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        home.ok_or(ContextError::NoHome)
    }

    /// A folder of the XDG Base Directory Specification (0.8): the variable when it holds an
    /// absolute path, else the given folder below home. Used on macOS too.
    fn xdg(&self, variable: &str, below_home: &str) -> Result<PathBuf, ContextError> {
        match self.variable(variable).map(PathBuf::from).filter(|path| path.is_absolute()) {
            Some(path) => Ok(path.join("medsets")),
            None => Ok(self.home()?.join(below_home).join("medsets")),
        }
    }

    /// Where settings are kept.
    pub fn config_dir(&self) -> Result<PathBuf, ContextError> {
        self.xdg("XDG_CONFIG_HOME", ".config")
    }

    /// Where data go by default.
    pub fn data_dir(&self) -> Result<PathBuf, ContextError> {
        Ok(self.xdg("XDG_DATA_HOME", ".local/share")?.join("datasets"))
    }

    /// Where the ledger is.
    pub fn state_dir(&self) -> Result<PathBuf, ContextError> {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    /// The working folder.
    pub fn working_dir(&self) -> Result<PathBuf, ContextError> {
        self.working_dir.clone().ok_or(ContextError::NoWorkingDir)
    }

    /// A path a person wrote, seen from the working folder; `~/` means home.
    pub fn absolute(&self, path: impl AsRef<Path>) -> Result<PathBuf, ContextError> {
        let path = path.as_ref();
        if let Some(below) = path.as_os_str().as_bytes().strip_prefix(b"~/") {
            return Ok(self.home()?.join(OsStr::from_bytes(below)));
        }
        if path.is_absolute() { Ok(path.to_path_buf()) } else { Ok(self.working_dir()?.join(path)) }
    }

    /// The same for a folder where medsets keeps things. Its path is told in JSON and text, so
    /// one that is not UTF-8 is refused rather than written otherwise than it is.
    pub fn folder(&self, flag: &str, path: impl AsRef<Path>) -> Result<PathBuf, ContextError> {
        let path = self.absolute(path)?;
        match path.to_str() {
            Some(_) => Ok(path),
            None => Err(ContextError::Value {
                key: flag.to_owned(),
                value: Printable::new(&path.to_string_lossy()).to_string(),
                origin: "flag".to_owned(),
                reason: "the path is not UTF-8".to_owned(),
            }),
        }
    }
}
