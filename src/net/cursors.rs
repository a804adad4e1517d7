//! What stops a list that never ends.
//!
//! A list comes in pages, and each names the next one, by an address or a token. A host in
//! disorder, or a hostile one, can lead in a circle or on for ever, and what it lists is held
//! in memory. Each page has a largest size of its own; here all pages of a list are counted.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use crate::values::ByteSize;

use super::client::Client;

/// The pages of one list that were asked for so far, and what is held of them.
#[derive(Debug)]
pub struct Cursors {
    seen: HashSet<[u8; 32]>,
    /// Steps since the last entry.
    empty: usize,
    entries: u64,
    bytes: u64,
    limit: ListLimit,
}

/// The most that one list may be, over all its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListLimit {
    /// Entries: files, or whatever else is listed.
    pub entries: u64,
    /// Bytes of memory that they take.
    pub bytes: ByteSize,
}

impl Default for ListLimit {
    /// Ten times the largest dataset of the catalogue.
    fn default() -> Self {
        Self { entries: 5_000_000, bytes: ByteSize(2 << 30) }
    }
}

/// Why a further page is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// The list leads in a circle.
    #[error("its list leads back to a page that it gave before")]
    Again,
    /// The list has too many pages.
    #[error("its list has more than {MOST_PAGES} pages")]
    TooMany,
    /// The list goes on and on, and holds nothing.
    #[error("{MOST_EMPTY} pages of its list in a row hold nothing, and each leads to another")]
    Empty,
    /// The list has too many entries.
    #[error("its list has more than {most} entries: it is not read further")]
    TooLong {
        /// The most that are read.
        most: u64,
    },
    /// The entries are too large.
    #[error("its list takes more than {most}: it is not read further")]
    TooLarge {
        /// The most that is held.
        most: ByteSize,
    },
}

impl Client {
    /// For a list of which nothing was asked for yet.
    pub fn cursors(&self) -> Cursors {
        Cursors::new(self.settings().list_limit)
    }
}

impl Cursors {
    /// For a list of which nothing was asked for yet, and that may be so long.
    pub fn new(limit: ListLimit) -> Self {
        Self { seen: HashSet::new(), empty: 0, entries: 0, bytes: 0, limit }
    }

    /// Notes that the list has one more entry, of which so many bytes are held.
    ///
    /// # Errors
    /// There are too many of them, or all together take too much.
    pub fn hold(&mut self, bytes: usize) -> Result<(), CursorError> {
        self.empty = 0;
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.entries > self.limit.entries {
            return Err(CursorError::TooLong { most: self.limit.entries });
        }
        if self.bytes > self.limit.bytes.0 {
            return Err(CursorError::TooLarge { most: self.limit.bytes });
        }
        Ok(())
    }

    /// Notes that the page behind `cursor` is asked for now.
    ///
    /// # Errors
    /// It was asked for before, or too many were. A page without an entry is legal, and so are some
    /// in a row, as a store sends them that passes over what was deleted; a thousand are not.
    pub fn step(&mut self, cursor: impl AsRef<[u8]>) -> Result<(), CursorError> {
        if self.seen.len() >= MOST_PAGES {
            return Err(CursorError::TooMany);
        }
        // A cursor may be long, and there may be many.
        if !self.seen.insert(Sha256::digest(cursor.as_ref()).into()) {
            return Err(CursorError::Again);
        }
        self.empty += 1;
        if self.empty > MOST_EMPTY { Err(CursorError::Empty) } else { Ok(()) }
    }
}

/// At a hundred files a page these are ten million files.
const MOST_PAGES: usize = 100_000;

const MOST_EMPTY: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_and_lists_without_end_are_told() {
        let mut cursors = Cursors::new(ListLimit::default());
        assert_eq!(["", "a", "b"].map(|cursor| cursors.step(cursor)), [Ok(()); 3]);
        assert_eq!(cursors.step("a"), Err(CursorError::Again), "not only the page before");
        let mut cursors = Cursors::new(ListLimit::default());
        let turns = (0..MOST_PAGES).all(|page| cursors.step(page.to_string()).is_ok() && cursors.hold(1).is_ok());
        assert!(turns);
        assert_eq!(cursors.step("one more"), Err(CursorError::TooMany));
    }

    #[test]
    fn some_empty_pages_are_legal_and_many_in_a_row_are_not() {
        let mut cursors = Cursors::new(ListLimit::default());
        for round in 0..3 {
            assert!((0..MOST_EMPTY).all(|page| cursors.step(format!("{round} {page}")).is_ok()));
            assert_eq!(cursors.hold(0), Ok(()));
        }
        assert!((0..MOST_EMPTY).all(|page| cursors.step(page.to_string()).is_ok()));
        assert_eq!(cursors.step("one more"), Err(CursorError::Empty));
    }

    #[test]
    fn entries_are_counted_and_weighed() {
        let mut cursors = Cursors::new(ListLimit { entries: 2, bytes: ByteSize(100) });
        assert_eq!([60, 40].map(|bytes| cursors.hold(bytes)), [Ok(()); 2]);
        assert_eq!(cursors.hold(0), Err(CursorError::TooLong { most: 2 }));
        let mut cursors = Cursors::new(ListLimit { entries: 2, bytes: ByteSize(100) });
        assert_eq!(cursors.hold(60), Ok(()));
        assert_eq!(cursors.hold(41), Err(CursorError::TooLarge { most: ByteSize(100) }));
    }
}
