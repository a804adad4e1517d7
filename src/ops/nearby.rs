//! Files that need no download: their bytes are in the store, or in a shared folder.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::context::Context;
use crate::events::Event;
use crate::fs;
use crate::layout::{Finished, FinishedKind, Workspace};
use crate::plan::Handling;
use crate::plan::steps::Have;
use crate::store::Objects;
use crate::transfer::Verified;
use crate::values::{ByteSize, Digest, RelPath};

use super::download::{Wanted, known_beforehand, proof};
use super::failure::Failure;
use super::shared;
use super::sharing;
use super::target::Target;

/// Takes into the workspace what lies nearby of the files that are wanted and not here. Every
/// byte is hashed on the way; what is not what its digests say is left where it is.
///
/// Gives how many files it were. Nothing is lost where something cannot be read: it is
/// downloaded then.
pub(super) fn take(
    context: &Context,
    target: &Target<'_>,
    workspace: &mut Workspace,
    wanted: &[Wanted],
    warnings: &mut Vec<String>,
) -> Result<u64, Failure> {
    let Some(nearby) = Nearby::of(context, target, wanted, warnings) else { return Ok(0) };
    let mut taken = 0;
    for one in wanted.iter().filter(|one| is_open(one)) {
        if context.cancel.is_set() {
            break;
        }
        let (to, kind) = match one.place() {
            Some(at) => (at.under(&workspace.stage()), FinishedKind::Placed { at }),
            None => (workspace.archive(&one.listed.path), FinishedKind::Fetched),
        };
        let found = nearby.hand_out(one, &to).unwrap_or_else(|error| {
            tracing::debug!(%error, file = %one.listed.path, "not taken from nearby");
            None
        });
        let Some((size, from)) = found else { continue };
        let sha256 = *sha256_of(one).expect("it was found by it");
        context.report.report(Event::Reused { file: one.listed.path.clone(), bytes: size, from });
        workspace.finish(Finished {
            path: one.listed.path.clone(),
            size,
            sha256,
            verified: proof(Verified::Known, one),
            known: known_beforehand(one, &sha256),
            license: one.manner.license.clone(),
            notice: one.manner.notice.clone(),
            url: None,
            kind,
            reason: None,
            warnings: Vec::new(),
        })?;
        taken += 1;
    }
    Ok(taken)
}

/// Marks what [`take`] would take, by names and sizes alone, and notes where each lies.
pub(super) fn foresee(
    context: &Context,
    target: &Target<'_>,
    wanted: &mut [Wanted],
    places: &mut HashMap<RelPath, Arc<str>>,
    warnings: &mut Vec<String>,
) {
    let Some(nearby) = Nearby::of(context, target, wanted, warnings) else { return };
    let (store, shared) = (Arc::from("store"), Arc::from("shared"));
    for one in wanted.iter_mut().filter(|one| is_open(one)) {
        let from = if nearby.is_in_store(one) { &store } else { &shared };
        if nearby.has(one) {
            one.have = if one.place().is_some() { Have::Finished } else { Have::Fetched };
            places.insert(one.listed.path.clone(), Arc::clone(from));
        }
    }
}

/// Where to look.
struct Nearby {
    objects: Objects,
    is_on: bool,
    /// Files of shared folders, by their digest.
    shared: HashMap<Digest, Vec<PathBuf>>,
}

impl Nearby {
    /// `None` where there is nothing to look for, or nowhere to look.
    fn of(context: &Context, target: &Target<'_>, wanted: &[Wanted], warnings: &mut Vec<String>) -> Option<Self> {
        let digests: HashSet<Digest> =
            wanted.iter().filter(|one| is_open(one)).filter_map(sha256_of).copied().collect();
        if digests.is_empty() {
            return None;
        }
        let is_on = sharing::is_on(context) && fs::is_dir(&target.store.objects());
        let shared = shared::files(context, target, &digests, warnings);
        let objects = sharing::objects(context, &target.store, target.access);
        (is_on || !shared.is_empty()).then_some(Self { objects, is_on, shared })
    }

    fn hand_out(&self, one: &Wanted, to: &std::path::Path) -> Result<Option<(ByteSize, &'static str)>, fs::FsError> {
        let (digests, size) = (&one.listed.digests, one.listed.size);
        if self.is_on
            && let Some(size) = self.objects.hand_out(digests, size, to)?
        {
            return Ok(Some((size, "store")));
        }
        for file in self.files(one) {
            if let Some(size) = self.objects.take_from(file, digests, size, to)? {
                return Ok(Some((size, "shared")));
            }
        }
        Ok(None)
    }

    fn is_in_store(&self, one: &Wanted) -> bool {
        let has = |sha256| self.objects.has(sha256, one.listed.size).unwrap_or(false);
        self.is_on && sha256_of(one).is_some_and(has)
    }

    fn has(&self, one: &Wanted) -> bool {
        let size = one.listed.size;
        let is_like = |file: &PathBuf| {
            let found = fs::metadata(file).ok().flatten();
            found.is_some_and(|found| found.is_file() && size.is_none_or(|size| size.0 == found.len()))
        };
        self.is_in_store(one) || self.files(one).iter().any(is_like)
    }

    fn files(&self, one: &Wanted) -> &[PathBuf] {
        sha256_of(one).and_then(|sha256| self.shared.get(sha256)).map_or(&[], Vec::as_slice)
    }
}

/// Whether it is to be had whole, is not here, and its bytes are known by name.
fn is_open(one: &Wanted) -> bool {
    one.have == Have::Nothing
        && !matches!(one.manner.handling, Handling::Members { .. })
        && !one.manner.changed_is_fine
        && one.manner.doubt.is_none()
        && sha256_of(one).is_some()
}

fn sha256_of(one: &Wanted) -> Option<&Digest> {
    Digest::sha256_in(&one.listed.digests)
}
