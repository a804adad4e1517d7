//! Requests that somebody else has made, headers and signature and all: those of `object_store`.
//!
//! They travel like our own: rewritten just before connecting, through the proxy, within the
//! places at the host, never when offline, and over plain `http` to this machine alone or where
//! a rewriting rule said `insecure`. Redirects are not followed: whoever signed a request signed
//! one address. Answers are small and are read whole; what is large comes through `transfer`.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{Body, Method};

use crate::values::{ByteSize, SafeUrl};

use super::client::Client;
use super::error::NetError;
use super::failure;

/// A request as it goes out.
#[derive(Debug)]
pub struct Exchange {
    /// Method.
    pub method: Method,
    /// The address.
    pub url: SafeUrl,
    /// All headers.
    pub headers: HeaderMap,
    /// The pieces of the body.
    pub body: Vec<Bytes>,
    /// Whether plain `http` to another machine was allowed by a rewriting rule.
    pub insecure: bool,
}

/// What was answered.
#[derive(Debug)]
pub struct Exchanged {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// Sends a request and reads its answer, whatever status that has. One attempt.
    ///
    /// # Errors
    /// No answer, or one of more than 64 MiB.
    pub async fn exchange(&self, request: Exchange) -> Result<Exchanged, NetError> {
        if self.settings().offline && !request.url.is_loopback() {
            return Err(NetError::Offline { needed: vec![request.url] });
        }
        let size: usize = request.body.iter().map(Bytes::len).sum();
        let body = match request.body.len() {
            0 | 1 => Body::from(request.body.into_iter().next().unwrap_or_default()),
            _ => Body::wrap_stream(futures_util::stream::iter(request.body.into_iter().map(Ok::<_, std::io::Error>))),
        };
        let is_ranged = request.headers.contains_key("range");
        // What is slower is no connection to send data over.
        let patience = self.settings().header_timeout + Duration::from_secs((size / SLOWEST) as u64);
        let sent = self.send_as_it_is(request.method, &request.url, request.headers, body, request.insecure, patience);
        let (answer, hop, place) = sent.await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        tracing::debug!(url = %request.url, status, size, "exchanged");
        // Of a store, 412 and 416 say something else.
        let unasked = failure::of_unasked_range(status, &request.url).filter(|_| status == 206 && !is_ranged);
        if let Some(error) = unasked {
            return Err(error);
        }
        let mut response = self.respond(answer, hop, place);
        let mut bytes = BytesMut::new();
        while let Some(piece) = response.next().await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > LIMIT.0 {
                return Err(NetError::TooLarge { url: request.url, limit: LIMIT });
            }
        }
        Ok(Exchanged { status, headers, body: bytes.freeze() })
    }
}

/// Bytes in a second that a body is given time for.
const SLOWEST: usize = 16 << 10;

/// The largest answer.
const LIMIT: ByteSize = ByteSize(64 << 20);
