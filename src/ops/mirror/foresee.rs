//! What of a fetch would come from mirrors, for a plan. Nothing is written.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use crate::context::Context;
use crate::layout::receipt::Selection as Part;
use crate::layout::{ListedMark, Records, Workspace};
use crate::mirror::{Mirror, MirrorError, names};
use crate::ops::download::Wanted;
use crate::ops::failure::Failure;
use crate::ops::target::Target;
use crate::plan::FetchPlan;
use crate::plan::steps::Have;
use crate::providers::AnyProvider;
use crate::values::{ByteSize, Digest, RelPath};

use super::find::{Asked, Found, find};
use super::source::usable;

/// The mirror from which a dataset would come whole, as [`in_place_of_hosts`](super::in_place_of_hosts)
/// would take it, and its files.
pub async fn foresee_whole(
    context: &Context,
    target: &Target<'_>,
    part: &Part,
    tree: Option<Digest>,
) -> Result<Option<(String, FetchPlan)>, Failure> {
    let mirrors = usable(context, target.selection.id())?;
    let begun = target.store.parts().join(target.workspace_name());
    let is_begun = || Workspace::look(&begun, target.begun_with(), &target.source.channel).map(|done| !done.is_empty());
    if mirrors.is_empty() || !matches!(target.records()?, Records::Absent) || is_begun()? {
        return Ok(None);
    }
    let asked = Asked { selection: target.selection, channel: &target.source.channel, part, tree };
    for mirror in mirrors {
        let planned = async {
            match find(&mirror, &asked).await?.found.filter(|found| found.mark.selection == *part) {
                Some(found) => planned(&found).await.map(Some),
                None => Ok(None),
            }
        };
        match planned.await {
            Ok(Some(plan)) => return Ok(Some((mirror.bucket.url().to_string(), plan))),
            Ok(None) => {}
            Err(error) => mirror.give_up(&context.report, &error),
        }
    }
    Ok(None)
}

/// A mirrored dataset as a plan, by its list of the release's files.
async fn planned(found: &Found) -> Result<FetchPlan, MirrorError> {
    let (mirror, mark) = (&found.mirror, &found.mark);
    let name = format!("{}/{}", found.prefix, mark.listed_name());
    let broken =
        |reason: String| MirrorError::Record { mirror: mirror.bucket.url().clone(), name: name.clone(), reason };
    let bytes = mirror.bucket.read(&name, MOST).await?;
    let sha256 = Digest::sha256(&bytes);
    if sha256 != mark.listed.sha256 {
        return Err(broken(format!("expected {}, found {sha256}", mark.listed.sha256)));
    }
    let mut files = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let listed: ListedMark = serde_json::from_slice(line).map_err(|error| broken(error.to_string()))?;
        files.push((listed.path, listed.size));
    }
    files.extend(mark.partial.iter().map(|part| (part.path.clone(), part.size)));
    let from = Arc::from(mirror.bucket.url().to_string());
    Ok(FetchPlan::whole_from(&from, files, mark.files, mark.bytes))
}

/// Notes which files would come from a mirror one by one: those whose SHA-256 is known and that
/// one of the mirrors has.
pub async fn foresee_files(
    context: &Context,
    provider: &AnyProvider,
    target: &Target<'_>,
    wanted: &[Wanted],
    places: &mut HashMap<RelPath, Arc<str>>,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    if matches!(provider, AnyProvider::Local(_) | AnyProvider::Embedded(_) | AnyProvider::Manual(_)) {
        return Ok(());
    }
    let known: Vec<(&RelPath, Digest)> = wanted.iter().filter_map(open_by_digest).collect();
    if known.is_empty() {
        return Ok(());
    }
    let mirrors = usable(context, target.selection.id())?;
    if mirrors.is_empty() {
        return Ok(());
    }
    if known.len() > MOST_ASKED {
        warnings.push(format!(
            "`{}`: a mirror is asked for each of {} files when it is fetched; which of them it has is not looked at here",
            target.selection,
            known.len()
        ));
        return Ok(());
    }
    let urls: Vec<Arc<str>> = mirrors.iter().map(|mirror| Arc::from(mirror.bucket.url().to_string())).collect();
    let asked = known.into_iter().map(|(path, sha256)| {
        let mirrors = &mirrors;
        async move { (path, first_with(context, mirrors, &sha256).await) }
    });
    let found: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    places.extend(found.into_iter().filter_map(|(path, which)| Some((path.clone(), urls[which?].clone()))));
    Ok(())
}

/// The first mirror that has an object.
async fn first_with(context: &Context, mirrors: &[Arc<Mirror>], sha256: &Digest) -> Option<usize> {
    for (index, mirror) in mirrors.iter().enumerate().filter(|(_, mirror)| !mirror.is_lost()) {
        match mirror.bucket.size_of(&names::object(sha256)).await {
            Ok(Some(_)) => return Some(index),
            Ok(None) => {}
            Err(error) if error.is_of_all() => mirror.give_up(&context.report, &error),
            Err(error) => tracing::debug!(%error, "not foreseen"),
        }
    }
    None
}

/// A file that is to come whole, with the SHA-256 by which a mirror would be asked for it.
fn open_by_digest(one: &Wanted) -> Option<(&RelPath, Digest)> {
    let is_whole = !matches!(one.manner.handling, crate::plan::Handling::Members { .. });
    let is_open = one.have == Have::Nothing && is_whole && !one.manner.changed_is_fine;
    let sha256 = Digest::sha256_in(&one.listed.digests);
    sha256.filter(|_| is_open).map(|sha256| (&one.listed.path, *sha256))
}

/// The largest list that is read for a plan.
const MOST: ByteSize = ByteSize(256 << 20);
/// Files that a mirror is asked for, at most.
const MOST_ASKED: usize = 2000;
/// Questions at once.
const AT_ONCE: usize = 16;
