//! Extracts of a ledger that another person can check.
//!
//! An extract holds the chosen entries in full and, of every entry, its place, `prev` and
//! `hash`. From it alone follows that each chosen entry is unaltered against the hash named
//! for it, and has its place in one unbroken row of hashes that ends at the head. Of an entry
//! that is left out only the hashes are there, so that its own link is taken on trust: who
//! cuts a new tail of made-up hashes can also replace a chosen entry. What settles it is a
//! [`Head`] noted elsewhere (in a receipt) for a chosen entry, or for one from which chosen
//! entries lead back without a gap; [`ExtractCheck::vouched`] counts just these.
//!
//! The JSON form is the one that is checked again; CSV and HTML are for reading.

mod csv;
mod html;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::values::{Digest, Printable};

use super::AgreementError;
use super::chain::Head;
use super::entry::{self, Entry};

/// Chosen entries of a ledger, with the hashes of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extract {
    schema: String,
    exported: Timestamp,
    tool: String,
    /// The last entry of the ledger; absent for an empty one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<Head>,
    /// Whether what names people was masked, so that entries no longer have their hashes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
    entries: Vec<Map<String, Value>>,
    links: Vec<Link>,
}

/// An entry's place and hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    sequence: u64,
    prev: Digest,
    hash: Digest,
}

/// What holds of an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractCheck {
    /// The head it ends at.
    pub head: Option<Head>,
    /// How many entries are in it in full.
    pub entries: usize,
    /// How many of them a noted head vouches for.
    pub vouched: usize,
    /// The places among those noted elsewhere whose entries are not in it in full.
    pub left_out: Vec<u64>,
    /// How many entries the ledger has.
    pub of: usize,
    /// Whether what names people was masked: then no entry is proven by its hash.
    pub masked: bool,
    /// All that is wrong, as sentences.
    pub faults: Vec<String>,
}

/// The mark in the place of what names a person: `key` says what it is, such as `os_user`.
pub fn mark(salt: &[u8], key: &str, text: &str) -> String {
    let mark = Digest::sha256(&[salt, key.as_bytes(), text.as_bytes()].concat()).hex();
    format!("masked-{}", &mark[..12])
}

/// What names a person, in `who` and on receipts.
pub const PERSONAL: [&str; 4] = ["name", "email", "os_user", "host"];

impl Extract {
    /// An extract without entries, to be filled with [`Extract::take`].
    pub fn begin(exported: Timestamp, tool: &str) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            exported,
            tool: tool.to_owned(),
            head: None,
            masked: false,
            entries: Vec::new(),
            links: Vec::new(),
        }
    }

    /// Takes the next entry of the ledger with its line, as [`Ledger::scan`] gives them. All
    /// of them are taken in order, chosen or not.
    ///
    /// [`Ledger::scan`]: super::Ledger::scan
    pub fn take(&mut self, line: &str, entry: &Entry, chosen: bool) {
        self.links.push(Link { sequence: entry.sequence, prev: entry.prev, hash: entry.hash });
        self.head = Some(entry.head());
        // The line, not the entry: keys that this version does not know belong to the hash.
        if chosen && let Ok(map) = serde_json::from_str(line) {
            self.entries.push(map);
        }
    }

    /// The entries that are in it in full, as far as this version can read them.
    pub fn entries(&self) -> Vec<Entry> {
        let read = |map: &Map<String, Value>| serde_json::from_value(Value::Object(map.clone())).ok();
        self.entries.iter().filter_map(read).collect()
    }

    /// How many entries are in it in full.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The same without what names people: name, address, account and machine become marks that
    /// are the same for the same value within this extract, and notes are left out. The row of
    /// hashes stays and can be checked; that the entries belong to it cannot be any more.
    ///
    /// `salt` must be random and is kept nowhere, so that nobody can try names against the marks.
    /// What a person wrote as purpose stays.
    #[must_use]
    pub fn masked(mut self, salt: &[u8]) -> Self {
        for entry in &mut self.entries {
            entry.remove("note");
            let Some(Value::Object(who)) = entry.get_mut("who") else { continue };
            for key in PERSONAL {
                if let Some(Value::String(text)) = who.get_mut(key) {
                    *text = mark(salt, key, text);
                }
            }
        }
        self.masked = true;
        self
    }

    /// The form that can be checked: indented JSON with a line break at the end.
    pub fn json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("an extract holds nothing that JSON cannot");
        bytes.push(b'\n');
        bytes
    }

    /// A table for spreadsheets (RFC 4180), one row for each chosen entry.
    ///
    /// Every cell is quoted. One that a spreadsheet would take for a formula gets an
    /// apostrophe before it; control characters are written as escapes.
    pub fn csv(&self) -> Vec<u8> {
        csv::table(self)
    }

    /// A page for reading and printing, without script and without anything from elsewhere.
    pub fn html(&self) -> Vec<u8> {
        html::page(self)
    }
}

