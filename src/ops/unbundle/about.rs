//! What the data of a bundle rest on, read before any of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::agreements::{AgreementText, Head};
use crate::bundle::format::{CONTENTS, LEDGER, Place};
use crate::bundle::{BundleReader, Bundled, BundledText, Contents, Line};
use crate::catalog::dataset::REFERENCE;
use crate::catalog::{Dataset, Reference, Selection};
use crate::context::Context;
use crate::document::OverlayFile;
use crate::fs::{self, Access};
use crate::licenses::Shelf;
use crate::values::{ByteSize, DatasetName, Printable};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::gate;
use super::super::selection::one_selection;
use super::extract::{self, ExtractProof};
use super::fault::Fault;
use super::packed::{Packed, contradiction, refused};

/// Everything below `about/`.
pub(super) struct About {
    /// What the bundle holds.
    pub contents: Contents,
    files: BTreeMap<String, Packed>,
}

impl About {
    /// Reads up to the first member of a dataset, which is given back.
    pub fn read(reader: &mut BundleReader) -> Result<(Self, Option<Line>), Fault> {
        let mut files = BTreeMap::new();
        let mut total = ByteSize::ZERO;
        let first = loop {
            let Some(line) = reader.next_member()? else { break None };
            match Place::of(&line.path) {
                Some(Place::About(below)) if is_known(below.as_str()) => {}
                Some(Place::About(_)) => return Err(refused(line.path.as_str(), "no bundle has it").into()),
                Some(Place::Dataset(..)) => break Some(line),
                None => return Err(refused(line.path.as_str(), "a bundle has `about/` and `datasets/` alone").into()),
            }
            total = total.saturating_add(line.size);
            if total.0 > LIMIT {
                return Err(refused(line.path.as_str(), "what lies below `about/` is larger than 1 GiB").into());
            }
            let packed = Packed::read(reader, &line, limit_of(line.path.as_str()), &mut |_| Ok(()))?;
            files.insert(line.path.to_string(), packed);
        };
        let text = files.get(CONTENTS).ok_or_else(|| refused(CONTENTS, "it is missing"))?.bytes()?;
        let contents: Contents = serde_json::from_slice(&text).map_err(|error| contradiction(CONTENTS, error))?;
        if contents.datasets.is_empty() {
            return Err(contradiction(CONTENTS, "it names no dataset").into());
        }
        for text in &contents.texts {
            if !files.contains_key(&text.path()) {
                let reason = format!("the text of `{}` is not there", Printable::new(&text.license));
                return Err(contradiction(CONTENTS, reason).into());
            }
        }
        let about = Self { contents, files };
        about.check_ledger(&[])?;
        Ok((about, first))
    }

    /// The extract of the ledger, where there is one.
    pub fn ledger(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.files.get(LEDGER).map(Packed::bytes).transpose()
    }

    /// Holds the extract of the ledger, where there is one, against what receipts noted.
    pub fn check_ledger(&self, heads: &[Head]) -> Result<Option<ExtractProof>, Fault> {
        match self.ledger()? {
            Some(bytes) => extract::check(&bytes, &self.contents, heads).map(Some),
            None if self.contents.ledger.is_some() => {
                Err(contradiction(CONTENTS, "the extract of the ledger is not there").into())
            }
            None => Ok(None),
        }
    }

    fn text(&self, path: &str) -> Result<Option<String>, Failure> {
        let Some(packed) = self.files.get(path) else { return Ok(None) };
        Ok(String::from_utf8(packed.bytes()?).ok())
    }

    /// The release as the catalogue of this program has it; by the bundle's entry where it has
    /// none. The folder's name must be the one that follows, and the dataset's channel a source
    /// of the entry: what is asked for depends on it.
    pub fn selection(&self, context: &Context, one: &Bundled, file: &Path) -> Result<Selection, Fault> {
        let name = DatasetName::of(&one.id, &one.version, one.variant.as_deref()).to_string();
        let selection = match own(context, one, &name)? {
            Some(selection) => selection,
            None => self.by_bundle(context, one, &name)?,
        };
        let is_same = *selection.id() == one.id
            && selection.release().version == one.version
            && selection.variant_name() == one.variant.as_deref();
        if !is_same || selection.slug() != one.slug {
            let reason = format!("the folder of `{name}` is not called `{}`", Printable::new(&one.slug));
            return Err(contradiction(CONTENTS, reason).into());
        }
        if selection.source(Some(&one.channel)).is_none() {
            return Err(no_channel(&selection, one, file).into());
        }
        Ok(selection)
    }

