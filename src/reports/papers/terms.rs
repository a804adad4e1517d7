//! TERMS.md: what the texts say, in our words, with how sure that is.

use std::collections::BTreeMap;

use crate::catalog::Selection;
use crate::licenses::terms::{Term, VOCABULARY};
use crate::licenses::{Expression, License, LicenseKind, Shelf};
use crate::reports::info::confidence_word;

use super::markdown::{code, escaped, link, list, section};
use super::{full_name, outside};

/// The text of TERMS.md. `accepted` holds a licence's id, the SHA-256 of the accepted text and
/// the day, as they stand in the person's ledger.
pub fn terms(selection: &Selection, channel: &str, shelf: &Shelf, accepted: &[(String, String, String)]) -> String {
    let expression = selection.license(Some(channel));
    let mut text = format!("{FIRST}\n\n# Terms of {}\n\n", escaped(&full_name(selection)));
    text += &outside(selection);
    text += &format!("As it comes from {}: {}\n", code(channel), code(expression));
    text += &reading(expression);
    let parts = parts(selection);
    let files = files(selection, channel);
    for id in texts(expression, &parts, &files, shelf, accepted) {
        text += &of_license(&id, shelf.get(&id), accepted);
    }
    text += &section("Parts with terms of their own", &own(&parts));
    text += &section("Files with terms of their own", &own(&files));
    text += &section("What these words do not say", LAST);
    text
}

/// What the expression as a whole means.
fn reading(expression: &str) -> String {
    let sentence = match Expression::parse(expression) {
        Err(_) => "This is no licence expression: every term is unknown.",
        Ok(parsed) if parsed.ids().is_empty() => {
            "No licence is stated. Nothing is granted that we know of; what the law allows without a licence differs \
             from place to place."
        }
        Ok(parsed) if parsed.has_gap() => {
            "All that stands here holds. NOASSERTION stands for a part about which nothing is stated: for it nothing is \
             granted that we know of."
        }
        Ok(_) if expression.contains(" OR ") => "Where it says OR, one may be chosen; where it says AND, all hold.",
        Ok(parsed) if parsed.ids().len() > 1 => "All of them hold.",
        Ok(_) => return String::new(),
    };
    format!("\n{sentence}\n")
}

/// What a name covers, by its own expression.
type Own = BTreeMap<String, Vec<String>>;

fn parts(selection: &Selection) -> Own {
    let mut own = Own::new();
    for (part, license) in &selection.release().license_parts {
        own.entry(license.clone()).or_default().push(part.clone());
    }
    own
}

fn files(selection: &Selection, channel: &str) -> Own {
    let terms = selection.file_terms(Some(channel));
    let named = selection.files(Some(channel)).map(|file| (terms.file(file), file.path.as_str()));
    let listed = selection.rules().map(|rule| (terms.rule(rule), rule.pattern.as_str()));
    let mut own = Own::new();
    for (license, name) in named.chain(listed).filter(|(license, _)| *license != terms.whole()) {
        own.entry(license.into_owned()).or_default().push(name.to_owned());
    }
    own
}

fn own(own: &Own) -> String {
    list(own.iter().map(|(license, names)| {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        format!("{}: {}", code(license), names.join(", "))
    }))
}

/// Ids of all texts that matter here, each once: those of the whole, of parts and files, the
/// ones that go with them, and whatever was accepted.
fn texts(
    expression: &str,
    parts: &Own,
    files: &Own,
    shelf: &Shelf,
    accepted: &[(String, String, String)],
) -> Vec<String> {
    let expressions = std::iter::once(expression).chain(parts.keys().chain(files.keys()).map(String::as_str));
    let mut all: Vec<String> = Vec::new();
    let mut add = |id: &str| {
        if !all.iter().any(|one| one == id) {
            all.push(id.to_owned());
        }
    };
    for parsed in expressions.filter_map(|text| Expression::parse(text).ok()) {
        for id in parsed.ids() {
            add(id);
            if let Some(companion) = shelf.get(id).and_then(|license| license.companion.as_deref()) {
                add(companion);
            }
        }
    }
    accepted.iter().for_each(|(id, _, _)| add(id));
    all
}

