//! A failure as a person and a script see it: one shape for every part's errors.

use serde::Serialize;

use crate::agreements::AgreementError;
use crate::bundle::BundleError;
use crate::catalog::SelectError;
use crate::context::{ContextError, ProjectError};
use crate::credentials::CredentialError;
use crate::document::CONTRADICTION;
use crate::fs::FsError;
use crate::layout::LayoutError;
use crate::net::NetError;
use crate::plan::Shortage;
use crate::providers::ProviderError;
use crate::remedy::{self, Remedy};
use crate::transfer::TransferError;
use crate::unpack::UnpackError;
use crate::values::{DatasetId, RelPath, SafeUrl};

use super::exit::Exit;

/// What went wrong, to what, and what to do. Serialised as in `docs/cli.md` section 6.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// A stable word, such as `access.pending`.
    pub code: &'static str,
    /// The exit code of this failure alone.
    pub exit: Exit,
    /// Which dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetId>,
    /// Which file of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<RelPath>,
    /// Which host was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// What happened, without the advice.
    pub message: String,
    /// The lines of a file that it is about, with what is wrong pointed at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// What to do next, a line each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The page to visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
    /// Whether the same command may succeed later without anything being changed.
    pub retryable: bool,
    /// Seconds to wait before that, where the host said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<f64>,
    /// Whether a mirror gave wrong bytes: the publisher has no part in them.
    #[serde(skip)]
    pub by_mirror: bool,
    /// The dataset in full, where an acceptance is all that is missing.
    #[serde(skip)]
    pub acceptance: Option<String>,
}

impl Failure {
    /// A failure of a class with its message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            code: exit.word(),
            exit,
            dataset: None,
            file: None,
            host: None,
            http_status: None,
            message: message.into(),
            excerpt: None,
            help: None,
            url: None,
            retryable: false,
            retry_after_s: None,
            by_mirror: false,
            acceptance: None,
        }
    }

    /// A failure of a class from an error of a part: its chain as message, its remedy as help.
    pub fn from_error(exit: Exit, error: &dyn Remedy) -> Self {
        let mut text = error.to_string();
        if let Some(cause) = error.source() {
            let cause = remedy::chain(cause);
            if !text.contains(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        Self { help: error.remedy(), ..Self::new(exit, text) }.excerpt(error.excerpt())
    }

    /// With the dataset it concerns; an earlier one stays.
    #[must_use]
    pub fn of(mut self, dataset: &DatasetId) -> Self {
        self.dataset.get_or_insert_with(|| dataset.clone());
        self
    }

    /// With the file it concerns.
    #[must_use]
    pub fn in_file(mut self, file: &RelPath) -> Self {
        self.file.get_or_insert_with(|| file.clone());
        self
    }

    /// With what is known of the host that was asked.
    #[must_use]
    pub(super) fn said_by(mut self, error: &NetError) -> Self {
        self.host = error.url().map(|url| url.host().to_owned());
        self.url = error.url().cloned();
        self.http_status = error.status();
        self.retry_after_s = error.retry_after().map(|after| after.as_secs_f64());
        self
    }

    /// With the lines that it is about, where there are any.
    #[must_use]
    pub fn excerpt(self, shown: Option<impl AsRef<str>>) -> Self {
        let excerpt = shown.map(|shown| shown.as_ref().trim_end().to_owned());
        Self { excerpt: excerpt.or(self.excerpt), ..self }
    }

    /// With one more line of advice.
    #[must_use]
    pub fn help(mut self, line: impl AsRef<str>) -> Self {
        let line = line.as_ref();
        self.help = Some(match self.help.take() {
            Some(earlier) => format!("{earlier}\n{line}"),
            None => line.to_owned(),
        });
        self
    }
}

impl Serialize for Exit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl From<FsError> for Failure {
    fn from(error: FsError) -> Self {
        Self::from_error(Exit(error.exit()), &error)
    }
}

impl From<ContextError> for Failure {
    fn from(error: ContextError) -> Self {
        match error {
            ContextError::Fs(error) => error.into(),
            ContextError::Closed(ref denied) => Self::from_error(Exit(denied.exit()), &error),
            ContextError::Overlay(_) => Self::from_error(Exit::CATALOG, &error),
            ContextError::Project(error) => match &*error {
                // A folder, a FIFO, a link that leads nowhere, or no text.
                ProjectError::Fs(cause) if cause.exit() == Exit::OTHER.0 => Self::from_error(Exit::CONFIG, &*error),
                ProjectError::Fs(cause) => Self::from_error(Exit(cause.exit()), &*error),
                ProjectError::Broken(_) => Self::from_error(Exit::CONFIG, &*error),
            },
            // The command line is wrong, not the settings.
            ContextError::Value { ref origin, .. } if origin == "flag" => {
                Self { help: None, ..Self::from_error(Exit::USAGE, &error) }
            }
            other => Self::from_error(Exit::CONFIG, &other),
        }
    }
}

impl From<LayoutError> for Failure {
    fn from(error: LayoutError) -> Self {
        let exit = match error {
            LayoutError::Fs(error) => return error.into(),
            LayoutError::Held { .. } => Exit::HELD,
            LayoutError::Conflict { .. } | LayoutError::Collision { .. } => Exit::UNSAFE,
            LayoutError::Foreign { .. }
            | LayoutError::InTheWay { .. }
            | LayoutError::Elsewhere { .. }
            | LayoutError::Adopted { .. }
            | LayoutError::Newer { .. } => Exit::DENIED,
            LayoutError::Record { .. } | LayoutError::NoRecord { .. } | LayoutError::Altered { .. } => Exit::DIFFERENT,
            LayoutError::Lost { .. } | LayoutError::Changed { .. } => Exit::OTHER,
        };
        Self::from_error(exit, &error)
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Fs(error) => error.into(),
            error => Self::from_error(Exit(error.exit()), &error),
        }
    }
}

