//! `medsets add`: datasets into the project file.

use serde::Serialize;

use crate::catalog::{Reference, Selection, Treatment};
use crate::context::Context;
use crate::project::{self, DatasetTable, Manifest, edit};
use crate::values::{DatasetId, Printable, WrittenChoice};

use super::super::choice::{self, Chooser};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::fetch::IdleGlobs;
use super::super::reference;
use super::super::selection::unserved;
use super::{Draft, Mode, edit_failed};

/// What to add.
#[derive(Debug, Default, Clone)]
pub struct AddOptions {
    /// Names as people write them.
    pub names: Vec<String>,
    /// By which source it comes.
    pub source: Option<String>,
    /// Which of its files are wanted.
    pub choice: WrittenChoice,
    /// Whether all files are wanted, whatever was chosen before.
    pub whole: bool,
    /// Whether it is written.
    pub mode: Mode,
}

/// What became of the project file.
#[derive(Debug, Serialize)]
pub struct AddReport {
    /// The project file.
    pub path: std::path::PathBuf,
    /// Whether it was written.
    pub written: bool,
    /// One for each dataset, in the order asked for.
    pub datasets: Vec<Added>,
    /// The new text.
    pub text: String,
}

/// A dataset in the project file.
#[derive(Debug, Serialize)]
pub struct Added {
    /// What became of its table.
    pub change: Change,
    /// Its table as it is now.
    #[serde(flatten)]
    pub table: DatasetTable,
    /// Line of the table, from 1.
    pub line: usize,
    /// How many steps it asks of a person; absent for what is not in the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// A newer release than the one that the file keeps to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer: Option<String>,
    /// That it is not to be had any more.
    #[serde(skip)]
    pub warning: Option<String>,
}

/// What became of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Added,
    /// It says something else.
    Changed,
    /// It says what was asked for.
    Unchanged,
}

