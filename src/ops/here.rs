//! The datasets that are on disk, found by their receipts.
//!
//! What is here does not depend on the catalogue: an entry may be gone or changed since.

use crate::context::Context;
use crate::layout::{DatasetDir, Receipt};
use crate::values::{DatasetId, Printable};

use super::exit::Exit;
use super::failure::Failure;

/// A dataset on disk.
#[derive(Debug, Clone)]
pub struct Here {
    /// Its folder.
    pub dir: DatasetDir,
    /// Its receipt.
    pub receipt: Receipt,
}

/// A name as a person writes it, `ID[@VERSION][:VARIANT]`, against receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    id: DatasetId,
    version: Option<String>,
    variant: Option<String>,
}

/// All datasets that are here, and what is wrong with receipts that cannot be read.
pub fn all(context: &Context) -> Result<(Vec<Here>, Vec<String>), Failure> {
    let mut found = Vec::new();
    let mut warnings = Vec::new();
    for dir in DatasetDir::find_all(&context.data_dir()?)? {
        match Receipt::read(&dir) {
            Ok(Some(receipt)) => found.push(Here { dir, receipt }),
            Ok(None) => {}
            Err(error) => warnings.push(format!("{error}")),
        }
    }
    Ok((found, warnings))
}

/// The datasets a person means: all that are here without a name, those of the id with one.
/// Fails when a name matches nothing.
pub fn named(context: &Context, name: Option<&str>) -> Result<(Vec<Here>, Vec<String>), Failure> {
    let (mut found, warnings) = all(context)?;
    let Some(text) = name else { return Ok((found, warnings)) };
    let name = parse(text)?;
    found.retain(|here| name.fits(&here.receipt));
    if found.is_empty() {
        return Err(absent(text, &name.id, context));
    }
    Ok((found, warnings))
}

/// The one dataset a person means. Fails when several versions of it are here.
pub fn one(context: &Context, text: &str) -> Result<Here, Failure> {
    let (mut found, _) = named(context, Some(text))?;
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

impl Here {
    /// Its name in full.
    pub fn name(&self) -> String {
        let variant = self.receipt.variant.as_ref().map_or(String::new(), |variant| format!(":{variant}"));
        format!("{}@{}{variant}", self.receipt.dataset, self.receipt.version)
    }
}

impl Name {
    fn fits(&self, receipt: &Receipt) -> bool {
        self.means(&receipt.dataset, Some(&receipt.version), receipt.variant.as_deref())
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
