//! Who knows what could lie in a folder: entries, the project's lock, records of datasets that
//! are here, were here, or lie with the files.

use std::collections::{HashMap, HashSet};

use crate::catalog::{FileEntry, HostRules, Selection, Treatment};
use crate::context::Context;
use crate::fs;
use crate::layout::inventory::InventoryReader;
use crate::layout::manifest::{self, ManifestReader};
use crate::layout::receipt::Selection as Part;
use crate::layout::{DatasetDir, LayoutError, Proof, Receipt, RecordKind, check};
use crate::project::{Locked, LockedFile};
use crate::providers::{ListedFile, Listing};
use crate::remedy;
use crate::values::{Algorithm, Choice, DatasetName, Digest, Digester, Printable, RelPath};

use super::super::super::exit::Exit;
use super::super::super::failure::Failure;
use super::super::super::foreign::Foreign;
use super::super::super::here::{self, Here};
use super::super::super::lock::files::LockFolder;
use super::super::super::selection::one_selection;
use super::super::super::stored_listing;
use super::super::super::target::Target;
use super::super::AdoptOptions;
use super::super::scan::Scan;
use super::item::Item;
use super::{Copy, Known};

/// Gathers everything that could be recognised, or all that is known of the named release.
pub(in crate::ops::adopt) fn gather(
    context: &Context,
    scan: &Scan,
    named: Option<&Selection>,
    options: &AdoptOptions,
    warnings: &mut Vec<String>,
) -> Result<Vec<Known>, Failure> {
    let mut knowns = Vec::new();
    for (here, is_own) in copies(context, scan, named, warnings)? {
        if let Some(selection) = selection_of(context, &here, named)
            && let Some(known) = of_copy(here, is_own, selection, warnings)?
        {
            knowns.push(known);
        }
    }
    for (folder, locked) in locked(context, named, warnings)? {
        let read = folder.selection(context, &locked).and_then(|found| Ok((found, folder.files(&locked)?)));
        match read {
            Ok((selection, files)) => knowns.extend(of_lock(selection, &locked, files)),
            Err(failure) => warnings.push(format!("the lock proves nothing of `{}`: {}", locked.id, failure.message)),
        }
    }
    if let Some(selection) = named {
        knowns.extend(of_entry(context, selection.clone(), options.source.as_deref())?);
        return Ok(knowns);
    }
    for dataset in context.catalog()?.datasets() {
        for release in &dataset.releases {
            let variants = release.variants.iter().map(|variant| Some(variant.name.as_str()));
            let variants: Vec<Option<&str>> = if release.variants.is_empty() { vec![None] } else { variants.collect() };
            for variant in variants {
                let name = DatasetName::of(&dataset.id, &release.version, variant).to_string();
                let Ok(selection) = one_selection(context, &name) else { continue };
                knowns.extend(of_entry(context, selection, None)?);
            }
        }
    }
    Ok(knowns)
}

/// What the project's lock pins, of the named release alone where there is one. A lock that cannot
/// be read is a warning: what lies on disk has other proofs.
pub(in crate::ops::adopt) fn locked(
    context: &Context,
    named: Option<&Selection>,
    warnings: &mut Vec<String>,
) -> Result<Vec<(LockFolder, Locked)>, Failure> {
    let Some(folder) = context.settings.project().map(LockFolder::at) else { return Ok(Vec::new()) };
    let lock = match folder.read() {
        Ok(lock) => lock,
        Err(failure) => {
            warnings.push(format!("the lock proves nothing: {}", failure.message));
            None
        }
    };
    let is_meant = |locked: &Locked| {
        named.is_none_or(|selection| {
            *selection.id() == locked.id
                && selection.release().version == locked.version
                && selection.variant_name() == locked.variant.as_deref()
        })
    };
    let all = lock.into_iter().flat_map(|lock| lock.datasets).filter(is_meant);
    Ok(all.map(|locked| (folder.clone(), locked)).collect())
}

