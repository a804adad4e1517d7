//! The state of one file between its attempts, and what one attempt does.

mod at_once;

use std::sync::Arc;

use crate::events::Event;
use crate::fs::{self, FsError};
use crate::net::{Lane, NetError, Response, Want};
use crate::plan::{HttpRequest, Location, RangeSupport};
use crate::values::{ByteSize, Digest, SafeUrl};

use super::answer::{self, Asked, Head, Meaning, Parts};
use super::content;
use super::digests::{self, Followers};
use super::encoding::{BROKEN_ENCODING, MOST_DECODED, decoded, must_decode};
use super::engine::Engine;
use super::error::TransferError;
use super::file::Failed;
use super::job::{Done, Job, Verified};
use super::journal;
use super::part::Part;
use super::persistence::{expires, may_expire};
use super::pieces;
use super::writer::Writer;

/// Bodies up to this size are taken in memory, hashed and written at once.
pub(super) const SMALL: u64 = 1 << 20;

/// Files from this size on come over several connections.
const BIG: u64 = 32 << 20;

/// The state of one file between its attempts.
pub(super) struct Download<'e> {
    pub engine: &'e Arc<Engine>,
    pub job: &'e Job,
    /// Bytes that came over the network.
    pub received: u64,
    /// Where the last attempt ended in the file.
    reached: u64,
    part: Option<Arc<Part>>,
    pub(super) followers: Option<Followers>,
    pub(super) stated: Vec<Digest>,
    pub(super) encoding: Option<String>,
    /// Where an answer came to the end that it declared, before that of the file as it is known.
    ended: Option<u64>,
    /// Whether parts of the file are asked for.
    pub(super) parts: Parts,
    /// Whether a body went over bytes that were hashed already.
    pub(super) passed_over: bool,
}

impl<'e> Download<'e> {
    pub(super) fn new(engine: &'e Arc<Engine>, job: &'e Job) -> Self {
        Self {
            engine,
            job,
            received: 0,
            reached: 0,
            part: None,
            followers: None,
            stated: Vec::new(),
            encoding: None,
            ended: None,
            parts: Parts::wanted(engine.settings.retries),
            passed_over: false,
        }
    }

    /// One attempt. Whatever arrived stays in the part.
    pub(super) async fn attempt(&mut self, location: &Location) -> Result<Done, Failed> {
        let request = match location {
            Location::Http(request) | Location::Wrapped(request) => request,
            Location::Local(path) => return self.take_local(path).await,
        };
        let takes_parts = request.ranges != RangeSupport::No && self.parts != Parts::Refused;
        let known = self.job.expected.size.map(|size| size.0);
        let begun = self.part.is_some() || journal::Journal::read(&self.job.part).is_some();
        if begun || known.is_some_and(|size| size > SMALL) {
            let part = self.open_part()?;
            if !part.may_be_of(&request.url) && self.job.expected.digests.is_empty() {
                self.start_over().map_err(|error| self.fs(error))?;
            }
            let total = part.total().or(known);
            let splits = self.engine.settings.ranges > 1 && takes_parts;
            if let Some(total) = total.filter(|total| splits && self.is_safe_to_split(&part) && *total >= BIG) {
                return self.in_pieces(request, &part, total).await;
            }
            return self.in_one_stream(request, part, takes_parts).await;
        }
        let response = self.engine.client.get(request, None, Lane::Light).await?;
        self.note(&response);
        match response.content_length() {
            Some(length) if length <= SMALL => self.in_memory(response, request).await,
            _ => {
                let part = self.open_part()?;
                self.stream(response, request, part, 0).await
            }
        }
    }

    /// Pieces from several connections are joined only where the version can be proven: by a
    /// strong validator (which the first piece shows) or by a digest at the end.
    fn is_safe_to_split(&self, part: &Part) -> bool {
        !self.job.expected.digests.is_empty() || part.validator().is_some()
    }

    /// Bytes in the part, once it is open.
    pub(super) fn held(&self) -> u64 {
        self.part.as_ref().map_or(0, |part| part.held())
    }

