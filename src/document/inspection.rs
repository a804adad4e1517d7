//! Collects what is wrong with one document while it is read or checked.

use std::fmt::Display;

use super::{At, Document, Finding, Part, Severity};

/// A document under inspection and the findings so far.
///
/// Reading goes on after a finding, so that a person sees everything at once.
#[derive(Debug)]
pub struct Inspection<'d> {
    document: &'d Document<'d>,
    findings: Vec<Finding>,
}

impl<'d> Inspection<'d> {
    /// Nothing found yet.
    pub fn new(document: &'d Document<'d>) -> Self {
        Self { document, findings: Vec::new() }
    }

    /// The document.
    pub fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Notes an error in the value at `at`.
    pub fn error(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>) -> &mut Finding {
        self.note(at, Part::Value, code, message.into())
    }

    /// Notes an error in the key at `at`.
    pub fn key_error(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>) -> &mut Finding {
        self.note(at, Part::Key, code, message.into())
    }

    /// Notes something a careful author would mend.
    pub fn warning(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>) -> &mut Finding {
        let finding = self.note(at, Part::Value, code, message.into());
        finding.severity = Severity::Warning;
        finding
    }

    /// Notes a finding that was made elsewhere.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The value, or an error at `at` that says why there is none.
    pub fn accept<T, E: Display>(&mut self, at: &At<'_>, code: &'static str, outcome: Result<T, E>) -> Option<T> {
        outcome.map_err(|error| self.error(at, code, error.to_string())).ok()
    }

    /// What was found, in the order of the file.
    pub fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by(|left, right| left.span.start.cmp(&right.span.start).then(left.code.cmp(right.code)));
        self.findings
    }

    fn note(&mut self, at: &At<'_>, part: Part, code: &'static str, message: String) -> &mut Finding {
        let finding = self.document.finding(code, message, self.document.span(at, part));
        self.findings.push(finding);
        self.findings.last_mut().expect("one was just pushed")
    }
}

impl Finding {
    /// Adds what to write instead.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}
