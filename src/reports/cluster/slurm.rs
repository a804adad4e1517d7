//! A shell script that gives SLURM an array of jobs for each dataset, and a job that finishes it.
//!
//! Options by the manual of `sbatch` (SLURM 22.05 to 25.05, read 2026-11-28). The finish depends on
//! the array by `afterany`: after `afterok` it would wait for ever for a task that failed, while
//! a finish fetches by itself whatever a task has left.

use crate::values::ShellWord;

use super::{Fetch, Jobs, Unwritable, comment, one_line, word};

/// What the jobs ask of the cluster.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Longest time of a job.
    pub time: Option<String>,
    /// Partition.
    pub partition: Option<String>,
    /// Account.
    pub account: Option<String>,
    /// Processors of a job.
    pub cpus: u32,
    /// Memory of a job.
    pub mem: Option<String>,
    /// Folder for what the jobs print.
    pub output: Option<String>,
    /// Tasks of an array that run at once; all when absent.
    pub at_once: Option<u32>,
    /// The folder of the project that is in use.
    pub project: Option<String>,
}

/// The script.
///
/// # Errors
/// A value that no script can hold.
pub fn script(jobs: &Jobs, asked: &Asked) -> Result<String, Unwritable> {
    jobs.check()?;
    let mut out = head(jobs);
    if let Some(output) = &asked.output {
        out.push_str(&format!("mkdir -p {}\n", quoted(one_line("the folder", output)?)));
    }
    for fetch in &jobs.datasets {
        out.push_str(&of_dataset(jobs, asked, fetch)?);
    }
    Ok(out)
}

fn head(jobs: &Jobs) -> String {
    let labels: Vec<&str> = jobs.datasets.iter().map(|one| one.label.as_str()).collect();
    let mut out = format!(
        "#!/bin/sh\n# Fetches {} in {} jobs each, by SLURM. Made by medsets {}.\n{ABOUT}",
        comment(&labels.join(", ")),
        jobs.shards,
        jobs.version
    );
    for fetch in &jobs.datasets {
        let lines = jobs.about_credentials(fetch);
        let none = if lines.is_empty() { ": none" } else { ":" };
        out.push_str(&format!("#   {}{none}\n", comment(&fetch.label)));
        lines.iter().for_each(|line| out.push_str(&format!("#     {}\n", comment(line))));
        if let Some(reason) = &fetch.closed {
            out.push_str(&format!("# NOT READY: {}: {}\n", comment(&fetch.label), comment(reason)));
        }
    }
    out.push_str("set -eu\n");
    out
}

const ABOUT: &str = "#
# Run it with sh where sbatch is: it submits two jobs for each dataset, and prints their numbers.
#
# Each task of the array fetches its shard into a folder of its own in the data folder, which
# all nodes must see, as the state folder with your ledger. Tasks need no lock in common. One
# whose node dies, or that is requeued, goes on where it was.
#
# The finish begins when all tasks have ended, however they did (afterany): what a task has left
# it fetches itself. With afterok it would wait for ever for a task that failed.
#
# Credentials: none is in here. Jobs find those that you stored with `medsets auth login`, where
# the nodes see the same home folder, or in these variables, which sbatch hands on:
";

fn of_dataset(jobs: &Jobs, asked: &Asked, fetch: &Fetch) -> Result<String, Unwritable> {
    let name = format!("medsets-{}", word("the name", &fetch.label)?);
    let at_once = asked.at_once.map_or(String::new(), |tasks| format!("%{tasks}"));
    let mut array = options(asked, &name, "%A-%a")?;
    array.insert(1, format!("--array=1-{}{at_once}", jobs.shards));
    let mut finish = options(asked, &format!("{name}-finish"), "%j")?;
    let command = command(jobs, fetch);
    let shard = format!("exec {command} --shard \"$SLURM_ARRAY_TASK_ID/{}\"\n", jobs.shards);
    let end = FINISH.replace("COMMAND", &format!("{command} --finish"));
    finish.insert(1, "--open-mode=append".to_owned());
    array.insert(2, "--open-mode=append".to_owned());
    Ok(format!(
        "\n{}array=$(sbatch --parsable <<'{END}'\n{}{END}\n)\narray=${{array%%;*}}\n\
         finish=$(sbatch --parsable --dependency=\"afterany:$array\" <<'{END}'\n{}{END}\n)\n\
         echo {}\" $array, finish ${{finish%%;*}}\"\n",
        Jobs::about(fetch),
        job(jobs, asked, &array, &shard)?,
        job(jobs, asked, &finish, &end)?,
        quoted(&format!("{}: array", fetch.label)),
    ))
}

/// A job that is given to `sbatch`: its options, its surroundings, and what it runs.
fn job(jobs: &Jobs, asked: &Asked, options: &[String], run: &str) -> Result<String, Unwritable> {
    let mut out = "#!/bin/sh\n".to_owned();
    options.iter().for_each(|option| out.push_str(&format!("#SBATCH {option}\n")));
    out.push_str("set -eu\n");
    for (name, value) in &jobs.variables {
        out.push_str(&format!("export {name}={}\n", quoted(value)));
    }
    if let Some(project) = &asked.project {
        out.push_str(&format!("cd {}\n", quoted(one_line("the folder", project)?)));
    }
    out.push_str(
        "command -v medsets >/dev/null || { echo 'medsets is not in the PATH of this node' >&2; exit 127; }\n",
    );
    out.push_str(run);
    Ok(out)
}

fn options(asked: &Asked, name: &str, log: &str) -> Result<Vec<String>, Unwritable> {
    let mut options = vec![format!("--job-name={name}"), "--requeue".to_owned(), "--ntasks=1".to_owned()];
    options.push(format!("--cpus-per-task={}", asked.cpus));
    let named =
        [("time", &asked.time), ("partition", &asked.partition), ("account", &asked.account), ("mem", &asked.mem)];
    for (option, value) in named {
        if let Some(value) = value {
            options.push(format!("--{option}={}", word(&format!("`--{option}`"), value)?));
        }
    }
    if let Some(output) = &asked.output {
        let folder = one_line("the folder", output)?.trim_end_matches('/');
        // sbatch reads `%` as the beginning of a pattern, and quotes as a shell does.
        let path = format!("{folder}/").replace('%', "%%").replace('\\', "\\\\").replace('"', "\\\"");
        options.push(format!("--output=\"{path}{name}-{log}.out\""));
    }
    Ok(options)
}

fn command(jobs: &Jobs, fetch: &Fetch) -> String {
    let flags = jobs.flags.iter().chain(&fetch.flags).map(String::as_str);
    let words = [fetch.name.as_str()].into_iter().chain(flags).map(quoted);
    format!("medsets fetch {}", words.collect::<Vec<_>>().join(" "))
}

/// A node that died may count as at work for a while (53).
const FINISH: &str = "for try in 1 2 3 4 5 6 7 8 9 10; do
    code=0
    COMMAND || code=$?
    # 53: a task whose node died still counts as at work.
    [ \"$code\" -eq 53 ] || exit \"$code\"
    sleep 60
done
exit \"$code\"
";

/// The line at which a job's script ends. No line of one begins like this.
const END: &str = "MEDSETS_JOB";

/// A word that a shell takes as it is.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:@%+=,-".contains(letter);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => ShellWord(text).to_string(),
    }
}
