//! Arguments, output, exit codes.
//!
//! One file per group of commands: each turns arguments into options, calls one operation and
//! makes an [`output::Answer`] of its report. Only [`output`] and [`progress`] write anything.

pub mod args;
pub mod output;

mod access;
mod adopt;
mod audit;
mod auth;
mod bundle;
mod catalogue;
mod cluster;
mod config;
mod diff;
mod doctor;
mod duties;
mod export;
mod fetch;
mod here;
mod hidden;
mod ledger;
mod lock;
mod log;
mod mirror;
mod names;
mod outdated;
mod pages;
mod person;
mod progress;
mod project;
mod schema;
mod signals;
mod table;
mod usage;
mod why;

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser as _;

use crate::context::{Context, Environment, Flags};
use crate::events::{Cancel, Report, Reporter, Silent};
use crate::fs;
use crate::ops::{Exit, Failure, reference};

use args::{Arguments, Command, ConfigCommand, GlobalArgs};
use names::Names;
use output::{Answer, Output};
use progress::{Bar, Everyone, Lines, Ndjson};

/// Runs the program once.
pub fn main(environment: Environment, arguments: Vec<OsString>) -> Exit {
    let mut output = Output {
        json: false,
        quiet: false,
        colour: has_colour(&environment),
        started: crate::context::clock(),
        begun: Instant::now(),
        catalog: None,
    };
    let arguments = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage::finish(&error, &arguments, &output),
    };
    output.json = arguments.global.json;
    output.quiet = arguments.global.quiet;
    let cancel = Cancel::default();
    let runtime = signals::hear(cancel.clone()).and_then(|()| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            // Each thread costs memory, and the disk has no use for more at once.
            .max_blocking_threads(24)
            .enable_all()
            .build()
    });
    let answer = match runtime {
        Ok(runtime) => {
            let answer = runtime.block_on(run(environment, arguments, &mut output, &cancel));
            // A thread that waits for the disk or a key store must not hold the program back.
            runtime.shutdown_background();
            answer
        }
        Err(error) => Err(Failure::new(Exit::INTERNAL, format!("threads cannot be started: {error}"))),
    };
    let answer = answer.unwrap_or_else(|failure| Answer::failed("medsets/error/1", failure));
    by_signal(output.finish(&answer), &cancel)
}

/// A run that was stopped, while it worked or while its answer was read, ends with the code of the
/// signal.
fn by_signal(exit: Exit, cancel: &Cancel) -> Exit {
    match cancel.code() {
        Some(code) if exit.is_a_stop() => Exit(code),
        _ => exit,
    }
}

async fn run(
    environment: Environment,
    mut arguments: Arguments,
    output: &mut Output,
    cancel: &Cancel,
) -> Result<Answer, Failure> {
    log::start(&environment, output.colour)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "begins");
    let flags = flags_of(&environment, &arguments)?;
    let report = reporter(&environment, &arguments.global)?;
    let mut context = match &arguments.command {
        // These show and mend the settings, so wrong ones must not stop them.
        Command::Doctor | Command::Config(ConfigCommand::Path | ConfigCommand::Set { .. }) => {
            Context::with_what_fits(environment, &flags)
        }
        _ => Context::new(environment, &flags)?,
    };
    context.report = progress_for(&context, &arguments, report);
    context.cancel = cancel.clone();
    let answer = match make_known(&mut context, &mut arguments.command).await {
        Ok(()) => dispatch(&mut context, &arguments.command, output).await,
        Err(failure) => Err(failure),
    };
    output.catalog = context.catalog_digest();
    // The bar leaves the screen before the answer comes.
    context.report = Arc::new(Silent);
    let mut answer = answer.map_err(|failure| stopped(failure, &context))?;
    // Some operations answer with what they did until then.
    answer.exit = by_signal(answer.exit, cancel);
    // These two are asked about just that.
    if !matches!(arguments.command, Command::Catalog(_) | Command::Doctor) {
        answer.warnings.extend(context.overlay_warnings());
        // A failure may be about just that.
        answer.warnings.extend(context.project_warning().filter(|_| answer.failures.is_empty()));
    }
    Ok(answer)
}

/// What the command line names outside the catalogue, and what of it is here.
async fn make_known(context: &mut Context, command: &mut Command) -> Result<(), Failure> {
    let Some(Names { names, reach, to }) = Names::of(command) else { return Ok(()) };
    let to = to.map(|path| context.environment.folder("--to", path)).transpose()?;
    reference::introduce(context, names, reach, to.as_deref()).await
}

