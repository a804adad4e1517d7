//! An entry as it is written: the shapes of `docs/catalogue.md`, key by key.
//!
//! Descriptive tables are used as they are; releases are converted into
//! [`dataset`](super::dataset) types, where paths, digests and hosts are checked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::value::Datetime;

use crate::licenses::terms::Confidence;

/// A dataset's entry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// The name users type; equals the file stem.
    pub id: String,
    /// SHA-256 of this file without this line, where its author sealed it.
    pub entry_sha256: Option<String>,
    /// The publisher's own name.
    pub title: String,
    /// Other names people search for.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it is, one sentence.
    pub summary: String,
    /// The publisher's page.
    pub homepage: Option<String>,
    /// Who keeps it.
    pub maintainer: Maintainer,
    /// More words for search.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Kind of data.
    #[serde(default)]
    pub modality: Vec<String>,
    /// Part of the body.
    #[serde(default)]
    pub anatomy: Vec<String>,
    /// What it is for.
    #[serde(default)]
    pub task: Vec<String>,
    /// File formats.
    #[serde(default)]
    pub format: Vec<String>,
    /// How common lists name it.
    pub listed_as: Option<ListedAs>,
    /// How it is handed out, where a program may not fetch it.
    pub distribution: Option<Distribution>,
    /// How many of what.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// Statements that can go stale.
    #[serde(default)]
    pub claim: Vec<Claim>,
    /// What common lists get wrong.
    #[serde(default)]
    pub correction: Vec<Correction>,
    /// What a person must do, in order.
    #[serde(default)]
    pub requires: Vec<Requirement>,
    /// Releases, newest first.
    pub release: Vec<ReleaseEntry>,
    /// Roles of what lies under `data/`.
    #[serde(default)]
    pub layout: Layout,
    /// How to cite it.
    pub citation: Option<MainCitation>,
    /// De-identification, bias, faults.
    #[serde(default)]
    pub ethics: Ethics,
    /// Other datasets.
    #[serde(default)]
    pub related: RelatedLists,
}

/// Who keeps a dataset.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintainer {
    /// Name of the people or institution.
    pub name: String,
    /// E-mail address or page.
    pub contact: Option<String>,
}

/// How common lists name a dataset.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedAs {
    /// The address they give.
    pub url: String,
    /// What they say of it.
    pub claim: Option<String>,
    /// Whether that holds.
    pub holds: Option<Holds>,
    /// What is different.
    pub note: Option<String>,
}

/// Whether a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Holds {
    /// It does.
    #[serde(rename = "yes")]
    Yes,
    /// Partly.
    #[serde(rename = "in part")]
    InPart,
    /// It does not.
    #[serde(rename = "no")]
    No,
}

/// How a dataset is handed out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// By hand, or not at all.
    pub kind: DistributionKind,
    /// Why.
    pub reason: Option<String>,
    /// What a person does instead.
    pub instead: Option<String>,
}

/// How a dataset that no program may fetch is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DistributionKind {
    /// A person downloads it, then imports it.
    ByHand,
    /// Nobody distributes it.
    None,
}

/// A statement that can go stale.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The key or subject.
    pub about: String,
    /// The statement, where no key holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Figure>,
    /// What was read.
    pub source: String,
    /// When.
    #[schemars(with = "String")]
    pub read: Datetime,
    /// How sure.
    pub confidence: Confidence,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A text or a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Figure {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// What common lists get wrong.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Correction {
    /// What they say.
    pub claim: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_in: Option<String>,
    /// What is true.
    pub truth: String,
    /// What was read.
    pub source: String,
    /// When.
    #[schemars(with = "String")]
    pub read: Datetime,
    /// How sure.
    pub confidence: Confidence,
}

/// A step a person must take.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requirement {
    /// What kind of step.
    pub kind: RequirementKind,
    /// Unique in the entry.
    pub id: String,
    /// One line, imperative.
    pub title: Option<String>,
    /// Where it is done.
    pub page: Option<String>,
    /// For accounts: the host whose stored credential counts.
    pub provider: Option<String>,
    /// For agreements: the text that is accepted.
    pub license: Option<String>,
    /// For training and approvals: `1095 days`.
    pub valid_for: Option<String>,
    /// How long it usually takes.
    pub usual_wait: Option<String>,
    /// What it costs.
    pub fee: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// Only by these sources.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Only for these variants.
    #[serde(default)]
    pub variants: Vec<String>,
    /// Only for these releases.
    #[serde(default)]
    pub versions: Vec<String>,
}

