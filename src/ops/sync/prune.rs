//! What `sync --prune` takes away: datasets that the lock does not name, and what is here of a
//! dataset beyond what the lock asks for. A person's own files stay.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use serde::Serialize;

use crate::context::{Context, SettingOrigin};
use crate::layout::check;
use crate::layout::inventory::InventoryReader;
use crate::layout::{DatasetDir, FileRecord, LayoutError, Records};
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::receipt_selection;
use crate::ops::hands_off::HandsOff;
use crate::ops::here;
use crate::ops::lock::{Resolved, selection_options};
use crate::ops::remove::{self, Extent};
use crate::ops::shared;
use crate::project::LockedFile;
use crate::unpack::Globs;
use crate::values::{ByteSize, Printable, RelPath, counted};

use super::SyncReport;

/// A dataset that the lock does not name.
#[derive(Debug, Serialize)]
pub struct Pruned {
    /// Its name in full.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Whether it was removed.
    pub removed: bool,
}

/// A dataset of which more was here than the lock asks for, and just that is now, or would be.
#[derive(Debug, Serialize)]
pub struct Reduced {
    /// Its name in full.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Files that were removed.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// Whether they were removed.
    pub removed: bool,
}

/// More of a dataset than the lock asks for, or another part of it, before it is brought to the lock.
pub(super) struct Surplus {
    name: String,
    dir: DatasetDir,
    /// What is here; nothing where the list of it is damaged.
    files: BTreeMap<RelPath, FileRecord>,
}

impl Surplus {
    /// `None` where just what the lock asks for is here, or nothing. Nothing is taken out of a
    /// shared copy.
    pub fn of(context: &Context, resolved: &Resolved, warnings: &mut Vec<String>) -> Result<Option<Self>, Failure> {
        let (locked, selection) = (&resolved.locked, &resolved.selection);
        let dir = DatasetDir::new(&context.data_dir()?, selection.id(), &selection.slug());
        let Records::Good(receipt) = Records::of(&dir)? else { return Ok(None) };
        let asked = receipt_selection(&selection_options(Some(&locked.channel), &locked.choice));
        if receipt.selection == asked {
            return Ok(None);
        }
        let name = locked.name();
        if let Some(at) = shared::leads_to(&dir) {
            warnings.push(format!(
                "`{name}` is used from a shared folder, where nothing is removed (`{}`): to have just what the lock asks \
                 for, {}",
                at.display(),
                HandsOff::Shared.advice(&name, true)
            ));
            return Ok(None);
        }
        if let Some(link) = remove::id_link(&dir)? {
            warnings.push(format!("nothing of `{name}` is removed: {link}"));
            return Ok(None);
        }
        let files = inventory(&dir).unwrap_or_default();
        Ok(Some(Self { name, dir, files }))
    }

    /// What of it is gone, or would be by the files that the lock names. `None` where all of it
    /// stays.
    pub fn gone(mut self, locked: &[LockedFile], dry_run: bool) -> Result<Option<Reduced>, Failure> {
        if dry_run {
            let mut named: HashMap<&RelPath, Option<Globs>> = HashMap::new();
            for file in locked {
                let globs = file.part.as_ref().map(|part| Globs::new(part.globs.iter().map(String::as_str)));
                named.insert(&file.path, globs.and_then(Result::ok));
            }
            // Of an archive of which members alone are meant, those.
            let stays = |record: &FileRecord| match named.get(&record.origin.file) {
                Some(Some(globs)) => record.origin.member.as_ref().is_none_or(|member| globs.matches(member)),
                Some(None) => true,
                None => false,
            };
            self.files.retain(|_, record| !stays(record));
        } else {
            let now = inventory(&self.dir)?;
            self.files.retain(|path, _| !now.contains_key(path));
        }
        let bytes = self.files.values().map(|record| record.size).sum();
        let (files, path) = (self.files.len() as u64, self.dir.root().to_path_buf());
        Ok((files > 0).then_some(Reduced { name: self.name, path, files, bytes, removed: !dry_run }))
    }
}

