//! Heads noted elsewhere, beside what is in a ledger.

use std::collections::{BTreeMap, HashMap};

use crate::values::Digest;

use super::{ChainFault, Head, Wrong};

/// What is in a ledger.
pub(super) struct Found<'a> {
    /// Its id; `None` when it has no entries.
    pub(super) ledger: Option<&'a str>,
    /// The hash of each entry by its place.
    pub(super) hashes: &'a HashMap<u64, Digest>,
    /// How many lines it has.
    pub(super) lines: u64,
    /// The last place that has an entry, or a line that may have been one.
    pub(super) last: u64,
}

/// Every contradiction once: the first entry with another hash, the last one that is cut off,
/// each other ledger.
pub(super) fn compare(noted: &[Head], found: &Found<'_>) -> Vec<ChainFault> {
    let is_ours = |head: &&Head| found.ledger.is_none_or(|ledger| ledger == head.ledger);
    let (ours, others): (Vec<&Head>, Vec<&Head>) = noted.iter().partition(is_ours);
    let mut faults: Vec<ChainFault> = Vec::new();
    faults.extend(first_difference(&ours, found));
    faults.extend(cut_tail(&ours, found));
    faults.extend(other_ledgers(&others, found));
    faults
}

fn first_difference(ours: &[&Head], found: &Found<'_>) -> Option<ChainFault> {
    let differs = |head: &&&Head| found.hashes.get(&head.sequence).is_some_and(|hash| *hash != head.hash);
    let head = ours.iter().filter(differs).min_by_key(|head| head.sequence)?;
    let what = Wrong::NotAsNoted { noted: head.hash };
    Some(ChainFault { line: found.lines.min(head.sequence), sequence: Some(head.sequence), what })
}

fn cut_tail(ours: &[&Head], found: &Found<'_>) -> Option<ChainFault> {
    let noted = ours.iter().map(|head| head.sequence).max().filter(|noted| *noted > found.last)?;
    Some(ChainFault { line: found.lines + 1, sequence: Some(found.last + 1), what: Wrong::CutTail { noted } })
}

fn other_ledgers(others: &[&Head], found: &Found<'_>) -> Vec<ChainFault> {
    let lasts: BTreeMap<&str, u64> = others.iter().map(|head| (head.ledger.as_str(), head.sequence)).collect();
    let line = found.lines.min(1);
    let fault = move |(ledger, sequence): (&str, u64)| {
        let what = Wrong::Replaced { noted: ledger.to_owned() };
        ChainFault { line, sequence: Some(sequence), what }
    };
    lasts.into_iter().map(fault).collect()
}
