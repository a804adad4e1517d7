//! Conversations with the interfaces of hosts: small answers whose refusals have a body.
//!
//! A download needs the bytes or the class of a failure; an interface explains a refusal in
//! the body of its answer. What is read here is for the providers to understand. It is never
//! printed as it came: hosts repeat credentials in such bodies.

use serde::de::DeserializeOwned;

use crate::values::{ByteSize, SafeUrl};

use super::client::{Client, Reached, Walk};
use super::error::NetError;
use super::failure;
use super::gate::Place;
use super::hop::Hop;
use super::pages::{self, Page};
use super::request::{HttpRequest, Lane, Want};
use super::retry::{Attempts, Verdict, chance, classify, delay};

/// What an interface answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers and body.
    pub page: Page,
    /// What the status means where it is no success.
    pub error: Option<NetError>,
}

/// Where a request leads.
#[derive(Debug, Clone)]
pub enum Lead {
    /// To an address at another origin, which has not been asked: usually a signed link.
    Elsewhere(SafeUrl),
    /// To an answer of the host itself.
    Answer(Box<Answer>),
}

/// What is at the address of a file.
#[derive(Debug, Clone)]
pub enum Peek {
    /// A file, at this address after all redirects.
    File(SafeUrl),
    /// A web page in its place, or a refusal.
    Page(Box<Answer>),
}

impl Answer {
    /// The body as JSON if the status is a success, else what the status means.
    ///
    /// # Errors
    /// The meaning of the status, or the place where the JSON does not fit.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, NetError> {
        match self.error {
            Some(error) => Err(error),
            None => self.page.json(),
        }
    }

    /// The body of a refusal as JSON, where it is any.
    pub fn refusal<T: DeserializeOwned>(&self) -> Option<T> {
        self.error.as_ref().and_then(|_| serde_json::from_slice(&self.page.bytes).ok())
    }
}

impl Client {
    /// Asks an interface, again where the host has passing trouble, and reads what it answers.
    ///
    /// # Errors
    /// No answer at all, one larger than `limit`, or trouble that did not pass.
    pub async fn call(&self, request: &HttpRequest, limit: ByteSize) -> Result<Answer, NetError> {
        match self.lead_by(request, limit, Walk::ToTheEnd).await? {
            Lead::Answer(answer) => Ok(*answer),
            Lead::Elsewhere(url) => unreachable!("a walk to the end does not stop before {url}"),
        }
    }

    /// Follows redirects as long as they stay at the origin of the request. An address
    /// elsewhere is told and not asked; an answer of the origin itself is read up to `limit`.
    ///
    /// # Errors
    /// As for [`Client::call`].
    pub async fn lead(&self, request: &HttpRequest, limit: ByteSize) -> Result<Lead, NetError> {
        self.lead_by(request, limit, Walk::WithinTheOrigin).await
    }

    /// Asks for the first byte of a file and follows all redirects, for hosts that may send a web
    /// page in its place. The page is read up to `limit`, of a file nothing.
    ///
    /// # Errors
    /// As for [`Client::call`].
    pub async fn peek(&self, request: &HttpRequest, limit: ByteSize) -> Result<Peek, NetError> {
        self.patiently(|| self.peek_once(request, limit)).await
    }

    async fn peek_once(&self, request: &HttpRequest, limit: ByteSize) -> Result<Peek, NetError> {
        let first = Want { from: 0, until: Some(1), same_as: None };
        let (answer, hop, place, sent) = match self.walk(request, Some(&first), Lane::Light, Walk::ToTheEnd).await? {
            Reached::Answer { answer, hop, place, sent } => (answer, hop, place, sent),
            Reached::Elsewhere(url) => unreachable!("a walk to the end does not stop before {url}"),
        };
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_page = kind.trim().to_ascii_lowercase().starts_with("text/html")
            && !answer.headers().contains_key("content-disposition");
        match answer.status().as_u16() {
            // A file without bytes has no first one.
            200 | 206 | 416 if !is_page => Ok(Peek::File(hop.asked.clone())),
            _ => Ok(Peek::Page(Box::new(self.read_answer(answer, hop, place, sent, limit).await?))),
        }
    }

    async fn lead_by(&self, request: &HttpRequest, limit: ByteSize, walk: Walk) -> Result<Lead, NetError> {
        self.patiently(|| self.ask_once(request, limit, walk)).await
    }

    /// Asks again where the host has passing trouble.
    async fn patiently<T, F: Future<Output = Result<T, NetError>>>(&self, ask: impl Fn() -> F) -> Result<T, NetError> {
        let mut attempts = Attempts::new(self.settings().retries);
        loop {
            let error = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            self.wait_to_ask_again(&mut attempts, error).await?;
        }
    }

    /// Waits as long as passing trouble asks for; everything else, and trouble that lasts, is the
    /// error itself.
    pub(super) async fn wait_to_ask_again(&self, attempts: &mut Attempts, error: NetError) -> Result<(), NetError> {
        let Verdict::Retry { after } = classify(&error) else { return Err(error) };
        if after.is_some_and(|after| after > self.settings().max_retry_after) {
            return Err(error);
        }
        let Some(attempt) = attempts.failed(0) else { return Err(error) };
        tracing::debug!(%error, attempt, "asking again");
        tokio::time::sleep(delay(attempt, after, chance())).await;
        Ok(())
    }

    async fn ask_once(&self, request: &HttpRequest, limit: ByteSize, walk: Walk) -> Result<Lead, NetError> {
        let (answer, hop, place, sent) = match self.walk(request, None, Lane::Light, walk).await? {
            Reached::Elsewhere(url) => return Ok(Lead::Elsewhere(url)),
            Reached::Answer { answer, hop, place, sent } => (answer, hop, place, sent),
        };
        Ok(Lead::Answer(Box::new(self.read_answer(answer, hop, place, sent, limit).await?)))
    }

    async fn read_answer(
        &self,
        answer: reqwest::Response,
        hop: Hop,
        place: Place,
        sent: bool,
        limit: ByteSize,
    ) -> Result<Answer, NetError> {
        let status = answer.status().as_u16();
        let settings = self.settings();
        let error = match status {
            // Created, accepted, nothing to say: successes of an interface.
            201 | 202 | 204 => None,
            _ => failure::of_status(status, answer.headers(), &hop.asked, sent, &settings.clock),
        };
        if let Some(error @ (NetError::RateLimited { .. } | NetError::ServerError { .. })) = error {
            self.close_after(&error, &hop);
            return Err(error);
        }
        let mut response = self.respond(answer, hop, place);
        let page = pages::read_page(&mut response, limit).await?;
        Ok(Answer { status, page, error })
    }
}
