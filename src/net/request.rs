//! What is asked of a host.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::cookie::Jar;

use crate::values::{SafeUrl, Secret};

use super::aws_signature::AwsKey;
use super::validator::Validator;

/// A request for one file or page: a GET, or a POST when it has a body.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The original address; rewriting happens just before connecting, below everyone who sees
    /// this one.
    pub url: SafeUrl,
    /// Headers that are no secrets, such as `Accept`. Sent with every hop of a redirect.
    pub headers: Vec<(String, String)>,
    /// Sent to the origin of `url` alone, never along a redirect to another origin.
    pub credential: Option<RequestCredential>,
    /// When the address stops working, if it says so.
    pub expires: Option<Timestamp>,
    /// Which cookies are sent back to those who set them.
    pub cookies: Cookies,
    /// What records name in the place of an address that is signed or does not last.
    pub known_as: Option<SafeUrl>,
    /// Whether the host is known to serve a file over several connections by `Range`.
    pub ranges: RangeSupport,
    /// How the host is told that only the version at hand is of use.
    pub same_version: SameVersion,
    /// What is sent along: makes it a POST, up to the first redirect (RFC 9110 section 15.4).
    pub body: Option<Body>,
    /// At most so many connections to the host at once, where it is known to mind; the setting
    /// where none is named. The first request to a host decides.
    pub connections: Option<usize>,
}

/// Which cookies are kept. None of them ever leaves the memory of a run.
#[derive(Clone, Default)]
pub enum Cookies {
    /// None.
    #[default]
    None,
    /// Those of one chain of redirects (Box needs them).
    Chain,
    /// Those of all requests that are made with a copy of this value: of a page and of what it
    /// leads to (Google Drive).
    Kept(Arc<Jar>),
}

impl Cookies {
    /// None yet, all from now on.
    pub fn kept() -> Self {
        Self::Kept(Arc::default())
    }

    /// Where those of a request are.
    pub(super) fn jar(&self) -> Option<Arc<Jar>> {
        match self {
            Self::None => None,
            Self::Chain => Some(Arc::default()),
            Self::Kept(jar) => Some(jar.clone()),
        }
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None => "None",
            Self::Chain => "Chain",
            Self::Kept(_) => "Kept(****)",
        })
    }
}

/// What a POST sends. Never holds a secret: those travel as [`RequestCredential`].
#[derive(Debug, Clone)]
pub struct Body {
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Whether a host answers `Range` requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RangeSupport {
    /// To be found out with the first request.
    #[default]
    Unknown,
    /// The host is known not to (GitHub's generated archives): one plain GET.
    No,
}

/// How a request for a range says of which version it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SameVersion {
    /// `If-Range`: another version is answered whole.
    #[default]
    IfRange,
    /// `If-Match` (`If-Unmodified-Since` for a date): another version is answered with 412. For
    /// object stores, many of which pass over `If-Range`.
    IfMatch,
}

/// How a request proves who asks.
#[derive(Debug, Clone)]
pub enum RequestCredential {
    /// `Authorization: Basic` (RFC 7617).
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: Secret,
    },
    /// `Authorization: Bearer` (RFC 6750).
    Bearer(Secret),
    /// A header of the host's own, such as `X-API-Key`.
    Header {
        /// The header's name.
        name: String,
        /// Its value.
        value: Secret,
    },
    /// A part of the query, such as a shared access signature, put behind that of the address
    /// byte for byte. The address itself stays free of it wherever it is shown or kept.
    Query(Secret),
    /// A signature over each request (AWS Signature Version 4).
    AwsKey(Box<AwsKey>),
}

/// Which bytes of a file are asked for, and of which version of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Want {
    /// First byte.
    pub from: u64,
    /// The byte after the last one; all that follow when absent.
    pub until: Option<u64>,
    /// Sent as the request's [`SameVersion`] says.
    pub same_as: Option<Validator>,
}

/// Which connections a request travels on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// HTTP/1.1, a connection for each request at a time: big files and their ranges.
    Bulk,
    /// HTTP/2 where the host speaks it, many requests on one connection: pages, listings,
    /// small files.
    Light,
}

impl HttpRequest {
    /// A plain request without headers or credential.
    pub fn get(url: SafeUrl) -> Self {
        Self {
            url,
            headers: Vec::new(),
            credential: None,
            expires: None,
            cookies: Cookies::None,
            known_as: None,
            ranges: RangeSupport::Unknown,
            same_version: SameVersion::IfRange,
            body: None,
            connections: None,
        }
    }

    /// A POST of a JSON document.
    pub fn post_json(url: SafeUrl, document: &serde_json::Value) -> Self {
        let body = Body { content_type: "application/json", bytes: document.to_string().into_bytes() };
        Self { body: Some(body), ..Self::get(url) }
    }

    /// The same request with one more header that is no secret.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same request with a credential for the origin of its address.
    #[must_use]
    pub fn with_credential(mut self, credential: RequestCredential) -> Self {
        self.credential = Some(credential);
        self
    }
}

impl Want {
    /// The value of the `Range` header: one range, both ends inclusive.
    pub fn header(&self) -> String {
        match self.until {
            Some(until) => format!("bytes={}-{}", self.from, until.saturating_sub(1)),
            None => format!("bytes={}-", self.from),
        }
    }
}
