//! The ledgers of an audit: this person's, or files of several people.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::path::{Path, PathBuf};

use crate::agreements::chain::ChainCheck;
use crate::agreements::{Entry, Extract, Ledger as LedgerFile, Verification, verify_extract};
use crate::audit::Ledger;
use crate::context::Context;
use crate::fs;
use crate::values::Printable;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::identity;

/// Largest ledger or extract that is read, in bytes: 256 MiB.
const LIMIT: u64 = 256 << 20;

/// Reads the named ledgers and extracts, or this person's ledger where none is named. A chain
/// that does not hold together is told as a fault; a file that is neither form fails.
pub fn read(context: &Context, paths: &[PathBuf]) -> Result<Vec<Ledger>, Failure> {
    if paths.is_empty() {
        return own(context).map(|ledger| vec![ledger]);
    }
    let ledgers: Vec<Ledger> = paths.iter().map(|path| of_file(context, path)).collect::<Result<_, _>>()?;
    Ok(joined(ledgers))
}

/// Copies and extracts of the same ledger are put together, in its order. Two that differ in an
/// entry cannot both be right.
fn joined(ledgers: Vec<Ledger>) -> Vec<Ledger> {
    let mut all: Vec<Ledger> = Vec::new();
    for ledger in ledgers {
        let id = ledger.entries.first().map(|entry| entry.ledger.clone());
        let is_same = |one: &&mut Ledger| id.is_some() && one.entries.first().map(|entry| &entry.ledger) == id.as_ref();
        match all.iter_mut().find(is_same) {
            Some(first) => join(first, ledger),
            None => all.push(ledger),
        }
    }
    all
}

fn join(first: &mut Ledger, other: Ledger) {
    let mut entries: BTreeMap<u64, Entry> = BTreeMap::new();
    let mut fork = None;
    for entry in std::mem::take(&mut first.entries).into_iter().chain(other.entries) {
        match entries.entry(entry.sequence) {
            Place::Vacant(free) => {
                free.insert(entry);
            }
            Place::Occupied(held) if held.get().hash == entry.hash => {}
            Place::Occupied(held) => fork = fork.or(Some(*held.key())),
        }
    }
    first.entries = entries.into_values().collect();
    first.faults.extend(other.faults);
    let differ = |sequence| format!("it and `{}` are of one ledger and differ in entry {sequence}", other.from);
    first.faults.extend(fork.map(differ));
    first.from = format!("{}, {}", first.from, other.from);
    first.is_unvouched &= other.is_unvouched;
}

fn own(context: &Context) -> Result<Ledger, Failure> {
    let person = Some(identity::person(context));
    let Ok(file) = context.ledger() else {
        return Ok(Ledger {
            from: "ledger".into(),
            person,
            entries: Vec::new(),
            faults: Vec::new(),
            is_unvouched: false,
        });
    };
    let (entries, faults) = entries_of(&file)?;
    Ok(Ledger { from: file.path().display().to_string(), person, entries, faults, is_unvouched: false })
}

fn entries_of(file: &LedgerFile) -> Result<(Vec<Entry>, Vec<String>), Failure> {
    let mut entries = Vec::new();
    let verification = file.scan(&mut |_, entry| entries.push(entry))?;
    let faults = faults(&verification);
    Ok((entries, faults))
}

/// A ledger (`ledger.jsonl`) or an extract of one (`ledger export`).
fn of_file(context: &Context, path: &Path) -> Result<Ledger, Failure> {
    let shown = path.display().to_string();
    let bytes = fs::read_named(&context.environment.absolute(path)?, LIMIT)?;
    let neither = |reason: &str| {
        let message = format!("`{}` is neither a ledger nor an extract of one: {reason}", Printable::new(&shown));
        Failure::new(Exit::LEDGER, message).help("`medsets ledger export` writes an extract")
    };
    if bytes.is_empty() {
        return Err(neither("it is empty"));
    }
    if let Ok(extract) = serde_json::from_slice::<Extract>(&bytes) {
        let check = verify_extract(&bytes, &[]).map_err(|error| Failure::from_error(Exit::LEDGER, &error))?;
        let entries = extract.entries();
        let is_unvouched = check.vouched < check.entries;
        return Ok(Ledger { from: shown, person: None, entries, faults: check.faults, is_unvouched });
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut check = ChainCheck::new(Vec::new());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        check.line(line);
        entries.extend(serde_json::from_slice(line).ok());
    }
    let faults = faults(&check.finish());
    if entries.is_empty() {
        return Err(neither(faults.first().map_or("it has no entries", String::as_str)));
    }
    Ok(Ledger { from: shown, person: None, entries, faults, is_unvouched: false })
}

fn faults(verification: &Verification) -> Vec<String> {
    let torn = verification.torn.is_some().then(|| "its last line is torn".to_owned());
    verification.faults.iter().map(ToString::to_string).chain(torn).collect()
}
