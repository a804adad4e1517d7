//! From finished files to their places in the stage.

use std::path::Path;

use jiff::Timestamp;

use crate::fs::{self, Access};
use crate::layout::check::sha256_of;
use crate::layout::{FileRecord, LayoutError, Origin, Proof, RecordKind, RoleRules, Workspace, inventory};
use crate::unpack::{Link, Member, Unpacked};
use crate::values::{ByteSize, Digest, RelPath, SafeUrl, hex};

/// Moves one finished file to its place in the stage. The same bytes may be there already
/// from a run that was killed; others are refused.
pub fn place(from: &Path, stage: &Path, at: &RelPath, sha256: Digest, access: Access) -> Result<(), LayoutError> {
    let target = at.under(stage);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent, access)?;
    }
    if fs::metadata(&target)?.is_some() {
        let there = sha256_of(&target, &|_| ())?;
        if there != sha256 {
            return Err(LayoutError::Conflict {
                path: at.to_string(),
                first: there,
                first_origin: "an earlier file of the release".into(),
                second: sha256,
                second_origin: from.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            });
        }
    }
    Ok(fs::rename(from, &target)?)
}

/// Where the members of an archive go and what is said of them.
pub struct MemberPlaces<'a> {
    /// The archive's path at the publisher.
    pub archive: &'a RelPath,
    /// Where it was asked for.
    pub url: Option<&'a SafeUrl>,
    /// The folder below the dataset folder, `data` or `docs` or one below.
    pub into: &'a RelPath,
    /// The entry's globs.
    pub roles: &'a RoleRules,
    /// Terms of these members where they differ from the dataset's.
    pub license: Option<&'a str>,
    /// What the host says of them that a person must know.
    pub notice: Option<&'a str>,
    /// What proved them, where they were read without the rest of the archive.
    pub verified: Option<Proof>,
    /// Records of members of the same archive that are in their place and stay.
    pub beside: Vec<FileRecord>,
}

/// Moves unpacked members into the stage and writes their inventory. Gives the inventory's name.
///
/// Killed in between, the archive is unpacked again: members that are in their place already
/// have the same bytes and are replaced by themselves.
pub fn place_members(
    workspace: &Workspace,
    unpacked_in: &Path,
    unpacked: Unpacked,
    mut places: MemberPlaces<'_>,
) -> Result<String, LayoutError> {
    let beside = std::mem::take(&mut places.beside);
    let places = &places;
    let stage = workspace.stage();
    let target = places.into.under(&stage);
    let below = |path: &RelPath| path.below(places.into).map_err(|error| refused(&error.to_string()));
    let mut records = Vec::with_capacity(unpacked.members.len());
    for member in unpacked.members.iter() {
        records.push((below(&member.path)?, member));
    }
    let mut links = Vec::with_capacity(unpacked.links.len());
    for link in unpacked.links {
        links.push((below(&link.path)?, link));
    }
    // Downloads put files into the same folder at any moment: nothing is looked at first.
    fs::create_dir_all(target.parent().unwrap_or(&stage), workspace.access())?;
    if records.is_empty() || !fs::rename_to_empty(unpacked_in, &target)? {
        for (at, member) in &records {
            place(&member.path.under(unpacked_in), &stage, at, member.sha256, workspace.access())?;
        }
        for (at, link) in &links {
            place_link(link, &stage, at, workspace.access())?;
        }
    }
    let files = records.into_iter().map(|(at, member)| record(&stage, at, member, places));
    let links = links.into_iter().map(|(at, link)| link_record(&stage, at, link, places));
    let records = files.chain(links).chain(beside.into_iter().map(Ok)).collect::<Result<_, _>>()?;
    write_members(workspace, places.archive, records)
}

/// Writes the inventory of an archive's members, in the place of an earlier one. Gives its name.
pub fn write_members(
    workspace: &Workspace,
    archive: &RelPath,
    records: Vec<FileRecord>,
) -> Result<String, LayoutError> {
    let name = format!("{}.jsonl", &Digest::sha256(archive.as_str().as_bytes()).hex()[..16]);
    let path = workspace.members(&name);
    let fresh = path.with_extension("new");
    fs::remove_file(&fresh)?;
    inventory::write_sorted(&fresh, records, workspace.access())?;
    fs::rename(&fresh, &path)?;
    Ok(name)
}

fn record(stage: &Path, at: RelPath, member: Member, places: &MemberPlaces<'_>) -> Result<FileRecord, LayoutError> {
    let (mtime, size) = stamp(&at.under(stage))?;
    let role = places.roles.role_of(&at);
    Ok(FileRecord {
        role,
        path: at,
        kind: RecordKind::File,
        target: None,
        size,
        mtime,
        sha256: member.sha256,
        origin: Origin {
            file: places.archive.clone(),
            raw_name: member.raw_name.as_deref().map(hex),
            member: Some(member.name),
            url: places.url.cloned(),
            verified: places.verified,
        },
        license: places.license.map(str::to_owned),
        notice: places.notice.map(str::to_owned),
    })
}

/// Makes a link anew at its place in the stage. It holds a path within its own archive's tree,
/// which lies there as it lay where it was unpacked.
fn place_link(link: &Link, stage: &Path, at: &RelPath, access: Access) -> Result<(), LayoutError> {
    let target = at.under(stage);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent, access)?;
    }
    if fs::link_target(&target)?.is_some_and(|held| held == link.target) {
        return Ok(());
    }
    Ok(fs::symbolic_link(&link.target, &target)?)
}

fn link_record(stage: &Path, at: RelPath, link: Link, places: &MemberPlaces<'_>) -> Result<FileRecord, LayoutError> {
    let (mtime, _) = stamp(&at.under(stage))?;
    Ok(FileRecord {
        role: places.roles.role_of(&at),
        path: at,
        kind: RecordKind::Link,
        size: ByteSize(link.target.len() as u64),
        mtime,
        sha256: Digest::sha256(link.target.as_bytes()),
        target: Some(link.target),
        origin: Origin {
            file: places.archive.clone(),
            raw_name: None,
            member: Some(link.name),
            url: places.url.cloned(),
            verified: places.verified,
        },
        license: places.license.map(str::to_owned),
        notice: places.notice.map(str::to_owned),
    })
}

/// Time of last change and size of a file that was just laid down.
pub fn stamp(path: &Path) -> Result<(Timestamp, ByteSize), LayoutError> {
    let missing = || fs::FsError::new("look at", path, std::io::ErrorKind::NotFound.into());
    let metadata = fs::metadata(path)?.ok_or_else(missing)?;
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    Ok((modified.unwrap_or(Timestamp::UNIX_EPOCH), ByteSize(metadata.len())))
}

fn refused(reason: &str) -> LayoutError {
    LayoutError::Record { path: "archive member".into(), line: 0, reason: reason.to_owned() }
}
