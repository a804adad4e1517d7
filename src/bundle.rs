//! One file with datasets and all they rest on, for a machine without a network.
//!
//! ```text
//! one zstd frame (with its checksum) around one tar:
//!   bundle.json                      the format, and what the index must be
//!   index.jsonl                      path, size and SHA-256 of every member that follows
//!   about/catalog/<id>.toml          the entries
//!   about/contents.json              the datasets, and which text is whose
//!   about/ledger.json                an extract of the ledger
//!   about/licenses/<id>.toml         the licences
//!   about/project/...                project file and lock
//!   about/texts/<sha256>             texts of agreements
//!   datasets/<id>/<slug>/...         dataset folders: records first, then files
//! ```
//!
//! The index comes first and in the order of bytes, so that one pass writes the file and one pass
//! reads and proves it: each member must be the next of the index, no longer and no shorter, and
//! its bytes must have the digest that stands there. The index is pinned by the head. Members are
//! regular files alone; their names follow the rules of all paths of ours.
//!
//! The same input gives the same bytes: headers carry no times, owners or modes. Any `tar` that
//! knows zstd unpacks it. What the members mean is for `ops`.

pub mod error;
pub mod format;
pub mod index;
pub mod read;
pub mod write;

mod block;

pub use error::BundleError;
pub use format::{Bundled, BundledText, Contents, Head};
pub use index::{Index, IndexBuilder, Line, PackedText};
pub use read::BundleReader;
pub use write::BundleWriter;
