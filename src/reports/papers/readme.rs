//! README.md: what this folder is, where things lie, how to check and cite it.

use crate::catalog::{Correction, Related, Selection};
use crate::licenses::Shelf;
use crate::reports::citation::one_line;
use crate::reports::info::{confidence_word, main_terms};

use super::markdown::{code, escaped, link, list, section};
use super::{PaperFacts, full_name, outside};

/// The text of README.md.
pub fn readme(selection: &Selection, channel: &str, shelf: &Shelf, facts: &PaperFacts) -> String {
    let entry = &selection.dataset().entry;
    let mut text = format!("# {}\n\n{}\n\n", escaped(&full_name(selection)), escaped(&entry.summary));
    text += &outside(selection);
    text += &copy(selection, channel, facts);
    text += &section("What lies where", WHERE);
    text += &section("How to check it", CHECK);
    text += &section("Terms", &terms_in_short(selection, channel, shelf));
    text += &section("How many", &counts(selection));
    text += &section("How files are named", &layout(selection));
    text += &section("Known issues", &list(entry.ethics.known_issues.iter().map(|one| escaped(one))));
    text += &section("Known bias", &list(entry.ethics.known_bias.iter().map(|one| escaped(one))));
    text += &section("People in the data", &people(selection));
    text += &section("What common lists get wrong", &list(entry.correction.iter().map(correction)));
    text += &section("Overlaps with other datasets", &overlaps(selection));
    text += &section("How to cite", &citation(selection));
    text += &format!("\nMade by medsets {}.\n", escaped(facts.tool));
    text
}

fn copy(selection: &Selection, channel: &str, facts: &PaperFacts) -> String {
    let (entry, release) = (&selection.dataset().entry, selection.release());
    let source = selection.source(Some(channel));
    let provider = source.map(|source| format!(" ({})", source.host.name())).unwrap_or_default();
    let title = source.and_then(|source| source.title.as_ref()).map(|title| format!(", {}", escaped(title)));
    let files = facts.files.map(|files| {
        let size = facts.size.map(|size| format!(", {size}")).unwrap_or_default();
        format!("files: {files}{size}")
    });
    let globs = |globs: &[String]| globs.iter().map(|glob| code(glob)).collect::<Vec<_>>().join(", ");
    let lines = [
        Some(format!("dataset: {}", code(selection.id().as_str()))),
        Some(format!("version: {}", escaped(&release.version))),
        release.date.as_ref().map(|date| format!("released: {}", escaped(date))),
        selection.variant_name().map(|name| format!("variant: {}", escaped(name))),
        release.doi.as_ref().map(|doi| link(&format!("https://doi.org/{doi}"))).map(|doi| format!("DOI: {doi}")),
        Some(format!("source: {}{provider}{}", code(channel), title.unwrap_or_default())),
        Some(format!("obtained: {}", escaped(&facts.fetched))),
        files,
        (!facts.include.is_empty()).then(|| format!("**only a part**: {}", globs(&facts.include))),
        (!facts.exclude.is_empty()).then(|| format!("**left out**: {}", globs(&facts.exclude))),
        facts.packed.then(|| "archives were left as they are".to_owned()),
        entry.homepage.as_ref().map(|page| format!("homepage: {}", link(page))),
        Some(format!("kept by: {}", escaped(&entry.maintainer.name))),
        release.note.as_ref().map(|note| format!("note: {}", escaped(note))),
        selection.variant().and_then(|one| one.note.as_ref()).map(|note| format!("note: {}", escaped(note))),
    ];
    list(lines.into_iter().flatten())
}

