//! `bundle` and `unbundle`.

use std::path::PathBuf;

use clap::Args;

/// `medsets bundle`
#[derive(Debug, Args)]
pub struct BundleArgs {
    /// Datasets; all that are here without any
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub datasets: Vec<String>,
    /// Where the bundle goes, such as `lung.medsets.tar.zst`; `-` is standard output
    #[arg(short, long, value_name = "FILE", required_unless_present = "check")]
    pub output: Option<PathBuf>,
    /// Let the extract of the ledger name people; without it names are masked
    #[arg(long)]
    pub with_ledger: bool,
    /// Put the project file and the lock into it
    #[arg(long)]
    pub project: bool,
    /// Prove every byte of this bundle (`-` is standard input), and write nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["datasets", "output", "with_ledger", "project"])]
    pub check: Option<PathBuf>,
    /// Show what would be in it, and write nothing
    #[arg(long, conflicts_with = "check")]
    pub dry_run: bool,
}

/// `medsets unbundle`
#[derive(Debug, Args)]
pub struct UnbundleArgs {
    /// The bundle; `-` is standard input
    pub file: PathBuf,
    /// Use this folder as the data folder for this run
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Only this dataset of it (may be repeated)
    #[arg(long, value_name = "ID[@VER][:VARIANT]")]
    pub only: Vec<String>,
    /// Only write entries, licences, texts of agreements, ledger extract and project files into
    /// this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["to", "only"])]
    pub about: Option<PathBuf>,
    /// Take this file of a release though whoever made the bundle took other bytes than the
    /// catalogue's (may be repeated)
    #[arg(long, value_name = "FILE", requires = "reason")]
    pub accept_changed: Vec<String>,
    /// Why other bytes are taken; it stands in the receipt and the ledger
    #[arg(long, value_name = "TEXT", requires = "accept_changed", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reason: Option<String>,
    /// Prove every byte and show what would be done
    #[arg(long)]
    pub dry_run: bool,
}