impl From<Shortage> for Failure {
    fn from(shortage: Shortage) -> Self {
        let exit = match shortage {
            Shortage::Bytes { .. } => Exit::NO_SPACE,
            Shortage::Inodes { .. } => Exit::NO_INODES,
        };
        Self::from_error(exit, &shortage)
    }
}

impl From<AgreementError> for Failure {
    fn from(error: AgreementError) -> Self {
        let exit = match error {
            AgreementError::Fs(error) => return error.into(),
            AgreementError::Broken { .. } | AgreementError::Torn { .. } | AgreementError::Newer { .. } => Exit::LEDGER,
            AgreementError::Busy { .. } => Exit::HELD,
            AgreementError::CharsetUnknown { .. } | AgreementError::CharsetNotSaid | AgreementError::NoVisibleText => {
                Exit::WRONG_CONTENT
            }
            _ => Exit::OTHER,
        };
        Self::from_error(exit, &error)
    }
}

impl From<SelectError> for Failure {
    fn from(error: SelectError) -> Self {
        let exit = match &error {
            SelectError::Broken { file, .. } if file.first.code == CONTRADICTION => Exit::OVERLAY,
            _ => Exit::CATALOG,
        };
        Self::from_error(exit, &error)
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::NotStored(error) => return error.into(),
            CredentialError::Busy { .. } => return Self::from_error(Exit::HELD, &error),
            CredentialError::NowhereToStore | CredentialError::NotAKeyring { .. } => {
                return Self::from_error(Exit::CONFIG, &error);
            }
            _ => {}
        }
        Self::from_error(Exit::NO_CREDENTIAL, &error)
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        let exit = Exit(error.exit());
        Self { retryable: error.is_retryable(), ..Self::from_error(exit, &error) }.said_by(&error)
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Net(error) => error.into(),
            ProviderError::Credential(error) => error.into(),
            ProviderError::NoCredential { .. } => Self::from_error(Exit::NO_CREDENTIAL, &error),
            ProviderError::ByHand { ref page, .. } => {
                let url = page.clone();
                Self { url, ..Self::from_error(Exit::MANUAL, &error) }
            }
            ProviderError::NoPlace { .. } | ProviderError::NotCarried { .. } => Self::from_error(Exit::CATALOG, &error),
            ProviderError::Changed { ref path, .. } => {
                Self { file: Some(path.clone()), ..Self::from_error(Exit::MISMATCH, &error) }
            }
            ProviderError::Refused { exit, .. } => Self::from_error(Exit(exit), &error),
            ProviderError::Answer { .. } => Self::from_error(Exit::SERVER, &error),
            ProviderError::Name { .. } => Self::from_error(Exit::UNSAFE, &error),
            ProviderError::Loopback(_) => Self::from_error(Exit::OTHER, &error),
        }
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        let exit = Exit(error.exit());
        let by_mirror = matches!(error, TransferError::ByMirror { .. });
        let failure = Self { retryable: error.is_retryable(), by_mirror, ..Self::from_error(exit, &error) };
        match error.host() {
            Some(said) => failure.said_by(said),
            None => failure,
        }
    }
}

impl From<UnpackError> for Failure {
    fn from(error: UnpackError) -> Self {
        let exit = match &error {
            UnpackError::Refused { .. } => Exit::UNSAFE,
            UnpackError::Unsupported { .. } => Exit::UNSUPPORTED,
            UnpackError::Truncated { .. } | UnpackError::MissingPart { .. } => Exit::TRUNCATED,
            UnpackError::Damaged { .. } => Exit::MISMATCH,
            UnpackError::NotAnArchive { .. } => Exit::WRONG_CONTENT,
            UnpackError::PasswordNeeded { .. } => Exit::NO_CREDENTIAL,
            UnpackError::WrongPassword { .. } => Exit::REFUSED,
            UnpackError::Cancelled { .. } => Exit::INTERRUPTED,
            UnpackError::Source { .. } => Exit::OTHER,
            UnpackError::Fs(_) => Exit::OTHER,
        };
        match error {
            UnpackError::Fs(error) => error.into(),
            error => Self::from_error(exit, &error),
        }
    }
}
