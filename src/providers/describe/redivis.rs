//! A dataset of Redivis, in the version that is asked for or the current one.
//!
//! The version stands in the reference that Redivis gives; where it gives none, the release is
//! named after the day. Redivis states no licence in a form of its own.

use crate::catalog::{Description, RedivisPlace, Reference};
use crate::providers::redivis::{About, api};
use crate::providers::{Hosts, ProviderError};

use super::{ask, line};

pub(super) async fn describe(
    place: &RedivisPlace,
    reference: &Reference,
    hosts: &Hosts,
    day: jiff::civil::Date,
) -> Result<Description, ProviderError> {
    let dataset = format!("{}.{}", place.owner, place.dataset_at(reference.version.as_deref()));
    let url = api(&["datasets", &dataset], &[])?;
    let source = url.to_string();
    let about: About = ask(&hosts.get(url), reference, hosts).await?;
    Ok(Description { source, ..into_description(about, place, reference, day) })
}

fn into_description(about: About, place: &RedivisPlace, reference: &Reference, day: jiff::civil::Date) -> Description {
    let stated = about.qualified_reference.as_deref().and_then(RedivisPlace::version_in);
    let version = reference.version.clone().or(stated.map(str::to_owned));
    let page = about.page().map_or_else(|| "https://redivis.com/".to_owned(), |page| page.to_string());
    let title = about.name.as_deref().map(line).filter(|title| !title.is_empty());
    let public = about.public_access_level.as_deref().map(line);
    Description {
        keeper: place.owner.clone(),
        doi: about.doi.filter(|doi| !doi.is_empty()),
        held_back: public
            .filter(|level| !matches!(level.as_str(), "data" | "edit"))
            .map(|level| format!("what everybody may see is `{level}`")),
        ..Description::new(
            Reference { place: reference.place.clone(), version: version.clone() },
            version.unwrap_or_else(|| day.to_string()),
            title.unwrap_or_else(|| place.to_string()),
            page,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Place;

    #[test]
    fn the_current_version_is_pinned_where_it_is_named() {
        #[track_caller]
        fn check(asked: &str, answer: &str, pinned: &str, release: &str, held_back: Option<&str>) {
            let asked: Reference = asked.parse().unwrap();
            let Place::Redivis(place) = &asked.place else { panic!() };
            let about = serde_json::from_str(answer).unwrap();
            let found = into_description(about, place, &asked, jiff::civil::date(2026, 11, 28));
            assert_eq!((found.pinned.to_string().as_str(), found.release.as_str()), (pinned, release));
            assert_eq!(found.held_back.as_deref(), held_back);
        }
        let open = r#"{"name":"Toy","qualifiedReference":"own.toy:5fja:v1_2","publicAccessLevel":"data",
            "url":"https://redivis.com/datasets/5fja"}"#;
        check("redivis:own.toy", open, "redivis:own.toy@v1_2", "v1_2", None);
        check("redivis:own.toy.t@v1_0", open, "redivis:own.toy.t@v1_0", "v1_0", None);
        let closed = r#"{"name":"Toy","publicAccessLevel":"metadata"}"#;
        let says = "what everybody may see is `metadata`";
        check("redivis:own.toy", closed, "redivis:own.toy", "2026-11-28", Some(says));
    }
}
