//! Fetching again what is missing or damaged of a dataset.

mod restamp;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::access::Purpose;
use crate::context::Context;
use crate::layout::inventory::InventoryReader;
use crate::layout::receipt::Selection as Part;
use crate::layout::{DatasetDir, Means, Receipt, Records, Store};
use crate::providers::AnyProvider;
use crate::values::{Choice, Printable, RelPath, ShellWord};

use super::carry::Earlier;
use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{self, FetchOptions, KeepArchives};
use super::gate;
use super::settle::settle_whole;
use super::target::Target;
use super::verify::Verified;
use super::wanted;

/// A part is asked for of a dataset whose records are damaged.
pub fn cannot_add(selection: &crate::catalog::Selection, fault: &str) -> Failure {
    let message =
        format!("the records of `{selection}` are damaged ({fault}), so nothing can be added to what is there");
    let name = gate::name_for_command(selection);
    Failure::new(Exit::DIFFERENT, message).of(selection.id()).help(format!(
        "`medsets verify {name} --repair` fetches it anew where a program can, `medsets remove {name}` deletes what is there"
    ))
}

/// Files whose other bytes a person takes while a dataset is mended.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// By path at the publisher.
    pub files: Vec<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Fetches what is missing or changed, and only that; all of it, where its records are damaged. Of
/// files that were read and are right it notes the time that they have.
/// Gives what a person should know.
///
/// # Errors
/// The bytes are not to be had, or are others by now and not `accepted`: the dataset is as it was.
pub async fn repair(context: &Context, found: &Verified, accepted: &Accepted) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    let name = found.name();
    let dir = DatasetDir::at(found.path.clone());
    if found.is_away {
        return Err(found.away_failure());
    }
    if found.carries && !found.touched.is_empty() {
        restamp::restamp(context, &name, &dir, &found.touched)?;
    }
    if !found.is_damaged() {
        settle_whole(context, &Store::of(&context.data_dir()?), &dir)?;
        return Ok(warnings);
    }
    match mend(context, found, accepted, &name, &mut warnings).await {
        Ok(()) => Ok(warnings),
        Err(failure) => Err(explained(failure, &name).help(format!("`{}` was not mended", Printable::new(&name)))),
    }
}

/// Other bytes than the ones that were here: what a person can do about it with this command.
fn explained(failure: Failure, name: &str) -> Failure {
    let file = match (failure.exit, &failure.file) {
        (Exit::MISMATCH | Exit::TRUNCATED, Some(file)) if !failure.by_mirror => file.clone(),
        _ => return failure,
    };
    Failure { help: None, ..failure }
        .help("the publisher may have replaced the file, or the connection altered it; nothing of it was kept")
        .help(format!(
            "`medsets verify {name} --repair --accept-changed {} --reason TEXT` takes the new bytes and notes why",
            ShellWord(file.as_str())
        ))
}

async fn mend(
    context: &Context,
    found: &Verified,
    accepted: &Accepted,
    name: &str,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let dir = DatasetDir::at(found.path.clone());
    let receipt = match Records::of(&dir)? {
        Records::Good(receipt) | Records::Broken { receipt: Some(receipt), .. } => Some(receipt),
        Records::Absent | Records::Broken { .. } => None,
    };
    let (selection, options) = as_it_was(context, name, &dir, receipt.as_deref(), warnings)?;
    let has_archive = |path: &RelPath| path.as_str().starts_with("archives/");
    let keeps = found.missing.iter().chain(&found.changed).any(has_archive);
    let options = FetchOptions {
        accept_changed: accepted.files.clone(),
        reason: accepted.reason.clone(),
        keep_archives: keeps.then_some(KeepArchives::Yes),
        ..options
    };
    let channel = receipt.map(|receipt| receipt.source.channel);
    let mut target = Target::of(context, &selection, channel.as_deref(), None)?;
    target.dir = dir;
    target.pins = options.pins.as_ref().map(|pins| pins.digest);
    target.check_place()?;
    gate::pass(context, &selection, Some(&target.source.channel), Purpose::Fetch, warnings).await?;
    gate::pass_of_today(context, &selection, Some(&target.source.channel), Purpose::Fetch, warnings).await?;
    let provider = Arc::new(AnyProvider::of(target.source, &selection));
    let hosts = Arc::new(wanted::hosts(context, &provider, &target)?.asked_for(&options.choice.include));
    let listed = wanted::listing(context, &target, &options, &provider, &hosts).await?;
    fetch::refuse_unlisted(&selection, std::slice::from_ref(&selection), &options, &listed.listing)?;
    let wanted = wanted::wanted(context, &target, &options, listed.listing, Means::Fetch, warnings)?;
    let workspace = target.workspace(context)?;
    let earlier = match found.carries {
        true => Earlier::Here {
            damaged: found.missing.iter().chain(&found.changed).cloned().collect(),
            given_up: HashSet::new(),
        },
        false => Earlier::Unreadable { fault: found.records.join("; ") },
    };
    let (fetched, failures) =
        fetch::fetch_into(context, &target, &options, workspace, wanted, provider, hosts, earlier).await?;
    warnings.extend(fetched.warnings);
    match failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => {
            warnings.extend(options.pins.is_some().then(|| of_lock(&selection, accepted)).flatten());
            Ok(())
        }
    }
}

/// What the lock of the project pins is not what was taken now.
fn of_lock(selection: &crate::catalog::Selection, accepted: &Accepted) -> Option<String> {
    let file = accepted.files.first()?;
    let id = selection.id();
    Some(format!(
        "the lock pins other bytes of `{id}`: `medsets sync --accept-changed {} --reason TEXT` takes the new ones into it",
        ShellWord(&format!("{id}:{file}"))
    ))
}

/// The dataset and the part of it that is to be mended: by the lock of the project where it pins
/// the very tree that is here, else by the catalogue.
fn as_it_was(
    context: &Context,
    name: &str,
    dir: &DatasetDir,
    receipt: Option<&Receipt>,
    warnings: &mut Vec<String>,
) -> Result<(crate::catalog::Selection, FetchOptions), Failure> {
    let options = |asked: Part| FetchOptions { datasets: vec![name.to_owned()], ..FetchOptions::for_part(asked) };
    if let Some(receipt) = receipt
        && let Some(lock) = fetch::ProjectLock::find(context, warnings)
        && let Some(pinned) = lock.of_tree(context, name, receipt.tree, &options(receipt.selection.clone()))?
    {
        return Ok(pinned);
    }
    let selection = super::selection::one_selection(context, name)?;
    let asked = match receipt {
        Some(receipt) => receipt.selection.clone(),
        None => part_by_inventory(dir, &selection),
    };
    Ok((selection, options(asked)))
}

/// Without a receipt the inventory tells which files of the release are here, so that a small
/// part does not become the whole by being mended.
fn part_by_inventory(dir: &DatasetDir, selection: &crate::catalog::Selection) -> Part {
    let Ok(records) = InventoryReader::open(&dir.inventory_path()) else { return Part::default() };
    let here: BTreeSet<RelPath> = records.map_while(Result::ok).map(|record| record.origin.file).collect();
    let channel = selection.source(None).map(|source| source.channel.as_str());
    if here.is_empty() || selection.files(channel).all(|file| here.contains(&file.path)) {
        return Part::default();
    }
    let include = here.iter().map(|path| globset::escape(path.as_str())).collect();
    Part { choice: Choice { include, ..Choice::default() }, ..Part::default() }
}
