//! The files of a dataset for a document: as they were received, else as its entry lists them.

use std::path::PathBuf;

use crate::audit::Subject;
use crate::catalog::{FileEntry, Host, Selection};
use crate::context::Context;
use crate::layout::check::check_record;
use crate::layout::{DatasetDir, Receipt};
use crate::providers::{AnyProvider, Needs};
use crate::reports::standards::ReleaseFile;
use crate::values::{Algorithm, SafeUrl};

use super::super::failure::Failure;
use super::super::selection::one_selection;

/// The folder of the copy.
pub fn dir(subject: &Subject) -> Option<DatasetDir> {
    subject.copy.as_ref().map(|copy| DatasetDir::at(PathBuf::from(&copy.folder)))
}

/// That the list of a copy's files is the one its receipt names, since documents name it by its
/// digest and lists repeat it. Fails otherwise.
pub fn check_records(subject: &Subject) -> Result<(), Failure> {
    let (Some(dir), Some(copy)) = (dir(subject), &subject.copy) else { return Ok(()) };
    check_record(&dir.manifest_path(), copy.tree).map_err(|error| {
        let help = format!("`medsets verify {}` tells what is wrong, and with `--repair` mends it", subject.name);
        Failure { help: None, ..error.into() }.help(help)
    })
}

/// Hands each of the release's own files to `take`.
pub fn of_release(
    context: &Context,
    subject: &Subject,
    take: &mut dyn FnMut(ReleaseFile) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if let Some(dir) = dir(subject)
        && let Some(receipt) = Receipt::read(&dir)?
    {
        receipt.listed.check(&dir)?;
        for mark in receipt.listed.read(&dir)? {
            let mark = mark?;
            take(ReleaseFile { path: mark.path, size: Some(mark.size), digest: Some(mark.sha256), url: mark.url })?;
        }
        return Ok(());
    }
    let Ok(selection) = one_selection(context, &subject.name) else { return Ok(()) };
    let channel = subject.channel.as_deref();
    for file in selection.files(channel) {
        take(of_entry(&selection, channel, file))?;
    }
    Ok(())
}

fn of_entry(selection: &Selection, channel: Option<&str>, file: &FileEntry) -> ReleaseFile {
    let of = |algorithm| file.digests.iter().find(|digest| digest.algorithm() == algorithm).copied();
    ReleaseFile {
        path: file.path.clone(),
        size: file.size,
        digest: of(Algorithm::Sha256).or_else(|| of(Algorithm::Md5)),
        url: address(selection, channel, file),
    }
}

/// Where an entry says a file is; hosts that must be asked for an address give none.
fn address(selection: &Selection, channel: Option<&str>, file: &FileEntry) -> Option<SafeUrl> {
    let source = selection.source(channel)?;
    let locator = file.at.get(&source.channel).cloned().unwrap_or_default();
    let Host::Http { base, .. } = &source.host else { return locator.url };
    let path = locator.path.as_ref().unwrap_or(&file.path);
    let below = || base.as_ref().map(|base| base.at(&path.names().collect::<Vec<_>>()));
    locator.url.or_else(below)
}

/// Why nobody gets the dataset without a credential or a step of their own, if so.
pub fn closed(context: &Context, subject: &Subject) -> Option<String> {
    let selection = one_selection(context, &subject.name).ok()?;
    let source = selection.source(subject.channel.as_deref())?;
    let steps: Vec<&str> = selection.requirements(subject.channel.as_deref()).map(|step| step.id.as_str()).collect();
    if !steps.is_empty() {
        return Some(format!("it asks for steps of your own ({})", steps.join(", ")));
    }
    let needs = AnyProvider::of(source, &selection).needs();
    matches!(needs, Needs::Must(_)).then(|| "its host wants a credential".to_owned())
}
