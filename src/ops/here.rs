//! The datasets that are on disk, found by their records.
//!
//! What is here does not depend on the catalogue: an entry may be gone or changed since. It is
//! only asked what a folder is whose receipt cannot be read.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, FsErrorKind};
use crate::layout::inventory::InventoryReader;
use crate::layout::places::{away, away_words, refuse_in_the_way};
use crate::layout::{
    Adopted, DatasetDir, LayoutError, LinkKind, LinkMark, Means, Place, Receipt, RecordKind, Records, places,
};
use crate::remedy;
use crate::values::{DatasetId, DatasetName, Printable};

use super::exit::Exit;
use super::failure::Failure;

/// A dataset on disk.
#[derive(Debug, Clone)]
pub struct Here {
    /// Its folder.
    pub dir: DatasetDir,
    /// Its id.
    pub id: DatasetId,
    /// Release; the folder's name where nothing tells it.
    pub version: String,
    /// Variant.
    pub variant: Option<String>,
    /// Its receipt, where it can be read.
    pub receipt: Option<Receipt>,
    /// What is wrong with which of its records.
    pub fault: Option<String>,
}

/// A name as a person writes it, `ID[@VERSION][:VARIANT]`, against what is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    id: DatasetId,
    version: Option<String>,
    variant: Option<String>,
}

/// All datasets that are here, those with damaged records too, and links to copies that are away.
/// What this user may not look at, and copies under another name than theirs, are passed over with a
/// warning.
pub fn all(context: &Context) -> Result<Vec<Here>, Failure> {
    let mut found = everything(context)?;
    found.retain(|one| is_in_place(context, one));
    Ok(found)
}

/// The same with the copies under other names: whoever judges what lies here judges them too.
pub fn everything(context: &Context) -> Result<Vec<Here>, Failure> {
    let (found, closed) = look(context)?;
    tell(context, &closed);
    Ok(found)
}

/// A folder that this user may not look at or whose records a later medsets wrote, and why.
pub type ClosedFolder = (PathBuf, LayoutError);

/// The same, and what is closed.
pub fn everything_and_closed(context: &Context) -> Result<(Vec<Here>, Vec<ClosedFolder>), Failure> {
    let (found, closed) = look(context)?;
    Ok((found, closed.into_iter().map(|one| (one.path, one.error)).collect()))
}

/// What this user may not look at.
struct Closed {
    id: DatasetId,
    /// The name of its folder; all of the id where there is none.
    slug: Option<String>,
    path: PathBuf,
    error: LayoutError,
}

fn tell(context: &Context, closed: &[Closed]) {
    for one in closed {
        let message = format!("`{}` is passed over: {}", one.path.display(), one.error);
        context.report.report(Event::Warning { message });
    }
}

fn look(context: &Context) -> Result<(Vec<Here>, Vec<Closed>), Failure> {
    let data_dir = context.data_dir()?;
    refuse_in_the_way(&data_dir)?;
    let (mut found, mut closed) = (Vec::new(), Vec::new());
    let mut close = |path: PathBuf, error| {
        let below = path.strip_prefix(&data_dir).unwrap_or(&path);
        let mut names = below.iter().map(|name| name.to_string_lossy().into_owned());
        // Others may keep other things there.
        let id = names.next().and_then(|id| id.parse().ok());
        closed.extend(id.map(|id| Closed { id, slug: names.next(), path: path.clone(), error }));
    };
    for place in places(&data_dir)? {
        match place {
            Place::Dataset(dir) => match Records::of(&dir) {
                Ok(records) => found.extend(of_records(context, dir, records)),
                Err(error) => close(dir.root().to_path_buf(), error),
            },
            Place::Away { dir, leads_to } => found.extend(of_link(context, dir, &leads_to)),
            Place::Closed { path, error } => close(path, error.into()),
        }
    }
    Ok((found, closed))
}

/// Whether a dataset lies in the folder of its name. A copy under another name is told of and
/// passed over: it would stand for the dataset twice, or for another one.
fn is_in_place(context: &Context, here: &Here) -> bool {
    let Some(receipt) = &here.receipt else { return true };
    let is_so = receipt.is_of(&here.dir);
    if !is_so {
        let place = here.dir.root().display();
        let message = format!("`{place}` is passed over: by its records it is `{}`, of another folder", receipt.name());
        context.report.report(Event::Warning { message });
    }
    is_so
}

