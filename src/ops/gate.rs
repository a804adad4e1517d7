//! From a catalogue entry, the ledger and stored credentials to an open or closed gate.

mod pass;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::access::{
    self, Account, CurrentText, Distribution, Gate, Holdings, HostAnswer, OnChange, Purpose, Request, Step, StepKind,
};
use crate::agreements::Standings;
use crate::agreements::host_answers::HostWord;
use crate::catalog::{DistributionKind, Requirement, RequirementKind, Selection};
use crate::context::Context;
use crate::credentials::{Form, Wanted};
use crate::licenses::Shelf;
use crate::values::{DatasetId, DatasetName, SafeUrl};

use super::failure::Failure;
use super::identity;
use super::matter::matter;
use super::probe;
use super::texts;
use super::wanted::{self, TooOpen};

pub use pass::{is_of_nobody, pass, pass_agreements, pass_of_today};

/// Whether the texts of agreements are compared with what is on their pages today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Asks the pages: a fetch is about to download.
    Pages,
    /// Only texts that are at hand.
    AtHand,
}

/// Puts what a dataset asks for beside what the person holds.
pub async fn gate(
    context: &Context,
    selection: &Selection,
    channel: Option<&str>,
    purpose: Purpose,
    compare: Compare,
) -> Result<Gate, Failure> {
    let shelf = context.shelf()?;
    let steps: Vec<Step> =
        selection.requirements(channel).map(|requirement| step(requirement, shelf, selection, channel)).collect();
    let holdings = Holdings {
        answers: answers(context, selection, channel, &steps)?,
        ..holdings(context, selection, &steps, compare).await?
    };
    let request = Request {
        dataset: selection.id().clone(),
        version: selection.release().version.clone(),
        purpose,
        distribution: distribution(selection, channel),
    };
    Ok(access::gate(request, &steps, &holdings))
}

/// A release by one of its sources, for the steps that it asks for.
pub(super) type Demand = (Selection, Option<String>);

/// All that the releases of a dataset ask for by any of their sources, one for each different set of
/// steps: a release of it that the catalogue does not know asks for no less. Nothing where the
/// dataset is not known.
pub(super) fn demands(context: &Context, id: &DatasetId) -> Result<Vec<Demand>, Failure> {
    let Some(dataset) = context.catalog()?.get(id) else { return Ok(Vec::new()) };
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    for release in &dataset.releases {
        let variants = release.variants.iter().map(|variant| Some(variant.name.as_str()));
        for variant in variants.chain(release.variants.is_empty().then_some(None)) {
            let Ok(selection) = Selection::of(dataset.clone(), Some(&release.version), variant) else { continue };
            let mut channels: Vec<Option<String>> =
                selection.sources().map(|source| Some(source.channel.clone())).collect();
            channels.extend(channels.is_empty().then_some(None));
            for channel in channels {
                let steps = selection.requirements(channel.as_deref()).map(|step| step.id.clone());
                if seen.insert(steps.collect::<Vec<_>>()) {
                    found.push((selection.clone(), channel));
                }
            }
        }
    }
    Ok(found)
}

/// A requirement as the gate sees it.
pub(super) fn step(requirement: &Requirement, shelf: &Shelf, selection: &Selection, channel: Option<&str>) -> Step {
    let kind = match requirement.kind {
        RequirementKind::Account => StepKind::Account,
        RequirementKind::Agreement => StepKind::Agreement,
        RequirementKind::Training => StepKind::Training,
        RequirementKind::Application => StepKind::Application,
        RequirementKind::Approval => StepKind::Approval,
        RequirementKind::Fee => StepKind::Fee,
        RequirementKind::Manual => StepKind::Manual,
    };
    let usual = || match &requirement.license {
        Some(license) => format!("accept {license}"),
        None => format!("{} `{}`", kind.as_str(), requirement.id),
    };
    let blocks =
        requirement.license.as_ref().and_then(|id| shelf.get(id)).is_none_or(|one| one.kind.changed_text_blocks());
    let title = match (&requirement.title, &requirement.license) {
        // The licence is what the person is asked about, so its id is always shown.
        (Some(title), Some(license)) if !title.contains(license.as_str()) => format!("{title} ({license})"),
        (Some(title), _) => title.clone(),
        (None, _) => usual(),
    };
    Step {
        page: requirement.page.as_deref().and_then(|page| SafeUrl::parse(page).ok()),
        provider: requirement.provider.as_deref().map(|provider| credential_name(provider, selection, channel)),
        license: requirement.license.clone(),
        on_change: if blocks { OnChange::Blocks } else { OnChange::Warns },
        valid_for: requirement.valid_for.as_deref().and_then(days),
        usual_wait: requirement.usual_wait.clone(),
        fee: requirement.fee.clone(),
        note: requirement.note.clone(),
        ..Step::new(kind, &requirement.id, &title)
    }
}

