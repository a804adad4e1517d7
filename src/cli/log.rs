//! The log for finding faults: `MEDSETS_LOG`, on standard error.
//!
//! Only our own lines are written. Libraries below log whole requests, and a request may hold
//! a credential; ours name addresses as [`crate::values::SafeUrl`] shows them.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use crate::context::Environment;
use crate::ops::{Exit, Failure};
use crate::values::Printable;

/// Starts it where the variable asks for it.
pub fn start(environment: &Environment, colour: bool) -> Result<(), Failure> {
    let Some(word) = environment.variable("MEDSETS_LOG") else { return Ok(()) };
    let Some(level) = level(word) else {
        let message = format!("`{}` is no value for the variable `MEDSETS_LOG`", Printable::new(word));
        return Err(Failure::new(Exit::CONFIG, message).help("it takes one of off, error, warn, info, debug, trace"));
    };
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    let ours = Targets::new().with_target("medsets", level);
    // It fails only when the same process has one already, which then stays.
    let _ = registry().with(lines.with_filter(ours)).try_init();
    Ok(())
}

fn level(word: &str) -> Option<LevelFilter> {
    Some(match word.to_ascii_lowercase().as_str() {
        "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => return None,
    })
}
