//! Whether the lines of a ledger are the entries that were written, all of them, in order.
//!
//! What the chain proves alone: no entry inside was altered, removed, reordered or inserted.
//! What it cannot prove alone: that the tail was not cut, and that the whole chain was not
//! written anew with fresh hashes. Both are found by [`Head`]s noted elsewhere: in the receipts
//! of datasets, in `heads.jsonl`, in a commit.
//!
//! A last line without a line break is a class of its own ([`TornLine`]): that is what an
//! interrupted write leaves, and the entries before it stay valid.
//!
//! Entries of a later format or of an unknown kind are checked like all others and listed.

mod noted;
mod wrong;

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::values::{Digest, Printable};

use super::entry::{self, Entry, EntryKind, FORMAT};

pub use wrong::{ChainFault, Wrong};

/// Where a ledger stood at some moment: the place and hash of its last entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Id of the ledger.
    pub ledger: String,
    /// Place of the entry.
    pub sequence: u64,
    /// Its hash.
    pub hash: Digest,
}

/// A last line without its line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornLine {
    /// Which line, from 1.
    pub line: u64,
    /// Bytes of it that are there.
    pub bytes: u64,
    /// Whether nothing but the line break is missing: the entry is whole and continues the chain.
    pub complete: bool,
}

/// An entry that a later version of the program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterEntry {
    /// Its place.
    pub sequence: u64,
    /// What is not known here: `format 2`, `an entry of kind ...`, `an entry of unknown form`.
    pub what: String,
    /// The version that wrote it.
    pub tool: String,
}

/// What the check of a whole ledger found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Whole entries whose own hash is right.
    pub entries: u64,
    /// The last of them.
    pub head: Option<Head>,
    /// All that is wrong, in the order of lines.
    pub faults: Vec<ChainFault>,
    /// The last line, if it has no end.
    pub torn: Option<TornLine>,
    /// Entries that a later version wrote; no faults.
    pub later: Vec<LaterEntry>,
}

impl Verification {
    /// Whether nothing is wrong, torn tail included.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty() && self.torn.is_none()
    }
}

/// Checks the bytes of a whole ledger, also against heads noted elsewhere.
pub fn verify(bytes: &[u8], noted: Vec<Head>) -> Verification {
    let mut check = ChainCheck::new(noted);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        check.line(line);
    }
    check.finish()
}

/// Checks a ledger line by line, so that its size does not matter.
///
/// Held in memory: one hash for each entry, to tell a repeated entry from an inserted one and
/// to compare noted heads.
#[derive(Debug)]
pub struct ChainCheck {
    noted: Vec<Head>,
    lines: u64,
    ledger: Option<String>,
    /// Place the next entry has. `None` until the first, when reading began in the middle.
    expected: Option<u64>,
    /// What the next entry may name as the one before it; `None`: anything.
    links: Option<Vec<Digest>>,
    /// Faulty lines since the last sound entry: each may have been an entry of the chain.
    doubtful: u64,
    seen: HashMap<u64, Digest>,
    gaps: Vec<Gap>,
    head: Option<Head>,
    faults: Vec<ChainFault>,
    torn: Option<TornLine>,
    later: Vec<LaterEntry>,
}

/// Places that no entry had when a later one came.
#[derive(Debug)]
struct Gap {
    line: u64,
    places: RangeInclusive<u64>,
}

/// The part of an entry that holds it in the chain.
#[derive(Debug, Deserialize)]
struct Link {
    v: u32,
    ledger: String,
    sequence: u64,
    kind: EntryKind,
    tool: String,
    prev: Digest,
    hash: Digest,
    /// Whether all of the entry can be read here.
    #[serde(skip)]
    has_known_form: bool,
}

impl ChainCheck {
    /// For a ledger read from its first line.
    pub fn new(noted: Vec<Head>) -> Self {
        Self { expected: Some(1), links: Some(vec![entry::zeros()]), ..Self::from_middle(noted) }
    }

