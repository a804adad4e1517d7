//! What lies around the copies: modes, git, signed links.

use crate::audit::{Guard, SubjectFacts};
use crate::context::Context;
use crate::fs;

use super::super::failure::Failure;

/// Looks around the copies.
pub fn around(_context: &Context, subjects: &[SubjectFacts]) -> Result<Vec<Guard>, Failure> {
    let mut found = Vec::new();
    for subject in subjects.iter().filter(|subject| subject.receipt.is_some() && subject.is_restricted()) {
        found.extend(world_readable(subject)?);
    }
    Ok(found)
}

/// A restricted folder that others may enter and list.
fn world_readable(subject: &SubjectFacts) -> Result<Option<Guard>, Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(folder) = &subject.folder else { return Ok(None) };
    let Some(metadata) = fs::metadata(std::path::Path::new(folder))? else { return Ok(None) };
    let mode = metadata.permissions().mode() & 0o7777;
    let is_open = mode & 0o005 != 0;
    let guard =
        || Guard::WorldReadable { dataset: subject.name(), folder: folder.clone(), mode: format!("{mode:04o}") };
    Ok(is_open.then(guard))
}

/// The sentence about something that could not be looked at.
pub fn not_checked(guard: &Guard) -> Option<String> {
    match guard {
        Guard::NotChecked { message } => Some(message.clone()),
        _ => None,
    }
}
