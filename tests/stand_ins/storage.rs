//! The object store behind a host: it serves signed addresses and hates credentials.

use std::io::{Cursor, Write as _};

use medsets::values::{Algorithm, Digester};

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
    let place = asked.place();
    let name = place.trim_start_matches('/');
    if let Some(name) = name.strip_prefix("google/") {
        return of_google(toy, asked, name);
    }
    match toy.bytes(name) {
        Some(bytes) => Reply::file(asked, bytes.to_vec()),
        None => Reply::page("<Error><Code>NoSuchKey</Code></Error>").but(404),
    }
}

/// The signed address of a file below `base`.
pub fn signed(base: &str, name: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(name, NAME);
    format!("{base}{encoded}?{SIGNATURE}")
}

/// The same as Google signs addresses (V4); below it `files/`, `zipped/NAME.zip`, a zip that
/// holds that file alone, and `bundle/ANY.zip`, a zip of all.
pub fn signed_by_google(base: &str, name: &str) -> String {
    let parameters = "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Date=20260105T100000Z&X-Goog-Expires=900";
    let encoded = percent_encoding::utf8_percent_encode(name, NAME);
    format!("{base}google/{encoded}?{parameters}&{SIGNATURE}")
}

/// Google's storage states digests, each in a header of its own.
fn of_google(toy: &Toy, asked: &Asked, name: &str) -> Reply {
    let bytes = match name.split_once('/') {
        Some(("files", name)) => toy.bytes(name).map(<[u8]>::to_vec),
        Some(("zipped", name)) => name.strip_suffix(".zip").and_then(|name| {
            let file_name = name.rsplit('/').next()?;
            Some(zip_of([(file_name, toy.bytes(name)?)].into_iter()))
        }),
        Some(("bundle", _)) => Some(zip_of(toy.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))),
        _ => None,
    };
    let Some(bytes) = bytes else { return Reply::page("<Error><Code>NoSuchKey</Code></Error>").but(404) };
    let (md5, crc32c) = (base64(Algorithm::Md5, &bytes), base64(Algorithm::Crc32c, &bytes));
    Reply::file(asked, bytes)
        .with("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT")
        .with("x-goog-hash", format!("crc32c={crc32c}"))
        .with("x-goog-hash", format!("md5={md5}"))
}

fn base64(algorithm: Algorithm, bytes: &[u8]) -> String {
    use base64::Engine as _;
    let mut digester = Digester::new(algorithm, None);
    digester.update(bytes);
    base64::engine::general_purpose::STANDARD.encode(digester.finish().bytes())
}

/// The same bytes whenever it is made.
fn zip_of<'f>(members: impl Iterator<Item = (&'f str, &'f [u8])>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    for (name, bytes) in members {
        zip.start_file(name, options).expect("memory takes it");
        zip.write_all(bytes).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

const NAME: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');
