//! What every entry of the built-in catalogue keeps to, beyond what its lint can know.

use std::collections::BTreeSet;

use medsets::catalog::{Catalog, Dataset, Host, Release, RequirementKind};
use medsets::licenses::terms::Confidence;

/// Goes through the entries that are about real data.
fn each(look: impl Fn(&Dataset)) {
    let catalog = Catalog::embedded();
    let real: Vec<_> = catalog.datasets().filter(|dataset| !dataset.id.as_str().starts_with("demo")).collect();
    assert_eq!(real.len(), 27);
    real.into_iter().for_each(|dataset| look(dataset));
}

fn each_release(look: impl Fn(&Dataset, &Release)) {
    each(|dataset| dataset.releases.iter().for_each(|release| look(dataset, release)));
}

#[test]
fn terms_of_a_part_are_those_of_a_group_of_files() {
    each_release(|dataset, release| {
        let named = release.files.iter().filter_map(|file| file.group.as_deref());
        let listed = release.rules.iter().filter_map(|rule| rule.group.as_deref());
        let groups: BTreeSet<&str> = named.chain(listed).collect();
        for part in release.license_parts.keys() {
            assert!(groups.contains(part.as_str()), "{}@{}: no file is `{part}`", dataset.id, release.version);
        }
    });
}

#[test]
fn what_is_had_by_hand_is_a_step() {
    each_release(|dataset, release| {
        for source in release.sources.iter().filter(|source| matches!(source.host, Host::Manual { .. })) {
            let served = release.variants.iter().map(|variant| variant.name.as_str());
            let served: Vec<_> = served.filter(|name| source.serves(Some(name))).map(Some).collect();
            for variant in if release.variants.is_empty() { vec![None] } else { served } {
                let step = dataset.entry.requires.iter().find(|step| {
                    step.kind == RequirementKind::Manual
                        && step.applies(&release.version, variant, Some(&source.channel))
                });
                assert!(step.is_some(), "{}@{}:{variant:?} by {}", dataset.id, release.version, source.channel);
            }
        }
    });
}

#[test]
fn nothing_is_fetched_over_an_open_line() {
    each_release(|dataset, release| {
        let at = release.files.iter().flat_map(|file| file.at.values());
        for url in at.flat_map(|at| at.url.iter().chain(&at.mirrors)) {
            assert!(url.is_https(), "{}@{}: {url}", dataset.id, release.version);
        }
        for source in &release.sources {
            if let Host::Http { base, mirrors, .. } = &source.host {
                assert!(base.iter().chain(mirrors).all(|url| url.is_https()), "{} {}", dataset.id, source.channel);
            }
        }
    });
}

#[test]
fn what_nobody_can_look_up_is_of_low_confidence() {
    each(|dataset| {
        for claim in &dataset.entry.claim {
            let untraceable = claim.note.as_ref().is_some_and(|note| note.to_lowercase().contains("not traceable"));
            let is_low = matches!(claim.confidence, Confidence::Low);
            assert!(!untraceable || is_low, "{}: `{}`", dataset.id, claim.about);
        }
    });
}

#[test]
fn every_entry_says_what_is_known_of_identity_and_consent() {
    each(|dataset| {
        let ethics = &dataset.entry.ethics;
        assert!(ethics.deidentification.is_some() && ethics.consent.is_some(), "{}", dataset.id);
        assert!(!ethics.known_issues.is_empty(), "{}", dataset.id);
        assert!(dataset.entry.citation.is_some() && dataset.entry.listed_as.is_some(), "{}", dataset.id);
    });
}

#[test]
fn every_entry_dates_its_counts_terms_files_and_access() {
    each(|dataset| {
        for (subject, words) in [
            ("counts", ["counts", "counts"]),
            ("terms", ["license", "licence"]),
            ("files", ["files", "files"]),
            ("access", ["access", "access"]),
        ] {
            let said = dataset.entry.claim.iter().any(|claim| words.iter().any(|word| claim.about.starts_with(word)));
            assert!(said, "{}: nothing says where its {subject} come from", dataset.id);
        }
    });
}