/// What kind of step a requirement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RequirementKind {
    /// An account with a host.
    Account,
    /// A text to accept.
    Agreement,
    /// A course.
    Training,
    /// An application.
    Application,
    /// A permission.
    Approval,
    /// A payment.
    Fee,
    /// Something only a person can do.
    Manual,
}

/// A release as it is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReleaseEntry {
    /// As the publisher writes it.
    pub version: String,
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: Option<String>,
    /// DOI of the data.
    pub doi: Option<String>,
    /// Whether it is meant when no release is named.
    #[serde(default)]
    pub default: bool,
    /// Licence expression.
    pub license: Option<String>,
    /// Terms of parts.
    #[serde(default)]
    pub license_parts: BTreeMap<String, String>,
    /// Rough size of the download.
    pub size_about: Option<String>,
    /// Rough size on disk.
    pub unpacked_about: Option<String>,
    /// No longer served.
    #[serde(default)]
    pub withdrawn: bool,
    /// More about it.
    pub note: Option<String>,
    /// Variants.
    #[serde(default)]
    pub variant: Vec<VariantEntry>,
    /// Where the bytes are; the first is the default.
    #[serde(default)]
    #[schemars(with = "Vec<super::source::SourceSchema>")]
    pub source: Vec<toml::Table>,
    /// Files.
    #[serde(default)]
    pub file: Vec<FileTable>,
    /// Rules for files that the host lists.
    #[serde(default)]
    pub rule: Vec<RuleTable>,
}

/// A variant as it is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VariantEntry {
    /// The name users type behind `:`.
    pub name: String,
    /// Whether it is meant when none is named.
    #[serde(default)]
    pub default: bool,
    /// What it is called.
    pub title: Option<String>,
    /// Licence expression.
    pub license: Option<String>,
    /// Rough size of the download.
    pub size_about: Option<String>,
    /// Rough size on disk.
    pub unpacked_about: Option<String>,
    /// How many of what.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// More about it.
    pub note: Option<String>,
}

/// One text or a list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// Nothing said: all.
    #[default]
    #[serde(skip)]
    All,
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Names {
    /// Whether `name` is meant. Nothing said means all.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }

    /// The names that are said.
    pub fn said(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// A file as it is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileTable {
    /// Which variants it belongs to.
    #[serde(default)]
    pub variant: Names,
    /// By which sources it comes.
    #[serde(default)]
    pub channel: Names,
    /// Its name at the publisher.
    pub path: String,
    /// A handle for selections.
    pub group: Option<String>,
    /// Exact bytes.
    pub size: Option<u64>,
    /// Rough size.
    pub size_about: Option<String>,
    /// SHA-256.
    pub sha256: Option<String>,
    /// SHA-1.
    pub sha1: Option<String>,
    /// MD5.
    pub md5: Option<String>,
    /// CRC-32C.
    pub crc32c: Option<String>,
    /// Git blob id.
    pub git_blob: Option<String>,
    /// Licence expression.
    pub license: Option<String>,
    /// Where it is, by channel.
    #[serde(default)]
    pub at: BTreeMap<String, LocatorTable>,
    /// Where it goes.
    pub into: Option<String>,
    /// How its members come out. Boxed: most files have none, and a dataset may name many.
    pub unpack: Option<Box<UnpackTable>>,
    /// What it is to the dataset.
    pub role: Option<RoleWord>,
    /// Whether no program can have it.
    #[serde(default)]
    pub manual: bool,
    /// More about it.
    pub note: Option<String>,
}

/// Where a file is at one source.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LocatorTable {
    /// A whole address.
    pub url: Option<String>,
    /// Other addresses of the same bytes.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// Below the source's base.
    pub path: Option<String>,
    /// Box's static link.
    #[serde(rename = "static")]
    pub static_link: Option<String>,
    /// The host's number of the file.
    pub file_id: Option<String>,
    /// Synapse entity.
    pub entity: Option<String>,
    /// Key in an object store.
    pub key: Option<String>,
}

/// What a file is to the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleWord {
    /// A picture or volume.
    Image,
    /// Running text.
    Text,
    /// Rows.
    Table,
    /// Masks, boxes, marks.
    Annotation,
    /// About the dataset.
    Doc,
}

