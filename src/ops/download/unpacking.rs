//! The unpacker: one archive after the other, as they come.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::Receiver;

use crate::catalog::UnpackRules;
use crate::events::Event;
use crate::fs;
use crate::layout::{Finished, FinishedKind};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::member_sums;
use crate::ops::placing::{MemberPlaces, place_members};
use crate::ops::rules::unpack_rules;
use crate::plan::Handling;
use crate::unpack::{self, Archive};
use crate::values::{RelPath, counted};

use super::{Shared, Tally, Wanted, lock};

/// Unpacks archives one after the other. Split archives wait until all parts are here.
pub(super) fn unpack_all(shared: &Shared, waiting: &Receiver<usize>, tally: &Mutex<Tally>) {
    let mut split = Vec::new();
    let mut has_begun = false;
    let mut one = |index: usize| {
        let wanted = &shared.wanted[index];
        if shared.cancel.is_set() {
            return;
        }
        if !std::mem::replace(&mut has_begun, true) {
            shared.report.report(Event::Phase { dataset: shared.dataset.clone(), phase: "unpack" });
        }
        match unpack_one(shared, wanted) {
            Ok(()) => lock(tally).unpacked += 1,
            Err(failure) => {
                lock(tally).failures.push((wanted.listed.path.clone(), failure.in_file(&wanted.listed.path)))
            }
        }
    };
    for index in waiting {
        let Some(rules) = &shared.wanted[index].manner.unpack else { continue };
        if rules.table.parts.is_empty() { one(index) } else { split.push(index) }
    }
    split.into_iter().for_each(one);
}

fn unpack_one(shared: &Shared, wanted: &Wanted) -> Result<(), Failure> {
    let Some(entry_rules) = &wanted.manner.unpack else { return Ok(()) };
    let rules = unpack_rules(entry_rules)?;
    let path = &wanted.listed.path;
    let (archive, into, access) = {
        let workspace = shared.workspace();
        (workspace.archive(path), workspace.unpack_dir(path)?, workspace.access())
    };
    let parts = parts(shared, path, &archive, &entry_rules.table.parts)?;
    let request = unpack::Request {
        name: path,
        rules: &rules,
        into: &into,
        access,
        password: shared.password.secret.as_ref(),
        report: &shared.report,
        jobs: std::thread::available_parallelism().map_or(2, usize::from),
        cancel: shared.cancel.flag(),
    };
    let source = if parts.is_empty() { Archive::File(&archive) } else { Archive::Parts(&parts) };
    let unpacked = unpack::unpack(source, &request).inspect_err(|error| {
        // The first failure is the one to tell; the next run begins with an empty folder anyway.
        let _ = fs::remove_dir_all(&into);
        if shared.may_be_better_afresh(path, error) {
            let _ = fs::remove_file(&archive);
        }
    });
    let unpacked = unpacked.map_err(|error| shared.password.explain(error))?;
    if let Some(list) = &entry_rules.table.checksums {
        member_sums::prove(path, list, wanted.listed.members, &into, &unpacked).inspect_err(|_| {
            // What is not proven must not be taken for finished by the next run.
            let _ = fs::remove_dir_all(&into);
            let _ = fs::remove_file(&archive);
        })?;
    }
    keep_members(shared, wanted, entry_rules, &into, unpacked)?;
    if !keeps(wanted) {
        note_spent(shared, path, &entry_rules.table.parts)?;
        fs::remove_file(&archive)?;
        for part in &parts {
            fs::remove_file(part)?;
        }
        // It stays where other archives are kept in it.
        fs::remove_dir_if_empty(&shared.workspace().stage().join("archives"));
    }
    Ok(())
}

/// Whether an archive stays when it is unpacked.
fn keeps(wanted: &Wanted) -> bool {
    matches!(wanted.manner.handling, Handling::Unpack { keep: true, .. })
}

/// The further parts of a split archive in order, the archive itself where it belongs.
fn parts(shared: &Shared, path: &RelPath, archive: &Path, names: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let mut parts = Vec::new();
    for name in names {
        let part = beside(path, name)?;
        let place = part.under(&shared.workspace().stage().join("archives"));
        if fs::metadata(&place)?.is_none() {
            return Err(Failure::new(Exit::TRUNCATED, format!("`{path}` is split, and its part `{part}` is missing")));
        }
        parts.push(place);
    }
    if parts.is_empty() {
        return Ok(parts);
    }
    // `.z01 ... .zip` has the named file last, `.001 .002 ...` first.
    if path.file_name().ends_with(".zip") {
        parts.push(archive.to_path_buf())
    } else {
        parts.insert(0, archive.to_path_buf())
    }
    Ok(parts)
}

/// A part of a split archive, which lies beside it.
fn beside(archive: &RelPath, name: &str) -> Result<RelPath, Failure> {
    let beside = match archive.parent() {
        Some(parent) => RelPath::parse(&format!("{parent}/{name}")),
        None => RelPath::parse(name),
    };
    beside.map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))
}

/// Notes that the parts of a split archive are about to be removed like the archive itself.
fn note_spent(shared: &Shared, archive: &RelPath, names: &[String]) -> Result<(), Failure> {
    for name in names {
        let mut workspace = shared.workspace();
        if let Some(part) = workspace.finished().get(&beside(archive, name)?).cloned() {
            workspace.finish(Finished { kind: FinishedKind::Spent { of: archive.clone() }, ..part })?;
        }
    }
    Ok(())
}

/// Moves the members to their places and notes the archive as unpacked.
fn keep_members(
    shared: &Shared,
    wanted: &Wanted,
    rules: &UnpackRules,
    into: &Path,
    unpacked: unpack::Unpacked,
) -> Result<(), Failure> {
    let path = &wanted.listed.path;
    let (count, bytes) = (unpacked.members.len() as u64, unpacked.members.bytes());
    let mut warnings: Vec<String> = unpacked.warnings.iter().map(|warning| format!("`{path}`: {warning}")).collect();
    if !unpacked.links.is_empty() {
        warnings.push(format!(
            "`{path}`: {} inside the archive kept; `verify` checks links, the manifest does not cover them",
            counted(unpacked.links.len() as u64, "link")
        ));
    }
    let mut workspace = shared.workspace();
    let fetched = workspace.finished().get(path).cloned();
    let places = MemberPlaces {
        archive: path,
        url: fetched.as_ref().and_then(|finished| finished.url.as_ref()),
        into: &rules.into,
        roles: &shared.roles,
        license: wanted.manner.license.as_deref(),
        notice: wanted.manner.notice.as_deref(),
        verified: None,
        beside: Vec::new(),
    };
    let members = place_members(&workspace, into, unpacked, places)?;
    fs::remove_dir_all(into)?;
    if let Some(fetched) = fetched {
        let warnings = [fetched.warnings, warnings].concat();
        workspace.finish(Finished {
            kind: FinishedKind::Unpacked { members, kept: keeps(wanted) },
            warnings,
            ..fetched
        })?;
    }
    drop(workspace);
    shared.report.report(Event::Unpacked { archive: path.clone(), members: count, bytes });
    Ok(())
}
