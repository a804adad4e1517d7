//! `medsets mirror check`: whether what a mirror shows is there.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use serde::Serialize;

use crate::context::Context;
use crate::layout::{FileRecord, ListedMark, RecordKind};
use crate::mirror::{Mark, Mirror, MirrorError, MirrorUrl, names};
use crate::ops::download::settings;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::here;
use crate::values::{ByteSize, DatasetId, DatasetName, Digest, Printable, counted};

use super::find::{self, short};
use super::push::{IDLE, digest_of};
use super::{all_named, named_for, open};
use crate::ops::stop::unless_stopped;

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// Datasets as people write them; all that are there when empty.
    pub datasets: Vec<String>,
    /// The mirror; those of the project and settings when absent.
    pub mirror: Option<String>,
    /// Whether every byte is read and compared.
    pub verify: bool,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// One per tree.
    pub datasets: Vec<CheckedOne>,
    /// What went wrong.
    #[serde(skip)]
    pub failures: Vec<Failure>,
    /// What a person should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// One tree in a mirror.
#[derive(Debug, Serialize)]
pub struct CheckedOne {
    /// Its dataset.
    pub id: DatasetId,
    /// Release.
    pub version: String,
    /// Variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Which mirror.
    pub mirror: String,
    /// Its name.
    pub tree: Digest,
    /// The terms it is under.
    pub license: String,
    /// Files under `data/` and `docs/`.
    pub files: u64,
    /// Their bytes.
    pub bytes: ByteSize,
    /// Objects that were looked for.
    pub objects: u64,
    /// Objects that are not there.
    pub missing: Vec<String>,
    /// Objects with other bytes than their names say.
    pub wrong: Vec<String>,
}

/// A dataset that a person named.
struct Named {
    text: String,
    name: here::Name,
    is_found: bool,
}

/// Looks at mirrors. Changes nothing.
///
/// What is wrong with one tree or one mirror does not keep the others from being looked at.
pub async fn check(context: &Context, options: &CheckOptions) -> Result<Checked, Failure> {
    let mut checked = Checked::default();
    let mut named = Vec::new();
    for text in &options.datasets {
        named.push(Named { text: text.clone(), name: here::parse(text)?, is_found: false });
    }
    let mut were_looked_at = true;
    for url in mirrors(context, options, &named)? {
        let looked: Result<(), Failure> = async {
            let mirror = open(context, &url)?;
            unless_stopped(context, check_one(context, &mirror, options.verify, &mut named, &mut checked)).await?
        }
        .await;
        if let Some(code) = context.cancel.code() {
            let stopped = Failure::new(Exit(code), "the run was stopped; not all was looked at");
            checked.failures.insert(0, stopped);
            return Ok(checked);
        }
        if let Err(failure) = looked {
            checked.failures.push(failure);
            were_looked_at = false;
        }
    }
    for one in named.iter().filter(|one| !one.is_found && were_looked_at) {
        let failure = Failure::new(Exit::GONE, format!("no mirror that was asked has `{}`", Printable::new(&one.text)));
        checked
            .failures
            .push(failure.help(format!("whoever has it puts it there with `medsets mirror push {}`", one.name.id())));
    }
    Ok(checked)
}

