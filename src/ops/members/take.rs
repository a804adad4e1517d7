//! The bytes of members that were found: read, unpacked, and put beside those that are here.

use std::path::PathBuf;
use std::sync::Arc;

use crate::events::Event;
use crate::fs;
use crate::layout::{Finished, FinishedKind, LayoutError, Proof, RoleRules, Workspace};
use crate::transfer::{TransferError, journal};
use crate::unpack::elsewhere::{self, Stretches};
use crate::unpack::{UnpackError, Unpacked};
use crate::values::ByteSize;

use super::super::download::{Tally, is_broken, ways};
use super::super::failure::Failure;
use super::super::placing::{MemberPlaces, place_members, write_members};
use super::{Looked, OwnedRequest, Reader, blocking, records};

impl Reader<'_> {
    /// Reads what is missing of each archive and puts it into the stage.
    pub(in crate::ops) async fn take_all(
        &self,
        all: Vec<Looked>,
        mut workspace: Workspace,
        roles: RoleRules,
        tally: &mut Tally,
    ) -> Result<Workspace, Failure> {
        let roles = Arc::new(roles);
        if all.iter().any(|looked| !looked.missing.is_empty()) {
            let dataset = self.dataset.clone();
            self.context.report.report(Event::Phase { dataset, phase: "download" });
        }
        for looked in all {
            if self.context.cancel.is_set() {
                break;
            }
            let path = looked.wanted.listed.path.clone();
            let outcome;
            (workspace, outcome) = self.take(looked, workspace, &roles).await?;
            match outcome {
                Ok(bytes) => tally.downloaded += bytes,
                Err(failure) => tally.failures.push((path.clone(), failure.in_file(&path))),
            }
        }
        Ok(workspace)
    }

    async fn take(
        &self,
        mut looked: Looked,
        workspace: Workspace,
        roles: &Arc<RoleRules>,
    ) -> Result<(Workspace, Result<ByteSize, Failure>), Failure> {
        let mut downloaded = looked.downloaded;
        let mut is_afresh = false;
        let unpacked = loop {
            let again = match self.unpacked(&mut looked, &workspace, &mut downloaded).await {
                Ok(unpacked) => break unpacked,
                Err(Trouble::Replaced) if !is_afresh => None,
                Err(Trouble::Replaced) => {
                    Some(TransferError::Replaced { file: looked.wanted.listed.path.clone() }.into())
                }
                Err(Trouble::Broken(error)) => {
                    // The next run must not take these bytes for good ones either.
                    self.discard(&looked.stretches);
                    // What breaks a rule breaks it again, unless two versions were mixed unseen.
                    let may_change =
                        looked.version.validator.is_none() || !matches!(error, UnpackError::Refused { .. });
                    (is_afresh || !may_change).then(|| self.password.explain(error))
                }
                Err(Trouble::Failed(failure)) => Some(failure),
            };
            if let Some(failure) = again {
                return Ok((workspace, Err(failure)));
            }
            is_afresh = true;
            looked = match self.look(looked.wanted, Some(&workspace)).await {
                Ok(looked) => looked,
                Err(failure) => return Ok((workspace, Err(failure))),
            };
            downloaded += looked.downloaded;
        };
        let roles = roles.clone();
        let placed = blocking(move || place(workspace, looked, unpacked, &roles)).await?;
        Ok(match placed {
            (workspace, Ok(())) => (workspace, Ok(downloaded)),
            (workspace, Err(error)) => (workspace, Err(error.into())),
        })
    }

    /// Reads the missing members and unpacks them into a folder of their own; nothing where
    /// nothing is missing.
    async fn unpacked(
        &self,
        looked: &mut Looked,
        workspace: &Workspace,
        downloaded: &mut ByteSize,
    ) -> Result<Option<(PathBuf, Unpacked)>, Trouble> {
        if looked.missing.is_empty() {
            return Ok(None);
        }
        if !looked.ranges.is_empty() {
            let ways = ways(&looked.wanted, &self.provider, &self.hosts);
            let places = self.places(&looked.wanted, &ways);
            *downloaded += self.read(&places, &looked.version, looked.ranges.clone(), &mut looked.stretches).await?;
        }
        let into = workspace.unpack_dir(&looked.wanted.listed.path).map_err(Failure::from)?;
        let request = OwnedRequest { into: into.clone(), ..self.request(&looked.wanted, &looked.rules) };
        let (stretches, ids) = (looked.stretches.clone(), looked.missing.iter().map(|one| one.id).collect::<Vec<_>>());
        let unpack = move || elsewhere::unpack_members(&stretches, &ids, &request.borrow());
        match blocking(unpack).await? {
            Ok(unpacked) => Ok(Some((into, unpacked))),
            Err(error) if is_broken(&error) => Err(Trouble::Broken(error)),
            Err(error) => Err(Trouble::Failed(self.password.explain(error))),
        }
    }

    fn discard(&self, stretches: &Stretches) {
        for (part, _) in &stretches.held {
            // What cannot be removed is told by the next run.
            let _ = journal::discard(part);
        }
    }
}

/// Why members could not be unpacked.
enum Trouble {
    /// The host has another archive now.
    Replaced,
    /// What was read does not make what the directory says.
    Broken(UnpackError),
    /// Nothing that another look would change.
    Failed(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<TransferError> for Trouble {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Replaced { .. } => Self::Replaced,
            other => Self::Failed(other.into()),
        }
    }
}

/// Moves unpacked members to their places and notes them beside those that stay.
fn place(
    mut workspace: Workspace,
    looked: Looked,
    unpacked: Option<(PathBuf, Unpacked)>,
    roles: &RoleRules,
) -> (Workspace, Result<(), LayoutError>) {
    let placed = place_in(&mut workspace, looked, unpacked, roles);
    (workspace, placed)
}

fn place_in(
    workspace: &mut Workspace,
    looked: Looked,
    unpacked: Option<(PathBuf, Unpacked)>,
    roles: &RoleRules,
) -> Result<(), LayoutError> {
    let path = &looked.wanted.listed.path;
    if let Some(earlier) = workspace.finished().get(path).cloned()
        && matches!(earlier.kind, FinishedKind::Members { .. })
    {
        // What does not stay makes room for what takes its place.
        for record in records(workspace, &earlier)? {
            if !looked.kept.iter().any(|kept| kept.path == record.path) {
                fs::remove_file(&record.path.under(&workspace.stage()))?;
            }
        }
    }
    let mut warnings = Vec::new();
    let members = match (unpacked, &looked.wanted.manner.unpack) {
        (Some((from, unpacked)), Some(rules)) => {
            warnings.extend(unpacked.warnings.iter().map(|warning| format!("`{path}`: {warning}")));
            let places = MemberPlaces {
                archive: path,
                url: Some(&looked.version.url),
                into: &rules.into,
                roles,
                license: looked.wanted.manner.license.as_deref(),
                notice: looked.wanted.manner.notice.as_deref(),
                verified: Some(Proof::FirstUse),
                beside: looked.kept,
            };
            let members = place_members(workspace, &from, unpacked, places)?;
            fs::remove_dir_all(&from)?;
            members
        }
        _ => write_members(workspace, path, looked.kept)?,
    };
    workspace.finish(Finished {
        path: path.clone(),
        size: looked.version.size,
        sha256: looked.contents.directory,
        verified: Proof::FirstUse,
        known: Vec::new(),
        license: looked.wanted.manner.license.clone(),
        notice: looked.wanted.manner.notice.clone(),
        url: Some(looked.version.url),
        kind: FinishedKind::Members { members, chosen: looked.globs },
        reason: None,
        warnings,
    })
}
