//! The datasets of an audit: by the project, by what is on disk, or by name.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use rayon::prelude::*;

use crate::access::Purpose;
use crate::audit::{Guard, ItemCount, SubjectFacts};
use crate::catalog::{Reference, Selection};
use crate::context::Context;
use crate::layout::{Adopted, DatasetDir, LayoutError, Place, Proof, Receipt, inventory, places};
use crate::policy;
use crate::project::{Lock, Locked, Manifest, Used};
use crate::remedy::Remedy as _;
use crate::values::{ByteSize, RelPath, counted};
use crate::{fs, remedy};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::gate;
use super::super::here::{self, Here};
use super::super::lock::files::LockFolder;
use super::super::selection::one_selection;

/// Everything that is looked at, and folders that medsets never saw.
pub fn gather(
    context: &Context,
    project: Option<&Manifest>,
    what: &[String],
) -> Result<(Vec<SubjectFacts>, Vec<Guard>), Failure> {
    let (here, closed) = here::everything_and_closed(context)?;
    let mut unseen = Vec::new();
    if what.is_empty() {
        unseen.extend(closed.iter().map(|(folder, error)| closed_by(folder, error)));
        let mut found: Vec<SubjectFacts> = Vec::new();
        let lock = locked(context)?;
        for used in project.into_iter().flat_map(|project| &project.datasets) {
            // The release that the lock pins, whatever is the default by now.
            let pinned = lock.as_ref().and_then(|lock| lock.of_input(used.input())).map(Locked::name);
            found.push(of_project(context, used, pinned.as_deref().unwrap_or(&used.name), project, &here)?);
        }
        let others = here.into_par_iter().filter(|one| !found.iter().any(|subject| is_same(subject, one)));
        let others: Vec<SubjectFacts> = others.map(|one| of_copy(context, one, None)).collect::<Result<_, _>>()?;
        found.extend(others);
        return Ok((found, unseen));
    }
    let mut found = Vec::new();
    for text in what {
        let path = context.environment.absolute(text)?;
        if fs::is_dir(&path) {
            let mut copies = in_folder(context, &path, &mut unseen)?;
            if copies.is_empty() {
                copies = adopted_from(context, &path, &here)?;
            }
            let is_closed =
                |guard: &Guard| matches!(guard, Guard::Closed { folder, .. } if Path::new(folder).starts_with(&path));
            if copies.is_empty() && !unseen.iter().any(is_closed) {
                unseen.push(Guard::Unseen { folder: text.clone(), files: count_files(&path)? });
            }
            found.extend(copies);
            continue;
        }
        let copies: Vec<Here> = here.iter().filter(|one| names(one, text)).cloned().collect();
        let id = text.split(['@', ':']).next().unwrap_or_default();
        let is_meant = |folder: &Path| folder.iter().rev().take(2).any(|name| name == id);
        unseen.extend(closed.iter().filter(|one| is_meant(&one.0)).map(|(folder, error)| closed_by(folder, error)));
        if copies.is_empty() {
            found.push(of_entry(context, one_selection(context, text)?, None, None));
        }
        for one in copies {
            found.push(of_copy(context, one, None)?);
        }
    }
    Ok((found, unseen))
}

fn closed_by(folder: &Path, error: &LayoutError) -> Guard {
    // Whoever may not read it knows better whom to ask.
    let help = matches!(error, LayoutError::Newer { .. }).then(|| error.remedy()).flatten();
    Guard::Closed { folder: folder.display().to_string(), reason: error.to_string(), help }
}

/// The lock of the project, where there is one.
fn locked(context: &Context) -> Result<Option<Lock>, Failure> {
    context.settings.project().map_or(Ok(None), |root| LockFolder::at(root).read())
}

fn is_same(subject: &SubjectFacts, here: &Here) -> bool {
    subject.id == here.id && subject.version == here.version && subject.variant == here.variant
}

/// Whether a person means this copy by a name.
fn names(here: &Here, text: &str) -> bool {
    let reference = here.receipt.as_ref().and_then(|receipt| receipt.reference.as_deref());
    reference.is_some_and(|reference| means(text, reference))
        || here::parse(text).is_ok_and(|name| name.means(&here.id, Some(&here.version), here.variant.as_deref()))
}

/// Whether one reference means what came by another: the same place, and its version if it names one.
fn means(text: &str, came: &str) -> bool {
    match (Reference::parse(text), Reference::parse(came)) {
        (Some(Ok(one)), Some(Ok(other))) => {
            one.place == other.place && (one.version.is_none() || one.version == other.version)
        }
        _ => text == came,
    }
}

