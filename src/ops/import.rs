//! `medsets import`: files that were got by hand, into the same layout and the same ledger.

mod known;
mod locked;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, FoundKind, FsErrorKind};
use crate::layout::check::sha256_of;
use crate::layout::receipt::Selection as Part;
use crate::layout::{Finished, FinishedKind, Means, Records, Workspace};
use crate::providers::local::LocalFiles;
use crate::providers::{AnyProvider, Hosts, Listing};
use crate::remedy;
use crate::values::{ByteSize, Choice, Digest, MembersOf, Printable, RelPath, ShellWord, counted};

use super::assemble::assemble;
use super::carry::{Archives, Earlier, carry_over};
use super::download::download;
use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{self, FetchOptions, summary};
use super::gate;
use super::matching::{Candidate, Match, recognise};
use super::particulars::{particulars, roles};
use super::repair::cannot_add;
use super::report::FetchReport;
use super::target::Target;
use super::wanted;

/// What to take and how.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Name as people write it.
    pub dataset: String,
    /// Files, or folders to look through.
    pub paths: Vec<PathBuf>,
    /// What becomes of the person's files.
    pub how: HowToTake,
    /// Another data folder.
    pub to: Option<PathBuf>,
    /// Which source the files came from.
    pub source: Option<String>,
    /// Only say which file was recognised as what.
    pub dry_run: bool,
    /// Files of the release whose bytes may differ from the catalogue's and from what is here.
    pub accept_changed: Vec<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What becomes of the person's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowToTake {
    /// They stay as they are.
    Copy,
    /// They are removed once the dataset is committed.
    Move,
    /// They share their bytes with the dataset where the file system can.
    Link,
}

/// What an import came to.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// Files that were recognised.
    pub matched: Vec<Match>,
    /// Files that were not.
    #[serde(serialize_with = "super::report::all_shown")]
    pub unmatched: Vec<PathBuf>,
    /// Files of the release that nobody gave.
    pub missing: Vec<RelPath>,
    /// What became of the dataset.
    #[serde(skip)]
    pub report: FetchReport,
}

/// Recognises, verifies and lays out files that a person has. Agreements and approvals must be
/// met; accounts need not, since whoever has the files needed none of this program's.
///
/// After a failure the dataset folder and the person's files are as they were, and what was
/// taken in waits in the store's workspace for the next run. Files to be moved are removed after
/// the commit; where that fails, some are still there beside a dataset that is whole. A failure
/// of the ledger after the commit leaves a whole folder that the next `fetch` enters.
pub async fn import(context: &Context, options: &ImportOptions) -> Result<Imported, Failure> {
    let mut imported = Imported::default();
    let warnings = &mut imported.report.warnings;
    let (selection, how) = locked::meant(context, options, warnings)?;
    locked::pass_gate(context, &selection, &how, warnings).await?;
    let mut target = Target::of(context, &selection, how.source.as_deref(), options.to.as_deref())?;
    target.pins = how.pins.as_ref().map(|pins| pins.digest);
    let candidates = candidates(&options.paths)?;
    target.check_place()?;
    let known = match &how.pins {
        Some(pins) => locked::files(context, &target, (pins, options), &candidates, warnings).await?,
        None => known::known(context, &target, &candidates, warnings).await?,
    };
    imported.matched = recognise(&known.0, &candidates)?;
    if let Some(pins) = &how.pins {
        locked::recognise_by_name(pins, &candidates, &mut imported.matched)?;
    }
    let found: HashSet<&PathBuf> = imported.matched.iter().map(|one| &one.found).collect();
    imported.unmatched = candidates.into_iter().map(|one| one.path).filter(|path| !found.contains(path)).collect();
    let given: HashSet<&RelPath> = imported.matched.iter().map(|one| &one.path).collect();
    imported.missing = known.0.iter().map(|file| file.path.clone()).filter(|path| !given.contains(path)).collect();
    let changed = changed(&target, &how, &mut imported)?;
    if options.dry_run {
        locked::keep_pinned(&how, &mut imported.missing);
        return Ok(imported);
    }
    if imported.matched.is_empty() {
        return Err(nothing_recognised(&target, &known));
    }
    let taken = lay_out(context, &target, options, &how, known, &changed, &mut imported).await?;
    if options.how == HowToTake::Move && imported.report.failures.is_empty() {
        for found in &taken {
            fs::remove_file(found)?;
        }
    }
    Ok(imported)
}

