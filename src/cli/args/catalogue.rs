//! `search`, `info`, `cite` and `catalog`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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
