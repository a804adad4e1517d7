//! The findings as SARIF 2.1.0, for code hosts, editors and other programs that show results.
//!
//! Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.19 (tool), 3.27
//! (result), 3.28 (location), 3.49 (rule).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};

use crate::audit::Audit;
use crate::policy::{Code, Finding, Place, Severity};
use crate::project;
use crate::values::percent::RESERVED_IN_PATH;
use crate::values::{Digest, Printable};

use super::words;

/// One run with the rules that its results name.
pub fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let codes: BTreeSet<Code> = audit.findings.iter().map(|finding| finding.code).collect();
    let index: BTreeMap<Code, usize> = codes.iter().enumerate().map(|(index, code)| (*code, index)).collect();
    let mut seen = HashMap::new();
    let results: Vec<Value> =
        audit.findings.iter().map(|finding| result(audit, finding, index[&finding.code], &mut seen)).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "medsets",
                "version": audit.tool,
                "rules": codes.into_iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }]
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": format!("{}.", code.title()) },
        "fullDescription": { "text": code.meaning() },
        "help": { "text": format!("{} `{code}` in docs/findings.md has an example and what to do.", code.meaning()) },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(audit: &Audit, finding: &Finding, rule: usize, seen: &mut HashMap<String, usize>) -> Value {
    let mut location = json!({});
    if let Some(place) = place(audit, finding) {
        location["physicalLocation"] = json!({
            "artifactLocation": { "uri": uri(&place.file) },
            "region": { "startLine": place.line.max(1) },
        });
    }
    let subject = finding.dataset.as_deref().or(audit.project.as_deref()).unwrap_or("the datasets together");
    location["logicalLocations"] = json!([{ "fullyQualifiedName": Printable::new(subject).to_string() }]);
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": { "text": message(finding) },
        "locations": [location],
        "partialFingerprints": { "medsetsFinding/v1": fingerprint(finding, seen) },
    })
}

/// The place of a finding; the head of the project file where it has none of its own and there
/// is a project.
fn place(audit: &Audit, finding: &Finding) -> Option<Place> {
    let head = || audit.project.as_ref().map(|_| Place { file: project::FILE.to_owned(), line: 1 });
    finding.place.clone().or_else(head)
}

fn message(finding: &Finding) -> String {
    let mut text = Printable::cut(&finding.message, 1000).to_string();
    if let Some(clause) = &finding.clause {
        let url = clause.url.as_deref().map(|url| format!(" <{url}>")).unwrap_or_default();
        let said = format!("{} ({}){url}", words::clause(clause), words::reading(clause));
        text.push_str(&format!(". Clause: {}", Printable::cut(&said, 1000)));
    }
    if !finding.affected.is_empty() {
        text.push_str(&format!(". Affects: {}", Printable::cut(&finding.affected.join(", "), 1000)));
    }
    text.push_str(&format!(". Fix: {}.", Printable::cut(&finding.fix, 1000)));
    // Brackets in a message stand for embedded links (section 3.11.6).
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// The same finding has the same print in every run, whatever day it is and wherever it stands
/// in the file. Several that are alike in all of this are numbered.
fn fingerprint(finding: &Finding, seen: &mut HashMap<String, usize>) -> String {
    let clause = finding.clause.as_ref();
    let parts = [
        finding.code.as_str(),
        finding.dataset.as_deref().unwrap_or_default(),
        finding.act.map_or("", |act| act.as_str()),
        clause.map_or("", |clause| clause.license.as_str()),
        clause.map_or("", |clause| clause.term.as_str()),
        finding.place.as_ref().map_or("", |place| place.file.as_str()),
        &finding.affected.join("\u{1f}"),
    ];
    let print = Digest::sha256(parts.join("\u{1e}").as_bytes()).hex();
    let count = seen.entry(print.clone()).or_default();
    *count += 1;
    format!("{print}:{count}")
}

/// A file name as a relative reference, or an absolute name as a `file` address (RFC 3986).
fn uri(file: &str) -> String {
    let scheme = if file.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", utf8_percent_encode(file, RESERVED_IN_PATH))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
        Severity::Off => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_become_references() {
        assert_eq!(uri("medsets.toml"), "medsets.toml");
        assert_eq!(uri("/a b/p%.toml"), "file:///a%20b/p%25.toml");
        assert_eq!(uri("notes:x/ü"), "notes%3Ax/%C3%BC");
    }

    #[test]
    fn prints_do_not_hang_on_days_and_lines_and_are_told_apart() {
        let finding = |message: &str, line| Finding {
            place: Some(Place { file: "medsets.toml".into(), line }),
            ..Finding::new(Code::DutyDue, message, "f").about("umls@2026AA")
        };
        let print = |finding: &Finding| fingerprint(finding, &mut HashMap::new());
        assert_eq!(print(&finding("in 3 days", 4)), print(&finding("in 2 days", 9)));
        assert_ne!(print(&finding("m", 4)), print(&finding("m", 4).about("other@1")));
        let mut seen = HashMap::new();
        let both = [fingerprint(&finding("a", 4), &mut seen), fingerprint(&finding("b", 4), &mut seen)];
        assert_ne!(both[0], both[1]);
    }
}
