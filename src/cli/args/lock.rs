//! `lock` and `sync`.

use clap::Args;

/// What `--upgrade` without a name stands for.
pub const ALL: &str = "*";

/// `medsets lock`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  medsets lock                      resolve what medsets.toml asks for\n  medsets lock --upgrade=medquad    take what its host and the catalogue have by now\n  medsets lock --check              for CI: 12 where the lock is stale"
)]
pub struct LockArgs {
    /// Resolve what the lock has already anew: all of it, or one dataset (may be repeated)
    #[arg(long, value_name = "ID", num_args = 0..=1, require_equals = true, default_missing_value = ALL,
        value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub upgrade: Vec<String>,
    /// Write nothing; fail with 12 where the lock is missing or not what this command would write
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `medsets sync`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  medsets sync             fetch what is missing, and pin what comes for the first time\n  medsets sync --frozen    the very bytes of the lock, on another machine\n  medsets sync --check     compare only; 62 where the disk differs"
)]
pub struct SyncArgs {
    /// Do not change the lock; fail with 12 where it does not answer `medsets.toml`
    #[arg(long)]
    pub locked: bool,
    /// The same, with a SHA-256 for every file, and neither catalogue nor hosts decide anything
    #[arg(long, conflicts_with = "locked")]
    pub frozen: bool,
    /// Only compare the disk with the lock, by records, sizes and times; 62 where they differ
    #[arg(long, conflicts_with_all = ["prune", "dry_run", "accept_changed"])]
    pub check: bool,
    /// Remove what the lock does not name from the project's data folder: datasets, and files of datasets
    /// of which it asks for less than is here
    #[arg(long)]
    pub prune: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Start even if the disk seems too small
    #[arg(long)]
    pub ignore_space: bool,
    /// Files in work at once
    #[arg(long, value_name = "N")]
    pub jobs: Option<u64>,
    /// Bytes per second for all downloads together, such as `10MB`
    #[arg(long, value_name = "RATE")]
    pub limit_rate: Option<String>,
    /// Take this file of a release although its bytes differ from the lock's (may be repeated; `ID:FILE`
    /// where files of several datasets have the name)
    #[arg(long, value_name = "FILE", requires = "reason", conflicts_with_all = ["locked", "frozen"])]
    pub accept_changed: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", requires = "accept_changed", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reason: Option<String>,
}
