//! The program as a new user runs it: an empty home folder and nothing of ours around it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::watch::Watch;

/// An empty home folder with the program in it.
pub struct Home {
    dir: TempDir,
    variables: BTreeMap<String, String>,
    watch: Watch,
}

impl Drop for Home {
    fn drop(&mut self) {
        self.watch.home_goes(self.dir.path());
    }
}

/// What a run printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// What the list of processes showed of it, where that was looked at.
    pub command_lines: String,
}

impl Home {
    /// A new, empty one.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::create_dir(dir.path().join("work")).expect("the folder is new");
        Self { dir, variables: BTreeMap::new(), watch: Watch::here() }
    }

    /// Another machine, without a network and without anything of ours.
    pub fn offline() -> Self {
        Self::new().with("MEDSETS_OFFLINE", "1")
    }

    /// An empty folder in it for a mirror, and its address.
    pub fn share(&self) -> (PathBuf, String) {
        let folder = self.path().join("share");
        std::fs::create_dir(&folder).expect("the home can be written");
        let url = format!("file://{}", folder.display());
        (folder, url)
    }

    /// With an environment variable in every run.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Without a variable that was set before.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// The home folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What watches that no secret of it comes to somebody it is not for.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Where datasets go by default.
    pub fn data(&self) -> PathBuf {
        self.path().join(".local/share/medsets/datasets")
    }

    /// Where the ledger is by default.
    pub fn state(&self) -> PathBuf {
        self.path().join(".local/state/medsets")
    }

    /// The program with arguments, without a terminal, ready to be changed or started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        hear_signals();
        self.watch.run(self.variables.iter(), self.path());
        let mut command = Command::new(env!("CARGO_BIN_EXE_medsets"));
        command.env_clear().envs(&self.variables).env("HOME", self.path()).env("USER", "tester");
        command.current_dir(self.path().join("work")).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().expect("the program starts").into()
    }

    /// Runs a line as a person types it into a shell.
    pub fn typed(&self, line: &str) -> Ran {
        let program = self.command(&[]);
        let folder = Path::new(program.get_program()).parent().expect("it is a path").display();
        let mut shell = Command::new("sh");
        shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.env("PATH", format!("{folder}:/usr/bin:/bin")).current_dir(self.path().join("work"));
        shell.args(["-c", line]).stdin(Stdio::null()).output().expect("there is a shell").into()
    }

    /// The same as somebody who is not root, for whom modes count.
    pub fn run_unprivileged(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        if std::fs::metadata("/proc/self").expect("there is one").uid() == 0 {
            let owned = Command::new("chown").arg("-hR").arg("12345:12345").arg(self.path()).status();
            assert!(owned.expect("the program is there").success());
            command.uid(12345).gid(12345);
        }
        command.output().expect("the program starts").into()
    }

    /// Runs the program with a text on standard input, and looks at the list of processes
    /// meanwhile.
    pub fn fed(&self, input: &str, arguments: &[&str]) -> Ran {
        self.watch.told(input, arguments);
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
        let place = format!("/proc/{}/cmdline", child.id());
        let mut seen = std::fs::read(&place).unwrap_or_default();
        // A program that has ended early reads no more.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let (sender, ended) = std::sync::mpsc::channel();
        let watcher = std::thread::spawn(move || {
            while ended.recv_timeout(std::time::Duration::from_millis(5)).is_err() {
                seen.extend(std::fs::read(&place).unwrap_or_default());
            }
            seen
        });
        let mut ran: Ran = child.wait_with_output().expect("the program ends").into();
        let _ = sender.send(());
        ran.command_lines = String::from_utf8_lossy(&watcher.join().expect("it only reads")).into_owned();
        ran
    }

    /// Where settings and credentials are by default.
    pub fn config(&self) -> PathBuf {
        self.path().join(".config/medsets")
    }

    /// Runs with `--json` and reads the answer.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {ran:?}"))
    }

    /// Writes a catalogue overlay entry and returns the overlay's folder, for `--catalog`.
    pub fn overlay(&self, name: &str, text: &str) -> String {
        let dir = self.path().join("overlay");
        std::fs::create_dir_all(&dir).expect("the home can be written");
        std::fs::write(dir.join(name), text).expect("the home can be written");
        dir.to_string_lossy().into_owned()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            command_lines: String::new(),
        }
    }
}

