//! One file: ways, attempts, resuming, verification.

use std::sync::Arc;
use std::time::Duration;

use crate::events::Event;
use crate::net::{NetError, retry};
use crate::plan::{HttpRequest, Location};

use super::answer::{self, Parts};
use super::download::Download;
use super::engine::Engine;
use super::error::TransferError;
use super::job::{Done, Job, Locate, Verified};
use super::persistence::{Link, Persistence, pause};

/// How often a file may turn out to be of another version before it is given up.
const VERSIONS: u32 = 4;

/// An attempt that did not finish a file.
pub(super) enum Failed {
    /// The network.
    Net(NetError),
    /// The host gives no part of the file, or something else in its place. What is held stays.
    Part(NetError),
    /// The host says at a part that there is none: the whole tells.
    Whole(NetError),
    /// What is held is of no use: start over.
    Over(&'static str),
    /// Nothing that another attempt would change.
    Final(TransferError),
}

impl Failed {
    /// An answer that is no use as a part of the file.
    pub(super) fn refused(request: &HttpRequest, reason: &str) -> Self {
        Self::Part(NetError::Protocol { url: request.url.clone(), reason: reason.to_owned() })
    }

    /// A request for a part that failed.
    pub(super) fn of_part(error: NetError) -> Self {
        if answer::may_be_of_the_range(&error) { Self::Part(error) } else { Self::Net(error) }
    }
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
        for (place, way) in job.ways.iter().enumerate() {
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
            let is_other = matches!(error, TransferError::Mismatch { .. });
            wrong |= is_other || matches!(error, TransferError::TooLong { .. });
            let error = by_mirror(way.as_ref(), job, error);
            if is_other && place + 1 < job.ways.len() {
                let message = format!("`{}`: {error}; the next place that has it is asked", job.dataset);
                engine.report.report(Event::Warning { message });
            }
            last = Some(match last {
                Some(last) => last.followed_by(error),
                None => error,
            });
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

/// Wrong bytes in the name of the mirror that gave them: the publisher has no part in them.
fn by_mirror(way: &dyn Locate, job: &Job, error: TransferError) -> TransferError {
    let dataset = job.dataset.clone();
    match way.mirror() {
        Some(mirror) if error.is_of_bytes() => {
            TransferError::ByMirror { mirror, dataset, wrong: Box::new(error), host: None }
        }
        _ => error,
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
    let protocol = |download: &Download, location: &Location, reason: &str| NetError::Protocol {
        url: download.url(location),
        reason: reason.to_owned(),
    };
    let wrapped = is_wrapped(&location);
    let mut download = Download::new(engine, job);
    let mut persistence = Persistence::new(&engine.client, engine.settings.retries, download.held());
    let mut versions = 0;
    let now = || engine.client.settings().clock.now();
    let mut given = now();
    loop {
        let asked = download.parts;
        let outcome = tokio::select! {
            outcome = download.attempt(&location) => outcome,
            () = engine.cancel.cancelled() => Err(Failed::Final(TransferError::Cancelled { file: job.file.clone() })),
        };
        let (error, wait) = match outcome {
            Ok(done) => return Ok(done),
            Err(Failed::Final(error)) => {
                download.stop().map_err(fs_error)?;
                return Err(error);
            }
            Err(Failed::Over(reason)) => {
                persistence.note(download.held());
                download.start_over().map_err(fs_error)?;
                versions += 1;
                let is_asked_again = versions < VERSIONS || (versions == VERSIONS && download.parts.give_up());
                (protocol(&download, &location, reason), is_asked_again.then_some(Duration::ZERO))
            }
            Err(Failed::Whole(error)) => {
                persistence.note(download.held());
                download.parts.give_up();
                (error, Some(Duration::ZERO))
            }
            Err(Failed::Part(error)) => {
                let link = Link::of(&location, given, now(), download.received > 0);
                let wait = after_refusal(&mut download, &mut persistence, &error, link);
                (error, Some(wait))
            }
            Err(Failed::Net(error)) => {
                let link = Link::of(&location, given, now(), download.received > 0);
                let wait = persistence.after(&error, download.held(), link);
                if wait.is_some() {
                    download.parts.broke_off();
                }
                (error, wait)
            }
        };
        let Some(wait) = wait else { return Err(download.give_up(error, &location)) };
        let gives_way = asked != Parts::Refused && download.parts == Parts::Refused;
        let what = if gives_way { "the host refuses parts of the file, so all of it is asked for: " } else { "" };
        pause(&engine.report, &engine.cancel, &job.file, format!("{what}{error}"), wait).await;
        given = now();
        location = located(job, way).await?;
        if is_wrapped(&location) != wrapped {
            let error = protocol(&download, &location, "the host serves it in another form than a moment ago");
            download.discard();
            return Err(TransferError::Net { file: job.file.clone(), source: error });
        }
    }
}

/// How long to wait after a part was refused: before it is asked for again, or the whole. A link
/// that may have expired is had anew first, and one that has not is refused for good.
fn after_refusal(download: &mut Download, persistence: &mut Persistence, error: &NetError, link: Link) -> Duration {
    let progress = persistence.note(download.held());
    if let NetError::NotPermitted { .. } = error {
        if let Some(wait) = persistence.renewed(error, link) {
            return wait;
        }
        if link == Link::Lasting {
            download.parts.give_up();
            return Duration::ZERO;
        }
    }
    let again = download.parts.refused(progress);
    again.map_or(Duration::ZERO, |attempt| retry::delay(attempt, None, retry::chance()))
}

fn is_wrapped(location: &Location) -> bool {
    matches!(location, Location::Wrapped(_))
}

async fn located(job: &Job, way: &dyn Locate) -> Result<Location, TransferError> {
    way.locate().await.map_err(|cause| TransferError::NotLocated { file: job.file.clone(), cause })
}
