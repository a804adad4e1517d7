//! What is known of one side: an entry's release, a copy that is here, or both.

use crate::catalog::Selection;
use crate::context::Context;
use crate::layout::inventory::InventoryReader;
use crate::project::{Locked, LockedFile};
use crate::remedy;
use crate::values::{DatasetId, DatasetName, Printable};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::here::{self, Here};
use super::super::lock::files::LockFolder;
use super::super::target;
use super::Origin;
use super::files::{Files, KnownFile};

/// The dataset, with what of it is here.
pub(super) struct Base<'c> {
    context: &'c Context,
    pub id: DatasetId,
    /// The release that was named with it.
    version: Option<String>,
    here: Vec<Here>,
    locked: Vec<(Locked, Files)>,
}

/// A release, or a variant of one.
pub(super) struct Side {
    pub id: DatasetId,
    pub version: String,
    pub variant: Option<String>,
    pub selection: Option<Selection>,
    pub here: Option<Here>,
    pub channel: Option<String>,
    /// What the lock of the project says of it.
    locked: Option<(Locked, Files)>,
}

/// Files, or why they are not known; without words where nobody asked for them.
pub(super) type Known = Result<List, Option<String>>;

/// The files of a side.
pub(super) struct List {
    pub files: Files,
    pub whole: bool,
    pub from: Origin,
}

impl<'c> Base<'c> {
    /// The dataset that a person means, in the catalogue or here alone.
    pub fn find(context: &'c Context, name: &str) -> Result<Self, Failure> {
        let resolved = context.catalog()?.resolve(name);
        if matches!(&resolved, Ok(several) if several.len() != 1) {
            let message = format!("`{}` is a collection: name one dataset", Printable::new(name));
            return Err(Failure::new(Exit::USAGE, message));
        }
        let (text, version) = match name.split_once('@') {
            Some((id, version)) => (id, Some(version.split(':').next().unwrap_or(version).to_owned())),
            None => (name.split(':').next().unwrap_or(name), None),
        };
        let id = match &resolved {
            Ok(found) => found[0].id().clone(),
            // It may be here although the catalogue has it no more.
            Err(error) => match text.parse::<DatasetId>() {
                Ok(id) => id,
                Err(_) => return Err(error.clone().into()),
            },
        };
        // Without a place for data nothing is here.
        let mut here = if context.data_dir().is_ok() { here::all(context)? } else { Vec::new() };
        here.retain(|one| one.id == id);
        match resolved {
            Err(error) if here.is_empty() => Err(error.into()),
            _ => Ok(Self { context, locked: locked(context, &id), id, version, here }),
        }
    }

    /// The release or variant that `text` names.
    pub fn side(&self, text: &str) -> Result<Side, Failure> {
        let bare = text.strip_prefix('@').unwrap_or(text);
        let (id, catalog) = (&self.id, self.context.catalog()?);
        let of_base = |variant: &str| match &self.version {
            Some(version) => format!("{id}@{version}:{variant}"),
            None => format!("{id}:{variant}"),
        };
        let names = match bare.strip_prefix(':') {
            Some(variant) => vec![of_base(variant)],
            None => vec![format!("{id}@{bare}"), of_base(bare)],
        };
        let mut first = None;
        for name in &names {
            match catalog.resolve(name) {
                Ok(mut found) => {
                    if let Some(selection) = found.pop() {
                        return Ok(self.of_selection(selection));
                    }
                }
                Err(error) => {
                    first.get_or_insert(error);
                }
            }
        }
        // A name of a copy: the release that was fetched, perhaps long ago.
        let fits = |one: &&Here| names.iter().any(|name| here::parse(name).is_ok_and(|name| name.fits(one)));
        match (self.here.iter().find(fits), first) {
            (Some(one), _) => Ok(Side {
                id: id.clone(),
                version: one.version.clone(),
                variant: one.variant.clone(),
                channel: one.receipt.as_ref().map(|receipt| receipt.source.channel.clone()),
                selection: None,
                here: Some(one.clone()),
                locked: self.locked(&one.version, one.variant.as_deref()),
            }),
            (None, Some(error)) => Err(Failure::from(error).of(id).help(self.names())),
            (None, None) => {
                Err(Failure::new(Exit::CATALOG, format!("`{}` is no release of `{id}`", Printable::new(text))))
            }
        }
    }

    /// What can be named.
    fn names(&self) -> String {
        let here: Vec<String> = self.here.iter().map(|one| format!("`{}`", one.version)).collect();
        let here = if here.is_empty() { String::new() } else { format!("; here is {}", here.join(", ")) };
        format!("a side is a release (`VERSION`), a variant (`:VARIANT`), or both (`VERSION:VARIANT`){here}")
    }

    fn of_selection(&self, selection: Selection) -> Side {
        let (version, variant) = (selection.release().version.clone(), selection.variant_name().map(str::to_owned));
        let is_it = |one: &&Here| one.version == version && one.variant == variant;
        let here = self.here.iter().find(is_it).cloned();
        let locked = self.locked(&version, variant.as_deref());
        Side { id: self.id.clone(), version, variant, selection: Some(selection), here, channel: None, locked }
    }

    fn locked(&self, version: &str, variant: Option<&str>) -> Option<(Locked, Files)> {
        let is_it = |(one, _): &&(Locked, Files)| one.version == version && one.variant.as_deref() == variant;
        self.locked.iter().find(is_it).cloned()
    }
}

