//! The sections of the page, in its order.

use std::io::{self, Write};

use crate::audit::{Audit, Subject};
use crate::policy::word::Verdict;
use crate::policy::{Act, Clause, Finding, Severity, Word};

use super::super::super::citation::one_line;
use super::super::words;
use super::escape::{code, link, text};
use super::table::{Cell, Row, Table};
use super::tone;

/// Every dataset against every act, and all together.
pub fn matrix(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    if audit.subjects.is_empty() {
        return nothing(out, "No dataset was looked at.");
    }
    out.write_all(
        b"<div class=\"scroll\" role=\"region\" aria-labelledby=\"matrix-caption\" tabindex=\"0\">\n<table data-sortable>\
          <caption id=\"matrix-caption\">What the terms say about each act. What is planned is underlined.</caption>\n\
          <thead><tr><th scope=\"col\">dataset</th><th scope=\"col\">verdict</th>",
    )?;
    for act in Act::ALL {
        if audit.policy.acts.contains(&act) {
            write!(out, "<th scope=\"col\" class=\"planned\">{act} (planned)</th>")?;
        } else {
            write!(out, "<th scope=\"col\">{act}</th>")?;
        }
    }
    out.write_all(b"</tr></thead>\n<tbody>\n")?;
    for (index, subject) in audit.subjects.iter().enumerate() {
        let name = format!("<a href=\"#dataset-{}\">{}</a>", index + 1, text(&subject.name));
        matrix_row(out, &name, subject.verdict, &|act| subject.word(act))?;
    }
    out.write_all(b"</tbody>")?;
    if audit.subjects.len() > 1 {
        out.write_all(b"\n<tfoot>\n")?;
        matrix_row(out, "all together", audit.summary.verdict, &|act| words::together(audit, act))?;
        out.write_all(b"</tfoot>")?;
    }
    out.write_all(b"</table></div>\n")?;
    for act in &audit.policy.acts {
        let Some(combined) = audit.combination.uses.get(act) else { continue };
        if audit.subjects.len() > 1 && !combined.forced_by.is_empty() {
            let names = text(&combined.forced_by.join(", "));
            writeln!(out, "<p>{act}: {}, forced by {names}.</p>", word(combined.word))?;
        }
    }
    Ok(())
}

fn matrix_row(out: &mut dyn Write, name: &str, verdict: Verdict, says: &dyn Fn(Act) -> Word) -> io::Result<()> {
    write!(
        out,
        "<tr><th scope=\"row\">{name}</th><td data-sort=\"{}\">{}</td>",
        verdict as usize,
        of_verdict(verdict)
    )?;
    for act in Act::ALL {
        write!(out, "<td data-sort=\"{}\">{}</td>", says(act) as usize, word(says(act)))?;
    }
    out.write_all(b"</tr>\n")
}

/// What a person should know or do, with the clause and the fix.
pub fn findings(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let (shown, absent) = words::parted(audit);
    if shown.is_empty() {
        nothing(out, "Nothing was found.")?;
    } else {
        let table = Table {
            id: "findings-table",
            caption: "The worst first. docs/findings.md explains each code.",
            columns: &["severity", "code", "dataset", "act", "what", "what to do", "place"],
            names: 1,
            choice: Some(("Severity", &["error", "warning", "note"])),
        };
        table.write(out, shown.into_iter().map(finding).collect())?;
    }
    if !absent.is_empty() {
        let names = text(&absent.join(", "));
        writeln!(out, "<p>Not fetched yet, judged from the catalogue: {names}.</p>")?;
    }
    Ok(())
}

fn finding(finding: &Finding) -> Row {
    let (class, mark) = match finding.severity {
        Severity::Error => ("bad", "✕"),
        Severity::Warning => ("look", "!"),
        Severity::Note | Severity::Off => ("soft", "i"),
    };
    let severity = finding.severity.as_str();
    let mut what = text(&finding.message);
    if let Some(clause) = &finding.clause {
        let url = clause.url.as_deref().map(|url| format!(" {}", link(url))).unwrap_or_default();
        what.push_str(&format!(
            "<p class=\"soft\">Clause: {}; {}.{url}</p>",
            text(&words::clause(clause)),
            text(&words::reading(clause))
        ));
    }
    if !finding.affected.is_empty() {
        what.push_str(&format!("<p class=\"soft\">Affects: {}</p>", text(&finding.affected.join(", "))));
    }
    let place = finding.place.as_ref().map(|place| format!("{} line {}", code(&place.file), place.line));
    let mut row = Row::of([
        format!("<span class=\"word {class}\"><span aria-hidden=\"true\">{mark}</span> {severity}</span>"),
        finding.code.to_string(),
        text(finding.dataset.as_deref().unwrap_or_default()),
        finding.act.map(|act| act.to_string()).unwrap_or_default(),
        what,
        text(&finding.fix),
        place.unwrap_or_default(),
    ]);
    row.cells[0].sort = Some(finding.severity as usize);
    row.kind = Some(severity.to_owned());
    row
}

