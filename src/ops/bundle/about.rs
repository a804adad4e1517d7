//! What data rest on: entries, licences, the texts of agreements, the ledger, the project.

use std::collections::{BTreeMap, BTreeSet};

use crate::agreements::{EntryKind, Head};
use crate::bundle::format::{CONTENTS, LEDGER};
use crate::bundle::{BundledText, Contents};
use crate::context::Context;
use crate::layout::inventory;
use crate::licenses::{Expression, Shelf};
use crate::project::lock::{LOCK_FILE, LOCK_FOLDER};
use crate::values::{Digest, Printable};
use crate::{embedded, fs, project};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::here::Here;
use super::super::identity;
use super::super::ledger::{self, Mask};
use super::super::selection::one_selection;
use super::super::unbundle::{head_of, verify_extract};
use super::{BundleOptions, unsafe_name};

/// Members by path, without the data.
pub(super) fn about(
    context: &Context,
    datasets: &[Here],
    options: &BundleOptions,
    mask: Option<&Mask>,
    contents: &mut Contents,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut members = BTreeMap::new();
    let mut licenses = BTreeSet::new();
    for here in datasets {
        match one_selection(context, &here.name()) {
            Ok(selection) => {
                let text = selection.dataset().text.clone();
                members.insert(format!("about/catalog/{}.toml", here.id), text.into_bytes());
                licenses.extend(selection.requirements(None).filter_map(|step| step.license.clone()));
                let channel = here.receipt.as_ref().map(|receipt| receipt.source.channel.as_str());
                licenses.extend(selection.requirements(channel).filter_map(|step| step.license.clone()));
            }
            Err(_) => warnings.push(format!(
                "the catalogue has no entry of `{}`: it goes without one, and comes out only where one is laid over the \
                 catalogue with `--catalog DIR`; so it does here",
                here.name()
            )),
        }
        let whole = here.receipt.iter().map(|receipt| receipt.license.expression.clone());
        let of_files = inventory::count_licenses(&here.dir.inventory_path())?.by_expression.into_keys();
        for expression in whole.chain(of_files) {
            let parsed = Expression::parse(&expression).ok();
            licenses.extend(parsed.iter().flat_map(Expression::ids).map(str::to_owned));
        }
    }
    for license in &licenses {
        if let Some(text) = license_file(context, license)? {
            members.insert(format!("about/licenses/{license}.toml"), text.into_bytes());
        }
    }
    texts(context, &licenses, contents, &mut members, warnings)?;
    extract(context, datasets, mask, contents, &mut members)?;
    if options.project {
        project_files(context, &mut members)?;
        contents.project = true;
    }
    let mut text = serde_json::to_vec_pretty(contents).map_err(|error| unsafe_name(&error))?;
    text.push(b'\n');
    members.insert(CONTENTS.to_owned(), text);
    Ok(members)
}

/// The text of a licence's file, from an overlay or the program.
fn license_file(context: &Context, id: &str) -> Result<Option<String>, Failure> {
    let name = format!("licenses/{id}.toml");
    let laid_over = context.overlay()?.iter().rev().find(|file| file.name == name);
    if let Some(text) = laid_over.and_then(|file| file.text.as_ref().ok()) {
        return Ok(Some(text.clone()));
    }
    Ok(embedded::files().iter().find(|file| file.name == name).map(|file| file.text.clone()))
}

/// The very texts that this person accepted, and those that come with the program.
fn texts(
    context: &Context,
    licenses: &BTreeSet<String>,
    contents: &mut Contents,
    members: &mut BTreeMap<String, Vec<u8>>,
    warnings: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut found: BTreeMap<(String, Digest), BundledText> = BTreeMap::new();
    let mut add = |text: BundledText, bytes: Vec<u8>| {
        members.insert(text.path(), bytes);
        found.insert((text.license.clone(), text.raw_sha256), text);
    };
    for license in licenses {
        if let Some(text) = Shelf::bundled_text(license) {
            let raw_sha256 = Digest::sha256(text.as_bytes());
            add(BundledText { license: license.clone(), raw_sha256, url: None }, text.as_bytes().to_vec());
        }
    }
    let entries = match context.ledger() {
        Ok(ledger) => ledger.read_all()?.entries,
        Err(_) => Vec::new(),
    };
    let person = identity::person(context);
    for record in entries.iter().map(|entry| &entry.record) {
        let (EntryKind::Accept, Some(license), Some(raw_sha256)) = (&record.kind, &record.license, record.raw_sha256)
        else {
            continue;
        };
        if record.who.os_user != person.os_user || !licenses.contains(license) {
            continue;
        }
        match context.evidence()?.read(&raw_sha256) {
            Ok(bytes) => add(BundledText { license: license.clone(), raw_sha256, url: record.url.clone() }, bytes),
            Err(error) => warnings.push(format!("the text of `{license}` that was accepted goes without: {error}")),
        }
    }
    contents.texts = found.into_values().collect();
    Ok(())
}

/// The entries of these datasets, in the form that can be checked.
fn extract(
    context: &Context,
    datasets: &[Here],
    mask: Option<&Mask>,
    contents: &mut Contents,
    members: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), Failure> {
    let wanted: Vec<String> = datasets.iter().map(|here| here.id.to_string()).collect();
    let extract = ledger::export_by(context, &wanted, mask)?;
    if extract.count() == 0 {
        return Ok(());
    }
    let bytes = extract.json();
    let heads: Vec<Head> = datasets.iter().filter_map(|here| head_of(here.receipt.as_ref()?)).collect();
    let check = verify_extract(&bytes, &heads)?;
    if let Some(fault) = check.faults.first() {
        let message = format!("the extract of the ledger does not hold: {}", Printable::new(fault));
        return Err(Failure::new(Exit::LEDGER, message).help("`medsets ledger verify` shows the place"));
    }
    contents.ledger = Some(if mask.is_some() { "masked" } else { "names" }.to_owned());
    members.insert(LEDGER.to_owned(), bytes);
    Ok(())
}

/// The project file, the lock and what lies beside it.
fn project_files(context: &Context, members: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    let Some(folder) = context.settings.project() else {
        let failure = Failure::new(Exit::USAGE, "there is no project here: no `medsets.toml` in this folder or above");
        return Err(failure.help("run it in the project's folder, or leave `--project` out"));
    };
    const LIMIT: u64 = 256 << 20;
    for name in [project::FILE, LOCK_FILE] {
        let path = folder.join(name);
        if fs::metadata(&path)?.is_some() {
            members.insert(format!("about/project/{name}"), fs::read_regular(&path, LIMIT)?);
        }
    }
    for path in fs::list_dir(&folder.join(LOCK_FOLDER))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if fs::metadata(&path)?.is_some_and(|found| found.is_file()) {
            members.insert(format!("about/project/{LOCK_FOLDER}/{name}"), fs::read_regular(&path, LIMIT)?);
        }
    }
    Ok(())
}
