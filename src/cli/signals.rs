//! What the system tells the program while it works: to stop, and that a file has become too large.

use std::io;
use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::events::Cancel;
use crate::fs;
use crate::ops::Exit;

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
    interrupt: Signal,
    terminate: Signal,
    /// A terminal or a connection is gone; `None` where the program is to outlive them.
    hang_up: Option<Signal>,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        let hang_up = if is_ignored(HANG_UP) { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hang_up })
    }

    async fn tell(mut self, cancel: &Cancel) {
        loop {
            let exit = self.next().await;
            if !cancel.is_set() {
                cancel.set(exit.0);
                // For whoever is in the middle of a large file.
                fs::stop::stop();
            } else if exit != Exit::HUNG_UP {
                std::process::exit(i32::from(exit.0));
            }
            // The system and the shell each say that a terminal is gone: that is one wish.
        }
    }

    async fn next(&mut self) -> Exit {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Exit::INTERRUPTED,
            _ = self.terminate.recv() => Exit::TERMINATED,
            _ = hang_up => Exit::HUNG_UP,
        }
    }
}

/// Whether whoever started the program has it ignore a signal, as `nohup` does. Where the system
/// does not say, it counts as ignored, and does what it does without us.
fn is_ignored(signal: u32) -> bool {
    let status = fs::read_text(Path::new("/proc/self/status")).unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & (1 << (signal - 1)) != 0)
}

/// `SIGHUP`, the same number on Linux and macOS.
const HANG_UP: u32 = 1;

/// Without a handler the system ends a program that makes a file larger than `ulimit -f` allows;
/// with one the writing fails, which is told like a full disk.
fn be_told_of_large_files() {
    /// `SIGXFSZ`, the same number on Linux and macOS.
    const FILE_TOO_LARGE: i32 = 25;
    // It stays when the stream is dropped. Where it cannot be set, the system's way remains.
    let _ = signal(SignalKind::from_raw(FILE_TOO_LARGE));
}
