//! The report as a table for spreadsheets: a row for each dataset and act.
//!
//! Lines end in CRLF (RFC 4180); the text is UTF-8.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use crate::audit::{Audit, Subject};
use crate::policy::Act;
use crate::values::CsvCell;

use super::words;

/// The table with its heading row, in the order of the report.
pub fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    line(out, &COLUMNS.map(str::to_owned))?;
    let mut codes: HashMap<(&str, Act), BTreeSet<&str>> = HashMap::new();
    for finding in &audit.findings {
        if let (Some(dataset), Some(act)) = (finding.dataset.as_deref(), finding.act) {
            codes.entry((dataset, act)).or_default().insert(finding.code.as_str());
        }
    }
    for subject in &audit.subjects {
        for act in Act::ALL {
            let codes = codes.get(&(subject.name.as_str(), act));
            let codes: Vec<&str> = codes.into_iter().flatten().copied().collect();
            line(out, &row(audit, subject, act, &codes))?;
        }
    }
    Ok(())
}

fn row(audit: &Audit, subject: &Subject, act: Act, codes: &[&str]) -> [String; 19] {
    let copy = subject.copy.as_ref();
    let is_planned = audit.policy.acts.contains(&act);
    let reasons = subject.uses.get(&act).map(|one| words::because(one.reasons.iter())).unwrap_or_default();
    [
        subject.name.clone(),
        subject.id.to_string(),
        subject.version.clone(),
        subject.variant.clone().unwrap_or_default(),
        subject.title.clone(),
        subject.license.clone(),
        subject.channel.clone().unwrap_or_default(),
        subject.verdict.to_string(),
        act.to_string(),
        if is_planned { "yes" } else { "no" }.to_owned(),
        subject.word(act).to_string(),
        reasons,
        codes.join(" "),
        words::together(audit, act).to_string(),
        copy.map(|copy| copy.files.to_string()).unwrap_or_default(),
        copy.map(|copy| copy.bytes.0.to_string()).unwrap_or_default(),
        copy.map(|copy| copy.tree.to_string()).unwrap_or_default(),
        copy.map(|copy| copy.completed.to_string()).unwrap_or_default(),
        subject.doi.clone().unwrap_or_default(),
    ]
}

fn line(out: &mut dyn Write, cells: &[String; 19]) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|cell| CsvCell(cell).to_string()).collect();
    write!(out, "{}\r\n", cells.join(","))
}

/// The columns: which dataset, under what, the answer, why, and what is here.
const COLUMNS: [&str; 19] = [
    "dataset",
    "id",
    "version",
    "variant",
    "title",
    "license",
    "channel",
    "verdict",
    "act",
    "planned",
    "word",
    "because",
    "findings",
    "word_of_all_together",
    "files",
    "bytes",
    "tree",
    "completed",
    "doi",
];
