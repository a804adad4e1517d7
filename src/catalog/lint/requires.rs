//! The steps a person takes, and that no source goes round them.

use std::collections::BTreeSet;

use crate::catalog::{Dataset, Host, Release, Requirement, RequirementKind, Source};
use crate::document::At;
use crate::licenses::{Expression, Shelf};
use crate::values::Printable;

use super::notes::Notes;
use super::releases::known_names;

/// Looks at the steps.
pub(super) fn look(notes: &mut Notes<'_>, dataset: &Dataset, shelf: &Shelf) {
    let root = At::root();
    let list = root.key("requires");
    let versions: Vec<&str> = dataset.releases.iter().map(|release| release.version.as_str()).collect();
    let variants = dataset.releases.iter().flat_map(|release| &release.variants);
    let variants: Vec<&str> =
        variants.map(|variant| variant.name.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let sources = dataset.releases.iter().flat_map(|release| &release.sources);
    let channels: Vec<&str> =
        sources.map(|source| source.channel.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let mut ids = BTreeSet::new();
    for (index, step) in dataset.entry.requires.iter().enumerate() {
        let at = list.index(index);
        if !ids.insert(step.id.as_str()) {
            let message = format!("there are two steps `{}`", Printable::new(&step.id));
            notes.error(&at.key("id"), "repeated-id", message, "each step has an id of its own");
        }
        known_names(notes, &step.versions, &versions, &at.key("versions"), "unknown-version", "release");
        known_names(notes, &step.variants, &variants, &at.key("variants"), "unknown-variant", "variant");
        known_names(
            notes,
            &step.channels,
            &channels,
            &at.key("channels"),
            "unknown-channel",
            "source with the channel",
        );
        if step.kind == RequirementKind::Agreement && step.license.is_none() {
            let help = "name in `license` the text that is accepted; write a file for it in `licenses/` first";
            notes.key_error(&at, "missing-license", "an agreement does not name its text", help);
        }
    }
    gates(notes, dataset, shelf);
    by_hand(notes, dataset);
}

/// A source that only a person can use is a step of its own, so that the checklist tells of it.
fn by_hand(notes: &mut Notes<'_>, dataset: &Dataset) {
    let root = At::root();
    let list = root.key("release");
    for (index, release) in dataset.releases.iter().enumerate() {
        let release_at = list.index(index);
        let list = release_at.key("source");
        for (index, source) in release.sources.iter().enumerate() {
            let is_told = |variant: Option<&str>| {
                let steps = dataset.entry.requires.iter().filter(|step| step.kind == RequirementKind::Manual);
                steps.into_iter().any(|step| step.applies(&release.version, variant, Some(&source.channel)))
            };
            if matches!(source.host, Host::Manual { .. }) && !served(release, source).into_iter().all(is_told) {
                let message = format!("no step of the kind `manual` tells of `{}`", Printable::new(&source.channel));
                let help = "add [[requires]] with `kind = \"manual\"` that applies to this source and what it serves";
                notes.warning(&list.index(index).key("channel"), "missing-manual-step", message, help);
            }
        }
    }
}

/// The variants that a source serves; `None` alone where the release has none.
fn served<'r>(release: &'r Release, source: &Source) -> Vec<Option<&'r str>> {
    if release.variants.is_empty() {
        return vec![None];
    }
    let names = release.variants.iter().map(|variant| variant.name.as_str());
    names.filter(|name| source.serves(Some(name))).map(Some).collect()
}

/// An entry that asks for an agreement may not offer the same bytes on the open web beside it.
fn gates(notes: &mut Notes<'_>, dataset: &Dataset, shelf: &Shelf) {
    let agreements: Vec<&Requirement> =
        dataset.entry.requires.iter().filter(|step| step.kind == RequirementKind::Agreement).collect();
    if agreements.is_empty() {
        return;
    }
    let root = At::root();
    let list = root.key("release");
    for (index, release) in dataset.releases.iter().enumerate() {
        let release_at = list.index(index);
        let list = release_at.key("source");
        for (index, source) in release.sources.iter().enumerate() {
            if !matches!(source.host, Host::Http { .. }) {
                continue;
            }
            if let Some(license) = ungated(release, source, &agreements) {
                let name = shelf.get(&license).map_or(license.as_str(), |license| license.name.as_str());
                let message = format!("`{}` goes round the agreement `{}`", source.channel, Printable::new(name));
                let help = "let the agreement apply to this source too, or name the other terms in its `license`";
                notes.error(&list.index(index).key("channel"), "ungated", message, help);
            }
        }
    }
}

/// The licence that a source gives bytes under although no agreement about it applies there.
fn ungated(release: &Release, source: &Source, agreements: &[&Requirement]) -> Option<String> {
    let served = release.variants.iter().filter(|variant| source.serves(Some(&variant.name))).map(Some);
    let served = if release.variants.is_empty() { vec![None] } else { served.collect() };
    served.into_iter().find_map(|variant| {
        let name = variant.map(|variant| variant.name.as_str());
        let whole = || variant.and_then(|variant| variant.license.as_ref()).or(release.license.as_ref());
        let files = release
            .files
            .iter()
            .filter(|file| file.channels.has(&source.channel) && name.is_none_or(|name| file.variants.has(name)));
        let texts =
            source.license.as_ref().or_else(whole).into_iter().chain(files.filter_map(|file| file.license.as_ref()));
        let ids: BTreeSet<String> = texts.flat_map(|text| ids_of(text)).collect();
        let asked = |license: &&String| agreements.iter().any(|step| step.license.as_ref() == Some(*license));
        let gated = |license: &&String| {
            agreements.iter().any(|step| {
                step.license.as_ref() == Some(*license) && step.applies(&release.version, name, Some(&source.channel))
            })
        };
        ids.iter().find(|license| asked(license) && !gated(license)).cloned()
    })
}

fn ids_of(text: &str) -> Vec<String> {
    // What is longer is refused elsewhere.
    let parsed = if text.len() > 1000 { None } else { Expression::parse(text).ok() };
    parsed.map_or(Vec::new(), |parsed| parsed.ids().into_iter().map(str::to_owned).collect())
}