/// Every file among the paths, folders looked through. A path that is a link means what it
/// leads to; links inside folders are not followed.
fn candidates(paths: &[PathBuf]) -> Result<Vec<Candidate>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        // A path that is not there is a slip of the command line.
        let absent = || Failure::new(Exit::USAGE, format!("there is no file or folder `{}`", path.display()));
        let real = fs::canonical(path).map_err(|error| match error.kind() {
            FsErrorKind::NotFound => absent().help("name files, or folders to look through"),
            _ => error.into(),
        })?;
        let metadata = fs::metadata(&real)?.ok_or_else(absent)?;
        if !metadata.is_dir() {
            found.push(Candidate { path: path.clone(), size: ByteSize(metadata.len()) });
            continue;
        }
        fs::walk(&real, &mut |one| {
            if one.kind == FoundKind::File {
                found.push(Candidate { path: path.join(&one.path), size: ByteSize(one.size) });
            }
        })?;
    }
    Ok(found)
}

/// The files of the release that are here with other bytes than those given, all of them by the
/// word of the person or of the lock. Refuses the others, before anything is touched, and an import
/// that cannot restore what damaged records no longer tell.
fn changed(target: &Target<'_>, how: &FetchOptions, imported: &mut Imported) -> Result<HashSet<RelPath>, Failure> {
    let receipt = match target.records()? {
        Records::Absent => return Ok(HashSet::new()),
        Records::Good(receipt) => receipt,
        Records::Broken { error, .. } => {
            let fault = remedy::chain(&error);
            if imported.missing.is_empty() {
                imported.report.warnings.push(format!(
                    "the records of `{}` are damaged ({fault}): all of it is laid out anew",
                    target.selection
                ));
                return Ok(HashSet::new());
            }
            return Err(not_all(target, imported, &fault));
        }
    };
    let mut changed = HashSet::new();
    let mut refused = Vec::new();
    for earlier in receipt.listed.read(&target.dir)? {
        let earlier = earlier?;
        let Some(one) = imported.matched.iter().find(|one| one.path == earlier.path) else { continue };
        let given = sha256_of(&one.found, &|_| ())?;
        if given == earlier.sha256 {
            continue;
        }
        changed.insert(one.path.clone());
        if !how.accepts(&one.path) && !locked::has(how, &one.path, &given) {
            refused.push((one, given, earlier.sha256));
        }
    }
    match refused.first() {
        None => Ok(changed),
        Some(_) => Err(another_version(target, &refused)),
    }
}

fn not_all(target: &Target<'_>, imported: &Imported, fault: &str) -> Failure {
    cannot_add(target.selection, fault)
        .help(format!("or give all its files; these are not among yours: {}", shown(&imported.missing)))
}

/// Files that differ from what is here: what they are, and the three ways to go on.
fn another_version(target: &Target<'_>, refused: &[(&Match, Digest, Digest)]) -> Failure {
    let lines: Vec<String> = refused
        .iter()
        .take(10)
        .map(|(one, given, here)| {
            let found = one.found.to_string_lossy();
            format!("`{}` is {given}, and the `{}` that is here is {here}", Printable::new(&found), one.path)
        })
        .collect();
    let name = gate::name_for_command(target.selection);
    let flags: Vec<String> =
        refused.iter().take(10).map(|(one, ..)| format!("--accept-changed {}", ShellWord(one.path.as_str()))).collect();
    let others: Vec<&str> = target
        .selection
        .dataset()
        .releases
        .iter()
        .map(|release| release.version.as_str())
        .filter(|version| *version != target.selection.release().version)
        .collect();
    let message = format!(
        "`{}` is here with other bytes of {}: {}",
        target.selection,
        counted(refused.len() as u64, "file"),
        lines.join("; ")
    );
    let failure = Failure::new(Exit::MISMATCH, message)
        .of(target.selection.id())
        .in_file(&refused[0].0.path)
        .help(format!("to put yours in the place of what is here, add `{} --reason TEXT`", flags.join(" ")));
    let failure = match others.as_slice() {
        [] => failure,
        others => failure.help(format!(
            "if yours is of another release, name it, and both stay side by side: `medsets import {}@VERSION PATH...`; there is {}",
            target.selection.id(),
            others.join(", ")
        )),
    };
    failure.help(format!("to keep both, lay yours out elsewhere: `medsets import {name} PATH... --to DIR`"))
}

