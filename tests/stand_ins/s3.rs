//! Amazon S3 with one bucket, `toy-bucket`, in the path as at an endpoint of its own.
//!
//! Lists in pages of two with tokens that need encoding, and folder markers among the objects.
//! Objects over a million bytes were uploaded in parts; what checksum an object has is said by
//! its key ([`checksum`]). A bucket that wants a token (the id of
//! a key) is one whose readers pay. `If-Range` is passed over, as by moto and s3s-fs.

use std::collections::BTreeSet;

use base64::Engine as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use medsets::values::{Algorithm, Digester};

use crate::support::host::{Asked, Reply};

use super::{Setup, Toy, hex};

/// The bucket.
pub const BUCKET: &str = "toy-bucket";

/// Where it lies.
pub const REGION: &str = "eu-central-1";

const PAGE: usize = 2;
const LARGE: usize = 1_000_000;

/// Answers for `https://s3.amazonaws.com/` and its likes.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    serve(setup, BUCKET, &setup.toy, asked)
}

/// The same for the endpoint of a region the bucket does not lie in.
pub fn elsewhere(_setup: &Setup, _asked: &Asked) -> Reply {
    let endpoint = format!("<Endpoint>{BUCKET}.s3.{REGION}.amazonaws.com</Endpoint><Bucket>{BUCKET}</Bucket>");
    let message = "The bucket you are attempting to access must be addressed using the specified endpoint.";
    error(301, "PermanentRedirect", message, &endpoint)
}

/// Answers for a bucket of any name.
pub fn serve(setup: &Setup, bucket: &str, objects: &Toy, asked: &Asked) -> Reply {
    let place = asked.place();
    let rest =
        place.trim_start_matches('/').strip_prefix(bucket).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(rest) = rest else { return error(404, "NoSuchBucket", "The specified bucket does not exist", "") };
    if let Some(refusal) = refusal(setup, asked) {
        return refusal;
    }
    match rest.strip_prefix('/').unwrap_or_default() {
        "" if asked.method == "HEAD" => Reply::status(200).with("x-amz-bucket-region", REGION),
        "" => list(bucket, objects, asked),
        key => object(objects, asked, key),
    }
}

/// A bucket that is open to all refuses a request that is signed with an unknown key.
fn refusal(setup: &Setup, asked: &Asked) -> Option<Reply> {
    let denied = || error(403, "AccessDenied", "Access Denied", "");
    match (&setup.token, asked.header("authorization")) {
        (None, None) => None,
        (Some(_), None) => Some(denied()),
        (Some(id), Some(signed)) if signed.contains(&format!("Credential={id}/")) => {
            (asked.header("x-amz-request-payer") != Some("requester")).then(denied)
        }
        (_, Some(_)) => {
            let message = "The AWS Access Key Id you provided does not exist in our records.";
            Some(error(403, "InvalidAccessKeyId", message, ""))
        }
    }
}

/// A refusal as S3 writes it.
pub fn error(status: u16, code: &str, message: &str, more: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}\
         <RequestId>0</RequestId><HostId>0</HostId></Error>"
    );
    Reply::whole(body).but(status).with("content-type", "application/xml").with("x-amz-bucket-region", REGION)
}

fn list(bucket: &str, objects: &Toy, asked: &Asked) -> Reply {
    let prefix = asked.parameter("prefix").unwrap_or_default();
    let entries = entries(objects, &prefix, asked.parameter("delimiter").as_deref());
    let token = asked.parameter("continuation-token");
    let from = token.and_then(|token| token.strip_suffix("/+=")?.parse().ok()).unwrap_or(0);
    let shown: Vec<&str> = entries.iter().skip(from).take(PAGE).map(String::as_str).collect();
    let next = (from + PAGE < entries.len())
        .then(|| format!("<NextContinuationToken>{}/+=</NextContinuationToken>", from + PAGE));
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{bucket}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys>\
         <EncodingType>url</EncodingType><IsTruncated>{}</IsTruncated>{}{}</ListBucketResult>",
        encoded(&prefix),
        shown.len(),
        next.is_some(),
        next.unwrap_or_default(),
        shown.concat(),
    );
    Reply::whole(body).with("content-type", "application/xml").with("x-amz-bucket-region", REGION)
}

