//! What can be wrong with a bundle.

use crate::fs::FsError;
use crate::remedy::Remedy;
use crate::values::{Digest, Printable, RelPath};

/// A bundle cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file system refused.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// It is some other file.
    #[error("it is no bundle of medsets: {reason}")]
    NotABundle {
        /// What is missing.
        reason: &'static str,
    },
    /// A later medsets made it.
    #[error("it has the format `{}`, and this medsets reads `{}`", Printable::new(found), super::format::SCHEMA)]
    Newer {
        /// The format it names.
        found: String,
    },
    /// It ends too early.
    #[error("it ends too early, {}", within(at))]
    Truncated {
        /// The member that is not whole.
        at: Option<String>,
    },
    /// Its compressed stream is damaged.
    #[error("its bytes are damaged, {}: {reason}", within(at))]
    Stream {
        /// The member that was read.
        at: Option<String>,
        /// The words of the decompressor.
        reason: String,
    },
    /// A member has other bytes than the index says.
    #[error("`{path}` in it has other bytes than its index says: expected {expected}, found {found}")]
    Mismatch {
        /// The member.
        path: String,
        /// By the index.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// Two of its parts contradict each other.
    #[error("{what} in it contradicts another part of it: {reason}")]
    Contradiction {
        /// Which part.
        what: String,
        /// How.
        reason: String,
    },
    /// Something in it that no bundle has.
    #[error("`{}` in it is refused: {rule}", Printable::new(member))]
    Refused {
        /// The member.
        member: String,
        /// The rule that it breaks.
        rule: String,
    },
    /// A file is another than the records say, so that no bundle is made of it.
    #[error("`{path}` is not as its records say: expected {expected}, found {found}")]
    Changed {
        /// Where it would go.
        path: RelPath,
        /// By the records.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// A file has another size than the records say.
    #[error("`{path}` has another size than its records say")]
    Resized {
        /// Where it would go.
        path: RelPath,
    },
}

fn within(at: &Option<String>) -> String {
    match at {
        Some(member) => format!("within `{}`", Printable::new(member)),
        None => "before its first member".to_owned(),
    }
}

impl BundleError {
    /// The exit code (command line contract, section 3).
    pub fn exit(&self) -> u8 {
        match self {
            Self::Fs(error) => error.exit(),
            Self::NotABundle { .. } => 42,
            Self::Newer { .. } => 10,
            Self::Truncated { .. } => 41,
            Self::Stream { .. } | Self::Mismatch { .. } | Self::Contradiction { .. } => 40,
            Self::Refused { .. } => 54,
            Self::Changed { .. } | Self::Resized { .. } => 40,
        }
    }
}

impl Remedy for BundleError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Fs(error) => return error.remedy(),
            Self::NotABundle { .. } => "name a file that `medsets bundle -o FILE` wrote".into(),
            Self::Newer { .. } => "use the medsets that made it, or a later one".into(),
            Self::Truncated { .. } | Self::Stream { .. } | Self::Mismatch { .. } => {
                "nothing of it was kept; copy the file again, compare its SHA-256 with the first one's, and run again"
                    .into()
            }
            Self::Contradiction { .. } | Self::Refused { .. } => {
                "nothing of it was kept: medsets makes no such bundle; ask whoever gave it to you".into()
            }
            Self::Changed { .. } | Self::Resized { .. } => {
                "`medsets verify ID` shows all that is damaged, `--repair` mends it; no bundle was made".into()
            }
        })
    }
}
