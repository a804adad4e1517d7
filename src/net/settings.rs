//! How to use the network: values that come in, never read from the environment here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::events::{Report, Silent};
use crate::values::ByteSize;

use super::cursors::ListLimit;
use super::proxy::Proxies;
use super::rewrite::Rewrites;

/// Tells the time. The library never asks the system itself.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

/// What a [`Client`](super::Client) is made with.
#[derive(Clone)]
pub struct NetSettings {
    /// Whether every request is refused, naming what it would have asked for.
    pub offline: bool,
    /// Where requests go through, as the usual variables name it.
    pub proxies: Proxies,
    /// Certificate authorities trusted beside the system's: PEM files, read by the caller.
    pub ca_files: Vec<Vec<u8>>,
    /// The `User-Agent` of every request.
    pub user_agent: String,
    /// Addresses replaced just before connecting.
    pub rewrites: Rewrites,
    /// Requests in flight to one host at most, and so connections over HTTP/1.1. A caller who
    /// raises jobs or ranges beyond it raises this too.
    pub connections_per_host: usize,
    /// Requests in flight to a host that speaks HTTP/2, where they share a connection.
    pub streams_per_host: usize,
    /// Patience for name, connection and TLS together.
    pub connect_timeout: Duration,
    /// Patience for the first line of an answer, connecting included.
    pub header_timeout: Duration,
    /// A body that brings fewer than `stall_bytes` in this time has stalled.
    pub stall_timeout: Duration,
    /// See `stall_timeout`. A drip of a byte a second is no progress.
    pub stall_bytes: ByteSize,
    /// Attempts after the first one. Those that made progress do not count.
    pub retries: u32,
    /// Bytes per second of all bodies together.
    pub limit_rate: Option<ByteSize>,
    /// The longest a host may make us wait by `Retry-After`; what is longer is an error.
    pub max_retry_after: Duration,
    /// The most that a list may be that comes in pages.
    pub list_limit: ListLimit,
    /// Tells the time, for dates in `Retry-After` and for links that expire.
    pub clock: Clock,
    /// Hears when a host makes everybody wait.
    pub report: Report,
}

impl NetSettings {
    /// The usual settings, without proxies, rewrites or limits.
    pub fn new(clock: Clock) -> Self {
        Self {
            offline: false,
            proxies: Proxies::default(),
            ca_files: Vec::new(),
            user_agent: concat!("medsets/", env!("CARGO_PKG_VERSION"), "").into(),
            rewrites: Rewrites::default(),
            connections_per_host: 8,
            streams_per_host: 64,
            connect_timeout: Duration::from_secs(20),
            header_timeout: Duration::from_secs(120),
            stall_timeout: Duration::from_secs(60),
            stall_bytes: ByteSize(4096),
            retries: 5,
            limit_rate: None,
            max_retry_after: Duration::from_secs(600),
            list_limit: ListLimit::default(),
            clock,
            report: Arc::new(Silent),
        }
    }
}

impl Clock {
    /// A clock that asks `tell`.
    pub fn new(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// A clock that stands still, for tests.
    pub fn fixed(time: Timestamp) -> Self {
        Self::new(move || time)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Clock({})", self.now())
    }
}