    fn by_bundle(&self, context: &Context, one: &Bundled, name: &str) -> Result<Selection, Fault> {
        match one_selection(context, one.id.as_str()) {
            // Whoever says the id afterwards means the other dataset.
            Ok(known) if *known.id() != one.id => {
                let rule = format!("`{}` is another name of `{}`, which this program knows", one.id, known.id());
                return Err(refused(&one.prefix(), rule).into());
            }
            // The own entry that cannot be used may ask for more.
            Err(failure) if context.catalog()?.broken().iter().any(|broken| broken.ids.contains(one.id.as_str())) => {
                return Err(failure.into());
            }
            _ => {}
        }
        let path = format!("about/catalog/{}.toml", one.id);
        let Some(entry) = self.text(&path)? else {
            let message = format!("neither the catalogue nor the bundle has an entry of `{name}`");
            let failure = Failure::new(Exit::CATALOG, message).of(&one.id);
            return Err(failure.help("lay one over the catalogue with `--catalog DIR`").into());
        };
        let read = Dataset::read(&path, &entry, REFERENCE).ok();
        if read.as_ref().is_some_and(|dataset| dataset.id != one.id) {
            return Err(contradiction(&path, "it is of another dataset").into());
        }
        let is_of_reference = |dataset: &Dataset| {
            let reference = dataset.reference().and_then(|text| text.parse::<Reference>().ok());
            reference.is_some_and(|reference| reference.id() == dataset.id)
        };
        let mut catalog = context.catalog()?.clone();
        match read.filter(is_of_reference) {
            Some(dataset) => catalog.introduce(dataset),
            None => {
                let name = format!("{}.toml", one.id);
                catalog = catalog.laid_over(&[OverlayFile { folder: usize::MAX, name, path, text: Ok(entry) }]);
            }
        }
        let found = catalog.resolve(name).map_err(Failure::from)?;
        Ok(found.into_iter().next().ok_or_else(|| Failure::new(Exit::CATALOG, format!("`{name}` is not known")))?)
    }

