//! How long it takes to see that a large dataset is what the lock says: a dataset of 400,000
//! files, listed one by one by its host, fetched by `sync` and then compared by `sync --check`,
//! beside `git status` of a repository with the same files and `rsync -n` against a copy.
//!
//! ```text
//! cargo bench --bench sync                     400,000 files, three rounds
//! cargo bench --bench sync -- --files 20000
//! ```
//!
//! The files hold their own names, so that the time is that of names and times, not of bytes.
//! Compare the ratios, not the seconds. A peer that is not installed is named as absent.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measuring tool, not the library"
)]

#[path = "../tests"]
#[allow(dead_code, reason = "a part of what the tests use")]
mod support {
    #[path = "support/host.rs"]
    pub mod host;
    #[path = "support/watch.rs"]
    pub mod watch;
}

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use medsets::values::Digest;
use support::host::{Host, Reply};

type Fallible<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 3;

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let files = match arguments.as_slice() {
        [] => 400_000,
        [flag, count] if flag == "--files" => count.parse()?,
        _ => return Err("the only flag is --files N".into()),
    };
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench-sync");
    let _ = std::fs::remove_dir_all(&dir);
    let project = dir.join("project");
    std::fs::create_dir_all(&project)?;
    let host = serve(files);
    let medsets = prepare(&dir, &host)?;
    let first = run(&mut medsets(&["sync", "--ignore-space"]))?;
    println!("{files} files; sync from loopback {:.1} s, {} MB", first.wall.as_secs_f64(), first.peak / 1_000_000);
    let lock: u64 = ["medsets.lock", "medsets.lock.d"].iter().map(|name| size(&project.join(name))).sum();
    println!("the lock and what lies beside it: {lock} bytes\n");

    let data = project.join("data/large/1/data");
    let peers = peers(&dir, &data)?;
    let mut rows: Vec<(&str, Vec<Run>)> = vec![("sync --check", Vec::new()), ("sync --frozen", Vec::new())];
    rows.extend(peers.iter().map(|peer| (peer.name, Vec::new())));
    for _ in 0..ROUNDS {
        rows[0].1.push(run(&mut medsets(&["sync", "--check"]))?);
        rows[1].1.push(run(&mut medsets(&["sync", "--frozen"]))?);
        for (peer, row) in peers.iter().zip(&mut rows[2..]) {
            row.1.push(run(Command::new("sh").args(["-c", &peer.script]))?);
        }
    }
    println!("{:<16} {:>9} {:>9} {:>9}", "", "seconds", "peak MB", "ratio");
    let mut ours = 0.0;
    for (name, runs) in &mut rows {
        runs.sort_by_key(|run| run.wall);
        let middle = &runs[ROUNDS / 2];
        let seconds = middle.wall.as_secs_f64();
        if *name == "sync --check" {
            ours = seconds;
        }
        println!("{name:<16} {seconds:>9.3} {:>9} {:>9.2}", middle.peak / 1_000_000, seconds / ours);
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// A host in the manner of PhysioNet: one list of checksums, and files that hold their own names.
fn serve(files: usize) -> Host {
    let mut sums = String::new();
    for number in 0..files {
        // Folders of eight files, as of the studies of a patient.
        let patient = 10_000_000 + number / 8;
        let name = format!("files/p{}/p{patient}/s{number}.txt", 10 + patient % 10);
        let _ = writeln!(sums, "{} {name}", Digest::sha256(name.as_bytes()).hex());
    }
    Host::start(move |asked| match asked.path.split_once("/large/1/").map(|(_, name)| name) {
        Some("SHA256SUMS.txt") => Reply::file(asked, sums.clone()),
        Some(name) if name.starts_with("files/p") => Reply::file(asked, name.as_bytes().to_vec()),
        _ => Reply::status(404),
    })
}

/// A project that uses the dataset, in a home of its own; gives the program, ready to run in it.
fn prepare(dir: &Path, host: &Host) -> Fallible<impl Fn(&[&str]) -> Command> {
    let (project, catalog, home) = (dir.join("project"), dir.join("catalog"), dir.join("home"));
    std::fs::create_dir_all(&catalog)?;
    std::fs::create_dir_all(&home)?;
    let table = "[project]\nname = \"bench\"\n[[dataset]]\nid = \"large\"\nexclude = [\"SHA256SUMS.txt\"]\n";
    std::fs::write(project.join("medsets.toml"), table)?;
    std::fs::write(
        catalog.join("large.toml"),
        "id = \"large\"\ntitle = \"Large\"\nsummary = \"Made for a measurement.\"\nmaintainer = { name = \"bench\" }\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n[[release.source]]\nchannel = \"host\"\n\
         provider = \"physionet\"\nslug = \"large\"\nversion = \"1\"\nopen = true\nlisting = \"host\"\n",
    )?;
    let rewrite = format!("https://physionet.org/={}", host.url());
    Ok(move |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_medsets"));
        command.env_clear().env("HOME", &home).env("MEDSETS_REWRITE", &rewrite).current_dir(&project);
        command.arg("--catalog").arg(&catalog).args(arguments);
        command
    })
}

/// Another program at the same work.
struct Peer {
    name: &'static str,
    script: String,
}

fn peers(dir: &Path, data: &Path) -> Fallible<Vec<Peer>> {
    let mut peers = Vec::new();
    if has("git") {
        let repository = dir.join("repository");
        let made = format!(
            "cp -a '{}' '{repo}' && cd '{repo}' && git init -q . && git -c core.autocrlf=false add -A . && git status --porcelain >/dev/null",
            data.display(),
            repo = repository.display()
        );
        run(Command::new("sh").args(["-c", &made]))?;
        let script = format!("exec git -C '{}' status --porcelain --untracked-files=all", repository.display());
        peers.push(Peer { name: "git status", script });
    } else {
        println!("git is not installed: that row is unproven");
    }
    if has("rsync") {
        let copy = dir.join("copy");
        run(Command::new("cp").arg("-a").arg(data).arg(&copy))?;
        let script = format!("exec rsync -an --delete --out-format=%n '{}/' '{}/'", data.display(), copy.display());
        peers.push(Peer { name: "rsync -n", script });
    } else {
        println!("rsync is not installed: that row is unproven");
    }
    Ok(peers)
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Bytes of a file, or of the files in a folder.
fn size(path: &Path) -> u64 {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|found| found.len()).sum(),
        Err(_) => std::fs::metadata(path).map_or(0, |found| found.len()),
    }
}

/// What one run cost.
struct Run {
    wall: Duration,
    /// Most bytes of memory that its first process held. Not `ru_maxrss`, which a child takes over
    /// from this process, with the lists of its host.
    peak: u64,
}

fn run(command: &mut Command) -> Fallible<Run> {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = peak.max(high_water(child.id()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    };
    if !status.success() {
        return Err(format!("{command:?} failed").into());
    }
    Ok(Run { wall: began.elapsed(), peak })
}

/// The most memory that a process has held, in bytes (proc_pid_status(5), `VmHWM`).
fn high_water(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
