//! `access` and what stands below it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `medsets access`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AccessArgs {
    /// Datasets or collections whose checklist to show
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub datasets: Vec<String>,
    /// Look at the way by this source (channel)
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Something else than the checklist
    #[command(subcommand)]
    pub command: Option<AccessCommand>,
}

/// What to do about access.
#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Merge and order the steps of several datasets
    Plan(PlanArgs),
    /// Ask the host for one byte: does my account get this dataset now?
    Probe(ProbeArgs),
    /// Open the page of a step
    Open(OpenArgs),
    /// Read the text of an agreement and record that you accept it
    Accept(AcceptArgs),
    /// Take an acceptance back
    Withdraw(WithdrawArgs),
    /// Record an approval, a registration or a training certificate
    Grant(GrantArgs),
}

/// `medsets access plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Datasets or collections
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// Print a calendar (iCalendar, RFC 5545)
    #[arg(long)]
    pub ics: bool,
    /// Form of the text
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
}

/// Form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For a terminal
    Text,
    /// Markdown
    Md,
}

/// `medsets access probe`
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Datasets or collections
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// Ask this source (channel)
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
}

/// `medsets access open`
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// Dataset, release and variant
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: String,
    /// The step, by its id; the first missing one when absent
    pub step: Option<String>,
    /// Print the address instead of opening it
    #[arg(long)]
    pub print: bool,
}

/// `medsets access accept`
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// Dataset, release and variant
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: String,
    /// The agreement, by the id of its step, where there are several
    pub step: Option<String>,
    /// Digest of the text you accept; needed without a terminal
    #[arg(long, value_name = "sha256:...")]
    pub text_digest: Option<String>,
    /// The text as a file, where its page cannot be read by a program
    #[arg(long, value_name = "FILE")]
    pub text_file: Option<PathBuf>,
    /// What the data are for, for the record
    #[arg(long)]
    pub purpose: Option<String>,
    /// A file that proves it, kept beside the ledger (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub evidence: Vec<PathBuf>,
    /// Show the text and its digest, and record nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `medsets access withdraw`
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// Dataset, release and variant
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: String,
    /// The step, by its id, where there are several
    pub step: Option<String>,
    /// Why, for the record
    #[arg(long)]
    pub reason: Option<String>,
}

/// `medsets access grant`
#[derive(Debug, Args)]
pub struct GrantArgs {
    /// Dataset, release and variant
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: String,
    /// The step, by its id; needed where several can be recorded
    pub step: Option<String>,
    /// The letter or certificate, kept beside the ledger
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Last day on which it holds, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub expires: Option<String>,
    /// What the data are for, for the record
    #[arg(long)]
    pub purpose: Option<String>,
    /// Show what would be recorded, and record nothing
    #[arg(long)]
    pub dry_run: bool,
}
