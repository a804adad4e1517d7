//! The page as JSON: keys in snake case, sizes in bytes, absent rather than null.
//!
//! Texts are the catalogue's own, unescaped: this is for programs.

use serde_json::{Map, Value, json};

use crate::catalog::format::Holds;
use crate::catalog::{
    Claim, Correction, DistributionKind, FileEntry, Related, Release, Requirement, Selection, Source, SubsetEntry,
    Variant,
};
use crate::licenses::{Expression, License, Shelf};
use crate::reports::papers::cited;
use crate::reports::{CitationFormat, cite};

use super::line::access_word;
use super::main_terms::{confidence_word, main_terms};
use super::page::kind_word;
use super::place::{Means, endpoints};
use super::{counts, default_channel, is_exact, steps, unpacked_exact};

/// What the catalogue says of a selection, for programs.
pub fn data(selection: &Selection, shelf: &Shelf) -> Value {
    let (dataset, release) = (selection.dataset(), selection.release());
    let entry = &dataset.entry;
    let channel = default_channel(selection);
    let terms = selection.file_terms(channel);
    let default = &dataset.default_release().version;
    let default_variant = release.default_variant().map(|variant| variant.name.as_str());
    let maintainer = dense(json!({ "name": entry.maintainer.name, "contact": entry.maintainer.contact }));
    dense(json!({
        "id": dataset.id,
        "title": entry.title,
        "aliases": entry.aliases,
        "summary": entry.summary,
        "homepage": entry.homepage,
        "maintainer": maintainer,
        "tags": entry.tags,
        "modality": entry.modality,
        "anatomy": entry.anatomy,
        "task": entry.task,
        "format": entry.format,
        "version": release.version,
        "variant": selection.variant_name(),
        "access": access_word(dataset.access_class()),
        "distribution": distribution(selection),
        "download_size": selection.download_size(channel),
        "download_size_exact": selection.download_size(channel).map(|_| is_exact(selection, channel)),
        "unpacked_size": unpacked_exact(selection),
        "unpacked_size_about": selection.unpacked_about(),
        "counts": counts(selection),
        "releases": dataset.releases.iter().map(|one| of_release(one, one.version == *default)).collect::<Vec<_>>(),
        "variants": release.variants.iter()
            .map(|one| of_variant(one, Some(one.name.as_str()) == default_variant)).collect::<Vec<_>>(),
        "subsets": selection.subsets().map(of_subset).collect::<Vec<_>>(),
        "license": license(selection, shelf),
        "requirements": steps(selection).into_iter().map(of_step).collect::<Vec<_>>(),
        "sources": selection.sources().enumerate()
            .map(|(index, source)| of_source(source, selection, index == 0)).collect::<Vec<_>>(),
        "files": selection.files(channel).map(|file| of_file(file, &terms.file(file)))
            .collect::<Vec<_>>(),
        "citation": entry.citation.as_ref().map(|_| cite(&[cited(selection)], CitationFormat::Bibtex)),
        "acknowledgement": entry.citation.as_ref().and_then(|citation| citation.acknowledgement.as_ref()),
        "ethics": ethics(selection),
        "related": related(selection),
        "listed_as": listed_as(selection),
        "corrections": entry.correction.iter().map(of_correction).collect::<Vec<_>>(),
        "claims": entry.claim.iter().map(of_claim).collect::<Vec<_>>(),
        "origin": dataset.origin,
        "entry_digest": dataset.digest.to_string(),
    }))
}

