//! Where a secret may come from, asked in order; where it is put, and taken away again.
//!
//! What a person gave to this very run comes first ([`Sources::give`]). Then:
//!
//! 1. Variables: `MEDSETS_TOKEN_<PROVIDER>`, or `MEDSETS_USER_<PROVIDER>` with
//!    `MEDSETS_PASSWORD_<PROVIDER>`; each also with `_FILE` behind it, naming a file that holds
//!    the value. Such a file may have any mode: secrets of containers are mounted readable.
//! 2. The variables of the host's own programs, such as `HF_TOKEN`.
//! 3. The key store of the operating system, service `medsets`.
//! 4. `credentials.toml` in the configuration folder, which only its owner may read.
//! 5. The files of the host's own programs, such as `kaggle.json`. Only their owner may read
//!    them, but for a file that a variable names.
//! 6. `~/.netrc`, for exactly the host that is asked, over https.
//!
//! `MEDSETS_KEYRING` chooses between 3 and 4: `auto` asks both, `os` or `file` only that one,
//! `none` neither. A key store that hangs is given up after five seconds; what could not be
//! asked is told beside the answer, so nothing falls back to a plain file unnoticed.
//!
//! [`Sources::store`] puts a secret into 3, or into 4 where there is no 3, and says which. What
//! is stored takes the place of all that was stored for the provider: the last login counts.
//!
//! Nothing here prints a secret: [`Secret`] does not, and errors name places only.

mod error;
mod file;
mod host_files;
mod host_variables;
mod ini;
mod key_store;
mod netrc;
mod secret;
mod variables;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::values::{Printable, SafeUrl};

pub use error::CredentialError;
pub use secret::{CredentialSecret, Form};

use key_store::{Guard, KeyStoreFault};
use secret::Part;

/// A secret and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The secret.
    pub secret: CredentialSecret,
    /// Where it was found.
    pub origin: CredentialOrigin,
    /// When it stops working, where that is known. It may be past.
    pub expires: Option<Timestamp>,
}

/// Where a credential was found. Shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialOrigin {
    /// The person gave it to this run.
    Given,
    /// A variable.
    Variable(String),
    /// A file that a variable names.
    VariableFile(String),
    /// The key store of the operating system.
    KeyStore,
    /// `credentials.toml`.
    File(PathBuf),
    /// A file of the host's own programs.
    HostFile(PathBuf),
    /// `.netrc`.
    Netrc(PathBuf),
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// In which form.
    pub form: Form,
    /// The address it is for; without one `.netrc` is not asked.
    pub url: Option<&'a SafeUrl>,
}

/// Which stores are asked, by `MEDSETS_KEYRING`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keyring {
    /// The key store where there is one, then `credentials.toml`.
    #[default]
    Auto,
    /// The key store alone; without one there is an error.
    Os,
    /// `credentials.toml` alone.
    File,
    /// Neither.
    None,
}

/// What a look into all places found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The first credential.
    pub credential: Option<Credential>,
    /// Places before it that could not be asked and, where there is none, those whose credential
    /// is past its time, as sentences for a warning.
    pub not_asked: Vec<String>,
}

/// A place as `doctor` shows it. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// What is there.
    pub state: PlaceState,
}

/// What is at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceState {
    /// A credential.
    Holds {
        /// Where exactly.
        origin: CredentialOrigin,
        /// When it stops working, where that is known. It may be past.
        expires: Option<Timestamp>,
    },
    /// Nothing.
    Empty,
    /// It is not asked, or could not be, and why.
    NotAsked(String),
    /// It must be put right first, and why.
    Faulty(String),
}

/// What became of a secret that was to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it is now.
    pub origin: CredentialOrigin,
    /// What the person should know of that, as sentences for a warning.
    pub notices: Vec<String>,
}

/// What was taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// From where; nowhere when nothing was stored.
    pub from: Vec<CredentialOrigin>,
    /// Places that could not be asked and may still hold one, as sentences for a warning.
    pub not_asked: Vec<String>,
}

/// Whose places are looked at.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The environment's variables.
    pub variables: BTreeMap<String, String>,
    /// The folder of `credentials.toml`; `None` where there is no home for it.
    pub config_dir: Option<PathBuf>,
    /// The person's home folder.
    pub home: Option<PathBuf>,
    /// The working folder.
    pub working_dir: Option<PathBuf>,
    /// The time: what a host's program has stored for a while may be past.
    pub now: Timestamp,
}

/// All places.
pub struct Sources {
    surroundings: Surroundings,
    keyring: Keyring,
    key_store: Guard,
    given: Mutex<BTreeMap<String, Credential>>,
}

/// What one place answers.
enum Answer {
    Found(Credential),
    Nothing,
    /// Not asked because of the settings, or because there is no such place: no news.
    NotThere(String),
    /// A credential whose time is over.
    Past(String),
    /// Could not be asked: to be told.
    Failed(String),
}

