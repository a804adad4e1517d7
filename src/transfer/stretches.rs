//! A few ranges of one file, instead of all of it.
//!
//! The ranges lie in a part one behind the other, so that a part of some megabytes holds what
//! is wanted of an archive of some hundred gigabytes, on any file system. Every answer is
//! compared with the version of the file that the first one showed: bytes of two versions are
//! never put together. A host that sends the file whole is told from one that replaced it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::events::{Cancel, Event, Report};
use crate::fs::{self, Access, FsError};
use crate::net::{Client, Lane, NetError, Response, Validator, Want, retry};
use crate::plan::{HttpRequest, Location, RangeSupport};
use crate::values::{ByteSize, RelPath, SafeUrl};

use super::answer::{Head, Parts, may_be_of_the_range};
use super::content::{self, Opening};
use super::engine::TransferSettings;
use super::error::TransferError;
use super::job::Locate;
use super::part::Part;
use super::persistence::{Link, Persistence, expires, pause};
use super::writer::Writer;

/// Bytes of one request.
const PIECE: u64 = 16 << 20;

/// One file that is read in places.
pub struct Places<'a> {
    /// Its path at the publisher, for events and errors.
    pub file: &'a RelPath,
    /// Ways to it, tried in order.
    pub ways: &'a [Arc<dyn Locate>],
    /// The network.
    pub client: &'a Client,
    /// How much at once.
    pub settings: TransferSettings,
    /// Told what arrives.
    pub report: &'a Report,
    /// The wish to stop.
    pub cancel: &'a Cancel,
}

/// A file as it is at the host now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its size.
    pub size: ByteSize,
    /// Proof of the version, where the host gives a strong one.
    pub validator: Option<Validator>,
    /// Where it was asked for, before redirects.
    pub url: SafeUrl,
}

/// Ranges that are wanted of a version.
pub struct Wish<'a> {
    /// Of which version.
    pub version: &'a Version,
    /// They, in order, none sharing bytes with another.
    pub ranges: &'a [(u64, u64)],
    /// Where they go, one behind the other. What is there already is kept if it is of the same
    /// version; the name must tell other ranges from these.
    pub part: PathBuf,
    /// Who may read it.
    pub access: Access,
}

