//! `medsets completions` and `medsets man`: made from the argument definitions.

use clap::CommandFactory as _;
use serde_json::json;

use crate::context::Context;
use crate::fs::{self, Access, FsError};
use crate::ops::Failure;

use super::args::{Arguments, CompletionsArgs, ManArgs};
use super::output::Answer;

/// Prints completions for a shell.
pub fn completions(args: &CompletionsArgs) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "medsets", &mut script);
    let text = String::from_utf8_lossy(&script).into_owned();
    Answer::done("medsets/completions/1", json!({ "shell": args.shell.to_string(), "script": text }), text)
}

/// Prints the main manual page, or writes one page per command into a folder.
pub fn man(context: &Context, args: &ManArgs) -> Result<Answer, Failure> {
    let Some(dir) = &args.dir else {
        let text = page(Arguments::command())?;
        return Ok(Answer::done("medsets/man/1", json!({ "page": text }), text));
    };
    let dir = context.environment.folder("DIR", dir)?;
    fs::create_dir_all(&dir, Access::Shared)?;
    let mut written = Vec::new();
    let mut command = Arguments::command();
    command.build();
    write_pages(&dir, &command, "medsets", &mut written)?;
    let text = written.iter().map(|path: &std::path::PathBuf| format!("{}\n", path.display())).collect();
    Ok(Answer::done("medsets/man/1", json!({ "pages": written }), text))
}

fn write_pages(
    dir: &std::path::Path,
    command: &clap::Command,
    name: &str,
    written: &mut Vec<std::path::PathBuf>,
) -> Result<(), Failure> {
    let path = dir.join(format!("{name}.1"));
    fs::atomic_write(&path, page(command.clone().name(name.to_owned()))?.as_bytes(), Access::Shared)?;
    written.push(path);
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        write_pages(dir, inner, &format!("{name}-{}", inner.get_name()), written)?;
    }
    Ok(())
}

fn page(command: clap::Command) -> Result<String, FsError> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|error| FsError::new("render", std::path::Path::new("manual"), error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
