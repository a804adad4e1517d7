//! One big file over several connections.
//!
//! The ranges that are missing are cut into pieces and taken in order, so that the prefix
//! grows and the digests can follow. Every answer is compared with the version that is held
//! before a byte of it is written. When one connection fails, the attempt ends: what arrived
//! is held, and the next attempt asks for what is missing then.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::net::{Lane, Response, Want};
use crate::plan::HttpRequest;
use crate::values::Digest;

use super::answer::{self, Asked, Head, Meaning};
use super::digests;
use super::download::Download;
use super::file::Failed;
use super::part::Part;
use super::writer::Writer;

/// Bytes of one request.
const PIECE: u64 = 16 << 20;

/// Pieces of a file at most: a host may declare any size, and the list of pieces is in memory.
const MOST_PIECES: u64 = 1 << 16;

/// What came of it.
pub(super) enum Got {
    /// Everything is held.
    Whole,
    /// The host knows no ranges and sends the whole file in this answer.
    Answer(Box<Response>),
}

/// Downloads what is missing of `total` bytes.
pub(super) async fn download(
    download: &mut Download<'_>,
    request: &HttpRequest,
    part: &Arc<Part>,
    total: u64,
) -> Result<Got, Failed> {
    let queue: VecDeque<(u64, u64)> = part.missing(total, PIECE.max(total / MOST_PIECES)).into();
    let workers = download.engine.settings.ranges.min(queue.len());
    let queue = Mutex::new(queue);
    let received = AtomicU64::new(0);
    let mut followers = download.followers.take();
    let outcome = {
        let this = &*download;
        let mut running = FuturesUnordered::new();
        // The first piece shows the version before others join in.
        if let Some(piece) = next(&queue) {
            running.push(Box::pin(work(this, request, part, total, piece, &queue, &received)));
        }
        let mut started = 1;
        let mut outcome = Ok(Got::Whole);
        loop {
            while started < workers && (part.validator().is_some() || part.held() > 0) {
                let Some(piece) = next(&queue) else { break };
                running.push(Box::pin(work(this, request, part, total, piece, &queue, &received)));
                started += 1;
            }
            if let Some(followers) = &mut followers {
                followers.add(part, part.stated().iter().map(Digest::algorithm));
            }
            let woken = tokio::time::timeout(std::time::Duration::from_millis(20), running.next());
            match woken.await {
                Err(_) if started < workers => {}
                Err(_) => continue,
                Ok(None) => break,
                Ok(Some(Ok(None))) => {}
                Ok(Some(Ok(Some(response)))) => {
                    outcome = Ok(Got::Answer(Box::new(response)));
                    break;
                }
                Ok(Some(Err(failed))) => {
                    outcome = Err(failed);
                    break;
                }
            }
        }
        outcome
    };
    download.followers = followers;
    download.received += received.load(Ordering::Relaxed);
    outcome
}

fn next(queue: &Mutex<VecDeque<(u64, u64)>>) -> Option<(u64, u64)> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Takes pieces until none are left. `Some` is an answer that carries the whole file.
async fn work(
    download: &Download<'_>,
    request: &HttpRequest,
    part: &Arc<Part>,
    total: u64,
    first: (u64, u64),
    queue: &Mutex<VecDeque<(u64, u64)>>,
    received: &AtomicU64,
) -> Result<Option<Response>, Failed> {
    let mut piece = Some(first);
    while let Some((from, until)) = piece {
        if let Some(response) = take(download, request, part, total, (from, until), received).await? {
            return Ok(Some(response));
        }
        piece = next(queue);
    }
    Ok(None)
}

/// One piece.
async fn take(
    download: &Download<'_>,
    request: &HttpRequest,
    part: &Arc<Part>,
    total: u64,
    (from, until): (u64, u64),
    received: &AtomicU64,
) -> Result<Option<Response>, Failed> {
    let generation = part.generation();
    let want = Want { from, until: Some(until), same_as: part.validator() };
    let response = download.engine.client.get(request, Some(&want), Lane::Bulk).await;
    let mut response = response.map_err(Failed::of_part)?;
    download.refuse_other_size(&response)?;
    let held = part.validator();
    let asked = Asked { from, until: Some(until), ranged: true, held: held.as_ref(), total: Some(total) };
    match answer::meaning(asked, &Head::of(&response)) {
        Meaning::Continue { .. } if response.content_encoding().is_none() => {}
        Meaning::Continue { .. } => return Err(Failed::refused(request, "a range came with a transport encoding")),
        Meaning::FromZero => return Ok(Some(response)),
        Meaning::StartOver(reason) => return Err(Failed::Over(reason)),
        Meaning::Refused(reason) => return Err(Failed::refused(request, reason)),
    }
    part.begin(&request.url, response.validator(), Some(total));
    part.state(&digests::stated(response.status(), |name| response.list(name)));
    let mut writer = Writer::new(part.clone(), generation, from);
    let mut at = from;
    let failure = loop {
        match response.next().await {
            Ok(Some(bytes)) => {
                at += bytes.len() as u64;
                received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                if at > until {
                    // It said no length, and may have begun anywhere.
                    break Some(Failed::Over("more bytes came than were asked for"));
                }
                let written = writer.push(&bytes).await;
                download.progress(download.flushed(written)?);
            }
            Ok(None) => break None,
            Err(error) => break Some(error.into()),
        }
    };
    download.progress(download.flushed(writer.finish().await)?);
    match failure {
        Some(failed) => Err(failed),
        None if at < until => Err(Failed::Net(crate::net::NetError::CutShort {
            url: request.url.clone(),
            reason: format!("a range ended after {} of {} bytes", at - from, until - from),
        })),
        None => Ok(None),
    }
}
