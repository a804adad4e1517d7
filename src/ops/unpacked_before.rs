//! An archive that is wanted only for its members, where another dataset of the same data folder
//! has these: it was unpacked there from the same bytes by the same rules, and need not come again.

use std::collections::{HashMap, HashSet};

use crate::catalog::format::UnpackTable;
use crate::catalog::{Selection, UnpackRules};
use crate::context::Context;
use crate::events::Event;
use crate::fs;
use crate::layout::check::check_record;
use crate::layout::inventory::InventoryReader;
use crate::layout::{
    DatasetDir, FileRecord, Finished, FinishedKind, ListedMark, Means, Origin, Receipt, RecordKind, Records, Workspace,
};
use crate::plan::Handling;
use crate::plan::steps::Have;
use crate::providers::{ListedFile, Listing};
use crate::store::Objects;
use crate::transfer::Verified;
use crate::values::{ByteSize, Digest, RelPath};

use super::download::{Wanted, known_beforehand, proof};
use super::failure::Failure;
use super::fetch::FetchOptions;
use super::particulars::roles;
use super::placing::{stamp, write_members};
use super::sharing;
use super::target::Target;
use super::wanted;

/// Takes members into the workspace; each is hashed on the way, and where one is not what the
/// records say the archive is downloaded as if nothing were here. Gives how many archives it were.
pub(super) fn take(
    context: &Context,
    target: &Target<'_>,
    workspace: &mut Workspace,
    wanted: &[Wanted],
) -> Result<u64, Failure> {
    let objects = sharing::objects(context, &target.store, target.access);
    let mut taken = 0;
    for (index, source) in sources(context, target, wanted)? {
        if context.cancel.is_set() {
            break;
        }
        let one = &wanted[index];
        let members = source.members(one)?;
        let Some(records) = laid_out(target, workspace, &objects, one, &source, members)? else { continue };
        let bytes: ByteSize = records.iter().map(|record| record.size).sum();
        context.report.report(Event::Reused { file: one.listed.path.clone(), bytes, from: "unpacked" });
        let inventory = write_members(workspace, &one.listed.path, records)?;
        workspace.finish(Finished {
            path: one.listed.path.clone(),
            size: source.mark.size,
            sha256: source.mark.sha256,
            verified: proof(Verified::Known, one),
            known: known_beforehand(one, &source.mark.sha256),
            license: one.manner.license.clone(),
            notice: one.manner.notice.clone(),
            url: None,
            kind: FinishedKind::Unpacked { members: inventory, kept: false },
            warnings: Vec::new(),
            reason: None,
        })?;
        taken += 1;
    }
    Ok(taken)
}

/// The archives that [`take`] would have without a download, by their places among `wanted`.
pub(super) fn foresee(context: &Context, target: &Target<'_>, wanted: &[Wanted]) -> Result<Vec<usize>, Failure> {
    Ok(sources(context, target, wanted)?.into_iter().map(|(index, _)| index).collect())
}

/// A dataset folder in which an archive was unpacked.
struct Source {
    dir: DatasetDir,
    mark: ListedMark,
    /// Where its members went.
    into: RelPath,
}

impl Source {
    /// The records of the members, where they would go now.
    fn members(&self, one: &Wanted) -> Result<Vec<(RelPath, FileRecord)>, Failure> {
        let Some(rules) = &one.manner.unpack else { return Ok(Vec::new()) };
        let prefix = format!("{}/", self.into);
        let mut members = Vec::new();
        for record in InventoryReader::open(&self.dir.inventory_path())? {
            let record = record?;
            if record.origin.file != self.mark.path {
                continue;
            }
            let below = record.path.as_str().strip_prefix(&prefix).and_then(|rest| RelPath::parse(rest).ok());
            match below.and_then(|rest| rest.below(&rules.into).ok()) {
                Some(at) => members.push((at, record)),
                None => return Ok(Vec::new()),
            }
        }
        Ok(members)
    }
}

