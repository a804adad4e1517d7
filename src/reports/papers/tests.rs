//! The papers of the embedded entries, and entries with texts made to break them.

use super::*;
use crate::catalog::Catalog;
use crate::licenses::Shelf;
use crate::reports::{CitationFormat, cite};
use crate::values::printable::is_harmful;

fn selected(catalog: &Catalog, name: &str) -> Selection {
    catalog.resolve(name).unwrap().remove(0)
}

fn channel(selection: &Selection) -> String {
    selection.source(None).map_or("none".to_owned(), |source| source.channel.clone())
}

fn facts() -> PaperFacts {
    PaperFacts { fetched: "2026-11-24".into(), tool: "0.1.0", files: Some(3), ..PaperFacts::default() }
}

/// The catalogue with an entry that tries to write lines and obey escapes.
pub(in crate::reports) fn hostile(catalog: Catalog) -> Catalog {
    let id = "medquad".parse().unwrap();
    let text = &catalog.get(&id).unwrap().text;
    let attack = "x\\u001b[2J\\nFAKE line\\r\\u202e <script>alert(1)</script>\\n# FAKE heading";
    let mut hostile = String::new();
    let mut replaced = 0;
    for line in text.lines() {
        let key = ["title", "summary", "known-issues"].into_iter().find(|key| line.starts_with(&format!("{key} = ")));
        match key {
            Some("known-issues") => hostile += &format!("known-issues = [\"{attack}\"]\n"),
            Some(key) if !line.contains("[citation]") && replaced < 2 => hostile += &format!("{key} = \"{attack}\"\n"),
            _ => hostile += &format!("{line}\n"),
        }
        replaced += usize::from(key.is_some());
    }
    assert!(hostile.contains("known-issues = [\"x\\u001b"), "the entry has known issues on one line");
    catalog.with_entry("medquad.toml", hostile)
}

#[track_caller]
fn check_clean(text: &str, of: &Selection) {
    assert!(!text.chars().any(|letter| letter != '\n' && is_harmful(letter)), "{of}:\n{text}");
}

#[test]
fn every_embedded_entry_has_papers() {
    let (catalog, shelf) = (Catalog::embedded(), Shelf::embedded());
    for dataset in catalog.datasets() {
        for release in &dataset.releases {
            let selection = selected(&catalog, &format!("{}@{}", dataset.id, release.version));
            let channel = channel(&selection);
            check_clean(&readme(&selection, &channel, &shelf, &facts()), &selection);
            check_clean(&terms(&selection, &channel, &shelf, &[]), &selection);
            check_clean(&cite(&[cited(&selection)], CitationFormat::Cff), &selection);
        }
    }
}

#[test]
fn the_readme_says_what_this_is_and_how_to_check_it() {
    let catalog = Catalog::embedded();
    let selection = selected(&catalog, "chexpert");
    let part = PaperFacts { include: vec!["train/**".into()], ..facts() };
    let text = readme(&selection, "aimi", &Shelf::embedded(), &part);
    for expected in [
        "# CheXpert 1.0 (full)\n",
        "- obtained: 2026-11-24\n",
        "- source: `aimi` (azure), Stanford AIMI shared datasets\n",
        "- **only a part**: `train/**`\n",
        "    sha256sum -c .medsets/manifest.sha256\n",
        "- commercial use: forbidden (high)\n",
        "- tables: `*.csv`, `*.xlsx`\n",
        "- shares data with `chexlocalize`",
        "Irvin, Jeremy et al.",
        "Made by medsets 0.1.0.\n",
    ] {
        assert!(text.contains(expected), "{expected} is missing:\n{text}");
    }
}

#[test]
fn the_terms_name_the_text_and_its_address() {
    let catalog = Catalog::embedded();
    let shelf = Shelf::embedded();
    let selection = selected(&catalog, "medquad");
    let text = terms(&selection, &channel(&selection), &shelf, &[]);
    assert!(text.starts_with("The terms in short, in our words; the text itself decides.\n"), "{text}");
    assert!(text.contains("`CC-BY-4.0`") && text.contains("<https://creativecommons.org/licenses/by/4.0/"), "{text}");
    assert!(text.contains("Unknown is not permission") && text.contains("not legal advice"), "{text}");
    assert!(!text.contains("no acceptance was recorded"), "{text}");
}

#[test]
fn what_was_accepted_and_when_stands_at_its_text() {
    let catalog = Catalog::embedded();
    let selection = selected(&catalog, "chexpert");
    let id = "LicenseRef-Stanford-CheXpert-RUA".to_owned();
    let accepted = [(id, "ab".repeat(32), "2026-11-20".to_owned())];
    let text = terms(&selection, "aimi", &Shelf::embedded(), &accepted);
    assert!(text.contains(&format!("- accepted on 2026-11-20, text with SHA-256 `{}`\n", "ab".repeat(32))), "{text}");
    assert!(text.contains("| commercial use | forbidden; no sale or other monetisation either | high |"), "{text}");
    let none = terms(&selection, "aimi", &Shelf::embedded(), &[]);
    assert!(none.contains("- no acceptance was recorded for this copy\n"), "{none}");
}

#[test]
fn unknown_terms_are_shown_as_unknown() {
    let catalog = Catalog::embedded();
    let selection = selected(&catalog, "medquad");
    let text = terms(&selection, &channel(&selection), &Shelf::default(), &[]);
    assert!(text.contains("every term is **unknown**"), "{text}");
    let thin =
        "id = \"CC-BY-4.0\"\nname = \"Thin\"\nkind = \"public-licence\"\ntext = \"page\"\nsummary = \"s\"\n[terms]\n";
    let shelf = Shelf::default().with("CC-BY-4.0.toml", thin).unwrap();
    let text = terms(&selection, &channel(&selection), &shelf, &[]);
    assert!(text.contains("| commercial use | unknown | | |\n"), "{text}");
}

#[test]
fn files_and_parts_with_other_terms_are_named() {
    let (catalog, shelf) = (Catalog::embedded(), Shelf::embedded());
    let mut seen = 0;
    for dataset in catalog.datasets().filter(|dataset| !dataset.default_release().license_parts.is_empty()) {
        let selection = selected(&catalog, dataset.id.as_str());
        let text = terms(&selection, &channel(&selection), &shelf, &[]);
        assert!(text.contains("## Parts with terms of their own"), "{text}");
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn a_hostile_entry_is_only_text() {
    let catalog = hostile(Catalog::embedded());
    let selection = selected(&catalog, "medquad");
    let shelf = Shelf::embedded();
    for text in [
        readme(&selection, &channel(&selection), &shelf, &facts()),
        terms(&selection, &channel(&selection), &shelf, &[]),
    ] {
        check_clean(&text, &selection);
        assert!(!text.lines().any(|line| line.starts_with("FAKE")), "{text}");
        assert!(!text.contains("<script>") && text.contains("\\<script\\>"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("# FAKE")), "{text}");
    }
    let cff = cite(&[cited(&selection)], CitationFormat::Cff);
    assert!(
        !cff.contains('\x1b') && !cff.lines().any(|line| line.contains("FAKE") && !line.starts_with("title: ")),
        "{cff}"
    );
}
