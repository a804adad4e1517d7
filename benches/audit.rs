//! How long an audit takes: ten thousand datasets with a million licences of single files, and
//! the project of eight datasets of the catalogue that `README.md` shows.
//!
//! ```text
//! cargo bench --bench audit                     10,000 datasets, three rounds
//! cargo bench --bench audit -- --datasets 1000
//! ```
//!
//! No other program audits; beside the large one stands what a person would do to just count
//! the licences: `grep`, `sort` and `uniq` over the same files, in the same rounds. Compare the
//! ratio, not the seconds.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a measuring tool, not the library")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Files in each dataset, each with a licence of its own.
const ITEMS: usize = 100;
const ROUNDS: usize = 3;
const PROJECT: [&str; 8] =
    ["chestxray14", "rsna-pneumonia", "chexpert", "mimic-cxr", "ddxplus", "medquad", "pmc-patients", "umls"];

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let datasets = match arguments.as_slice() {
        [] => 10_000,
        [flag, count] if flag == "--datasets" => count.parse()?,
        _ => return Err("the only flag is --datasets N".into()),
    };
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench-audit");
    let _ = std::fs::remove_dir_all(&dir);
    let (store, project, home) = (dir.join("store"), dir.join("project"), dir.join("home"));
    std::fs::create_dir_all(&home)?;
    make_store(&store, datasets)?;
    make_project(&project)?;

    let medsets = |folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_medsets"));
        command.env_clear().env("HOME", &home).current_dir(folder);
        command.args(["audit", "--for", "commercial", "--format", "json"]);
        command
    };
    let mut rows: Vec<(String, Vec<Run>)> = ["audit of the store", "grep, sort, uniq", "audit of the project"]
        .map(|name| (name.to_owned(), Vec::new()))
        .into();
    for _ in 0..ROUNDS {
        rows[0].1.push(run(medsets(&dir).arg("--data-dir").arg(&store))?);
        let count = "grep -rhoE '\"license\":\"[^\"]*\"' --include=files.jsonl . | sort | uniq -c";
        rows[1].1.push(run(Command::new("sh").args(["-c", count]).current_dir(&store))?);
        rows[2].1.push(run(&mut medsets(&project))?);
    }
    println!("{datasets} datasets, {} licences of single files; medians of {ROUNDS}\n", datasets * ITEMS);
    println!("{:<22} {:>9} {:>9}", "", "seconds", "peak MB");
    for (name, runs) in &mut rows {
        runs.sort_by_key(|run| run.wall);
        let middle = &runs[ROUNDS / 2];
        println!("{name:<22} {:>9.3} {:>9}", middle.wall.as_secs_f64(), middle.peak / 1_000_000);
    }
    let wall = |row: usize| rows[row].1[ROUNDS / 2].wall.as_secs_f64();
    println!("\ncounting alone with grep takes {:.1} times as long as the whole audit", wall(1) / wall(0));
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// What one run cost.
struct Run {
    wall: Duration,
    /// Bytes of the largest process.
    peak: u64,
}

fn run(command: &mut Command) -> Fallible<Run> {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let used = child.wait4()?;
    Ok(Run { wall: began.elapsed(), peak: used.rusage.maxrss })
}

/// Copies as a fetch would leave them, as far as an audit looks: receipt and inventory.
fn make_store(store: &Path, datasets: usize) -> Fallible<()> {
    let licenses = ["CC-BY-4.0", "CC0-1.0", "CC-BY-NC-4.0"];
    let zero = format!("sha256:{}", "0".repeat(64));
    let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for number in 0..datasets {
        let id = format!("set-{number:05}");
        let records = store.join(&id).join("1/.medsets");
        std::fs::create_dir_all(&records)?;
        let mut inventory = String::new();
        for item in 0..ITEMS {
            let license = licenses[item % licenses.len()];
            writeln!(
                inventory,
                "{{\"path\":\"data/{item:06}.jpg\",\"size\":{item},\"mtime\":\"2026-11-24T09:00:00Z\",\"sha256\":\"{zero}\",\
                 \"origin\":{{\"file\":\"{item:06}.jpg\",\"url\":\"https://host.example/{id}/{item}\"}},\"role\":\"image\",\
                 \"license\":\"{license}\"}}"
            )?;
        }
        std::fs::write(records.join("files.jsonl"), inventory)?;
        std::fs::write(records.join("manifest.sha256"), "")?;
        std::fs::write(records.join("listed.jsonl"), "")?;
        let receipt = serde_json::json!({
            "schema": "medsets/receipt/2", "dataset": id, "title": id, "version": "1", "selection": { "whole": true },
            "means": "fetch", "completed": "2026-11-24T09:00:00Z", "by": { "os_user": "bench", "host": "bench" },
            "tool": { "name": "medsets", "version": "0.1.0" },
            "catalog": { "digest": zero, "entry": zero, "origin": "embedded" },
            "source": { "channel": "archive", "provider": "isic" },
            "license": { "expression": "LicenseRef-ISIC-Per-Image" },
            "files": ITEMS, "bytes": ITEMS, "tree": empty,
            "listed": { "files": 0, "sha256": empty, "verified": {} },
        });
        std::fs::write(records.join("receipt.json"), receipt.to_string())?;
    }
    Ok(())
}

fn make_project(project: &Path) -> Fallible<()> {
    std::fs::create_dir_all(project)?;
    let tables: String = PROJECT.iter().map(|id| format!("[[dataset]]\nid = \"{id}\"\n")).collect();
    Ok(std::fs::write(project.join("medsets.toml"), format!("[project]\nname = \"bench\"\n{tables}"))?)
}
