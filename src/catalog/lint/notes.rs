//! The findings so far.

use crate::document::{At, Document, Finding, Inspection, Severity};

/// Collects findings up to a limit: a hostile file may break a rule in every line.
pub(super) struct Notes<'d> {
    inspection: Inspection<'d>,
    room: usize,
}

/// The most findings that are shown of one file.
pub(super) const LIMIT: usize = 200;

impl<'d> Notes<'d> {
    /// None yet.
    pub(super) fn new(document: &'d Document<'d>) -> Self {
        Self { inspection: Inspection::new(document), room: LIMIT }
    }

    /// The file.
    pub(super) fn document(&self) -> &'d Document<'d> {
        self.inspection.document()
    }

    /// An error in the value at `at`, and what to write instead.
    pub(super) fn error(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>, help: &str) {
        if self.has_room() {
            self.inspection.error(at, code, message).help(help);
        }
    }

    /// An error in the key at `at`.
    pub(super) fn key_error(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>, help: &str) {
        if self.has_room() {
            self.inspection.key_error(at, code, message).help(help);
        }
    }

    /// Something a careful author would mend, in the value at `at`.
    pub(super) fn warning(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>, help: &str) {
        if self.has_room() {
            self.inspection.warning(at, code, message).help(help);
        }
    }

    /// Something a careful author would mend, in the key at `at`.
    pub(super) fn key_warning(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>, help: &str) {
        if self.has_room() {
            let finding = self.inspection.key_error(at, code, message);
            finding.severity = Severity::Warning;
            finding.help(help);
        }
    }

    /// An error at a byte of the text.
    pub(super) fn error_at(&mut self, byte: usize, code: &'static str, message: &str, help: &str) {
        if self.has_room() {
            let mut finding = self.document().finding(code, message, byte..byte + 1);
            finding.help(help);
            self.inspection.add(finding);
        }
    }

    /// Whether there is room; the last place is for saying that there is none.
    fn has_room(&mut self) -> bool {
        self.room = self.room.saturating_sub(1);
        if self.room == 1 {
            let message = format!("only the first {LIMIT} findings are shown");
            self.inspection.error(&At::root(), "too-many", message).help("mend these and look again");
        }
        self.room > 1
    }

    /// What was found, in the order of the file.
    pub(super) fn finish(self) -> Vec<Finding> {
        self.inspection.finish()
    }
}