    fn open_part(&mut self) -> Result<Arc<Part>, Failed> {
        if let Some(part) = &self.part {
            return Ok(part.clone());
        }
        let proven = !self.job.expected.digests.is_empty();
        if let Some(parent) = self.job.part.parent() {
            fs::create_dir_all(parent, self.job.access).map_err(|error| self.fs(error))?;
        }
        let part = Part::open(&self.job.part, self.job.access, proven).map_err(|error| self.fs(error))?;
        let held = part.held();
        if held > 0 {
            self.progress(held);
        }
        self.part = Some(part.clone());
        Ok(part)
    }

    /// The rest of the file over one connection; the whole where no part is to be asked for.
    async fn in_one_stream(
        &mut self,
        request: &HttpRequest,
        part: Arc<Part>,
        takes_parts: bool,
    ) -> Result<Done, Failed> {
        let (prefix, held) = (part.prefix(), part.validator());
        if prefix > 0 && part.total() == Some(prefix) {
            return self.finish(part, prefix, request).await;
        }
        // Without a version to compare and a digest to prove the whole, a second answer may be
        // of another version, and nobody would notice.
        let joins = held.is_some() || !self.job.expected.digests.is_empty();
        // A gap means that pieces were under way before; only the prefix counts now.
        if takes_parts && joins && part.held() > prefix {
            return Err(Failed::Over("only the beginning of what is held can be continued"));
        }
        let resumes = takes_parts && joins && prefix > 0;
        let want = resumes.then(|| Want { from: prefix, until: None, same_as: held.clone() });
        let response = self.engine.client.get(request, want.as_ref(), Lane::Bulk).await;
        let response = response.map_err(if resumes { Failed::of_part } else { Failed::Net })?;
        if response.status() == 416 && self.ended == Some(prefix) {
            // There is no more of it: it is whole, and another one.
            return self.finish(part, prefix, request).await;
        }
        if response.status() == 416 {
            self.refuse_other_size(&response)?;
        }
        let from = if resumes { prefix } else { 0 };
        let asked = Asked { from, until: None, ranged: resumes, held: held.as_ref(), total: part.total() };
        match answer::meaning(asked, &Head::of(&response)) {
            Meaning::Continue { .. } if resumes && response.content_encoding().is_some() => {
                Err(Failed::refused(request, "a range came with a transport encoding"))
            }
            Meaning::Continue { .. } if resumes => {
                self.note(&response);
                self.stream(response, request, part, from).await
            }
            Meaning::Continue { .. } | Meaning::FromZero => self.take_whole(response, request, part).await,
            Meaning::StartOver(reason) => Err(Failed::Over(reason)),
            Meaning::Refused(reason) => Err(Failed::refused(request, reason)),
        }
    }

    /// Several connections at once.
    async fn in_pieces(&mut self, request: &HttpRequest, part: &Arc<Part>, total: u64) -> Result<Done, Failed> {
        self.follow(part);
        let outcome = pieces::download(self, request, part, total).await;
        self.reached = part.held();
        match outcome? {
            pieces::Got::Whole => self.finish(part.clone(), total, request).await,
            // The host sends the whole file whatever is asked for.
            pieces::Got::Answer(response) => self.take_whole(*response, request, part.clone()).await,
        }
    }