/// Datasets with records: those that lie in the person's folder, and those of the data folder,
/// which are the person's own.
fn copies(
    context: &Context,
    scan: &Scan,
    named: Option<&Selection>,
    warnings: &mut Vec<String>,
) -> Result<Vec<(Here, bool)>, Failure> {
    let mut found = Vec::new();
    for dir in with_records(scan)? {
        let here = match here::of_dir(context, dir.clone()) {
            Ok(here) => here,
            Err(failure) if matches!(Receipt::read(&dir), Err(LayoutError::Newer { .. })) => return Err(failure),
            Err(failure) => {
                warnings.push(format!("the records in `{}` prove nothing: {}", dir.root().display(), failure.message));
                continue;
            }
        };
        found.extend(here.map(|here| match named {
            // A folder that lost its receipt has no name of its own.
            Some(selection) if here.receipt.is_none() => Here {
                id: selection.id().clone(),
                version: selection.release().version.clone(),
                variant: selection.variant_name().map(str::to_owned),
                ..here
            },
            _ => here,
        }));
        let nameless = found.last().is_none_or(|here: &Here| here.dir != dir);
        if let (true, Some(selection)) = (nameless, named) {
            found.push(Here {
                dir,
                id: selection.id().clone(),
                version: selection.release().version.clone(),
                variant: selection.variant_name().map(str::to_owned),
                receipt: None,
                fault: None,
            });
        }
    }
    let mut own = here::all(context)?;
    // What lies by now where a link led is another's.
    own.retain(|here| here.away().is_none());
    // What was adopted lies in both.
    found.retain(|here| !own.iter().any(|own| fs::is_same(own.dir.root(), here.dir.root())));
    let found = found.into_iter().map(|here| (here, false));
    Ok(found.chain(own.into_iter().map(|here| (here, true))).collect())
}

/// The folders of the person that have records; those that cannot be listed are passed over, as
/// the scan says.
fn with_records(scan: &Scan) -> Result<Vec<DatasetDir>, Failure> {
    let own = DatasetDir::at(scan.root.clone());
    // Of records that cannot be looked at it is told when they are read.
    if own.has_records().unwrap_or(true) {
        return Ok(vec![own]);
    }
    Ok(DatasetDir::find_all_on(&scan.root, &mut |_| Ok(()))?)
}

/// Records that lie with the files and say that these are something else stand against a
/// person's word: another dataset may ask for more.
pub(in crate::ops::adopt) fn refuse_other_name(scan: &Scan, selection: &Selection) -> Result<(), Failure> {
    for dir in with_records(scan)? {
        let receipt = match Receipt::read(&dir) {
            Ok(Some(receipt)) => receipt,
            Err(error @ LayoutError::Newer { .. }) => return Err(error.into()),
            // Records that cannot be read say nothing.
            Ok(None) | Err(_) => continue,
        };
        if receipt.dataset != *selection.id() {
            let (dir, name) = (dir.root().display(), receipt.name());
            let message = format!("the records in `{dir}` say that it is `{name}`, not `{selection}`");
            let failure = Failure::new(Exit::DIFFERENT, message).of(selection.id());
            return Err(
                failure.help(format!("your word does not stand against them: adopt it as `{}`", receipt.dataset))
            );
        }
    }
    Ok(())
}

/// The entry of a copy, where it is a copy of what is asked for.
fn selection_of(context: &Context, here: &Here, named: Option<&Selection>) -> Option<Selection> {
    let is_meant = |selection: &Selection| {
        *selection.id() == here.id
            && selection.release().version == here.version
            && selection.variant_name() == here.variant.as_deref()
    };
    match named {
        Some(selection) => is_meant(selection).then(|| selection.clone()),
        None => one_selection(context, &here.name()).ok(),
    }
}

