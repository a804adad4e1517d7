//! What a person holds: everything that the gate looks at beside the steps.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::agreements::{Person, Standings};
use crate::values::Digest;

/// What a person holds at a moment.
#[derive(Debug, Clone)]
pub struct Holdings {
    /// Acceptances and grants of the person's ledger.
    pub standings: Standings,
    /// Accounts by provider. A provider that is not named cannot be checked here.
    pub accounts: BTreeMap<String, Account>,
    /// Texts as they are today, by licence. One that is not named was not looked at.
    pub texts: BTreeMap<String, CurrentText>,
    /// What hosts said about steps, by the step's id.
    pub answers: BTreeMap<String, HostAnswer>,
    /// Whether the files were imported already.
    pub imported: bool,
    /// The moment.
    pub now: Timestamp,
}

/// What is known of an account with a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// A credential is stored, or the host took it.
    SignedIn {
        /// Name of the account, where it is known.
        name: Option<String>,
        /// Where the credential is from.
        from: String,
    },
    /// No credential is stored.
    NoCredential,
    /// The host did not take the credential.
    Refused {
        /// Where the credential is from.
        from: String,
    },
}

/// A text as it is today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CurrentText {
    /// Its digest.
    Digest(Digest),
    /// It could not be read, and why.
    NotRead(String),
}

/// What a host said about a step when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostAnswer {
    /// It served a file to this account, and when.
    Granted {
        /// When it was asked.
        at: Timestamp,
    },
    /// It is under way.
    Pending,
    /// It is not granted.
    NotGranted,
}

impl Holdings {
    /// Nothing, held by this person.
    pub fn none(person: Person, now: Timestamp) -> Self {
        Self {
            standings: Standings::of(person),
            accounts: BTreeMap::new(),
            texts: BTreeMap::new(),
            answers: BTreeMap::new(),
            imported: false,
            now,
        }
    }
}
