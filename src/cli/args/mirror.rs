//! `mirror`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `medsets mirror`
#[derive(Debug, Subcommand)]
pub enum MirrorCommand {
    /// Put datasets that are here into a mirror, where the terms allow it or the policy names the
    /// ground
    Push(MirrorPushArgs),
    /// Take datasets from a mirror, once your own access is open
    Pull(MirrorPullArgs),
    /// What a mirror has, and whether all of it is there
    Check(MirrorCheckArgs),
}

/// `medsets mirror push`
#[derive(Debug, Args)]
pub struct MirrorPushArgs {
    /// Datasets that are here
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// The mirror: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://ACCOUNT/CONTAINER/PREFIX` or
    /// `file:///FOLDER`; else that of the project or of the setting `mirrors`
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// Read what is there already and compare it
    #[arg(long)]
    pub verify: bool,
    /// Files in work at once
    #[arg(long, value_name = "N")]
    pub jobs: Option<u64>,
    /// Show what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `medsets mirror pull`
#[derive(Debug, Args)]
pub struct MirrorPullArgs {
    /// Datasets or collections: `ID`, `ID@VERSION`, `ID:VARIANT`, `@COLLECTION`
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// The mirror; else those of the project and of the setting `mirrors`, in turn
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// Exactly this tree, by the SHA-256 of its manifest; else the newest
    #[arg(long, value_name = "SHA256")]
    pub tree: Option<String>,
    /// Use this folder as the data folder for this run
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Only what came by this source (channel) of the entry
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Files in work at once
    #[arg(long, value_name = "N")]
    pub jobs: Option<u64>,
    /// Show what would be taken, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Start even if the disk seems too small
    #[arg(long)]
    pub ignore_space: bool,
}

/// `medsets mirror check`
#[derive(Debug, Args)]
pub struct MirrorCheckArgs {
    /// Datasets; all that are there when none is named
    #[arg(value_name = "ID[@VER][:VARIANT]")]
    pub datasets: Vec<String>,
    /// The mirror; else those of the project and of the setting `mirrors`
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// Read every byte and compare it
    #[arg(long)]
    pub verify: bool,
    /// Files in work at once
    #[arg(long, value_name = "N")]
    pub jobs: Option<u64>,
}
