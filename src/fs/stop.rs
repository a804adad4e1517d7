//! The wish to stop, for calls that read or copy many bytes at once.
//!
//! A signal is meant for the process, so there is one such wish in it: hashing and copying of a
//! single large file must hear it too, deep below whoever holds a run's own wish.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// From now on, reading by [`Stoppable`] or [`Awaited`] and copying end at their next buffer, with
/// [`FsErrorKind::Stopped`](super::FsErrorKind::Stopped). Nothing takes it back: for a process that
/// is about to end.
pub fn stop() {
    IS_WISHED.store(true, Ordering::Release);
}

static IS_WISHED: AtomicBool = AtomicBool::new(false);

/// Fails once it is wished.
pub(super) fn heard() -> io::Result<()> {
    if IS_WISHED.load(Ordering::Acquire) { Err(io::Error::other(Stopped)) } else { Ok(()) }
}

/// Whether something failed because of the wish alone.
pub fn is_stop(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<Stopped>())
}

#[derive(Debug, thiserror::Error)]
#[error("the run was stopped")]
struct Stopped;

/// A reader that hears the wish before each buffer.
pub struct Stoppable<R>(pub R);

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        heard()?;
        self.0.read(buffer)
    }
}

/// A pipe that is read without a buffer of its own, and that hears the wish while nothing comes.
pub struct Awaited<R>(pub R);

impl<R: Read + AsFd> Read for Awaited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            heard()?;
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&A_MOMENT)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.0.read(buffer),
                Err(code) => return Err(code.into()),
            }
        }
    }
}

/// How long the wish may wait at most: a tenth of a second.
const A_MOMENT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
