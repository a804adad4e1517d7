//! What can go wrong with an agreement's text or with the ledger.

use std::path::PathBuf;

use crate::fs::FsError;
use crate::remedy::Remedy;
use crate::values::Digest;

use super::chain::{ChainFault, TornLine};

/// Why a text cannot be read, or the ledger not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AgreementError {
    /// The declared charset is not one of the Encoding Standard.
    #[error("the charset `{label}` of the text is not known")]
    CharsetUnknown {
        /// What was declared.
        label: String,
    },
    /// Nothing is declared and the bytes are not UTF-8.
    #[error("the text does not say its charset and is not UTF-8")]
    CharsetNotSaid,
    /// Nothing to read: a script would fill the page, or the file is empty.
    #[error("no text is visible in it")]
    NoVisibleText,
    /// The chain of the ledger does not hold.
    #[error("the ledger `{}` is broken: {first}{}", path.display(), others(*count))]
    Broken {
        /// The ledger's file.
        path: PathBuf,
        /// The first fault.
        first: Box<ChainFault>,
        /// How many faults there are.
        count: usize,
    },
    /// The last line has no end: a write was interrupted.
    #[error("the ledger `{}` ends in a torn line: {torn}", path.display())]
    Torn {
        /// The ledger's file.
        path: PathBuf,
        /// The line.
        torn: TornLine,
    },
    /// An entry by a later version of the program, of a format or kind not known here.
    #[error("the ledger `{}` holds {what} in entry {sequence}, written by medsets {tool}, and is not written to by this version", path.display())]
    Newer {
        /// The ledger's file.
        path: PathBuf,
        /// Which entry.
        sequence: u64,
        /// What is not known: `format 2`, or `an entry of kind ...`.
        what: String,
        /// The version that wrote it.
        tool: String,
    },
    /// The entry to be written is of a kind that this version does not know.
    #[error("entries of kind `{kind}` are not written by this version")]
    KindNotWritten {
        /// The kind.
        kind: String,
    },
    /// The entry to be written is too large to be read back.
    #[error("the entry has {bytes} bytes, more than the {limit} that a line of the ledger may have")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest.
        limit: usize,
    },
    /// Another run held the ledger all the time.
    #[error("another run holds the ledger `{}`", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// An evidence file is not there.
    #[error("the evidence {digest} is not there")]
    EvidenceMissing {
        /// Its digest and name.
        digest: Digest,
    },
    /// An evidence file is not what its name says.
    #[error("the evidence `{}` has changed: it now has the digest {found}", path.display())]
    EvidenceChanged {
        /// The file.
        path: PathBuf,
        /// Its digest now.
        found: Digest,
    },
    /// What was given as an extract is none.
    #[error("this is no ledger extract: {reason}")]
    NotAnExtract {
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system gave no random bytes for a new ledger's id.
    #[error("the system gives no random numbers")]
    NoRandomness(#[source] getrandom::Error),
    /// A file could not be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl Remedy for AgreementError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::CharsetUnknown { .. } | Self::CharsetNotSaid => "save the text as UTF-8 and give it as a file".into(),
            Self::NoVisibleText => {
                "open the page in a browser, save its text (or print it to PDF), and give that file".into()
            }
            Self::Broken { .. } => "`medsets ledger verify` lists every fault; restore the file from a backup, \
                 nothing is written to it before"
                .into(),
            Self::Torn { .. } => "`medsets ledger verify --repair` completes the line or sets it aside".into(),
            Self::Newer { tool, .. } => format!("use medsets {tool} or a later one"),
            Self::KindNotWritten { .. } => "use a later version of medsets".into(),
            Self::TooLarge { .. } => "shorten the purpose or the note; long texts belong in an evidence file".into(),
            Self::Busy { .. } => "wait for the other run to end and run the same command again".into(),
            Self::EvidenceMissing { .. } | Self::EvidenceChanged { .. } => {
                "restore the file from a backup; the entries that name it stay valid".into()
            }
            Self::NotAnExtract { .. } => "make one with `medsets ledger export --format json`".into(),
            Self::NoRandomness(_) => return None,
            Self::Fs(error) => return error.remedy(),
        })
    }
}

/// How many faults follow the first.
fn others(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        2 => " (and one more fault)".to_owned(),
        _ => format!(" (and {} more faults)", count - 1),
    }
}
