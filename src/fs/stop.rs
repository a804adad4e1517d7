//! The wish to stop, for calls that read, write or copy many bytes at once.
//!
//! A signal is meant for the process, so there is one such wish in it: hashing and copying of a
//! single large file must hear it too, deep below whoever holds a run's own wish.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// From now on, [`Stoppable`] and copying end at their next buffer, and [`Awaited`] where it waits, with
/// [`FsErrorKind::Stopped`](super::FsErrorKind::Stopped). Nothing takes it back: for a process that
/// is about to end.
pub fn stop() {
    IS_WISHED.store(true, Ordering::Release);
}

static IS_WISHED: AtomicBool = AtomicBool::new(false);

/// Whether it is wished.
pub fn is_wished() -> bool {
    IS_WISHED.load(Ordering::Acquire)
}

/// Fails once it is wished.
pub(super) fn heard() -> io::Result<()> {
    if is_wished() { Err(io::Error::other(Stopped)) } else { Ok(()) }
}

/// Whether something failed because of the wish alone.
pub fn is_stop(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<Stopped>())
}

#[derive(Debug, thiserror::Error)]
#[error("the run was stopped")]
struct Stopped;

/// A reader or writer that hears the wish before each buffer.
pub struct Stoppable<T>(pub T);

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        heard()?;
        self.0.read(buffer)
    }
}

impl<W: Write> Write for Stoppable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        heard()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A pipe without a buffer of its own, that hears the wish while nothing comes, or nobody takes what
/// is written.
pub struct Awaited<T>(pub T);

impl<R: Read + AsFd> Read for Awaited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        heard()?;
        wait_for(&self.0, PollFlags::IN)?;
        self.0.read(buffer)
    }
}

impl<W: Write + AsFd> Write for Awaited<W> {
    /// Writes so little that a pipe with room for it takes it at once.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        wait_for(&self.0, PollFlags::OUT)?;
        self.0.write(&bytes[..bytes.len().min(PAGE)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Waits until the other end is there for it, or is gone.
fn wait_for(end: &impl AsFd, what: PollFlags) -> io::Result<()> {
    loop {
        match poll(&mut [PollFd::new(end, what)], Some(&A_MOMENT)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => heard()?,
            Ok(_) => return Ok(()),
            Err(code) => return Err(code.into()),
        }
    }
}

/// How long the wish may wait at most: a tenth of a second.
const A_MOMENT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// What a pipe takes whole or not at all, on Linux (`PIPE_BUF`); less elsewhere.
const PAGE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };
