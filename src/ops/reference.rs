//! Names of data outside the catalogue, made known before a command looks them up.
//!
//! A reference becomes an entry: the one that lies beside the data or in the workspace of an
//! unfinished fetch, else one made of what the host says now. It is then introduced to the
//! catalogue of this run, and the name that the person wrote is replaced by its id and version.
//! Everything behind this sees a dataset like any other. What is here is found again by every
//! form in which it was asked for, without a host.
//!
//! Whether archives unpack stands in the entry, so it is decided when the entry is made: what is
//! here packed is not unpacked by asking again.

use std::path::Path;

use crate::catalog::dataset::{BUNDLE, REFERENCE};
use crate::catalog::{Archives, Dataset, Place, Reference};
use crate::context::Context;
use crate::events::Event;
use crate::fs;
use crate::layout::{self, DatasetDir, Receipt, Store, Workspace};
use crate::providers::{Hosts, describe};
use crate::values::{DatasetName, Digest, Printable};

use super::exit::Exit;
use super::failure::Failure;
use super::stop::unless_stopped;
use super::wanted;

/// Whether a host may be asked about a reference that is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It may; archives among its files become this.
    Hosts(Archives),
    /// Only what is here counts.
    Disk,
}

/// Makes every dataset outside the catalogue that is here known by its id, and every reference
/// among `names` too, in whose place its id and version are put. `to` is a further data folder.
///
/// # Errors
/// A name is written like a reference and is none; it is not here and no host may be asked; the
/// host has no such place or cannot be asked.
pub async fn introduce(
    context: &mut Context,
    names: Vec<&mut String>,
    reach: Reach,
    to: Option<&Path>,
) -> Result<(), Failure> {
    let mut kept = Vec::new();
    for data_dir in to.map(Path::to_path_buf).into_iter().chain(context.data_dir().ok()) {
        kept.extend(kept_in(&data_dir, reach));
    }
    for dataset in &kept {
        context.introduce(dataset.clone())?;
    }
    for name in names {
        let Some(reference) = read(context, name)? else { continue };
        let found = match (here(&kept, &reference), reach) {
            (Some(dataset), _) => dataset.clone(),
            (None, Reach::Disk) => {
                *name = name_here(&kept, &reference)?;
                continue;
            }
            (None, Reach::Hosts(archives)) => {
                unless_stopped(context, described(context, &kept, &reference, archives)).await??
            }
        };
        if reach == Reach::Hosts(Archives::Unpacked) {
            refuse_packed(&found)?;
        }
        *name = DatasetName::of(&found.id, &found.releases[0].version, None).to_string();
        context.introduce(found)?;
    }
    Ok(())
}

/// A reference, unless the catalogue knows the name itself.
pub(super) fn read(context: &Context, name: &str) -> Result<Option<Reference>, Failure> {
    if context.catalog()?.resolve(name).is_ok() {
        return Ok(None);
    }
    let wrong = |error| Failure::from_error(Exit::USAGE, &error);
    match Reference::parse(name) {
        Some(read) => read.map(Some).map_err(wrong),
        None => match Reference::near_miss(name) {
            // A dataset of the catalogue with a variant that it does not have is told as such.
            Some(error) if !is_known(context, name)? => Err(wrong(error)),
            _ => Ok(None),
        },
    }
}

fn is_known(context: &Context, name: &str) -> Result<bool, Failure> {
    let id = name.split([':', '@']).next().unwrap_or_default();
    Ok(context.catalog()?.resolve(id).is_ok())
}

/// The entries beside data and in unfinished workspaces, those of whole datasets last. What
/// cannot be read, such as another person's, is passed over: the host can be asked again. So are
/// workspaces of packed files where they are to be unpacked now.
fn kept_in(data_dir: &Path, reach: Reach) -> Vec<Dataset> {
    let goes_on = |dataset: &Dataset| reach != Reach::Hosts(Archives::Unpacked) || !dataset.stays_packed();
    let unfinished = fs::list_dir(&Store::of(data_dir).parts()).unwrap_or_default();
    let unfinished = unfinished.into_iter().filter_map(|root| kept_at(&Workspace::entry_path(&root)));
    let whole = layout::places(data_dir).unwrap_or_default().into_iter().filter_map(|place| match place {
        layout::Place::Dataset(dir) => kept_at(&dir.entry_path()).or_else(|| brought(&dir)),
        layout::Place::Away { .. } | layout::Place::Closed { .. } => None,
    });
    unfinished.filter(goes_on).chain(whole).collect()
}

