//! Azure Blob Storage: container `toys` of account `acct`, opened by a link.
//!
//! `setup.token` is the query of the link. The service repeats neither it nor the string that
//! was signed here, though the real one does. Pages hold two names, and the second page is
//! empty, as a page may be; folders are listed as those with a hierarchical name space are.
//! Files over 1,000 bytes came in blocks and have no `Content-MD5`. `If-Range` is not known.

use base64::Engine as _;
use medsets::values::Algorithm;

use crate::support::host::{Asked, Reply};

use super::{Setup, hex};

/// Names on a page.
const PAGE: usize = 2;
const LARGE: usize = 1_000;

/// A query that opens the container for a long time. It holds what must not be encoded again.
pub const LINK: &str =
    "sv=2019-02-02&sr=c&sig=Q2+hZ%2Bv%2F7mZk%3D&st=2026-01-01T00%3A00%3A00Z&se=2126-01-01T00%3A00%3A00Z&sp=rl";

/// One that opens `data/big.bin` alone.
pub const ONE_FILE: &str =
    "sv=2019-02-02&sr=b&sig=b25lZmlsZQ%3D%3D&st=2026-01-01T00%3A00%3A00Z&se=2126-01-01T00%3A00%3A00Z&sp=r";

/// Answers for `https://acct.blob.core.windows.net/`.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    answer_in("toys", setup, asked)
}

/// The same, but each blob is asked for again at `to`, link and all.
pub fn repeating(to: &str, setup: &Setup, asked: &Asked) -> Reply {
    if asked.path.contains("comp=list") || asked.path.contains("again=1") {
        return answer(setup, asked);
    }
    let (place, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    Reply::redirect(307, format!("{to}{}?again=1&{query}", place.trim_start_matches('/')))
}

/// The same with another name of the container.
pub fn answer_in(container: &str, setup: &Setup, asked: &Asked) -> Reply {
    let query = asked.path.split_once('?').map_or("", |(_, query)| query);
    let given = setup.token.as_deref().unwrap_or_default();
    let place = asked.place();
    let Some(blob) = place.trim_start_matches('/').strip_prefix(container) else {
        return error(404, "ContainerNotFound", "");
    };
    let signed = query.contains("sig=");
    if !signed {
        return error(409, "PublicAccessNotPermitted", "");
    }
    // The very bytes, as the signature covers them.
    if !query.ends_with(given) {
        return error(403, "AuthenticationFailed", "Signature did not match. String to sign used was rl...");
    }
    match blob.trim_start_matches('/') {
        "" if given.contains("sr=b") => {
            error(403, "AuthenticationFailed", "Signature did not match. String to sign used was r...")
        }
        "" if !given.contains("sp=rl") => error(403, "AuthorizationPermissionMismatch", ""),
        "" => list(setup, asked),
        name if given.contains("sr=b") && name != "data/big.bin" => {
            error(403, "AuthenticationFailed", "Signature did not match. String to sign used was r...")
        }
        name => match setup.toy.bytes(name) {
            Some(bytes) => file(asked, bytes),
            None => error(404, "BlobNotFound", ""),
        },
    }
}

/// A refusal as the service words it.
pub fn error(status: u16, code: &str, detail: &str) -> Reply {
    let detail = match detail {
        "" => String::new(),
        text => format!("<AuthenticationErrorDetail>{text}</AuthenticationErrorDetail>"),
    };
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>Server said no.\n\
         RequestId:0\nTime:2026-11-24T10:00:00.0000000Z</Message>{detail}</Error>"
    );
    Reply::whole(body).but(status).with("content-type", "application/xml").with("x-ms-error-code", code)
}

/// What the service says when the time of a link is over.
pub fn expired() -> Reply {
    let detail = "Signature not valid in the specified time frame: Start [Thu, 01 Jan 2026 00:00:00 GMT] - \
                  Expiry [Fri, 02 Jan 2026 00:00:00 GMT] - Current [Tue, 24 Nov 2026 10:00:00 GMT]";
    error(403, "AuthenticationFailed", detail)
}

fn md5(bytes: &[u8]) -> String {
    let hex = hex(Algorithm::Md5, bytes);
    let raw: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap_or(0)).collect();
    base64::engine::general_purpose::STANDARD.encode(raw)
}

fn list(setup: &Setup, asked: &Asked) -> Reply {
    if asked.parameter("comp").as_deref() != Some("list") || asked.parameter("restype").as_deref() != Some("container")
    {
        return error(400, "InvalidQueryParameterValue", "");
    }
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let mut items = vec![
        "<Blob><Name>data</Name><Properties><Content-Length>0</Content-Length><Content-MD5/>\
         </Properties><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>"
            .to_owned(),
    ];
    let prefix = asked.parameter("prefix").unwrap_or_default();
    for (name, bytes) in setup.toy.files.iter().filter(|(name, _)| name.starts_with(&prefix)) {
        let md5 = if bytes.len() > LARGE { String::new() } else { md5(bytes) };
        items.push(format!(
            "<Blob><Name>{}</Name><Properties><Etag>0x{}</Etag><Content-Length>{}</Content-Length>\
             <Content-Type>application/octet-stream</Content-Type><Content-Encoding/><Content-MD5>{md5}</Content-MD5>\
             <BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier></Properties><Metadata/></Blob>",
            escaped(name),
            &hex(Algorithm::Sha256, bytes)[..15],
            bytes.len()
        ));
    }
    // `2!4!` is how real markers begin; the number behind it is where the page starts.
    let from = asked.parameter("marker").unwrap_or("2!4!0".to_owned());
    let (empty, from) = match from.strip_prefix("2!4!+").or(from.strip_prefix("2!4! ")) {
        Some(rest) => (true, rest.to_owned()),
        None => (false, from.trim_start_matches("2!4!").to_owned()),
    };
    let from: usize = from.parse().unwrap_or(0);
    let page: String = items.iter().skip(from).take(if empty { 0 } else { PAGE }).cloned().collect();
    let next = match (from, empty) {
        (0, false) => format!("2!4!+{PAGE}"),
        (from, true) => format!("2!4!{from}"),
        (from, false) if from + PAGE < items.len() => format!("2!4!{}", from + PAGE),
        _ => String::new(),
    };
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults \
         ServiceEndpoint=\"https://acct.blob.core.windows.net/\" ContainerName=\"toys\"><Prefix/><Marker/>\
         <MaxResults>5000</MaxResults><Blobs>{page}</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>"
    );
    Reply::whole(body).with("content-type", "application/xml")
}

/// A file by the service's rules for ranges.
pub fn file(asked: &Asked, bytes: &[u8]) -> Reply {
    let without = Asked {
        headers: asked.headers.iter().filter(|(name, _)| name != "if-range").cloned().collect(),
        ..asked.clone()
    };
    let reply = Reply::file(&without, bytes.to_vec()).with("x-ms-blob-type", "BlockBlob");
    match (bytes.len() > LARGE, asked.header("range").is_some()) {
        (true, _) => reply,
        (false, true) => reply.with("x-ms-blob-content-md5", md5(bytes)),
        (false, false) => reply.with("content-md5", md5(bytes)),
    }
}