fn mirrors(context: &Context, options: &CheckOptions, named: &[Named]) -> Result<Vec<MirrorUrl>, Failure> {
    let mut urls: Vec<MirrorUrl> = Vec::new();
    match &options.mirror {
        Some(given) => urls.push(super::given(given)?),
        None if named.is_empty() => urls = all_named(context)?,
        None => {
            for one in named {
                urls.extend(named_for(context, one.name.id(), None)?.into_iter().map(|named| named.url));
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    urls.retain(|url| seen.insert(url.clone()));
    let id = named.first().map(|one| one.name.id());
    if urls.is_empty() { Err(super::none_named(id)) } else { Ok(urls) }
}

async fn check_one(
    context: &Context,
    mirror: &Arc<Mirror>,
    verify: bool,
    named: &mut [Named],
    checked: &mut Checked,
) -> Result<(), Failure> {
    let bucket = &mirror.bucket;
    let left = bucket.leftovers(context.now() - IDLE, false).await?;
    if left.files > 0 {
        checked.warnings.push(format!(
            "`{}` has {} of uploads that were killed, {}: the next `mirror push` removes them",
            bucket.url(),
            counted(left.files, "file"),
            left.bytes
        ));
    }
    let mut is_empty = true;
    for id in bucket.below("datasets").await? {
        let Ok(id) = id.parse::<DatasetId>() else { continue };
        if !named.is_empty() && !named.iter().any(|one| *one.name.id() == id) {
            continue;
        }
        for slug in bucket.below(&format!("datasets/{id}")).await? {
            for tree in find::trees(mirror, &id, &slug).await? {
                is_empty = false;
                let Some(mark) = mark_of(mirror, &id, &slug, &tree, named, checked).await? else { continue };
                let prefix = names::tree(&id, &slug, &tree);
                match check_tree(context, mirror, &prefix, mark, verify).await {
                    Ok(one) => tell(one, checked),
                    Err(failure) => checked.failures.push(failure.of(&id)),
                }
            }
        }
    }
    if is_empty && named.is_empty() {
        checked.warnings.push(format!("`{}` shows no datasets", bucket.url()));
    }
    Ok(())
}

/// What is said of a tree, where it is one of those that are meant.
async fn mark_of(
    mirror: &Mirror,
    id: &DatasetId,
    slug: &str,
    tree: &Digest,
    named: &mut [Named],
    checked: &mut Checked,
) -> Result<Option<Mark>, Failure> {
    let mark = match find::mark(mirror, &names::tree(id, slug, tree)).await {
        Ok(mark) => mark,
        Err(MirrorError::Lacks { .. }) => {
            let sentence =
                format!("the tree {} of `{id}` `{}` was not sent to its end", short(tree), Printable::new(slug));
            checked.warnings.push(sentence);
            return Ok(None);
        }
        Err(error @ MirrorError::Record { .. }) => {
            named.iter_mut().filter(|one| one.name.id() == id).for_each(|one| one.is_found = true);
            checked.failures.push(Failure::from(error).of(id));
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    if mark.dataset != *id || mark.tree != *tree {
        let message =
            format!("`{}` has another dataset in the place of the tree {} of `{id}`", mirror.bucket.url(), short(tree));
        checked.failures.push(Failure::new(Exit::MISMATCH, message).of(id));
        return Ok(None);
    }
    // The folder's name is what an earlier medsets asked for.
    let means = |one: &Named| {
        one.name.means(&mark.dataset, Some(&mark.version), mark.variant.as_deref())
            || one.text == format!("{id}@{slug}")
    };
    let meant: Vec<&mut Named> = named.iter_mut().filter(|one| means(one)).collect();
    let is_meant = !meant.is_empty();
    meant.into_iter().for_each(|one| one.is_found = true);
    Ok((is_meant || named.is_empty()).then_some(mark))
}

/// Notes a tree that was looked at, and what is wrong with it.
fn tell(one: CheckedOne, checked: &mut Checked) {
    let name = DatasetName::of(&one.id, &one.version, one.variant.as_deref()).to_string();
    let failure = |exit, names: &[String], singular: &str, plural: &str| {
        let first = names.first()?;
        let what = if names.len() == 1 { singular } else { plural };
        let count = counted(names.len() as u64, "object");
        let message = format!("`{name}` in `{}`: {count} {what}, such as `{first}`", one.mirror);
        let help = format!("`medsets mirror push {name} --verify` from a copy that is whole mends it");
        Some(Failure::new(exit, message).of(&one.id).help(help))
    };
    checked.failures.extend(failure(
        Exit::MISMATCH,
        &one.wrong,
        "has other bytes than its name says",
        "have other bytes than their names say",
    ));
    checked.failures.extend(failure(Exit::DIFFERENT, &one.missing, "is missing", "are missing"));
    checked.datasets.push(one);
}

/// How an object was found.
enum Look {
    There,
    Missing,
    Wrong,
}

async fn check_tree(
    context: &Context,
    mirror: &Arc<Mirror>,
    prefix: &str,
    mark: Mark,
    verify: bool,
) -> Result<CheckedOne, Failure> {
    let records = records_of(prefix, &mark);
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    let mut note = |name: String, look| match look {
        Look::There => {}
        Look::Missing => missing.push(name),
        Look::Wrong => wrong.push(name),
    };
    let mut is_readable = true;
    let mut count = records.len() as u64;
    for (name, (size, sha256)) in records {
        // They are small, and name all else: they are always read.
        let look = look(mirror, &name, size, sha256, true).await?;
        is_readable &= matches!(look, Look::There);
        note(name, look);
    }
    if is_readable {
        let objects = objects(mirror, prefix, &mark).await?;
        count += objects.len() as u64;
        let looks = futures_util::stream::iter(objects).map(|(name, (size, sha256))| async move {
            let look = look(mirror, &name, size, sha256, verify).await?;
            Ok::<_, MirrorError>((name, look))
        });
        let mut looks = std::pin::pin!(looks.buffered(at_once(context, verify)));
        while let Some(look) = looks.next().await {
            let (name, look) = look?;
            note(name, look);
        }
    }
    Ok(CheckedOne {
        id: mark.dataset,
        version: mark.version,
        variant: mark.variant,
        mirror: mirror.bucket.url().to_string(),
        tree: mark.tree,
        license: mark.license,
        files: mark.files,
        bytes: mark.bytes,
        objects: count,
        missing,
        wrong,
    })
}

/// How many objects are looked at at once: each that is read holds a stretch in memory.
pub(super) fn at_once(context: &Context, verify: bool) -> usize {
    let jobs = settings(context).jobs.max(1);
    if verify { jobs } else { 4 * jobs }
}

async fn look(mirror: &Mirror, name: &str, size: ByteSize, sha256: Digest, verify: bool) -> Result<Look, MirrorError> {
    Ok(match mirror.bucket.size_of(name).await? {
        None => Look::Missing,
        Some(found) if found != size => Look::Wrong,
        Some(_) if verify && digest_of(&mirror.bucket, name, size).await? != sha256 => Look::Wrong,
        Some(_) => Look::There,
    })
}

/// The records of a tree that are not there, or not as its mark says, by their names.
pub(super) async fn spoilt_records(mirror: &Mirror, prefix: &str, mark: &Mark) -> Result<Vec<String>, MirrorError> {
    let mut spoilt = Vec::new();
    for (name, (size, sha256)) in records_of(prefix, mark) {
        if !matches!(look(mirror, &name, size, sha256, true).await?, Look::There) {
            spoilt.push(name);
        }
    }
    Ok(spoilt)
}

type Objects = BTreeMap<String, (ByteSize, Digest)>;

fn records_of(prefix: &str, mark: &Mark) -> Objects {
    let records = mark.records().into_iter();
    records.map(|(name, record)| (format!("{prefix}/{name}"), (record.size, record.sha256))).collect()
}

/// What the records of a tree name, with sizes and digests.
async fn objects(mirror: &Mirror, prefix: &str, mark: &Mark) -> Result<Objects, Failure> {
    let mut objects = BTreeMap::new();
    let mut from = HashSet::new();
    for_lines(mirror, &format!("{prefix}/{}", mark.inventory_name()), mark.inventory.size, |record: FileRecord| {
        if record.kind == RecordKind::File {
            objects.insert(names::object(&record.sha256), (record.size, record.sha256));
        }
        if mark.selection.packed {
            from.insert(record.origin.file);
        }
    })
    .await?;
    if mark.selection.packed {
        for_lines(mirror, &format!("{prefix}/{}", mark.listed_name()), mark.listed_size, |one: ListedMark| {
            if !one.unpacked && !from.contains(&one.path) {
                objects.insert(names::object(&one.sha256), (one.size, one.sha256));
            }
        })
        .await?;
    }
    Ok(objects)
}

/// Reads a record of a tree line by line; no more than a stretch of it is in memory.
pub(super) async fn for_lines<T: serde::de::DeserializeOwned>(
    mirror: &Mirror,
    name: &str,
    size: ByteSize,
    mut take: impl FnMut(T),
) -> Result<(), Failure> {
    const STRETCH: u64 = 1 << 20;
    let broken =
        |reason: String| MirrorError::Record { mirror: mirror.bucket.url().clone(), name: name.to_owned(), reason };
    let (mut held, mut at) = (Vec::new(), 0);
    while at < size.0 {
        let until = (at + STRETCH).min(size.0);
        held.extend_from_slice(&mirror.bucket.read_range(name, at..until).await?);
        at = until;
        let whole = held.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let whole = if at == size.0 { held.len() } else { whole };
        if whole == 0 {
            return Err(broken(format!("a line of it is longer than {}", ByteSize(STRETCH))).into());
        }
        for line in held[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            take(serde_json::from_slice(line).map_err(|error| broken(error.to_string()))?);
        }
        held.drain(..whole);
    }
    Ok(())
}
