//! `fetch` and `import`.

use std::path::PathBuf;

use clap::Args;

use crate::plan::Shard;

/// `medsets fetch`
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Datasets or collections: `ID`, `ID@VERSION`, `ID:VARIANT`, `@COLLECTION`
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// Only this part of the release, by the name that `info` shows (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub subset: Vec<String>,
    /// Only these files of the release, archives as a whole: globs over their paths at the
    /// publisher and their groups (may be repeated; beside `--subset`, these too)
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Not these files of the release (glob, may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Only these members of the release's zip archives, which are read where they are and not
    /// downloaded: globs over the members' names (may be repeated; `--include` names the archives)
    #[arg(long, value_name = "GLOB", conflicts_with_all = ["no_unpack", "keep_archives"])]
    pub members: Vec<String>,
    /// Only the files named in this file, one path of the release in each line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// Read the link to the data that the portal gave you from standard input, and keep it as a credential
    #[arg(long)]
    pub url_stdin: bool,
    /// Only files under one of these licences, in any case, such as `cc-by-4.0,CC0-1.0`
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
    /// Unpack archives of data outside the catalogue too, each into a folder of its name
    #[arg(long, conflicts_with = "no_unpack")]
    pub unpack: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do only the files of shard I of N, into a place of its own: for jobs of a cluster (`medsets slurm`)
    #[arg(long, value_name = "I/N", conflicts_with = "finish")]
    pub shard: Option<Shard>,
    /// Bring the work of all shards together, fetch what is missing, and finish the dataset
    #[arg(long)]
    pub finish: bool,
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
