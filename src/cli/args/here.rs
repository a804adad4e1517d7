//! `list`, `status`, `verify`, `path`, `remove`, `du` and `prune`.

use clap::Args;

/// `medsets list`
#[derive(Debug, Args)]
pub struct ListArgs {
    /// List the whole catalogue instead
    #[arg(long)]
    pub available: bool,
}

/// `medsets status`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  medsets status                what is here, and how the lock of the project stands\n  medsets status --exit-code    62 where something differs"
)]
pub struct StatusArgs {
    /// Only this dataset
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: Option<String>,
    /// Exit with 62 when something differs
    #[arg(long)]
    pub exit_code: bool,
}

/// `medsets verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Only this dataset
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: Option<String>,
    /// Compare size and time only
    #[arg(long, group = "mode")]
    pub quick: bool,
    /// Read every byte (default)
    #[arg(long, group = "mode")]
    pub full: bool,
    /// Read every byte of this share of the files, in percent
    #[arg(long, group = "mode", value_name = "PCT")]
    pub sample: Option<f64>,
    /// Fetch again what is damaged, and only that
    #[arg(long)]
    pub repair: bool,
    /// Take this file of the release although the publisher has other bytes by now (may be repeated)
    #[arg(long, value_name = "FILE", requires_all = ["reason", "repair", "dataset"])]
    pub accept_changed: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", requires = "accept_changed", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reason: Option<String>,
}

/// `medsets path`
#[derive(Debug, Args)]
pub struct PathArgs {
    /// Dataset, release and variant
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: String,
    /// Fail when the dataset is not here
    #[arg(long)]
    pub must_exist: bool,
}

/// `medsets remove`
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Dataset, release and variant
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: String,
    /// Remove only the kept archives
    #[arg(long)]
    pub archives_only: bool,
    /// Show what would be removed, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// `medsets du`
#[derive(Debug, Args)]
pub struct DuArgs {
    /// Only this dataset
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: Option<String>,
}

/// `medsets prune`
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// Show what would be removed, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Keep what is unfinished or cached when it was touched since (`s`, `m`, `h`, `d`)
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub older: String,
    /// Remove unfinished datasets too, with all that was downloaded of them
    #[arg(long)]
    pub parts: bool,
}
