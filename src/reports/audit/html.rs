//! The report as one page that a lawyer can read, filter and print.
//!
//! Everything is in the file: style, script and marks. Its content security policy names the
//! digests of both, so that nothing else runs and nothing is loaded, even if a text got past
//! the escapes. Without scripts the page reads the same. A colour never stands without its word
//! and mark. On a phone the long tables become cards; the matrix scrolls in itself.

mod escape;
mod sections;
mod table;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::audit::Audit;
use crate::policy::word::Verdict;
use crate::values::Digest;

use super::words;
use escape::text;

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// A part of the page: its id, its heading, and what writes it.
type Section = (&'static str, &'static str, fn(&Audit, &mut dyn Write) -> io::Result<()>);

const SECTIONS: [Section; 9] = [
    ("matrix", "Datasets against acts", sections::matrix),
    ("findings", "Findings", sections::findings),
    ("outputs", "What is made of them", sections::outputs),
    ("datasets", "Datasets", sections::datasets),
    ("terms", "Terms", sections::terms),
    ("acceptances", "Who accepted what", sections::acceptances),
    ("duties", "Duties", sections::duties),
    ("citations", "Citations", sections::citations),
    ("provenance", "This report", sections::provenance),
];

/// The page. A section without anything to say says so.
pub fn write(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let project = audit.project.as_deref().map(|name| format!(" of {}", text(name))).unwrap_or_default();
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"medsets {}\">\n<title>Licence audit{project}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the report</a>\n",
        hash(STYLE),
        hash(SCRIPT),
        text(&audit.tool)
    )?;
    head(audit, &project, out)?;
    out.write_all(b"<main id=\"main\" tabindex=\"-1\">\n")?;
    for (id, title, section) in SECTIONS {
        write!(out, "<section aria-labelledby=\"{id}-title\" id=\"{id}\">\n<h2 id=\"{id}-title\">{title}</h2>\n")?;
        section(audit, out)?;
        out.write_all(b"</section>\n")?;
    }
    write!(out, "</main>\n<footer><p>{}</p></footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n", words::NO_ADVICE)
}

/// The answer, the counts, and the way to each section.
fn head(audit: &Audit, project: &str, out: &mut dyn Write) -> io::Result<()> {
    let summary = &audit.summary;
    write!(
        out,
        "<header>\n<h1>Licence audit{project}</h1>\n<p class=\"answer {}\"><span aria-hidden=\"true\">{}</span> <strong>{}</strong>. {}</p>\n<dl>",
        tone(summary.verdict),
        words::mark_of_verdict(summary.verdict),
        summary.verdict,
        words::answer(audit)
    )?;
    let datasets =
        format!("{}: {} allow, {} review, {} deny", summary.datasets, summary.allow, summary.review, summary.deny);
    let findings = format!("{} errors, {} warnings, {} notes", summary.errors, summary.warnings, summary.notes);
    let due = audit.duties.iter().find_map(|duty| Some((duty.due?, duty)));
    let due = due.map_or("nothing with a date".to_owned(), |(due, duty)| {
        format!("{due}, {}: {}", text(&duty.dataset), text(&duty.text))
    });
    let made = audit.made.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let facts = [
        ("Planned", text(&words::planned(audit))),
        ("Datasets", datasets),
        ("Findings", findings),
        ("Due next", due),
        ("Made", made),
    ];
    for (name, value) in facts {
        write!(out, "<dt>{name}</dt><dd>{value}</dd>")?;
    }
    out.write_all(b"</dl>\n</header>\n<nav aria-label=\"Parts of the report\"><ul>")?;
    for (id, title, _) in SECTIONS {
        write!(out, "<li><a href=\"#{id}\">{title}</a></li>")?;
    }
    out.write_all(b"</ul></nav>\n")
}

fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "good",
        Verdict::Review => "look",
        Verdict::Deny => "bad",
    }
}

fn hash(content: &str) -> String {
    STANDARD.encode(Digest::sha256(content.as_bytes()).bytes())
}
