//! What the data of a bundle rest on, read before any of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::agreements::{AgreementText, verify_extract};
use crate::bundle::format::{CONTENTS, LEDGER, Place};
use crate::bundle::{BundleError, BundleReader, Bundled, BundledText, Contents, Line};
use crate::catalog::dataset::REFERENCE;
use crate::catalog::{Dataset, Selection};
use crate::context::Context;
use crate::document::OverlayFile;
use crate::fs::{self, Access};
use crate::values::{DatasetName, Printable};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::gate;
use super::super::selection::one_selection;

/// Everything below `about/`.
pub(super) struct About {
    /// What the bundle holds.
    pub contents: Contents,
    /// The extract of the ledger, which holds in itself.
    pub ledger: Option<Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
}

impl About {
    /// Reads up to the first member of a dataset, which is given back.
    pub fn read(reader: &mut BundleReader) -> Result<(Self, Option<Line>), Failure> {
        let mut files = BTreeMap::new();
        let mut total = 0;
        let first = loop {
            let Some(line) = reader.next_member()? else { break None };
            match Place::of(&line.path) {
                Some(Place::About(_)) => {}
                Some(Place::Dataset(..)) => break Some(line),
                None => return Err(refused(line.path.as_str(), "a bundle has `about/` and `datasets/` alone")),
            }
            total += line.size.0;
            if total > LIMIT {
                return Err(refused(line.path.as_str(), "what lies below `about/` is larger than 1 GiB"));
            }
            let mut bytes = Vec::new();
            reader.take(&line, &mut bytes)?;
            files.insert(line.path.to_string(), bytes);
        };
        let text = files.get(CONTENTS).ok_or_else(|| refused(CONTENTS, "it is missing"))?;
        let contents: Contents =
            serde_json::from_slice(text).map_err(|error| contradiction(CONTENTS, error.to_string()))?;
        let ledger = files.get(LEDGER).cloned();
        if let Some(bytes) = &ledger {
            let check = verify_extract(bytes, &[])?;
            if let Some(fault) = check.faults.first() {
                let message = format!("the extract of the ledger in it does not hold: {}", Printable::new(fault));
                return Err(Failure::new(Exit::LEDGER, message).help("ask whoever made the bundle for another"));
            }
        }
        for text in &contents.texts {
            if !files.contains_key(&text.path()) {
                return Err(contradiction(
                    CONTENTS,
                    format!("the text of `{}` is not there", Printable::new(&text.license)),
                ));
            }
        }
        Ok((Self { contents, ledger, files }, first))
    }

    /// The release as the catalogue of this program has it; by the bundle's entry where it has
    /// none. The folder's name must be the one that follows.
    pub fn selection(&self, context: &Context, one: &Bundled) -> Result<Selection, Failure> {
        let name = DatasetName::of(&one.id, &one.version, one.variant.as_deref()).to_string();
        let selection = match own(context, one, &name)? {
            Some(selection) => selection,
            None => self.by_bundle(context, one, &name)?,
        };
        let is_same = *selection.id() == one.id
            && selection.release().version == one.version
            && selection.variant_name() == one.variant.as_deref();
        if !is_same || selection.slug() != one.slug {
            return Err(contradiction(
                CONTENTS,
                format!("the folder of `{name}` is not called `{}`", Printable::new(&one.slug)),
            ));
        }
        Ok(selection)
    }

    fn by_bundle(&self, context: &Context, one: &Bundled, name: &str) -> Result<Selection, Failure> {
        let mut catalog = context.catalog()?.clone();
        let text = |path: &str| self.files.get(path).and_then(|bytes| String::from_utf8(bytes.clone()).ok());
        let path = format!("about/catalog/{}.toml", one.id);
        let Some(entry) = text(&path) else {
            let message = format!("neither the catalogue nor the bundle has an entry of `{name}`");
            return Err(Failure::new(Exit::CATALOG, message)
                .of(&one.id)
                .help("lay one over the catalogue with `--catalog DIR`"));
        };
        if Dataset::read(&path, &entry, REFERENCE).is_ok_and(|dataset| dataset.id != one.id) {
            return Err(contradiction(&path, "it is of another dataset".to_owned()));
        }
        let file = OverlayFile { folder: usize::MAX, name: format!("{}.toml", one.id), path, text: Ok(entry) };
        catalog = catalog.laid_over(&[file]);
        let found = catalog.resolve(name)?;
        found.into_iter().next().ok_or_else(|| Failure::new(Exit::CATALOG, format!("`{name}` is not known")))
    }

