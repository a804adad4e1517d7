//! Licences, collections, and the files that the program carries.

use super::*;
use crate::embedded;

#[test]
fn broken_licences_are_found() {
    let shelf = Shelf::embedded();
    let name = "licenses/LicenseRef-medsets-demo.toml";
    let text = &embedded::files().iter().find(|file| file.name == name).unwrap().text;
    let check = |piece: &str, instead: &str, code: &str| {
        assert_eq!(text.matches(piece).count(), 1, "`{piece}` stands in the licence once");
        let broken = text.replace(piece, instead);
        let found = lint_license(name, &broken, &shelf, today());
        let shown = render(name, &broken, &found, Paint::Plain);
        assert!(found.iter().any(|finding| finding.code == code), "no {code}\n{shown}");
    };
    let clinical = "clinical_use = { value = \"not-stated\"";
    check("id = \"LicenseRef-medsets-demo\"", "id = \"LicenseRef-other\"", "id-mismatch");
    check("id = \"LicenseRef-medsets-demo\"", "id = \"Our terms\"", "id-form");
    check("id = \"LicenseRef-medsets-demo\"", "id = \"LicenseRef-other\"", "missing-text");
    check("text = \"bundled\"", "text = \"page\"", "missing-url");
    check("text = \"bundled\"", "url = \"ftp://x\"\ntext = \"file\"", "url");
    check("text = \"bundled\"", "text = \"bundled\"\ncompanion = \"LicenseRef-nobody\"", "unknown-license");
    check("kind = \"click-through\"", "kind = \"per-item\"", "missing-items");
    check(clinical, "clinical_use = { value = \"sure\"", "term-word");
    check(clinical, "clinic = { value = \"not-stated\"", "missing-term");
    check(clinical, "clinic = { value = \"not-stated\"", "unknown-term");
    check("version = \"1\"", "version = \"\"", "empty-value");
    check("DUO:0000004", "DUO:4", "duo-code");
    check(
        "\"the text itself\", read = 2026-11-24, note = \"any use",
        "\"\", read = 2026-11-24, note = \"any use",
        "empty-value",
    );
    check("2026-11-24, note = \"any use", "2027-11-24, note = \"any use", "future-date");
}

#[test]
fn broken_collections_are_found() {
    let known = BTreeSet::from(["sample".to_owned()]);
    let check = |text: &str, code: &str| {
        let found = lint_collections("collections.toml", text, &known);
        assert!(found.iter().any(|finding| finding.code == code), "no {code}: {found:?}");
    };
    check("[a]\ntitle = \"A\"\ndatasets = [\"sampel\"]", "unknown-dataset");
    check("[a]\ntitle = \"A\"\ndatasets = [\"sample\", \"sample\"]", "repeated-dataset");
    check("[a]\ntitle = \"A\"\ndatasets = []", "empty-value");
    check("[A]\ntitle = \"A\"\ndatasets = [\"sample\"]", "name-form");
    check("[a]\ndatasets = [\"sample\"]", "schema");
}

#[test]
fn the_embedded_files_keep_the_rules() {
    let shelf = Shelf::embedded();
    let known =
        embedded::folder("catalog").filter_map(|file| file.name.strip_prefix("catalog/")?.strip_suffix(".toml"));
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    let mut shown = String::new();
    let mut errors = 0;
    for file in embedded::folder("catalog").chain(embedded::folder("licenses")) {
        let found = if file.name.starts_with("licenses/") {
            lint_license(&file.name, &file.text, &shelf, today())
        } else if file.name.ends_with("/collections.toml") {
            lint_collections(&file.name, &file.text, &known)
        } else {
            lint_entry(&file.name, &file.text, &shelf, &known, today())
        };
        errors += found.iter().filter(|finding| finding.severity == Severity::Error).count();
        shown.push_str(&render(&file.name, &file.text, &found, Paint::Plain));
    }
    assert_eq!(errors, 0, "{shown}");
}
