//! Progress for people, logs and programs.
//!
//! On a terminal a bar with total, rate and time left; in a log one plain line per 30 seconds
//! or 5 percent, never a carriage return; with `--events` lines of JSON.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::events::{Event, Reporter};
use crate::fs::FsError;
use crate::values::{ByteSize, Printable, counted};

use super::output::standard_output;
use super::person::{self, Screen};

/// Hands each event to everyone who listens, and the same warning once.
pub struct Everyone {
    listeners: Vec<Box<dyn Reporter>>,
    told: Mutex<HashSet<String>>,
}

impl Everyone {
    /// All of these.
    pub fn of(listeners: Vec<Box<dyn Reporter>>) -> Self {
        Self { listeners, told: Mutex::default() }
    }
}

impl Reporter for Everyone {
    fn report(&self, event: Event) {
        if let (Event::Warning { message }, Ok(mut told)) = (&event, self.told.lock())
            && !told.insert(message.clone())
        {
            return;
        }
        for one in &self.listeners {
            one.report(event.clone());
        }
    }
}

/// A bar on a terminal.
pub struct Bar {
    bar: ProgressBar,
    named: Mutex<String>,
}

impl Bar {
    /// A bar on standard error, drawn at most ten times a second; none where that is no terminal.
    pub fn new() -> Self {
        let target = match ProgressDrawTarget::stderr().is_hidden() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::term_like_with_hz(Box::new(Screen::default()), 10),
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        bar.set_style(style("{prefix} {spinner} {msg}"));
        Self { bar, named: Mutex::new(String::new()) }
    }

