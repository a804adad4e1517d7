//! From proven objects to a stage: each to its places, and noted as a fetch would have.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use crate::fs;
use crate::layout::check::sha256_of;
use crate::layout::{FileRecord, Finished, FinishedKind, LayoutError, RecordKind, RoleRules, Workspace};
use crate::ops::failure::Failure;
use crate::ops::placing::{stamp, write_members};
use crate::ops::target::Target;
use crate::plan::Shortage;
use crate::values::{ByteSize, Digest, RelPath};

use super::judged::{Became, Judged};

/// What an earlier run brought, and what it did not.
#[derive(Debug, Default)]
pub struct Sifted {
    /// Objects that are to be had.
    pub missing: BTreeMap<Digest, ByteSize>,
    /// Bytes of those that are here.
    pub bytes: ByteSize,
    /// How many objects there are.
    pub objects: u64,
}

/// Where an object waits until it is placed.
pub fn waiting(workspace: &Workspace, sha256: &Digest) -> PathBuf {
    workspace.root().join("objects").join(sha256.hex())
}

/// Looks for what is here already: brought by an earlier run, put into a stage by one that was
/// killed, or downloaded from a host. Every byte of it is hashed; what is of no use goes.
pub fn sift(workspace: &Workspace, judged: &Judged) -> Result<Sifted, Failure> {
    let wanted: BTreeMap<Digest, ByteSize> = judged.places().map(|(_, one)| (one.sha256, one.size)).collect();
    let sizes: HashSet<ByteSize> = wanted.values().copied().collect();
    let objects = workspace.root().join("objects");
    fs::create_dir_all(&objects, workspace.access())?;
    let is_wanted = |path: &PathBuf| -> Result<Option<Digest>, Failure> {
        let size = fs::metadata(path)?.filter(|found| found.is_file()).map(|found| ByteSize(found.len()));
        if !size.is_some_and(|size| sizes.contains(&size)) {
            return Ok(None);
        }
        let found = sha256_of(path, &|_| ())?;
        Ok((wanted.get(&found).copied() == size).then_some(found))
    };
    let mut here = HashSet::new();
    for path in fs::list_dir(&objects)? {
        match is_wanted(&path)? {
            Some(sha256) if path == waiting(workspace, &sha256) => drop(here.insert(sha256)),
            _ => fs::remove_file(&path)?,
        }
    }
    for path in files_below(workspace.left())? {
        match is_wanted(&path)? {
            Some(sha256) if here.insert(sha256) => fs::rename(&path, &waiting(workspace, &sha256))?,
            _ => {}
        }
    }
    fs::remove_dir_all(&workspace.left())?;
    if let Some(stage) = workspace.outer_stage() {
        for path in files_below(stage)? {
            if let Some(sha256) = is_wanted(&path)?.filter(|sha256| !here.contains(sha256)) {
                fs::copy_new(&path, &waiting(workspace, &sha256), workspace.access())?;
                here.insert(sha256);
            }
        }
    }
    let mut sifted = Sifted { objects: wanted.len() as u64, ..Sifted::default() };
    for (sha256, size) in wanted {
        match here.contains(&sha256) {
            true => sifted.bytes = sifted.bytes.saturating_add(size),
            false => drop(sifted.missing.insert(sha256, size)),
        }
    }
    Ok(sifted)
}

fn files_below(folder: PathBuf) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    fs::walk(&folder, &mut |one| found.push(folder.join(&one.path)))?;
    Ok(found)
}

/// Whether the disk takes what is missing, and a copy for each further place of a file.
pub fn refuse_lack_of_space(target: &Target<'_>, judged: &Judged, sifted: &Sifted) -> Result<(), Failure> {
    let (mut seen, mut folders, mut files) = (HashSet::new(), HashSet::new(), sifted.missing.len() as u64);
    let mut needed = sifted.missing.values().fold(ByteSize::ZERO, |sum, size| sum.saturating_add(*size));
    for (path, one) in judged.places() {
        folders.extend(path.parent());
        if !seen.insert(one.sha256) {
            (needed, files) = (needed.saturating_add(one.size), files + 1);
        }
    }
    files += folders.len() as u64;
    let (at, space) = (target.store.root().to_path_buf(), fs::space(target.store.root())?);
    match space.inodes {
        _ if needed > space.bytes => Err(Shortage::Bytes { at, free: space.bytes, needed }.into()),
        Some(free) if files > free => Err(Shortage::Inodes { at, free, needed: files }.into()),
        _ => Ok(()),
    }
}

/// Moves every object to its place, or copies it where it has several. The stage is empty before.
pub fn place_all(workspace: &Workspace, judged: &Judged) -> Result<(), Failure> {
    let mut left: HashMap<Digest, usize> = HashMap::new();
    for (_, one) in judged.places() {
        *left.entry(one.sha256).or_default() += 1;
    }
    let (stage, access) = (workspace.stage(), workspace.access());
    let mut made = BTreeSet::new();
    let mut make_folder_of = |path: &RelPath| match path.parent() {
        Some(folder) if made.insert(folder.clone()) => fs::create_dir_all(&folder.under(&stage), access),
        _ => Ok(()),
    };
    for (path, one) in judged.places() {
        make_folder_of(path)?;
        let (object, to) = (waiting(workspace, &one.sha256), path.under(&stage));
        let count = left.get_mut(&one.sha256).expect("it was counted");
        *count -= 1;
        match *count {
            0 => fs::rename(&object, &to)?,
            _ => drop(fs::copy_new(&object, &to, access)?),
        }
    }
    for record in judged.records().filter(|record| record.kind == RecordKind::Link) {
        make_folder_of(&record.path)?;
        fs::symbolic_link(record.target.as_deref().unwrap_or_default(), &record.path.under(&stage))?;
    }
    Ok(())
}

/// Notes what is finished.
pub fn note(workspace: &mut Workspace, judged: Judged, roles: &RoleRules) -> Result<(), Failure> {
    for (mark, became) in judged.listed {
        let first = match &became {
            Became::Placed(record) => Some(&**record),
            Became::Unpacked(records) => records.first(),
            Became::Packed(_) | Became::Spent => None,
        };
        let (license, notice) = first.map_or((None, None), |record| (record.license.clone(), record.notice.clone()));
        let kind = match became {
            Became::Placed(record) => FinishedKind::Placed { at: record.path },
            Became::Packed(at) => FinishedKind::Placed { at },
            Became::Unpacked(records) => {
                FinishedKind::Unpacked { members: write(workspace, &mark.path, records, roles)?, kept: true }
            }
            // Nobody opens this workspace again to ask which.
            Became::Spent => FinishedKind::Spent { of: mark.path.clone() },
        };
        workspace.finish(Finished { license, notice, ..Finished::of_list(mark, kind) })?;
    }
    for (mark, records) in judged.partial {
        let members = write(workspace, &mark.path, records, roles)?;
        workspace.finish(Finished::of_part(mark, members))?;
    }
    Ok(())
}

/// The inventory of an archive's members, with the times of the files as they lie here and the
/// roles that the own entry gives. Gives its name.
fn write(
    workspace: &Workspace,
    origin: &RelPath,
    mut records: Vec<FileRecord>,
    roles: &RoleRules,
) -> Result<String, LayoutError> {
    for record in &mut records {
        record.role = roles.role_of(&record.path);
        if record.kind == RecordKind::File {
            // The quick check compares it with the file.
            record.mtime = stamp(&record.path.under(&workspace.stage()))?.0;
        }
    }
    write_members(workspace, origin, records)
}
