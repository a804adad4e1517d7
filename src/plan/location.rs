//! Where the bytes of one file are, valid now.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::values::{SafeUrl, Secret};

/// An answer to "where are the bytes": asked for when a download starts and again when the
/// answer expires.
#[derive(Debug, Clone)]
pub enum Location {
    /// A GET request.
    Http(HttpRequest),
    /// A file that is already on this machine. It is read, never moved or changed.
    Local(PathBuf),
}

/// A GET request for one file.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The original address; rewriting happens in `net`, below everyone who sees this one.
    pub url: SafeUrl,
    /// Headers that are no secrets, such as `Accept`.
    pub headers: Vec<(String, String)>,
    /// Sent to the origin of `url` alone, never along a redirect to another origin.
    pub credential: Option<RequestCredential>,
    /// When the address stops working, if it says so.
    pub expires: Option<Timestamp>,
    /// Whether cookies that a redirect sets are sent to the next hop (Box needs it).
    pub cookies: bool,
    /// Whether the host is known to serve a file over several connections by `Range`.
    pub ranges: RangeSupport,
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
}

impl HttpRequest {
    /// A plain request without headers or credential.
    pub fn get(url: SafeUrl) -> Self {
        Self {
            url,
            headers: Vec::new(),
            credential: None,
            expires: None,
            cookies: false,
            ranges: RangeSupport::Unknown,
        }
    }
}