    /// What this program's own entry asks for, where it knows the dataset and not this release.
    pub fn own_default(&self, context: &Context, one: &Bundled) -> Result<Option<Selection>, Failure> {
        let name = DatasetName::of(&one.id, &one.version, one.variant.as_deref()).to_string();
        if own(context, one, &name)?.is_some() || context.catalog()?.get(&one.id).is_none() {
            return Ok(None);
        }
        one_selection(context, one.id.as_str()).map(Some)
    }

    /// The lines that accept the texts of the bundle, for a machine that can read no page.
    pub fn help(
        &self,
        context: &Context,
        failure: Failure,
        selection: &Selection,
        licenses: &[String],
        file: &Path,
    ) -> Failure {
        let mut failure = failure;
        let mut is_told = false;
        let is_known = context.catalog().is_ok_and(|catalog| catalog.get(selection.id()).is_some());
        let catalog = if is_known { "" } else { " --catalog about/catalog" };
        for text in self.contents.texts.iter().filter(|text| licenses.contains(&text.license)) {
            let Some(bytes) = self.files.get(&text.path()) else { continue };
            let Ok(read) = AgreementText::read(bytes, None) else { continue };
            if !std::mem::replace(&mut is_told, true) {
                failure = failure.help(format!(
                    "the texts are in the bundle: `medsets unbundle {} --about about` writes them out to be read",
                    file.display()
                ));
            }
            failure = failure.help(format!(
                "then, for yourself: `medsets access accept {}{catalog} --text-file about/{} --text-digest {}`",
                gate::name_for_command(selection),
                text_name(text, bytes),
                read.sha256
            ));
        }
        failure
    }

    /// Writes all of it into a folder, laid out as `--catalog` takes it. Nothing that is there is
    /// replaced by other bytes.
    pub fn write(&self, dir: &Path, dry_run: bool) -> Result<Vec<PathBuf>, Failure> {
        let mut written = Vec::new();
        let texts: BTreeMap<String, String> = self
            .contents
            .texts
            .iter()
            .filter_map(|text| Some((text.path(), text_name(text, self.files.get(&text.path())?))))
            .collect();
        for (path, bytes) in &self.files {
            let below = path.strip_prefix("about/").unwrap_or(path);
            let name = match (texts.get(path), below.strip_prefix("licenses/")) {
                (Some(name), _) => name.clone(),
                // An overlay folder has its licences below it.
                (None, Some(license)) => format!("catalog/licenses/{license}"),
                (None, None) => below.to_owned(),
            };
            let place = dir.join(&name);
            if fs::metadata(&place)?.is_some() {
                if fs::read(&place, LIMIT)? == *bytes {
                    continue;
                }
                let message = format!("`{}` is there with other bytes", place.display());
                return Err(Failure::new(Exit::DIFFERENT, message).help("name an empty folder with `--about`"));
            }
            written.push(place.clone());
            if !dry_run {
                fs::create_dir_all(place.parent().unwrap_or(dir), Access::Shared)?;
                fs::atomic_write(&place, bytes, Access::Private)?;
            }
        }
        Ok(written)
    }
}

/// The release in this program's own catalogue.
fn own(context: &Context, one: &Bundled, name: &str) -> Result<Option<Selection>, Failure> {
    if context.catalog()?.get(&one.id).is_none()
        && !context.catalog()?.references().iter().any(|dataset| dataset.id == one.id)
    {
        return Ok(None);
    }
    Ok(one_selection(context, name).ok().filter(|found| *found.id() == one.id))
}

/// A name for a text that tells whose it is and how it is shown.
fn text_name(text: &BundledText, bytes: &[u8]) -> String {
    let is_html = bytes.trim_ascii_start().starts_with(b"<");
    let mark = &text.raw_sha256.hex()[..8];
    let license: String = text
        .license
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || ".-".contains(letter) { letter } else { '-' })
        .collect();
    format!("texts/{license}-{mark}.{}", if is_html { "html" } else { "txt" })
}

/// All below `about/`, in bytes.
const LIMIT: u64 = 1 << 30;

fn refused(member: &str, rule: &str) -> Failure {
    BundleError::Refused { member: member.to_owned(), rule: rule.to_owned() }.into()
}

pub(super) fn contradiction(what: &str, reason: String) -> Failure {
    BundleError::Contradiction { what: format!("`{}`", Printable::new(what)), reason }.into()
}
