//! The value of every setting, and where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fs::FsErrorKind;
use crate::project;
use crate::values::{ByteSize, Printable};

use super::config_file::ConfigFile;
use super::environment::Environment;
use super::error::ContextError;
use super::keys::{KEYS, Key, switch, time};
use super::project::{Found, Project};

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The value as text.
    pub value: String,
    /// Where it came from.
    pub origin: SettingOrigin,
}

/// Where a value came from, strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingOrigin {
    /// The command line.
    Flag,
    /// An environment variable.
    Variable(&'static str),
    /// `medsets.toml` of a project.
    Project(PathBuf),
    /// The user's `config.toml`.
    User(PathBuf),
    /// Nothing says otherwise.
    Default,
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => out.write_str("flag"),
            Self::Variable(name) => write!(out, "variable {name}"),
            Self::Project(path) => write!(out, "project {}", path.display()),
            Self::User(path) => write!(out, "file {}", path.display()),
            Self::Default => out.write_str("default"),
        }
    }
}

/// What the command line sets.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// Values by setting.
    pub values: BTreeMap<&'static str, String>,
    /// Catalogue overlays: as a list, since a path may hold a `:`.
    pub overlays: Vec<PathBuf>,
}

/// All settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, Setting>,
    overlays: Vec<PathBuf>,
    config_path: Option<PathBuf>,
    project: Option<Found>,
}

impl Settings {
    /// Resolves every setting.
    ///
    /// Fails on a value that does not fit its setting, naming where it was given.
    pub fn resolve(environment: &Environment, flags: &Flags) -> Result<Self, ContextError> {
        let (settings, faults) = Self::resolve_what_fits(environment, flags);
        faults.into_iter().next().map_or(Ok(settings), Err)
    }

    /// Resolves what can be resolved, and tells what is wrong with the rest. A file that cannot
    /// be read counts as empty; a value that does not fit is left out. A project file that cannot
    /// be used is told to whoever asks for the project ([`Self::project_file`]).
    pub fn resolve_what_fits(environment: &Environment, flags: &Flags) -> (Self, Vec<ContextError>) {
        let mut faults = Vec::new();
        let config_path = config_path(environment).unwrap_or_else(|error| {
            faults.push(error);
            None
        });
        let user = config_path.as_deref().map(|path| ConfigFile::read(path).and_then(|file| file.values()));
        let user = user.unwrap_or_else(|| Ok(BTreeMap::new())).unwrap_or_else(|error| {
            faults.push(match error {
                ContextError::Fs(error) if error.kind() == FsErrorKind::Denied => ContextError::Closed(error),
                error => error,
            });
            BTreeMap::new()
        });
        let project = Found::around(environment);
        let mut values = BTreeMap::new();
        let listed = flags.overlays.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>().join(":");
        for key in KEYS {
            let listed = (key.name == "catalog" && !listed.is_empty()).then_some(&listed);
            let found = flags
                .values
                .get(key.name)
                .or(listed)
                .map(|value| (value.clone(), SettingOrigin::Flag))
                .or_else(|| from_variable(environment, key))
                .or_else(|| from_project(key, project.as_ref()))
                .or_else(|| from_file(key, &user, config_path.as_deref()))
                .or_else(|| default_of(key, environment).map(|value| (value, SettingOrigin::Default)));
            let Some((value, origin)) = found else { continue };
            match key.check(&value) {
                Ok(()) => {
                    values.insert(key.name, Setting { value, origin });
                }
                Err(reason) => faults.push(refused(key, &value, &origin, reason)),
            }
        }
        (Self { values, overlays: flags.overlays.clone(), config_path, project }, faults)
    }

    /// The folders laid over the catalogue, as they were written.
    pub fn overlays(&self) -> Vec<PathBuf> {
        match &self.overlays[..] {
            [] => {
                let listed = self.text("catalog").unwrap_or_default();
                listed.split(':').filter(|dir| !dir.is_empty()).map(PathBuf::from).collect()
            }
            given => given.to_vec(),
        }
    }

    /// A setting with its origin; `None` when nothing gives it a value.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.values.get(name)
    }

    /// The settings file, whether or not it exists; `None` without a home folder.
    pub fn config_path(&self) -> Option<&Path> {
        self.config_path.as_deref()
    }

    /// The folder with the `medsets.toml` that holds here, whether or not that can be used.
    pub fn project(&self) -> Option<&Path> {
        self.project.as_ref().map(|found| found.folder.as_path())
    }

    /// The project that holds here; `None` where there is none. Fails where its file cannot be
    /// used.
    pub fn project_file(&self) -> Result<Option<&Project>, ContextError> {
        let Some(found) = &self.project else { return Ok(None) };
        found.project.as_deref().map(Some).map_err(|error| ContextError::Project(error.clone()))
    }

    /// The value as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|setting| setting.value.as_str())
    }

    /// A switch; off when nothing sets it.
    pub fn is_on(&self, name: &str) -> bool {
        self.text(name).and_then(switch).unwrap_or(false)
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// A size.
    pub fn size(&self, name: &str) -> Option<ByteSize> {
        self.text(name)?.parse().ok()
    }

    /// A time.
    pub fn time(&self, name: &str) -> Option<Duration> {
        self.text(name).and_then(time)
    }

    /// Several places, absolute. Empty ones are passed over.
    pub fn paths(&self, environment: &Environment, name: &str) -> Result<Vec<PathBuf>, ContextError> {
        let listed = self.text(name).unwrap_or_default().split(':');
        listed.filter(|path| !path.is_empty()).map(|path| environment.absolute(path)).collect()
    }

    /// A place, absolute.
    pub fn path(&self, environment: &Environment, name: &str) -> Result<Option<PathBuf>, ContextError> {
        self.text(name).map(|text| environment.absolute(text)).transpose()
    }
}