fn of_copy(
    here: Here,
    is_own: bool,
    selection: Selection,
    warnings: &mut Vec<String>,
) -> Result<Option<Known>, Failure> {
    let items = match items_of(&here.dir, here.receipt.as_ref()) {
        Ok(items) => items,
        Err(error) if error.is_of_records() => {
            warnings.push(format!(
                "the records in `{}` prove nothing: {}",
                here.dir.root().display(),
                remedy::chain(&error)
            ));
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let of_receipt = here.receipt.as_ref().map(|receipt| receipt.source.channel.as_str());
    // What is asked for depends on the channel: another one asks for something else.
    let Some(channel) = selection.source(of_receipt).map(|source| source.channel.clone()) else {
        let channel = Printable::new(of_receipt.unwrap_or_default());
        let dir = here.dir.root().display();
        warnings.push(format!("the records in `{dir}` prove nothing: `{selection}` has no source `{channel}`"));
        return Ok(None);
    };
    if !is_own && let Some(how) = unlike_entry(&here, &selection, &channel, &items)? {
        let dir = here.dir.root().display();
        warnings.push(format!("the records in `{dir}` prove nothing: they are not what the catalogue means: {how}"));
        return Ok(None);
    }
    if items.is_empty() {
        return Ok(None);
    }
    let of = here.receipt.as_ref().map_or_else(all, |receipt| receipt.selection.clone());
    let copy = Some(Copy::of(here.dir, here.receipt));
    Ok(Some(Known { selection, channel, items, copy, of: Some(of), by: "records" }))
}

/// How records that somebody else wrote do not speak of the release that the catalogue means.
fn unlike_entry(here: &Here, selection: &Selection, channel: &str, items: &[Item]) -> Result<Option<String>, Failure> {
    let places: HashMap<&RelPath, &Item> = items.iter().map(|item| (&item.place, item)).collect();
    for entry in selection.files(Some(channel)).filter(|entry| entry.unpack.is_none()) {
        let sha256 = Digest::sha256_in(&entry.digests);
        let item = entry.path.below(&entry.into).ok().and_then(|place| places.get(&place).copied());
        if let (Some(sha256), Some(item)) = (sha256, item)
            && item.target.is_none()
            && !item.digests.contains(sha256)
        {
            let is = item.digests.first().map(Digest::to_string).unwrap_or_default();
            return Ok(Some(format!("`{}` is {is}, and the catalogue names {sha256}", item.place)));
        }
    }
    let Some(receipt) = here.receipt.as_ref().filter(|receipt| receipt.listed.check(&here.dir).is_ok()) else {
        return Ok(None);
    };
    let Some(source) = selection.source(Some(channel)) else { return Ok(None) };
    let foreign = Foreign {
        selection,
        source,
        part: &receipt.selection,
        laid_out_by: receipt.catalog.entry,
        partial: &receipt.partial,
        accepted: &[],
    };
    let records = match InventoryReader::open(&here.dir.inventory_path()) {
        Ok(records) => records,
        // By the manifest alone it is proven as far as that goes.
        Err(_) => return Ok(None),
    };
    match foreign.judge(receipt.listed.read(&here.dir)?, records) {
        Ok(judged) => Ok(judged.map(|one| format!("`{}` {}", one.path, one.how))),
        Err(failure) => Ok(Some(failure.message)),
    }
}

/// The files by the inventory, else by the manifest; neither counts unless it is the one that
/// the receipt, or else the manifest, names.
fn items_of(dir: &DatasetDir, receipt: Option<&Receipt>) -> Result<Vec<Item>, LayoutError> {
    let by_inventory = || -> Result<(Vec<Item>, Digest), LayoutError> {
        let mut tree = Digester::new(Algorithm::Sha256, None);
        let mut items = Vec::new();
        for record in InventoryReader::open(&dir.inventory_path())? {
            let record = record?;
            if record.kind == RecordKind::File {
                tree.update(manifest::line(&record.sha256, &record.path).as_bytes());
                tree.update(b"\n");
            }
            items.push(Item::of_record(record));
        }
        Ok((items, tree.finish()))
    };
    let expected = match receipt {
        Some(receipt) => Some(receipt.tree),
        None if fs::metadata(&dir.manifest_path())?.is_some() => Some(check::sha256_of(&dir.manifest_path(), &|_| ())?),
        None => None,
    };
    match by_inventory() {
        Ok((items, tree)) if expected.is_none_or(|expected| expected == tree) => return Ok(items),
        Err(error) if !error.is_of_records() => return Err(error),
        _ => {}
    }
    if let Some(receipt) = receipt {
        check::check_record(&dir.manifest_path(), receipt.tree)?;
    }
    ManifestReader::open(&dir.manifest_path())?
        .map(|line| line.map(|(sha256, path)| Item::of_line(sha256, path)))
        .collect()
}

/// What the entry names, completed by the list of an unfinished fetch.
fn of_entry(context: &Context, selection: Selection, source: Option<&str>) -> Result<Option<Known>, Failure> {
    let Some(found) = selection.source(source) else { return Ok(None) };
    let (channel, lists) = (found.channel.clone(), found.lists);
    let mut listing = Listing::of_entry(selection.files(Some(&channel)), &channel);
    if lists
        && let Ok(target) = Target::of(context, &selection, Some(&channel), None)
        && let Some(stored) = stored_listing::read(&target, &[])?
        && let Ok(completed) = stored.completed_by(listing.clone())
    {
        listing = completed;
    }
    let of = (!lists).then(all);
    Ok(of_listing(selection, channel, listing, of, "digests of the entry"))
}

/// The files of a release that the project's lock pins.
fn of_lock(selection: Selection, locked: &Locked, files: Vec<LockedFile>) -> Option<Known> {
    let channel = selection.source(Some(&locked.channel))?.channel.clone();
    let listed =
        |file: LockedFile| ListedFile { size: file.size, digests: file.digests, ..ListedFile::named(file.path) };
    let listing = Listing(files.into_iter().map(listed).collect());
    let of = Some(Part::asked(&locked.choice, false));
    let mut known = of_listing(selection, channel, listing, of, "digests of the lock")?;
    for item in known.items.iter_mut().filter(|item| !item.digests.is_empty()) {
        item.proof = Proof::Lock;
    }
    Some(known)
}

/// The whole of a release.
fn all() -> Part {
    Part::asked(&Choice::default(), false)
}

fn of_listing(
    selection: Selection,
    channel: String,
    listing: Listing,
    of: Option<Part>,
    by: &'static str,
) -> Option<Known> {
    let mut items = Vec::new();
    {
        let entries: HashMap<&RelPath, &FileEntry> =
            selection.files(Some(&channel)).map(|file| (&file.path, file)).collect();
        let rules = selection.files(Some(&channel)).filter_map(|file| file.unpack.as_ref());
        let parts: HashSet<&str> = rules.flat_map(|rules| rules.table.parts.iter().map(String::as_str)).collect();
        let rules = HostRules::of(&selection, &selection.source(Some(&channel))?.host);
        let terms = selection.file_terms(Some(&channel));
        for listed in listing.0 {
            let entry = entries.get(&listed.path).copied();
            let treatment = match entry {
                Some(entry) => Some(Treatment::from(entry)),
                None => rules.treatment(&listed.path, false),
            };
            let Some(treatment) = treatment else { continue };
            let is_part = parts.contains(listed.path.as_str()) || parts.contains(listed.path.file_name());
            let license = terms.treated(&treatment).into_owned();
            let license = (license != terms.whole()).then_some(license);
            items.extend(Item::of_listed(listed, entry, &treatment, is_part, license));
        }
    }
    (!items.is_empty()).then_some(Known { selection, channel, items, copy: None, of, by })
}
