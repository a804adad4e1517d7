//! All known licences and agreements.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{At, BrokenFile, Document, Inspection, OverlayFile};
use crate::embedded;
use crate::values::{Printable, SafeUrl};

use super::format::{Duo, LicenseFile};
use super::terms::{Term, Terms, VOCABULARY};

/// A licence or agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    /// Its id in SPDX spelling.
    pub id: String,
    /// The text's own name.
    pub name: String,
    /// Version of the text.
    pub version: Option<String>,
    /// What kind of text it is.
    pub kind: LicenseKind,
    /// Canonical address of the text.
    pub url: Option<SafeUrl>,
    /// How the text is had.
    pub text: TextSource,
    /// A second text that goes with it.
    pub companion: Option<String>,
    /// Licences an item may carry.
    pub items: Vec<String>,
    /// What it says, in our own words.
    pub summary: String,
    /// Traps.
    pub note: Option<String>,
    /// The terms.
    pub terms: Terms,
    /// Facts of this text only.
    pub extra: Vec<(String, Term)>,
    /// Data Use Ontology codes.
    pub duo: Option<Duo>,
}

/// What kind of text a licence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LicenseKind {
    /// A licence to the public.
    PublicLicence,
    /// Each item carries its own.
    PerItem,
    /// Terms a host or publisher states.
    ProviderTerms,
    /// Accepted with a click.
    ClickThrough,
    /// A data use agreement that is signed.
    SignedDua,
    /// Only for people the host has checked.
    Credentialed,
    /// The rules of a competition.
    CompetitionRules,
    /// No text at all.
    None,
}

/// How a text is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextSource {
    /// Fetched from its page.
    Page,
    /// The person supplies it.
    File,
    /// It comes with the program.
    Bundled,
}

impl LicenseKind {
    /// Whether a changed text must be accepted again before anything is fetched (exit 24).
    /// For the other kinds a change is a warning.
    pub fn changed_text_blocks(self) -> bool {
        matches!(self, Self::ClickThrough | Self::SignedDua | Self::Credentialed | Self::CompetitionRules)
    }
}

/// All known licences, by id.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    licenses: BTreeMap<String, License>,
    /// Overlay files that cannot be used, by each id they are meant for.
    broken: BTreeMap<String, BrokenFile>,
}

impl Shelf {
    /// The ones built into the program.
    ///
    /// # Panics
    /// Never in a released program: a test reads every embedded file.
    pub fn embedded() -> Self {
        let mut shelf = Self::default();
        for file in embedded::folder("licenses") {
            shelf = shelf.with(&file.name, &file.text).expect("a test reads every embedded licence");
        }
        shelf
    }

    /// With one more file; a licence of the same id is replaced whole.
    pub fn with(mut self, name: &str, text: &str) -> Result<Self, BrokenFile> {
        let license = License::read(name, text)?;
        self.licenses.insert(license.id.clone(), license);
        Ok(self)
    }

    /// With the licences of overlay files laid over. One that breaks the format takes the
    /// licence of its id away, so that its terms are unknown: never the built-in one's.
    #[must_use]
    pub fn laid_over(mut self, files: &[OverlayFile]) -> Self {
        for file in files {
            match file.text().and_then(|text| License::read(&file.path, text)) {
                Ok(license) => {
                    self.broken.remove(&license.id);
                    self.licenses.insert(license.id.clone(), license);
                }
                Err(broken) => {
                    for id in file.claimed().ids {
                        self.licenses.remove(&id);
                        self.broken.insert(id, broken.clone());
                    }
                }
            }
        }
        self
    }

    /// The overlay file that should give the licence of this id and cannot be used.
    pub fn broken(&self, id: &str) -> Option<&BrokenFile> {
        self.broken.get(id)
    }

    /// All overlay files that cannot be used, each once.
    pub fn broken_files(&self) -> Vec<&BrokenFile> {
        let mut files: Vec<&BrokenFile> = self.broken.values().collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        files.dedup_by(|one, other| one.name == other.name);
        files
    }

    /// The licence of this id.
    pub fn get(&self, id: &str) -> Option<&License> {
        self.licenses.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &License> {
        self.licenses.values()
    }

    /// The text that comes with the program, for licences of our own.
    pub fn bundled_text(id: &str) -> Option<&'static str> {
        let name = format!("licenses/texts/{id}.txt");
        embedded::files().iter().find(|file| file.name == name).map(|file| file.text.as_str())
    }
}

impl License {
    /// Reads a licence file. Fails with the place of what breaks the format.
    pub fn read(name: &str, text: &str) -> Result<Self, BrokenFile> {
        let document = Document::open(name, text).map_err(|finding| BrokenFile::unopened(name, text, finding))?;
        let file: LicenseFile = document.read().map_err(|finding| BrokenFile::unopened(name, text, finding))?;
        let mut inspection = Inspection::new(&document);
        let root = At::root();
        let url = file.url.and_then(|url| inspection.accept(&root.key("url"), "url", SafeUrl::parse(&url)));
        let mut given = file.terms;
        let terms = VOCABULARY.iter().filter_map(|(key, _)| Some(((*key).to_owned(), given.remove(*key)?)));
        let terms = Terms(terms.collect());
        let table = root.key("terms");
        for key in given.keys() {
            let message = format!("there is no term `{}`", Printable::cut(key, 100));
            let help = "facts of one text only stand in [extra]";
            inspection.key_error(&table.key(key), "unknown-term", message).help(help);
        }
        if let Some(broken) = BrokenFile::new(&document, inspection.finish()) {
            return Err(broken);
        }
        Ok(Self {
            id: file.id,
            name: file.name,
            version: file.version,
            kind: file.kind,
            url,
            text: file.text,
            companion: file.companion,
            items: file.items,
            summary: file.summary,
            note: file.note,
            terms,
            extra: file.extra.into_iter().collect(),
            duo: file.duo,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_term_is_shown_with_its_line() {
        let term = "{ value = \"allowed\", confidence = \"high\", source = \"s\", read = 2026-11-23 }";
        let text = format!(
            "id = \"MIT\"\nname = \"M\"\nkind = \"public-licence\"\ntext = \"page\"\nsummary = \"s\"\n[terms]\n\
             commercial_use = {term}\ncomercial_use = {term}\nclinic = {term}\n"
        );
        let broken = License::read("mine/MIT.toml", &text).unwrap_err();
        assert_eq!((broken.first.code, broken.first.line, broken.first.column), ("unknown-term", 8, 1));
        assert_eq!(broken.rest.len(), 1, "all of them are told at once");
        assert!(broken.shown.contains("mine/MIT.toml:8:1") && broken.shown.contains("^^^^"), "{}", broken.shown);
        assert!(broken.to_string().contains("`comercial_use`"), "{broken}");
    }
}