    /// What this program's own entry asks for, where it knows the dataset and not this release:
    /// all that any of its releases asks for by any of their sources.
    pub fn own_releases(&self, context: &Context, one: &Bundled) -> Result<Vec<gate::Demand>, Failure> {
        let name = DatasetName::of(&one.id, &one.version, one.variant.as_deref()).to_string();
        match own(context, one, &name)? {
            Some(_) => Ok(Vec::new()),
            None => gate::demands(context, &one.id),
        }
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
            let Some(Ok(bytes)) = self.files.get(&text.path()).map(Packed::bytes) else { continue };
            let Ok(read) = AgreementText::read(&bytes, None) else { continue };
            // The program has the text itself: another one opens nothing.
            let ours = Shelf::bundled_text(&text.license)
                .and_then(|ours| AgreementText::read(ours.as_bytes(), None).ok())
                .map(|ours| ours.sha256);
            if ours.is_some_and(|ours| ours != read.sha256) {
                continue;
            }
            if !std::mem::replace(&mut is_told, true) {
                failure = failure.help(format!(
                    "the texts are in the bundle: `medsets unbundle {} --about about` writes them out to be read",
                    file.display()
                ));
            }
            if ours.is_none() {
                failure = failure.help(only_the_bundle_says(context, &text.license));
            }
            failure = failure.help(format!(
                "then, for yourself: `medsets access accept {}{catalog} --text-file about/{} --text-digest {}`",
                gate::name_for_command(selection),
                text_name(text, &bytes),
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
            .filter_map(|text| Some((text.path(), text_name(text, &self.files.get(&text.path())?.bytes().ok()?))))
            .collect();
        for (path, packed) in &self.files {
            let bytes = packed.bytes()?;
            let below = path.strip_prefix("about/").unwrap_or(path);
            let name = match (texts.get(path), below.strip_prefix("licenses/")) {
                (Some(name), _) => name.clone(),
                // An overlay folder has its licences below it.
                (None, Some(license)) => format!("catalog/licenses/{license}"),
                (None, None) => below.to_owned(),
            };
            let place = dir.join(&name);
            refuse_link(dir, &place)?;
            if fs::metadata(&place)?.is_some() {
                if fs::read(&place, LIMIT)? == bytes {
                    continue;
                }
                let message = format!("`{}` is there with other bytes", place.display());
                return Err(Failure::new(Exit::DIFFERENT, message).help("name an empty folder with `--about`"));
            }
            written.push(place.clone());
            if !dry_run {
                fs::create_dir_all(place.parent().unwrap_or(dir), Access::Shared)?;
                fs::atomic_write(&place, &bytes, Access::Private)?;
            }
        }
        Ok(written)
    }
}

/// The release in this program's own catalogue.
fn own(context: &Context, one: &Bundled, name: &str) -> Result<Option<Selection>, Failure> {
    if context.catalog()?.get(&one.id).is_none()
        && !context.catalog()?.references().iter().any(|dataset| dataset.id == one.id && !dataset.came_in_bundle())
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

/// Whether a bundle has a member of this name below `about/`.
fn is_known(below: &str) -> bool {
    let mut names = below.split('/');
    let place = (names.next().unwrap_or_default(), names.next(), names.next(), names.next());
    match place {
        ("contents.json" | "ledger.json", None, ..) => true,
        ("catalog" | "licenses", Some(file), None, _) => file.ends_with(".toml"),
        ("texts", Some(_), None, _) => true,
        ("project", Some("medsets.toml" | "medsets.lock"), None, _) => true,
        ("project", Some("medsets.lock.d"), Some(_), None) => true,
        _ => false,
    }
}

/// The largest member of its kind, in bytes; `bundle` makes none that is larger.
fn limit_of(path: &str) -> u64 {
    match path.strip_prefix("about/").and_then(|rest| rest.split('/').next()) {
        Some("project") => 256 << 20,
        Some("ledger.json") => 256 << 20,
        Some("contents.json") => 16 << 20,
        _ => 64 << 20,
    }
}

/// What is written through a link lands somewhere else.
fn refuse_link(dir: &Path, place: &Path) -> Result<(), Failure> {
    for path in place.ancestors().take_while(|path| *path != dir) {
        if fs::metadata(path)?.is_some_and(|found| found.is_symlink()) {
            let message = format!("`{}` is a link, and would be written through", path.display());
            return Err(Failure::new(Exit::DIFFERENT, message).help("name an empty folder with `--about`"));
        }
    }
    Ok(())
}

/// The entry does not have the channel by which the bundle says that the data came: nobody can
/// say what is asked for.
fn no_channel(selection: &Selection, one: &Bundled, file: &Path) -> Failure {
    let message = format!(
        "the entry of `{selection}` has no source `{}`, by which the bundle says that it came: what must be accepted \
         for it is not known",
        Printable::new(&one.channel)
    );
    Failure::new(Exit::CATALOG, message).of(selection.id()).help(format!(
        "where you trust the entry that travels with it: `medsets unbundle {} --about about` writes it out, and \
         `--catalog about/catalog` lays it over the catalogue",
        file.display()
    ))
}

/// A text that this program does not have is the licence's by the word of the bundle alone.
fn only_the_bundle_says(context: &Context, license: &str) -> String {
    let page = context.shelf().ok().and_then(|shelf| shelf.get(license)?.url.clone());
    let compare = match page {
        Some(page) => format!("compare it with <{page}> before you accept it"),
        None => "ask where it is from before you accept it".to_owned(),
    };
    format!("only whoever made the bundle says that this is the text of `{}`: {compare}", Printable::new(license))
}
