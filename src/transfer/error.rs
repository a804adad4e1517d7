//! Why a file could not be had.

use crate::fs::FsError;
use crate::net::NetError;
use crate::remedy::Remedy;
use crate::values::{ByteSize, DatasetId, Digest, RelPath};

use super::job::LocateError;

/// A file could not be had. Parts are kept wherever the next run can continue them.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The network or the host refused.
    #[error("`{file}`: {source}")]
    Net {
        /// Which file.
        file: RelPath,
        /// What happened.
        source: NetError,
    },
    /// Nobody could say where it is.
    #[error("`{file}`: {}", .cause.message)]
    NotLocated {
        /// Which file.
        file: RelPath,
        /// Why.
        cause: LocateError,
    },
    /// The link stopped working and asking again gave no better one.
    #[error("`{file}`: the link has expired: {source}")]
    Expired {
        /// Which file.
        file: RelPath,
        /// What the host said.
        source: NetError,
    },
    /// The bytes received are not the bytes that are known.
    #[error("checksum mismatch for `{file}`: expected {expected}, received {received}")]
    Mismatch {
        /// Which file.
        file: RelPath,
        /// What was known beforehand, or what the host said.
        expected: Digest,
        /// What came.
        received: Digest,
    },
    /// The host has a file of another size under this name.
    #[error("`{file}` has {} bytes at the host, it should have {}", found.0, expected.0)]
    OtherSize {
        /// Which file.
        file: RelPath,
        /// What was known beforehand.
        expected: ByteSize,
        /// What the host says.
        found: ByteSize,
    },
    /// The file is longer than it should be.
    #[error("`{file}` is larger than the {expected} it should have")]
    TooLong {
        /// Which file.
        file: RelPath,
        /// What was known beforehand.
        expected: ByteSize,
    },
    /// The file ends too early.
    #[error("`{file}` ends after {received}, it should have {expected}")]
    Truncated {
        /// Which file.
        file: RelPath,
        /// What was known beforehand.
        expected: ByteSize,
        /// What came.
        received: ByteSize,
    },
    /// A web page came in the place of data.
    #[error("`{file}`: the host sent a web page{} instead of the file", titled(title))]
    WrongContent {
        /// Which file.
        file: RelPath,
        /// The page's title, escaped.
        title: Option<String>,
    },
    /// An empty answer, where nothing says that the file is empty.
    #[error("`{file}`: the host sent nothing")]
    Nothing {
        /// Which file.
        file: RelPath,
    },
    /// The host gives no parts of the file.
    #[error("`{file}`: the host sends it only as a whole{}, so nothing can be read out of it", sized(size))]
    OnlyWhole {
        /// Which file.
        file: RelPath,
        /// How large it is, where the host says so.
        size: Option<ByteSize>,
    },
    /// The host packs the file into a zip of its own on the way.
    #[error("`{file}`: the host sends it inside a zip of its own, so nothing can be read out of it")]
    OnlyWrapped {
        /// Which file.
        file: RelPath,
    },
    /// The host has replaced the file while it was read.
    #[error("`{file}`: the host has replaced it while it was read")]
    Replaced {
        /// Which file.
        file: RelPath,
    },
    /// A mirror gave wrong bytes, and no host gave others.
    #[error("{wrong}, by the mirror `{mirror}`{}", unasked(host))]
    ByMirror {
        /// Its name.
        mirror: String,
        /// The dataset that the file belongs to.
        dataset: DatasetId,
        /// What is wrong with them.
        wrong: Box<TransferError>,
        /// Why the host could not be asked, where one is named.
        host: Option<Box<TransferError>>,
    },
    /// A file of ours could not be written or read.
    #[error("`{file}`: {source}")]
    Fs {
        /// Which file.
        file: RelPath,
        /// What happened.
        source: FsError,
    },
    /// The person stopped the run.
    #[error("`{file}` was not finished: the run was stopped")]
    Cancelled {
        /// Which file.
        file: RelPath,
    },
}

