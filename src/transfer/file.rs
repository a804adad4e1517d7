//! One file: ways, attempts, resuming, verification.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::events::Event;
use crate::net::NetError;
use crate::net::retry::{self, Attempts, Verdict};
use crate::plan::Location;
use crate::values::ByteSize;

use super::download::Download;
use super::engine::Engine;
use super::error::TransferError;
use super::job::{Done, Job, Locate, Verified};

/// How often a file may turn out to be of another version before it is given up.
const VERSIONS: u32 = 4;

/// An attempt that did not finish a file.
pub(super) enum Failed {
    /// The network.
    Net(NetError),
    /// What is held is of no use: start over.
    Over(&'static str),
    /// The body ended cleanly but early: another attempt may bring the rest.
    Short {
        /// What there is now.
        received: u64,
        /// What there should be.
        expected: u64,
    },
    /// Nothing that another attempt would change.
    Final(TransferError),
}

impl From<NetError> for Failed {
    fn from(error: NetError) -> Self {
        Self::Net(error)
    }
}

/// Downloads one file, by each way in order, and proves it. A file whose bytes are wrong is
/// thrown away and had afresh once.
pub(super) async fn fetch(engine: &Arc<Engine>, job: &Job) -> Result<Done, TransferError> {
    let mut last: Option<TransferError> = None;
    for _round in 0..2 {
        let mut wrong = false;
        for way in &job.ways {
            let error = match by_way(engine, job, way.as_ref()).await {
                Ok(done) => {
                    tell_done(engine, job, &done);
                    return Ok(done);
                }
                Err(error) => explained(way.as_ref(), error).await,
            };
            let ends = matches!(error, TransferError::Cancelled { .. } | TransferError::Fs { .. });
            if ends {
                return Err(error);
            }
            wrong |= matches!(error, TransferError::Mismatch { .. } | TransferError::TooLong { .. });
            // Wrong bytes from one place say more than a second place that cannot be reached.
            let says_less = error.host().is_some() && last.as_ref().is_some_and(|last| last.host().is_none());
            if !says_less {
                last = Some(error);
            }
        }
        if !wrong {
            break;
        }
    }
    Err(last.unwrap_or_else(|| TransferError::NotLocated {
        file: job.file.clone(),
        cause: super::LocateError { net: None, exit: 1, message: "the entry names no place for it".into(), help: None },
    }))
}

/// The failure with what the host means by it, where that is known.
async fn explained(way: &dyn Locate, error: TransferError) -> TransferError {
    match error {
        TransferError::Net { file, source } => match way.explain(&source).await {
            Some(cause) => TransferError::NotLocated { file, cause },
            None => TransferError::Net { file, source },
        },
        TransferError::WrongContent { file, title } => match way.explain_page(title.as_deref()) {
            Some(cause) => TransferError::NotLocated { file, cause },
            None => TransferError::WrongContent { file, title },
        },
        other => other,
    }
}

fn tell_done(engine: &Engine, job: &Job, done: &Done) {
    engine.report.report(Event::FileDone {
        file: job.file.clone(),
        bytes: done.size,
        sha256: done.sha256.hex(),
        verified: done.verified != Verified::Nothing,
    });
}

/// One way, with as many attempts as make progress and a few that make none.
async fn by_way(engine: &Arc<Engine>, job: &Job, way: &dyn Locate) -> Result<Done, TransferError> {
    let location = located(job, way).await?;
    if !is_wrapped(&location) {
        return with_attempts(engine, job, way, location).await;
    }
    let done = with_attempts(engine, &job.for_wrapping(), way, location).await?;
    Ok(Done { wrapped: true, ..done })
}

async fn with_attempts(
    engine: &Arc<Engine>,
    job: &Job,
    way: &dyn Locate,
    mut location: Location,
) -> Result<Done, TransferError> {
    let fs_error = |source| TransferError::Fs { file: job.file.clone(), source };
    let wrapped = is_wrapped(&location);
    let mut attempts = Attempts::new(engine.settings.retries);
    let mut download = Download::new(engine, job);
    let (mut refreshed, mut versions) = (0, 0);
    let mut best = download.held();
    let now = || engine.client.settings().clock.now();
    let mut given = now();
    loop {
        let outcome = tokio::select! {
            outcome = download.attempt(&location) => outcome,
            () = engine.cancel.cancelled() => Err(Failed::Final(TransferError::Cancelled { file: job.file.clone() })),
        };
        let failed = match outcome {
            Ok(done) => return Ok(done),
            Err(failed) => failed,
        };
        // Bytes that came before and were thrown away are no progress: a host that breaks off
        // and knows no ranges would be asked for ever.
        let progress = download.held().saturating_sub(best);
        best += progress;
        if progress > 0 {
            refreshed = 0;
        }
        let mut short = None;
        let error = match failed {
            Failed::Final(error) => {
                download.stop().map_err(fs_error)?;
                return Err(error);
            }
            Failed::Over(reason) => {
                download.start_over().map_err(fs_error)?;
                versions += 1;
                NetError::Protocol { url: download.url(&location), reason: reason.to_owned() }
            }
            Failed::Short { received, expected } => {
                let (received, expected) = (ByteSize(received), ByteSize(expected));
                short = Some(TransferError::Truncated { file: job.file.clone(), expected, received });
                let reason = format!("it ended after {} of {} bytes", received.0, expected.0);
                NetError::Interrupted { url: download.url(&location), reason }
            }
            Failed::Net(error) => error,
        };
        let patience = engine.client.settings().max_retry_after;
        let wait = match retry::classify(&error) {
            _ if versions > 0 && versions < VERSIONS && matches!(error, NetError::Protocol { .. }) => Duration::ZERO,
            Verdict::Refresh if outlived(&location, given, now()) => Duration::ZERO,
            Verdict::Refresh if refreshed < 3 && (download.received > 0 || expires(&location)) => {
                refreshed += 1;
                Duration::ZERO
            }
            // Nobody waits for an hour in silence: the person is told when to come back.
            Verdict::Retry { after: Some(after) } if after > patience => {
                return Err(download.give_up(error, &location));
            }
            Verdict::Retry { after } => match attempts.failed(progress) {
                Some(attempt) => retry::delay(attempt, after, retry::chance()),
                None => {
                    let gave_up = download.give_up(error, &location);
                    return Err(short.filter(|_| gave_up.host().is_some()).unwrap_or(gave_up));
                }
            },
            Verdict::Refresh | Verdict::GiveUp => return Err(download.give_up(error, &location)),
        };
        let retry = Event::Retry { file: job.file.clone(), reason: error.to_string(), wait_s: wait.as_secs_f64() };
        engine.report.report(retry);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = engine.cancel.cancelled() => {}
        }
        given = now();
        location = located(job, way).await?;
        if is_wrapped(&location) != wrapped {
            let reason = "the host serves it in another form than a moment ago".to_owned();
            let error = NetError::Protocol { url: download.url(&location), reason };
            download.discard();
            return Err(TransferError::Net { file: job.file.clone(), source: error });
        }
    }
}