fn shown(paths: &[RelPath]) -> String {
    paths.iter().take(10).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}

fn nothing_recognised(target: &Target<'_>, known: &Listing) -> Failure {
    let failure = Failure::new(Exit::USAGE, format!("none of these is a file of `{}`", target.selection))
        .of(target.selection.id());
    let names: Vec<String> = known.0.iter().take(20).map(|file| format!("`{}`", file.path)).collect();
    if names.is_empty() {
        return failure
            .help("the entry names no files of this release; `medsets info ID --files` shows other releases");
    }
    failure
        .help(format!("its files are {}", names.join(", ")))
        .help("a file is recognised by its digest, or by its name and size")
}

/// The same verification, layout, receipt and ledger as for a fetch. Gives the person's files
/// whose bytes are now in the dataset.
async fn lay_out(
    context: &Context,
    target: &Target<'_>,
    options: &ImportOptions,
    how: &FetchOptions,
    mut known: Listing,
    changed: &HashSet<RelPath>,
    imported: &mut Imported,
) -> Result<Vec<PathBuf>, Failure> {
    let mut workspace = target.workspace(context)?;
    // What a run that did not end took in counts for nothing beside what is given now.
    if differs(&workspace, &imported.matched)? {
        workspace.discard()?;
        workspace = target.workspace(context)?;
    }
    let mut earlier = Earlier::of(&target.dir)?;
    if let (Some(fault), false) = (earlier.fault(), imported.missing.is_empty()) {
        return Err(not_all(target, imported, fault));
    }
    earlier.give_up(&target.dir, changed)?;
    workspace.remove_strays()?;
    let here = carry_over(&mut workspace, &target.dir, &earlier, Archives::Unpacked)?;
    let files: BTreeMap<RelPath, PathBuf> =
        imported.matched.iter().map(|one| (one.path.clone(), one.found.clone())).collect();
    if let Some(pins) = how.pins.as_ref().filter(|pins| !pins.is_whole) {
        // What a run that did not end took in beyond the lock was given with something that was refused.
        let pinned = pins.paths();
        workspace.set_aside(|path| pinned.contains(path) || here.contains(path) || files.contains_key(path))?;
    }
    let is_all_known = locked::is_all_known(target, how, &known);
    known.0.retain(|file| files.contains_key(&file.path));
    let provider = Arc::new(AnyProvider::Local(LocalFiles { files }));
    let hosts = Arc::new(Hosts::anonymous(context.client()?.clone()));
    // Of what the lock leaves out too somebody may bring something.
    let all = FetchOptions { choice: Choice::default(), ..how.clone() };
    let mut wanted = wanted::wanted(context, target, &all, known, Means::Import, &mut imported.report.warnings)?;
    for one in &wanted {
        workspace.describe(&one.listed.path, one.manner.license.as_deref(), None)?;
    }
    fetch::look_for(&workspace, &mut wanted);
    fetch::make_room(&mut workspace, &wanted)?;
    let mut bytes = ByteSize::ZERO;
    for one in &imported.matched {
        bytes += fs::metadata(&fs::canonical(&one.found)?)?.map_or(ByteSize::ZERO, |found| ByteSize(found.len()));
    }
    context.report.report(Event::Started {
        dataset: target.selection.id().clone(),
        files: wanted.len() as u64,
        bytes,
        kept: ByteSize::ZERO,
        unknown_sizes: 0,
    });
    let password = wanted::archive_password(context, target)?;
    let (workspace, tally) =
        download(context, workspace, wanted, provider, hosts, roles(target.selection), password, target.selection.id())
            .await?;
    if !tally.failures.is_empty() {
        imported.report.failures =
            tally.failures.into_iter().map(|(_, failure)| locked::explained(failure, target, how)).collect();
        return Ok(Vec::new());
    }
    if options.how == HowToTake::Link {
        link_placed(&workspace, &imported.matched)?;
    }
    let part = part_here(target, &workspace, (how, is_all_known), imported);
    imported.report.warnings.extend(locked::not_yet_pinned(target, how, &workspace));
    let particulars = particulars(context, target, Means::Import, part, options.reason.clone())?;
    let assembled = assemble(context, workspace, &target.dir, &target.store, particulars)?;
    imported.report.datasets.push(summary(target, &assembled.receipt, Some(assembled.receipt_sha256), &tally));
    Ok(imported.matched.iter().map(|one| one.found.clone()).collect())
}

