//! `adopt`.

use std::path::PathBuf;

use clap::Args;

/// `medsets adopt`
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is moved, copied or deleted: records are written, and links where the files lie elsewhere."
)]
pub struct AdoptArgs {
    /// The folder with the data
    pub dir: PathBuf,
    /// What it is; without it everything in the catalogue is tried
    #[arg(long, value_name = "ID[@VER][:VARIANT]")]
    pub dataset: Option<String>,
    /// Which source (channel) of the entry the files came from
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub source: Option<String>,
    /// Take your word for what nothing published proves; every such file is marked
    #[arg(long, requires = "dataset")]
    pub unproven: bool,
    /// Show what was recognised, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How many files are read at once
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
}
