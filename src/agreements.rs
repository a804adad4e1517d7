//! Acceptances, the hash chain that protects them, and the ledger file.
//!
//! [`AgreementText`] is what a page or a file says, in a form whose digest does not change when
//! only the decoration of the page does. An acceptance names that digest. It is one of the
//! entries of the [`Ledger`], a file of JSON lines of which each holds the hash of the one
//! before; [`chain`] finds what was altered, removed, reordered or inserted. [`Standings`] is
//! what the entries come to for one person.
//!
//! Files on disk, all below the state folder: `ledger.jsonl`, `ledger.lock`, `heads.jsonl`,
//! `ledger.torn-<n>` after a repair, `evidence/<sha256>`, and `host-answers.jsonl`, which is no
//! part of the record.
//!
//! medsets accepts nothing for anyone: it records what a person states.

pub mod acceptance;
pub mod chain;
pub mod entry;
pub mod error;
pub mod evidence;
pub mod export;
pub mod host_answers;
pub mod ledger;
pub mod text;

pub use acceptance::{Acceptance, Grant, Matter, NearMiss, Person, Standing, Standings};
pub use chain::{ChainFault, Head, LaterEntry, TornLine, Verification, Wrong};
pub use entry::{Entry, EntryKind, Means, Obtained, Record, Who};
pub use error::AgreementError;
pub use evidence::Evidence;
pub use export::{Extract, ExtractCheck, verify_extract};
pub use ledger::{Ledger, Reading, Repair};
pub use text::{AgreementText, TextKind, TextRule};
