//! GET requests signed with an AWS key (Signature Version 4, for S3).
//!
//! The secret never travels: a signature over host, path, query and the `x-amz-` headers does.
//! It is good for fifteen minutes, so each attempt is signed anew, and for one host only.
//!
//! Source: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)"
//! of the Amazon S3 API reference, whose examples are the tests below.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use sha2::Sha256;

use crate::values::percent::RESERVED;
use crate::values::{Digest, SafeUrl, Secret, hex};

/// An AWS access key, and the region its requests are signed for.
#[derive(Debug, Clone)]
pub struct AwsKey {
    /// The access key's id, which is no secret by itself.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// The token that goes with a temporary key.
    pub session: Option<Secret>,
    /// Such as `us-east-1`.
    pub region: String,
}

impl AwsKey {
    /// The headers that sign a GET of `url`. Of `headers`, those that begin with `x-amz-` become
    /// part of what is signed, as S3 demands.
    pub fn sign(&self, url: &SafeUrl, headers: &[(String, String)], now: Timestamp) -> Vec<(&'static str, String)> {
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = &time[..8];
        let mut own = vec![("x-amz-content-sha256", Digest::sha256(b"").hex()), ("x-amz-date", time.clone())];
        own.extend(self.session.iter().map(|token| ("x-amz-security-token", token.expose().to_owned())));

        let theirs = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        let mut signed: Vec<(String, String)> = theirs.filter(|(name, _)| name.starts_with("x-amz-")).collect();
        signed.extend(own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        signed.push(("host".to_owned(), host(url)));
        signed.sort();
        let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");

        let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (path, query, body) = (url.expose().path(), query(url), Digest::sha256(b"").hex());
        let request = format!("GET\n{path}\n{query}\n{lines}\n{names}\n{body}");
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", Digest::sha256(request.as_bytes()).hex());
        let signature = hex(&hmac(&self.key_of(day), text.as_bytes()));
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}", self.id);
        own.push(("authorization", authorization));
        own
    }

    /// The key that signs in this region on this day.
    fn key_of(&self, day: &str) -> Vec<u8> {
        let first = format!("AWS4{}", self.secret.expose()).into_bytes();
        [day, &self.region, "s3", "aws4_request"].iter().fold(first, |key, word| hmac(&key, word.as_bytes()))
    }
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// The `Host` header as it is sent: with the port where it is not the scheme's own.
fn host(url: &SafeUrl) -> String {
    match url.expose().port() {
        Some(port) => format!("{}:{port}", url.host()),
        None => url.host().to_owned(),
    }
}

/// The query in the canonical form: encoded anew, sorted, each name with a `=`.
fn query(url: &SafeUrl) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let pairs = url.expose().query_pairs();
    let mut pairs: Vec<String> = pairs.map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value))).collect();
    pairs.sort();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Amazon's reference, with its example key.
    #[test]
    fn signs_as_the_reference_does() {
        let key = AwsKey {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            session: None,
            region: "us-east-1".to_owned(),
        };
        let now = "2013-05-24T00:00:00Z".parse().unwrap();
        #[track_caller]
        fn check(key: &AwsKey, now: Timestamp, query: &str, signature: &str) {
            let url = SafeUrl::parse(&format!("https://examplebucket.s3.amazonaws.com/{query}")).unwrap();
            let headers = key.sign(&url, &[], now);
            let (name, value) = headers.last().unwrap();
            assert_eq!(*name, "authorization");
            assert_eq!(value.rsplit_once("Signature=").unwrap().1, signature, "{value}");
        }
        check(&key, now, "?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        check(&key, now, "?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    #[test]
    fn what_amazon_must_know_is_signed() {
        let session = Some(Secret::new("session"));
        let key = AwsKey { id: "ID".into(), secret: Secret::new("s"), session, region: "eu-west-1".into() };
        let headers =
            [("x-amz-request-payer".to_owned(), "requester".to_owned()), ("accept".to_owned(), "*/*".to_owned())];
        let url = SafeUrl::parse("http://127.0.0.1:5555/b/k").unwrap();
        let signed = key.sign(&url, &headers, "2026-11-24T10:00:00Z".parse().unwrap());
        let value = &signed.last().unwrap().1;
        let names = "host;x-amz-content-sha256;x-amz-date;x-amz-request-payer;x-amz-security-token";
        assert!(value.contains(&format!("ID/20261124/eu-west-1/s3/aws4_request,SignedHeaders={names},")), "{value}");
        assert!(!value.contains("session"));
    }
}