impl Places<'_> {
    /// Asks for the first byte: how large the file is, in which version, and whether the host
    /// gives parts of it at all.
    ///
    /// # Errors
    /// [`TransferError::OnlyWhole`] where it does not.
    pub async fn version(&self) -> Result<Version, TransferError> {
        self.persistently(&|| 0, false, |request| async move { self.first_byte(&request).await }).await
    }

    /// Reads ranges; answers how many bytes came over the network. After a failure what came is
    /// kept for the next call.
    ///
    /// # Errors
    /// [`TransferError::Replaced`] where the host has another version now.
    pub async fn read(&self, wish: &Wish<'_>) -> Result<ByteSize, TransferError> {
        let total: u64 = wish.ranges.iter().map(|(from, until)| until - from).sum();
        let part = self.open(wish, total).map_err(|source| self.fs(source))?;
        let received = AtomicU64::new(0);
        let outcome = self
            .persistently(&|| part.held(), true, |request| {
                let (part, received) = (&part, &received);
                async move { self.in_pieces(&request, wish, part, total, received).await }
            })
            .await;
        if let Err(TransferError::Replaced { .. }) = &outcome {
            part.restart().map_err(|source| self.fs(source))?;
        }
        part.save().map_err(|source| self.fs(source))?;
        outcome.map(|()| ByteSize(received.load(Ordering::Relaxed)))
    }

    fn open(&self, wish: &Wish<'_>, total: u64) -> Result<Arc<Part>, FsError> {
        if let Some(parent) = wish.part.parent() {
            fs::create_dir_all(parent, wish.access)?;
        }
        let part = Part::open(&wish.part, wish.access, false)?;
        let is_same = part.validator() == wish.version.validator && part.may_be_of(&wish.version.url);
        if part.held() > 0 && (!is_same || part.total() != Some(total)) {
            part.restart()?;
        }
        part.begin(&wish.version.url, wish.version.validator.clone(), Some(total));
        self.progress(part.held());
        Ok(part)
    }

    /// Does something by each way in order, with as many attempts as make progress and a few
    /// that make none. Asks anew where the file is when the answer has expired.
    async fn persistently<T, F: Future<Output = Result<T, Failed>>>(
        &self,
        held: &(dyn Fn() -> u64 + Sync),
        has_worked: bool,
        act: impl Fn(HttpRequest) -> F,
    ) -> Result<T, TransferError> {
        let mut last = None;
        for way in self.ways {
            match self.by_way(way.as_ref(), held, has_worked, &act).await {
                Err(error) if is_of_the_host(&error) => last = Some(error),
                outcome => return outcome,
            }
        }
        Err(last.unwrap_or_else(|| TransferError::NotLocated {
            file: self.file.clone(),
            cause: super::LocateError {
                net: None,
                exit: 1,
                message: "the entry names no place for it".into(),
                help: None,
            },
        }))
    }

    async fn by_way<T, F: Future<Output = Result<T, Failed>>>(
        &self,
        way: &dyn Locate,
        held: &(dyn Fn() -> u64 + Sync),
        has_worked: bool,
        act: &impl Fn(HttpRequest) -> F,
    ) -> Result<T, TransferError> {
        let cancelled = || TransferError::Cancelled { file: self.file.clone() };
        let mut persistence = Persistence::new(self.client, self.settings.retries, held());
        let mut parts = Parts::wanted(self.settings.retries);
        let now = || self.client.settings().clock.now();
        loop {
            let located = way.locate().await;
            let location = located.map_err(|cause| TransferError::NotLocated { file: self.file.clone(), cause })?;
            let given = now();
            let request = match &location {
                Location::Http(request) if request.ranges != RangeSupport::No => request.clone(),
                Location::Wrapped(_) => return Err(TransferError::OnlyWrapped { file: self.file.clone() }),
                _ => return Err(TransferError::OnlyWhole { file: self.file.clone(), size: None }),
            };
            let outcome = tokio::select! {
                outcome = act(request.clone()) => outcome,
                () = self.cancel.cancelled() => return Err(cancelled()),
            };
            let error = match outcome {
                Ok(done) => return Ok(done),
                Err(Failed::Final(error @ TransferError::OnlyWhole { .. })) if has_worked => {
                    // It gave parts before: it may again.
                    let Some(attempt) = parts.refused(persistence.note(held())) else { return Err(error) };
                    pause(self.report, self.cancel, self.file, &error, retry::delay(attempt, None, retry::chance()))
                        .await;
                    if self.cancel.is_set() {
                        return Err(cancelled());
                    }
                    continue;
                }
                Err(Failed::Final(error)) => return Err(error),
                Err(Failed::Net(error)) => error,
            };
            // A refusal where the host did give something is a link that has expired.
            let has_worked = has_worked || held() > 0 || expires(&location).is_some();
            let link = Link::of(&location, given, now(), has_worked);
            let Some(wait) = persistence.after(&error, held(), link) else {
                let whole = tokio::select! {
                    whole = self.whole_instead(&request, &error) => whole,
                    () = self.cancel.cancelled() => return Err(cancelled()),
                };
                return Err(match whole {
                    Some(whole) => whole,
                    None => self.given_up(way, error, has_worked).await,
                });
            };
            pause(self.report, self.cancel, self.file, &error, wait).await;
            if self.cancel.is_set() {
                return Err(cancelled());
            }
        }
    }

    async fn given_up(&self, way: &dyn Locate, error: NetError, has_worked: bool) -> TransferError {
        let file = self.file.clone();
        let is_refusal = matches!(error, NetError::SignInNeeded { .. } | NetError::NotPermitted { .. });
        if matches!(error, NetError::LinkExpired { .. }) || is_refusal && has_worked {
            return TransferError::Expired { file, source: error };
        }
        match way.explain(&error).await {
            Some(cause) => TransferError::NotLocated { file, cause },
            None => TransferError::Net { file, source: error },
        }
    }

    async fn first_byte(&self, request: &HttpRequest) -> Result<Version, Failed> {
        let want = Want { from: 0, until: Some(1), same_as: None };
        let response = self.client.get(request, Some(&want), Lane::Bulk).await?;
        let url = request.url.clone();
        match response.status() {
            206 => {}
            416 if response.content_range().and_then(|range| range.total) == Some(0) => {
                return Err(Failed::Final(TransferError::Nothing { file: self.file.clone() }));
            }
            416 => return Err(self.only_whole(None)),
            _ => return Err(self.whole(response).await),
        }
        let range = response.content_range();
        let size = range.and_then(|range| range.total.filter(|_| range.span.is_some_and(|(from, _)| from == 0)));
        match size.filter(|_| response.content_encoding().is_none()) {
            Some(size) => Ok(Version { size: ByteSize(size), validator: response.validator(), url }),
            None => {
                let reason = "a partial answer does not say what it carries of how many bytes".into();
                Err(Failed::Net(NetError::Protocol { url, reason }))
            }
        }
    }

    fn only_whole(&self, size: Option<ByteSize>) -> Failed {
        Failed::Final(TransferError::OnlyWhole { file: self.file.clone(), size })
    }

    /// What there is to tell where a host refuses a part and sends the whole.
    async fn whole_instead(&self, request: &HttpRequest, error: &NetError) -> Option<TransferError> {
        if !may_be_of_the_range(error) {
            return None;
        }
        let whole = self.client.get(request, None, Lane::Bulk).await.ok()?;
        match self.whole(whole).await {
            Failed::Final(error) => Some(error),
            Failed::Net(_) => None,
        }
    }

    /// The host sends the file as a whole. What it sends may be a page that says why.
    async fn whole(&self, mut response: Response) -> Failed {
        let size = response.content_length().filter(|_| response.status() == 200).map(ByteSize);
        let mut opening = Opening::new(Vec::new());
        let first = loop {
            match response.next().await {
                Ok(Some(piece)) => {
                    if let Some(first) = opening.take(&piece) {
                        break Some(first);
                    }
                }
                Ok(None) => break opening.end(),
                Err(error) => return Failed::Net(error),
            }
        };
        let page = first.and_then(|first| content::web_page(self.file, &first));
        match page {
            Some(title) => Failed::Final(TransferError::WrongContent { file: self.file.clone(), title }),
            None => self.only_whole(size),
        }
    }

    /// What is missing, over several connections at once.
    async fn in_pieces(
        &self,
        request: &HttpRequest,
        wish: &Wish<'_>,
        part: &Arc<Part>,
        total: u64,
        received: &AtomicU64,
    ) -> Result<(), Failed> {
        let queue = Mutex::new(pieces(wish.ranges, &part.missing(total, PIECE)));
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let work = || async {
            while let Some(piece) = next() {
                self.take(request, wish.version, part, piece, received).await?;
            }
            Ok::<(), Failed>(())
        };
        let workers = self.settings.ranges.max(self.settings.jobs).max(1);
        let mut running: FuturesUnordered<_> = (0..workers).map(|_| work()).collect();
        while let Some(outcome) = running.next().await {
            outcome?;
        }
        Ok(())
    }

    /// One piece.
    async fn take(
        &self,
        request: &HttpRequest,
        version: &Version,
        part: &Arc<Part>,
        piece: Piece,
        received: &AtomicU64,
    ) -> Result<(), Failed> {
        let Piece { from, until, at } = piece;
        let want = Want { from, until: Some(until), same_as: version.validator.clone() };
        let mut response = self.client.get(request, Some(&want), Lane::Bulk).await?;
        self.check_version(&response, version)?;
        let protocol =
            |reason: &str| Failed::Net(NetError::Protocol { url: request.url.clone(), reason: reason.to_owned() });
        match response.status() {
            206 => {}
            200 => return Err(self.whole(response).await),
            416 => return Err(self.only_whole(Some(version.size))),
            _ => return Err(protocol("the status fits no request for a range")),
        }
        let span = response.content_range().and_then(|range| range.span);
        let Some((_, end)) = span.filter(|(first, end)| *first == from && *end <= until) else {
            return Err(protocol("other bytes came than were asked for"));
        };
        if response.content_length().is_some_and(|length| length != end - from) {
            return Err(protocol("a partial answer is not as long as it says"));
        }
        if response.content_encoding().is_some() {
            return Err(protocol("a range came with a transport encoding"));
        }
        let mut writer = Writer::new(part.clone(), part.generation(), at);
        let mut left = until - from;
        let failure = loop {
            match response.next().await {
                Ok(Some(bytes)) if bytes.len() as u64 > left => {
                    // It said no length, and may have begun anywhere.
                    part.restart().map_err(|source| Failed::Final(self.fs(source)))?;
                    break Some(protocol("more bytes came than were asked for"));
                }
                Ok(Some(bytes)) => {
                    left -= bytes.len() as u64;
                    received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                    self.progress(writer.push(&bytes).await.map_err(|source| Failed::Final(self.fs(source)))?);
                }
                Ok(None) => break None,
                Err(error) => break Some(error.into()),
            }
        };
        self.progress(writer.finish().await.map_err(|source| Failed::Final(self.fs(source)))?);
        match failure {
            Some(failed) => Err(failed),
            None if left > 0 => {
                let reason = format!("a range ended {left} bytes early");
                Err(Failed::Net(NetError::CutShort { url: request.url.clone(), reason }))
            }
            None => Ok(()),
        }
    }

    /// Refuses an answer that shows another version. One without a validator is told by its
    /// size alone; then the checksums inside must tell the rest.
    fn check_version(&self, response: &Response, version: &Version) -> Result<(), Failed> {
        let head = Head::of(response);
        let size = match head.status {
            200 => response.content_length(),
            _ => head.range.and_then(|range| range.total),
        };
        let is_other_size = size.is_some_and(|size| size != version.size.0);
        // A refusal need not name the version that it is about.
        let is_other_tag = head.status != 416 && version.validator.is_some() && head.validator != version.validator;
        if head.status == 412 || is_other_size || is_other_tag {
            return Err(Failed::Final(TransferError::Replaced { file: self.file.clone() }));
        }
        Ok(())
    }

    fn progress(&self, bytes: u64) {
        if bytes > 0 {
            self.report.report(Event::Progress { file: self.file.clone(), bytes: ByteSize(bytes) });
        }
    }

    fn fs(&self, source: FsError) -> TransferError {
        TransferError::Fs { file: self.file.clone(), source }
    }
}

