//! What can be wrong with a ledger, and where.

use std::fmt;

use crate::values::{Digest, Printable};

/// One thing that is wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFault {
    /// Which line, from 1. For a cut tail the line that would come next.
    pub line: u64,
    /// Which entry by its sequence, as far as it can be told.
    pub sequence: Option<u64>,
    /// What is wrong.
    pub what: Wrong,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The line is no entry: damaged, or written by something else.
    Unreadable,
    /// The content does not match the entry's own hash.
    Altered,
    /// The content matches, but the bytes are not the ones that were written.
    NotCanonical,
    /// The entry does not name the hash of the entry before it.
    LinkBroken,
    /// Entries up to `last` are missing.
    Removed {
        /// The last one that is missing.
        last: u64,
    },
    /// The entry stands behind later ones.
    Reordered,
    /// The same entry stands here once more.
    Repeated,
    /// Another entry already has this place.
    Inserted,
    /// The entry belongs to another ledger.
    OtherLedger {
        /// Its id.
        ledger: String,
    },
    /// The file starts with a byte order mark.
    ByteOrderMark,
    /// Lines end in carriage return and line feed.
    CarriageReturn,
    /// An empty line.
    BlankLine,
    /// The ledger ends before an entry that was noted.
    CutTail {
        /// The last noted entry.
        noted: u64,
    },
    /// The entry was noted with another hash: the chain was written anew.
    NotAsNoted {
        /// The hash that was noted.
        noted: Digest,
    },
    /// A head of another ledger was noted: the file was replaced.
    Replaced {
        /// Id of the noted ledger.
        noted: String,
    },
}

impl fmt::Display for ChainFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}", self.line)?;
        if let Some(sequence) = self.sequence {
            write!(out, ", entry {sequence}")?;
        }
        write!(out, ": {}", self.what)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => out.write_str("the line is not an entry that medsets wrote"),
            Self::Altered => out.write_str("the content does not match the entry's hash"),
            Self::NotCanonical => out.write_str("the line was written anew with the same content"),
            Self::LinkBroken => out.write_str("it does not continue the entry before it"),
            Self::Removed { last } => write!(out, "missing, up to entry {last}"),
            Self::Reordered => out.write_str("it stands behind later entries"),
            Self::Repeated => out.write_str("the same entry stands in the ledger already"),
            Self::Inserted => out.write_str("another entry already has this place"),
            Self::OtherLedger { ledger } => write!(out, "it belongs to another ledger, `{}`", Printable::new(ledger)),
            Self::ByteOrderMark => out.write_str("the file starts with a byte order mark, which an editor added"),
            Self::CarriageReturn => out.write_str("lines end in CRLF, which an editor changed"),
            Self::BlankLine => out.write_str("the line is empty, which an editor added"),
            Self::CutTail { noted } => write!(out, "missing, up to entry {noted}, which was noted"),
            Self::NotAsNoted { noted } => write!(out, "it was noted with another hash, {noted}"),
            Self::Replaced { noted } => {
                write!(out, "noted for another ledger, `{}`: this file replaced it", Printable::new(noted))
            }
        }
    }
}
