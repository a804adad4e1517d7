//! The growing file, and readers that follow it.
//!
//! Connections write at positions; the part knows which bytes are held. Readers follow the
//! prefix without a gap while it grows, reading from the page cache what was just written: so
//! hashing, and unpacking of stream formats, need no second pass. When the file turns out to
//! be another version, the part starts over and every reader hears of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::fs::{self, Access, FsError, PositionalFile};
use crate::net::Validator;
use crate::values::{ByteSize, Digest, SafeUrl};

use super::extents::Extents;
use super::journal::{self, FORMAT, Journal};

/// A file that grows.
#[derive(Debug)]
pub struct Part {
    file: PositionalFile,
    path: PathBuf,
    access: Access,
    state: Mutex<State>,
    grown: Condvar,
    /// Shared by writes; a start-over waits for those under way, so that none of them lands
    /// on bytes of the next version.
    writing: RwLock<()>,
}

#[derive(Debug)]
struct State {
    held: Extents,
    total: Option<u64>,
    validator: Option<Validator>,
    /// Digests of the whole file that the host has stated.
    stated: Vec<Digest>,
    url: Option<SafeUrl>,
    host: Option<String>,
    generation: u64,
    ended: Option<Ended>,
    saved: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Whole,
    Failed,
}

/// Why a follower gets no more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Follow {
    /// The part started over: everything read so far is of another version.
    #[error("the file started over")]
    Restarted,
    /// The download ended before the file was whole.
    #[error("the download ended early")]
    Failed,
}

