//! The terms of single files, where an entry gives parts of a release terms of their own.
//!
//! A part is named after a group or a role (`images`, `annotations`): files of that name carry
//! its terms. A part after which no file or rule is named lies inside the files, as images in
//! a table of rows; then its terms hold beside those of the whole. Terms are put together with
//! AND, so that a doubt makes them stricter and never wider.
//!
//! Where a host states a file's own licence, that stands in the place of the licence of the
//! whole and not of what the host or a person's agreement asks of whoever has the data: the
//! policy of TCIA holds for a series under CC BY 4.0 too.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::dataset::{FileEntry, HostRule};
use super::format::RoleWord;
use super::listed::Treatment;
use super::selection::Selection;
use crate::licenses::{Expression, LicenseKind, Shelf};

/// The terms of a selection's files by one source.
#[derive(Debug, Clone)]
pub struct FileTerms<'s> {
    whole: &'s str,
    parts: &'s BTreeMap<String, String>,
    /// Whether the parts' terms stand in place of the whole's: not where the source or the
    /// variant has terms of its own, which the entry does not take apart.
    replaces: bool,
    /// The whole and every part that lies inside the files.
    with_inner: Cow<'s, str>,
}

impl<'s> FileTerms<'s> {
    /// Looks once at all files, so that asking for each is cheap.
    pub fn of(selection: &'s Selection, channel: Option<&'s str>) -> Self {
        let (release, whole) = (selection.release(), selection.license(channel));
        let parts = &release.license_parts;
        let replaces = release.license.as_deref() == Some(whole);
        let mut inner: BTreeMap<&str, &str> =
            parts.iter().map(|(part, license)| (part.as_str(), license.as_str())).collect();
        if !inner.is_empty() {
            let of_files = selection.files(channel).map(|file| (file.group.as_deref(), file.role));
            let of_rules = selection.rules().map(|rule| (rule.group.as_deref(), rule.role));
            for name in of_files.chain(of_rules).flat_map(|(group, role)| names(group, role)) {
                inner.remove(name);
            }
        }
        let with_inner = all_of(std::iter::once(whole).chain(inner.into_values()));
        Self { whole, parts, replaces, with_inner }
    }

    /// The terms of the whole.
    pub fn whole(&self) -> &'s str {
        self.whole
    }

    /// The terms of one file: its own, else those of its part, else those of the whole and of
    /// what lies inside.
    pub fn file(&self, file: &'s FileEntry) -> Cow<'s, str> {
        self.terms(file.license.as_deref(), file.group.as_deref(), file.role)
    }

    /// The terms of a file, wherever it is said what becomes of it.
    pub fn treated(&self, treatment: &Treatment<'s>) -> Cow<'s, str> {
        self.terms(treatment.license, treatment.group, treatment.role)
    }

    /// The terms of the files a rule is for.
    pub fn rule(&self, rule: &'s HostRule) -> Cow<'s, str> {
        self.terms(rule.license.as_deref(), rule.group.as_deref(), rule.role)
    }

    /// The terms of a file for which the host states its own: those, and what of the whole's
    /// terms holds on top of any licence.
    pub fn stated(&self, own: &str, shelf: &Shelf) -> String {
        // Nothing is taken out of terms that are more than a list.
        let is_replaced = |part: &&str| match Expression::parse(part) {
            Ok(expression) => {
                let is_license = |id: &str| {
                    let kind = shelf.get(id).map(|license| license.kind);
                    matches!(kind, Some(LicenseKind::PublicLicence | LicenseKind::PerItem | LicenseKind::None))
                };
                expression.ids().into_iter().all(is_license)
            }
            Err(_) => true,
        };
        let whole: Vec<&str> =
            if is_chain(self.whole) { self.whole.split(" AND ").collect() } else { vec![self.whole] };
        let on_top = whole.into_iter().filter(|part| !is_replaced(part));
        all_of(std::iter::once(own).chain(on_top)).into_owned()
    }

    fn terms(&self, own: Option<&'s str>, group: Option<&'s str>, role: Option<RoleWord>) -> Cow<'s, str> {
        if let Some(own) = own {
            return Cow::Borrowed(own);
        }
        match names(group, role).find_map(|name| self.parts.get(name).map(String::as_str)) {
            Some(part) if self.replaces => Cow::Borrowed(part),
            Some(part) => all_of([self.whole, part].into_iter()),
            // A text about the dataset holds none of its parts.
            None if role == Some(RoleWord::Doc) => Cow::Borrowed(self.whole),
            None => self.with_inner.clone(),
        }
    }
}

/// The names of parts that mean a file: its group, and its role in both numbers.
pub(super) fn names(group: Option<&str>, role: Option<RoleWord>) -> impl Iterator<Item = &str> {
    let role: &'static [&'static str] = match role {
        Some(RoleWord::Image) => &["images", "image"],
        Some(RoleWord::Text) => &["texts", "text"],
        Some(RoleWord::Table) => &["tables", "table"],
        Some(RoleWord::Annotation) => &["annotations", "annotation"],
        Some(RoleWord::Doc) => &["docs", "doc"],
        None => &[],
    };
    group.into_iter().chain(role.iter().copied())
}

/// The expression by which all of these hold, each said once.
fn all_of<'s>(expressions: impl Iterator<Item = &'s str>) -> Cow<'s, str> {
    let mut said: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    for expression in expressions {
        let parts: Vec<&str> =
            if is_chain(expression) { expression.split(" AND ").collect() } else { vec![expression] };
        said.extend(parts.into_iter().filter(|part| seen.insert(*part)));
    }
    match said.as_slice() {
        [one] => Cow::Borrowed(one),
        _ => {
            let bracketed = |part: &&str| if is_chain(part) { (*part).to_owned() } else { format!("({part})") };
            Cow::Owned(said.iter().map(bracketed).collect::<Vec<_>>().join(" AND "))
        }
    }
}

