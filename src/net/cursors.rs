//! What stops a list that never ends.
//!
//! A list comes in pages, and each names the next one, by an address or a token. A host in
//! disorder, or a hostile one, can lead in a circle or on for ever.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

/// The pages of one list that were asked for so far.
#[derive(Debug, Default)]
pub struct Cursors {
    seen: HashSet<[u8; 32]>,
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
}

impl Cursors {
    /// Notes that the page behind `cursor` is asked for now.
    ///
    /// # Errors
    /// It was asked for before, or too many were.
    pub fn step(&mut self, cursor: impl AsRef<[u8]>) -> Result<(), CursorError> {
        if self.seen.len() >= MOST_PAGES {
            return Err(CursorError::TooMany);
        }
        // A cursor may be long, and there may be many.
        let is_new = self.seen.insert(Sha256::digest(cursor.as_ref()).into());
        if is_new { Ok(()) } else { Err(CursorError::Again) }
    }
}

/// At a hundred files a page these are ten million files.
const MOST_PAGES: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_and_lists_without_end_are_told() {
        let mut cursors = Cursors::default();
        assert_eq!(["", "a", "b"].map(|cursor| cursors.step(cursor)), [Ok(()); 3]);
        assert_eq!(cursors.step("a"), Err(CursorError::Again), "not only the page before");
        let mut cursors = Cursors::default();
        assert!((0..MOST_PAGES).all(|page| cursors.step(page.to_string()).is_ok()));
        assert_eq!(cursors.step("one more"), Err(CursorError::TooMany));
    }
}