/// An entry that is what its reference says it is.
fn kept_at(path: &Path) -> Option<Dataset> {
    let text = fs::read_regular_text_if_present(path).ok()??;
    let read = Dataset::read(&path.to_string_lossy(), &text, REFERENCE);
    let dataset = read.inspect_err(|broken| tracing::warn!(%broken, "passed over")).ok()?;
    let reference: Reference = dataset.reference()?.parse().ok()?;
    (reference.id() == dataset.id).then_some(dataset)
}

/// The entry that came in a bundle with a dataset of which nobody here has one: just the text that
/// the receipt names.
fn brought(dir: &DatasetDir) -> Option<Dataset> {
    let path = dir.entry_path();
    let text = fs::read_regular_text_if_present(&path).ok()??;
    let entry = Receipt::read(dir).ok()??.brought?.entry?;
    let is_named = Digest::sha256(text.as_bytes()) == entry;
    is_named.then(|| Dataset::read(&path.to_string_lossy(), &text, BUNDLE).ok()).flatten()
}

/// The one that was asked for in this form, or that has the DOI. An entry that came in a bundle speaks
/// for its own data alone: no reference means it.
fn here<'k>(kept: &'k [Dataset], reference: &Reference) -> Option<&'k Dataset> {
    let form = reference.to_string();
    let has_doi = |dataset: &Dataset| match (&reference.place, &dataset.releases[0].doi) {
        (Place::Doi(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    };
    let mut own = kept.iter().filter(|dataset| !dataset.came_in_bundle());
    own.rfind(|dataset| dataset.entry.aliases.contains(&form) || has_doi(dataset))
}

/// The id of what is here in whatever version, for a reference that names none of them.
fn name_here(kept: &[Dataset], reference: &Reference) -> Result<String, Failure> {
    let id = reference.id();
    if reference.version.is_none() && kept.iter().any(|dataset| dataset.id == id) {
        return Ok(id.to_string());
    }
    let failure = Failure::new(Exit::CATALOG, format!("`{reference}` is not here"));
    Err(failure.help(format!("fetch it with `medsets fetch {reference}`")))
}

/// Refuses to unpack what is here as its host packs it.
fn refuse_packed(dataset: &Dataset) -> Result<(), Failure> {
    if !dataset.stays_packed() {
        return Ok(());
    }
    let name = DatasetName::of(&dataset.id, &dataset.releases[0].version, None);
    let failure = Failure::new(Exit::USAGE, format!("`{name}` is here already, with its archives as they came"));
    Err(failure.of(&dataset.id).help(format!("`medsets remove {name}`, then fetch it with `--unpack`")))
}

/// What its host says of it now.
async fn described(
    context: &Context,
    kept: &[Dataset],
    asked: &Reference,
    archives: Archives,
) -> Result<Dataset, Failure> {
    let reason = format!("`{asked}` is not in the catalogue: {} is asked what it is", asked.place.host_name());
    context.report.report(Event::Waiting { reason });
    let reference = describe::follow(asked, &Hosts::anonymous(context.client()?.clone())).await?;
    if let Some(dataset) = here(kept, &reference) {
        return Ok(dataset.clone());
    }
    let id = reference.id();
    if context.catalog()?.get(&id).is_some() {
        let failure =
            Failure::new(Exit::CATALOG, format!("`{asked}` would be called `{id}`, as an entry of the catalogue is"));
        return Err(failure.help(format!("fetch the entry with `medsets fetch {id}`")));
    }
    let hosts = wanted::hosts_of(context, reference.place.provider(), describe::forms(&reference.place))?;
    let day = jiff::tz::TimeZone::UTC.to_datetime(context.now()).date();
    let description = describe::describe(&reference, &hosts, day).await?;
    let same = |dataset: &&Dataset| dataset.id == id && dataset.releases[0].version == description.release;
    if let Some(dataset) = kept.iter().rfind(same) {
        return Ok(dataset.clone());
    }
    let text = description.entry(&[&reference, asked], archives, context.shelf()?, day);
    Dataset::read("reference.toml", &text, REFERENCE).map_err(|broken| {
        let name = Printable::new(&asked.to_string()).to_string();
        Failure::new(Exit::CATALOG, format!("what the host says of `{name}` makes no entry: {broken}"))
    })
}