impl Sources {
    /// The places of a person.
    pub fn new(surroundings: Surroundings, keyring: Keyring) -> Self {
        Self { surroundings, keyring, key_store: Guard::new(key_store::of_system()), given: Mutex::default() }
    }

    /// The first credential of the wanted form. May wait for the key store up to five seconds,
    /// once in the life of this value.
    ///
    /// Fails when a place holds half a login, is readable by others, or cannot be read.
    pub fn find(&self, wanted: &Wanted<'_>) -> Result<Lookup, CredentialError> {
        let (mut not_asked, mut past) = (Vec::new(), Vec::new());
        let given = self.lock_given().get(wanted.provider).filter(|one| one.secret.form() == wanted.form).cloned();
        if given.is_some() {
            return Ok(Lookup { credential: given, not_asked });
        }
        for source in Source::ALL {
            match self.ask(source, wanted)? {
                Answer::Found(credential) => return Ok(Lookup { credential: Some(credential), not_asked }),
                Answer::Failed(reason) if self.keyring == Keyring::Os => {
                    return Err(CredentialError::KeyStore { reason });
                }
                Answer::Failed(reason) => not_asked.push(reason),
                Answer::Past(reason) => past.push(reason),
                Answer::Nothing | Answer::NotThere(_) => {}
            }
        }
        not_asked.extend(past);
        Ok(Lookup { credential: None, not_asked })
    }

    /// Uses a credential for the rest of this run before all others. It is stored nowhere.
    pub fn give(&self, provider: &str, credential: Credential) {
        self.lock_given().insert(provider.to_owned(), credential);
    }

    fn lock_given(&self) -> MutexGuard<'_, BTreeMap<String, Credential>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What every place holds for a provider, in the order of asking. Places that the provider
    /// does not have are left out.
    pub fn describe(&self, wanted: &Wanted<'_>) -> Vec<Place> {
        let place = |source: Source| {
            let name = self.name(source, wanted)?;
            let state = match self.ask(source, wanted) {
                Ok(Answer::Found(credential)) => {
                    PlaceState::Holds { origin: credential.origin, expires: credential.expires }
                }
                Ok(Answer::Nothing) => PlaceState::Empty,
                Ok(Answer::NotThere(reason) | Answer::Past(reason) | Answer::Failed(reason)) => {
                    PlaceState::NotAsked(reason)
                }
                Err(error) => PlaceState::Faulty(error.to_string()),
            };
            Some(Place { name, state })
        };
        Source::ALL.into_iter().filter_map(place).collect()
    }

    /// Puts a secret where [`Sources::find`] finds it: into the key store, or, where there is
    /// none or it does not answer, into `credentials.toml`. `MEDSETS_KEYRING` holds here too.
    ///
    /// What was stored for the provider before is replaced, whatever its form. After a failure
    /// it is as it was.
    pub fn store(
        &self,
        provider: &str,
        secret: &CredentialSecret,
        expires: Option<Timestamp>,
    ) -> Result<Stored, CredentialError> {
        let reason = match self.keyring {
            Keyring::None => return Err(CredentialError::NowhereToStore),
            Keyring::File => None,
            Keyring::Auto | Keyring::Os => match self.key_store.set(provider, secret, expires) {
                Ok(()) => return Ok(self.stored_in_key_store(provider)),
                Err(KeyStoreFault::None(reason) | KeyStoreFault::Failed(reason)) if self.keyring == Keyring::Os => {
                    return Err(CredentialError::KeyStore { reason });
                }
                Err(fault) => Some(fault),
            },
        };
        let path = self.file()?;
        file::store(&path, provider, secret, expires)?;
        let shown = path.display();
        let notice = reason.map(|fault| match fault {
            KeyStoreFault::None(reason) => {
                format!("{reason}; the secret lies in `{shown}`, which only you may read")
            }
            KeyStoreFault::Failed(reason) => format!(
                "{reason}; the secret lies in `{shown}`, which only you may read, and what the key store may hold of \
                 before is used first once it answers"
            ),
        });
        Ok(Stored { origin: CredentialOrigin::File(path), notices: notice.into_iter().collect() })
    }

    /// An older copy in the file would be a secret left in the open that nobody looks for.
    fn stored_in_key_store(&self, provider: &str) -> Stored {
        let cleared = self.file().and_then(|path| file::remove(&path, provider));
        let notice = cleared.err().map(|error| format!("an older secret may be left behind: {error}"));
        Stored { origin: CredentialOrigin::KeyStore, notices: notice.into_iter().collect() }
    }

