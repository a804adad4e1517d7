//! Sends requests, hop by hop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::events::Event;
use crate::values::SafeUrl;
use crate::values::safe_url::Origin;

use super::error::NetError;
use super::failure;
use super::gate::{Gate, Place};
use super::limit::Limiter;
use super::patience::StallWatch;
use super::redirect;
use super::request::{Body, HttpRequest, Lane, RequestCredential, SameVersion, Want};
use super::response::Response;
use super::settings::{Clock, NetSettings};
use super::validator::Validator;
use super::wire;

/// The client that all requests of a run share. Cheap to clone; nothing is set up before the
/// first request.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    settings: NetSettings,
    limiter: Option<Arc<Limiter>>,
    bulk: OnceLock<Result<reqwest::Client, NetError>>,
    light: OnceLock<Result<reqwest::Client, NetError>>,
    gates: Mutex<HashMap<Origin, Arc<Gate>>>,
}

/// How far redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// To the answer.
    ToTheEnd,
    /// To the answer, or to the first address at another origin, which is not asked.
    WithinTheOrigin,
}

/// Where a chain of redirects ended.
pub(super) enum Reached {
    /// At an answer.
    Answer { answer: reqwest::Response, hop: Hop, place: Place, sent: bool },
    /// At an address of another origin.
    Elsewhere(SafeUrl),
}

/// One hop of a chain: what the caller sees, and what is connected to.
pub(super) struct Hop {
    asked: SafeUrl,
    connected: SafeUrl,
}

impl Hop {
    /// The address before rewriting.
    pub(super) fn asked(&self) -> &SafeUrl {
        &self.asked
    }
}

impl Client {
    /// A client with these settings.
    pub fn new(settings: NetSettings) -> Self {
        let limiter = settings.limit_rate.map(|rate| Arc::new(Limiter::new(rate)));
        Self(Arc::new(Shared {
            settings,
            limiter,
            bulk: OnceLock::new(),
            light: OnceLock::new(),
            gates: Mutex::default(),
        }))
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &NetSettings {
        &self.0.settings
    }

    /// Sends a request and follows its redirects; answers when the head of a body is there.
    ///
    /// The credential goes to the origin of `request.url` alone: to every hop that is exactly
    /// that origin, to no other. One attempt: whoever calls decides about another.
    ///
    /// # Errors
    /// Every status but 200, 206, 412 and 416 is an error with its meaning.
    pub async fn get(&self, request: &HttpRequest, want: Option<&Want>, lane: Lane) -> Result<Response, NetError> {
        match self.walk(request, want, lane, Walk::ToTheEnd).await? {
            Reached::Answer { answer, hop, place, sent } => self.settle(answer, hop, place, sent),
            Reached::Elsewhere(url) => unreachable!("a walk to the end does not stop before {url}"),
        }
    }

    /// Sends a request and follows its redirects as far as `walk` says, whatever status the
    /// last answer has.
    pub(super) async fn walk(
        &self,
        request: &HttpRequest,
        want: Option<&Want>,
        lane: Lane,
        walk: Walk,
    ) -> Result<Reached, NetError> {
        if self.0.settings.offline && !request.url.is_loopback() {
            return Err(NetError::Offline { needed: vec![request.url.clone()] });
        }
        let jar = request.cookies.jar();
        let mut hop = self.hop(request.url.clone())?;
        let mut body = request.body.as_ref();
        for hops in 0.. {
            let (answer, place, sent) = self.ask(request, body, want, lane, &hop, jar.as_deref()).await?;
            let status = answer.status().as_u16();
            tracing::debug!(url = %hop.asked, at = %hop.connected.origin(), status, "answered");
            if let Some(jar) = &jar {
                let mut cookies = answer.headers().get_all("set-cookie").iter();
                jar.set_cookies(&mut cookies, hop.asked.expose());
            }
            // Object stores tell of another region without an address to go to.
            if !redirect::is_redirect(status) || !answer.headers().contains_key("location") {
                return Ok(Reached::Answer { answer, hop, place, sent });
            }
            let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
            let mut target = redirect::next(&request.url, &hop.asked, location, hops)?;
            if let Some(RequestCredential::Query(secret)) = &request.credential {
                target = redirect::without_secret(&request.url, target, secret.expose())?;
            }
            let target = self.hop(target)?;
            // That address is told and not asked: whoever goes there decides what it must be.
            if walk == Walk::WithinTheOrigin && target.asked.origin() != request.url.origin() {
                drain(answer).await;
                return Ok(Reached::Elsewhere(target.asked));
            }
            let (before, after) = ((&hop.asked, &hop.connected), (&target.asked, &target.connected));
            redirect::check_downgrade(&request.url, before, after)?;
            drain(answer).await;
            // What is posted is meant for the host that was asked, and for no other.
            body = body.filter(|_| matches!(status, 307 | 308) && target.asked.origin() == request.url.origin());
            hop = target;
        }
        unreachable!("the chain ends by its limit")
    }

    fn hop(&self, asked: SafeUrl) -> Result<Hop, NetError> {
        let connected = self.0.settings.rewrites.apply(&asked)?;
        Ok(Hop { asked, connected })
    }

    /// One request to one hop. Also says whether a credential was sent.
    async fn ask(
        &self,
        request: &HttpRequest,
        body: Option<&Body>,
        want: Option<&Want>,
        lane: Lane,
        hop: &Hop,
        jar: Option<&Jar>,
    ) -> Result<(reqwest::Response, Place, bool), NetError> {
        let (headers, credential) = headers(request, want, hop, jar, &self.0.settings.clock)?;
        let signed = signed(hop, credential.as_ref())?;
        let (hop, sent) = (&signed, credential.is_some());
        let gate = self.gate(&hop.asked, request.connections);
        let place = self.enter(&gate, &hop.asked).await?;
        let known = gate.has_answered();
        let mut answer = self.send(lane, hop, body, &headers).await;
        if known && body.is_none() && matches!(answer, Err(NetError::Interrupted { .. })) {
            // The host may have closed an idle connection just when it was used again, which
            // says nothing about the request: it is sent once more at once.
            answer = self.send(lane, hop, body, &headers).await;
        }
        let answer = answer?;
        gate.note_answer();
        if answer.version() == reqwest::Version::HTTP_2 && request.connections.is_none() {
            let settings = &self.0.settings;
            gate.widen(settings.streams_per_host.saturating_sub(settings.connections_per_host));
        }
        Ok((answer, place, sent))
    }

    /// One request on the wire, up to the head of its answer.
    async fn send(
        &self,
        lane: Lane,
        hop: &Hop,
        body: Option<&Body>,
        headers: &HeaderMap,
    ) -> Result<reqwest::Response, NetError> {
        let (client, address) = (self.wire(lane)?, hop.connected.expose().clone());
        let sending = match body {
            None => client.get(address),
            Some(body) => client.post(address).header("content-type", body.content_type).body(body.bytes.clone()),
        };
        let sending = sending.headers(headers.clone()).send();
        let patience = self.0.settings.header_timeout;
        let proxy = || self.0.settings.proxies.choose(hop.connected.expose()).map(ToString::to_string);
        match tokio::time::timeout(patience, sending).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.is_connect() && error.is_timeout() => {
                let after = self.0.settings.connect_timeout;
                Err(NetError::Stalled { url: hop.asked.clone(), what: "no connection", after })
            }
            Ok(Err(error)) => Err(failure::of_request(error, &hop.asked, proxy())),
            Err(_) => Err(NetError::Stalled { url: hop.asked.clone(), what: "no answer", after: patience }),
        }
    }

