//! gzip, bzip2, xz, zstd as one stream of plain bytes, inflated on a thread of its own.
//!
//! All decoders read to the very end of the input: several gzip members, xz streams or zstd
//! frames are one stream, and the last checksum is read although nobody asks for more bytes.
//! What a decoder may hold is bounded whatever the stream claims: 256 MiB for xz, windows of
//! 128 MiB for zstd.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use crate::fs::FsError;
use crate::values::Printable;

use super::error::Fault;
use super::job::Job;
use super::roster::ratio_within;
use super::rules::Packing;

/// Bytes in one buffer: still in the cache when it is hashed.
pub(super) const BUFFER: usize = 256 << 10;

/// What xz and LZMA may take.
pub(super) const XZ_MEMORY: u64 = 256 << 20;

/// Largest window of zstd, as a power of two: what its own tools accept.
pub(super) const ZSTD_WINDOW: u32 = 27;

/// Buffers between the two threads.
const IN_FLIGHT: usize = 6;

/// A decoder over a whole input.
pub(super) fn decoder<'a>(packing: Packing, input: impl BufRead + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match packing {
        Packing::Plain => Box::new(input),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Packing::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        Packing::Xz => {
            let flags = liblzma::stream::CONCATENATED | liblzma::stream::TELL_UNSUPPORTED_CHECK;
            let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, flags)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream))
        }
        Packing::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
            decoder.window_log_max(ZSTD_WINDOW)?;
            Box::new(decoder)
        }
    })
}

/// Plain bytes as they come out of the other thread.
pub(super) struct Inflow {
    full: Receiver<Result<Vec<u8>, Fault>>,
    empty: Sender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Inflow {
    /// Starts a thread that reads, inflates and checks the proportion of out to in.
    pub(super) fn start<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        input: Box<dyn Read + Send + 'env>,
        packing: Packing,
        job: &'env Job<'env>,
    ) -> Self {
        let (full_sender, full) = sync_channel(IN_FLIGHT);
        let (empty, empty_receiver) = channel();
        for _ in 0..IN_FLIGHT {
            // The receiver is alive: it is in this function.
            let _ = empty.send(Vec::new());
        }
        scope.spawn(move || {
            if let Err(fault) = pump(input, packing, job, &full_sender, &empty_receiver) {
                // Nobody listens any more when the other side failed first.
                let _ = full_sender.send(Err(fault));
            }
        });
        Self { full, empty, current: Vec::new(), at: 0, ended: false }
    }

    /// The bytes at hand, `limit` at most; empty at the end.
    pub(super) fn some(&mut self, limit: usize) -> Result<&[u8], Fault> {
        while self.at == self.current.len() && !self.ended {
            let used = std::mem::take(&mut self.current);
            if used.capacity() > 0 {
                // The other thread may have ended already.
                let _ = self.empty.send(used);
            }
            self.at = 0;
            match self.full.recv() {
                Ok(buffer) => self.current = buffer?,
                Err(_) => self.ended = true,
            }
        }
        let end = self.current.len().min(self.at.saturating_add(limit));
        let start = std::mem::replace(&mut self.at, end);
        Ok(&self.current[start..end])
    }

    /// Fills a buffer, fewer bytes only at the end; says how many.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        let mut filled = 0;
        while filled < buffer.len() {
            let some = self.some(buffer.len() - filled)?;
            if some.is_empty() {
                break;
            }
            buffer[filled..filled + some.len()].copy_from_slice(some);
            filled += some.len();
        }
        Ok(filled)
    }
}

/// Inflates until the end of the input or until nobody listens.
fn pump(
    input: Box<dyn Read + Send + '_>,
    packing: Packing,
    job: &Job<'_>,
    full: &SyncSender<Result<Vec<u8>, Fault>>,
    empty: &Receiver<Vec<u8>>,
) -> Result<(), Fault> {
    let tap = Tap::default();
    let input = BufReader::with_capacity(BUFFER, Tapped { input, tap: tap.clone() });
    let failed = |error: io::Error| match tap.failure() {
        // An error of our own files travelled through the reader.
        Some(source) => source.downcast::<FsError>().map_or_else(Fault::Source, Fault::Fs),
        None => Fault::from_decoder(error, packing.word()),
    };
    let mut decoder = decoder(packing, input).map_err(failed)?;
    let mut produced = 0;
    while let Ok(mut buffer) = empty.recv() {
        job.go_on()?;
        buffer.resize(BUFFER, 0);
        let filled = fill(&mut *decoder, &mut buffer).map_err(failed)?;
        buffer.truncate(filled);
        produced += filled as u64;
        if packing != Packing::Plain {
            ratio_within(&job.rules().limits, tap.count(), produced)?;
        }
        if filled == 0 || full.send(Ok(buffer)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Reads until the buffer is full or the input ends.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Counts what is read below a decoder, and keeps the error of the input apart from the
/// decoder's own.
#[derive(Clone, Default)]
struct Tap(Arc<TapState>);

#[derive(Default)]
struct TapState {
    count: AtomicU64,
    failure: Mutex<Option<io::Error>>,
}

impl Tap {
    fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    fn failure(&self) -> Option<io::Error> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// An input with a tap.
struct Tapped<R> {
    input: R,
    tap: Tap,
}

impl<R: Read> Read for Tapped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer) {
            Ok(read) => {
                self.tap.0.count.fetch_add(read as u64, Ordering::Relaxed);
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let shown = io::Error::new(error.kind(), Printable::new(&error.to_string()).to_string());
                *self.tap.0.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(shown)
            }
        }
    }
}