/// An attempt that ended early.
enum Failed {
    /// The network: another attempt may bring more.
    Net(NetError),
    /// Nothing that another attempt would change.
    Final(TransferError),
}

impl From<NetError> for Failed {
    fn from(error: NetError) -> Self {
        Self::Net(error)
    }
}

/// Whether another way to the same file may do better.
fn is_of_the_host(error: &TransferError) -> bool {
    !matches!(error, TransferError::Cancelled { .. } | TransferError::Fs { .. } | TransferError::Replaced { .. })
}

/// Some bytes of the file and their place in the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    from: u64,
    until: u64,
    at: u64,
}

/// The pieces of the file that fill these gaps of the part. A gap may go over several ranges.
fn pieces(ranges: &[(u64, u64)], gaps: &[(u64, u64)]) -> VecDeque<Piece> {
    let mut pieces = VecDeque::new();
    let mut gaps = gaps.iter().copied().peekable();
    let mut at = 0;
    for (from, until) in ranges {
        let end = at + (until - from);
        while let Some(gap) = gaps.peek_mut().filter(|gap| gap.0 < end) {
            let stop = gap.1.min(end);
            pieces.push_back(Piece { from: from + (gap.0 - at), until: from + (stop - at), at: gap.0 });
            gap.0 = stop;
            if gap.0 < gap.1 {
                break;
            }
            gaps.next();
        }
        at = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_of_the_part_are_pieces_of_the_file() {
        #[track_caller]
        fn check(ranges: &[(u64, u64)], gaps: &[(u64, u64)], expected: &[(u64, u64, u64)]) {
            let found: Vec<_> = pieces(ranges, gaps).iter().map(|piece| (piece.from, piece.until, piece.at)).collect();
            assert_eq!(found, expected);
        }
        let ranges = [(100, 110), (500, 505), (900, 930)];
        check(&ranges, &[(0, 45)], &[(100, 110, 0), (500, 505, 10), (900, 930, 15)]);
        check(&ranges, &[(3, 5), (8, 12), (40, 45)], &[(103, 105, 3), (108, 110, 8), (500, 502, 10), (925, 930, 40)]);
        check(&ranges, &[(15, 25), (25, 35)], &[(900, 910, 15), (910, 920, 25)]);
        check(&ranges, &[], &[]);
    }
}
