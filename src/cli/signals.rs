//! What the system tells the program while it works: to stop, and that a file has become too large.

use std::io;
use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::events::Cancel;
use crate::fs;
use crate::ops::Exit;

use super::hidden;

/// Hears the signals from now on, on a thread of its own: others may wait for a disk or a pipe.
///
/// The first wish to stop stops the work cleanly, the second ends the program at once.
pub fn hear(cancel: Cancel) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let signals = {
        let _within = runtime.enter();
        be_told_of_large_files();
        Signals::catch()?
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(signals.tell(&cancel)))?;
    Ok(())
}

/// The signals that ask to stop.
struct Signals {
    /// Ctrl-C; `None` where it is meant for another program, as of what runs in the background.
    interrupt: Option<Signal>,
    terminate: Signal,
    /// A terminal or a connection is gone; `None` where the program is to outlive them.
    hang_up: Option<Signal>,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: unless_ignored(SignalKind::interrupt(), false)?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: unless_ignored(SignalKind::hangup(), true)?,
        })
    }

    async fn tell(mut self, cancel: &Cancel) {
        loop {
            let exit = self.next().await;
            if !cancel.is_set() {
                cancel.set(exit.0);
                // For whoever is in the middle of a large file.
                fs::stop::stop();
            } else if exit != Exit::HUNG_UP {
                hidden::show_again();
                std::process::exit(i32::from(exit.0));
            }
            // The system and the shell each say that a terminal is gone: that is one wish.
        }
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            () = heard(&mut self.interrupt) => Exit::INTERRUPTED,
            _ = self.terminate.recv() => Exit::TERMINATED,
            () = heard(&mut self.hang_up) => Exit::HUNG_UP,
        }
    }
}

/// Waits for a signal; for ever where it stays ignored.
async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Hears a signal unless whoever started the program has it ignore that, as `nohup` does with one and a
/// script with what it starts in the background with the other. `otherwise` it is ignored where the
/// system does not say.
fn unless_ignored(kind: SignalKind, otherwise: bool) -> io::Result<Option<Signal>> {
    let status = fs::read_text(Path::new("/proc/self/status")).unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let is_ignored = ignored.map_or(otherwise, |mask| mask & (1 << (kind.as_raw_value() - 1)) != 0);
    if is_ignored { Ok(None) } else { signal(kind).map(Some) }
}

/// Without a handler the system ends a program that makes a file larger than `ulimit -f` allows;
/// with one the writing fails, which is told like a full disk.
fn be_told_of_large_files() {
    /// `SIGXFSZ`, the same number on Linux and macOS.
    const FILE_TOO_LARGE: i32 = 25;
    // It stays when the stream is dropped. Where it cannot be set, the system's way remains.
    let _ = signal(SignalKind::from_raw(FILE_TOO_LARGE));
}