fn of_license(id: &str, license: Option<&License>, accepted: &[(String, String, String)]) -> String {
    let name = license.map_or(id, |license| license.name.as_str());
    let acceptances = accepted.iter().filter(|(one, _, _)| one == id);
    let acceptances: Vec<String> = acceptances
        .map(|(_, sha256, date)| format!("accepted on {}, text with SHA-256 {}", escaped(date), code(sha256)))
        .collect();
    let Some(license) = license else {
        let lines = std::iter::once(format!("id: {}", code(id))).chain(acceptances);
        let unknown = "This text is not known to medsets: every term is **unknown**.";
        return section(&escaped(name), &format!("{}\n{unknown}\n", list(lines)));
    };
    let items: Vec<String> = license.items.iter().map(|item| code(item)).collect();
    let silent = acceptances.is_empty() && license.kind.changed_text_blocks();
    let lines = [
        Some(format!("id: {}", code(id))),
        license.version.as_ref().map(|version| format!("version: {}", escaped(version))),
        Some(format!("kind: {}", kind(license.kind))),
        license.url.as_ref().map(|url| format!("the text: {}", link(&url.to_string()))),
        license.companion.as_ref().map(|companion| format!("goes with: {}", code(companion))),
        (!items.is_empty()).then(|| format!("an item may carry: {}", items.join(", "))),
        silent.then(|| "no acceptance was recorded for this copy".to_owned()),
    ];
    let mut body = list(lines.into_iter().flatten().chain(acceptances));
    body += &format!("\n{}\n", escaped(&license.summary));
    if let Some(note) = &license.note {
        body += &format!("\n{}\n", escaped(note));
    }
    section(&escaped(name), &format!("{body}\n{}", table(license)))
}

/// Every term of the vocabulary, also where nobody read it, and what only this text says.
fn table(license: &License) -> String {
    let known = VOCABULARY.iter().map(|(key, _)| (*key, license.terms.get(key)));
    let extra = license.extra.iter().map(|(key, term)| (key.as_str(), Some(term)));
    let rows: String = known.chain(extra).map(|(key, term)| row(key, term)).collect();
    format!("| term | what it says | how sure | source, day it was read |\n|---|---|---|---|\n{rows}")
}

fn row(key: &str, term: Option<&Term>) -> String {
    let key = escaped(&key.replace('_', " "));
    let Some(term) = term else { return format!("| {key} | unknown | | |\n") };
    let note = term.note.as_ref().map(|note| format!("; {}", escaped(note))).unwrap_or_default();
    let sure = confidence_word(term.confidence);
    format!("| {key} | {}{note} | {sure} | {}, {} |\n", escaped(&term.value), escaped(&term.source), term.read)
}

fn kind(kind: LicenseKind) -> &'static str {
    match kind {
        LicenseKind::PublicLicence => "a licence to the public",
        LicenseKind::PerItem => "each item carries its own licence",
        LicenseKind::ProviderTerms => "terms that a host or publisher states",
        LicenseKind::ClickThrough => "an agreement accepted with a click",
        LicenseKind::SignedDua => "a data use agreement that is signed",
        LicenseKind::Credentialed => "only for people the host has checked",
        LicenseKind::CompetitionRules => "rules of a competition",
        LicenseKind::None => "no text at all",
    }
}

const FIRST: &str = "The terms in short, in our words; the text itself decides.";

const LAST: &str = "\
- **unknown** means that nobody read it. Unknown is not permission.
- **not-stated** means that the text was read and is silent. Silence is not permission either.
- **high** means read in the primary text, **medium** in a secondary source, **low** that it is from memory or a
  judgement of ours.
- This is not legal advice.
";