async fn dispatch(context: &mut Context, command: &Command, output: &Output) -> Result<Answer, Failure> {
    match command {
        Command::Search(args) => catalogue::search(context, args),
        Command::Info(args) => catalogue::info(context, args),
        Command::Fetch(args) => fetch::fetch(context, args, output).await,
        Command::Slurm(args) => cluster::slurm(context, args).await,
        Command::K8s(args) => cluster::kubernetes(context, args).await,
        Command::Import(args) => fetch::import(context, args).await,
        Command::Lock(args) => lock::lock(context, args).await,
        Command::Sync(args) => lock::sync(context, args).await,
        Command::Adopt(args) => adopt::run(context, args).await,
        Command::Bundle(args) => bundle::bundle(context, args, output).await,
        Command::Unbundle(args) => bundle::unbundle(context, args).await,
        Command::List(args) => here::list(context, args),
        Command::Status(args) => here::status(context, args),
        Command::Verify(args) => here::verify(context, args).await,
        Command::Path(args) => here::path(context, args),
        Command::Remove(args) => here::remove(context, args, output),
        Command::Du(args) => here::du(context, args),
        Command::Init(args) => project::init(context, args),
        Command::Add(args) => Ok(project::add(context, args)),
        Command::Drop(args) => Ok(project::drop(context, args)),
        Command::Diff(args) => diff::run(context, args),
        Command::Outdated(args) => outdated::run(context, args),
        Command::Prune(args) => here::prune(context, args),
        Command::Mirror(command) => mirror::run(context, command).await,
        Command::Access(args) => access::run(context, args, output).await,
        Command::Auth(command) => auth::run(context, command, output).await,
        Command::Ledger(command) => ledger::run(context, command),
        Command::Audit(args) => audit::run(context, args, output.json),
        Command::Duties(args) => duties::run(context, args),
        Command::Why(args) => why::run(context, args),
        Command::Cite(args) => catalogue::cite(context, args),
        Command::Export(args) => export::run(context, args).await,
        Command::Catalog(command) => catalogue::catalog(context, command),
        Command::Config(command) => config::run(context, command),
        Command::Doctor => doctor::run(context),
        Command::Completions(args) => Ok(pages::completions(args)),
        Command::Man(args) => pages::man(context, args),
        Command::Schema(args) => schema::run(args),
    }
}

/// What the flags set, by setting.
fn flags_of(environment: &Environment, arguments: &Arguments) -> Result<Flags, Failure> {
    let global = &arguments.global;
    let mut flags = Flags { overlays: global.catalog.clone(), ..Flags::default() };
    let mut set = |key: &'static str, value: Option<String>| {
        if let Some(value) = value {
            flags.values.insert(key, value);
        }
    };
    let data_dir = global.data_dir.as_ref().map(|dir| environment.folder("--data-dir", dir)).transpose()?;
    set("offline", global.offline.then(|| "true".to_owned()));
    set("no-input", global.no_input.then(|| "true".to_owned()));
    set("data-dir", data_dir.map(|dir| dir.to_string_lossy().into_owned()));
    if let Command::Fetch(args) = &arguments.command {
        set("jobs", args.jobs.map(|jobs| jobs.to_string()));
        set("ranges", args.ranges.map(|ranges| ranges.to_string()));
        set("limit-rate", args.limit_rate.clone());
    }
    if let Command::Sync(args) = &arguments.command {
        set("jobs", args.jobs.map(|jobs| jobs.to_string()));
        set("limit-rate", args.limit_rate.clone());
    }
    if let Command::Mirror(command) = &arguments.command {
        set("jobs", command.jobs().map(|jobs| jobs.to_string()));
    }
    Ok(flags)
}

/// The listener for `--events`.
fn reporter(environment: &Environment, global: &GlobalArgs) -> Result<Option<Box<dyn Reporter>>, Failure> {
    match global.events.as_deref() {
        None => Ok(None),
        Some("-") => Ok(Some(Box::new(Ndjson::to_stdout()?))),
        Some(path) => {
            let path = environment.absolute(path)?;
            Ok(Some(Box::new(Ndjson::to_file(fs::open_output(&path, fs::Access::Shared)?))))
        }
    }
}

/// Progress as the settings and the terminal want it, beside the listener for `--events`.
fn progress_for(context: &Context, arguments: &Arguments, events: Option<Box<dyn Reporter>>) -> Report {
    let mut everyone: Vec<Box<dyn Reporter>> = events.into_iter().collect();
    let dumb = context.environment.variable("TERM").is_none_or(|term| term == "dumb");
    let bar = context.environment.stderr_is_terminal && !dumb && context.environment.variable("CI").is_none();
    match context.settings.text("progress") {
        _ if arguments.global.quiet => {}
        Some("none") => {}
        Some("bar") => everyone.push(Box::new(Bar::new())),
        Some("plain") => everyone.push(Box::new(Lines::new())),
        _ if bar => everyone.push(Box::new(Bar::new())),
        _ => everyone.push(Box::new(Lines::new())),
    }
    Arc::new(Everyone::of(everyone))
}

/// `FORCE_COLOR` wins, then `NO_COLOR`, a dumb terminal, and whether there is one at all.
fn has_colour(environment: &Environment) -> bool {
    if environment.variable("FORCE_COLOR").is_some_and(|value| value != "0") {
        return true;
    }
    let dumb = environment.variable("TERM") == Some("dumb");
    environment.variable("NO_COLOR").is_none() && !dumb && environment.stderr_is_terminal
}

/// A failure after a signal is the signal's.
fn stopped(failure: Failure, context: &Context) -> Failure {
    match context.cancel.code() {
        Some(code) if failure.exit != Exit(code) => Failure { exit: Exit(code), code: Exit(code).word(), ..failure },
        _ => failure,
    }
}
