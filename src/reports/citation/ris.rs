//! RIS: two letters, two spaces, a hyphen, a space, the value; a line for each author.

use crate::catalog::Citation;
use crate::values::Printable;

use super::is_others;

/// One record, ending in `ER  - ` and an empty line.
pub fn record(work: &Citation) -> String {
    let mut lines = vec![("TY", kind(&work.kind).to_owned())];
    lines.extend(work.authors.iter().filter(|name| !is_others(name)).map(|name| ("AU", name.clone())));
    lines.push(("TI", work.title.clone()));
    let (start, end) = match work.pages.as_deref().and_then(|pages| pages.split_once('-')) {
        Some((start, end)) => (Some(start.to_owned()), Some(end.trim_start_matches('-').to_owned())),
        None => (work.pages.clone(), None),
    };
    let optional = [
        ("PY", work.year.map(|year| year.to_string())),
        ("T2", work.journal.clone().or_else(|| work.booktitle.clone())),
        ("VL", work.volume.clone()),
        ("IS", work.number.clone()),
        ("SP", start),
        ("EP", end),
        ("PB", work.publisher.clone()),
        ("DO", work.doi.clone()),
        ("UR", work.url.clone().or_else(|| work.arxiv.as_ref().map(|id| format!("https://arxiv.org/abs/{id}")))),
        ("ID", Some(work.key.clone())),
    ];
    lines.extend(optional.into_iter().filter_map(|(tag, value)| Some((tag, value?))));
    lines.push(("ER", String::new()));
    let text: Vec<String> =
        lines.iter().map(|(tag, value)| format!("{tag}  - {}\r\n", Printable::cut(value, 2000))).collect();
    format!("{}\r\n", text.concat())
}

/// The reference types of RIS for those of BibTeX.
fn kind(bibtex: &str) -> &'static str {
    match bibtex {
        "article" => "JOUR",
        "inproceedings" | "conference" => "CPAPER",
        "dataset" => "DATA",
        "book" => "BOOK",
        "techreport" => "RPRT",
        "phdthesis" | "mastersthesis" => "THES",
        "online" => "ELEC",
        "unpublished" => "UNPB",
        _ => "GEN",
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn each_author_has_a_line_and_pages_are_parted() {
        let work = Citation { pages: Some("590-597".into()), ..example() };
        let text = record(&work);
        assert!(
            text.starts_with("TY  - CPAPER\r\nAU  - Irvin, Jeremy\r\nAU  - Müller & Sons\r\nTI  - CheXpert"),
            "{text}"
        );
        assert!(text.contains("SP  - 590\r\nEP  - 597\r\n") && text.ends_with("ER  - \r\n\r\n"), "{text}");
    }
}
