//! An entry as the program sees it.

mod read;

use std::collections::BTreeMap;
use std::str::FromStr as _;

use crate::document::{At, BrokenFile, Document, Inspection};
use crate::values::{ByteSize, DatasetId, Digest, RelPath, SafeUrl, UnsafePath};

use super::format::{self, Entry, Names, RequirementKind, RoleWord, SubsetEntry, UnpackTable};
use super::source::Source;

use read::read_release;

/// A dataset with its releases.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Its id.
    pub id: DatasetId,
    /// The descriptive part, as written.
    pub entry: Entry,
    /// Releases, newest first.
    pub releases: Vec<Release>,
    /// The entry's text.
    pub text: String,
    /// SHA-256 of that text.
    pub digest: Digest,
    /// `embedded`, the overlay file's name, [`REFERENCE`] or [`BUNDLE`].
    pub origin: String,
}

/// The origin of a dataset outside the catalogue, made of a reference and what its host says.
pub const REFERENCE: &str = "reference";

/// The origin of a dataset outside the catalogue whose entry came in a bundle with its data.
pub const BUNDLE: &str = "bundle";

/// A release.
#[derive(Debug, Clone)]
pub struct Release {
    /// As the publisher writes it.
    pub version: String,
    /// When it came out.
    pub date: Option<String>,
    /// DOI of the data.
    pub doi: Option<String>,
    /// Whether it is meant when none is named.
    pub default: bool,
    /// Licence expression.
    pub license: Option<String>,
    /// Terms of parts.
    pub license_parts: BTreeMap<String, String>,
    /// Rough size of the download.
    pub size_about: Option<ByteSize>,
    /// Rough size on disk.
    pub unpacked_about: Option<ByteSize>,
    /// No longer served.
    pub withdrawn: bool,
    /// More about it.
    pub note: Option<String>,
    /// Variants.
    pub variants: Vec<Variant>,
    /// Where the bytes are; the first is the default.
    pub sources: Vec<Source>,
    /// Files.
    pub files: Vec<FileEntry>,
    /// Rules for files that the host lists.
    pub rules: Vec<HostRule>,
    /// Parts that people ask for by name.
    pub subsets: Vec<SubsetEntry>,
    /// Checksums that the host states wrongly.
    pub host_errors: Vec<HostError>,
}

/// A variant of a release.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Whether it is meant when none is named.
    pub default: bool,
    /// What it is called.
    pub title: Option<String>,
    /// Licence expression.
    pub license: Option<String>,
    /// Rough size of the download.
    pub size_about: Option<ByteSize>,
    /// Rough size on disk.
    pub unpacked_about: Option<ByteSize>,
    /// How many of what.
    pub counts: BTreeMap<String, u64>,
    /// More about it.
    pub note: Option<String>,
}

/// A file of a release.
#[derive(Debug, Clone)]
pub struct FileEntry {
    /// Which variants it belongs to.
    pub variants: Names,
    /// By which sources it comes.
    pub channels: Names,
    /// Its name at the publisher.
    pub path: RelPath,
    /// A handle for selections.
    pub group: Option<String>,
    /// Exact size.
    pub size: Option<ByteSize>,
    /// Rough size.
    pub size_about: Option<ByteSize>,
    /// What proves it, strongest first.
    pub digests: Vec<Digest>,
    /// Licence expression.
    pub license: Option<String>,
    /// Where it is, by channel.
    pub at: BTreeMap<String, Locator>,
    /// Where it, or what comes out of it, goes: below the dataset folder.
    pub into: RelPath,
    /// How its members come out.
    pub unpack: Option<Box<UnpackRules>>,
    /// What it is to the dataset.
    pub role: Option<RoleWord>,
    /// Whether no program can have it.
    pub manual: bool,
    /// More about it.
    pub note: Option<String>,
}

