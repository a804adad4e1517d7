//! `medsets mirror check`: whether what a mirror shows is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use serde::Serialize;

use crate::context::Context;
use crate::layout::{FileRecord, ListedMark, RecordKind};
use crate::mirror::{Mark, Mirror, MirrorError, MirrorUrl, names};
use crate::ops::download::settings;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::values::{ByteSize, DatasetId, Digest};

use super::find::{self, short};
use super::push::digest_of;
use super::{named_for, open};

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// Datasets by id or `ID@VERSION`; all that are there when empty.
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
    /// Objects that are not there, or have another size.
    pub missing: Vec<String>,
    /// Objects with other bytes than their names say.
    pub wrong: Vec<String>,
}

/// Looks at mirrors. Changes nothing.
pub async fn check(context: &Context, options: &CheckOptions) -> Result<Checked, Failure> {
    let mut checked = Checked::default();
    for url in mirrors(context, options)? {
        let mirror = match open(context, &url) {
            Ok(mirror) => mirror,
            Err(error) => {
                checked.failures.push(error.into());
                continue;
            }
        };
        if let Err(failure) = check_one(context, &mirror, options, &mut checked).await {
            checked.failures.push(failure);
        }
    }
    Ok(checked)
}

fn mirrors(context: &Context, options: &CheckOptions) -> Result<Vec<MirrorUrl>, Failure> {
    // Whatever dataset a mirror of the project is for.
    let mut urls: Vec<MirrorUrl> = Vec::new();
    let any: DatasetId = "any".parse().map_err(|_| Failure::new(Exit::INTERNAL, "`any` is no id"))?;
    let ids = options.datasets.iter().filter_map(|name| name.split(['@', ':']).next()?.parse().ok());
    let ids: Vec<DatasetId> = ids.chain([any.clone()]).collect();
    for id in &ids {
        let named = named_for(context, id, options.mirror.as_deref())?;
        urls.extend(named.into_iter().map(|named| named.url));
    }
    let mut seen = std::collections::BTreeSet::new();
    urls.retain(|url| seen.insert(url.clone()));
    if urls.is_empty() { Err(super::none_named(&any)) } else { Ok(urls) }
}