/// Whether it is nothing but ids joined by AND.
fn is_chain(expression: &str) -> bool {
    expression.split(" AND ").all(|part| !part.contains([' ', '(', ')', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::document::OverlayFile;

    /// An entry with these keys in its release and these files.
    fn catalog(keys: &str, files: &str) -> Catalog {
        let head = "id = \"parts\"\ntitle = \"Parts\"\nsummary = \"s\"\nmaintainer = { name = \"n\" }\n[[release]]\nversion = \"1\"\n";
        let source = "[[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://example.org/\"\n\
                      [[release.source]]\nchannel = \"other\"\nprovider = \"http\"\nbase = \"https://example.org/\"\nlicense = \"MIT\"\n";
        let (name, path) = ("parts.toml".to_owned(), "/x/parts.toml".to_owned());
        let text = Ok(format!("{head}{keys}\n{source}{files}"));
        Catalog::embedded().laid_over(&[OverlayFile { folder: 0, name, path, text }])
    }

    #[track_caller]
    fn check(keys: &str, channel: &str, files: &[(&str, &str)]) {
        let text: String = files.iter().map(|(file, _)| format!("[[release.file]]\n{file}\n")).collect();
        let selection = catalog(keys, &text).resolve("parts").unwrap().remove(0);
        let terms = FileTerms::of(&selection, Some(channel));
        for (file, (text, expected)) in selection.files(Some(channel)).zip(files) {
            assert_eq!(terms.file(file), *expected, "{text}");
        }
    }

    const PARTS: &str =
        "license = \"CC0-1.0\"\nlicense-parts = { images = \"NOASSERTION\", annotations = \"ODbL-1.0\" }";

    #[test]
    fn files_named_after_a_part_carry_its_terms() {
        check(
            PARTS,
            "web",
            &[
                ("path = \"a.zip\"\ngroup = \"images\"", "NOASSERTION"),
                ("path = \"a.json\"\nrole = \"annotation\"", "ODbL-1.0"),
                ("path = \"b.json\"\ngroup = \"annotations\"\nlicense = \"MIT\"", "MIT"), // its own come first
                ("path = \"c.csv\"\ngroup = \"tables\"", "CC0-1.0"),
            ],
        );
    }

    #[test]
    fn a_part_without_files_of_its_own_lies_inside_the_others() {
        check(
            PARTS,
            "web",
            &[
                ("path = \"a.json\"\ngroup = \"annotations\"", "ODbL-1.0"),
                ("path = \"train.parquet\"\ngroup = \"train\"", "CC0-1.0 AND NOASSERTION"),
                ("path = \"README.md\"\nrole = \"doc\"", "CC0-1.0"),
            ],
        );
        let either = "license = \"CC0-1.0 OR MIT\"\nlicense-parts = { inside = \"MIT\" }";
        check(either, "web", &[("path = \"a.csv\"", "(CC0-1.0 OR MIT) AND MIT")]);
        let twice = "license = \"MIT AND CC0-1.0\"\nlicense-parts = { inside = \"CC0-1.0 AND ODbL-1.0\" }";
        check(twice, "web", &[("path = \"a.csv\"", "MIT AND CC0-1.0 AND ODbL-1.0")]);
    }

    #[test]
    fn what_holds_on_top_stays_where_the_host_states_a_licence() {
        #[track_caller]
        fn stated(whole: &str, own: &str, expected: &str) {
            let selection = catalog(&format!("license = \"{whole}\""), "").resolve("parts").unwrap().remove(0);
            let terms = FileTerms::of(&selection, Some("web"));
            assert_eq!(terms.stated(own, &Shelf::embedded()), expected, "{whole}");
        }
        const POLICY: &str = "LicenseRef-TCIA-Data-Usage-Policy";
        let (lidc, by) = (format!("CC-BY-3.0 AND {POLICY}"), format!("CC-BY-4.0 AND {POLICY}"));
        stated(&lidc, "CC-BY-4.0", &by);
        stated(&lidc, "CC-BY-3.0", &lidc);
        stated(&lidc, &by, &by); // as the host says it itself
        stated(&lidc, "NOASSERTION", &format!("NOASSERTION AND {POLICY}"));
        stated("LicenseRef-ISIC-Per-Image", "CC0-1.0", "CC0-1.0");
        let articles = "LicenseRef-PMC-OA-Per-Article AND LicenseRef-NLM-Terms";
        stated(articles, "LicenseRef-PMC-CC-BY", "LicenseRef-PMC-CC-BY AND LicenseRef-NLM-Terms");
        stated("NOASSERTION", "MIT", "MIT");
        stated("CC-BY-4.0 OR MIT", "CC0-1.0", "CC0-1.0");
        // A text that nobody has looked at may ask for anything.
        stated("LicenseRef-Nobody-Knows", "MIT", "MIT AND LicenseRef-Nobody-Knows");
        let either = "CC-BY-4.0 OR LicenseRef-n2c2-DUA";
        stated(either, "MIT", &format!("MIT AND ({either})"));
    }

    #[test]
    fn terms_of_the_source_hold_beside_those_of_a_part() {
        let files = [
            ("path = \"a.zip\"\ngroup = \"images\"", "MIT AND NOASSERTION"),
            ("path = \"a.json\"\ngroup = \"annotations\"", "MIT AND ODbL-1.0"),
        ];
        check(PARTS, "other", &files);
    }
}
