//! `audit`, `duties`, `why`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `medsets audit`
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Datasets, or folders with datasets; else the project around here, else all that is here
    pub what: Vec<String>,
    /// What is planned: research, commercial, teaching, llm-api, or an act such as
    /// release-weights (may be repeated)
    #[arg(long = "for", value_name = "ACT", value_delimiter = ',')]
    pub acts: Vec<String>,
    /// A policy in place of the project's; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Ledgers or extracts of several people, in place of yours (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub ledger: Vec<PathBuf>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    pub format: AuditFormat,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Fail too where something is not known
    #[arg(long)]
    pub strict: bool,
}

/// Form of an audit report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// For a terminal
    Text,
    /// A page for a repository
    Md,
    /// One self-contained page to read, filter and print
    Html,
    /// The whole report as data
    Json,
    /// A table for a spreadsheet: a row for each dataset and act
    Csv,
    /// The findings, for code hosts and editors
    Sarif,
}

/// `medsets duties`
#[derive(Debug, Args)]
pub struct DutiesArgs {
    /// Datasets, or folders with datasets; else the project around here, else all that is here
    pub what: Vec<String>,
    /// Write the dated ones as a calendar file
    #[arg(long)]
    pub ics: bool,
    /// Ledgers or extracts of several people, in place of yours (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub ledger: Vec<PathBuf>,
}

/// `medsets why`
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// A file of a dataset
    pub path: PathBuf,
}
