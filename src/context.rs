//! Settings, each with the origin of its value, and what the program was started with.
//!
//! Flag over variable over project file over user file over default. The environment, the
//! clock and the terminal come in here and nowhere else; the library reads none of them.

pub mod config_file;
pub mod environment;
pub mod error;
pub mod keys;
pub mod project;
pub mod settings;

mod network;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::agreements::{Evidence, Ledger};
use crate::catalog::{Catalog, Dataset};
use crate::credentials::{self, Keyring};
use crate::document::OverlayFile;
use crate::events::{Cancel, Report, Silent};
use crate::fs;
use crate::licenses::Shelf;
use crate::mirror::Opened;
use crate::net::Client;
use crate::remedy;
use crate::values::{Digest, Printable};

pub use config_file::ConfigFile;
pub use environment::Environment;
pub use error::ContextError;
pub use keys::{KEYS, Key};
pub use project::{Project, ProjectError};
pub use settings::{Flags, Setting, SettingOrigin, Settings};

/// Everything a run knows and uses.
pub struct Context {
    /// What it was started with.
    pub environment: Environment,
    /// Every setting with its origin.
    pub settings: Settings,
    /// What is wrong with them; nothing unless the run goes on all the same.
    pub faults: Vec<ContextError>,
    /// Told what happens.
    pub report: Report,
    /// Set when the person wants to stop.
    pub cancel: Cancel,
    overlay: OnceLock<Vec<OverlayFile>>,
    shelf: OnceLock<Shelf>,
    catalog: OnceLock<Catalog>,
    client: OnceLock<Client>,
    credentials: OnceLock<credentials::Sources>,
    ledger: OnceLock<Ledger>,
    /// The team's mirrors, as they are opened.
    pub mirrors: Opened,
}

impl Context {
    /// Resolves the settings. Fails on a value that does not fit.
    pub fn new(environment: Environment, flags: &Flags) -> Result<Self, ContextError> {
        let settings = Settings::resolve(&environment, flags)?;
        Ok(Self::with(environment, settings, Vec::new()))
    }

    /// With the settings that fit; what is wrong with the others is in `faults`. For commands
    /// that help to mend them.
    pub fn with_what_fits(environment: Environment, flags: &Flags) -> Self {
        let (settings, faults) = Settings::resolve_what_fits(&environment, flags);
        Self::with(environment, settings, faults)
    }

