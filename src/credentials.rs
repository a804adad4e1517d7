//! Where a secret may come from, asked in order.
//!
//! 1. Variables: `MEDSETS_TOKEN_<PROVIDER>`, or `MEDSETS_USER_<PROVIDER>` with
//!    `MEDSETS_PASSWORD_<PROVIDER>`; each also with `_FILE` behind it, naming a file that holds
//!    the value. Such a file may have any mode: secrets of containers are mounted readable.
//! 2. The key store of the operating system, service `medsets`.
//! 3. `credentials.toml` in the configuration folder, which only its owner may read.
//! 4. `~/.netrc`, for exactly the host that is asked, over https.
//!
//! `MEDSETS_KEYRING` chooses between 2 and 3: `auto` asks both, `os` or `file` only that one,
//! `none` neither. A key store that hangs is given up after five seconds; what could not be
//! asked is told beside the answer, so nothing falls back to a plain file unnoticed.
//!
//! Nothing here prints a secret: [`Secret`] does not, and errors name places only.

mod error;
mod file;
mod key_store;
mod netrc;
mod variables;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::values::{Printable, SafeUrl, Secret};

pub use error::CredentialError;

use key_store::Guard;

/// A secret and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The secret.
    pub secret: CredentialSecret,
    /// Where it was found.
    pub origin: CredentialOrigin,
}

/// A secret by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSecret {
    /// One text: a token, a key, a signed link.
    Token(Secret),
    /// A name and a password.
    Login {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// Where a credential was found. Shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialOrigin {
    /// A variable.
    Variable(String),
    /// A file that a variable names.
    VariableFile(String),
    /// The key store of the operating system.
    KeyStore,
    /// `credentials.toml`.
    File(PathBuf),
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

/// The form of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One text.
    Token,
    /// A name and a password.
    Login,
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
    /// Places before it that could not be asked, as sentences for a warning.
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
    /// A credential, and where exactly.
    Holds(CredentialOrigin),
    /// Nothing.
    Empty,
    /// It is not asked, or could not be, and why.
    NotAsked(String),
    /// It must be put right first, and why.
    Faulty(String),
}

/// All places.
pub struct Sources {
    variables: BTreeMap<String, String>,
    keyring: Keyring,
    file: PathBuf,
    netrc: Option<PathBuf>,
    key_store: Guard,
}

/// What one place answers.
enum Answer {
    Found(Credential),
    Nothing,
    /// Not asked because of the settings, or because there is no such place: no news.
    NotThere(String),
    /// Could not be asked: to be told.
    Failed(String),
}

impl Sources {
    /// The places of a person: the variables, the folder of `credentials.toml`, the home folder.
    pub fn new(variables: BTreeMap<String, String>, keyring: Keyring, config_dir: &Path, home: Option<&Path>) -> Self {
        Self::with_key_store(variables, keyring, config_dir, home, Guard::new(key_store::of_system()))
    }

    fn with_key_store(
        variables: BTreeMap<String, String>,
        keyring: Keyring,
        config_dir: &Path,
        home: Option<&Path>,
        key_store: Guard,
    ) -> Self {
        let netrc = home.map(|home| home.join(".netrc"));
        Self { variables, keyring, file: config_dir.join("credentials.toml"), netrc, key_store }
    }

    /// The first credential of the wanted form. May wait for the key store up to five seconds,
    /// once in the life of this value.
    ///
    /// Fails when a place holds half a login, is readable by others, or cannot be read.
    pub fn find(&self, wanted: &Wanted<'_>) -> Result<Lookup, CredentialError> {
        let mut not_asked = Vec::new();
        for source in Source::ALL {
            match self.ask(source, wanted)? {
                Answer::Found(credential) => return Ok(Lookup { credential: Some(credential), not_asked }),
                Answer::Failed(reason) if self.keyring == Keyring::Os => {
                    return Err(CredentialError::KeyStore { reason });
                }
                Answer::Failed(reason) => not_asked.push(reason),
                Answer::Nothing | Answer::NotThere(_) => {}
            }
        }
        Ok(Lookup { credential: None, not_asked })
    }

