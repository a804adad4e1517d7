//! Where the bytes of one file are, valid now.

use std::path::PathBuf;

pub use crate::net::{HttpRequest, RangeSupport, RequestCredential};

/// An answer to "where are the bytes": asked for when a download starts and again when the
/// answer expires.
#[derive(Debug, Clone)]
pub enum Location {
    /// A GET request.
    Http(HttpRequest),
    /// A GET request that is answered with a zip of the host's own around the file. What is
    /// known of the file says nothing of the zip.
    Wrapped(HttpRequest),
    /// A file that is already on this machine. It is read, never moved or changed.
    Local(PathBuf),
}
