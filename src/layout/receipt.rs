//! The receipt: who has what, from where, under which terms, and since when.
//!
//! Written as pretty JSON into `.medsets/receipt.json`. Unknown fields are ignored when read,
//! so that an older program can read a newer receipt of the same schema number. Receipts of
//! schema 1, which held the list of the release's files, are read and stay as they are.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::selection::slug;
use crate::fs::{self, Access};
use crate::values::{ByteSize, Choice, DatasetId, DatasetName, Digest, Printable, RelPath, SafeUrl};

use super::dirs::DatasetDir;
use super::error::LayoutError;
use super::listed::Listed;
use super::proof::Proof;

/// The record of one fetched or imported dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// `medsets/receipt/2`, or 1 where an earlier medsets wrote it.
    pub schema: String,
    /// Which dataset.
    pub dataset: DatasetId,
    /// The reference that it was fetched by, where it is not in the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Its title when it was fetched.
    pub title: String,
    /// Release.
    pub version: String,
    /// Variant, where the release has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What of it is here.
    pub selection: Selection,
    /// How it came.
    pub means: Means,
    /// When it was whole.
    pub completed: Timestamp,
    /// Who did it.
    pub by: Person,
    /// With which program.
    pub tool: Tool,
    /// By which catalogue entry.
    pub catalog: CatalogMark,
    /// From which host.
    pub source: SourceMark,
    /// Under which terms.
    pub license: LicenseMark,
    /// How many files lie under `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// SHA-256 of `manifest.sha256`: the name of this very tree.
    pub tree: Digest,
    /// The release's own files as they came, archives included.
    pub listed: Listed,
    /// Archives of which only some members are here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partial: Vec<PartialMark>,
    /// Member names, bytes or choices a person should know of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why other bytes than the catalogue's were taken, where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whose copy it was, where it came in a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<BroughtMark>,
    /// The ledger's head after this was entered. Absent only until the entry is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerMark>,
}

/// How a dataset came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// By download.
    Fetch,
    /// From files a person had.
    Import,
    /// From files that lie where a person put them, and stay there.
    Adopt,
    /// Out of a bundle that was made on another machine.
    Bundle,
}

/// What part of a dataset is here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Whether all of it is.
    pub whole: bool,
    /// What was asked for.
    #[serde(flatten)]
    pub choice: Choice,
    /// Whether archives were left as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub packed: bool,
}

impl Selection {
    /// The part that is asked for by a choice.
    pub fn asked(choice: &Choice, packed: bool) -> Self {
        Self { whole: choice.is_everything(), choice: choice.clone(), packed }
    }

    /// Whether everything that is asked for is in this part.
    pub fn covers(&self, asked: &Self) -> bool {
        self == asked || (self.packed == asked.packed && (self.whole || self.choice.covers(&asked.choice)))
    }

    /// This part with an earlier one that stays beside it, where both can be named together.
    #[must_use]
    pub fn beside(mut self, earlier: Self) -> Self {
        if !self.whole && self.packed == earlier.packed {
            self.choice = self.choice.beside(earlier.choice);
        }
        self
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Account on the machine.
    pub os_user: String,
    /// The machine.
    pub host: String,
    /// Name, where the configuration gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `medsets`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The catalogue entry that was followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogMark {
    /// Digest of the whole catalogue.
    pub digest: Digest,
    /// Digest of the entry's text.
    pub entry: Digest,
    /// `embedded`, or the overlay file's name.
    pub origin: String,
}

/// The host the bytes came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceMark {
    /// The entry's channel: the same bytes can carry other terms by another.
    pub channel: String,
    /// The kind of host.
    pub provider: String,
    /// The team's mirror that the bytes came by in the place of that host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
}

/// The terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenseMark {
    /// SPDX expression for this channel.
    pub expression: String,
    /// In the host's own words, where the dataset is not in the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// The acceptances this rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<AcceptedMark>,
}

/// An acceptance in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedMark {
    /// The licence or agreement.
    pub license: String,
    /// The normalised text that was accepted.
    pub text_sha256: Digest,
    /// Sequence number of the ledger entry.
    pub sequence: u64,
}

/// An archive of which only some members were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialMark {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Size of the whole archive.
    pub size: ByteSize,
    /// SHA-256 of its directory: names, sizes and CRC-32 of all members.
    pub directory_sha256: Digest,
    /// The globs that chose the members.
    pub members: Vec<String>,
    /// How many files they are.
    pub files: u64,
    /// What proved them. Each has the CRC-32 of the directory, which nothing published proves.
    pub verified: Proof,
    /// Where it was asked for, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
}

