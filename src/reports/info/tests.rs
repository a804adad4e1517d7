//! The page, the row and the JSON of the embedded entries, and texts made to break them.

use super::*;
use crate::catalog::Catalog;
use crate::licenses::Shelf;
use crate::values::printable::is_harmful;

const ALL: Show = Show { files: true, sources: true };

fn selected(catalog: &Catalog, name: &str) -> Selection {
    catalog.resolve(name).unwrap().remove(0)
}

/// Every release and variant of every entry.
fn every_selection(catalog: &Catalog) -> Vec<Selection> {
    let mut all = Vec::new();
    for dataset in catalog.datasets() {
        for release in &dataset.releases {
            let name = format!("{}@{}", dataset.id, release.version);
            all.push(selected(catalog, &name));
            all.extend(release.variants.iter().map(|one| selected(catalog, &format!("{name}:{}", one.name))));
        }
    }
    all
}

#[track_caller]
fn check_clean(text: &str, of: &Selection) {
    assert!(!text.chars().any(|letter| letter != '\n' && is_harmful(letter)), "{of}:\n{text}");
}

#[test]
fn every_embedded_entry_has_a_page_a_row_and_data() {
    let (catalog, shelf) = (Catalog::embedded(), Shelf::embedded());
    for selection in every_selection(&catalog) {
        let text = page(&selection, &shelf, ALL);
        check_clean(&text, &selection);
        let plain = page(&selection, &shelf, Show::default());
        // Only a word that cannot be broken, such as an address, makes a line long.
        let long = plain.lines().find(|line| line.chars().count() > 100 && line.trim().contains(' '));
        let broken = long.filter(|line| !line.split(' ').any(|word| word.chars().count() > 60));
        assert_eq!(broken, None, "{selection}");
        assert!(plain.len() <= text.len());
        let row = line(&selection, &shelf);
        check_clean(&format!("{row:?}"), &selection);
        let value = data(&selection, &shelf);
        assert_eq!(value["id"], selection.id().as_str());
        assert!(!value.to_string().contains(":null"), "{selection}: {value}");
    }
}

#[test]
fn chexpert_says_what_is_forbidden_and_which_steps_come_first() {
    let (catalog, shelf) = (Catalog::embedded(), Shelf::embedded());
    let selection = selected(&catalog, "chexpert");
    let text = page(&selection, &shelf, Show::default());
    assert!(text.starts_with("chexpert 1.0 (full)  CheXpert\n"), "{text}");
    assert!(text.contains("commercial use: forbidden (high)"), "{text}");
    assert!(text.contains("1. aimi-account: ") && text.contains("2. aimi-agreement: "), "{text}");
    assert!(text.contains("(usually minutes)") && text.contains("about 439.0 GiB"), "{text}");
    assert!(text.contains("aimi (default): azure") && !text.contains("by hand, then `medsets import`"), "{text}");
    assert!(text.contains("full (default): Full resolution"), "{text}");
    assert!(!text.contains("pinned on first use"), "{text}");
    assert!(page(&selection, &shelf, ALL).contains("pinned on first use"));
    assert!(page(&selected(&catalog, "medquad"), &shelf, ALL).contains(".tar.gz  size unknown  git-tree\n"));
    let value = data(&selection, &shelf);
    assert_eq!(value["license"]["terms"]["commercial_use"]["value"], "forbidden");
    assert_eq!(value["requirements"].as_array().unwrap().len(), 2);
    assert_eq!(value["corrections"][0]["read"], "2026-11-23");
    assert_eq!(line(&selection, &shelf).access, "agreement");
}

#[test]
fn what_no_program_may_fetch_says_so_at_the_top() {
    let (catalog, shelf) = (Catalog::embedded(), Shelf::embedded());
    let by_hand = page(&selected(&catalog, "messidor"), &shelf, Show::default());
    assert!(by_hand.lines().take(6).any(|line| line.starts_with("BY HAND")), "{by_hand}");
    assert!(!by_hand.contains("medsets fetch"), "{by_hand}");
    let none = page(&selected(&catalog, "openpath"), &shelf, Show::default());
    assert!(none.lines().take(6).any(|line| line.starts_with("NOT GIVEN")), "{none}");
    assert!(none.contains("  instead   "), "{none}");
}

#[test]
fn unknown_is_shown_as_unknown() {
    let catalog = Catalog::embedded();
    // An empty shelf knows no text.
    let text = page(&selected(&catalog, "medquad"), &Shelf::default(), Show::default());
    assert!(text.contains("commercial use: unknown\n"), "{text}");
    assert!(text.contains("CC-BY-4.0 is not among the known texts"), "{text}");
}

#[test]
fn permission_is_as_sure_as_the_least_sure_who_gives_it() {
    let shelf = Shelf::embedded();
    let terms = main_terms("CC-BY-4.0 AND CC-BY-NC-4.0", &shelf);
    assert_eq!(terms[0].line(), "commercial use: forbidden (high)");
    assert_eq!(main_terms("NOASSERTION", &shelf)[0].line(), "commercial use: not-granted");
    assert!(main_terms("no expression at all", &shelf).is_empty());
}

#[test]
fn a_hostile_entry_cannot_write_lines_of_its_own() {
    let (catalog, shelf) = (Catalog::embedded(), Shelf::embedded());
    let selection = selected(&crate::reports::papers::tests::hostile(catalog), "medquad");
    let text = page(&selection, &shelf, ALL);
    check_clean(&text, &selection);
    assert!(!text.lines().any(|line| line.starts_with("FAKE")), "{text}");
    assert!(text.contains("\\u{1b}[2J"), "{text}");
    check_clean(&line(&selection, &shelf).title, &selection);
}