    /// Takes a body into the part from `offset` to its end.
    pub(super) async fn stream(
        &mut self,
        mut response: Response,
        request: &HttpRequest,
        part: Arc<Part>,
        offset: u64,
    ) -> Result<Done, Failed> {
        let length = response.content_length().filter(|_| self.encoding.is_none());
        // A host that declares less than the catalogue knows may still send the rest when asked.
        let known = self.job.expected.size.map(|size| size.0).filter(|_| self.encoding.is_none());
        let total = known.or(part.total()).or(length.map(|length| offset.saturating_add(length)));
        part.begin(&request.url, response.validator().filter(|_| self.encoding.is_none()), total);
        self.follow(&part);
        let limit = self.limit();
        let generation = part.generation();
        let mut at = offset;
        let mut writer = Writer::new(part.clone(), generation, at);
        let mut opening = self.opening(&part, offset)?;
        loop {
            let piece = match response.next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    self.flushed(writer.finish().await)?;
                    self.refuse_page(opening.end())?;
                    return Err(error.into());
                }
            };
            self.refuse_page(opening.take(&piece))?;
            at += piece.len() as u64;
            self.reached = at;
            self.received += piece.len() as u64;
            if limit.is_some_and(|limit| at > limit) {
                self.refuse_page(opening.end())?;
                self.discard();
                return Err(self.too_long());
            }
            if offset > 0 && total.is_some_and(|total| at > total) {
                // It said no length, and may have begun anywhere.
                return Err(Failed::Over("more bytes came than were asked for"));
            }
            let written = writer.push(&piece).await;
            let bytes = self.flushed(written)?;
            self.progress(bytes);
        }
        let bytes = self.flushed(writer.finish().await)?;
        self.progress(bytes);
        self.refuse_page(opening.end())?;
        if let Some(expected) = total.filter(|total| self.encoding.is_none() && at < *total) {
            // The rest may come when it is asked for. Where the host has none, this is all of another file.
            self.ended = Some(at).filter(|at| offset == 0 && self.is_another(length, *at));
            if self.ended.is_none() || (self.parts != Parts::Refused && at > 0) {
                return Err(short(request, at, expected));
            }
        }
        self.finish(part, at, request).await
    }

    /// The part is complete: waits for its digests, proves it, and moves it to its place.
    async fn finish(&mut self, part: Arc<Part>, total: u64, request: &HttpRequest) -> Result<Done, Failed> {
        if std::mem::take(&mut self.passed_over) {
            self.followers = None;
        }
        self.follow(&part);
        if !part.finish(total) {
            // They have stopped; those of the next attempt begin anew.
            self.followers = None;
            return Err(Failed::Over("the pieces do not make a whole"));
        }
        let followers = self.followers.take();
        let joined = tokio::task::spawn_blocking(move || followers.map_or(Ok(None), Followers::finish));
        let computed = self.joined(joined.await)?;
        let Some(mut digests) = computed else { return Err(Failed::Over("the digests could not be computed")) };
        let mut size = total;
        if self.encoding.is_some() {
            let first = self.first_of(&part, content::MOST as u64)?;
            self.believe_encoding(&first)?;
            self.refuse_page(Some(first))?;
        }
        if self.encoding.is_some() && must_decode(&self.job.file, &self.job.expected.digests, &digests) {
            let path = part.path().to_path_buf();
            let most = self.job.expected.size.map_or(MOST_DECODED, |size| size.0);
            let body = tokio::task::spawn_blocking(move || {
                let file = fs::open(&path)?;
                let body = decoded(file, most, &path)?;
                if let Some(body) = &body {
                    fs::write_unsynced(&path, body, fs::Access::Private)?;
                }
                Ok(body)
            });
            let Some(body) = self.joined(body.await)? else { return Err(Failed::Over(BROKEN_ENCODING)) };
            self.refuse_page(Some(content::first(&body)))?;
            digests = digests::of_bytes(&body, self.algorithms());
            size = body.len() as u64;
        }
        let verified = match self.proven(&digests, size) {
            Ok(verified) => verified,
            Err(failed) => {
                self.discard();
                return Err(failed);
            }
        };
        let (from, to, access) = (part.path().to_path_buf(), self.job.target.clone(), self.job.access);
        drop(part);
        self.part = None;
        let moved = tokio::task::spawn_blocking(move || {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent, access)?;
            }
            fs::rename(&from, &to)?;
            fs::remove_file(&journal::path_of(&from))
        });
        self.joined(moved.await)?;
        Ok(self.done(ByteSize(size), digests[0], verified, request))
    }

    /// Notes what an answer says of the whole file. That with a range may say less than an
    /// earlier one did.
    pub(super) fn note(&mut self, response: &Response) {
        self.encoding = response.content_encoding();
        let stated = digests::stated(response.status(), |name| response.list(name));
        if response.status() != 206 {
            self.stated.clear();
            if let Some(part) = &self.part {
                part.forget_stated();
            }
        }
        self.learn(stated);
    }

    /// Adds to what the host has said of the whole file.
    fn learn(&mut self, stated: Vec<Digest>) {
        self.stated.extend(stated);
        self.stated.sort();
        self.stated.dedup();
    }

    fn follow(&mut self, part: &Arc<Part>) {
        self.learn(part.stated());
        // Of bytes with a transport encoding they prove nothing.
        if self.encoding.is_none() {
            part.state(&self.stated);
        }
        let algorithms = self.algorithms();
        match &mut self.followers {
            Some(followers) => followers.add(part, algorithms),
            None => self.followers = Some(Followers::start(part, algorithms)),
        }
    }

    fn algorithms(&self) -> Vec<crate::values::Algorithm> {
        self.job.expected.digests.iter().chain(&self.stated).map(Digest::algorithm).collect()
    }

    fn done(&self, size: ByteSize, sha256: Digest, verified: Verified, request: &HttpRequest) -> Done {
        let downloaded = ByteSize(self.received);
        let url = Some(request.known_as.as_ref().unwrap_or(&request.url).clone());
        // Of bytes with a transport encoding they prove nothing.
        let stated = if self.encoding.is_none() { self.stated.clone() } else { Vec::new() };
        Done { size, sha256, verified, stated, url, downloaded, wrapped: false }
    }

    pub(super) fn progress(&self, bytes: u64) {
        if bytes > 0 {
            self.engine.report.report(Event::Progress { file: self.job.file.clone(), bytes: ByteSize(bytes) });
        }
    }

    pub(super) fn fs(&self, source: FsError) -> Failed {
        Failed::Final(TransferError::Fs { file: self.job.file.clone(), source })
    }

    pub(super) fn flushed(&self, written: Result<u64, FsError>) -> Result<u64, Failed> {
        written.map_err(|error| self.fs(error))
    }

    fn joined<T>(&self, outcome: Result<Result<T, FsError>, tokio::task::JoinError>) -> Result<T, Failed> {
        match outcome {
            Ok(outcome) => outcome.map_err(|error| self.fs(error)),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Failed::Final(TransferError::Cancelled { file: self.job.file.clone() })),
        }
    }

    /// Throws away what is held; the bar goes back with it.
    pub(super) fn start_over(&mut self) -> Result<(), FsError> {
        self.stated.clear();
        self.passed_over = false;
        let Some(part) = &self.part else { return Ok(()) };
        let bytes = ByteSize(part.held());
        self.engine.report.report(Event::Rewound { file: self.job.file.clone(), bytes });
        part.restart()
    }

    /// Ends for now; what is held stays for the next run.
    pub(super) fn stop(&mut self) -> Result<(), FsError> {
        self.followers = None;
        match self.part.take() {
            Some(part) => {
                part.fail();
                part.save()
            }
            None => Ok(()),
        }
    }

    /// Ends for good; nothing of it stays. A failure to remove it is told by the next run.
    pub(super) fn discard(&mut self) {
        self.followers = None;
        if let Some(part) = self.part.take() {
            let bytes = ByteSize(part.held());
            self.engine.report.report(Event::Rewound { file: self.job.file.clone(), bytes });
            part.fail();
        }
        let _ = journal::discard(&self.job.part);
    }

    pub(super) fn give_up(&mut self, error: NetError, location: &Location) -> TransferError {
        let file = self.job.file.clone();
        let known = self.job.expected.size.or(self.part.as_ref().and_then(|part| part.total()).map(ByteSize));
        if let Err(source) = self.stop() {
            return TransferError::Fs { file, source };
        }
        match error {
            NetError::SignInNeeded { .. } | NetError::NotPermitted { .. }
                if expires(location).is_some() || (self.received > 0 && may_expire(location, &error)) =>
            {
                TransferError::Expired { file, source: error }
            }
            NetError::LinkExpired { .. } => TransferError::Expired { file, source: error },
            // Bytes with a transport encoding are not counted like those of the file.
            NetError::CutShort { .. } if self.encoding.is_none() => match known {
                Some(expected) => TransferError::Truncated { file, expected, received: ByteSize(self.reached) },
                None => TransferError::Net { file, source: error },
            },
            source => TransferError::Net { file, source },
        }
    }

    pub(super) fn url(&self, location: &Location) -> SafeUrl {
        match location {
            Location::Http(request) | Location::Wrapped(request) => request.url.clone(),
            Location::Local(_) => SafeUrl::parse("http://localhost/").expect("it is an address"),
        }
    }
}

impl Drop for Download<'_> {
    /// An attempt that is dropped in the middle (the run was stopped) keeps what it has, and
    /// its followers must not wait for ever.
    fn drop(&mut self) {
        // The parts are continued by the next run; a journal that cannot be written costs bytes only.
        let _ = self.stop();
    }
}

/// A body that ended cleanly but early: another attempt may bring the rest.
fn short(request: &HttpRequest, received: u64, expected: u64) -> Failed {
    let reason = format!("it ended after {received} of {expected} bytes");
    Failed::Net(NetError::CutShort { url: request.url.clone(), reason })
}
