//! Archives inside the archive, where the entry names them.
//!
//! Each is unpacked into the folder where it lies, its wrapper folder stripped, under the
//! same rules for what to skip; then it is removed. One level only: an archive inside a nested
//! one stays what it is.

use std::path::Path;

use crate::fs;
use crate::values::{ByteSize, RelPath};

use super::error::{Fault, printable};
use super::job::Job;
use super::members::{Member, Members};
use super::roster::{Candidate, EntryKind, Roster};
use super::rules::{Globs, Limits, Rules, Strip};
use super::tar::below;
use super::tree::Tree;
use super::{Archive, Request, Unpacked, run};

/// Where a nested archive is unpacked first.
const INNER: &str = ".medsets-inner";

/// Unpacks all nested archives among the members.
pub(super) fn unpack_inner(outer: &mut Unpacked, job: &Job<'_>) -> Result<(), Fault> {
    let nested = &job.rules().nested;
    if !outer.members.iter().any(|member| job.rules().speak_of(nested, &member.name)) {
        return Ok(());
    }
    let mut found = Members::default();
    outer
        .members
        .iter()
        .filter(|member| !job.rules().speak_of(nested, &member.name))
        .for_each(|member| found.push(&member));
    let mut tree = Tree::new(job.request.into, job.request.access)?;
    for member in outer.members.iter().filter(|member| job.rules().speak_of(nested, &member.name)) {
        job.go_on()?;
        one(&member, &mut found, outer, &mut tree, job).map_err(|fault| fault.of(&member.name))?;
    }
    check_together(&found, job)?;
    outer.members = found;
    Ok(())
}

/// Unpacks one and puts its members where they belong.
fn one(archive: &Member, found: &mut Members, outer: &Unpacked, tree: &mut Tree, job: &Job<'_>) -> Result<(), Fault> {
    let into = job.request.into.join(INNER);
    let file = archive.path.under(job.request.into);
    fs::create_dir_all(&into, job.request.access)?;
    let inner = unpack_one(&archive.path, &file, &into, remaining(outer, found, job), job)
        .map_err(|fault| fault.inside(&archive.name))?;
    // It may hold a member of its own name.
    fs::remove_file(&file)?;
    for mut member in inner.members.iter() {
        let from = member.path.under(&into);
        member.name = format!("{}!{}", archive.name, member.name);
        if let Some(folder) = archive.path.parent() {
            member.path =
                member.path.below(&folder).map_err(|error| Fault::refused_member(&member.name, error.rule))?;
        }
        let folder = member.path.parent();
        tree.make_folders(folder.as_ref().map_or("", RelPath::as_str))?;
        let to = below(job.request.into, member.path.as_str());
        if fs::metadata(&to)?.is_some() {
            return Err(Fault::refused_member(&member.name, "something of its name is there already"));
        }
        fs::rename(&from, &to)?;
        found.push(&member);
    }
    Ok(fs::remove_dir_all(&into)?)
}

/// Unpacks the bytes of one with rules of its own.
fn unpack_one(name: &RelPath, file: &Path, into: &Path, limits: Limits, job: &Job<'_>) -> Result<Unpacked, Fault> {
    let outer = job.rules();
    let rules = Rules {
        format: None,
        strip: Strip::Auto,
        under: Vec::new(),
        skip: outer.skip.clone(),
        only: Globs::default(),
        nested: Globs::default(),
        links: false,
        names: outer.names.clone(),
        encoding: outer.encoding.clone(),
        limits,
    };
    let request = Request { name, rules: &rules, into, ..*job.request };
    let inner = Job::new(&request)?;
    let unpacked = run(Archive::File(file), &inner);
    inner.progress.flush();
    unpacked
}

/// What the limits leave after what is unpacked already.
fn remaining(outer: &Unpacked, found: &Members, job: &Job<'_>) -> Limits {
    let limits = job.rules().limits;
    let spent = outer.members.bytes() + found.bytes();
    Limits {
        members: limits.members.saturating_sub((outer.members.len() + found.len()) as u64),
        bytes: limits.bytes.saturating_sub(spent),
        // What the entry expects speaks of the outer archive.
        expected_members: None,
        expected_bytes: None,
        ..limits
    }
}

/// Checks all members together for names that collide between archives.
fn check_together(found: &Members, job: &Job<'_>) -> Result<(), Fault> {
    let unlimited = Limits { members: u64::MAX, bytes: ByteSize(u64::MAX), ..Limits::default() };
    let rules = Rules { names: job.rules().names.clone(), limits: unlimited, ..Rules::default() };
    let mut roster = Roster::new(&rules, None);
    for member in found.iter() {
        let candidate = Candidate {
            name: member.path,
            raw: None,
            kind: EntryKind::File,
            size: member.size.0,
            modified: super::members::Modified::default(),
        };
        if let Some(id) = roster.admit(candidate)? {
            roster.place(id, 0).map_err(|fault| fault.of(&printable(&member.name)))?;
        }
    }
    Ok(())
}