/// What becomes of files that the host lists.
#[derive(Debug, Clone)]
pub struct HostRule {
    /// Which files: a glob over their paths at the publisher.
    pub pattern: String,
    /// Which variants they belong to.
    pub variants: Names,
    /// A handle for selections.
    pub group: Option<String>,
    /// Where they, or what comes out of them, go: below the dataset folder.
    pub into: RelPath,
    /// How their members come out.
    pub unpack: Option<Box<UnpackRules>>,
    /// Licence expression.
    pub license: Option<String>,
    /// What they are to the dataset.
    pub role: Option<RoleWord>,
    /// Whether they are left out.
    pub skip: bool,
}

/// Files whose checksums the host states wrongly, so that they never fit.
#[derive(Debug, Clone)]
pub struct HostError {
    /// Which variants they belong to.
    pub variants: Names,
    /// Which sources state them.
    pub channels: Names,
    /// The files.
    pub paths: Vec<RelPath>,
    /// What is wrong, for a person.
    pub reason: String,
}

/// Where a file is at one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locator {
    /// A whole address.
    pub url: Option<SafeUrl>,
    /// Other addresses of the same bytes.
    pub mirrors: Vec<SafeUrl>,
    /// Below the source's base.
    pub path: Option<RelPath>,
    /// Box's static link.
    pub static_link: Option<String>,
    /// The host's number of the file.
    pub file_id: Option<String>,
    /// Synapse entity; article of PubMed Central.
    pub entity: Option<String>,
    /// Key in an object store.
    pub key: Option<String>,
}

impl Locator {
    /// This one, and what `other` knows where this one is silent.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            url: self.url.or(other.url),
            mirrors: if self.mirrors.is_empty() { other.mirrors } else { self.mirrors },
            path: self.path.or(other.path),
            static_link: self.static_link.or(other.static_link),
            file_id: self.file_id.or(other.file_id),
            entity: self.entity.or(other.entity),
            key: self.key.or(other.key),
        }
    }
}

/// How an archive's members come out.
#[derive(Debug, Clone)]
pub struct UnpackRules {
    /// Where they go, below the dataset folder.
    pub into: RelPath,
    /// Everything else, as written.
    pub table: UnpackTable,
}

impl UnpackRules {
    /// The rules for one of the archives that they are for: `{stem}` in their folder becomes the
    /// archive's path without its ending.
    ///
    /// # Errors
    /// The folder cannot be a path of ours.
    pub fn of_archive(&self, archive: &RelPath) -> Result<Self, UnsafePath> {
        if !self.into.as_str().contains(STEM) {
            return Ok(self.clone());
        }
        let stem = ENDINGS.iter().find_map(|ending| archive.as_str().strip_suffix(ending));
        let into = self.into.as_str().replace(STEM, stem.unwrap_or(archive.as_str()));
        Ok(Self { into: RelPath::parse(&into)?, table: self.table.clone() })
    }
}

/// Stands for the name of an archive.
const STEM: &str = "{stem}";

/// How the names of archives end; of two that fit the longer one first.
const ENDINGS: [&str; 10] =
    [".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tar", ".zip", ".7z", ".gz", ".bz2"];

/// How hard a dataset is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessClass {
    /// No step at all.
    Open,
    /// An account.
    Registered,
    /// An agreement.
    Agreement,
    /// An application, training, approval or manual step.
    Application,
}

impl Dataset {
    /// Reads an entry. Fails with the place of what breaks the format.
    pub fn read(name: &str, text: &str, origin: &str) -> Result<Self, BrokenFile> {
        let document = Document::open(name, text).map_err(|finding| BrokenFile::unopened(name, text, finding))?;
        let mut entry: Entry = document.read().map_err(|finding| BrokenFile::unopened(name, text, finding))?;
        let mut inspection = Inspection::new(&document);
        let root = At::root();
        let id = inspection.accept(&root.key("id"), "id", DatasetId::from_str(&entry.id));
        let list = root.key("release");
        let written = std::mem::take(&mut entry.release);
        if written.is_empty() {
            inspection.key_error(&root.key("id"), "no-release", "the entry has no release");
        }
        let releases: Vec<Option<Release>> = written
            .into_iter()
            .enumerate()
            .map(|(index, release)| read_release(release, &mut inspection, &list.index(index)))
            .collect();
        let findings = inspection.finish();
        match (id, releases.into_iter().collect::<Option<Vec<_>>>(), BrokenFile::new(&document, findings)) {
            (Some(id), Some(releases), None) => {
                let digest = Digest::sha256(text.as_bytes());
                Ok(Self { id, entry, releases, text: text.to_owned(), digest, origin: origin.to_owned() })
            }
            (_, _, Some(broken)) => Err(broken),
            (_, _, None) => {
                let finding = document.finding("entry", "the entry cannot be read", 0..0);
                Err(BrokenFile::unopened(name, text, finding))
            }
        }
    }

