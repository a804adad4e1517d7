//! The `medsets` program: gathers its surroundings and hands them to the library.

use std::io::IsTerminal as _;
use std::process::ExitCode;

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
    Environment {
        os_user: named.cloned().unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw())),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        working_dir: std::env::current_dir().ok(),
        interactive: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
        stdout_is_terminal: std::io::stdout().is_terminal(),
        variables,
    }
}
