//! The findings so far.

use crate::document::{At, Document, Finding, Inspection, Severity};

/// Collects findings, each with what to write instead.
pub(super) struct Notes<'d>(Inspection<'d>);

impl<'d> Notes<'d> {
    /// None yet.
    pub(super) fn new(document: &'d Document<'d>) -> Self {
        Self(Inspection::new(document))
    }

    /// The file.
    pub(super) fn document(&self) -> &'d Document<'d> {
        self.0.document()
    }

    /// An error in the value at `at`, and what to write instead.
    pub(super) fn error(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>, help: &str) {
        self.0.error(at, code, message).help(help);
    }

    /// An error in the key at `at`.
    pub(super) fn key_error(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>, help: &str) {
        self.0.key_error(at, code, message).help(help);
    }

    /// Something a careful author would mend, in the value at `at`.
    pub(super) fn warning(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>, help: &str) {
        self.0.warning(at, code, message).help(help);
    }

    /// Something a careful author would mend, in the key at `at`.
    pub(super) fn key_warning(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>, help: &str) {
        let finding = self.0.key_error(at, code, message);
        finding.severity = Severity::Warning;
        finding.help(help);
    }

    /// An error at a byte of the text.
    pub(super) fn error_at(&mut self, byte: usize, code: &'static str, message: &str, help: &str) {
        self.0.error_at(byte, code, message).help(help);
    }

    /// What was found, in the order of the file.
    pub(super) fn finish(self) -> Vec<Finding> {
        self.0.finish()
    }
}
