//! Mirrors as the place that `fetch` asks before the hosts: for a dataset as a whole, and for
//! single files of a release whose SHA-256 is known.
//!
//! A mirror that cannot be used never fails a fetch: it is told once, and the hosts are asked.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::context::Context;
use crate::events::Report;
use crate::layout::Records;
use crate::mirror::{Mirror, MirrorError, names};
use crate::net::NetError;
use crate::ops::download::Wanted;
use crate::ops::exit::Exit;
use crate::ops::failure::Failure;
use crate::ops::fetch::already_whole;
use crate::ops::report::Fetched;
use crate::ops::target::Target;
use crate::plan::Location;
use crate::providers::AnyProvider;
use crate::transfer::{Locate, LocateError};
use crate::values::{DatasetId, Digest};

use super::find::{Asked, find};
use super::lay_out::{self, NotTaken, Taking, told};
use super::{MirrorOrFailure, named_for, open};
use crate::ops::stop::unless_stopped;

/// Takes a dataset from a mirror that has exactly what is asked for; `None` where none has, or
/// none can be used. The person has passed the gate.
pub async fn in_place_of_hosts(
    context: &Context,
    target: &Target<'_>,
    taking: Taking<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<Fetched>, Failure> {
    let mirrors = usable(context, target.selection.id())?;
    if mirrors.is_empty() || !matches!(target.records()?, Records::Absent) {
        return Ok(None);
    }
    let Taking { part, pins, .. } = taking;
    let tree = pins.and_then(|pins| pins.tree);
    let asked = Asked { selection: target.selection, channel: &target.source.channel, part, tree };
    for mirror in mirrors {
        let found = match unless_stopped(context, find(&mirror, &asked)).await? {
            Ok(search) => search.found,
            // Whoever may not list may still read what they can name.
            Err(error @ MirrorError::NotPermitted { .. }) => {
                let message = format!("{error}; it is asked for single files alone");
                context.mirrors.tell(&context.report, mirror.bucket.url(), message);
                None
            }
            Err(error) => {
                mirror.give_up(&context.report, &error);
                None
            }
        };
        let Some(found) = found else { continue };
        let workspace = target.workspace(context)?;
        // Another run may have finished it while this one waited.
        if let Records::Good(receipt) = target.records()? {
            workspace.discard_if_idle()?;
            let is_it = receipt.selection.covers(part)
                && pins.map_or(Ok(true), |pins| pins.are_those_of(&target.dir, &receipt, part))?;
            return Ok(if is_it { Some(already_whole(target, &receipt)?) } else { None });
        }
        // What a host's download finished is nearer than another copy.
        if !workspace.finished().is_empty() {
            return Ok(None);
        }
        match lay_out::take(context, target, &found, workspace, taking).await {
            Ok(fetched) => return Ok(Some(fetched)),
            // What is wrong here is wrong for the hosts too.
            Err(NotTaken::Here(failure)) => return Err(failure),
            Err(NotTaken::Mirror(failure)) => {
                warnings.push(format!("`{}`: {}; the hosts are asked instead", target.selection, failure.message));
            }
        }
    }
    Ok(None)
}

/// The mirrors for a dataset that can be opened; the others are told once.
pub(super) fn usable(context: &Context, id: &DatasetId) -> Result<Vec<Arc<Mirror>>, Failure> {
    let mut usable = Vec::new();
    for named in named_for(context, id, None)? {
        match open(context, &named.url) {
            Ok(mirror) if !mirror.is_lost() => usable.push(mirror),
            Ok(_) => {}
            // Offline is no news of the mirror.
            Err(MirrorOrFailure::Mirror(error)) if Exit(error.exit()) == Exit::OFFLINE => {}
            Err(MirrorOrFailure::Mirror(error)) => context.mirrors.tell_unusable(&context.report, &named.url, &error),
            Err(MirrorOrFailure::Failure(failure)) => {
                let message = format!("the mirror `{}` is not asked: {}", named.url, failure.message);
                context.mirrors.tell(&context.report, &named.url, message);
            }
        }
    }
    Ok(usable)
}

/// The mirrors that single files of a fetch may come from.
pub struct Sources {
    mirrors: Vec<Arc<Mirror>>,
    report: Report,
}

impl Sources {
    /// For a fetch from this provider. What a person gave, or the program carries, is nearer.
    pub fn of(context: &Context, provider: &AnyProvider, id: &DatasetId) -> Result<Self, Failure> {
        let mirrors = match provider {
            AnyProvider::Local(_) | AnyProvider::Embedded(_) | AnyProvider::Manual(_) => Vec::new(),
            _ => usable(context, id)?,
        };
        Ok(Self { mirrors, report: context.report.clone() })
    }

    /// The ways to a file whose SHA-256 is known.
    pub fn ways(&self, wanted: &Wanted) -> Vec<Arc<dyn Locate>> {
        if wanted.manner.changed_is_fine {
            return Vec::new();
        }
        let Some(sha256) = Digest::sha256_in(&wanted.listed.digests) else { return Vec::new() };
        let way = |mirror: &Arc<Mirror>| {
            let (mirror, report, name) = (mirror.clone(), self.report.clone(), names::object(sha256));
            Arc::new(OneFile { mirror, report, name }) as Arc<dyn Locate>
        };
        self.mirrors.iter().map(way).collect()
    }
}

/// One file of a release in a mirror, if it is there.
struct OneFile {
    mirror: Arc<Mirror>,
    report: Report,
    name: String,
}

impl Locate for OneFile {
    fn locate(&self) -> BoxFuture<'_, Result<Location, LocateError>> {
        async {
            if self.mirror.is_lost() {
                return Err(self.lacking());
            }
            match self.mirror.bucket.size_of(&self.name).await {
                Ok(Some(_)) => self.mirror.bucket.locate(&self.name).await.map_err(|error| told(&error)),
                // Who may not list is answered so for what is not there.
                Ok(None) | Err(MirrorError::NotPermitted { .. }) => Err(self.lacking()),
                Err(error) => {
                    if error.is_of_all() {
                        self.mirror.give_up(&self.report, &error);
                    }
                    Err(self.lacking())
                }
            }
        }
        .boxed()
    }

    fn mirror(&self) -> Option<String> {
        Some(self.mirror.bucket.url().to_string())
    }
}

impl OneFile {
    /// As something that a host could say, so that what the hosts say next counts for more.
    fn lacking(&self) -> LocateError {
        let lacks = MirrorError::Lacks { mirror: self.mirror.bucket.url().clone(), name: self.name.clone() };
        let url = crate::values::SafeUrl::ours("https://mirror.invalid/");
        LocateError { net: Some(NetError::Gone { url, status: 404 }), ..told(&lacks) }
    }
}
