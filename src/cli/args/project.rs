//! `init`, `add`, `drop`, `diff` and `outdated`.

use std::path::PathBuf;

use clap::Args;

/// `medsets init`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  medsets init\n  medsets init lung --name lung-nodules")]
pub struct InitArgs {
    /// The project's folder, made where it is not there; the working folder when absent
    pub dir: Option<PathBuf>,
    /// The project's name; the folder's name when absent
    #[arg(long)]
    pub name: Option<String>,
    /// Show the file that would be made, and make nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `medsets add`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  medsets add medquad\n  medsets add medquad --include '*.csv'\n  medsets add zenodo:8333645"
)]
pub struct AddArgs {
    /// Datasets, collections or references; one that is there already is changed
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// Take it from this source (channel) of the entry
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Only this part of the release, by the name that `info` shows (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub subset: Vec<String>,
    /// Only these files of the release: globs over their paths at the publisher and their groups (may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Not these files of the release (glob, may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Only these members of the release's zip archives: globs over the members' names (may be
    /// repeated; `--include` names the archives)
    #[arg(long, value_name = "GLOB")]
    pub members: Vec<String>,
    /// Only files under one of these licences, in any case, such as `cc-by-4.0,CC0-1.0`
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub license: Vec<String>,
    /// All files, whatever the file chose before
    #[arg(long, conflicts_with_all = ["subset", "include", "exclude", "members", "license"])]
    pub whole: bool,
    /// Print the file as it would be, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `medsets drop`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  medsets drop medquad")]
pub struct DropArgs {
    /// Datasets of the project
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// Print the file as it would be, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `medsets diff`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  medsets diff mimic-cxr 2.0.0 2.1.0\n  medsets diff mimic-cxr 2.0.0 2.1.0 --exit-code"
)]
pub struct DiffArgs {
    /// The dataset
    #[arg(value_name = "ID[@VER]")]
    pub dataset: String,
    /// A release, or a variant: `VER`, `VER:VARIANT` or `:VARIANT`
    #[arg(value_name = "A")]
    pub before: String,
    /// Another one
    #[arg(value_name = "B")]
    pub after: String,
    /// As they come by this source (channel) of the entry
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Show every file
    #[arg(long)]
    pub all: bool,
    /// Exit with 62 when something differs, with 61 when it cannot be told
    #[arg(long)]
    pub exit_code: bool,
}

/// `medsets outdated`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  medsets outdated --exit-code    for CI: 62 where something is outdated")]
pub struct OutdatedArgs {
    /// Exit with 62 when something is outdated
    #[arg(long)]
    pub exit_code: bool,
}