/// What the lock around here says of a dataset; nothing where it cannot be read.
fn locked(context: &Context, id: &DatasetId) -> Vec<(Locked, Files)> {
    let Ok(Some(project)) = context.project() else { return Vec::new() };
    let folder = LockFolder::at(&project.folder);
    let lock = folder.read().inspect_err(|failure| tracing::warn!(%failure, "passed over")).ok().flatten();
    let of_id = lock.into_iter().flat_map(|lock| lock.datasets).filter(|locked| locked.id == *id);
    let file = |file: LockedFile| (file.path, KnownFile { size: file.size, digests: file.digests });
    of_id.filter_map(|one| Some((one.clone(), folder.files(&one).ok()?.into_iter().map(file).collect()))).collect()
}

/// The source by which both sides are looked at: the named one, else that of a copy, else each
/// one's first.
pub(super) fn choose_source(before: &mut Side, after: &mut Side, named: Option<&str>) -> Result<(), Failure> {
    if let Some(named) = named {
        for selection in [&before.selection, &after.selection].into_iter().flatten() {
            if selection.source(Some(named)).is_none() {
                return Err(target::no_source(selection, Some(named)));
            }
        }
    }
    let of_copy = |side: &Side| Some(side.here.as_ref()?.receipt.as_ref()?.source.channel.clone());
    let wanted = named.map(str::to_owned).or_else(|| of_copy(before)).or_else(|| of_copy(after));
    for side in [before, after] {
        let Some(selection) = &side.selection else { continue };
        let source = selection.source(wanted.as_deref()).or_else(|| selection.source(None));
        side.channel = source.map(|source| source.channel.clone());
    }
    Ok(())
}

impl Side {
    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }

    /// The files below `data/` and `docs/`, of a copy that is here.
    pub fn tree(&self) -> Known {
        let Some(here) = &self.here else { return Err(None) };
        let Some(receipt) = &here.receipt else { return Err(Some(self.damaged(here))) };
        let mut files = Files::new();
        let read = InventoryReader::open(&here.dir.inventory_path());
        for record in read.map_err(|error| Some(format!("the files of `{}`: {error}", self.name())))? {
            let record = record.map_err(|error| Some(format!("the files of `{}`: {error}", self.name())))?;
            files.insert(record.path, KnownFile { size: Some(record.size), digests: vec![record.sha256] });
        }
        Ok(List { files, whole: receipt.selection.whole, from: Origin::Disk })
    }

    /// The files of the release: of a whole copy, else of the catalogue or the lock where these
    /// name all, else what the first of them has.
    pub fn release(&self) -> Known {
        let disk = self.release_here();
        let (disk, fault) = match disk {
            Some(Ok(list)) => (Some(list), None),
            Some(Err(reason)) => (None, Some(reason)),
            None => (None, None),
        };
        let mut lists: Vec<List> =
            [disk, self.release_in_catalog(), self.release_in_lock()].into_iter().flatten().collect();
        lists.retain(|list| !list.files.is_empty());
        // The first of those that are whole, else the first.
        lists.sort_by_key(|list| !list.whole);
        let unknown =
            || format!("the files of `{}`: its host lists them when it is fetched, and no copy is here", self.name());
        lists.into_iter().next().ok_or_else(|| Some(fault.unwrap_or_else(unknown)))
    }

    fn release_in_lock(&self) -> Option<List> {
        let (locked, files) = self.locked.clone()?;
        let is_ours = self.channel.as_ref().is_none_or(|channel| *channel == locked.channel);
        let whole = locked.choice.is_everything();
        is_ours.then_some(List { files, whole, from: Origin::Lock })
    }

    fn release_here(&self) -> Option<Result<List, String>> {
        let here = self.here.as_ref()?;
        let Some(receipt) = &here.receipt else { return Some(Err(self.damaged(here))) };
        // By another source the same release may be packed otherwise.
        if self.channel.as_ref().is_some_and(|channel| *channel != receipt.source.channel) {
            return None;
        }
        let read = || {
            let mut files = Files::new();
            for mark in receipt.listed.read(&here.dir)? {
                let mark = mark?;
                let mut digests = vec![mark.sha256];
                digests.extend(mark.known.iter().map(|known| known.digest));
                files.insert(mark.path, KnownFile { size: Some(mark.size), digests });
            }
            Ok(List { files, whole: receipt.selection.whole, from: Origin::Disk })
        };
        let failed =
            |error: crate::layout::LayoutError| format!("the files of `{}`: {}", self.name(), remedy::chain(&error));
        Some(read().map_err(failed))
    }

    fn release_in_catalog(&self) -> Option<List> {
        let selection = self.selection.as_ref()?;
        let source = selection.source(self.channel.as_deref())?;
        let files = selection.files(Some(&source.channel));
        let known = files.map(|file| (file.path.clone(), KnownFile { size: file.size, digests: file.digests.clone() }));
        let files: Files = known.collect();
        // Where no file is named, none was read about.
        let whole = !source.lists && !files.is_empty();
        Some(List { files, whole, from: Origin::Catalog })
    }

    fn damaged(&self, here: &Here) -> String {
        let fault = here.fault.as_deref().unwrap_or("its receipt cannot be read");
        format!("the files of `{}`: {fault}", self.name())
    }
}
