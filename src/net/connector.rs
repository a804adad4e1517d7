//! The wire under `object_store`: its requests go through [`Client::exchange`].
//!
//! What a server says it has received is compared with what was sent, where it says so along
//! with its answer: Azure's `Content-MD5` and Google's `x-goog-hash`. Amazon compares the
//! checksum that goes with the request.

use std::pin::Pin;

use base64::Engine as _;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::values::safe_url::Origin;
use crate::values::{Algorithm, Digester, SafeUrl};

use super::client::Client;
use super::error::NetError;
use super::exchange::{Exchange, Exchanged};

/// Connects an object store.
#[derive(Clone)]
pub struct Connector {
    client: Client,
    insecure: Option<Origin>,
}

/// What a server received is not what was sent.
#[derive(Debug, thiserror::Error)]
#[error("the server received other bytes than were sent: its {what} is `{theirs}`, ours `{ours}`")]
struct SpoiltOnTheWay {
    what: &'static str,
    theirs: String,
    ours: String,
}

impl Connector {
    /// Over this client. `insecure` is an origin to which plain `http` is allowed, by a rewriting
    /// rule that said so.
    pub fn new(client: Client, insecure: Option<Origin>) -> Self {
        Self { client, insecure }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let malformed = |reason: String| HttpError::new(HttpErrorKind::Unknown, std::io::Error::other(reason));
        let url = SafeUrl::parse(&parts.uri.to_string()).map_err(|error| malformed(error.to_string()))?;
        let mut pieces = Vec::new();
        let mut body = body;
        while let Some(frame) = body.frame().await {
            pieces.extend(frame?.into_data());
        }
        let (sent, asked) = (pieces.clone(), url.clone());
        let put = parts.method == Method::PUT;
        let is_list = parts
            .uri
            .query()
            .is_some_and(|query| query.split('&').any(|one| one.starts_with("list-type=") || one == "comp=list"));
        let insecure = self.insecure.as_ref() == Some(&url.origin());
        let request = Exchange { method: parts.method, url, headers: parts.headers, body: pieces, insecure };
        let Exchanged { status, headers, body } =
            self.client.exchange(request).await.map_err(|error| HttpError::new(kind(&error), error))?;
        if put && (200..300).contains(&status) {
            let said = headers.clone();
            let compared = tokio::task::spawn_blocking(move || compare(&said, &sent)).await;
            // Sent again like what was lost on the way.
            let compared = compared.map_err(|error| malformed(error.to_string()))?;
            compared.map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
        }
        if is_list && (200..300).contains(&status) && is_page(&headers) {
            // Read as a list it would name nothing.
            let reason = "a web page came in the place of a list: something on the way may ask for a login".to_owned();
            return Err(HttpError::new(HttpErrorKind::Unknown, NetError::Protocol { url: asked, reason }));
        }
        let mut response = HttpResponse::new(HttpResponseBody::from(body));
        *response.status_mut() = hyper::StatusCode::from_u16(status).map_err(|error| malformed(error.to_string()))?;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

// By hand what the attribute of `async-trait` writes.
impl HttpService for Connector {
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.exchange(request))
    }
}

/// Whether a person with a browser is meant.
fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// What may be tried again, in the words of `object_store`.
fn kind(error: &NetError) -> HttpErrorKind {
    match error {
        NetError::CannotConnect { .. } | NetError::ProxyFailed { .. } => HttpErrorKind::Connect,
        NetError::Interrupted { .. } | NetError::CutShort { .. } => HttpErrorKind::Interrupted,
        NetError::Stalled { .. } => HttpErrorKind::Timeout,
        _ => HttpErrorKind::Unknown,
    }
}

/// Compares what the server says of the bytes it has with those that were sent.
fn compare(headers: &HeaderMap, sent: &[Bytes]) -> Result<(), SpoiltOnTheWay> {
    let stated = headers.get_all("x-goog-hash").iter().filter_map(|value| value.to_str().ok());
    let stated = stated.flat_map(|list| list.split(',')).filter_map(|one| one.trim().split_once('='));
    let md5 = headers.get("content-md5").and_then(|value| value.to_str().ok()).map(|value| ("md5", value));
    for (name, theirs) in stated.chain(md5) {
        let (what, algorithm) = match name {
            "md5" => ("MD5", Algorithm::Md5),
            "crc32c" => ("CRC-32C", Algorithm::Crc32c),
            _ => continue,
        };
        let mut digester = Digester::new(algorithm, None);
        sent.iter().for_each(|piece| digester.update(piece));
        let ours = base64::engine::general_purpose::STANDARD.encode(digester.finish().bytes());
        if ours != theirs.trim() {
            return Err(SpoiltOnTheWay { what, theirs: theirs.trim().to_owned(), ours });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_received_is_compared() {
        #[track_caller]
        fn check(name: &'static str, value: &str, good: bool) {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let sent = [Bytes::from_static(b"a"), Bytes::from_static(b"bc")];
            assert_eq!(compare(&headers, &sent).is_ok(), good, "{name}: {value}");
        }
        check("content-md5", "kAFQmDzST7DWlj99KOF/cg==", true);
        check("content-md5", "kAFQmDzST7DWlj99KOF/cQ==", false);
        check("x-goog-hash", "crc32c=Nks/tw==,md5=kAFQmDzST7DWlj99KOF/cg==", true);
        check("x-goog-hash", "crc32c=AAAAAA==", false);
        check("x-goog-hash", "sha512=unknown", true);
    }
}