    /// For lines from somewhere in a ledger: the first one is taken as it comes.
    pub fn from_middle(noted: Vec<Head>) -> Self {
        Self {
            noted,
            lines: 0,
            ledger: None,
            expected: None,
            links: None,
            doubtful: 0,
            seen: HashMap::new(),
            gaps: Vec::new(),
            head: None,
            faults: Vec::new(),
            torn: None,
            later: Vec::new(),
        }
    }

    /// Takes the next line, with its line break. One without is the torn last line.
    pub fn line(&mut self, line: &[u8]) {
        self.lines += 1;
        let Some(content) = line.strip_suffix(b"\n") else {
            return self.torn_line(line);
        };
        let content = self.without_traces_of_editors(content);
        if content.is_empty() {
            return self.fault(None, Wrong::BlankLine);
        }
        match read_link(content) {
            Ok(link) => self.entry(link),
            Err(wrong) => self.doubt(wrong),
        }
    }

    /// What was found. Compares the noted heads, which needs all lines.
    pub fn finish(mut self) -> Verification {
        for gap in std::mem::take(&mut self.gaps) {
            let (first, last) = gap.places.into_inner();
            self.faults.push(ChainFault { line: gap.line, sequence: Some(first), what: Wrong::Removed { last } });
        }
        // Faulty lines at the end may have been entries, and are reported already.
        let last = (self.expected.unwrap_or(1) - 1).saturating_add(self.doubtful);
        let found = noted::Found { ledger: self.ledger.as_deref(), hashes: &self.seen, lines: self.lines, last };
        self.faults.extend(noted::compare(&self.noted, &found));
        self.faults.sort_by_key(|fault| fault.line);
        Verification {
            entries: self.seen.len() as u64,
            head: self.head,
            faults: self.faults,
            torn: self.torn,
            later: self.later,
        }
    }

    fn torn_line(&mut self, line: &[u8]) {
        let faults = self.faults.len();
        let link = read_link(line).ok().filter(|link| self.continues(link));
        let complete = link.is_some();
        self.torn = Some(TornLine { line: self.lines, bytes: line.len() as u64, complete });
        if let Some(link) = link {
            self.entry(link);
            debug_assert_eq!(self.faults.len(), faults, "a line that continues the chain has no fault");
        }
    }

