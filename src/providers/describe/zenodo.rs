//! Zenodo's record: the number of a concept leads to its newest version.

use serde::Deserialize;

use crate::catalog::{Description, Place, Reference};
use crate::providers::{Hosts, ProviderError};

use crate::values::SafeUrl;

use super::{ask, line};

#[derive(Debug, Deserialize)]
struct Record {
    id: u64,
    doi: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    title: Option<String>,
    license: Option<License>,
    access_right: Option<String>,
    publication_date: Option<String>,
    #[serde(default)]
    creators: Vec<Creator>,
}

#[derive(Debug, Deserialize)]
struct License {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Creator {
    name: String,
}

pub(super) async fn describe(record: u64, reference: &Reference, hosts: &Hosts) -> Result<Description, ProviderError> {
    let url = SafeUrl::ours("https://zenodo.org/api/records").at(&[&record.to_string()]);
    let source = url.to_string();
    let record: Record = ask(&hosts.get(url), reference, hosts).await?;
    Ok(Description { source, ..record.into_description() })
}

impl Record {
    fn into_description(self) -> Description {
        let Self { id, doi, metadata } = self;
        let title = metadata.title.as_deref().map_or_else(|| format!("Zenodo record {id}"), line);
        let right = metadata.access_right.filter(|right| !matches!(right.as_str(), "" | "open"));
        Description {
            date: metadata.publication_date,
            doi,
            authors: metadata.creators.iter().map(|creator| line(&creator.name)).collect(),
            license: metadata.license.map(|license| line(&license.id)),
            held_back: right.map(|right| format!("access is {}", line(&right))),
            ..Description::new(
                Reference::newest(Place::Zenodo(id)),
                id.to_string(),
                title,
                format!("https://zenodo.org/records/{id}"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_record_says() {
        let text = r#"{"id":42,"conceptrecid":"41","doi":"10.5281/zenodo.42","metadata":{"title":"Toy\n images",
            "license":{"id":"cc-by-4.0"},"access_right":"open","publication_date":"2026-01-05",
            "creators":[{"name":"Doe, Jane"}]}}"#;
        let found = serde_json::from_str::<Record>(text).unwrap().into_description();
        assert_eq!((found.title.as_str(), found.release.as_str()), ("Toy images", "42"));
        assert_eq!((found.license.as_deref(), found.held_back), (Some("cc-by-4.0"), None));
        assert_eq!(found.authors, ["Doe, Jane"]);
        let bare = serde_json::from_str::<Record>(r#"{"id":43,"metadata":{"access_right":"restricted"}}"#).unwrap();
        let found = bare.into_description();
        assert_eq!((found.license, found.held_back.as_deref()), (None, Some("access is restricted")));
    }
}
