//! The lock of the project in which somebody fetches or mends a dataset: what it pins, holds
//! for `fetch ID` and `verify --repair` as it does for `sync`.

use std::sync::Arc;

use crate::catalog::Selection;
use crate::context::Context;
use crate::ops::failure::Failure;
use crate::ops::lock::files::LockFolder;
use crate::project::{Lock, Locked, Used};
use crate::values::Digest;

use super::{FetchOptions, IdleGlobs, Pins};

/// The lock around the working folder.
pub(in crate::ops) struct ProjectLock {
    folder: LockFolder,
    lock: Lock,
}

impl ProjectLock {
    /// Finds it; `None` without a project or a lock. One that cannot be used is a warning: what
    /// is fetched by name does not need it.
    pub fn find(context: &Context, warnings: &mut Vec<String>) -> Option<Self> {
        let folder = LockFolder::at(context.settings.project()?);
        match folder.read() {
            Ok(lock) => Some(Self { folder, lock: lock? }),
            Err(failure) => {
                warnings.push(format!("{}; it is not looked at", failure.message));
                None
            }
        }
    }

    /// The dataset as the lock pins it, where just what the lock has of it is asked for, from the
    /// same channel and into the project's folder.
    ///
    /// # Errors
    /// What lies beside the lock is not there or is not what it pins.
    pub fn pinned(
        &self,
        context: &Context,
        selection: &Selection,
        options: &FetchOptions,
    ) -> Result<Option<(Selection, FetchOptions)>, Failure> {
        let locked = self.pinning(selection, options);
        locked.map(|locked| self.with_pins(context, locked, options)).transpose()
    }

    /// What of the lock [`pinned`](Self::pinned) would take.
    pub(super) fn pinning(&self, selection: &Selection, options: &FetchOptions) -> Option<&Locked> {
        let is_plain = options.unpack && options.to.is_none();
        let is_meant = |locked: &&Locked| {
            locked.name() == selection.to_string()
                && options.source.as_ref().is_none_or(|source| *source == locked.channel)
                && locked.choice == options.choice
        };
        self.lock.datasets.iter().filter(|_| is_plain).find(is_meant)
    }

    /// What the lock has of a table of the project file, as it is asked for now.
    pub(super) fn of_table(&self, used: &Used) -> Option<&Locked> {
        self.lock.of_input(used.input())
    }

    /// The dataset by the entry that the lock pins, else by that of today; `None` where neither is
    /// to be had.
    pub(super) fn selection(&self, context: &Context, locked: &Locked) -> Option<Selection> {
        let pinned = self.folder.selection(context, locked).ok();
        pinned.or_else(|| context.catalog().ok()?.resolve(&locked.name()).ok()?.pop())
    }

    /// The datasets of the lock that a name means: with the release or variant that it names, or in
    /// whichever the lock has. `found` is what the catalogue of today says that it means, if
    /// anything; a name of a collection means each of these.
    ///
    /// # Errors
    /// As [`pinned`](Self::pinned).
    pub fn meant(
        &self,
        context: &Context,
        name: &str,
        found: Option<&Selection>,
    ) -> Result<Vec<(Selection, FetchOptions)>, Failure> {
        let bare = name.strip_prefix('@').unwrap_or(name);
        let is_meant = |locked: &&Locked| match found {
            Some(found) if bare.contains('@') => locked.name() == found.to_string(),
            Some(found) if bare.contains(':') => {
                locked.id == *found.id() && locked.variant.as_deref() == found.variant_name()
            }
            Some(found) => locked.id == *found.id(),
            None => locked.id.as_str() == name || locked.name() == name,
        };
        let options = FetchOptions { unpack: true, ..FetchOptions::default() };
        let meant = self.lock.datasets.iter().filter(is_meant);
        meant.map(|locked| self.with_pins(context, locked, &options)).collect()
    }

    /// The same for a dataset that is here with this very tree, to be mended.
    pub fn of_tree(
        &self,
        context: &Context,
        name: &str,
        tree: Digest,
        options: &FetchOptions,
    ) -> Result<Option<(Selection, FetchOptions)>, Failure> {
        let is_meant = |locked: &&Locked| locked.name() == name && locked.tree == Some(tree);
        let Some(locked) = self.lock.datasets.iter().find(is_meant) else { return Ok(None) };
        self.with_pins(context, locked, options).map(Some)
    }

    fn with_pins(
        &self,
        context: &Context,
        locked: &Locked,
        options: &FetchOptions,
    ) -> Result<(Selection, FetchOptions), Failure> {
        let (selection, files) = self.folder.pinned(context, locked)?;
        let pins = Pins::of(&selection, locked, &files);
        let source = Some(locked.channel.clone());
        let choice = locked.choice.clone();
        // Its globs meant something when it was made; what they left out is not in its list.
        let idle_globs = IdleGlobs::PassedOver;
        let options = FetchOptions { pins: Some(Arc::new(pins)), source, choice, idle_globs, ..options.clone() };
        Ok((selection, options))
    }
}