    /// Turns the last answer of a chain into a response, or into the error it stands for.
    pub(super) fn settle(
        &self,
        answer: reqwest::Response,
        hop: Hop,
        place: Place,
        credential_sent: bool,
    ) -> Result<Response, NetError> {
        let status = answer.status().as_u16();
        if let (407, Some(proxy)) = (status, self.0.settings.proxies.choose(hop.connected.expose())) {
            return Err(NetError::ProxySignIn { proxy: proxy.to_string(), url: hop.asked });
        }
        let clock = &self.0.settings.clock;
        if let Some(error) = failure::of_status(status, answer.headers(), &hop.asked, credential_sent, clock) {
            self.close_after(&error, &hop);
            return Err(error);
        }
        if let Some(reason) = failure::of_framing(answer.headers()) {
            return Err(NetError::Protocol { url: hop.asked, reason: reason.to_owned() });
        }
        Ok(self.respond(answer, hop, place))
    }

    /// An answer as the body that arrives piece by piece.
    pub(super) fn respond(&self, answer: reqwest::Response, hop: Hop, place: Place) -> Response {
        let settings = &self.0.settings;
        let watch = StallWatch::new(settings.stall_timeout, settings.stall_bytes.0, Instant::now());
        Response::new(answer, hop.asked, watch, self.0.limiter.clone(), place)
    }

    /// Asks nothing more of a host for as long as it wants.
    pub(super) fn close_after(&self, error: &NetError, hop: &Hop) {
        if let NetError::RateLimited { retry_after: Some(pause), .. }
        | NetError::ServerError { retry_after: Some(pause), .. } = error
        {
            self.gate(&hop.asked, None).close_for(*pause);
        }
    }

    async fn enter(&self, gate: &Gate, url: &SafeUrl) -> Result<Place, NetError> {
        let settings = &self.0.settings;
        let waiting = |pause: std::time::Duration| {
            let reason = format!("`{}` asks to wait {} s", url.host(), pause.as_secs().max(1));
            settings.report.report(Event::Waiting { reason });
        };
        gate.enter(settings.max_retry_after, waiting).await.map_err(|too_long| NetError::RateLimited {
            url: url.clone(),
            status: 429,
            retry_after: Some(too_long.0),
        })
    }

    fn gate(&self, url: &SafeUrl, connections: Option<usize>) -> Arc<Gate> {
        let mut gates = self.0.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates.entry(url.origin()).or_insert_with(|| {
            // A place is a connection until the host turns out to share one among many.
            let usual = self.0.settings.connections_per_host;
            Arc::new(Gate::new(connections.map_or(usual, |most| most.min(usual))))
        });
        Arc::clone(gate)
    }