/// `MEDSETS_CONFIG`, else `config.toml` in the configuration folder; none without a home.
fn config_path(environment: &Environment) -> Result<Option<PathBuf>, ContextError> {
    if let Some(path) = environment.variable("MEDSETS_CONFIG") {
        return environment.absolute(path).map(Some);
    }
    Ok(environment.config_dir().ok().map(|dir| dir.join("config.toml")))
}

fn from_variable(environment: &Environment, key: &Key) -> Option<(String, SettingOrigin)> {
    let name = key.variable?;
    environment.variable(name).map(|value| (value.to_owned(), SettingOrigin::Variable(name)))
}

/// Where the project keeps its data. Where its file cannot be used the value is the usual place,
/// which [`super::Context::data_dir`] does not give away.
fn from_project(key: &Key, project: Option<&Found>) -> Option<(String, SettingOrigin)> {
    let found = project.filter(|_| key.name == "data-dir")?;
    let data_dir = found.project.as_ref().map_or("data", |project| project.manifest.data_dir.as_str());
    let value = found.folder.join(data_dir).to_string_lossy().into_owned();
    Some((value, SettingOrigin::Project(found.folder.join(project::FILE))))
}

fn from_file(
    key: &Key,
    values: &BTreeMap<&'static str, String>,
    path: Option<&Path>,
) -> Option<(String, SettingOrigin)> {
    let value = values.get(key.name)?;
    Some((value.clone(), SettingOrigin::User(path.unwrap_or(Path::new("config.toml")).to_path_buf())))
}

fn default_of(key: &Key, environment: &Environment) -> Option<String> {
    let place = |path: Result<PathBuf, ContextError>| path.ok().map(|path| path.to_string_lossy().into_owned());
    match key.name {
        "data-dir" => place(environment.data_dir()),
        "state-dir" => place(environment.state_dir()),
        "access" | "keep-archives" | "store" | "link-mode" | "progress" | "keyring" => Some("auto".to_owned()),
        "offline" => Some("false".to_owned()),
        "no-input" => Some(environment.variable("CI").is_some().to_string()),
        "jobs" => Some("8".to_owned()),
        "ranges" => Some("4".to_owned()),
        "retries" => Some("5".to_owned()),
        "stall-timeout" => Some("60s".to_owned()),
        "lock-wait" => Some("10m".to_owned()),
        _ => None,
    }
}

fn refused(key: &Key, value: &str, origin: &SettingOrigin, reason: String) -> ContextError {
    let value = Printable::new(&key.shown(value)).to_string();
    ContextError::Value { key: key.name.to_owned(), value, origin: origin.to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(home: &Path, variables: &[(&str, &str)]) -> Environment {
        let mut all: BTreeMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.insert("HOME".into(), home.to_string_lossy().into_owned());
        Environment { variables: all, working_dir: Some(home.join("work")), ..Environment::default() }
    }

    #[test]
    fn the_stronger_origin_wins() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".config/medsets")).unwrap();
        std::fs::write(home.path().join(".config/medsets/config.toml"), "jobs = 3\nranges = 2\n").unwrap();
        let environment = environment(home.path(), &[("MEDSETS_JOBS", "5")]);
        let settings = Settings::resolve(&environment, &Flags::default()).unwrap();
        assert_eq!(settings.get("jobs").unwrap().origin, SettingOrigin::Variable("MEDSETS_JOBS"));
        assert_eq!(settings.number("ranges"), Some(2));
        let flags = Flags { values: BTreeMap::from([("jobs", "7".to_owned())]), ..Flags::default() };
        assert_eq!(Settings::resolve(&environment, &flags).unwrap().number("jobs"), Some(7));
    }

    #[test]
    fn a_project_keeps_its_data_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let project = home.path().join("work");
        std::fs::create_dir_all(&project).unwrap();
        std::fs::write(project.join("medsets.toml"), "[project]\nname = \"x\"\n").unwrap();
        let settings = Settings::resolve(&environment(home.path(), &[]), &Flags::default()).unwrap();
        assert_eq!(settings.text("data-dir"), Some(project.join("data").to_str().unwrap()));
        std::fs::write(project.join("medsets.toml"), "[project]\nname = \"x\"\ndata-dir = 5\n").unwrap();
        let settings = Settings::resolve(&environment(home.path(), &[]), &Flags::default()).unwrap();
        let error = settings.project_file().unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("integer"), "{error}");
    }

    #[test]
    fn a_wrong_value_names_its_place() {
        let home = tempfile::tempdir().unwrap();
        let error = Settings::resolve(&environment(home.path(), &[("MEDSETS_JOBS", "many")]), &Flags::default());
        let text = error.unwrap_err().to_string();
        assert!(text.contains("MEDSETS_JOBS") && text.contains("jobs") && text.contains("many"), "{text}");
    }

    #[test]
    fn without_a_home_only_named_places_work() {
        let bare = Environment { working_dir: Some("/".into()), ..Environment::default() };
        let settings = Settings::resolve(&bare, &Flags::default()).unwrap();
        assert!(settings.get("data-dir").is_none());
        assert!(matches!(bare.home(), Err(ContextError::NoHome)));
    }
}
