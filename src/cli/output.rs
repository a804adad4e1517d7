//! Where answers go: data to standard output, everything else to standard error.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, ErrorKind, IsTerminal as _, Read, Write};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::fs::{Awaited, FsError, Outlet, Stoppable, stop};
use crate::ops::{Exit, Failure};
use crate::values::{ByteSize, Digest, counted};

use super::person;

/// What a command found or did, ready to be shown either way.
#[derive(Debug)]
pub struct Answer {
    /// Schema of `data`, such as `medsets/fetch/1`.
    pub schema: &'static str,
    /// What the shell is told.
    pub exit: Exit,
    /// The report as JSON.
    pub data: Value,
    /// The report as text, ending in a line break unless empty. Goes to standard output.
    pub text: String,
    /// In place of both, a report that may have a million lines.
    pub long: Option<Box<dyn LongReport>>,
    /// Remarks for a person, for standard error; not shown with `--quiet`.
    pub notes: Vec<String>,
    /// What a person should know and no failure is.
    pub warnings: Vec<String>,
    /// What went wrong, most actionable first.
    pub failures: Vec<Failure>,
}

/// A report that is written piece by piece, never held as text or JSON.
pub trait LongReport: fmt::Debug {
    /// As text, ending in a line break unless empty.
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()>;
    /// As one JSON value, without nulls.
    fn write_json(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Puts the keys of a table beside those that are there.
pub fn add(data: &mut Value, more: Option<&impl Serialize>) {
    if let (Some(data), Some(Value::Object(more))) = (data.as_object_mut(), more.map(|more| json!(more))) {
        data.extend(more);
    }
}

impl Answer {
    /// A report without trouble.
    pub fn done(schema: &'static str, data: Value, text: String) -> Self {
        let (notes, warnings, failures) = (Vec::new(), Vec::new(), Vec::new());
        Self { schema, exit: Exit::DONE, data, text, long: None, notes, warnings, failures }
    }

    /// A report of nothing but failure.
    pub fn failed(schema: &'static str, failure: Failure) -> Self {
        let exit = failure.exit;
        Self { exit, failures: vec![failure], ..Self::done(schema, json!({}), String::new()) }
    }
}

/// How and where a run prints.
#[derive(Debug)]
pub struct Output {
    /// One JSON document instead of text.
    pub json: bool,
    /// Only the result.
    pub quiet: bool,
    /// Whether standard error takes colour.
    pub colour: bool,
    /// When the run began.
    pub started: Timestamp,
    /// The same moment on a clock that never jumps.
    pub begun: Instant,
    /// Digest of the catalogue in use, once it is read.
    pub catalog: Option<Digest>,
}

impl Output {
    /// Prints an answer and gives its exit code. A closed pipe (`| head -1`) is no failure; an
    /// answer that cannot be written is.
    pub fn finish(&self, answer: &Answer) -> Exit {
        if self.json {
            self.show_troubles(answer);
            return self.document(answer);
        }
        if !self.quiet {
            answer.notes.iter().for_each(|note| self.to_stderr(note));
        }
        let written = match &answer.long {
            Some(long) => self.written(|out| long.write_text(out)),
            None => self.plain(&answer.text),
        };
        // Last, where a person looks: what was done stands above.
        self.show_troubles(answer);
        answer.exit.most_actionable(written)
    }

    fn show_troubles(&self, answer: &Answer) {
        for warning in &answer.warnings {
            self.to_stderr(&format!("{} {warning}", self.paint("warning:", "33")));
        }
        self.show_failures(&answer.failures);
    }

    /// Prints an answer as one line of JSON.
    pub fn document(&self, answer: &Answer) -> Exit {
        let envelope = self.envelope(answer).to_string();
        answer.exit.most_actionable(match &answer.long {
            Some(long) => self.written(|out| {
                // Its data are put before the closing brace.
                out.write_all(&envelope.as_bytes()[..envelope.len() - 1])?;
                out.write_all(b",\"data\":")?;
                long.write_json(out)?;
                out.write_all(b"}\n")
            }),
            None => self.plain(&format!("{envelope}\n")),
        })
    }

    /// Prints text that is a whole answer.
    pub fn plain(&self, text: &str) -> Exit {
        self.written(|out| out.write_all(text.as_bytes()))
    }

    /// Prints whatever `write` gives to standard output.
    fn written(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Exit {
        let mut out = BufWriter::with_capacity(1 << 16, answers());
        match write(&mut out).and_then(|()| out.flush()) {
            Ok(()) => Exit::DONE,
            Err(error) => {
                // What could not be written is not tried again when the buffer goes.
                drop(out.into_parts());
                self.not_written(&error)
            }
        }
    }

    /// What it means that standard output did not take everything.
    pub fn not_written(&self, error: &std::io::Error) -> Exit {
        let exit = match error.kind() {
            // A reader that went away wants no more.
            ErrorKind::BrokenPipe => return Exit::DONE,
            _ if stop::is_stop(error) => Exit::INTERRUPTED,
            ErrorKind::StorageFull => Exit::NO_SPACE,
            ErrorKind::QuotaExceeded => Exit::NO_INODES,
            _ => Exit::OTHER,
        };
        let failure = Failure::new(exit, format!("the answer could not be written to standard output: {error}"));
        let help = match exit {
            Exit::INTERRUPTED => "run the same command again",
            _ => "send it to a place that can be written, or read it with `| less`",
        };
        self.show_failure(&failure.help(help));
        exit
    }

    /// Tells a person something while working.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.to_stderr(text);
        }
    }

    /// Shows a person what a question is about, also with `--quiet`.
    pub fn say(&self, text: &str) {
        self.to_stderr(text);
    }

    /// Asks a question on standard error and reads one line; `None` at the end of input, and when the
    /// run is stopped.
    pub fn ask(&self, question: &str) -> Option<String> {
        person::tell(&format!("{question} ")).ok()?;
        let mut line = String::new();
        let input = std::io::stdin().as_fd().try_clone_to_owned();
        // A terminal gives no more than the line.
        match input.and_then(|input| BufReader::new(Awaited(File::from(input))).read_line(&mut line)) {
            Ok(read) if read > 0 => Some(line.trim().to_owned()),
            _ => None,
        }
    }

    /// Reads standard input whole, up to `limit` bytes of UTF-8 text.
    pub fn read_input(limit: u64) -> Result<String, Failure> {
        let mut text = String::new();
        let input = std::io::stdin().as_fd().try_clone_to_owned();
        let read = input.and_then(|input| Awaited(File::from(input)).take(limit + 1).read_to_string(&mut text));
        match read {
            Ok(read) if read as u64 <= limit => Ok(text),
            Ok(_) => Err(Failure::new(Exit::USAGE, format!("standard input holds more than {}", ByteSize(limit)))),
            Err(error) => Err(Failure::new(Exit::USAGE, format!("standard input cannot be read as text: {error}"))),
        }
    }

    /// Standard input as bytes, for what `-` stands for in place of a file.
    ///
    /// # Errors
    /// It is a terminal: nobody types `what`.
    pub fn stream_input(what: &str) -> Result<impl Read + Send + 'static, Failure> {
        let input = std::io::stdin();
        if input.is_terminal() {
            let failure = Failure::new(Exit::USAGE, format!("standard input is a terminal, not {what}"));
            return Err(failure.help("send it there, such as `ssh HOST cat FILE | medsets ...`, or name the file"));
        }
        let input = input.as_fd().try_clone_to_owned();
        let input = input.map_err(|error| FsError::new("read", Path::new("standard input"), error))?;
        Ok(Awaited(File::from(input)))
    }

