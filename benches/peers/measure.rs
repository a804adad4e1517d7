//! Runs programs in turn and notes what each run cost.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

use crate::Fallible;
use crate::cases::{Case, Program};
use crate::data::Amount;

/// What one run cost.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub wall: Duration,
    pub cpu: Duration,
    /// Bytes of the largest process among the program and those it waited for.
    pub peak: u64,
}

/// The runs of one program, or why there are none.
pub struct Result {
    pub name: String,
    pub shown: String,
    pub runs: std::result::Result<Vec<Run>, String>,
}

/// All programs of one case.
pub struct Contest {
    pub title: String,
    pub results: Vec<Result>,
}

impl Contest {
    /// Every program once in every round, each in a folder of its own.
    pub fn hold(case: &Case, dir: &Path, rounds: usize) -> Fallible<Self> {
        let result = |program: &Program| Result {
            name: program.name.clone(),
            shown: program.shown.clone(),
            runs: absent(program).map_or(Ok(Vec::new()), Err),
        };
        let mut results: Vec<Result> = case.programs.iter().map(result).collect();
        for round in 0..rounds {
            for (place, (program, result)) in case.programs.iter().zip(&mut results).enumerate() {
                let Ok(runs) = &mut result.runs else { continue };
                let folder = dir.join(format!("run-{}-{round}-{place}", case.name));
                eprintln!("{} round {}: {}", case.name, round + 1, program.name);
                match one(program, &folder) {
                    Ok(run) => runs.push(run),
                    Err(error) => result.runs = Err(format!("failed: {error}")),
                }
                std::fs::remove_dir_all(&folder)?;
                rustix::fs::sync();
            }
        }
        Ok(Self { title: case.title.clone(), results })
    }

    /// The most memory that medsets took in any run.
    pub fn peak_of_medsets(&self) -> u64 {
        let own = self.results.iter().filter(|result| result.name == crate::medsets::NAME);
        own.flat_map(|result| result.runs.iter().flatten()).map(|run| run.peak).max().unwrap_or(0)
    }
}

fn one(program: &Program, folder: &Path) -> Fallible<Run> {
    std::fs::create_dir_all(folder)?;
    if let Some(before) = &program.before {
        succeed(&mut before(folder)).map_err(|error| format!("before the run: {error}"))?;
    }
    rustix::fs::sync();
    let run = succeed(&mut (program.command)(folder))?;
    let found = amount_below(&program.output.below(folder))?;
    if found != program.expected {
        let (wanted, got) = (program.expected, found);
        return Err(format!("{} files of {} bytes are there, not {got:?}", wanted.files, wanted.bytes).into());
    }
    Ok(run)
}

fn succeed(command: &mut Command) -> Fallible<Run> {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let said = child.stderr.take().map(|mut pipe| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = std::io::Read::read_to_end(&mut pipe, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    let ended = child.wait4()?;
    let wall = begun.elapsed();
    let said = said.and_then(|thread| thread.join().ok()).unwrap_or_default();
    if !ended.status.success() {
        let last: Vec<&str> = said.lines().rev().take(3).collect();
        return Err(format!("{}: {}", ended.status, last.join(" / ")).into());
    }
    Ok(Run { wall, cpu: ended.rusage.utime + ended.rusage.stime, peak: ended.rusage.maxrss })
}

/// The least memory that any run can show: a child is charged with what this program holds
/// when it starts it.
pub fn floor() -> Fallible<u64> {
    Ok(succeed(&mut Command::new("true"))?.peak)
}

/// Files and bytes below a folder.
fn amount_below(dir: &Path) -> Fallible<Amount> {
    let (mut amount, mut folders) = (Amount::default(), vec![PathBuf::from(dir)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                amount.files += 1;
                amount.bytes += metadata.len();
            }
        }
    }
    Ok(amount)
}

fn absent(program: &Program) -> Option<String> {
    let missing = program.tools.iter().find(|(tool, flag)| version_of(tool, flag).is_none())?;
    Some(format!("absent: `{}` is not installed", missing.0))
}

/// The first line that a program says about itself, or `None` where it is not installed.
pub fn version_of(program: &str, flag: &str) -> Option<String> {
    let output = Command::new(program).arg(flag).stdin(Stdio::null()).output().ok()?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Some(String::from_utf8_lossy(&text).lines().find(|line| !line.trim().is_empty())?.trim().to_owned())
}
