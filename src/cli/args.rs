//! The command line: the doc comments here and below are the help.
//!
//! This file has what every command takes and the list of commands, the files below it the
//! arguments of one group of commands.

mod access;
mod adopt;
mod audit;
mod auth;
mod bundle;
mod catalogue;
mod cluster;
mod export;
mod fetch;
mod here;
mod ledger;
pub mod lock;
mod mirror;
mod program;
mod project;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use access::{
    AcceptArgs, AccessArgs, AccessCommand, GrantArgs, OpenArgs, PlanArgs, PlanFormat, ProbeArgs, WithdrawArgs,
};
pub use adopt::AdoptArgs;
pub use audit::{AuditArgs, AuditFormat, DutiesArgs, WhyArgs};
pub use auth::{AuthCommand, AuthStatusArgs, LoginArgs};
pub use bundle::{BundleArgs, UnbundleArgs};
pub use catalogue::{AccessWord, CatalogCommand, CiteArgs, CiteFormat, InfoArgs, LintArgs, SearchArgs};
pub use cluster::{KubernetesArgs, SlurmArgs, SplitArgs};
pub use export::{ExportArgs, ExportFormat};
pub use fetch::{FetchArgs, ImportArgs};
pub use here::{DuArgs, ListArgs, PathArgs, PruneArgs, RemoveArgs, StatusArgs, VerifyArgs};
pub use ledger::{ExtractFormat, LedgerCommand, LedgerExportArgs, LedgerShowArgs, LedgerVerifyArgs};
pub use lock::{LockArgs, SyncArgs};
pub use mirror::{MirrorCheckArgs, MirrorCommand, MirrorPullArgs, MirrorPushArgs};
pub use program::{CompletionsArgs, ConfigCommand, ManArgs, SchemaArgs};
pub use project::{AddArgs, DiffArgs, DropArgs, InitArgs, OutdatedArgs};

/// Get medical datasets the right way: checked access, recorded agreements, verified bytes.
#[derive(Debug, Parser)]
#[command(name = "medsets", version, disable_version_flag = true, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Start with `medsets search WORD`, then `medsets info ID` and `medsets fetch ID`.")]
pub struct Arguments {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct GlobalArgs {
    /// Print one JSON document on standard output instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Write what happens as lines of JSON to a file, or to standard output with `-`
    #[arg(long, global = true, value_name = "FILE|-")]
    pub events: Option<String>,
    /// Print only the result
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Never ask; fail where an answer is needed
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Never use the network
    #[arg(long, global = true)]
    pub offline: bool,
    /// Lay a folder of entries over the built-in catalogue (may be repeated)
    #[arg(long, global = true, value_name = "DIR")]
    pub catalog: Vec<PathBuf>,
    /// Keep datasets in this folder
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print version
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,
}

/// Everything medsets does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Search the catalogue
    Search(SearchArgs),
    /// Show all that is known of a dataset
    Info(InfoArgs),
    /// Fetch datasets: check access, download, verify, unpack, record
    #[command(aliases = ["download", "get"])]
    Fetch(FetchArgs),
    /// Print jobs for SLURM that fetch datasets together
    Slurm(SlurmArgs),
    /// Print jobs for Kubernetes that fetch datasets together
    K8s(KubernetesArgs),
    /// Take files that were got by hand into the standard layout
    Import(ImportArgs),
    /// Pin the datasets of a project: exact files and digests, in `medsets.lock`
    Lock(LockArgs),
    /// Bring the disk to the lock
    Sync(SyncArgs),
    /// Recognise data that are on disk already, where they lie
    Adopt(AdoptArgs),
    /// List the datasets that are here
    List(ListArgs),
    /// Compare what is here with the records
    Status(StatusArgs),
    /// Check every byte of what is here, and mend it
    Verify(VerifyArgs),
    /// Print the folder of a dataset
    Path(PathArgs),
    /// Delete the files of a dataset and keep the record
    Remove(RemoveArgs),
    /// Show how much room the datasets take
    Du(DuArgs),
    /// Make a project: a file that names the datasets it uses
    Init(InitArgs),
    /// Put datasets into the project, or change how they are used
    Add(AddArgs),
    /// Take datasets out of the project
    Drop(DropArgs),
    /// What changed between two releases of a dataset
    Diff(DiffArgs),
    /// Which datasets have changed at their publisher or in the catalogue
    Outdated(OutdatedArgs),
    /// Put datasets and all they rest on into one file, for a machine without a network
    Bundle(BundleArgs),
    /// Take datasets out of such a file
    Unbundle(UnbundleArgs),
    /// Remove what the store keeps and no dataset uses
    Prune(PruneArgs),
    /// A copy for the team in object storage: send, take, check
    #[command(subcommand)]
    Mirror(MirrorCommand),
    /// What a dataset asks of you, and what you have
    Access(AccessArgs),
    /// Accounts with hosts: log in, see what is stored, log out
    #[command(subcommand)]
    Auth(AuthCommand),
    /// The record of agreements, fetches and deletions
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// What may be done with the data, who agreed to what, and what is due
    Audit(AuditArgs),
    /// What has to be said, done and reported, with dates
    Duties(DutiesArgs),
    /// Where a file came from, and under which terms
    Why(WhyArgs),
    /// How to cite datasets
    Cite(CiteArgs),
    /// What is known of the data, in the standards of others
    Export(ExportArgs),
    /// Check catalogue entries
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Show and change settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check that medsets can work here
    Doctor,
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual, or write it into a folder
    Man(ManArgs),
    /// Print the JSON Schema of a file or answer
    Schema(SchemaArgs),
}
