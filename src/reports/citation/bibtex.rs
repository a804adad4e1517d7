//! BibTeX, with the characters escaped that TeX would obey.

use crate::catalog::Citation;

use super::is_others;

/// One entry, ending in a line break.
pub fn entry(work: &Citation) -> String {
    let authors: Vec<String> =
        work.authors.iter().map(|name| if is_others(name) { "others".to_owned() } else { author(name) }).collect();
    let year = work.year.map(|year| year.to_string());
    let eprint = work.arxiv.as_ref();
    let fields: [(&str, Option<String>); 13] = [
        ("author", (!authors.is_empty()).then(|| authors.join(" and "))),
        ("title", Some(format!("{{{}}}", escape(&work.title)))),
        ("year", year),
        ("journal", work.journal.as_deref().map(escape)),
        ("booktitle", work.booktitle.as_deref().map(escape)),
        ("volume", work.volume.as_deref().map(escape)),
        ("number", work.number.as_deref().map(escape)),
        ("pages", work.pages.as_deref().map(|pages| escape(pages).replace('-', "--").replace("----", "--"))),
        ("publisher", work.publisher.as_deref().map(escape)),
        ("doi", work.doi.as_deref().map(escape)),
        ("eprint", eprint.map(|id| escape(id))),
        ("archivePrefix", eprint.map(|_| "arXiv".to_owned())),
        ("url", work.url.as_deref().map(escape)),
    ];
    let lines: Vec<String> =
        fields.into_iter().filter_map(|(name, value)| Some(format!("  {name} = {{{}}}", value?))).collect();
    format!("@{}{{{},\n{}\n}}\n", word(&work.kind), word(&work.key), lines.join(",\n"))
}

/// A name with a comma is `Family, Given`; one without is an organisation and stays whole.
fn author(name: &str) -> String {
    let escaped = escape(name);
    if name.contains(", ") { escaped } else { format!("{{{escaped}}}") }
}

/// Only letters, digits and a few marks: what entry types and keys may hold.
fn word(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_:.".contains(*letter)).collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            letter if crate::values::printable::is_harmful(letter) => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn escapes_what_tex_obeys() {
        assert_eq!(
            entry(&example()),
            "@inproceedings{irvin2019chexpert,\n  author = {Irvin, Jeremy and {Müller \\& Sons} and others},\n  title = \
             {{CheXpert: 100\\% \\{of\\} chest\\_radiographs}},\n  year = {2019},\n  booktitle = {AAAI},\n  doi = \
             {10.1609/aaai.v33i01.3301590}\n}\n"
        );
    }
}
