//! Why a provider cannot go on, and what a person can do about it.

use crate::credentials::CredentialError;
use crate::net::NetError;
use crate::remedy::Remedy;
use crate::values::{RelPath, SafeUrl, ShellWord, UnsafePath};

use super::account::Account;

/// Why a provider cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The network refused.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A credential could not be read.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The source needs a credential, and none is stored.
    #[error("`{host}` wants to know who asks, and no credential is stored for `{provider}`")]
    NoCredential {
        /// The host.
        host: String,
        /// The provider's name.
        provider: String,
    },
    /// The entry does not say where the file is at this source.
    #[error("the entry does not say where `{path}` is at this source")]
    NoPlace {
        /// The file.
        path: RelPath,
    },
    /// No program can fetch it; a person does.
    #[error("no program can fetch this from `{provider}`")]
    ByHand {
        /// The provider's name.
        provider: &'static str,
        /// Where a person goes.
        page: Option<SafeUrl>,
        /// What a person does there.
        steps: Vec<String>,
    },
    /// The host lists other bytes than the entry.
    #[error("`{path}` is not what the catalogue says: expected {expected}, the host lists {listed}")]
    Changed {
        /// The file.
        path: RelPath,
        /// What the entry says.
        expected: String,
        /// What the host says.
        listed: String,
    },
    /// The host said no, and why is known.
    #[error("{message}")]
    Refused {
        /// The exit code of this class of refusal (command line contract, section 3).
        exit: u8,
        /// What happened.
        message: String,
        /// What to do about it, a line each.
        help: Vec<String>,
    },
    /// The host's answer makes no sense as one of its documented answers.
    #[error("unusable answer from {host}: {reason}")]
    Answer {
        /// The host's name.
        host: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The host lists a name that cannot be a path of ours.
    #[error("{host} lists a file whose name is refused: {source}")]
    Name {
        /// The host's name.
        host: &'static str,
        /// Which rule it breaks.
        source: UnsafePath,
    },
    /// The program carries no such file.
    #[error("the program carries no file `{path}`")]
    NotCarried {
        /// The file.
        path: RelPath,
    },
    /// The loopback server could not be started.
    #[error("no loopback port can be had")]
    Loopback(#[source] std::io::Error),
}

impl Remedy for ProviderError {
    fn remedy(&self) -> Option<String> {
        match self {
            Self::Net(error) => error.remedy(),
            Self::Credential(error) => error.remedy(),
            Self::NoCredential { provider, .. } => Some(Account::help(provider).join("\n")),
            Self::ByHand { page, steps, .. } => {
                let page = page.as_ref().map(|page| format!("get the files from <{page}>"));
                let lines: Vec<String> = page.into_iter().chain(steps.iter().cloned()).collect();
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
            Self::NoPlace { .. } => {
                Some("choose another source with `--source`, or get the file by hand and import it".into())
            }
            Self::Changed { path, .. } => Some(format!(
                "if the publisher has replaced the file, `--accept-changed {} --reason TEXT` takes it",
                ShellWord(path.as_str())
            )),
            Self::Refused { help, .. } => (!help.is_empty()).then(|| help.join("\n")),
            Self::Answer { .. } => {
                Some("run the same command again later; if it stays so, tell the authors of medsets".into())
            }
            Self::NotCarried { .. } | Self::Loopback(_) | Self::Name { .. } => None,
        }
    }
}