    /// What every place holds for a provider, in the order of asking.
    pub fn describe(&self, wanted: &Wanted<'_>) -> Vec<Place> {
        let place = |source: Source| {
            let state = match self.ask(source, wanted) {
                Ok(Answer::Found(credential)) => PlaceState::Holds(credential.origin),
                Ok(Answer::Nothing) => PlaceState::Empty,
                Ok(Answer::NotThere(reason) | Answer::Failed(reason)) => PlaceState::NotAsked(reason),
                Err(error) => PlaceState::Faulty(error.to_string()),
            };
            Place { name: self.name(source, wanted), state }
        };
        Source::ALL.into_iter().map(place).collect()
    }

    fn ask(&self, source: Source, wanted: &Wanted<'_>) -> Result<Answer, CredentialError> {
        match (source, self.keyring) {
            (Source::Variables, _) => variables::find(&self.variables, wanted),
            (Source::KeyStore, Keyring::Auto | Keyring::Os) => self.ask_key_store(wanted),
            (Source::File, Keyring::Auto | Keyring::File) => file::find(&self.file, wanted),
            (Source::KeyStore | Source::File, _) => Ok(Answer::NotThere("`MEDSETS_KEYRING` leaves it out".to_owned())),
            (Source::Netrc, _) => match &self.netrc {
                Some(path) => netrc::find(path, wanted),
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

    fn name(&self, source: Source, wanted: &Wanted<'_>) -> String {
        match source {
            Source::Variables => {
                let names: Vec<String> =
                    wanted.form.parts().map(|part| format!("`{}`", variables::name(part, wanted.provider))).collect();
                names.join(" and ")
            }
            Source::KeyStore => "key store of the system".to_owned(),
            Source::File => format!("`{}`", self.file.display()),
            Source::Netrc => self.netrc.as_ref().map_or("`.netrc`".to_owned(), |path| format!("`{}`", path.display())),
        }
    }
}

/// A place, in the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Variables,
    KeyStore,
    File,
    Netrc,
}

impl Source {
    const ALL: [Self; 4] = [Self::Variables, Self::KeyStore, Self::File, Self::Netrc];
}

/// One text of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Token,
    User,
    Password,
}

impl Part {
    /// The key in `credentials.toml`.
    fn key(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::User => "user",
            Self::Password => "password",
        }
    }
}

impl Form {
    fn parts(self) -> impl Iterator<Item = Part> {
        let parts: &[Part] = match self {
            Self::Token => &[Part::Token],
            Self::Login => &[Part::User, Part::Password],
        };
        parts.iter().copied()
    }

    /// Puts a credential together from its texts. `Err` names the part that is missing beside
    /// another that is there.
    fn assemble(self, mut get: impl FnMut(Part) -> Option<Secret>) -> Result<Option<CredentialSecret>, Part> {
        match self {
            Self::Token => Ok(get(Part::Token).map(CredentialSecret::Token)),
            Self::Login => match (get(Part::User), get(Part::Password)) {
                (Some(user), Some(password)) => {
                    Ok(Some(CredentialSecret::Login { user: user.expose().to_owned(), password }))
                }
                (None, None) => Ok(None),
                (None, Some(_)) => Err(Part::User),
                (Some(_), None) => Err(Part::Password),
            },
        }
    }
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
            Self::Variable(name) => write!(out, "`{name}`"),
            Self::VariableFile(name) => write!(out, "the file that `{name}` names"),
            Self::KeyStore => out.write_str("the key store of the system"),
            Self::File(path) | Self::Netrc(path) => write!(out, "`{}`", path.display()),
        }
    }
}

#[cfg(test)]
mod tests;
