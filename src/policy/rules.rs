//! The policy of a project: planned acts, exceptions, and how bad findings are to it.
//!
//! There is one mechanism: what is not granted is denied, and an exception names a dataset, a
//! term, the ground, who answers for it, the last day it holds and, where there is one, the
//! digest of the text it was made for. `allow-unknown` is the same for terms that do not tell.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::document::{At, BrokenFile, Document, Inspection};
use crate::licenses::terms::VOCABULARY;
use crate::project::format::{ExceptionTable, PolicyTable, ProjectFile};
use crate::values::{Algorithm, Digest, Printable};

use super::act::Act;
use super::code::Code;
use super::finding::{Place, Severity};

/// What a project plans and what it is allowed beyond the terms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Planned acts, in the order of [`Act::ALL`].
    pub acts: Vec<Act>,
    /// Exceptions, in the order of the file.
    pub exceptions: Vec<Exception>,
    /// How bad findings are, where the project says so.
    pub severity: BTreeMap<Code, Severity>,
    /// The file it stands in, as it was named, and the digest of its text.
    pub origin: Option<(String, Digest)>,
}

/// A permission beyond the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// What it lifts.
    pub kind: ExceptionKind,
    /// The dataset: its id, or `ID@VERSION`.
    pub dataset: String,
    /// Key of the term; [`LICENSE`] where nothing is licensed, [`ITEMS`] where items or parts
    /// carry their own.
    pub term: String,
    /// On which ground.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// The last day it holds.
    pub until: Date,
    /// Digest of the text that it was made for.
    pub text_sha256: Option<Digest>,
    /// Where it stands.
    pub place: Place,
}

/// What an exception lifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExceptionKind {
    /// What a text forbids or does not grant.
    Exception,
    /// What it does not tell.
    AllowUnknown,
}

/// The term of an exception from there being no licence.
pub const LICENSE: &str = "license";
/// The term of an exception from licences of single items or parts.
pub const ITEMS: &str = "items";

impl Policy {
    /// Reads the `[policy]` table of a project file, or of a file that has nothing else; no
    /// policy where there is no such table. Fails with the place of what breaks the form: an
    /// unknown key, act, term or code, a date without a day, a code that cannot be lowered.
    pub fn read(name: &str, text: &str) -> Result<Self, BrokenFile> {
        let broken = |finding| BrokenFile::unopened(name, text, finding);
        let document = Document::open(name, text).map_err(broken)?;
        let file: ProjectFile = document.read().map_err(broken)?;
        let Some(table) = file.policy else { return Ok(Self::default()) };
        let mut inspection = Inspection::new(&document);
        let root = At::root();
        let at = root.key("policy");
        let mut policy = Self {
            acts: read_acts(&table.acts, &mut inspection, &at),
            severity: read_severities(&table, &mut inspection, &at),
            exceptions: Vec::new(),
            origin: Some((name.to_owned(), Digest::sha256(text.as_bytes()))),
        };
        let lists = [
            ("exception", ExceptionKind::Exception, table.exception),
            ("allow-unknown", ExceptionKind::AllowUnknown, table.allow_unknown),
        ];
        for (key, kind, tables) in lists {
            let list = at.key(key);
            for (index, table) in tables.into_iter().enumerate() {
                policy.exceptions.extend(read_exception(kind, table, &mut inspection, &list.index(index)));
            }
        }
        match BrokenFile::new(&document, inspection.finish()) {
            Some(error) => Err(error),
            None => Ok(policy),
        }
    }

    /// The same with these acts planned instead.
    #[must_use]
    pub fn planning(self, acts: impl IntoIterator<Item = Act>) -> Self {
        Self { acts: in_order(acts), ..self }
    }

    /// How bad a finding of this code is to the project.
    pub fn severity(&self, code: Code) -> Severity {
        self.severity.get(&code).copied().unwrap_or_else(|| code.severity())
    }
}

impl Exception {
    /// Whether it is about this dataset.
    pub fn is_for(&self, id: &str, version: &str) -> bool {
        match self.dataset.split_once('@') {
            Some((one, wanted)) => one == id && wanted == version,
            None => self.dataset == id,
        }
    }

    /// The term in the spelling of the file.
    pub fn term_as_written(&self) -> String {
        self.term.replace('_', "-")
    }
}

fn in_order(acts: impl IntoIterator<Item = Act>) -> Vec<Act> {
    let mut acts: Vec<Act> = acts.into_iter().collect();
    acts.sort();
    acts.dedup();
    acts
}

fn read_acts(words: &[String], inspection: &mut Inspection<'_>, at: &At<'_>) -> Vec<Act> {
    let list = at.key("acts");
    let mut acts = Vec::new();
    for (index, word) in words.iter().enumerate() {
        acts.extend(inspection.accept(&list.index(index), "act", Act::parse(word)).into_iter().flatten());
    }
    in_order(acts)
}

