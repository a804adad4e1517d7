//! Ctrl-C in the middle of one huge file, and while nothing comes at all: heard there and then.
//!
//! The files are sparse and would take many minutes to read. Each run is stopped once it has opened
//! its file, so that a wish that is not heard is a run that does not end.

#![cfg(target_os = "linux")]

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::archives::{Served, serve, zip_of};
use crate::support::home::{Home, Ran, full_pipe, has_signal, ignores, tell, until};
use crate::support::mirrors::ended;
use crate::support::terminal::Terminal;

/// 1 TiB: what any usual file system takes, and minutes to hash.
const HUGE: u64 = 1 << 40;

fn huge(path: &Path) {
    std::fs::File::options().write(true).create(true).truncate(false).open(path).unwrap().set_len(HUGE).unwrap();
}

fn has_opened(child: &Child, file: &Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{}/fd", child.id())).into_iter().flatten().flatten();
    open.filter_map(|one| std::fs::read_link(one.path()).ok()).any(|held| held == file)
}

/// Whether the program has asked the system for its signals.
fn listens(child: &Child) -> bool {
    [2, 15].iter().all(|signal| has_signal(&child.id().to_string(), "SigCgt", *signal))
}

/// Starts the program, stops it once it has the file open, and waits for its end.
fn stopped(served: &Served, arguments: &[&str], file: &Path, signal: &str) -> Ran {
    let child = run(served, arguments).spawn().unwrap();
    let file = file.canonicalize().unwrap();
    until(|| listens(&child) && has_opened(&child, &file));
    tell(&child, signal);
    ended(child)
}

/// A dataset of a small and a huge file, which is here by its records.
fn scene() -> (Served, PathBuf) {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), ""), ("b.bin", b"b".to_vec(), "")]);
    served.run(&["fetch", "made"]).expect(0);
    let folder = served.home.data().join("made/1");
    for (name, from, to) in [
        ("files.jsonl", "\"size\":1,", format!("\"size\":{HUGE},")),
        ("receipt.json", "\"bytes\": 5,", format!("\"bytes\": {},", HUGE + 4)),
    ] {
        let record = folder.join(".medsets").join(name);
        let text = std::fs::read_to_string(&record).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&record, text.replace(from, &to)).unwrap();
    }
    let file = folder.join("data/b.bin");
    huge(&file);
    (served, file)
}

/// An entry of one huge file, of which nothing is here, and a file of that size.
fn given() -> (Served, PathBuf) {
    let served = serve(&[("b.bin", b"b".to_vec(), "")]);
    served.edit_entry(|entry| entry.replace("size = 1\n", &format!("size = {HUGE}\n")));
    let folder = served.home.path().join("work/given");
    std::fs::create_dir(&folder).unwrap();
    huge(&folder.join("b.bin"));
    (served, folder)
}

fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    names.map(|one| one.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_check_hears_it_within_a_file() {
    let (served, file) = scene();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let ran = stopped(&served, &["verify", "made"], &file, signal).expect(code);
        ran.says(&["b.bin`: the run was stopped", "run the same command again"]);
    }
}

#[test]
fn what_recognises_files_hears_it_within_one() {
    let (served, folder) = given();
    let file = folder.join("b.bin");
    stopped(&served, &["import", "made", "given", "--link"], &file, "-INT").expect(130);
    stopped(&served, &["adopt", "given"], &file, "-INT").expect(130).says(&["nothing was written"]);
    assert!(!served.home.data().join("made").exists());
    assert_eq!(names(&folder), ["b.bin"]);
}

#[test]
fn making_and_taking_a_bundle_hear_it_within_a_member() {
    let (served, file) = scene();
    let work = served.home.path().join("work");
    stopped(&served, &["bundle", "made", "-o", "out.medsets"], &file, "-INT").expect(130).says(&["was stopped"]);
    assert!(names(&work).is_empty(), "{:?}", names(&work));
    // One that is made takes the other's end for a broken pipe.
    let mut maker = run(&served, &["bundle", "made", "-o", "-"]).spawn().unwrap();
    let data = served.home.path().join("elsewhere");
    let arguments = ["--events", "told", "unbundle", "-", "--dry-run", "--to", data.to_str().unwrap()];
    let taker = run(&served, &arguments).stdin(maker.stdout.take().unwrap()).spawn().unwrap();
    let told = || std::fs::read_to_string(work.join("told")).unwrap_or_default();
    until(|| listens(&taker) && told().contains("data/a.csv"));
    tell(&taker, "-INT");
    ended(taker).expect(130).says(&["the run was stopped"]);
    assert_ne!(ended(maker).code, Some(0));
    assert!(!data.join("made").exists());
}

