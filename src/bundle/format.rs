//! The head and the contents of a bundle, as they are written.

use serde::{Deserialize, Serialize};

use crate::values::{ByteSize, DatasetId, Digest, RelPath, SafeUrl};

/// The format that this version reads and writes.
pub const SCHEMA: &str = "medsets/bundle/1";

/// Name of the head in the tar.
pub const HEAD: &str = "bundle.json";

/// Name of the index in the tar.
pub const INDEX: &str = "index.jsonl";

/// Path of the contents.
pub const CONTENTS: &str = "about/contents.json";

/// Path of the extract of the ledger.
pub const LEDGER: &str = "about/ledger.json";

/// The first member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`SCHEMA`].
    pub schema: String,
    /// `medsets` and its version.
    pub tool: String,
    /// What the index must be.
    pub index: IndexPin,
}

/// Which index a bundle has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPin {
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its size.
    pub size: ByteSize,
    /// How many members it names.
    pub members: u64,
    /// The bytes of all of them.
    pub bytes: ByteSize,
}

/// What is in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// In the order of their folders.
    pub datasets: Vec<Bundled>,
    /// The texts of agreements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<BundledText>,
    /// What the extract of the ledger says of people: `masked` or `names`; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// Whether project file and lock are in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub project: bool,
}

/// One dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundled {
    /// Its id.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The name of its folder.
    pub slug: String,
    /// The channel it came by.
    pub channel: String,
    /// Licence expression.
    pub license: String,
    /// Files under `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// SHA-256 of the manifest.
    pub tree: Digest,
    /// SHA-256 of the receipt.
    pub receipt_sha256: Digest,
}

/// The text of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledText {
    /// The licence or agreement.
    pub license: String,
    /// SHA-256 of the bytes, which names the member.
    pub raw_sha256: Digest,
    /// Where it was fetched from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<SafeUrl>,
}

impl Bundled {
    /// Where its members are in the bundle, with a slash at the end.
    pub fn prefix(&self) -> String {
        format!("datasets/{}/{}/", self.id, self.slug)
    }
}

impl BundledText {
    /// Where its bytes are in the bundle.
    pub fn path(&self) -> String {
        format!("about/texts/{}", self.raw_sha256.hex())
    }
}

/// Which part of a bundle a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Something that data rest on: its path below `about/`.
    About(RelPath),
    /// A file of a dataset folder: id and slug, and its path below the folder.
    Dataset(String, RelPath),
}

impl Place {
    /// Reads the path of a member; `None` for one that no bundle has.
    pub fn of(path: &RelPath) -> Option<Self> {
        let (top, rest) = path.as_str().split_once('/')?;
        match top {
            "about" => Some(Self::About(RelPath::parse(rest).ok()?)),
            "datasets" => {
                let mut parts = rest.splitn(3, '/');
                let (id, slug, below) = (parts.next()?, parts.next()?, parts.next()?);
                Some(Self::Dataset(format!("{id}/{slug}"), RelPath::parse(below).ok()?))
            }
            _ => None,
        }
    }
}
