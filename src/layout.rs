//! The dataset folder: manifest, inventory, staging and commit.
//!
//! ```text
//! <data_dir>/<id>/<version>[-<variant>]/       DatasetDir: what users see, whole or absent
//!     data/ docs/ archives/ README.md TERMS.md CITATION.cff
//!     .medsets/receipt.json listed.jsonl manifest.sha256 files.jsonl
//! <data_dir>/<id>/.<folder>.link.json          LinkMark: what a link in its place is
//! <data_dir>/.medsets-store/                   Store: what is being made
//!     parts/<id>-<slug>/                       Workspace: one unfinished dataset
//!     leases/ tmp/
//! ```
//!
//! A workspace is private to one run (a lease saves work when two start at once); its `stage`
//! becomes the dataset folder by one rename. The layout does not know where files come from.

pub mod adopted;
pub mod check;
pub mod commit;
pub mod dirs;
pub mod error;
pub mod inventory;
pub mod lines;
pub mod link_mark;
pub mod links;
pub mod listed;
pub mod manifest;
pub mod places;
pub mod proof;
pub mod receipt;
pub mod records;
pub mod roles;
pub mod workspace;

pub use adopted::Adopted;
pub use check::{CheckMode, Damage};
pub use dirs::{DatasetDir, Store};
pub use error::LayoutError;
pub use inventory::{FileRecord, Origin, RecordKind};
pub use link_mark::{LinkKind, LinkMark};
pub use links::LinkJudge;
pub use listed::{ListPin, ListWriter, Listed, ListedMark};
pub use places::{Place, places};
pub use proof::{DigestSource, KnownDigest, Proof};
pub use receipt::{Means, Receipt};
pub use records::Records;
pub use roles::{Role, RoleRules};
pub use workspace::{Finished, FinishedKind, Workspace};