fn terms_in_short(selection: &Selection, channel: &str, shelf: &Shelf) -> String {
    let expression = selection.license(Some(channel));
    let first = ["commercial_use", "redistribution", "derivatives", "attribution"];
    let terms = main_terms(expression, shelf).into_iter().filter(|term| first.contains(&term.key.as_str()));
    let terms = list(terms.map(|term| escaped(&term.line())));
    let of_files = selection.file_terms(Some(channel));
    let differ = selection.files(Some(channel)).any(|file| of_files.file(file) != expression);
    let parts =
        if differ || !selection.release().license_parts.is_empty() { " Parts carry terms of their own." } else { "" };
    format!("{}.{parts} Read `TERMS.md` before you use or pass on anything.\n\n{terms}", code(expression))
}

fn counts(selection: &Selection) -> String {
    let of_variant = selection.variant().map(|variant| &variant.counts).filter(|counts| !counts.is_empty());
    let is_default = selection.release().version == selection.dataset().default_release().version;
    let of_entry = is_default.then_some(&selection.dataset().entry.counts);
    let figures = of_variant.or(of_entry).into_iter().flatten();
    list(figures.map(|(name, count)| format!("{}: {count}", escaped(name))))
}

fn layout(selection: &Selection) -> String {
    let layout = &selection.dataset().entry.layout;
    let roles = [
        ("images", &layout.image),
        ("texts", &layout.text),
        ("tables", &layout.table),
        ("annotations", &layout.annotation),
        ("about the dataset", &layout.doc),
    ];
    let lines = list(roles.into_iter().filter(|(_, globs)| !globs.is_empty()).map(|(role, globs)| {
        format!("{role}: {}", globs.iter().map(|glob| code(glob)).collect::<Vec<_>>().join(", "))
    }));
    if lines.is_empty() { lines } else { format!("Below `data/`, with the publisher's own names:\n\n{lines}") }
}

fn people(selection: &Selection) -> String {
    let ethics = &selection.dataset().entry.ethics;
    let lines = [
        ethics.deidentification.as_ref().map(|text| format!("de-identification: {}", escaped(text))),
        ethics.consent.as_ref().map(|text| format!("consent: {}", escaped(text))),
    ];
    list(lines.into_iter().flatten())
}

fn correction(correction: &Correction) -> String {
    let sure = confidence_word(correction.confidence);
    format!("said: {}; true: {} ({sure})", escaped(&correction.claim), escaped(&correction.truth))
}

fn overlaps(selection: &Selection) -> String {
    let related = &selection.dataset().entry.related;
    let line = |kind: &str, one: &Related| {
        let note = one.note().map(|note| format!(": {}", escaped(note))).unwrap_or_default();
        format!("{kind} {}{note}", code(one.id()))
    };
    let made_from = related.derived_from.iter().map(|one| line("made from", one));
    let lines = list(made_from.chain(related.overlaps.iter().map(|one| line("shares data with", one))));
    if lines.is_empty() { lines } else { format!("{LEAKAGE}\n\n{lines}") }
}

fn citation(selection: &Selection) -> String {
    let Some(citation) = &selection.dataset().entry.citation else { return String::new() };
    let works = std::iter::once(&citation.work).chain(&citation.also).map(|work| escaped(&one_line(work)));
    let thanks = citation.acknowledgement.as_ref().map(|text| format!("acknowledge: {}", escaped(text)));
    format!("{}\n`CITATION.cff` holds the same for programs.\n", list(works.chain(thanks)))
}

const WHERE: &str = "\
- `data/`: the publisher's own tree, archives unpacked, names kept
- `docs/`: what came along about the dataset
- `archives/`: the archives as they were downloaded, where they were kept
- `TERMS.md`: the terms in short
- `CITATION.cff`: how to cite
- `.medsets/`: `receipt.json` (who had this, when, from where, under which terms), `manifest.sha256` and
  `files.jsonl` (every file with its origin)
";

const CHECK: &str = "\
In this folder, with no medsets at hand:

    sha256sum -c .medsets/manifest.sha256

With it: `medsets verify`.
";

const LEAKAGE: &str = "A model trained on one of these and tested on the other has seen part of the answers:";
