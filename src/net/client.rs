//! Sends requests, hop by hop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::HeaderMap;
use tokio::time::Instant;

use crate::events::Event;
use crate::values::SafeUrl;
use crate::values::safe_url::Origin;

use super::error::NetError;
use super::failure;
use super::gate::{Gate, Place};
use super::hop::{self, Hop};
use super::limit::Limiter;
use super::patience::StallWatch;
use super::redirect;
use super::request::{Body, HttpRequest, Lane, RequestCredential, Want};
use super::response::Response;
use super::settings::NetSettings;
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
    /// The credential goes to the origin of `request.url` alone, and to no hop after one at
    /// another origin. One attempt: whoever calls decides about another.
    ///
    /// # Errors
    /// Every status but 200 is an error with its meaning, and without `want` so are 206, 412 and 416.
    pub async fn get(&self, request: &HttpRequest, want: Option<&Want>, lane: Lane) -> Result<Response, NetError> {
        match self.walk(request, want, lane, Walk::ToTheEnd).await? {
            Reached::Answer { answer, hop, place, sent } => self.settle(answer, hop, place, sent).await,
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
        let rewrites = &self.0.settings.rewrites;
        let mut hop = Hop::first(request.url.clone(), rewrites)?;
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
                if status == 401 && request.credential.is_some() && hop.is_back_at(&request.url) {
                    let (from, to, reason) = (request.url.clone(), hop.asked.to_string(), CAME_BACK);
                    return Err(NetError::Redirect { from, to, reason });
                }
                let is_ranged = want.is_some() || request.headers.iter().any(|(name, _)| name == "range");
                return match failure::of_unasked_range(status, &hop.asked).filter(|_| !is_ranged) {
                    Some(error) => Err(error),
                    None => Ok(Reached::Answer { answer, hop, place, sent }),
                };
            }
            let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
            let mut target = redirect::next(&request.url, &hop.asked, location, hops)?;
            if let Some(RequestCredential::Query(secret)) = &request.credential {
                target = redirect::without_secret(&request.url, target, secret.expose())?;
            }
            let target = hop.next(target, rewrites)?;
            // That address is told and not asked: whoever goes there decides what it must be.
            if walk == Walk::WithinTheOrigin && !target.stayed {
                drain(answer).await;
                return Ok(Reached::Elsewhere(target.asked));
            }
            let (before, after) = ((&hop.asked, &hop.connected), (&target.asked, &target.connected));
            redirect::check_downgrade(&request.url, before, after)?;
            drain(answer).await;
            // What is posted is meant for the host that was asked, and for no other.
            body = body.filter(|_| matches!(status, 307 | 308) && target.stayed);
            hop = target;
        }
        unreachable!("the chain ends by its limit")
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
        let (headers, credential) = hop::headers(request, want, hop, jar, &self.0.settings.clock)?;
        let signed = hop.signed(credential.as_ref())?;
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

    /// A request of somebody else's making on the wire, up to the head of its answer.
    #[cfg(feature = "cloud")]
    pub(super) async fn send_as_it_is(
        &self,
        method: reqwest::Method,
        url: &SafeUrl,
        headers: HeaderMap,
        body: reqwest::Body,
        insecure: bool,
        patience: std::time::Duration,
    ) -> Result<(reqwest::Response, Hop, Place), NetError> {
        let hop = Hop::first(url.clone(), &self.0.settings.rewrites)?;
        let is_open = !hop.asked.is_https() && !hop.connected.is_https();
        if is_open && !hop.connected.is_loopback() && !insecure {
            let reason = "nothing is sent to another machine over plain http";
            return Err(NetError::Forbidden { url: url.clone(), reason });
        }
        let place = self.enter(&self.gate(&hop.asked, None), &hop.asked).await?;
        let address = hop.connected.expose().clone();
        let sending = self.wire(Lane::Bulk)?.request(method, address).headers(headers).body(body).send();
        let proxy = || self.0.settings.proxies.choose(hop.connected.expose()).map(ToString::to_string);
        let answer = match tokio::time::timeout(patience, sending).await {
            Ok(answer) => answer.map_err(|error| failure::of_request(error, &hop.asked, proxy()))?,
            Err(_) => return Err(NetError::Stalled { url: url.clone(), what: "no answer", after: patience }),
        };
        if let (407, Some(proxy)) = (answer.status().as_u16(), proxy()) {
            return Err(NetError::ProxySignIn { proxy, url: hop.asked });
        }
        Ok((answer, hop, place))
    }

    /// Turns the last answer of a chain into a response, or into the error it stands for.
    async fn settle(
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
            if status == 400 && says_expired(answer).await {
                return Err(NetError::LinkExpired { url: hop.asked });
            }
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

const CAME_BACK: &str = "it comes back from another host, after which the credential is not sent";

/// Whether the body of a refusal is that of an object store for a link whose time is over: Google
/// Cloud Storage, and S3 with temporary keys, answer so with status 400.
async fn says_expired(answer: reqwest::Response) -> bool {
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_xml = kind.contains("xml");
    is_xml && String::from_utf8_lossy(&opening(answer).await).contains("<Code>ExpiredToken</Code>")
}

/// Reads the small body of a redirect, so that its connection can be used again.
async fn drain(answer: reqwest::Response) {
    if answer.content_length().is_some_and(|length| length <= ENOUGH as u64) {
        opening(answer).await;
    }
}

/// A body up to [`ENOUGH`] bytes, or what came of it within a short time.
async fn opening(mut answer: reqwest::Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = async {
        while let Ok(Some(piece)) = answer.chunk().await {
            bytes.extend_from_slice(&piece);
            if bytes.len() > ENOUGH {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), reading).await;
    bytes
}

/// Redirects and refusals have bodies of a few sentences.
const ENOUGH: usize = 64 << 10;
