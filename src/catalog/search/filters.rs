//! What lets an entry pass: facets, licence, access, size.

use std::borrow::Cow;
use std::sync::Arc;

use crate::catalog::{Catalog, Dataset, Release, Selection};
use crate::licenses::{Expression, Shelf, Summary};

use super::Query;

/// Whether an entry has everything the query asks for beside its words.
pub(super) fn pass(query: &Query, catalog: &Catalog, shelf: &Shelf, dataset: &Arc<Dataset>) -> bool {
    let entry = &dataset.entry;
    let facets = listed(query.modality.as_deref(), &entry.modality)
        && listed(query.task.as_deref(), &entry.task)
        && listed(query.anatomy.as_deref(), &entry.anatomy);
    let license = query.license.as_deref().is_none_or(|id| names_license(dataset, id));
    let access = query.access.is_none_or(|class| dataset.access_class() == class);
    facets && license && access && selection_passes(query, catalog, shelf, dataset)
}

/// The limits that hold for what is fetched when only the id is given.
fn selection_passes(query: &Query, catalog: &Catalog, shelf: &Shelf, dataset: &Dataset) -> bool {
    if !query.commercial && query.max_size.is_none() {
        return true;
    }
    let Some(selection) = catalog.resolve(dataset.id.as_str()).ok().and_then(|found| found.into_iter().next()) else {
        return false;
    };
    let channel = selection.source(None).map(|source| source.channel.as_str());
    let fits = query.max_size.is_none_or(|max| selection.download_size(channel).is_some_and(|size| size <= max));
    fits && (!query.commercial || is_commercial(&selection, channel, shelf))
}

/// Whether the terms of the whole, of its parts and of its files all grant commercial use: an
/// entry whose questions are free and whose images are not is not free.
fn is_commercial(selection: &Selection, channel: Option<&str>, shelf: &Shelf) -> bool {
    let terms = selection.file_terms(channel);
    let files = selection.files(channel).map(|file| terms.file(file));
    let parts = selection.release().license_parts.values().map(|text| Cow::Borrowed(text.as_str()));
    std::iter::once(Cow::Borrowed(selection.license(channel))).chain(files).chain(parts).all(|text| {
        Expression::parse(&text).is_ok_and(|expression| Summary::of(&expression, shelf).allows_commercial_use())
    })
}

fn listed(wanted: Option<&str>, list: &[String]) -> bool {
    wanted.is_none_or(|wanted| list.iter().any(|one| one.to_lowercase() == wanted.trim().to_lowercase()))
}

fn names_license(dataset: &Dataset, id: &str) -> bool {
    let wanted = id.trim().to_lowercase();
    dataset.releases.iter().flat_map(expressions).any(|text| {
        let parsed = Expression::parse(text);
        text.to_lowercase() == wanted || parsed.is_ok_and(|one| one.ids().iter().any(|id| id.to_lowercase() == wanted))
    })
}

/// Every licence id, and every expression of several, that an entry names.
pub(super) fn licenses(dataset: &Dataset) -> Vec<String> {
    let mut all: Vec<String> = dataset.releases.iter().flat_map(expressions).map(str::to_owned).collect();
    let ids: Vec<String> = all
        .iter()
        .filter_map(|text| Expression::parse(text).ok())
        .flat_map(|one| one.ids().iter().map(|id| id.to_string()).collect::<Vec<_>>())
        .collect();
    all.extend(ids);
    all
}

/// Every licence expression of a release.
fn expressions(release: &Release) -> impl Iterator<Item = &str> {
    let variants = release.variants.iter().filter_map(|variant| variant.license.as_ref());
    let sources = release.sources.iter().filter_map(|source| source.license.as_ref());
    let files = release.files.iter().filter_map(|file| file.license.as_ref());
    let rules = release.rules.iter().filter_map(|rule| rule.license.as_ref());
    let own = release.license.iter().chain(release.license_parts.values());
    own.chain(variants).chain(sources).chain(files).chain(rules).map(String::as_str)
}
