//! What is misspelt in the table of a dataset, shown where it stands in the project file.

use crate::context::Context;
use crate::ops::choice::check_globs;
use crate::ops::failure::Failure;
use crate::ops::selection::one_selection;
use crate::values::Choice;

use super::Project;

/// Refuses a subset that the release does not have and a glob that is none, with the line.
/// `place` is that of the table among the datasets, from 0; `name` is what the catalogue calls it.
pub(super) fn check(context: &Context, project: &Project, place: usize, name: &str) -> Result<(), Failure> {
    let choice: &Choice = &project.manifest.datasets[place].choice;
    if choice.is_everything() {
        return Ok(());
    }
    // A name that means nothing is told by whoever resolves it.
    let Ok(selection) = one_selection(context, name) else { return Ok(()) };
    for (key, values) in choice.written().lists() {
        for (index, value) in values.iter().enumerate() {
            let checked = match key {
                "subset" => selection.subset(value).map(|_| ()).map_err(Failure::from),
                "license" => Ok(()),
                _ => check_globs(std::slice::from_ref(value)),
            };
            checked.map_err(|failure| {
                let shown = project.manifest.shown(&project.text, place, (key, index), &failure.message);
                failure.of(selection.id()).excerpt(shown)
            })?;
        }
    }
    Ok(())
}