    fn with(environment: Environment, settings: Settings, faults: Vec<ContextError>) -> Self {
        Self {
            environment,
            settings,
            faults,
            report: Arc::new(Silent),
            cancel: Cancel::default(),
            overlay: OnceLock::new(),
            shelf: OnceLock::new(),
            catalog: OnceLock::new(),
            client: OnceLock::new(),
            credentials: OnceLock::new(),
            ledger: OnceLock::new(),
            mirrors: Opened::default(),
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        clock()
    }

    /// Whether a person can be asked.
    pub fn interactive(&self) -> bool {
        self.environment.interactive && !self.settings.is_on("no-input")
    }

    /// The project around the working folder, if there is one. Fails where its file cannot be used.
    pub fn project(&self) -> Result<Option<&Project>, ContextError> {
        self.settings.project_file()
    }

    /// What is wrong with the project file, as a sentence, where something is.
    pub fn project_warning(&self) -> Option<String> {
        let error = self.project().err()?;
        Some(format!("{}; what does not need the project goes on without it", remedy::chain(&error)))
    }

    /// Where datasets are kept. Fails where the project should say so and its file cannot be used.
    pub fn data_dir(&self) -> Result<PathBuf, ContextError> {
        if let Some(Setting { origin: SettingOrigin::Project(_), .. }) = self.settings.get("data-dir") {
            self.project()?;
        }
        self.settings.path(&self.environment, "data-dir")?.ok_or(ContextError::NoHome)
    }

    /// Where the ledger and its evidence are kept.
    pub fn state_dir(&self) -> Result<PathBuf, ContextError> {
        self.settings.path(&self.environment, "state-dir")?.ok_or(ContextError::NoHome)
    }

    /// The person's ledger.
    pub fn ledger(&self) -> Result<Ledger, ContextError> {
        once(&self.ledger, || Ok(Ledger::open(&self.state_dir()?))).cloned()
    }

    /// The evidence beside the ledger.
    pub fn evidence(&self) -> Result<Evidence, ContextError> {
        Ok(Evidence::open(&self.state_dir()?))
    }

    /// All licences: the embedded ones with those of the overlays laid over.
    pub fn shelf(&self) -> Result<&Shelf, ContextError> {
        once(&self.shelf, || {
            let licenses: Vec<OverlayFile> =
                self.overlay()?.iter().filter(|file| file.name.contains('/')).cloned().collect();
            Ok(Shelf::embedded().laid_over(&licenses))
        })
    }

    /// The catalogue: the embedded one with the overlays laid over. Overlay files that cannot
    /// be used are in it as such.
    pub fn catalog(&self) -> Result<&Catalog, ContextError> {
        once(&self.catalog, || Ok(Catalog::embedded().laid_over(self.overlay()?)))
    }

    /// Makes a dataset outside the catalogue known to this run.
    pub fn introduce(&mut self, dataset: Dataset) -> Result<(), ContextError> {
        self.catalog()?;
        if let Some(catalog) = self.catalog.get_mut() {
            catalog.introduce(dataset);
        }
        Ok(())
    }

    /// What is wrong with overlay files, a sentence each, as far as they were looked at.
    pub fn overlay_warnings(&self) -> Vec<String> {
        let entries = self.catalog.get().into_iter().flat_map(Catalog::broken).map(|broken| &broken.file);
        let licenses = self.shelf.get().into_iter().flat_map(Shelf::broken_files);
        let entries = entries.map(|file| format!("{file}; the entry is left out"));
        let mut warnings: Vec<String> =
            entries.chain(licenses.map(|file| format!("{file}; its terms count as unknown"))).collect();
        if warnings.len() > MOST_WARNINGS {
            let more = warnings.split_off(MOST_WARNINGS).len();
            warnings.push(format!("{more} more overlay files cannot be used"));
        }
        warnings
    }

    /// Digest of the catalogue, once it was read.
    pub fn catalog_digest(&self) -> Option<Digest> {
        self.catalog.get().map(Catalog::digest)
    }

    /// The network, by the settings.
    pub fn client(&self) -> Result<&Client, ContextError> {
        once(&self.client, || Ok(Client::new(network::settings(self)?)))
    }

    /// Where credentials are looked for. One for the whole run: a key store that hangs is waited
    /// for once.
    pub fn credentials(&self) -> Result<&credentials::Sources, ContextError> {
        once(&self.credentials, || {
            let keyring = match self.settings.text("keyring") {
                Some("os") => Keyring::Os,
                Some("file") => Keyring::File,
                Some("none") => Keyring::None,
                _ => Keyring::Auto,
            };
            let surroundings = credentials::Surroundings {
                variables: self.environment.variables.clone(),
                config_dir: self.settings.config_path().and_then(Path::parent).map(Path::to_path_buf),
                home: self.environment.home().ok(),
                working_dir: self.environment.working_dir.clone(),
                now: self.now(),
            };
            Ok(credentials::Sources::new(surroundings, keyring))
        })
    }

    /// The TOML files of the overlay folders and of `licenses` in each. A file that cannot be
    /// read is among them; a folder that is none is an error.
    pub fn overlay(&self) -> Result<&[OverlayFile], ContextError> {
        once(&self.overlay, || {
            let mut files = Vec::new();
            for (folder, dir) in self.settings.overlays().into_iter().enumerate() {
                let dir = self.environment.absolute(dir)?;
                if !fs::is_dir(&dir) {
                    return Err(ContextError::Value {
                        key: "catalog".to_owned(),
                        value: Printable::new(&dir.to_string_lossy()).to_string(),
                        origin: self.settings.get("catalog").map_or(String::new(), |one| one.origin.to_string()),
                        reason: "it is no folder".to_owned(),
                    });
                }
                for below in ["", "licenses/"] {
                    files.extend(overlay_files(folder, &dir, below)?);
                }
            }
            Ok(files)
        })
        .map(Vec::as_slice)
    }
}

fn overlay_files(folder: usize, dir: &Path, below: &str) -> Result<Vec<OverlayFile>, ContextError> {
    let paths = fs::list_dir(&dir.join(below))?;
    let toml = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let file = |path: PathBuf| OverlayFile {
        folder,
        name: format!("{below}{}", path.file_name().unwrap_or_default().to_string_lossy()),
        path: path.to_string_lossy().into_owned(),
        text: fs::read_regular_text(&path).map_err(|error| error.to_string()),
    };
    Ok(toml.map(file).collect())
}

/// How many broken overlay files are told one by one.
const MOST_WARNINGS: usize = 10;

/// The clock of the machine.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn clock() -> Timestamp {
    Timestamp::now()
}

/// Fills a cell once; a failure fills nothing and may be tried again.
fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T, ContextError>) -> Result<&T, ContextError> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}
