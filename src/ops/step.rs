//! One step of a dataset, by its id or by being the only one that fits; and the page of a step.

use crate::access::{Purpose, State};
use crate::catalog::{Requirement, Selection};
use crate::context::Context;
use crate::values::{Printable, SafeUrl};

use super::exit::Exit;
use super::failure::Failure;
use super::gate::{self, Compare};
use super::selection::one_selection;

/// The page of a step: the named one, else the first that is not done and has a page, else the
/// home page.
pub async fn page(context: &Context, name: &str, step: Option<&str>) -> Result<SafeUrl, Failure> {
    let selection = one_selection(context, name)?;
    let page = match step {
        Some(_) => pick(&selection, step, |_| true, "a step")?.page,
        None => {
            let gate = gate::gate(context, &selection, None, Purpose::Fetch, Compare::AtHand).await?;
            let open = gate.steps.into_iter().filter(|one| one.state != State::Done);
            match open.filter_map(|one| one.step.page).next() {
                Some(page) => return Ok(page),
                None => selection.dataset().entry.homepage.clone(),
            }
        }
    };
    let missing =
        || Failure::new(Exit::CATALOG, format!("the entry names no page for `{selection}`")).of(selection.id());
    SafeUrl::parse(&page.ok_or_else(missing)?).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))
}

/// The step of this id, or the only one that fits.
pub(super) fn pick(
    selection: &Selection,
    step: Option<&str>,
    fits: impl Fn(&Requirement) -> bool,
    what: &str,
) -> Result<Requirement, Failure> {
    let mut steps: Vec<&Requirement> = selection.requirements(None).filter(|one| fits(one)).collect();
    // Steps that hold for one source only are meant when nothing else is.
    if steps.is_empty() {
        let all = selection.dataset().entry.requires.iter();
        steps = all.filter(|one| fits(one)).collect();
    }
    let names = || steps.iter().map(|one| format!("`{}`", one.id)).collect::<Vec<_>>().join(", ");
    let refused = |message: String| Failure::new(Exit::USAGE, message).of(selection.id());
    match step {
        Some(id) => steps.iter().find(|one| one.id == id).map(|one| (*one).clone()).ok_or_else(|| {
            let failure = refused(format!("`{selection}` has no step `{}` that is {what}", Printable::new(id)));
            if steps.is_empty() { failure } else { failure.help(format!("there is {}", names())) }
        }),
        None if steps.len() == 1 => Ok(steps[0].clone()),
        None if steps.is_empty() => Err(refused(format!("`{selection}` asks for nothing that is {what}"))),
        None => Err(refused(format!("`{selection}` has several steps")).help(format!("name one of {}", names()))),
    }
}
