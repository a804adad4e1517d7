//! Names that some systems take for one are refused before anything is had.

use std::collections::HashSet;

use crate::layout::LayoutError;
use crate::ops::assemble::{fold, mark};
use crate::ops::download::Wanted;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::target::Target;
use crate::remedy::Remedy as _;
use crate::values::{RelPath, ShellWord};

/// Refuses two files that are to be laid out as they are, where their places differ in case or in how
/// letters are composed. What is in archives is not known yet.
///
/// # Errors
/// With exit 54: names both, and whose list it is.
pub(super) fn refuse(target: &Target<'_>, wanted: &[Wanted]) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    if !wanted.iter().filter_map(Wanted::place).any(|place| !seen.insert(mark(&place))) {
        return Ok(());
    }
    let mut names: Vec<(String, RelPath, &RelPath)> =
        wanted.iter().filter_map(|one| one.place().map(|place| (fold(&place), place, &one.listed.path))).collect();
    names.sort();
    let alike = names.windows(2).find(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1);
    let Some([(_, first, _), (_, second, path)]) = alike else { return Ok(()) };
    let error = LayoutError::Collision { first: first.to_string(), second: second.to_string() };
    Err(told(target, &error, path))
}

fn told(target: &Target<'_>, error: &LayoutError, path: &RelPath) -> Failure {
    let (selection, channel) = (target.selection, &target.source.channel);
    let is_of_entry = selection.files(Some(channel)).any(|file| file.path == *path);
    let whose = match target.source.lists && !is_of_entry {
        true => Some(format!("the publisher's own list (source `{channel}`) has both: tell the publisher")),
        false => error.remedy(),
    };
    let failure = Failure::from_error(Exit::UNSAFE, error).of(selection.id()).in_file(path);
    let failure = whose.iter().fold(Failure { help: None, ..failure }, Failure::help);
    let glob = globset::escape(path.as_str());
    failure.help(format!(
        "or leave one of them out: `--exclude {}`, or `exclude = [...]` in `medsets.toml`",
        ShellWord(&glob)
    ))
}
