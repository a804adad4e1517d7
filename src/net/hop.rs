//! One hop of a chain of redirects, and what is sent to it.
//!
//! A credential is for the origin that was asked first. It goes along as long as the chain stays
//! there, and to no hop after one elsewhere, even if that one leads back: which address of the
//! origin is asked then, a stranger has chosen. Browsers (the Fetch standard) and Go drop it in
//! the same way. No host that is known needs more: they redirect to signed addresses of their
//! storage, which end there, and sign-in services that send back do so with a ticket or a cookie.

use base64::Engine as _;
use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::values::{SafeUrl, Secret};

use super::error::NetError;
use super::request::{HttpRequest, RequestCredential, SameVersion, Want};
use super::rewrite::Rewrites;
use super::settings::Clock;
use super::validator::Validator;

/// One hop of a chain: what the caller sees, and what is connected to.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    /// The address before rewriting.
    pub(super) asked: SafeUrl,
    /// The address after it.
    pub(super) connected: SafeUrl,
    /// Whether this hop and all before it are at the origin that was asked first.
    pub(super) stayed: bool,
}

impl Hop {
    /// The first of a chain.
    pub(super) fn first(asked: SafeUrl, rewrites: &Rewrites) -> Result<Self, NetError> {
        let connected = rewrites.apply(&asked)?;
        Ok(Self { asked, connected, stayed: true })
    }

    /// The next one.
    pub(super) fn next(&self, asked: SafeUrl, rewrites: &Rewrites) -> Result<Self, NetError> {
        let stayed = self.stayed && asked.origin() == self.asked.origin();
        Ok(Self { stayed, ..Self::first(asked, rewrites)? })
    }

    /// Whether the chain came back to the origin of `first` from another one.
    pub(super) fn is_back_at(&self, first: &SafeUrl) -> bool {
        !self.stayed && self.asked.origin() == first.origin()
    }

    /// The hop with a credential that belongs into the query. It is made for one request and not
    /// kept: what callers and the log see is the address as it was asked for.
    pub(super) fn signed(&self, credential: Option<&RequestCredential>) -> Result<Self, NetError> {
        let (asked, mut connected) = (self.asked.clone(), self.connected.expose().clone());
        if let Some(RequestCredential::Query(secret)) = credential {
            let query = match connected.query() {
                Some(query) if !query.is_empty() => format!("{query}&{}", secret.expose()),
                _ => secret.expose().to_owned(),
            };
            connected.set_query(Some(&query));
            // Whoever signed a query signed its very bytes.
            if connected.query() != Some(&query) {
                let reason = "a credential for its query holds characters that no address holds";
                return Err(NetError::Forbidden { url: asked, reason });
            }
        }
        let connected = SafeUrl::from_url(connected).unwrap_or_else(|| self.connected.clone());
        Ok(Self { asked, connected, stayed: self.stayed })
    }
}

/// The headers for one hop, and the credential that it may see.
pub(super) fn headers(
    request: &HttpRequest,
    want: Option<&Want>,
    hop: &Hop,
    jar: Option<&Jar>,
    clock: &Clock,
) -> Result<(HeaderMap, Option<RequestCredential>), NetError> {
    let mut headers = HeaderMap::new();
    headers.insert("accept-encoding", HeaderValue::from_static("identity"));
    headers.insert("accept", HeaderValue::from_static("*/*"));
    let unusable = || NetError::Protocol {
        url: request.url.clone(),
        reason: "a header to be sent holds a forbidden character".to_owned(),
    };
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| unusable());
    for (name, text) in &request.headers {
        headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?, value(text)?);
    }
    if let Some(want) = want {
        headers.insert("range", value(&want.header())?);
        if let Some(validator) = &want.same_as {
            headers.insert(condition(request.same_version, validator), value(validator.as_str())?);
        }
    }
    if let Some(cookies) = jar.and_then(|jar| jar.cookies(hop.asked.expose())) {
        headers.insert("cookie", cookies);
    }
    let credential = credential_for(request, hop);
    if let Some(credential) = &credential {
        if !hop.asked.is_https() && !hop.connected.is_loopback() {
            let reason = "a credential is not sent over plain http";
            return Err(NetError::Forbidden { url: hop.asked.clone(), reason });
        }
        for (name, text) in written(credential, request, hop, clock) {
            let mut secret = value(&text)?;
            secret.set_sensitive(true);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?, secret);
        }
    }
    Ok((headers, credential))
}

