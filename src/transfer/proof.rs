//! What came, compared with what is known of the file.

use std::io::Read as _;

use crate::fs::{self, FsError};
use crate::values::{ByteSize, Digest};

use super::content::{self, Opening};
use super::digests;
use super::download::{Download, SMALL};
use super::error::TransferError;
use super::file::Failed;
use super::job::Verified;
use super::part::Part;

impl Download<'_> {
    /// More than this many bytes are never taken.
    pub(super) fn limit(&self) -> Option<u64> {
        let size = self.job.expected.size?.0;
        Some(if self.encoding.is_some() { size.saturating_mul(2).saturating_add(SMALL) } else { size })
    }

    pub(super) fn too_long(&self) -> Failed {
        let expected = self.job.expected.size.unwrap_or_default();
        Failed::Final(TransferError::TooLong { file: self.job.file.clone(), expected })
    }

    /// Ends a download that brought a page in the place of data; nothing of it stays. `first`
    /// are its first bytes, where there are enough of them.
    pub(super) fn refuse_page(&mut self, first: Option<Vec<u8>>) -> Result<(), Failed> {
        let Some(title) = first.and_then(|first| content::web_page(&self.job.file, &first)) else { return Ok(()) };
        self.discard();
        Err(Failed::Final(TransferError::WrongContent { file: self.job.file.clone(), title }))
    }

    /// The first bytes of a body that begins at `offset`, as far as the part holds them.
    pub(super) fn opening(&self, part: &Part, offset: u64) -> Result<Opening, Failed> {
        if offset >= content::ENOUGH as u64 || self.encoding.is_some() {
            return Ok(Opening::closed());
        }
        Ok(Opening::new(self.first_of(part, offset)?))
    }

    /// The first bytes of a part, so many at most.
    pub(super) fn first_of(&self, part: &Part, bytes: u64) -> Result<Vec<u8>, Failed> {
        let mut first = Vec::new();
        let read = fs::open(part.path()).and_then(|file| {
            file.take(bytes).read_to_end(&mut first).map_err(|error| FsError::new("read", part.path(), error))
        });
        read.map_err(|error| self.fs(error))?;
        Ok(first)
    }

    /// Looks at the first bytes of a body that is said to be encoded. Some hosts say so of bytes
    /// that are not; and an encoding that was not asked for and is not known cannot be undone.
    pub(super) fn believe_encoding(&mut self, first: &[u8]) -> Result<(), Failed> {
        match self.encoding.as_deref() {
            None => Ok(()),
            Some("gzip" | "x-gzip") => {
                self.encoding = self.encoding.take().filter(|_| first.starts_with(&[0x1f, 0x8b]));
                Ok(())
            }
            // The digest will tell whether they are the bytes that are meant.
            Some(_) if !self.job.expected.digests.is_empty() => {
                self.encoding = None;
                Ok(())
            }
            Some(_) => Err(Failed::Over("it came with a transport encoding that was not asked for")),
        }
    }

    /// Whether an answer that came to its declared end is a whole body of other bytes, and not one
    /// that another attempt would bring more of: it is empty, or what it was to be is known by its
    /// digest. For small bodies; the rest of a larger one may still come when it is asked for.
    pub(super) fn is_another(&self, declared: Option<u64>, received: u64) -> bool {
        let is_told = received == 0 || !self.job.expected.digests.is_empty();
        self.encoding.is_none() && declared == Some(received) && is_told
    }

    /// Compares with everything known. What was known beforehand is stronger than what comes along. A file of
    /// which nothing is known must at least hold something.
    pub(super) fn proven(&self, digests: &[Digest], size: u64) -> Result<Verified, Failed> {
        let expected = &self.job.expected;
        if let Some(known) = expected.size.filter(|known| known.0 != size) {
            if let Some((expected, received)) = digests::mismatch(&expected.digests, digests) {
                let file = self.job.file.clone();
                return Err(Failed::Final(TransferError::Mismatch { file, expected, received }));
            }
            let (file, expected, received) = (self.job.file.clone(), known, ByteSize(size));
            return Err(Failed::Final(match size {
                0 => TransferError::OtherSize { file, expected, found: received },
                _ if size > known.0 => TransferError::TooLong { file, expected },
                _ => TransferError::Truncated { file, expected, received },
            }));
        }
        let stated: &[Digest] = if self.encoding.is_some() { &[] } else { &self.stated };
        for known in [expected.digests.as_slice(), stated] {
            if let Some((expected, received)) = digests::mismatch(known, digests) {
                let file = self.job.file.clone();
                return Err(Failed::Final(TransferError::Mismatch { file, expected, received }));
            }
        }
        let is_nothing = size == 0 && expected.size.is_none() && expected.digests.is_empty() && stated.is_empty();
        if is_nothing && !expected.as_it_comes {
            return Err(Failed::Final(TransferError::Nothing { file: self.job.file.clone() }));
        }
        Ok(match (expected.digests.is_empty(), stated.is_empty(), expected.size) {
            (false, _, _) => Verified::Known,
            (true, false, _) => Verified::Header,
            (true, true, Some(_)) => Verified::Size,
            (true, true, None) => Verified::Nothing,
        })
    }
}