/// The dataset of a link that leads to none: where medsets made it, where it leads to such a place as
/// its own, or where nothing is and the catalogue knows its place. Any other link is a person's own.
fn of_link(context: &Context, dir: DatasetDir, leads_to: &Path) -> Option<Here> {
    let place = |path: &Path| -> Vec<_> { path.iter().rev().take(2).map(std::ffi::OsStr::to_owned).collect() };
    let fault = away_words(&dir, leads_to);
    let is_ours = LinkMark::of_link(&dir).is_some() || place(leads_to) == place(dir.root());
    let is_gone = !fs::is_dir(dir.root());
    let here = by_folder(context, dir, Some(fault))?;
    let is_known = || is_gone && context.catalog().is_ok_and(|catalog| catalog.resolve(&here.name()).is_ok());
    (is_ours || is_known()).then_some(here)
}

/// The dataset of a folder; `None` where it has no records of ours.
pub fn of_dir(context: &Context, dir: DatasetDir) -> Result<Option<Here>, Failure> {
    let records = Records::of(&dir)?;
    Ok(of_records(context, dir, records))
}

fn of_records(context: &Context, dir: DatasetDir, records: Records) -> Option<Here> {
    match records {
        Records::Absent => None,
        Records::Good(receipt) => Some(Here::by_receipt(dir, *receipt, None)),
        Records::Broken { error, receipt } => {
            let fault = Some(remedy::chain(&error));
            match receipt {
                Some(receipt) => Some(Here::by_receipt(dir, *receipt, fault)),
                None => by_folder(context, dir, fault),
            }
        }
    }
}

/// The datasets a person means: all that are here without a name, those of the id with one.
/// Fails when a name matches nothing.
pub fn named(context: &Context, name: Option<&str>) -> Result<Vec<Here>, Failure> {
    let (mut found, closed) = look(context)?;
    found.retain(|one| is_in_place(context, one));
    let Some(text) = name else {
        tell(context, &closed);
        return Ok(found);
    };
    let name = parse(text)?;
    found.retain(|here| name.fits(here));
    if found.is_empty() {
        let is_meant = |one: &Closed| {
            let fits = |slug: &String| {
                let (version, variant) = release_of(context, &one.id, slug).unwrap_or((slug.clone(), None));
                name.means(&one.id, Some(&version), variant.as_deref())
            };
            one.id == name.id && one.slug.as_ref().is_none_or(fits)
        };
        return Err(match closed.into_iter().find(is_meant) {
            Some(closed) => Failure::from(closed.error).of(&closed.id),
            None => absent(text, &name.id, context),
        });
    }
    Ok(found)
}

/// The one dataset a person means. Fails when several versions of it are here.
pub fn one(context: &Context, text: &str) -> Result<Here, Failure> {
    let mut found = named(context, Some(text))?;
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(Here::name).collect();
        let failure = Failure::new(
            Exit::USAGE,
            format!("`{}` is here more than once: {}", Printable::new(text), names.join(", ")),
        );
        return Err(failure.help("name one of them in full"));
    }
    found.pop().ok_or_else(|| Failure::new(Exit::CATALOG, format!("`{}` is not here", Printable::new(text))))
}

/// Sentences about the records that are damaged, and what to do.
pub fn warnings(found: &[Here]) -> Vec<String> {
    let sentence = |here: &Here| {
        let name = here.name();
        if let Some(absence) = here.absence() {
            return Some(format!("`{name}` is not to be had: {absence}; {}", here.way_back()));
        }
        let fault = here.fault.as_ref()?;
        Some(format!(
            "the records of `{name}` are damaged: {fault}; `medsets verify {name} --repair` fetches it again, `medsets remove {name}` deletes it"
        ))
    };
    found.iter().filter_map(sentence).collect()
}

impl Here {
    fn by_receipt(dir: DatasetDir, receipt: Receipt, fault: Option<String>) -> Self {
        let (id, version, variant) = (receipt.dataset.clone(), receipt.version.clone(), receipt.variant.clone());
        Self { dir, id, version, variant, receipt: Some(receipt), fault }
    }

    /// The name of its folder.
    pub fn slug(&self) -> String {
        self.dir.root().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// What its folder is a link to, where no dataset of ours can be had there.
    pub fn away(&self) -> Option<PathBuf> {
        if self.receipt.is_some() { None } else { away(&self.dir) }
    }

    /// Why nothing of it is to be had: it is away, or the folder in which a person had the files is gone or
    /// has others by now. Costs one look at that folder, and nothing where they were not adopted.
    pub fn absence(&self) -> Option<String> {
        let Some(receipt) = &self.receipt else { return self.away().and(self.fault.clone()) };
        let adopted = (receipt.means == Means::Adopt).then(|| Adopted::read(&self.dir).ok().flatten()).flatten()?;
        let place = adopted.links.get("data").unwrap_or(&adopted.place);
        match fs::is_dir(Path::new(place)) {
            false => Some(format!("its files are missing: there is no folder `{place}` any more")),
            true if lacks_all(&self.dir) => Some(format!("its files are missing: in `{place}` lie others by now")),
            true => None,
        }
    }

    /// What to do where it is away, or its files are.
    pub fn way_back(&self) -> String {
        let name = self.name();
        let what = if self.receipt.is_some() { "records" } else { "link" };
        let remove = format!("`medsets remove {name}` takes the {what} away");
        match LinkMark::of_link(&self.dir).map(|mark| mark.kind) {
            Some(LinkKind::Shared) | None if self.receipt.is_none() => {
                format!("bring it back, or `medsets fetch {name}` gets another copy; {remove}")
            }
            _ => format!("`medsets adopt DIR` leads it to where its files lie by now; {remove}, and no file"),
        }
    }

    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }
}