/// A host that takes connections and says nothing.
fn silent_host() -> (std::net::TcpListener, Home) {
    let host = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", host.local_addr().unwrap());
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://zenodo.org/={address}"));
    (host, home)
}

#[test]
fn the_first_one_counts_while_a_host_is_asked() {
    let (host, home) = silent_host();
    for arguments in [&["info", "zenodo:1234567"][..], &["fetch", "zenodo:1234567"], &["fetch", "vqa-med"]] {
        let child = home.command(arguments).spawn().unwrap();
        let asked = host.accept().unwrap();
        tell(&child, "-TERM");
        ended(child).expect(143).says(&["the run was stopped"]);
        drop(asked);
    }
}

#[test]
fn the_first_one_counts_while_nothing_comes() {
    let home = Home::new();
    for arguments in [
        &["unbundle", "-"][..],
        &["bundle", "--check", "-"],
        &["fetch", "demo", "--files-from", "-"],
        &["auth", "login", "kaggle", "--no-check", "--token-stdin"],
    ] {
        let mut child = home.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let silent = child.stdin.take();
        until(|| listens(&child));
        tell(&child, "-INT");
        ended(child).expect(130).says(&["the run was stopped"]);
        drop(silent);
    }
}

/// Bytes that do not pack, more than any pipe holds and fewer than a bundle holds on its way.
fn noise() -> Vec<u8> {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..1 << 20).map(|_| next()).collect()
}

fn run(served: &Served, arguments: &[&str]) -> Command {
    served.home.command(&[&["--catalog", served.catalog.as_str()], arguments].concat())
}

#[test]
fn a_bundle_that_nobody_reads_hears_the_first_one() {
    let served = serve(&[("a.bin", noise(), ""), ("b.csv", b"a,b\n".to_vec(), "")]);
    served.run(&["fetch", "made"]).expect(0);
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let child = run(&served, &["--events", "told", "bundle", "made", "-o", "-"]).spawn().unwrap();
        let told = || std::fs::read_to_string(served.home.path().join("work/told")).unwrap_or_default();
        // All has been read, and no pipe holds it.
        until(|| told().contains("data/b.csv"));
        tell(&child, signal);
        let ran = ended(child).expect(code).says(&["standard output", "the run was stopped", "is not whole"]);
        assert!(!ran.stderr.contains("nothing was left half written"), "{ran:?}");
        std::fs::remove_file(served.home.path().join("work/told")).unwrap();
    }
    let mut child = run(&served, &["bundle", "made", "-o", "-"]).spawn().unwrap();
    drop(child.stdout.take());
    ended(child).expect(1).says(&["whoever read it ended before all was written", "reads to the end"]);
}

#[test]
fn an_answer_that_nobody_reads_hears_the_first_one() {
    let names: Vec<String> = (0..2000).map(|at| format!("images/{at:04}.png")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let served = serve(&[("set.zip", zip_of(&members), "{ format = \"zip\" }")]);
    served.run(&["fetch", "made"]).expect(0);
    let export = ["export", "made", "--format", "sha256sums"];
    for arguments in
        [&export[..], &["--json", "export", "made", "--format", "sha256sums"], &["--events", "-", "verify", "made"]]
    {
        let mut child = run(&served, arguments).spawn().unwrap();
        // It has begun to write more than any pipe holds.
        let mut first = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        tell(&child, "-INT");
        ended(child).expect(130).says(&["the run was stopped"]);
    }
}

#[test]
fn a_terminal_that_nobody_reads_hears_the_first_one() {
    let home = Home::new();
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        // A terminal holds less than this.
        let terminal = Terminal::unread(&home, &["completions", "bash"]);
        terminal.wait_for_output();
        terminal.tell(signal);
        assert_eq!(terminal.end().0, Some(code));
    }
}

