//! The ledger's file: appended to under a lock, synced, never rewritten.
//!
//! `append` takes `ledger.lock`, checks the last entries it chains to and the last noted head,
//! writes one line with one call, syncs it, and notes the new head in `heads.jsonl`. What it
//! does not check on each append is the rest of the file; [`Ledger::verify`] and
//! [`Ledger::scan`] do. Where a file system's locks do nothing writers take turns by their
//! claims (`fs::lock`); should two continue the same entry all the same, the check names the
//! second one.
//!
//! A torn last line is reported and nothing is written after it until [`Ledger::repair`].
//! Files are 0600, the folder 0700.

mod heads;
mod lines;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::fs::{self, Access, FileLock, PositionalFile};

use super::AgreementError;
use super::chain::{ChainCheck, ChainFault, Head, LaterEntry, TornLine, Verification};
use super::entry::{Entry, Record};

use heads::Heads;

/// A person's ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    dir: PathBuf,
    /// The last reading with the file's size and time then; shared by the clones.
    last: Arc<Mutex<Option<LastReading>>>,
}

/// A reading and the stamp of the file that it is of.
type LastReading = (Stamp, Arc<Reading>);

/// Size and time of the ledger's file; `None` where there is none.
type Stamp = Option<(u64, Option<SystemTime>)>;

/// All entries of a ledger whose chain holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The entries in their order.
    pub entries: Vec<Entry>,
    /// A last line without its end, which is not among the entries.
    pub torn: Option<TornLine>,
    /// Entries of kinds or formats of a later version; those of unknown form are not among the
    /// entries. One of them may withdraw what an earlier entry says, so a person is to be told.
    pub later: Vec<LaterEntry>,
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// The last line has its end.
    NothingTorn,
    /// The entry was whole and got its line break.
    Completed {
        /// Which entry.
        sequence: u64,
    },
    /// The piece of a line was moved to a file of its own.
    SetAside {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        bytes: u64,
    },
}

impl Ledger {
    /// The ledger in a state folder. Nothing is created before the first entry.
    pub fn open(state_dir: &Path) -> Self {
        Self { dir: state_dir.to_path_buf(), last: Arc::default() }
    }

    /// Where the entries are.
    pub fn path(&self) -> PathBuf {
        self.dir.join("ledger.jsonl")
    }

    /// Adds a record at the end and makes it last through a power cut.
    ///
    /// Waits for other runs up to a minute. Nothing is written when the last entries are
    /// damaged, torn, of a later version, or not the ones noted last. After a failed write the
    /// file has its old length, as far as the system lets it.
    pub fn append(&self, record: Record) -> Result<Entry, AgreementError> {
        if !record.kind.is_known() {
            return Err(AgreementError::KindNotWritten { kind: record.kind.to_string() });
        }
        fs::create_dir_all(&self.dir, Access::Private)?;
        let lock = self.lock()?;
        let entry = match self.last_entry()? {
            Some(last) => last.followed_by(record),
            None => Entry::first(record, &new_id()?),
        };
        if !lock.is_mine() {
            return Err(AgreementError::Busy { path: self.path() });
        }
        self.write(&entry.line())?;
        // The entry stands and lasts: without the note it can still be cut off unseen, but to
        // report a failure now would have the caller write it twice.
        let _ = self.heads().note(&entry.head());
        Ok(entry)
    }

    /// Whether an entry could be added now: the folder takes files, the lock can be had, and the
    /// last entries are in order. For asking before long work that ends with an entry; creates
    /// the folder and the lock's file, nothing else.
    ///
    /// Fails as [`Ledger::append`] would.
    pub fn ready(&self) -> Result<(), AgreementError> {
        fs::create_dir_all(&self.dir, Access::Private)?;
        let _lock = self.lock()?;
        self.last_entry()?;
        if fs::metadata(&self.path())?.is_some() {
            fs::open_append(&self.path(), Access::Private)?;
        }
        Ok(())
    }

    /// Checks every line, also against `heads.jsonl` and heads noted elsewhere. Fails only
    /// when the files cannot be read: faults are the answer.
    pub fn verify(&self, noted: &[Head]) -> Result<Verification, AgreementError> {
        self.each_line(noted, &mut |_| {})
    }

    /// Calls `visit` for every entry in order, with its line, then says what the check of the
    /// chain found. Nothing but the check is held in memory.
    ///
    /// A caller that relies on the entries must look at the faults before it does.
    pub fn scan(&self, visit: &mut dyn FnMut(&str, Entry)) -> Result<Verification, AgreementError> {
        self.each_line(&[], &mut |line| {
            if let Some((text, entry)) = lines::entry(line) {
                visit(text, entry);
            }
        })
    }

    /// All entries. Fails when the chain does not hold; a torn last line is told beside them.
    pub fn read_all(&self) -> Result<Reading, AgreementError> {
        let mut entries = Vec::new();
        let found = self.scan(&mut |_, entry| entries.push(entry))?;
        self.refuse_faults(&found.faults)?;
        Ok(Reading { entries, torn: found.torn, later: found.later })
    }

