//! What a mirror has of a dataset.

use std::sync::Arc;

use jiff::Timestamp;

use crate::catalog::Selection;
use crate::layout::receipt::Selection as Part;
use crate::mirror::names;
use crate::mirror::{Mark, Mirror, MirrorError};
use crate::values::{Algorithm, ByteSize, DatasetId, DatasetName, Digest, Printable};

/// A dataset in a mirror.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which mirror.
    pub mirror: Arc<Mirror>,
    /// What is said of it.
    pub mark: Mark,
    /// What the names of its records begin with.
    pub prefix: String,
}

impl Found {
    /// The dataset's name in full.
    pub fn name(&self) -> DatasetName<'_> {
        DatasetName::of(&self.mark.dataset, &self.mark.version, self.mark.variant.as_deref())
    }
}

/// What is looked for.
pub struct Asked<'a> {
    /// Dataset, release and variant.
    pub selection: &'a Selection,
    /// By which channel.
    pub channel: &'a str,
    /// What part of it.
    pub part: &'a Part,
    /// Which tree, where it is known.
    pub tree: Option<Digest>,
}

/// What the mirror has that fits, and what it has that does not.
#[derive(Debug, Default)]
pub struct Search {
    /// The newest that fits.
    pub found: Option<Found>,
    /// Trees that fit as well, and were pushed before it.
    pub older: Vec<(Timestamp, Digest)>,
    /// Why others do not, a sentence each.
    pub others: Vec<String>,
}

/// Looks for a dataset in one mirror.
pub async fn find(mirror: &Arc<Mirror>, asked: &Asked<'_>) -> Result<Search, MirrorError> {
    let (id, slug) = (asked.selection.id(), asked.selection.slug());
    let trees = match asked.tree {
        Some(tree) => vec![tree],
        None => trees(mirror, id, &slug).await?,
    };
    let mut search = Search::default();
    for tree in trees {
        let prefix = names::tree(id, &slug, &tree);
        let mark = match mark(mirror, &prefix).await {
            Ok(mark) => mark,
            // It is being sent, or was never finished.
            Err(MirrorError::Lacks { .. }) => continue,
            // Who may not list is answered so for what is not there.
            Err(MirrorError::NotPermitted { .. }) if asked.tree.is_some() => continue,
            Err(error @ MirrorError::Record { .. }) => {
                search.others.push(error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        };
        if let Some(reason) = unfit(&mark, asked, tree) {
            search.others.push(format!("the tree {} there {reason}", short(&tree)));
        } else if search.found.as_ref().is_none_or(|found| found.mark.pushed < mark.pushed) {
            let before = search.found.replace(Found { mirror: mirror.clone(), mark, prefix });
            search.older.extend(before.map(|before| (before.mark.pushed, before.mark.tree)));
        } else {
            search.older.push((mark.pushed, tree));
        }
    }
    Ok(search)
}

/// All trees of a dataset that a mirror has, whole or being sent.
pub async fn trees(mirror: &Mirror, id: &DatasetId, slug: &str) -> Result<Vec<Digest>, MirrorError> {
    let names = mirror.bucket.below(&names::dataset(id, slug)).await?;
    Ok(names.iter().filter_map(|name| Digest::from_hex(Algorithm::Sha256, name).ok()).collect())
}

/// Whether another tree of the same part was pushed after this one: who asks for the newest is given
/// that. Who may not list cannot tell.
pub async fn has_newer(mirror: &Mirror, slug: &str, mark: &Mark) -> Result<bool, MirrorError> {
    let trees = match trees(mirror, &mark.dataset, slug).await {
        Err(MirrorError::NotPermitted { .. }) => return Ok(false),
        trees => trees?,
    };
    for tree in trees.into_iter().filter(|tree| *tree != mark.tree) {
        match self::mark(mirror, &names::tree(&mark.dataset, slug, &tree)).await {
            Ok(other) if other.pushed > mark.pushed && other.selection == mark.selection => return Ok(true),
            Ok(_) | Err(MirrorError::Lacks { .. } | MirrorError::Record { .. } | MirrorError::NotPermitted { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// What is said of a tree.
pub async fn mark(mirror: &Mirror, prefix: &str) -> Result<Mark, MirrorError> {
    let name = format!("{prefix}/{}", names::MARK);
    let bytes = mirror.bucket.read(&name, MOST).await?;
    Mark::read(&bytes).map_err(|reason| MirrorError::Record { mirror: mirror.bucket.url().clone(), name, reason })
}

/// The largest `mirror.json` that is read.
const MOST: ByteSize = ByteSize(32 << 20);

/// Why a mirrored tree is not what is looked for, as it follows on "the tree ...".
fn unfit(mark: &Mark, asked: &Asked<'_>, tree: Digest) -> Option<String> {
    let selection = asked.selection;
    let is_other = mark.dataset != *selection.id()
        || mark.version != selection.release().version
        || mark.variant.as_deref() != selection.variant_name()
        || mark.tree != tree;
    if is_other {
        return Some("is that of another dataset, by its own mark".to_owned());
    }
    if mark.source.channel != asked.channel {
        return Some(format!("came by the source `{}`", Printable::new(&mark.source.channel)));
    }
    // A pinned tree is the very bytes, whatever was written about them since.
    if asked.tree.is_none() && mark.catalog.entry != selection.dataset().digest {
        return Some("was made by another state of the catalogue entry".to_owned());
    }
    if mark.license != selection.license(Some(asked.channel)) {
        return Some(format!("is marked with other terms ({})", Printable::new(&mark.license)));
    }
    // More than was asked for is not what was asked for.
    let is_same = mark.selection.covers(asked.part) && asked.part.covers(&mark.selection);
    (!is_same).then(|| "holds another part of it".to_owned())
}

/// The beginning of a tree's name.
pub fn short(tree: &Digest) -> String {
    format!("`{}`", &tree.hex()[..12])
}
