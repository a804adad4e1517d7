//! What a fetch would do. Nothing is kept of what is read for it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::Receipt;
use crate::ops::download::{Tally, Wanted};
use crate::ops::failure::Failure;
use crate::ops::members::refuse_idle;
use crate::ops::mirror;
use crate::ops::nearby;
use crate::ops::report::Fetched;
use crate::ops::target::Target;
use crate::ops::unpacked_before;
use crate::ops::wanted::InTurn;
use crate::plan::steps::{Have, step};
use crate::providers::{AnyProvider, Hosts};

use super::FetchOptions;
use super::outcome::blank;
use super::shards;
use super::work::{apart, plan, reader};

pub(super) async fn dry_run(
    context: &Context,
    target: &Target<'_>,
    options: &FetchOptions,
    wanted: Vec<Wanted>,
    provider: Arc<AnyProvider>,
    hosts: Arc<Hosts>,
) -> Result<Fetched, Failure> {
    let (of_files, (members, mut wanted)) = (provider.clone(), apart(wanted));
    // Of these shards have all that is meant.
    let (here, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|one| one.have == Have::Finished);
    wanted.extend(here);
    if !members.is_empty() {
        let scratch = Scratch::make(context)?;
        let reader = reader(context, target, options.process, scratch.dir.clone(), provider, hosts)?;
        let looked = reader.look_at_all(members, None).await?;
        refuse_idle(&looked, options, target)?;
        wanted.extend(looked.into_iter().map(|one| one.wanted));
    }
    let (mut warnings, mut places) = (Vec::new(), HashMap::new());
    nearby::foresee(context, target, &mut wanted, &mut places, &mut warnings);
    for index in unpacked_before::foresee(context, target, &wanted)? {
        wanted[index].have = Have::Finished;
        places.insert(wanted[index].listed.path.clone(), Arc::from("store"));
    }
    mirror::foresee_files(context, &of_files, target, &wanted, &mut places, &mut warnings).await?;
    let plan = plan(context, target, wanted.iter());
    let mut plan = plan.with_steps(InTurn::of(wanted).map(|one| step(one.item())));
    plan.come_from(&places);
    let empty = Tally::default();
    Ok(Fetched { plan: Some(plan), warnings, ..blank(target, &empty) })
}

/// Notes the files that are here as the lock pins them, where all else of the dataset goes.
pub(super) fn note_what_stays(
    target: &Target<'_>,
    options: &FetchOptions,
    wanted: &mut [Wanted],
) -> Result<(), Failure> {
    let mut stays = shards::had(target)?;
    if let (Some(pins), Some(receipt)) = (&options.pins, Receipt::read(&target.dir)?) {
        let others = pins.other_bytes(&target.dir, &receipt)?;
        stays.retain(|path| !others.contains(path));
    }
    wanted.iter_mut().filter(|one| stays.contains(&one.listed.path)).for_each(|one| one.have = Have::Here);
    Ok(())
}

/// A folder of the system for what is read only to be looked at; removed when dropped.
struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    fn make(context: &Context) -> Result<Self, Failure> {
        let below = context.environment.variable("TMPDIR").unwrap_or("/tmp");
        let dir = PathBuf::from(below).join(fs::fresh_name("medsets-"));
        fs::create_dir_all(&dir, Access::Private)?;
        Ok(Self { dir })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is the system's to sweep.
        let _ = fs::remove_dir_all(&self.dir);
    }
}
