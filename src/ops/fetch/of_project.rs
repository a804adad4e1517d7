//! What the project around the working folder asks for of a dataset. Jobs of a cluster fetch what
//! `sync` would, wherever no flag says otherwise: the part, the source and the release are those
//! of the table in `medsets.toml`, and what the lock has of that table pins them.

use crate::catalog::Selection;
use crate::context::Context;
use crate::ops::failure::Failure;
use crate::project::lock::LOCK_FILE;
use crate::project::{self, Locked, Used};
use crate::values::Printable;

use super::{FetchOptions, Process, ProjectLock};

/// One dataset, and how it is fetched.
#[derive(Debug)]
pub(in crate::ops) struct Wish {
    /// The dataset.
    pub selection: Selection,
    /// With the choice and source of the project, where no flag gives any.
    pub options: FetchOptions,
    /// Where these come from, in a sentence; none where the project does not name the dataset.
    pub origin: Option<String>,
}

/// The datasets that the options name, each once: a collection and a name may mean the same. One
/// process that does all of it goes by its flags alone.
pub(super) fn wishes(
    context: &Context,
    lock: Option<&ProjectLock>,
    options: &FetchOptions,
) -> Result<Vec<Wish>, Failure> {
    let mut wishes: Vec<Wish> = Vec::new();
    for name in &options.datasets {
        let found = match options.process {
            Process::Whole => context.catalog()?.resolve(name)?.into_iter().map(|one| by_flags(one, options)).collect(),
            Process::Shard(_) | Process::Finish => of_project(context, lock, name, options)?,
        };
        for mut wish in found {
            // Who gave the flags knows where they come from.
            wish.origin = wish.origin.filter(|_| wish.options.choice != options.choice);
            if !wishes.iter().any(|one| one.selection.to_string() == wish.selection.to_string()) {
                wishes.push(wish);
            }
        }
    }
    Ok(wishes)
}

/// The datasets that a name means, each as the project asks for it, if it does. A release that
/// the catalogue has no more is found where the lock pins it.
///
/// # Errors
/// The name is none, or the project file cannot be used.
pub(in crate::ops) fn of_project(
    context: &Context,
    lock: Option<&ProjectLock>,
    name: &str,
    options: &FetchOptions,
) -> Result<Vec<Wish>, Failure> {
    let found = context.catalog()?.resolve(name);
    let project = context.project()?;
    let tables = project.iter().flat_map(|project| &project.manifest.datasets);
    let mut tables: Vec<Table<'_>> = tables.filter_map(|used| Table::of(context, lock, used)).collect();
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            tables.retain(|table| table.selection.id().as_str() == name || table.selection.to_string() == name);
            return match tables.is_empty() {
                true => Err(error.into()),
                false => Ok(tables.into_iter().map(|table| table.wish(lock, options)).collect()),
            };
        }
    };
    let mut wishes = Vec::new();
    for selection in found {
        let (meant, others) = tables.into_iter().partition(|table| table.is_meant(name, &selection));
        tables = others;
        let meant: Vec<Table<'_>> = meant;
        match meant.is_empty() {
            true => wishes.push(by_flags(selection, options)),
            false => wishes.extend(meant.into_iter().map(|table| table.wish(lock, options))),
        }
    }
    Ok(wishes)
}

fn by_flags(selection: Selection, options: &FetchOptions) -> Wish {
    Wish { selection, options: options.clone(), origin: None }
}

/// A table of the project file.
struct Table<'p> {
    used: &'p Used,
    /// What the lock has of it.
    locked: Option<&'p Locked>,
    /// The release that it means, by the lock or else by the catalogue.
    selection: Selection,
}

impl<'p> Table<'p> {
    /// `None` where nobody knows the dataset: it is none that a name could mean.
    fn of(context: &Context, lock: Option<&'p ProjectLock>, used: &'p Used) -> Option<Self> {
        let locked = lock.and_then(|lock| lock.of_table(used));
        let of_lock = locked.and_then(|locked| lock?.selection(context, locked));
        let selection = of_lock.or_else(|| context.catalog().ok()?.resolve(&used.name).ok()?.pop())?;
        Some(Self { used, locked, selection })
    }

    /// Whether a name, which the catalogue says is this dataset, means the one of the table: with
    /// the release or variant that it names, or in whichever the table has.
    fn is_meant(&self, name: &str, found: &Selection) -> bool {
        let bare = name.strip_prefix('@').unwrap_or(name);
        let is_it = self.selection.id() == found.id();
        match (bare.contains('@'), bare.contains(':')) {
            (true, _) => self.selection.to_string() == found.to_string(),
            (false, true) => is_it && self.selection.variant_name() == found.variant_name(),
            (false, false) => is_it,
        }
    }

    fn wish(self, lock: Option<&ProjectLock>, options: &FetchOptions) -> Wish {
        let Self { used, locked, selection } = self;
        let has_flags = !options.choice.is_everything();
        let choice = if has_flags { options.choice.clone() } else { used.choice.in_order() };
        let source = options.source.clone().or_else(|| used.channel.clone());
        let mut options = FetchOptions { choice, source, ..options.clone() };
        let pinning = lock.and_then(|lock| lock.pinning(&selection, &options));
        let choice = Printable::cut(&options.choice.to_string(), 300).to_string();
        let (line, file) = (used.line, project::FILE);
        let origin = match (has_flags, pinning, locked) {
            (false, Some(_), _) => {
                format!("`{selection}`: {choice}, as line {line} of `{file}` asks for it and `{LOCK_FILE}` pins it")
            }
            (false, None, None) if lock.is_some() => format!(
                "`{selection}`: {choice}, as line {line} of `{file}` asks for it; `{LOCK_FILE}` does not pin that yet: \
                 `medsets lock` does"
            ),
            (false, None, _) => format!("`{selection}`: {choice}, as line {line} of `{file}` asks for it"),
            (true, Some(_), _) => format!("`{selection}`: {choice}, as `{LOCK_FILE}` pins it"),
            (true, None, _) => {
                format!("`{selection}`: {choice}, by the flags, and not as line {line} of `{file}` asks for it")
            }
        };
        if let Some(locked) = pinning {
            options.source = Some(locked.channel.clone());
        }
        Wish { selection, options, origin: Some(origin) }
    }
}