fn read_severities(table: &PolicyTable, inspection: &mut Inspection<'_>, at: &At<'_>) -> BTreeMap<Code, Severity> {
    let list = at.key("severity");
    let mut severities = BTreeMap::new();
    for (name, word) in &table.severity {
        let at = list.key(name);
        let Some(code) = Code::parse(name) else {
            let message = format!("there is no finding `{}`", Printable::new(name));
            inspection.key_error(&at, "code", message).help("docs/findings.md has them all");
            continue;
        };
        let severity = match word.as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "note" => Severity::Note,
            "off" => Severity::Off,
            _ => {
                let message = format!("`{}` is none of error, warning, note, off", Printable::new(word));
                inspection.error(&at, "severity", message);
                continue;
            }
        };
        if code.denies() && severity != Severity::Error {
            let message = format!("`{code}` says that a planned act is not allowed, and stays an error");
            let help = "name the dataset and the term in [[policy.exception]] or [[policy.allow-unknown]], with a reason, a person and an end date";
            inspection.error(&at, "severity", message).help(help);
            continue;
        }
        severities.insert(code, severity);
    }
    severities
}

fn read_exception(
    kind: ExceptionKind,
    table: ExceptionTable,
    inspection: &mut Inspection<'_>,
    at: &At<'_>,
) -> Option<Exception> {
    let term = table.term.replace('-', "_");
    let is_term = VOCABULARY.iter().any(|(key, _)| *key == term) || [LICENSE, ITEMS].contains(&term.as_str());
    if !is_term {
        let message = format!("there is no term `{}`", Printable::new(&table.term));
        inspection
            .error(&at.key("term"), "unknown-term", message)
            .help("such as `commercial-use`; docs/licences.md has them all");
    }
    for (key, text) in [("reason", &table.reason), ("by", &table.by)] {
        if text.trim().is_empty() {
            inspection.error(
                &at.key(key),
                "empty",
                format!("`{key}` is empty: an exception names its ground and a person"),
            );
        }
    }
    let until = table.until.date.and_then(|date| {
        Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
    });
    if until.is_none() {
        inspection.error(&at.key("until"), "until", "it is no day, such as 2027-10-01");
    }
    let text_sha256 = table.text_sha256.as_deref().map(|text| {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        inspection.accept(&at.key("text-sha256"), "digest", Digest::from_hex(Algorithm::Sha256, hex))
    });
    let place = Place { file: inspection.document().name().to_owned(), line: inspection.document().line(at) };
    Some(Exception {
        kind,
        dataset: table.dataset,
        term,
        reason: table.reason,
        by: table.by,
        until: until?,
        text_sha256: match text_sha256 {
            None => None,
            Some(digest) => Some(digest?),
        },
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCEPTION: &str = "[policy]\nacts = [\"release-weights\", \"commercial\"]\n\n[[policy.exception]]\n\
        dataset = \"rsna-pneumonia\"\nterm = \"commercial-use\"\nreason = \"written permission\"\nby = \"A. Person\"\n\
        until = 2027-10-01\n";

    #[test]
    fn acts_and_exceptions_are_read_with_their_place() {
        let policy = Policy::read("medsets.toml", EXCEPTION).unwrap();
        assert_eq!(policy.acts, [Act::UseCommercially, Act::ReleaseWeights]);
        let exception = &policy.exceptions[0];
        assert_eq!((exception.term.as_str(), exception.place.line), ("commercial_use", 4));
        assert!(exception.is_for("rsna-pneumonia", "2018") && !exception.is_for("chexpert", "1.0"));
        assert_eq!(Policy::read("medsets.toml", "[project]\nname = \"a\"\n").unwrap(), Policy::default());
    }

    #[test]
    fn what_breaks_the_form_is_shown_with_its_line() {
        #[track_caller]
        fn check(from: &str, to: &str, line: usize, message: &str) {
            let text = EXCEPTION.replace(from, to);
            let broken = Policy::read("p.toml", &text).unwrap_err();
            assert!(broken.to_string().contains(message), "{broken}");
            assert_eq!(broken.first.line, line, "{}", broken.shown);
        }
        check("acts =", "act =", 2, "unknown field `act`");
        check("\"commercial\"", "\"profit\"", 2, "`profit` is no planned act");
        check("commercial-use", "commerce", 6, "no term `commerce`");
        check("A. Person", " ", 8, "`by` is empty");
        check("by = \"A. Person\"\n", "", 4, "missing field `by`");
        check("2027-10-01", "07:32:00", 9, "it is no day");
        check("until = 2027-10-01", "until = 2027-10-01\ntext-sha256 = \"12\"", 10, "");
        check("[[policy.ex", "[policy.severity]\nno-licence = \"off\"\n[[policy.ex", 5, "stays an error");
        check("[[policy.ex", "[policy.severity]\nno-license = \"off\"\n[[policy.ex", 5, "no finding `no-license`");
    }
}
