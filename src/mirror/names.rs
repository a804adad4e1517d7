//! What the objects of a mirror are called (`docs/formats.md`).
//!
//! ```text
//! objects/sha256/ab/<hex>                     one file, by its digest
//! datasets/<id>/<slug>/<tree>/                one dataset, by the digest of its manifest
//!     manifest.sha256 entry.toml
//!     files-<hex>.jsonl listed-<hex>.jsonl    by their own digests
//!     mirror.json                             written last; says which of them it means
//! ```
//!
//! The manifest is named by its tree, and the others by themselves, so none is ever replaced by
//! another: whoever has read `mirror.json` finds what it speaks of, while somebody else sends
//! another state of the same tree. An earlier medsets wrote `files.jsonl` and `listed.jsonl`.

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

/// A record of a tree that may have several states: `files.jsonl` as `files-<hex>.jsonl`.
pub fn of_state(kind: &str, sha256: &Digest) -> String {
    let (stem, ending) = kind.split_once('.').unwrap_or((kind, ""));
    format!("{stem}-{}.{ending}", sha256.hex())
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
