//! Progress as data, and the wish to stop. The library tells; it never prints.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use serde::Serialize;

use crate::values::{ByteSize, DatasetId, RelPath};

/// Something that happened while working. Serialised as one NDJSON line with `--events`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Work on a dataset begins; totals are known.
    Started {
        /// Which dataset.
        dataset: DatasetId,
        /// Files to be had.
        files: u64,
        /// Bytes to be had, as far as known.
        bytes: ByteSize,
        /// Bytes that were kept from an earlier run.
        kept: ByteSize,
        /// Files whose size nobody says; their bytes are in no total.
        unknown_sizes: u64,
    },
    /// One phase follows another: `listing`, `download`, `unpack`, `commit`, `verify`.
    Phase {
        /// Which dataset.
        dataset: DatasetId,
        /// Name of the phase.
        phase: &'static str,
    },
    /// Bytes arrived, or were read in a phase that reads.
    Progress {
        /// Which file.
        file: RelPath,
        /// How many bytes since the last such event.
        bytes: ByteSize,
    },
    /// Bytes counted as progress are to be had again.
    Rewound {
        /// Which file.
        file: RelPath,
        /// How many bytes.
        bytes: ByteSize,
    },
    /// An attempt failed and another follows.
    Retry {
        /// Which file.
        file: RelPath,
        /// What happened, without secrets.
        reason: String,
        /// Seconds until the next attempt.
        wait_s: f64,
    },
    /// A file is whole, and verified where something was known to verify it with.
    FileDone {
        /// Which file.
        file: RelPath,
        /// Its size.
        bytes: ByteSize,
        /// Its SHA-256 in hexadecimal.
        sha256: String,
        /// Whether a digest known beforehand matched.
        verified: bool,
    },
    /// A file needs no download: its bytes were found nearby, and hashed.
    Reused {
        /// Which file.
        file: RelPath,
        /// Its size.
        bytes: ByteSize,
        /// `store`, `shared` for a folder of somebody else, or `unpacked` for an archive whose
        /// members another dataset has.
        from: &'static str,
    },
    /// Members of an archive were unpacked.
    Unpacked {
        /// Which archive.
        archive: RelPath,
        /// How many members since the last such event.
        members: u64,
        /// Their bytes.
        bytes: ByteSize,
    },
    /// Something a person should know that stops nothing.
    Warning {
        /// The sentence.
        message: String,
    },
    /// Waiting for something outside: another run, a host's `Retry-After`.
    Waiting {
        /// For what.
        reason: String,
    },
}

/// Takes events; called from many threads.
pub trait Reporter: Send + Sync {
    /// Takes one event. Must return quickly and never panic.
    fn report(&self, event: Event);
}

/// A shared reporter.
pub type Report = Arc<dyn Reporter>;

/// Hears nothing.
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _event: Event) {}
}

/// The wish to stop, shared by everyone who works. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<CancelState>);

#[derive(Debug, Default)]
struct CancelState {
    flag: AtomicBool,
    code: AtomicU8,
    wake: tokio::sync::Notify,
}

impl Cancel {
    /// Asks everyone to stop, for the reason that this exit code stands for.
    pub fn set(&self, code: u8) {
        self.0.code.store(code, Ordering::Relaxed);
        self.0.flag.store(true, Ordering::Release);
        self.0.wake.notify_waiters();
    }

    /// Whether to stop.
    pub fn is_set(&self) -> bool {
        self.0.flag.load(Ordering::Acquire)
    }

    /// The reason's exit code, once it is set.
    pub fn code(&self) -> Option<u8> {
        self.is_set().then(|| self.0.code.load(Ordering::Relaxed))
    }

    /// The flag itself, for threads that look at it between pieces of work.
    pub fn flag(&self) -> &AtomicBool {
        &self.0.flag
    }

    /// Waits until it is set.
    pub async fn cancelled(&self) {
        loop {
            let woken = self.0.wake.notified();
            if self.is_set() {
                return;
            }
            woken.await;
        }
    }
}