/// Objects, markers of folders and common prefixes in the order of their keys.
fn entries(objects: &Toy, prefix: &str, delimiter: Option<&str>) -> Vec<String> {
    let mut keys: BTreeSet<&str> = objects.files.iter().map(|(name, _)| name.as_str()).collect();
    let markers: Vec<String> =
        keys.iter().filter_map(|key| key.rsplit_once('/')).map(|(folder, _)| format!("{folder}/")).collect();
    keys.extend(markers.iter().map(String::as_str));
    let mut entries: Vec<String> = Vec::new();
    for key in keys.into_iter().filter(|key| key.starts_with(prefix)) {
        let rest = &key[prefix.len()..];
        let cut = delimiter.filter(|text| !text.is_empty()).and_then(|text| Some(rest.find(text)? + text.len()));
        let entry = match cut {
            Some(cut) => {
                let folder = encoded(&format!("{prefix}{}", &rest[..cut]));
                format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>")
            }
            None => contents(key, objects.bytes(key).unwrap_or_default()),
        };
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    entries
}

fn contents(key: &str, bytes: &[u8]) -> String {
    format!(
        "<Contents><Key>{}</Key><LastModified>2026-11-23T19:20:30.000Z</LastModified><ETag>&quot;{}&quot;</ETag>\
         <ChecksumAlgorithm>SHA256</ChecksumAlgorithm><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
        encoded(key),
        etag(bytes),
        bytes.len()
    )
}

/// The entity tag of an object, without quotes.
pub fn etag(bytes: &[u8]) -> String {
    match bytes.len() {
        // What matters of the tag of an object in parts is that it is no MD5 of the whole.
        LARGE.. => format!("{}-2", hex(Algorithm::Md5, &bytes[..LARGE])),
        _ => hex(Algorithm::Md5, bytes),
    }
}

/// With a space as `+`, as S3 does.
fn encoded(key: &str) -> String {
    const LEFT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b' ');
    utf8_percent_encode(key, LEFT).to_string().replace(' ', "+")
}

fn object(objects: &Toy, asked: &Asked, key: &str) -> Reply {
    let Some(bytes) = objects.bytes(key) else {
        return error(404, "NoSuchKey", "The specified key does not exist.", &format!("<Key>{}</Key>", encoded(key)));
    };
    let tag = format!("\"{}\"", etag(bytes));
    if asked.header("if-match").is_some_and(|one| one != tag) {
        let message = "At least one of the pre-conditions you specified did not hold";
        return error(412, "PreconditionFailed", message, "<Condition>If-Match</Condition>");
    }
    let with = |reply: Reply| {
        reply.with("etag", tag.clone()).with("accept-ranges", "bytes").with("content-type", "binary/octet-stream")
    };
    let range = asked.header("range").and_then(|text| text.strip_prefix("bytes=")?.split_once('-'));
    if let Some((first, last)) = range {
        let first: usize = first.parse().unwrap_or(0);
        let until = last.parse().map_or(bytes.len(), |last: usize| last.saturating_add(1).min(bytes.len()));
        if first >= until {
            let size = format!("<ActualObjectSize>{}</ActualObjectSize>", bytes.len());
            return error(416, "InvalidRange", "The requested range is not satisfiable", &size);
        }
        let range = format!("bytes {first}-{}/{}", until - 1, bytes.len());
        return with(Reply::whole(bytes[first..until].to_vec()).but(206)).with("content-range", range);
    }
    let reply = with(Reply::whole(bytes.to_vec()));
    if asked.header("x-amz-checksum-mode") != Some("ENABLED") {
        return reply;
    }
    checksum(key, bytes).into_iter().fold(reply, |reply, (name, value)| reply.with(name, value))
}

/// The checksum that goes with an object: CRC-64/NVME where the key holds `nvme`, as for uploads
/// that name no kind; CRC-32 where it holds `crc32`; else SHA-256. That of an object in parts is
/// over the checksums of the parts, but for the first two.
pub fn checksum(key: &str, bytes: &[u8]) -> [(&'static str, String); 2] {
    let stated = |algorithm| base64::engine::general_purpose::STANDARD.encode(raw(algorithm, bytes));
    let kind = |whole| ("x-amz-checksum-type", if whole { "FULL_OBJECT" } else { "COMPOSITE" }.to_owned());
    match key {
        key if key.contains("nvme") => [("x-amz-checksum-crc64nvme", stated(Algorithm::Crc64Nvme)), kind(true)],
        key if key.contains("crc32") => [("x-amz-checksum-crc32", stated(Algorithm::Crc32)), kind(true)],
        // What matters is that nobody can check it without the parts.
        _ if bytes.len() >= LARGE => {
            [("x-amz-checksum-sha256", format!("{}-2", stated(Algorithm::Sha256))), kind(false)]
        }
        _ => [("x-amz-checksum-sha256", stated(Algorithm::Sha256)), kind(true)],
    }
}

fn raw(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let mut digester = Digester::new(algorithm, None);
    digester.update(bytes);
    digester.finish().bytes().to_vec()
}