/// A dataset that the project names: its copy where one is here, else its entry.
fn of_project(
    context: &Context,
    used: &Used,
    name: &str,
    project: Option<&Manifest>,
    here: &[Here],
) -> Result<SubjectFacts, Failure> {
    let place = project.map(|project| policy::Place { file: project.file.clone(), line: used.line });
    if let Some(one) = here.iter().find(|one| names(one, name)) {
        return of_copy(context, one.clone(), place);
    }
    if let Some(Ok(reference)) = Reference::parse(&used.name)
        && context.catalog()?.resolve(name).is_err()
    {
        return Ok(of_reference(&reference, place));
    }
    let selection = one_selection(context, name).map_err(|failure| {
        let line = project.map(|project| format!("named in `{}` line {}", project.file, used.line));
        line.into_iter().fold(failure, Failure::help)
    })?;
    Ok(of_entry(context, selection, used.channel.as_deref(), place))
}

/// Data outside the catalogue that are not here: nobody has been asked what they are, and nothing
/// is granted.
fn of_reference(reference: &Reference, place: Option<policy::Place>) -> SubjectFacts {
    SubjectFacts {
        id: reference.id(),
        version: reference.version.clone().unwrap_or_else(|| "newest".to_owned()),
        variant: None,
        selection: None,
        channel: None,
        receipt: None,
        items: Vec::new(),
        steps: Vec::new(),
        answers: BTreeMap::new(),
        parents: Vec::new(),
        place,
        folder: None,
        fault: None,
        taken_unpublished: 0,
        known_release: None,
    }
}

/// A dataset that is not here, by its entry.
fn of_entry(
    context: &Context,
    selection: Selection,
    channel: Option<&str>,
    place: Option<policy::Place>,
) -> SubjectFacts {
    let channel = channel.map(str::to_owned).or_else(|| Some(selection.source(None)?.channel.clone()));
    SubjectFacts {
        answers: BTreeMap::new(),
        id: selection.id().clone(),
        version: selection.release().version.clone(),
        variant: selection.variant_name().map(str::to_owned),
        receipt: None,
        items: Vec::new(),
        steps: steps(context, &selection, channel.as_deref()),
        parents: parents(context, &selection),
        channel,
        place,
        folder: None,
        fault: None,
        taken_unpublished: 0,
        known_release: None,
        selection: Some(selection),
    }
}

/// A copy on disk. Its entry is that of the catalogue, else the one kept beside it; one that
/// is gone since leaves the receipt to speak.
fn of_copy(context: &Context, here: Here, place: Option<policy::Place>) -> Result<SubjectFacts, Failure> {
    // Looking for a name that nothing has would look for near ones too.
    let catalog = context.catalog()?;
    let is_known = catalog.get(&here.id).is_some() || catalog.references().iter().any(|one| one.id == here.id);
    let selection = if is_known { one_selection(context, &here.name()).ok() } else { None };
    let channel = here.receipt.as_ref().map(|receipt| receipt.source.channel.clone());
    let known_release = if is_known && selection.is_none() { default_release(context, &here) } else { None };
    let (items, fault) = match (&here.receipt, here.fault) {
        (Some(receipt), None) => items(&here.dir, receipt),
        (_, fault) => (Vec::new(), fault),
    };
    let steps = selection.as_ref().map(|one| steps(context, one, channel.as_deref())).unwrap_or_default();
    let answers = match &selection {
        Some(selection) if !steps.is_empty() => gate::answers(context, selection, channel.as_deref(), &steps)?,
        _ => BTreeMap::new(),
    };
    let taken_unpublished = match (&here.receipt, &selection) {
        // Where the list cannot be relied on, each counts as published.
        (Some(receipt), Some(selection)) => taken_unpublished(&here.dir, receipt, selection).unwrap_or(0),
        _ => 0,
    };
    Ok(SubjectFacts {
        steps,
        answers,
        parents: selection.as_ref().map(|one| parents(context, one)).unwrap_or_default(),
        folder: Some(here.dir.root().display().to_string()),
        id: here.id,
        version: here.version,
        variant: here.variant,
        receipt: here.receipt,
        known_release,
        fault,
        taken_unpublished,
        items,
        selection,
        channel,
        place,
    })
}

/// How many files were taken by somebody's word of which nobody publishes a digest. Of what a host lists
/// only the host could say.
fn taken_unpublished(dir: &DatasetDir, receipt: &Receipt, selection: &Selection) -> Result<u64, LayoutError> {
    let channel = Some(receipt.source.channel.as_str());
    let is_taken = |proof| proof == Proof::AcceptedChange;
    if receipt.listed.proven(is_taken) == 0 || selection.source(channel).is_none_or(|source| source.lists) {
        return Ok(0);
    }
    let unpublished = selection.files(channel).filter(|file| file.digests.is_empty());
    let unpublished: HashSet<&RelPath> = unpublished.map(|file| &file.path).collect();
    let mut count = 0;
    receipt.listed.check(dir)?;
    for mark in receipt.listed.read(dir)? {
        let mark = mark?;
        count += u64::from(is_taken(mark.verified) && unpublished.contains(&mark.path));
    }
    Ok(count)
}