/// The credential that a hop may see: the one given, or user and password of the first address.
fn credential_for(request: &HttpRequest, hop: &Hop) -> Option<RequestCredential> {
    if !hop.stayed {
        return None;
    }
    request.credential.clone().or_else(|| {
        let url = request.url.expose();
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        (!url.username().is_empty()).then(|| RequestCredential::Basic {
            user: decoded(url.username()),
            password: Secret::new(decoded(url.password().unwrap_or_default())),
        })
    })
}

/// The header that ties a range to a version.
fn condition(same_version: SameVersion, validator: &Validator) -> &'static str {
    match (same_version, validator) {
        (SameVersion::IfRange, _) => "if-range",
        (SameVersion::IfMatch, Validator::Etag(_)) => "if-match",
        (SameVersion::IfMatch, Validator::Modified(_)) => "if-unmodified-since",
    }
}

/// Names and values of the headers that carry a credential.
fn written<'c>(
    credential: &'c RequestCredential,
    request: &HttpRequest,
    hop: &Hop,
    clock: &Clock,
) -> Vec<(&'c str, String)> {
    let one = |name, value| vec![(name, value)];
    match credential {
        RequestCredential::Basic { user, password } => {
            let pair = format!("{user}:{}", password.expose());
            one("authorization", format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
        }
        RequestCredential::Bearer(token) => one("authorization", format!("Bearer {}", token.expose())),
        RequestCredential::Header { name, value } => one(name, value.expose().to_owned()),
        RequestCredential::Query(_) => Vec::new(),
        // The signature is over what the server that is connected to sees.
        RequestCredential::AwsKey(key) => key.sign(&hop.connected, &request.headers, clock.now()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Secret;

    fn now() -> Clock {
        Clock::fixed("2026-11-24T10:00:00Z".parse().unwrap())
    }

    fn chain(addresses: &[&str]) -> Hop {
        let rewrites = Rewrites::default();
        let mut addresses = addresses.iter().map(|address| SafeUrl::parse(address).unwrap());
        let first = Hop::first(addresses.next().unwrap(), &rewrites).unwrap();
        addresses.fold(first, |hop, address| hop.next(address, &rewrites).unwrap())
    }

    #[test]
    fn a_credential_stays_with_its_origin() {
        #[track_caller]
        fn check(addresses: &[&str], sent: bool) {
            let url = SafeUrl::parse(addresses[0]).unwrap();
            for credential in
                [RequestCredential::Bearer(Secret::new("t")), RequestCredential::Query(Secret::new("k=t"))]
            {
                let request = HttpRequest::get(url.clone()).with_credential(credential);
                let hop = chain(addresses);
                let (headers, credential) = headers(&request, None, &hop, None, &now()).unwrap();
                let in_header = headers.contains_key("authorization");
                let in_query = hop.signed(credential.as_ref()).unwrap().connected.expose().query().is_some();
                assert_eq!((in_header || in_query, credential.is_some()), (sent, sent), "{addresses:?}");
            }
        }
        check(&["https://a.example/x"], true);
        check(&["https://a.example/x", "https://a.example/y"], true);
        check(&["https://a.example/x", "https://a.example:443/y"], true);
        check(&["https://a.example/x", "https://a.example:8443/y"], false);
        check(&["https://a.example/x", "https://b.a.example/y"], false);
        check(&["https://a.example/x", "http://a.example/y"], false);
        // Whoever sends back has chosen the address.
        check(&["https://a.example/x", "https://b.example/y", "https://a.example/x"], false);
        check(&["https://a.example/x", "https://b.example/y", "https://a.example/x", "https://a.example/z"], false);
    }

    #[test]
    fn a_credential_needs_a_protected_connection() {
        let url = SafeUrl::parse("http://a.example/x").unwrap();
        let request = HttpRequest::get(url.clone()).with_credential(RequestCredential::Bearer(Secret::new("t")));
        let hop =
            |connected: &str| Hop { connected: SafeUrl::parse(connected).unwrap(), ..chain(&["http://a.example/x"]) };
        assert!(headers(&request, None, &hop("http://a.example/x"), None, &now()).is_err());
        assert!(headers(&request, None, &hop("http://127.0.0.1:1/x"), None, &now()).is_ok());
    }

    #[test]
    fn a_credential_in_the_query_keeps_its_bytes_and_its_origin() {
        #[track_caller]
        fn check(hop: &str, secret: &str, expected: Option<&str>) {
            let url = SafeUrl::parse("https://a.example/x?comp=list").unwrap();
            let request = HttpRequest::get(url).with_credential(RequestCredential::Query(Secret::new(secret)));
            let hop = chain(&["https://a.example/x?comp=list", hop]);
            let credential = headers(&request, None, &hop, None, &now()).unwrap().1;
            let signed = hop.signed(credential.as_ref());
            assert_eq!(signed.as_ref().ok().map(|signed| signed.connected.expose().as_str()), expected);
            let shown = signed.map_or_else(|error| error.to_string(), |signed| signed.asked.expose().to_string());
            assert!(!shown.contains(secret), "{shown}");
        }
        let signature = "se=2026-12-01T00%3A00%3A00Z&sig=a%2Bb+c%3D";
        check("https://a.example/x", signature, Some(&format!("https://a.example/x?{signature}")));
        check("https://a.example/y?comp=list", signature, Some(&format!("https://a.example/y?comp=list&{signature}")));
        check("https://b.example/x", signature, Some("https://b.example/x"));
        check("https://a.example/x", "sig=a b", None);
    }

    #[test]
    fn user_info_becomes_a_credential_and_is_not_sent_twice() {
        let url = SafeUrl::parse("https://jane%40x:p%20w@a.example/x").unwrap();
        let request = HttpRequest::get(url);
        let hop = chain(&["https://jane%40x:p%20w@a.example/x"]);
        let credential = credential_for(&request, &hop).unwrap();
        assert_eq!(written(&credential, &request, &hop, &now())[0].1, "Basic amFuZUB4OnAgdw==");
    }

    #[test]
    fn a_range_names_its_version_as_the_host_understands_it() {
        #[track_caller]
        fn check(same_version: SameVersion, validator: Validator, header: &str) {
            let url = SafeUrl::parse("https://a.example/x").unwrap();
            let request = HttpRequest { same_version, ..HttpRequest::get(url) };
            let want = Want { from: 5, until: None, same_as: Some(validator.clone()) };
            let hop = chain(&["https://a.example/x"]);
            let (headers, _) = headers(&request, Some(&want), &hop, None, &now()).unwrap();
            assert_eq!(headers.get(header).unwrap(), validator.as_str(), "{headers:?}");
            assert_eq!(headers.len(), 4, "{headers:?}");
        }
        let etag = || Validator::Etag("\"a\"".to_owned());
        let date = || Validator::Modified("Tue, 24 Nov 2026 10:00:00 GMT".to_owned());
        check(SameVersion::IfRange, etag(), "if-range");
        check(SameVersion::IfRange, date(), "if-range");
        check(SameVersion::IfMatch, etag(), "if-match");
        check(SameVersion::IfMatch, date(), "if-unmodified-since");
    }
}