    /// The reference that it is made of, where it is not in the catalogue.
    pub fn reference(&self) -> Option<String> {
        (self.origin == REFERENCE).then(|| self.entry.aliases.first().cloned()).flatten()
    }

    /// Whether a bundle alone had the entry, and nobody here has read it.
    pub fn came_in_bundle(&self) -> bool {
        self.origin == BUNDLE
    }

    /// The licence in the words of its host, where it is not in the catalogue.
    pub fn host_license(&self) -> Option<String> {
        self.reference()?;
        let claim = self.entry.claim.iter().find(|claim| claim.about == "license")?;
        match &claim.value {
            Some(format::Figure::Text(words)) => Some(words.clone()),
            _ => None,
        }
    }

    /// The addresses it is found by: that of the usual lists and its homepage.
    pub fn pages(&self) -> impl Iterator<Item = &str> {
        let listed = self.entry.listed_as.as_ref().map(|listed| listed.url.as_str());
        listed.into_iter().chain(self.entry.homepage.as_deref())
    }

    /// The release that is meant when none is named: the marked one, else the first that is
    /// still served, else the first.
    pub fn default_release(&self) -> &Release {
        let marked = self.releases.iter().find(|release| release.default);
        marked.or_else(|| self.releases.iter().find(|release| !release.withdrawn)).unwrap_or(&self.releases[0])
    }

    /// How hard its default release is to get.
    pub fn access_class(&self) -> AccessClass {
        let release = self.default_release();
        let variant = release.default_variant().map(|variant| variant.name.as_str());
        let channel =
            release.sources.iter().find(|source| source.serves(variant)).map(|source| source.channel.as_str());
        let class = |kind| match kind {
            RequirementKind::Account => AccessClass::Registered,
            RequirementKind::Agreement => AccessClass::Agreement,
            _ => AccessClass::Application,
        };
        let steps = self.entry.requires.iter().filter(|one| one.applies(&release.version, variant, channel));
        let hardest = steps.map(|one| class(one.kind)).max().unwrap_or(AccessClass::Open);
        if self.entry.distribution.is_some() { AccessClass::Application } else { hardest }
    }
}

impl Release {
    /// The variant that is meant when none is named.
    pub fn default_variant(&self) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.default).or(self.variants.first())
    }
}

impl format::Requirement {
    /// Whether the step must be taken for a release, variant and source.
    pub fn applies(&self, version: &str, variant: Option<&str>, channel: Option<&str>) -> bool {
        let named = |names: &[String], name: Option<&str>| {
            names.is_empty() || name.is_some_and(|name| names.iter().any(|one| one == name))
        };
        named(&self.versions, Some(version)) && named(&self.variants, variant) && named(&self.channels, channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_may_be_named_after_its_archive() {
        #[track_caller]
        fn check(into: &str, archive: &str, expected: &str) {
            let rules = UnpackRules { into: RelPath::parse(into).unwrap(), table: UnpackTable::default() };
            let path = RelPath::parse(archive).unwrap();
            assert_eq!(rules.of_archive(&path).unwrap().into.as_str(), expected, "{into} {archive}");
        }
        check("data/{stem}", "cases.zip", "data/cases");
        check("data/{stem}", "2024/cases.tar.gz", "data/2024/cases");
        check("data/{stem}", "v1.2.zip", "data/v1.2");
        check("data/{stem}", "cases", "data/cases");
        check("data/all", "cases.zip", "data/all");
    }
}
