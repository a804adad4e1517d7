//! The `medsets` program: gathers its surroundings and hands them to the library.

use std::io::IsTerminal as _;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use medsets::context::Environment;

fn main() -> ExitCode {
    let exit = medsets::cli::main(surroundings(), std::env::args_os().collect());
    ExitCode::from(exit.0)
}

/// All that the run can know of its surroundings. The library reads none of it by itself.
#[allow(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn surroundings() -> Environment {
    let text =
        |pair: (std::ffi::OsString, std::ffi::OsString)| Some((pair.0.into_string().ok()?, pair.1.into_string().ok()?));
    let variables: std::collections::BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
    Environment {
        os_user: Arc::new(LazyLock::new(os_user)),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        working_dir: std::env::current_dir().ok(),
        interactive: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
        stdout_is_terminal: std::io::stdout().is_terminal(),
        variables,
    }
}

/// The name of the account: as a variable tells it, else as the system does, else its number.
#[allow(clippy::disallowed_methods, reason = "what `surroundings` leaves for later")]
fn os_user() -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    named.or_else(account).unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The name of the account where no variable tells it. The system's own program is asked, since
/// accounts may be kept in a directory service. `None` where there is no name, as in containers, and
/// where the directory does not answer.
fn account() -> Option<String> {
    let mut id = Command::new("id");
    let mut asked = id.arg("-run").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let begun = Instant::now();
    while asked.try_wait().ok()?.is_none() {
        if begun.elapsed() > PATIENCE {
            asked.kill().ok()?;
            asked.wait().ok()?;
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let told = asked.wait_with_output().ok()?;
    let name = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (told.status.success() && !name.is_empty()).then_some(name)
}

/// How long the system may take to name an account.
const PATIENCE: Duration = Duration::from_secs(5);
