//! Settings, each with the origin of its value, and what the program was started with.
//!
//! Flag over variable over project file over user file over default. The environment, the
//! clock and the terminal come in here and nowhere else; the library reads none of them.

pub mod config_file;
pub mod environment;
pub mod error;
pub mod keys;
pub mod settings;

pub use config_file::ConfigFile;
pub use environment::Environment;
pub use error::ContextError;
pub use keys::{KEYS, Key};
pub use settings::{Setting, SettingOrigin, Settings};

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::agreements::Ledger;
use crate::catalog::Catalog;
use crate::events::Report;
use crate::fs;
use crate::licenses::Shelf;
use crate::net::Client;