fn steps(context: &Context, selection: &Selection, channel: Option<&str>) -> Vec<crate::access::Step> {
    let Ok(shelf) = context.shelf() else { return Vec::new() };
    let steps = selection.requirements(channel).map(|one| gate::step(one, shelf, selection, channel));
    steps.filter(|step| step.is_needed_for(Purpose::Import)).collect()
}

/// The datasets that one is made from, as far as the catalogue knows them.
fn parents(context: &Context, selection: &Selection) -> Vec<(String, String)> {
    let Ok(catalog) = context.catalog() else { return Vec::new() };
    let related = &selection.dataset().entry.related.derived_from;
    let known = related.iter().filter_map(|one| catalog.resolve(one.id()).ok()?.into_iter().next());
    known.map(|parent| (parent.id().to_string(), parent.license(None).to_owned())).collect()
}

/// The release that the catalogue takes where none is named, with its licence.
fn default_release(context: &Context, here: &Here) -> Option<(String, String)> {
    let selection = one_selection(context, here.id.as_str()).ok()?;
    Some((selection.release().version.clone(), selection.license(None).to_owned()))
}

/// Files under terms of their own, counted by expression; and what is wrong with their list.
fn items(dir: &DatasetDir, receipt: &Receipt) -> (Vec<ItemCount>, Option<String>) {
    let path = dir.inventory_path();
    if receipt.files == 0 && matches!(fs::metadata(&path), Ok(None)) {
        return (Vec::new(), None);
    }
    let counts = match inventory::count_licenses(&path) {
        Ok(counts) => counts,
        Err(error) => return (Vec::new(), Some(remedy::chain(&error))),
    };
    let fault = (counts.files != receipt.files).then(|| {
        format!("`{}` names {} and the receipt {}", path.display(), counted(counts.files, "file"), receipt.files)
    });
    let item = |(license, (files, bytes))| ItemCount { license, files, bytes: ByteSize(bytes) };
    (counts.by_expression.into_iter().map(item).collect(), fault)
}

/// The copies in a folder: a dataset's own, or those of a data folder. Those that this user may not
/// look at are noted and passed over.
///
/// # Errors
/// The folder itself may not be looked at.
fn in_folder(context: &Context, path: &Path, closed: &mut Vec<Guard>) -> Result<Vec<SubjectFacts>, Failure> {
    let own = DatasetDir::at(path.to_path_buf());
    if own.has_records()? {
        let own = here::of_dir(context, own)?;
        return own.into_iter().map(|one| of_copy(context, one, None)).collect();
    }
    let mut found = Vec::new();
    let mut close = |path: &Path, reason: String, help: Option<String>| {
        closed.push(Guard::Closed { folder: path.display().to_string(), reason, help });
    };
    for place in places(path)? {
        match place {
            Place::Dataset(dir) => match here::of_dir(context, dir.clone()) {
                Ok(one) => found.extend(one.map(|one| of_copy(context, one, None)).transpose()?),
                Err(failure) if failure.exit == Exit::DENIED => {
                    // Whoever may not read it knows better whom to ask.
                    let help = failure.help.filter(|_| fs::list_dir(&dir.records()).is_ok());
                    close(dir.root(), failure.message, help);
                }
                Err(failure) => return Err(failure),
            },
            Place::Closed { path, error } => close(&path, error.to_string(), None),
            Place::Away { .. } => {}
        }
    }
    Ok(found)
}

/// The datasets that were adopted from a folder and have their records elsewhere.
fn adopted_from(context: &Context, path: &Path, here: &[Here]) -> Result<Vec<SubjectFacts>, Failure> {
    let real = fs::canonical(path)?;
    let mut found = Vec::new();
    for one in here {
        // What is closed is told of elsewhere.
        if Adopted::read(&one.dir).ok().flatten().is_some_and(|adopted| adopted.is_in(&real)) {
            found.push(of_copy(context, one.clone(), None)?);
        }
    }
    Ok(found)
}

/// Files in a folder and below; enough to say how much is unknown.
fn count_files(path: &Path) -> Result<u64, Failure> {
    let mut files = 0;
    fs::walk(path, &mut |found| files += u64::from(found.kind == fs::walk::FoundKind::File))?;
    Ok(files)
}