    /// The same, and of a file that has not changed since it was read the same reading again:
    /// for a run that asks about many datasets.
    ///
    /// Fails as [`Ledger::read_all`] does.
    pub fn reading(&self) -> Result<Arc<Reading>, AgreementError> {
        let stamp: Stamp = fs::metadata(&self.path())?.map(|metadata| (metadata.len(), metadata.modified().ok()));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, reading)) = last.as_ref()
            && *known == stamp
        {
            return Ok(reading.clone());
        }
        let reading = Arc::new(self.read_all()?);
        *last = Some((stamp, reading.clone()));
        Ok(reading)
    }

    /// Where the ledger stands, by its last entries. `None` for one without entries.
    pub fn head(&self) -> Result<Option<Head>, AgreementError> {
        Ok(self.last_entry()?.map(|entry| entry.head()))
    }

    /// Ends a torn last line: with its line break when the entry is whole, else by moving the
    /// piece to `ledger.torn-<n>`. No other fault is touched.
    pub fn repair(&self) -> Result<Repair, AgreementError> {
        if fs::metadata(&self.path())?.is_none() {
            return Ok(Repair::NothingTorn);
        }
        let _lock = self.lock()?;
        let found = self.check_lines(Vec::new(), u64::MAX, &mut |_| {})?;
        let Some(torn) = found.torn else { return Ok(Repair::NothingTorn) };
        let file = PositionalFile::open_or_create(&self.path(), Access::Private)?;
        let length = file.len()?;
        if let (true, Some(head)) = (torn.complete, &found.head) {
            file.write_at(b"\n", length)?;
            file.sync_data()?;
            return Ok(Repair::Completed { sequence: head.sequence });
        }
        let start = length.saturating_sub(torn.bytes);
        let piece = lines::bytes_from(&self.path(), start)?;
        let path = self.set_aside(&piece)?;
        file.set_len(start)?;
        file.sync_data()?;
        Ok(Repair::SetAside { path, bytes: torn.bytes })
    }

    fn heads(&self) -> Heads {
        Heads::of(&self.dir)
    }

    fn lock(&self) -> Result<FileLock, AgreementError> {
        let path = self.dir.join("ledger.lock");
        let lock = FileLock::wait(&path, PATIENCE, || {})?.ok_or(AgreementError::Busy { path: self.path() })?;
        lock.sweep_beside();
        Ok(lock)
    }

    /// The last entry, once the entries before it and the last noted head agree with it.
    fn last_entry(&self) -> Result<Option<Entry>, AgreementError> {
        // Heads are noted after their entry: whatever is noted now must be in the file.
        let noted = self.heads().last()?;
        let window = lines::window(&self.path(), CHECKED_BEFORE_APPENDING)?;
        let noted: Vec<Head> = noted.into_iter().collect();
        let mut check = if window.from_start { ChainCheck::new(noted) } else { ChainCheck::from_middle(noted) };
        let mut last = None;
        for line in window.lines() {
            check.line(line);
            last = lines::entry(line).or(last);
        }
        let found = check.finish();
        if let Some(torn) = found.torn {
            return Err(AgreementError::Torn { path: self.path(), torn });
        }
        self.refuse_faults(&found.faults)?;
        if let Some(LaterEntry { sequence, what, tool }) = found.later.into_iter().next_back() {
            return Err(AgreementError::Newer { path: self.path(), sequence, what, tool });
        }
        Ok(last.map(|(_, entry)| entry))
    }

    fn write(&self, line: &str) -> Result<(), AgreementError> {
        if line.len() >= lines::LONGEST {
            return Err(AgreementError::TooLarge { bytes: line.len(), limit: lines::LONGEST });
        }
        let path = self.path();
        let length = fs::metadata(&path)?.map(|metadata| metadata.len());
        fs::append_line(&path, line, Access::Private).inspect_err(|_| {
            // The lock is held: what stands behind the old end is our own unfinished write.
            if let Ok(file) = PositionalFile::open_or_create(&path, Access::Private) {
                let _ = file.set_len(length.unwrap_or(0));
            }
        })?;
        Ok(())
    }

    /// Reads up to an end that stood at the end of a line. Where there is none, another run
    /// may be writing, so the ledger is read with the lock.
    fn each_line(&self, noted: &[Head], visit: &mut dyn FnMut(&[u8])) -> Result<Verification, AgreementError> {
        // Heads are read first: what was noted by then is in the file.
        let mut all = noted.to_vec();
        all.extend(self.heads().all()?);
        let window = lines::window(&self.path(), 1)?;
        if window.is_torn() {
            let _lock = self.lock()?;
            return self.check_lines(all, u64::MAX, visit);
        }
        self.check_lines(all, window.end, visit)
    }

    fn check_lines(
        &self,
        noted: Vec<Head>,
        end: u64,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<Verification, AgreementError> {
        let mut check = ChainCheck::new(noted);
        lines::each(&self.path(), end, &mut |line| {
            check.line(line);
            visit(line);
        })?;
        Ok(check.finish())
    }

    fn refuse_faults(&self, faults: &[ChainFault]) -> Result<(), AgreementError> {
        match faults {
            [] => Ok(()),
            [first, ..] => {
                Err(AgreementError::Broken { path: self.path(), first: Box::new(first.clone()), count: faults.len() })
            }
        }
    }

    fn set_aside(&self, piece: &[u8]) -> Result<PathBuf, AgreementError> {
        let mut number = 1;
        loop {
            let path = self.dir.join(format!("ledger.torn-{number}"));
            if fs::metadata(&path)?.is_none() {
                fs::atomic_write(&path, piece, Access::Private)?;
                return Ok(path);
            }
            number += 1;
        }
    }
}

/// A random id for a new ledger.
fn new_id() -> Result<String, AgreementError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(AgreementError::NoRandomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// How long to wait for other runs. Each holds the lock for two syncs of a disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many of the last entries are checked before one is added.
const CHECKED_BEFORE_APPENDING: usize = 16;

#[cfg(test)]
mod tests;
