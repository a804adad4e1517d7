//! `slurm` and `k8s`.

use std::path::PathBuf;

use clap::Args;

/// What jobs of a cluster fetch
#[derive(Debug, Args)]
pub struct SplitArgs {
    /// Datasets or collections: `ID`, `ID@VERSION`, `ID:VARIANT`, `@COLLECTION`
    #[arg(value_name = "ID[@VER][:VARIANT]", required = true)]
    pub datasets: Vec<String>,
    /// Jobs that each dataset is split among
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub shards: u32,
    /// Print the jobs although a dataset asks for a step that is missing
    #[arg(long)]
    pub anyway: bool,
    /// Only this part of the release, by the name that `info` shows (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub subset: Vec<String>,
    /// Only these files of the release, as for `fetch` (glob, may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Not these files of the release (glob, may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Only these members of the release's zip archives (glob, may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub members: Vec<String>,
    /// Only files under one of these licences
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub license: Vec<String>,
    /// Take it from this source (channel) of the entry
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
}

/// `medsets slurm`
#[derive(Debug, Args)]
pub struct SlurmArgs {
    /// What is fetched.
    #[command(flatten)]
    pub split: SplitArgs,
    /// Longest time of a job, such as `12:00:00`
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// Partition
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,
    /// Account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Processors of a job
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub cpus: u32,
    /// Memory of a job, such as `2G`
    #[arg(long, value_name = "SIZE")]
    pub mem: Option<String>,
    /// Tasks that run at once (all)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub at_once: Option<u32>,
    /// Folder for what the jobs print
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `medsets k8s`
#[derive(Debug, Args)]
pub struct KubernetesArgs {
    /// What is fetched.
    #[command(flatten)]
    pub split: SplitArgs,
    /// Image with medsets in it
    #[arg(long, value_name = "IMAGE")]
    pub image: String,
    /// Claim of a volume that all nodes write: for data and ledger
    #[arg(long, value_name = "NAME")]
    pub pvc: String,
    /// Namespace
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Secret with credentials, each under the name of its variable
    #[arg(long, value_name = "NAME", default_value = "medsets-credentials")]
    pub secret: String,
    /// Processors of a pod
    #[arg(long, value_name = "N", default_value = "1")]
    pub cpu: String,
    /// Memory of a pod
    #[arg(long, value_name = "SIZE", default_value = "1Gi")]
    pub memory: String,
}
