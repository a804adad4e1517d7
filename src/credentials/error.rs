//! What can go wrong with a credential. No message holds a secret.

use std::path::PathBuf;

use crate::fs::FsError;
use crate::remedy::Remedy;

/// Why a credential cannot be taken from a place.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// One half of a login is there, the other is not.
    #[error("{place} has no {missing} for `{provider}`")]
    Incomplete {
        /// Where: a variable's name or a path, in backticks.
        place: String,
        /// `user` or `password`.
        missing: &'static str,
        /// The provider.
        provider: String,
    },
    /// Others may read a file of secrets.
    #[error("`{}` holds secrets and can be read by others (mode {mode:04o})", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others may read the file of a host's own program.
    #[error("`{}` holds secrets and can be read by others (mode {mode:04o})", path.display())]
    HostFileTooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A variable names a file that holds no text.
    #[error("the file `{}`, named by `{variable}`, holds no text", path.display())]
    NoText {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
    },
    /// `credentials.toml` is no TOML, or not of the known shape.
    #[error("`{}` cannot be understood{}: {expected}", path.display(), line.map_or(String::new(), |line| format!(" in line {line}")))]
    NotUnderstood {
        /// The file.
        path: PathBuf,
        /// Which line, where it can be told.
        line: Option<usize>,
        /// What should stand there.
        expected: &'static str,
    },
    /// The key store is the only place and cannot be asked.
    #[error("{reason}")]
    KeyStore {
        /// Why.
        reason: String,
    },
    /// The settings leave no place to store anything in.
    #[error("there is no place to store a credential in")]
    NowhereToStore,
    /// `credentials.toml` could not be written; it is as it was.
    #[error(transparent)]
    NotStored(FsError),
    /// Another program holds `credentials.toml`.
    #[error("another program is writing `{}`", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// `MEDSETS_KEYRING` has another value.
    #[error("`{text}` is not a choice of `MEDSETS_KEYRING`")]
    NotAKeyring {
        /// What was given.
        text: String,
    },
    /// A file could not be read.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl Remedy for CredentialError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Incomplete { .. } => "give user and password in the same place, or neither".into(),
            Self::TooOpen { path, .. } | Self::HostFileTooOpen { path, .. } => format!("`chmod 600 {}`, and change the secret if others saw it", path.display()),
            Self::NoText { .. } => "write the secret into it as one line of UTF-8".into(),
            Self::NotUnderstood { path, .. } if !path.ends_with("credentials.toml") => {
                "let the host's own program write it anew, or set a variable instead".into()
            }
            Self::NotUnderstood { .. } => {
                "write one table for each provider, such as `[physionet]` with `user = \"...\"` and `password = \"...\"`"
                    .into()
            }
            Self::KeyStore { .. } => {
                "unlock the key store, or choose another place with `MEDSETS_KEYRING=auto` or `file`".into()
            }
            Self::NotAKeyring { .. } => "choose `auto`, `os`, `file` or `none`".into(),
            Self::NowhereToStore => {
                "choose one with `MEDSETS_KEYRING=auto`, `os` or `file`, or put the secret into a variable".into()
            }
            Self::Busy { .. } => "run the same command again".into(),
            Self::Fs(error) | Self::NotStored(error) => return error.remedy(),
        })
    }
}
