//! `ledger` and what stands below it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `medsets ledger`
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Show the entries
    Show(LedgerShowArgs),
    /// Check that no entry was changed, removed, moved or added
    Verify(LedgerVerifyArgs),
    /// Make an extract that can be checked
    Export(LedgerExportArgs),
}

/// `medsets ledger show`
#[derive(Debug, Args)]
pub struct LedgerShowArgs {
    /// Only entries of this dataset
    pub dataset: Option<String>,
}

/// `medsets ledger verify`
#[derive(Debug, Args)]
pub struct LedgerVerifyArgs {
    /// A head that was noted elsewhere; the ledger must contain it
    #[arg(long, value_name = "HASH")]
    pub head: Option<String>,
    /// Set a torn last line aside
    #[arg(long)]
    pub repair: bool,
}

/// `medsets ledger export`
#[derive(Debug, Args)]
pub struct LedgerExportArgs {
    /// Only entries of these datasets
    pub datasets: Vec<String>,
    /// Form of the extract
    #[arg(long, value_enum, default_value_t = ExtractFormat::Json)]
    pub format: ExtractFormat,
    /// Mask names, addresses, accounts and machines, and leave notes out
    #[arg(long)]
    pub mask: bool,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Form of a ledger extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExtractFormat {
    /// With the hashes that prove it
    Json,
    /// For a spreadsheet
    Csv,
    /// For a reader
    Html,
}