fn is_wrapped(location: &Location) -> bool {
    matches!(location, Location::Wrapped(_))
}

async fn located(job: &Job, way: &dyn Locate) -> Result<Location, TransferError> {
    way.locate().await.map_err(|cause| TransferError::NotLocated { file: job.file.clone(), cause })
}

/// Whether a link that was good when it was given has lived out its time since: it waited for its
/// turn among others. Another one is asked for then, however often that happens.
fn outlived(location: &Location, given: Timestamp, now: Timestamp) -> bool {
    let (Location::Http(request) | Location::Wrapped(request)) = location else { return false };
    request.expires.is_some_and(|expires| given < expires && expires <= now)
}

pub(super) fn expires(location: &Location) -> bool {
    matches!(location, Location::Http(request) | Location::Wrapped(request) if request.expires.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::HttpRequest;
    use crate::values::SafeUrl;

    #[test]
    fn a_link_that_waited_too_long_is_not_one_that_never_worked() {
        #[track_caller]
        fn check(expires: Option<&str>, given: &str, now: &str, expected: bool) {
            let url = SafeUrl::parse("https://storage.example/a?sig=SECRET").unwrap();
            let expires = expires.map(|time| time.parse().unwrap());
            let location = Location::Http(HttpRequest { expires, ..HttpRequest::get(url) });
            assert_eq!(outlived(&location, given.parse().unwrap(), now.parse().unwrap()), expected, "{given} {now}");
        }
        let at = |second: u8| format!("2026-11-28T10:00:{second:02}Z");
        check(Some(&at(25)), &at(0), &at(40), true);
        check(Some(&at(25)), &at(0), &at(5), false); // refused at once
        check(Some(&at(25)), &at(30), &at(40), false); // a clock is wrong
        check(None, &at(0), &at(40), false);
    }
}
