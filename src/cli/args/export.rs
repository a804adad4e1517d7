//! `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `medsets export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Datasets, or folders with datasets; else the project around here, else all that is here
    pub what: Vec<String>,
    /// Form of the document
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Write to a file, or into a new folder for ro-crate, bagit, and croissant of several datasets
    #[arg(short, long, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// For bagit: no data, but where each file is to be had (fetch.txt)
    #[arg(long)]
    pub no_data: bool,
    /// For bagit: give the files a second name in place of copying them
    #[arg(long, conflicts_with = "no_data")]
    pub link: bool,
}

/// Form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Croissant 1.1 with RAI and DUO, one document a dataset
    Croissant,
    /// SPDX 3.0.1 with the dataset profile
    Spdx,
    /// CycloneDX 1.6 with data components
    Cyclonedx,
    /// RO-Crate 1.2
    RoCrate,
    /// BagIt 1.0: a folder with payload and checksums
    Bagit,
    /// For `sha256sum -c` in the data folder
    Sha256sums,
    /// An input file of aria2
    Aria2,
    /// A script around GNU Wget
    Wget,
    /// BibTeX of all works to cite
    Bibtex,
    /// Citation File Format 1.2
    Cff,
    /// RIS
    Ris,
    /// CSL-JSON
    CslJson,
}