/// The name under which the credential for an account is kept: where the source is of that
/// provider it says which.
fn credential_name(provider: &str, selection: &Selection, channel: Option<&str>) -> String {
    let source = selection.source(channel).filter(|source| source.host.name() == provider);
    source.map_or(provider.to_owned(), |source| source.host.credential(selection.id()))
}

/// `1095 days`.
fn days(text: &str) -> Option<SignedDuration> {
    let number: i64 = text.strip_suffix(" days").or(text.strip_suffix(" day"))?.trim().parse().ok()?;
    Some(SignedDuration::from_hours(24 * number))
}

/// By hand when the entry says so, or when the source is one that only a person can use.
fn distribution(selection: &Selection, channel: Option<&str>) -> Distribution {
    let manual = selection.source(channel).is_some_and(|source| !source.host.is_for_programs());
    match &selection.dataset().entry.distribution {
        Some(one) if one.kind == DistributionKind::None => {
            Distribution::None { reason: one.reason.clone(), instead: one.instead.clone() }
        }
        Some(one) if manual || selection.source(channel).is_none() => {
            Distribution::ByHand { instead: with_files(one.instead.clone(), selection, channel) }
        }
        _ if manual => {
            Distribution::ByHand { instead: with_files(manual_steps(selection, channel), selection, channel) }
        }
        _ => Distribution::Program,
    }
}

/// What a person does, with the names of the files that are to come of it.
fn with_files(instead: Option<String>, selection: &Selection, channel: Option<&str>) -> Option<String> {
    const SHOWN: usize = 20;
    let channel = selection.source(channel).map(|source| source.channel.as_str());
    let mut names: Vec<String> = selection.files(channel).map(|file| format!("`{}`", file.path)).collect();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    names.extend((more > 0).then(|| format!("{more} more")));
    if names.is_empty() {
        return instead;
    }
    let files = format!("files: {}", names.join(", "));
    Some(instead.map_or(files.clone(), |instead| format!("{}; {files}", instead.trim_end_matches('.'))))
}

fn manual_steps(selection: &Selection, channel: Option<&str>) -> Option<String> {
    match &selection.source(channel)?.host {
        crate::catalog::Host::Manual { page, steps } => {
            let page = page.as_ref().map(|page| format!("get the files from <{page}>"));
            let lines: Vec<String> = page.into_iter().chain(steps.iter().cloned()).collect();
            (!lines.is_empty()).then(|| lines.join("; "))
        }
        _ => None,
    }
}

async fn holdings(
    context: &Context,
    selection: &Selection,
    steps: &[Step],
    compare: Compare,
) -> Result<Holdings, Failure> {
    let person = identity::person(context);
    if steps.is_empty() {
        return Ok(Holdings::none(person, context.now()));
    }
    // Without a state folder there is no ledger, and nothing was ever accepted.
    let standings = match context.ledger() {
        Ok(ledger) => Standings::among(person, &ledger.reading()?.entries),
        Err(_) => Standings::of(person),
    };
    let mut texts = BTreeMap::new();
    if compare == Compare::Pages {
        for license in
            steps.iter().filter(|step| is_accepted(step, selection, &standings)).filter_map(|step| step.license.clone())
        {
            let text = current_text(context, &license).await?;
            texts.extend(text.map(|text| (license, text)));
        }
    }
    Ok(Holdings {
        accounts: accounts(context, steps)?,
        texts,
        standings,
        ..Holdings::none(identity::person(context), context.now())
    })
}

/// What the host said when it was asked for a byte: whoever is served has been granted what the
/// host decides. A refusal is shown and closes nothing, since it may be over by now.
pub(super) fn answers(
    context: &Context,
    selection: &Selection,
    channel: Option<&str>,
    steps: &[Step],
) -> Result<BTreeMap<String, HostAnswer>, Failure> {
    let said = probe::last(context, selection, channel)?.filter(|said| said.answer == HostWord::Granted);
    let Some(said) = said else { return Ok(BTreeMap::new()) };
    let by_host = |step: &&Step| matches!(step.kind, StepKind::Training | StepKind::Application | StepKind::Approval);
    Ok(steps.iter().filter(by_host).map(|step| (step.id.clone(), HostAnswer::Granted { at: said.at })).collect())
}

/// Only a text that was accepted is compared.
fn is_accepted(step: &Step, selection: &Selection, standings: &Standings) -> bool {
    let matter = matter(selection, &step.id, step.license.as_deref());
    matches!(standings.standing(&matter), crate::agreements::Standing::Accepted(_))
}

/// The text of a licence today. `None` for texts that only the person has.
async fn current_text(context: &Context, license: &str) -> Result<Option<CurrentText>, Failure> {
    let Some(license) = context.shelf()?.get(license) else { return Ok(None) };
    if license.text == crate::licenses::TextSource::File {
        return Ok(None);
    }
    Ok(Some(match texts::current(context, license).await {
        Ok(had) => CurrentText::Digest(had.text.sha256),
        Err(failure) => CurrentText::NotRead(failure.message),
    }))
}