    fn say(&self, line: &str) {
        let _ = self.bar.suspend(|| person::tell(&format!("{line}\n")));
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

impl Reporter for Bar {
    fn report(&self, event: Event) {
        match event {
            Event::Started { dataset, bytes, kept, unknown_sizes, .. } => {
                if let Ok(mut named) = self.named.lock() {
                    *named = dataset.to_string();
                }
                self.bar.reset();
                self.bar.set_prefix(dataset.to_string());
                self.bar.set_length(bytes.0);
                self.bar.set_position(kept.0);
                // A total that misses files would be reached too early and mislead.
                let form = match unknown_sizes {
                    0 => "{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta} left {msg}",
                    _ => "{prefix} {spinner} {bytes} of unknown size {bytes_per_sec} {msg}",
                };
                self.bar.set_style(style(form));
            }
            Event::Phase { phase, .. } => self.bar.set_message(phase),
            Event::Progress { bytes, .. } => self.bar.inc(bytes.0),
            Event::Rewound { bytes, .. } => self.bar.set_position(self.bar.position().saturating_sub(bytes.0)),
            Event::Retry { file, reason, wait_s } => {
                self.say(&format!("  {file}: {}; again in {wait_s:.0} s", Printable::new(&reason)));
            }
            Event::Warning { message } => self.say(&format!("warning: {message}")),
            Event::Waiting { reason } => self.say(&format!("waiting: {reason}")),
            Event::FileDone { .. } | Event::Reused { .. } | Event::Unpacked { .. } => {}
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(form: &str) -> ProgressStyle {
    ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

/// Plain lines for a log.
pub struct Lines {
    state: Mutex<Counted>,
}

/// What a log was last told.
struct Counted {
    name: String,
    /// As far as known.
    total: u64,
    unknown_sizes: u64,
    done: u64,
    told: u64,
    begun: Instant,
    last: Instant,
}

impl Lines {
    /// Writes to standard error.
    pub fn new() -> Self {
        let now = Instant::now();
        let counted =
            Counted { name: String::new(), total: 0, unknown_sizes: 0, done: 0, told: 0, begun: now, last: now };
        Self { state: Mutex::new(counted) }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::new()
    }
}

impl Counted {
    /// The line that is due, if one is.
    fn due(&mut self, now: Instant) -> Option<String> {
        let step = if self.unknown_sizes == 0 { self.total / 20 } else { 0 };
        let far = step > 0 && self.done >= self.told + step && now - self.last >= Duration::from_secs(1);
        if !far && now - self.last < Duration::from_secs(30) {
            return None;
        }
        self.last = now;
        self.told = self.done;
        let seconds = (now - self.begun).as_secs_f64().max(0.001);
        let rate = ByteSize((self.done as f64 / seconds) as u64);
        let of = match (self.unknown_sizes, self.done.saturating_mul(100).checked_div(self.total)) {
            (0, Some(percent)) => format!(" of {} ({percent} %)", ByteSize(self.total)),
            _ => String::new(),
        };
        Some(format!("{}: {}{of}, {rate}/s", self.name, ByteSize(self.done)))
    }
}

impl Reporter for Lines {
    fn report(&self, event: Event) {
        let Ok(mut state) = self.state.lock() else { return };
        let line = match event {
            Event::Started { dataset, files, bytes, kept, unknown_sizes } => {
                let now = Instant::now();
                *state = Counted {
                    name: dataset.to_string(),
                    total: bytes.0,
                    unknown_sizes,
                    done: kept.0,
                    told: kept.0,
                    begun: now,
                    last: now,
                };
                let kept =
                    if kept == ByteSize::ZERO { String::new() } else { format!(", {kept} of them here already") };
                let bytes = known_and_unknown(bytes, unknown_sizes);
                Some(format!("{dataset}: {}, {bytes}{kept}", counted(files, "file")))
            }
            Event::Progress { bytes, .. } => {
                state.done += bytes.0;
                state.due(Instant::now())
            }
            Event::Rewound { bytes, .. } => {
                state.done = state.done.saturating_sub(bytes.0);
                state.told = state.told.min(state.done);
                None
            }
            Event::Phase { dataset, phase } => Some(format!("{dataset}: {phase}")),
            Event::Retry { file, reason, wait_s } => {
                Some(format!("{}: {file}: {}; again in {wait_s:.0} s", state.name, Printable::new(&reason)))
            }
            Event::Warning { message } => Some(format!("warning: {message}")),
            Event::Waiting { reason } => Some(format!("waiting: {reason}")),
            Event::FileDone { .. } | Event::Reused { .. } | Event::Unpacked { .. } => None,
        };
        if let Some(line) = line {
            let _ = person::tell(&format!("{line}\n"));
        }
    }
}

/// A total that says how much of it is not known.
pub fn known_and_unknown(bytes: ByteSize, unknown_sizes: u64) -> String {
    match (bytes, unknown_sizes) {
        (bytes, 0) => bytes.to_string(),
        (ByteSize::ZERO, _) => "size not known".to_owned(),
        (bytes, files) => format!("{bytes} and {} of unknown size", counted(files, "file")),
    }
}

/// Lines of JSON for a program.
pub struct Ndjson {
    out: Mutex<Box<dyn std::io::Write + Send>>,
}

impl Ndjson {
    /// Writes to an opened file.
    pub fn to_file(file: File) -> Self {
        Self { out: Mutex::new(Box::new(std::io::LineWriter::new(file))) }
    }

    /// Writes to standard output.
    pub fn to_stdout() -> Result<Self, FsError> {
        Ok(Self { out: Mutex::new(Box::new(standard_output()?)) })
    }
}

impl Reporter for Ndjson {
    fn report(&self, event: Event) {
        let (Ok(mut out), Ok(line)) = (self.out.lock(), serde_json::to_string(&event)) else { return };
        // Nobody takes them any more, and half a line must not be gone on with.
        if out.write_all(format!("{line}\n").as_bytes()).is_err() {
            *out = Box::new(std::io::sink());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_a_line_per_step_or_half_minute() {
        let begun = Instant::now();
        let mut counted =
            Counted { name: "x".into(), total: 1000, unknown_sizes: 0, done: 0, told: 0, begun, last: begun };
        counted.done = 40;
        assert_eq!(counted.due(begun + Duration::from_secs(2)), None, "less than 5 percent");
        counted.done = 60;
        assert_eq!(counted.due(begun + Duration::from_secs(2)).unwrap(), "x: 60 B of 1000 B (6 %), 30 B/s");
        counted.done = 61;
        assert_eq!(counted.due(begun + Duration::from_secs(31)), None);
        assert!(counted.due(begun + Duration::from_secs(33)).is_some(), "half a minute has passed");
    }

    #[test]
    fn an_unknown_total_is_no_division_by_zero() {
        let begun = Instant::now();
        let mut counted =
            Counted { name: "x".into(), total: 0, unknown_sizes: 1, done: 7, told: 0, begun, last: begun };
        assert_eq!(counted.due(begun + Duration::from_secs(35)).unwrap(), "x: 7 B, 0 B/s");
        assert_eq!(known_and_unknown(ByteSize::ZERO, 1), "size not known");
        assert_eq!(known_and_unknown(ByteSize(7), 0), "7 B");
        assert_eq!(known_and_unknown(ByteSize(7), 1), "7 B and 1 file of unknown size");
        assert_eq!(known_and_unknown(ByteSize(7), 2), "7 B and 2 files of unknown size");
    }
}
