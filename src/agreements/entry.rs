//! One entry of the ledger: what a person stated or what was done, sealed into the chain.
//!
//! An entry is one line of JSON in canonical form (RFC 8785: keys sorted, no white space).
//! Its `hash` is the SHA-256 of the canonical bytes of the entry without `hash`; its `prev` is
//! the hash of the entry before, for the first entry 64 zeros. Keys are absent rather than
//! null. Addresses are stored as [`SafeUrl`] shows them, so no signature gets in.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::values::{Algorithm, ByteSize, DatasetId, Digest, SafeUrl};

use super::chain::Head;
use super::text::TextRule;

/// The format of entries that this version writes, the key `v`.
pub const FORMAT: u32 = 1;

/// A record sealed into the chain of one ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Format of the entry.
    pub v: u32,
    /// Id of the ledger, the same in all its entries.
    pub ledger: String,
    /// Place in the ledger, from 1.
    pub sequence: u64,
    /// What it says.
    #[serde(flatten)]
    pub record: Record,
    /// Present when its time lies before that of the entry before it. The order of entries is
    /// that of their sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Hash of the entry before.
    pub prev: Digest,
    /// Hash of this entry.
    pub hash: Digest,
}

/// What an entry says, before it has its place in a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When, in UTC. Written in whole seconds.
    pub time: Timestamp,
    /// What happened.
    pub kind: EntryKind,
    /// Which dataset it is about.
    pub dataset: DatasetId,
    /// The reference that names it, where it is not in the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Which release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Which variant of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Which of the dataset's requirements it meets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// Licence or agreement by its id, or an expression of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Version of the licence's text, as its publisher writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_version: Option<String>,
    /// Digest of the text that was shown, by `text_rule`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_sha256: Option<Digest>,
    /// How that digest was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_rule: Option<TextRule>,
    /// Digest of the exact bytes of the text; they are kept as evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_sha256: Option<Digest>,
    /// How the text was had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obtained: Option<Obtained>,
    /// Where the text was fetched from, without the values of its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
    /// Whose statement or act it is.
    pub who: Who,
    /// How the person stated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Means>,
    /// What the data are wanted for, in the person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Anything else the person wants to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Digests of letters, certificates and other evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Digest>,
    /// Until when it holds; from that moment on it has lapsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Which of the release's sources the bytes came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// How many files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// How many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ByteSize>,
    /// Digest of the dataset folder's receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_sha256: Option<Digest>,
    /// Version of the program that wrote the entry.
    pub tool: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum EntryKind {
    /// A person accepted a text.
    Accept,
    /// A person took an acceptance or a grant back.
    Withdraw,
    /// A person recorded an approval, a certificate or an account, with its evidence.
    Grant,
    /// Files were fetched under terms.
    Fetch,
    /// Files that were got by hand were taken in.
    Import,
    /// Samples were sent to an endpoint.
    Ingest,
    /// Data were handed on.
    Share,
    /// Files were removed.
    Delete,
    /// Something that has to be reported.
    Incident,
    /// A kind of a later version: can be checked, is never written.
    Other(String),
}

/// How a text was had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Obtained {
    /// From its page.
    Fetched,
    /// With the program: texts of medsets' own.
    Bundled,
    /// From a file that the person gave.
    File,
}

/// How a person stated something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// At a prompt, after the text was shown.
    Prompt,
    /// By writing the text's digest on the command line.
    Digest,
    /// By a file of the person's office.
    File,
}

/// A mark about an entry's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Earlier than the entry before.
    Backwards,
}

/// Whose statement or act an entry is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Who {
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Institution the person belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub institution: Option<String>,
    /// User of the operating system.
    pub os_user: String,
    /// Name of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Record {
    /// A record with what every one has; the rest is filled in by name.
    pub fn new(kind: EntryKind, dataset: DatasetId, who: Who, time: Timestamp, tool: &str) -> Self {
        Self {
            time,
            kind,
            dataset,
            reference: None,
            version: None,
            variant: None,
            requirement: None,
            license: None,
            license_version: None,
            text_sha256: None,
            text_rule: None,
            raw_sha256: None,
            obtained: None,
            url: None,
            who,
            means: None,
            purpose: None,
            note: None,
            evidence: Vec::new(),
            expires: None,
            channel: None,
            files: None,
            bytes: None,
            receipt_sha256: None,
            tool: tool.to_owned(),
        }
    }
}

impl Entry {
    /// Seals a record as the first entry of a ledger.
    pub fn first(record: Record, ledger: &str) -> Self {
        Self::seal(record, Head { ledger: ledger.to_owned(), sequence: 0, hash: zeros() }, None)
    }

    /// Seals a record as the entry that follows this one.
    pub fn followed_by(&self, record: Record) -> Self {
        Self::seal(record, self.head(), Some(self.record.time))
    }

    /// Where the ledger stands with this entry as its last.
    pub fn head(&self) -> Head {
        Head { ledger: self.ledger.clone(), sequence: self.sequence, hash: self.hash }
    }

    /// The entry as a line of the ledger, without the line break.
    pub fn line(&self) -> String {
        canonical(&to_map(self))
    }

    fn seal(mut record: Record, after: Head, before: Option<Timestamp>) -> Self {
        record.time = whole_seconds(record.time);
        record.expires = record.expires.map(whole_seconds);
        let clock = before.is_some_and(|before| record.time < before).then_some(Clock::Backwards);
        let sequence = after.sequence + 1;
        let mut entry =
            Self { v: FORMAT, ledger: after.ledger, sequence, record, clock, prev: after.hash, hash: zeros() };
        entry.hash = hash_of(&to_map(&entry));
        entry
    }
}