/// How an archive's members come out.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UnpackTable {
    /// Format; told by the name when absent.
    pub format: Option<String>,
    /// `none`, `auto`, or a number of levels.
    pub strip: Option<StripWord>,
    /// Where they go.
    pub into: Option<String>,
    /// What goes below another folder.
    #[serde(default)]
    pub under: Vec<UnderTable>,
    /// Junk.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Nothing else.
    #[serde(default)]
    pub only: Vec<String>,
    /// Archives inside.
    #[serde(default)]
    pub nested: Vec<String>,
    /// How many files come out.
    pub members: Option<u64>,
    /// How many bytes come out.
    pub unpacked_size: Option<u64>,
    /// Whether links that stay inside are allowed.
    #[serde(default)]
    pub links: bool,
    /// Reserved names it is known to hold.
    #[serde(default)]
    pub names: Vec<String>,
    /// Label of the Encoding Standard for names that are not UTF-8.
    pub encoding: Option<String>,
    /// `from-user`: members are encrypted.
    pub password: Option<FromUser>,
    /// Further parts of a split archive.
    #[serde(default)]
    pub parts: Vec<String>,
}

/// Something only the person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum FromUser {
    /// Asked for.
    #[serde(rename = "from-user")]
    FromUser,
}

/// How many folders in front of a name are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StripWord {
    /// That many.
    Levels(u8),
    /// `none` or `auto`.
    Word(String),
}

/// What goes below another folder.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnderTable {
    /// Which members.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The folder.
    pub to: String,
}

/// A rule for files that the host lists.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RuleTable {
    /// Which files.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Which variants they belong to.
    #[serde(default)]
    pub variant: Names,
    /// A handle for selections.
    pub group: Option<String>,
    /// Where they go.
    pub into: Option<String>,
    /// How their members come out.
    pub unpack: Option<UnpackTable>,
    /// Licence expression.
    pub license: Option<String>,
    /// What they are to the dataset.
    pub role: Option<RoleWord>,
    /// Whether they are left out.
    #[serde(default)]
    pub skip: bool,
}

/// Globs below `data/`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Pictures and volumes.
    #[serde(default)]
    pub image: Vec<String>,
    /// Running text.
    #[serde(default)]
    pub text: Vec<String>,
    /// Rows.
    #[serde(default)]
    pub table: Vec<String>,
    /// Masks, boxes, marks.
    #[serde(default)]
    pub annotation: Vec<String>,
    /// About the dataset.
    #[serde(default)]
    pub doc: Vec<String>,
}

/// The work to cite, with further ones.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct MainCitation {
    /// The work itself.
    #[serde(flatten)]
    pub work: Citation,
    /// Works that must be cited too.
    #[serde(default)]
    pub also: Vec<Citation>,
    /// A sentence the terms require, in our words.
    pub acknowledgement: Option<String>,
}

/// A work.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
pub struct Citation {
    /// Citation key.
    pub key: String,
    /// BibTeX entry type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `Family, Given`, or an organisation; `others` where the source cuts the list short.
    #[serde(default)]
    pub authors: Vec<String>,
    /// Title.
    pub title: String,
    /// Year.
    pub year: Option<u16>,
    /// Journal.
    pub journal: Option<String>,
    /// Proceedings.
    pub booktitle: Option<String>,
    /// Volume.
    pub volume: Option<String>,
    /// Number.
    pub number: Option<String>,
    /// Pages.
    pub pages: Option<String>,
    /// Publisher.
    pub publisher: Option<String>,
    /// DOI without address.
    pub doi: Option<String>,
    /// arXiv id.
    pub arxiv: Option<String>,
    /// Address.
    pub url: Option<String>,
}

/// De-identification, bias, faults.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ethics {
    /// How and by whom.
    pub deidentification: Option<String>,
    /// Consent or waiver.
    pub consent: Option<String>,
    /// Known bias.
    #[serde(default)]
    pub known_bias: Vec<String>,
    /// Known faults.
    #[serde(default)]
    pub known_issues: Vec<String>,
}

/// Other datasets.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RelatedLists {
    /// What it is made from.
    #[serde(default)]
    pub derived_from: Vec<Related>,
    /// What shares data with it.
    #[serde(default)]
    pub overlaps: Vec<Related>,
    /// What else to look at.
    #[serde(default)]
    pub see_also: Vec<Related>,
}

/// Another dataset.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Related {
    /// Its id.
    Id(String),
    /// Its id and how it is related.
    Noted {
        /// Its id.
        id: String,
        /// How.
        note: Option<String>,
    },
}

impl Related {
    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Noted { id, .. } => id,
        }
    }

    /// How it is related.
    pub fn note(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Noted { note, .. } => note.as_deref(),
        }
    }
}

/// Sets usable wherever an id is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionTable {
    /// What it is.
    pub title: String,
    /// Ids.
    pub datasets: Vec<String>,
}