/// What is known of the accounts that the steps name.
fn accounts(context: &Context, steps: &[Step]) -> Result<BTreeMap<String, Account>, Failure> {
    let mut accounts = BTreeMap::new();
    let providers =
        steps.iter().filter(|step| step.kind == StepKind::Account).filter_map(|step| step.provider.as_deref());
    for provider in providers {
        let mut found = None;
        for form in [Form::Token, Form::Login] {
            let wanted = Wanted { provider, form, url: None };
            let lookup = wanted::found(context, &wanted, TooOpen::PassedOver)?;
            if let Some(credential) = lookup.and_then(|lookup| lookup.credential) {
                let name = credential.secret.user().map(str::to_owned);
                found = Some(Account::SignedIn { name, from: credential.origin.to_string() });
                break;
            }
        }
        accounts.insert(provider.to_owned(), found.unwrap_or(Account::NoCredential));
    }
    Ok(accounts)
}

/// A closed gate as a failure: the whole checklist, the help for each step, and for agreements
/// the complete line to run, with the digest of the text where it can be had.
pub async fn refusal(context: &Context, selection: &Selection, gate: Gate) -> Failure {
    refusal_by(context, selection, gate, Compare::Pages).await
}

/// The same, with the digests of those texts alone that are at hand.
pub(super) async fn refusal_by(context: &Context, selection: &Selection, gate: Gate, reach: Compare) -> Failure {
    let missing = gate.missing_acceptances().unwrap_or_default();
    let licenses: Vec<(String, Option<String>)> =
        missing.iter().map(|step| (step.id.clone(), step.license.clone())).collect();
    let page = gate.steps.iter().find(|state| state.obstacle.is_some()).and_then(|state| state.step.page.clone());
    let error = match gate.pass() {
        Err(error) => error,
        Ok(_) => return Failure::new(super::Exit::OTHER, "the gate is open"),
    };
    let mut failure = Failure::from_error(super::Exit(error.exit()), &error).of(selection.id());
    failure.url = page;
    if let Some(lack) = undescribed(context, selection, &licenses) {
        return Failure { help: None, ..failure }.help(lack);
    }
    for (step, license) in &licenses {
        if let Some(line) = accept_line(context, selection, step, license.as_deref(), licenses.len(), reach).await {
            failure = failure.help(line);
        }
    }
    failure.acceptance = (!licenses.is_empty()).then(|| selection.to_string());
    failure
}

/// What the catalogue at hand lacks of a dataset that a lock or a bundle describes: without it no
/// command can record what the gate asks for.
fn undescribed(context: &Context, selection: &Selection, missing: &[(String, Option<String>)]) -> Option<String> {
    if missing.is_empty() {
        return None;
    }
    let (catalog, shelf) = (context.catalog().ok()?, context.shelf().ok()?);
    let id = selection.id();
    let is_unknown = selection.reference().is_none() && catalog.get(id).is_none();
    let licenses = missing.iter().filter_map(|(_, license)| license.as_deref());
    let unknown =
        licenses.filter(|license| shelf.get(license).is_none()).map(|license| format!("no licence `{license}`"));
    let lacks: Vec<String> = is_unknown.then(|| format!("no dataset `{id}`")).into_iter().chain(unknown).collect();
    (!lacks.is_empty()).then(|| {
        format!(
            "the catalogue here has {}: lay the folder that describes it over the catalogue, with `--catalog DIR` or \
             `MEDSETS_CATALOG`, and run the same command again",
            lacks.join(" and ")
        )
    })
}

/// The line that accepts a text without a terminal. None where the text cannot be had now.
async fn accept_line(
    context: &Context,
    selection: &Selection,
    step: &str,
    license: Option<&str>,
    several: usize,
    reach: Compare,
) -> Option<String> {
    let license = context.shelf().ok()?.get(license?)?;
    if reach == Compare::AtHand && license.text != crate::licenses::TextSource::Bundled {
        return None;
    }
    let had = texts::current(context, license).await.ok()?;
    let named = name_for_command(selection);
    let step = if several > 1 { format!(" {step}") } else { String::new() };
    Some(format!("without a terminal: `medsets access accept {named}{step} --text-digest {}`", had.text.sha256))
}

/// The shortest name that means this selection.
pub fn name_for_command(selection: &Selection) -> String {
    let dataset = selection.dataset();
    let default = dataset.default_release().version == selection.release().version;
    let variant_default =
        selection.release().default_variant().map(|variant| variant.name.as_str()) == selection.variant_name();
    let version = (!default).then_some(selection.release().version.as_str());
    let variant = selection.variant_name().filter(|_| !variant_default);
    DatasetName { id: selection.id(), version, variant }.to_string()
}