/// For each archive that is open the first folder that has its members.
fn sources(context: &Context, target: &Target<'_>, wanted: &[Wanted]) -> Result<Vec<(usize, Source)>, Failure> {
    let mut open: HashMap<Digest, usize> =
        wanted.iter().enumerate().filter_map(|(index, one)| Some((open_archive(one)?, index))).collect();
    let mut found = Vec::new();
    if open.is_empty() || !sharing::is_on(context) {
        return Ok(found);
    }
    let data_dir = target.dir.root().ancestors().nth(2);
    for dir in DatasetDir::find_all(data_dir.unwrap_or(target.dir.root()))? {
        if open.is_empty() {
            break;
        }
        let Records::Good(receipt) = Records::of(&dir)? else { continue };
        // In what came from others the members are their word, and no archive proved them here.
        let is_link = fs::metadata(dir.root())?.is_some_and(|found| found.is_symlink());
        if is_link || !matches!(receipt.means, Means::Fetch | Means::Import) || receipt.source.mirror.is_some() {
            continue;
        }
        let is_intact = receipt.listed.check(&dir).is_ok() && check_record(&dir.manifest_path(), receipt.tree).is_ok();
        if dir.root() == target.dir.root() || !is_intact {
            continue;
        }
        for mark in receipt.listed.read(&dir)? {
            let mark = mark?;
            let Some(index) = open.get(&mark.sha256).copied().filter(|_| mark.unpacked) else { continue };
            if let Some(into) = same_rules(context, &receipt, &mark, &wanted[index])? {
                open.remove(&mark.sha256);
                found.push((index, Source { dir: dir.clone(), mark, into }));
            }
        }
    }
    Ok(found)
}

/// The SHA-256 of an archive of which only the members are wanted.
fn open_archive(one: &Wanted) -> Option<Digest> {
    let is_dropped = matches!(one.manner.handling, Handling::Unpack { keep: false, .. });
    let is_single = one.manner.unpack.as_ref().is_some_and(|rules| rules.table.parts.is_empty());
    let is_open = one.have == Have::Nothing && !one.manner.changed_is_fine && one.manner.doubt.is_none();
    let sha256 = Digest::sha256_in(&one.listed.digests);
    sha256.copied().filter(|_| is_dropped && is_single && is_open && one.manner.tree.is_none())
}

/// Where the members of an archive went in another dataset, if the same rules brought them out:
/// its entry must be at hand as it was then.
fn same_rules(
    context: &Context,
    receipt: &Receipt,
    mark: &ListedMark,
    one: &Wanted,
) -> Result<Option<RelPath>, Failure> {
    let Some(dataset) = context.catalog()?.get(&receipt.dataset) else { return Ok(None) };
    if dataset.digest != receipt.catalog.entry || receipt.reference.is_some() {
        return Ok(None);
    }
    let selection = Selection::of(dataset.clone(), Some(&receipt.version), receipt.variant.as_deref());
    let Ok(selection) = selection else { return Ok(None) };
    let channel = receipt.source.channel.as_str();
    if selection.source(Some(channel)).is_none() {
        return Ok(None);
    }
    let Ok(target) = Target::of(context, &selection, Some(channel), None) else { return Ok(None) };
    let options = FetchOptions { unpack: true, ..FetchOptions::default() };
    let listing = Listing(vec![ListedFile::named(mark.path.clone())]);
    let theirs = wanted::wanted(context, &target, &options, listing, Means::Import, &mut Vec::new());
    let theirs = theirs.ok().and_then(|mut all| all.pop()).and_then(|one| one.manner.unpack.clone());
    // What is written decides all but the folder.
    let table = |rules: &UnpackRules| format!("{:?}", UnpackTable { into: None, ..rules.table.clone() });
    let is_same = |rules: &UnpackRules| one.manner.unpack.as_ref().is_some_and(|own| table(own) == table(rules));
    Ok(theirs.filter(is_same).map(|rules| rules.into))
}

/// Puts the members into the stage. `None` where one is not to be had as the records say; what was
/// put there is the right bytes then, and unpacking replaces it.
fn laid_out(
    target: &Target<'_>,
    workspace: &Workspace,
    objects: &Objects,
    one: &Wanted,
    source: &Source,
    members: Vec<(RelPath, FileRecord)>,
) -> Result<Option<Vec<FileRecord>>, Failure> {
    if members.is_empty() {
        return Ok(None);
    }
    let roles = roles(target.selection);
    let (mut records, mut made) = (Vec::with_capacity(members.len()), HashSet::new());
    for (at, record) in members {
        let to = at.under(&workspace.stage());
        if let Some(parent) = to.parent().filter(|parent| made.insert(parent.to_path_buf())) {
            fs::create_dir_all(parent, workspace.access())?;
        }
        match (&record.kind, &record.target) {
            (RecordKind::File, _) => {
                let from = record.path.under(source.dir.root());
                if objects.take_from(&from, &[record.sha256], Some(record.size), &to)?.is_none() {
                    return Ok(None);
                }
            }
            (RecordKind::Link, Some(held)) => fs::symbolic_link(held, &to)?,
            (RecordKind::Link, None) => return Ok(None),
        }
        let (mtime, _) = stamp(&to)?;
        records.push(FileRecord {
            role: roles.role_of(&at),
            path: at,
            mtime,
            origin: Origin { file: one.listed.path.clone(), url: None, ..record.origin },
            license: one.manner.license.clone(),
            notice: one.manner.notice.clone(),
            ..record
        });
    }
    Ok(Some(records))
}
