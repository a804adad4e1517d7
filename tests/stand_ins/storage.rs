//! The object store behind a host: it serves signed addresses and hates credentials.

use crate::support::host::{Asked, Reply};

use super::Toy;

/// What a signed address ends with.
pub const SIGNATURE: &str = "X-Signature=SIGNED-0123456789";

/// Answers `GET /NAME?X-Signature=...`. An unsigned address is refused, and a request that
/// brings a credential too, as S3 does.
pub fn answer(toy: &Toy, asked: &Asked) -> Reply {
    if asked.header("authorization").is_some() {
        let body = "<Error><Code>InvalidArgument</Code><Message>Unsupported Authorization Type</Message></Error>";
        return Reply::page(body).but(400);
    }
    if !asked.path.ends_with(SIGNATURE) {
        return Reply::page("<Error><Code>AccessDenied</Code></Error>").but(403);
    }
    match toy.bytes(asked.place().trim_start_matches('/')) {
        Some(bytes) => Reply::file(asked, bytes.to_vec()),
        None => Reply::page("<Error><Code>NoSuchKey</Code></Error>").but(404),
    }
}

/// The signed address of a file below `base`.
pub fn signed(base: &str, name: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(name, NAME);
    format!("{base}{encoded}?{SIGNATURE}")
}

const NAME: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');
