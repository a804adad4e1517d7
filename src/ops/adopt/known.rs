//! What is known that could lie in a folder: the files that entries name, and the records of
//! datasets that are here, were here, or lie with the files.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::catalog::{FileEntry, HostRules, Selection, Treatment};
use crate::context::Context;
use crate::fs;
use crate::layout::inventory::InventoryReader;
use crate::layout::lines::JsonLines;
use crate::layout::manifest::{self, ManifestReader};
use crate::layout::receipt::Selection as Part;
use crate::layout::{
    DatasetDir, DigestSource, FileRecord, KnownDigest, LayoutError, ListedMark, Origin, Proof, Receipt, RecordKind,
    Role, check,
};
use crate::project::{Locked, LockedFile};
use crate::providers::{ListedFile, Listing};
use crate::remedy;
use crate::values::{Algorithm, ByteSize, Choice, DatasetName, Digest, Digester, RelPath};

use super::super::failure::Failure;
use super::super::here::{self, Here};
use super::super::lock::files::LockFolder;
use super::super::particulars::roles;
use super::super::placing::stamp;
use super::super::selection::one_selection;
use super::super::stored_listing;
use super::super::target::Target;
use super::arrange::Arranged;
use super::hash::Hashes;
use super::scan::Scan;
use super::{AdoptOptions, place_of};

/// What is known of one release by one source of knowledge.
pub(super) struct Known {
    /// Which release.
    pub selection: Selection,
    /// By which source of the entry it came, or would.
    pub channel: String,
    /// Every file that is known of it.
    pub items: Vec<Item>,
    /// The records that say so; the entry where there are none.
    copy: Option<Copy>,
    /// Whether the entry leaves files to its host's list.
    lists: bool,
    /// By what it is recognised.
    by: &'static str,
}

/// Records of a copy.
struct Copy {
    dir: DatasetDir,
    receipt: Option<Receipt>,
}

/// One file that is known.
pub(super) struct Item {
    /// Below the dataset folder; below `archives/` for what is to be unpacked.
    pub place: RelPath,
    /// Its size, where known.
    pub size: Option<ByteSize>,
    /// What proves it, the deciding one first.
    pub digests: Vec<Digest>,
    /// Whose word the digests are.
    pub proof: Proof,
    /// The file of the release.
    pub file: RelPath,
    /// What it holds, where it is a link.
    pub target: Option<String>,
    /// What the records say.
    record: Option<Box<FileRecord>>,
    /// Terms of its own.
    license: Option<String>,
    notice: Option<String>,
}