impl TransferError {
    /// The exit code (command line contract, section 3).
    pub fn exit(&self) -> u8 {
        match self {
            Self::Net { source, .. } => source.exit(),
            Self::NotLocated { cause, .. } => cause.exit,
            Self::Expired { .. } => 36,
            Self::Mismatch { .. } | Self::OtherSize { .. } | Self::TooLong { .. } | Self::Replaced { .. } => 40,
            Self::OnlyWhole { .. } | Self::OnlyWrapped { .. } => 55,
            Self::Truncated { .. } | Self::Nothing { .. } => 41,
            Self::WrongContent { .. } => 42,
            Self::ByMirror { wrong, .. } => wrong.exit(),
            Self::Fs { source, .. } => source.exit(),
            Self::Cancelled { .. } => 130,
        }
    }

    /// Whether the same command may succeed later without anything being changed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Net { source, .. } => source.is_retryable(),
            Self::Truncated { .. } => true,
            _ => matches!(self.exit(), 31..=34),
        }
    }

    /// Whether other bytes came than the file has, and not none at all.
    pub(super) fn is_of_bytes(&self) -> bool {
        matches!(
            self,
            Self::Mismatch { .. }
                | Self::OtherSize { .. }
                | Self::TooLong { .. }
                | Self::Truncated { .. }
                | Self::WrongContent { .. }
                | Self::Nothing { .. }
        )
    }

    /// What is to be told when the next place failed too: wrong bytes from one place say more than
    /// a second place that cannot be reached.
    pub(super) fn followed_by(self, next: Self) -> Self {
        match self {
            _ if next.host().is_none() || self.host().is_some() => next,
            Self::ByMirror { mirror, dataset, wrong, .. } => {
                Self::ByMirror { mirror, dataset, wrong, host: Some(Box::new(next)) }
            }
            wrong => wrong,
        }
    }

    /// The host's address, where one was asked.
    pub fn host(&self) -> Option<&NetError> {
        match self {
            Self::Net { source, .. } | Self::Expired { source, .. } => Some(source),
            Self::NotLocated { cause, .. } => cause.net.as_ref(),
            _ => None,
        }
    }
}

impl Remedy for TransferError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Net { source, .. } => return source.remedy(),
            Self::NotLocated { cause, .. } => return cause.help.clone(),
            Self::Expired { .. } => "ask the host for a new link and run the same command again; the parts are kept".into(),
            Self::OtherSize { found: ByteSize(0), .. } => {
                "the publisher emptied it, or withdrew it: ask there; `--accept-changed FILE --reason TEXT` takes it empty".into()
            }
            Self::Mismatch { .. } | Self::OtherSize { .. } => {
                "nothing of it was kept; if the publisher has replaced the file, `--accept-changed FILE --reason TEXT` takes it".into()
            }
            Self::TooLong { .. } | Self::Truncated { .. } => {
                "run the same command again; if it stays so, the publisher may have replaced the file".into()
            }
            Self::WrongContent { .. } => "open the address in a browser: it may ask you to sign in, or say that a quota is used up".into(),
            Self::Nothing { .. } => {
                "open the address in a browser: it may ask you to sign in; where it is meant to be empty, \
                 `--accept-changed FILE --reason TEXT` takes it so".into()
            }
            Self::ByMirror { host, dataset, .. } => {
                let host = if host.is_some() { ", and the same command goes on once the host can be asked" } else { "" };
                format!("nothing of it was kept; `medsets mirror push {dataset} --verify` from a copy that is whole mends the mirror{host}")
            }
            Self::OnlyWhole { .. } | Self::OnlyWrapped { .. } => "fetch it whole, without `--members`; another source may give parts (`--source`)".into(),
            Self::Replaced { .. } => "run the same command again; nothing of two versions was put together".into(),
            Self::Fs { source, .. } => return source.remedy(),
            Self::Cancelled { .. } => "run the same command again to go on; the parts are kept".into(),
        })
    }
}

fn unasked(host: &Option<Box<TransferError>>) -> String {
    host.as_ref().map_or(String::new(), |why| format!("; the host could not be asked: {why}"))
}

fn titled(title: &Option<String>) -> String {
    title.as_ref().map_or(String::new(), |title| format!(" (\"{title}\")"))
}

fn sized(size: &Option<ByteSize>) -> String {
    size.map_or(String::new(), |size| format!(" ({size})"))
}
