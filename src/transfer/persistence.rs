//! Whether a file is asked for again after a failure, and after how long.

use std::fmt::Display;
use std::time::Duration;

use jiff::Timestamp;

use crate::events::{Cancel, Event, Report};
use crate::net::retry::{self, Attempts, Verdict};
use crate::net::{Client, NetError, RequestCredential};
use crate::plan::{HttpRequest, Location};
use crate::values::RelPath;

/// How often in a row another link is asked for without a byte of progress.
const REFRESHES: u32 = 3;

/// Counts what the attempts at one file by one way brought: there are as many as make progress,
/// and a few that make none.
pub(super) struct Persistence {
    attempts: Attempts,
    refreshed: u32,
    /// The most that was held so far. Bytes that came before and were thrown away are no
    /// progress: a host that breaks off and knows no ranges would be asked for ever.
    best: u64,
    /// How long a host may ask to wait.
    patience: Duration,
}

/// What a refusal may mean for the link that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// It has lived out its time since it was given: it waited for its turn among others. Another
    /// one is asked for then, however often that happens.
    Outlived,
    /// It may have expired.
    MayHaveExpired,
    /// It never worked, and nothing says that it ends.
    Lasting,
}

impl Link {
    /// Of a location that was given at one time and is refused at another. `has_worked`: whether
    /// bytes came by it.
    pub(super) fn of(location: &Location, given: Timestamp, now: Timestamp, has_worked: bool) -> Self {
        match expires(location) {
            Some(expires) if given < expires && expires <= now => Self::Outlived,
            Some(_) => Self::MayHaveExpired,
            None if has_worked => Self::MayHaveExpired,
            None => Self::Lasting,
        }
    }
}

/// When a location stops working, if it says so.
pub(super) fn expires(location: &Location) -> Option<Timestamp> {
    match location {
        Location::Http(request) | Location::Wrapped(request) => request.expires,
        Location::Local(_) => None,
    }
}

/// Whether an address that was refused may be one that works for a time: a plain one is not signed.
pub(super) fn may_expire(location: &Location, error: &NetError) -> bool {
    let is_signed = |request: &HttpRequest| matches!(request.credential, Some(RequestCredential::Query(_)));
    match location {
        Location::Http(request) | Location::Wrapped(request) if is_signed(request) => true,
        _ => error.url().is_some_and(|url| !url.is_plain()),
    }
}

impl Persistence {
    /// Before the first attempt, with so many bytes held.
    pub(super) fn new(client: &Client, retries: u32, held: u64) -> Self {
        let patience = client.settings().max_retry_after;
        Self { attempts: Attempts::new(retries), refreshed: 0, best: held, patience }
    }

    /// Notes what is held after an attempt; answers what it brought.
    pub(super) fn note(&mut self, held: u64) -> u64 {
        let progress = held.saturating_sub(self.best);
        self.best += progress;
        if progress > 0 {
            self.refreshed = 0;
        }
        progress
    }

    /// How long to wait before the next attempt; `None` when none may follow.
    pub(super) fn after(&mut self, error: &NetError, held: u64, link: Link) -> Option<Duration> {
        let progress = self.note(held);
        match retry::classify(error) {
            Verdict::Refresh => self.renewed(error, link),
            // Nobody waits for an hour in silence: the person is told when to come back.
            Verdict::Retry { after } if after.is_none_or(|after| after <= self.patience) => {
                let attempt = self.attempts.failed(progress)?;
                Some(retry::delay(attempt, after, retry::chance()))
            }
            Verdict::Retry { .. } | Verdict::GiveUp => None,
        }
    }

    /// How long to wait before another link is asked for; `None` where that one is not.
    pub(super) fn renewed(&mut self, error: &NetError, link: Link) -> Option<Duration> {
        let may_be_over = link != Link::Lasting || matches!(error, NetError::LinkExpired { .. });
        if link != Link::Outlived {
            if !may_be_over || self.refreshed >= REFRESHES {
                return None;
            }
            self.refreshed += 1;
        }
        Some(Duration::ZERO)
    }
}

/// Tells that a file is asked for again, and waits; not longer than the person does.
pub(super) async fn pause(report: &Report, cancel: &Cancel, file: &RelPath, reason: impl Display, wait: Duration) {
    report.report(Event::Retry { file: file.clone(), reason: reason.to_string(), wait_s: wait.as_secs_f64() });
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = cancel.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::HttpRequest;
    use crate::values::SafeUrl;

    #[test]
    fn a_link_that_waited_too_long_is_not_one_that_never_worked() {
        #[track_caller]
        fn check(expires: Option<&str>, given: &str, now: &str, has_worked: bool, expected: Link) {
            let url = SafeUrl::parse("https://storage.example/a?sig=SECRET").unwrap();
            let expires = expires.map(|time| time.parse().unwrap());
            let location = Location::Http(HttpRequest { expires, ..HttpRequest::get(url) });
            let link = Link::of(&location, given.parse().unwrap(), now.parse().unwrap(), has_worked);
            assert_eq!(link, expected, "{given} {now}");
        }
        let at = |second: u8| format!("2026-11-28T10:00:{second:02}Z");
        check(Some(&at(25)), &at(0), &at(40), false, Link::Outlived);
        check(Some(&at(25)), &at(0), &at(5), false, Link::MayHaveExpired); // refused at once
        check(Some(&at(25)), &at(30), &at(40), false, Link::MayHaveExpired); // a clock is wrong
        check(None, &at(0), &at(40), false, Link::Lasting);
        check(None, &at(0), &at(40), true, Link::MayHaveExpired);
    }

    #[test]
    fn another_link_is_asked_for_as_long_as_something_comes() {
        let url = SafeUrl::parse("https://storage.example/a").unwrap();
        let refused = NetError::NotPermitted { url: url.clone(), credential_sent: false, hint: None };
        let over = NetError::LinkExpired { url };
        let new = || Persistence { attempts: Attempts::new(1), refreshed: 0, best: 0, patience: Duration::ZERO };
        let mut persistence = new();
        assert_eq!(persistence.after(&refused, 0, Link::Lasting), None);
        for held in [10, 10, 10, 20, 20, 20] {
            assert!(persistence.after(&refused, held, Link::MayHaveExpired).is_some(), "{held}");
        }
        assert_eq!(persistence.after(&refused, 20, Link::MayHaveExpired), None);
        assert!(persistence.after(&refused, 20, Link::Outlived).is_some());
        // A host that says so is believed, three times.
        let mut persistence = new();
        let asked = (0..9).take_while(|_| persistence.after(&over, 0, Link::Lasting).is_some());
        assert_eq!(asked.count(), 3);
    }
}
