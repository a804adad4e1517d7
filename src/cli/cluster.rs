//! `slurm` and `k8s`: jobs for the scheduler of a cluster that is there.

use serde_json::json;

use crate::context::Context;
use crate::ops::cluster::{self, Closed, ClusterOptions, Gathered};
use crate::ops::{Exit, Failure};
use crate::reports::cluster::{Jobs, kubernetes, slurm};
use crate::values::WrittenChoice;

use super::args::{KubernetesArgs, SlurmArgs, SplitArgs};
use super::output::Answer;

/// Prints a script for SLURM.
pub async fn slurm(context: &Context, args: &SlurmArgs) -> Result<Answer, Failure> {
    let Gathered { mut jobs, mut warnings } = cluster::gather(context, &options(&args.split)?).await?;
    if args.split.shards > USUAL_ARRAY {
        warnings.push(format!(
            "SLURM takes no array beyond its `MaxArraySize`, which is {} unless a cluster says otherwise: \
             `scontrol show config` tells",
            USUAL_ARRAY + 1
        ));
    }
    jobs.variables.splice(0..0, cluster::places(context)?);
    jobs.flags.splice(0..0, cluster::overlays(context)?);
    let asked = slurm::Asked {
        time: args.time.clone(),
        partition: args.partition.clone(),
        account: args.account.clone(),
        cpus: args.cpus,
        mem: args.mem.clone(),
        output: args.output.as_ref().map(|path| cluster::folder(context, "--output", path)).transpose()?,
        at_once: args.at_once,
        project: cluster::project(context)?,
    };
    let text = slurm::script(&jobs, &asked)?;
    Ok(answer("medsets/slurm/1", &jobs, text, warnings))
}

/// Prints a manifest for Kubernetes.
pub async fn kubernetes(context: &Context, args: &KubernetesArgs) -> Result<Answer, Failure> {
    let Gathered { jobs, mut warnings } = cluster::gather(context, &options(&args.split)?).await?;
    let (files, untold) = cluster::files_of_pods(context)?;
    warnings.extend(untold);
    let asked = kubernetes::Asked {
        image: args.image.clone(),
        namespace: args.namespace.clone(),
        pvc: args.pvc.clone(),
        secret: args.secret.clone(),
        cpu: args.cpu.clone(),
        memory: args.memory.clone(),
        files,
    };
    let text = kubernetes::manifest(&jobs, &asked)?;
    Ok(answer("medsets/k8s/1", &jobs, text, warnings))
}

fn options(args: &SplitArgs) -> Result<ClusterOptions, Failure> {
    if args.datasets.iter().any(String::is_empty) {
        return Err(Failure::new(Exit::USAGE, "a dataset has a name"));
    }
    let choice = WrittenChoice {
        subset: args.subset.clone(),
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        members: args.members.clone(),
        license: args.license.clone(),
    };
    Ok(ClusterOptions {
        datasets: args.datasets.clone(),
        shards: args.shards,
        source: args.source.clone(),
        choice: choice.into(),
        closed: if args.anyway { Closed::Told } else { Closed::Refused },
    })
}

fn answer(schema: &'static str, jobs: &Jobs, text: String, warnings: Vec<String>) -> Answer {
    let datasets: Vec<&String> = jobs.datasets.iter().map(|one| &one.name).collect();
    let data = json!({ "datasets": datasets, "shards": jobs.shards, "text": text });
    let mut answer = Answer::done(schema, data, text);
    answer.warnings = warnings;
    answer.notes = jobs.datasets.iter().filter_map(|one| one.origin.clone()).collect();
    answer
}

/// Numbers of an array's tasks that SLURM takes unless it is told otherwise.
const USUAL_ARRAY: u32 = 1000;
