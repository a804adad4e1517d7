//! The `medsets` program: gathers its surroundings and hands them to the library.

use std::io::IsTerminal as _;
use std::process::{ExitCode, Stdio};

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
    let named = ["USER", "LOGNAME"].iter().find_map(|name| variables.get(*name).filter(|value| !value.is_empty()));
    let unnamed = || format!("uid {}", rustix::process::getuid().as_raw());
    Environment {
        os_user: named.cloned().or_else(account).unwrap_or_else(unnamed),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        working_dir: std::env::current_dir().ok(),
        interactive: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
        stdout_is_terminal: std::io::stdout().is_terminal(),
        variables,
    }
}

/// The name of the account where no variable tells it. The system's own program is asked, since
/// accounts may be kept in a directory service. `None` where there is no name, as in containers.
fn account() -> Option<String> {
    let told = std::process::Command::new("id").arg("-run").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let name = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (told.status.success() && !name.is_empty()).then_some(name)
}
