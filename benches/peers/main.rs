//! How fast medsets is beside the programs people use today, on the same work and machine.
//!
//! ```text
//! cargo bench --bench peers                              everything, three rounds
//! cargo bench --bench peers -- --scale 0.1 --rounds 1    a quick look
//! cargo bench --bench peers -- --only small --dir /mnt/journalled
//! ```
//!
//! Every program takes its turn in every round (A B C A B C), each in a fresh folder, against
//! one server on this machine. Nothing is dropped. medsets always verifies, members of archives
//! included, and waits until the data are on the disk before it says they are there; peers run
//! with the settings shown, which are those people use, and leave that to the system, so rows
//! with `sync` stand beside them. A program that is not installed is named as absent, never as
//! beaten.
//!
//! Compare ratios within one run: absolute times drift. The data folder should be on a file
//! system with a journal: on ext4 without one, making files after a big delete is many times
//! too slow, whoever makes them.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a measuring tool, not the library")]

mod cases;
mod data;
mod measure;
mod medsets;
mod server;
mod table;

use std::error::Error;
use std::path::PathBuf;

use data::Data;
use measure::Contest;
use server::Server;

/// What to measure, and how often.
struct Options {
    dir: PathBuf,
    rounds: usize,
    scale: f64,
    only: Vec<String>,
}

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, dir, port] = arguments.as_slice()
        && serve == server::SERVE
    {
        return server::serve(dir.into(), port.parse()?);
    }
    let options = Options::read(&arguments)?;
    let _ = std::fs::remove_dir_all(&options.dir);
    std::fs::create_dir_all(&options.dir)?;
    table::describe_machine(&options);

    let data = Data::make(&options.dir.join("served"), options.scale, &|name| options.wants(name))?;
    let server = Server::start(&options.dir, data.dir())?;
    println!("Server: {}, on loopback.\n", server.name());
    let mut peak = 0;
    for case in cases::all(&data, &server)?.into_iter().filter(|case| options.wants(case.name)) {
        let contest = Contest::hold(&case, &options.dir, options.rounds)?;
        table::print(&contest);
        peak = peak.max(contest.peak_of_medsets());
    }
    table::print_peak(peak, measure::floor()?);
    drop(server);
    std::fs::remove_dir_all(&options.dir)?;
    Ok(())
}

impl Options {
    fn read(arguments: &[String]) -> Fallible<Self> {
        let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench-data");
        let mut options = Self { dir: target, rounds: 3, scale: 1.0, only: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            // Cargo tells every benchmark that it is one.
            if flag == "--bench" {
                continue;
            }
            let value = rest.next().ok_or_else(|| format!("`{flag}` needs a value"))?;
            match flag.as_str() {
                // A folder of our own below: it is emptied.
                "--dir" => options.dir = std::path::absolute(value)?.join("medsets-bench"),
                "--rounds" => options.rounds = value.parse()?,
                "--scale" => options.scale = value.parse()?,
                "--only" => options.only = value.split(',').map(str::to_owned).collect(),
                _ => return Err(format!("unknown flag `{flag}`; there are --dir --rounds --scale --only").into()),
            }
        }
        Ok(options)
    }

    /// Whether a case is to be measured: all of them, or those named by a part of their name.
    fn wants(&self, case: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| case.contains(part.as_str()))
    }
}
