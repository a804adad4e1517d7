//! The report as a Markdown page (CommonMark 0.31 with GitHub's tables).

use crate::audit::{Audit, Subject};
use crate::policy::{Act, Finding};

use super::super::citation::one_line;
use super::super::papers::markdown::{code, escaped, link, list, section};
use super::words;

/// The answer first, then the same parts as the page for lawyers, in the same order.
pub fn report(audit: &Audit) -> String {
    [
        head(audit),
        section("Datasets against acts", &matrix(audit)),
        section("Findings", &findings(audit)),
        section("What is made of them", &outputs(audit)),
        section("Datasets", &datasets(audit)),
        section("Terms", &terms(audit)),
        section("Who accepted what", &acceptances(audit)),
        section("Duties", &duties(audit)),
        section("Citations", &citations(audit)),
        section("This report", &provenance(audit)),
    ]
    .concat()
}

fn head(audit: &Audit) -> String {
    let summary = &audit.summary;
    let project = audit.project.as_deref().map(|name| format!(" of {}", escaped(name))).unwrap_or_default();
    format!(
        "# Licence audit{project}\n\n**{} {}** {}\n\nPlanned: {}.\n\n\
         | datasets | allow | review | deny | errors | warnings | notes |\n|---|---|---|---|---|---|---|\n\
         | {} | {} | {} | {} | {} | {} | {} |\n",
        words::mark_of_verdict(summary.verdict),
        summary.verdict,
        words::answer(audit),
        escaped(&words::planned(audit)),
        summary.datasets,
        summary.allow,
        summary.review,
        summary.deny,
        summary.errors,
        summary.warnings,
        summary.notes
    )
}

/// Rows of cells under a heading row; nothing where there are no rows.
fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: String = rows.into_iter().map(|cells| format!("| {} |\n", cells.join(" | "))).collect();
    if rows.is_empty() {
        return rows;
    }
    format!("| {} |\n|{}\n{rows}", heading.join(" | "), "---|".repeat(heading.len()))
}

fn matrix(audit: &Audit) -> String {
    let mut heading = vec!["dataset".to_owned(), "verdict".to_owned()];
    let title = |act: Act| if audit.policy.acts.contains(&act) { format!("**{act}**") } else { act.to_string() };
    heading.extend(Act::ALL.map(title));
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let cell = |word: crate::policy::Word| format!("{} {word}", words::mark(word));
    let row = |subject: &Subject| {
        let verdict = format!("{} {}", words::mark_of_verdict(subject.verdict), subject.verdict);
        let mut cells = vec![code(&subject.name), verdict];
        cells.extend(Act::ALL.map(|act| cell(subject.word(act))));
        cells
    };
    let mut rows: Vec<Vec<String>> = audit.subjects.iter().map(row).collect();
    if rows.len() > 1 {
        let verdict = format!("{} {}", words::mark_of_verdict(audit.summary.verdict), audit.summary.verdict);
        let mut cells = vec!["all together".to_owned(), verdict];
        cells.extend(Act::ALL.map(|act| cell(words::together(audit, act))));
        rows.push(cells);
    }
    let mut text = table(&heading, rows);
    if !text.is_empty() {
        text.push_str("\nWhat is planned is in bold.\n");
    }
    for act in &audit.policy.acts {
        let Some(combined) = audit.combination.uses.get(act) else { continue };
        if audit.subjects.len() > 1 && !combined.forced_by.is_empty() {
            let names: Vec<String> = combined.forced_by.iter().map(|name| code(name)).collect();
            text.push_str(&format!("\n{act}: {}, forced by {}.\n", combined.word, names.join(", ")));
        }
    }
    text
}

fn findings(audit: &Audit) -> String {
    let (shown, absent) = words::parted(audit);
    let mut text = list(shown.into_iter().map(finding));
    if !absent.is_empty() {
        let names: Vec<String> = absent.into_iter().map(code).collect();
        text.push_str(&format!("\nNot fetched yet, judged from the catalogue: {}.\n", names.join(", ")));
    }
    text
}

fn finding(finding: &Finding) -> String {
    let mut text = format!("**{}** `{}`: {}", finding.severity.as_str(), finding.code, escaped(&finding.message));
    if let Some(place) = &finding.place {
        text.push_str(&format!(" ({} line {})", code(&place.file), place.line));
    }
    if let Some(clause) = &finding.clause {
        let url = clause.url.as_deref().map(|url| format!(" {}", link(url))).unwrap_or_default();
        text.push_str(&format!(
            "\n  - clause: {}; {}{url}",
            escaped(&words::clause(clause)),
            escaped(&words::reading(clause))
        ));
    }
    if !finding.affected.is_empty() {
        text.push_str(&format!("\n  - affects: {}", escaped(&finding.affected.join(", "))));
    }
    text.push_str(&format!("\n  - fix: {}", escaped(&finding.fix)));
    text
}