/// The copy that a bundle was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroughtMark {
    /// SHA-256 of the bundle's index, which names every byte of it.
    pub index: Digest,
    /// SHA-256 of the receipt in it.
    pub receipt_sha256: Digest,
    /// SHA-256 of the entry that the bundle alone had, kept as `entry.toml`: it speaks for the
    /// dataset as long as the person's own catalogue knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Digest>,
    /// SHA-256 of the extract of that person's ledger, kept with the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extract: Option<Digest>,
    /// Who had that copy.
    pub by: Person,
    /// How that copy came.
    pub means: Means,
    /// When that copy was whole.
    pub completed: Timestamp,
    /// The head of that person's ledger then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerMark>,
}

/// The ledger's head when this receipt was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerMark {
    /// Which ledger.
    pub id: String,
    /// Sequence number of the entry.
    pub sequence: u64,
    /// Its hash.
    pub hash: Digest,
}

impl Receipt {
    /// The schema's present name.
    pub const SCHEMA: &'static str = "medsets/receipt/2";

    /// The one before, whose receipts hold the list of files.
    const BEFORE: &'static str = "medsets/receipt/1";

    /// Reads the receipt of a dataset folder; `None` where there is none.
    pub fn read(dir: &DatasetDir) -> Result<Option<Self>, LayoutError> {
        let path = dir.receipt_path();
        if dir.has_a_file_for_records()? {
            return Ok(None);
        }
        let Some(text) = fs::read_regular_text_if_present(&path)? else { return Ok(None) };
        let failed = |line, reason| LayoutError::Record { path: path.clone(), line, reason };
        if text.trim().is_empty() {
            return Err(LayoutError::NoRecord { path });
        }
        let fault = match serde_json::from_str::<Self>(&text) {
            Ok(receipt) if receipt.is_known() => return Ok(Some(receipt)),
            Ok(receipt) => failed(1, format!("schema `{}` is not `{}`", receipt.schema, Self::SCHEMA)),
            Err(error) => failed(error.line(), error.to_string()),
        };
        Err(later(&text).map_or(fault, |what| LayoutError::Newer { path, what }))
    }

    /// The name in full of the dataset that it speaks of.
    pub fn name(&self) -> DatasetName<'_> {
        DatasetName::of(&self.dataset, &self.version, self.variant.as_deref())
    }

    /// Whether a folder has the name of the dataset that it speaks of.
    pub fn is_of(&self, dir: &DatasetDir) -> bool {
        dir.name() == format!("{}@{}", self.dataset, slug(&self.version, self.variant.as_deref()))
    }

    /// SHA-256 of the receipt of a dataset folder as it lies there.
    pub fn digest_of(dir: &DatasetDir) -> Result<Digest, LayoutError> {
        Ok(fs::read(&dir.receipt_path(), LARGEST).map(|bytes| Digest::sha256(&bytes))?)
    }

    /// Whether its schema is one that this version reads.
    pub fn is_known(&self) -> bool {
        [Self::SCHEMA, Self::BEFORE].contains(&self.schema.as_str())
    }

    /// The bytes as written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LayoutError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| LayoutError::Record {
            path: "receipt.json".into(),
            line: error.line(),
            reason: error.to_string(),
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Replaces the receipt of a dataset folder in one step.
    pub fn write(&self, dir: &DatasetDir, access: Access) -> Result<Digest, LayoutError> {
        let bytes = self.to_bytes()?;
        fs::atomic_write(&dir.receipt_path(), &bytes, access)?;
        Ok(Digest::sha256(&bytes))
    }
}

/// What only a later version can have written into a receipt: its schema, or a way by which the dataset
/// came that this one does not know.
fn later(text: &str) -> Option<String> {
    let receipt: Value = serde_json::from_str(text).ok()?;
    let number = |schema: &str| schema.strip_prefix("medsets/receipt/")?.parse::<u32>().ok();
    let schema = receipt.get("schema")?.as_str()?;
    if number(schema)? > number(Receipt::SCHEMA)? {
        return Some(format!("`{schema}`"));
    }
    let mut means = ["/means", "/brought/means"].iter().filter_map(|at| receipt.pointer(at)?.as_str());
    let unknown = means.find(|one| serde_json::from_value::<Means>(Value::from(*one)).is_err())?;
    Some(format!("`means` is `{}`", Printable::new(unknown)))
}

/// The largest receipt that is read, in bytes: 64 MiB.
const LARGEST: u64 = 64 << 20;
