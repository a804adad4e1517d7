//! What the objects of a mirror are called (`docs/formats.md`).
//!
//! ```text
//! objects/sha256/ab/<hex>                     one file, by its digest
//! datasets/<id>/<slug>/<tree>/                one dataset, by the digest of its manifest
//!     manifest.sha256 files.jsonl listed.jsonl entry.toml
//!     mirror.json                             written last
//! ```

use crate::values::{DatasetId, Digest};

/// A file.
pub fn object(sha256: &Digest) -> String {
    let hex = sha256.hex();
    format!("objects/sha256/{}/{hex}", &hex[..2])
}

/// All trees of a dataset; `slug` is `<version>[-<variant>]`.
pub fn dataset(id: &DatasetId, slug: &str) -> String {
    format!("datasets/{id}/{slug}")
}

/// One tree of a dataset.
pub fn tree(id: &DatasetId, slug: &str, tree: &Digest) -> String {
    format!("{}/{}", dataset(id, slug), tree.hex())
}

/// What is said of a mirrored dataset.
pub const MARK: &str = "mirror.json";
/// Its manifest.
pub const MANIFEST: &str = "manifest.sha256";
/// Its inventory.
pub const INVENTORY: &str = "files.jsonl";
/// The files of its release.
pub const LISTED: &str = "listed.jsonl";
/// Its entry in the catalogue.
pub const ENTRY: &str = "entry.toml";
