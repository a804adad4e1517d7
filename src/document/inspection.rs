//! Collects what is wrong with one document while it is read or checked.

use std::fmt::Display;

use super::{At, Document, Finding, Part, Severity};

/// A document under inspection and the findings so far.
///
/// Reading goes on after a finding, so that a person sees everything at once: up to [`LIMIT`],
/// behind which findings are only counted. Placing one costs a pass over the text, and a
/// hostile file may break a rule in every line.
#[derive(Debug)]
pub struct Inspection<'d> {
    document: &'d Document<'d>,
    findings: Vec<Finding>,
    omitted: usize,
    /// Whether one of the omitted is an error.
    omits_error: bool,
    /// Takes what callers still write to a finding that is only counted.
    spare: Finding,
}

/// The most findings that are kept of one file.
pub const LIMIT: usize = 100;

/// The code of the last finding, which counts those that are not shown.
pub const TOO_MANY: &str = "too-many";

impl<'d> Inspection<'d> {
    /// Nothing found yet.
    pub fn new(document: &'d Document<'d>) -> Self {
        Self {
            document,
            findings: Vec::new(),
            omitted: 0,
            omits_error: false,
            spare: document.finding(TOO_MANY, "", 0..0),
        }
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

    /// Notes an error at a byte of the text.
    pub fn error_at(&mut self, byte: usize, code: &'static str, message: &str) -> &mut Finding {
        self.keep(|document| document.finding(code, message, byte..byte + 1))
    }

    /// The value, or an error at `at` that says why there is none.
    pub fn accept<T, E: Display>(&mut self, at: &At<'_>, code: &'static str, outcome: Result<T, E>) -> Option<T> {
        outcome.map_err(|error| self.error(at, code, error.to_string())).ok()
    }

    /// What was found, in the order of the file. Where more than [`LIMIT`] things are wrong, a
    /// last finding says how many are not shown, as bad as the worst of those.
    pub fn finish(mut self) -> Vec<Finding> {
        self.note_spare();
        self.findings.sort_by(|left, right| left.span.start.cmp(&right.span.start).then(left.code.cmp(right.code)));
        if self.omitted > 0 {
            let message = format!("and {} more findings, which are not shown", self.omitted);
            let mut last = self.document.finding(TOO_MANY, message, 0..0);
            last.help(format!("mend the first {LIMIT} and look again"));
            if !self.omits_error {
                last.severity = Severity::Warning;
            }
            self.findings.push(last);
        }
        self.findings
    }

    fn note(&mut self, at: &At<'_>, part: Part, code: &'static str, message: String) -> &mut Finding {
        self.keep(|document| document.finding(code, message, document.span(at, part)))
    }

    /// Takes over what the last caller made of the spare finding, and makes it an error again.
    fn note_spare(&mut self) {
        self.omits_error |= self.omitted > 0 && self.spare.severity == Severity::Error;
        self.spare.severity = Severity::Error;
    }

    fn keep(&mut self, finding: impl FnOnce(&Document<'_>) -> Finding) -> &mut Finding {
        if self.findings.len() >= LIMIT {
            self.note_spare();
            self.omitted += 1;
            return &mut self.spare;
        }
        self.findings.push(finding(self.document));
        self.findings.last_mut().expect("one was just pushed")
    }
}

impl Finding {
    /// Adds what to write instead.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_beyond_the_limit_are_counted_and_not_placed() {
        let text = "a = 1\n".to_owned() + &"#\n".repeat(1 << 20);
        let document = Document::open("x.toml", &text).unwrap();
        let mut inspection = Inspection::new(&document);
        let begun = std::time::Instant::now();
        let root = At::root();
        for _ in 0..100_000 {
            inspection.error(&root.key("a"), "id", "wrong").help("write it");
        }
        inspection.error_at(text.len() - 1, "id", "wrong");
        let found = inspection.finish();
        assert_eq!((found.len(), found[LIMIT].code), (LIMIT + 1, TOO_MANY));
        assert_eq!(found[LIMIT].message, "and 99901 more findings, which are not shown");
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
