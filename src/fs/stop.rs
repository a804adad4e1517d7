//! The wish to stop, for calls that read, write or copy many bytes at once.
//!
//! A signal is meant for the process, so there is one such wish in it: hashing and copying of a
//! single large file must hear it too, deep below whoever holds a run's own wish.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Read, Write};
use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// From now on, [`Stoppable`] and copying end at their next buffer, and [`Awaited`] and [`Outlet`] where
/// they wait, with [`FsErrorKind::Stopped`](super::FsErrorKind::Stopped). Nothing takes it back: for a
/// process that is about to end.
pub fn stop() {
    IS_WISHED.store(true, Ordering::Release);
}

static IS_WISHED: AtomicBool = AtomicBool::new(false);

/// Whether it is wished.
pub fn is_wished() -> bool {
    IS_WISHED.load(Ordering::Acquire)
}

/// Fails once it is wished.
pub fn heard() -> io::Result<()> {
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

/// A pipe or terminal that is read without a buffer of its own, and hears the wish while nothing comes.
pub struct Awaited<T>(pub T);

impl<R: Read + AsFd> Read for Awaited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        heard()?;
        wait_for(&self.0, PollFlags::IN, Hears::Yes)?;
        self.0.read(buffer)
    }
}

/// What is written without a buffer of its own, and hears the wish while nobody takes it.
#[derive(Debug)]
pub struct Outlet {
    file: File,
    /// Bytes that it surely takes at once where it says that it has room.
    most: usize,
    hears: Hears,
}

/// Whether waiting ends with the wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hears {
    Yes,
    No,
}

impl Outlet {
    /// Writes to an open file, a pipe, a terminal or whatever else it is.
    pub fn new(file: File) -> Self {
        let kind = file.metadata().map(|found| found.file_type());
        let takes_little = kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket());
        let (file, most) = match file.is_terminal().then(|| anew(&file)) {
            Some(Ok(own)) => (own, usize::MAX),
            Some(Err(_)) => (file, PAGE),
            None => (file, if takes_little { PAGE } else { usize::MAX }),
        };
        Self { file, most, hears: Hears::Yes }
    }

    /// Waits on although it is wished to stop: for what a run tells that was stopped.
    #[must_use]
    pub fn undeterred(self) -> Self {
        Self { hears: Hears::No, ..self }
    }
}

/// A terminal that was opened once more. One that has some room may have less than is written: a call
/// that does not wait for more is asked for, and of this process alone, whoever else has the terminal.
fn anew(terminal: &File) -> io::Result<File> {
    let at_once = (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().cast_signed();
    let place = format!("/proc/self/fd/{}", terminal.as_raw_fd());
    File::options().write(true).custom_flags(at_once).open(place)
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(self.most)];
        loop {
            wait_for(&self.file, PollFlags::OUT, self.hears)?;
            match self.file.write(piece) {
                // It has room, and not for a line break of a terminal.
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(A_NAP),
                written => return written,
            }
            if self.hears == Hears::Yes {
                heard()?;
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Waits until the other end is there for it, or is gone.
fn wait_for(end: &impl AsFd, what: PollFlags, hears: Hears) -> io::Result<()> {
    loop {
        match poll(&mut [PollFd::new(end, what)], Some(&A_MOMENT)) {
            Ok(0) | Err(rustix::io::Errno::INTR) if hears == Hears::No => {}
            Ok(0) | Err(rustix::io::Errno::INTR) => heard()?,
            Ok(_) => return Ok(()),
            Err(code) => return Err(code.into()),
        }
    }
}

/// How long the wish may wait at most: a tenth of a second.
const A_MOMENT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// How long a full terminal is left alone.
const A_NAP: Duration = Duration::from_millis(10);

/// What a pipe takes whole or not at all, on Linux (`PIPE_BUF`); less elsewhere.
const PAGE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };
