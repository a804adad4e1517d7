//! A dataset of Kaggle, as its owner describes it; of a competition only the name is known.
//!
//! Kaggle states the licence of a dataset as it is now, not that of an earlier version.

use crate::catalog::source::KaggleTake;
use crate::catalog::{Description, Host, Place, Reference};
use crate::providers::kaggle::{DatasetFacts, KaggleFiles};
use crate::providers::{Hosts, ProviderError};

use super::{absent, day_of, line, unusable};

pub(super) async fn describe(
    reference: &Reference,
    hosts: &Hosts,
    day: jiff::civil::Date,
) -> Result<Description, ProviderError> {
    let Place::KaggleDataset(dataset) = &reference.place else { return competition(reference, day) };
    let host = Host::Kaggle {
        competition: None,
        dataset: Some(dataset.clone()),
        dataset_version: None,
        take: KaggleTake::default(),
    };
    let files = KaggleFiles::of(&host).ok_or_else(|| absent(reference))?;
    into_description(files.facts(hosts).await?, dataset, reference)
}

/// Only those who accepted the rules on the site are given the files.
fn competition(reference: &Reference, day: jiff::civil::Date) -> Result<Description, ProviderError> {
    let Place::KaggleCompetition(name) = &reference.place else { return Err(absent(reference)) };
    let page = format!("https://www.kaggle.com/competitions/{name}");
    Ok(Description {
        held_back: Some("its files are for those who accepted the rules of the competition".to_owned()),
        source: page.clone(),
        ..Description::new(reference.clone(), day.to_string(), format!("Kaggle competition {name}"), page)
    })
}

fn into_description(facts: DatasetFacts, dataset: &str, reference: &Reference) -> Result<Description, ProviderError> {
    let newest = facts.version.map(|version| version.to_string());
    let Some(version) = reference.version.clone().or(newest) else {
        return Err(unusable(reference, "it names no version"));
    };
    let title = facts.title.as_deref().map(line).filter(|title| !title.is_empty());
    Ok(Description {
        keeper: dataset.split('/').next().map(line).unwrap_or_default(),
        // When it was last updated is when the newest version came out.
        date: facts
            .updated
            .as_deref()
            .filter(|_| facts.version.is_some_and(|newest| newest.to_string() == version))
            .and_then(day_of),
        license: facts.license.as_deref().map(line).filter(|words| !words.is_empty()),
        source: format!("https://www.kaggle.com/api/v1/datasets/view/{dataset}"),
        ..Description::new(
            reference.at(&version),
            version.clone(),
            title.unwrap_or_else(|| dataset.to_owned()),
            format!("https://www.kaggle.com/datasets/{dataset}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_version_becomes_its_number() {
        #[track_caller]
        fn check(asked: &str, pinned: &str, date: Option<&str>) {
            let asked: Reference = asked.parse().unwrap();
            let text = r#"{"ref":"own/toy","title":"Toy","licenseName":"CC0: Public Domain","currentVersionNumber":3,
                "lastUpdated":"2026-01-05T10:00:00Z"}"#;
            let found = into_description(serde_json::from_str(text).unwrap(), "own/toy", &asked).unwrap();
            assert_eq!((found.pinned.to_string().as_str(), found.date.as_deref()), (pinned, date));
            assert_eq!(found.license.as_deref(), Some("CC0: Public Domain"));
        }
        check("kaggle:own/toy", "kaggle:own/toy@3", Some("2026-01-05"));
        check("kaggle:own/toy@2", "kaggle:own/toy@2", None);
        let bare: DatasetFacts = serde_json::from_str("{}").unwrap();
        assert!(into_description(bare, "own/toy", &"kaggle:own/toy".parse().unwrap()).is_err());
    }
}