async fn check_one(
    context: &Context,
    mirror: &Arc<Mirror>,
    options: &CheckOptions,
    checked: &mut Checked,
) -> Result<(), Failure> {
    let store = &mirror.store;
    for id in store.below("datasets").await? {
        let Ok(id) = id.parse::<DatasetId>() else { continue };
        for slug in store.below(&format!("datasets/{id}")).await? {
            let is_meant = |name: &String| *name == id.as_str() || *name == format!("{id}@{slug}");
            if !options.datasets.is_empty() && !options.datasets.iter().any(is_meant) {
                continue;
            }
            for tree in find::trees(mirror, &id, &slug).await? {
                let prefix = names::tree(&id, &slug, &tree);
                match find::mark(mirror, &prefix).await {
                    Ok(mark) => checked.datasets.push(check_tree(context, mirror, &prefix, mark, options).await?),
                    Err(MirrorError::Lacks { .. }) => {
                        let sentence = format!("the tree {} of `{id}` `{slug}` was not sent to its end", short(&tree));
                        checked.warnings.push(sentence);
                    }
                    Err(error @ MirrorError::Record { .. }) => checked.failures.push(error.into()),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    for one in &checked.datasets {
        let (wrong, missing) = (one.wrong.len(), one.missing.len());
        let failure = |exit, count: usize, what: &str, first: &String| {
            let message =
                format!("`{}` {} in `{}`: {count} {what}, such as `{first}`", one.id, one.version, one.mirror);
            Failure::new(exit, message)
                .of(&one.id)
                .help("`medsets mirror push ID --verify` from a copy that is whole mends it")
        };
        if one.mirror != store.url().to_string() {
            continue;
        }
        if let Some(first) = one.wrong.first() {
            checked.failures.push(failure(
                Exit::MISMATCH,
                wrong,
                "objects have other bytes than their names say",
                first,
            ));
        }
        if let Some(first) = one.missing.first() {
            checked.failures.push(failure(Exit::DIFFERENT, missing, "objects are missing", first));
        }
    }
    Ok(())
}

async fn check_tree(
    context: &Context,
    mirror: &Arc<Mirror>,
    prefix: &str,
    mark: Mark,
    options: &CheckOptions,
) -> Result<CheckedOne, Failure> {
    let objects = objects(mirror, prefix, &mark).await?;
    let count = objects.len() as u64;
    let looks = futures_util::stream::iter(objects).map(|(name, (size, sha256))| async move {
        let found = mirror.store.size_of(&name).await?;
        let is_there = found == Some(size);
        let is_right = match is_there && options.verify {
            true => digest_of(&mirror.store, &name, size).await? == sha256,
            false => true,
        };
        Ok::<_, MirrorError>((name, is_there, is_right))
    });
    let mut looks = std::pin::pin!(looks.buffered(4 * settings(context).jobs.max(1)));
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    while let Some(look) = looks.next().await {
        if let Some(code) = context.cancel.code() {
            return Err(Failure::new(Exit(code), "the run was stopped"));
        }
        match look? {
            (name, false, _) => missing.push(name),
            (name, true, false) => wrong.push(name),
            (_, true, true) => {}
        }
    }
    Ok(CheckedOne {
        id: mark.dataset,
        version: mark.version,
        variant: mark.variant,
        mirror: mirror.store.url().to_string(),
        tree: mark.tree,
        license: mark.license,
        files: mark.files,
        bytes: mark.bytes,
        objects: count,
        missing,
        wrong,
    })
}

/// The objects of a tree with their sizes and digests: its records, and what they name.
async fn objects(mirror: &Mirror, prefix: &str, mark: &Mark) -> Result<BTreeMap<String, (ByteSize, Digest)>, Failure> {
    let mut objects = BTreeMap::new();
    let mut add = |name: &str, size, sha256| objects.insert(format!("{prefix}/{name}"), (size, sha256));
    add(names::MANIFEST, mark.manifest_size, mark.tree);
    add(names::INVENTORY, mark.inventory.size, mark.inventory.sha256);
    add(names::LISTED, mark.listed_size, mark.listed.sha256);
    let inventory = lines::<FileRecord>(mirror, &format!("{prefix}/{}", names::INVENTORY), mark.inventory.size).await?;
    for record in inventory.iter().filter(|record| record.kind == RecordKind::File) {
        objects.insert(names::object(&record.sha256), (record.size, record.sha256));
    }
    let from: std::collections::HashSet<_> = inventory.iter().map(|record| &record.origin.file).collect();
    let listed = lines::<ListedMark>(mirror, &format!("{prefix}/{}", names::LISTED), mark.listed_size).await?;
    for one in listed.iter().filter(|one| !one.unpacked && !from.contains(&one.path)) {
        objects.insert(names::object(&one.sha256), (one.size, one.sha256));
    }
    Ok(objects)
}

async fn lines<T: serde::de::DeserializeOwned>(mirror: &Mirror, name: &str, size: ByteSize) -> Result<Vec<T>, Failure> {
    const STRETCH: u64 = 8 << 20;
    let (mut text, mut at) = (Vec::new(), 0);
    while at < size.0 {
        let until = (at + STRETCH).min(size.0);
        match mirror.store.read_range(name, at..until).await {
            Ok(bytes) => text.extend_from_slice(&bytes),
            // It is told as missing.
            Err(MirrorError::Lacks { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        at = until;
    }
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let read = lines.map(serde_json::from_slice).collect::<Result<_, _>>();
    read.map_err(|error| {
        MirrorError::Record { mirror: mirror.store.url().clone(), name: name.to_owned(), reason: error.to_string() }
            .into()
    })
}