/// Without the keys that hold nothing.
fn dense(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

fn distribution(selection: &Selection) -> Option<Value> {
    let distribution = selection.dataset().entry.distribution.as_ref()?;
    let kind = match distribution.kind {
        DistributionKind::ByHand => "by-hand",
        DistributionKind::None => "none",
    };
    Some(dense(json!({ "kind": kind, "reason": distribution.reason, "instead": distribution.instead })))
}

fn of_release(release: &Release, default: bool) -> Value {
    dense(json!({
        "version": release.version,
        "date": release.date,
        "doi": release.doi,
        "default": default,
        "withdrawn": release.withdrawn,
        "license": release.license,
        "size_about": release.size_about,
        "unpacked_about": release.unpacked_about,
        "variants": release.variants.iter().map(|variant| &variant.name).collect::<Vec<_>>(),
        "note": release.note,
    }))
}

fn of_variant(variant: &Variant, default: bool) -> Value {
    dense(json!({
        "name": variant.name,
        "title": variant.title,
        "default": default,
        "license": variant.license,
        "size_about": variant.size_about,
        "unpacked_about": variant.unpacked_about,
        "counts": variant.counts,
        "note": variant.note,
    }))
}

fn of_subset(subset: &SubsetEntry) -> Value {
    dense(json!({
        "name": subset.name,
        "title": subset.title,
        "include": subset.include,
        "exclude": Some(&subset.exclude).filter(|globs| !globs.is_empty()),
        "members": Some(&subset.members).filter(|globs| !globs.is_empty()),
    }))
}

fn license(selection: &Selection, shelf: &Shelf) -> Value {
    let expression = selection.license(default_channel(selection));
    let ids = Expression::parse(expression).map(|parsed| parsed.ids().into_iter().map(str::to_owned).collect());
    let ids: Vec<String> = ids.unwrap_or_default();
    let mut terms = Map::new();
    for main in main_terms(expression, shelf) {
        let term = main.term.as_ref();
        let value = dense(json!({
            "value": main.word,
            "confidence": term.map(|term| confidence_word(term.confidence)),
            "source": term.map(|term| &term.source),
            "read": term.map(|term| term.read.to_string()),
            "note": term.and_then(|term| term.note.as_ref()),
        }));
        terms.insert(main.key, value);
    }
    json!({
        "expression": expression,
        "licenses": ids.iter().map(|id| of_license(id, shelf.get(id))).collect::<Vec<_>>(),
        "terms": terms,
        "parts": selection.release().license_parts,
    })
}

fn of_license(id: &str, license: Option<&License>) -> Value {
    dense(json!({
        "id": id,
        "known": license.is_some(),
        "name": license.map(|one| &one.name),
        "version": license.and_then(|one| one.version.as_ref()),
        "kind": license.map(|one| one.kind),
        "url": license.and_then(|one| one.url.as_ref()).map(ToString::to_string),
        "summary": license.map(|one| &one.summary),
        "note": license.and_then(|one| one.note.as_ref()),
    }))
}

fn of_step(step: &Requirement) -> Value {
    dense(json!({
        "id": step.id,
        "kind": kind_word(step),
        "title": step.title,
        "page": step.page,
        "provider": step.provider,
        "license": step.license,
        "valid_for": step.valid_for,
        "usual_wait": step.usual_wait,
        "fee": step.fee,
        "note": step.note,
        "channels": step.channels,
    }))
}

fn of_source(source: &Source, selection: &Selection, default: bool) -> Value {
    dense(json!({
        "channel": source.channel,
        "provider": source.host.name(),
        "title": source.title,
        "default": default,
        "by": Means::of(source, selection).word(),
        "host_lists_files": source.lists,
        "license": source.license,
        "note": source.note,
        "endpoints": endpoints(source, selection),
    }))
}

fn of_file(file: &FileEntry, license: &str) -> Value {
    dense(json!({
        "path": file.path.as_str(),
        "size": file.size,
        "size_about": file.size_about,
        "digests": file.digests.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "license": license,
        "group": file.group,
        "by_hand": file.manual.then_some(true),
        "note": file.note,
    }))
}

fn ethics(selection: &Selection) -> Value {
    let ethics = &selection.dataset().entry.ethics;
    dense(json!({
        "deidentification": ethics.deidentification,
        "consent": ethics.consent,
        "known_bias": ethics.known_bias,
        "known_issues": ethics.known_issues,
    }))
}

fn related(selection: &Selection) -> Value {
    let lists = &selection.dataset().entry.related;
    let list = |all: &[Related]| {
        all.iter().map(|one| dense(json!({ "id": one.id(), "note": one.note() }))).collect::<Vec<_>>()
    };
    json!({
        "derived_from": list(&lists.derived_from),
        "overlaps": list(&lists.overlaps),
        "see_also": list(&lists.see_also),
    })
}

fn listed_as(selection: &Selection) -> Option<Value> {
    let listed = selection.dataset().entry.listed_as.as_ref()?;
    let holds = listed.holds.map(|holds| match holds {
        Holds::Yes => "yes",
        Holds::InPart => "in part",
        Holds::No => "no",
    });
    Some(dense(json!({ "url": listed.url, "claim": listed.claim, "holds": holds, "note": listed.note })))
}

fn of_correction(correction: &Correction) -> Value {
    dense(json!({
        "claim": correction.claim,
        "found_in": correction.found_in,
        "truth": correction.truth,
        "source": correction.source,
        "read": correction.read.to_string(),
        "confidence": confidence_word(correction.confidence),
    }))
}

fn of_claim(claim: &Claim) -> Value {
    dense(json!({
        "about": claim.about,
        "value": claim.value,
        "source": claim.source,
        "read": claim.read.to_string(),
        "confidence": confidence_word(claim.confidence),
        "note": claim.note,
    }))
}
