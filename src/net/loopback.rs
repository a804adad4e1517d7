//! A server on this machine for bytes that the program carries with it.
//!
//! The demonstration sets are fetched like any other, so they need a host: this one. It
//! listens on a free loopback port, answers GET with `Range` (RFC 9110 section 14) and a
//! strong entity tag, and ends with the value that holds it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::values::{Digest, SafeUrl};

/// A running server; stops when dropped.
#[derive(Debug)]
pub struct Loopback {
    base: SafeUrl,
    task: JoinHandle<()>,
}

/// Files by their path without the leading `/`.
pub type Served = BTreeMap<String, &'static [u8]>;

impl Loopback {
    /// Serves these files until dropped. Fails when no loopback port can be had.
    pub async fn serve(files: Served) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = SafeUrl::parse(&format!("http://{}/", listener.local_addr()?)).map_err(std::io::Error::other)?;
        let task = tokio::spawn(accept(listener, Arc::new(files)));
        Ok(Self { base, task })
    }

    /// Its address, ending in `/`.
    pub fn base(&self) -> &SafeUrl {
        &self.base
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, files: Arc<Served>) {
    while let Ok((stream, _)) = listener.accept().await {
        let files = files.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let answer = answer(&files, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            // A client that goes away in the middle is its own business.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer<B>(files: &Served, request: &Request<B>) -> Response<Full<Bytes>> {
    let path = request.uri().path().trim_start_matches('/');
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let Some(bytes) = files.get(path.as_ref()) else { return plain(StatusCode::NOT_FOUND) };
    let tag = format!("\"{}\"", &Digest::sha256(bytes).hex()[..16]);
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let wanted = header(RANGE).filter(|_| header(IF_RANGE).is_none_or(|one| one == tag));
    let mut response = match wanted.map(|range| parse_range(range, bytes.len())) {
        None => Response::new(Full::new(Bytes::from_static(bytes))),
        Some(None) => plain(StatusCode::RANGE_NOT_SATISFIABLE),
        Some(Some((first, last))) => {
            let mut response = Response::new(Full::new(Bytes::from_static(&bytes[first..=last])));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            if let Ok(value) = format!("bytes {first}-{last}/{}", bytes.len()).parse() {
                response.headers_mut().insert(CONTENT_RANGE, value);
            }
            response
        }
    };
    if let (Ok(tag), Ok(unit)) = (tag.parse(), "bytes".parse()) {
        response.headers_mut().insert(ETAG, tag);
        response.headers_mut().insert(ACCEPT_RANGES, unit);
    }
    response
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// One range of the forms `bytes=A-B`, `bytes=A-` and `bytes=-N`, as first and last offset.
fn parse_range(text: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first.parse::<usize>().ok(), last.parse::<usize>().ok()) {
        (Some(first), Some(last)) => (first, last.min(length.checked_sub(1)?)),
        (Some(first), None) if last.is_empty() => (first, length.checked_sub(1)?),
        (None, Some(count)) if first.is_empty() => (length.saturating_sub(count), length.checked_sub(1)?),
        _ => return None,
    };
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_forms_of_a_range() {
        #[track_caller]
        fn check(text: &str, expected: Option<(usize, usize)>) {
            assert_eq!(parse_range(text, 10), expected, "{text}");
        }
        check("bytes=0-0", Some((0, 0)));
        check("bytes=5-", Some((5, 9)));
        check("bytes=5-99", Some((5, 9)));
        check("bytes=-3", Some((7, 9)));
        check("bytes=10-", None);
        check("bytes=4-2", None);
        check("bytes=a-b", None);
        check("items=0-1", None);
    }
}
