//! Prints the results as Markdown.

use std::path::Path;
use std::time::Duration;

use crate::Options;
use crate::measure::{Contest, Result, Run, version_of};
use crate::medsets::NAME;

/// Says on what machine and how it is measured.
pub fn describe_machine(options: &Options) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let (system, journal) = (version_of("uname", "-srm").unwrap_or_default(), journal(&options.dir));
    println!("{system}, {cores} cores; {journal}. Rounds: {}; scale: {}.", options.rounds, options.scale);
}

/// One case: a row for each program, in the order of the case.
pub fn print(contest: &Contest) {
    println!("### {}\n", contest.title);
    println!("| program | wall s (min to max) | CPU s | peak MiB | of medsets |");
    println!("|---|---|---|---|---|");
    let own = contest.results.iter().find(|result| result.name == NAME).and_then(median_wall);
    for result in &contest.results {
        println!("{}", row(result, own));
    }
    println!();
    for result in &contest.results {
        println!("- {}: `{}`", result.name, result.shown);
    }
    println!();
}

/// Whether medsets kept the promise about its memory.
pub fn print_peak(bytes: u64, floor: u64) {
    let verdict = if bytes < PROMISED { "under" } else { "OVER" };
    let (peak, floor) = (bytes as f64 / 1e6, floor as f64 / 1e6);
    println!("Peak memory of medsets in all runs: {peak:.0} MB, {verdict} the promised 100 MB.");
    println!("The measurement itself shows {floor:.0} MB for a program that does nothing.");
}

fn row(result: &Result, own: Option<f64>) -> String {
    let name = &result.name;
    let runs = match &result.runs {
        Ok(runs) if !runs.is_empty() => runs,
        Ok(_) => return format!("| {name} | not run | | | unproven |"),
        Err(reason) => return format!("| {name} | {reason} | | | unproven |"),
    };
    let walls = sorted(runs, |run| seconds(run.wall));
    let (wall, low, high) = (median(&walls), walls[0], walls[walls.len() - 1]);
    let cpu = median(&sorted(runs, |run| seconds(run.cpu)));
    let peak = median(&sorted(runs, |run| run.peak as f64 / f64::from(1 << 20)));
    let ratio = own.map_or_else(|| "unproven".to_owned(), |own| format!("{:.2}x", wall / own));
    format!("| {name} | {wall:.3} ({low:.3} to {high:.3}) | {cpu:.2} | {peak:.0} | {ratio} |")
}

fn median_wall(result: &Result) -> Option<f64> {
    let runs = result.runs.as_ref().ok().filter(|runs| !runs.is_empty())?;
    Some(median(&sorted(runs, |run| seconds(run.wall))))
}

fn sorted(runs: &[Run], value: impl Fn(&Run) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = runs.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The middle value, or the mean of the two in the middle.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// The file system of the data folder, and whether it is one of those that mislead.
fn journal(dir: &Path) -> String {
    let Some(source) = said("df", &["--output=source,fstype", &dir.display().to_string()]) else {
        return "file system unknown".to_owned();
    };
    let mut words = source.lines().last().unwrap_or_default().split_whitespace();
    let (device, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let name = Path::new(device).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let journalled = kind != "ext4" || said("ls", &["/proc/fs/jbd2"]).is_some_and(|jbd2| jbd2.contains(&name));
    let note = if journalled { "" } else { " WITHOUT a journal, so making many files is slower than elsewhere" };
    format!("data on {kind}{note}")
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

const PROMISED: u64 = 100_000_000;