    /// Takes away what [`Sources::store`] put down for a provider, wherever `MEDSETS_KEYRING`
    /// lets it look. Variables and files of other programs are not touched.
    pub fn remove(&self, provider: &str) -> Result<Removed, CredentialError> {
        let mut removed = Removed::default();
        if matches!(self.keyring, Keyring::Auto | Keyring::Os) {
            match self.key_store.delete(provider) {
                Ok(true) => removed.from.push(CredentialOrigin::KeyStore),
                Err(KeyStoreFault::None(reason) | KeyStoreFault::Failed(reason)) if self.keyring == Keyring::Os => {
                    return Err(CredentialError::KeyStore { reason });
                }
                Err(KeyStoreFault::Failed(reason)) => removed.not_asked.push(reason),
                Ok(false) | Err(KeyStoreFault::None(_)) => {}
            }
        }
        if matches!(self.keyring, Keyring::Auto | Keyring::File)
            && let Some(path) = self.file_if_any()
            && file::remove(&path, provider)?
        {
            removed.from.push(CredentialOrigin::File(path));
        }
        Ok(removed)
    }

    fn ask(&self, source: Source, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
        let variables = &self.surroundings.variables;
        match (source, self.keyring) {
            (Source::Variables, _) => variables::find(variables, wanted),
            (Source::HostVariables, _) => host_variables::find(variables, wanted),
            (Source::KeyStore, Keyring::Auto | Keyring::Os) => self.ask_key_store(wanted),
            (Source::File, Keyring::Auto | Keyring::File) => match self.file_if_any() {
                Some(path) => file::find(&path, wanted),
                None => Ok(Answer::NotThere("there is no home folder".to_owned())),
            },
            (Source::KeyStore | Source::File, _) => Ok(Answer::NotThere("`MEDSETS_KEYRING` leaves it out".to_owned())),
            (Source::HostFiles, _) => host_files::find(&self.surroundings, wanted),
            (Source::Netrc, _) => match self.netrc() {
                Some(path) => netrc::find(&path, wanted),
                None => Ok(Answer::NotThere("there is no home folder".to_owned())),
            },
        }
    }

    fn ask_key_store(&self, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
        Ok(match self.key_store.find(wanted) {
            Answer::NotThere(reason) if self.keyring == Keyring::Os => Answer::Failed(reason),
            answer => answer,
        })
    }

    /// The name of a place; `None` where the provider has no such place.
    fn name(&self, source: Source, wanted: &Wanted<'_>) -> Option<String> {
        let quoted = |names: Vec<String>| {
            let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        match source {
            Source::Variables => {
                let names = wanted.form.parts().filter(|part| part.is_needed());
                quoted(names.map(|part| variables::name(part, wanted.provider)).collect())
            }
            Source::HostVariables => {
                let named = wanted.form.parts().flat_map(|part| host_variables::names(wanted.provider, part));
                quoted(named.map(|name| (*name).to_owned()).collect())
            }
            Source::KeyStore => Some("key store of the system".to_owned()),
            Source::File => self.file_if_any().map(|path| format!("`{}`", path.display())),
            Source::HostFiles => {
                let files = host_files::files(&self.surroundings, wanted);
                quoted(files.iter().map(|file| file.path.display().to_string()).collect())
            }
            Source::Netrc => wanted.url.and_then(|_| self.netrc()).map(|path| format!("`{}`", path.display())),
        }
    }

    fn file_if_any(&self) -> Option<PathBuf> {
        self.surroundings.config_dir.as_ref().map(|dir| dir.join("credentials.toml"))
    }

    fn file(&self) -> Result<PathBuf, CredentialError> {
        self.file_if_any().ok_or(CredentialError::NowhereToStore)
    }

    fn netrc(&self) -> Option<PathBuf> {
        self.surroundings.home.as_ref().map(|home| home.join(".netrc"))
    }
}

/// A place, in the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Variables,
    HostVariables,
    KeyStore,
    File,
    HostFiles,
    Netrc,
}

impl Source {
    const ALL: [Self; 6] =
        [Self::Variables, Self::HostVariables, Self::KeyStore, Self::File, Self::HostFiles, Self::Netrc];
}

impl FromStr for Keyring {
    type Err = CredentialError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "os" => Ok(Self::Os),
            "file" => Ok(Self::File),
            "none" => Ok(Self::None),
            _ => Err(CredentialError::NotAKeyring { text: Printable::new(text).to_string() }),
        }
    }
}

impl fmt::Display for CredentialOrigin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => out.write_str("what was given to this run"),
            Self::Variable(name) => write!(out, "`{name}`"),
            Self::VariableFile(name) => write!(out, "the file that `{name}` names"),
            Self::KeyStore => out.write_str("the key store of the system"),
            Self::File(path) | Self::HostFile(path) | Self::Netrc(path) => write!(out, "`{}`", path.display()),
        }
    }
}

#[cfg(test)]
mod tests;