/// What the project makes, and the datasets that it comes from.
pub fn outputs(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    if audit.outputs.is_empty() {
        return nothing(out, "The project names nothing that it makes.");
    }
    let rows = audit.outputs.iter().map(|made| {
        let conflict = if made.conflict { "<p>Terms of its datasets exclude each other.</p>" } else { "" };
        let mut row = Row::of([
            text(&made.name),
            made.kind.as_str().to_owned(),
            text(&made.from.join(", ")),
            made.act.to_string(),
            format!("{}{conflict}", word(made.word)),
            text(&made.forced_by.join(", ")),
        ]);
        row.cells[4].sort = Some(made.word as usize);
        row
    });
    let table = Table {
        id: "outputs-table",
        caption: "Terms follow what went into a thing, not the folder it lies in.",
        columns: &["output", "kind", "made from", "act", "word", "forced by"],
        names: 0,
        choice: None,
    };
    table.write(out, rows.collect())
}

/// Each dataset with what is known of it.
pub fn datasets(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    if audit.subjects.is_empty() {
        return nothing(out, "None.");
    }
    for (index, subject) in audit.subjects.iter().enumerate() {
        let id = format!("dataset-{}", index + 1);
        write!(out, "<article aria-labelledby=\"{id}\">\n<h3 id=\"{id}\">{}</h3>\n<dl>", text(&subject.name))?;
        for (name, value) in facts(subject) {
            write!(out, "<dt>{name}</dt><dd>{value}</dd>")?;
        }
        out.write_all(b"</dl>\n</article>\n")?;
    }
    Ok(())
}

fn facts(subject: &Subject) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("verdict", of_verdict(subject.verdict)),
        ("title", text(&subject.title)),
        ("licence", code(&subject.license)),
    ];
    let mut add = |name: &'static str, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add("in the host's words", subject.stated.as_deref().map(text));
    add("reference", subject.reference.as_deref().map(code));
    add("channel", subject.channel.as_deref().map(text));
    add("page", subject.homepage.as_deref().map(link));
    add("DOI", subject.doi.as_deref().map(|doi| link(&format!("https://doi.org/{doi}"))));
    add("Data Use Ontology, by our mapping", (!subject.duo.is_empty()).then(|| text(&subject.duo.join(", "))));
    add("terms that nobody read", (subject.unknown_terms > 0).then(|| subject.unknown_terms.to_string()));
    for part in &subject.parts {
        let name = part.name.as_deref().map(|name| format!("{}: ", text(name))).unwrap_or_default();
        let files = part.files.map(|files| format!(", {files} files")).unwrap_or_default();
        add("part", Some(format!("{name}{}{files}", code(&part.license))));
    }
    let Some(copy) = &subject.copy else {
        add("here", Some("no; judged from the catalogue".to_owned()));
        return facts;
    };
    let extent = if copy.whole { "the whole release" } else { "a part of the release" };
    let came = copy.came().map_or(String::new(), |came| format!(", {came}"));
    add("here", Some(format!("{extent}: {} files, {}{came}", copy.files, copy.bytes)));
    add("folder", Some(code(&copy.folder)));
    add(
        "had",
        Some(format!("{} by {} from {}", copy.completed.strftime("%Y-%m-%d"), text(&copy.by), text(&copy.provider))),
    );
    add("manifest", Some(code(&copy.tree.to_string())));
    facts
}

/// Every term of every licence, with where it was read: a fold for each licence. Folds are open
/// in the file and closed by the script, so that without it everything is read and printed.
pub fn terms(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    if audit.licenses.is_empty() {
        return nothing(out, "No licence whose terms were read.");
    }
    out.write_all(
        b"<p class=\"soft\">What each licence says, how sure that is, and where and when it was read.</p>\n",
    )?;
    for (index, (license, clauses)) in audit.licenses.iter().enumerate() {
        let unknown = clauses.iter().filter(|clause| clause.value == "unknown").count();
        let unknown = if unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
        let terms = crate::values::counted(clauses.len() as u64, "term");
        write!(
            out,
            "<details open>\n<summary>{} <span class=\"soft\">{terms}{unknown}</span></summary>\n",
            code(license)
        )?;
        let table = Table {
            id: &format!("terms-table-{}", index + 1),
            caption: &format!("Terms of {license}"),
            columns: &["term", "value", "confidence", "read", "where"],
            names: 0,
            choice: Some(("Confidence", &["high", "medium", "low"])),
        };
        table.write(out, clauses.iter().map(|clause| of_clause(clause)).collect())?;
        out.write_all(b"</details>\n")?;
    }
    Ok(())
}

fn of_clause(clause: &Clause) -> Row {
    let url = clause.url.as_deref().map(|url| format!("<p>{}</p>", link(url))).unwrap_or_default();
    let note = clause.note.as_deref().map(|note| format!("<p class=\"soft\">{}</p>", text(note)));
    let mut row = Row::of([
        clause.term_as_written(),
        format!("{}{}", text(&clause.value), note.unwrap_or_default()),
        clause.confidence.as_str().to_owned(),
        text(&clause.read),
        format!("{}{url}", text(&clause.source)),
    ]);
    row.cells[2].sort = Some(clause.confidence as usize);
    row.kind = Some(clause.confidence.as_str().to_owned());
    row
}