    /// A byte order mark and carriage returns are reported, once each, and read over.
    fn without_traces_of_editors<'a>(&mut self, mut content: &'a [u8]) -> &'a [u8] {
        if self.lines == 1
            && let Some(rest) = content.strip_prefix(b"\xef\xbb\xbf")
        {
            content = rest;
            self.fault(None, Wrong::ByteOrderMark);
        }
        if let Some(rest) = content.strip_suffix(b"\r") {
            content = rest;
            if !self.faults.iter().any(|fault| fault.what == Wrong::CarriageReturn) {
                self.fault(None, Wrong::CarriageReturn);
            }
        }
        content
    }

    fn continues(&self, link: &Link) -> bool {
        self.ledger.as_ref().is_none_or(|ledger| *ledger == link.ledger)
            && self.expected.is_none_or(|expected| expected == link.sequence)
            && self.links.as_ref().is_none_or(|links| links.contains(&link.prev))
    }

    /// Places an entry whose own hash is right.
    fn entry(&mut self, link: Link) {
        if let Some(ledger) = &self.ledger
            && *ledger != link.ledger
        {
            return self.fault(Some(link.sequence), Wrong::OtherLedger { ledger: link.ledger });
        }
        let expected = self.expected.unwrap_or(link.sequence);
        if link.sequence < expected {
            return self.out_of_order(&link);
        }
        let reachable = expected.saturating_add(self.doubtful);
        if link.sequence > reachable {
            self.gaps.push(Gap { line: self.lines, places: reachable..=link.sequence - 1 });
        } else if self.links.as_ref().is_some_and(|links| !links.contains(&link.prev)) {
            self.fault(Some(link.sequence), Wrong::LinkBroken);
        }
        self.advance(link);
    }

    /// An entry whose place lies before the one that is expected.
    fn out_of_order(&mut self, link: &Link) {
        let what = if self.seen.get(&link.sequence) == Some(&link.hash) {
            Wrong::Repeated
        } else if self.fill_gap(link.sequence) {
            self.seen.insert(link.sequence, link.hash);
            Wrong::Reordered
        } else {
            Wrong::Inserted
        };
        self.fault(Some(link.sequence), what);
    }

    /// Takes a place out of the gaps; says whether it was in one.
    fn fill_gap(&mut self, sequence: u64) -> bool {
        let Some(index) = self.gaps.iter().position(|gap| gap.places.contains(&sequence)) else { return false };
        let Gap { line, places } = self.gaps.swap_remove(index);
        let (first, last) = places.into_inner();
        let parts = [(first, sequence.saturating_sub(1)), (sequence + 1, last)];
        let left = parts.into_iter().filter(|(first, last)| first <= last);
        self.gaps.extend(left.map(|(first, last)| Gap { line, places: first..=last }));
        true
    }

    fn advance(&mut self, link: Link) {
        if let Some(what) = link.unknown() {
            self.later.push(LaterEntry { sequence: link.sequence, what, tool: link.tool });
        }
        self.ledger.get_or_insert_with(|| link.ledger.clone());
        self.seen.insert(link.sequence, link.hash);
        self.expected = Some(link.sequence.saturating_add(1));
        self.doubtful = 0;
        self.links = Some(vec![link.hash]);
        self.head = Some(Head { ledger: link.ledger, sequence: link.sequence, hash: link.hash });
    }

    /// Reports a line that may have been an entry, and lets the next entry follow it.
    fn doubt(&mut self, unsound: Unsound) {
        let sequence = self.expected.map(|expected| expected.saturating_add(self.doubtful));
        self.doubtful += 1;
        match unsound.may_be_followed_from {
            Some(hashes) => {
                if let Some(links) = &mut self.links {
                    links.extend(hashes);
                }
            }
            None => self.links = None,
        }
        self.fault(sequence, unsound.what);
    }

    fn fault(&mut self, sequence: Option<u64>, what: Wrong) {
        self.faults.push(ChainFault { line: self.lines, sequence, what });
    }
}

impl Link {
    /// What only a later version knows of the entry.
    fn unknown(&self) -> Option<String> {
        if self.v > FORMAT {
            Some(format!("format {}", self.v))
        } else if !self.kind.is_known() {
            Some(format!("an entry of kind `{}`", Printable::new(self.kind.as_str())))
        } else {
            (!self.has_known_form).then(|| "an entry of unknown form".to_owned())
        }
    }
}

/// A line that is no sound entry.
struct Unsound {
    what: Wrong,
    /// Hashes that it may have had when it was sound; `None` where nothing can be told.
    may_be_followed_from: Option<Vec<Digest>>,
}

/// Reads what places a line in the chain, if the line is canonical and its hash is right.
fn read_link(content: &[u8]) -> Result<Link, Unsound> {
    let unreadable = || Unsound { what: Wrong::Unreadable, may_be_followed_from: None };
    let map: Map<String, Value> = serde_json::from_slice(content).map_err(|_| unreadable())?;
    let computed = entry::hash_of(&map);
    let is_canonical = entry::canonical(&map).as_bytes() == content;
    let value = Value::Object(map);
    let mut link = Link::deserialize(&value).map_err(|_| unreadable())?;
    link.has_known_form = Entry::deserialize(&value).is_ok();
    if computed != link.hash {
        let hashes = vec![link.hash, computed];
        return Err(Unsound { what: Wrong::Altered, may_be_followed_from: Some(hashes) });
    }
    if !is_canonical {
        return Err(Unsound { what: Wrong::NotCanonical, may_be_followed_from: Some(vec![link.hash]) });
    }
    Ok(link)
}

impl fmt::Display for TornLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.complete { "the entry is whole, its line break is missing" } else { "the entry is cut" };
        write!(out, "line {} has {} bytes and no end ({state})", self.line, self.bytes)
    }
}

#[cfg(test)]
mod tests;
