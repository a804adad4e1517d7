//! The project file `medsets.toml`: which datasets a project uses, what it makes of them, and
//! under which policy.
//!
//! It is written by people; what is wrong with it is told with line and caret. Only read here.
//! The form is in `docs/formats.md`.

pub mod format;
pub mod manifest;

pub use format::OutputKind;
pub use manifest::{Manifest, Output, Used};

/// Name of the project file.
pub const FILE: &str = "medsets.toml";
