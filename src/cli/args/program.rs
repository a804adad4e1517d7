//! `config`, `completions`, `man` and `schema`: about the program itself.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `medsets config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the value of a setting
    Get {
        /// The setting
        key: String,
    },
    /// Change a setting in the user's file; without a value, remove it there
    Set {
        /// The setting
        key: String,
        /// The value
        value: Option<String>,
    },
    /// List every setting with its value and where that comes from
    List,
    /// Print where the user's file is
    Path,
}

/// `medsets completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// `medsets man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for one page per command; the main page on standard output when absent
    pub dir: Option<PathBuf>,
}

/// `medsets schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Such as `catalog`, `receipt`, `event` or `fetch`; all names when absent
    pub name: Option<String>,
}
