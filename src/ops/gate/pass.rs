//! Who may go on: gates that must be open before anything is fetched, and for what is here.

use crate::access::{self, Distribution, Holdings, Purpose, Request, Step, StepKind};
use crate::agreements::Standings;
use crate::catalog::Selection;
use crate::context::Context;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::identity;

use super::{Compare, distribution, gate, refusal, refusal_by, step};

/// The gate of what a person wants to do. What they should know though it closes nothing goes to `warnings`.
///
/// # Errors
/// It is closed: with the whole checklist, and the code of the first step that is not met.
pub async fn pass(
    context: &Context,
    selection: &Selection,
    channel: Option<&str>,
    purpose: Purpose,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let gate = gate(context, selection, channel, purpose, Compare::Pages).await?;
    warnings.extend(gate.warnings().map(str::to_owned));
    if gate.is_open() { Ok(()) } else { Err(refusal(context, selection, gate).await) }
}

/// What the catalogue asks of a person by now is asked too, whatever the entry that came with a
/// lock says: a lock opens no gate. Where the catalogue does not have the release or the channel
/// any more, every channel's gate must be open; where it has no channel at all, its own. That a person
/// must bring the files is asked of the entry of the lock alone.
///
/// # Errors
/// As [`pass`]; or the catalogue's entry of today has no release whose gate could be asked.
pub async fn pass_of_today(
    context: &Context,
    selection: &Selection,
    channel: Option<&str>,
    purpose: Purpose,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let Some(today) = context.catalog()?.get(selection.id()).cloned() else { return Ok(()) };
    if today.digest == selection.dataset().digest {
        return Ok(());
    }
    let is_by_hand = matches!(distribution(selection, channel), Distribution::ByHand { .. });
    let purpose = if is_by_hand { Purpose::Import } else { purpose };
    let version = Some(selection.release().version.as_str());
    let (today, is_same) = match Selection::of(today.clone(), version, selection.variant_name()) {
        Ok(same) => (same, true),
        Err(_) => {
            let other = Selection::of(today, None, None)
                .map_err(|error| Failure::from_error(Exit::CATALOG, &error).of(selection.id()))?;
            (other, false)
        }
    };
    if is_same && today.source(channel).is_some() {
        return pass(context, &today, channel, purpose, warnings).await;
    }
    let channels: Vec<Option<String>> = today.sources().map(|source| Some(source.channel.clone())).collect();
    let channels = if channels.is_empty() { vec![None] } else { channels };
    for channel in &channels {
        pass(context, &today, channel.as_deref(), purpose, warnings).await?;
    }
    Ok(())
}

/// Whether nobody could fetch a dataset from there, whatever is here of it.
pub fn is_of_nobody(selection: &Selection, channel: Option<&str>) -> bool {
    selection.source(channel).is_none() || matches!(distribution(selection, channel), Distribution::None { .. })
}

/// The agreements of a dataset that is here already, by the person's own ledger alone: whoever
/// else may have fetched it, only one's own acceptance counts. Asks nobody.
///
/// # Errors
/// An agreement is not accepted by this person, was withdrawn (23) or has run out (25).
pub async fn pass_agreements(context: &Context, selection: &Selection, channel: &str) -> Result<(), Failure> {
    let shelf = context.shelf()?;
    let steps: Vec<Step> = selection
        .requirements(Some(channel))
        .map(|requirement| step(requirement, shelf, selection, Some(channel)))
        .filter(|step| step.kind == StepKind::Agreement)
        .collect();
    if steps.is_empty() {
        return Ok(());
    }
    let person = identity::person(context);
    // Without a state folder there is no ledger, and nothing was ever accepted.
    let standings = match context.ledger() {
        Ok(ledger) => Standings::among(person.clone(), &ledger.reading()?.entries),
        Err(_) => Standings::of(person.clone()),
    };
    let request = Request {
        dataset: selection.id().clone(),
        version: selection.release().version.clone(),
        purpose: Purpose::Fetch,
        distribution: Distribution::Program,
    };
    let holdings = Holdings { standings, ..Holdings::none(person, context.now()) };
    let gate = access::gate(request, &steps, &holdings);
    if gate.is_open() {
        return Ok(());
    }
    let failure = refusal_by(context, selection, gate, Compare::AtHand).await;
    Err(failure.help(format!("`{selection}` is here and stays as it is: an acceptance is personal")))
}