    fn wire(&self, lane: Lane) -> Result<&reqwest::Client, NetError> {
        let cell = match lane {
            Lane::Bulk => &self.0.bulk,
            Lane::Light => &self.0.light,
        };
        cell.get_or_init(|| wire::client(&self.0.settings, lane)).as_ref().map_err(Clone::clone)
    }
}

/// The headers for one hop, and the credential that it may see.
fn headers(
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
    let credential = credential_for(request, &hop.asked);
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

/// The hop with a credential that belongs into the query. It is made for one request and not
/// kept: what callers and the log see is the address as it was asked for.
fn signed(hop: &Hop, credential: Option<&RequestCredential>) -> Result<Hop, NetError> {
    let (asked, mut connected) = (hop.asked.clone(), hop.connected.expose().clone());
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
    let connected = SafeUrl::from_url(connected).unwrap_or_else(|| hop.connected.clone());
    Ok(Hop { asked, connected })
}

/// The credential that `asked` may see: the one given, or user and password of the first
/// address, and only at the origin of that address.
fn credential_for(request: &HttpRequest, asked: &SafeUrl) -> Option<RequestCredential> {
    if request.url.origin() != asked.origin() {
        return None;
    }
    request.credential.clone().or_else(|| {
        let url = request.url.expose();
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        (!url.username().is_empty()).then(|| RequestCredential::Basic {
            user: decoded(url.username()),
            password: crate::values::Secret::new(decoded(url.password().unwrap_or_default())),
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

/// Reads the small body of a redirect, so that its connection can be used again.
async fn drain(mut answer: reqwest::Response) {
    const ENOUGH: usize = 64 << 10;
    if answer.content_length().is_none_or(|length| length > ENOUGH as u64) {
        return;
    }
    let reading = async {
        let mut read = 0;
        while let Ok(Some(piece)) = answer.chunk().await {
            read += piece.len();
            if read > ENOUGH {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Secret;

    fn now() -> Clock {
        Clock::fixed("2026-11-24T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_credential_stays_with_its_origin() {
        #[track_caller]
        fn check(first: &str, hop: &str, sent: bool) {
            let url = SafeUrl::parse(first).unwrap();
            let request = HttpRequest::get(url).with_credential(RequestCredential::Bearer(Secret::new("t")));
            let asked = SafeUrl::parse(hop).unwrap();
            let hop = Hop { connected: asked.clone(), asked };
            let (headers, credential) = headers(&request, None, &hop, None, &now()).unwrap();
            assert_eq!(
                (headers.contains_key("authorization"), credential.is_some()),
                (sent, sent),
                "{first} {}",
                hop.asked
            );
        }
        check("https://a.example/x", "https://a.example/y", true);
        check("https://a.example/x", "https://a.example:443/y", true);
        check("https://a.example/x", "https://a.example:8443/y", false);
        check("https://a.example/x", "https://b.a.example/y", false);
        check("https://a.example/x", "http://a.example/y", false);
    }

    #[test]
    fn a_credential_needs_a_protected_connection() {
        let url = SafeUrl::parse("http://a.example/x").unwrap();
        let request = HttpRequest::get(url.clone()).with_credential(RequestCredential::Bearer(Secret::new("t")));
        let hop = |connected: &str| Hop { asked: url.clone(), connected: SafeUrl::parse(connected).unwrap() };
        assert!(headers(&request, None, &hop("http://a.example/x"), None, &now()).is_err());
        assert!(headers(&request, None, &hop("http://127.0.0.1:1/x"), None, &now()).is_ok());
    }

    #[test]
    fn a_credential_in_the_query_keeps_its_bytes_and_its_origin() {
        #[track_caller]
        fn check(hop: &str, secret: &str, expected: Option<&str>) {
            let url = SafeUrl::parse("https://a.example/x?comp=list").unwrap();
            let request = HttpRequest::get(url).with_credential(RequestCredential::Query(Secret::new(secret)));
            let asked = SafeUrl::parse(hop).unwrap();
            let hop = Hop { connected: asked.clone(), asked };
            let credential = headers(&request, None, &hop, None, &now()).unwrap().1;
            let signed = signed(&hop, credential.as_ref());
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
        let request = HttpRequest::get(url.clone());
        let credential = credential_for(&request, &url).unwrap();
        let hop = Hop { connected: url.clone(), asked: url };
        assert_eq!(written(&credential, &request, &hop, &now())[0].1, "Basic amFuZUB4OnAgdw==");
    }

    #[test]
    fn a_range_names_its_version_as_the_host_understands_it() {
        #[track_caller]
        fn check(same_version: SameVersion, validator: Validator, header: &str) {
            let url = SafeUrl::parse("https://a.example/x").unwrap();
            let request = HttpRequest { same_version, ..HttpRequest::get(url.clone()) };
            let want = Want { from: 5, until: None, same_as: Some(validator.clone()) };
            let hop = Hop { connected: url.clone(), asked: url };
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
