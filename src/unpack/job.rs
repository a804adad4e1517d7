//! What every format needs while it works: the request, cancelling, progress.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::events::Event;
use crate::values::ByteSize;

use super::Request;
use super::error::Fault;
use super::names::Charset;
use super::rules::Rules;

/// One archive being unpacked.
pub(super) struct Job<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) charset: Charset,
    pub(super) progress: Progress<'a>,
}

impl<'a> Job<'a> {
    /// Takes a request whose rules can be followed.
    pub(super) fn new(request: &'a Request<'a>) -> Result<Self, Fault> {
        let charset = Charset::named(request.rules.encoding.as_deref())?;
        let progress = Progress { request, members: AtomicU64::new(0), bytes: AtomicU64::new(0) };
        Ok(Self { request, charset, progress })
    }

    /// What the entry says.
    pub(super) fn rules(&self) -> &'a Rules {
        self.request.rules
    }

    /// Ends the work where somebody asked for it.
    pub(super) fn go_on(&self) -> Result<(), Fault> {
        if self.request.cancel.load(Ordering::Relaxed) { Err(Fault::Cancelled) } else { Ok(()) }
    }
}

/// Counts what is done and tells now and then.
pub(super) struct Progress<'a> {
    request: &'a Request<'a>,
    members: AtomicU64,
    bytes: AtomicU64,
}

impl Progress<'_> {
    /// Members between two events.
    const STEP: u64 = 512;
    /// Bytes between two events.
    const BYTES: u64 = 16 << 20;

    /// Counts members and bytes that were written.
    pub(super) fn add(&self, members: u64, bytes: u64) {
        let held = self.members.fetch_add(members, Ordering::Relaxed) + members;
        let held_bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held >= Self::STEP || held_bytes >= Self::BYTES {
            self.flush();
        }
    }

    /// Tells what was counted since the last event.
    pub(super) fn flush(&self) {
        let members = self.members.swap(0, Ordering::Relaxed);
        let bytes = ByteSize(self.bytes.swap(0, Ordering::Relaxed));
        if members > 0 || bytes.0 > 0 {
            self.request.report.report(Event::Unpacked { archive: self.request.name.clone(), members, bytes });
        }
    }
}
