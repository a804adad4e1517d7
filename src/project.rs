//! The project file `medsets.toml`: which datasets a project uses, what it makes of them, and
//! under which policy.
//!
//! It is written by people; what is wrong with it is told with line and caret, and an edit leaves
//! every byte alone that it is not about: texts come in and go out, the file itself is read by the
//! context and written by the operations. The lock beside it, [`lock`], is written by the program.
//! Both forms are in `docs/formats.md`.

pub mod edit;
pub mod format;
pub mod lock;
pub mod manifest;

pub use edit::EditError;
pub use format::{DatasetTable, OutputKind};
pub use lock::{Lock, LockError, Locked, LockedFile, LockedPart};
pub use manifest::{Manifest, MirrorRule, Output, Used};

/// Name of the project file.
pub const FILE: &str = "medsets.toml";