/// Gathers everything that could be recognised, or all that is known of the named release.
pub(super) fn gather(
    context: &Context,
    scan: &Scan,
    named: Option<&Selection>,
    options: &AdoptOptions,
    warnings: &mut Vec<String>,
) -> Result<Vec<Known>, Failure> {
    let mut knowns = Vec::new();
    for here in copies(context, scan, named)? {
        if let Some(selection) = selection_of(context, &here, named)
            && let Some(known) = of_copy(here, selection, warnings)?
        {
            knowns.push(known);
        }
    }
    for (folder, locked) in locked(context, named, warnings)? {
        let selection = folder.selection(context, &locked)?;
        knowns.extend(of_lock(selection, &locked.channel, folder.files(&locked)?));
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
pub(super) fn locked(
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

/// Datasets with records: those of the data folder, and those that lie in the person's folder.
fn copies(context: &Context, scan: &Scan, named: Option<&Selection>) -> Result<Vec<Here>, Failure> {
    let own = DatasetDir::at(scan.root.clone());
    let own = if own.has_records()? { vec![own] } else { DatasetDir::find_all(&scan.root)? };
    let mut found = Vec::new();
    for dir in own {
        found.extend(here::of_dir(context, dir.clone())?.map(|here| match named {
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
    found.extend(here::all(context)?);
    Ok(found)
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

fn of_copy(here: Here, selection: Selection, warnings: &mut Vec<String>) -> Result<Option<Known>, Failure> {
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
    let source = selection.source(of_receipt).or_else(|| selection.source(None));
    let Some(channel) = source.map(|source| source.channel.clone()) else { return Ok(None) };
    let copy = Some(Copy { dir: here.dir, receipt: here.receipt });
    Ok((!items.is_empty()).then_some(Known { selection, channel, items, copy, lists: false, by: "records" }))
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
    Ok(of_listing(selection, channel, listing, lists, "digests of the entry"))
}

/// The files of a release that the project's lock pins.
fn of_lock(selection: Selection, channel: &str, files: Vec<LockedFile>) -> Option<Known> {
    let channel = selection.source(Some(channel)).or_else(|| selection.source(None))?.channel.clone();
    let listed =
        |file: LockedFile| ListedFile { size: file.size, digests: file.digests, ..ListedFile::named(file.path) };
    let listing = Listing(files.into_iter().map(listed).collect());
    let mut known = of_listing(selection, channel, listing, false, "digests of the lock")?;
    for item in known.items.iter_mut().filter(|item| !item.digests.is_empty()) {
        item.proof = Proof::Lock;
    }
    Some(known)
}

fn of_listing(selection: Selection, channel: String, listing: Listing, lists: bool, by: &'static str) -> Option<Known> {
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
    (!items.is_empty()).then_some(Known { selection, channel, items, copy: None, lists, by })
}

impl Item {
    fn of_record(record: FileRecord) -> Self {
        Self {
            place: record.path.clone(),
            size: Some(record.size),
            digests: vec![record.sha256],
            proof: Proof::Records,
            file: record.origin.file.clone(),
            target: record.target.clone(),
            license: record.license.clone(),
            notice: record.notice.clone(),
            record: Some(Box::new(record)),
        }
    }

    fn of_line(sha256: Digest, path: RelPath) -> Self {
        let (digests, proof, file) = (vec![sha256], Proof::Records, path.clone());
        Self { place: path, size: None, digests, proof, file, target: None, record: None, license: None, notice: None }
    }

    fn of_listed(
        listed: ListedFile,
        entry: Option<&FileEntry>,
        treatment: &Treatment<'_>,
        is_part: bool,
        license: Option<String>,
    ) -> Option<Self> {
        let archives = RelPath::parse("archives").ok()?;
        let into = if treatment.unpack.is_some() || is_part { &archives } else { treatment.into };
        let is_of_entry = |digest: &Digest| entry.is_some_and(|entry| entry.digests.contains(digest));
        let proof = match listed.digests.first() {
            Some(digest) if is_of_entry(digest) => Proof::Catalog,
            Some(_) => Proof::Host,
            None if listed.size.is_some() => Proof::Size,
            None => Proof::FirstUse,
        };
        Some(Self {
            place: listed.path.below(into).ok()?,
            notice: listed.notice().map(str::to_owned),
            size: listed.size,
            digests: listed.digests,
            proof,
            file: listed.path,
            target: None,
            record: None,
            license,
        })
    }

    /// Its name below `data/`, `docs/` or `archives/`, and which of them.
    pub fn below_top(&self) -> (&str, &str) {
        self.place.as_str().split_once('/').unwrap_or((self.place.as_str(), ""))
    }

    /// Whether it is a file of the release that is not part of the tree.
    pub fn is_packed(&self) -> bool {
        self.below_top().0 == "archives"
    }
}

impl Known {
    /// The release's name in full.
    pub fn name(&self) -> String {
        self.selection.to_string()
    }

    /// Whether they are the records of a dataset whose files are not where they were.
    pub fn is_missed(&self) -> bool {
        let copy = self.copy.as_ref().and_then(|copy| Some((&copy.dir, copy.receipt.as_ref()?)));
        copy.is_some_and(|(dir, receipt)| !check::looks_whole(dir, receipt.files).unwrap_or(true))
    }

    /// By what it is recognised.
    pub fn by(&self) -> &'static str {
        self.by
    }

    /// Whether records say it.
    pub fn is_of_records(&self) -> bool {
        self.copy.is_some()
    }

    /// The inventory and the list of the release's files as they lie there.
    pub fn records(
        &self,
        scan: &Scan,
        hashes: &Hashes<'_>,
        arranged: &Arranged,
    ) -> Result<(Vec<FileRecord>, Vec<ListedMark>), Failure> {
        let roles = roles(&self.selection);
        let here: HashSet<usize> =
            arranged.placed.iter().map(|(item, _)| *item).chain(arranged.links.iter().copied()).collect();
        let mut whole: BTreeMap<&RelPath, bool> = BTreeMap::new();
        for (at, item) in self.items.iter().enumerate() {
            *whole.entry(&item.file).or_insert(true) &= here.contains(&at);
        }
        let marks = self.marks(scan, hashes, arranged, &whole)?;
        let listed: HashSet<&RelPath> = marks.iter().map(|mark| &mark.path).collect();
        let mut records = Vec::new();
        for (item, own) in &arranged.placed {
            let (item, own) = (&self.items[*item], &scan.files[*own]);
            let Some(sha256) = hashes.sha256(own).filter(|_| !item.is_packed()) else { continue };
            let (mtime, size) = stamp(&place_of(scan, &own.rel))?;
            let origin = item.record.as_ref().map(|record| &record.origin);
            records.push(FileRecord {
                path: item.place.clone(),
                kind: RecordKind::File,
                target: None,
                size,
                mtime,
                sha256,
                origin: Origin {
                    file: item.file.clone(),
                    member: origin.and_then(|origin| origin.member.clone()),
                    raw_name: origin.and_then(|origin| origin.raw_name.clone()),
                    url: None,
                    // Where the list speaks of the whole file, it tells.
                    verified: (!listed.contains(&item.file)).then_some(item.proof),
                },
                role: item.record.as_ref().map_or_else(|| roles.role_of(&item.place), |record| record.role),
                license: item.license.clone(),
                notice: item.notice.clone(),
            });
        }
        for item in arranged.links.iter().map(|item| &self.items[*item]) {
            records.extend(item.record.as_deref().cloned());
        }
        records.sort_by(|one, other| one.path.cmp(&other.path));
        Ok((records, marks))
    }

    /// The files of the release of which everything is there.
    fn marks(
        &self,
        scan: &Scan,
        hashes: &Hashes<'_>,
        arranged: &Arranged,
        whole: &BTreeMap<&RelPath, bool>,
    ) -> Result<Vec<ListedMark>, Failure> {
        let is_whole = |path: &RelPath| whole.get(path).copied().unwrap_or(false);
        if let Some(copy) = &self.copy {
            let mut marks = Vec::new();
            let read: Box<dyn Iterator<Item = Result<ListedMark, LayoutError>>> = match &copy.receipt {
                Some(receipt) if receipt.listed.check(&copy.dir).is_ok() => Box::new(receipt.listed.read(&copy.dir)?),
                None if fs::metadata(&copy.dir.listed_path())?.is_some() => {
                    Box::new(JsonLines::open(&copy.dir.listed_path())?)
                }
                _ => Box::new(std::iter::empty()),
            };
            for mark in read {
                let mark = mark?;
                // What nothing but the first sight proved is proven no better by being there still.
                let verified = if mark.verified.is_known_beforehand() { Proof::Records } else { mark.verified };
                if is_whole(&mark.path) {
                    marks.push(ListedMark { verified, known: Vec::new(), url: None, ..mark });
                }
            }
            return Ok(marks);
        }
        let mut marks: Vec<ListedMark> = Vec::new();
        for (item, own) in &arranged.placed {
            let (item, own) = (&self.items[*item], &scan.files[*own]);
            let Some(sha256) = hashes.sha256(own) else { continue };
            let from = if item.proof == Proof::Host { DigestSource::Host } else { DigestSource::Catalog };
            let known = item.digests.iter().filter(|one| **one != sha256).map(|one| KnownDigest { digest: *one, from });
            marks.push(ListedMark {
                path: item.file.clone(),
                size: own.size,
                sha256,
                verified: item.proof,
                known: known.collect(),
                url: None,
                unpacked: false,
            });
        }
        marks.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(marks)
    }

    /// What part of the release is there.
    pub fn part(&self, arranged: &Arranged, marks: &[ListedMark]) -> Part {
        let is_all = arranged.missing.is_empty();
        let of_copy = self.copy.as_ref().and_then(|copy| copy.receipt.as_ref()).map(|receipt| &receipt.selection);
        if let (true, Some(part)) = (is_all, of_copy) {
            return part.clone();
        }
        let whole = is_all && !self.lists;
        let include = marks.iter().filter(|_| !whole).map(|mark| escaped(&mark.path)).collect();
        let packed = arranged.placed.iter().any(|(item, _)| self.items[*item].is_packed());
        Part { whole, choice: Choice { include, ..Choice::default() }, packed }
    }
}

fn escaped(path: &RelPath) -> String {
    globset::escape(path.as_str())
}

/// A file that lies below `data/` or `docs/` as the person says.
pub(super) fn by_word(
    place: RelPath,
    size: ByteSize,
    sha256: Digest,
    mtime: jiff::Timestamp,
    verified: Proof,
) -> FileRecord {
    let file = place.as_str().split_once('/').and_then(|(_, rest)| RelPath::parse(rest).ok()).unwrap_or(place.clone());
    FileRecord {
        path: place,
        kind: RecordKind::File,
        target: None,
        size,
        mtime,
        sha256,
        origin: Origin { file, member: None, raw_name: None, url: None, verified: Some(verified) },
        role: Role::Other,
        license: None,
        notice: None,
    }
}