    /// Standard output, for what goes out as it is made. `is_only_shown` is for a run that writes
    /// nothing but its answer.
    ///
    /// # Errors
    /// It is a terminal, or the answer goes there as JSON.
    pub fn stream_output(&self, what: &str, is_only_shown: bool) -> Result<impl Write + Send + 'static, Failure> {
        let refused = match is_only_shown {
            false if std::io::stdout().is_terminal() => {
                Some(format!("standard output is a terminal, and {what} is no text"))
            }
            false if self.json => Some(format!("`--json` and `-o -` would both write to standard output: {what}")),
            _ => None,
        };
        match refused {
            Some(message) => Err(Failure::new(Exit::USAGE, message)
                .help("send it on, such as `medsets ... -o - | ssh HOST ...`, or name a file with `-o`")),
            None => Ok(standard_output()?),
        }
    }

    /// Of many files that fail alike a person is shown some; the JSON has them all.
    fn show_failures(&self, failures: &[Failure]) {
        const ENOUGH: usize = 20;
        let mut alike: BTreeMap<u8, usize> = BTreeMap::new();
        for failure in failures {
            let seen = match failure.file {
                Some(_) => alike.entry(failure.exit.0).or_default(),
                None => &mut 0,
            };
            *seen += 1;
            if *seen <= ENOUGH {
                self.show_failure(failure);
            }
        }
        for (exit, count) in alike.into_iter().filter(|(_, count)| *count > ENOUGH) {
            let more = counted((count - ENOUGH) as u64, "more file");
            self.to_stderr(&format!("{} {more} failed with exit code {exit}", self.paint("error:", "1;31")));
            self.to_stderr(&format!("{} `--json` lists every one", self.paint("help:", "36")));
        }
    }

    fn show_failure(&self, failure: &Failure) {
        // Where several datasets are worked on, each failure says whose it is.
        let whose = failure.dataset.as_ref().filter(|id| !names(&failure.message, id.as_str()));
        let whose = whose.map_or(String::new(), |id| format!("`{id}`: "));
        self.to_stderr(&format!("{} {whose}{}", self.paint("error:", "1;31"), failure.message));
        failure.excerpt.iter().for_each(|excerpt| self.to_stderr(excerpt));
        for line in failure.help.iter().flat_map(|help| help.lines()) {
            self.to_stderr(&format!("{} {line}", self.paint("help:", "36")));
        }
    }

    fn envelope(&self, answer: &Answer) -> Value {
        let mut document = json!({
            "schema": answer.schema,
            "ok": answer.exit == Exit::DONE,
            "exit": answer.exit.0,
            "tool": { "name": "medsets", "version": env!("CARGO_PKG_VERSION") },
            "started": self.started.to_string(),
            "elapsed_s": self.begun.elapsed().as_secs_f64(),
            "warnings": answer.warnings,
            "errors": answer.failures,
        });
        if answer.long.is_none() {
            document["data"] = without_nulls(answer.data.clone());
        }
        if let Some(digest) = self.catalog {
            document["catalog"] = json!({ "digest": digest.to_string() });
        }
        document
    }

    /// Colours text for standard error.
    fn paint(&self, text: &str, code: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn to_stderr(&self, text: &str) {
        let _ = person::tell(&format!("{text}\n"));
    }
}

/// Standard output without a buffer, which hears the wish to stop while nobody reads it.
pub fn standard_output() -> Result<Outlet, FsError> {
    let out = std::io::stdout().as_fd().try_clone_to_owned();
    let out = out.map_err(|error| FsError::new("write", Path::new("standard output"), error))?;
    Ok(Outlet::new(File::from(out)))
}

/// Where answers go. What a run tells that was stopped is told all the same: the next signal ends it.
fn answers() -> Box<dyn Write> {
    match standard_output() {
        Ok(out) if stop::is_wished() => Box::new(out.undeterred()),
        Ok(out) => Box::new(Stoppable(out)),
        Err(_) => Box::new(std::io::stdout()),
    }
}

/// Whether a message speaks of a dataset, and not of a path or an address in which its id stands.
fn names(message: &str, id: &str) -> bool {
    let is_name = |rest: &str| rest.is_empty() || rest.starts_with(['@', ':']);
    message.split('`').skip(1).step_by(2).any(|quoted| quoted.strip_prefix(id).is_some_and(is_name))
}

/// In JSON what is not known is absent, never null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// Whether a person named standard output (`-`) as the place of a document.
pub fn is_stdout(path: &std::path::Path) -> bool {
    path == std::path::Path::new("-")
}
