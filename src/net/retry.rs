//! When to ask again, and after how long. Pure: time and chance come in.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::error::NetError;

/// What a failure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Ask again; not before `after`, where the host said so.
    Retry {
        /// The host's own wish.
        after: Option<Duration>,
    },
    /// The address may have expired: get a new one, then ask again.
    Refresh,
    /// Asking again changes nothing.
    GiveUp,
}

/// Counts the attempts of one piece of work that got nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    allowed: u32,
    failed: u32,
}

/// What a failure means for the next attempt.
pub fn classify(error: &NetError) -> Verdict {
    match error {
        NetError::RateLimited { retry_after, .. } | NetError::ServerError { retry_after, .. } => {
            Verdict::Retry { after: *retry_after }
        }
        NetError::Stalled { .. }
        | NetError::Interrupted { .. }
        | NetError::CutShort { .. }
        | NetError::CannotConnect { .. }
        | NetError::ProxyFailed { .. } => Verdict::Retry { after: None },
        NetError::SignInNeeded { .. } | NetError::NotPermitted { .. } | NetError::LinkExpired { .. } => Verdict::Refresh,
        NetError::Offline { .. }
        | NetError::NameNotFound { .. }
        | NetError::Tls { .. }
        // Asking with the same password again may lock an account.
        | NetError::ProxySignIn { .. }
        | NetError::Gone { .. }
        | NetError::Redirect { .. }
        | NetError::Forbidden { .. }
        | NetError::Protocol { .. }
        | NetError::Status { .. }
        | NetError::TooLarge { .. }
        | NetError::Setup { .. } => Verdict::GiveUp,
    }
}

/// Reads `Retry-After`: seconds, or a date. `None` for anything else.
///
/// A date is compared with the host's own `Date` where it sent one, because its clock may be
/// wrong, and with `now` otherwise. A date that has passed means "at once".
pub fn retry_after(value: &str, date: Option<&str>, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean for ever.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    let now = date
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or_else(|| SystemTime::try_from(now).unwrap_or(SystemTime::UNIX_EPOCH));
    Some(then.duration_since(now).unwrap_or_default())
}

/// How long to wait before attempt number `attempt` (1 is the first repetition).
///
/// Full jitter: anything between nothing and a limit that doubles from half a second to 30 s.
/// `chance` is between 0 and 1. A wish of the host is honoured and lengthened by up to a tenth,
/// so that not everybody comes back at once.
pub fn delay(attempt: u32, after: Option<Duration>, chance: f64) -> Duration {
    let chance = chance.clamp(0.0, 1.0);
    match after {
        Some(after) => after + after.min(Duration::from_secs(60)).mul_f64(chance / 10.0),
        None => {
            let doubled = FIRST_LIMIT.saturating_mul(1 << attempt.saturating_sub(1).min(10));
            doubled.min(LAST_LIMIT).mul_f64(chance)
        }
    }
}

/// A number between 0 and 1 from the system's generator; a half where it has none.
pub fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

impl Attempts {
    /// Allows one attempt and `retries` repetitions without progress.
    pub fn new(retries: u32) -> Self {
        Self { allowed: retries, failed: 0 }
    }

    /// Notes a failed attempt that brought `progress` bytes, and says which repetition comes
    /// next; `None` when none may follow.
    ///
    /// An attempt that brought at least [`PROGRESS`] bytes starts the count anew, so that a
    /// file of many pieces finishes. The floor bounds the number of attempts by the size of
    /// the file: a host that sends one byte at a time does not hold us for ever.
    pub fn failed(&mut self, progress: u64) -> Option<u32> {
        if progress >= PROGRESS {
            self.failed = 0;
        }
        self.failed += 1;
        (self.failed <= self.allowed).then_some(self.failed)
    }
}

/// Bytes that count as progress.
pub const PROGRESS: u64 = 64 << 10;
const FIRST_LIMIT: Duration = Duration::from_millis(500);
const LAST_LIMIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::SafeUrl;

    #[test]
    fn reads_both_forms_of_retry_after() {
        #[track_caller]
        fn check(value: &str, date: Option<&str>, expected: Option<u64>) {
            let now = "2026-11-24T10:00:00Z".parse().unwrap();
            assert_eq!(retry_after(value, date, now), expected.map(Duration::from_secs), "{value}");
        }
        check("120", None, Some(120));
        check(" 0 ", None, Some(0));
        check("Tue, 24 Nov 2026 10:00:30 GMT", None, Some(30));
        check("Tue, 24 Nov 2026 09:00:00 GMT", None, Some(0)); // has passed
        // The host's clock is an hour ahead: its own date tells what it means.
        check("Tue, 24 Nov 2026 11:00:30 GMT", Some("Tue, 24 Nov 2026 11:00:00 GMT"), Some(30));
        check("99999999999999999999999", None, Some(u64::from(u32::MAX)));
        check("soon", None, None);
        check("-5", None, None);
        check("", None, None);
        check("1.5", None, None);
    }

    #[test]
    fn repeats_only_what_may_get_better() {
        #[track_caller]
        fn check(error: NetError, expected: Verdict) {
            assert_eq!(classify(&error), expected, "{error}");
        }
        let url = SafeUrl::parse("https://host.example/a").unwrap();
        let after = Some(Duration::from_secs(7));
        check(NetError::RateLimited { url: url.clone(), status: 429, retry_after: after }, Verdict::Retry { after });
        check(
            NetError::ServerError { url: url.clone(), status: 500, retry_after: None },
            Verdict::Retry { after: None },
        );
        check(NetError::Interrupted { url: url.clone(), reason: "reset".into() }, Verdict::Retry { after: None });
        check(NetError::Gone { url: url.clone(), status: 404 }, Verdict::GiveUp);
        check(NetError::Tls { url: url.clone(), reason: "expired".into() }, Verdict::GiveUp);
        check(NetError::NotPermitted { url, credential_sent: false, hint: None }, Verdict::Refresh);
    }

    #[test]
    fn waits_longer_each_time_but_never_less_than_asked() {
        let seconds = Duration::from_secs;
        assert_eq!(delay(1, None, 1.0), Duration::from_millis(500));
        assert_eq!(delay(4, None, 1.0), seconds(4));
        assert_eq!(delay(40, None, 1.0), seconds(30));
        assert_eq!(delay(40, None, 0.0), seconds(0));
        assert_eq!(delay(1, Some(seconds(10)), 0.0), seconds(10));
        assert_eq!(delay(1, Some(seconds(10)), 1.0), seconds(11));
    }

    #[test]
    fn attempts_with_progress_do_not_count() {
        let mut attempts = Attempts::new(2);
        assert_eq!(attempts.failed(0), Some(1));
        assert_eq!(attempts.failed(PROGRESS), Some(1));
        assert_eq!(attempts.failed(PROGRESS - 1), Some(2)); // a drip is no progress
        assert_eq!(attempts.failed(0), None);
        assert_eq!(Attempts::new(0).failed(PROGRESS), None); // `--retries 0` means it
    }
}