/// What part of the release is in the workspace: all of it, just what the lock means, or these files. What
/// is missing of what is wanted by now is noted, and told.
fn part_here(
    target: &Target<'_>,
    workspace: &Workspace,
    (how, is_all_known): (&FetchOptions, bool),
    imported: &mut Imported,
) -> Part {
    let is_whole = |finished: &&Finished| !matches!(finished.kind, FinishedKind::Members { .. });
    let here: BTreeSet<&RelPath> =
        workspace.finished().values().filter(is_whole).map(|finished| &finished.path).collect();
    let mut lacking: Vec<RelPath> = imported.missing.iter().filter(|path| !here.contains(path)).cloned().collect();
    if locked::are_all(how, &here) {
        imported.missing.clear();
        return Part::asked(&how.choice, false);
    }
    let whole = lacking.is_empty() && is_all_known;
    let include = if whole { Vec::new() } else { here.iter().map(|path| globset::escape(path.as_str())).collect() };
    let members = if whole { Vec::new() } else { members_here(workspace) };
    let part = Part { whole, choice: Choice { include, members, ..Choice::default() }, packed: false };
    locked::keep_pinned(how, &mut lacking);
    if !lacking.is_empty() {
        let missing = counted(lacking.len() as u64, "file");
        let (selection, first) = (&target.selection, shown(&lacking));
        imported.report.warnings.push(format!("not all of `{selection}` is here: it lacks {missing}, such as {first}"));
    }
    imported.missing = lacking;
    part
}

/// Members that were fetched without the rest of their archives.
fn members_here(workspace: &Workspace) -> Vec<MembersOf> {
    let of = |finished: &Finished| match &finished.kind {
        FinishedKind::Members { chosen, .. } => {
            Some(MembersOf { of: vec![globset::escape(finished.path.as_str())], globs: chosen.clone() })
        }
        _ => None,
    };
    workspace.finished().values().filter_map(of).collect()
}

/// Whether a given file differs from what an unfinished run took in under the same name.
fn differs(workspace: &Workspace, matched: &[Match]) -> Result<bool, Failure> {
    for one in matched {
        if let Some(earlier) = workspace.finished().get(&one.path)
            && sha256_of(&one.found, &|_| ())? != earlier.sha256
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes placed files second names of the person's own, where their bytes are still the same
/// and the file system can; elsewhere the copies stay. What is unpacked shares no bytes.
fn link_placed(workspace: &Workspace, matched: &[Match]) -> Result<(), Failure> {
    for one in matched {
        let Some(finished) = workspace.finished().get(&one.path) else { continue };
        let FinishedKind::Placed { at } = &finished.kind else { continue };
        if sha256_of(&one.found, &|_| ())? != finished.sha256 {
            continue;
        }
        let copy = at.under(&workspace.stage());
        let linked = workspace.part(&one.path);
        fs::remove_file(&linked)?;
        if fs::hard_link(&fs::canonical(&one.found)?, &linked).is_ok() {
            fs::rename(&linked, &copy)?;
        }
    }
    Ok(())
}
