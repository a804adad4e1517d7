//! The report for a terminal.

use crate::audit::{Audit, Subject};
use crate::policy::Finding;
use crate::values::{ByteSize, Printable, counted};

use super::words;

/// The answer first, then datasets, all together, findings, and duties with a date. What is
/// usual, such as a dataset that was not fetched yet, is told in one line for all.
pub fn report(audit: &Audit) -> String {
    let mut text = head(audit);
    for subject in &audit.subjects {
        text.push_str(&of_subject(audit, subject));
    }
    text.push_str(&together(audit));
    text.push_str(&outputs(audit));
    let (shown, absent) = words::parted(audit);
    if !shown.is_empty() {
        text.push_str("\nfindings\n");
    }
    for finding in shown {
        text.push_str(&of_finding(finding));
    }
    if !absent.is_empty() {
        let names = Printable::cut(&absent.join(", "), 600).to_string();
        text.push_str(&format!("\nnot fetched yet, judged from the catalogue: {names}\n"));
    }
    text.push_str(&due(audit));
    text
}

fn head(audit: &Audit) -> String {
    let summary = &audit.summary;
    let project = audit.project.as_deref().map(|name| format!("project: {}\n", Printable::new(name)));
    let exceptions = if audit.policy.used.is_empty() {
        String::new()
    } else {
        format!("exceptions: {}\n", Printable::cut(&audit.policy.used.join("; "), 1000))
    };
    format!(
        "verdict: {}  ({} allow, {} review, {} deny; {}, {})\nplanned: {}\n{}{exceptions}",
        summary.verdict,
        summary.allow,
        summary.review,
        summary.deny,
        counted(summary.errors as u64, "error"),
        counted(summary.warnings as u64, "warning"),
        words::planned(audit),
        project.unwrap_or_default(),
    )
}

fn of_subject(audit: &Audit, subject: &Subject) -> String {
    let mut text = format!("\n{:<7} {}  {}", subject.verdict, subject.name, Printable::new(&subject.license));
    match &subject.copy {
        Some(copy) => {
            let came = copy.came().map_or(String::new(), |came| format!(", {came}"));
            text.push_str(&format!("  {}, {}{came}\n", counted(copy.files, "file"), ByteSize(copy.bytes.0)));
        }
        None => text.push('\n'),
    }
    for act in &audit.policy.acts {
        let Some(one) = subject.uses.get(act) else { continue };
        text.push_str(&format!("  {act:<22} {}\n", one.word));
    }
    for part in &subject.parts {
        if let Some(files) = part.files {
            let license = Printable::new(&part.license);
            text.push_str(&format!("  {} under {license}\n", counted(files, "file")));
        }
    }
    text
}

fn together(audit: &Audit) -> String {
    if audit.subjects.len() < 2 {
        return String::new();
    }
    let mut text = "\nall together\n".to_owned();
    for act in &audit.policy.acts {
        let Some(combined) = audit.combination.uses.get(act) else { continue };
        text.push_str(&format!("  {act:<22} {}{}\n", combined.word, forced_by(&combined.forced_by)));
    }
    text
}

fn outputs(audit: &Audit) -> String {
    let mut text = String::new();
    for made in &audit.outputs {
        let conflict = if made.conflict { "  terms exclude each other" } else { "" };
        text.push_str(&format!(
            "\noutput {} ({})\n  {:<22} {}{}{conflict}\n",
            Printable::new(&made.name),
            made.kind.as_str(),
            made.act,
            made.word,
            forced_by(&made.forced_by)
        ));
    }
    text
}

fn forced_by(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("  forced by {}", names.join(", ")) }
}

fn of_finding(finding: &Finding) -> String {
    let place = finding
        .place
        .as_ref()
        .map(|place| format!("  {}:{}", Printable::new(&place.file), place.line))
        .unwrap_or_default();
    let mut text = format!(
        "  {}[{}] {}{place}\n",
        finding.severity.as_str(),
        finding.code,
        Printable::cut(&finding.message, 1000)
    );
    if let Some(clause) = &finding.clause {
        let url = clause.url.as_deref().map(|url| format!(" <{url}>")).unwrap_or_default();
        text.push_str(&format!(
            "    clause: {}{}\n",
            Printable::cut(&words::reading(clause), 600),
            Printable::new(&url)
        ));
    }
    if !finding.affected.is_empty() {
        text.push_str(&format!("    affects: {}\n", Printable::cut(&finding.affected.join(", "), 600)));
    }
    text.push_str(&format!("    fix: {}\n", Printable::cut(&finding.fix, 600)));
    text
}

fn due(audit: &Audit) -> String {
    let dated = audit.duties.iter().filter_map(|duty| Some((duty.due?, duty)));
    let lines: String = dated
        .map(|(due, duty)| {
            let who = duty.person.as_deref().map(|who| format!(" ({})", Printable::new(who))).unwrap_or_default();
            format!("  {due}  {}: {}{who}\n", duty.dataset, Printable::cut(&duty.text, 300))
        })
        .collect();
    let undated = audit.duties.iter().filter(|duty| duty.due.is_none()).count() as u64;
    let mut text = if lines.is_empty() { String::new() } else { format!("\ndue\n{lines}") };
    if undated > 0 {
        text.push_str(&format!("\nduties without a date: {undated}; `--format md` and `--format html` list them\n"));
    }
    text
}