fn outputs(audit: &Audit) -> String {
    let rows = audit.outputs.iter().map(|made| {
        let names = |names: &[String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
        let conflict = if made.conflict { ", and terms exclude each other" } else { "" };
        vec![
            escaped(&made.name),
            made.kind.as_str().to_owned(),
            names(&made.from),
            made.act.to_string(),
            format!("{} {}{conflict}", words::mark(made.word), made.word),
            names(&made.forced_by),
        ]
    });
    table(&["output", "kind", "made from", "act", "word", "forced by"], rows)
}

fn datasets(audit: &Audit) -> String {
    audit.subjects.iter().map(dataset).collect::<Vec<_>>().join("\n")
}

fn dataset(subject: &Subject) -> String {
    let mut facts = vec![format!("title: {}", escaped(&subject.title)), format!("licence: {}", code(&subject.license))];
    let mut add = |name: &str, value: Option<String>| facts.extend(value.map(|value| format!("{name}: {value}")));
    add("in the host's words", subject.stated.as_deref().map(escaped));
    add("reference", subject.reference.as_deref().map(code));
    add("channel", subject.channel.as_deref().map(escaped));
    add("page", subject.homepage.as_deref().map(link));
    add("DOI", subject.doi.as_deref().map(|doi| link(&format!("https://doi.org/{doi}"))));
    let purposes = (!subject.duo.is_empty()).then(|| escaped(&subject.duo.join(", ")));
    add("data use ontology, by our mapping", purposes);
    let unknown = (subject.unknown_terms > 0).then(|| subject.unknown_terms.to_string());
    add("terms that nobody read", unknown);
    match &subject.copy {
        Some(copy) => add(
            "here",
            Some(format!(
                "{} files, {}{}, since {}, had by {}, manifest {}",
                copy.files,
                copy.bytes,
                copy.came().map_or(String::new(), |came| format!(", {came}")),
                copy.completed.strftime("%Y-%m-%d"),
                escaped(&copy.by),
                code(&copy.tree.to_string())
            )),
        ),
        None => add("here", Some("no".to_owned())),
    }
    for part in &subject.parts {
        let name = part.name.as_deref().map(|name| format!("part {}", escaped(name)));
        let files = part.files.map(|files| format!("{files} files"));
        add(&name.or(files).unwrap_or_else(|| "part".to_owned()), Some(code(&part.license)));
    }
    format!("### {}\n\n{}", code(&subject.name), list(facts))
}

fn terms(audit: &Audit) -> String {
    let rows = audit.licenses.values().flatten().map(|clause| {
        let url = clause.url.as_deref().map(|url| format!(" {}", link(url))).unwrap_or_default();
        let note = clause.note.as_deref().map(|note| format!("; {}", escaped(note))).unwrap_or_default();
        vec![
            code(&clause.license),
            clause.term_as_written(),
            escaped(&clause.value),
            clause.confidence.as_str().to_owned(),
            escaped(&clause.read),
            format!("{}{note}{url}", escaped(&clause.source)),
        ]
    });
    table(&["licence", "term", "value", "confidence", "read", "where"], rows)
}

fn acceptances(audit: &Audit) -> String {
    let standings = audit.subjects.iter().flat_map(|subject| subject.people.iter().map(move |one| (subject, one)));
    let rows = standings.flat_map(|(subject, one)| {
        one.steps.iter().map(move |step| {
            vec![
                code(&subject.name),
                escaped(&one.person),
                escaped(&step.title),
                step.kind.as_str().to_owned(),
                step.state.as_str().to_owned(),
                step.text_sha256.map(|digest| code(&digest.to_string())).unwrap_or_default(),
                step.expires.map(|time| time.strftime("%Y-%m-%d").to_string()).unwrap_or_default(),
                escaped(step.known_from.as_deref().unwrap_or_default()),
            ]
        })
    });
    table(&["dataset", "person", "step", "kind", "state", "text accepted", "until", "known from"], rows)
}

fn duties(audit: &Audit) -> String {
    let rows = audit.duties.iter().map(|duty| {
        vec![
            duty.due.map_or("always".to_owned(), |due| due.to_string()),
            duty.kind.as_str().to_owned(),
            code(&duty.dataset),
            escaped(duty.person.as_deref().unwrap_or("everybody")),
            escaped(&duty.text),
            duty.license.as_deref().map(code).unwrap_or_default(),
        ]
    });
    table(&["due", "kind", "dataset", "who", "what", "licence"], rows)
}

fn citations(audit: &Audit) -> String {
    let mut text = String::new();
    for subject in &audit.subjects {
        let cited = words::cited(subject);
        let works = cited.works.iter().map(|work| escaped(&one_line(work)));
        let sentence = cited.acknowledgement.map(|sentence| format!("to be said: {}", escaped(sentence)));
        let lines = list(works.chain(sentence));
        if !lines.is_empty() {
            text.push_str(&format!("{}{}\n\n{lines}", if text.is_empty() { "" } else { "\n" }, code(&subject.name)));
        }
    }
    text
}

fn provenance(audit: &Audit) -> String {
    let mut facts =
        vec![format!("made {} by medsets {}", audit.made.strftime("%Y-%m-%dT%H:%M:%SZ"), escaped(&audit.tool))];
    facts.extend(audit.catalog.map(|digest| format!("catalogue {}", code(&digest.to_string()))));
    if let Some(file) = &audit.policy.file {
        let digest = audit.policy.sha256.map(|digest| format!(", {}", code(&digest.to_string()))).unwrap_or_default();
        facts.push(format!("policy {}{digest}", code(file)));
    }
    facts.extend(audit.policy.used.iter().map(|one| format!("exception: {}", escaped(one))));
    format!("{}\n{}\n", list(facts), words::NO_ADVICE)
}
