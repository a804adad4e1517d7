//! What a mirror holds already of a dataset that is here.

use crate::context::Context;
use crate::layout::{FileRecord, ListedMark, Proof, Receipt};
use crate::mirror::{Mark, Mirror, MirrorError, names};
use crate::ops::failure::Failure;
use crate::ops::here::Here;

use super::{check, find};
use crate::ops::stop::unless_stopped;

/// A dataset that is here.
pub struct Ours<'a> {
    /// Where, and which.
    pub here: &'a Here,
    /// Its receipt.
    pub receipt: &'a Receipt,
    /// Its inventory.
    pub records: &'a [FileRecord],
}

/// Whether the mirror has the records of this tree, as its own mark says they are; with `verify`
/// also, whether they say what ours say. What is wrong with them is told: they are written anew.
pub async fn has_records(
    context: &Context,
    mirror: &Mirror,
    prefix: &str,
    ours: &Ours<'_>,
    verify: bool,
    warnings: &mut Vec<String>,
) -> Result<bool, Failure> {
    let mut again = |why: String| {
        warnings.push(format!("the records of `{}` in the mirror are written again: {why}", ours.here.name()));
        Ok(false)
    };
    let mark = match unless_stopped(context, find::mark(mirror, prefix)).await? {
        Ok(mark) => mark,
        Err(MirrorError::Lacks { .. }) => return Ok(false),
        // Who may not list is answered so for what is not there.
        Err(MirrorError::NotPermitted { .. }) => return Ok(false),
        Err(MirrorError::Record { reason, .. }) => return again(reason),
        Err(error) => return Err(error.into()),
    };
    if let Some(first) = unless_stopped(context, check::spoilt_records(mirror, prefix, &mark)).await??.first() {
        return again(format!("`{first}` is missing, or is not what `mirror.json` says"));
    }
    if unless_stopped(context, find::has_newer(mirror, &ours.here.slug(), &mark)).await?? {
        return again("another copy was pushed since, and whoever pulls is given the newest".to_owned());
    }
    if !verify {
        return Ok(true);
    }
    match unless_stopped(context, ours.are_in(mirror, prefix, &mark)).await? {
        Ok(true) => Ok(true),
        Ok(false) => again("they say something else than those that are here".to_owned()),
        Err(failure) => again(failure.message),
    }
}

/// Whether a push of this tree was stopped just before its mark: its records are there, and nobody
/// sees them. Who may not list is answered the same for what is not there.
pub async fn is_unshown(mirror: &Mirror, prefix: &str) -> Result<bool, MirrorError> {
    let is_there = async |name: &str| match mirror.bucket.size_of(&format!("{prefix}/{name}")).await {
        Err(MirrorError::NotPermitted { .. }) => Ok(false),
        found => found.map(|size| size.is_some()),
    };
    Ok(is_there(names::MANIFEST).await? && !is_there(names::MARK).await?)
}

impl Ours<'_> {
    /// Whether a mirror says of a tree what is said of it here. Times of files, and what proved
    /// them, are those of whoever sent it.
    async fn are_in(&self, mirror: &Mirror, prefix: &str, mark: &Mark) -> Result<bool, Failure> {
        let (here, receipt) = (self.here, self.receipt);
        let said = (&mark.dataset, &mark.version, &mark.variant, &mark.selection, mark.tree, mark.files, mark.bytes);
        let meant =
            (&here.id, &here.version, &here.variant, &receipt.selection, receipt.tree, receipt.files, receipt.bytes);
        let terms = (&mark.license, &mark.source.channel) == (&receipt.license.expression, &receipt.source.channel);
        if said != meant || !terms {
            return Ok(false);
        }
        let (mut ours, mut is_alike) = (self.records.iter(), true);
        let name = format!("{prefix}/{}", mark.inventory_name());
        check::for_lines(mirror, &name, mark.inventory.size, |theirs: FileRecord| {
            is_alike &= ours.next().is_some_and(|ours| FileRecord { mtime: ours.mtime, ..theirs } == *ours);
        })
        .await?;
        if !is_alike || ours.next().is_some() {
            return Ok(false);
        }
        let listed = receipt.listed.read(&here.dir)?.collect::<Result<Vec<ListedMark>, _>>()?;
        let mut ours = listed.iter();
        let said = |mark: &ListedMark| {
            (mark.path.clone(), mark.size, mark.sha256, mark.unpacked, mark.verified == Proof::AcceptedChange)
        };
        let name = format!("{prefix}/{}", mark.listed_name());
        check::for_lines(mirror, &name, mark.listed_size, |theirs: ListedMark| {
            is_alike &= ours.next().is_some_and(|ours| said(&theirs) == said(ours));
        })
        .await?;
        Ok(is_alike && ours.next().is_none())
    }
}
