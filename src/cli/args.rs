//! The command line: the doc comments here are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Take files that were got by hand into the standard layout
    Import(ImportArgs),
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
    /// What a dataset asks of you, and what you have
    Access(AccessArgs),
    /// The record of agreements, fetches and deletions
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// How to cite datasets
    Cite(CiteArgs),
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

/// `medsets search`
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Words to look for in names, aliases, tags and descriptions
    pub words: Vec<String>,
    /// Kind of data, such as `xray`, `ct`, `text`
    #[arg(long)]
    pub modality: Option<String>,
    /// What it is for, such as `classification`
    #[arg(long)]
    pub task: Option<String>,
    /// Part of the body, such as `chest`
    #[arg(long)]
    pub anatomy: Option<String>,
    /// Licence id, such as `CC-BY-4.0`
    #[arg(long)]
    pub license: Option<String>,
    /// How hard it is to get
    #[arg(long)]
    pub access: Option<AccessWord>,
    /// Only where the terms allow commercial use
    #[arg(long)]
    pub commercial: bool,
    /// Only downloads up to this size, such as `50GB`
    #[arg(long, value_name = "SIZE")]
    pub max_size: Option<String>,
}

/// How hard a dataset is to get.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum AccessWord {
    /// No step at all
    Open,
    /// An account
    Registered,
    /// An agreement that is accepted with a click
    Agreement,
    /// An application, training or approval
    Application,
}

/// `medsets info`
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// Dataset, release and variant: `ID`, `ID@VERSION`, `ID:VARIANT`
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: String,
    /// List every file
    #[arg(long)]
    pub files: bool,
    /// List every source with its endpoint
    #[arg(long)]
    pub sources: bool,
    /// Print the catalogue entry as it is written
    #[arg(long, conflicts_with_all = ["files", "sources"])]
    pub raw: bool,
    /// Open the dataset's home page
    #[arg(long)]
    pub web: bool,
}

/// `medsets fetch`
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Datasets or collections: `ID`, `ID@VERSION`, `ID:VARIANT`, `@COLLECTION`
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// Only these files of the release (glob, may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Not these files of the release (glob, may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Only the files named in this file, one path of the release in each line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// Only files under one of these licences, such as `cc-by-4.0,cc0-1.0`
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub license: Vec<String>,
    /// Use this folder as the data folder for this run
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Take it from this source (channel) of the entry
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Files in work at once
    #[arg(long, value_name = "N")]
    pub jobs: Option<u64>,
    /// Connections for one big file
    #[arg(long, value_name = "N")]
    pub ranges: Option<u64>,
    /// Bytes per second for all downloads together, such as `10MB`
    #[arg(long, value_name = "RATE")]
    pub limit_rate: Option<String>,
    /// Keep archives after unpacking them
    #[arg(long, overrides_with = "no_keep_archives")]
    pub keep_archives: bool,
    /// Drop archives once they are unpacked
    #[arg(long)]
    pub no_keep_archives: bool,
    /// Leave archives as they are
    #[arg(long)]
    pub no_unpack: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Start even if the disk seems too small
    #[arg(long)]
    pub ignore_space: bool,
    /// Take this file of the release although its bytes differ from the catalogue's (may be repeated)
    #[arg(long, value_name = "FILE", requires = "reason")]
    pub accept_changed: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// `medsets import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Dataset, release and variant
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub dataset: String,
    /// Files, or folders to look through
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Copy the files (default)
    #[arg(long, group = "how")]
    pub copy: bool,
    /// Move the files
    #[arg(long = "move", group = "how")]
    pub move_: bool,
    /// Hard-link the files
    #[arg(long, group = "how")]
    pub link: bool,
    /// Use this folder as the data folder for this run
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Which source (channel) of the entry the files came from
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Take this file of the release although its bytes differ from the catalogue's or from what
    /// is here (may be repeated)
    #[arg(long, value_name = "FILE", requires = "reason")]
    pub accept_changed: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Show which file was recognised as what, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `medsets list`
#[derive(Debug, Args)]
pub struct ListArgs {
    /// List the whole catalogue instead
    #[arg(long)]
    pub available: bool,
}

/// `medsets status`
#[derive(Debug, Args)]
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

/// `medsets cite`
#[derive(Debug, Args)]
pub struct CiteArgs {
    /// Datasets or collections; all that are here when absent
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub datasets: Vec<String>,
    /// Form of the citation
    #[arg(long, value_enum, default_value_t = CiteFormat::Bibtex)]
    pub format: CiteFormat,
    /// A paragraph for the methods section
    #[arg(long)]
    pub methods: bool,
}

/// Form of a citation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CiteFormat {
    /// BibTeX
    Bibtex,
    /// Citation File Format 1.2
    Cff,
    /// RIS
    Ris,
    /// CSL-JSON
    CslJson,
}

/// `medsets catalog`
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// Check entries against the schema and the rules
    Lint(LintArgs),
}

/// `medsets catalog lint`
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Entry or licence files, or folders of them; the built-in catalogue when absent
    pub paths: Vec<PathBuf>,
}

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