/// How each step stands for each person, with the digests of accepted texts.
pub fn acceptances(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Vec::new();
    for subject in &audit.subjects {
        for one in &subject.people {
            for step in &one.steps {
                let license = step.license.as_deref().map(|license| format!("<p>{}</p>", code(license)));
                let known = step.known_from.as_deref().map(text).unwrap_or_default();
                rows.push(Row::of([
                    text(&one.person),
                    text(&subject.name),
                    format!("{}{}", text(&step.title), license.unwrap_or_default()),
                    step.kind.as_str().to_owned(),
                    step.state.as_str().to_owned(),
                    step.text_sha256.map(|digest| code(&digest.to_string())).unwrap_or_default(),
                    step.expires.map(|time| time.strftime("%Y-%m-%d").to_string()).unwrap_or_default(),
                    format!("{known}<p class=\"soft\">{}</p>", text(&one.ledger)),
                ]));
            }
        }
    }
    if rows.is_empty() {
        return nothing(out, "No dataset asks anybody for a step, or nobody's ledger was read.");
    }
    let table = Table {
        id: "acceptances-table",
        caption: "What people told medsets. It does not replace what they signed with an owner.",
        columns: &["person", "dataset", "step", "kind", "state", "digest of the text", "until", "known from"],
        names: 0,
        choice: None,
    };
    table.write(out, rows)
}

/// What has to be said, done and reported.
pub fn duties(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    if audit.duties.is_empty() {
        return nothing(out, "None.");
    }
    let rows = audit.duties.iter().enumerate().map(|(index, duty)| {
        let due = duty.due.map_or("always".to_owned(), |due| due.to_string());
        let mut row = Row::of([
            due,
            duty.kind.as_str().to_owned(),
            text(&duty.dataset),
            text(duty.person.as_deref().unwrap_or("everybody")),
            text(&duty.text),
            duty.license.as_deref().map(code).unwrap_or_default(),
        ]);
        row.cells[0] = Cell { sort: Some(index), ..std::mem::take(&mut row.cells[0]) };
        row
    });
    let table = Table {
        id: "duties-table",
        caption: "Those with a date first.",
        columns: &["due", "kind", "dataset", "who", "what", "licence"],
        names: 1,
        choice: None,
    };
    table.write(out, rows.collect())
}

/// The works to cite and the sentences to say.
pub fn citations(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let mut is_empty = true;
    for subject in &audit.subjects {
        let cited = words::cited(subject);
        let works = cited.works.iter().map(|work| {
            let doi = work.doi.as_deref().map(|doi| format!(" {}", link(&format!("https://doi.org/{doi}"))));
            let mut plain = (*work).clone();
            if doi.is_some() {
                (plain.doi, plain.url) = (None, None);
            }
            format!("{}{}", text(&one_line(&plain)), doi.unwrap_or_default())
        });
        let sentence = cited.acknowledgement.map(|sentence| format!("To be said: {}", text(sentence)));
        let items: String = works.chain(sentence).map(|item| format!("<li>{item}</li>")).collect();
        if !items.is_empty() {
            is_empty = false;
            write!(out, "<h3>{}</h3>\n<ul class=\"works\">{items}</ul>\n", text(&subject.name))?;
        }
    }
    if is_empty { nothing(out, "No citation is known.") } else { Ok(()) }
}

/// What the report rests on.
pub fn provenance(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let mut facts = vec![
        ("made", audit.made.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("by", format!("medsets {}", text(&audit.tool))),
    ];
    facts.extend(audit.catalog.map(|digest| ("catalogue", code(&digest.to_string()))));
    facts.extend(audit.policy.file.as_deref().map(|file| ("policy", code(file))));
    facts.extend(audit.policy.sha256.map(|digest| ("policy's digest", code(&digest.to_string()))));
    facts.extend(audit.policy.used.iter().map(|one| ("exception", text(one))));
    out.write_all(b"<dl>")?;
    for (name, value) in facts {
        write!(out, "<dt>{name}</dt><dd>{value}</dd>")?;
    }
    out.write_all(b"</dl>\n")
}

fn nothing(out: &mut dyn Write, sentence: &str) -> io::Result<()> {
    writeln!(out, "<p class=\"soft\">{sentence}</p>")
}

fn word(word: Word) -> String {
    let mark = words::mark(word);
    format!("<span class=\"word {}\"><span aria-hidden=\"true\">{mark}</span> {word}</span>", tone(word.verdict()))
}

fn of_verdict(verdict: Verdict) -> String {
    let mark = words::mark_of_verdict(verdict);
    format!("<span class=\"word {}\"><span aria-hidden=\"true\">{mark}</span> {verdict}</span>", tone(verdict))
}