#[test]
fn progress_that_nobody_reads_hears_the_first_one() {
    let (_host, mut home) = silent_host();
    let fetch = ["--events", "told", "fetch", "vqa-med"];
    let told = home.path().join("work/told");
    // Whoever listens to events is told before a line is written.
    let begins = || until(|| std::fs::read_to_string(&told).is_ok_and(|told| told.contains("listing")));
    let (_reader, writer) = full_pipe();
    let child = home.command(&fetch).stderr(writer).spawn().unwrap();
    begins();
    tell(&child, "-TERM");
    assert_eq!(ended(child).code, Some(143));
    for progress in ["plain", "bar"] {
        home = home.with("MEDSETS_PROGRESS", progress);
        std::fs::remove_file(&told).unwrap();
        let terminal = Terminal::full(&home, &fetch);
        begins();
        terminal.tell("-TERM");
        assert_eq!(terminal.end().0, Some(143));
    }
}

#[test]
fn a_question_that_nobody_reads_hears_the_first_one() {
    let served = serve(&[("a.csv", b"a\n".to_vec(), "")]);
    for scheme in ["bearer", "basic"] {
        let auth = format!("base = \"https://files.example.org/made/\"\nauth = \"{scheme}\"\n");
        served.edit_entry(|entry| {
            let (before, rest) = entry.split_once("base = ").unwrap();
            let files = rest.split_once("\n\n").unwrap().1;
            format!("{before}{auth}\n{files}")
        });
        let login = ["--catalog", served.catalog.as_str(), "auth", "login", "http-files-example-org", "--no-check"];
        let terminal = Terminal::full(&served.home, &login);
        until(|| listens(&terminal.child));
        terminal.tell("-TERM");
        assert_eq!(terminal.end().0, Some(143), "{scheme}");
    }
}

#[test]
fn a_stopped_run_tells_what_it_did_once_it_is_read() {
    let (host, home) = silent_host();
    let (mut reader, writer) = full_pipe();
    let mut child = home.command(&["--json", "fetch", "vqa-med"]).stdout(writer).spawn().unwrap();
    let _asked = host.accept().unwrap();
    tell(&child, "-TERM");
    // Its failures are told by then, and what comes next is its answer.
    let mut told = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.as_mut().unwrap()), &mut told).unwrap();
    let mut answer = String::new();
    reader.read_to_string(&mut answer).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let answer: serde_json::Value = serde_json::from_str(answer.trim()).unwrap_or_else(|_| panic!("{answer}"));
    assert_eq!(answer["exit"], 143);
}

#[test]
fn a_question_hears_the_first_one() {
    let home = Home::new();
    home.run(&["fetch", "demo"]).expect(0);
    let mut terminal = Terminal::start(&home, &["remove", "demo"]);
    terminal.wait_for("[y/N]");
    terminal.types("\x03");
    terminal.wait_for("nothing was removed");
    assert_eq!(terminal.end().0, Some(130));
    home.run(&["verify", "demo"]).expect(0);
}

#[test]
fn a_terminal_that_is_gone_stops_a_run_unless_it_was_to_outlive_it() {
    let (served, file) = scene();
    let ran = stopped(&served, &["verify", "made"], &file, "-HUP").expect(129);
    ran.says(&["b.bin`: the run was stopped", "run the same command again"]);
    let plain = run(&served, &["verify", "made"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP INT; exec \"$@\"", "sh"]).arg(plain.get_program()).args(plain.get_args());
    command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(plain.get_current_dir().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let file = file.canonicalize().unwrap();
    until(|| has_signal(&child.id().to_string(), "SigCgt", 15) && has_opened(&child, &file));
    assert!([1, 2].iter().all(|signal| ignores(&child.id().to_string(), *signal)), "they stay ignored");
    tell(&child, "-HUP");
    tell(&child, "-INT");
    tell(&child, "-TERM");
    ended(child).expect(143).says(&["the run was stopped"]);
}