impl Ran {
    /// The commands that standard error advises, in their order.
    pub fn advised(&self) -> Vec<&str> {
        let quoted = self.stderr.split('`').skip(1).step_by(2);
        quoted.filter(|text| text.starts_with("medsets ") || text.starts_with("MEDSETS_")).collect()
    }

    /// Fails the test unless the run ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless standard error holds each of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is not in: {}", self.stderr);
        }
        self
    }
}

/// Starts the program while the test holds the lease of `demo`, lets `meanwhile` happen when it says
/// that it waits, and lets go.
pub fn while_it_waits(home: &Home, arguments: &[&str], meanwhile: impl FnOnce()) -> Ran {
    let leases = home.data().join(".medsets-store/leases");
    std::fs::create_dir_all(&leases).expect("the home can be written");
    let lock = std::fs::File::create(leases.join("demo@1.0.lock")).expect("the home can be written");
    lock.lock().expect("nobody else holds it");
    let waiting = Waiting::until(home.command(arguments), "another medsets run works on `demo@1.0`");
    meanwhile();
    drop(lock);
    waiting.end()
}

/// A run that has said something and goes on.
pub struct Waiting {
    /// The run; its standard error is read here.
    pub child: Child,
    told: BufReader<ChildStderr>,
    stderr: String,
}

impl Waiting {
    /// Starts the program and reads what it says until this is in it.
    #[track_caller]
    pub fn until(mut command: Command, says: &str) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let mut told = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut stderr = String::new();
        while !stderr.contains(says) {
            assert_ne!(told.read_line(&mut stderr).expect("it is text"), 0, "it did not say `{says}`: {stderr}");
        }
        Self { child, told, stderr }
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        self.told.read_to_string(&mut self.stderr).expect("it is text");
        let ran = Ran::from(self.child.wait_with_output().expect("the program ends"));
        Ran { stderr: self.stderr, ..ran }
    }
}

/// Sends a run a signal, such as `-TERM`.
#[track_caller]
pub fn tell(run: &Child, signal: &str) {
    let told = Command::new("kill").args([signal, &run.id().to_string()]).status();
    assert!(told.expect("the program is there").success());
}

/// A pipe that holds as much as it can and makes nobody wait; with its other end.
pub fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("the system has pipes");
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).expect("it is open");
    while writer.write(&[b'\n'; 512]).is_ok() {}
    (reader, writer)
}

/// Whoever starts the tests in the background of a script, or by `nohup`, has them ignore Ctrl-C or
/// the end of the terminal, and all that they start too. With a handler it is as usual for these.
fn hear_signals() {
    use tokio::signal::unix::{SignalKind, signal};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("the system has events");
        let _within = runtime.enter();
        for kind in [SignalKind::hangup(), SignalKind::interrupt()] {
            if ignores("self", kind.as_raw_value().cast_unsigned()) {
                drop(signal(kind).expect("a handler can be set"));
            }
        }
    });
}

/// Whether a process ignores a signal, as far as the system tells.
pub fn ignores(process: &str, signal: u32) -> bool {
    has_signal(process, "SigIgn", signal)
}

/// What `/proc` says of a signal of a process.
pub fn has_signal(process: &str, field: &str, signal: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Waits until something is so.
#[track_caller]
pub fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(180), "it did not come to that");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Every file below a folder with its bytes, by path.
pub fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).expect("it is below the root").to_string_lossy().into_owned();
                files.insert(name, std::fs::read(&path).expect("the file can be read"));
            }
        }
    }
    files
}