impl Part {
    /// Opens a part, keeping what its journal says if it can be continued (see
    /// [`Journal::is_usable`]), else empty.
    pub fn open(path: &Path, access: Access, proven: bool) -> Result<Arc<Self>, FsError> {
        let journal = Journal::read(path).filter(|journal| journal.is_usable(proven));
        if journal.is_none() {
            journal::discard(path)?;
        }
        let file = PositionalFile::open_or_create(path, access)?;
        let (held, total, validator, stated, host) = match journal {
            Some(one) => (one.held, one.total.map(|total| total.0), one.validator, one.stated, one.host),
            None => (Extents::default(), None, None, Vec::new(), None),
        };
        let (generation, ended, saved) = (0, None, Instant::now());
        let state = State { held, total, validator, stated, url: None, host, generation, ended, saved };
        Ok(Arc::new(Self {
            file,
            path: path.to_path_buf(),
            access,
            state: Mutex::new(state),
            grown: Condvar::new(),
            writing: RwLock::default(),
        }))
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is held, if anything, may have come from the host of an address.
    pub fn may_be_of(&self, url: &SafeUrl) -> bool {
        self.locked().host.as_ref().is_none_or(|host| host == url.host())
    }

    /// Bytes held.
    pub fn held(&self) -> u64 {
        self.locked().held.held()
    }

    /// Bytes held from the start without a gap.
    pub fn prefix(&self) -> u64 {
        self.locked().held.prefix()
    }

    /// Size of the whole file, where it is known.
    pub fn total(&self) -> Option<u64> {
        self.locked().total
    }

    /// The version that is held.
    pub fn validator(&self) -> Option<Validator> {
        self.locked().validator.clone()
    }

    /// Digests of the whole file that the host has stated.
    pub fn stated(&self) -> Vec<Digest> {
        self.locked().stated.clone()
    }

    /// Notes digests of the whole file that the host states.
    pub fn state(&self, digests: &[Digest]) {
        let mut state = self.locked();
        for digest in digests {
            if !state.stated.contains(digest) {
                state.stated.push(*digest);
            }
        }
    }

    /// Forgets them: an answer begins the file anew.
    pub fn forget_stated(&self) {
        self.locked().stated.clear();
    }

    /// Which start this is; writes name it, so that late ones of an earlier start are dropped.
    pub fn generation(&self) -> u64 {
        self.locked().generation
    }

    /// Ranges still to be had, in pieces.
    pub fn missing(&self, total: u64, piece: u64) -> Vec<(u64, u64)> {
        self.locked().held.missing(total, piece)
    }

    /// Notes what the first answer says of the file.
    pub fn begin(&self, url: &SafeUrl, validator: Option<Validator>, total: Option<u64>) {
        let mut state = self.locked();
        state.url = Some(url.clone());
        state.host = Some(url.host().to_owned());
        if state.validator.is_none() && state.held.held() == 0 {
            state.validator = validator;
        }
        state.total = state.total.or(total);
        self.grown.notify_all();
    }

    /// Writes bytes and tells the followers; dropped when the part has started over since
    /// `generation`. Writes the journal when half a second has passed. Answers how many of them
    /// were not held before. Blocks.
    pub fn write(&self, offset: u64, bytes: &[u8], generation: u64) -> Result<u64, FsError> {
        let _writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
        if self.locked().generation != generation {
            return Ok(0);
        }
        self.file.write_at(bytes, offset)?;
        let (journal, new) = {
            let mut state = self.locked();
            if state.generation != generation {
                return Ok(0);
            }
            let before = state.held.held();
            state.held.add(offset, offset + bytes.len() as u64);
            self.grown.notify_all();
            // What is thrown away gets no journal any more.
            let due = state.ended.is_none() && state.saved.elapsed() >= Duration::from_millis(500);
            if due {
                state.saved = Instant::now();
            }
            (due.then(|| self.journal_of(&state)), state.held.held() - before)
        };
        journal.map_or(Ok(()), |journal| journal.write(&self.path, self.access)).map(|()| new)
    }

    /// Throws away what is held. Followers start over.
    pub fn restart(&self) -> Result<(), FsError> {
        let _alone = self.writing.write().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.locked();
        state.generation += 1;
        state.held = Extents::default();
        state.total = None;
        state.validator = None;
        state.host = None;
        state.stated.clear();
        state.ended = None;
        self.file.set_len(0)?;
        self.grown.notify_all();
        drop(state);
        fs::remove_file(&journal::path_of(&self.path))
    }

    /// Writes the journal now.
    pub fn save(&self) -> Result<(), FsError> {
        let journal = self.journal_of(&self.locked());
        if journal.held.held() == 0 { Ok(()) } else { journal.write(&self.path, self.access) }
    }

    /// Ends it as a file of `total` bytes; followers read to the end and stop. Whether it is
    /// whole.
    pub fn finish(&self, total: u64) -> bool {
        let mut state = self.locked();
        let whole = state.held.is_whole(total);
        state.total = Some(total);
        state.ended = Some(if whole { Ended::Whole } else { Ended::Failed });
        self.grown.notify_all();
        whole
    }

    /// Ends it unfinished; followers stop.
    pub fn fail(&self) {
        let mut state = self.locked();
        state.ended.get_or_insert(Ended::Failed);
        self.grown.notify_all();
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn journal_of(&self, state: &State) -> Journal {
        Journal {
            v: FORMAT,
            url: state.url.clone(),
            host: state.host.clone(),
            validator: state.validator.clone(),
            stated: state.stated.clone(),
            total: state.total.map(ByteSize),
            held: state.held.clone(),
            boot: fs::boot_id(),
        }
    }

    /// A reader from the start.
    pub fn reader(self: &Arc<Self>) -> PrefixReader {
        PrefixReader { part: self.clone(), at: 0, generation: self.generation() }
    }
}

/// Reads a part from its start, waiting for bytes that have not arrived yet.
#[derive(Debug)]
pub struct PrefixReader {
    part: Arc<Part>,
    at: u64,
    generation: u64,
}

impl PrefixReader {
    /// The next bytes; zero at the end of a whole file.
    pub fn follow(&mut self, buffer: &mut [u8]) -> Result<Result<usize, Follow>, FsError> {
        let until = match self.wait() {
            Ok(until) => until,
            Err(follow) => return Ok(Err(follow)),
        };
        let most = usize::try_from(until - self.at).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(Ok(0));
        }
        let read = self.part.file.read_at(&mut buffer[..most], self.at)?;
        if self.part.generation() != self.generation {
            return Ok(Err(Follow::Restarted));
        }
        self.at += read as u64;
        Ok(Ok(read))
    }

    /// Begins again after the part has started over.
    pub fn rewind(&mut self) {
        self.at = 0;
        self.generation = self.part.generation();
    }

    /// Size of the whole file; waits until it is known. `None` when the download failed.
    pub fn total(&self) -> Option<u64> {
        let mut state = self.part.locked();
        loop {
            if state.total.is_some() || state.ended.is_some() {
                return state.total;
            }
            state = self.part.grown.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for bytes behind the reader's place, or the end.
    fn wait(&self) -> Result<u64, Follow> {
        let mut state = self.part.locked();
        loop {
            if state.generation != self.generation {
                return Err(Follow::Restarted);
            }
            let prefix = state.held.prefix();
            if prefix > self.at || state.ended == Some(Ended::Whole) {
                return Ok(prefix.max(self.at));
            }
            if state.ended == Some(Ended::Failed) {
                return Err(Follow::Failed);
            }
            state = self.part.grown.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl io::Read for PrefixReader {
    /// As [`PrefixReader::follow`]; a start-over and a failure are errors, so that an unpacker
    /// stops and its work is thrown away.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.follow(buffer).map_err(io::Error::other)?.map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn part(folder: &Path) -> Arc<Part> {
        Part::open(&folder.join("x.part"), Access::Private, true).unwrap()
    }

    #[test]
    fn a_reader_follows_the_prefix_while_pieces_come_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let part = part(folder.path());
        let mut reader = part.reader();
        let follower = std::thread::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        part.write(5, b"world", 0).unwrap();
        part.write(0, b"hello", 0).unwrap();
        assert!(part.finish(10));
        assert_eq!(follower.join().unwrap().unwrap(), "helloworld");
    }

    #[test]
    fn a_start_over_reaches_readers_and_drops_late_writes() {
        let folder = tempfile::tempdir().unwrap();
        let part = part(folder.path());
        let mut reader = part.reader();
        part.write(0, b"old", 0).unwrap();
        part.restart().unwrap();
        part.write(3, b"late", 0).unwrap();
        assert_eq!(part.held(), 0);
        let mut buffer = [0; 8];
        assert_eq!(reader.follow(&mut buffer).unwrap(), Err(Follow::Restarted));
        reader.rewind();
        part.write(0, b"new!", 1).unwrap();
        assert!(part.finish(4));
        assert_eq!(reader.follow(&mut buffer).unwrap(), Ok(4));
        assert_eq!(&buffer[..4], b"new!");
        assert_eq!(reader.follow(&mut buffer).unwrap(), Ok(0));
    }

    #[test]
    fn an_unfinished_download_is_no_end_of_file() {
        let folder = tempfile::tempdir().unwrap();
        let part = part(folder.path());
        part.write(0, b"abc", 0).unwrap();
        assert!(!part.finish(10));
        let mut text = Vec::new();
        assert!(part.reader().read_to_end(&mut text).is_err());
    }
}