/// Whether none of the first files lies where it was recorded: there is none of their names, or each of
/// several has another size. A single one was changed. What cannot be read counts as there: a check tells
/// of both.
fn lacks_all(dir: &DatasetDir) -> bool {
    const FIRST: usize = 16;
    let Ok(records) = InventoryReader::open(&dir.inventory_path()) else { return false };
    let files = records.map_while(Result::ok).filter(|record| record.kind == RecordKind::File);
    let (mut named, mut others) = (0, 0);
    for record in files.take(FIRST) {
        named += 1;
        match fs::canonical(&record.path.under(dir.root())).and_then(|path| fs::metadata(&path)) {
            Ok(Some(found)) if found.len() != record.size.0 => others += 1,
            Ok(None) => {}
            Err(error) if error.kind() == FsErrorKind::NotFound => {}
            _ => return false,
        }
    }
    named > 0 && others != 1
}

/// A folder whose receipt tells nothing: its place names the dataset, and the catalogue knows
/// which release and variant has a folder of that name. `None` where no dataset can be.
pub(super) fn by_folder(context: &Context, dir: DatasetDir, fault: Option<String>) -> Option<Here> {
    let slug = dir.root().file_name()?.to_str()?.to_owned();
    let id: DatasetId = dir.root().parent()?.file_name()?.to_str()?.parse().ok()?;
    let (version, variant) = release_of(context, &id, &slug).unwrap_or((slug, None));
    Some(Here { dir, id, version, variant, receipt: None, fault })
}

fn release_of(context: &Context, id: &DatasetId, slug: &str) -> Option<(String, Option<String>)> {
    let catalog = context.catalog().ok()?;
    for release in &catalog.get(id)?.releases {
        let variants = release.variants.iter().map(|variant| Some(variant.name.as_str()));
        for variant in std::iter::once(None).chain(variants) {
            let name = DatasetName::of(id, &release.version, variant).to_string();
            let found = catalog.resolve(&name).unwrap_or_default();
            if let Some(one) = found.iter().find(|one| one.slug() == slug) {
                return Some((release.version.clone(), one.variant_name().map(str::to_owned)));
            }
        }
    }
    None
}

impl Name {
    /// Which dataset.
    pub(super) fn id(&self) -> &DatasetId {
        &self.id
    }

    /// Whether it means this copy.
    pub(super) fn fits(&self, here: &Here) -> bool {
        self.means(&here.id, Some(&here.version), here.variant.as_deref())
    }

    /// Whether a name that says as much or more is one of those that it means.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.means(&other.id, other.version.as_deref(), other.variant.as_deref())
    }

    /// Whether it means this dataset, release and variant.
    pub(super) fn means(&self, id: &DatasetId, version: Option<&str>, variant: Option<&str>) -> bool {
        *id == self.id
            && self.version.as_deref().is_none_or(|wanted| Some(wanted) == version)
            && self.variant.as_deref().is_none_or(|wanted| Some(wanted) == variant)
    }
}

/// Reads a name as a person writes it.
pub(super) fn parse(text: &str) -> Result<Name, Failure> {
    let (rest, variant) = match text.rsplit_once(':') {
        Some((rest, variant)) => (rest, Some(variant.to_owned())),
        None => (text, None),
    };
    let (id, version) = match rest.split_once('@') {
        Some((id, version)) => (id, Some(version.to_owned())),
        None => (rest, None),
    };
    let id = id.parse::<DatasetId>().map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?;
    Ok(Name { id, version, variant })
}

fn absent(text: &str, id: &DatasetId, context: &Context) -> Failure {
    let failure = Failure::new(Exit::CATALOG, format!("`{}` is not here", Printable::new(text))).of(id);
    let known = context.catalog().map_err(Failure::from).and_then(|catalog| Ok(catalog.resolve(text)?));
    match known {
        Ok(_) => failure.help(format!("fetch it with `medsets fetch {}`", Printable::new(text))),
        Err(unknown) => match unknown.help {
            Some(help) => failure.help(help),
            None => failure.help("`medsets list` shows what is here"),
        },
    }
}
