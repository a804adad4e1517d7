//! Pages and listings: small answers, read whole.

use std::io::Read as _;

use serde::de::DeserializeOwned;

use crate::values::{ByteSize, Printable, SafeUrl};

use super::api::Answer;
use super::client::Client;
use super::error::NetError;
use super::request::HttpRequest;
use super::response::Response;

/// A small answer.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it came from after all redirects.
    pub url: SafeUrl,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The body.
    pub bytes: Vec<u8>,
    headers: reqwest::header::HeaderMap,
}

impl Page {
    /// A header as text, such as `link` for paging.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// Names where the JSON does not fit, never what stood there: it may be a credential.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, NetError> {
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let what = self.content_type.as_deref().map_or("unnamed content", plain_type);
            let place = format!("line {} column {}", error.line(), error.column());
            let kind = match error.classify() {
                serde_json::error::Category::Data => "JSON of another shape than documented",
                _ => "no JSON",
            };
            NetError::Protocol { url: self.url.clone(), reason: format!("{kind} ({what}), at {place}") }
        })
    }
}

impl Client {
    /// Gets a small answer whole, trying again as often as the settings allow.
    ///
    /// # Errors
    /// What a status other than 200 means, or no answer at all.
    pub async fn get_bytes(&self, request: &HttpRequest, limit: ByteSize) -> Result<Page, NetError> {
        let Answer { status, page, error } = self.call(request, limit).await?;
        match error {
            Some(error) => Err(error),
            None if status == 200 => Ok(page),
            None => {
                let reason = format!("status {status} to a request for the whole");
                Err(NetError::Protocol { url: page.url, reason })
            }
        }
    }

    /// Gets a page of text.
    pub async fn get_text(&self, request: &HttpRequest, limit: ByteSize) -> Result<String, NetError> {
        Ok(self.get_bytes(request, limit).await?.text())
    }

    /// Gets a JSON document of at most 64 MiB.
    pub async fn get_json<T: DeserializeOwned>(&self, request: &HttpRequest) -> Result<T, NetError> {
        self.get_bytes(request, LARGEST_JSON).await?.json()
    }
}

/// Reads a body whole, whatever status its head had.
pub(super) async fn read_page(response: &mut Response, limit: ByteSize) -> Result<Page, NetError> {
    let raw = read_whole(response, limit).await?;
    let bytes = match response.content_encoding().as_deref() {
        None => raw,
        Some("gzip" | "x-gzip") => gunzip(&raw, limit, response.url())?,
        Some(other) => {
            let reason = format!("it is encoded as `{}` though none was asked for", Printable::cut(other, 30));
            return Err(NetError::Protocol { url: response.url().clone(), reason });
        }
    };
    Ok(Page {
        url: response.url().clone(),
        content_type: response.header("content-type").map(str::to_owned),
        bytes,
        headers: response.headers().clone(),
    })
}

async fn read_whole(response: &mut Response, limit: ByteSize) -> Result<Vec<u8>, NetError> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.next().await? {
        if (bytes.len() + piece.len()) as u64 > limit.0 {
            return Err(NetError::TooLarge { url: response.url().clone(), limit });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A media type without its parameters; hosts repeat in odd headers what they were sent.
fn plain_type(text: &str) -> &str {
    let kind = text.split(';').next().unwrap_or_default().trim();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'/' | b'-' | b'+' | b'.');
    if kind.len() <= 40 && kind.contains('/') && kind.bytes().all(is_plain) { kind } else { "content of an odd type" }
}

fn gunzip(raw: &[u8], limit: ByteSize, url: &SafeUrl) -> Result<Vec<u8>, NetError> {
    let mut bytes = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(raw).take(limit.0 + 1);
    decoder
        .read_to_end(&mut bytes)
        .map_err(|_| NetError::Protocol { url: url.clone(), reason: "its gzip encoding is damaged".to_owned() })?;
    if bytes.len() as u64 > limit.0 {
        return Err(NetError::TooLarge { url: url.clone(), limit });
    }
    Ok(bytes)
}

const LARGEST_JSON: ByteSize = ByteSize(64 << 20);
