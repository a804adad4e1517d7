//! Citation File Format 1.2.0 (schema guide of the format; checked with `cffconvert`).
//!
//! Written as YAML whose strings are JSON strings, which every YAML 1.2 reader takes, so that
//! nothing in a title can be read as structure.

use crate::catalog::Citation;
use crate::values::printable::is_harmful;

use super::{Cited, is_others, parted};

/// One file for all datasets; the works are its references.
pub fn document(datasets: &[Cited<'_>], works: &[&Citation]) -> String {
    let title = datasets.iter().map(|dataset| dataset.title).collect::<Vec<_>>().join("; ");
    let mut text = String::from(
        "cff-version: 1.2.0\nmessage: \"If you use this dataset, please cite the works below.\"\ntype: dataset\n",
    );
    text.push_str(&format!("title: {}\n", quoted(&title)));
    let authors: Vec<&String> = works.first().map(|work| work.authors.iter().collect()).unwrap_or_default();
    text.push_str("authors:\n");
    text.push_str(&people(authors.iter().map(|name| name.as_str()), "  "));
    if let [dataset] = datasets {
        if let Some(version) = dataset.version {
            text.push_str(&format!("version: {}\n", quoted(version)));
        }
        if let Some(doi) = dataset.doi {
            text.push_str(&format!("doi: {}\n", quoted(doi)));
        }
        if let Some(homepage) = dataset.homepage {
            text.push_str(&format!("url: {}\n", quoted(homepage)));
        }
    }
    if let Some(first) = works.first() {
        text.push_str(&format!("preferred-citation:\n{}", reference(first, "  ")));
    }
    if works.len() > 1 {
        text.push_str("references:\n");
        for work in &works[1..] {
            text.push_str(&reference(work, "    ").replacen("    ", "  - ", 1));
        }
    }
    text
}

fn reference(work: &Citation, indent: &str) -> String {
    let mut text =
        format!("{indent}type: {}\n{indent}title: {}\n{indent}authors:\n", kind(&work.kind), quoted(&work.title));
    text.push_str(&people(work.authors.iter().map(String::as_str), &format!("{indent}  ")));
    let optional = [
        ("year", work.year.map(|year| year.to_string())),
        ("journal", work.journal.as_deref().map(quoted)),
        ("volume", work.volume.as_deref().map(quoted)),
        ("issue", work.number.as_deref().map(quoted)),
        ("doi", work.doi.as_deref().map(quoted)),
        (
            "url",
            work.url
                .clone()
                .or_else(|| work.arxiv.as_ref().map(|id| format!("https://arxiv.org/abs/{id}")))
                .as_deref()
                .map(quoted),
        ),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            text.push_str(&format!("{indent}{key}: {value}\n"));
        }
    }
    if let Some(collection) = &work.booktitle {
        text.push_str(&format!("{indent}collection-title: {}\n", quoted(collection)));
    }
    text
}

/// The format wants at least one author.
fn people<'a>(names: impl Iterator<Item = &'a str>, indent: &str) -> String {
    let mut text = String::new();
    for name in names.filter(|name| !is_others(name)) {
        match parted(name) {
            (family, Some(given)) => {
                text.push_str(&format!(
                    "{indent}- family-names: {}\n{indent}  given-names: {}\n",
                    quoted(family),
                    quoted(given)
                ));
            }
            (whole, None) => text.push_str(&format!("{indent}- name: {}\n", quoted(whole))),
        }
    }
    if text.is_empty() {
        text = format!("{indent}- name: \"unknown\"\n");
    }
    text
}

/// A string of JSON in which nothing is left that a terminal or an editor would obey: JSON
/// itself lets C1 controls and direction marks stand.
fn quoted(text: &str) -> String {
    let mut shown = String::new();
    for letter in serde_json::to_string(text).unwrap_or_default().chars() {
        if is_harmful(letter) {
            shown.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

fn kind(bibtex: &str) -> &'static str {
    match bibtex {
        "article" => "article",
        "inproceedings" | "conference" => "conference-paper",
        "dataset" => "data",
        "book" => "book",
        "techreport" => "report",
        "phdthesis" | "mastersthesis" => "thesis",
        "online" => "website",
        _ => "generic",
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(quoted("a\u{9b}2J\u{202e}b\u{feff}\n\u{7f}ü"), r#""a\u009b2J\u202eb\ufeff\n\u007fü""#);
    }

    #[test]
    fn nothing_in_a_title_becomes_structure() {
        let work = Citation { title: "x: \"y\"\ndoi: 10.0/evil".into(), ..example() };
        let cited = Cited {
            title: "a: b",
            version: Some("1.0"),
            doi: None,
            homepage: None,
            works: vec![&work],
            acknowledgement: None,
            license: None,
            copy: None,
        };
        let text = document(&[cited], &[&work]);
        assert!(text.contains("title: \"a: b\"\n") && text.contains("version: \"1.0\"\n"), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("doi: 10.0")), "{text}");
    }
}