fn inventory(dir: &DatasetDir) -> Result<BTreeMap<RelPath, FileRecord>, LayoutError> {
    let records = InventoryReader::open(&dir.inventory_path())?;
    records.map(|record| record.map(|record| (record.path.clone(), record))).collect()
}

/// Why a dataset's folder may hold what is not medsets': files that it did not put there, or
/// records that do not tell.
fn not_ours_alone(found: &here::Here) -> Result<Option<String>, Failure> {
    if let Some(fault) = &found.fault {
        return Ok(Some(format!("its records are damaged ({fault})")));
    }
    let known = check::known_paths(&found.dir)?;
    let mut archives = HashSet::new();
    if let Some(receipt) = &found.receipt {
        for listed in receipt.listed.read(&found.dir)? {
            archives.insert(format!("archives/{}", listed?.path));
        }
    }
    let mut foreign = Vec::new();
    crate::fs::walk(found.dir.root(), &mut |file| {
        let own = file.path.starts_with(".medsets/")
            || archives.contains(&file.path)
            || matches!(file.path.as_str(), "README.md" | "TERMS.md" | "CITATION.cff");
        if !own && RelPath::parse(&file.path).map_or(true, |path| !known.contains(&path)) {
            foreign.push(file.path);
        }
    })?;
    foreign.sort();
    Ok(foreign.first().map(|first| {
        let files = counted(foreign.len() as u64, "file");
        format!("{files} that medsets did not put there, such as `{}`", Printable::new(first))
    }))
}

/// Nothing is removed from a data folder that is not the project's own: others may use it.
pub(super) fn refuse_pruning(context: &Context) -> Result<(), Failure> {
    let dir = context.data_dir()?;
    let is_set = context.settings.get("data-dir").is_some_and(|one| matches!(one.origin, SettingOrigin::Project(_)));
    let root = context.settings.project().map(crate::fs::canonical).transpose()?;
    // It may not be there yet.
    let there = dir.ancestors().find(|dir| crate::fs::is_dir(dir)).unwrap_or(&dir);
    let is_within = root.is_some_and(|root| crate::fs::canonical(there).is_ok_and(|there| there.starts_with(root)));
    if !is_set || !is_within {
        let message = format!("`{}` is not the project's own data folder: nothing was pruned", dir.display());
        return Err(Failure::new(Exit::USAGE, message)
            .help("others may use what lies there; `medsets remove ID` removes a dataset"));
    }
    Ok(())
}

/// Removes datasets of the project's own data folder that the lock does not name. What was
/// removed before a failure is in the report.
pub(super) fn prune(
    context: &Context,
    named: &BTreeSet<String>,
    dry_run: bool,
    report: &mut SyncReport,
) -> Result<(), Failure> {
    if !dry_run {
        remove::finish_all(context)?;
    }
    for found in here::all(context)? {
        let name = found.name();
        if named.contains(&name) {
            continue;
        }
        let path = found.dir.root().to_path_buf();
        if let Some(link) = remove::id_link(&found.dir)? {
            let advice = link.advice(&name);
            report.fetched.warnings.push(format!("`{name}` is not in the lock and stays: {link}; {advice}"));
            continue;
        }
        if let Some(reason) = not_ours_alone(&found)? {
            let warning =
                format!("`{name}` is not in the lock and stays: {reason}; `medsets remove {name}` removes it");
            report.fetched.warnings.push(warning);
            continue;
        }
        if !dry_run {
            let (here, plan) = remove::plan(context, &name, Extent::Whole)?;
            if let Some(at) = &plan.leads_to {
                report
                    .fetched
                    .warnings
                    .push(format!("of `{name}` the link alone is removed: what lies in `{at}` stays"));
            }
            remove::remove(context, &here, plan)?;
        }
        report.pruned.push(Pruned { name, path, removed: !dry_run });
    }
    Ok(())
}