/// Checks an extract in its JSON form, also against heads noted elsewhere.
pub fn verify_extract(bytes: &[u8], noted: &[Head]) -> Result<ExtractCheck, AgreementError> {
    let not_one = |reason: String| AgreementError::NotAnExtract { reason };
    let extract: Extract = serde_json::from_slice(bytes).map_err(|error| not_one(error.to_string()))?;
    if extract.schema != SCHEMA {
        return Err(not_one(format!("its schema is `{}`, not `{SCHEMA}`", Printable::new(&extract.schema))));
    }
    let mut faults = broken_links(&extract);
    let hashes: BTreeMap<u64, &Digest> = extract.links.iter().map(|link| (link.sequence, &link.hash)).collect();
    let mut linked = BTreeMap::new();
    for entry in &extract.entries {
        match linked_entry(entry, &extract, &hashes) {
            Ok(link) => {
                if linked.insert(link.sequence, link).is_some() {
                    faults.push("an entry is there twice".to_owned());
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    faults.extend(noted.iter().filter_map(|head| contradiction(head, &extract, &hashes)));
    let vouched = if faults.is_empty() && !extract.masked { vouched(&linked, noted) } else { 0 };
    let left_out = noted.iter().map(|head| head.sequence).filter(|place| !linked.contains_key(place)).collect();
    let (entries, of) = (extract.entries.len(), extract.links.len());
    Ok(ExtractCheck { head: extract.head, entries, vouched, left_out, of, masked: extract.masked, faults })
}

/// What breaks the row of hashes from the first entry to the head.
fn broken_links(extract: &Extract) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut sequence, mut hash) = (0, entry::zeros());
    for link in &extract.links {
        if link.sequence != sequence + 1 || link.prev != hash {
            faults.push(format!("entry {} does not follow entry {sequence}", link.sequence));
        }
        (sequence, hash) = (link.sequence, link.hash);
    }
    let ends_at_head = extract.head.as_ref().is_none_or(|head| head.sequence == sequence && head.hash == hash);
    if !ends_at_head || extract.head.is_none() != extract.links.is_empty() {
        faults.push("the hashes do not end at the head".to_owned());
    }
    faults
}

/// The link of a chosen entry, once its content has the hash that its place has.
fn linked_entry(
    entry: &Map<String, Value>,
    extract: &Extract,
    hashes: &BTreeMap<u64, &Digest>,
) -> Result<Link, String> {
    let link = Link::deserialize(Value::Object(entry.clone())).map_err(|_| "an entry has no place or no hash")?;
    let ledger = extract.head.as_ref().map(|head| head.ledger.as_str());
    let has_its_hash = extract.masked || entry::hash_of(entry) == link.hash;
    if !has_its_hash || entry.get("ledger").and_then(Value::as_str) != ledger {
        return Err(format!("entry {} was altered", link.sequence));
    }
    if hashes.get(&link.sequence) != Some(&&link.hash) {
        return Err(format!("entry {} is not the one in the row of hashes", link.sequence));
    }
    Ok(link)
}

fn contradiction(noted: &Head, extract: &Extract, hashes: &BTreeMap<u64, &Digest>) -> Option<String> {
    let head = extract.head.as_ref()?;
    if noted.ledger != head.ledger {
        return Some(format!("it is of ledger `{}`, not of `{}`", Printable::new(&head.ledger), noted.ledger));
    }
    match hashes.get(&noted.sequence) {
        Some(hash) if **hash == noted.hash => None,
        Some(_) => Some(format!("entry {} was noted with another hash", noted.sequence)),
        None => Some(format!("entry {} was noted and is missing", noted.sequence)),
    }
}

/// How many entries a noted head vouches for: itself, and back from it without a gap.
fn vouched(linked: &BTreeMap<u64, Link>, noted: &[Head]) -> usize {
    let mut sure = false;
    let mut wanted = 0;
    let mut count = 0;
    for (sequence, link) in linked.iter().rev() {
        sure = noted.iter().any(|head| head.hash == link.hash) || (sure && *sequence == wanted);
        wanted = sequence.saturating_sub(1);
        count += usize::from(sure);
    }
    count
}

const SCHEMA: &str = "medsets/ledger-extract/1";

#[cfg(test)]
mod tests;
