//! CSL-JSON, schema `csl-data` 1.0.2.

use serde_json::{Value, json};

use crate::catalog::Citation;

use super::{is_others, parted};

/// All works as one JSON array, ending in a line break.
pub fn document(works: &[&Citation]) -> String {
    let items: Vec<Value> = works.iter().map(|work| item(work)).collect();
    serde_json::to_string_pretty(&items).unwrap_or_default() + "\n"
}

fn item(work: &Citation) -> Value {
    let mut item = json!({ "id": work.key, "type": kind(&work.kind), "title": work.title });
    let authors: Vec<Value> = work.authors.iter().filter(|name| !is_others(name)).map(|name| author(name)).collect();
    let optional = [
        ("author", (!authors.is_empty()).then_some(Value::Array(authors))),
        ("issued", work.year.map(|year| json!({ "date-parts": [[year]] }))),
        ("container-title", work.journal.clone().or_else(|| work.booktitle.clone()).map(Value::from)),
        ("volume", work.volume.clone().map(Value::from)),
        ("issue", work.number.clone().map(Value::from)),
        ("page", work.pages.clone().map(Value::from)),
        ("publisher", work.publisher.clone().map(Value::from)),
        ("DOI", work.doi.clone().map(Value::from)),
        (
            "URL",
            work.url
                .clone()
                .or_else(|| work.arxiv.as_ref().map(|id| format!("https://arxiv.org/abs/{id}")))
                .map(Value::from),
        ),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            item[key] = value;
        }
    }
    item
}

fn author(name: &str) -> Value {
    match parted(name) {
        (family, Some(given)) => json!({ "family": family, "given": given }),
        (whole, None) => json!({ "literal": whole }),
    }
}

fn kind(bibtex: &str) -> &'static str {
    match bibtex {
        "article" => "article-journal",
        "inproceedings" | "conference" => "paper-conference",
        "dataset" => "dataset",
        "book" => "book",
        "techreport" => "report",
        "phdthesis" | "mastersthesis" => "thesis",
        "online" => "webpage",
        _ => "document",
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn people_have_two_names_and_organisations_one() {
        let value = item(&example());
        assert_eq!(value["author"], json!([{ "family": "Irvin", "given": "Jeremy" }, { "literal": "Müller & Sons" }]));
        assert_eq!(value["issued"], json!({ "date-parts": [[2019]] }));
        assert_eq!(value["type"], "paper-conference");
    }
}
