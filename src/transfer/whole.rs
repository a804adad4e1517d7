//! A body that is the whole file, beside what is held of it already.

use std::sync::Arc;

use crate::net::{NetError, Response};
use crate::plan::HttpRequest;
use crate::values::ByteSize;

use super::answer::Parts;
use super::content;
use super::download::Download;
use super::error::TransferError;
use super::file::Failed;
use super::job::Done;
use super::part::Part;

impl Download<'_> {
    /// Takes a body from zero. What is held of the same version stays, until the body has passed
    /// it; that of another version goes as soon as the body looks like the file.
    pub(super) async fn take_whole(
        &mut self,
        mut response: Response,
        request: &HttpRequest,
        part: Arc<Part>,
    ) -> Result<Done, Failed> {
        let is_new = part.held() == 0 && part.validator().is_none();
        let is_same = self.is_same_version(&response, &part);
        if self.parts == Parts::Refused || (part.held() > 0 && !is_same) {
            self.refuse_another(&mut response).await?;
        }
        match is_same {
            true => self.passed_over = true,
            false if is_new => {}
            false => self.start_over().map_err(|error| self.fs(error))?,
        }
        self.note(&response);
        self.stream(response, request, part, 0).await
    }

    /// Whether a body is of the version that is held. Where the host names none, its digest began
    /// with bytes that this body may not have.
    fn is_same_version(&self, response: &Response, part: &Part) -> bool {
        let is_plain = self.encoding.is_none() && response.content_encoding().is_none();
        let held = part.validator();
        is_plain && held.is_some() && held == response.validator()
    }

    /// Refuses a web page and a body of another size by its head and first bytes, while what is
    /// held is still there.
    async fn refuse_another(&self, response: &mut Response) -> Result<(), Failed> {
        if response.content_encoding().is_some() {
            return Ok(());
        }
        let first = response.peek(content::ENOUGH).await?;
        if let Some(title) = content::web_page(&self.job.file, &first) {
            return Err(Failed::Final(TransferError::WrongContent { file: self.job.file.clone(), title }));
        }
        self.refuse_size(response.content_length())
    }

    /// Refuses a part of a file that has another size at the host than the one that is known
    /// beforehand: it was replaced there, and no byte of it is wanted. Where no part comes, the
    /// whole tells.
    pub(super) fn refuse_other_size(&self, response: &Response) -> Result<(), Failed> {
        let found = response.content_range().and_then(|range| range.total);
        if !matches!(response.status(), 206 | 416) || response.content_encoding().is_some() {
            return Ok(());
        }
        match self.refuse_size(found) {
            Err(Failed::Final(error)) if response.status() == 416 => {
                let reason = format!("the host refuses to send a part of the file (status 416): {error}");
                Err(Failed::Whole(NetError::Protocol { url: response.url().clone(), reason }))
            }
            outcome => outcome,
        }
    }

    fn refuse_size(&self, found: Option<u64>) -> Result<(), Failed> {
        match (self.job.expected.size, found) {
            (Some(expected), Some(found)) if expected.0 != found => {
                let (file, found) = (self.job.file.clone(), ByteSize(found));
                Err(Failed::Final(TransferError::OtherSize { file, expected, found }))
            }
            _ => Ok(()),
        }
    }
}