/// Puts datasets into the project file, or changes the tables of those that are there. All or
/// none: what is wrong with any of them is told, and the file stays as it was.
pub fn add(context: &Context, options: &AddOptions) -> Result<AddReport, Vec<Failure>> {
    if let Some((flag, _)) = options.choice.blank() {
        return Err(vec![Failure::new(Exit::USAGE, format!("`--{flag}` says nothing")).help("leave it out")]);
    }
    let draft = Draft::open(context, options.mode).map_err(|failure| vec![failure])?;
    let (name, mut text) = (draft.name(), draft.text.clone());
    let (mut datasets, mut failures) = (Vec::new(), Vec::new());
    for wish in &options.names {
        let wishes = match wishes(context, wish) {
            Ok(wishes) => wishes,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        for wish in wishes {
            match add_one(context, options, &wish, &name, &mut text, &datasets) {
                Ok(added) => datasets.push(added),
                Err(failure) => failures.push(failure),
            }
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    let path = draft.path.clone();
    let is_other = draft.finish(&text).map_err(|failure| vec![failure])?;
    tell_lines(&text, &mut datasets);
    Ok(AddReport { path, written: is_other && options.mode == Mode::Write, datasets, text })
}

/// A dataset that a person named.
enum Wish {
    /// Of the catalogue, with what of its name was written out.
    Known { selection: Selection, version: bool, variant: bool },
    /// Outside the catalogue.
    Outside(Reference),
}

/// What is meant by a name: several for a collection.
fn wishes(context: &Context, name: &str) -> Result<Vec<Wish>, Failure> {
    let found = match reference::read(context, name)? {
        Some(reference) => return Ok(vec![Wish::Outside(reference)]),
        None => context.catalog()?.resolve(name)?,
    };
    let lower = name.to_lowercase();
    let wish = |selection: Selection| {
        if let Some(Ok(reference)) = selection.reference().as_deref().and_then(Reference::parse) {
            return Wish::Outside(reference);
        }
        let version = selection.release().version.to_lowercase();
        let is_default = selection.dataset().default_release().version.to_lowercase() == version;
        let variant = selection.variant_name().is_some_and(|one| lower.ends_with(&format!(":{}", one.to_lowercase())));
        Wish::Known { version: !is_default || lower.contains(&format!("@{version}")), variant, selection }
    };
    Ok(found.into_iter().map(wish).collect())
}

/// Puts one dataset into the text, where those that the same command has put there before stay.
fn add_one(
    context: &Context,
    options: &AddOptions,
    wish: &Wish,
    name: &str,
    text: &mut String,
    before: &[Added],
) -> Result<Added, Failure> {
    let tables = edit::datasets(name, text).map_err(edit_failed)?;
    let place = match wish {
        Wish::Outside(reference) => tables.iter().position(|one| is_reference(&one.id, reference)),
        Wish::Known { selection, version, variant } => {
            place(context, &tables, selection, version.then_some(()), variant.then_some(()))?
        }
    };
    // Two releases that one command names are both wanted.
    let is_other = |table: &DatasetTable| match wish {
        Wish::Outside(reference) => table.id != reference.to_string(),
        Wish::Known { selection, version, .. } => {
            *version && table.version.as_ref() != Some(&selection.release().version)
        }
    };
    let place = place.filter(|place| {
        let table = &tables[*place];
        !(is_other(table) && before.iter().any(|added| added.table == *table))
    });
    let base = place.map(|place| tables[place].clone());
    let (table, steps, newer, warning) = match wish {
        Wish::Outside(reference) => (of_reference(options, reference, base.as_ref())?, None, None, None),
        Wish::Known { selection, version, variant } => {
            let (table, selection) = of_selection(context, options, selection, (*version, *variant), base.as_ref())?;
            let default = &selection.dataset().default_release().version;
            let newer = (*default != selection.release().version && !*version).then(|| default.clone());
            let steps = selection.requirements(options.source.as_deref()).count();
            (table, Some(steps), newer, unserved(&selection))
        }
    };
    let (change, new) = match place {
        None => (Change::Added, edit::add(name, text, &table).map_err(edit_failed)?),
        Some(place) if tables[place] == table => (Change::Unchanged, text.clone()),
        Some(place) => (Change::Changed, edit::change(name, text, place, &table).map_err(edit_failed)?),
    };
    *text = new;
    Ok(Added { change, table, line: 1, steps, newer, warning })
}

/// The table that is about a dataset: the one of its release and variant, else the one that it
/// is changed in. Fails where it could be any of several.
fn place(
    context: &Context,
    tables: &[DatasetTable],
    selection: &Selection,
    version: Option<()>,
    variant: Option<()>,
) -> Result<Option<usize>, Failure> {
    let catalog = context.catalog()?;
    let resolved = |table: &DatasetTable| catalog.resolve(&full_name(table)).ok()?.pop();
    let is_same = |table: &DatasetTable| {
        let id = selection.id().as_str();
        table.id == id
            || (table.id.parse::<DatasetId>().is_err() && resolved(table).is_some_and(|one| one.id() == selection.id()))
    };
    let places: Vec<usize> = (0..tables.len()).filter(|place| is_same(&tables[*place])).collect();
    let variant_of = |place: &usize| {
        let table = &tables[*place];
        table.variant.clone().or_else(|| Some(resolved(table)?.variant_name()?.to_owned()))
    };
    let of_variant: Vec<usize> = match (variant, places.as_slice()) {
        (None, [_]) => places.clone(),
        _ => places.into_iter().filter(|place| variant_of(place).as_deref() == selection.variant_name()).collect(),
    };
    let wanted = &selection.release().version;
    let exact = of_variant.iter().find(|place| tables[**place].version.as_ref() == Some(wanted));
    match (exact, of_variant.as_slice()) {
        (Some(place), _) if version.is_some() => Ok(Some(*place)),
        (_, []) => Ok(None),
        (_, [place]) => Ok(Some(*place)),
        (_, several) => {
            let names: Vec<String> = several.iter().map(|place| format!("`{}`", full_name(&tables[*place]))).collect();
            let message = format!("the project has `{}` more than once: {}", selection.id(), names.join(", "));
            Err(Failure::new(Exit::USAGE, message)
                .of(selection.id())
                .help("name the one that is meant with its release"))
        }
    }
}

/// `ID[@VERSION][:VARIANT]` as a table says it.
fn full_name(table: &DatasetTable) -> String {
    let version = table.version.as_ref().map_or(String::new(), |version| format!("@{version}"));
    let variant = table.variant.as_ref().map_or(String::new(), |variant| format!(":{variant}"));
    format!("{}{version}{variant}", table.id)
}

/// The table of a dataset of the catalogue: what was there, with what is asked for now. A release
/// that the file names stays unless another one is named.
fn of_selection(
    context: &Context,
    options: &AddOptions,
    selection: &Selection,
    (version, variant): (bool, bool),
    base: Option<&DatasetTable>,
) -> Result<(DatasetTable, Selection), Failure> {
    let mut table =
        base.cloned().unwrap_or_else(|| DatasetTable { id: selection.id().to_string(), ..DatasetTable::default() });
    if version || table.version.is_none() {
        table.version = Some(selection.release().version.clone());
    }
    if variant {
        table.variant = selection.variant_name().map(str::to_owned);
    }
    choose(&mut table, options);
    let Some(selection) = context.catalog()?.resolve(&full_name(&table))?.pop() else {
        return Err(Failure::new(Exit::CATALOG, format!("`{}` is no dataset", Printable::new(&full_name(&table)))));
    };
    check(&table, &selection).map_err(|failure| failure.of(selection.id()))?;
    Ok((table, selection))
}

fn of_reference(
    options: &AddOptions,
    reference: &Reference,
    base: Option<&DatasetTable>,
) -> Result<DatasetTable, Failure> {
    let id = reference.to_string();
    if options.source.is_some() {
        let message = format!("`{id}` is not in the catalogue, so `--source` names nothing of it");
        return Err(Failure::new(Exit::USAGE, message).help("choose its files with `--include GLOB`"));
    }
    if !options.choice.subset.is_empty() {
        let message = format!("`{id}` is not in the catalogue, so `--subset` names no part of it");
        return Err(Failure::new(Exit::USAGE, message).help("choose its files with `--include GLOB`"));
    }
    let mut table = base.cloned().unwrap_or_default();
    table.id = id;
    choose(&mut table, options);
    for globs in [&table.include, &table.exclude, &table.members] {
        choice::check_globs(globs)?;
    }
    Ok(table)
}

/// Whether a table's id is this reference, in whatever version where the new one names one.
fn is_reference(id: &str, reference: &Reference) -> bool {
    matches!(Reference::parse(id), Some(Ok(one)) if one.place == reference.place)
}

/// Puts what is chosen now in the place of what was. What is not named stays.
fn choose(table: &mut DatasetTable, options: &AddOptions) {
    if options.source.is_some() {
        table.source.clone_from(&options.source);
    }
    let choice = &options.choice;
    let lists = [
        (&mut table.subset, &choice.subset),
        (&mut table.include, &choice.include),
        (&mut table.exclude, &choice.exclude),
        (&mut table.members, &choice.members),
        (&mut table.license, &choice.license),
    ];
    for (list, chosen) in lists {
        if options.whole || !chosen.is_empty() {
            list.clone_from(chosen);
        }
    }
}

/// Refuses what a lock would refuse: a source or a subset that is none, a glob that is none, and
/// a glob or a licence that means nothing where the entry names all files.
fn check(table: &DatasetTable, selection: &Selection) -> Result<(), Failure> {
    let source = table.source.as_deref();
    let found = match selection.source(source) {
        Some(found) => found,
        None if source.is_none() => return Ok(()),
        None => return Err(super::super::target::no_source(selection, source)),
    };
    let mut chooser = Chooser::of(&table.choice().into(), selection)?;
    if found.lists {
        return Ok(());
    }
    let terms = selection.file_terms(Some(&found.channel));
    for file in selection.files(Some(&found.channel)) {
        let is_archive = file.unpack.is_some() || file.path.file_name().to_lowercase().ends_with(".zip");
        let license = terms.treated(&Treatment::from(file));
        chooser.meant(&file.path, [file.group.as_deref(), None], &license, is_archive);
    }
    chooser.refuse_idle(IdleGlobs::Refused, selection, terms.whole())
}

/// Notes in which lines the tables stand that say just this.
fn tell_lines(text: &str, added: &mut [Added]) {
    let Ok(manifest) = Manifest::read(project::FILE, text) else { return };
    let Ok(tables) = edit::datasets(project::FILE, text) else { return };
    for one in added {
        let used = tables.iter().position(|table| *table == one.table).and_then(|place| manifest.datasets.get(place));
        one.line = used.map_or(one.line, |used| used.line);
    }
}
