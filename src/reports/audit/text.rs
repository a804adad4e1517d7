//! The report for a terminal.

use crate::audit::{Audit, Subject};
use crate::policy::Finding;
use crate::values::{ByteSize, Printable};

/// The answer first, then datasets, all together, findings, and duties with a date.
pub fn report(audit: &Audit) -> String {
    let mut text = String::new();
    let planned: Vec<&str> = audit.policy.acts.iter().map(|act| act.as_str()).collect();
    let assumed = if audit.policy.acts_assumed { " (nothing planned, so this was taken)" } else { "" };
    let project =
        audit.project.as_deref().map(|name| format!("project {}, ", Printable::new(name))).unwrap_or_default();
    text.push_str(&format!(
        "{project}planned: {}{assumed}\nverdict: {}  ({} allow, {} review, {} deny)\n",
        planned.join(", "),
        audit.summary.verdict,
        audit.summary.allow,
        audit.summary.review,
        audit.summary.deny
    ));
    for subject in &audit.subjects {
        text.push_str(&of_subject(audit, subject));
    }
    if audit.subjects.len() > 1 {
        text.push_str("\nall together\n");
        for act in &audit.policy.acts {
            let combined = &audit.combination.uses[act];
            let forced = if combined.forced_by.is_empty() {
                String::new()
            } else {
                format!("  forced by {}", combined.forced_by.join(", "))
            };
            text.push_str(&format!("  {act:<22} {}{forced}\n", combined.word));
        }
    }
    for made in &audit.outputs {
        let conflict = if made.conflict { ", and terms exclude each other" } else { "" };
        text.push_str(&format!(
            "\noutput {} ({}): {} {}{conflict}\n",
            Printable::new(&made.name),
            made.kind.as_str(),
            made.act,
            made.word
        ));
        if !made.forced_by.is_empty() {
            text.push_str(&format!("  forced by {}\n", made.forced_by.join(", ")));
        }
    }
    if !audit.findings.is_empty() {
        text.push_str("\nfindings\n");
    }
    for finding in &audit.findings {
        text.push_str(&of_finding(finding));
    }
    let dated: Vec<_> = audit.duties.iter().filter_map(|duty| Some((duty.due?, duty))).collect();
    if !dated.is_empty() {
        text.push_str("\ndue\n");
    }
    for (due, duty) in dated {
        text.push_str(&format!("  {due}  {}: {}\n", duty.dataset, Printable::cut(&duty.text, 300)));
    }
    text
}

fn of_subject(audit: &Audit, subject: &Subject) -> String {
    let mut text = format!("\n{:<7} {}  {}", subject.verdict, subject.name, Printable::new(&subject.license));
    match &subject.copy {
        Some(copy) => text.push_str(&format!("  {} files, {}\n", copy.files, ByteSize(copy.bytes.0))),
        None => text.push_str("  not here\n"),
    }
    for act in &audit.policy.acts {
        text.push_str(&format!("  {act:<22} {}\n", subject.word(*act)));
    }
    for part in subject.parts.iter().filter(|part| part.files.is_some()) {
        text.push_str(&format!("  {} files under {}\n", part.files.unwrap_or_default(), Printable::new(&part.license)));
    }
    text
}

fn of_finding(finding: &Finding) -> String {
    let place = finding
        .place
        .as_ref()
        .map(|place| format!(" [{}:{}]", Printable::new(&place.file), place.line))
        .unwrap_or_default();
    let mut text = format!(
        "  {}[{}] {}{place}\n",
        finding.severity.as_str(),
        finding.code,
        Printable::cut(&finding.message, 1000)
    );
    if let Some(clause) = &finding.clause {
        let note = clause.note.as_deref().map(|note| format!("; {note}")).unwrap_or_default();
        let url = clause.url.as_deref().map(|url| format!(" <{url}>")).unwrap_or_default();
        let said = format!(
            "{} = {} ({:?}, read {}: {}{note})",
            clause.term, clause.value, clause.confidence, clause.read, clause.source
        );
        text.push_str(&format!("    clause: {}{url}\n", Printable::cut(&said, 600)));
    }
    if !finding.affected.is_empty() {
        text.push_str(&format!("    affects: {}\n", Printable::cut(&finding.affected.join(", "), 600)));
    }
    text.push_str(&format!("    fix: {}\n", Printable::cut(&finding.fix, 600)));
    text
}
