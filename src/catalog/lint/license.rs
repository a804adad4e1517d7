//! Licence files (`docs/licences.md`).

use jiff::civil::Date;

use crate::document::{At, Document, Finding};
use crate::licenses::format::LicenseFile;
use crate::licenses::terms::{ALWAYS, VOCABULARY, takes};
use crate::licenses::{Expression, LicenseKind, Shelf, TextSource};
use crate::values::Printable;

use super::keys;
use super::notes::Notes;
use super::walk::Walk;

/// Looks at the licence `text` of the file `name`; other licences are looked up on `shelf`.
pub fn lint_license(name: &str, text: &str, shelf: &Shelf, today: Date) -> Vec<Finding> {
    let read =
        Document::open(name, text).and_then(|document| document.read::<LicenseFile>().map(|file| (document, file)));
    let (document, file) = match read {
        Ok(read) => read,
        Err(finding) => return vec![finding],
    };
    let mut notes = Notes::new(&document);
    Walk::new(&mut notes, &keys::LICENSE, shelf, today).file();
    let root = At::root();
    let stem = document.stem();
    if file.id != stem {
        let message = format!("the id is `{}`, the file `{}.toml`", Printable::new(&file.id), Printable::new(stem));
        notes.error(&root.key("id"), "id-mismatch", message, "name the file after the id");
    }
    let alone = file.id.len() <= 200 && Expression::parse(&file.id).is_ok_and(|one| one.ids() == [file.id.as_str()]);
    if !alone {
        let message = format!("`{}` is no licence id", Printable::cut(&file.id, 200));
        notes.error(
            &root.key("id"),
            "id-form",
            message,
            "write an SPDX id, or LicenseRef- and a name of letters, digits, `.` and `-`",
        );
    }
    text_source(&mut notes, &file);
    terms(&mut notes, &file);
    if file.kind == LicenseKind::PerItem && file.items.is_empty() {
        let help = "list in `items` the licences an item may carry, where they are known";
        notes.warning(&root.key("kind"), "missing-items", "the licences of the items are not listed", help);
    }
    notes.finish()
}

fn text_source(notes: &mut Notes<'_>, file: &LicenseFile) {
    let at = At::root();
    let at = at.key("text");
    match file.text {
        TextSource::Page if file.url.is_none() => {
            let help = "write `url`, or `text = \"file\"` where the person supplies the text";
            notes.error(&at, "missing-url", "the text is fetched from a page that is not named", help);
        }
        TextSource::Bundled if Shelf::bundled_text(&file.id).is_none() => {
            let message = format!("the program carries no text for `{}`", Printable::cut(&file.id, 200));
            let help = "put our own text in `licenses/texts/`, or write \"page\" or \"file\"";
            notes.error(&at, "missing-text", message, help);
        }
        _ => {}
    }
}

fn terms(notes: &mut Notes<'_>, file: &LicenseFile) {
    let root = At::root();
    let table = root.key("terms");
    for (key, words) in VOCABULARY {
        let at = table.key(key);
        match file.terms.get(key) {
            None => {
                let help = "write it; \"not-stated\" where the text is silent, \"unknown\" where nobody read it";
                notes.key_error(&at, "missing-term", format!("the term `{key}` is missing"), help);
            }
            Some(term) if !takes(key, &term.value) => {
                let message = format!("`{key}` does not take `{}`", Printable::cut(&term.value, 100));
                let help = format!("the words are {}", [words, &ALWAYS].concat().join(", "));
                notes.error(&at.key("value"), "term-word", message, &help);
            }
            Some(_) => {}
        }
    }
    for key in file.terms.keys().filter(|key| VOCABULARY.iter().all(|(known, _)| known != key)) {
        let message = format!("there is no term `{}`", Printable::cut(key, 100));
        notes.key_error(&table.key(key), "unknown-term", message, "facts of one text only stand in [extra]");
    }
    let duo = root.key("duo");
    let codes = duo.key("codes");
    for (index, code) in file.duo.iter().flat_map(|duo| &duo.codes).enumerate() {
        let number = code.strip_prefix("DUO:").unwrap_or_default();
        if number.len() != 7 || !number.bytes().all(|digit| digit.is_ascii_digit()) {
            let message = format!("`{}` is no code of the Data Use Ontology", Printable::cut(code, 100));
            notes.error(&codes.index(index), "duo-code", message, "write DUO: and seven digits");
        }
    }
}