/// What stands where the first entry has the hash of the one before.
pub fn zeros() -> Digest {
    Digest::from_bytes(Algorithm::Sha256, &[0; 32]).expect("a SHA-256 digest has 32 bytes")
}

/// The hash of an entry: over its canonical bytes without `hash`.
pub(super) fn hash_of(entry: &Map<String, Value>) -> Digest {
    let mut hashed = entry.clone();
    hashed.remove("hash");
    Digest::sha256(canonical(&hashed).as_bytes())
}

/// The canonical form of RFC 8785.
pub(super) fn canonical(entry: &Map<String, Value>) -> String {
    serde_json_canonicalizer::to_string(entry).expect("a JSON value has a canonical form")
}

fn to_map(entry: &Entry) -> Map<String, Value> {
    match serde_json::to_value(entry) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("an entry is written as an object, and its keys are strings"),
    }
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

impl EntryKind {
    /// The word in the ledger.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Accept => "accept",
            Self::Withdraw => "withdraw",
            Self::Grant => "grant",
            Self::Fetch => "fetch",
            Self::Import => "import",
            Self::Ingest => "ingest",
            Self::Share => "share",
            Self::Delete => "delete",
            Self::Incident => "incident",
            Self::Other(word) => word,
        }
    }

    /// Whether this version knows what the kind means.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

impl From<String> for EntryKind {
    fn from(word: String) -> Self {
        const KNOWN: [EntryKind; 9] = [
            EntryKind::Accept,
            EntryKind::Withdraw,
            EntryKind::Grant,
            EntryKind::Fetch,
            EntryKind::Import,
            EntryKind::Ingest,
            EntryKind::Share,
            EntryKind::Delete,
            EntryKind::Incident,
        ];
        KNOWN.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Self::Other(word))
    }
}

impl From<EntryKind> for String {
    fn from(kind: EntryKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An acceptance by `jdoe`, `minutes` past nine.
    pub(in crate::agreements) fn accepted(dataset: &str, minutes: i64) -> Record {
        let time = "2026-11-24T09:00:00Z".parse::<Timestamp>().unwrap();
        let time = Timestamp::from_second(time.as_second() + 60 * minutes).unwrap();
        let who = Who { name: Some("Jane Doe".into()), os_user: "jdoe".into(), ..Who::default() };
        let mut record = Record::new(EntryKind::Accept, dataset.parse().unwrap(), who, time, "0.1.0");
        record.version = Some("1.0".into());
        record.requirement = Some("agreement".into());
        record.license = Some("LicenseRef-Terms".into());
        record.text_sha256 = Some(Digest::sha256(b"the terms\n"));
        record.means = Some(Means::Prompt);
        record
    }

    /// `count` entries that follow each other in the ledger `id`.
    pub(in crate::agreements) fn chain_of(count: u64, id: &str) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for minutes in 0..count {
            let record = accepted("chexpert", minutes as i64);
            entries.push(match entries.last() {
                None => Entry::first(record, id),
                Some(last) => last.followed_by(record),
            });
        }
        entries
    }

    #[test]
    fn written_bytes_are_these() {
        let mut record = accepted("chexpert", 0);
        record.url = Some(SafeUrl::parse("https://host.example/terms?sig=SECRET").unwrap());
        record.expires = Some("2027-11-24T00:00:00.5Z".parse().unwrap());
        let line = Entry::first(record, "0123456789abcdef").line();
        assert_eq!(
            line,
            [
                r#"{"dataset":"chexpert","expires":"2027-11-24T00:00:00Z","#,
                // Computed from the other keys with another program.
                r#""hash":"sha256:3072346dca729d24c3331dcdb39c58093e22df92db4b958ff18819d2bdcf1976","#,
                r#""kind":"accept","ledger":"0123456789abcdef","license":"LicenseRef-Terms","means":"prompt","#,
                r#""prev":"sha256:0000000000000000000000000000000000000000000000000000000000000000","#,
                r#""requirement":"agreement","sequence":1,"#,
                r#""text_sha256":"sha256:f4171248ab46060082b6f1e852f7834a16146edb10c251f8ada1965b9b11968c","#,
                r#""time":"2026-11-24T09:00:00Z","tool":"0.1.0","url":"https://host.example/terms?sig=****","v":1,"#,
                r#""version":"1.0","who":{"name":"Jane Doe","os_user":"jdoe"}}"#,
            ]
            .concat()
        );
    }

    #[test]
    fn reads_back_what_it_writes() {
        for entry in chain_of(3, "id") {
            let read: Entry = serde_json::from_str(&entry.line()).unwrap();
            assert_eq!(read, entry);
            assert_eq!(read.line(), entry.line());
        }
    }

    #[test]
    fn a_clock_that_went_back_is_marked() {
        let first = Entry::first(accepted("a", 5), "id");
        assert_eq!(first.clock, None);
        assert_eq!(first.followed_by(accepted("a", 5)).clock, None);
        assert_eq!(first.followed_by(accepted("a", 4)).clock, Some(Clock::Backwards));
    }

    #[test]
    fn unknown_kinds_keep_their_word() {
        let kind: EntryKind = serde_json::from_str("\"notarise\"").unwrap();
        assert_eq!(kind, EntryKind::Other("notarise".into()));
        assert_eq!(serde_json::to_string(&kind).unwrap(), "\"notarise\"");
        assert!(!kind.is_known() && EntryKind::from("grant".to_owned()).is_known());
    }
}
