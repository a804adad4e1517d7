//! The datasets that are on disk, found by their records.
//!
//! What is here does not depend on the catalogue: an entry may be gone or changed since. It is
//! only asked what a folder is whose receipt cannot be read.

use crate::context::Context;
use crate::layout::{DatasetDir, Receipt, Records};
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

/// All datasets that are here, those with damaged records too.
pub fn all(context: &Context) -> Result<Vec<Here>, Failure> {
    let mut found = Vec::new();
    for dir in DatasetDir::find_all(&context.data_dir()?)? {
        found.extend(of_dir(context, dir)?);
    }
    Ok(found)
}

/// The dataset of a folder; `None` where it has no records of ours.
pub fn of_dir(context: &Context, dir: DatasetDir) -> Result<Option<Here>, Failure> {
    Ok(match Records::of(&dir)? {
        Records::Absent => None,
        Records::Good(receipt) => Some(Here::by_receipt(dir, *receipt, None)),
        Records::Broken { error, receipt } => {
            let fault = Some(remedy::chain(&error));
            match receipt {
                Some(receipt) => Some(Here::by_receipt(dir, *receipt, fault)),
                None => by_folder(context, dir, fault),
            }
        }
    })
}

/// The datasets a person means: all that are here without a name, those of the id with one.
/// Fails when a name matches nothing.
pub fn named(context: &Context, name: Option<&str>) -> Result<Vec<Here>, Failure> {
    let mut found = all(context)?;
    let Some(text) = name else { return Ok(found) };
    let name = parse(text)?;
    found.retain(|here| name.fits(here));
    if found.is_empty() {
        return Err(absent(text, &name.id, context));
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
        let (fault, name) = (here.fault.as_ref()?, here.name());
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
    pub fn slug(&self) -> Result<String, Failure> {
        let name = self.dir.root().file_name().and_then(|name| name.to_str());
        name.map(str::to_owned).ok_or_else(|| Failure::new(Exit::OTHER, "the folder of the dataset has no name"))
    }

    /// Its name in full.
    pub fn name(&self) -> String {
        DatasetName::of(&self.id, &self.version, self.variant.as_deref()).to_string()
    }
}

/// A folder whose receipt tells nothing: its place names the dataset, and the catalogue knows
/// which release and variant has a folder of that name. `None` where no dataset can be.
fn by_folder(context: &Context, dir: DatasetDir, fault: Option<String>) -> Option<Here> {
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
