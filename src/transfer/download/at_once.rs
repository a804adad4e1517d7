//! Files that come in one go, without a part: small bodies, and files of this machine.

use std::path::Path;

use crate::fs;
use crate::net::Response;
use crate::plan::HttpRequest;
use crate::transfer::content::{self, Opening};
use crate::transfer::digests;
use crate::transfer::encoding::{BROKEN_ENCODING, MOST_DECODED, copy_hashed, decoded, must_decode};
use crate::transfer::file::Failed;
use crate::transfer::job::Done;
use crate::values::ByteSize;

use super::{Download, SMALL, short};

impl Download<'_> {
    /// A small body: in memory, hashed and written in one go.
    pub(super) async fn in_memory(&mut self, mut response: Response, request: &HttpRequest) -> Result<Done, Failed> {
        let declared = response.content_length().unwrap_or(0);
        let mut body = Vec::with_capacity(usize::try_from(declared.min(SMALL)).unwrap_or(0));
        let mut opening = if self.encoding.is_none() { Opening::new(Vec::new()) } else { Opening::closed() };
        loop {
            let piece = match response.next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    self.refuse_page(opening.end())?;
                    return Err(error.into());
                }
            };
            self.refuse_page(opening.take(&piece))?;
            body.extend_from_slice(&piece);
            self.reached = body.len() as u64;
            self.received += piece.len() as u64;
            // A small body that is too long is taken to its end: its digest is told.
            let is_taken = self.encoding.is_none() && !self.job.expected.digests.is_empty() && declared <= SMALL;
            if !is_taken && self.limit().is_some_and(|limit| body.len() as u64 > limit) {
                self.refuse_page(opening.end())?;
                return Err(self.too_long());
            }
            self.progress(piece.len() as u64);
        }
        drop(response);
        self.refuse_page(opening.end())?;
        if let (Some(size), None) = (self.job.expected.size, &self.encoding)
            && (body.len() as u64) < size.0
            && !self.is_another(Some(declared), body.len() as u64)
        {
            return Err(short(request, body.len() as u64, size.0));
        }
        let said_encoded = self.encoding.is_some();
        self.believe_encoding(&body)?;
        let wanted: Vec<_> = self.algorithms();
        let (expected, encoding) = (self.job.expected.digests.clone(), self.encoding.clone());
        let (target, access, name) = (self.job.target.clone(), self.job.access, self.job.file.clone());
        let most = self.job.expected.size.map_or(MOST_DECODED, |size| size.0);
        // One thread hashes and writes: handing a small body on costs more than either. Until it
        // is proven it counts for nothing there, and it goes where it is not.
        let written = tokio::task::spawn_blocking(move || {
            let mut digests = digests::of_bytes(&body, wanted.iter().copied());
            if encoding.is_some() && must_decode(&name, &expected, &digests) {
                let Some(plain) = decoded(&body[..], most, &target)? else { return Ok(None) };
                body = plain;
                digests = digests::of_bytes(&body, wanted);
            }
            let first = said_encoded.then(|| content::first(&body));
            fs::write_unsynced(&target, &body, access)?;
            Ok(Some((body.len() as u64, first, digests)))
        });
        let Some((size, first, digests)) = self.joined(written.await)? else {
            return Err(Failed::Over(BROKEN_ENCODING));
        };
        // Now without the transport encoding that it had, or was said to have.
        let verified = self.refuse_page(first).and_then(|()| self.proven(&digests, size));
        if verified.is_err() {
            fs::remove_file(&self.job.target).map_err(|error| self.fs(error))?;
        }
        Ok(self.done(ByteSize(size), digests[0], verified?, request))
    }

    /// A file that is on this machine already: copied, and proven like any other.
    pub(super) async fn take_local(&mut self, path: &Path) -> Result<Done, Failed> {
        let (from, to, access, wanted) =
            (path.to_path_buf(), self.job.target.clone(), self.job.access, self.algorithms());
        let copied = tokio::task::spawn_blocking(move || {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent, access)?;
            }
            fs::remove_file(&to)?;
            copy_hashed(&from, &to, access, &wanted)
        });
        let (size, digests) = self.joined(copied.await)?;
        if let Err(failed) = self.proven(&digests, size) {
            fs::remove_file(&self.job.target).map_err(|error| self.fs(error))?;
            return Err(failed);
        }
        let verified = self.proven(&digests, size)?;
        let (size, sha256) = (ByteSize(size), digests[0]);
        let (stated, downloaded) = (Vec::new(), ByteSize::ZERO);
        Ok(Done { size, sha256, verified, stated, url: None, downloaded, wrapped: false })
    }
}
