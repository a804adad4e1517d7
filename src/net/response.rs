//! An answer whose body arrives piece by piece.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use tokio::time::Instant;

use crate::values::SafeUrl;

use super::error::NetError;
use super::failure;
use super::gate::Place;
use super::limit::Limiter;
use super::patience::StallWatch;
use super::validator::{ContentRange, Validator};

/// The head of an answer and the body behind it. Holds its place at the host until dropped.
#[derive(Debug)]
pub struct Response {
    inner: reqwest::Response,
    url: SafeUrl,
    watch: StallWatch,
    limiter: Option<Arc<Limiter>>,
    /// Bytes that were looked at beforehand.
    ahead: Option<Bytes>,
    _place: Place,
}

impl Response {
    pub(super) fn new(
        inner: reqwest::Response,
        url: SafeUrl,
        watch: StallWatch,
        limiter: Option<Arc<Limiter>>,
        place: Place,
    ) -> Self {
        Self { inner, url, watch, limiter, ahead: None, _place: place }
    }

    /// Status code: 200, and where a range was asked for 206, 412 or 416; everything else became an error.
    pub fn status(&self) -> u16 {
        self.inner.status().as_u16()
    }

    /// Where the bytes come from after all redirects, before rewriting.
    pub fn url(&self) -> &SafeUrl {
        &self.url
    }

    /// A header as text; `None` when absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// A header that may come several times, its values joined by commas (RFC 9110 section 5.3).
    pub fn list(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.headers().get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// Size of this body as declared, if it is.
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// Which bytes these are, if the answer says so readably.
    pub fn content_range(&self) -> Option<ContentRange> {
        ContentRange::parse(self.header("content-range")?)
    }

    /// The transport encoding that was applied though we asked for none; `None` for none.
    pub fn content_encoding(&self) -> Option<String> {
        let encoding = self.header("content-encoding")?.trim().to_ascii_lowercase();
        (!encoding.is_empty() && encoding != "identity").then_some(encoding)
    }

    /// The strongest validator of this version, if it has a strong one.
    pub fn validator(&self) -> Option<Validator> {
        Validator::of(self.headers())
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`NetError::Stalled`] when next to nothing comes for too long, [`NetError::CutShort`]
    /// when the body ends before it is whole, as far as its framing tells.
    pub async fn next(&mut self) -> Result<Option<Bytes>, NetError> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let deadline = self.watch.ask(Instant::now());
        let piece = match tokio::time::timeout_at(deadline, self.inner.chunk()).await {
            Ok(Ok(piece)) => piece,
            Ok(Err(error)) => return Err(failure::of_body(error, &self.url)),
            Err(_) => {
                let what = "too few bytes came";
                return Err(NetError::Stalled { url: self.url.clone(), what, after: self.watch.window() });
            }
        };
        if let Some(piece) = &piece {
            self.watch.received(piece.len(), Instant::now());
            if let Some(limiter) = &self.limiter {
                limiter.pass(piece.len()).await;
            }
        }
        Ok(piece)
    }

    /// The first bytes of the body: so many or more, fewer where it ends before. They come again
    /// by [`Response::next`].
    ///
    /// # Errors
    /// As there.
    pub async fn peek(&mut self, bytes: usize) -> Result<Bytes, NetError> {
        let mut first = BytesMut::new();
        while first.len() < bytes {
            let Some(piece) = self.next().await? else { break };
            first.extend_from_slice(&piece);
        }
        let first = first.freeze();
        self.ahead = Some(first.clone()).filter(|first| !first.is_empty());
        Ok(first)
    }
}
